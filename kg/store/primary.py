"""The store that is written to. It is never read by the service, and can be made again from the ledger at any time.

    state/primary/union/      the engine's own files; named after what its default graph is

A change is first made in the store itself, so that it can be judged there with the engine's own means. While it is, the
store does not say which revision it holds. Then the change is withdrawn, or held until the ledger has it; only with the
ledger's entry on disk does the store say so again. A store that says nothing was left in the middle of something: it is
thrown away and made again from the last snapshot, which is a copy by hard links, and the ledger.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store, serialize

from kg.errors import ContentError, SnapshotMissing, StoreError
from kg.settings import STRICT, UNION
from kg.store.ledger import Commit, Draft, Head, Ledger
from kg.store.nodes import Naming, quads_about, read_labels
from kg.store.opened import LAYOUT, Description, describe_snapshot
from kg.store.patch import Changeset, is_apart, quads_of
from kg.store.replay import drop_empty, effective_changes, head_quads
from kg.store.results import Results, run_query
from kg.store.snapshots import Snapshots, current_folder

if TYPE_CHECKING:
    from kg.store.triples import AssertedTriples, Triple

HISTORY: Final = "urn:x-kg:history"
"""The graph in which the primary store, and no snapshot of it, says which revision it holds."""

_HISTORY: Final = NamedNode(HISTORY)
_MERGE: Final = DefaultGraph()
_MANY_QUADS: Final = 50_000


@dataclass(frozen=True)
class Signature:
    """Who does something, when, and why."""

    author: str
    time: str
    """xsd:dateTime in UTC, such as `2024-05-01T12:00:00Z`."""
    message: str


class Primary:
    """The primary store, for the only process that writes."""

    def __init__(self, store: Store, ledger: Ledger, *, merges: bool) -> None:
        self.store = store
        self.merges: Final = merges
        self.ledger: Final = ledger
        self._added: dict[str, Quad] = {}
        self._removed: dict[str, Quad] = {}
        self._held: list[Draft] = []
        self._is_clean = True
        self._is_lost = False
        """Whether it holds what the ledger did not take, so that it must not be said to be at any revision."""

    @property
    def head(self) -> Head:
        """The last commit, whether it is held here already or not."""
        return self.ledger.head()

    @property
    def next_revision(self) -> int:
        """The revision that the change which is made now would get."""
        return self.head.revision + len(self._held) + 1

    def close(self) -> None:
        """Let go of the store, so that it can be opened again; what was read from it may still hold it in a cycle."""
        del self.store
        gc.collect()

    def query(self, text: str) -> Results:
        """Ask it, with the change that is made now.

        Raises:
            QuerySyntax: the query is not SPARQL.
            QueryError: the engine cannot evaluate it.
        """
        return run_query(self.store, text)

    def triples_changed(self, changes: Changeset, derived: str) -> tuple[list[Triple], list[Triple]]:
        """The triples that are asserted after a change and not before it, and those that are no longer.

        A triple that another graph asserts stays asserted. The change is effective, and not made yet.
        """
        from kg.store.triples import triples_of  # noqa: PLC0415 - rdflib is of no use to those who only read

        asserted = self.asserted(derived)
        gone = {*quads_of(changes.removed)}
        return (
            [*triples_of(quad for quad in quads_of(changes.added) if not asserted.holds(quad, without=gone))],
            [*triples_of(quad for quad in gone if not asserted.holds(quad, without=gone))],
        )

    def asserted(self, derived: str) -> AssertedTriples:
        """What is asserted, with the change that is made now: all but what is in graphs below an IRI."""
        from kg.store.triples import AssertedTriples  # noqa: PLC0415 - as above

        return AssertedTriples(self.store, derived=derived, merges=self.merges)

    def lines(self) -> set[str]:
        """All statements but those of the merge, as N-Quads."""
        quads = (quad for quad in self.store if not self.merges or quad.graph_name != _MERGE)
        text = serialize((quad for quad in quads if quad.graph_name != _HISTORY), format=RdfFormat.N_QUADS) or b""
        return set(text.decode().split("\n")[:-1])

    def change(self, changes: Changeset) -> None:
        """Make a change in the store: what is there already is not added, what is not there is not removed.

        Raises:
            ContentError: it is about the graph in which the store says which revision it holds; nothing is changed.
            StoreError: the store cannot be written.
        """
        removed = [(line, quad) for line, quad in _pairs(changes.removed) if quad in self.store]
        added = [(line, quad) for line, quad in _pairs(changes.added) if quad not in self.store]
        if any(quad.graph_name == _HISTORY for _, quad in [*removed, *added]):
            raise ContentError(f"the graph {HISTORY} is the store's own", remedy="give your graph another name")
        for line, quad in removed:
            if self._added.pop(line, None) is None:
                self._removed[line] = quad
        for line, quad in added:
            if self._removed.pop(line, None) is None:
                self._added[line] = quad
        self._write(added=[quad for _, quad in added], removed=[quad for _, quad in removed])

    def effective(self, changes: Changeset) -> Changeset:
        """The part of a changeset that would change something now."""
        return effective_changes(self.store, changes)

    def changed(self) -> Changeset:
        """What the change that is made now comes to."""
        return Changeset(added=tuple(sorted(self._added)), removed=tuple(sorted(self._removed)))

    def withdraw(self) -> None:
        """Undo the change that is made now.

        Raises:
            StoreError: the store cannot be written.
        """
        added, removed = [*self._added.values()], [*self._removed.values()]
        self._added.clear()
        self._removed.clear()
        self._write(added=removed, removed=added)
        if not self._held and not self._is_lost:
            self._tell(self.head)

    def hold(self, signature: Signature, *, source: str) -> int:
        """Keep the change that is made now for the next commit; returns the revision that it will get."""
        revision = self.next_revision
        self._held.append(
            Draft(self.changed(), signature.author, signature.time, source=source, message=signature.message)
        )
        self._added.clear()
        self._removed.clear()
        return revision

    def commit(self) -> list[Commit]:
        """Put all that is held into the ledger, on disk when this returns.

        Raises:
            StoreError: the disk does not take it; nothing was accepted, and the store must be opened again.
        """
        held, self._held = self._held, []
        try:
            commits = self.ledger.append(*held)
        except StoreError:
            self._is_lost = True
            raise
        self._tell(self.head)
        return commits

    def checkpoint(self, folder: Path) -> None:
        """Make a copy, by hard links, that does not know its revision: what snapshots are made of.

        Raises:
            StoreError: a change is neither committed nor withdrawn.
            OSError, RuntimeError: it cannot be written.
        """
        if not self._is_clean:
            raise StoreError("the store is in the middle of a change", remedy="commit it or withdraw it first")
        self._tell(None)
        try:
            self.store.backup(str(folder))
        finally:
            self._tell(self.head)

    def publish(self, snapshots: Snapshots, description: Description, *, rulebook: str) -> Description:
        """Make what is committed the current snapshot, with the next number; the description tells mode and base.

        Raises:
            StoreError: the state folder cannot be written.
        """
        head = self.head
        described = replace(
            description,
            number=snapshots.next_number(),
            revision=head.revision,
            digest=head.digest,
            quads=self._quads(snapshots.description(), head),
        )
        labels = self._labels_held(snapshots.state, described.naming)
        snapshots.put(described, self.checkpoint, rulebook=rulebook, labels=labels)
        return described

    def labels(self, state: Path, naming: Naming) -> set[str]:
        """The labels of all blank nodes in the store, and maybe of some that are not there any more.

        Those of the current snapshot are written down, so that only the commits since are looked through.

        Raises:
            LedgerDamaged, StoreError: the ledger cannot be read.
        """
        labels, changes = self._labels_since(state, naming)
        return labels.union(*(naming.labels(change.added) for change in changes))

    def _labels_held(self, state: Path, naming: Naming) -> set[str]:
        """The labels of all blank nodes in the store; only those that a change since has named are looked up."""
        labels, changes = self._labels_since(state, naming)
        named: set[str] = set().union(*(naming.labels((*change.added, *change.removed)) for change in changes))
        return (labels - named) | {label for label in named if any(quads_about(self.store, naming.name(label)))}

    def _labels_since(self, state: Path, naming: Naming) -> tuple[set[str], list[Changeset]]:
        """The labels that the current snapshot has, and all changes since; where it has none to tell, those of all."""
        known, since = self._labels_before(state, naming)
        if known is None:
            return naming.labels(self.lines()), []
        commits = self.ledger.entries(since + 1) if since < self.ledger.head().revision else ()
        making = [self.changed(), *(draft.changeset for draft in self._held)]
        return {*known}, [*making, *(commit.changeset for commit in commits)]

    def _labels_before(self, state: Path, naming: Naming) -> tuple[frozenset[str] | None, int]:
        """The labels that the current snapshot has, and its revision; None where there is nothing to go on from."""
        try:
            folder = state / current_folder(state)
            described = describe_snapshot(folder)
            if described.base != naming.base or not self.ledger.has(described.revision, described.digest):
                return None, 0
            return read_labels(folder), described.revision
        except (OSError, SnapshotMissing, StoreError):
            return None, 0

    def _quads(self, before: Description | None, head: Head) -> int:
        """How many statements there are: counted from the last snapshot on, for counting all takes long."""
        if before and before.merges == self.merges and self.ledger.has(before.revision, before.digest):
            changes = [commit.changeset for commit in self.ledger.entries(before.revision + 1, head.revision)]
            return before.quads + sum(len(change.added) - len(change.removed) for change in changes)
        return len(self.lines())

    def _write(self, *, added: list[Quad], removed: list[Quad]) -> None:
        if not added and not removed:
            return
        try:
            self._tell(None)
            for quad in removed:
                self.store.remove(quad)
            _add(self.store, added)
            if self.merges:
                for quad in removed:
                    if not any(
                        other.graph_name != _MERGE and not is_apart(other)
                        for other in self.store.quads_for_pattern(quad.subject, quad.predicate, quad.object, None)
                    ):
                        self.store.remove(_in_merge(quad))
                _add(self.store, [_in_merge(quad) for quad in added if not is_apart(quad)])
            names = {quad.graph_name for quad in removed}
            drop_empty(self.store, [name for name in names if not isinstance(name, DefaultGraph)])
        except (OSError, RuntimeError) as error:
            raise unusable(error) from error

    def _tell(self, head: Head | None) -> None:
        """Let the store say which revision it holds, or that it holds none."""
        clean = head is not None
        if clean == self._is_clean and not clean:
            return
        for quad in [*self.store.quads_for_pattern(None, None, None, _HISTORY)]:
            self.store.remove(quad)
        if head is not None and head.revision:
            self.store.extend(head_quads(head, HISTORY))
        else:
            drop_empty(self.store, [_HISTORY])
        self._is_clean = clean


def description_of(primary: Primary, *, base: str, prefixes: Mapping[str, str]) -> Description:
    """What a snapshot of the last commit would be, but for its number and how much is in it."""
    head = primary.head
    return Description(
        number=0,
        layout=LAYOUT,
        revision=head.revision,
        digest=head.digest,
        quads=0,
        default_graph=UNION if primary.merges else STRICT,
        base=base,
        prefixes=dict(sorted(prefixes.items())),
    )


def _add(store: Store, quads: list[Quad]) -> None:
    """Add quads; many of them by files of their own, which need a flush to stay.

    What was written before is flushed first: files of their own do not wait for it, and after a power failure they must
    not stand in a store that still says which revision it holds.
    """
    if len(quads) < _MANY_QUADS:
        store.extend(quads)
    else:
        store.flush()
        store.bulk_extend(quads)
        store.flush()


def _in_merge(quad: Quad) -> Quad:
    return Quad(quad.subject, quad.predicate, quad.object, _MERGE)


def _pairs(lines: tuple[str, ...]) -> Iterator[tuple[str, Quad]]:
    return zip(lines, quads_of(lines), strict=True)


def unusable(error: Exception) -> StoreError:
    """The error that says that the engine could not use its files."""
    return StoreError(f"the store cannot be used: {error}", remedy="look at its owner and the free space on its disk")
