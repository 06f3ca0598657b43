"""The paths of the OpenAPI document that match tables with things.

Source: OpenAPI Specification 3.1; Reconciliation Service API 0.2.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from kg.reconciliation import MOST_CANDIDATES, STRICTNESS
from kg.web.negotiation import HTML
from kg.web.openapi_parts import IRI, JSON, TEXT, in_query, problems
from kg.web.protocol import FORM
from kg.web.reconciliation import MOST_PREFIX_CHARACTERS, MOST_PROPOSED, MOST_SKIPPED, PATH, PREVIEW_PATH
from kg.web.reconciliation_request import MOST_COLUMNS, MOST_IDS, MOST_QUERIES

TAG: Final = "Reconciliation"

_TOO_MUCH: Final = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE,)
_QUERIES: Final = (
    f"A batch of at most {MOST_QUERIES} queries as JSON: an object of `query`, `type`, `limit` (at most "
    f"{MOST_CANDIDATES} count), `properties` (each `pid` and `v`) and `type_strict` ({', '.join(STRICTNESS)}) for "
    "each key."
)
_EXTEND: Final = (
    f"A data extension query as JSON: `ids`, at most {MOST_IDS}, and `properties`, at most {MOST_COLUMNS}, each with "
    "its `id` and perhaps `settings` with a `limit`."
)


def reconciliation_paths() -> dict[str, Any]:
    """The paths, with all their operations."""
    prefix = {"type": "string", "maxLength": MOST_PREFIX_CHARACTERS}
    cursor = {"type": "integer", "minimum": 0, "maximum": MOST_SKIPPED}
    typing = [
        in_query("prefix", prefix, "What somebody has written of a name; or a whole IRI."),
        in_query("cursor", cursor, "How many suggestions are skipped."),
    ]
    of_type = in_query("type", IRI, "A class; those below it count too.")
    limit = in_query("limit", {"type": "integer", "minimum": 0}, f"How many at most; {MOST_PROPOSED} in any case.")
    listed = _object({"result": _array(_SUGGESTION)})
    return {
        PATH: {"get": _get(), "post": _post()},
        f"{PATH}/suggest/entity": {
            "get": _list("suggest_entity", "Complete the name of a thing", listed, [*typing, of_type])
        },
        f"{PATH}/suggest/type": {"get": _list("suggest_type", "Complete the name of a type", listed, typing)},
        f"{PATH}/suggest/property": {
            "get": _list("suggest_property", "Complete the name of a property", listed, typing)
        },
        f"{PATH}/properties": {
            "get": _list("propose_properties", "Propose properties of a type", _PROPOSED, [of_type, limit])
        },
        PREVIEW_PATH: {"get": _preview()},
    }


def _get() -> dict[str, Any]:
    return {
        "operationId": "reconciliation",
        "tags": [TAG],
        "summary": "Tell of the reconciliation service",
        "description": "With `queries` or `extend` it answers as POST does. There are no callbacks (JSONP).",
        "parameters": [in_query("queries", TEXT, _QUERIES), in_query("extend", TEXT, _EXTEND)],
        "responses": _answer({"anyOf": [_MANIFEST, _RESULTS, _EXTENDED]}) | problems(more=_TOO_MUCH),
    }


def _post() -> dict[str, Any]:
    form = {"type": "object", "properties": {"queries": TEXT, "extend": TEXT}}
    return {
        "operationId": "reconcile",
        "tags": [TAG],
        "summary": "Match names with things, or tell values of things",
        "description": f"`queries`: {_QUERIES}\n\n`extend`: {_EXTEND}",
        "requestBody": {"required": True, "content": {FORM: {"schema": form}}},
        "responses": _answer({"anyOf": [_RESULTS, _EXTENDED]}) | problems(body=True),
    }


def _preview() -> dict[str, Any]:
    return {
        "operationId": "preview",
        "tags": [TAG],
        "summary": "Show a thing in a frame",
        "parameters": [in_query("id", IRI, "The IRI of the thing.") | {"required": True}],
        "responses": {"200": {"description": "A small page.", "content": {HTML: {"schema": TEXT}}}}
        | problems(more=(HTTPStatus.NOT_FOUND,)),
    }


def _list(name: str, summary: str, schema: dict[str, Any], parameters: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "operationId": name,
        "tags": [TAG],
        "summary": summary,
        "parameters": parameters,
        "responses": _answer(schema) | problems(),
    }


def _answer(schema: dict[str, Any]) -> dict[str, Any]:
    return {"200": {"description": "The answer.", "content": {JSON: {"schema": schema}}}}


def _object(properties: dict[str, Any], *optional: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [name for name in properties if name not in optional],
        "properties": properties,
    }


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _by_key(values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


_NAMED: Final = _object({"id": TEXT, "name": TEXT})
_SUGGESTION: Final = _object(
    {"id": TEXT, "name": TEXT, "description": TEXT, "notable": _array(_NAMED)}, "description", "notable"
)
_PROPOSED: Final = _object({"type": TEXT, "limit": {"type": "integer"}, "properties": _array(_NAMED)})
_MANIFEST: Final = _object({"versions": _array(TEXT), "name": TEXT, "identifierSpace": IRI, "schemaSpace": IRI})
_FEATURE: Final = _object({"id": TEXT, "value": {"type": ["number", "boolean"]}})
_CANDIDATE: Final = _object(
    {
        "id": IRI,
        "name": TEXT,
        "description": TEXT,
        "type": _array(_NAMED),
        "score": {"type": "number", "minimum": 0, "maximum": 100},
        "match": {"type": "boolean", "description": "Nothing else can be meant."},
        "features": _array(_FEATURE),
    },
    "description",
)
_RESULTS: Final = _by_key(_object({"result": _array(_CANDIDATE)}))
_EXTENDED: Final = _object(
    {
        "meta": _array(_object({"id": IRI, "name": TEXT, "type": _NAMED}, "type")),
        "rows": _by_key(_by_key(_array(_by_key({"type": ["string", "number"]})))),
    }
)
