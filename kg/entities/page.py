"""All that the page about a thing tells, read from a snapshot in three rounds of small queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kg.answer import Cell
from kg.entities.asking import Asked, Row, ask_all, iris_in, names_of, values_of
from kg.entities.assertions import Assertion, read_assertions
from kg.entities.background import Background
from kg.entities.profile import MOST_ROWS, Section, section_of
from kg.entities.statements import Group, Proof, Telling, incoming_groups, outgoing_groups, words_of
from kg.namespaces import PREFIXES, RDF_TYPE
from kg.queries import NAMING_PROPERTIES
from kg.queries.entity import (
    assertions_query,
    evidence_query,
    incoming_by_property_query,
    incoming_counts_query,
    incoming_query,
    outgoing_query,
)
from kg.store import Readable, Term

_MOST_OUTGOING: Final = 2000
_MOST_INCOMING: Final = 400
"""More statements that lead to a thing are counted, and only the first of each property read."""
_MOST_OF_A_PROPERTY: Final = 20
_MOST_COUNTED: Final = 100_000
_MOST_ASSERTIONS: Final = 300
_MOST_ASSERTED: Final = 6000
_MOST_CITING: Final = 200

_DEFAULT_VALUE: Final = f"{PREFIXES['sh']}defaultValue"
"""What leads from the parameter of a stored query to a thing tells nothing of the thing."""

_SKOS: Final = PREFIXES["skos"]
_DCTERMS: Final = PREFIXES["dcterms"]
_SCHEMA: Final = PREFIXES["schema"]
_ALSO_NAMING: Final = (
    *NAMING_PROPERTIES,
    f"{_SKOS}altLabel",
    f"{_DCTERMS}alternative",
    f"{_SCHEMA}alternateName",
)
_DESCRIBING: Final = (
    f"{_DCTERMS}description",
    f"{_SKOS}definition",
    f"{PREFIXES['rdfs']}comment",
    f"{_SCHEMA}description",
    f"{_DCTERMS}abstract",
)


@dataclass(frozen=True)
class Entity:
    """A thing, told for people."""

    iri: str
    name: str
    short: str
    kinds: tuple[Cell, ...]
    """Its classes, but for those that one of them specialises."""
    classes: frozenset[str]
    """All its classes, by IRI."""
    other_names: tuple[Cell, ...]
    descriptions: tuple[Cell, ...]
    passages: tuple[Cell, ...]
    """What the thing itself cites as its evidence."""
    sections: tuple[Section, ...]
    outgoing: tuple[Group, ...]
    incoming: tuple[Group, ...]
    assertions: tuple[tuple[str, tuple[Proof, ...]], ...]
    """The nodes that only carry evidence, by the name of their class."""
    external: tuple[tuple[str, Cell], ...]
    """What is elsewhere: the name of the property, and the value."""
    names: Mapping[str, str]
    """The names of all things on the page."""


@dataclass(frozen=True)
class _Said:
    """What the first round gives."""

    outgoing: tuple[Row, ...]
    incoming: tuple[Row, ...]
    assertions: tuple[Assertion, ...]
    types: Mapping[str, str]
    """The most specific class of each assertion."""
    totals: Mapping[str, int]


def read_entity(snapshot: Readable, iri: str, background: Background) -> Entity | None:
    """What a state tells of a thing; None where it tells nothing.

    Raises:
        ValueError: `iri` is not an absolute IRI.
        QueryError: the engine cannot evaluate one of the queries.
    """
    said = _said(snapshot, iri, background)
    if not said.outgoing and not said.incoming:
        return None
    classes = frozenset(term.value for term in values_of(said.outgoing, {RDF_TYPE}))
    readings = background.readings(classes)
    nodes = {each.iri for each in said.assertions}
    citing = [*dict.fromkeys(row[1].value for row in said.incoming if row[1] and row[1].kind == "iri")]
    citing = [each for each in citing if each not in nodes][:_MOST_CITING]
    texts = [reading.of(iri) for reading in readings]
    if citing:
        texts.append(evidence_query(citing, sorted(background.roles.evidence)))
    answers = ask_all(snapshot, texts, most_rows=MOST_ROWS + 1) if texts else []
    profile = answers[: len(readings)]
    cited = _cited(answers[len(readings) :])
    wanted = _things_in(said, profile, cited, background) | {iri}
    names = names_of(snapshot, wanted - nodes, background)
    telling = Telling(iri, background, names, said.assertions, cited)
    sections = tuple(
        section_of(reading, asked, iri, cell=telling.told)
        for reading, asked in zip(readings, profile, strict=True)
        if asked.rows
    )
    return _entity(said, telling, classes, sections)


def _said(snapshot: Readable, iri: str, background: Background) -> _Said:
    links = sorted(background.roles.links)
    texts = [outgoing_query(iri, _MOST_OUTGOING), incoming_query(iri, _MOST_INCOMING)]
    if links:
        texts.append(assertions_query(iri, links, _MOST_ASSERTIONS))
    outgoing, leading, *more = ask_all(snapshot, texts, most_rows=_MOST_ASSERTED)
    asserted = more[0].rows if more else ()
    types: dict[str, set[str]] = {}
    for node, name, value in asserted:
        if node and name and value and name.value == RDF_TYPE:
            types.setdefault(node.value, set()).add(value.value)
    incoming, totals = leading.rows, dict[str, int]()
    if not incoming:  # none, or too many
        incoming, totals = _first_of_each(snapshot, iri)
    return _Said(
        outgoing.rows,
        tuple(row for row in incoming if row[0] and row[0].value != _DEFAULT_VALUE),
        read_assertions(asserted, background),
        {node: next(iter(background.specific(found)), "") for node, found in types.items()},
        totals,
    )


def _first_of_each(snapshot: Readable, iri: str) -> tuple[tuple[Row, ...], dict[str, int]]:
    counted = snapshot.query(incoming_counts_query(iri, _MOST_COUNTED)).rows()
    totals = {name.value: int(count.value) for name, count in counted if name and count}
    if not totals:
        return (), totals
    text = incoming_by_property_query(iri, sorted(totals), _MOST_OF_A_PROPERTY)
    return tuple(snapshot.query(text).rows()), totals


def _cited(answers: Sequence[Asked]) -> dict[str, tuple[str, ...]]:
    cited: dict[str, tuple[str, ...]] = {}
    for asked in answers:
        for node, passage in asked.rows:
            if node and passage and passage.kind == "iri":
                cited[node.value] = (*cited.get(node.value, ()), passage.value)
    return cited


def _things_in(
    said: _Said, profile: Sequence[Asked], cited: Mapping[str, tuple[str, ...]], background: Background
) -> set[str]:
    """All that is shown with a name; graphs only where the catalogue does not tell their standing."""
    graphs = {row[2].value for row in (*said.outgoing, *said.incoming) if row[2]}
    ends = [row[:2] for row in (*said.outgoing, *said.incoming)]
    found = iris_in(ends) | (graphs - background.standings.keys())
    for asked in profile:
        found |= iris_in(asked.rows)
    for passages in cited.values():
        found.update(passages)
    for each in said.assertions:
        found.update(each.passages)
        for name, value in each.remarks:
            found |= {name, *([value.value] if value.kind == "iri" else [])}
    return found


def _entity(said: _Said, telling: Telling, classes: frozenset[str], sections: tuple[Section, ...]) -> Entity:
    iri, background = telling.iri, telling.background
    short = background.short(iri)
    name = telling.names.get(iri) or short
    also = values_of(said.outgoing, _ALSO_NAMING)
    evidence = values_of(said.outgoing, background.roles.evidence)
    outgoing = outgoing_groups(said.outgoing, telling)
    return Entity(
        iri=iri,
        name=name,
        short=short,
        kinds=tuple(
            replace(cell, label=cell.label or words_of(cell.value))
            for cell in telling.cells(background.specific(classes))
        ),
        classes=classes,
        other_names=_texts(telling, [term for term in also if term.value != name]),
        descriptions=_texts(telling, values_of(said.outgoing, _DESCRIBING)),
        passages=telling.cells(term.value for term in evidence if term.kind == "iri"),
        sections=sections,
        outgoing=outgoing,
        incoming=incoming_groups(said.incoming, telling, said.totals),
        assertions=_folded(said, telling),
        external=_external(outgoing, telling),
        names=telling.names,
    )


def _texts(telling: Telling, terms: Sequence[Term]) -> tuple[Cell, ...]:
    """The texts among some terms, each once."""
    cells = [telling.cell(term) for term in terms if term.kind == "literal"]
    return tuple({(cell.value, cell.language): cell for cell in cells}.values())


def _folded(said: _Said, telling: Telling) -> tuple[tuple[str, tuple[Proof, ...]], ...]:
    kinds: dict[str, list[Proof]] = {}
    for each in said.assertions:
        kind = telling.property_name(said.types[each.iri]) if said.types.get(each.iri) else ""
        kinds.setdefault(kind, []).append(telling.proof(each))
    return tuple((kind, tuple(kinds[kind])) for kind in sorted(kinds))


def _external(groups: Sequence[Group], telling: Telling) -> tuple[tuple[str, Cell], ...]:
    known = telling.background.roles.external
    return tuple(
        (group.name, value.cell) for group in groups if group.property.value in known for value in group.values
    )
