"""The segments of the ledger: which files there are, and which entries, compared with their digests, are in them."""

from __future__ import annotations

import os
import threading
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from kg.errors import LedgerDamaged, RevisionMissing, StoreError
from kg.store.entries import CLOSING, OPENING, RESTORE, Head, check_entry, damaged, is_unfinished


class Place(NamedTuple):
    """Where an entry ends in its segment, and its digest."""

    end: int
    digest: str


@dataclass
class Segment:
    """What is known of a segment; its entries have been compared with their digests."""

    path: Path
    first: int
    before: str
    """The digest of the commit before its first entry."""
    sealed: bool = False
    places: list[Place] = field(default_factory=list)

    @property
    def end(self) -> int:
        """Where its last entry ends, in bytes."""
        return self.places[-1].end if self.places else 0

    @property
    def head(self) -> Head:
        """Its last commit, or the one before it where it has none yet."""
        return Head(self.first + len(self.places) - 1, self.places[-1].digest if self.places else self.before)

    def span(self, revision: int) -> tuple[int, int, str]:
        """Where an entry begins and ends, and the digest of the commit before it."""
        index = revision - self.first
        begin, before = self.places[index - 1] if index else (0, self.before)
        return begin, self.places[index].end, before


class Segments:
    """The segments in a folder, as this process knows them; another one may append to the last."""

    def __init__(self, folder: Path) -> None:
        self.folder: Final = folder
        self.indexing: Final = threading.RLock()
        """Held while what is known changes."""
        self.growing: Segment | None = None
        """The segment that this process appends to, while it may."""
        self._known: dict[int, Segment] = {}

    def head(self) -> Head:
        """The last commit; what `Ledger.head` gives."""
        segment = self.last()
        return segment.head if segment else Head(0, "")

    def forget(self) -> None:
        """Read all again when it is asked for."""
        self._known.clear()

    def begin(self, head: Head) -> Segment:
        """The segment that begins after a commit; it is not there yet, and `add` makes it known."""
        return Segment(self._path(head.revision + 1), head.revision + 1, head.digest)

    def add(self, segment: Segment) -> None:
        """Know a segment that has been begun."""
        self._known[segment.first] = segment

    def firsts(self) -> list[int]:
        """The first revision of each segment.

        Raises:
            LedgerDamaged: the first segment is missing.
        """
        with self.using():
            firsts = sorted(int(path.stem) for path in self.folder.glob("*.rdfp") if path.stem.isdecimal())
        if firsts and firsts[0] != 1:
            raise LedgerDamaged("the segment with revision 1 is missing", remedy=RESTORE, file=str(self.folder))
        return firsts

    def last(self) -> Segment | None:
        """The last segment; None in an empty ledger."""
        growing = self.growing
        if growing:
            return growing
        firsts = self.firsts()
        return self.at(firsts[-1]) if firsts else None

    def containing(self, revision: int) -> Segment:
        """The segment in which a commit is.

        Raises:
            RevisionMissing: there is no such revision.
            LedgerDamaged, StoreError: as `at` does.
        """
        firsts = self.firsts()
        index = bisect_right(firsts, revision) - 1
        segment = self.at(firsts[index]) if index >= 0 else None
        if segment is None or revision > segment.head.revision:
            raise RevisionMissing(
                f"there is no revision {revision}", remedy=f"the last one is {self.head().revision}; the first one is 1"
            )
        return segment

    def at(self, first: int) -> Segment:
        """What is known of a segment, by its first revision, after reading what has been added to it.

        Raises:
            LedgerDamaged: it is not what was written.
            StoreError: it cannot be read.
        """
        with self.indexing:
            segment = self._known.get(first)
            if segment is None:
                segment = Segment(self._path(first), first, self._digest_before(first))
            elif segment.sealed or self.growing:
                return segment
            later = [other for other in self.firsts() if other > first]
            self._read_places(segment, sealed=bool(later))
            if later and segment.head.revision + 1 != later[0]:
                raise LedgerDamaged(
                    f"it ends with revision {segment.head.revision}, and the next segment begins with {later[0]}",
                    remedy=RESTORE,
                    file=str(segment.path),
                )
            self._known[first] = segment
            return segment

    def _path(self, first: int) -> Path:
        return self.folder / f"{first:09}.rdfp"

    def _digest_before(self, first: int) -> str:
        """The digest of the last commit of the segment before one, as it stands there."""
        if first == 1:
            return ""
        path = self._path(max(other for other in self.firsts() if other < first))
        with self.using():
            text = path.read_bytes()
        opening = OPENING.match(text, text.rfind(b"\nH digest ") + 1)
        if not opening or int(opening[2]) != first - 1:
            raise LedgerDamaged(f"its last entry is not revision {first - 1}", remedy=RESTORE, file=str(path))
        return opening[1].decode()

    def _read_places(self, segment: Segment, *, sealed: bool) -> None:
        """Find and check the entries that a segment has beyond those that are known."""
        with self.using(), segment.path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < segment.end:
                segment.places.clear()  # what another process could not make durable was taken back
            base = file.seek(segment.end)
            text = file.read()
        begin = 0
        while (closing := text.find(CLOSING, begin)) >= 0:
            end = closing + len(CLOSING)
            before = segment.head
            digest = check_entry(text[begin:end], revision=before.revision + 1, before=before.digest, path=segment.path)
            segment.places.append(Place(base + end, digest))
            begin = end
        rest = text[begin:]
        if rest and (sealed or not is_unfinished(rest)):
            raise damaged(segment.path, segment.head.revision + 1, "is not what was written, or not whole")
        segment.sealed = sealed

    @contextmanager
    def using(self) -> Iterator[None]:
        """Say of what the system refuses that it is the ledger."""
        try:
            yield
        except OSError as error:
            raise unusable(self.folder, error) from error


def unusable(folder: Path, error: OSError) -> StoreError:
    """What the system refuses, as an error about the ledger."""
    return StoreError(f"{folder} cannot be used: {error}", remedy="look at its owner and the free space on its disk")


def sync_folder(folder: Path) -> None:
    """Let the names in a folder be on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
