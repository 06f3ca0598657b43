"""What was accepted, by whom, when and from which source: read from the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from flask import Blueprint, Response, render_template, request, url_for

from kg.blame import Pattern, blame, blame_statement
from kg.store import Ledger, Summary
from kg.web.commits import summary_of
from kg.web.negotiation import accepted_types, prefers_html
from kg.web.problems import Problem
from kg.web.service import service

blueprint = Blueprint("history", __name__)

BLAME_PATH: Final = "/blame"

_MOST_COMMITS: Final = 100
_MOST_LINES: Final = 1000


@blueprint.get("/history")
def history() -> Response:
    """The commits, the latest first: all, those before a revision (`before`), those about a thing (`about`)."""
    ledger = _ledger()
    about = request.args.get("about", "")
    before = _number("before")
    named = map(summary_of, ledger.revisions_about(about)) if about else None
    commits = named or _backwards(ledger)
    wanted = (commit for commit in commits if before is None or commit.revision < before)
    found = [*islice(wanted, _MOST_COMMITS + 1)]
    shown = [_summary(commit) for commit in found[:_MOST_COMMITS]]
    older = None
    if len(found) > _MOST_COMMITS:
        older = url_for("history.history", before=found[_MOST_COMMITS - 1].revision, about=about or None)
    return _response({"about": about or None, "commits": shown, "older": older}, "history.html")


@blueprint.get(BLAME_PATH)
def blamed() -> Response:
    """Who has brought a statement: one (`statement`, as N-Quads), or each that the graph has of a `subject`, perhaps
    with a `predicate` and an `object`."""
    said = {name: request.args.get(name, "").strip() for name in ("statement", "subject", "predicate", "object")}
    snapshot, ledger = service().snapshot(), _ledger()
    if said["statement"]:
        one = blame_statement(snapshot, ledger, said["statement"])
        found, more = [one] if one else [], False
    elif said["subject"]:
        found, more = blame(snapshot, ledger, Pattern(said["subject"], said["predicate"], said["object"]))
    else:
        raise Problem(
            "bad-request",
            "no statement is named",
            remedy=f"name a subject, as {BLAME_PATH}?subject=…, perhaps with predicate= and object=; or a statement=",
        )
    if not found:
        raise Problem(
            "not-found",
            "There is no such statement",
            remedy="write a statement as /history/… does; /history?about=… also tells of what is no longer there",
        )
    told = [
        {"statement": each.statement, "commit": _summary(each.commit), "sources": [*each.sources]} for each in found
    ]
    return _response({"statements": told, "more": more}, "blame.html")


@blueprint.get("/history/<int:revision>")
def commit(revision: int) -> Response:
    """One commit: what was added and removed. `since` gives the sum of all commits after an earlier revision."""
    ledger = _ledger()
    since = _number("since")
    found = summary_of(revision)
    changes = ledger.read(revision).changeset if since is None else ledger.diff(since, revision)
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


def _backwards(ledger: Ledger) -> Iterator[Summary]:
    before = _number("before")
    last = ledger.head().revision if before is None else min(before - 1, ledger.head().revision)
    return (summary_of(revision) for revision in range(last, 0, -1))


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise Problem("bad-request", f'{name}: "{text}" is no revision', remedy="give a number")
    return int(text)


def _summary(commit: Summary) -> dict[str, Any]:
    return {
        "revision": commit.revision,
        "time": commit.time,
        "author": commit.author,
        "message": commit.message,
        "source": commit.source,
        "digest": commit.digest,
        "added": commit.added,
        "removed": commit.removed,
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
