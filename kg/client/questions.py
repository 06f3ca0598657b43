"""The stored questions of a graph: which there are, and which one a name means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any, Final

from kg.errors import QueryRefused

_MOST_NEAR: Final = 3
_LEAST_ALIKE: Final = 0.5


@dataclass(frozen=True)
class Parameter:
    """What a question can be given."""

    name: str
    type: str
    """`iri`, `string`, `integer`, `date` or `language`."""
    label: str
    default: str


@dataclass(frozen=True)
class Question:
    """A stored question."""

    id: str
    """Its name, `group/name`."""
    title: str
    question: str
    """What it answers, in plain English."""
    notation: str
    """A short sign for it, such as `Q1`; empty where it has none."""
    parameters: tuple[Parameter, ...]
    columns: Mapping[str, str]
    """Column -> what it is."""


def questions_in(told: Mapping[str, Any]) -> tuple[Question, ...]:
    """The questions in the list that a graph tells.

    Raises:
        KeyError, TypeError: it is no such list.
    """
    return tuple(
        Question(
            id=one["id"],
            title=one["title"],
            question=one["question"],
            notation=one["notation"],
            parameters=tuple(
                Parameter(each["name"], each["type"], each["label"], each["default"]) for each in one["parameters"]
            ),
            columns={each["name"]: each["description"] for each in one["columns"]},
        )
        for one in told["questions"]
    )


def find_question(name: str, questions: Sequence[Question]) -> Question:
    """The question that a name means: the whole one, or the part after the group or the notation, if only one has it.

    Raises:
        QueryRefused: there is none, or several; tells the nearest ones.
    """
    wanted = name.strip().strip("/")
    exact = [one for one in questions if one.id == wanted]
    found = exact or [one for one in questions if wanted and wanted in (one.id.rpartition("/")[2], one.notation)]
    if len(found) == 1:
        return found[0]
    if found:
        several = ", ".join(one.id for one in found)
        raise QueryRefused(f"{wanted} is the name of several questions", remedy=f"write one of {several}")
    by_name = {one.id.rpartition("/")[2]: one.id for one in questions} | {one.id: one.id for one in questions}
    near = get_close_matches(wanted, by_name, n=2 * _MOST_NEAR, cutoff=_LEAST_ALIKE)
    meant = [*dict.fromkeys(by_name[one] for one in near)][:_MOST_NEAR]
    remedy = f"did you mean {' or '.join(meant)}? " if meant else ""
    raise QueryRefused(f"there is no question {wanted[:200]!r}", remedy=f"{remedy}`graph.questions` lists all")


def texts_of(question: Question, values: Mapping[str, object]) -> dict[str, str]:
    """The values for a question as it takes them.

    Raises:
        QueryRefused: the question has no such parameter, or no text can be made of a value.
    """
    known = [parameter.name for parameter in question.parameters]
    for name, value in values.items():
        if name not in known:
            has = f"it has: {', '.join(known)}" if known else "it has none"
            raise QueryRefused(f"{question.id} has no parameter {name}", remedy=has)
        if isinstance(value, bool) or not isinstance(value, str | int | date):
            kind = type(value).__name__
            raise QueryRefused(f"parameter {name}: a {kind} cannot be given", remedy="give a text, a number or a date")
    return {name: str(value) for name, value in values.items()}
