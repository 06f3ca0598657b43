"""What is asserted in a store of the engine, as triples of rdflib: for whoever judges with rdflib."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

from pyoxigraph import BlankNode as EngineBlank
from pyoxigraph import DefaultGraph, Quad, Store
from pyoxigraph import Literal as EngineLiteral
from pyoxigraph import NamedNode as EngineIri
from rdflib import BNode, Literal, URIRef
from rdflib.term import Node

from kg.sources import is_reference

_PLAIN: Final = EngineIri("http://www.w3.org/2001/XMLSchema#string")
_KEPT_TERMS: Final = 4096
_EVERYTHING: Final = (None, None, None)

Triple = tuple[Node, Node, Node]


class AssertedTriples:
    """The triples of all graphs but the derived ones, below one IRI, those of reference, and the merge; each once."""

    def __init__(self, store: Store, *, derived: str, merges: bool) -> None:
        """`merges`: the default graph is the merge of the others; otherwise it is asserted like them."""
        self._store = store
        self._derived = f"{derived}/"
        self._merges = merges

    def triples(self, pattern: tuple[Node | None, Node | None, Node | None], /) -> Iterator[Triple]:
        """The triples that match; None matches every term. One call is one index read."""
        if isinstance(pattern[0], Literal) or not isinstance(pattern[1], URIRef | None):
            return
        seen: set[Any] = set()
        for quad in self._all() if pattern == _EVERYTHING else self._matching(pattern):
            triple = quad.triple
            if triple not in seen:
                seen.add(triple)
                yield _triple(quad)

    def _matching(self, pattern: tuple[Node | None, Node | None, Node | None]) -> Iterator[Quad]:
        subject, predicate, value = map(_engine_term, pattern)
        for quad in self._store.quads_for_pattern(subject, predicate, value, None):
            if self._is_asserted(quad):
                yield quad

    def _all(self) -> Iterator[Quad]:
        """Graph by graph, so that who needs only a few reads neither through the merge nor all names of graphs."""
        for graph in self._store.named_graphs():
            if not graph.value.startswith(self._derived) and not is_reference(graph.value):
                yield from self._store.quads_for_pattern(None, None, None, graph)
        if not self._merges:
            yield from self._store.quads_for_pattern(None, None, None, DefaultGraph())

    def holds(self, quad: Quad, *, without: set[Quad]) -> bool:
        """Whether any graph asserts the triple of a quad, other than by the quads that are left out."""
        return any(
            self._is_asserted(held) and held not in without
            for held in self._store.quads_for_pattern(quad.subject, quad.predicate, quad.object, None)
        )

    def _is_asserted(self, quad: Quad) -> bool:
        graph = quad.graph_name
        if isinstance(graph, DefaultGraph):
            return not self._merges
        return not graph.value.startswith(self._derived) and not is_reference(graph.value)


def triples_of(quads: Iterable[Quad]) -> Iterator[Triple]:
    """Quads as triples of rdflib, without their graphs; each is made when it is asked for."""
    return map(_triple, quads)


def _triple(quad: Quad) -> Triple:
    return _term(quad.subject), _term(quad.predicate), _term(quad.object)


@lru_cache(maxsize=_KEPT_TERMS)
def _iri(value: str) -> URIRef:
    return URIRef(value)


def _term(term: Any) -> Node:
    if isinstance(term, EngineIri):
        return _iri(term.value)
    if isinstance(term, EngineLiteral):
        if term.language:
            return Literal(term.value, lang=term.language)
        if term.datatype == _PLAIN:
            return Literal(term.value)
        return Literal(term.value, datatype=_iri(term.datatype.value), normalize=False)
    return BNode(term.value)


def _engine_term(term: Node | None) -> Any:
    if term is None:
        return None
    if isinstance(term, URIRef):
        return EngineIri(str(term))
    if isinstance(term, Literal):
        if term.language:
            return EngineLiteral(str(term), language=term.language)
        return EngineLiteral(str(term), datatype=EngineIri(str(term.datatype)) if term.datatype else None)
    return EngineBlank(str(term))
