"""The paths of the OpenAPI document that search.

Source: OpenAPI Specification 3.1.
"""

from __future__ import annotations

from typing import Any, Final

from kg.web.negotiation import HTML
from kg.web.openapi_parts import IRI, JSON, TEXT, in_query, problems
from kg.web.search import MOST_CHARACTERS, MOST_PAGES, MOST_SUGGESTIONS

_TAG: Final = "Search"
_COUNT: Final = {"type": "integer", "minimum": 0}
_LINK: Final = {"type": ["string", "null"]}
_WORDS: Final = {"type": "string", "maxLength": MOST_CHARACTERS}
_VALUES: Final = {"type": "array", "items": TEXT}
_FACET: Final = (
    "Values of the facet {name}, of which a finding has one: texts, or IRIs; one below the base IRI without it."
)


def search_paths() -> dict[str, Any]:
    """The paths, with all their operations."""
    return {"/search": {"get": _search()}, "/search/suggest": {"get": _suggest()}}


def _search() -> dict[str, Any]:
    return {
        "operationId": "search",
        "tags": [_TAG],
        "summary": "Find things by words",
        "description": (
            "Things with just this name come first. The answer names the facets that there are; each is also the name "
            "of a parameter."
        ),
        "parameters": [
            in_query("q", _WORDS, "Names, acronyms or words; all things where it is empty."),
            in_query("kind", _VALUES, _FACET.format(name="kind")),
            in_query("page", {"type": "integer", "minimum": 1, "maximum": MOST_PAGES}, "The page of the findings."),
            in_query("format", {"type": "string", "enum": ["json", "html"]}, "The format; else `Accept` chooses."),
        ],
        "responses": {
            "200": {
                "description": "What is found.",
                "content": {JSON: {"schema": _FOUND}, HTML: {"schema": TEXT}},
            }
        }
        | problems(),
    }


def _suggest() -> dict[str, Any]:
    return {
        "operationId": "suggest",
        "tags": [_TAG],
        "summary": "Complete a name",
        "parameters": [
            in_query("q", _WORDS, "The beginning of a name or of words in it."),
            in_query("kind", {"type": "array", "items": TEXT}, "Only things of one of these classes."),
            in_query("limit", {"type": "integer", "minimum": 1, "maximum": MOST_SUGGESTIONS}, "How many at most."),
        ],
        "responses": {"200": {"description": "The best first.", "content": {JSON: {"schema": _SUGGESTED}}}}
        | problems(),
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_FINDING: Final = _object(
    {
        "iri": IRI,
        "label": TEXT,
        "href": TEXT,
        "kind": TEXT,
        "kinds": _array(IRI),
        "names": _array(_object({"text": TEXT, "language": TEXT, "role": TEXT})),
        "dates": _array(TEXT),
        "also": _LINK,
        "snippet": _array(_object({"text": TEXT, "marked": {"type": "boolean"}})),
        "score": {"type": "number"},
    }
)
_VALUE: Final = _object({"value": TEXT, "label": TEXT, "count": _COUNT, "chosen": {"type": "boolean"}, "href": TEXT})
_FOUND: Final = _object(
    {
        "query": TEXT,
        "snapshot": _COUNT,
        "total": _COUNT,
        "page": _COUNT,
        "next": _LINK,
        "previous": _LINK,
        "loose": {"type": "boolean", "description": "Nothing has all of the words; these have some of them."},
        "instead": {"type": ["string", "null"], "description": "What was probably meant."},
        "findings": _array(_FINDING),
        "facets": _array(_object({"name": TEXT, "label": TEXT, "values": _array(_VALUE)})),
    }
)
_SUGGESTED: Final = _object(
    {
        "query": TEXT,
        "suggestions": _array(_object({"iri": IRI, "label": TEXT, "kind": TEXT, "href": TEXT, "matched": TEXT})),
    }
)
