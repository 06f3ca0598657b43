"""What the paths of the OpenAPI document share: schemas, parameters, and the problems that can be met.

Source: OpenAPI Specification 3.1.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from http import HTTPStatus
from typing import Any, Final

from kg.web.negotiation import HTML, JSON_PROBLEM
from kg.web.problems import KINDS, REPORT_TYPES
from kg.web.protocol import FORMAT, PAST, TIMEOUT

JSON: Final = "application/json"
PLAIN: Final = "text/plain"
TEXT: Final = {"type": "string"}
IRI: Final = {"type": "string", "format": "iri"}
REVISION: Final = {"type": "integer", "minimum": 1}

# Problems that come of sending a body, and of naming a thing; what is in no set can meet any request.
_OF_BODIES: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE}
)
_OF_ADDRESSES: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})
OF_WRITING: Final = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.CONFLICT,
        HTTPStatus.PRECONDITION_FAILED,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
"""The problems that come of writing."""


def in_query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    """A parameter of the URL."""
    return {"name": name, "in": "query", "description": description, "schema": schema}


def past_parameters() -> list[dict[str, Any]]:
    """Those that name an earlier state."""
    revision, as_of = PAST
    return [
        in_query(revision, REVISION, "The state at a revision, as /history lists them; else the current one."),
        in_query(as_of, TEXT, "The state at a time in UTC or the beginning of one, such as 2024-05-01 or 2024-05."),
    ]


def answer_parameters(names: Sequence[str]) -> list[dict[str, Any]]:
    """Those that say how a query is answered: in a format of one of these names, and within which time."""
    formats, seconds = {"type": "string", "enum": list(names)}, {"type": "number", "minimum": 0}
    return [
        in_query(FORMAT, formats, "The format of the answer, also by its media type; else `Accept` chooses."),
        in_query(TIMEOUT, seconds, "How many seconds the client waits; 0: as long as is allowed."),
    ]


def problems(*, body: bool = False, more: Collection[int] = ()) -> dict[str, Any]:
    """The problems that a request can meet: with a body, also those of bodies; and `more`, which not all can meet."""
    unmet = _OF_ADDRESSES | OF_WRITING | (frozenset() if body else _OF_BODIES)
    statuses = {kind.status for kind in KINDS.values()} - unmet | {*more}
    return {str(int(status)): reference("responses", f"Problem{int(status)}") for status in sorted(statuses)}


def problem_responses() -> dict[str, Any]:
    """The response of each status, with all kinds of problem that have it."""
    meanings: dict[int, list[str]] = {}
    for kind in KINDS.values():
        meanings.setdefault(kind.status, []).append(f"{kind.title}. {kind.meaning}")
    content = {JSON_PROBLEM: {"schema": reference("schemas", "Problem")}, HTML: {"schema": TEXT}}
    reports = {media_type: {"schema": TEXT} for media_type in (PLAIN, *REPORT_TYPES)}
    return {
        f"Problem{status}": {
            "description": "\n\n".join(told),
            "content": content | (reports if status == HTTPStatus.UNPROCESSABLE_ENTITY else {}),
        }
        for status, told in sorted(meanings.items())
    }


def reference(kind: str, name: str) -> dict[str, Any]:
    """A reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def _object(required: Sequence[str], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


def _texts(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, TEXT)


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_BOOLEAN: Final = {"type": "boolean"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_COUNTS: Final = _object(["violation", "warning", "info"], dict.fromkeys(("violation", "warning", "info"), _COUNT))
_RESULT: Final = _object(
    ["severity", "rule", "fix", "path", "value", "place", "shape", "component", "suggestions"],
    _texts("severity", "rule", "fix", "path", "pathLabel", "value", "valueLabel", "place", "shape", "component")
    | {"suggestions": _array(TEXT)},
)
# What is wrong, by the thing that it is about; `place` says where in the text that was sent.
_RESULTS: Final = _array(
    _object(["focus", "label", "place", "results"], _texts("focus", "label", "place") | {"results": _array(_RESULT)})
)

_QUESTION: Final = _object(
    ["id", "href", "group", "title", "form", "parameters", "columns", "formats"],
    _texts("id", "href", "group", "title", "question", "notation", "form", "local")
    | {
        "asks": _array(TEXT) | {"description": "The endpoints that it asks beside this service."},
        "parameters": _array(_object(["name", "type", "label", "default"], _texts("name", "type", "label", "default"))),
        "columns": _array(_object(["name", "description"], _texts("name", "description"))),
        "formats": _array(TEXT),
    },
)
# Source: SPARQL 1.1 Query Results JSON §3; RFC 9457 §3.1.
SCHEMAS: Final = {
    "Results": _object(
        ["head"],
        {
            "head": _object([], {"vars": _array(TEXT), "link": _array(TEXT)}),
            "boolean": {"type": "boolean"},
            "results": _object(
                ["bindings"],
                {
                    "bindings": _array(
                        {
                            "type": "object",
                            "additionalProperties": _object(
                                ["type", "value"],
                                {
                                    "type": TEXT,
                                    # A triple term has terms for its value.
                                    "value": {"type": ["string", "object"]},
                                    "xml:lang": TEXT,
                                    "datatype": TEXT,
                                },
                            ),
                        }
                    )
                },
            ),
        },
    ),
    "Problem": _object(
        ["type", "title", "status", "detail"],
        {
            "type": {"type": "string", "format": "uri"},
            "title": TEXT,
            "status": {"type": "integer"},
            "detail": TEXT,
            "remedy": {"type": "string", "description": "What to do about it."},
            "line": {"type": "integer", "description": "Where in the query, counted from 1."},
            "column": {"type": "integer", "description": "Where in the line, counted from 1."},
            "report": {"type": "string", "description": "What does not conform, as text."},
            "conforms": {"type": "boolean"},
            "counts": _COUNTS,
            "results": _RESULTS,
            "problems": _array(_object(["place", "message", "remedy"], _texts("place", "message", "remedy")))
            | {"description": "What is wrong with each cell of a table."},
            "suggestions": _array(_object(["iri", "name", "href"], _texts("iri", "name", "href")))
            | {"description": "What may have been meant by a name, or is answered from here instead."},
        },
    ),
    "Explanation": _object(
        ["empty", "explanation"],
        {
            "empty": {"type": "boolean", "description": "Whether the answer has no row and no triple, or is `false`."},
            "explanation": {
                "description": "The first part of the query that leaves nothing; null where none is found.",
                "type": ["object", "null"],
                "required": ["reason", "kind", "text", "line", "column", "turned", "unknown"],
                "properties": {
                    **_texts("reason", "kind", "text"),
                    "line": {"type": "integer", "description": "Where in the query, counted from 1."},
                    "column": {"type": "integer", "description": "Where in the line, counted from 1."},
                    "turned": {
                        "type": "boolean",
                        "description": "Whether there are matches with subject and object the other way round.",
                    },
                    "unknown": _array(_object(["written", "nearest", "label"], _texts("written", "nearest", "label")))
                    | {"description": "Terms that are not in the graph, each with the nearest that is."},
                },
            },
        },
    ),
    "Questions": _object(
        ["questions", "own"],
        {
            "questions": _array(_QUESTION),
            "own": _array(_QUESTION) | {"description": "The questions that the service itself asks."},
        },
    ),
    "Report": _object(
        ["conforms", "counts", "results"], {"conforms": _BOOLEAN, "counts": _COUNTS, "results": _RESULTS}
    ),
    "Receipt": _object(
        ["revision", "changed", "seen", "graph", "added", "removed", "report"],
        {
            "revision": REVISION,
            "changed": {"type": "boolean", "description": "False where all of it was so already."},
            "seen": {"type": "boolean", "description": "Whether queries to this service see it already."},
            "graph": {"type": ["string", "null"], "description": "The graph of the submission."},
            "added": _COUNT,
            "removed": _COUNT,
            "report": {"$ref": "#/components/schemas/Report"},
        },
    ),
    "History": _object(
        ["about", "commits", "older"],
        {
            "about": {"type": ["string", "null"]},
            "commits": _array({"$ref": "#/components/schemas/Commit"}),
            "older": {"type": ["string", "null"], "description": "Where the commits before these are."},
        },
    ),
    "Commit": _object(
        ["revision", "time", "author", "message", "source", "digest", "added", "removed", "href"],
        {
            "revision": REVISION,
            "time": {"type": "string", "format": "date-time"},
            **_texts("author", "message"),
            "source": {"type": "string", "format": "iri", "description": "The graph of the submission."},
            "digest": {"type": "string", "description": "Of this commit and all before it."},
            "added": _COUNT,
            "removed": _COUNT,
            "href": TEXT,
            "since": {"type": ["integer", "null"], "description": "The revision after which all is summed up."},
            "statements": _object(["added", "removed"], {"added": _array(TEXT), "removed": _array(TEXT)})
            | {"description": "As N-Quads, of one commit only."},
            "more": _COUNT | {"description": "How many statements are left out."},
        },
    ),
    "Blame": _object(
        ["statements", "more"],
        {
            "statements": _array(
                _object(
                    ["statement", "commit", "sources"],
                    {
                        "statement": {"type": "string", "description": "As N-Quads."},
                        "commit": {"$ref": "#/components/schemas/Commit"},
                        "sources": _array({"type": "string", "format": "iri"}),
                    },
                )
            ),
            "more": {"type": "boolean", "description": "Whether there are more statements than are told of."},
        },
    ),
}
"""The schemas of the document."""
