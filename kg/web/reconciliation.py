"""Reconciliation for tables (OpenRefine and others): manifest, batches, suggestions, previews, columns of values.

All of it only reads, and pages of other origins may read it; answers are never wrapped in scripts (JSONP).

Source: Reconciliation Service API 0.2, W3C Entity Reconciliation Community Group, final report of 10 April 2023.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from flask import Blueprint, Response, current_app, render_template, request, url_for

from kg.discovery import Ready
from kg.reconciliation import (
    Candidate,
    Schema,
    SchemaTerm,
    extend,
    proposals,
    read_schema,
    reconcile,
    suggest_terms,
)
from kg.search import Document, Suggestion
from kg.search import suggest as complete
from kg.store import Readable
from kg.web.links import ABOUT_PATH, TERMS, THINGS, base_iri, entity_path
from kg.web.negotiation import HTML
from kg.web.problems import Problem
from kg.web.reconciliation_request import (
    MOST_QUERIES,
    read_batch,
    read_extension,
    read_number,
    read_parameters,
    read_types,
)
from kg.web.search import finder, fresh
from kg.web.service import asked_request, service
from kg.web.translation import printable

blueprint = Blueprint("reconciliation", __name__)

PATH: Final = "/reconcile"
PREVIEW_PATH: Final = f"{PATH}/preview"
MOST_PREFIX_CHARACTERS: Final = 200
MOST_SKIPPED: Final = 1000
MOST_PROPOSED: Final = 200

_SUGGESTED: Final = 10
_MOST_ASKED: Final = 1_000_000
_PREVIEW_WIDTH: Final = 430
_PREVIEW_HEIGHT: Final = 300
_PREVIEW_NAMES: Final = 8
_PREVIEW_DATES: Final = 4
_DESCRIPTION_CHARACTERS: Final = 200
# Source: Content Security Policy Level 3. A preview is made to stand in a frame of another page. It has no form and no
# script, and nothing in it acts, so there is nothing that a page around it could have a reader press.
_FRAMED_POLICY: Final = (
    "default-src 'none'; script-src 'none'; style-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors *"
)


@dataclass(frozen=True)
class _State:
    """What one request is answered from."""

    snapshot: Readable
    ready: Ready
    schema: Schema


class Schemas:
    """The types and properties of the current snapshot, read once for each."""

    def __init__(self) -> None:
        self._held: Schema | None = None

    def of(self, snapshot: Readable, ready: Ready) -> Schema:
        """Those of a snapshot.

        Raises:
            QueryError: the engine cannot evaluate a query.
        """
        held = self._held
        if held is None or held.number != snapshot.number:
            held = self._held = read_schema(snapshot, ready)
        return held


@blueprint.route(PATH, methods=["GET", "POST"])
def endpoint() -> Response:
    """The manifest, or the answer to a batch of queries or to a data extension query."""
    given = read_parameters(asked_request(request))
    state = _state()
    if "queries" in given and "extend" in given:
        raise Problem("bad-request", "both queries and extend are given", remedy="send one of them")
    if "queries" in given:
        batch = read_batch(given["queries"], state.schema)
        found = reconcile(state.snapshot, state.ready.index, state.schema, batch)
        return _answer({key: {"result": [_told(one, state) for one in each]} for key, each in found.items()}, state)
    if "extend" in given:
        return _extension(given["extend"], state)
    if request.method == "POST" or "query" in given:
        raise Problem(
            "bad-request",
            "there is neither a batch of queries nor a data extension query in the request",
            remedy='send `queries={"q0": {"query": "a name"}}` as a form',
        )
    return _answer(_manifest(state), state)


@blueprint.get(f"{PATH}/suggest/entity")
def entity() -> Response:
    """Things whose names may be going to be what is written, of a type where one is given."""
    given, state = read_parameters(asked_request(request)), _state()
    kinds = tuple(read_types(given, state.schema))
    text, skipped = _prefix(given)
    known = state.ready.index.document(text) if ":" in text else None
    documents = [known] if known else [one.document for one in _completed(text, kinds, state, skipped=skipped)]
    told = [_described(each) | {"notable": _kinds(each, state.schema)} for each in documents]
    return _answer({"result": told}, state)


@blueprint.get(f"{PATH}/suggest/type")
def type_() -> Response:
    """Types whose names have words that begin so."""
    state = _state()
    return _suggested(state.schema.types.values(), state)


@blueprint.get(f"{PATH}/suggest/property")
def property_() -> Response:
    """Properties whose names have words that begin so."""
    state = _state()
    return _suggested(state.schema.properties.values(), state)


@blueprint.get(f"{PATH}/properties")
def properties() -> Response:
    """The properties that things of a type may have, those that are used most first."""
    given, state = read_parameters(asked_request(request)), _state()
    read_types(given, state.schema)
    wanted = given.get("type", "")
    limit = min(read_number(given, "limit", default=MOST_PROPOSED, most=_MOST_ASKED), MOST_PROPOSED)
    found = proposals(state.schema, wanted)[:limit]
    told = {"type": wanted, "limit": limit, "properties": [{"id": term.iri, "name": term.name} for term in found]}
    return _answer(told, state)


@blueprint.get(PREVIEW_PATH)
def preview() -> Response:
    """A small page about a thing, for a frame in the page of a client."""
    given, state = read_parameters(asked_request(request)), _state()
    document = state.ready.index.document(given.get("id", ""))
    if document is None:
        raise Problem(
            "not-found",
            f'Nothing is known of "{printable(given.get("id", "")[:MOST_PREFIX_CHARACTERS])}"',
            remedy="give as `id` the IRI of a candidate",
        )
    page = render_template(
        "reconcile_preview.html",
        document=document,
        address=entity_path(document.iri, base_iri()),
        kind=next((kind["name"] for kind in _kinds(document, state.schema)), ""),
        names=document.names[1 : _PREVIEW_NAMES + 1],
        dates=document.dates[:_PREVIEW_DATES],
    )
    response = Response(page, content_type=f"{HTML}; charset=utf-8")
    response.headers["Content-Security-Policy"] = _FRAMED_POLICY
    return fresh(response, state.ready, state.snapshot)


def _manifest(state: _State) -> dict[str, Any]:
    root = url_for("reconciliation.endpoint", _external=True)
    base = state.snapshot.description.base or url_for("pages.landing", _external=True)
    site = root.removesuffix(PATH)

    def suggester(kind: str) -> dict[str, str]:
        return {"service_url": root, "service_path": f"/suggest/{kind}"}

    return {
        "versions": ["0.2"],
        "name": service().title,
        "identifierSpace": f"{base}{THINGS}",
        "schemaSpace": f"{base}{TERMS}",
        "defaultTypes": [{"id": iri, "name": state.schema.names[iri]} for iri in state.schema.general],
        "documentation": f"{site}/openapi.json",
        "batchSize": MOST_QUERIES,
        "view": {"url": f"{site}{ABOUT_PATH}?iri={{{{id}}}}"},
        "preview": {
            "url": f"{site}{PREVIEW_PATH}?id={{{{id}}}}",
            "width": _PREVIEW_WIDTH,
            "height": _PREVIEW_HEIGHT,
        },
        "suggest": {kind: suggester(kind) for kind in ("entity", "type", "property")},
        "extend": {
            "propose_properties": {"service_url": root, "service_path": "/properties"},
            "property_settings": [
                {
                    "name": "limit",
                    "label": "Most values",
                    "type": "number",
                    "default": 0,
                    "help_text": "How many values of each thing; 0 for all of them",
                }
            ],
        },
    }


def _extension(text: str, state: _State) -> Response:
    things, columns = read_extension(text, state.schema)
    extended = extend(state.snapshot, state.schema, things=things, columns=columns)
    meta = [
        {"id": term.iri, "name": term.name} | ({"type": {"id": kind.iri, "name": kind.name}} if kind else {})
        for term, kind in extended.columns
    ]
    return _answer({"meta": meta, "rows": extended.rows}, state)


def _told(candidate: Candidate, state: _State) -> dict[str, Any]:
    return _described(candidate.document) | {
        "type": _kinds(candidate.document, state.schema),
        "score": candidate.score,
        "match": candidate.match,
        "features": [{"id": name, "value": value} for name, value in candidate.features.items()],
    }


def _described(document: Document) -> dict[str, Any]:
    text = next(iter(document.descriptions), "")
    shown = text if len(text) <= _DESCRIPTION_CHARACTERS else f"{text[: _DESCRIPTION_CHARACTERS - 1]}…"
    return {"id": document.iri, "name": document.label} | ({"description": shown} if shown else {})


def _kinds(document: Document, schema: Schema) -> list[dict[str, str]]:
    return [{"id": kind, "name": schema.names[kind]} for kind in document.kinds if kind in schema.names]


def _completed(text: str, kinds: Collection[str], state: _State, *, skipped: int) -> tuple[Suggestion, ...]:
    return complete(state.ready.index, text, kinds=tuple(kinds), limit=skipped + _SUGGESTED)[skipped:]


def _suggested(terms: Collection[SchemaTerm], state: _State) -> Response:
    text, skipped = _prefix(read_parameters(asked_request(request)))
    found = suggest_terms(terms, text)[skipped : skipped + _SUGGESTED]
    told = [
        {"id": term.iri, "name": term.name} | ({"description": term.description} if term.description else {})
        for term in found
    ]
    return _answer({"result": told}, state)


def _prefix(given: Mapping[str, str]) -> tuple[str, int]:
    """What somebody has written, and how many suggestions are skipped."""
    text = " ".join(printable(given.get("prefix", "")).split())
    if len(text) > MOST_PREFIX_CHARACTERS:
        raise Problem(
            "bad-request",
            f"prefix has {len(text):,} characters, and {MOST_PREFIX_CHARACTERS} is the most",
            remedy="send the beginning of a name",
        )
    return text, read_number(given, "cursor", default=0, most=MOST_SKIPPED)


def _state() -> _State:
    snapshot = service().snapshot()
    ready = finder().ready(snapshot)
    return _State(snapshot, ready, cast("Schemas", current_app.extensions["kg.schemas"]).of(snapshot, ready))


def _answer(told: Mapping[str, Any], state: _State) -> Response:
    # All beyond ASCII is escaped, since keys come back as they were sent, half characters too.
    return fresh(Response(json.dumps(told) + "\n", content_type="application/json"), state.ready, state.snapshot)
