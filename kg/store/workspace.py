"""The store in which a build grows: each triple in its named graph, and once more in the default graph, their merge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store, parse, serialize

from kg.store.results import Results, run_query

_MERGE: Final = DefaultGraph()


class Workspace:
    """Quads in memory while they are read, judged and added to."""

    def __init__(self) -> None:
        self._store = Store()

    def add(self, quads: Iterable[Quad]) -> None:
        """Add quads of named graphs."""
        found = list(quads)
        self._store.bulk_extend(found)
        self._store.bulk_extend(Quad(quad.subject, quad.predicate, quad.object, _MERGE) for quad in found)

    def add_ntriples(self, ntriples: str, graph: str) -> None:
        """Add triples, given as N-Triples, to one named graph."""
        target = NamedNode(graph)
        self.add(
            Quad(quad.subject, quad.predicate, quad.object, target)
            for quad in parse(ntriples, format=RdfFormat.N_TRIPLES)
        )

    def insert_new(self, construct: str, graph: str) -> int:
        """Add to a named graph what a CONSTRUCT query gives and no graph holds yet; returns how many triples that were.

        Raises:
            QuerySyntax: the query is not SPARQL.
            QueryError: the engine cannot evaluate it.
        """
        results = run_query(self._store, construct)
        target = NamedNode(graph)
        new = [
            Quad(triple.subject, triple.predicate, triple.object, target)
            for triple in results.triples()
            if Quad(triple.subject, triple.predicate, triple.object, _MERGE) not in self._store
        ]
        self.add(new)
        return len(set(new))

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

    def canonical_nquads(self) -> bytes:
        """The named graphs as canonical N-Quads, so that equal content gives equal bytes.

        Source: RDF Dataset Canonicalization 1.0 §5: one line a quad, in code point order. No blank node needs a label.
        """
        written = serialize(self._named_quads(), format=RdfFormat.N_QUADS) or b""
        return b"".join(sorted(written.splitlines(keepends=True)))

    def _named_quads(self) -> Iterator[Quad]:
        for graph in self._store.named_graphs():
            yield from self._store.quads_for_pattern(None, None, None, graph)
