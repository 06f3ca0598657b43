"""Backups: the ledger up to a commit, and what tells how to serve it, in one file; all else is made again from that.

manifest.json            format, revision, digest
ledger/000000001.rdfp    each segment, up to that commit
snapshot.json            what the current snapshot is: its base, prefixes and mode
rulebook.json            what it conforms to
tokens.json              who may write, where there is such a file
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from kg.errors import ContentError, LedgerDamaged, StoreError
from kg.store.ledger import Head, Ledger
from kg.store.opened import Description, description_from
from kg.store.opening import open_primary
from kg.store.snapshots import Snapshots

_FORMAT: Final = "unemg-kg backup 1"
_MANIFEST: Final = "manifest.json"
_ASIDE: Final = ("snapshot.json", "rulebook.json")
_TOKENS: Final = "tokens.json"
_PRIVATE: Final = 0o600
_MOST_ASIDE_BYTES: Final = 64 * 2**20
_NEW: Final = "name a folder that is empty, or that is not there yet"


def write_backup(snapshots: Snapshots, ledger: Ledger, file: Path) -> Head:
    """Write a backup of a state folder, while it is in use; returns the last commit in it.

    Raises:
        SnapshotMissing: nothing has been built yet.
        LedgerDamaged: the ledger is not what was written.
        StoreError: it cannot be read, or the backup cannot be written.
    """
    current = snapshots.current_path()
    head = ledger.verify()
    manifest = {"format": _FORMAT, "revision": head.revision, "digest": head.digest}
    writing = file.with_name(f".{file.name}.writing")
    try:
        with writing.open("wb") as target:
            os.fchmod(target.fileno(), _PRIVATE)
            with tarfile.open(fileobj=target, mode="w") as archive:
                _put(archive, _MANIFEST, json.dumps(manifest).encode())
                for name, data in ledger.segments(head.revision):
                    _put(archive, f"ledger/{name}", data)
                for path in (*(current / name for name in _ASIDE), snapshots.state / _TOKENS):
                    if path.exists():
                        _put(archive, path.name, path.read_bytes())
            target.flush()
            os.fsync(target.fileno())
        writing.replace(file)
    except OSError as error:
        writing.unlink(missing_ok=True)
        raise StoreError(
            f"{file} cannot be written: {error}", remedy="look at its folder and the free space"
        ) from error
    return head


def restore_backup(file: Path, state: Path) -> Description:
    """Make a state folder from a backup, with a snapshot of its last commit, which is current then.

    Raises:
        ContentError: the file is no backup.
        LedgerDamaged: the ledger in it is not what was written.
        StoreError: the folder is not empty, or cannot be written.
    """
    if not file.is_file():
        raise _no_backup(file)
    if state.exists() and any(state.iterdir()):
        raise StoreError(f"{state} is not empty", remedy=_NEW)
    try:
        return _restore(file, state)
    except BaseException:
        for left in state.glob("*"):
            left.unlink() if left.is_symlink() or left.is_file() else shutil.rmtree(left, ignore_errors=True)
        raise


def _restore(file: Path, state: Path) -> Description:
    aside: dict[str, bytes] = {}
    try:
        (state / "ledger").mkdir(parents=True)
        for name, data in _members(file):
            if name.startswith("ledger/"):
                _write(state / name, data)
            else:
                aside[name] = data
        manifest = json.loads(aside[_MANIFEST])
        head = Head(manifest["revision"], manifest["digest"])
        described = description_from(aside["snapshot.json"].decode())
        rulebook = aside.get("rulebook.json", b"").decode()
    except (KeyError, RecursionError, TypeError, ValueError, tarfile.TarError) as error:
        raise _no_backup(file) from error
    except OSError as error:
        raise StoreError(f"{state} cannot be written: {error}", remedy="look at its owner and free space") from error
    ledger = Ledger(state / "ledger")
    if ledger.verify() != head:
        raise LedgerDamaged(
            f"it does not end with revision {head.revision}", remedy="take another backup", file=str(file)
        )
    if _TOKENS in aside:
        _write(state / _TOKENS, aside[_TOKENS], mode=_PRIVATE)
    snapshots = Snapshots(state, memory_quads=0)
    with open_primary(snapshots, ledger, default_graph=described.default_graph) as primary:
        return primary.publish(snapshots, replace(described, number=0), rulebook=rulebook)


def _write(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a new file; it is on disk then."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _put(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    member.mode = _PRIVATE
    archive.addfile(member, io.BytesIO(data))


def _members(file: Path) -> Iterator[tuple[str, bytes]]:
    """The files in a backup. Nothing is extracted by the names that the archive gives, but those that we know."""
    most_bytes = file.stat().st_size
    with tarfile.open(file, mode="r:") as archive:
        for member in archive:
            stem = member.name.removeprefix("ledger/").removesuffix(".rdfp")
            is_segment = member.name == f"ledger/{stem}.rdfp" and stem.isdecimal()
            known = is_segment or member.name in (_MANIFEST, *_ASIDE, _TOKENS)
            most = most_bytes if is_segment else _MOST_ASIDE_BYTES
            if not known or not member.isreg() or member.issparse() or member.size > most:
                raise _no_backup(file)
            content: Any = archive.extractfile(member)
            yield member.name, content.read()


def _no_backup(file: Path) -> ContentError:
    return ContentError("no backup, or not whole", remedy="name a file that `kg backup` has written", file=str(file))
