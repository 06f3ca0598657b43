"""The stored questions: an address for each, with typed parameters; the list of them; their OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final
from urllib.parse import quote

from flask import Blueprint, Response, render_template, request, url_for

from kg.errors import ServiceFailed
from kg.formats import formats_for
from kg.queries import HIDDEN, StoredQuery
from kg.web.asked import (
    PATH,
    Question,
    bad,
    find_question,
    given_values,
    not_answered,
    plan_question,
    plan_read,
    read_question,
    shown,
    wants_page,
)
from kg.web.chosen import named_instead
from kg.web.negotiation import HTML, accepted_types, best_type
from kg.web.openapi import describe_api
from kg.web.problems import Problem
from kg.web.protocol import FORMAT, parameters
from kg.web.question_pages import group_title, question_page
from kg.web.service import asked_request, planned_response, service
from kg.web.signposts import part_signposts, put_up, question_signposts

__all__ = ["PATH", "Question", "blueprint", "plan_question"]

blueprint = Blueprint("questions", __name__)

WORDS: Final = "words"
"""The parameter of the list that holds words, of which each question that is listed has all."""

_JSON: Final = "application/json"


@blueprint.get(f"{PATH}/<path:identifier>")
def question(identifier: str) -> Response:
    """The answer to a stored question."""
    asked = asked_request(request)
    stored = find_question(identifier, service().contents().stored)
    address = url_for("questions.question", identifier=stored.identifier)
    if wants_page(asked, stored):
        instead = named_instead(service().snapshot(), stored, given_values(asked), address=address)
        if instead:
            return instead
    read = read_question(asked, stored)
    plan = plan_read(read, asked, service().limits)
    if plan.row.media_type != HTML:
        return planned_response(plan)
    try:
        page = question_page(read, plan, template="question.html", address=address)
    except ServiceFailed as error:
        raise not_answered(stored, error) from error
    return put_up(page, question_signposts(stored.identifier))


@blueprint.get(PATH)
def question_list() -> Response:
    """All stored questions, or those with some words, as JSON or as a page; those of the service itself apart."""
    asked = asked_request(request)
    given = dict(parameters(asked.query_string, "the URL"))
    wanted = given.get(FORMAT, "")
    offers = {"json": _JSON, "html": HTML}
    if wanted and wanted not in offers:
        raise bad(f"{shown(wanted)} is no format for the list of questions", remedy=f"use {' or '.join(offers)}")
    chosen = offers[wanted] if wanted else best_type(accepted_types(asked.accept), list(offers.values()))
    if chosen is None:
        raise Problem(
            "not-acceptable",
            f"The list of questions cannot be written as {shown(', '.join(asked.accept))}",
            remedy=f"accept {' or '.join(offers.values())}",
        )
    contents = service().contents()
    words = shown(given.get(WORDS, ""))
    found = [stored for stored in contents.stored if _has_words(stored, words)]
    questions = [stored for stored in found if stored.group not in HIDDEN]
    own = [stored for stored in found if stored.group in HIDDEN]
    if chosen == HTML:
        page = _list_page(questions, own, words=words, of=len(contents.questions))
        response = put_up(Response(page, content_type=f"{HTML}; charset=utf-8"), part_signposts())
    else:
        response = _json(describe_questions(questions, own, root=request.url_root))
    response.vary.add("Accept")
    return response


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The interface of this service for programs that read OpenAPI."""
    contents = service().contents()
    return _json(
        describe_api(
            contents.stored,
            root=request.url_root,
            title=contents.overview.title,
            description=contents.overview.description,
            version=str(contents.number),
        ),
        indent=None,  # it is long, and nobody reads it as it stands; /api is its page
    )


def describe_questions(questions: Sequence[StoredQuery], own: Sequence[StoredQuery], *, root: str) -> dict[str, Any]:
    """The list of questions for programs, and of the `own` ones of the service, which it asks by itself.

    `root` is the address of the service, with a slash at its end.
    """
    return {
        "questions": [_described(stored, root) for stored in questions],
        "own": [_described(stored, root) for stored in own],
    }


def _described(stored: StoredQuery, root: str) -> dict[str, Any]:
    return {
        "id": stored.identifier,
        "href": f"{root}{PATH[1:]}/{quote(stored.identifier)}",
        "group": stored.group,
        "title": stored.title,
        "question": stored.question,
        "notation": stored.code,
        "form": stored.form,
        "asks": list(stored.asks),
        "local": stored.local,
        "parameters": [
            {
                "name": parameter.name,
                "type": parameter.type,
                "label": parameter.label,
                "default": parameter.default,
            }
            for parameter in stored.parameters
        ],
        "columns": [{"name": name, "description": meaning} for name, meaning in stored.columns.items()],
        "view": dict(stored.view) or None,
        "formats": [row.name for row in formats_for(stored.form)],
    }


def _list_page(questions: Sequence[StoredQuery], own: Sequence[StoredQuery], *, words: str, of: int) -> str:
    return render_template(
        "questions.html", groups=_grouped(questions), own=_grouped(own), count=len(questions), of=of, words=words
    )


def _grouped(questions: Sequence[StoredQuery]) -> list[dict[str, Any]]:
    return [
        {"name": group, "title": group_title(group), "members": list(members)}
        for group, members in groupby(questions, lambda stored: stored.group)
    ]


def _has_words(stored: StoredQuery, words: str) -> bool:
    """Whether a question has all of some words, in what is said of it."""
    said = [stored.identifier, stored.title, stored.question, stored.code]
    said += [parameter.label for parameter in stored.parameters]
    said += stored.columns.values()
    text = " ".join(said).casefold()
    return all(word in text for word in words.casefold().split())


def _json(document: Mapping[str, Any], *, indent: int | None = 1) -> Response:
    return Response(json.dumps(document, ensure_ascii=False, indent=indent) + "\n", content_type=_JSON)
