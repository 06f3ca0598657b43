"""Forms made from shapes: a new thing with what it needs beside it, or a thing that is there; checked and submitted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, Response, render_template, request

from kg.desk import Errand, Receipt, Task
from kg.entities import names_of
from kg.errors import KgError, RevisionPassed
from kg.formats import ENTRIES
from kg.store import NOW, Summary
from kg.web.alike import Alike, alike
from kg.web.commits import summary_of
from kg.web.entities import background_of
from kg.web.filled import Filled, Value, entries_of, fields_of, filled_from, linked, new_entry, read_filled, with_more
from kg.web.form_views import Called, Fault, entry_views, faults_in, written_things
from kg.web.forms import forms
from kg.web.iris import is_absolute_iri
from kg.web.links import entity_href
from kg.web.negotiation import HTML
from kg.web.problems import Problem, problem_from
from kg.web.receipts import receipt_page
from kg.web.service import service
from kg.web.submissions import Sent, admit_reader, judged, new_submission, taken_in
from kg.web.translation import text

blueprint = Blueprint("entries", __name__)

NEW_PATH: Final = "/contribute/new"
EDIT_PATH: Final = "/contribute/edit"
MOST_PARTS: Final = 5_000
"""Fields of a form that are read."""

_MOST_WITH: Final = 10
_LONGEST_MESSAGE: Final = 150
_MOST_COMMITS: Final = 20


@dataclass(frozen=True)
class _Page:
    """What a page about entries tells besides the entries."""

    about: Mapping[str, Any]
    """The form of the first class."""
    iri: str = ""
    """The thing that is changed."""
    revision: int = 0
    """The state that a change is made on."""
    faults: Sequence[Fault] = ()
    problem: Problem | None = None
    checked: bool = False
    conforms: bool = False
    near: Sequence[Alike] = ()
    asked: bool = False
    """Whether it was put to whoever submits that there are things of such names."""
    meanwhile: Sequence[Summary] = ()
    """The commits that have changed the thing meanwhile."""
    said: Mapping[str, str] = field(default_factory=dict)


@blueprint.before_request
def _limit_parts() -> None:
    request.max_form_parts = MOST_PARTS
    request.max_form_memory_size = request.max_content_length


@blueprint.get(NEW_PATH)
def classes() -> str:
    """The classes that have a form, first those that have pages of their own."""
    contents = service().contents()
    counts = {row.iri: row.things for row in contents.overview.classes}
    told = {iri for query in contents.pages for iri in query.about}
    tables = [dict(table) | {"things": counts.get(table["class"], 0)} for table in forms().tables()]
    own = [table for table in tables if table["definition"]]
    groups = [
        (text("Things with a page of their own"), [table for table in own if table["class"] in told]),
        (text("What is said about them, and more"), [table for table in own if table["class"] not in told]),
        (text("Of other vocabularies"), [table for table in tables if not table["definition"]]),
    ]
    return render_template("entry_classes.html", groups=[group for group in groups if group[1]])


@blueprint.get(f"{NEW_PATH}/<name>")
def new(name: str) -> Response:
    """An empty form of a class, with entries of the classes `with` beside it."""
    about = forms().form(name)
    filled: tuple[Filled, ...] = (new_entry(about, ()),)
    for other in request.args.getlist("with")[:_MOST_WITH]:
        filled = (*filled, new_entry(forms().form(other), filled))
    return _response(_Page(about), linked(filled))


@blueprint.get(EDIT_PATH)
def edit() -> Response:
    """The form of a thing that is there, `iri`, filled in with what is said of it."""
    iri = request.args.get("iri", "")
    told = forms().thing(iri)
    revision = service().snapshot().description.revision
    return _response(_Page(told, iri, revision), (filled_from(told, told["entries"][0]),))


@blueprint.post(f"{NEW_PATH}/<name>")
def fill_in(name: str) -> Response:
    """What was filled in: checked, submitted, or shown again with more places."""
    return _done(_Page(forms().form(name), said=_said()))


@blueprint.post(EDIT_PATH)
def change() -> Response:
    """What was changed of a thing: checked, submitted, or shown again with more places."""
    sent = request.form.get("if_match", "")
    revision = int(sent) if sent.isascii() and sent.isdigit() and len(sent) <= len("999999999999") else 0
    filled = read_filled(request.form, forms().form)
    about = filled[0].form if filled else forms().thing(request.args.get("iri", ""))
    return _done(_Page(about, request.args.get("iri", ""), revision, said=_said()))


def _said() -> dict[str, str]:
    return {name: request.form.get(name, "").strip() for name in ("message", "source")}


def _done(page: _Page) -> Response:
    filled = read_filled(request.form, forms().form)
    if not filled:
        raise Problem("bad-request", "the form has no entries", remedy="start from an empty form")
    what, _, about = request.form.get("do", "check").partition(":")
    if what == "check":
        return _checked(page, filled)
    if what == "submit":
        return _submitted(page, filled)
    if what == "add":
        filled = linked((*filled, new_entry(forms().form(about or request.form.get("class", "")), filled)))
    elif what == "remove" and len(filled) > 1:
        filled = tuple(each for each in filled if str(each.number) != about)
    elif what == "more":
        number, _, name = about.partition(":")
        filled = with_more(filled, int(number) if number.isdigit() else -1, name)
    return _response(page, filled)


def _checked(page: _Page, filled: tuple[Filled, ...]) -> Response:
    def check() -> Receipt:
        admit_reader()
        return judged(_sent(page, filled), Errand(Task.JUDGE, "add", author="anybody"))

    near = alike(filled)
    receipt, problem = _attempt(check)
    page = replace(page, near=near, asked=bool(near), checked=True)
    if problem or receipt is None:
        return _response(_with_problem(page, problem, filled), filled, problem=problem)
    report = receipt.report
    conforms = bool(report.get("conforms", True))
    return _response(replace(page, conforms=conforms, faults=[*faults_in(report)]), filled)


def _submitted(page: _Page, filled: tuple[Filled, ...]) -> Response:
    def submit() -> Receipt:
        errand = new_submission()
        try:
            return taken_in(_sent(page, filled), errand)
        except RevisionPassed:
            if not page.iri or not page.revision or _meanwhile(page):
                raise
            # Others have changed other things.
            now = replace(page, revision=service().ledger.head().revision)
            return taken_in(_sent(now, filled), errand)

    near = () if request.form.get("asked") else alike(filled)
    if near:
        return _response(replace(page, near=near, asked=True), filled)
    receipt, problem = _attempt(submit)
    if problem or receipt is None:
        if problem and problem.slug == "precondition-failed":
            page = replace(page, meanwhile=_meanwhile(page), revision=service().ledger.head().revision)
        return _response(_with_problem(replace(page, asked=True), problem, filled), filled, problem=problem)
    return receipt_page(receipt, HTTPStatus.CREATED if receipt.revision else HTTPStatus.OK)


def _attempt(do: Callable[[], Receipt]) -> tuple[Receipt | None, Problem | None]:
    try:
        return do(), None
    except (KgError, Problem) as error:
        return None, problem_from(error)


def _with_problem(page: _Page, problem: Problem | None, filled: Sequence[Filled]) -> _Page:
    """A page with what a problem says, at the fields that it names."""
    if problem is None:
        return page
    more = problem.more
    faults = [Fault(each["place"], "Violation", each["message"], each["remedy"]) for each in more.get("problems", ())]
    places, _, detail = problem.detail.partition(": ")
    if not faults and any(places.startswith(f"{each.local}, ") for each in filled):
        faults += [Fault(place, "Violation", detail, problem.remedy) for place in places.split("; ")]
    return replace(page, problem=problem, faults=[*faults, *faults_in(more)])


def _meanwhile(page: _Page) -> list[Summary]:
    """The commits that have changed a thing since the revision that its form tells of, the latest first."""
    found: list[Summary] = []
    for revision in service().ledger.revisions_about(page.iri):
        if revision <= page.revision or len(found) == _MOST_COMMITS:
            break
        found.append(summary_of(revision))
    return found


def _sent(page: _Page, filled: Sequence[Filled]) -> Sent:
    """What a program would send: the same as JSON."""
    first = filled[0]
    message = f"{first.form['label']}: {first.name()}" if first.name() else str(first.form["label"])
    said = {"message": page.said["message"] or " ".join(message.split())[:_LONGEST_MESSAGE]}
    if page.revision:
        said["if_match"] = str(page.revision)
    source = page.said["source"]
    data = json.dumps(entries_of(filled), ensure_ascii=False).encode("utf-8", "replace")
    return Sent(data, ENTRIES, "the form", said, (source,) if source else ())


def _called(filled: Sequence[Filled]) -> dict[str, Called]:
    """What the things are called that the fields, or their examples, give as IRIs or prefixed names."""
    snapshot = service().snapshot()
    background = background_of(snapshot, NOW)
    iris: dict[str, str] = {}
    for written in written_things(filled):
        prefix, colon, local = written.partition(":")
        if written.startswith("<") and is_absolute_iri(written[1:-1]):
            iris[written] = written[1:-1]
        elif colon and prefix in background.prefixes and is_absolute_iri(background.prefixes[prefix] + local):
            iris[written] = background.prefixes[prefix] + local
    names = names_of(snapshot, iris.values(), background)
    return {text: Called(names[iri], entity_href(iri)) for text, iri in iris.items() if iri in names}


def _response(page: _Page, filled: Sequence[Filled], *, problem: Problem | None = None) -> Response:
    views, elsewhere = entry_views(filled, page.faults, _called(filled))
    body = render_template(
        "entry.html",
        page=page,
        entries=views,
        elsewhere=elsewhere,
        wrong=[(view, one) for view in views for one in view.fields if one.faults],
        beside=page.about["beside"],
        tables=forms().tables(),
        href=entity_href(page.iri) if page.iri else "",
        empty=Value(),
        fields_of=fields_of,
    )
    response = Response(body, status=problem.kind.status if problem else 200, content_type=f"{HTML}; charset=utf-8")
    if problem:
        response.headers.extend(list(problem.headers))
    if request.method == "POST" or page.iri:
        response.headers["Cache-Control"] = "no-store"
    return response
