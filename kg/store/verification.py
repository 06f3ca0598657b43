"""Whether a state folder is whole: the ledger by its digests, and store and snapshot against the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kg.errors import StoreError
from kg.store.indexes import differing_indexes
from kg.store.ledger import Head, Ledger
from kg.store.opened import Snapshot, open_snapshot
from kg.store.opening import open_primary
from kg.store.snapshots import Snapshots

_SHOWN = 3


@dataclass(frozen=True)
class Verified:
    """What was found."""

    head: Head
    statements: int
    """In the ledger's last state."""
    differences: tuple[str, ...]
    """In words, each what is not as the ledger says."""


def verify_state(snapshots: Snapshots, ledger: Ledger, *, patience_seconds: float) -> Verified:
    """Read everything once more, and compare it; nothing is repaired but what opening the primary store repairs.

    Raises:
        SnapshotMissing: nothing has been built yet.
        LedgerDamaged: the ledger is not what was written.
        BuildRunning, WriterRunning: somebody else writes, for longer than `patience_seconds`.
        StoreError: the state folder cannot be read.
    """
    ledger.verify()
    mode = snapshots.stored().description.default_graph
    with open_primary(snapshots, ledger, default_graph=mode, patience_seconds=patience_seconds) as primary:
        head = primary.head
        current = snapshots.stored()
        state = fold(ledger, head.revision)
        found = [*_compared("the primary store", primary.lines(), state)]
        found += [f"the primary store {difference}" for difference in differing_indexes(primary.store)]
    described = current.description
    if described.revision and ledger.digest(described.revision) != described.digest:
        found.append(f"snapshot {described.number} was not made from revision {described.revision} of this ledger")
    elif described.revision != head.revision:
        found.append(
            f"snapshot {described.number} is of revision {described.revision}, not {head.revision}: run `kg build`"
        )
    else:
        found += _compared_snapshot(current, state, asked=snapshots.current_path())
    return Verified(head, len(state), tuple(found))


def fold(ledger: Ledger, revision: int) -> set[str]:
    """The statements of a revision, as N-Quads.

    Raises:
        RevisionMissing, LedgerDamaged, StoreError: the ledger cannot be read.
    """
    state: set[str] = set()
    for commit in ledger.entries(1, revision):
        lost = {*commit.changeset.removed} - state
        if lost:
            raise StoreError(f"revision {commit.revision} removes what was not there: {min(lost)}")
        state.difference_update(commit.changeset.removed)
        state.update(commit.changeset.added)
    return state


def _compared_snapshot(current: Snapshot, state: set[str], *, asked: Path) -> Iterator[str]:
    """What is wrong with a snapshot of this state: with its statements, and with each index that may be asked."""
    what = f"snapshot {current.description.number}"
    try:
        lines = {*current.nquads().decode().split("\n")[:-1]}
        yield from _compared(what, lines, state)
        if current.description.quads != len(lines):
            yield f"{what} says that it has {current.description.quads} statements"
        for store in (current.store, open_snapshot(asked, memory_quads=0).store):
            yield from (f"{what} {difference}" for difference in differing_indexes(store))
    except (OSError, RuntimeError) as error:
        yield f"{what} cannot be read: {error}"


def _compared(what: str, lines: set[str], state: set[str]) -> Iterator[str]:
    for problem, difference in (("lacks", state - lines), ("has besides", lines - state)):
        if difference:
            shown = "; ".join(sorted(difference)[:_SHOWN])
            yield f"{what} {problem} {len(difference):,} statements: {shown}"
