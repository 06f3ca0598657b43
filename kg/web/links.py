"""Where a thing is told of on this site: the address of its page for an IRI, and back."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, unquote

from kg.web.service import service

ABOUT_PATH: Final = "/about"
"""The page about a thing that has no address below the base IRI: its IRI is the parameter `iri`."""

THINGS: Final = "id/"
"""The part of the base IRI's path below which things have their addresses."""

TERMS: Final = "ontology#"
"""The part of the base IRI's path below which classes and properties have theirs."""

# Source: RFC 3986 §3.3. What may stand in a segment of a path, and the sign between segments.
_IN_PATHS: Final = "/:@!$&'()*+,;="


def entity_path(iri: str, base: str) -> str:
    """The local address of the page about an IRI; `base` is the base IRI that the snapshot is published under.

    >>> entity_path("https://w3id.org/unemg/id/theme/water", "https://w3id.org/unemg/")
    '/id/theme/water'
    >>> entity_path("https://w3id.org/unemg/ontology#Task", "https://w3id.org/unemg/")
    '/ontology#Task'
    >>> entity_path("http://www.wikidata.org/entity/Q1", "https://w3id.org/unemg/")
    '/about?iri=http%3A%2F%2Fwww.wikidata.org%2Fentity%2FQ1'
    """
    rest = iri.removeprefix(base) if base else iri
    if rest != iri and rest.startswith(TERMS):
        return f"/ontology#{quote(rest.removeprefix(TERMS), safe='')}"
    # What has signs of its own in a URL would not come back the same.
    if rest != iri and rest.startswith(THINGS) and not set(rest) & set("#?%"):
        return f"/{quote(rest, safe=_IN_PATHS)}"
    return f"{ABOUT_PATH}?iri={quote(iri, safe='')}"


def entity_iri(path: str, base: str) -> str:
    """The IRI of the thing whose page has a local path: `entity_path` backwards.

    >>> entity_iri("/id/theme/water", "https://w3id.org/unemg/")
    'https://w3id.org/unemg/id/theme/water'
    """
    return base + unquote(path.removeprefix("/"))


def entity_href(iri: str) -> str:
    """The local address of the page about an IRI, with the base IRI of the current snapshot.

    Raises:
        SnapshotMissing: nothing has been built yet.
    """
    return entity_path(iri, service().snapshot().description.base)
