"""An index in a folder that several processes share: one of them writes it, the others read what is there.

    search/
      lock                 held while a process writes
      mark.json            which folder is current, and what is in it
      index-000012/        the engine's own files

A crash leaves the mark of what was there before; what is written again after it comes to the same.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from kg.errors import StoreError
from kg.search.index import Index

LAYOUT: Final = 1
_LOOK_SECONDS: Final = 0.05
_MARK: Final = "mark.json"


@dataclass(frozen=True)
class Mark:
    """The state that an index tells of."""

    number: int
    """Of the snapshot."""
    revision: int
    digest: str
    """Of the last commit in it."""
    rules: str
    """The digest of the queries that say what is in a document."""
    folder: str = ""
    """Where it is, beside the mark."""
    layout: int = LAYOUT


class IndexFolder:
    """The folder of an index."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def mark(self) -> Mark | None:
        """What is there; None where there is nothing that can be used."""
        try:
            told = json.loads((self._folder / _MARK).read_text(encoding="utf-8"))
            mark = Mark(**told)
        except (OSError, ValueError, TypeError):
            return None
        return mark if mark.layout == LAYOUT and mark.folder else None

    @contextmanager
    def locked(self, *, patience_seconds: float) -> Iterator[None]:
        """Be the only one who writes.

        Raises:
            StoreError: another process writes for longer than that, or the folder cannot be written.
        """
        until = time.monotonic() + patience_seconds
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = (self._folder / "lock").open("a")
        except OSError as error:
            raise self._unusable(error) from error
        with lock:
            while not _is_locked(lock.fileno()):
                if time.monotonic() >= until:
                    raise StoreError(f"another process writes to {self._folder}", remedy="wait until it has ended")
                time.sleep(_LOOK_SECONDS)
            yield

    def open(self, mark: Mark) -> Index:
        """The index that a mark tells of.

        Raises:
            StoreError: it cannot be read.
        """
        folder = self._folder / mark.folder
        if not folder.is_dir():
            raise StoreError(f"{folder} is missing", remedy="search again; it is made anew")
        return Index(folder)

    def begin(self, number: int) -> tuple[Index, str]:
        """An empty index for a snapshot, and the name of its folder; the caller holds the lock.

        Raises:
            StoreError: the disk does not take it.
        """
        there = self.mark()
        name = f"index-{number:06}"
        if there is not None and there.folder == name:
            name = f"{name}-again"  # others may just be reading that one
        try:
            shutil.rmtree(self._folder / name, ignore_errors=True)
            return Index(self._folder / name), name
        except OSError as error:
            raise self._unusable(error) from error

    def put(self, mark: Mark) -> None:
        """Make an index the current one, and remove all others; the caller holds the lock.

        Raises:
            StoreError: the disk does not take it.
        """
        written = self._folder / f"{_MARK}.new"
        try:
            with written.open("w", encoding="utf-8") as file:
                file.write(json.dumps(asdict(mark), indent=2) + "\n")
                file.flush()
                os.fsync(file.fileno())
            written.replace(self._folder / _MARK)
            for old in self._folder.glob("index-*"):
                if old.name != mark.folder:
                    shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> StoreError:
        return StoreError(
            f"{self._folder} cannot be used: {error}", remedy="look at its owner and the free space on its disk"
        )


def _is_locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
