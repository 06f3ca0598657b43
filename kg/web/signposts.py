"""Signposts: typed links in the headers of a page, and in one document, by which programs find their way.

Source: RFC 8288 (Link); RFC 8574 (cite-as); RFC 9264 (linkset); FAIR Signposting Profile, https://signposting.org/FAIR/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from flask import Response, current_app, url_for

from kg.citation import Citation, cite
from kg.describe import Download
from kg.store import Readable
from kg.web.encodings import PACKED
from kg.web.held import Held
from kg.web.links import base_iri, uri_of
from kg.web.negotiation import HTML
from kg.web.service import service

EXTENSION: Final = "kg.signposts"
LINKSET_PATH: Final = "/data/linkset.json"
LINKSET: Final = "application/linkset+json"

_WEB: Final = ("http://", "https://")
_SCHEMA: Final = "https://schema.org/"
_ABOUT_PAGE: Final = f"{_SCHEMA}AboutPage"
_DESCRIPTIONS: Final = {"turtle": "text/turtle", "jsonld": "application/ld+json"}


@dataclass(frozen=True)
class Signpost:
    """A link with its relation type."""

    relation: str
    address: str
    media_type: str = ""

    @property
    def header(self) -> str:
        """The value of a Link header."""
        about = f'; type="{self.media_type}"' if self.media_type else ""
        return f'<{uri_of(self.address)}>; rel="{self.relation}"{about}'


class Facts:
    """What the signposts of every page name, read once for each snapshot."""

    def __init__(self) -> None:
        self._citations = Held(lambda snapshot: cite(snapshot, None))

    def of(self, snapshot: Readable) -> Citation:
        """What the catalogue says of the dataset.

        Raises:
            QueryError: the engine cannot evaluate it.
        """
        return self._citations.of(snapshot)


def dataset_signposts(downloads: Sequence[Download]) -> list[Signpost]:
    """From the page about the dataset: its IRI, licence and authors, what describes it, and its files."""
    facts = _facts()
    posts = [Signpost("cite-as", facts.iri)] if facts.iri.startswith(_WEB) else []
    posts += [
        Signpost("describedby", url_for("descriptions.void", format=name, _external=True), media_type)
        for name, media_type in _DESCRIPTIONS.items()
    ]
    posts += [Signpost("type", _ABOUT_PAGE), Signpost("type", f"{_SCHEMA}Dataset"), *_licence()]
    posts += [Signpost("author", author) for author in facts.authors if author.startswith(_WEB)]
    posts += [
        Signpost("item", download.address, PACKED if download.compressed else download.media_type)
        for download in downloads
    ]
    return [*posts, Signpost("linkset", url_for("datasets.linkset", _external=True), LINKSET)]


def part_signposts() -> list[Signpost]:
    """From what is part of the dataset: to the page about that, and its licence."""
    return [Signpost("collection", url_for("datasets.data"), HTML), *_licence()]


def thing_signposts(classes: Iterable[str]) -> list[Signpost]:
    """From the page about a thing of some classes."""
    types = [Signpost("type", iri) for iri in (_ABOUT_PAGE, *classes) if iri.startswith(_WEB)]
    return [*types, *part_signposts()]


def question_signposts(identifier: str) -> list[Signpost]:
    """From the page about a stored question: its IRI, and what describes it."""
    iri = f"{base_iri()}query/{identifier}"
    described = [
        Signpost("describedby", url_for("entities.about", iri=iri, format=name), media_type)
        for name, media_type in _DESCRIPTIONS.items()
    ]
    cited = [Signpost("cite-as", iri)] if iri.startswith(_WEB) else []
    return [*cited, *described, Signpost("type", _ABOUT_PAGE), *part_signposts()]


def put_up(response: Response, posts: Iterable[Signpost]) -> Response:
    """The same response, with such links."""
    response.headers.extend([("Link", post.header) for post in posts])
    return response


def linkset_document(anchor: str, posts: Sequence[Signpost]) -> dict[str, Any]:
    """The links of a page, and those of its items back to it, as one document.

    Source: RFC 9264 §4.2.
    """
    links: dict[str, Any] = {"anchor": anchor}
    for post in posts:
        target = {"href": uri_of(post.address)} | ({"type": post.media_type} if post.media_type else {})
        links.setdefault(post.relation, []).append(target)
    back = [
        {"anchor": uri_of(post.address), "collection": [{"href": anchor, "type": HTML}]}
        for post in posts
        if post.relation == "item"
    ]
    return {"linkset": [links, *back]}


def _licence() -> list[Signpost]:
    licence = _facts().licence
    return [Signpost("license", licence)] if licence.startswith(_WEB) else []


def _facts() -> Citation:
    return cast("Facts", current_app.extensions[EXTENSION]).of(service().snapshot())
