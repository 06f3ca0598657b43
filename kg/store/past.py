"""Earlier states: the snapshot of any revision, made from the ledger when it is asked for, and kept for a while.

state/past/000007-union/     as a snapshot; its number is 0
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from pyoxigraph import Store

from kg.errors import RevisionMissing, StoreError
from kg.store.ledger import Ledger
from kg.store.nodes import read_labels, write_labels
from kg.store.opened import Description, Snapshot, open_snapshot, open_stored
from kg.store.primary import HISTORY
from kg.store.replay import forget, rebuild

_KEPT: Final = 8
_KEPT_SECONDS: Final = 600.0
_MOST_KEPT: Final = 100


@dataclass(frozen=True)
class Past:
    """Which state is meant: that of a revision, or of a time; neither: the current one."""

    revision: int | None = None
    as_of: str = ""
    """As `revision_at` takes it."""

    @property
    def members(self) -> dict[str, Any]:
        """What is said of it in a request to a worker; nothing for the current state."""
        told = {"revision": self.revision, "as_of": self.as_of}
        return {name: value for name, value in told.items() if value not in (None, "")}

    def open(self, state: Path, *, now: Description) -> Snapshot:
        """The snapshot of that state, made where need be; `now` describes the current one.

        Raises:
            RevisionMissing: there is no such revision, or nothing had been accepted then.
            LedgerDamaged, StoreError: the ledger or the state folder cannot be used.
        """
        ledger = Ledger(state / "ledger")
        revision = revision_at(ledger, self.as_of) if self.revision is None else self.revision
        return past_snapshot(state, ledger, revision, now=now)


NOW: Final = Past()
"""The current state."""


def past_folder(state: Path, ledger: Ledger, revision: int, *, now: Description) -> Path:
    """The folder of the snapshot of a revision; base, prefixes and mode are those of the current snapshot, `now`.

    Raises:
        RevisionMissing: there is no such revision.
        LedgerDamaged, StoreError: the ledger or the state folder cannot be used.
    """
    if revision < 1:
        raise RevisionMissing(f"there is no revision {revision}", remedy="the first one is 1")
    digest = ledger.digest(revision)
    folder = state / "past" / f"{revision:06}-{now.default_graph}"
    try:
        if _holds(folder, digest):
            os.utime(folder)
            return folder
        folder.parent.mkdir(exist_ok=True)
        prefix = f"writing-{os.getpid()}-"
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=prefix, ignore_cleanup_errors=True) as name:
            writing = Path(name) / "snapshot"
            writing.mkdir()
            write_labels(writing, [])
            quads = _fill(writing / "store", ledger, revision, now=now)
            described = replace(now, number=0, revision=revision, digest=digest, quads=quads)
            (writing / "snapshot.json").write_text(json.dumps(asdict(described)) + "\n", encoding="utf-8")
            _put(writing, folder, digest)
        _collect(folder.parent)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error}", remedy="look at its owner and free space") from error
    return folder


def past_snapshot(state: Path, ledger: Ledger, revision: int, *, now: Description) -> Snapshot:
    """The same, open for reading from disk."""
    try:
        return open_snapshot(past_folder(state, ledger, revision, now=now), memory_quads=0)
    except StoreError:  # another process may just have removed it, to make room
        return open_snapshot(past_folder(state, ledger, revision, now=now), memory_quads=0)


def revision_at(ledger: Ledger, time: str) -> int:
    """The last revision that was accepted at a time or before; `2024-05-01T12:00:00Z`, or only the beginning of it.

    What is left out counts as the end of the span: `2024-05` is the end of May.

    Raises:
        RevisionMissing: there is none.
        LedgerDamaged, StoreError: the ledger cannot be read.
    """
    for revision in range(ledger.head().revision, 0, -1):
        if ledger.read(revision).time[: len(time)] <= time:
            return revision
    raise RevisionMissing(f"nothing was accepted until {time}", remedy="see `kg log` for what was accepted, and when")


def _holds(folder: Path, digest: str) -> bool:
    """Whether a folder is a snapshot of the commit with a digest, without names of blank nodes."""
    try:
        return open_stored(folder).description.digest == digest and read_labels(folder) is not None
    except (OSError, StoreError):
        return False


def _fill(folder: Path, ledger: Ledger, revision: int, *, now: Description) -> int:
    """Make the store of a revision, which is only ever asked: without names of blank nodes."""
    store = Store(str(folder))
    quads = rebuild(ledger, store, revision, history=HISTORY, merge=now.merges, naming=now.naming)
    forget(store, history=HISTORY)
    store.flush()
    return quads


def _put(writing: Path, folder: Path, digest: str) -> None:
    """Put a snapshot in place of one that is of no use; where another process was quicker, leave that one there."""
    try:
        writing.rename(folder)
    except OSError:
        if not _holds(folder, digest):
            folder.rename(writing.with_name("useless"))
            writing.rename(folder)


def _collect(place: Path) -> None:
    """Remove what was not asked for lately. The engine may open files of it as long as a query can take."""
    oldest = time.time() - _KEPT_SECONDS
    for number, folder in enumerate(sorted(place.glob("[0-9]*"), key=_asked_at, reverse=True)):
        if number >= _MOST_KEPT or (number >= _KEPT and _asked_at(folder) < oldest):
            shutil.rmtree(folder, ignore_errors=True)


def _asked_at(folder: Path) -> float:
    """When it was asked for last; 0 where another process has just removed it."""
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:
        return 0.0
