"""Queries for a whole graph as it is, which can be read from a store without being computed.

A CONSTRUCT that gives what a single pattern of three variables finds gives each triple once anyway. An engine that does
not see that remembers all triples that it has given, which takes twice the time, and memory in proportion.
"""

import re
from typing import Final, NamedTuple

_GAP: Final = r"(?:[ \t\r\n]++|\#[^\r\n]*+)*+"
_APART: Final = rf"(?=[ \t\r\n\#]){_GAP}"
_VARIABLE: Final = r"[?$][A-Za-z0-9_]++"
# The engine reads a relative IRI, or one with an escape, as another one than is written.
_IRI: Final = r"<(?P<graph>[A-Za-z][A-Za-z0-9+.-]*+:[^<>\"{}|^`\\\x00-\x20]*+)>"


def _triple(name: str) -> str:
    """In braces, with the three variables as a group of that name; no comment stands between them."""
    variables = r"[ \t\r\n]*+".join([_VARIABLE] * 3)
    return rf"\{{{_GAP}(?P<{name}>{variables}){_GAP}(?:\.{_GAP})?\}}"


_WHOLE: Final = re.compile(
    rf"""
    {_GAP}CONSTRUCT
    (?: {_APART}WHERE{_GAP}{_triple("only")}
      | {_GAP}{_triple("given")}{_GAP}(?:WHERE{_GAP})?
        (?: {_triple("found")}
          | \{{{_GAP}GRAPH{_GAP}{_IRI}{_GAP}{_triple("within")}{_GAP}(?:\.{_GAP})?\}} ) )
    {_GAP}
    (?: LIMIT{_APART}(?P<limit>[0-9]{{1,9}}){_GAP} )?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NAME: Final = re.compile("[A-Za-z0-9_]+")


class WholeGraph(NamedTuple):
    """What a query asks for: all triples of a graph, or the first ones."""

    graph: str
    """Its IRI; empty for the default graph."""
    limit: int | None


def whole_graph(text: str) -> WholeGraph | None:
    """The graph that a query asks for as it is; None where it may ask for anything else.

    >>> whole_graph("CONSTRUCT WHERE { ?s ?p ?o } LIMIT 10")
    WholeGraph(graph='', limit=10)
    >>> whole_graph("CONSTRUCT { ?s ?p ?o } WHERE { GRAPH <x:g> { ?s ?p ?o } }")
    WholeGraph(graph='x:g', limit=None)
    >>> whole_graph("CONSTRUCT { ?o ?p ?s } WHERE { ?s ?p ?o }")
    """
    match = _WHOLE.fullmatch(text)
    if match is None:
        return None
    found = _variables(match["only"] or match["found"] or match["within"])
    given = _variables(match["given"]) if match["given"] else found
    if given != found or len(set(found)) < len(found):
        return None
    return WholeGraph(match["graph"] or "", int(match["limit"]) if match["limit"] else None)


def _variables(text: str) -> list[str]:
    """The names of some variables, which `?` or `$` begins."""
    return _NAME.findall(text)
