"""The index that follows the snapshots: made when it is first needed, then changed by what each commit may affect.

It is kept in memory, one in each process; that of a graph with very many things is kept in the state folder, where all
processes share it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Final

from kg.discovery.reading import Facet, Rules, affected_things, read_documents, read_rules, read_things
from kg.errors import KgError, ServiceBusy
from kg.search import Document, Index, IndexFolder, Mark
from kg.store import Changeset, Ledger, Readable

# A new index is soon there; for that long a search waits rather than tell of an earlier state.
_PATIENCE_SECONDS: Final = 1.0
_FIRST_SECONDS: Final = 30.0
_WRITING_SECONDS: Final = 900.0
_TRY_AGAIN_SECONDS: Final = 5.0
_MOST_COMMITS: Final = 1000
# When more than that part of all things may have changed, all are read anew.
_LARGE_PART: Final = 4
_SMALL: Final = 500
_DOCUMENTS_AT_A_TIME: Final = 50
_PAUSE_SECONDS: Final = 0.001

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ready:
    """An index that can be asked, and what it tells of."""

    index: Index
    mark: Mark
    rules: Rules

    @property
    def facets(self) -> tuple[Facet, ...]:
        """By what findings can be narrowed."""
        return self.rules.facets


class Finder:
    """Keeps the index of one process."""

    def __init__(self, state: Path, *, most_in_memory: int, ledger: Ledger | None = None) -> None:
        """The index of more than `most_in_memory` things is kept in the state folder.

        `ledger` is that of the folder, where it has been opened already.
        """
        self._ledger = ledger or Ledger(state / "ledger")
        self._folder = IndexFolder(state / "search")
        self._most_in_memory = most_in_memory
        self._lock = threading.Lock()
        self._held: Ready | None = None
        self._making: tuple[int, Future[Ready], float] | None = None

    def ready(self, snapshot: Readable) -> Ready:
        """The index of a snapshot; that of an earlier one, where the new one takes its time.

        Raises:
            ServiceBusy: there is none yet.
            KgError: it cannot be made.
        """
        held = self._held
        if held is not None and held.mark.number == snapshot.number:
            return held
        making = self._begin(snapshot)
        try:
            return making.result(_PATIENCE_SECONDS if held else _FIRST_SECONDS)
        except NotYet as error:
            if held:
                return held
            raise ServiceBusy("the search index is being made", remedy="ask again in a few seconds") from error
        except KgError:
            if held:
                return held
            raise

    def _begin(self, snapshot: Readable) -> Future[Ready]:
        """Make the index of a snapshot in a thread of its own, unless that is being done or has just failed."""
        with self._lock:
            if self._making is not None:
                number, making, began = self._making
                failed = making.done() and making.exception() is not None
                tired = failed and time.monotonic() - began < _TRY_AGAIN_SECONDS
                if not making.done() or tired or (number == snapshot.number and not failed):
                    return making
            making = Future()
            self._making = (snapshot.number, making, time.monotonic())
        threading.Thread(target=self._fulfil, args=(making, snapshot), name="search index", daemon=True).start()
        return making

    def _fulfil(self, making: Future[Ready], snapshot: Readable) -> None:
        try:
            self._held = self._made(snapshot)
            making.set_result(self._held)
        except KgError as error:
            _log.warning("the search index of snapshot %d cannot be made: %s", snapshot.number, error)
            making.set_exception(error)
        except BaseException as error:
            making.set_exception(error)
            raise

    def _made(self, snapshot: Readable) -> Ready:
        rules = read_rules(snapshot)
        description = snapshot.description
        wanted = Mark(description.number, description.revision, description.digest, rules.digest)
        held = self._held
        if held is not None and not held.mark.folder and held.index.count <= self._most_in_memory:
            changes = self._changes(held.mark, wanted)
            if changes is not None and self._follow(snapshot, rules, held.index, changes):
                return Ready(held.index, wanted, rules)
        things = read_things(snapshot, rules)
        there = self._folder.mark()
        if there is None or self._size(there) <= self._most_in_memory:
            first = [*islice(things, self._most_in_memory + 1)]
            if len(first) <= self._most_in_memory:
                index = Index()
                index.write(_unhurried(read_documents(snapshot, rules, first)))
                return Ready(index, wanted, rules)
            things = chain(first, things)
        return self._shared(snapshot, rules, things=things, wanted=wanted)

    def _shared(self, snapshot: Readable, rules: Rules, *, things: Iterable[str], wanted: Mark) -> Ready:
        """The index in the state folder: as another process has just written it, or written now."""
        with self._folder.locked(patience_seconds=_WRITING_SECONDS):
            there = self._folder.mark()
            if there is not None and self._size(there):
                if (there.digest, there.rules) == (wanted.digest, wanted.rules) or there.number > wanted.number:
                    return Ready(self._opened(there), there, rules)
                changes = self._changes(there, wanted)
                index = self._opened(there)
                if changes is not None and self._follow(snapshot, rules, index, changes):
                    mark = replace(wanted, folder=there.folder)
                    self._folder.put(mark)
                    return Ready(index, mark, rules)
            index, name = self._folder.begin(wanted.number)
            index.write(_unhurried(read_documents(snapshot, rules, things)))
            mark = replace(wanted, folder=name)
            self._folder.put(mark)
            return Ready(index, mark, rules)

    def _size(self, mark: Mark) -> int:
        """How many documents are in the index in the state folder; 0 where it cannot be read."""
        try:
            return self._opened(mark).count
        except KgError as error:
            _log.warning("%s; it is made anew", error)
            return 0

    def _opened(self, mark: Mark) -> Index:
        """The index that a mark tells of, as it is now."""
        held = self._held
        if held is not None and held.mark.folder == mark.folder:
            held.index.reload()
            return held.index
        return self._folder.open(mark)

    def _follow(self, snapshot: Readable, rules: Rules, index: Index, changes: Changeset) -> bool:
        """Change an index by what has changed; False where so much has that it is better made anew."""
        affected = affected_things(snapshot, changes)
        if len(affected) > max(_SMALL, index.count // _LARGE_PART):
            return False
        found = [*read_things(snapshot, rules, among=affected)]
        index.write(read_documents(snapshot, rules, found), gone=affected.difference(found))
        return True

    def _changes(self, before: Mark, after: Mark) -> Changeset | None:
        """What leads from one state to another; None where the ledger cannot tell, or all counts in another way."""
        gap = after.revision - before.revision
        if before.rules != after.rules or not before.revision or not 0 <= gap <= _MOST_COMMITS:
            return None
        try:
            known = self._ledger.has(before.revision, before.digest) and self._ledger.has(after.revision, after.digest)
            return self._ledger.diff(before.revision, after.revision) if known else None
        except KgError as error:
            _log.warning("the search index is made anew: %s", error)
            return None


def _unhurried(documents: Iterable[Document]) -> Iterator[Document]:
    """The documents, with pauses in which other threads can go on."""
    for place, document in enumerate(documents):
        if place % _DOCUMENTS_AT_A_TIME == _DOCUMENTS_AT_A_TIME - 1:
            time.sleep(_PAUSE_SECONDS)
        yield document
