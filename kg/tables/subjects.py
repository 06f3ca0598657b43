"""Which thing each row of a table is about: by its id, by its name, or by what tells it apart."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from kg.errors import CellProblem
from kg.namespaces import shorten
from kg.queries import NAMING_PROPERTIES
from kg.readers.table import Problems, Sheet
from kg.store import Term
from kg.tables.layout import Layout
from kg.tables.model import Column, Model
from kg.tables.state import State
from kg.tables.terms import Unreadable, segments
from kg.tables.things import read_id

_LONGEST_NAME: Final = 80
_DIGEST: Final = 8
_FIRST_NOT_ASCII: Final = 0x80


@dataclass
class Row:
    """A row while it is read."""

    number: int
    texts: Sequence[tuple[int, Column, tuple[str, ...]]]
    """Each column that the file has, with its place and the values written in it."""
    subject: str = ""
    new: bool = False
    unusable: bool = False
    """Whether it has an id that is none."""
    terms: dict[int, list[Term]] = field(default_factory=dict)
    """What its values stand for, by the place of the column."""

    @property
    def name(self) -> str:
        """The first value of the first column that names a thing."""
        named = (texts for _, column, texts in self.texts if column.property in NAMING_PROPERTIES and texts)
        return next(named, ("",))[0]


def take_ids(rows: Sequence[Row], sheet: Sheet, layout: Layout, problems: Problems, *, state: State) -> None:
    """Give each row with an id, or with a name to make one of, the thing that it is about."""
    for row, (_, cells) in zip(rows, sheet.rows, strict=True):
        at = layout.id_at
        text = cells[at - 1] if at and at <= len(cells) else ""
        try:
            row.subject = read_id(text, layout.model, state.prefixes) if text else ""
        except Unreadable as error:
            problems.add(CellProblem(layout.place(row.number, at), error.message, error.remedy))
            row.unusable = True
    given = [row for row in rows if row.subject]
    types = state.types(row.subject for row in given)
    for row in given:
        have = types.get(row.subject, set())
        row.new = not have
        if have and not have & layout.model.family:
            is_a = ", ".join(shorten(iri, state.prefixes) for iri in sorted(have))
            message = f"{shorten(row.subject, state.prefixes)} is {is_a}, not {layout.model.sheet}"
            problems.add(CellProblem(layout.place(row.number, layout.id_at), message, "use the table of that class"))
            row.unusable = True
    _name([row for row in rows if row.name], lambda row: [row.name], layout, problems, state=state)


def take_names(rows: Sequence[Row], layout: Layout, problems: Problems, *, state: State) -> None:
    """Name the things of classes without names by what they must have, as `ml-report--launched--2022-05-18`."""

    def parts(row: Row) -> list[str]:
        return [*segments(term for at, column, _ in row.texts if column.telling for term in row.terms[at][:1])]

    _name(rows, parts, layout, problems, state=state)
    for row in rows:
        if not row.subject and not row.unusable:
            problems.add(
                CellProblem(
                    layout.place(row.number, layout.id_at),
                    "neither an id nor anything to make one of",
                    "give a name, or an id: a short name in letters, digits and hyphens",
                )
            )


def _name(
    rows: Iterable[Row],
    parts: Callable[[Row], list[str]],
    layout: Layout,
    problems: Problems,
    *,
    state: State,
) -> None:
    """Make the IRI of each new thing that has none; one that is taken is a problem."""
    named = [row for row in rows if not row.subject and not row.unusable]
    for row in named:
        row.new = True
        row.subject = made_of(parts(row), layout.model)
    known = state.known(row.subject for row in named if row.subject)
    first: dict[str, int] = {}
    for row in named:
        other = first.setdefault(row.subject, row.number) if row.subject else row.number
        if row.subject in known or other != row.number:
            where = "in the graph" if row.subject in known else f"in row {other}"
            problems.add(
                CellProblem(
                    layout.place(row.number, layout.id_at),
                    f"{shorten(row.subject, state.prefixes)}, which this row would be, is {where} already",
                    "give its id to change it, or another id to add a thing",
                )
            )
            row.unusable = True


def made_of(parts: Iterable[str], model: Model) -> str:
    """The IRI of a new thing of a class that is told apart by some texts; empty where they hold nothing for one."""
    local = "--".join(filter(None, (slug(part) for part in parts)))
    return model.namespace + _shortened(local) if local else ""


def slug(text: str) -> str:
    """A text as part of an IRI; letters that have no Latin form are told apart by a digest.

    >>> slug("Marine litter: report")
    'marine-litter-report'
    """
    plain = unicodedata.normalize("NFKD", text.lower())
    local = re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode()).strip("-")
    lost = any(ord(sign) >= _FIRST_NOT_ASCII and unicodedata.category(sign)[0] in "LN" for sign in plain)
    return "-".join(filter(None, (local, _digest(text)))) if lost else local


def _shortened(local: str) -> str:
    return local if len(local) <= _LONGEST_NAME else f"{local[:_LONGEST_NAME].rstrip('-')}-{_digest(local)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]
