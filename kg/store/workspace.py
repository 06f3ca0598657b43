"""The store in which a build grows: each triple in its named graph, and once more in the default graph, their merge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store, Triple, parse, serialize

from kg.store.living import holders, new_quads, solutions
from kg.store.patch import is_apart, is_unnamed, quads_of
from kg.store.results import Results, run_query

if TYPE_CHECKING:
    from kg.store.triples import Triple as AssertedTriple

_MERGE: Final = DefaultGraph()
_MANY_QUADS: Final = 1000


class Workspace:
    """Quads in memory while they are read, judged and added to."""

    def __init__(self) -> None:
        self._store = Store()
        self._unnamed: set[Triple] = set()
        """What stands in a default graph that is no merge, where the content is published with one."""

    def add(self, quads: Iterable[Quad]) -> None:
        """Add quads; those that are in no named graph are in the merge alone."""
        found = list(quads)
        self._unnamed.update(quad.triple for quad in found if is_unnamed(quad))
        fill = self._store.extend if len(found) < _MANY_QUADS else self._store.bulk_extend
        fill(found)
        fill(Quad(quad.subject, quad.predicate, quad.object, _MERGE) for quad in found if not is_apart(quad))

    def remove(self, quads: Iterable[Quad]) -> None:
        """Remove quads of named graphs; a triple leaves the merge with the last graph that holds it."""
        for quad in quads:
            self._store.remove(quad)
            triple = (quad.subject, quad.predicate, quad.object)
            others = self._store.quads_for_pattern(*triple, None)
            if all(other.graph_name == _MERGE or is_apart(other) for other in others):
                self._store.remove(Quad(*triple, _MERGE))

    def add_ntriples(self, ntriples: str, graph: str) -> None:
        """Add triples, given as N-Triples, to one named graph."""
        target = NamedNode(graph)
        self.add(
            Quad(quad.subject, quad.predicate, quad.object, target)
            for quad in parse(ntriples, format=RdfFormat.N_TRIPLES)
        )

    def insert_new(self, construct: str, graph: str, *, derived: str) -> int:
        """Add to a named graph what a CONSTRUCT query gives; returns how many triples that were.

        What a graph holds that is not below `derived` is not added, nor what stands in no named graph.

        Raises:
            QuerySyntax: the query is not SPARQL.
            QueryError: the engine cannot evaluate it.
        """
        found = new_quads(self._store, construct, graph, derived=derived, merges=True)
        new = [quad for quad in found if quad.triple not in self._unnamed]
        self.add(new)
        return len(new)

    def solutions(self, text: str) -> list[tuple[str, ...]]:
        """The rows of a SELECT, or the triples of a CONSTRUCT, as N-Triples terms; no value is an empty text.

        Raises:
            QuerySyntax: the text is not SPARQL.
            QueryError: the engine cannot evaluate it.
        """
        return solutions(self._store, text, merges=True)

    def holders(self, triples: Sequence[tuple[str, str, str]]) -> list[frozenset[str]]:
        """For each triple, given as N-Triples terms, the IRIs of the graphs that hold it."""
        return holders(self._store, triples, merges=True)

    def change(self, added: Sequence[str], removed: Sequence[str]) -> None:
        """Remove and add statements of named graphs, given as N-Quads."""
        self.remove(quads_of(removed))
        self.add(quads_of(added))

    def query(self, text: str) -> Results:
        """Ask the merge and the named graphs.

        Raises:
            QuerySyntax: the text is not SPARQL.
            QueryError: the engine cannot evaluate it.
        """
        return run_query(self._store, text)

    def ntriples(self) -> bytes:
        """The merge of all graphs as N-Triples, in no order."""
        return serialize(self._store.quads_for_pattern(None, None, None, _MERGE), format=RdfFormat.N_TRIPLES) or b""

    def triples(self) -> Iterator[AssertedTriple]:
        """The merge of all graphs as triples of rdflib, in no order."""
        from kg.store.triples import triples_of  # noqa: PLC0415 - rdflib is of no use to those who only read

        return triples_of(self._store.quads_for_pattern(None, None, None, _MERGE))

    def canonical_nquads(self) -> bytes:
        """The named graphs as canonical N-Quads, so that equal content gives equal bytes.

        Source: RDF Dataset Canonicalization 1.0 §5: one line a quad, in code point order. No blank node needs a label.
        """
        written = serialize(self._named_quads(), format=RdfFormat.N_QUADS) or b""
        return b"".join(sorted(written.splitlines(keepends=True)))

    def _named_quads(self) -> Iterator[Quad]:
        for graph in self._store.named_graphs():
            yield from self._store.quads_for_pattern(None, None, None, graph)
