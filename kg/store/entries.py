"""The entries of the ledger: what a commit is, and its text, which is RDF Patch.

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
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from pyoxigraph import Literal, NamedNode

from kg.errors import ContentError, LedgerDamaged
from kg.store.patch import Changeset, HeaderTerm, read_patch, write_patch

RESTORE: Final = "restore the ledger from a backup, and let nothing but this program write to it"
"""What to do about a ledger that is damaged."""

_DATE_TIME: Final = NamedNode("http://www.w3.org/2001/XMLSchema#dateTime")
_UTC: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
_HEADERS: Final = ["id", "prev", "author", "time", "source", "message"]
OPENING: Final = re.compile(rb'H digest "([0-9a-f]{64})" \.\n(?=H id "([1-9][0-9]*)" \.\n)')
CLOSING: Final = b"\nTC .\n"
_BEGIN: Final = b"\nTX .\n"

# An entry that is not whole: its complete lines, then the beginning of one. A byte that was changed in a whole entry
# must not look so: the line ends are those of headers and rows, never that of the closing line.
_COMPLETE: Final = re.compile(rb'(H [a-z]+ [^\n]*[">] \.\n)*(TX \.\n([AD] <[^\n]*> \.\n)*)?')
_PARTIAL: Final = re.compile(rb"[HAD]( [^\n]*)?|T|T[XC]( \.?)?|")


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


@dataclass(frozen=True)
class Summary:
    """What is said of one entry, without what it changes."""

    revision: int
    digest: str
    author: str
    time: str
    source: str
    message: str
    added: int
    """How many statements it adds."""
    removed: int


def body_of(draft: Draft) -> bytes:
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


def entry_of(draft: Draft, body: bytes, *, head: Head) -> tuple[bytes, Commit]:
    """The text of the entry that comes after a head, and the commit that it is."""
    revision = head.revision + 1
    entry = b'H id "%d" .\nH prev "%d" .\n%b' % (revision, head.revision, body)
    digest = _digest(head.digest, entry)
    commit = Commit(
        revision=revision,
        parent=head.revision,
        digest=digest,
        author=draft.author,
        time=draft.time,
        source=draft.source,
        message=draft.message,
        changeset=draft.changeset,
    )
    return b'H digest "%b" .\n%b' % (digest.encode(), entry), commit


def check_entry(entry: bytes, *, revision: int, before: str, path: Path) -> str:
    """The digest of an entry, after comparing it with what stands there."""
    opening = OPENING.match(entry)
    if not opening:
        raise damaged(path, revision, "does not begin as an entry does")
    if int(opening[2]) != revision:
        raise damaged(path, revision, f"is not there; revision {int(opening[2])} stands in its place")
    digest = _digest(before, memoryview(entry)[opening.end() :])
    if digest != opening[1].decode():
        raise damaged(path, revision, "does not have the digest that was written with it")
    return digest


def read_entry(entry: bytes, revision: int, digest: str) -> Commit:
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


def summarize_entry(entry: bytes, revision: int, digest: str) -> Summary:
    """The headers of an entry whose digest is right; its rows are only counted."""
    header = entry[: entry.index(_BEGIN) + len(_BEGIN)]
    told = read_entry(header + CLOSING[1:], revision, digest)
    return Summary(
        revision=revision,
        digest=digest,
        author=told.author,
        time=told.time,
        source=told.source,
        message=told.message,
        added=entry.count(b"\nA "),
        removed=entry.count(b"\nD "),
    )


def is_unfinished(text: bytes) -> bool:
    """Whether writing an entry broke off here; a file system may have put zeros where the rest should be."""
    written = text.rstrip(b"\0")
    complete, newline, partial = written.rpartition(b"\n")
    if not _COMPLETE.fullmatch(complete + newline) or not _PARTIAL.fullmatch(partial):
        return False
    return written == text or partial != CLOSING.strip()


def _digest(before: str, entry: bytes | memoryview) -> str:
    digest = hashlib.sha256(before.encode())
    digest.update(entry)
    return digest.hexdigest()


def damaged(path: Path, revision: int, message: str) -> LedgerDamaged:
    """What is wrong with an entry in a file, as an error."""
    return LedgerDamaged(f"revision {revision} {message}", remedy=RESTORE, file=str(path))
