"""From the ledger to a store of the engine: what is missing is made up for, and any revision can be made anew.

A store knows which revision it holds by a graph of its own, `history`, written in the same atomic update as the change:

    <history> dcat:version 7 ; dcterms:identifier "<digest of the commit>" .

With `merge`, the default graph is kept as the merge of all other graphs, in which each triple counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Store

from kg.errors import RevisionMissing, StoreError
from kg.store.ledger import Commit, Head, Ledger
from kg.store.nodes import Naming
from kg.store.patch import Changeset, is_apart, quads_of

_VERSION: Final = NamedNode("http://www.w3.org/ns/dcat#version")
_IDENTIFIER: Final = NamedNode("http://purl.org/dc/terms/identifier")
_MERGE: Final = DefaultGraph()
_REBUILD: Final = "make the store anew from the ledger"


def revision_of(store: Store, *, history: str) -> Head:
    """Which revision a store holds; revision 0 when it was never told.

    Raises:
        StoreError: the store cannot be read.
    """
    held = {quad.predicate: quad.object for quad in _told(store, history)}
    version, digest = held.get(_VERSION), held.get(_IDENTIFIER)
    if isinstance(version, Literal) and isinstance(digest, Literal):
        return Head(int(version.value), digest.value)
    return Head(0, "")


def effective_changes(store: Store, changes: Changeset) -> Changeset:
    """The part of a changeset that changes a store: what it adds and is not there, what it removes and is there."""
    with _translated():
        return Changeset(
            added=tuple(line for line, quad in _pairs(changes.added) if quad not in store),
            removed=tuple(line for line, quad in _pairs(changes.removed) if quad in store),
        )


def apply(store: Store, commit: Commit, *, history: str, merge: bool) -> None:
    """Change a store, which holds the revision before, as a commit says: in one atomic update, with the revision.

    Raises:
        StoreError: the store cannot be written; nothing is changed.
    """
    added, removed = quads_of(commit.changeset.added), quads_of(commit.changeset.removed)
    into, out = _merged(store, added, removed) if merge else (set(), set())
    head = head_quads(Head(commit.revision, commit.digest), history)
    with _translated():
        store.update(
            f"DELETE DATA {{ {_rows([*_told(store, history), *removed, *out])} }} ;\n"
            f"INSERT DATA {{ {_rows([*head, *added, *into])} }}"
        )


def replay(ledger: Ledger, store: Store, *, history: str, merge: bool, upto: int | None = None) -> Head:
    """Apply all commits above the revision that a store holds, to the head or to `upto`; returns what it holds then.

    Each commit is one atomic update, so this may be ended and called again at any moment.

    Raises:
        StoreError: the store holds a revision that is not in the ledger, or cannot be written.
        RevisionMissing: `upto` is not in the ledger.
        LedgerDamaged: a commit is not what was written.
    """
    held = revision_of(store, history=history)
    try:
        known = ledger.digest(held.revision)
    except RevisionMissing as error:
        raise StoreError(f"the store holds revision {held.revision}: {error}", remedy=_REBUILD) from error
    if known != held.digest:
        raise StoreError(f"the store holds another revision {held.revision} than the ledger", remedy=_REBUILD)
    for commit in ledger.entries(held.revision + 1, upto):
        apply(store, commit, history=history, merge=merge)
    return revision_of(store, history=history)


def rebuild(
    ledger: Ledger, store: Store, revision: int, *, history: str, merge: bool, naming: Naming | None = None
) -> int:
    """Fill an empty store with the state of any revision, and return how many statements that has.

    With `naming`, blank nodes stand in place of their names.
    Where this is interrupted, the store must be thrown away.

    Raises:
        StoreError: the store is not empty, or cannot be written.
        RevisionMissing: there is no such revision.
        LedgerDamaged: a commit is not what was written.
    """
    if store:
        raise StoreError("the store to fill is not empty", remedy="give a new one")
    digest = ledger.digest(revision)
    state: set[str] = set()
    for commit in ledger.entries(1, revision):
        state.difference_update(commit.changeset.removed)
        state.update(commit.changeset.added)
    quads = quads_of(naming.blank_lines(state) if naming else state)
    with _translated():
        store.bulk_extend(quads)
        if merge:
            store.bulk_extend(_in_merge(quad) for quad in quads if not is_apart(quad))
        store.extend(head_quads(Head(revision, digest), history) if revision else [])
        store.flush()
    return len(quads)


def forget(store: Store, *, history: str) -> None:
    """Let a store no longer say which revision it holds.

    Raises:
        StoreError: the store cannot be written.
    """
    with _translated():
        for quad in _told(store, history):
            store.remove(quad)
        drop_empty(store, [NamedNode(history)])


def drop_empty(store: Store, graphs: Iterable[NamedNode | BlankNode]) -> None:
    """Drop those of some graphs that hold nothing: the engine keeps their names, and gives them for `GRAPH ?g {}`."""
    for graph in graphs:
        if next(store.quads_for_pattern(None, None, None, graph), None) is None:
            store.remove_graph(graph)


def _told(store: Store, history: str) -> list[Quad]:
    with _translated():
        graph = NamedNode(history)
        return [quad for told in (_VERSION, _IDENTIFIER) for quad in store.quads_for_pattern(graph, told, None, graph)]


def head_quads(head: Head, history: str) -> list[Quad]:
    """What a store says of the revision that it holds."""
    graph = NamedNode(history)
    return [
        Quad(graph, _VERSION, Literal(head.revision), graph),
        Quad(graph, _IDENTIFIER, Literal(head.digest), graph),
    ]


def _merged(store: Store, added: Iterable[Quad], removed: Iterable[Quad]) -> tuple[set[Quad], set[Quad]]:
    """What enters and what leaves the merge: a triple leaves with the last graph that holds it."""
    into = {_in_merge(quad) for quad in added if not is_apart(quad)}
    gone = {*removed}
    out = {
        _in_merge(quad)
        for quad in gone
        if all(
            other.graph_name == _MERGE or other in gone or is_apart(other)
            for other in store.quads_for_pattern(quad.subject, quad.predicate, quad.object, None)
        )
    }
    return into, out - into


def _in_merge(quad: Quad) -> Quad:
    return Quad(quad.subject, quad.predicate, quad.object, _MERGE)


def _pairs(lines: tuple[str, ...]) -> Iterator[tuple[str, Quad]]:
    return zip(lines, quads_of(lines), strict=True)


def _rows(quads: Iterable[Quad]) -> str:
    """Quads as SPARQL writes them in `INSERT DATA`."""
    return "\n".join(_row(quad) for quad in quads)


def _row(quad: Quad) -> str:
    if quad.graph_name == _MERGE:
        return f"{quad} ."
    triple, graph = str(quad).rsplit(" ", 1)
    return f"GRAPH {graph} {{ {triple} }}"


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise StoreError(f"the store cannot be used: {error}", remedy=_REBUILD) from error
