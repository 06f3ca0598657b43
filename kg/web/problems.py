"""Every error as an RFC 9457 problem document, or as the HTML page that says the same."""

import json
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from flask import Response, g, render_template, request
from werkzeug.exceptions import HTTPException

from kg.errors import (
    KgError,
    QueryError,
    QueryRefused,
    QueryStopped,
    QuerySyntax,
    ServiceBusy,
    ServiceFailed,
    SnapshotMissing,
)
from kg.web.negotiation import JSON_PROBLEM, accepted_types, prefers_html

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """A kind of problem: its status, its title, and what it means."""

    status: int
    title: str
    meaning: str


KINDS: Final = {
    "bad-request": Kind(400, "The request is not understood", "A parameter is missing, repeated or malformed."),
    "query-syntax": Kind(400, "The query has a syntax error", "The text is not SPARQL at the line and column given."),
    "query-refused": Kind(
        400, "The query is refused", "The query is SPARQL, but asks for what this service does not do."
    ),
    "query-failed": Kind(
        400, "The query cannot be evaluated", "The query is SPARQL, but the engine does not know a part of it."
    ),
    "not-found": Kind(404, "There is nothing at this address", "The path is not one of this service."),
    "method-not-allowed": Kind(405, "The method is not allowed here", "The Allow header names the methods that are."),
    "not-acceptable": Kind(
        406, "No acceptable format", "The answer cannot be written in any format that was asked for."
    ),
    "too-large": Kind(413, "The request is too large", "The body is longer than any query that would be read."),
    "unsupported-media-type": Kind(415, "The request is of an unsupported type", "Send a form, or the query itself."),
    "internal-error": Kind(500, "Something went wrong here", "The fault is in the service; it has been logged."),
    "remote-failed": Kind(
        502, "Another service failed", "An endpoint that the query calls does not answer as it should."
    ),
    "stopped": Kind(503, "The query was stopped", "It took longer, or needed more memory, than a query may."),
    "busy": Kind(503, "The service is busy", "More is asked at once than can be answered; it is soon over."),
    "not-ready": Kind(503, "The service is not ready", "There is no built snapshot to answer from."),
}

# Of each error of ours that a client should know of: its kind of problem, and after how many seconds to try again.
# The first that fits counts.
_OF_ERROR: Final = (
    (QuerySyntax, "query-syntax", ""),
    (QueryRefused, "query-refused", ""),
    (QueryStopped, "stopped", "1"),
    (ServiceBusy, "busy", "2"),
    (ServiceFailed, "remote-failed", ""),
    (QueryError, "query-failed", ""),
    (SnapshotMissing, "not-ready", "30"),
)

_OF_STATUS: Final = {kind.status: slug for slug, kind in reversed(KINDS.items())}


class Problem(Exception):
    """An error on its way to the client."""

    def __init__(
        self,
        slug: str,
        detail: str,
        *,
        remedy: str = "",
        place: tuple[int, int] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """A problem of the kind `slug`; `place` is the line and the column in the query."""
        super().__init__(detail)
        self.kind = KINDS[slug]
        self.slug = slug
        self.detail = detail
        self.remedy = remedy
        self.place = place
        self.headers = headers


def problem_from(error: Exception) -> Problem:
    """The problem that tells a client about an error; what a client need not know is logged and not told."""
    if isinstance(error, Problem):
        return error
    for kind, slug, seconds in _OF_ERROR:
        if isinstance(error, kind):
            place = _place(error) if isinstance(error, QuerySyntax) else None
            headers = (("Retry-After", seconds),) if seconds else ()
            return Problem(slug, str(error), remedy=error.remedy, place=place, headers=headers)
    if isinstance(error, HTTPException) and error.code in _OF_STATUS and error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _from_http(error, error.code)
    _log.error("unexpected error", exc_info=error)
    remedy = error.remedy if isinstance(error, KgError) else "try again later; tell the operator if it stays"
    return Problem("internal-error", "The service failed to answer.", remedy=remedy)


def _place(error: QuerySyntax) -> tuple[int, int] | None:
    return (error.line, error.column) if error.line and error.column else None


def problem_response(error: Exception) -> Response:
    """The response for an error, in the form the client prefers.

    Source: RFC 9457 §3 and §4.2.
    """
    problem = problem_from(error)
    if prefers_html(accepted_types(request.headers.getlist("Accept"))):
        members = _members(problem, request.url_root)
        body = render_template("problem.html", problem=members, query=g.get("query_text"))
        response = Response(body, content_type="text/html; charset=utf-8")
    else:
        response = Response(problem_document(problem, request.url_root), content_type=JSON_PROBLEM)
    response.status_code = problem.kind.status
    response.headers.extend(list(problem.headers))
    response.vary.add("Accept")
    return response


def problem_document(problem: Problem, root: str) -> bytes:
    """The problem document, as JSON; `root` is the address of the service, with a slash at its end.

    Source: RFC 9457 §3.
    """
    told = {name: value for name, value in _members(problem, root).items() if value not in (None, "")}
    return json.dumps(told, ensure_ascii=False).encode() + b"\n"


def _members(problem: Problem, root: str) -> dict[str, Any]:
    line, column = problem.place or (None, None)
    return {
        "type": f"{root}problems/{problem.slug}",
        "title": problem.kind.title,
        "status": problem.kind.status,
        "detail": problem.detail,
        "remedy": problem.remedy,
        "line": line,
        "column": column,
    }


def _from_http(error: HTTPException, status: int) -> Problem:
    allowed = getattr(error, "valid_methods", None) or ()
    headers = (("Allow", ", ".join(sorted(allowed))),) if allowed else ()
    remedy = {
        404: "start from the first page",
        405: f"use {', '.join(sorted(allowed))}",
        413: "send a shorter query",
    }.get(status, "correct the request")
    detail = {
        404: f"This service has no page {request.path}",
        405: f"{request.method} does not work on {request.path}",
        413: "The body is too long",
    }.get(status, error.description or "")
    return Problem(_OF_STATUS[status], detail, remedy=remedy, headers=headers)
