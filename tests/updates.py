"""Updates as changesets, for tests: what a request changes, what the engine makes of it, when both are equal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyoxigraph import (
    BlankNode,
    CanonicalizationAlgorithm,
    Dataset,
    DefaultGraph,
    Literal,
    NamedNode,
    Quad,
    RdfFormat,
    Store,
)

from kg.settings import UNION
from kg.store.patch import Changeset, quads_of
from kg.store.pending import NewNode, Nodes, Scratch
from kg.store.updates import GraphRules, UpdateLimits, Using, changes_of_update

PREFIX = "PREFIX : <x:> "
STANDARD = GraphRules()
MERGED = GraphRules(UNION, target="x:target", derived="x:derived", history="x:history")
INTEGER = NamedNode("http://www.w3.org/2001/XMLSchema#integer")
HISTORY = NamedNode("x:history")
NOTHING_CHOSEN = Using()
USUAL = UpdateLimits()


@contextmanager
def copied(store: Store) -> Iterator[Store]:
    copy = Store()
    copy.bulk_extend(store)
    yield copy


def changes_of(
    text: str,
    store: Store,
    rules: GraphRules = STANDARD,
    *,
    scratch: Scratch | None = None,
    using: Using = NOTHING_CHOSEN,
    limits: UpdateLimits = USUAL,
    new_node: NewNode = BlankNode,
) -> Changeset:
    """The changeset of a request, which leaves the store as it is."""
    before = sorted(map(str, store))
    try:
        return changes_of_update(
            text,
            store,
            rules=rules,
            scratch=scratch or (lambda: copied(store)),
            using=using,
            limits=limits,
            nodes=Nodes(new_node),
        )
    finally:
        assert sorted(map(str, store)) == before


def changed(store: Store, changes: Changeset) -> Store:
    """A copy with changes that must be net: it is there what is removed, and not there what is added."""
    with copied(store) as after:
        for quad in quads_of(changes.removed):
            assert quad in after
            after.remove(quad)
        for quad in quads_of(changes.added):
            assert quad not in after
            after.add(quad)
        return after


def updated(store: Store, text: str) -> Store:
    """A copy that the engine itself has updated."""
    with copied(store) as after:
        after.update(text)
        return after


def canonical(quads: Store | list[Quad]) -> set[str]:
    """Quads with labels of blank nodes that are equal for equal content."""
    dataset = Dataset(quads)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return {str(quad) for quad in dataset}


def trig(text: str) -> Store:
    store = Store()
    store.load(f"PREFIX : <x:> {text}", format=RdfFormat.TRIG)
    return store


def with_merge(store: Store) -> Store:
    """The named graphs and, as default graph, their merge, in which the history is not."""
    with copied(store) as merged:
        for quad in store:
            if quad.graph_name not in (DefaultGraph(), HISTORY):
                merged.add(Quad(quad.subject, quad.predicate, quad.object))
        return merged


def merge_of(store: Store) -> list[Quad]:
    """The merge of the named graphs."""
    named = (quad for quad in store if quad.graph_name != DefaultGraph())
    return list({Quad(quad.subject, quad.predicate, quad.object) for quad in named})


def lines(*quads: str) -> tuple[str, ...]:
    """N-Quads statements of `s p o g`; a digit is an integer."""
    return tuple(sorted(line(*quad.split()) for quad in quads))


def line(subject: str, predicate: str, value: str, graph: str = "") -> str:
    term = Literal(value, datatype=INTEGER) if value.isdigit() else NamedNode(f"x:{value}")
    named = f"<x:{graph}> " if graph else ""
    return f"<x:{subject}> <x:{predicate}> {term} {named}."
