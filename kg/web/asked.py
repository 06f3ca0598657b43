"""A stored question as a request asks it: which one, with which values, of which state, in which format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from kg.answer import Ask, vet_query
from kg.errors import QueryRefused, ServiceFailed
from kg.formats import format_named, formats_for
from kg.queries import Parameter, StoredQuery, bind_parameters
from kg.sparql import Limits
from kg.store import NOW, Past
from kg.web.exchange import Plan, Request, plan_answer
from kg.web.negotiation import HTML, accepted_types, choose_format
from kg.web.problems import Problem
from kg.web.protocol import FORMAT, PAST, TIMEOUT, format_names, parameters, read_past, read_seconds

PATH: Final = "/questions"
EXPECTED: Final = {
    "iri": "an absolute IRI",
    "string": "a text",
    "integer": "a whole number of at most 18 digits",
    "date": "a day written like 2022-05-18",
    "language": "a language tag like en",
}
"""Type of a parameter -> what a value has to be."""

_SHOWN_CHARACTERS: Final = 200
_OF_ALL: Final = (FORMAT, *PAST, TIMEOUT)
"""The parameters of every question that has none of its own of the name; none can have a `format`."""


@dataclass(frozen=True)
class Question:
    """A stored query with the values it is asked with."""

    stored: StoredQuery
    values: Mapping[str, str]
    """Only those that were given; the others are the defaults."""
    format_name: str = ""
    past: Past = NOW
    """The state that is asked."""
    seconds: float | None = None
    """How long the client is ready to wait; None: as long as the service allows."""

    @property
    def text(self) -> str:
        """The query, with the values bound as terms."""
        return bind_parameters(self.stored, self.values)

    @property
    def heading(self) -> str:
        """The question in words, which name the defaults; with other values its title."""
        asks_defaults = all(self.value_of(parameter) == parameter.default for parameter in self.stored.parameters)
        return (self.stored.question if asks_defaults else "") or self.stored.title

    def value_of(self, parameter: Parameter) -> str:
        """The value that a parameter has."""
        return self.values.get(parameter.name, parameter.default)


def plan_question(asked: Request, questions: Sequence[StoredQuery], limits: Limits) -> Plan:
    """The answer to the stored question that a request names.

    Raises:
        Problem: there is no such question or parameter, a value is not of its type, or no acceptable format.
        QueryRefused: the query is too long with these values.
    """
    stored = find_question(asked.path.removeprefix(f"{PATH}/"), questions)
    return plan_read(read_question(asked, stored), asked, limits)


def plan_read(read: Question, asked: Request, limits: Limits) -> Plan:
    """The answer to a question that has been read.

    Raises:
        Problem: no acceptable format, or it asks another endpoint, which this service is not to ask.
        QueryRefused: the query is too long with these values.
    """
    if not set(read.stored.asks) <= set(limits.services):
        raise _not_asked(read.stored, limits)
    ask = Ask(vet_query(read.text, limits), past=read.past)
    plan = plan_answer(ask, format_name=read.format_name, accept=asked.accept, seconds=read.seconds)
    return plan._replace(filename=f"{read.stored.name}.{plan.row.extension}") if plan.filename else plan


def read_question(asked: Request, stored: StoredQuery) -> Question:
    """A stored question with the values of a request, each found to be of its type.

    Raises:
        Problem: there is no such parameter, one is given twice, or a value is not of its type.
    """
    given = given_values(asked)
    known = {parameter.name: parameter for parameter in stored.parameters}
    for name, value in given.items():
        if name in known:
            _check(known[name], value)
        elif name not in _OF_ALL:
            raise _unknown_parameter(name, [*known, *_OF_ALL], stored)
    others = {name: value for name, value in given.items() if name not in known}
    own = {name: value for name, value in given.items() if name in known}
    return Question(stored, own, given.get(FORMAT, ""), read_past(others), read_seconds(others))


def given_values(asked: Request) -> dict[str, str]:
    """The parameters of a request; several formats stand between commas.

    Raises:
        Problem: another one is given twice, or they are not UTF-8.
    """
    given = parameters(asked.query_string, "the URL")
    for place, (name, _) in enumerate(given):
        if name != FORMAT and name in dict(given[:place]):
            raise bad(f"the parameter {shown(name)} is given more than once", remedy="give it once")
    values = dict(given)
    return values | {FORMAT: format_names(given)} if FORMAT in values else values


def wants_page(asked: Request, stored: StoredQuery) -> bool:
    """Whether the answer is for people.

    Raises:
        Problem: the parameters are not UTF-8.
    """
    named = format_names(parameters(asked.query_string, "the URL"))
    if named:
        row = format_named(named, stored.form)
    else:
        chosen = choose_format(accepted_types(asked.accept), formats_for(stored.form))
        row = chosen[0] if chosen else None
    return row is not None and row.media_type == HTML


def find_question(identifier: str, questions: Sequence[StoredQuery]) -> StoredQuery:
    """The question with an identifier.

    Raises:
        Problem: there is none.
    """
    by_identifier = {stored.identifier: stored for stored in questions}
    if identifier in by_identifier:
        return by_identifier[identifier]
    by_name = {stored.name: stored.identifier for stored in questions}
    near = get_close_matches(identifier, by_identifier, n=1) or [
        by_name[name] for name in get_close_matches(identifier.rpartition("/")[2], by_name, n=1)
    ]
    suggestion = f"did you mean {PATH}/{near[0]}? " if near else ""
    raise Problem(
        "not-found", f"There is no question {shown(identifier)}", remedy=f"{suggestion}{PATH} lists all questions"
    )


def shown(text: str) -> str:
    """A text that somebody sent, as short as a message can hold it."""
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def bad(detail: str, *, remedy: str) -> Problem:
    """The problem that a request is wrong."""
    return Problem("bad-request", detail, remedy=remedy)


def _not_asked(stored: StoredQuery, limits: Limits) -> Problem:
    """The problem that a question asks an endpoint which the operator has not allowed."""
    missing = " ".join(iri for iri in stored.asks if iri not in limits.services)
    return Problem(
        "network-refused",
        f"The question {stored.identifier} asks another server, {missing}, which this one does not call",
        remedy=_from_here(stored) + f"have the operator of this service add {missing} to KG_SERVICES",
        more=_twin(stored),
    )


def not_answered(stored: StoredQuery, error: ServiceFailed) -> Problem:
    """The problem that an endpoint which a question asks does not answer as it should."""
    return Problem("remote-failed", str(error), remedy=_from_here(stored) + error.remedy, more=_twin(stored))


def _from_here(stored: StoredQuery) -> str:
    return f"ask {PATH}/{stored.local}, which answers it from here; or " if stored.local else ""


def _twin(stored: StoredQuery) -> dict[str, Any]:
    """The question that gives the same answer from here, as a member of a problem."""
    iri = stored.local
    return {"suggestions": [{"iri": iri, "name": iri, "href": f"{PATH}/{iri}"}]} if iri else {}


def _check(parameter: Parameter, value: str) -> None:
    try:
        parameter.term(value)
    except QueryRefused as error:
        expected = EXPECTED.get(parameter.type, parameter.type)
        raise bad(
            f'the parameter {parameter.name} is "{shown(value)}", but has to be {expected}',
            remedy=f"give {expected}, for example {parameter.default}",
        ) from error


def _unknown_parameter(name: str, known: Sequence[str], stored: StoredQuery) -> Problem:
    lowered = {candidate.lower(): candidate for candidate in known}
    near = [lowered[match] for match in get_close_matches(name.lower(), lowered, n=1)]
    suggestion = f"did you mean {near[0]}? " if near else ""
    return bad(f"{stored.identifier} has no parameter {shown(name)}", remedy=f"{suggestion}it has {', '.join(known)}")
