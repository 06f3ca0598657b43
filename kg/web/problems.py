"""Every error as an RFC 9457 problem document, or as the HTML page that says the same."""

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from flask import Response, g, json, render_template, request, url_for
from werkzeug.exceptions import HTTPException

from kg.errors import KgError, QueryRefused, QuerySyntax, SnapshotMissing
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
    "not-found": Kind(404, "There is nothing at this address", "The path is not one of this service."),
    "method-not-allowed": Kind(405, "The method is not allowed here", "The Allow header names the methods that are."),
    "not-acceptable": Kind(
        406, "No acceptable format", "The answer cannot be written in any format that was asked for."
    ),
    "too-large": Kind(413, "The request is too large", "The body is longer than any query that would be read."),
    "unsupported-media-type": Kind(415, "The request is of an unsupported type", "Send a form, or the query itself."),
    "internal-error": Kind(500, "Something went wrong here", "The fault is in the service; it has been logged."),
    "not-ready": Kind(503, "The service is not ready", "There is no built snapshot to answer from."),
}

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
    if isinstance(error, QuerySyntax):
        return Problem("query-syntax", str(error), remedy=error.remedy, place=_place(error))
    if isinstance(error, QueryRefused):
        return Problem("query-refused", str(error), remedy=error.remedy)
    if isinstance(error, SnapshotMissing):
        return Problem("not-ready", str(error), remedy=error.remedy, headers=(("Retry-After", "30"),))
    if isinstance(error, HTTPException) and error.code in _OF_STATUS and error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _from_http(error, error.code)
    _log.error("unexpected error on %s %s", request.method, request.path, exc_info=error)
    remedy = error.remedy if isinstance(error, KgError) else "try again later; tell the operator if it stays"
    return Problem("internal-error", "The service failed to answer.", remedy=remedy)


def _place(error: QuerySyntax) -> tuple[int, int] | None:
    return (error.line, error.column) if error.line and error.column else None


def problem_response(error: Exception) -> Response:
    """The response for an error, in the form the client prefers.

    Source: RFC 9457 §3 and §4.2.
    """
    problem = problem_from(error)
    line, column = problem.place or (None, None)
    members: dict[str, Any] = {
        "type": url_for("pages.problem_kind", slug=problem.slug, _external=True),
        "title": problem.kind.title,
        "status": problem.kind.status,
        "detail": problem.detail,
        "remedy": problem.remedy,
        "line": line,
        "column": column,
    }
    if prefers_html(accepted_types(request.headers.getlist("Accept"))):
        body = render_template("problem.html", problem=members, query=g.get("query_text"))
        response = Response(body, content_type="text/html; charset=utf-8")
    else:
        told = {name: value for name, value in members.items() if value not in (None, "")}
        response = Response(json.dumps(told, ensure_ascii=False) + "\n", content_type=JSON_PROBLEM)
    response.status_code = problem.kind.status
    response.headers.extend(list(problem.headers))
    response.vary.add("Accept")
    return response


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
