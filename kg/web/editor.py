"""The editor for SPARQL: its page, the words that it completes, the stored questions as examples, names for answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import astuple
from itertools import groupby
from typing import Any, Final

from flask import Blueprint, Response, current_app, render_template, request, url_for

from kg.answer import labels_of
from kg.completion import words_of
from kg.formats import formats_for
from kg.namespaces import PREFIXES
from kg.queries import StoredQuery
from kg.web.links import entity_path
from kg.web.problems import Problem
from kg.web.protocol import PAST
from kg.web.question_pages import group_title
from kg.web.service import service

blueprint = Blueprint("editor", __name__)

PATH: Final = "/query"
MOST_NAMES: Final = 1000
"""How many things are named at once."""

_FIRST_QUERY: Final = "SELECT ?subject ?predicate ?object WHERE {\n  ?subject ?predicate ?object\n}\nLIMIT 100"
_TIMES: Final = (5, 15, 30, 60, 120, 300, 600)
_GRAPHS: Final = ("default-graph-uri", "named-graph-uri")
_KINDS_OF_ANSWER: Final = {"solutions": "SELECT", "boolean": "ASK", "graph": "CONSTRUCT"}
_SUGGESTIONS: Final = "search.suggest"


@blueprint.get(PATH)
def editor() -> str:
    """The editor with a query in it: the one in `query=`, the stored question named by `example=`, or a first one.

    Raises:
        Problem: there is no such stored question.
    """
    contents = service().contents()
    example = _example(request.args.get("example", ""), contents.questions)
    groups = [
        (group_title(group), list(members))
        for group, members in groupby(contents.questions, lambda stored: stored.group)
    ]
    most_seconds = service().settings.query_seconds
    return render_template(
        "editor.html",
        query=example.text if example else request.args.get("query") or _FIRST_QUERY,
        example=example,
        groups=groups,
        times=[*(seconds for seconds in _TIMES if seconds < most_seconds), most_seconds],
        chosen_time=request.args.get("timeout", str(most_seconds)),
        past={name: request.args.get(name, "") for name in PAST},
        graphs=[(name, graph) for name in _GRAPHS for graph in request.args.getlist(name)],
        settings=_settings(),
    )


@blueprint.get(f"{PATH}/words")
def words() -> Response:
    """What a query can be completed with: prefixes, and classes and properties with the most used first.

    A word is a list: IRI, role, label, definition, number of uses.
    """
    snapshot = service().snapshot()
    prefixes = PREFIXES | snapshot.description.prefixes
    return _json({"prefixes": prefixes, "words": [astuple(word) for word in words_of(snapshot)]})


@blueprint.get(f"{PATH}/examples")
def examples() -> Response:
    """The texts of the stored questions by identifier, and how the answer is best looked at."""
    questions = service().contents().questions
    return _json({stored.identifier: {"text": stored.text, "view": dict(stored.view)} for stored in questions})


@blueprint.post(f"{PATH}/names")
def names() -> Response:
    """What things are called, and where their pages are: for a list of IRIs each one's label and address.

    A thing without a name has an empty label.

    Raises:
        Problem: the body is no list of texts, or names too many things.
    """
    iris = request.get_json(silent=True)
    if not isinstance(iris, list) or not all(isinstance(iri, str) for iri in iris):
        raise Problem("bad-request", "the body is no list of IRIs", remedy="send a JSON array of texts")
    if len(iris) > MOST_NAMES:
        remedy = f"ask for at most {MOST_NAMES:,} at once"
        raise Problem("bad-request", f"{len(iris):,} things are asked for at once", remedy=remedy)
    snapshot = service().snapshot()
    labels = labels_of(snapshot, set(iris))
    base = snapshot.description.base
    return _json({iri: (labels.get(iri, ""), entity_path(iri, base)) for iri in iris})


def _settings() -> Mapping[str, Any]:
    """What the script of the page has to know: addresses, and the formats of each kind of answer."""
    suggestions = url_for(_SUGGESTIONS) if _SUGGESTIONS in current_app.view_functions else ""
    return {
        "editor": url_for("editor.editor"),
        "endpoint": url_for("sparql.endpoint"),
        "words": url_for("editor.words"),
        "examples": url_for("editor.examples"),
        "names": url_for("editor.names"),
        "suggestions": suggestions,
        "formats": {
            kind: [[row.name, row.label, row.extension] for row in formats_for(form) if row.name != "html"]
            for kind, form in _KINDS_OF_ANSWER.items()
        },
    }


def _example(identifier: str, questions: tuple[StoredQuery, ...]) -> StoredQuery | None:
    if not identifier:
        return None
    found = next((stored for stored in questions if stored.identifier == identifier), None)
    if found is None:
        raise Problem(
            "not-found",
            f"There is no question {identifier[:200]}",
            remedy=f"{url_for('questions.question_list')} lists all questions",
        )
    return found


def _json(document: Any) -> Response:
    return Response(json.dumps(document, ensure_ascii=False), content_type="application/json")
