"""The data as a whole: what it is and under which licence, how to get and cite it, and what changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, Response, render_template, request, url_for

from kg.citation import Citation, cite, in_bibtex, in_csl, in_schema_org, in_words
from kg.errors import LedgerDamaged
from kg.store import Summary
from kg.web.commits import summary_of
from kg.web.descriptions import current_dataset
from kg.web.dumps import DUMPS, downloads, has_links
from kg.web.negotiation import HTML
from kg.web.openapi import describe_api
from kg.web.service import service
from kg.web.signposts import LINKSET, LINKSET_PATH, dataset_signposts, linkset_document, put_up

blueprint = Blueprint("datasets", __name__)

_MOST_ENTRIES: Final = 50
_BIBTEX: Final = "application/x-bibtex; charset=utf-8"
# Source: the media type registration of CSL-JSON.
_CSL: Final = "application/vnd.citationstyles.csl+json"
_ATOM: Final = "application/atom+xml"
_METHODS: Final = ("get", "post", "put", "patch", "delete")


@blueprint.get("/data")
def data() -> Response:
    """What the dataset is and how to get it."""
    contents = service().contents()
    citation = _citation()
    files = downloads()
    page = render_template(
        "data.html",
        overview=contents.overview,
        dataset=current_dataset(),
        dumps=[dump for dump in DUMPS if not dump.packed],
        has_links=has_links(),
        citation=citation,
        in_words=in_words(citation),
        bibtex=in_bibtex(citation),
        linked_data=in_schema_org(
            citation,
            contents.overview.description,
            page=url_for("datasets.data", _external=True),
            downloads={file.media_type: file.address for file in files if not file.compressed},
        ),
    )
    return put_up(Response(page, content_type=f"{HTML}; charset=utf-8"), dataset_signposts(files))


@blueprint.get(LINKSET_PATH)
def linkset() -> Response:
    """The links from the page about the dataset, for programs.

    Source: RFC 9264 §4.2.
    """
    document = linkset_document(url_for("datasets.data", _external=True), dataset_signposts(downloads()))
    return Response(json.dumps(document, ensure_ascii=False, indent=1) + "\n", content_type=LINKSET)


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
        contents.stored,
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
    last = service().ledger.head().revision
    commits = [summary_of(revision) for revision in range(last, max(0, last - _MOST_ENTRIES), -1)]
    base = service().snapshot().description.base
    text = render_template("history.atom", commits=commits, base=base, own=url_for("datasets.feed", _external=True))
    return Response(text, content_type=_ATOM)


def _citation() -> Citation:
    return cite(service().snapshot(), _latest())


def _latest() -> Summary | None:
    try:
        head = service().ledger.head()
        return summary_of(head.revision) if head.revision else None
    except LedgerDamaged:
        return None


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
