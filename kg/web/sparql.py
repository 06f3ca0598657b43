"""The SPARQL endpoint: queries by GET and POST, answers in every format, a form and a table for people."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, g, render_template, request, url_for

from kg.answer import Ask, answer, answer_table, vet_query
from kg.formats import FORMATS, Format, format_named, formats_for
from kg.web.negotiation import accepted_types, choose_format, prefers_html
from kg.web.problems import Problem
from kg.web.protocol import QueryRequest, read_query_request
from kg.web.service import service

blueprint = Blueprint("sparql", __name__)

_MOST_ROWS: Final = 1000
_FIRST_QUERY: Final = "SELECT ?subject ?predicate ?object WHERE {\n  ?subject ?predicate ?object\n}\nLIMIT 100"


@blueprint.route("/sparql", methods=["GET", "POST"])
def endpoint() -> Response:
    """The answer to a query, or the form for one.

    Source: SPARQL 1.1 Protocol §2.1.
    """
    asked = read_query_request(request)
    if asked.text is None:
        return _form()
    g.query_text = asked.text
    query = vet_query(asked.text, service().limits)
    row, content_type = _chosen_format(asked, query.form)
    ask = Ask(query, asked.default_graphs, asked.named_graphs)
    if row.name == "html":
        response = _page(asked, ask)
    else:
        response = Response(answer(service().snapshot(), ask, row), content_type=content_type)
        if asked.format_name:
            response.headers["Content-Disposition"] = f'inline; filename="answer.{row.extension}"'
    response.vary.add("Accept")
    return response


def _chosen_format(asked: QueryRequest, form: str) -> tuple[Format, str]:
    rows = formats_for(form)
    if asked.format_name:
        row = format_named(asked.format_name, form)
        if row is None:
            raise Problem(
                "bad-request",
                f"{asked.format_name} is no format for the answer to {form}",
                remedy=f"use one of {', '.join(row.name for row in rows)}",
            )
        return row, row.content_type
    chosen = choose_format(accepted_types(request.headers.getlist("Accept")), rows)
    if chosen is None:
        raise Problem(
            "not-acceptable",
            f"The answer to {form} cannot be written as {request.headers.get('Accept', '')}",
            remedy=f"accept one of {', '.join(row.media_type for row in rows)}",
        )
    return chosen


def _form() -> Response:
    if not prefers_html(accepted_types(request.headers.getlist("Accept"))):
        names = ", ".join(dict.fromkeys(row.name for row in FORMATS))
        raise Problem(
            "bad-request",
            "there is no query in the request",
            remedy=f"send one as `query=`, and choose with `Accept` or `format=` from {names}",
        )
    page = render_template("query.html", heading="Query", query=_FIRST_QUERY)
    return Response(page, content_type="text/html; charset=utf-8")


def _page(asked: QueryRequest, ask: Ask) -> Response:
    given = {
        "query": asked.text,
        "default-graph-uri": list(asked.default_graphs),
        "named-graph-uri": list(asked.named_graphs),
    }
    parameters: dict[str, Any] = {name: value for name, value in given.items() if value}
    downloads = [
        {"label": row.label, "href": url_for("sparql.endpoint", **parameters, format=row.name)}
        for row in formats_for(ask.query.form)
        if row.name != "html"
    ]
    page = render_template(
        "query.html",
        heading=_heading(asked.text or ""),
        result=answer_table(service().snapshot(), ask, most_rows=_MOST_ROWS),
        downloads=downloads,
        query=asked.text,
        default_graphs=asked.default_graphs,
        named_graphs=asked.named_graphs,
    )
    return Response(page, content_type="text/html; charset=utf-8")


def _heading(text: str) -> str:
    """What the answer is called: the question of a stored query, else plainly an answer."""
    stored = next((query for query in service().contents().questions if query.text == text), None)
    return (stored.question or stored.title) if stored else "Answer"
