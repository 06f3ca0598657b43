"""From content folders to a commit and a snapshot: read, entail, validate, publish. Only what conforms is published.

The content is one source among others. A build brings what has changed in its files since the last build; what was
submitted or removed since then by anybody else stays so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from kg.entailment import Rule, describe_rules
from kg.errors import BuildRunning, ContentError, NotConforming, QueryError
from kg.judgement import Judges, appoint, judge_all, names_in, text_of, unusable
from kg.namespaces import DCTERMS_TITLE
from kg.queries import StoredQuery, describe_queries, load_queries, query_iri
from kg.readers import read_quads, skolemize
from kg.sources import Content, ContentFile, Rulebook
from kg.sparql import Limits
from kg.store import (
    NO_EDITS,
    Changeset,
    Description,
    Edits,
    Forthcoming,
    Ledger,
    Primary,
    Signature,
    Snapshots,
    Workspace,
    description_of,
    edits_of,
    foretell,
    forget,
    is_unnamed,
    open_primary,
    publish_answered,
    quads_of,
    send_commits,
)
from kg.validation import Report

Tell = Callable[[str], None]

CONTENT: Final = "urn:x-kg:content"
"""The source of what a build commits, whatever the base IRI that it publishes under."""

_CATALOG_GRAPH: Final = "catalog"
_QUERIES_GRAPH: Final = "queries"
_CANDIDATE_GRAPH: Final = "candidate"


@dataclass(frozen=True)
class Desk:
    """Where content and submissions come in."""

    snapshots: Snapshots
    ledger: Ledger
    limits: Limits
    tell: Tell
    """Gets a line of progress at each step."""
    patience_seconds: float = 0.0
    """How long to wait while somebody else writes."""


@dataclass(frozen=True)
class Reading:
    """Content that was read, as far as it is asserted."""

    workspace: Workspace
    rulebook: Rulebook
    judges: Judges
    prefixes: dict[str, str]
    places: dict[str, str]
    """For each subject the name of the file, or submission, that first describes it."""
    unnamed: frozenset[str] = frozenset()
    """What others have put into a default graph that is no merge: N-Quads statements."""


@dataclass(frozen=True)
class Judged:
    """Content that was read, entailed and judged, not yet published."""

    reading: Reading
    report: Report
    text: str
    """The report for people; empty where there is nothing to report."""


@dataclass(frozen=True)
class Published:
    """What is current after a build."""

    description: Description
    new: bool
    """Whether the build made it; the same content as before makes no new snapshot."""


def build(content: Content, desk: Desk, *, default_graph: str, signature: Signature) -> Published:
    """Commit what has changed in the content, and publish it with all that was submitted as the current snapshot.

    Raises:
        ContentError: a file is not as it must be.
        NotConforming: the content does not conform; what was current stays so.
        EntailmentError: the rules do not come to an end.
        BuildRunning, WriterRunning: somebody else writes.
        LedgerDamaged, StoreError: the state folder cannot be used.
    """
    with opened(desk, default_graph=default_graph) as primary:
        edits = edits_of(desk.ledger, source=CONTENT, derived=content.derived)
        judged = judge(content, limits=desk.limits, tell=desk.tell, edits=edits)
        if not judged.report.conforms:
            raise NotConforming(
                "the content does not conform; nothing was published",
                report=judged.text,
                remedy="mend what the report names and build again",
            )
        if judged.text:
            desk.tell(judged.text)
        return _publish(judged.reading, content, desk, primary=primary, signature=signature)


@contextmanager
def opened(desk: Desk, *, default_graph: str) -> Iterator[Primary]:
    """The primary store, for the only one who writes; who has to wait for that is told so.

    Raises:
        BuildRunning, WriterRunning, LedgerDamaged, StoreError: as `open_primary` does.
    """
    with ExitStack() as stack:
        opening = partial(open_primary, desk.snapshots, desk.ledger, default_graph=default_graph)
        try:
            primary = stack.enter_context(opening())
        except BuildRunning as error:
            if desk.patience_seconds <= 0:
                raise
            desk.tell(f"{error}; waiting for it, at most {desk.patience_seconds:.0f} s")
            primary = stack.enter_context(opening(patience_seconds=desk.patience_seconds))
        yield primary


def _publish(reading: Reading, content: Content, desk: Desk, *, primary: Primary, signature: Signature) -> Published:
    if primary.merges and reading.unnamed:
        raise ContentError(
            f"{len(reading.unnamed):,} statements were put into the default graph, which is to become a merge",
            remedy="move them to a named graph first, in mode strict",
        )
    before = desk.snapshots.description()
    wanted = description_of(primary, base=content.base, prefixes=reading.prefixes)
    rulebook = reading.rulebook.to_json()
    changes = _difference(primary.lines(), _lines(reading.workspace.canonical_nquads()) | reading.unnamed)
    if not changes and before and _is_current(before, wanted, desk.snapshots, rulebook=rulebook):
        send_commits(primary, desk.snapshots)
        desk.tell(f"unchanged: snapshot {before.number} with {before.quads:,} statements")
        return Published(before, new=False)
    if changes:
        primary.change(changes)
        primary.hold(signature, source=CONTENT)
        foretell(
            desk.snapshots.state,
            Forthcoming(primary.ledger.head(), CONTENT, content.base, prefixes=reading.prefixes, rulebook=rulebook),
        )
        primary.commit()
    description = publish_answered(primary, desk.snapshots, wanted, rulebook=rulebook)
    forget(desk.snapshots.state)
    desk.tell(f"published snapshot {description.number} with {description.quads:,} statements")
    return Published(description, new=True)


def _lines(nquads: bytes) -> set[str]:
    """Statements, without line ends; a literal may hold what Python takes for one, such as U+2028."""
    return set(nquads.decode().split("\n")[:-1])


def _difference(before: set[str], after: set[str]) -> Changeset:
    return Changeset(added=tuple(sorted(after - before)), removed=tuple(sorted(before - after)))


def _is_current(before: Description, wanted: Description, snapshots: Snapshots, *, rulebook: str) -> bool:
    """Whether nothing is to be published: the same state, told in the same way, judged by the same rules, and whole."""
    same = replace(wanted, number=before.number, quads=before.quads) == before
    return same and snapshots.rulebook() == rulebook and snapshots.is_whole()


def judge(
    content: Content, *, limits: Limits, tell: Tell, candidates: Sequence[Path] = (), edits: Edits = NO_EDITS
) -> Judged:
    """Read content, with what else was submitted and with `candidates` as further files in a graph of their own, add
    what follows, and judge it.

    Raises:
        ContentError: a file is not as it must be.
        EntailmentError: the rules do not come to an end.
    """
    reading = _read(content, limits=limits, tell=tell, candidates=candidates, edits=edits)
    report = judge_all(reading.workspace, reading.judges, tell=tell)
    prefixes = {**reading.judges.shapes.prefixes, **reading.prefixes}
    names = names_in(report, reading.workspace)
    text = text_of(report, names, prefixes=prefixes, file_of=lambda iri: reading.places.get(iri, ""))
    return Judged(reading, report, text)


def _read(content: Content, *, limits: Limits, tell: Tell, candidates: Sequence[Path], edits: Edits) -> Reading:
    workspace = Workspace()
    places, prefixes = _read_files(workspace, content, candidates=candidates, tell=tell)
    queries = load_queries(content.queries, read_text=content.read_text, limits=limits)
    _parse(queries)
    rulebook = content.rulebook()
    judges = appoint(rulebook, base=content.base, limits=limits)
    for cost in judges.costs:
        tell(cost)
    _describe(workspace, content, queries=queries, rules=judges.rules, places=places)
    unnamed = _edit(workspace, content, edits, places=places)
    if candidates:
        workspace.add_ntriples(_candidate_entry(content), content.graph(_CATALOG_GRAPH))
    return Reading(workspace, rulebook, judges, prefixes, places, unnamed)


def _read_files(
    workspace: Workspace, content: Content, *, candidates: Sequence[Path], tell: Tell
) -> tuple[dict[str, str], dict[str, str]]:
    """Read all files into the workspace; returns the file that first describes each subject, and all prefixes."""
    places: dict[str, str] = {}
    prefixes: dict[str, str] = {}
    files = content.rdf_files()
    total = 0
    for file in [*files, *_candidate_files(candidates, content)]:
        name = content.name(file.path)
        quads, declared = read_quads(content.read_text(file.path), name=name, graph=file.graph)
        workspace.add(skolemize(quads, name=name, base=content.base))
        if not file.is_reference:  # what others call their namespaces is not what is offered here
            prefixes = declared | prefixes
        total += len(quads)
        for quad in quads:
            places.setdefault(str(quad.subject).strip("<>"), name)
    tell(f"read {total:,} statements from {len(files) + len(candidates)} files")
    return places, prefixes


def _candidate_files(paths: Sequence[Path], content: Content) -> Iterator[ContentFile]:
    for path in paths:
        if path.suffix not in (".ttl", ".trig"):
            raise ContentError("neither .ttl nor .trig", remedy="give a Turtle or a TriG file", file=str(path))
        yield ContentFile(path, None if path.suffix == ".trig" else content.graph(_CANDIDATE_GRAPH))


def _edit(workspace: Workspace, content: Content, edits: Edits, *, places: dict[str, str]) -> frozenset[str]:
    """What others have added to the content and removed from it; returns what they put into the default graph."""
    workspace.remove(quads_of(edits.removed))
    lines = sorted(edits.added)
    added = quads_of(lines)
    workspace.add(added)
    for quad in added:
        name = str(quad.graph_name).strip("<>").removeprefix(content.graph("")).replace("/", " ")
        places.setdefault(str(quad.subject).strip("<>"), name)
    return frozenset(line for line, quad in zip(lines, added, strict=True) if is_unnamed(quad))


def _candidate_entry(content: Content) -> str:
    """What the catalogue would say of the graph of the candidates."""
    return f'<{content.graph(_CANDIDATE_GRAPH)}> <{DCTERMS_TITLE}> "Candidates"@en .\n'


def _describe(
    workspace: Workspace,
    content: Content,
    *,
    queries: Sequence[StoredQuery],
    rules: Sequence[Rule],
    places: dict[str, str],
) -> None:
    """Add what the build itself knows: the stored queries, and the graphs that the rules write to."""
    if queries:
        workspace.add_ntriples(describe_queries(queries, content.base), content.graph(_QUERIES_GRAPH))
    if rules:
        described = describe_rules(rules, graph=content.derived)
        workspace.add_ntriples(described, content.graph(_CATALOG_GRAPH))
    for query in queries:
        places[query_iri(query, content.base)] = f"queries/{query.identifier}.rq"


def _parse(queries: Sequence[StoredQuery]) -> None:
    """Let the engine read each query, by asking it of nothing."""
    nothing = Workspace()
    for query in queries:
        try:
            nothing.query(query.text)
        except QueryError as error:
            raise unusable(query, error) from error
