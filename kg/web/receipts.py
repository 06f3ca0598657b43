"""What became of a submission, as an answer: a receipt, or a report, in the form that the client prefers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from flask import Response, render_template, request, url_for

from kg.answer import labels_of
from kg.desk import Receipt
from kg.namespaces import shorten
from kg.store import texts_of
from kg.web.negotiation import HTML, accepted_types, best_type
from kg.web.problems import REPORT_TYPES
from kg.web.service import service

_JSON: Final = "application/json"
_PLAIN: Final = "text/plain"
_HTML_TYPE: Final = f"{HTML}; charset=utf-8"
_MOST_LINES: Final = 2_000
_MOST_THINGS: Final = 50
_REPORTS: Final = dict(zip(REPORT_TYPES, ("turtle", "jsonld", "ntriples"), strict=True))


def accepted_response(receipt: Receipt, status: int) -> Response:
    """What became of a submission, in the form that the client prefers."""
    told = told_of_acceptance(receipt)
    if _report_type() == HTML:
        text, kind = render_template("receipt.html", **told, things=things_in(receipt)), _HTML_TYPE
    else:
        text, kind = _json(told), _JSON
    response = Response(text, status=status, content_type=kind)
    response.headers["Location"] = url_for("history.commit", revision=told["revision"])
    response.headers["ETag"] = f'"{told["revision"]}"'
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    return response


def receipt_page(receipt: Receipt, status: int) -> Response:
    """The page that tells what became of a submission, and where it can be seen now."""
    told = told_of_acceptance(receipt)
    body = render_template("receipt.html", **told, things=things_in(receipt))
    response = Response(body, status=status, content_type=_HTML_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


def things_in(receipt: Receipt) -> list[tuple[str, str]]:
    """The first things that a submission says something of, with what they are called; those with a name first."""
    if not receipt.revision:
        return []
    lines = service().ledger.read(receipt.revision).changeset.added[:_MOST_LINES]
    own = [texts_of(line)[0] for line in lines if line.endswith(f" <{receipt.graph}> .")]
    found = [iri for iri in dict.fromkeys(own) if ":" in iri and iri != receipt.graph]
    snapshot = service().snapshot()
    names = labels_of(snapshot, found)
    prefixes = dict(snapshot.description.prefixes)
    told = [(iri, names.get(iri) or shorten(iri, prefixes)) for iri in found]
    return sorted(told, key=lambda each: each[0] not in names)[:_MOST_THINGS]


def told_of_acceptance(receipt: Receipt) -> dict[str, Any]:
    """What became of a submission, as JSON members."""
    return {
        "revision": receipt.revision or service().ledger.head().revision,
        "changed": bool(receipt.revision),
        "seen": bool(receipt.number) or not receipt.revision,
        "graph": receipt.graph or None,
        "added": receipt.added,
        "removed": receipt.removed,
        "report": receipt.report,
    }


def judged_response(receipt: Receipt) -> Response:
    """The report in the form that the client prefers."""
    wanted = _report_type()
    if receipt.rdf:
        text, kind = receipt.rdf, wanted
    elif wanted == HTML:
        text, kind = render_template("report.html", report=receipt.report), _HTML_TYPE
    elif wanted == _PLAIN:
        text, kind = receipt.text or "conforms\n", f"{_PLAIN}; charset=utf-8"
    else:
        text, kind = _json(receipt.report), _JSON
    response = Response(text, content_type=kind)
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    return response


def report_format() -> str:
    """The RDF format of the report that the client prefers; empty where it prefers none."""
    return _REPORTS.get(_report_type(), "")


def _report_type() -> str:
    """The media type of the report that the client prefers."""
    offers = (_JSON, HTML, _PLAIN, *_REPORTS)
    return best_type(accepted_types(request.headers.getlist("Accept")), offers) or _JSON


def _json(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"
