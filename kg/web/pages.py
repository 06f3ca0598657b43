"""Pages for people: the first page, and what each kind of problem means."""

from __future__ import annotations

from itertools import groupby

from flask import Blueprint, render_template

from kg.web.problems import KINDS, Problem
from kg.web.service import service

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def landing() -> str:
    """What this is, what it holds, and the questions it answers, each as a link that runs."""
    contents = service().contents()
    groups = [(group, list(questions)) for group, questions in groupby(contents.questions, lambda query: query.group)]
    return render_template(
        "landing.html",
        overview=contents.overview,
        groups=groups,
        question_count=len(contents.questions),
        snapshot=contents.number,
    )


@blueprint.get("/problems/<slug>")
def problem_kind(slug: str) -> str:
    """What a kind of problem means: the page behind the `type` of a problem document.

    Source: RFC 9457 §3.1.1.
    """
    if slug not in KINDS:
        raise Problem("not-found", f"There is no kind of problem called {slug}", remedy="start from the first page")
    kind = KINDS[slug]
    return render_template("problem.html", problem={"title": kind.title, "detail": kind.meaning, "status": kind.status})
