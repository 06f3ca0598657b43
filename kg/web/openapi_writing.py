"""The paths of the OpenAPI document that write, judge, and tell what was written.

Source: OpenAPI Specification 3.1; SPARQL 1.1 Protocol §2.2; SPARQL 1.1 Graph Store HTTP Protocol §5.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from kg.formats import ENTRIES, FORMATS, formats_for
from kg.web.negotiation import HTML
from kg.web.openapi_parts import IRI, JSON, OF_WRITING, PLAIN, REVISION, TEXT, in_query, problems, reference
from kg.web.problems import REPORT_TYPES
from kg.web.protocol import FORM, UPDATE

SECURITY_SCHEMES: Final = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of whoever runs this service. Reading needs none, and so does /validate.",
    }
}

_TAG: Final = "Writing"
_RDF: Final = tuple(media_type for row in FORMATS for media_type in row.read_types)
_TABLES: Final = ("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
_MULTIPART: Final = "multipart/form-data"
_FILE: Final = {"type": "string", "contentMediaType": "application/octet-stream"}
_OF_TOKENS: Final = OF_WRITING - {HTTPStatus.CONFLICT}
_OF_JUDGEMENTS: Final = frozenset({HTTPStatus.PRECONDITION_FAILED, HTTPStatus.TOO_MANY_REQUESTS})
_NOT_FOUND: Final = frozenset({HTTPStatus.NOT_FOUND})

_ABOUT: Final = [
    in_query("message", TEXT, "What it is, in one line."),
    in_query("source", {"type": "array", "items": IRI}, "IRIs of the documents or passages that it comes from."),
]
_ENTRY: Final = {
    "type": "object",
    "required": ["class", "values"],
    "additionalProperties": False,
    "properties": {
        "class": {**TEXT, "description": "The class, by name or IRI; /tables lists those that there are."},
        "id": {**TEXT, "description": "The thing that is changed; without it, or with a new one, one is added."},
        "local": {**TEXT, "description": "What other entries mean this one by, as a value."},
        "values": {
            "type": "object",
            "description": "The values of each field, named as the columns that /tables lists, as `label@en`.",
            "additionalProperties": {"type": "array", "items": TEXT},
        },
    },
}
_ENTRIES: Final = {
    "type": "object",
    "required": ["entries"],
    "properties": {"entries": {"type": "array", "minItems": 1, "items": _ENTRY}},
}
_CLASS: Final = in_query("class", TEXT, "The class of the things in a table.")
_DRY_RUN: Final = in_query("dry_run", {"type": "boolean", "default": False}, "Only judge; the answer is a report.")
_IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "description": 'The revision that the change was made for, as "7". It is refused if there are later ones; a change'
    " of one graph that is named only if one of those is about it.",
    "schema": TEXT,
}
_GRAPH: Final = [
    in_query("graph", IRI, "The graph that is named."),
    {**in_query("default", {"type": "string", "enum": [""]}, "The default graph."), "allowEmptyValue": True},
]


def writing_paths() -> dict[str, Any]:
    """The paths, with all their operations."""
    return {
        "/submissions": {"post": _submit()},
        "/submissions/{revision}/revert": {"post": _revert()},
        "/validate": {"post": _validate()},
        "/update": {"post": _update()},
        "/graphs": {"get": _read_graph()} | {method: _write_graph(method) for method in _GRAPH_WRITES},
        "/history": {"get": _history()},
        "/history/{revision}": {"get": _commit()},
        "/blame": {"get": _blame()},
    }


def _submit() -> dict[str, Any]:
    return _operation(
        "submit",
        "Submit RDF, a table, or entries; what conforms joins the graph",
        parameters=[*_ABOUT, _CLASS, _DRY_RUN, _IF_MATCH],
        requestBody=_with_entries(_body(*_RDF, *_TABLES, form={"file": _FILE, "text": TEXT, "media_type": TEXT})),
        responses=_receipts(HTTPStatus.CREATED, HTTPStatus.OK) | problems(body=True, more=_OF_TOKENS),
        security=_token("submit"),
    )


def _revert() -> dict[str, Any]:
    return _operation(
        "revert",
        "Undo a commit by a new one",
        parameters=[_REVISION, *_ABOUT, _DRY_RUN, _IF_MATCH],
        responses=_receipts(HTTPStatus.OK) | problems(more=_OF_TOKENS | _NOT_FOUND),
        security=_token("review"),
    )


def _validate() -> dict[str, Any]:
    form = {"file": _FILE, "text": TEXT, "media_type": TEXT, "shapes": _FILE}
    return _operation(
        "validate",
        "Judge a text as if it were submitted, or alone by the shapes that come with it",
        parameters=[_CLASS, _IF_MATCH],
        requestBody=_with_entries(_body(*_RDF, *_TABLES, form=form)),
        responses=_reports() | problems(body=True, more=_OF_JUDGEMENTS),
    )


def _update() -> dict[str, Any]:
    graphs = {"type": "array", "items": IRI}
    chosen = [
        in_query("using-graph-uri", graphs, "Graphs whose merge is the default graph of the update's patterns."),
        in_query("using-named-graph-uri", graphs, "Named graphs of the update's patterns."),
    ]
    update = {"type": "string", "description": "A SPARQL update."}
    form = {
        "type": "object",
        "required": ["update"],
        "properties": {"update": update} | {each["name"]: each["schema"] for each in chosen},
    }
    return _operation(
        "update",
        "Change what a SPARQL update says, as far as the graph then conforms",
        parameters=[*chosen, *_ABOUT, _DRY_RUN, _IF_MATCH],
        requestBody={"required": True, "content": {UPDATE: {"schema": update}, FORM: {"schema": form}}},
        responses=_receipts(HTTPStatus.OK) | problems(body=True, more=_OF_TOKENS),
        security=_token("review"),
    )


def _read_graph() -> dict[str, Any]:
    rows = formats_for("CONSTRUCT")
    names = [name for row in rows for name in (row.name, *row.other_names)]
    media_types = [media_type for row in rows for media_type in (row.media_type, *row.other_media_types)]
    content = {media_type: {"schema": TEXT} for media_type in media_types}
    return _operation(
        "graph",
        "Read a graph; without a name the whole dataset, as N-Quads, TriG or JSON-LD, else the list of graphs",
        parameters=[
            *_GRAPH,
            in_query("format", {"type": "string", "enum": names}, "The format; else `Accept` chooses."),
        ],
        responses={"200": {"description": "The graph.", "content": content}} | problems(more=_NOT_FOUND),
    )


_GRAPH_WRITES: Final = {
    "put": "Replace a graph; without a name the whole dataset, as N-Quads, TriG or JSON-LD",
    "post": "Add to a graph, or without a name to the dataset, as N-Quads or TriG, with a token of scope review; "
    "without a name and in another format, to a new graph, with scope submit",
    "delete": "Delete a graph",
    "patch": "Change a graph by a SPARQL update that is about it alone",
}


def _write_graph(method: str) -> dict[str, Any]:
    bodies = {"put": _body(*_RDF), "post": _body(*_RDF, form={"file": _FILE}), "patch": _body(UPDATE)}
    body = {"requestBody": bodies[method]} if method in bodies else {}
    made = (HTTPStatus.CREATED, HTTPStatus.OK) if method in ("put", "post") else (HTTPStatus.OK,)
    missing = frozenset() if method in ("put", "post") else _NOT_FOUND
    return _operation(
        f"{method}_graph",
        _GRAPH_WRITES[method],
        parameters=[*_GRAPH, *_ABOUT, _DRY_RUN, _IF_MATCH],
        **body,
        responses=_receipts(*made) | problems(body=bool(body), more=_OF_TOKENS | missing),
        security=_token("submit" if method == "post" else "review"),
    )


def _history() -> dict[str, Any]:
    return _operation(
        "history",
        "List the commits, the latest first",
        parameters=[
            in_query("about", IRI, "Only those about a thing."),
            in_query("before", REVISION, "Only those before a revision."),
        ],
        responses={"200": {"description": "The commits.", "content": _told("History")}} | problems(),
    )


def _commit() -> dict[str, Any]:
    since = {"type": "integer", "minimum": 0}
    return _operation(
        "commit",
        "Tell of one commit all that it changed",
        parameters=[_REVISION, in_query("since", since, "Sum up all commits after this one.")],
        responses={"200": {"description": "The commit.", "content": _told("Commit")}} | problems(more=_NOT_FOUND),
    )


def _blame() -> dict[str, Any]:
    return _operation(
        "blame",
        "Tell who has brought a statement",
        parameters=[
            in_query("subject", IRI, "The subject of the statements."),
            in_query("predicate", IRI, "Their predicate."),
            in_query("object", TEXT, "Their object: an IRI, or a literal as N-Triples writes it."),
            in_query("statement", TEXT, "One statement instead, as N-Quads; it may be gone by now."),
        ],
        responses={"200": {"description": "Who has brought each.", "content": _told("Blame")}}
        | problems(more=_NOT_FOUND),
    )


_REVISION: Final = {"name": "revision", "in": "path", "required": True, "description": "A commit.", "schema": REVISION}


def _operation(name: str, summary: str, **members: Any) -> dict[str, Any]:
    return {"operationId": name, "tags": [_TAG], "summary": summary, **members}


def _token(scope: str) -> list[dict[str, list[str]]]:
    """Source: OpenAPI Specification 3.1 §4.8.30: the roles that are needed, for schemes without scopes of their own."""
    return [{"token": [scope]}]


def _body(*media_types: str, form: dict[str, Any] | None = None) -> dict[str, Any]:
    content: dict[str, Any] = {media_type: {"schema": TEXT} for media_type in media_types}
    if form:
        said = {each["name"]: each["schema"] for each in (*_ABOUT, _CLASS)}
        content[_MULTIPART] = {"schema": {"type": "object", "properties": form | said}}
    return {"required": True, "content": content}


def _with_entries(body: dict[str, Any]) -> dict[str, Any]:
    """A body that may also be entries, as a form sends them."""
    body["content"][ENTRIES] = {"schema": _ENTRIES}
    return body


def _told(schema: str) -> dict[str, Any]:
    return {JSON: {"schema": reference("schemas", schema)}, HTML: {"schema": TEXT}}


def _receipts(*statuses: HTTPStatus) -> dict[str, Any]:
    """What an accepted change is told by; with 200, a dry run has a report in its place."""
    headers = {
        "Location": {"description": "Where the commit is told of.", "schema": TEXT},
        "ETag": {"description": "The revision, for If-Match.", "schema": TEXT},
    }
    either = {"anyOf": [reference("schemas", "Receipt"), reference("schemas", "Report")]}
    created = {"description": "Accepted; a graph was made.", "headers": headers, "content": _told("Receipt")}
    content = _told("Receipt") | {JSON: {"schema": either}}
    fine = {
        "description": "Accepted, or so already; or the report of a dry run.",
        "headers": headers,
        "content": content,
    }
    return {str(int(status)): created if status == HTTPStatus.CREATED else fine for status in statuses}


def _reports() -> dict[str, Any]:
    content = _told("Report") | {media_type: {"schema": TEXT} for media_type in (PLAIN, *REPORT_TYPES)}
    return {"200": {"description": "The report, whether it conforms or not.", "content": content}}
