"""Submitting: a proposal is judged as if it were part of the graph already, and is committed when it conforms.

What does not conform changes nothing. What conforms is in the ledger, on disk, before anybody is told so; then it is
published. Should the process end between the two, whoever writes next publishes it.
"""

from __future__ import annotations

import logging
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kg.access import REVIEW
from kg.errors import (
    BuildRunning,
    ContentError,
    KgError,
    NotConforming,
    OthersStatements,
    RemoteStoreError,
    RevisionPassed,
    StoreError,
)
from kg.house import House, open_house
from kg.judgement import Names, PlaceOf, add_statements, judge_change, names_in, text_of
from kg.namespaces import DCTERMS_SOURCE
from kg.provenance import description_of_submission, results_kept
from kg.publish import Desk, opened
from kg.sparql import Limits, iri_term
from kg.store import (
    REVERT,
    Changeset,
    Ledger,
    Meeting,
    Nodes,
    Primary,
    Proposal,
    Signature,
    Snapshots,
    brought_by_others,
    changes_of,
    forget,
    publish_answered,
    quads_of,
    scratch_copy,
    scratch_of,
    submissions_kept,
    texts_of,
    to_publish,
)
from kg.validation import Report, report_members, report_of

_log: Final = logging.getLogger(__name__)

_SUBMISSIONS: Final = "graph/submission/"
_MOST_TOLD: Final = 10
_MOST_CHARACTERS: Final = 500

# Control signs, the line ends of Unicode, and what is no character.
_NOT_IN_A_LINE: Final = frozenset({"Cc", "Zl", "Zp", "Cs"})


@dataclass(frozen=True)
class Submission:
    """A proposal, and who makes it."""

    proposal: Proposal
    signature: Signature
    sources: tuple[str, ...] = ()
    """The IRIs of the documents and passages that it comes from."""
    expected: int | None = None
    """The revision that it was made for; None: any."""
    own_only: bool = False
    """Whether it may take nothing away but what the same author has submitted."""


