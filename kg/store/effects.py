"""What one operation of an update takes out and puts in, by the rules for the graphs that it may write."""

from __future__ import annotations

from dataclasses import dataclass

from pyoxigraph import BlankNode, DefaultGraph, NamedNode, Quad

from kg.errors import QueryRefused
from kg.settings import STRICT, UNION
from kg.sources import is_reference
from kg.store.pending import Pending, in_default

Graph = NamedNode | BlankNode | DefaultGraph


@dataclass(frozen=True)
class GraphRules:
    """Which graphs a request may write."""

    default_graph: str = STRICT
    """`strict`: it is a graph of its own. `union`: it is the merge of all graphs."""
    target: str = ""
    """With `union`: the graph that is written where a request names none."""
    derived: str = ""
    """The graph that is never written, and all below it; empty: there is none."""
    history: str = ""
    """The graph in which the store keeps its revision; empty: there is none."""
    submissions: str = ""
    """The graph that tells who submitted what; empty: there is none."""

    @property
    def merges(self) -> bool:
        """Whether the default graph is the merge of all graphs."""
        return self.default_graph == UNION

    def may_write(self, graph: Graph) -> bool:
        """Whether quads of a graph may be added and removed."""
        if isinstance(graph, DefaultGraph):
            return not self.merges
        name = graph.value
        kept = self.derived and (name == self.derived or name.startswith((f"{self.derived}/", f"{self.derived}#")))
        return not kept and not is_reference(name) and name not in (self.history, self.submissions)

    def refuse_kept(self, graph: Graph) -> None:
        """Refuse to write a graph that is kept by the service itself.

        Raises:
            QueryRefused: it is derived, of reference, or a history.
        """
        if isinstance(graph, DefaultGraph) or self.may_write(graph):
            return
        if graph.value == self.history:
            raise QueryRefused(
                f"{graph} holds the revision of the store and cannot be written",
                remedy="leave it out; each accepted change writes it",
            )
        if graph.value == self.submissions:
            raise submissions_kept(graph.value)
        if is_reference(graph.value):
            raise reference_kept(graph.value)
        raise QueryRefused(
            f"{graph} holds what follows from other graphs and cannot be written",
            remedy="change the statements or the rules that it follows from, or leave the graph out by FILTER",
        )


def reference_kept(graph: str) -> QueryRefused:
    """The refusal to write to a graph of reference."""
    return QueryRefused(
        f"<{graph}> holds data of others as they publish it; it comes with the content and is not written to",
        remedy="put what you say about it into another graph",
    )


def submissions_kept(graph: str) -> QueryRefused:
    """The refusal to write to the graph that tells who submitted what."""
    return QueryRefused(
        f"<{graph}> tells who submitted what; nobody writes to it", remedy="leave it out, or revert a revision"
    )


class Effect:
    """The quads that an operation takes out and puts in, as they come; deletions count before insertions.

    Source: SPARQL 1.1 Update §3.1.3: if an operation deletes and inserts a triple, it is there afterwards.
    """

    def __init__(self, pending: Pending, rules: GraphRules, *, deletes: bool, limit: int) -> None:
        """`deletes`: whether anything may be deleted, so that insertions of what is there already have to be kept."""
        self._pending = pending
        self._rules = rules
        self._deletes = deletes
        self._limit = limit
        self._out: set[Quad] = set()
        self._into: set[Quad] = set()
        self._from_all: set[Quad] = set()

    def delete(self, quad: Quad) -> None:
        """Take a quad out; one of the merge from all graphs, one of a graph that may not be written not at all.

        Raises:
            QueryRefused: there are too many.
        """
        if self._is_merged(quad):
            if self._held(quad):
                self._from_all.add(quad)
        elif self._rules.may_write(quad.graph_name) and self._pending.holds(quad):
            self._out.add(quad)
        self._refuse_excess()

    def insert(self, quad: Quad) -> None:
        """Put a quad in.

        Raises:
            QueryRefused: there are too many, or the graph may not be written.
        """
        self._rules.refuse_kept(quad.graph_name)
        if self._deletes or not (self._held(quad) if self._is_merged(quad) else self._pending.holds(quad)):
            self._into.add(quad)
        self._refuse_excess()

    def net(self) -> tuple[set[Quad], set[Quad]]:
        """The quads that are there and are removed, and those that are added then, as they are not there any more.

        Raises:
            QueryRefused: there is no graph to put a triple in.
        """
        unplaced = {quad for quad in self._into if self._is_merged(quad)}
        from_all = (held for triple in self._from_all - unplaced for held in self._held(triple))
        removed = {*self._out, *from_all} - self._into
        added = {quad for quad in self._into - unplaced if not self._pending.holds(quad)}
        stated = {in_default(quad) for quad in added} if unplaced else set()
        placed = {
            self._placed(triple) for triple in unplaced - stated if all(held in removed for held in self._held(triple))
        }
        return removed, added | placed

    def _is_merged(self, quad: Quad) -> bool:
        return self._rules.merges and isinstance(quad.graph_name, DefaultGraph)

    def _held(self, triple: Quad) -> list[Quad]:
        """The quads of a triple in graphs that may be written."""
        found = self._pending.quads(triple.subject, triple.predicate, triple.object, None)
        return [quad for quad in found if self._rules.may_write(quad.graph_name)]

    def _placed(self, triple: Quad) -> Quad:
        if not self._rules.target:
            raise QueryRefused(
                "the update inserts into the default graph, which is the merge of all graphs",
                remedy="name the graph: write INSERT { GRAPH <…> { … } }",
            )
        return Quad(triple.subject, triple.predicate, triple.object, NamedNode(self._rules.target))

    def _refuse_excess(self) -> None:
        if len(self._out) + len(self._into) + len(self._from_all) > self._limit:
            raise too_many(self._limit)


def too_many(limit: int) -> QueryRefused:
    """The error for a request that changes more than `limit` quads."""
    return QueryRefused(
        f"the update changes more than {limit:,} statements", remedy="change fewer at once, in several requests"
    )
