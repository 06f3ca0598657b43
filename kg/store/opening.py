"""Opening the primary store: as it was left, or made anew from the last snapshot or the ledger."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pyoxigraph import Store

from kg.errors import KgError, LedgerDamaged, StoreError
from kg.settings import UNION
from kg.store.ledger import Head, Ledger
from kg.store.opened import open_stored
from kg.store.primary import HISTORY, Primary, unusable
from kg.store.replay import head_quads, rebuild, replay, revision_of
from kg.store.scratch import link_store, sweep
from kg.store.snapshots import Snapshots, current_folder

_DAMAGED: Final = "DAMAGED"
_RESTORE: Final = "restore the ledger from a backup: later commits were accepted"

_log: Final = logging.getLogger(__name__)


@contextmanager
def open_primary(
    snapshots: Snapshots, ledger: Ledger, *, default_graph: str, patience_seconds: float = 0.0
) -> Iterator[Primary]:
    """The primary store of a state folder, at the last commit, for the only one who writes; made anew where need be.

    Raises:
        BuildRunning, WriterRunning: somebody else writes, for longer than `patience_seconds`.
        LedgerDamaged: the ledger is not what was written, or ends before what the store or the last snapshot holds.
        StoreError: the state folder cannot be used; or damage was met, and the store is made from the ledger next time.
    """
    with snapshots.locked(patience_seconds=patience_seconds), ledger.locked():
        sweep(snapshots.state)
        folder = snapshots.state / "primary" / default_graph
        merges = default_graph == UNION
        described = snapshots.description()
        _check_end(ledger, described.revision if described else 0, snapshots.state, holder="last snapshot")
        try:
            store = _at_head(folder, ledger, merges=merges)
            if store is None:
                store = _anew(folder, snapshots, ledger)
        except (OSError, RuntimeError) as error:
            raise unusable(error) from error
        primary = Primary(store, ledger, merges=merges)
        del store
        try:
            yield primary
        except (KgError, OSError, RuntimeError) as error:
            if not _is_damage(error):
                raise
            (folder / _DAMAGED).touch()
            raise StoreError(f"{folder} is damaged: {error}", remedy="try again: it is made from the ledger") from error
        finally:
            primary.close()


def _is_damage(error: BaseException | None) -> bool:
    """Whether the engine has met bytes that are not what it wrote.

    Source: RocksDB, Status::ToString.
    """
    while error is not None:
        if isinstance(error, OSError | RuntimeError) and str(error).startswith("Corruption:"):
            return True
        error = error.__cause__
    return False


def _check_end(ledger: Ledger, revision: int, state: Path, *, holder: str) -> None:
    """Raises LedgerDamaged where something holds a revision that the ledger does not have any more."""
    last = ledger.head().revision
    if revision > last:
        raise LedgerDamaged(
            f"the ledger ends with revision {last}, and the {holder} holds {revision}",
            remedy=_RESTORE,
            file=str(state / "ledger"),
        )


def _at_head(folder: Path, ledger: Ledger, *, merges: bool) -> Store | None:
    """The store as it was left, brought to the last commit; None where it must be made anew.

    Raises:
        LedgerDamaged: the store knows of a commit that the ledger does not have.
    """
    if not folder.is_dir() or (folder / _DAMAGED).exists():
        return None
    for leftover in folder.glob("bulk-*.sst"):
        leftover.unlink()
    try:
        store = Store(str(folder))
        held = revision_of(store, history=HISTORY)
    except (OSError, RuntimeError, StoreError) as error:
        if f"{folder}/LOCK" in str(error):
            raise StoreError(f"{folder} is open already", remedy="end what has it open, then try again") from error
        _log.warning("%s cannot be used and is made anew: %s", folder, str(error))  # it would hold the store
        return None
    _check_end(ledger, held.revision, folder.parent.parent, holder="store")
    if not held.revision:
        _log.info("%s was left in the middle of a change and is made anew", folder)
        return None
    try:
        replay(ledger, store, history=HISTORY, merge=merges)
    except StoreError as error:
        _log.warning("%s is made anew: %s", folder, str(error))
        return None
    return store


def _anew(folder: Path, snapshots: Snapshots, ledger: Ledger) -> Store:
    """The store made from the last snapshot, where that is good for it, or else from the whole ledger."""
    merges = folder.name == UNION
    damaged = (folder / _DAMAGED).exists()  # then the snapshot may be, too: they share files
    shutil.rmtree(folder.parent, ignore_errors=True)
    folder.parent.mkdir(parents=True)
    described = snapshots.description()
    if not damaged and described and described.merges == merges and ledger.has(described.revision, described.digest):
        current = snapshots.state / current_folder(snapshots.state)
        try:
            open_stored(current)
            link_store(current / "store", folder)
            store = Store(str(folder))
            store.extend(head_quads(Head(described.revision, described.digest), HISTORY))
            replay(ledger, store, history=HISTORY, merge=merges)
        except (OSError, RuntimeError, StoreError) as error:
            _log.warning("the last snapshot is not usable, the store is made from the ledger: %s", str(error))
            shutil.rmtree(folder, ignore_errors=True)
        else:
            return store
    store = Store(str(folder))
    rebuild(ledger, store, ledger.head().revision, history=HISTORY, merge=merges)
    return store
