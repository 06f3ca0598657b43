"""Appending to the ledger: one process at a time, on disk before anybody is told; threads that wait share one sync."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

from kg.errors import WriterRunning
from kg.store.entries import Commit, Draft, Head, body_of, entry_of
from kg.store.segments import Place, Segment, Segments, sync_folder, unusable

_log: Final = logging.getLogger(__name__)


@dataclass
class _Waiting:
    """Drafts and their text, waiting to be written; then what became of them."""

    drafts: Sequence[tuple[Draft, bytes]]
    commits: list[Commit] | None = None
    error: OSError | None = None


class _Tail(NamedTuple):
    """The segment that is appended to, and its file."""

    segment: Segment
    file: int


class Appender:
    """Who appends to the segments of a ledger, from any thread of this process."""

    def __init__(self, segments: Segments, *, segment_bytes: int) -> None:
        """A segment is full when it has `segment_bytes` bytes; the next entry begins another."""
        self._segments = segments
        self._segment_bytes = segment_bytes
        self._tail: _Tail | None = None  # while this process may append
        self._failed: OSError | None = None
        self._writing = threading.Lock()
        self._queueing = threading.Lock()
        self._queue: list[_Waiting] = []

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one who appends; what a crash has left unfinished is cut off.

        Raises:
            WriterRunning: another process appends.
            LedgerDamaged: the last segment is not what was written.
            StoreError: the folder cannot be written.
        """
        with self._segments.using():
            self._segments.folder.mkdir(parents=True, exist_ok=True)
            lock = (self._segments.folder / "lock").open("a")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise WriterRunning(
                    f"another process writes to {self._segments.folder}", remedy="wait until it has ended"
                ) from error
            with self._segments.using():
                self._open()
            try:
                yield
            finally:
                with self._writing:
                    self._close()

    def append(self, *drafts: Draft) -> list[Commit]:
        """Commit drafts, one after the other; they are on disk when it returns. Threads that wait share one sync.

        Raises:
            ContentError: a draft cannot be written as RDF Patch; none was written.
            StoreError: the disk does not take them; none was written.
        """
        waiting = _Waiting([(draft, body_of(draft)) for draft in drafts])
        with self._queueing:
            self._queue.append(waiting)
        with self._writing:
            if waiting.commits is None and waiting.error is None:
                with self._queueing:
                    group, self._queue = self._queue, []
                self._write(group)
        if waiting.error:
            raise unusable(self._segments.folder, waiting.error) from waiting.error
        return waiting.commits or []

    def _open(self) -> None:
        """Find the end of the last whole entry, cut off what stands behind it, and get ready to append there."""
        with self._segments.indexing:
            self._segments.forget()
            self._failed = None
            segment = self._segments.last()
            if segment is None:
                self._begin_segment(Head(0, ""))
                return
            file = os.open(segment.path, os.O_WRONLY)
            try:
                self._cut_unfinished(file, segment)
                os.fsync(file)
                sync_folder(self._segments.folder)
            except OSError:
                os.close(file)
                raise
            self._grow(segment, file)

    def _grow(self, segment: Segment, file: int) -> _Tail:
        self._tail = _Tail(segment, file)
        self._segments.growing = segment
        return self._tail

    def _close(self) -> None:
        if self._tail:
            os.close(self._tail.file)
        self._tail = self._segments.growing = None

    def _cut_unfinished(self, file: int, segment: Segment) -> None:
        unfinished = os.fstat(file).st_size - segment.end
        if unfinished:
            _log.warning(
                "%s: cut off %d bytes of an entry that was never finished, after revision %d",
                *(segment.path, unfinished, segment.head.revision),
            )
            os.ftruncate(file, segment.end)

    def _begin_segment(self, head: Head) -> _Tail:
        """Append to a new segment from now on; its name is on disk then."""
        segment = self._segments.begin(head)
        file = os.open(segment.path, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            sync_folder(self._segments.folder)
        except OSError:
            os.close(file)
            raise
        self._close()
        self._segments.add(segment)
        return self._grow(segment, file)

    def _write(self, group: Sequence[_Waiting]) -> None:
        """Write and sync the drafts of a group, and tell each what became of it."""
        try:
            segment, file = self._writable()
            text, places, commits = _entries(group, head=segment.head, at=segment.end)
            self._put(file, text, at=segment.end)
        except OSError as error:
            for waiting in group:
                waiting.error = error
            return
        except BaseException:  # the thread that writes for all is being ended: nobody may take it for success
            self._failed = OSError("writing was interrupted")
            for waiting in group:
                waiting.error = self._failed
            raise
        with self._segments.indexing:
            segment.places += places
        for waiting, made in zip(group, commits, strict=True):
            waiting.commits = made

    def _writable(self) -> _Tail:
        """The segment to append to: the last one, or a new one when that is full."""
        if self._failed:
            raise self._failed
        if self._tail is None:
            raise OSError("not open for appending")
        last = self._tail.segment
        if last.end < self._segment_bytes:
            return self._tail
        with self._segments.indexing:
            tail = self._begin_segment(last.head)
            last.sealed = True
            return tail

    def _put(self, file: int, text: bytearray, *, at: int) -> None:
        """Write bytes at the end and sync them; where the disk refuses them, leave none."""
        try:
            with memoryview(text) as view:
                done = 0
                while done < len(text):
                    done += os.pwrite(file, view[done:], at + done)
        except OSError:
            self._take_back(file, at)
            raise
        try:
            os.fdatasync(file)
        except OSError as error:
            # What the disk holds now is not known, and another sync would not tell: take nothing more.
            self._failed = error
            self._take_back(file, at)
            raise

    def _take_back(self, file: int, end: int) -> None:
        try:
            os.ftruncate(file, end)
        except OSError as error:
            self._failed = error


def _entries(group: Sequence[_Waiting], *, head: Head, at: int) -> tuple[bytearray, list[Place], list[list[Commit]]]:
    """The text of a group of drafts, where each entry ends, and the commits that each of the waiting made."""
    text = bytearray()
    places: list[Place] = []
    commits: list[list[Commit]] = []
    for waiting in group:
        made: list[Commit] = []
        for draft, body in waiting.drafts:
            entry, commit = entry_of(draft, body, head=head)
            text += entry
            places.append(Place(at + len(text), commit.digest))
            made.append(commit)
            head = Head(commit.revision, commit.digest)
        commits.append(made)
    return text, places, commits
