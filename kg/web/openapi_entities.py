"""The paths of the OpenAPI document that tell of a thing.

Source: OpenAPI Specification 3.1.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from kg.formats import formats_for
from kg.web.documents import DOCUMENTS
from kg.web.links import ABOUT_PATH, THINGS
from kg.web.openapi_parts import IRI, TEXT, in_query, past_parameters, problems

_TAG: Final = "Things"
_NOT_FOUND: Final = frozenset({HTTPStatus.NOT_FOUND})
_NAMES: Final = sorted({name for row in formats_for("CONSTRUCT") for name in (row.name, *row.other_names)})
_FORMAT: Final = in_query(
    "format", {"type": "string", "enum": _NAMES}, "The format of the description; else `Accept` chooses."
)


def entity_paths() -> dict[str, Any]:
    """The paths, with all their operations."""
    return {f"/{THINGS}{{path}}": {"get": _thing()}, ABOUT_PATH: {"get": _about()}}


def _thing() -> dict[str, Any]:
    extensions = ", ".join(f"`.{extension}`" for extension in DOCUMENTS)
    return {
        "operationId": "thing",
        "tags": [_TAG],
        "summary": "Describe the thing whose IRI has this path",
        "description": (
            "The description holds what is said of the thing, on what evidence, and what leads to it. The thing itself "
            f"leads to a document; a document has one of the extensions {extensions}."
        ),
        "parameters": [
            {
                "name": "path",
                "in": "path",
                "required": True,
                "description": "The rest of the IRI; slashes stand as they are.",
                "schema": TEXT,
            },
            _FORMAT,
            *past_parameters(),
        ],
        "responses": {
            "200": {
                "description": "The description.",
                "content": {document.media_type: {"schema": TEXT} for document in DOCUMENTS.values()},
            },
            "303": {
                "description": "Where the description is.",
                "headers": {"Location": {"schema": {"type": "string", "format": "uri-reference"}}},
            },
        }
        | problems(more=_NOT_FOUND),
    }


def _about() -> dict[str, Any]:
    iri = in_query("iri", IRI, "The IRI of the thing, wherever it leads.") | {"required": True}
    return {
        "operationId": "about",
        "tags": [_TAG],
        "summary": "Describe any thing",
        "parameters": [iri, _FORMAT, *past_parameters()],
        "responses": {
            "200": {
                "description": "The description.",
                "content": {row.media_type: {"schema": TEXT} for row in formats_for("CONSTRUCT")},
            },
            "303": {
                "description": "The address of a thing that has one here.",
                "headers": {"Location": {"schema": {"type": "string", "format": "uri-reference"}}},
            },
        }
        | problems(more=_NOT_FOUND),
    }
