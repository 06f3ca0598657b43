"""Contributing without a program: a form that checks and submits, and tables to be filled in."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Final

from flask import Blueprint, Response, render_template, request

from kg.desk import Errand, Task
from kg.web.negotiation import HTML, accepted_types, best_type
from kg.web.problems import Problem
from kg.web.submissions import SUBMISSIONS_PATH, admit_reader, run

blueprint = Blueprint("contribute", __name__)

TABLES_PATH: Final = "/tables"

_KINDS: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_TRUE: Final = frozenset({"", "1", "true", "yes"})


@blueprint.get(SUBMISSIONS_PATH)
def form() -> Response:
    """A page to paste or upload something on, to check it, and to submit it."""
    return Response(render_template("contribute.html"), content_type=f"{HTML}; charset=utf-8")


@blueprint.get(TABLES_PATH)
def tables() -> Response:
    """The tables that there are, one for each class that has a shape."""
    admit_reader()
    listed = run(Errand(Task.TABLES)).tables
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
