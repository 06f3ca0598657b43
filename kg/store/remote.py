"""Requests to a SPARQL 1.1 store behind a URL: an answer as a stream that cannot break off unseen, errors as ours.

Source: SPARQL 1.1 Protocol §2.1.3 (query via URL-encoded POST) and §2.2.2 (update via POST directly).
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from contextlib import closing
from http.client import HTTPException, HTTPResponse
from typing import Any, Final, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qsl

from pyoxigraph import QueryBoolean, QueryResultsFormat, RdfFormat, parse, parse_query_results
from SPARQLWrapper import DIGEST, INSERT, POST, POSTDIRECTLY, SELECT, URLENCODED, SPARQLWrapper
from SPARQLWrapper.SPARQLExceptions import QueryBadFormed, SPARQLWrapperException, Unauthorized

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
_AGENT: Final = "unemg-kg"
_SHOWN_CHARACTERS: Final = 300
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
    wrapper = _wrapper(remote.query, text, accept=_ACCEPT_GRAPH if is_graph else _ACCEPT_RESULTS, seconds=seconds)
    wrapper.setRequestMethod(URLENCODED)
    wrapper.queryType = SELECT
    for name, graphs in (("default-graph-uri", default_graphs), ("named-graph-uri", named_graphs)):
        for graph in graphs:
            wrapper.addParameter(name, graph)
    stream = _Stream(_sent(wrapper, remote.query))
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
    url, _, parameters = remote.update.url.partition("?")
    endpoint = Endpoint(url, remote.update.user, remote.update.password)
    wrapper = _wrapper(endpoint, text, accept="*/*", seconds=seconds)
    wrapper.setRequestMethod(POSTDIRECTLY)
    wrapper.queryType = INSERT
    for name, value in parse_qsl(parameters, keep_blank_values=True):
        wrapper.addParameter(name, value)
    try:
        with _sent(wrapper, endpoint) as response:
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


def _wrapper(endpoint: Endpoint, text: str, *, accept: str, seconds: int) -> SPARQLWrapper:
    """A request; its text is given as it is, as what it is would otherwise be guessed from words in it."""
    wrapper = SPARQLWrapper(endpoint.url, agent=_AGENT)
    wrapper.setMethod(POST)
    wrapper.setOnlyConneg(True)
    wrapper.setTimeout(seconds)
    wrapper.addCustomHttpHeader("Accept", accept)
    wrapper.queryString = text
    if endpoint.user:
        wrapper.setCredentials(endpoint.user, endpoint.password)
    return wrapper


def _sent(wrapper: SPARQLWrapper, endpoint: Endpoint) -> Any:
    """The response to a request that was sent; who is not let in with a basic password tries with a digest of it."""
    try:
        try:
            return wrapper.query().response
        except Unauthorized:
            if not endpoint.user:
                raise
            wrapper.setHTTPAuth(DIGEST)
            return wrapper.query().response
    except QueryBadFormed as error:
        raise QueryError(
            f"the store cannot evaluate the query: {_words(error)}", remedy="change the query to what this store knows"
        ) from error
    except Unauthorized as error:
        raise StoreAway(f"the store {endpoint} lets nobody in like this", remedy="mend the user in KG_STORE") from error
    except HTTPError as error:
        error.close()
        raise StoreAway(f"the store {endpoint} answered with {error.code}", remedy=_REMEDY) from error
    except SPARQLWrapperException as error:
        raise StoreAway(f"the store {endpoint} failed: {error.msg}", remedy=_REMEDY) from error
    except URLError as error:
        raise StoreAway(f"the store {endpoint} does not answer: {error.reason}", remedy=_REMEDY) from error
    except (HTTPException, OSError) as error:
        raise StoreAway(f"the store {endpoint} does not answer: {error!r}", remedy=_REMEDY) from error


def _words(error: SPARQLWrapperException) -> str:
    """The first words of what the store says; the library gives them as the text of a bytes literal."""
    literal = str(error).partition("\nResponse:\n")[2]
    try:
        said = ast.literal_eval(literal).decode("utf-8", "replace") if literal else "it does not say why"
    except (SyntaxError, ValueError):
        said = literal
    return " ".join(said.split())[:_SHOWN_CHARACTERS]
