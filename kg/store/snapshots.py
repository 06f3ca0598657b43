"""Numbered, immutable snapshots in the state folder, and the pointer to the current one.

    state/
      lock                     held while something is published
      current -> snapshots/000002
      snapshots/000002/
        snapshot.json          what it is: number, revision, digest, quads, default graph, base IRI
        rulebook.json          what it conforms to: the text of shapes, rules and checks
        nodes.txt              the labels of its blank nodes
        store/                 the engine's own files; in mode union the default graph is the merge of all named graphs
        asked/                 a copy without names of blank nodes, where there are any and it is asked from disk

A snapshot is written beside the others, synced, and put in place by one rename; then another one switches the pointer.
A crash at any moment leaves the previous snapshot current. What is in a snapshot is never changed again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pyoxigraph import DefaultGraph, Quad, RdfFormat, Store, parse

from kg.errors import BuildRunning, SnapshotMissing, StoreError
from kg.settings import Remote
from kg.store.nodes import Naming, write_labels
from kg.store.opened import (
    LAYOUT,
    Description,
    Snapshot,
    describe_snapshot,
    open_snapshot,
    open_stored,
    unusable,
)
from kg.store.patch import is_apart
from kg.store.scratch import sync, sync_tree

if TYPE_CHECKING:
    from kg.store.past import Past

_KEPT: Final = 2
# A process may just be opening one that was current a moment ago.
_KEPT_SECONDS: Final = 60.0
_MOST_KEPT: Final = 20
_LOOK_SECONDS: Final = 0.02
_MERGE: Final = DefaultGraph()
_RULEBOOK: Final = "rulebook.json"


class Snapshots:
    """The snapshots of one state folder."""

    def __init__(self, state: Path, *, memory_quads: int, remote: Remote | None = None) -> None:
        """A snapshot of at most `memory_quads` quads is read from memory, a larger one from disk.

        `remote` is the store that is to hold what is published, and to answer for it.
        """
        self.state = state
        self.remote = remote
        self._memory_quads = memory_quads
        self._opening = threading.Lock()
        self._open: tuple[str, Snapshot] | None = None

    def current(self) -> Snapshot:
        """The current snapshot, opened when it has changed.

        Raises:
            SnapshotMissing: nothing has been built yet.
            StoreError: the snapshot cannot be read.
        """
        target = self._target()
        held = self._open
        if held and held[0] == target:
            return held[1]
        with self._opening:
            if not self._open or self._open[0] != target:
                self._open = (target, open_snapshot(self.state / target, memory_quads=self._memory_quads))
            return self._open[1]

    def stored(self) -> Snapshot:
        """The current snapshot with a name for each blank node, as the ledger has it, from disk: for whoever writes.

        Raises:
            SnapshotMissing: nothing has been built yet.
            StoreError: the snapshot cannot be read.
        """
        return open_stored(self.current_path())

    def at(self, past: Past) -> Snapshot:
        """The snapshot of an earlier state, read from disk.

        Raises:
            SnapshotMissing: nothing has been built yet.
            RevisionMissing, LedgerDamaged, StoreError: as `Past.open` does.
        """
        return past.open(self.state, now=self.current().description)

    @contextmanager
    def locked(self, *, patience_seconds: float = 0.0) -> Iterator[None]:
        """Be the only one who writes to the state folder; wait for that as long as `patience_seconds`.

        Raises:
            BuildRunning: another process is.
            StoreError: the state folder cannot be written.
        """
        until = time.monotonic() + patience_seconds
        try:
            self.state.mkdir(parents=True, exist_ok=True)
            lock = (self.state / "lock").open("a")
        except OSError as error:
            raise unusable(self.state, error) from error
        with lock:
            while not _is_locked(lock.fileno()):
                if time.monotonic() >= until:
                    raise BuildRunning(f"another process is writing to {self.state}", remedy="wait until it has ended")
                time.sleep(_LOOK_SECONDS)
            yield

    def description(self) -> Description | None:
        """What the current snapshot is; None where there is none that can be read."""
        try:
            return describe_snapshot(self.state / current_folder(self.state))
        except (SnapshotMissing, StoreError):
            return None

    def rulebook(self) -> str:
        """What the current snapshot conforms to, as it was published; empty where nothing was told.

        Raises:
            SnapshotMissing: nothing has been built yet.
            StoreError: it cannot be read.
        """
        folder = self.state / current_folder(self.state)
        try:
            return (folder / _RULEBOOK).read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise unusable(folder, error) from error

    def publish(
        self, nquads: bytes, *, default_graph: str, base: str, prefixes: Mapping[str, str]
    ) -> tuple[Description, bool]:
        """Make canonical N-Quads the current snapshot, without a ledger; the caller holds the lock.

        Returns what is current then, and whether it is new: the same content in the same mode makes no new snapshot.

        Raises:
            StoreError: the state folder cannot be written.
        """
        before = self.description()
        wanted = Description(
            number=self.next_number(),
            layout=LAYOUT,
            revision=0,
            digest=hashlib.sha256(nquads).hexdigest(),
            quads=nquads.count(b"\n"),
            default_graph=default_graph,
            base=base,
            prefixes=dict(sorted(prefixes.items())),
        )
        if before and asdict(before) | {"number": 0} == asdict(wanted) | {"number": 0} and self._holds(nquads):
            return before, False

        def fill(folder: Path) -> None:
            store = Store(str(folder))
            store.bulk_extend(_with_merge(nquads, wanted.merges))
            store.flush()

        self.put(wanted, fill, rulebook="", labels=Naming(base).labels(nquads.decode().split("\n")))
        return wanted, True

    def current_path(self) -> Path:
        """The folder of the current snapshot.

        Raises:
            SnapshotMissing: nothing has been built yet.
        """
        return self.state / current_folder(self.state)

    def next_number(self) -> int:
        """The number of the snapshot to be published next."""
        before = self.description()
        return (before.number if before else self._highest_number()) + 1

    def put(
        self, description: Description, fill: Callable[[Path], None], *, rulebook: str, labels: Iterable[str]
    ) -> None:
        """Make a store the current snapshot; `fill` makes its folder. The caller holds the lock.

        `labels` are those of all blank nodes that are named in it.

        Raises:
            StoreError: the state folder cannot be written.
        """
        try:
            self._write(description, fill, rulebook, labels)
        except (OSError, RuntimeError) as error:
            raise unusable(self.state, error) from error

    def is_whole(self) -> bool:
        """Whether the current snapshot can be read through, and holds as many statements as it says."""
        try:
            snapshot = open_stored(self.state / self._target())
            return snapshot.nquads().count(b"\n") == snapshot.description.quads
        except (OSError, RuntimeError, SnapshotMissing, StoreError):
            return False

    def _holds(self, nquads: bytes) -> bool:
        """Whether the current snapshot is there and holds just these statements."""
        try:
            return open_stored(self.state / self._target()).nquads() == nquads
        except (OSError, RuntimeError, StoreError):
            return False

    def _write(
        self, description: Description, fill: Callable[[Path], None], rulebook: str, labels: Iterable[str]
    ) -> None:
        snapshots = self.state / "snapshots"
        snapshots.mkdir(exist_ok=True)
        for leftover in snapshots.glob("writing-*"):
            shutil.rmtree(leftover)
        folder = snapshots / f"{description.number:06}"
        writing = snapshots / f"writing-{folder.name}"
        writing.mkdir()
        (writing / "snapshot.json").write_text(json.dumps(asdict(description), indent=2) + "\n", encoding="utf-8")
        if rulebook:
            (writing / _RULEBOOK).write_text(rulebook, encoding="utf-8")
        write_labels(writing, labels)
        fill(writing / "store")
        sync_tree(writing)
        if folder.exists():
            shutil.rmtree(folder)  # a number that never became current: the process ended between the two renames
        writing.rename(folder)
        sync(snapshots)
        pointer = self.state / "current.new"
        pointer.unlink(missing_ok=True)
        pointer.symlink_to(Path("snapshots") / folder.name)
        pointer.replace(self.state / "current")
        sync(self.state)
        self._collect(snapshots)

    def _collect(self, snapshots: Path) -> None:
        """Remove what nobody opens any more; who has one open keeps it."""
        oldest = time.time() - _KEPT_SECONDS
        newest_first = sorted(snapshots.glob("[0-9]*"), reverse=True)
        replaced = [folder.stat().st_mtime for folder in newest_first]  # each by the one before it in this list
        for place, old in enumerate(newest_first[_KEPT:], start=_KEPT):
            if place >= _MOST_KEPT or replaced[place - 1] < oldest:
                shutil.rmtree(old)

    def _target(self) -> str:
        return current_folder(self.state)

    def _highest_number(self) -> int:
        return max((int(folder.name) for folder in self.state.glob("snapshots/[0-9]*")), default=0)


def current_folder(state: Path) -> str:
    """The folder of the current snapshot, relative to the state folder.

    Raises:
        SnapshotMissing: nothing has been built yet.
    """
    try:
        return os.readlink(state / "current")
    except OSError as error:
        raise SnapshotMissing(f"nothing has been built in {state}", remedy="run `kg build`, or `make build`") from error


def _is_locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _with_merge(nquads: bytes, merges: bool) -> Iterator[Quad]:
    """The quads of a dataset and, in mode union, each triple once more in the default graph, where it counts once."""
    for quad in parse(nquads, format=RdfFormat.N_QUADS):
        yield quad
        if merges and not is_apart(quad):
            yield Quad(quad.subject, quad.predicate, quad.object, _MERGE)
