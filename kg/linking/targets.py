"""What is linked to: a file of RDF, or a SPARQL endpoint that is asked politely, page by page, once."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from rdflib.term import BNode, Literal, Node, URIRef

from kg.endpoints import AGENT, ROWS_TYPE, Bounds, Reply, ask_endpoint, rows_in, serious
from kg.errors import ContentError, EndpointAway
from kg.readers.document import Reading, read_document
from kg.store import Term, Workspace

_GRAPH: Final = "urn:x-kg:target"
_MOST_FILE_BYTES: Final = 256 * 1024 * 1024
_PLAIN: Final = "http://www.w3.org/2001/XMLSchema#string"


class Target(Protocol):
    """Data of others that answers queries."""

    @property
    def name(self) -> str:
        """Its address or file."""

    def rows(self, text: str) -> list[tuple[Term | None, ...]]:
        """The rows of a SELECT.

        Raises:
            KgError: it does not answer.
        """


@dataclass(frozen=True)
class Pace:
    """How an endpoint is asked."""

    page: int = 1000
    """Rows asked for at a time."""
    pause_seconds: float = 1.0
    """Between two requests."""
    bounds: Bounds = field(default_factory=lambda: Bounds(seconds=60, bytes=32 * 1024 * 1024))
    contact: str = ""
    """Whom the operator of the endpoint may write to."""
    wait: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class _Endpoint:
    name: str
    cache: Path
    pace: Pace
    is_fresh: bool
    asked: list[str] = field(default_factory=list)

    def rows(self, text: str) -> list[tuple[Term | None, ...]]:
        """The rows of a SELECT: as they were answered before, where they were."""
        file = self.cache / f"{_digest(self.name, text)}.json"
        if not self.is_fresh and (kept := self._kept(file)) is not None:
            return kept
        if self.asked:
            self.pace.wait(self.pace.pause_seconds)
        self.asked.append(text)
        agent = f"{AGENT} {self.pace.contact}".strip()
        reply = serious(ask_endpoint(self.name, text, bounds=self.pace.bounds, accept=ROWS_TYPE, agent=agent))
        rows = _terms(reply)
        _keep(file, reply.body)
        return rows

    def _kept(self, file: Path) -> list[tuple[Term | None, ...]] | None:
        with suppress(OSError, EndpointAway):
            return _terms(Reply(self.name, 200, {"content-type": ROWS_TYPE}, file.read_bytes()))
        return None


@dataclass(frozen=True)
class _File:
    name: str
    workspace: Workspace

    def rows(self, text: str) -> list[tuple[Term | None, ...]]:
        """The rows of a SELECT."""
        return list(self.workspace.query(text).rows())


def endpoint_target(url: str, *, cache: Path, pace: Pace, is_fresh: bool = False) -> Target:
    """A SPARQL endpoint; what it answers is kept in the folder `cache`, and asked again only if `is_fresh`."""
    return _Endpoint(url, cache, pace, is_fresh)


def file_target(path: Path) -> Target:
    """A local file of RDF of any format; nothing that it names is fetched.

    Raises:
        ContentError: it cannot be read; with the place.
    """
    try:
        if path.stat().st_size > _MOST_FILE_BYTES:
            raise ContentError(
                f"has more than {_MOST_FILE_BYTES:,} bytes",
                remedy="load it into a SPARQL store, and give its address",
                file=str(path),
            )
        data = path.read_bytes()
    except OSError as error:
        remedy = "name a file of RDF, or an address that begins with https://"
        raise ContentError(f"cannot be read: {error.strerror}", remedy=remedy, file=str(path)) from error
    reading = Reading(graphs="many", max_bytes=_MOST_FILE_BYTES)
    document = read_document(data, name=path.name, graph=_GRAPH, reading=reading)
    workspace = Workspace()
    workspace.add(document.quads)
    return _File(str(path), workspace)


def paged(target: Target, text: str, *, page: int, most: int) -> Iterator[tuple[Term | None, ...]]:
    """The rows of a SELECT without LIMIT, page by page, at most so many.

    An endpoint may give fewer rows than a page has, so only an empty page is the end.

    Raises:
        EndpointAway: it gives the same page again and again.
        KgError: it does not answer.
    """
    before: list[tuple[Term | None, ...]] = []
    given = 0
    while given < most:
        rows = target.rows(f"{text}\nLIMIT {min(page, most - given)} OFFSET {given}")
        if not rows:
            return
        if rows == before:
            raise EndpointAway(
                f"<{target.name}> gives the same page again and again", remedy="ask one that knows OFFSET"
            )
        yield from rows[: most - given]
        given += len(rows)
        before = rows


def _digest(address: str, text: str) -> str:
    return hashlib.sha256(f"{address}\n{text}".encode()).hexdigest()


def _terms(reply: Reply) -> list[tuple[Term | None, ...]]:
    _, rows, _ = rows_in(reply)
    return [tuple(map(_term, row)) for row in rows]


def _term(node: Node | None) -> Term | None:
    if isinstance(node, URIRef):
        return Term("iri", str(node))
    if isinstance(node, BNode):
        return Term("blank", str(node))
    if isinstance(node, Literal):
        return Term("literal", str(node), node.language or "", str(node.datatype or _PLAIN))
    return None


def _keep(file: Path, body: bytes) -> None:
    """Keep an answer, if it can be kept; one that is half written is never read."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(".half")
        half.write_bytes(body)
        half.replace(file)
