"""Pictures of the graph: an overview of the stored questions that have a view, and a page for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

from flask import Blueprint, Response, current_app, render_template, request, url_for

from kg.answer import Ask, answer_table, vet_query
from kg.errors import QueryError
from kg.queries import StoredQuery
from kg.store import Readable
from kg.web.asked import Question, given_values, plan_read, read_question, shown
from kg.web.chosen import named_instead
from kg.web.drawing import Drawing, draw_thumb
from kg.web.held import Held
from kg.web.links import entity_address
from kg.web.negotiation import HTML
from kg.web.problems import Problem
from kg.web.question_pages import MOST_ROWS, pictured, question_page, window_of
from kg.web.service import asked_request, planned_response, service

blueprint = Blueprint("explore", __name__)

EXTENSION: Final = "kg.thumbs"
PATH: Final = "/explore"
_MOST_THUMBS: Final = 8
"""How many questions the overview draws; those that say their order come first."""


class Thumbs:
    """What is asked for small pictures, vetted once for each snapshot."""

    def __init__(self) -> None:
        self._vetted = Held[dict[str, Ask]](lambda _: {})

    def ask(self, read: Question, snapshot: Readable) -> Ask:
        """The query of a question as it stands.

        Raises:
            QueryError: it may not run here.
        """
        vetted = self._vetted.of(snapshot)
        name = read.stored.identifier
        if name not in vetted:
            vetted[name] = Ask(vet_query(read.text, service().limits))
        return vetted[name]


@dataclass(frozen=True)
class Overview:
    """A question on the overview."""

    stored: StoredQuery
    href: str
    thumb: Drawing | None


@blueprint.get(PATH)
def explore() -> str:
    """The questions whose answers are drawn: the first as small pictures, the others as links."""
    questions = pictured(service().contents().questions)
    first = [stored for stored in questions if stored.order][:_MOST_THUMBS] or questions[:_MOST_THUMBS]
    snapshot = service().snapshot()
    drawn = [Overview(stored, _address(stored, questions), _thumb(stored, snapshot)) for stored in first]
    others = [Overview(stored, _address(stored, questions), None) for stored in questions if stored not in first]
    return render_template("explore.html", drawn=drawn, others=others)


@blueprint.get(f"{PATH}/<path:name>")
def picture(name: str) -> Response:
    """One picture, with the table and the query behind it."""
    questions = pictured(service().contents().questions)
    stored = _named(name, questions)
    address = _address(stored, questions)
    asked = asked_request(request)
    instead = named_instead(service().snapshot(), stored, given_values(asked), address=address)
    if instead:
        return instead
    read = read_question(asked, stored)
    plan = plan_read(replace(read, format_name=read.format_name or "html"), asked, service().limits)
    if plan.row.media_type != HTML:
        return planned_response(plan)
    return question_page(read, plan, template="explore_picture.html", address=address)


def _named(name: str, questions: Sequence[StoredQuery]) -> StoredQuery:
    found = [stored for stored in questions if name in (stored.identifier, stored.name)]
    if not found:
        raise Problem("not-found", f"There is no picture {shown(name)}", remedy=f"{PATH} lists all pictures")
    return found[0]


def _address(stored: StoredQuery, questions: Sequence[StoredQuery]) -> str:
    """The address of a picture: by its name alone where no other is called so."""
    alone = [other.name for other in questions].count(stored.name) == 1
    return url_for("explore.picture", name=stored.name if alone else stored.identifier)


def _thumb(stored: StoredQuery, snapshot: Readable) -> Drawing | None:
    """The small picture of a question as it stands; None where it cannot be answered, as its own page says."""
    read = Question(stored, {})
    played = {name for player in stored.view.values() for name in (player, player.removesuffix("Label"))}
    thumbs = cast("Thumbs", current_app.extensions[EXTENSION])
    try:
        table = answer_table(snapshot, thumbs.ask(read, snapshot), most_rows=MOST_ROWS, only=played)
    except QueryError:
        return None
    return draw_thumb(stored.view, table, entity_address(snapshot.description.base), window=window_of(read))
