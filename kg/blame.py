"""Who has brought a statement: each that the graph holds, with the commit that added it last and its sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kg.errors import ContentError
from kg.namespaces import DCTERMS_SOURCE
from kg.sparql import iri_term
from kg.store import Ledger, Readable, Summary, line_of, quads_of

MOST_STATEMENTS: Final = 100

_REMEDY: Final = 'write an absolute IRI, or a literal as N-Triples does: "Emma"@en'


@dataclass(frozen=True)
class Pattern:
    """Which statements are asked about: their subject, and what else is not empty."""

    subject: str
    """An IRI, as is `predicate`."""
    predicate: str = ""
    value: str = ""
    """An IRI, or a term of N-Triples."""


@dataclass(frozen=True)
class Brought:
    """A statement, and who has brought it."""

    statement: str
    """As N-Quads."""
    commit: Summary
    sources: tuple[str, ...]
    """The IRIs of the documents and passages that the commit names as its sources."""


def blame(snapshot: Readable, ledger: Ledger, pattern: Pattern) -> tuple[list[Brought], bool]:
    """The first statements that match, by predicate, value and graph; and whether there are more.

    A blank node is written with its name, as in the ledger. One that the subject names is looked for in the ledger
    alone, since it has no name in a snapshot.

    Raises:
        ContentError: the pattern has something that is no term.
        LedgerDamaged, StoreError: the ledger or the snapshot cannot be read.
    """
    terms = {"?p": _iri(pattern.predicate), "?o": _value(pattern.value)}
    naming = snapshot.description.naming
    if naming.label(pattern.subject):
        found = _said_of(ledger, pattern.subject, predicate=terms["?p"], value=terms["?o"])
        return [*_brought(snapshot, ledger, found[:MOST_STATEMENTS])], len(found) > MOST_STATEMENTS
    values = " ".join(f"VALUES {name} {{ {term} }}" for name, term in terms.items() if term)
    triple = f"{_iri(pattern.subject)} ?p ?o"
    unnamed = "" if snapshot.description.merges else f" UNION {{ {triple} }}"
    query = f"SELECT ?p ?o ?g {{ {values} {{ GRAPH ?g {{ {triple} }} }}{unnamed} }} ORDER BY ?p ?o ?g"
    rows = snapshot.query(f"{query} LIMIT {MOST_STATEMENTS + 1}").rows()
    lines = [
        line_of(pattern.subject, predicate.value, naming.named(value), graph=naming.named(graph).value if graph else "")
        for predicate, value, graph in rows
        if predicate and value
    ]
    return [*_brought(snapshot, ledger, lines[:MOST_STATEMENTS])], len(lines) > MOST_STATEMENTS


def blame_statement(snapshot: Readable, ledger: Ledger, statement: str) -> Brought | None:
    """The same of one statement, written as N-Quads in the form of the ledger, whether or not it is still there.

    Raises:
        LedgerDamaged, StoreError: as `blame` does.
    """
    return next(_brought(snapshot, ledger, [statement]), None)


def _said_of(ledger: Ledger, subject: str, *, predicate: str, value: str) -> list[str]:
    """The statements about a subject that are there after the last commit; any, where no term is given."""
    lines: set[str] = set()
    for revision in sorted(ledger.revisions_about(subject)):
        changes = ledger.read(revision).changeset
        lines.difference_update(changes.removed)
        lines.update(line for line in changes.added if line.startswith(f"<{subject}> "))
    found = sorted(lines)
    said = [(str(quad.predicate), str(quad.object)) for quad in quads_of(found)]
    return [
        line
        for line, (its_predicate, its_value) in zip(found, said, strict=True)
        if predicate in ("", its_predicate) and value in ("", its_value)
    ]


def _brought(snapshot: Readable, ledger: Ledger, lines: Sequence[str]) -> Iterator[Brought]:
    revisions = ledger.revisions_of(lines)
    commits = {revision: ledger.summary(revision) for revision in {*revisions.values()}}
    sources = _sources(snapshot, {commit.source for commit in commits.values()})
    for line in lines:
        if line in revisions:
            commit = commits[revisions[line]]
            yield Brought(line, commit, tuple(sources.get(commit.source, ())))


def _sources(snapshot: Readable, graphs: set[str]) -> Mapping[str, list[str]]:
    """What the history of submissions tells of each as its sources."""
    history = iri_term(f"{snapshot.description.base}graph/history")
    wanted = " ".join(iri_term(graph) for graph in sorted(graphs))
    pattern = f"VALUES ?s {{ {wanted} }} GRAPH {history} {{ ?s {iri_term(DCTERMS_SOURCE)} ?o }}"
    found: dict[str, list[str]] = {}
    for graph, source in snapshot.query(f"SELECT ?s ?o {{ {pattern} }} ORDER BY ?s ?o").rows():
        if graph and source:
            found.setdefault(graph.value, []).append(source.value)
    return found


def _iri(text: str) -> str:
    """A term for an IRI; empty for none."""
    try:
        term = iri_term(text) if text else ""
        _value(term)
    except ValueError as error:
        raise ContentError(f"{text!r} is no absolute IRI", remedy="write it whole, without angle brackets") from error
    return term


def _value(text: str) -> str:
    """A term as SPARQL writes it; empty for none."""
    if not text:
        return ""
    if not text.startswith(('"', "<")):
        return _iri(text)
    try:
        [quad] = quads_of([f"<x:s> <x:p> {text} ."])
    except (SyntaxError, ValueError) as error:
        raise ContentError(f"{text!r} is no term", remedy=_REMEDY) from error
    return str(quad.object)
