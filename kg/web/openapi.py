"""The interface as an OpenAPI document, made from the stored questions and the table of formats.

Source: OpenAPI Specification 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from kg.formats import BOOLEAN, FORMATS, Format, formats_for
from kg.queries import HIDDEN, Parameter, StoredQuery
from kg.sssom import LINKS
from kg.web.explaining import PREFIX as EXPLAINING
from kg.web.negotiation import HTML
from kg.web.openapi_data import TAG as DATA
from kg.web.openapi_data import data_paths
from kg.web.openapi_entities import entity_paths
from kg.web.openapi_parts import (
    IRI,
    JSON,
    SCHEMAS,
    TEXT,
    answer_parameters,
    in_query,
    past_parameters,
    problem_responses,
    problems,
    reference,
)
from kg.web.openapi_reconciliation import TAG as RECONCILIATION
from kg.web.openapi_reconciliation import reconciliation_paths
from kg.web.openapi_search import search_paths
from kg.web.openapi_writing import SECURITY_SCHEMES, writing_paths
from kg.web.protocol import FORM, QUERY

# A query may ask for a past that is not, reach out, and be more than the engine can evaluate.
_OF_QUERIES: Final = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)

_NAMES: Final = sorted({name for row in FORMATS for name in (row.name, *row.other_names)})
_EXPLANATION: Final = {JSON: {"schema": reference("schemas", "Explanation")}}

_OWN: Final = "asked by the service itself"

_SCHEMA_OF_TYPE: Final = {
    "iri": IRI,
    "string": TEXT,
    "integer": {"type": "integer"},
    "date": {"type": "string", "format": "date"},
    "language": {"type": "string", "pattern": "^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$"},
}


def describe_api(
    questions: Sequence[StoredQuery], *, root: str, title: str, description: str, version: str
) -> dict[str, Any]:
    """The OpenAPI document; `root` is the address of the service, with a slash at its end."""
    paths: dict[str, Any] = {"/sparql": _endpoint(), "/questions": _list()}
    paths |= {
        f"{EXPLAINING}/sparql": _explaining(),
        f"{EXPLAINING}/questions/{{group}}/{{name}}": _explaining_a_question(),
    }
    paths |= {f"/questions/{quote(stored.identifier)}": {"get": _question(stored)} for stored in questions}
    paths |= entity_paths()
    paths |= data_paths(links=any(stored.identifier == LINKS for stored in questions))
    paths |= search_paths()
    paths |= reconciliation_paths()
    paths |= writing_paths()
    groups = dict.fromkeys(map(_tag, sorted(questions, key=lambda stored: stored.group in HIDDEN)))
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version} | ({"description": description} if description else {}),
        "servers": [{"url": root.rstrip("/") or "/"}],
        "tags": [
            {"name": "SPARQL"},
            {"name": "Search"},
            {"name": DATA},
            {"name": RECONCILIATION},
            {"name": "Writing"},
            *({"name": group} for group in groups),
        ],
        "paths": paths,
        "components": {"schemas": SCHEMAS, "responses": problem_responses(), "securitySchemes": SECURITY_SCHEMES},
    }


def _endpoint() -> dict[str, Any]:
    """Source: SPARQL 1.1 Protocol §2.1."""
    query = {"type": "string", "description": "A SELECT, ASK, CONSTRUCT or DESCRIBE query."}
    graphs = {"type": "array", "items": IRI}
    chosen = [
        in_query("default-graph-uri", graphs, "Graphs whose merge is the default graph of the query."),
        in_query("named-graph-uri", graphs, "Named graphs of the query."),
        *past_parameters(),
        *answer_parameters(_NAMES),
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
            "parameters": [in_query("query", query, query["description"]) | {"required": True}, *chosen],
            "responses": answers | problems(more=_OF_QUERIES),
        },
        "post": {
            "operationId": "query_by_post",
            "tags": ["SPARQL"],
            "summary": "Answer a query that is sent in the body",
            "description": "A form, or the query itself; with the latter the other parameters stand in the URL.",
            "parameters": chosen,
            "requestBody": {"required": True, "content": {FORM: {"schema": form}, QUERY: {"schema": query}}},
            "responses": answers | problems(body=True, more=_OF_QUERIES),
        },
    }


def _explaining() -> dict[str, Any]:
    """The operations of the endpoint, answered otherwise."""
    answers = {"200": {"description": "Why the answer is empty.", "content": _EXPLANATION}}
    text = "The same request as at the endpoint; an empty answer of that links to here, with the relation `help`."
    return {
        method: operation
        | {
            "operationId": f"explain_{operation['operationId']}",
            "summary": "Say why the answer to a query is empty",
            "description": text,
            "responses": {**operation["responses"], **answers},
        }
        for method, operation in _endpoint().items()
    }


def _explaining_a_question() -> dict[str, Any]:
    parts = [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in ("group", "name")]
    return {
        "get": {
            "operationId": "explain_question",
            "tags": ["SPARQL"],
            "summary": "Say why the answer to a stored question is empty",
            "description": "The same parameters as the question has.",
            "parameters": [*parts, *past_parameters(), *answer_parameters(_NAMES)],
            "responses": {"200": {"description": "Why the answer is empty.", "content": _EXPLANATION}}
            | problems(more=_OF_QUERIES),
        }
    }


def _list() -> dict[str, Any]:
    content = {JSON: {"schema": reference("schemas", "Questions")}, HTML: {"schema": TEXT}}
    formats = {"type": "string", "enum": ["json", "html"]}
    words = "Words of which each question that is listed has all, in what is said of it."
    return {
        "get": {
            "operationId": "questions",
            "tags": ["SPARQL"],
            "summary": "List the stored questions",
            "description": "Things are asked for by their IRIs; where a page is wanted, as HTML, also by their names.",
            "parameters": [
                in_query("words", TEXT, words),
                in_query("format", formats, "The format of the list; else `Accept` chooses."),
            ],
            "responses": {"200": {"description": "The stored questions.", "content": content}} | problems(),
        }
    }


def _question(stored: StoredQuery) -> dict[str, Any]:
    rows = formats_for(stored.form)
    names = [name for row in rows for name in (row.name, *row.other_names)]
    own = {parameter.name for parameter in stored.parameters}
    columns = "".join(f"\n- `{name}`: {meaning}" for name, meaning in stored.columns.items())
    description = stored.question + (f"\n\nColumns:\n{columns}" if columns else "")
    return {
        "operationId": stored.identifier.replace("/", "_").replace("-", "_"),
        "tags": [_tag(stored)],
        "summary": stored.title,
        **({"description": description.strip()} if description else {}),
        "parameters": [
            *(_parameter(parameter) for parameter in stored.parameters),
            *(each for each in (*past_parameters(), *answer_parameters(names)) if each["name"] not in own),
        ],
        "responses": _answer(rows) | problems(more=_OF_QUERIES),
    }


def _tag(stored: StoredQuery) -> str:
    return _OWN if stored.group in HIDDEN else stored.group


def _parameter(parameter: Parameter) -> dict[str, Any]:
    default = int(parameter.default) if parameter.type == "integer" else parameter.default
    schema = _SCHEMA_OF_TYPE.get(parameter.type, TEXT) | {"default": default}
    return in_query(parameter.name, schema, parameter.label)


def _answer(rows: Sequence[Format]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for row in rows:
        for media_type in (row.media_type, *row.other_media_types):
            results = row.name == "json" and BOOLEAN in row.kinds
            content.setdefault(media_type, {"schema": reference("schemas", "Results") if results else TEXT})
    return {"200": {"description": "The answer.", "content": content}}