@dataclass(frozen=True)
class Considered:
    """A submission that was judged. Where it conforms, its change is made in the store, and not committed."""

    graph: str
    """The graph of the submission."""
    added: int
    removed: int
    """How many statements; with what follows."""
    report: Report
    names: Names
    """How what is in the report is named."""

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to change."""
        return not (self.added or self.removed) and self.report.conforms


@dataclass(frozen=True)
class Outcome:
    """What became of a submission."""

    considered: Considered
    revision: int = 0
    """The commit; 0 where nothing was committed."""
    number: int = 0
    """The snapshot in which it can be read; 0 where nothing was published."""


def consider(submission: Submission, primary: Primary, house: House, *, state: Path) -> Considered:
    """Make the change of a submission in the store, with what follows, and judge it; what does not conform is undone.

    Raises:
        RevisionPassed: somebody has committed since the revision that it was made for; where it is about one graph
            that is named, to that graph.
        OthersStatements: it takes away what others have brought, and may not.
        QueryError, RevisionMissing: as `changes_of` does; also where the history of the submissions would change.
        ContentError: author or message is not one line of text, a source is no IRI, or a rule, a shape or a check
            cannot be evaluated.
        StoreError: the store cannot be written; it must be opened again.
    """
    _check_words(submission)
    revision = primary.next_revision
    if submission.expected not in (None, revision - 1) and not _is_as_expected(submission, primary):
        raise RevisionPassed(
            f"this was made for revision {submission.expected}, and the graph is at revision {revision - 1} now",
            remedy="read it again, make your change there, and send that",
        )
    base, naming = house.description.base, house.description.naming
    graph, history = f"{base}{_SUBMISSIONS}{revision}", f"{base}graph/history"
    meeting = Meeting(
        store=primary.store,
        ledger=primary.ledger,
        merges=primary.merges,
        derived=house.judges.derived,
        here=graph,
        scratch=lambda: scratch_copy(primary.store, state),
        history=history,
        nodes=Nodes(naming.new, naming, lambda: primary.labels(state, naming)),
    )
    changes = primary.effective(changes_of(submission.proposal, meeting))
    if submission.proposal.kind == REVERT:
        changes = _with_history(changes, history)
    else:
        _refuse_history(changes, history)
    if submission.own_only:
        _refuse_others(changes, submission.signature.author, primary.ledger, base=base)
    if not changes:
        return Considered(graph, 0, 0, report_of([]), Names({}, {}))
    described = _described(submission, graph, changes, history=history)
    try:
        report = judge_change(primary, changes.with_added(described), house.judges)
        names = names_in(report, primary, namespaces=house.prefixes.values())
        if report.conforms and report.results:
            add_statements(primary, results_kept(graph, report, history=history), house.judges)
    except KgError:
        primary.withdraw()  # or the next submission would carry it
        raise
    made = primary.changed()
    if not report.conforms:
        primary.withdraw()
    return Considered(graph, len(made.added), len(made.removed), report, names)


def try_out(submission: Submission, house: House, *, snapshots: Snapshots, ledger: Ledger) -> Outcome:
    """What submitting would come to, found out on a copy of the current snapshot.

    Raises:
        KgError: as `consider` does.
    """
    with scratch_of(snapshots.current_path() / "store", snapshots.state) as store:
        trial = Primary(store, ledger, merges=house.description.merges)
        return Outcome(consider(submission, trial, house, state=snapshots.state))


def submit(submission: Submission, house: House, desk: Desk) -> Outcome:
    """Commit and publish a submission, if it conforms.

    Raises:
        BuildRunning, WriterRunning, LedgerDamaged: as `open_primary` does.
        KgError: as `consider` does; nothing was accepted.
        StoreError: what was accepted cannot be published; the message says so.
    """
    with opened(desk, default_graph=house.description.default_graph) as primary:
        house = take_over(primary, house, desk.snapshots, limits=desk.limits)
        considered = consider(submission, primary, house, state=desk.snapshots.state)
        if not considered.report.conforms or considered.is_empty:
            return Outcome(considered)
        revision = primary.hold(submission.signature, source=considered.graph)
        primary.commit()
        try:
            return Outcome(considered, revision, publish_commits(primary, house, desk.snapshots))
        except StoreError as error:
            raise StoreError(
                f"accepted as revision {revision}, which is not published yet: {error}", remedy=error.remedy
            ) from error


def refused(considered: Considered, house: House, place_of: PlaceOf) -> NotConforming:
    """The error that tells whoever submitted what does not conform, and where in their text."""
    words = considered.names.words(house.prefixes, place_of)
    return NotConforming(
        "the graph would not conform; nothing has changed",
        report=in_words(considered, house, place_of),
        remedy="mend what the report names and submit again",
        members=report_members(considered.report, words),
    )


def in_words(considered: Considered, house: House, place_of: PlaceOf) -> str:
    """The report as text; empty without results."""
    return text_of(
        considered.report,
        considered.names,
        prefixes=house.prefixes,
        file_of=lambda _: "what was submitted",
        place_of=place_of,
    )


def publish_commits(primary: Primary, house: House, snapshots: Snapshots) -> int:
    """Make what has been committed the current snapshot; returns its number.

    Where a remote store answers and cannot be brought up to date now, nothing is published, and 0 returned: that is
    done as soon as it can be.

    Raises:
        StoreError: the state folder cannot be written. What was committed stays so.
    """
    wanted, rulebook = to_publish(primary, snapshots, house.description, rulebook=house.rulebook)
    try:
        number = publish_answered(primary, snapshots, wanted, rulebook=rulebook).number
        forget(snapshots.state)
        return number
    except RemoteStoreError as error:
        _log.warning("revision %d is committed, and seen later: %s; %s", wanted.revision, error, error.remedy)
        return 0


def take_over(primary: Primary, house: House, snapshots: Snapshots, *, limits: Limits) -> House:
    """What is in force now that nobody else writes; what was committed and not published any more is published.

    Raises:
        BuildRunning: a build has changed what the default graph is, so that this is the wrong primary store.
        StoreError: as `publish_commits` does.
    """
    house = open_house(snapshots, limits=limits, before=house)
    if house.description.merges != primary.merges:
        raise BuildRunning("a build has just changed what the default graph is", remedy="submit it again")
    if house.description.revision < primary.head.revision:
        publish_commits(primary, house, snapshots)
        house = open_house(snapshots, limits=limits, before=house)
    return house


def _is_as_expected(submission: Submission, primary: Primary) -> bool:
    """Whether the graph that is written to is as it was at the revision that a submission was made for."""
    graph, expected = submission.proposal.graph, submission.expected or 0
    last = primary.ledger.head().revision
    if not graph or expected > last or last != primary.next_revision - 1:
        return False
    return 0 < next(primary.ledger.revisions_about(graph), 0) <= expected


def _with_history(changes: Changeset, history: str) -> Changeset:
    """A change that leaves the name of the history there: the first submission has brought it, others need it too."""
    removed = tuple(line for line in changes.removed if not line.startswith(f"<{history}> "))
    return Changeset(changes.added, removed)


def _refuse_history(changes: Changeset, history: str) -> None:
    if any(line.endswith(f" <{history}> .") for line in (*changes.added, *changes.removed)):
        raise submissions_kept(history)


def _refuse_others(changes: Changeset, author: str, ledger: Ledger, *, base: str) -> None:
    found = brought_by_others(changes.removed, ledger, author=author, submissions=base + _SUBMISSIONS, most=_MOST_TOLD)
    if found:
        more = " or more" if len(found) == _MOST_TOLD else ""
        are = "1 statement" if len(found) == 1 else f"{len(found)}{more} statements"
        raise OthersStatements(
            f"this takes away {are} that others have brought, such as {found[0][:_MOST_CHARACTERS]}",
            scope=REVIEW,
            statements=found,
            remedy=f"leave that as it was, or let somebody send it who may review (a token of scope {REVIEW})",
        )


def located(error: OthersStatements, place_of: PlaceOf) -> OthersStatements:
    """The same error, with the places in a text that take those statements away."""
    places = [place_of(*texts_of(line)) for line in error.statements]
    where = "; ".join(dict.fromkeys(filter(None, places)))
    return OthersStatements(
        f"{where}: {error}" if where else str(error),
        scope=error.scope,
        statements=error.statements,
        remedy=error.remedy,
    )


def _check_words(submission: Submission) -> None:
    """See that what is said of a submission can be written into the ledger and the history."""
    for name, text in (("author", submission.signature.author), ("message", submission.signature.message)):
        if any(unicodedata.category(character) in _NOT_IN_A_LINE for character in text):
            raise ContentError(f"the {name} is not one line of text", remedy="leave out line ends and control signs")
    for source in submission.sources:
        try:
            quads_of([f"<{DCTERMS_SOURCE}> <{DCTERMS_SOURCE}> {iri_term(source)} ."])
        except (SyntaxError, ValueError) as error:
            raise ContentError(f"the source {source[:200]!r} is no absolute IRI", remedy="write it whole") from error


def _described(submission: Submission, graph: str, changes: Changeset, *, history: str) -> list[str]:
    """What the history says of a submission that has a graph of its own, or whose sources are told."""
    if not submission.sources and not any(line.endswith(f" <{graph}> .") for line in changes.added):
        return []
    return description_of_submission(graph, submission.signature, sources=submission.sources, history=history)
