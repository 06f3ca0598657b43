"""From the ledger to a remote store: each commit in order, once in effect; then the store answers for the snapshot.

The ledger stays the truth and the primary store the judge. The remote store holds what they hold, to answer queries.
Each request may be sent again: adding what is there and removing what is not there changes nothing. A small commit is
one request. A large one is several, and the last of them lets the store say that it holds the commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from pyoxigraph import DefaultGraph, Quad, Store

from kg.errors import RemoteStoreError, RevisionMissing
from kg.settings import UNION, Remote
from kg.sources import is_reference
from kg.store.forthcoming import forget, to_publish
from kg.store.ledger import Commit, Ledger
from kg.store.marker import (
    ANEW,
    APART,
    CLAIMED,
    CLEARING,
    HIDDEN,
    KEPT,
    NAMED,
    NOTHING,
    SEEN_WITHOUT_GRAPH,
    Marker,
    read_marker,
)
from kg.store.opened import Description
from kg.store.opening import open_primary
from kg.store.patch import is_apart, quads_of
from kg.store.primary import HISTORY, Primary
from kg.store.remote import holds, update_remote
from kg.store.replay import rebuild
from kg.store.rewriting import MERGE
from kg.store.snapshots import Snapshots

# Source: openlink/virtuoso-opensource issues 635 and 280; version 7.2.5 refuses 700, each in two graphs.
_PART_LINES: Final = 400
_PART_CHARACTERS: Final = 500_000
_MERGING: Final = (KEPT, NAMED)
_ANYTHING: Final = "{ ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } }"
_UPDATE_SECONDS: Final = 300
_ASK_SECONDS: Final = 60


def replicate(ledger: Ledger, remote: Remote, *, merges: bool, upto: int, store: Store | None = None) -> Marker:
    """Send to a store what it lacks, up to a revision; returns what it says then. The caller holds the lock.

    `merges`: where a query names no graph, it sees all of them. `store` is one of the engine that holds this revision;
    without it, one is made.

    Raises:
        StoreAway: the store does not answer; what it has got so far it need not get again.
        RemoteStoreError: it holds something else, or cannot be what it must be.
        LedgerDamaged: a commit is not what was written.
    """
    marker = read_marker(remote) or _claimed(remote)
    _check_known(marker, ledger, remote)
    marker = _checked_kind(marker, remote, merges=merges)
    for commit in ledger.entries(marker.revision + 1, upto):
        after = Marker(commit.revision, commit.digest, marker.kind)
        if store is None:
            store = Store()
            rebuild(ledger, store, upto, history=HISTORY, merge=False)
        leaving = _leaving(commit, store) if after.kind in _MERGING else []
        for request in _requests(commit, after, leaving=leaving):
            _update(remote, request)
        marker = after
    return marker


def replicate_anew(ledger: Ledger, remote: Remote, *, merges: bool, upto: int, store: Store | None = None) -> Marker:
    """Remove from a store what is ours, and fill it: all graphs that the ledger names, and a default graph of its own.

    Where this is interrupted, the store says so, and answers nothing until it is begun again.

    Raises:
        StoreAway, RemoteStoreError, LedgerDamaged: as `replicate` does.
    """
    _update(remote, NOTHING._replace(kind=CLEARING).update())
    lines = (line for commit in ledger.entries(1, upto) for line in commit.changeset.added)
    for graph in [*sorted({_graph_of(line) for line in lines}), f"<{MERGE}>"]:
        _update(remote, f"CLEAR SILENT GRAPH {graph}")
    if not _is_native(remote):
        _update(remote, "CLEAR SILENT DEFAULT")
    _update(remote, NOTHING.update())
    return replicate(ledger, remote, merges=merges, upto=upto, store=store)


def publish_answered(primary: Primary, snapshots: Snapshots, description: Description, *, rulebook: str) -> Description:
    """Make what is committed the current snapshot, once the store that is to answer holds it.

    Raises:
        StoreAway, RemoteStoreError: it does not; the current snapshot stays. What was committed stays so.
        StoreError: the state folder cannot be written.
    """
    send_commits(primary, snapshots)
    return primary.publish(snapshots, description, rulebook=rulebook)


def send_commits(primary: Primary, snapshots: Snapshots) -> None:
    """Let the store that is to answer, where there is one, hold what is committed.

    Raises:
        StoreAway, RemoteStoreError, LedgerDamaged: as `replicate` does.
    """
    if snapshots.remote is not None:
        upto = primary.head.revision
        replicate(primary.ledger, snapshots.remote, merges=primary.merges, upto=upto, store=primary.store)


def catch_up(
    snapshots: Snapshots,
    ledger: Ledger,
    remote: Remote,
    *,
    patience_seconds: float,
    default_graph: str = UNION,
    anew: bool = False,
) -> Marker:
    """Send what the store lacks, and publish what was committed while it was away; returns what it says then.

    `default_graph` is the mode where nothing has been published yet; then the next build publishes.

    Raises:
        BuildRunning, WriterRunning: somebody else writes, for longer than `patience_seconds`.
        StoreAway, RemoteStoreError, LedgerDamaged: as `replicate` does.
        StoreError: the state folder cannot be used.
    """
    described = snapshots.description()
    opening = open_primary(
        snapshots,
        ledger,
        default_graph=described.default_graph if described else default_graph,
        patience_seconds=patience_seconds,
    )
    with opening as primary:
        upto = primary.head.revision
        if not upto:
            raise RemoteStoreError("the ledger holds no commit to send", remedy="run `kg build`")
        send = replicate_anew if anew else replicate
        marker = send(ledger, remote, merges=primary.merges, upto=upto, store=primary.store)
        described = snapshots.description()  # the lock is held only now
        if described and described.revision != upto:
            wanted, rulebook = to_publish(primary, snapshots, described, rulebook=snapshots.rulebook())
            primary.publish(snapshots, wanted, rulebook=rulebook)
            forget(snapshots.state)
    return marker


def lacks_something(snapshots: Snapshots, ledger: Ledger, remote: Remote) -> bool:
    """Whether there is something to catch up with; looked at without any lock.

    Raises:
        StoreAway, RemoteStoreError: the store does not answer, or not as it should.
    """
    head = ledger.head()
    described, marker = snapshots.description(), read_marker(remote)
    if described is None or not head.revision:
        return False
    return marker is None or marker[:2] != head or described.revision != head.revision


def _claimed(remote: Remote) -> Marker:
    """What an empty store says when it has become ours."""
    if holds(remote, _ANYTHING, seconds=_ASK_SECONDS):
        raise RemoteStoreError(
            f"the store {remote} holds something, and does not say that it is of this service",
            remedy=f"give it a store of its own; or, if what it holds may stay beside the graph: {ANEW}",
        )
    _update(remote, NOTHING.update())
    return NOTHING


def _check_known(marker: Marker, ledger: Ledger, remote: Remote) -> None:
    """Raises RemoteStoreError where what a store holds is not in the ledger."""
    if marker.kind == CLEARING:
        raise RemoteStoreError(f"the store {remote} was being cleared when that was interrupted", remedy=ANEW)
    if not marker.revision:
        return
    try:
        digest = ledger.digest(marker.revision)
    except RevisionMissing as error:
        last = ledger.head().revision
        raise RemoteStoreError(
            f"the store {remote} holds revision {marker.revision}, and the ledger ends with {last}",
            remedy=f"restore the ledger, if it has lost commits; else {ANEW}",
        ) from error
    if digest != marker.digest:
        raise RemoteStoreError(
            f"the store {remote} holds another revision {marker.revision} than the ledger",
            remedy=f"look whether KG_STORE is the store of this service; if it is: {ANEW}",
        )


def _checked_kind(marker: Marker, remote: Remote, *, merges: bool) -> Marker:
    """A marker that says how the default graph is made, as the product and the mode ask for it.

    Raises:
        RemoteStoreError: it was made in another way so far.
    """
    native = _is_native(remote)
    kind = (NAMED if native else KEPT) if merges else (HIDDEN if native else APART)
    if marker.kind == CLAIMED:
        return marker._replace(kind=kind)
    if marker.kind != kind:
        raise RemoteStoreError(
            f"the default graph of the store {remote} is {kind!r} now, and was filled as {marker.kind!r}", remedy=ANEW
        )
    return marker


def _is_native(remote: Remote) -> bool:
    """Whether a named graph is seen by who names none; what the store says of itself stands in a named graph only."""
    return holds(remote, SEEN_WITHOUT_GRAPH, seconds=_ASK_SECONDS)


def _leaving(commit: Commit, store: Store) -> list[str]:
    """The triples that leave the merge with a commit: those that no graph holds in the last state that is to be sent.

    What a later commit brings back may stay until then, as no state between is ever published. The remote store is not
    asked: Virtuoso 7.2.5 gets VALUES and NOT EXISTS with a variable graph wrong at times.
    """
    removed = {quad.triple: _triple_of(line) for line, quad in _pairs(commit.changeset.removed)}
    merge = DefaultGraph()
    return [
        text
        for triple, text in removed.items()
        if all(
            quad.graph_name == merge or is_apart(quad)
            for quad in store.quads_for_pattern(triple.subject, triple.predicate, triple.object, None)
        )
    ]


def _pairs(lines: Sequence[str]) -> Iterator[tuple[str, Quad]]:
    return zip(lines, quads_of(lines), strict=True)


def _requests(commit: Commit, after: Marker, *, leaving: Sequence[str]) -> list[str]:
    """The requests that bring a commit to a store that holds the one before."""
    changes = commit.changeset
    operations = [f"DELETE DATA {{\n{_rows(part)}\n}}" for part in _parts(changes.removed)]
    for part in _parts(changes.added):
        merged = _in_merge((_triple_of(line) for line in part if not is_reference(_graph_of(line))), after.kind)
        operations.append(f"INSERT DATA {{\n{_rows(part)}\n{merged}\n}}")
    operations += [f"DELETE DATA {{\n{_in_merge(part, after.kind)}\n}}" for part in _parts(leaving)]
    if sum(map(len, operations)) <= _PART_CHARACTERS and len(changes.added) + len(changes.removed) <= _PART_LINES:
        return [" ;\n".join([*operations, after.update()])]
    return [*operations[:-1], f"{operations[-1]} ;\n{after.update()}"]


def _in_merge(triples: Iterable[str], kind: str) -> str:
    """Triples as they stand in the merge; nothing where there is none."""
    if kind not in _MERGING:
        return ""
    rows = "\n".join(f"{triple} ." for triple in triples)
    return f"GRAPH <{MERGE}> {{\n{rows}\n}}" if kind == NAMED else rows


def _parts(lines: Sequence[str]) -> Iterator[list[str]]:
    """Lines in parts that a store takes in one request; a longer line is a part of its own."""
    part: list[str] = []
    room = _PART_CHARACTERS
    for line in lines:
        if part and (len(part) == _PART_LINES or len(line) > room):
            yield part
            part, room = [], _PART_CHARACTERS
        part.append(line)
        room -= len(line)
    if part:
        yield part


def _rows(lines: Iterable[str]) -> str:
    """Statements as SPARQL writes them, those of one graph together."""
    by_graph = groupby(sorted(lines, key=_graph_of), key=_graph_of)
    return "\n".join(
        f"GRAPH {graph} {{\n" + "\n".join(f"{_triple_of(line)} ." for line in group) + "\n}"
        for graph, group in by_graph
    )


def _triple_of(line: str) -> str:
    """Subject, predicate and object of an N-Quads statement of a changeset, which always names a graph."""
    return line.rsplit(" ", 2)[0]


def _graph_of(line: str) -> str:
    return line.rsplit(" ", 2)[1]


def _update(remote: Remote, text: str) -> None:
    update_remote(remote, text, seconds=_UPDATE_SECONDS)
