"""Contributing without a program: a desk that checks and submits what is pasted or chosen, and tables to fill in."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from kg.desk import Errand, Receipt, Task
from kg.errors import KgError
from kg.web.forms import forms
from kg.web.negotiation import HTML, accepted_types, best_type
from kg.web.problems import Problem, problem_from
from kg.web.receipts import receipt_page
from kg.web.submissions import SUBMISSIONS_PATH, Sent, admit_reader, judged, new_submission, read_sent, run, taken_in
from kg.web.written_text import FORMATS, guessed_type, line_of, shown_lines

blueprint = Blueprint("contribute", __name__)

PATH: Final = "/contribute"
TABLES_PATH: Final = "/tables"

_KINDS: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_WORKBOOK: Final = b"PK\x03\x04"
_TRUE: Final = frozenset({"", "1", "true", "yes"})
_SAID: Final = ("text", "media_type", "class", "message", "source")


@blueprint.before_request
def _limit_texts() -> None:
    request.max_form_memory_size = request.max_content_length


@blueprint.get(SUBMISSIONS_PATH)
def before() -> Redirect:
    """Where the desk is, for who looks at the address that programs submit to."""
    return redirect(url_for("contribute.form"), code=HTTPStatus.SEE_OTHER)


@blueprint.get(PATH)
def form() -> Response:
    """A page to paste or choose something on, to check it, and to submit it."""
    return _page({})


@blueprint.post(PATH)
def desk() -> Response:
    """The same page with what was found; or what became of it, when it was accepted."""
    said = {name: request.form.get(name, "") for name in _SAID}
    submits = request.form.get("do") == "submit"
    sent: Sent | None = None
    try:
        sent = _typed(read_sent(request))
        receipt = _submitted(sent) if submits else _checked(sent)
    except (KgError, Problem) as error:
        return _page(said, sent=sent, problem=problem_from(error))
    if submits:
        return receipt_page(receipt, HTTPStatus.CREATED if receipt.revision else HTTPStatus.OK)
    return _page(said, sent=sent, report=receipt.report)


def _typed(sent: Sent) -> Sent:
    """What was sent, with the type that it seems to be of where nothing tells."""
    file = request.files.get("file")
    if sent.media_type or (file is not None and file.filename):
        return sent
    return replace(sent, media_type=guessed_type(request.form.get("text", "")), name="the text")


def _checked(sent: Sent) -> Receipt:
    admit_reader()
    return judged(sent, Errand(Task.JUDGE, "add", author="anybody"))


def _submitted(sent: Sent) -> Receipt:
    return taken_in(sent, new_submission())


def _page(
    said: Mapping[str, str],
    *,
    sent: Sent | None = None,
    problem: Problem | None = None,
    report: Mapping[str, Any] | None = None,
) -> Response:
    found = problem.more if problem and "results" in problem.more else report
    body = render_template(
        "contribute.html",
        said=said,
        file=sent.name if sent and not said.get("text") else "",
        size=len(sent.data) if sent else 0,
        problem=problem,
        report=found,
        lines=shown_lines(_text(sent), _marks(problem, found)) if sent else (),
        line_of=line_of,
        formats=FORMATS,
    )
    response = Response(body, status=problem.kind.status if problem else 200, content_type=f"{HTML}; charset=utf-8")
    if problem:
        response.headers.extend(list(problem.headers))
    if request.method == "POST":
        response.headers["Cache-Control"] = "no-store"
    return response


def _text(sent: Sent | None) -> str:
    """The text that was sent, as lines can be shown of it: not of a workbook."""
    return sent.data.decode("utf-8", "replace") if sent and not sent.data.startswith(_WORKBOOK) else ""


def _marks(problem: Problem | None, report: Mapping[str, Any] | None) -> set[int]:
    """The lines in which something was found."""
    lines = {problem.place[0]} if problem and problem.place else set()
    for entity in (report or {}).get("results", ()):
        lines |= {line_of(each["place"]) for each in (entity, *entity["results"])}
    return lines


@blueprint.get(TABLES_PATH)
def tables() -> Response:
    """The tables that there are, one for each class that has a shape."""
    listed = forms().tables()
    offers = ("application/json", HTML)
    if best_type(accepted_types(request.headers.getlist("Accept")), offers) == HTML:
        response = Response(render_template("tables.html", tables=listed), content_type=f"{HTML}; charset=utf-8")
    else:
        text = json.dumps({"tables": listed}, ensure_ascii=False, indent=1) + "\n"
        response = Response(text, content_type="application/json")
    response.vary.add("Accept")
    return response


@blueprint.get(f"{TABLES_PATH}/<name>.<kind>")
def table(name: str, kind: str) -> Response:
    """The table of a class as CSV or XLSX; with `filled`, it holds what there is now."""
    if kind not in _KINDS:
        raise Problem("not-found", f"There is no table {name}.{kind}", remedy=f"choose one that {TABLES_PATH} lists")
    admit_reader()
    filled = "filled" in request.args and request.args["filled"].lower() in _TRUE
    receipt = run(Errand(Task.TABLE, kind, class_name=name, filled=filled))
    response = Response(b64decode(receipt.file), content_type=_KINDS[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response
