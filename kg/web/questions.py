"""The stored questions: an address for each, with typed parameters; the list of them; their OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import groupby
from typing import Any, Final
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, render_template, request, url_for

from kg.answer import Ask, answer_table, labels_of, vet_query
from kg.errors import QueryRefused
from kg.explain import explain_empty, named_things, namespace_of
from kg.formats import formats_for
from kg.queries import Parameter, StoredQuery, bind_parameters
from kg.sparql import Limits
from kg.store import NOW, Past, Readable
from kg.web.exchange import Plan, Request, plan_answer
from kg.web.negotiation import HTML, accepted_types, best_type
from kg.web.openapi import describe_api
from kg.web.problems import Problem
from kg.web.protocol import PAST, parameters, past_parameters, read_past
from kg.web.service import asked_request, planned_response, service

blueprint = Blueprint("questions", __name__)

PATH: Final = "/questions"
FORMAT: Final = "format"
"""The parameter that chooses the format; no question can have one of this name."""

_JSON: Final = "application/json"
_MOST_ROWS: Final = 1000
_MOST_CHOICES: Final = 300
_SHOWN_CHARACTERS: Final = 200
_EXPECTED: Final = {
    "iri": "an absolute IRI",
    "string": "a text",
    "integer": "a whole number of at most 18 digits",
    "date": "a day written like 2022-05-18",
    "language": "a language tag like en",
}
_INPUT: Final = {"iri": "url", "string": "text", "integer": "number", "date": "date", "language": "text"}


@dataclass(frozen=True)
class Question:
    """A stored query with the values it is asked with."""

    stored: StoredQuery
    values: Mapping[str, str]
    """Only those that were given; the others are the defaults."""
    format_name: str = ""
    past: Past = NOW
    """The state that is asked."""

    @property
    def text(self) -> str:
        """The query, with the values bound as terms."""
        return bind_parameters(self.stored, self.values)

    @property
    def heading(self) -> str:
        """The question in words, which name the defaults; with other values its title."""
        asks_defaults = all(
            self.values.get(parameter.name, parameter.default) == parameter.default
            for parameter in self.stored.parameters
        )
        return (self.stored.question if asks_defaults else "") or self.stored.title


@dataclass(frozen=True)
class Field:
    """One parameter in the form of a question."""

    parameter: Parameter
    value: str
    input_type: str
    expected: str
    name: str
    """What the value is called, where it is a thing with a name."""
    choices: Mapping[str, str]
    """Things like the default, by IRI, with their names."""


def plan_question(asked: Request, questions: Sequence[StoredQuery], limits: Limits) -> Plan:
    """The answer to the stored question that a request names.

    Raises:
        Problem: there is no such question or parameter, a value is not of its type, or no acceptable format.
        QueryRefused: the query is too long with these values.
    """
    return _plan(read_question(asked, questions), asked, limits)


def read_question(asked: Request, questions: Sequence[StoredQuery]) -> Question:
    """The stored question that a request names, and its values, each found to be of its type.

    Raises:
        Problem: there is no such question or parameter, one is given twice, or a value is not of its type.
    """
    stored = _named(asked.path.removeprefix(f"{PATH}/"), questions)
    given = parameters(asked.query_string, "the URL")
    known = {parameter.name: parameter for parameter in stored.parameters}
    for place, (name, value) in enumerate(given):
        if name in dict(given[:place]):
            raise _bad(f"the parameter {_shown(name)} is given more than once", remedy="give it once")
        if name in known:
            _check(known[name], value)
        elif name not in (FORMAT, *PAST):
            raise _unknown_parameter(name, [*known, FORMAT, *PAST], stored)
    values = dict(given)
    asked_of = read_past({name: value for name, value in values.items() if name not in known})
    return Question(
        stored, {name: value for name, value in values.items() if name in known}, values.get(FORMAT, ""), asked_of
    )


@blueprint.get(f"{PATH}/<path:identifier>")
def question(identifier: str) -> Response:  # noqa: ARG001 - the plan reads it from the request
    """The answer to a stored question."""
    asked = asked_request(request)
    read = read_question(asked, service().contents().questions)
    plan = _plan(read, asked, service().limits)
    if plan.row.name != "html":
        return planned_response(plan)
    response = _page(read, plan)
    response.vary.add("Accept")
    return response


@blueprint.get(PATH)
def question_list() -> Response:
    """All stored questions, as JSON or as a page."""
    asked = asked_request(request)
    wanted = dict(parameters(asked.query_string, "the URL")).get(FORMAT, "")
    offers = {"json": _JSON, "html": HTML}
    if wanted and wanted not in offers:
        raise _bad(f"{_shown(wanted)} is no format for the list of questions", remedy=f"use {' or '.join(offers)}")
    chosen = offers[wanted] if wanted else best_type(accepted_types(asked.accept), list(offers.values()))
    if chosen is None:
        raise Problem(
            "not-acceptable",
            f"The list of questions cannot be written as {', '.join(asked.accept)}",
            remedy=f"accept {' or '.join(offers.values())}",
        )
    questions = service().contents().questions
    if chosen == HTML:
        groups = [(group, list(members)) for group, members in groupby(questions, lambda stored: stored.group)]
        page = render_template("questions.html", groups=groups, count=len(questions))
        response = Response(page, content_type=f"{HTML}; charset=utf-8")
    else:
        response = _json(describe_questions(questions, request.url_root))
    response.vary.add("Accept")
    return response


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The interface of this service for programs that read OpenAPI."""
    contents = service().contents()
    return _json(
        describe_api(
            contents.questions,
            root=request.url_root,
            title=contents.overview.title,
            description=contents.overview.description,
            version=str(contents.number),
        )
    )


