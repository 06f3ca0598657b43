"""From content folders to a snapshot: read, entail, validate, publish. What does not conform is not published."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kg.entailment import Rule, describe_rules, entail, read_rule
from kg.errors import ContentError, NotConforming, QueryError, QuerySyntax
from kg.namespaces import (
    DCTERMS_CREATED,
    DCTERMS_CREATOR,
    DCTERMS_TITLE,
    PREFIXES,
    RDF_TYPE,
    VOID_DATASET,
    shorten,
)
from kg.queries import CHECKS, NAMING_PROPERTIES, StoredQuery, describe_queries, labels_query, load_queries, query_iri
from kg.readers import read_quads, skolemize
from kg.sources import Content, ContentFile
from kg.sparql import Limits, iri_term, string_term
from kg.store import Description, Snapshots, Workspace, quads_of
from kg.validation import Report, Result, load_shapes, report_of, report_text, validate

Tell = Callable[[str], None]

_CATALOG_GRAPH: Final = "catalog"
_ENTAILED_GRAPH: Final = "entailed"
_QUERIES_GRAPH: Final = "queries"
_CANDIDATE_GRAPH: Final = "candidate"
_LABELS_AT_A_TIME: Final = 500
_XSD_DATE_TIME: Final = f"{PREFIXES['xsd']}dateTime"


@dataclass(frozen=True)
class Submission:
    """Statements that somebody submitted, in a named graph of their own."""

    graph: str
    name: str
    """What reports call the place it came from."""
    title: str
    author: str
    time: str
    """When it was accepted: xsd:dateTime in UTC."""
    lines: tuple[str, ...]
    """N-Quads statements."""


@dataclass(frozen=True)
class Judged:
    """Content that was read, entailed and judged, not yet published."""

    workspace: Workspace
    prefixes: Mapping[str, str]
    report: Report
    text: str
    """The report for people; empty where there is nothing to report."""
    judged: bool
    """Whether there was any shape or check to judge by."""


@dataclass(frozen=True)
class Published:
    """What is current after a build."""

    description: Description
    new: bool
    """Whether the build made it; the same content as before makes no new snapshot."""


def build(
    content: Content,
    snapshots: Snapshots,
    *,
    default_graph: str,
    limits: Limits,
    tell: Tell,
    submitted: Sequence[Submission] = (),
) -> Published:
    """Publish the content, with what was submitted and accepted, as the current snapshot.

    `tell` gets a line of progress at each step.

    Raises:
        ContentError: a file is not as it must be.
        NotConforming: the content does not conform; what was current stays so.
        EntailmentError: the rules do not come to an end.
        BuildRunning: another build holds the lock.
        StoreError: the state folder cannot be written.
    """
    with snapshots.locked():
        judged = judge(content, limits=limits, tell=tell, submitted=submitted)
        if not judged.report.conforms:
            raise NotConforming(
                "the content does not conform; nothing was published",
                report=judged.text,
                remedy="mend what the report names and build again",
            )
        if judged.text:
            tell(judged.text)
        return publish(judged, content, snapshots, default_graph=default_graph, tell=tell)


def publish(judged: Judged, content: Content, snapshots: Snapshots, *, default_graph: str, tell: Tell) -> Published:
    """Make what was judged and conforms the current snapshot; the caller holds the lock.

    Raises:
        StoreError: the state folder cannot be written.
    """
    description, new = snapshots.publish(
        judged.workspace.canonical_nquads(),
        default_graph=default_graph,
        base=content.base,
        prefixes=judged.prefixes,
    )
    tell(f"{'published' if new else 'unchanged:'} snapshot {description.number} with {description.quads:,} statements")
    return Published(description, new)


def judge(
    content: Content,
    *,
    limits: Limits,
    tell: Tell,
    candidates: Sequence[Path] = (),
    submitted: Sequence[Submission] = (),
) -> Judged:
    """Read content, with `candidates` as further files in a graph of their own, add what follows, and judge it.

    Shapes see what is asserted; checks see what is entailed too.

    Raises:
        ContentError: a file is not as it must be.
        EntailmentError: the rules do not come to an end.
    """
    workspace = Workspace()
    places, prefixes = _read_files(workspace, content, candidates=candidates, tell=tell)
    queries = load_queries(content.queries, read_text=content.read_text, limits=limits)
    _parse(queries)
    rules = [
        read_rule(Path(content.name(path)), content.read_text(path), limits=limits) for path in content.rule_files()
    ]
    _describe(workspace, content, queries=queries, rules=rules, places=places)
    _add_submitted(workspace, content, submitted, places=places)
    if candidates:
        workspace.add_ntriples(_candidate_entry(content), content.graph(_CATALOG_GRAPH))
    shapes = load_shapes((content.name(path), content.read_text(path)) for path in content.shape_files())
    asserted = workspace.ntriples()
    added = entail(workspace, rules, graph=content.graph(_ENTAILED_GRAPH))
    tell(f"entailed {sum(added.values()):,} statements by {len(rules)} rules")
    found = [*validate(asserted, shapes).results]
    checks = [query for query in queries if query.group == CHECKS]
    for query in checks:
        found += _check(workspace, query, base=content.base)
    report = report_of(found)
    tell(_judgement(report, files=len(content.shape_files()), checks=len(checks)))
    known = {**shapes.prefixes, **prefixes}
    text = _for_people(report, workspace, places=places, prefixes=known) if report.results else ""
    return Judged(workspace, prefixes, report, text, judged=bool(content.shape_files() or checks))


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


def _add_submitted(
    workspace: Workspace, content: Content, submitted: Sequence[Submission], *, places: dict[str, str]
) -> None:
    """Each submission in its graph, and what the catalogue says of that graph."""
    for submission in submitted:
        quads = quads_of(submission.lines)
        workspace.add(quads)
        workspace.add_ntriples(_submission_entry(submission), content.graph(_CATALOG_GRAPH))
        for quad in quads:
            places.setdefault(str(quad.subject).strip("<>"), submission.name)


def _submission_entry(submission: Submission) -> str:
    node = iri_term(submission.graph)
    created = string_term(submission.time, datatype=_XSD_DATE_TIME)
    return (
        f"{node} <{RDF_TYPE}> <{VOID_DATASET}> .\n"
        f"{node} <{DCTERMS_TITLE}> {string_term(submission.title, language='en')} .\n"
        f"{node} <{DCTERMS_CREATOR}> {string_term(submission.author)} .\n"
        f"{node} <{DCTERMS_CREATED}> {created} .\n"
    )


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
        entailed = content.graph(_ENTAILED_GRAPH)
        workspace.add_ntriples(describe_rules(rules, graph=entailed), content.graph(_CATALOG_GRAPH))
    for query in queries:
        places[query_iri(query, content.base)] = f"queries/{query.identifier}.rq"


def _parse(queries: Sequence[StoredQuery]) -> None:
    """Let the engine read each query, by asking it of nothing."""
    nothing = Workspace()
    for query in queries:
        try:
            nothing.query(query.text)
        except QueryError as error:
            raise _unusable(query, error) from error


def _unusable(query: StoredQuery, error: QueryError) -> ContentError:
    file = f"queries/{query.identifier}.rq"
    line, column = (error.line, error.column) if isinstance(error, QuerySyntax) else (None, None)
    return ContentError(str(error), remedy=error.remedy, file=file, line=line, column=column)


def _check(workspace: Workspace, query: StoredQuery, *, base: str) -> list[Result]:
    try:
        rows = list(workspace.query(query.text).rows())
    except QueryError as error:
        raise _unusable(query, error) from error
    results: list[Result] = []
    for row in rows:
        focus, value, message = (term.value if term else "" for term in row)
        results.append(
            Result(
                severity=query.severity,
                focus=focus,
                path="",
                value=value,
                message=message or query.title,
                shape=query_iri(query, base),
                component="check",
            )
        )
    return results


def _judgement(report: Report, *, files: int, checks: int) -> str:
    if not files and not checks:
        return "NOT JUDGED: the content has neither shapes nor checks"
    verdict = f"{len(report.results):,} results" if report.results else "conforms"
    return f"judged by {files} files of shapes and {checks} checks: {verdict}"


def _for_people(report: Report, workspace: Workspace, *, places: Mapping[str, str], prefixes: dict[str, str]) -> str:
    labels = _labels(workspace, {text for result in report.results for text in (result.focus, result.value)})
    return report_text(
        report,
        label_of=lambda iri: labels.get(iri, ""),
        file_of=lambda iri: places.get(iri, ""),
        shorten=lambda iri: shorten(iri, prefixes),
    )


def _labels(workspace: Workspace, terms: set[str]) -> dict[str, str]:
    labels: dict[str, str] = {}
    rank = {naming: place for place, naming in enumerate(NAMING_PROPERTIES)}
    wanted = sorted(terms)
    for start in range(0, len(wanted), _LABELS_AT_A_TIME):
        rows = workspace.query(labels_query(wanted[start : start + _LABELS_AT_A_TIME])).rows()
        named = [[term.value for term in row if term] for row in rows]
        for iri, _, label in sorted(named, key=lambda row: (row[0], rank[row[1]], row[2])):
            labels.setdefault(iri, label)
    return labels
