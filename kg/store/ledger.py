"""The ledger: every commit in order, as RDF Patch text that is only ever appended to; all else can be made from it.

    ledger/
      lock                 held while a process writes
      000000001.rdfp       segments, each named after its first revision; a full one is never touched again
      000004711.rdfp

Whatever is read is compared with its digest. Only where the last segment breaks off within an entry, as after a crash,
is that beginning of an entry cut off, and the log says so; any other difference is `LedgerDamaged`.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from kg.errors import ContentError, LedgerDamaged, RevisionMissing
from kg.store.appending import Appender
from kg.store.entries import RESTORE, Commit, Draft, Head, Summary, check_entry, read_entry, summarize_entry
from kg.store.patch import Changeset
from kg.store.segments import Segments

__all__ = ["SEGMENT_BYTES", "Commit", "Draft", "Head", "Ledger", "Summary"]

T = TypeVar("T")

SEGMENT_BYTES: Final = 64 * 2**20


class Ledger:
    """The commits in a folder. Any process may read; the one that holds `locked()` may append, from any of its threads.

    Another process may see a commit a moment before it is durable.
    """

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        """A segment is full when it has `segment_bytes` bytes; the next entry begins another."""
        self._segments = Segments(folder)
        self._appender = Appender(self._segments, segment_bytes=segment_bytes)

    # Writing.

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one who appends; what a crash has left unfinished is cut off.

        Raises:
            WriterRunning: another process appends.
            LedgerDamaged: the last segment is not what was written.
            StoreError: the folder cannot be written.
        """
        with self._appender.locked():
            yield

    def append(self, *drafts: Draft) -> list[Commit]:
        """Commit drafts, one after the other; they are on disk when it returns. Threads that wait share one sync.

        Raises:
            ContentError: a draft cannot be written as RDF Patch; none was written.
            StoreError: the disk does not take them; none was written.
        """
        return self._appender.append(*drafts)

    def commit(self, draft: Draft) -> Commit:
        """Commit one draft, as `append` does."""
        return self.append(draft)[0]

    # Reading.

    def head(self) -> Head:
        """The last commit.

        Raises:
            LedgerDamaged: the last segment is not what was written.
            StoreError: it cannot be read.
        """
        return self._segments.head()

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
        segment = self._segments.containing(revision)
        return segment.places[revision - segment.first].digest

    def read(self, revision: int) -> Commit:
        """One commit.

        Raises:
            RevisionMissing: there is no such revision.
            LedgerDamaged: it is not what was written.
            StoreError: it cannot be read.
        """
        return self._read(revision, read_entry)

    def summary(self, revision: int) -> Summary:
        """What is said of one commit; what it changes is counted and not read, which is far less work.

        Raises:
            RevisionMissing, LedgerDamaged, StoreError: as `read` does.
        """
        return self._read(revision, summarize_entry)

    def _read(self, revision: int, parse: Callable[[bytes, int, str], T]) -> T:
        segment = self._segments.containing(revision)
        begin, end, before = segment.span(revision)
        with self._segments.using(), segment.path.open("rb") as file:
            file.seek(begin)
            entry = file.read(end - begin)
        digest = check_entry(entry, revision=revision, before=before, path=segment.path)
        try:
            return parse(entry, revision, digest)
        except ContentError as error:
            with self._segments.using(), segment.path.open("rb") as file:
                lines_before = file.read(begin).count(b"\n")
            line = lines_before + (error.line or 1)
            raise LedgerDamaged(error.args[0], remedy=RESTORE, file=str(segment.path), line=line) from error

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
        revision = self.revisions_of([statement]).get(statement)
        return None if revision is None else self.read(revision)

    def revisions_of(self, statements: Iterable[str]) -> dict[str, int]:
        """For each of some N-Quads statements that a commit added, the last one that did.

        It costs one look through the text, and through all rows that begin as all of the statements do.

        Raises:
            LedgerDamaged, StoreError: as `read` does.
        """
        wanted, found = {*statements}, dict[str, int]()
        common = os.path.commonprefix([*wanted])  # noqa: RUF071 - of characters, as they stand in the text
        opening = f"\nA {common}".encode()
        for first in reversed(self._segments.firsts()) if wanted else ():
            segment = self._segments.at(first)
            places = [*segment.places]
            with self._segments.using():
                text = segment.path.read_bytes()
            end = places[-1].end if places else 0
            while wanted and (at := text.rfind(opening, 0, end)) >= 0:
                row = text[at + len("\nA ") : text.index(b"\n", at + 1)].decode()
                if row in wanted:
                    wanted.remove(row)
                    found[row] = first + bisect_right(places, at, key=lambda place: place.end)
                end = at + len(opening) - 1
        return found

    def about(self, iri: str) -> Iterator[Commit]:
        """The commits that name a thing in what they add or remove, or as their source; the latest first.

        Raises:
            LedgerDamaged, StoreError: as `read` does.
        """
        return (self.read(revision) for revision in self.revisions_about(iri))

    def revisions_about(self, iri: str) -> Iterator[int]:
        """Their numbers alone, which costs no more than a look through the text.

        Raises:
            LedgerDamaged, StoreError: as `read` does.
        """
        named = f"<{iri}>".encode()
        for first in reversed(self._segments.firsts()):
            segment = self._segments.at(first)
            places = [*segment.places]
            with self._segments.using():
                text = segment.path.read_bytes()
            end = places[-1].end if places else 0
            while (found := text.rfind(named, 0, end)) >= 0:
                index = bisect_right(places, found, key=lambda place: place.end)
                yield first + index
                end = places[index - 1].end if index else 0

    def segments(self, revision: int) -> Iterator[tuple[str, bytes]]:
        """The files of the ledger up to a commit: their names and what is in them.

        Raises:
            LedgerDamaged, StoreError: as `read` does.
        """
        for first in self._segments.firsts():
            if first > revision:
                return
            segment = self._segments.at(first)
            last = min(revision, segment.head.revision)
            with self._segments.using():
                yield segment.path.name, segment.path.read_bytes()[: segment.span(last)[1]]

    def verify(self) -> Head:
        """Read all from the disk once more; returns the last commit.

        Raises:
            LedgerDamaged: an entry is not what was written; the first such entry is named.
            StoreError: it cannot be read.
        """
        fresh = Ledger(self._segments.folder)
        head = Head(0, "")
        for first in fresh._segments.firsts():
            head = fresh._segments.at(first).head
            for revision in range(first, head.revision + 1):
                fresh.read(revision)
        return head
