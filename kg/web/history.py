"""What was accepted, by whom, when and from which source: read from the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from flask import Blueprint, Response, render_template, request, url_for

from kg.store import Commit, Ledger
from kg.web.negotiation import accepted_types, prefers_html
from kg.web.problems import Problem
from kg.web.service import service

blueprint = Blueprint("history", __name__)

_MOST_COMMITS: Final = 100
_MOST_LINES: Final = 1000


@blueprint.get("/history")
def history() -> Response:
    """The commits, the latest first: all, those before a revision (`before`), those about a thing (`about`)."""
    ledger = _ledger()
    about = request.args.get("about", "")
    before = _number("before")
    commits = ledger.about(about) if about else _backwards(ledger)
    wanted = (commit for commit in commits if before is None or commit.revision < before)
    found = [*islice(wanted, _MOST_COMMITS + 1)]
    shown = [_summary(commit) for commit in found[:_MOST_COMMITS]]
    older = None
    if len(found) > _MOST_COMMITS:
        older = url_for("history.history", before=found[_MOST_COMMITS - 1].revision, about=about or None)
    return _response({"about": about or None, "commits": shown, "older": older}, "history.html")


@blueprint.get("/history/<int:revision>")
def commit(revision: int) -> Response:
    """One commit: what was added and removed. `since` gives the sum of all commits after an earlier revision."""
    ledger = _ledger()
    since = _number("since")
    found = ledger.read(revision)
    changes = found.changeset if since is None else ledger.diff(since, revision)
    told = _summary(found) | {
        "since": since,
        "statements": {
            "added": list(changes.added[:_MOST_LINES]),
            "removed": list(changes.removed[:_MOST_LINES]),
        },
        "more": max(0, len(changes.added) - _MOST_LINES) + max(0, len(changes.removed) - _MOST_LINES),
    }
    return _response(told, "commit.html")


def _ledger() -> Ledger:
    return service().ledger


def _backwards(ledger: Ledger) -> Iterator[Commit]:
    before = _number("before")
    last = ledger.head().revision if before is None else min(before - 1, ledger.head().revision)
    return (ledger.read(revision) for revision in range(last, 0, -1))


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise Problem("bad-request", f'{name}: "{text}" is no revision', remedy="give a number")
    return int(text)


def _summary(commit: Commit) -> dict[str, Any]:
    return {
        "revision": commit.revision,
        "time": commit.time,
        "author": commit.author,
        "message": commit.message,
        "source": commit.source,
        "digest": commit.digest,
        "added": len(commit.changeset.added),
        "removed": len(commit.changeset.removed),
        "href": url_for("history.commit", revision=commit.revision),
    }


def _response(told: dict[str, Any], template: str) -> Response:
    if prefers_html(accepted_types(request.headers.getlist("Accept"))):
        response = Response(render_template(template, **told), content_type="text/html; charset=utf-8")
    else:
        response = Response(json.dumps(told, ensure_ascii=False, indent=1) + "\n", content_type="application/json")
    response.vary.add("Accept")
    response.headers["Cache-Control"] = "no-cache"
    return response
