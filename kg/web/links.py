"""Where a thing is told of on this site: the address of its page for an IRI, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, cast
from urllib.parse import quote, urlencode

from flask import g

from kg.web.service import service

ABOUT_PATH: Final = "/about"
"""The page about a thing that has no address below the base IRI: its IRI is the parameter `iri`."""

THINGS: Final = "id/"
"""The part of the base IRI's path below which things have their addresses."""

TERMS: Final = "ontology#"
"""The part of the base IRI's path below which classes and properties have theirs."""

_KEPT_PATHS: Final = 8192
"""A page names the same things over and over, and so do the pages of one graph."""

# Source: RFC 3986 §3.3. What may stand in a segment of a path, and the sign between segments.
_IN_PATHS: Final = "/:@!$&'()*+,;="
_IN_URIS: Final = f"{_IN_PATHS}?#[]%"


@lru_cache(maxsize=_KEPT_PATHS)
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
    return f"/{quote(rest, safe=_IN_PATHS)}" if has_path(iri, base) else f"{ABOUT_PATH}?iri={quote(iri, safe='')}"


def has_path(iri: str, base: str) -> bool:
    """Whether a thing has an address of its own on this site.

    What has signs of its own in a URL would not come back the same, and neither would an empty segment of a path.

    >>> has_path("https://a.example/id/x", "https://a.example/"), has_path("https://a.example/id/x?y", "https://a.example/")
    (True, False)
    """
    rest = iri.removeprefix(base)
    things = bool(base) and iri.startswith(base + THINGS) and len(rest) > len(THINGS)
    segments = rest.split("/")
    return things and not set(rest) & set("#?%\\") and not {".", "..", ""} & set(segments)


def document_path(iri: str, base: str, *, extension: str, format_name: str, **parameters: str) -> str:
    """The local address of one document about an IRI: by its extension, or by the name of its format.

    >>> base = "https://a.example/"
    >>> document_path("https://a.example/id/x", base, extension="ttl", format_name="turtle", revision="2")
    '/id/x.ttl?revision=2'
    """
    if has_path(iri, base):
        given = urlencode(parameters)
        return f"{entity_path(iri, base)}.{extension}" + (f"?{given}" if given else "")
    return f"{ABOUT_PATH}?{urlencode({'iri': iri, 'format': format_name, **parameters})}"


def entity_iris(path: str, base: str) -> tuple[str, ...]:
    """The IRIs whose thing may have a path of this site, the likeliest first: as it reads, and as a URL is written.

    >>> entity_iris("/id/theme/water", "https://w3id.org/unemg/")
    ('https://w3id.org/unemg/id/theme/water',)
    >>> entity_iris("/id/café", "https://a.example/")
    ('https://a.example/id/café', 'https://a.example/id/caf%C3%A9')
    """
    read = path.removeprefix("/")
    return tuple(dict.fromkeys((base + read, base + quote(read, safe=_IN_PATHS))))


def uri_of(iri: str) -> str:
    """An IRI as it stands in a header.

    Source: RFC 3987 §3.1.

    >>> uri_of("https://a.example/café#1")
    'https://a.example/caf%C3%A9#1'
    """
    return quote(iri, safe=_IN_URIS)


def path_then(path: str, given: Mapping[str, str]) -> str:
    """The address of a page about a thing as it was in an earlier state, which some parameters name.

    Terms are told of as they are now, whatever the state.

    >>> path_then("/id/x", {"revision": "2"}), path_then("/about?iri=urn:x", {"revision": "2"})
    ('/id/x?revision=2', '/about?iri=urn:x&revision=2')
    >>> path_then("/id/x", {}), path_then("/ontology#Task", {"revision": "2"})
    ('/id/x', '/ontology#Task')
    """
    if not given or "#" in path:
        return path
    return f"{path}{'&' if '?' in path else '?'}{urlencode(given)}"


def stay_in(given: Mapping[str, str]) -> None:
    """Let the links of the page that is being made lead to things as they were in the state that parameters name."""
    g.entity_hrefs = entity_address(base_iri(), given)


def entity_address(base: str, given: Mapping[str, str] | None = None) -> Callable[[str], str]:
    """What gives the local address of the page about an IRI, for one base IRI, and for the state that `given` names."""
    if not given:
        return lambda iri: entity_path(iri, base)
    kept = dict(given)
    return lambda iri: path_then(entity_path(iri, base), kept)


def entity_href(iri: str) -> str:
    """The local address of the page about an IRI, in the state that the page being made tells of.

    The base IRI is that of the current snapshot.

    Raises:
        SnapshotMissing: nothing has been built yet.
    """
    return entity_hrefs()(iri)


def entity_hrefs() -> Callable[[str], str]:
    """What gives the addresses of `entity_href` on the page that is being made.

    Raises:
        SnapshotMissing: nothing has been built yet.
    """
    if "entity_hrefs" not in g:
        g.entity_hrefs = entity_address(base_iri())
    return cast("Callable[[str], str]", g.entity_hrefs)


def base_iri() -> str:
    """The base IRI of the current snapshot, looked up once a request.

    Raises:
        SnapshotMissing: nothing has been built yet.
    """
    if "base_iri" not in g:
        g.base_iri = service().snapshot().description.base
    return cast("str", g.base_iri)
