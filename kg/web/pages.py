"""Pages for people: the first page, and what each kind of problem means."""

from __future__ import annotations

from itertools import islice
from typing import Final

from flask import Blueprint, Response, render_template

from kg.errors import LedgerDamaged
from kg.queries import StoredQuery
from kg.store import Summary
from kg.web.commits import summary_of
from kg.web.dumps import downloads
from kg.web.negotiation import HTML
from kg.web.problems import KINDS, Problem
from kg.web.service import Contents, service
from kg.web.signposts import dataset_signposts, put_up

blueprint = Blueprint("pages", __name__)

_MOST_QUESTIONS: Final = 8
_MOST_CLASSES: Final = 30
_MOST_COMMITS: Final = 5


@blueprint.get("/")
def landing() -> Response:
    """What this is, a place to search, questions to begin with, what it holds, and what changed last."""
    contents = service().contents()
    told_about = {name for query in contents.pages for name in query.about}
    classes = [row for row in contents.overview.classes if row.iri in told_about] or contents.overview.classes
    page = render_template(
        "landing.html",
        overview=contents.overview,
        classes=classes[:_MOST_CLASSES],
        questions=_first_questions(contents),
        question_count=len(contents.questions),
        commits=_latest_commits(),
        snapshot=contents.number,
    )
    return put_up(Response(page, content_type=f"{HTML}; charset=utf-8"), dataset_signposts(downloads()))


def _first_questions(contents: Contents) -> list[StoredQuery]:
    """Those that the content puts first by the `order` of their headers; where it puts none, the first there are."""
    ordered = sorted((query for query in contents.questions if query.order), key=lambda query: query.order)
    return [*(ordered or contents.questions)][:_MOST_QUESTIONS]


def _latest_commits() -> list[Summary]:
    ledger = service().ledger
    try:
        return [summary_of(revision) for revision in islice(range(ledger.head().revision, 0, -1), _MOST_COMMITS)]
    except LedgerDamaged:  # what can be read is still worth a page
        return []


@blueprint.get("/problems/<slug>")
def problem_kind(slug: str) -> str:
    """What a kind of problem means: the page behind the `type` of a problem document.

    Source: RFC 9457 §3.1.1.
    """
    if slug not in KINDS:
        raise Problem("not-found", f"There is no kind of problem called {slug}", remedy="start from the first page")
    kind = KINDS[slug]
    return render_template("problem.html", problem={"title": kind.title, "detail": kind.meaning, "status": kind.status})
