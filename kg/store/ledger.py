"""The ledger: every commit in order, as RDF Patch text that is only ever appended to; all else can be made from it.

    ledger/
      lock                 held while a process writes
      000000001.rdfp       segments, each named after its first revision; a full one is never touched again
      000004711.rdfp

An entry begins with its digest: SHA-256 over the digest of the commit before it and all bytes of its own that follow.

    H digest "0b7f…" .
    H id "2" .
    H prev "1" .
    H author "Ada" .
    H time "2024-05-01T12:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime> .
    H source <https://library.example/graph/submission/2> .
    H message "Tell who wrote Emma" .
    TX .
    A <https://library.example/emma> <https://library.example/by> <https://library.example/austen> <https://…> .
    TC .

Whatever is read is compared with its digest. Only where the last segment breaks off within an entry, as after a crash,
is that beginning of an entry cut off, and the log says so; any other difference is `LedgerDamaged`.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import re
import threading
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from pyoxigraph import Literal, NamedNode

from kg.errors import ContentError, LedgerDamaged, RevisionMissing, StoreError, WriterRunning
from kg.store.patch import Changeset, HeaderTerm, read_patch, write_patch

SEGMENT_BYTES: Final = 64 * 2**20

_log: Final = logging.getLogger(__name__)

_DATE_TIME: Final = NamedNode("http://www.w3.org/2001/XMLSchema#dateTime")
_UTC: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
_HEADERS: Final = ["id", "prev", "author", "time", "source", "message"]
_OPENING: Final = re.compile(rb'H digest "([0-9a-f]{64})" \.\n(?=H id "([1-9][0-9]*)" \.\n)')
_CLOSING: Final = b"\nTC .\n"

# An entry that is not whole: its complete lines, then the beginning of one. A byte that was changed in a whole entry
# must not look so: the line ends are those of headers and rows, never that of the closing line.
_COMPLETE: Final = re.compile(rb'(H [a-z]+ [^\n]*[">] \.\n)*(TX \.\n([AD] <[^\n]*> \.\n)*)?')
_PARTIAL: Final = re.compile(rb"[HAD]( [^\n]*)?|T|T[XC]( \.?)?|")

_RESTORE: Final = "restore the ledger from a backup, and let nothing but this program write to it"


class Head(NamedTuple):
    """A state: the revision and digest of the commit that made it. Revision 0, without digest, is empty."""

    revision: int
    digest: str


@dataclass(frozen=True)
class Draft:
    """A commit before it has a number. Each line of its changeset changes something: see `effective_changes`."""

    changeset: Changeset
    author: str
    time: str
    """When it was accepted, in UTC: `2024-05-01T12:00:00Z`, with up to six decimals of the second."""
    source: str
    """The IRI of the graph of the submission."""
    message: str


@dataclass(frozen=True)
class Commit:
    """One entry of the ledger."""

    revision: int
    parent: int
    digest: str
    author: str
    time: str
    source: str
    message: str
    changeset: Changeset


class _Place(NamedTuple):
    """Where an entry ends in its segment, and its digest."""

    end: int
    digest: str


@dataclass
class _Segment:
    """What is known of a segment; its entries have been compared with their digests."""

    path: Path
    first: int
    before: str
    """The digest of the commit before its first entry."""
    sealed: bool = False
    places: list[_Place] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.places[-1].end if self.places else 0

    @property
    def head(self) -> Head:
        return Head(self.first + len(self.places) - 1, self.places[-1].digest if self.places else self.before)

    def span(self, revision: int) -> tuple[int, int, str]:
        """Where an entry begins and ends, and the digest of the commit before it."""
        index = revision - self.first
        begin, before = self.places[index - 1] if index else (0, self.before)
        return begin, self.places[index].end, before


@dataclass
class _Waiting:
    """Drafts and their text, waiting to be written; then what became of them."""

    drafts: Sequence[tuple[Draft, bytes]]
    commits: list[Commit] | None = None
    error: OSError | None = None


class _Tail(NamedTuple):
    """The segment that is appended to, and its file."""

    segment: _Segment
    file: int


class Ledger:
    """The commits in a folder. Any process may read; the one that holds `locked()` may append, from any of its threads.

    Another process may see a commit a moment before it is durable.
    """

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        """A segment is full when it has `segment_bytes` bytes; the next entry begins another."""
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._segments: dict[int, _Segment] = {}
        self._indexing = threading.RLock()
        self._tail: _Tail | None = None  # while this process may append
        self._failed: OSError | None = None
        self._writing = threading.Lock()
        self._queueing = threading.Lock()
        self._queue: list[_Waiting] = []

    # Writing.

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one who appends; what a crash has left unfinished is cut off.

        Raises:
            WriterRunning: another process appends.
            LedgerDamaged: the last segment is not what was written.
            StoreError: the folder cannot be written.
        """
        with self._using():
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = (self._folder / "lock").open("a")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise WriterRunning(
                    f"another process writes to {self._folder}", remedy="wait until it has ended"
                ) from error
            with self._using():
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
        waiting = _Waiting([(draft, _body(draft)) for draft in drafts])
        with self._queueing:
            self._queue.append(waiting)
        with self._writing:
            if waiting.commits is None and waiting.error is None:
                with self._queueing:
                    group, self._queue = self._queue, []
                self._write(group)
        if waiting.error:
            raise _unusable(self._folder, waiting.error) from waiting.error
        return waiting.commits or []

    def commit(self, draft: Draft) -> Commit:
        """Commit one draft, as `append` does."""
        return self.append(draft)[0]

    def _open(self) -> None:
        """Find the end of the last whole entry, cut off what stands behind it, and get ready to append there."""
        with self._indexing:
            self._segments.clear()
            self._failed = None
            segment = self._last_segment()
            if segment is None:
                self._begin_segment(Head(0, ""))
                return
            file = os.open(segment.path, os.O_WRONLY)
            try:
                self._cut_unfinished(file, segment)
                os.fsync(file)
                _sync_folder(self._folder)
            except OSError:
                os.close(file)
                raise
            self._tail = _Tail(segment, file)

    def _close(self) -> None:
        if self._tail:
            os.close(self._tail.file)
        self._tail = None

    def _cut_unfinished(self, file: int, segment: _Segment) -> None:
        unfinished = os.fstat(file).st_size - segment.end
        if unfinished:
            _log.warning(
                "%s: cut off %d bytes of an entry that was never finished, after revision %d",
                *(segment.path, unfinished, segment.head.revision),
            )
            os.ftruncate(file, segment.end)

    def _begin_segment(self, head: Head) -> _Tail:
        """Append to a new segment from now on; its name is on disk then."""
        first = head.revision + 1
        segment = _Segment(self._path(first), first, head.digest)
        file = os.open(segment.path, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            _sync_folder(self._folder)
        except OSError:
            os.close(file)
            raise
        self._close()
        self._segments[first] = segment
        self._tail = _Tail(segment, file)
        return self._tail

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
        with self._indexing:
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
        with self._indexing:
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

    # Reading.

    def head(self) -> Head:
        """The last commit.

        Raises:
            LedgerDamaged: the last segment is not what was written.
            StoreError: it cannot be read.
        """
        segment = self._last_segment()
        return segment.head if segment else Head(0, "")

    def has(self, revision: int, digest: str) -> bool:
        """Whether there is a commit with this revision and digest; revision 0 is none.

        Raises:
            LedgerDamaged, StoreError: as `read` does.
        """
        try:
            return bool(revision) and self.digest(revision) == digest
        except RevisionMissing:
            return False

    def digest(self, revision: int) -> str:
        """The digest of a commit; empty for revision 0.

        Raises:
            RevisionMissing: there is no such revision.
            LedgerDamaged, StoreError: as `read` does.
        """
        if revision == 0:
            return ""
        segment = self._segment_of(revision)
        return segment.places[revision - segment.first].digest

    def read(self, revision: int) -> Commit:
        """One commit.

        Raises:
            RevisionMissing: there is no such revision.
            LedgerDamaged: it is not what was written.
            StoreError: it cannot be read.
        """
        segment = self._segment_of(revision)
        begin, end, before = segment.span(revision)
        with self._using(), segment.path.open("rb") as file:
            file.seek(begin)
            entry = file.read(end - begin)
        digest = _check_entry(entry, revision=revision, before=before, path=segment.path)
        try:
            return _read_entry(entry, revision, digest)
        except ContentError as error:
            with self._using(), segment.path.open("rb") as file:
                lines_before = file.read(begin).count(b"\n")
            line = lines_before + (error.line or 1)
            raise LedgerDamaged(error.args[0], remedy=_RESTORE, file=str(segment.path), line=line) from error

    def entries(self, first: int = 1, last: int | None = None) -> Iterator[Commit]:
        """The commits from one revision to another, both included; to the head where no last is given.

        Raises:
            RevisionMissing, LedgerDamaged, StoreError: as `read` does.
        """
        for revision in range(first, (self.head().revision if last is None else last) + 1):
            yield self.read(revision)

    def diff(self, before: int, after: int) -> Changeset:
        """What leads from the state of one revision to that of another, forwards or backwards.

        Raises:
            RevisionMissing, LedgerDamaged, StoreError: as `read` does.
        """
        if before > after:
            return self.diff(after, before).inverse()
        self.digest(before)
        added: set[str] = set()
        removed: set[str] = set()
        for commit in self.entries(before + 1, after):
            now_added, now_removed = {*commit.changeset.added}, {*commit.changeset.removed}
            added, removed = (
                (added - now_removed) | (now_added - removed),
                ((removed - now_added) | (now_removed - added)),
            )
        return Changeset(added=tuple(sorted(added)), removed=tuple(sorted(removed)))

    def revert(self, revision: int) -> Changeset:
        """What a new commit must do to undo one commit; what later commits have undone already is left out.

        Raises:
            RevisionMissing, LedgerDamaged, StoreError: as `read` does.
        """
        undo = self.read(revision).changeset.inverse()
        since = self.diff(revision, self.head().revision)
        added, removed = {*since.added}, {*since.removed}
        return Changeset(
            added=tuple(line for line in undo.added if line not in added),
            removed=tuple(line for line in undo.removed if line not in removed),
        )

    def blame(self, statement: str) -> Commit | None:
        """The last commit that added an N-Quads statement, written as in a changeset; none where no commit did.

        Raises:
            LedgerDamaged, StoreError: as `read` does.
        """
        row = f"\nA {statement}\n".encode()
        for first in reversed(self._firsts()):
            segment = self._segment(first)
            places = [*segment.places]
            with self._using():
                found = segment.path.read_bytes().rfind(row, 0, places[-1].end if places else 0)
            if found >= 0:
                return self.read(first + bisect_right(places, found, key=lambda place: place.end))
        return None

    def about(self, iri: str) -> Iterator[Commit]:
        """The commits that name a thing in what they add or remove, or as their source; the latest first.

        Raises:
            LedgerDamaged, StoreError: as `read` does.
        """
        named = f"<{iri}>".encode()
        for first in reversed(self._firsts()):
            segment = self._segment(first)
            places = [*segment.places]
            with self._using():
                text = segment.path.read_bytes()
            end = places[-1].end if places else 0
            while (found := text.rfind(named, 0, end)) >= 0:
                index = bisect_right(places, found, key=lambda place: place.end)
                yield self.read(first + index)
                end = places[index - 1].end if index else 0

    def segments(self, revision: int) -> Iterator[tuple[str, bytes]]:
        """The files of the ledger up to a commit: their names and what is in them.

        Raises:
            LedgerDamaged, StoreError: as `read` does.
        """
        for first in self._firsts():
            if first > revision:
                return
            segment = self._segment(first)
            last = min(revision, segment.head.revision)
            with self._using():
                yield segment.path.name, segment.path.read_bytes()[: segment.span(last)[1]]

    def verify(self) -> Head:
        """Read all from the disk once more; returns the last commit.

        Raises:
            LedgerDamaged: an entry is not what was written; the first such entry is named.
            StoreError: it cannot be read.
        """
        fresh = Ledger(self._folder)
        head = Head(0, "")
        for first in fresh._firsts():
            head = fresh._segment(first).head
            for revision in range(first, head.revision + 1):
                fresh.read(revision)
        return head

    def _firsts(self) -> list[int]:
        """The first revision of each segment.

        Raises:
            LedgerDamaged: the first segment is missing.
        """
        with self._using():
            firsts = sorted(int(path.stem) for path in self._folder.glob("*.rdfp") if path.stem.isdecimal())
        if firsts and firsts[0] != 1:
            raise LedgerDamaged("the segment with revision 1 is missing", remedy=_RESTORE, file=str(self._folder))
        return firsts

    def _last_segment(self) -> _Segment | None:
        if self._tail:
            return self._tail.segment
        firsts = self._firsts()
        return self._segment(firsts[-1]) if firsts else None

    def _segment_of(self, revision: int) -> _Segment:
        """The segment in which a commit is."""
        firsts = self._firsts()
        index = bisect_right(firsts, revision) - 1
        segment = self._segment(firsts[index]) if index >= 0 else None
        if segment is None or revision > segment.head.revision:
            raise RevisionMissing(
                f"there is no revision {revision}", remedy=f"the last one is {self.head().revision}; the first one is 1"
            )
        return segment

    def _segment(self, first: int) -> _Segment:
        """What is known of a segment, after reading what has been added to it."""
        with self._indexing:
            segment = self._segments.get(first)
            if segment is None:
                segment = _Segment(self._path(first), first, self._digest_before(first))
            elif segment.sealed or self._tail:
                return segment
            later = [other for other in self._firsts() if other > first]
            self._read_places(segment, sealed=bool(later))
            if later and segment.head.revision + 1 != later[0]:
                raise LedgerDamaged(
                    f"it ends with revision {segment.head.revision}, and the next segment begins with {later[0]}",
                    remedy=_RESTORE,
                    file=str(segment.path),
                )
            self._segments[first] = segment
            return segment

    def _path(self, first: int) -> Path:
        return self._folder / f"{first:09}.rdfp"

    def _digest_before(self, first: int) -> str:
        """The digest of the last commit of the segment before one, as it stands there."""
        if first == 1:
            return ""
        path = self._path(max(other for other in self._firsts() if other < first))
        with self._using():
            text = path.read_bytes()
        opening = _OPENING.match(text, text.rfind(b"\nH digest ") + 1)
        if not opening or int(opening[2]) != first - 1:
            raise LedgerDamaged(f"its last entry is not revision {first - 1}", remedy=_RESTORE, file=str(path))
        return opening[1].decode()

    def _read_places(self, segment: _Segment, *, sealed: bool) -> None:
        """Find and check the entries that a segment has beyond those that are known."""
        with self._using(), segment.path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < segment.end:
                segment.places.clear()  # what another process could not make durable was taken back
            base = file.seek(segment.end)
            text = file.read()
        begin = 0
        while (closing := text.find(_CLOSING, begin)) >= 0:
            end = closing + len(_CLOSING)
            before = segment.head
            digest = _check_entry(
                text[begin:end], revision=before.revision + 1, before=before.digest, path=segment.path
            )
            segment.places.append(_Place(base + end, digest))
            begin = end
        rest = text[begin:]
        if rest and (sealed or not _is_unfinished(rest)):
            raise _damaged(segment.path, segment.head.revision + 1, "is not what was written, or not whole")
        segment.sealed = sealed

    @contextmanager
    def _using(self) -> Iterator[None]:
        """Say of what the system refuses that it is the ledger."""
        try:
            yield
        except OSError as error:
            raise _unusable(self._folder, error) from error


def _body(draft: Draft) -> bytes:
    """The text of an entry without what depends on its place."""
    if not _UTC.fullmatch(draft.time):
        raise ContentError(f"not a time in UTC: {draft.time!r}", remedy="write it as 2024-05-01T12:00:00Z")
    try:
        header: dict[str, HeaderTerm] = {
            "author": Literal(draft.author),
            "time": Literal(draft.time, datatype=_DATE_TIME),
            "source": NamedNode(draft.source),
            "message": Literal(draft.message),
        }
    except ValueError as error:
        raise ContentError(
            f"author, source or message cannot be written: {error}",
            remedy="the source is an absolute IRI; author and message are Unicode text",
        ) from error
    return write_patch(header, draft.changeset)


def _entries(group: Sequence[_Waiting], *, head: Head, at: int) -> tuple[bytearray, list[_Place], list[list[Commit]]]:
    """The text of a group of drafts, where each entry ends, and the commits that each of the waiting made."""
    text = bytearray()
    places: list[_Place] = []
    commits: list[list[Commit]] = []
    for waiting in group:
        made: list[Commit] = []
        for draft, body in waiting.drafts:
            revision = head.revision + 1
            entry = b'H id "%d" .\nH prev "%d" .\n%b' % (revision, head.revision, body)
            digest = _digest(head.digest, entry)
            text += b'H digest "%b" .\n' % digest.encode()
            text += entry
            places.append(_Place(at + len(text), digest))
            made.append(
                Commit(
                    revision=revision,
                    parent=head.revision,
                    digest=digest,
                    author=draft.author,
                    time=draft.time,
                    source=draft.source,
                    message=draft.message,
                    changeset=draft.changeset,
                )
            )
            head = Head(revision, digest)
        commits.append(made)
    return text, places, commits


def _digest(before: str, entry: bytes | memoryview) -> str:
    digest = hashlib.sha256(before.encode())
    digest.update(entry)
    return digest.hexdigest()


def _check_entry(entry: bytes, *, revision: int, before: str, path: Path) -> str:
    """The digest of an entry, after comparing it with what stands there."""
    opening = _OPENING.match(entry)
    if not opening:
        raise _damaged(path, revision, "does not begin as an entry does")
    if int(opening[2]) != revision:
        raise _damaged(path, revision, f"is not there; revision {int(opening[2])} stands in its place")
    digest = _digest(before, memoryview(entry)[opening.end() :])
    if digest != opening[1].decode():
        raise _damaged(path, revision, "does not have the digest that was written with it")
    return digest


def _read_entry(entry: bytes, revision: int, digest: str) -> Commit:
    """Parse an entry whose digest is right."""
    header, changes = read_patch(entry)
    if [*header] != ["digest", *_HEADERS]:
        raise ContentError(f"the headers are not {', '.join(_HEADERS)}, in this order")
    values = {name: term.value for name, term in header.items()}
    if values["prev"] != str(revision - 1):
        raise ContentError(f"the revision before {revision} is not {values['prev']}", line=3)
    return Commit(
        revision=revision,
        parent=revision - 1,
        digest=digest,
        author=values["author"],
        time=values["time"],
        source=values["source"],
        message=values["message"],
        changeset=changes,
    )


def _is_unfinished(text: bytes) -> bool:
    """Whether writing an entry broke off here; a file system may have put zeros where the rest should be."""
    written = text.rstrip(b"\0")
    complete, newline, partial = written.rpartition(b"\n")
    if not _COMPLETE.fullmatch(complete + newline) or not _PARTIAL.fullmatch(partial):
        return False
    return written == text or partial != _CLOSING.strip()


def _damaged(path: Path, revision: int, message: str) -> LedgerDamaged:
    return LedgerDamaged(f"revision {revision} {message}", remedy=_RESTORE, file=str(path))


def _unusable(folder: Path, error: OSError) -> StoreError:
    return StoreError(f"{folder} cannot be used: {error}", remedy="look at its owner and the free space on its disk")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
