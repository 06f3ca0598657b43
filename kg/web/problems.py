"""Every error as an RFC 9457 problem document, or as the HTML page that says the same."""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, Final

from flask import Response, g, render_template, request
from werkzeug.exceptions import HTTPException

from kg.errors import (
    BuildRunning,
    ContentError,
    CrossSite,
    FormatUnknown,
    KgError,
    LedgerDamaged,
    NetworkRefused,
    NotAllowed,
    NotAuthenticated,
    NotConforming,
    QueryError,
    QueryRefused,
    QueryStopped,
    QuerySyntax,
    RevisionMissing,
    RevisionPassed,
    ServiceBusy,
    ServiceFailed,
    SnapshotMissing,
    StoreError,
    TableErrors,
    TextTooLong,
    TooMany,
    WriterRunning,
)
from kg.web.negotiation import HTML, JSON_PROBLEM, accepted_types, best_type

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
    "unreadable": Kind(
        400, "The text cannot be read", "What was sent is not in its format; the place says where. Nothing has changed."
    ),
    "unauthorized": Kind(
        401,
        "A token is needed",
        "Reading needs none; who writes sends a token, and this request has none that is good.",
    ),
    "forbidden": Kind(
        403, "This is not allowed", "The token does not allow so much, or a page of another site asks to write."
    ),
    "network-refused": Kind(
        403,
        "The query reaches out, which it may not",
        "The query is SPARQL, but would have this service call another one, or fetch from the network.",
    ),
    "not-found": Kind(404, "There is nothing at this address", "The path is not one of this service."),
    "method-not-allowed": Kind(405, "The method is not allowed here", "The Allow header names the methods that are."),
    "not-acceptable": Kind(
        406, "No acceptable format", "The answer cannot be written in any format that was asked for."
    ),
    "too-slow": Kind(408, "The request takes too long", "Nothing more of its body came for a while."),
    "conflict": Kind(409, "The change does not fit", "What is there now contradicts it, so nothing has changed."),
    "precondition-failed": Kind(
        412, "Somebody else was faster", "The graph has changed since the revision that the edit was made on."
    ),
    "too-large": Kind(413, "The request is too large", "The body is longer than any query that would be read."),
    "address-too-long": Kind(414, "The address is too long", "The URL is longer than any that would be read."),
    "unsupported-media-type": Kind(415, "The request is of an unsupported type", "Send a form, or the query itself."),
    "not-conforming": Kind(
        422, "The graph would not conform", "The report says what does not conform; nothing has changed."
    ),
    "query-failed": Kind(
        422, "The query cannot be evaluated", "The query is SPARQL, but the engine does not know a part of it."
    ),
    "too-many": Kind(429, "Too many requests", "More is asked than one may ask for in this time; wait a little."),
    "head-too-large": Kind(
        431, "The head of the request is too large", "The headers together are longer than any that would be read."
    ),
    "storage": Kind(
        500,
        "What is kept cannot be read or written",
        "The disk is full, or something on it is damaged; it has been logged for the operator. Nothing was accepted.",
    ),
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
    (NetworkRefused, "network-refused", ""),
    (QueryRefused, "query-refused", ""),
    (QueryStopped, "stopped", "1"),
    (ServiceBusy, "busy", "2"),
    (ServiceFailed, "remote-failed", ""),
    (QueryError, "query-failed", ""),
    (SnapshotMissing, "not-ready", "30"),
    (FormatUnknown, "unsupported-media-type", ""),
    (TextTooLong, "too-large", ""),
    (ContentError, "unreadable", ""),
    (RevisionMissing, "not-found", ""),
    (BuildRunning, "busy", "2"),
    (WriterRunning, "busy", "2"),
    (NotAuthenticated, "unauthorized", ""),
    (NotAllowed, "forbidden", ""),
    (CrossSite, "forbidden", ""),
    (TooMany, "too-many", ""),
    (RevisionPassed, "precondition-failed", ""),
    (NotConforming, "not-conforming", ""),
)

REPORT_TYPES: Final = ("text/turtle", "application/ld+json", "application/n-triples")
"""The media types that a validation report may be written in, besides those of problems."""

