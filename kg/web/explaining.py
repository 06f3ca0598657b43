"""Why an answer is empty, for programs: the same request sent to another address, to which the empty answer leads."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import quote

from flask import Blueprint, Response, g, request

from kg.answer import is_empty
from kg.explain import Explanation, explain_empty
from kg.store import SECONDS
from kg.web.asked import PATH as QUESTIONS
from kg.web.asked import find_question, plan_read, read_question
from kg.web.exchange import Plan
from kg.web.gateway import Exchange, Headers
from kg.web.problems import Problem
from kg.web.service import asked_request, service
from kg.web.sparql import PATH as ENDPOINT
from kg.web.sparql import plan_query

blueprint = Blueprint("explaining", __name__)

PREFIX: Final = "/explain"
"""What stands before the path of a request that is to be explained."""

_MOST_LINK_BYTES: Final = 4096
# Source: RFC 3986 §3.4, and `%`, since what is escaped stays so.
_IN_A_QUERY: Final = "%/?:@!$&'()*+,;=-._~"


@blueprint.route(f"{PREFIX}{ENDPOINT}", methods=["GET", "POST"])
def of_query() -> Response:
    """Whether the answer to a query is empty, and which part of it leaves nothing."""
    plan = plan_query(asked_request(request), service().limits)
    if plan is None:
        raise Problem("bad-request", "there is no query in the request", remedy="send one as `query=`")
    return _explained(plan)


@blueprint.get(f"{PREFIX}{QUESTIONS}/<path:identifier>")
def of_question(identifier: str) -> Response:
    """The same of a stored question."""
    asked = asked_request(request)
    read = read_question(asked, find_question(identifier, service().contents().stored))
    return _explained(plan_read(read, asked, service().limits))


def _explained(plan: Plan) -> Response:
    g.query_text = plan.ask.query.text
    SECONDS.set(plan.seconds)  # this request runs in a context of its own
    snapshot = service().snapshot(plan.ask.past)
    empty = is_empty(snapshot, plan.ask)
    explanation = explain_empty(snapshot, plan.ask, service().limits) if empty else None
    document = {"empty": empty, "explanation": _told(explanation) if explanation else None}
    return Response(json.dumps(document, ensure_ascii=False, indent=1) + "\n", content_type="application/json")


def _told(explanation: Explanation) -> dict[str, Any]:
    return {
        "reason": explanation.reason,
        "kind": explanation.kind,
        "text": explanation.text,
        "line": explanation.line,
        "column": explanation.column,
        "turned": explanation.turned,
        "unknown": [
            {"written": term.written, "nearest": term.nearest, "label": term.label} for term in explanation.unknown
        ],
    }


def help_header(exchange: Exchange, plan: Plan, answer: bytes) -> Headers:
    """The header of an empty answer that says where it is explained; none for any other, and for a very long request.

    Source: RFC 8288 §3; the relation type is from HTML.
    """
    if not plan.row.is_empty(answer):
        return ()
    if exchange.path != ENDPOINT and not exchange.path.startswith(f"{QUESTIONS}/"):
        return ()
    asked = f"?{quote(exchange.query_string, safe=_IN_A_QUERY)}" if exchange.query_string else ""
    address = f"{PREFIX}{quote(exchange.path)}{asked}"
    return ((b"link", f'<{address}>; rel="help"'.encode()),) if len(address) <= _MOST_LINK_BYTES else ()
