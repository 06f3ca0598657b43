"""Numbered, immutable snapshots in the state folder, and the pointer to the current one.

    state/
      lock                     held while something is published
      current -> snapshots/000002
      snapshots/000002/
        snapshot.json          what it is: number, digest, quads, default graph, base IRI
        dataset.nq             the named graphs, canonical N-Quads
        store/                 the same in the engine's own files; in mode union its default graph is the merge of all

A snapshot is written beside the others, synced, and put in place by one rename; then another one switches the pointer.
A crash at any moment leaves the previous snapshot current.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pyoxigraph import DefaultGraph, Quad, RdfFormat, Store, parse

from kg.errors import BuildRunning, SnapshotMissing, StoreError
from kg.settings import UNION
from kg.store.results import Results, run_query

_LAYOUT: Final = 1
_KEPT: Final = 2
_MERGE: Final = DefaultGraph()


@dataclass(frozen=True)
class Description:
    """What a snapshot is."""

    number: int
    layout: int
    digest: str
    """SHA-256 of `dataset.nq`, hexadecimal."""
    quads: int
    default_graph: str
    """`union` or `strict`."""
    base: str
    prefixes: dict[str, str]
    """The prefixes that the content is written with."""


@dataclass(frozen=True)
class Snapshot:
    """A snapshot that is open for reading."""

    description: Description
    _store: Store

    @property
    def number(self) -> int:
        """Its number; a later one is higher."""
        return self.description.number

    def query(self, text: str, *, default_graphs: Sequence[str] = (), named_graphs: Sequence[str] = ()) -> Results:
        """Ask it; the text has been vetted.

        Raises:
            QuerySyntax: the text is not SPARQL.
            QueryError: the engine cannot evaluate it.
        """
        return run_query(self._store, text, default_graphs=default_graphs, named_graphs=named_graphs)


class Snapshots:
    """The snapshots of one state folder."""

    def __init__(self, state: Path, *, memory_quads: int) -> None:
        """A snapshot of at most `memory_quads` quads is read from memory, a larger one from disk."""
        self._state = state
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
                self._open = (target, open_snapshot(self._state / target, memory_quads=self._memory_quads))
            return self._open[1]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one who publishes.

        Raises:
            BuildRunning: another process is.
            StoreError: the state folder cannot be written.
        """
        try:
            self._state.mkdir(parents=True, exist_ok=True)
            lock = (self._state / "lock").open("a")
        except OSError as error:
            raise _unusable(self._state, error) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BuildRunning(
                    f"another build is writing to {self._state}", remedy="wait until it has ended"
                ) from error
            yield

    def publish(
        self, nquads: bytes, *, default_graph: str, base: str, prefixes: Mapping[str, str]
    ) -> tuple[Description, bool]:
        """Make canonical N-Quads the current snapshot; the caller holds the lock.

        Returns what is current then, and whether it is new: the same content in the same mode makes no new snapshot.

        Raises:
            StoreError: the state folder cannot be written.
        """
        before = self._description_of_current()
        wanted = Description(
            number=(before.number if before else self._highest_number()) + 1,
            layout=_LAYOUT,
            digest=hashlib.sha256(nquads).hexdigest(),
            quads=nquads.count(b"\n"),
            default_graph=default_graph,
            base=base,
            prefixes=dict(sorted(prefixes.items())),
        )
        if before and asdict(before) | {"number": 0} == asdict(wanted) | {"number": 0} and self._is_whole(nquads):
            return before, False
        try:
            self._write(wanted, nquads)
        except OSError as error:
            raise _unusable(self._state, error) from error
        return wanted, True

    def _is_whole(self, nquads: bytes) -> bool:
        """Whether the files of the current snapshot are there and hold what they should."""
        folder = self._state / self._target()
        try:
            Store.read_only(str(folder / "store"))
            return (folder / "dataset.nq").read_bytes() == nquads
        except (OSError, RuntimeError):
            return False

    def _write(self, description: Description, nquads: bytes) -> None:
        snapshots = self._state / "snapshots"
        snapshots.mkdir(exist_ok=True)
        for leftover in snapshots.glob("writing-*"):
            shutil.rmtree(leftover)
        folder = snapshots / f"{description.number:06}"
        writing = snapshots / f"writing-{folder.name}"
        writing.mkdir()
        (writing / "dataset.nq").write_bytes(nquads)
        (writing / "snapshot.json").write_text(json.dumps(asdict(description), indent=2) + "\n", encoding="utf-8")
        store = Store(str(writing / "store"))
        store.bulk_extend(_with_merge(nquads, description.default_graph))
        store.flush()
        del store
        _sync_tree(writing)
        if folder.exists():
            shutil.rmtree(folder)  # a number that never became current: the process ended between the two renames
        writing.rename(folder)
        _sync(snapshots)
        pointer = self._state / "current.new"
        pointer.unlink(missing_ok=True)
        pointer.symlink_to(Path("snapshots") / folder.name)
        pointer.replace(self._state / "current")
        _sync(self._state)
        for old in sorted(snapshots.glob("[0-9]*"))[:-_KEPT]:
            shutil.rmtree(old)

    def _target(self) -> str:
        return current_folder(self._state)

    def _highest_number(self) -> int:
        return max((int(folder.name) for folder in self._state.glob("snapshots/[0-9]*")), default=0)

    def _description_of_current(self) -> Description | None:
        try:
            return describe_snapshot(self._state / self._target())
        except (SnapshotMissing, StoreError):
            return None


def current_folder(state: Path) -> str:
    """The folder of the current snapshot, relative to the state folder.

    Raises:
        SnapshotMissing: nothing has been built yet.
    """
    try:
        return os.readlink(state / "current")
    except OSError as error:
        raise SnapshotMissing(f"nothing has been built in {state}", remedy="run `kg build`, or `make build`") from error


def open_snapshot(folder: Path, *, memory_quads: int) -> Snapshot:
    """The snapshot in a folder; one of at most `memory_quads` quads is read into memory, a larger one stays on disk.

    Raises:
        StoreError: it cannot be read.
    """
    description = describe_snapshot(folder)
    try:
        if description.quads > memory_quads:
            return Snapshot(description, Store.read_only(str(folder / "store")))
        store = Store()
        store.bulk_extend(_with_merge((folder / "dataset.nq").read_bytes(), description.default_graph))
    except (OSError, RuntimeError, SyntaxError) as error:
        raise _unusable(folder, error) from error
    return Snapshot(description, store)


def describe_snapshot(folder: Path) -> Description:
    """What the snapshot in a folder is.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        return Description(**json.loads((folder / "snapshot.json").read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError) as error:
        raise _unusable(folder, error) from error


def _with_merge(nquads: bytes, default_graph: str) -> Iterator[Quad]:
    """The quads of a dataset and, in mode union, each triple once more in the default graph, where it counts once."""
    for quad in parse(nquads, format=RdfFormat.N_QUADS):
        yield quad
        if default_graph == UNION:
            yield Quad(quad.subject, quad.predicate, quad.object, _MERGE)


def _sync_tree(folder: Path) -> None:
    for path, _, files in os.walk(folder):
        for name in files:
            _sync(Path(path, name))
        _sync(Path(path))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unusable(place: Path, error: Exception) -> StoreError:
    return StoreError(
        f"{place} cannot be used: {error}", remedy="look at its owner and free space; `kg build` makes it anew"
    )
