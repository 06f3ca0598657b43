"""A store of the engine while conclusions are drawn from it: what is asked and told crosses as N-Triples text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store, parse

from kg.sources import is_reference
from kg.store.patch import Changeset, changeset_of
from kg.store.results import run_query

if TYPE_CHECKING:
    from kg.store.primary import Primary

_MERGE: Final = DefaultGraph()


class Living:
    """The primary store while conclusions are drawn from it; all that they change is part of the change made now."""

    def __init__(self, primary: Primary) -> None:
        self._primary = primary

    def solutions(self, text: str) -> list[tuple[str, ...]]:
        """The rows of a SELECT, or the triples of a CONSTRUCT, over the merge of all graphs, as N-Triples terms.

        Raises:
            QuerySyntax: the text is not SPARQL.
            QueryError: the engine cannot evaluate it.
        """
        return solutions(self._primary.store, text, merges=self._primary.merges)

    def holders(self, triples: Sequence[tuple[str, str, str]]) -> list[frozenset[str]]:
        """For each triple the IRIs of the graphs that hold it; empty is that of a default graph which is no merge."""
        return holders(self._primary.store, triples, merges=self._primary.merges)

    def change(self, added: Sequence[str], removed: Sequence[str]) -> None:
        """Remove and add statements, given as N-Quads.

        Raises:
            StoreError: the store cannot be written.
        """
        self._primary.change(Changeset(added=tuple(sorted({*added})), removed=tuple(sorted({*removed}))))

    def insert_new(self, construct: str, graph: str, *, derived: str) -> int:
        """Add to a graph what a CONSTRUCT query gives and no graph holds that is not below an IRI; returns how many.

        Raises:
            QuerySyntax: the query is not SPARQL.
            QueryError: the engine cannot evaluate it.
            StoreError: the store cannot be written.
        """
        new = new_quads(self._primary.store, construct, graph, derived=derived, merges=self._primary.merges)
        self._primary.change(changeset_of(added=new))
        return len(new)


def solutions(store: Store, text: str, *, merges: bool) -> list[tuple[str, ...]]:
    """The rows of a SELECT, or the triples of a CONSTRUCT, over the merge of all graphs; no value is an empty text.

    `merges`: the default graph is the merge of the others.

    Raises:
        QuerySyntax: the text is not SPARQL.
        QueryError: the engine cannot evaluate it.
    """
    return [*run_query(store, text, union=not merges).lines()]


def holders(store: Store, triples: Sequence[tuple[str, str, str]], *, merges: bool) -> list[frozenset[str]]:
    """For each triple the IRIs of the graphs that hold it; empty is that of a default graph which is no merge."""
    lines = "".join(f"{' '.join(triple)} .\n" for triple in triples)
    return [_graphs(store, quad, merges=merges) for quad in parse(lines, format=RdfFormat.N_TRIPLES)]


def insert_new(store: Store, construct: str, graph: str, *, derived: str, merges: bool) -> int:
    """Add to a named graph what a CONSTRUCT query gives and no graph holds that is not below an IRI.

    Raises:
        QuerySyntax: the query is not SPARQL.
        QueryError: the engine cannot evaluate it.
    """
    new = new_quads(store, construct, graph, derived=derived, merges=merges)
    store.bulk_extend(new)
    if merges:
        store.bulk_extend(Quad(quad.subject, quad.predicate, quad.object, _MERGE) for quad in new)
    return len(new)


def new_quads(store: Store, construct: str, graph: str, *, derived: str, merges: bool) -> set[Quad]:
    """What `insert_new` would add.

    Raises:
        QuerySyntax: the query is not SPARQL.
        QueryError: the engine cannot evaluate it.
    """
    target = NamedNode(graph)
    new: set[Quad] = set()
    for triple in run_query(store, construct, union=not merges).triples():
        quad = Quad(triple.subject, triple.predicate, triple.object, target)
        if quad not in store and quad not in new:
            known = _graphs(store, quad, merges=merges)
            if all(name.startswith(f"{derived}/") for name in known):
                new.add(quad)
    return new


def _graphs(store: Store, quad: Quad, *, merges: bool) -> frozenset[str]:
    found = (other.graph_name for other in store.quads_for_pattern(quad.subject, quad.predicate, quad.object, None))
    return frozenset(
        "" if isinstance(name, DefaultGraph) else name.value
        for name in found
        if not (merges if isinstance(name, DefaultGraph) else is_reference(name.value))
    )
