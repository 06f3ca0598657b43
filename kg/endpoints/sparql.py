"""SPARQL endpoints of others, by SPARQLWrapper, and what they answer as RDF terms.

Source: SPARQL 1.1 Protocol §2.1.3 (query via URL-encoded POST); SPARQL 1.1 Query Results JSON Format §3.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from rdflib import BNode, Literal, URIRef
from rdflib.term import Node
from SPARQLWrapper import POST, SELECT, URLENCODED, SPARQLWrapper

from kg.endpoints.requests import AGENT, Bounds, Reply, send
from kg.errors import EndpointAway, QueryError, ServiceBusy

ROWS_TYPE: Final = "application/sparql-results+json"
GRAPH_TYPE: Final = "application/n-triples"
_ACCEPT: Final = f"{ROWS_TYPE}, {GRAPH_TYPE}"
# XML is not read: what an unknown endpoint sends may be made to swell or to reach out.
_ROWS_TYPES: Final = frozenset({ROWS_TYPE, "application/json"})
_PLAIN_TEXT: Final = "http://www.w3.org/2001/XMLSchema#string"
_SHOWN_CHARACTERS: Final = 200
_BUSY: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)

Row = tuple[Node | None, ...]


def ask_endpoint(
    url: str,
    text: str,
    *,
    bounds: Bounds,
    accept: str = _ACCEPT,
    parameters: Sequence[tuple[str, str]] = (),
    agent: str = AGENT,
) -> Reply:
    """The reply of a SPARQL endpoint to a query, whatever its status.

    Raises:
        EndpointAway: as `send` does.
    """
    wrapper = SPARQLWrapper(url, agent=agent)
    wrapper.setMethod(POST)
    wrapper.setRequestMethod(URLENCODED)
    wrapper.setOnlyConneg(True)
    wrapper.addCustomHttpHeader("Accept", accept)
    # Given as it is: what kind of query it is would otherwise be guessed from words in it.
    wrapper.queryString = text
    wrapper.queryType = SELECT
    for name, value in parameters:
        wrapper.addParameter(name, value)
    # Only made by the package: its own way of sending reads errors without end, and follows to any address.
    request = wrapper._createRequest()
    body = request.data if isinstance(request.data, bytes) else None
    return send(request.get_method(), request.full_url, bounds=bounds, headers=dict(request.header_items()), body=body)


def serious(reply: Reply) -> Reply:
    """The reply, if it is an answer.

    Raises:
        EndpointAway: it leads elsewhere, or says that something failed.
        QueryError: the endpoint says that it cannot evaluate the query.
        ServiceBusy: it asks to be left alone for a while.
    """
    shown = f"<{reply.url.partition('?')[0]}>"
    if reply.status == HTTPStatus.OK:
        return reply
    if HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.BAD_REQUEST:
        elsewhere = reply.headers.get("location", "an address that it does not tell")[:_SHOWN_CHARACTERS]
        raise EndpointAway(f"{shown} leads to {elsewhere}", remedy="name that address, if you trust it")
    if reply.status == HTTPStatus.BAD_REQUEST:
        raise QueryError(f"{shown} cannot evaluate the query: {reply.text}", remedy="change the query to what it knows")
    if reply.status in _BUSY:
        seconds = reply.headers.get("retry-after", "60")[:40]
        raise ServiceBusy(f"{shown} has too much to do ({reply.status})", remedy=f"ask again after {seconds} seconds")
    raise EndpointAway(
        f"{shown} answered with {reply.status}: {reply.text or 'no word of why'}",
        remedy="look whether this is the address of a SPARQL endpoint that anybody may ask",
    )


def rows_in(reply: Reply) -> tuple[tuple[str, ...], list[Row], bool | None]:
    """The columns, the rows and the truth value of an answer in JSON; a graph is none.

    Raises:
        EndpointAway: it is no such answer.
    """
    if reply.media_type not in _ROWS_TYPES:
        raise EndpointAway(
            f"<{reply.url}> answers in {reply.media_type or 'no told media type'}: {reply.text}",
            remedy=f"look whether this is a SPARQL endpoint; it has to answer in {ROWS_TYPE}",
        )
    try:
        told = json.loads(reply.body)
        if "boolean" in told:
            return (), [], bool(told["boolean"])
        columns = tuple(str(name) for name in told["head"]["vars"])
        rows = [
            tuple(_term(row[name]) if name in row else None for name in columns) for row in told["results"]["bindings"]
        ]
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise EndpointAway(
            f"<{reply.url}> sends what is no {ROWS_TYPE}: {type(error).__name__} at {reply.text!r}",
            remedy="look whether this is a SPARQL endpoint",
        ) from error
    return columns, rows, None


def _term(told: Mapping[str, Any]) -> Node:
    kind, value = told["type"], told["value"]
    if kind == "triple":
        return Literal(" ".join(_term(value[part]).n3() for part in ("subject", "predicate", "object")))
    if not isinstance(value, str):
        raise TypeError(f"the value of a {kind} is no text")
    if kind == "uri":
        return URIRef(value)
    if kind == "bnode":
        return BNode(value)
    language, datatype = told.get("xml:lang"), told.get("datatype")
    if language:
        return Literal(value, lang=language)
    return Literal(value, datatype=None if datatype in (None, _PLAIN_TEXT) else URIRef(datatype), normalize=False)
