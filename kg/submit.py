"""Submitting: facts become part of the graph when they conform, and the ledger keeps who brought them, when and why.

A submission is one named graph. It is judged as if it were part of the graph already; what does not conform changes
nothing. What conforms is in the ledger, on disk, before anybody is told so, and then published. Should the process end
between the two, the next build publishes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kg.errors import ContentError, NotConforming
from kg.publish import Judged, Submission, Tell, judge, publish
from kg.readers import read_quads, skolemize
from kg.sources import Content
from kg.sparql import Limits
from kg.store import Changeset, Commit, Draft, Ledger, Snapshots, changeset_of


@dataclass(frozen=True)
class Desk:
    """Where submissions are taken in."""

    content: Content
    snapshots: Snapshots
    ledger: Ledger
    default_graph: str
    limits: Limits
    tell: Tell


@dataclass(frozen=True)
class Signature:
    """Who does something, when, and why."""

    author: str
    time: str
    """xsd:dateTime in UTC, such as `2024-05-01T12:00:00Z`."""
    message: str


def accepted(ledger: Ledger) -> tuple[Submission, ...]:
    """The submissions that are part of the graph now, in the order in which they were accepted.

    Raises:
        LedgerDamaged, StoreError: the ledger cannot be read.
    """
    found: dict[str, Submission] = {}
    for commit in ledger.entries():
        before = found.get(commit.source) or _submission(commit.source, commit.revision, _signature(commit))
        lines = ({*before.lines} - {*commit.changeset.removed}) | {*commit.changeset.added}
        found[commit.source] = replace(before, lines=tuple(sorted(lines)))
    return tuple(submission for submission in found.values() if submission.lines)


def submit(desk: Desk, file: Path, text: str, signature: Signature, *, dry_run: bool = False) -> Commit | None:
    """Accept the statements of a Turtle text, or only say whether they would be (`dry_run`; then no commit comes back).

    Raises:
        ContentError: it is not Turtle, or says nothing that the graph of the submission could hold.
        NotConforming: the graph would not conform; nothing has changed.
        BuildRunning, WriterRunning: somebody else writes.
        LedgerDamaged, StoreError: the ledger or the state folder cannot be used; nothing was accepted.
    """
    if file.suffix != ".ttl":
        raise ContentError("no Turtle file", remedy="give a file that ends in .ttl", file=str(file))
    with desk.snapshots.locked(), desk.ledger.locked():
        revision = desk.ledger.head().revision + 1
        graph = desk.content.graph(f"submission/{revision}")
        quads, _ = read_quads(text, name=str(file), graph=graph)
        changes = changeset_of(added=skolemize(quads, name=graph, base=desk.content.base))
        if not changes:
            raise ContentError("the file says nothing", remedy="write at least one statement", file=str(file))
        new = replace(_submission(graph, revision, signature), name=str(file), lines=changes.added)
        judged = _judged(desk, [*accepted(desk.ledger), new])
        if dry_run:
            return None
        return _commit(desk, judged, changes, source=graph, signature=signature)


def revert(desk: Desk, revision: int, signature: Signature) -> Commit:
    """Undo a commit by a new one.

    Raises:
        RevisionMissing: there is no such commit.
        ContentError: there is nothing left to undo.
        NotConforming: the graph would not conform without it; nothing has changed.
        BuildRunning, WriterRunning, LedgerDamaged, StoreError: as `submit` does.
    """
    with desk.snapshots.locked(), desk.ledger.locked():
        undone = desk.ledger.read(revision)
        changes = desk.ledger.revert(revision)
        if not changes:
            raise ContentError(
                f"nothing of revision {revision} is left to undo", remedy="see `kg log` for what was done since"
            )
        remaining = [
            replace(submission, lines=_changed(submission.lines, changes))
            if submission.graph == undone.source
            else submission
            for submission in _with_graph_of(accepted(desk.ledger), undone)
        ]
        judged = _judged(desk, [submission for submission in remaining if submission.lines])
        return _commit(desk, judged, changes, source=undone.source, signature=signature)


def _judged(desk: Desk, submitted: Sequence[Submission]) -> Judged:
    judged = judge(desk.content, limits=desk.limits, tell=desk.tell, submitted=submitted)
    if not judged.report.conforms:
        raise NotConforming(
            "the graph would not conform; nothing has changed",
            report=judged.text,
            remedy="mend what the report names and submit again",
        )
    if judged.text:
        desk.tell(judged.text)
    return judged


def _commit(desk: Desk, judged: Judged, changes: Changeset, *, source: str, signature: Signature) -> Commit:
    draft = Draft(changes, author=signature.author, time=signature.time, source=source, message=signature.message)
    commit = desk.ledger.commit(draft)
    publish(judged, desk.content, desk.snapshots, default_graph=desk.default_graph, tell=desk.tell)
    return commit


def _with_graph_of(submissions: Sequence[Submission], commit: Commit) -> list[Submission]:
    """The submissions, and the one of a commit also when nothing of it is left."""
    if any(submission.graph == commit.source for submission in submissions):
        return [*submissions]
    return [*submissions, _submission(commit.source, commit.revision, _signature(commit))]


def _changed(lines: Sequence[str], changes: Changeset) -> tuple[str, ...]:
    return tuple(sorted(({*lines} - {*changes.removed}) | {*changes.added}))


def _submission(graph: str, revision: int, signature: Signature) -> Submission:
    return Submission(
        graph=graph,
        name=f"submission {revision}",
        title=signature.message,
        author=signature.author,
        time=signature.time,
        lines=(),
    )


def _signature(commit: Commit) -> Signature:
    return Signature(commit.author, commit.time, commit.message)
