"""Whether a state folder is whole: the ledger by its digests, and store and snapshot against the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kg.errors import StoreError
from kg.store.ledger import Head, Ledger
from kg.store.opening import open_primary
from kg.store.snapshots import Snapshots, open_snapshot

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
    mode = open_snapshot(snapshots.current_path(), memory_quads=0).description.default_graph
    with open_primary(snapshots, ledger, default_graph=mode, patience_seconds=patience_seconds) as primary:
        head = primary.head
        current = open_snapshot(snapshots.current_path(), memory_quads=0)
        state = fold(ledger, head.revision)
        found = [*_compared("the primary store", primary.lines(), state)]
    described = current.description
    if described.revision and ledger.digest(described.revision) != described.digest:
        found.append(f"snapshot {described.number} was not made from revision {described.revision} of this ledger")
    elif described.revision != head.revision:
        found.append(
            f"snapshot {described.number} is of revision {described.revision}, not {head.revision}: run `kg build`"
        )
    else:
        lines = {*current.nquads().decode().split("\n")[:-1]}
        found += _compared(f"snapshot {described.number}", lines, state)
        if described.quads != len(lines):
            found.append(f"snapshot {described.number} says that it has {described.quads} statements")
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


def _compared(what: str, lines: set[str], state: set[str]) -> Iterator[str]:
    for problem, difference in (("lacks", state - lines), ("has besides", lines - state)):
        if difference:
            shown = "; ".join(sorted(difference)[:_SHOWN])
            yield f"{what} {problem} {len(difference):,} statements: {shown}"