_PLAIN: Final = "text/plain"
_OPERATOR: Final = "tell the operator; the log says what it is"
_REALM: Final = 'Bearer realm="writing"'

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
        more: Mapping[str, Any] | None = None,
        report_rdf: str = "",
    ) -> None:
        """A problem of the kind `slug`; `place` is line and column in the text, `more` other members of the document.

        `report_rdf` is a validation report to answer with instead.
        """
        super().__init__(detail)
        self.kind = KINDS[slug]
        self.slug = slug
        self.detail = detail
        self.remedy = remedy
        self.place = place
        self.headers = headers
        self.more = more or {}
        self.report_rdf = report_rdf


def problem_from(error: Exception) -> Problem:
    """The problem that tells a client about an error; what a client need not know is logged and not told."""
    if isinstance(error, Problem):
        return error
    for kind, slug, seconds in _OF_ERROR:
        if isinstance(error, kind):
            headers = (("Retry-After", seconds),) if seconds else _headers(error)
            place, more = _place(error), _more(error)
            report_rdf = error.rdf if isinstance(error, NotConforming) else ""
            return Problem(
                slug, str(error), remedy=error.remedy, place=place, headers=headers, more=more, report_rdf=report_rdf
            )
    if isinstance(error, HTTPException) and error.code in _OF_STATUS and error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _from_http(error, error.code)
    if isinstance(error, LedgerDamaged | StoreError):
        _log.error("%s; what to do: %s", error, error.remedy)
        return Problem("storage", "What is kept cannot be read or written; nothing has changed.", remedy=_OPERATOR)
    _log.error("unexpected error", exc_info=error)
    remedy = error.remedy if isinstance(error, KgError) else "try again later; tell the operator if it stays"
    return Problem("internal-error", "The service failed to answer.", remedy=remedy)


def _headers(error: Exception) -> tuple[tuple[str, str], ...]:
    """What tells a program how to go on. Without a token there is no error code, only the challenge.

    Source: RFC 6750 §3 and §3.1; RFC 9110 §10.2.3 and §11.6.1.
    """
    if isinstance(error, NotAuthenticated):
        code = f', error="{error.code}", error_description="{error}"' if error.code else ""
        return (("WWW-Authenticate", _REALM + code),)
    if isinstance(error, NotAllowed):
        return (("WWW-Authenticate", f'{_REALM}, error="insufficient_scope", scope="{error.scope}"'),)
    return (("Retry-After", str(error.seconds)),) if isinstance(error, TooMany) else ()


def _place(error: Exception) -> tuple[int, int] | None:
    if isinstance(error, QuerySyntax | ContentError) and error.line and error.column:
        return (error.line, error.column)
    return None


def _more(error: Exception) -> dict[str, Any]:
    """What else a program can use."""
    if isinstance(error, NotConforming):
        return {"report": error.report, **error.members}
    if isinstance(error, TableErrors):
        return {"problems": [asdict(problem) for problem in error.problems]}
    return {}


def problem_response(error: Exception) -> Response:
    """The response for an error, in the form the client prefers.

    Source: RFC 9457 §3 and §4.2.
    """
    problem = problem_from(error)
    report = str(problem.more.get("report", ""))
    offers = (JSON_PROBLEM, HTML, *((_PLAIN,) if report else ()), *(REPORT_TYPES if problem.report_rdf else ()))
    kind = best_type(accepted_types(request.headers.getlist("Accept")), offers)
    if kind == HTML:
        members = _members(problem, request.url_root)
        body = render_template("problem.html", problem=members, query=g.get("query_text"))
        response = Response(body, content_type=f"{HTML}; charset=utf-8")
    elif kind == _PLAIN:
        response = Response(report, content_type=f"{_PLAIN}; charset=utf-8")
    elif kind in REPORT_TYPES:
        response = Response(problem.report_rdf, content_type=kind)
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
        **problem.more,
    }


def _from_http(error: HTTPException, status: int) -> Problem:
    allowed = getattr(error, "valid_methods", None) or ()
    headers = (("Allow", ", ".join(sorted(allowed))),) if allowed else ()
    remedy = {
        404: "start from the first page",
        405: f"use {', '.join(sorted(allowed))}",
        413: "send less at once",
    }.get(status, "correct the request")
    detail = {
        404: f"This service has no page {request.path}",
        405: f"{request.method} does not work on {request.path}",
        413: "The body is too long",
    }.get(status, error.description or "")
    return Problem(_OF_STATUS[status], detail, remedy=remedy, headers=headers)
