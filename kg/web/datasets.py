"""The data as a whole: what it is and under which licence, its dumps, how to cite it, and what changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, Response, render_template, request, url_for

from kg.answer import Ask, vet_query
from kg.citation import Citation, cite, in_bibtex, in_csl, in_schema_org, in_words
from kg.describe import DATASET_QUERY, graph_query
from kg.errors import LedgerDamaged
from kg.formats import FORMATS, Format
from kg.store import Summary
from kg.web.descriptions import current_dataset
from kg.web.exchange import Plan
from kg.web.openapi import describe_api
from kg.web.problems import Problem
from kg.web.service import planned_response, service

blueprint = Blueprint("datasets", __name__)

_MOST_ENTRIES: Final = 50
# The whole dataset with its graphs, or the merge of its graphs: by extension.
_WITH_GRAPHS: Final = ("nq", "trig", "jsonld")
_MERGED: Final = ("nt", "ttl", "rdf")
_BIBTEX: Final = "application/x-bibtex; charset=utf-8"
# Source: the media type registration of CSL-JSON.
_CSL: Final = "application/vnd.citationstyles.csl+json"
_ATOM: Final = "application/atom+xml"
_METHODS: Final = ("get", "post", "put", "patch", "delete")


@blueprint.get("/data")
def data() -> str:
    """What the dataset is and how to get it."""
    contents = service().contents()
    citation = _citation()
    return render_template(
        "data.html",
        overview=contents.overview,
        dataset=current_dataset(),
        dumps=[(_format_of(extension), True) for extension in _WITH_GRAPHS]
        + [(_format_of(extension), False) for extension in _MERGED],
        citation=citation,
        in_words=in_words(citation),
        bibtex=in_bibtex(citation),
        linked_data=in_schema_org(
            citation,
            contents.overview.description,
            page=url_for("datasets.data", _external=True),
            downloads={
                _format_of(extension).media_type: url_for("datasets.dump", extension=extension, _external=True)
                for extension in (*_WITH_GRAPHS, *_MERGED)
            },
        ),
    )


@blueprint.get("/data/dump.<extension>")
def dump(extension: str) -> Response:
    """All of it: with its named graphs where the format has them, else their merge.

    Compressed while it is sent, for those who accept that.
    """
    if extension not in (*_WITH_GRAPHS, *_MERGED):
        known = ", ".join(f".{name}" for name in (*_WITH_GRAPHS, *_MERGED))
        raise Problem("not-found", f"There is no dump.{extension}", remedy=f"take one of {known}")
    row = _format_of(extension)
    text = DATASET_QUERY if extension in _WITH_GRAPHS else graph_query(None)
    title = service().title.lower().replace(" ", "-")
    name = "".join(sign for sign in title if sign.isascii() and (sign.isalnum() or sign == "-")) or "graph"
    plan = Plan(
        Ask(vet_query(text, service().limits)),
        row,
        row.content_type,
        filename=f"{name}-{service().snapshot().number}.{extension}",
    )
    return planned_response(plan)


@blueprint.get("/data/cite.bib")
def bibtex() -> Response:
    """How to cite it, for BibTeX."""
    return Response(in_bibtex(_citation()), content_type=_BIBTEX)


@blueprint.get("/data/cite.json")
def csl() -> Response:
    """How to cite it, as CSL-JSON."""
    return Response(in_csl(_citation()), content_type=_CSL)


@blueprint.get("/api")
def api() -> str:
    """The interface for programs, for people to read: the OpenAPI document as a page."""
    contents = service().contents()
    document = describe_api(
        contents.questions,
        root=request.url_root,
        title=contents.overview.title,
        description=contents.overview.description,
        version=str(contents.number),
    )
    return render_template("api.html", groups=_by_tag(document))


@blueprint.get("/history.atom")
def feed() -> Response:
    """What was accepted last, as a feed.

    Source: RFC 4287.
    """
    ledger = service().ledger
    last = ledger.head().revision
    commits = [ledger.summary(revision) for revision in range(last, max(0, last - _MOST_ENTRIES), -1)]
    base = service().snapshot().description.base
    text = render_template("history.atom", commits=commits, base=base, own=url_for("datasets.feed", _external=True))
    return Response(text, content_type=_ATOM)


def _citation() -> Citation:
    return cite(service().snapshot(), _latest())


def _latest() -> Summary | None:
    ledger = service().ledger
    try:
        head = ledger.head()
        return ledger.summary(head.revision) if head.revision else None
    except LedgerDamaged:
        return None


def _format_of(extension: str) -> Format:
    return next(row for row in FORMATS if row.extension == extension)


def _by_tag(document: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The operations of an OpenAPI document by their first tag, in its order."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method in _METHODS:
            operation = methods.get(method)
            if operation:
                tag = next(iter(operation.get("tags", [])), "Other")
                groups.setdefault(tag, []).append({"path": path, "method": method.upper(), **operation})
    return groups
