"""Requests to a SPARQL 1.1 store behind a URL: an answer as a stream that cannot break off unseen, errors as ours.

Source: SPARQL 1.1 Protocol §2.1.3 (query via URL-encoded POST) and §2.2.2 (update via POST directly).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from http.client import HTTPException, HTTPResponse
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl

from pyoxigraph import QueryBoolean, QueryResultsFormat, RdfFormat, parse, parse_query_results

from kg.errors import QueryError, StoreAway
from kg.settings import Endpoint, Remote

_RESULTS: Final = {
    "application/sparql-results+json": QueryResultsFormat.JSON,
    "application/sparql-results+xml": QueryResultsFormat.XML,
    "application/json": QueryResultsFormat.JSON,
    "application/xml": QueryResultsFormat.XML,
}
_GRAPHS: Final = {
    "application/n-triples": RdfFormat.N_TRIPLES,
    "text/turtle": RdfFormat.TURTLE,
    "application/rdf+xml": RdfFormat.RDF_XML,
    "application/x-turtle": RdfFormat.TURTLE,
    "text/plain": RdfFormat.N_TRIPLES,  # RDF 1.0 had no other type for it, and some stores still say so
}
_ACCEPT_RESULTS: Final = "application/sparql-results+json, application/sparql-results+xml;q=0.9"
_ACCEPT_GRAPH: Final = "application/n-triples, text/turtle;q=0.9, application/rdf+xml;q=0.8"
_OK: Final = 200
_NO_CONTENT: Final = 204
_REMEDY: Final = "look whether it runs, and at KG_STORE; then ask again"


class Reading(Protocol):
    """An answer on its way."""

    @property
    def failed(self) -> str:
        """In which way it broke off; empty while it did not."""

    def close(self) -> None:
        """Read no more of it."""


class _Stream:
    """The bytes of an answer, as the engine's parser reads them.

    An answer that breaks off raises, and never looks like one that has ended: where only the end of the connection
    would tell, it is refused unless its format tells, too.
    """

    def __init__(self, response: HTTPResponse) -> None:
        self.response = response
        self.failed = ""

    def read(self, size: int = -1) -> bytes:
        """The next bytes; none at the end.

        Raises:
            OSError: the answer breaks off.
        """
        try:
            data = self.response.read(size)
        except (OSError, HTTPException) as error:
            self.failed = str(error) or type(error).__name__
            raise OSError(self.failed) from error
        if not data and size and self.response.length:
            self.failed = f"{self.response.length} bytes are missing"
            raise OSError(self.failed)
        return data

    def close(self) -> None:
        """Read no more of it."""
        self.response.close()

    @property
    def tells_its_end(self) -> bool:
        """Whether HTTP tells where it ends. Source: RFC 9112 §6.3 and §8."""
        return bool(self.response.chunked) or self.response.length is not None


def ask_remote(
    remote: Remote,
    text: str,
    *,
    is_graph: bool,
    seconds: int,
    default_graphs: Sequence[str] = (),
    named_graphs: Sequence[str] = (),
) -> tuple[Any, Reading]:
    """The answer to a query as the engine's parser gives it, and what tells how reading it goes.

    `is_graph`: it is a CONSTRUCT or DESCRIBE. Nothing may come for longer than `seconds`.

    Raises:
        QueryError: the store says that it cannot evaluate the query.
        StoreAway: it does not answer, or not as it should.
    """
    from kg.store.requests import send_query  # noqa: PLC0415 - SPARQLWrapper is of no use where the store is embedded

    graphs = [("default-graph-uri", graph) for graph in default_graphs]
    graphs += [("named-graph-uri", graph) for graph in named_graphs]
    accept = _ACCEPT_GRAPH if is_graph else _ACCEPT_RESULTS
    stream = _Stream(send_query(remote.query, text, accept=accept, parameters=graphs, seconds=seconds))
    try:
        return _parsed(stream, remote, is_graph=is_graph), stream
    except BaseException:
        stream.close()
        raise


def _parsed(stream: _Stream, remote: Remote, *, is_graph: bool) -> Any:
    """The answer in a response, as the engine's parser gives it.

    Raises:
        StoreAway: it is none, or only a part of one.
    """
    response = stream.response
    media_type = response.headers.get_content_type()
    formats: dict[str, Any] = _GRAPHS if is_graph else _RESULTS
    if response.status != _OK or response.headers.get("X-SQL-State"):
        # Source: Virtuoso, README.ANYTIME: a partial answer has status 206 and tells so in headers.
        raise StoreAway(
            f"the store {remote} gave only a part of the answer", remedy="raise its limits, or ask for less"
        )
    if media_type not in formats:
        raise StoreAway(f"the store {remote} answered in {media_type}", remedy="KG_STORE must be a SPARQL endpoint")
    if is_graph and formats[media_type] != RdfFormat.RDF_XML and not stream.tells_its_end:
        raise StoreAway(f"the store {remote} does not tell where its answer ends", remedy="let it speak HTTP/1.1")
    parser: Any = parse if is_graph else parse_query_results
    try:
        return parser(stream, format=formats[media_type])
    except (OSError, SyntaxError, ValueError) as error:
        raise broken_off(remote, stream.failed or str(error)) from error


def rows_of(remote: Remote, text: str, *, seconds: int) -> list[tuple[str, ...]]:
    """The rows of a small SELECT, each value as text.

    Raises:
        StoreAway: the store does not answer, or not as it should.
    """
    try:
        answer, reading = ask_remote(remote, text, is_graph=False, seconds=seconds)
        with closing(reading):
            return [tuple(value.value if value else "" for value in row) for row in answer]
    except (OSError, QueryError, SyntaxError, ValueError) as error:
        raise StoreAway(f"the store {remote} does not answer as it should: {error}", remedy=_REMEDY) from error


def holds(remote: Remote, pattern: str, *, seconds: int) -> bool:
    """Whether the store has a match for a graph pattern.

    Raises:
        StoreAway: the store does not answer, or not as it should.
    """
    try:
        answer, reading = ask_remote(remote, f"ASK {{ {pattern} }}", is_graph=False, seconds=seconds)
        with closing(reading):
            return truth_of(answer)
    except (OSError, QueryError, SyntaxError, ValueError) as error:
        raise StoreAway(f"the store {remote} does not answer as it should: {error}", remedy=_REMEDY) from error


def truth_of(answer: Any) -> bool:
    """The answer to an ASK; one that comes as rows, as Virtuoso gives it at times, is no where there is none.

    Raises:
        OSError, SyntaxError: the answer breaks off.
    """
    if isinstance(answer, QueryBoolean):
        return bool(answer)
    return any(value is not None and value.value not in ("0", "false") for row in answer for value in row)


def update_remote(remote: Remote, text: str, *, seconds: int) -> None:
    """Let the store make an update; it has, or has not begun, or nobody knows: an update may be sent again.

    Raises:
        StoreAway: the store does not answer, or does not take it.
    """
    from kg.store.requests import send_update  # noqa: PLC0415 - as above

    url, _, parameters = remote.update.url.partition("?")
    endpoint = Endpoint(url, remote.update.user, remote.update.password)
    given = parse_qsl(parameters, keep_blank_values=True)
    try:
        with send_update(endpoint, text, parameters=given, seconds=seconds) as response:
            response.read()
    except (HTTPException, OSError, QueryError) as error:
        raise StoreAway(
            f"the store does not take updates at {endpoint}: {error}", remedy="look at KG_STORE_UPDATE, and at its log"
        ) from error
    if response.status not in (_OK, _NO_CONTENT):
        raise StoreAway(f"the store answered an update at {endpoint} with {response.status}", remedy=_REMEDY)


def broken_off(remote: Remote, reason: str) -> StoreAway:
    """The error for an answer that breaks off."""
    return StoreAway(f"the answer of the store {remote} breaks off: {reason}", remedy=_REMEDY)
