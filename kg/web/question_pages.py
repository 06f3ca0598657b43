"""The page of a stored question: its form, its answer as a picture and as a table, and links to all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlencode

from flask import Response, current_app, render_template, url_for

from kg.answer import Ask, Cell, Table, answer_table, labels_of
from kg.entities import heading_of, names_of
from kg.explain import explain_empty
from kg.formats import formats_for
from kg.queries import Parameter, StoredQuery
from kg.store import SECONDS, Past, Readable
from kg.web.asked import EXPECTED, Question
from kg.web.choices import choices
from kg.web.drawing import Picture, draw_picture
from kg.web.entities import background_of
from kg.web.exchange import Plan
from kg.web.links import entity_address, stay_in
from kg.web.negotiation import HTML
from kg.web.protocol import FORMAT, past_parameters
from kg.web.service import service
from kg.web.translation import text

MOST_ROWS: Final = 1000
"""How many rows of an answer a page shows."""
_INPUT: Final = {"integer": "number", "date": "date"}


@dataclass(frozen=True)
class Field:
    """One parameter in the form of a question."""

    parameter: Parameter
    value: str
    """As it stands in the form: the name of a thing, where that stands for it alone."""
    input_type: str
    expected: str
    default: str
    """The default, as it would stand in the form."""
    iri: str = ""
    """The thing that is chosen; empty where the value is no thing."""
    choices: Mapping[str, str] = field(default_factory=dict)
    """What may be chosen -> its name, where that is something else."""
    suggest: str = ""
    """Where names are suggested to who types; empty where that is nowhere."""


def question_page(read: Question, plan: Plan, *, template: str, address: str) -> Response:
    """The answer to a question as a page; `address` is that of the page without its parameters.

    Raises:
        QueryError, StoreError: the snapshot cannot be asked.
    """
    SECONDS.set(plan.seconds)  # this request runs in a context of its own
    snapshot = service().snapshot(read.past)
    result = read_table(snapshot, plan.ask, read.past)
    stay_in(past_parameters(read.past))
    headings = {column: heading_of(column, result.columns) for column in (*result.columns, *read.stored.columns)}
    empty = not result.rows and not result.boolean
    page = render_template(
        template,
        stored=read.stored,
        heading=read.heading,
        fields=[_field(snapshot, parameter, read.value_of(parameter)) for parameter in read.stored.parameters],
        result=replace(result, columns=tuple(headings[column] for column in result.columns)),
        headings=headings,
        brief=True,
        picture=picture_of(read, result, snapshot),
        explanation=explain_empty(snapshot, plan.ask, service().limits) if empty else None,
        query=read.text,
        address=address,
        asked_of=past_parameters(read.past),
        editor=editor_address(read.text, past_parameters(read.past)),
        **_links(read),
    )
    response = Response(page, content_type=f"{HTML}; charset=utf-8")
    response.vary.add("Accept")
    return response


def read_table(snapshot: Readable, ask: Ask, past: Past) -> Table:
    """The first rows of an answer; what has no name of its own is called by what the stored queries for names say.

    Raises:
        QueryError, StoreError: the snapshot cannot be asked.
    """
    table = answer_table(snapshot, ask, most_rows=MOST_ROWS)
    things = (thing for row in table.rows for cell in row if cell for thing in (cell, *cell.things))
    nameless = {thing.value for thing in things if thing.kind == "iri" and not thing.label}
    if not nameless:
        return table
    names = names_of(snapshot, nameless, background_of(snapshot, past))

    def named(cell: Cell) -> Cell:
        if cell.things:
            return replace(cell, things=tuple(map(named, cell.things)))
        return replace(cell, label=names[cell.value]) if not cell.label and cell.value in names else cell

    return replace(table, rows=tuple(tuple(cell and named(cell) for cell in row) for row in table.rows))


def picture_of(read: Question, result: Table, snapshot: Readable) -> Picture | None:
    """The picture of an answer; None where the question has no view, or no row can be drawn."""
    if not read.stored.view or not result.rows:
        return None
    address = entity_address(snapshot.description.base, past_parameters(read.past))
    return draw_picture(read.stored.view, result, address, window=window_of(read))


def window_of(read: Question) -> dict[str, str]:
    """The days `from` and `to` that a timeline is cut at, as far as its view names parameters for them."""
    values = {parameter.name: read.value_of(parameter) for parameter in read.stored.parameters}
    return {side: values.get(read.stored.view.get(side, ""), "") for side in ("from", "to")}


def editor_address(query: str, past: Mapping[str, str]) -> str:
    """Where a query can be changed and asked again, of the state that parameters name."""
    view = "editor.editor" if "editor.editor" in current_app.view_functions else "sparql.endpoint"
    return url_for(view, query=query, **past)  # type: ignore[arg-type] # each value is a text


def group_title(group: str) -> str:
    """What a group of questions is called, by the name of its folder.

    >>> group_title("next-steps"), group_title("explore")
    ('Next steps', 'Looking around')
    """
    titles = {"competency": text("What the graph has to answer"), "explore": text("Looking around")}
    return titles.get(group) or group.replace("-", " ").replace("_", " ").capitalize()


def _links(read: Question) -> dict[str, Any]:
    """The addresses of the answer in each other format, and of the answer itself for good."""
    given = {**read.values, **past_parameters(read.past)}
    address = url_for("questions.question", identifier=read.stored.identifier)
    return {
        "downloads": [
            {"label": row.label, "href": f"{address}?{urlencode({**given, FORMAT: row.name})}"}
            for row in formats_for(read.stored.form)
            if row.media_type != HTML
        ],
        "permalink": f"{address}?{urlencode(given)}" if given else address,
        "group": group_title(read.stored.group),
    }


def _field(snapshot: Readable, parameter: Parameter, value: str) -> Field:
    if parameter.type == "iri":
        return _thing_field(snapshot, parameter, value)
    return Field(
        parameter=parameter,
        value=value,
        input_type=_INPUT.get(parameter.type, "text"),
        expected=text(EXPECTED.get(parameter.type, parameter.type)),
        default=parameter.default,
    )


def _thing_field(snapshot: Readable, parameter: Parameter, value: str) -> Field:
    like = choices().like(snapshot, parameter.default)
    names = {thing.iri: thing.name for thing in like.things}
    known = names | labels_of(snapshot, {value, parameter.default} - names.keys())
    taken = Counter(known.values())
    alone = {iri: name for iri, name in known.items() if taken[name] == 1}
    suggest = ""
    if "search.suggest" in current_app.view_functions:
        suggest = url_for("search.suggest", kind=like.kind or None)
    return Field(
        parameter=parameter,
        value=alone.get(value, value),
        input_type="text",
        expected=text("a name, an acronym or an IRI"),
        default=alone.get(parameter.default, parameter.default),
        iri=value,
        choices={alone.get(iri, iri): "" if iri in alone else name for iri, name in names.items()},
        suggest=suggest,
    )


def pictured(questions: tuple[StoredQuery, ...]) -> tuple[StoredQuery, ...]:
    """The questions whose answers are drawn; those that say their order first, then by identifier."""
    drawn = (stored for stored in questions if stored.view)
    return tuple(sorted(drawn, key=lambda stored: (not stored.order, stored.order, stored.identifier)))
