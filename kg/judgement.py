"""Judgement: what a rulebook says of a graph. Shapes see what is asserted; checks see what follows from it, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from kg.entailment import (
    Checks,
    Program,
    Rule,
    check_change,
    checks_of,
    entail_all,
    entail_change,
    program_of,
    read_rule,
)
from kg.errors import ContentError, QueryError, QuerySyntax
from kg.namespaces import shorten
from kg.queries import NAMING_PROPERTIES, StoredQuery, labels_query, parse_query, query_iri
from kg.sources import Rulebook
from kg.sparql import Limits, iri_term
from kg.sparql.patterns import value_of
from kg.store import Changeset, Living, Primary, Results, Workspace
from kg.validation import (
    CompiledShapes,
    Report,
    Result,
    Shapes,
    Words,
    compile_shapes,
    load_shapes,
    nowhere,
    report_of,
    report_text,
    spellings,
    suggestions,
    unconverted_literals_in_silence,
    validate_all,
    validate_change,
)

PlaceOf = Callable[[str, str, str], str]
"""Where a text says something: of a subject, a property, a value, each of the last two perhaps empty."""

CHECK: Final = "check"
"""What results of a check have in place of the name of a constraint component."""

_LABELS_AT_A_TIME: Final = 500
# For each IRI that is not known a few thousand are looked up, which takes some hundredths of a second.
_MOST_UNKNOWN: Final = 10
_MOST_MEANT: Final = 3
_DECLARED: Final = """\
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT DISTINCT ?term WHERE {
  VALUES ?kind {
    owl:Class owl:ObjectProperty owl:DatatypeProperty owl:AnnotationProperty rdf:Property rdfs:Class rdfs:Datatype
  }
  ?term a ?kind
}
ORDER BY ?term"""


class Asked(Protocol):
    """What labels are asked of."""

    def query(self, text: str) -> Results:
        """The answer to a query."""


@dataclass(frozen=True)
class Judges:
    """A rulebook that has been read and found to be well-formed."""

    shapes: Shapes
    shape_files: int
    compiled: CompiledShapes
    rules: tuple[Rule, ...]
    program: Program
    checks: tuple[StoredQuery, ...]
    asked: Checks
    base: str
    derived: str
    """The IRI below which each rule has a graph for what it derives."""

    @property
    def costs(self) -> tuple[str, ...]:
        """What has to be evaluated over the whole graph at each submission, with the reason, in words."""
        whole = [("shape", self.compiled.unbounded), ("rule", self.program.whole), ("check", self.asked.whole)]
        return tuple(
            f"COSTS: the {kind} {name} is evaluated over the whole graph at each submission: {why}"
            for kind, found in whole
            for name, why in found.items()
        )

    @property
    def words(self) -> str:
        """What is judged by, in a few words; empty where there is nothing to judge by."""
        if not self.shape_files and not self.checks:
            return ""
        return f"{self.shape_files} files of shapes and {len(self.checks)} checks"


def appoint(rulebook: Rulebook, *, base: str, limits: Limits) -> Judges:
    """Read a rulebook.

    Raises:
        ContentError: a shape, a rule or a check is not as it must be; names the file.
    """
    shapes = load_shapes(rulebook.shapes.items())
    rules = tuple(read_rule(Path(name), text, limits=limits) for name, text in rulebook.rules.items())
    checks = tuple(parse_query(Path(name), text, limits=limits) for name, text in rulebook.checks.items())
    derived = f"{base}graph/entailed"
    return Judges(
        shapes=shapes,
        compiled=compile_shapes(shapes),
        shape_files=len(rulebook.shapes),
        rules=rules,
        program=program_of(rules, graph=derived),
        checks=checks,
        asked=checks_of({check.name: check.text for check in checks}),
        base=base,
        derived=derived,
    )


def judge_all(workspace: Workspace, judges: Judges, *, tell: Callable[[str], None]) -> Report:
    """Add to a workspace, which holds what is asserted, all that follows, and judge it.

    Raises:
        ContentError: a rule, a shape or a check cannot be evaluated.
        EntailmentError: the rules do not come to an end.
    """
    found = [*validate_all(workspace.triples(), judges.compiled).results]
    added = entail_all(workspace, judges.program)
    tell(f"entailed {sum(added.values()):,} statements by {len(judges.rules)} rules")
    for check in judges.checks:
        found += results_of(check, _rows(workspace, check), base=judges.base)
    report = report_of(found)
    verdict = f"{len(report.results):,} results" if report.results else "conforms"
    tell(
        f"judged by {judges.words}: {verdict}"
        if judges.words
        else "NOT JUDGED: the content has neither shapes nor checks"
    )
    return report


def judge_change(primary: Primary, changes: Changeset, judges: Judges) -> Report:
    """Make an effective change in the primary store, with what follows, and judge it; the state before conforms.

    Checks are asked also where shapes find a violation: what is missing there is perhaps only misspelled. What a shape
    says of a value they do not say again. The change is made in any case, and the caller withdraws what does not
    conform.

    Raises:
        ContentError: a rule, a shape or a check cannot be evaluated.
        EntailmentError: the rules do not come to an end.
        StoreError: the store cannot be written.
    """
    with unconverted_literals_in_silence():
        added, removed = primary.triples_changed(changes, judges.derived)
        asserted = primary.asserted(judges.derived)
        by_shapes = validate_change(asserted, added=added, removed=removed, compiled=judges.compiled).results
    living = Living(primary)
    effect = entail_change(living, judges.program, added=changes.added, removed=changes.removed)
    try:
        reported = check_change(living, judges.asked, effect).rows
    except QueryError as error:
        raise ContentError(f"a check cannot be evaluated: {error}", remedy="correct it and build again") from error
    by_checks: list[Result] = []
    for check in judges.checks:
        rows = sorted(reported.get(check.name, ()))
        by_checks += results_of(check, [[value_of(term) for term in row] for row in rows], base=judges.base)
    said = {(result.focus, result.value) for result in by_shapes if result.value}
    return report_of([*by_shapes, *(result for result in by_checks if (result.focus, result.value) not in said)])


def add_statements(primary: Primary, lines: Sequence[str], judges: Judges) -> None:
    """Add to the change that is made now what needs no judgement, with what follows from it.

    Raises:
        ContentError: a rule cannot be evaluated.
        StoreError: the store cannot be written.
    """
    entail_change(Living(primary), judges.program, added=sorted(lines), removed=())


def results_of(check: StoredQuery, rows: Iterable[Sequence[str]], *, base: str) -> list[Result]:
    """What a check reports: focus, value and message of each row."""
    return [
        Result(
            severity=check.severity,
            focus=focus,
            path="",
            value=value,
            message=message or check.title,
            shape=query_iri(check, base),
            component=CHECK,
        )
        for focus, value, message in rows
    ]


def _rows(workspace: Workspace, check: StoredQuery) -> list[list[str]]:
    try:
        return [[term.value if term else "" for term in row] for row in workspace.query(check.text).rows()]
    except QueryError as error:
        raise unusable(check, error) from error


def unusable(query: StoredQuery, error: QueryError) -> ContentError:
    """What is wrong with a stored query that the engine does not take."""
    file = f"queries/{query.identifier}.rq"
    line, column = (error.line, error.column) if isinstance(error, QuerySyntax) else (None, None)
    return ContentError(str(error), remedy=error.remedy, file=file, line=line, column=column)


@dataclass(frozen=True)
class Names:
    """How a report names things."""

    labels: Mapping[str, str]
    meant: Mapping[str, Sequence[str]]
    """For a term that nobody declares, those that it was perhaps meant to be."""

    def words(self, prefixes: Mapping[str, str], place_of: PlaceOf = nowhere) -> Words:
        """The same as functions, for whoever writes a report."""
        return Words(
            label_of=lambda iri: self.labels.get(iri, ""),
            shorten=lambda iri: shorten(iri, prefixes),
            place_of=place_of,
            suggest=lambda term: self.meant.get(term, ()),
        )


def names_in(report: Report, asked: Asked, *, namespaces: Iterable[str] = ()) -> Names:
    """The names of what is in a report, and what else those terms in it may have been meant to be that nobody knows.

    A thing of one of the `namespaces` may have been meant to be one of another.
    """
    if not report.results:
        return Names({}, {})
    terms = {text for result in report.results for text in (result.focus, result.path, result.value)}
    labels = _labels(asked, terms)
    checked = {result.value for result in report.results if result.component == CHECK}
    declared = [term.value for (term,) in asked.query(_DECLARED).rows() if term] if checked else []
    meant = {term: found for term in checked if (found := suggestions(term, declared))}
    values = {result.value for result in report.results} - {*labels, *meant, *declared}
    return Names(labels, meant | _meant_things(asked, values, namespaces=[*namespaces]))


def _meant_things(asked: Asked, values: Iterable[str], *, namespaces: Sequence[str]) -> dict[str, Sequence[str]]:
    """Of IRIs that nothing describes, the things that are there and spelled almost so."""
    terms = {value: term for value in sorted(values) if (term := _term(value))}
    known = _described(asked, terms.values())
    meant: dict[str, Sequence[str]] = {}
    for value in [value for value in terms if value not in known][:_MOST_UNKNOWN]:
        own = namespaces if any(value.startswith(namespace) for namespace in namespaces) else ()
        near = spellings(value, own)
        there = _described(asked, (term for other in near if (term := _term(other))))
        if there:
            meant[value] = [other for other in near if other in there][:_MOST_MEANT]
    return meant


def _described(asked: Asked, terms: Iterable[str]) -> set[str]:
    """The IRIs, given as terms, of things that have a class."""
    rows = asked.query(f"SELECT DISTINCT ?term WHERE {{ VALUES ?term {{ {' '.join(terms)} }} ?term a ?class }}").rows()
    return {term.value for (term,) in rows if term}


def _term(text: str) -> str:
    """The term of an absolute IRI; empty for any other text."""
    try:
        return iri_term(text) if ":" in text else ""
    except ValueError:
        return ""


def text_of(
    report: Report,
    names: Names,
    *,
    prefixes: Mapping[str, str],
    file_of: Callable[[str], str],
    place_of: PlaceOf = nowhere,
) -> str:
    """A report as text for people; empty without results. `file_of` names the file that describes a thing."""
    if not report.results:
        return ""
    words = names.words(prefixes, place_of)
    return report_text(
        report,
        label_of=words.label_of,
        file_of=file_of,
        shorten=words.shorten,
        place_of=place_of,
        suggest=words.suggest,
    )


def _labels(asked: Asked, terms: Iterable[str]) -> dict[str, str]:
    """The best name of each of the terms that has one."""
    labels: dict[str, str] = {}
    rank = {naming: place for place, naming in enumerate(NAMING_PROPERTIES)}
    wanted = sorted(terms)
    for start in range(0, len(wanted), _LABELS_AT_A_TIME):
        rows = asked.query(labels_query(wanted[start : start + _LABELS_AT_A_TIME])).rows()
        named = [[term.value for term in row if term] for row in rows]
        for iri, _, label in sorted(named, key=lambda row: (row[0], rank[row[1]], row[2])):
            labels.setdefault(iri, label)
    return labels
