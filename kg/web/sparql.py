"""The SPARQL endpoint: queries by GET and POST, answers in every format, a form and a table for people."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, Response, g, render_template, request, url_for

from kg.answer import Ask, answer_table, vet_query
from kg.describe import service_description
from kg.explain import explain_empty
from kg.formats import FORMATS, formats_for
from kg.sparql import Limits
from kg.store import SECONDS
from kg.web.descriptions import description_response
from kg.web.exchange import Plan, Request, plan_answer
from kg.web.iris import base_of
from kg.web.links import stay_in
from kg.web.negotiation import choose_graph_format
from kg.web.problems import Problem
from kg.web.protocol import QueryRequest, past_parameters, read_query_request
from kg.web.service import asked_request, planned_response, service

blueprint = Blueprint("sparql", __name__)

PATH: Final = "/sparql"

_MOST_ROWS: Final = 1000
_FIRST_QUERY: Final = "SELECT ?subject ?predicate ?object WHERE {\n  ?subject ?predicate ?object\n}\nLIMIT 100"


def plan_query(asked: Request, limits: Limits) -> Plan | None:
    """The answer to the query of a request; None where it has none.

    Source: SPARQL 1.1 Protocol §2.1.

    Raises:
        Problem, QueryRefused, QuerySyntax: it cannot be answered.
    """
    read = read_query_request(asked)
    return _plan(read, asked, limits) if read.text is not None else None


@blueprint.route(PATH, methods=["GET", "POST"])
def endpoint() -> Response:
    """The answer to a query; without one the form for it, or the description of the service."""
    asked = asked_request(request)
    read = read_query_request(asked)
    if read.text is None:
        return _without_query(asked, read)
    g.query_text = read.text
    plan = _plan(read, asked, service().limits)
    if plan.row.name != "html":
        return planned_response(plan)
    SECONDS.set(read.seconds)  # this request runs in a context of its own
    response = _page(read, plan.ask)
    response.vary.add("Accept")
    return response


@blueprint.route(f"{PATH}/", methods=["GET", "POST"])
def endpoint_with_a_slash() -> Response:
    """Where the endpoint is, for who has written a slash behind it."""
    given = request.query_string.decode("latin-1")
    response = Response(status=HTTPStatus.PERMANENT_REDIRECT)
    response.headers["Location"] = f"{PATH}?{given}" if given else PATH
    return response


def _plan(read: QueryRequest, asked: Request, limits: Limits) -> Plan:
    query = vet_query(read.text or "", limits, base=base_of(asked.address))
    ask = Ask(query, read.default_graphs, read.named_graphs, read.past)
    return plan_answer(ask, format_name=read.format_name, accept=asked.accept, seconds=read.seconds)


def _without_query(asked: Request, read: QueryRequest) -> Response:
    """Source: SPARQL 1.1 Service Description §2: a GET of the endpoint returns a description of it."""
    chosen = choose_graph_format(read.format_name, asked.accept)
    if chosen is None or asked.method == "POST":
        names = ", ".join(dict.fromkeys(row.name for row in FORMATS))
        raise Problem(
            "bad-request",
            "there is no query in the request",
            remedy=f"send one as `query=`, and choose with `Accept` or `format=` from {names}",
        )
    row, content_type = chosen
    if row.name != "html":
        return description_response(asked, read.format_name, service_description)
    page = render_template("query.html", heading="Query", query=_FIRST_QUERY, past=past_parameters(read.past))
    response = Response(page, content_type=content_type)
    response.vary.add("Accept")
    return response


def _page(read: QueryRequest, ask: Ask) -> Response:
    given = {
        "query": read.text,
        "default-graph-uri": list(read.default_graphs),
        "named-graph-uri": list(read.named_graphs),
        **past_parameters(read.past),
    }
    parameters: dict[str, Any] = {name: value for name, value in given.items() if value}
    downloads = [
        {"label": row.label, "href": url_for("sparql.endpoint", **parameters, format=row.name)}
        for row in formats_for(ask.query.form)
        if row.name != "html"
    ]
    snapshot = service().snapshot(ask.past)
    table = answer_table(snapshot, ask, most_rows=_MOST_ROWS)
    stay_in(past_parameters(ask.past))
    is_empty = not table.rows and not table.boolean
    page = render_template(
        "query.html",
        heading=_heading(read.text or ""),
        result=table,
        explanation=explain_empty(snapshot, ask, service().limits) if is_empty else None,
        downloads=downloads,
        query=read.text,
        default_graphs=read.default_graphs,
        named_graphs=read.named_graphs,
        past=past_parameters(read.past),
    )
    return Response(page, content_type="text/html; charset=utf-8")


def _heading(text: str) -> str:
    """What the answer is called: the question of a stored query, else plainly an answer."""
    stored = next((query for query in service().contents().questions if query.text == text), None)
    return (stored.question or stored.title) if stored else "Answer"
