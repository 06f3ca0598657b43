"""What became of a submission, as an answer: a receipt, or a report, in the form that the client prefers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from flask import Response, render_template, request, url_for

from kg.desk import Receipt
from kg.web.negotiation import HTML, accepted_types, best_type
from kg.web.problems import REPORT_TYPES
from kg.web.service import service

_JSON: Final = "application/json"
_PLAIN: Final = "text/plain"
_HTML_TYPE: Final = f"{HTML}; charset=utf-8"
_REPORTS: Final = dict(zip(REPORT_TYPES, ("turtle", "jsonld", "ntriples"), strict=True))


def accepted_response(receipt: Receipt, status: int) -> Response:
    """What became of a submission, in the form that the client prefers."""
    told = {
        "revision": receipt.revision or service().ledger.head().revision,
        "changed": bool(receipt.revision),
        "seen": bool(receipt.number) or not receipt.revision,
        "graph": receipt.graph or None,
        "added": receipt.added,
        "removed": receipt.removed,
        "report": receipt.report,
    }
    if _report_type() == HTML:
        text, kind = render_template("receipt.html", **told), _HTML_TYPE
    else:
        text, kind = _json(told), _JSON
    response = Response(text, status=status, content_type=kind)
    response.headers["Location"] = url_for("history.commit", revision=told["revision"])
    response.headers["ETag"] = f'"{told["revision"]}"'
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    return response


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
