"""Search: things by words, narrowed by facets, as a page and as JSON; names while somebody types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, current_app, render_template, request, url_for

from kg.discovery import Finder, Labels, Ready
from kg.search import Document, Found, Search
from kg.search import search as find
from kg.search import suggest as complete
from kg.store import Readable
from kg.web.findings import FacetView, FindingView, facet_views, finding_views, long_value, short_value
from kg.web.links import entity_path
from kg.web.negotiation import HTML, accepted_types, best_type
from kg.web.problems import Problem
from kg.web.service import Service, service
from kg.web.translation import printable

blueprint = Blueprint("search", __name__)

PATH: Final = "/search"
MOST_CHARACTERS: Final = 200
MOST_PAGES: Final = 50
MOST_SUGGESTIONS: Final = 20
PER_PAGE: Final = 20
"""Findings on a page."""

_SUGGESTED: Final = 10
_MOST_VALUES: Final = 20
_JSON: Final = "application/json"
_FINDER: Final = "kg.search"
_LABELS: Final = "kg.search.labels"


def install_search(app: Flask, of: Service) -> None:
    """Let an application keep the index of what its service serves."""
    settings = of.settings
    app.extensions[_FINDER] = Finder(settings.state, most_in_memory=settings.search_things, ledger=of.ledger)
    app.extensions[_LABELS] = Labels()


@blueprint.get(PATH)
def search() -> Response:
    """What is found by `q`, narrowed by the parameters named as the facets are; without `q`, all things by name."""
    chosen = _representation()
    snapshot = service().snapshot()
    ready = finder().ready(snapshot)
    base = snapshot.description.base
    text = _text()
    filters = {
        facet.name: tuple(long_value(value, base) for value in request.args.getlist(facet.name)[:_MOST_VALUES] if value)
        for facet in ready.facets
    }
    page = _number("page", default=1, most=MOST_PAGES)
    asked = Search(
        text,
        filters={name: values for name, values in filters.items() if values},
        facets=tuple(facet.name for facet in ready.facets),
        offset=(page - 1) * PER_PAGE,
        limit=PER_PAGE,
    )
    found = find(ready.index, asked)
    told = _told(snapshot, ready, asked=asked, found=found, page=page)
    if chosen == HTML:
        body, content_type = render_template("search.html", **told), f"{HTML}; charset=utf-8"
    else:
        body, content_type = _dumped(_document(told, snapshot)), _JSON
    return fresh(Response(body, content_type=content_type), ready, snapshot)


@blueprint.get(f"{PATH}/suggest")
def suggest() -> Response:
    """Things whose names may be going to be `q`, of one of the classes `kind` where some are given."""
    snapshot = service().snapshot()
    ready = finder().ready(snapshot)
    base = snapshot.description.base
    text = _text()
    kinds = [long_value(value, base) for value in request.args.getlist("kind")[:_MOST_VALUES] if value]
    limit = _number("limit", default=_SUGGESTED, most=MOST_SUGGESTIONS)
    found = complete(ready.index, text, kinds=kinds, limit=limit)
    labels = _labels().of(snapshot, (kind for one in found for kind in one.document.kinds[:1]))
    told = {
        "query": text,
        "suggestions": [
            {
                "iri": one.document.iri,
                "label": one.document.label,
                "kind": labels[one.document.kinds[0]] if one.document.kinds else "",
                "href": entity_path(one.document.iri, base),
                "matched": one.matched.text,
            }
            for one in found
        ],
    }
    return fresh(Response(_dumped(told), content_type=_JSON), ready, snapshot)


def documents_found(text: str, *, most: int) -> tuple[Document, ...]:
    """What the index knows of the things that a text finds, the best first.

    Raises:
        KgError: there is no index yet.
    """
    ready = finder().ready(service().snapshot())
    return tuple(hit.document for hit in find(ready.index, Search(printable(text), limit=most)).hits)


def _told(snapshot: Readable, ready: Ready, *, asked: Search, found: Found, page: int) -> dict[str, Any]:
    """What page and document tell."""
    base = snapshot.description.base
    shown = {value for counts in found.counts.values() for value, _ in counts[:PER_PAGE]}
    chosen = {value for values in asked.filters.values() for value in values}
    kinds = {kind for hit in found.hits for kind in hit.document.kinds[:1]}
    labels = _labels().of(snapshot, shown | chosen | kinds)
    parameters = _parameters(asked, base)
    last = min(MOST_PAGES, -(-found.total // PER_PAGE))
    return {
        "text": asked.text,
        "total": found.total,
        "loose": found.loose,
        "instead": found.instead,
        "instead_href": _href({**parameters, "q": [found.instead]}) if found.instead else "",
        "unfiltered_href": _href({"q": parameters["q"]}) if asked.filters else "",
        "findings": finding_views(found, labels, base),
        "facets": facet_views(
            ready.facets, found, asked.filters, labels=labels, base=base, href=_href, given=parameters
        ),
        "page": page,
        "before": _href({**parameters, "page": [str(page - 1)]}) if page > 1 else "",
        "after": _href({**parameters, "page": [str(page + 1)]}) if page < last else "",
        "first": asked.offset + 1,
        "most_pages": MOST_PAGES,
    }


def _document(told: Mapping[str, Any], snapshot: Readable) -> dict[str, Any]:
    facets: tuple[FacetView, ...] = told["facets"]
    findings: tuple[FindingView, ...] = told["findings"]
    return {
        "query": told["text"],
        "snapshot": snapshot.number,
        "total": told["total"],
        "page": told["page"],
        "next": told["after"] or None,
        "previous": told["before"] or None,
        "loose": told["loose"],
        "instead": told["instead"] or None,
        "findings": [one.document() for one in findings],
        "facets": [one.document() for one in facets],
    }


def _parameters(asked: Search, base: str) -> dict[str, list[str]]:
    chosen = {name: [short_value(value, base) for value in values] for name, values in asked.filters.items()}
    return {"q": [asked.text] if asked.text else [], **chosen}


def _href(parameters: Mapping[str, list[str]]) -> str:
    given = urlencode({name: values for name, values in parameters.items() if values}, doseq=True)
    return f"{url_for('search.search')}?{given}" if given else url_for("search.search")


def _text() -> str:
    text = printable(" ".join(request.args.get("q", "").split()))
    if len(text) > MOST_CHARACTERS:
        raise Problem(
            "bad-request",
            f"q has {len(text)} characters, and {MOST_CHARACTERS} is the most that is searched for",
            remedy="search for a few words",
        )
    return text


def _number(name: str, *, default: int, most: int) -> int:
    text = request.args.get(name, "") or str(default)
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 1 <= int(text) <= most):
        raise Problem("bad-request", f'{name}: "{text[:20]}" cannot be used', remedy=f"give a number from 1 to {most}")
    return int(text)


def _representation() -> str:
    """The media type of the answer: by name, or by the Accept header."""
    wanted = request.args.get("format", "")
    offers = {"json": _JSON, "html": HTML}
    if wanted and wanted not in offers:
        raise Problem("bad-request", f"{wanted[:20]} is no format for findings", remedy=f"use {' or '.join(offers)}")
    accept = request.headers.getlist("Accept")
    chosen = offers[wanted] if wanted else best_type(accepted_types(accept), list(offers.values()))
    if chosen is None:
        raise Problem(
            "not-acceptable",
            f"Findings cannot be written as {', '.join(accept)[:100]}",
            remedy=f"accept {' or '.join(offers.values())}",
        )
    return chosen


def fresh(response: Response, ready: Ready, snapshot: Readable) -> Response:
    """An answer that may be kept as long as the snapshot is current; not so where it tells of an earlier one."""
    if ready.mark.number != snapshot.number:
        response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    return response


def finder() -> Finder:
    """What keeps the index of this application."""
    return cast("Finder", current_app.extensions[_FINDER])


def _labels() -> Labels:
    return cast("Labels", current_app.extensions[_LABELS])


def _dumped(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"
