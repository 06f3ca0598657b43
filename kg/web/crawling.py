"""For those who read the whole site: which pages there are, and which to leave alone."""

from __future__ import annotations

from itertools import chain
from typing import Final
from xml.sax.saxutils import escape

from flask import Blueprint, Response, request, url_for

from kg.queries import things_query
from kg.web.links import THINGS, entity_path
from kg.web.problems import Problem
from kg.web.sections import site_sections
from kg.web.service import service

blueprint = Blueprint("crawling", __name__)

# Source: sitemaps.org protocol, "Using Sitemap index files": so many addresses a file at most.
_MOST_ADDRESSES: Final = 50_000
_MOST_FILES: Final = 1_000
_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
# What makes work and holds nothing that is not elsewhere.
_LEFT_ALONE: Final = (
    "/sparql",
    "/explain/",
    "/query?",
    "/search?",
    "/submissions",
    "/contribute",
    "/update",
    "/*?revision=",
    "/*?asOf=",
)


@blueprint.get("/robots.txt")
def robots() -> Response:
    """What programs that follow links should leave alone.

    Source: RFC 9309.
    """
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _LEFT_ALONE), ""]
    lines.append(f"Sitemap: {url_for('crawling.sitemap', _external=True)}")
    return Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    """The pages of the site, or the files that list them where there are many.

    Source: sitemaps.org protocol.
    """
    if _files() == 1:
        return _xml("urlset", "url", [*_sections(), *_things(0)])
    parts = range(1, _files() + 1)
    return _xml(
        "sitemapindex", "sitemap", [url_for("crawling.part", number=number, _external=True) for number in parts]
    )


@blueprint.get("/sitemap-<int:number>.xml")
def part(number: int) -> Response:
    """One of the files that list the pages, counted from 1."""
    if not 1 <= number <= _files():
        raise Problem("not-found", f"There is no sitemap-{number}.xml", remedy="/sitemap.xml lists those there are")
    return _xml("urlset", "url", [*(_sections() if number == 1 else ()), *_things((number - 1) * _MOST_ADDRESSES)])


def _sections() -> list[str]:
    return [
        f"{request.url_root.rstrip('/')}{address}" for address in ("/", *(address for address, _ in site_sections()))
    ]


def _classes() -> list[str]:
    return sorted({*chain.from_iterable(query.about for query in service().contents().pages)})


def _files() -> int:
    """How many files have room for all things; a thing of several classes may take the room of several."""
    classes = {*_classes()}
    things = sum(row.things for row in service().contents().overview.classes if row.iri in classes)
    return min(max(1, -(-things // _MOST_ADDRESSES)), _MOST_FILES)


def _things(skipped: int) -> list[str]:
    snapshot = service().snapshot()
    base, root = snapshot.description.base, request.url_root.rstrip("/")
    query = things_query(base + THINGS, _classes(), most=_MOST_ADDRESSES, skipped=skipped)
    return [root + entity_path(thing.value, base) for (thing,) in snapshot.query(query).rows() if thing]


def _xml(root: str, row: str, addresses: list[str]) -> Response:
    rows = "".join(f"<{row}><loc>{escape(address)}</loc></{row}>\n" for address in addresses)
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{_NAMESPACE}">\n{rows}</{root}>\n'
    return Response(text, content_type="application/xml; charset=utf-8")
