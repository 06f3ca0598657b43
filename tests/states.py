"""State folders, for tests: build content into one, and read what is published there and what must not change."""

from __future__ import annotations

import fcntl
import hashlib
from pathlib import Path

from pyoxigraph import DefaultGraph, Triple

from kg.publish import Desk, Published, build
from kg.settings import UNION
from kg.sources import open_content
from kg.sparql import Limits
from kg.store import Ledger, Primary, Signature, Snapshots, is_unnamed, open_primary, quads_of
from kg.store.patch import is_apart

SIGNATURE = Signature("Ada", "2024-05-01T12:00:00Z", "A change")


def desk(state: Path) -> Desk:
    return Desk(Snapshots(state, memory_quads=0), Ledger(state / "ledger"), limits=Limits(), tell=print)


def build_into(state: Path, content: Path, *, default_graph: str = UNION) -> Published:
    return build(open_content(content), desk(state), default_graph=default_graph, signature=SIGNATURE)


def build_once(state: Path, content: Path) -> Path:
    """Build content into a state folder, of which the first process that asks makes it, and others wait for it."""
    with state.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not state.exists():
            build_into(state.with_suffix(".building"), content)
            state.with_suffix(".building").rename(state)
    return state


def published(state: Path) -> bytes:
    """What is current, as canonical N-Quads, read from disk; blank nodes have names, as in the ledger."""
    return Snapshots(state, memory_quads=0).stored().nquads()


def files_of(folder: Path) -> dict[str, str]:
    """A folder byte by byte: the digest of each file, and where each link points."""
    return {
        path.relative_to(folder).as_posix(): str(path.readlink())
        if path.is_symlink()
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def kept(state: Path) -> tuple[dict[str, str], bytes]:
    """All that a refused change must leave as it was: each file but the engine's own in the primary store, and what is
    published."""
    files = {name: digest for name, digest in files_of(state).items() if not name.startswith("primary/")}
    return files, published(state)


def folded(ledger: Ledger, *, upto: int | None = None) -> set[str]:
    """What all commits, or those up to a revision, come to; each line of each of them must change something."""
    lines: set[str] = set()
    for commit in ledger.entries(1, upto):
        added, removed = {*commit.changeset.added}, {*commit.changeset.removed}
        assert not added & lines, commit.revision
        assert removed <= lines, commit.revision
        lines = (lines - removed) | added
    return lines


def assert_whole(state: Path, *, default_graph: str = UNION) -> None:
    """Ledger, primary store, its merge, and what is published say the same."""
    ledger = Ledger(state / "ledger")
    assert ledger.verify() == ledger.head()
    expected = folded(ledger)
    snapshots = Snapshots(state, memory_quads=0)
    description = snapshots.stored().description
    for memory_quads in (0, description.quads):
        asked = Snapshots(state, memory_quads=memory_quads).current()
        assert sorted(asked.nquads().decode().split("\n")[:-1]) == sorted(description.naming.blank_lines(expected))
    assert (description.revision, description.digest) == ledger.head()
    assert (description.quads, description.default_graph) == (len(expected), default_graph)
    assert {*published(state).decode().split("\n")[:-1]} == expected
    with open_primary(snapshots, ledger, default_graph=default_graph) as primary:
        assert primary.lines() == expected
        merged = (quad for quad in quads_of(expected) if is_unnamed(quad) or (primary.merges and not is_apart(quad)))
        assert merge_of(primary) == {quad.triple for quad in merged}


def merge_of(primary: Primary) -> set[Triple]:
    """The triples of the default graph."""
    return {quad.triple for quad in primary.store.quads_for_pattern(None, None, None, DefaultGraph())}
