"""The interface as an OpenAPI document, made from the stored questions and the table of formats.

Source: OpenAPI Specification 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from kg.formats import BOOLEAN, FORMATS, Format, formats_for
from kg.queries import Parameter, StoredQuery
from kg.web.negotiation import HTML, JSON_PROBLEM
from kg.web.problems import KINDS
from kg.web.protocol import FORM, QUERY

_JSON: Final = "application/json"
_TEXT: Final = {"type": "string"}
_IRI: Final = {"type": "string", "format": "iri"}

_SCHEMA_OF_TYPE: Final = {
    "iri": _IRI,
    "string": _TEXT,
    "integer": {"type": "integer"},
    "date": {"type": "string", "format": "date"},
    "language": {"type": "string", "pattern": "^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$"},
}

# Problems that come of sending a body, and of naming a thing; all others can meet any request.
_OF_BODIES: Final = frozenset({HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE})
_OF_ADDRESSES: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})


def describe_api(
    questions: Sequence[StoredQuery], *, root: str, title: str, description: str, version: str
) -> dict[str, Any]:
    """The OpenAPI document; `root` is the address of the service, with a slash at its end."""
    paths: dict[str, Any] = {"/sparql": _endpoint(), "/questions": _list()}
    paths |= {f"/questions/{quote(stored.identifier)}": {"get": _question(stored)} for stored in questions}
    groups = dict.fromkeys(stored.group for stored in questions)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version} | ({"description": description} if description else {}),
        "servers": [{"url": root.rstrip("/") or "/"}],
        "tags": [{"name": "SPARQL"}, *({"name": group} for group in groups)],
        "paths": paths,
        "components": {"schemas": _SCHEMAS, "responses": _problem_responses()},
    }


def _endpoint() -> dict[str, Any]:
    """Source: SPARQL 1.1 Protocol §2.1."""
    query = {"type": "string", "description": "A SELECT, ASK, CONSTRUCT or DESCRIBE query."}
    graphs = {"type": "array", "items": _IRI}
    names = sorted({name for row in FORMATS for name in (row.name, *row.other_names)})
    chosen = [
        _in_query("default-graph-uri", graphs, "Graphs whose merge is the default graph of the query."),
        _in_query("named-graph-uri", graphs, "Named graphs of the query."),
        _in_query("format", {"type": "string", "enum": names}, "The format of the answer; else `Accept` chooses."),
        _in_query("timeout", {"type": "number", "exclusiveMinimum": 0}, "How many seconds the client waits."),
    ]
    form = {
        "type": "object",
        "required": ["query"],
        "properties": {"query": query} | {parameter["name"]: parameter["schema"] for parameter in chosen},
    }
    answers = _answer(FORMATS)
    return {
        "get": {
            "operationId": "query",
            "tags": ["SPARQL"],
            "summary": "Answer a query",
            "parameters": [_in_query("query", query, query["description"]) | {"required": True}, *chosen],
            "responses": answers | _problems(),
        },
        "post": {
            "operationId": "query_by_post",
            "tags": ["SPARQL"],
            "summary": "Answer a query that is sent in the body",
            "description": "A form, or the query itself; with the latter the other parameters stand in the URL.",
            "parameters": chosen,
            "requestBody": {"required": True, "content": {FORM: {"schema": form}, QUERY: {"schema": query}}},
            "responses": answers | _problems(body=True),
        },
    }


def _list() -> dict[str, Any]:
    content = {_JSON: {"schema": _reference("schemas", "Questions")}, HTML: {"schema": _TEXT}}
    formats = {"type": "string", "enum": ["json", "html"]}
    return {
        "get": {
            "operationId": "questions",
            "tags": ["SPARQL"],
            "summary": "List the stored questions",
            "parameters": [_in_query("format", formats, "The format of the list; else `Accept` chooses.")],
            "responses": {"200": {"description": "The stored questions.", "content": content}} | _problems(),
        }
    }


def _question(stored: StoredQuery) -> dict[str, Any]:
    rows = formats_for(stored.form)
    names = [name for row in rows for name in (row.name, *row.other_names)]
    columns = "".join(f"\n- `{name}`: {meaning}" for name, meaning in stored.columns.items())
    description = stored.question + (f"\n\nColumns:\n{columns}" if columns else "")
    return {
        "operationId": stored.identifier.replace("/", "_").replace("-", "_"),
        "tags": [stored.group],
        "summary": stored.title,
        **({"description": description.strip()} if description else {}),
        "parameters": [
            *(_parameter(parameter) for parameter in stored.parameters),
            _in_query("format", {"type": "string", "enum": names}, "The format of the answer; else `Accept` chooses."),
        ],
        "responses": _answer(rows) | _problems(),
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    default = int(parameter.default) if parameter.type == "integer" else parameter.default
    schema = _SCHEMA_OF_TYPE.get(parameter.type, _TEXT) | {"default": default}
    return _in_query(parameter.name, schema, parameter.label)


def _in_query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _answer(rows: Sequence[Format]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for row in rows:
        for media_type in (row.media_type, *row.other_media_types):
            results = row.name == "json" and BOOLEAN in row.kinds
            content.setdefault(media_type, {"schema": _reference("schemas", "Results") if results else _TEXT})
    return {"200": {"description": "The answer.", "content": content}}


def _problems(*, body: bool = False) -> dict[str, Any]:
    unmet = _OF_ADDRESSES | (frozenset() if body else _OF_BODIES)
    statuses = sorted({kind.status for kind in KINDS.values()} - unmet)
    return {str(status): _reference("responses", f"Problem{status}") for status in statuses}


def _problem_responses() -> dict[str, Any]:
    meanings: dict[int, list[str]] = {}
    for kind in KINDS.values():
        meanings.setdefault(kind.status, []).append(f"{kind.title}. {kind.meaning}")
    content = {JSON_PROBLEM: {"schema": _reference("schemas", "Problem")}, HTML: {"schema": _TEXT}}
    return {
        f"Problem{status}": {"description": "\n\n".join(told), "content": content}
        for status, told in sorted(meanings.items())
    }


def _reference(kind: str, name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _object(required: Sequence[str], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


def _texts(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, _TEXT)


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


# Source: SPARQL 1.1 Query Results JSON §3; RFC 9457 §3.1.
_SCHEMAS: Final = {
    "Results": _object(
        ["head"],
        {
            "head": _object([], {"vars": _array(_TEXT), "link": _array(_TEXT)}),
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
                                    "type": _TEXT,
                                    # A triple term has terms for its value.
                                    "value": {"type": ["string", "object"]},
                                    "xml:lang": _TEXT,
                                    "datatype": _TEXT,
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
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "remedy": {"type": "string", "description": "What to do about it."},
            "line": {"type": "integer", "description": "Where in the query, counted from 1."},
            "column": {"type": "integer", "description": "Where in the line, counted from 1."},
        },
    ),
    "Questions": _object(
        ["questions"],
        {
            "questions": _array(
                _object(
                    ["id", "href", "group", "title", "form", "parameters", "columns", "formats"],
                    _texts("id", "href", "group", "title", "question", "notation", "form")
                    | {
                        "parameters": _array(
                            _object(["name", "type", "label", "default"], _texts("name", "type", "label", "default"))
                        ),
                        "columns": _array(_object(["name", "description"], _texts("name", "description"))),
                        "formats": _array(_TEXT),
                    },
                )
            )
        },
    ),
}
