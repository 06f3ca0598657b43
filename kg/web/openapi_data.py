"""The paths of the OpenAPI document that tell of the dataset as a whole.

Source: OpenAPI Specification 3.1.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from kg.formats import formats_for
from kg.web.dumps import DUMPS, LINKS_PATH, TSV
from kg.web.encodings import PACKED
from kg.web.openapi_parts import TEXT, in_query, problems
from kg.web.signposts import LINKSET, LINKSET_PATH

TAG: Final = "Data"
_NOT_FOUND: Final = frozenset({HTTPStatus.NOT_FOUND})
_BYTES: Final = {"type": "string", "contentMediaType": PACKED}
_NAMES: Final = sorted({name for row in formats_for("CONSTRUCT") for name in (row.name, *row.other_names)})


def data_paths(*, links: bool) -> dict[str, Any]:
    """The paths, with all their operations; `links`: whether there is a mapping set."""
    paths = {
        "/data/dump.{extension}": {"get": _dump()},
        "/.well-known/void": {"get": _void()},
        LINKSET_PATH: {"get": _linkset()},
    }
    return paths | ({LINKS_PATH: {"get": _links()}} if links else {})


def _dump() -> dict[str, Any]:
    extensions = [dump.extension for dump in DUMPS]
    content: dict[str, Any] = {dump.row.media_type: {"schema": TEXT} for dump in DUMPS if not dump.packed}
    return {
        "operationId": "dump",
        "tags": [TAG],
        "summary": "All of the dataset as one file",
        "description": "With named graphs where the format has them, else the merge of the graphs.",
        "parameters": [
            {
                "name": "extension",
                "in": "path",
                "required": True,
                "description": "The format; with `.gz`, as a gzip file.",
                "schema": {"type": "string", "enum": extensions},
            }
        ],
        "responses": {
            "200": {"description": "The file.", "content": content | {PACKED: {"schema": _BYTES}}},
        }
        | problems(more=_NOT_FOUND),
    }


def _links() -> dict[str, Any]:
    return {
        "operationId": "links",
        "tags": [TAG],
        "summary": "The links to other data as a mapping set (SSSOM)",
        "responses": {"200": {"description": "The table.", "content": {TSV: {"schema": TEXT}}}}
        | problems(more=_NOT_FOUND),
    }


def _void() -> dict[str, Any]:
    content = {row.media_type: {"schema": TEXT} for row in formats_for("CONSTRUCT")}
    return {
        "operationId": "void",
        "tags": [TAG],
        "summary": "The dataset described as DCAT and VoID, with its partitions",
        "parameters": [
            in_query("format", {"type": "string", "enum": _NAMES}, "The format; else `Accept` chooses."),
        ],
        "responses": {"200": {"description": "The description.", "content": content}} | problems(),
    }


def _linkset() -> dict[str, Any]:
    return {
        "operationId": "linkset",
        "tags": [TAG],
        "summary": "The links of the dataset to its files and descriptions (RFC 9264)",
        "responses": {"200": {"description": "The links.", "content": {LINKSET: {"schema": {"type": "object"}}}}}
        | problems(),
    }
