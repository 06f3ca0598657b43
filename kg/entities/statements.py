"""The statements of a thing for people: grouped by property, each value with its standing and what proves it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from kg.answer import Cell, cell_of
from kg.entities.asking import Row
from kg.entities.assertions import Assertion
from kg.entities.background import Background
from kg.namespaces import PREFIXES, RDF_TYPE
from kg.queries.entity import statements_from, statements_with
from kg.store import Term

_MOST_VALUES: Final = 50


@dataclass(frozen=True)
class Proof:
    """What one node, or a thing itself, cites."""

    node: Cell | None
    """The node; None where a thing itself cites it."""
    passages: tuple[Cell, ...]
    citations: tuple[str, ...] = ()
    remarks: tuple[tuple[str, Cell], ...] = ()
    """What else the node says: the name of the property, and the value."""


@dataclass(frozen=True)
class Value:
    """The other end of a statement."""

    cell: Cell
    standings: tuple[str, ...]
    """What the graphs that hold it are called, such as stated or inferred."""
    proofs: tuple[Proof, ...]


@dataclass(frozen=True)
class Group:
    """The statements of one property, in one direction."""

    property: Cell
    name: str
    """The name of the property in words."""
    values: tuple[Value, ...]
    total: int
    """How many there are; `values` may be fewer."""
    query: str
    """A query, for people to start from, that lists them all."""


@dataclass(frozen=True)
class Telling:
    """What statements are told with: the thing they are about, the names of all in them, and what proves them."""

    iri: str
    background: Background
    names: Mapping[str, str]
    assertions: tuple[Assertion, ...]
    cited: Mapping[str, tuple[str, ...]]
    """Of other things, what they cite themselves."""
    _cells: dict[Term, Cell] = field(default_factory=dict)
    """Each term as it has been told before."""

    def cell(self, term: Term) -> Cell:
        """A term as people read it."""
        cell = self._cells.get(term)
        if cell is None:
            cell = self._cells[term] = cell_of(term, self.names, self.background.short)
        return cell

    def told(self, term: Term) -> Cell:
        """A term as people read it in a sentence: of a public vocabulary also what has no name here, in words."""
        cell = self.cell(term)
        known = term.kind == "iri" and not cell.label and cell.short.partition(":")[0] in PREFIXES
        return replace(cell, label=words_of(term.value)) if known else cell

    def cells(self, iris: Iterable[str]) -> tuple[Cell, ...]:
        """Some things as people read them, by their names."""
        found = [self.cell(Term("iri", iri)) for iri in iris]
        return tuple(sorted(found, key=_order))

    def property_name(self, iri: str) -> str:
        """A property in words."""
        return self.names.get(iri) or words_of(iri)

    def proof(self, assertion: Assertion, *, beside: Term | None = None) -> Proof:
        """What a node cites and says, but for the value that it is shown beside."""
        remarks = tuple(
            (self.property_name(name), self.cell(value)) for name, value in assertion.remarks if value != beside
        )
        return Proof(
            self.cell(Term("iri", assertion.iri)), self.cells(assertion.passages), assertion.citations, remarks
        )


def outgoing_groups(rows: Sequence[Row], telling: Telling) -> tuple[Group, ...]:
    """What is said of the thing, in rows of property, value and graph."""

    def proofs(name: str, value: Term) -> tuple[Proof, ...]:
        found = [
            each for each in telling.assertions if each.states(telling.iri, name, value, background=telling.background)
        ]
        return tuple(telling.proof(each, beside=value) for each in found) if name != RDF_TYPE else ()

    return _groups(rows, telling, proofs, all_of=statements_from)


def incoming_groups(rows: Sequence[Row], telling: Telling, totals: Mapping[str, int]) -> tuple[Group, ...]:
    """What is said of others with the thing, in rows of property, subject and graph; the nodes that prove are left out.

    `totals` are the numbers of statements of those properties of which not all are in the rows.
    """
    nodes = {each.iri for each in telling.assertions}
    here = Term("iri", telling.iri)

    def proofs(name: str, subject: Term) -> tuple[Proof, ...]:
        found = [
            each for each in telling.assertions if each.states(subject.value, name, here, background=telling.background)
        ]
        if found:
            return tuple(telling.proof(each, beside=here) for each in found)
        cites_it = name in telling.background.roles.evidence
        passages = () if cites_it else telling.cited.get(subject.value, ())
        return (Proof(None, telling.cells(passages)),) if passages else ()

    kept = [row for row in rows if row[1] and row[1].value not in nodes]
    return _groups(kept, telling, proofs, all_of=statements_with, totals=totals)


def words_of(iri: str) -> str:
    """The last part of an IRI in words.

    >>> words_of("https://schema.org/alternateName"), words_of("https://a.example/b#see-also")
    ('alternate name', 'see also')
    """
    local = re.split(r"[#/]", iri.rstrip("#/"))[-1]
    return re.sub(r"[-_]+", " ", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", local)).lower() or iri


def _groups(
    rows: Sequence[Row],
    telling: Telling,
    proofs: Callable[[str, Term], tuple[Proof, ...]],
    *,
    all_of: Callable[[str, str], str],
    totals: Mapping[str, int] | None = None,
) -> tuple[Group, ...]:
    found: dict[str, dict[Term, list[str]]] = {}
    for name, value, graph in rows:
        if name and value and graph:
            found.setdefault(name.value, {}).setdefault(value, []).append(graph.value)
    groups: list[Group] = []
    for iri, values in found.items():
        cells = sorted(((telling.cell(value), value) for value in values), key=lambda pair: _order(pair[0]))
        shown = tuple(
            Value(cell, _standings(values[value], telling), proofs(iri, value)) for cell, value in cells[:_MOST_VALUES]
        )
        total = max(len(values), (totals or {}).get(iri, 0))
        property_ = telling.cell(Term("iri", iri))
        groups.append(Group(property_, telling.property_name(iri), shown, total, all_of(telling.iri, iri)))
    # Those that the ontology names come before those that it only borrows.
    labels = telling.background.labels
    return tuple(
        sorted(groups, key=lambda group: (group.property.value not in labels, group.name, group.property.value))
    )


def _standings(graphs: Iterable[str], telling: Telling) -> tuple[str, ...]:
    known = telling.background.standings
    words: dict[str, None] = {}
    for graph in sorted(graphs):
        said = known.get(graph) or (telling.names.get(graph) or telling.background.short(graph),)
        words |= dict.fromkeys(said)
    return tuple(words)


def _order(cell: Cell) -> tuple[str, str]:
    return ((cell.label or cell.value).casefold(), cell.value)
