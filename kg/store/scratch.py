"""Copies of a store that may be written to and are thrown away: by hard links, so that their size does not matter."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pyoxigraph import Store

from kg.errors import StoreError

SCRATCH: Final = "scratch"
"""The folder in the state folder that copies are made in; links cannot lead to another disk."""


@contextmanager
def scratch_copy(store: Store, state: Path) -> Iterator[Store]:
    """A copy of an open store, for as long as it is needed.

    Raises:
        StoreError: it cannot be written.
    """
    with _folder(state) as folder:
        store.backup(str(folder / "store"))
        yield Store(str(folder / "store"))


@contextmanager
def scratch_of(source: Path, state: Path) -> Iterator[Store]:
    """A copy of a store that is not open for writing, such as that of a snapshot, for as long as it is needed.

    Raises:
        StoreError: it cannot be read or written.
    """
    with linked(source, state) as copy:
        yield Store(str(copy))


@contextmanager
def linked(source: Path, state: Path) -> Iterator[Path]:
    """The folder of such a copy; it may be moved to another place and stays there then.

    Raises:
        StoreError: as `scratch_of` does.
    """
    with _folder(state) as folder:
        link_store(source, folder / "store")
        yield folder / "store"


def link_store(source: Path, target: Path) -> None:
    """Copy the files of a store that nobody writes to; those that the engine never changes by hard links.

    Source: RocksDB: a table file (`.sst`) is written once.

    Raises:
        OSError: it cannot be read or written.
    """
    target.mkdir()
    for file in source.iterdir():
        if file.suffix == ".sst":
            os.link(file, target / file.name)
        elif file.name != "LOCK":
            shutil.copy2(file, target / file.name)


def sync_tree(folder: Path) -> None:
    """Let all files in a folder, and their names, be on disk."""
    for path, _, files in os.walk(folder):
        for name in files:
            sync(Path(path, name))
        sync(Path(path))


def sync(path: Path) -> None:
    """Let a file, or the names in a folder, be on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(state: Path) -> None:
    """Remove the copies, and earlier states that were not finished, of processes that have ended without doing so."""
    for folder in (*(state / SCRATCH).glob("*-*"), *(state / "past").glob("writing-*-*")):
        owner = folder.name.removeprefix("writing-").partition("-")[0]
        if not Path("/proc", owner).exists():
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _folder(state: Path) -> Iterator[Path]:
    place = state / SCRATCH
    try:
        place.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place, prefix=f"{os.getpid()}-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
    except (OSError, RuntimeError) as error:
        raise StoreError(
            f"the store cannot be copied for a trial: {error}",
            remedy="look at its owner and the free space on its disk",
        ) from error