def describe_questions(questions: Sequence[StoredQuery], root: str) -> dict[str, Any]:
    """The list of questions for programs; `root` is the address of the service, with a slash at its end."""
    return {
        "questions": [
            {
                "id": stored.identifier,
                "href": f"{root}{PATH[1:]}/{quote(stored.identifier)}",
                "group": stored.group,
                "title": stored.title,
                "question": stored.question,
                "notation": stored.code,
                "form": stored.form,
                "parameters": [
                    {
                        "name": parameter.name,
                        "type": parameter.type,
                        "label": parameter.label,
                        "default": parameter.default,
                    }
                    for parameter in stored.parameters
                ],
                "columns": [{"name": name, "description": meaning} for name, meaning in stored.columns.items()],
                "formats": [row.name for row in formats_for(stored.form)],
            }
            for stored in questions
        ]
    }


def _plan(read: Question, asked: Request, limits: Limits) -> Plan:
    ask = Ask(vet_query(read.text, limits), past=read.past)
    plan = plan_answer(ask, format_name=read.format_name, accept=asked.accept)
    return replace(plan, filename=f"{read.stored.name}.{plan.row.extension}") if plan.filename else plan


def _page(read: Question, plan: Plan) -> Response:
    snapshot = service().snapshot(read.past)
    result = answer_table(snapshot, plan.ask, most_rows=_MOST_ROWS)
    empty = not result.rows and not result.boolean
    address = url_for("questions.question", identifier=read.stored.identifier)
    page = render_template(
        "question.html",
        stored=read.stored,
        heading=read.heading,
        fields=[_field(snapshot, parameter, read.values) for parameter in read.stored.parameters],
        result=result,
        explanation=explain_empty(snapshot, plan.ask, service().limits) if empty else None,
        downloads=[
            {
                "label": row.label,
                "href": f"{address}?{urlencode({**read.values, **past_parameters(read.past), FORMAT: row.name})}",
            }
            for row in formats_for(read.stored.form)
            if row.name != "html"
        ],
        query=read.text,
    )
    return Response(page, content_type=plan.content_type)


def _field(snapshot: Readable, parameter: Parameter, values: Mapping[str, str]) -> Field:
    value = values.get(parameter.name, parameter.default)
    names: dict[str, str] = {}
    choices: list[str] = []
    if parameter.type == "iri":
        choices = named_things(snapshot, namespace_of(parameter.default))[:_MOST_CHOICES]
        names = labels_of(snapshot, {*choices, value})
    return Field(
        parameter=parameter,
        value=value,
        input_type=_INPUT.get(parameter.type, "text"),
        expected=_EXPECTED.get(parameter.type, parameter.type),
        name=names.get(value, ""),
        choices={iri: names[iri] for iri in sorted(names.keys() & choices, key=lambda iri: (names[iri], iri))},
    )


def _named(identifier: str, questions: Sequence[StoredQuery]) -> StoredQuery:
    by_identifier = {stored.identifier: stored for stored in questions}
    if identifier in by_identifier:
        return by_identifier[identifier]
    by_name = {stored.name: stored.identifier for stored in questions}
    near = get_close_matches(identifier, by_identifier, n=1) or [
        by_name[name] for name in get_close_matches(identifier.rpartition("/")[2], by_name, n=1)
    ]
    suggestion = f"did you mean {PATH}/{near[0]}? " if near else ""
    raise Problem(
        "not-found", f"There is no question {_shown(identifier)}", remedy=f"{suggestion}{PATH} lists all questions"
    )


def _check(parameter: Parameter, value: str) -> None:
    try:
        parameter.term(value)
    except QueryRefused as error:
        expected = _EXPECTED.get(parameter.type, parameter.type)
        raise _bad(
            f'the parameter {parameter.name} is "{_shown(value)}", but has to be {expected}',
            remedy=f"give {expected}, for example {parameter.default}",
        ) from error


def _unknown_parameter(name: str, known: Sequence[str], stored: StoredQuery) -> Problem:
    lowered = {candidate.lower(): candidate for candidate in known}
    near = [lowered[match] for match in get_close_matches(name.lower(), lowered, n=1)]
    suggestion = f"did you mean {near[0]}? " if near else ""
    return _bad(f"{stored.identifier} has no parameter {_shown(name)}", remedy=f"{suggestion}it has {', '.join(known)}")


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _bad(detail: str, *, remedy: str) -> Problem:
    return Problem("bad-request", detail, remedy=remedy)


def _json(document: Mapping[str, Any]) -> Response:
    return Response(json.dumps(document, ensure_ascii=False, indent=1) + "\n", content_type=_JSON)
