"""Numbered, immutable snapshots in the state folder, and the pointer to the current one.

    state/
      lock                     held while something is published
      current -> snapshots/000002
      snapshots/000002/
        snapshot.json          what it is: number, revision, digest, quads, default graph, base IRI
        rulebook.json          what it conforms to: the text of shapes, rules and checks
        store/                 the engine's own files; in mode union the default graph is the merge of all named graphs

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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from pyoxigraph import DefaultGraph, Quad, RdfFormat, Store, parse, serialize

from kg.errors import BuildRunning, SnapshotMissing, StoreError
from kg.settings import STRICT, UNION, Remote
from kg.store.patch import is_apart
from kg.store.results import Results, run_query

if TYPE_CHECKING:
    from kg.store.past import Past

LAYOUT: Final = 2
_KEPT: Final = 2
# A process may just be opening one that was current a moment ago.
_KEPT_SECONDS: Final = 60.0
_MOST_KEPT: Final = 20
_LOOK_SECONDS: Final = 0.02
_MERGE: Final = DefaultGraph()
_RULEBOOK: Final = "rulebook.json"


@dataclass(frozen=True)
class Description:
    """What a snapshot is."""

    number: int
    layout: int
    revision: int
    """The last commit that is in it; 0 where it was published without a ledger."""
    digest: str
    """The digest of that commit; without a ledger, SHA-256 of its canonical N-Quads. Hexadecimal."""
    quads: int
    """Statements in named graphs, and in mode strict in the default graph."""
    default_graph: str
    """`union` or `strict`."""
    base: str
    prefixes: dict[str, str]
    """The prefixes that the content is written with."""

    @property
    def merges(self) -> bool:
        """Whether its default graph is the merge of all named graphs."""
        return self.default_graph == UNION


@dataclass(frozen=True)
class Snapshot:
    """A snapshot that is open for reading."""

    description: Description
    store: Store

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
        return run_query(self.store, text, default_graphs=default_graphs, named_graphs=named_graphs)

    def nquads(self) -> bytes:
        """Its statements as canonical N-Quads, without the merge: equal content gives equal bytes.

        Source: RDF Dataset Canonicalization 1.0 §5: one line a quad, in code point order. No blank node needs a label.
        """
        merges = self.description.merges
        quads = (quad for quad in self.store if not merges or quad.graph_name != _MERGE)
        written = serialize(quads, format=RdfFormat.N_QUADS) or b""
        return b"".join(sorted(written.splitlines(keepends=True)))


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
            raise _unusable(self.state, error) from error
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
            raise _unusable(folder, error) from error

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

        self.put(wanted, fill, rulebook="")
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

    def put(self, description: Description, fill: Callable[[Path], None], *, rulebook: str) -> None:
        """Make a store the current snapshot; `fill` makes its folder. The caller holds the lock.

        Raises:
            StoreError: the state folder cannot be written.
        """
        try:
            self._write(description, fill, rulebook)
        except (OSError, RuntimeError) as error:
            raise _unusable(self.state, error) from error

    def is_whole(self) -> bool:
        """Whether the current snapshot can be read through, and holds as many statements as it says."""
        try:
            snapshot = open_snapshot(self.state / self._target(), memory_quads=0)
            return snapshot.nquads().count(b"\n") == snapshot.description.quads
        except (OSError, RuntimeError, SnapshotMissing, StoreError):
            return False

    def _holds(self, nquads: bytes) -> bool:
        """Whether the current snapshot is there and holds just these statements."""
        try:
            return open_snapshot(self.state / self._target(), memory_quads=0).nquads() == nquads
        except (OSError, RuntimeError, StoreError):
            return False

    def _write(self, description: Description, fill: Callable[[Path], None], rulebook: str) -> None:
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
        fill(writing / "store")
        _sync_tree(writing)
        if folder.exists():
            shutil.rmtree(folder)  # a number that never became current: the process ended between the two renames
        writing.rename(folder)
        _sync(snapshots)
        pointer = self.state / "current.new"
        pointer.unlink(missing_ok=True)
        pointer.symlink_to(Path("snapshots") / folder.name)
        pointer.replace(self.state / "current")
        _sync(self.state)
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


def open_snapshot(folder: Path, *, memory_quads: int) -> Snapshot:
    """The snapshot in a folder; one of at most `memory_quads` quads is read into memory, a larger one stays on disk.

    Raises:
        StoreError: it cannot be read.
    """
    description = describe_snapshot(folder)
    try:
        store = Store.read_only(str(folder / "store"))
        if description.quads <= memory_quads:
            on_disk, store = store, Store()
            store.bulk_extend(on_disk)
    except (OSError, RuntimeError) as error:
        raise _unusable(folder, error) from error
    return Snapshot(description, store)


def loaded_snapshot(folder: Path) -> Snapshot:
    """The snapshot in a folder, read into memory by way of another process: in this one the engine opens no file.

    Raises:
        StoreError: it cannot be read.
    """
    description = describe_snapshot(folder)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _dump(folder, writing, unused=reading)
    os.close(writing)
    store = Store()
    try:
        with os.fdopen(reading, "rb") as quads:
            store.bulk_load(quads, format=RdfFormat.N_QUADS)
    except (OSError, RuntimeError, SyntaxError) as error:
        raise _unusable(folder, error) from error
    finally:
        _, status = os.waitpid(child, 0)
    if status:
        raise _unusable(folder, OSError("the engine cannot read it"))
    return Snapshot(description, store)


def _dump(folder: Path, file: int, *, unused: int) -> NoReturn:
    """Write all quads to a file in the order of their text, and end the process.

    On disk subjects stand in no order. What is read in this order lies together in memory where it is asked together:
    queries of many rows are faster by a tenth to two fifths, and a worker copies fewer pages for them.
    The other end of the pipe is not kept open here: once whoever reads is gone, the next write has to fail.
    """
    status = 1
    try:
        os.close(unused)
        written = Store.read_only(str(folder / "store")).dump(format=RdfFormat.N_QUADS) or b""
        lines = written.splitlines(keepends=True)
        del written
        lines.sort()
        with os.fdopen(file, "wb") as quads:
            quads.writelines(lines)
        status = 0
    finally:
        os._exit(status)


def describe_snapshot(folder: Path) -> Description:
    """What the snapshot in a folder is.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        return description_from((folder / "snapshot.json").read_text(encoding="utf-8"))
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise _unusable(folder, error) from error


def description_from(text: str) -> Description:
    """The description in a text of `snapshot.json`.

    Raises:
        KeyError, TypeError, ValueError: it is none of this version.
    """
    told = json.loads(text)
    if told["layout"] != LAYOUT:
        raise ValueError(f"it has layout {told['layout']}, this version reads {LAYOUT}")
    if told["default_graph"] not in (UNION, STRICT):
        raise ValueError(f"there is no default graph {told['default_graph']!r}")
    return Description(**told)


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
