"""Links that are dead or have moved, found by asking for the head of each address, slowly, where a host lets us.

Source: RFC 9110 §9.3.2 (HEAD), §10.2.3 (Retry-After), §15.4 (redirection), §15.5.11 (410); RFC 9309 (robots.txt).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

from kg.endpoints import AGENT, Bounds, Reply, host_of, send
from kg.errors import EndpointAway, NetworkRefused
from kg.linking.private import refuse_unnamed
from kg.linking.table import RELATIONS
from kg.sources import outside_reference
from kg.store import Readable

LINKS: Final = tuple(RELATIONS.values())
"""The properties that link to other data."""

ALIVE, MOVED, DEAD, REFUSED, UNCLEAR = "alive", "moved", "dead", "refused", "unclear"

_MOST_HOPS: Final = 5
_PERMANENT: Final = (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT)
_REDIRECTS: Final = (*_PERMANENT, HTTPStatus.FOUND, HTTPStatus.SEE_OTHER, HTTPStatus.TEMPORARY_REDIRECT)
_NO_HEAD: Final = (HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED)
_GONE: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_BUSY: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_MOST_WAITED_SECONDS: Final = 120
_ROBOTS_BOUNDS: Final = Bounds(seconds=20, bytes=512 * 1024)


@dataclass(frozen=True)
class Visit:
    """How addresses are asked."""

    named: Collection[str] = ()
    """Hosts in private networks that may be asked."""
    pause_seconds: float = 1.0
    """Between two requests to one host."""
    bounds: Bounds = field(default_factory=lambda: Bounds(seconds=20, bytes=16 * 1024 * 1024))
    wait: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Checked:
    """What became of an address."""

    iri: str
    state: str
    """`alive`, `moved`, `dead`, `refused` or `unclear`."""
    says: str
    """The status, or why there is none."""
    leads_to: str = ""
    """Where redirects end; empty without one."""


def links_of(snapshot: Readable) -> dict[str, int]:
    """The addresses outside the graph that its things are linked to, and how many links lead to each.

    Raises:
        QueryError: the engine cannot evaluate the query.
    """
    counts = Counter(target for _, target in linked_pairs(snapshot) if target.startswith(("http://", "https://")))
    return dict(sorted(counts.items()))


def linked_pairs(snapshot: Readable) -> frozenset[tuple[str, str]]:
    """What is linked with what outside the graph.

    Raises:
        QueryError: the engine cannot evaluate the query.
    """
    properties = " ".join(f"<{iri}>" for iri in LINKS)
    query = (
        f"SELECT DISTINCT ?thing ?target WHERE {{ VALUES ?link {{ {properties} }} "
        f"GRAPH ?graph {{ ?thing ?link ?target }} {outside_reference('graph')} FILTER isIRI(?target) }}"
    )
    rows = ((one.value, other.value) for one, other in snapshot.query(query).rows() if one and other)
    return frozenset(pair for pair in rows if not pair[1].startswith(snapshot.description.base))


def check_links(iris: Sequence[str], visit: Visit) -> Iterator[Checked]:
    """What becomes of each address, as it is found out; the hosts take turns, so that none is asked often.

    An address that the `robots.txt` of its host keeps from us is not asked. A host that is busy and says for how long
    is asked once more after that, if it is at most two minutes.
    """
    asked: set[str] = set()
    rules: dict[str, RobotFileParser] = {}
    for iri in _in_turns(iris):
        host = host_of(iri)
        if host in asked:
            visit.wait(visit.pause_seconds)
        asked.add(host)
        yield _checked(iri, visit, rules)


def _in_turns(iris: Sequence[str]) -> list[str]:
    """The addresses, each host once before any of them a second time."""
    seen: Counter[str] = Counter()
    placed = []
    for iri in iris:
        host = host_of(iri)
        placed.append((seen[host], iri))
        seen[host] += 1
    return [iri for _, iri in sorted(placed)]


def _checked(iri: str, visit: Visit, rules: dict[str, RobotFileParser]) -> Checked:
    url, moved = iri.partition("#")[0], False
    for _ in range(_MOST_HOPS + 1):
        leads_to = url if url != iri.partition("#")[0] else ""
        try:
            refuse_unnamed(url, visit.named)
            if not _rules_of(url, rules).can_fetch(AGENT, url):
                return Checked(iri, REFUSED, "the robots.txt of its host asks not to be asked for it", leads_to)
            reply = _asked(url, visit)
        except NetworkRefused as error:
            return Checked(iri, REFUSED, str(error), leads_to)
        except EndpointAway as error:
            return Checked(iri, DEAD, str(error), leads_to)
        if reply.status in _REDIRECTS and reply.headers.get("location"):
            moved = moved or reply.status in _PERMANENT
            url = urljoin(url, reply.headers["location"]).partition("#")[0]
            continue
        return Checked(iri, _state(reply, moved=moved), str(reply.status), leads_to)
    return Checked(iri, DEAD, f"more than {_MOST_HOPS} redirects", url)


def _rules_of(url: str, rules: dict[str, RobotFileParser]) -> RobotFileParser:
    """What the host of an address lets us ask for, read once; all of it where it does not say."""
    parts = urlsplit(url)
    place = f"{parts.scheme}://{parts.netloc}"
    if place not in rules:
        rules[place] = RobotFileParser()
        rules[place].parse(_robots(f"{place}/robots.txt"))
    return rules[place]


def _robots(url: str) -> list[str]:
    with suppress(EndpointAway):
        reply = send("GET", url, bounds=_ROBOTS_BOUNDS)
        if reply.status == HTTPStatus.OK:
            return reply.body.decode("utf-8", "replace").splitlines()
    return []


def _asked(url: str, visit: Visit) -> Reply:
    reply = send("HEAD", url, bounds=visit.bounds)
    seconds = reply.headers.get("retry-after", "")
    if reply.status in _BUSY and seconds.isascii() and seconds.isdigit() and int(seconds) <= _MOST_WAITED_SECONDS:
        visit.wait(int(seconds))
        reply = send("HEAD", url, bounds=visit.bounds)
    if reply.status in _NO_HEAD:
        return send("GET", url, bounds=visit.bounds, headers={"Range": "bytes=0-0"})
    return reply


def _state(reply: Reply, *, moved: bool) -> str:
    if reply.status in _GONE:
        return DEAD
    if reply.status < HTTPStatus.MULTIPLE_CHOICES:
        return MOVED if moved else ALIVE
    return UNCLEAR
