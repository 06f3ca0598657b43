"""The types and properties that tables can be matched by, as the current state has them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kg.answer import labels_of
from kg.discovery import Ready
from kg.entities import read_background
from kg.namespaces import PREFIXES, RDF_TYPE, shorten
from kg.queries import OWN_PROPERTIES
from kg.reconciliation.names import Spellings
from kg.search import KIND, Search, phrase, search
from kg.store import Readable
from kg.vocabulary import Ontology, read_ontology

_SPELLINGS: Final = "spellings"
_OF_TERMS: Final = frozenset({PREFIXES["owl"], PREFIXES["rdf"], PREFIXES["rdfs"]})


@dataclass(frozen=True)
class SchemaTerm:
    """A type or a property."""

    iri: str
    name: str
    description: str
    uses: int
    """How many things are of it, or how many statements have it."""


@dataclass(frozen=True)
class Schema:
    """What one state has to match by."""

    number: int
    """The snapshot that it is read from."""
    types: Mapping[str, SchemaTerm]
    properties: Mapping[str, SchemaTerm]
    narrower: Mapping[str, frozenset[str]]
    """Of a type, those below it."""
    general: tuple[str, ...]
    """The types that the ontology describes and that are below no other, by how many things there are."""
    ranges: Mapping[str, str]
    """Of a property, the type of its values, where there is just one."""
    domains: Mapping[str, frozenset[str]]
    names: Mapping[str, str]
    """Of each type."""
    spellings: Spellings

    def with_narrower(self, types: Iterable[str]) -> frozenset[str]:
        """Types and all below them."""
        return frozenset(one for wide in types for one in (wide, *self.narrower.get(wide, ())))


def read_schema(snapshot: Readable, ready: Ready) -> Schema:
    """The types of what can be found, all above them, and the properties that are used.

    Raises:
        QueryError: the engine cannot evaluate a query.
    """
    background = read_background(snapshot)
    ontology = read_ontology(snapshot)
    found = search(ready.index, Search("", facets=(KIND,), limit=1)).counts[KIND]
    counts = {kind: count for kind, count in found if not kind.startswith(tuple(_OF_TERMS))}
    above = {wide for kind in counts for wide in background.superclasses.get(kind, ())}
    above = {wide for wide in above if not wide.startswith(tuple(_OF_TERMS))}
    uses = dict.fromkeys(above, 0) | counts
    types = _terms(snapshot, uses, ontology)
    narrower = {
        wide: frozenset(kind for kind in uses if wide in background.superclasses.get(kind, ())) for wide in types
    }
    described = {term.iri for term in ontology.terms}
    own = sorted((kind for kind in counts if kind in described), key=lambda kind: (-counts[kind], kind))
    return Schema(
        number=snapshot.number,
        types=types,
        properties=_terms(snapshot, _used_properties(snapshot), ontology),
        narrower=narrower,
        general=tuple(kind for kind in own if not background.superclasses.get(kind, frozenset()) & counts.keys()),
        ranges={term.iri: term.range[0].iri for term in ontology.terms if len(term.range) == 1},
        domains={term.iri: frozenset(link.iri for link in term.domain) for term in ontology.terms if term.domain},
        names={kind: term.name for kind, term in types.items()},
        spellings=_read_spellings(snapshot, ready),
    )


def suggest_terms(terms: Collection[SchemaTerm], text: str) -> tuple[SchemaTerm, ...]:
    """The terms whose names have words that begin so, or that a text is the IRI of; all by use where it is empty.

    Names that begin so come first, then what is used most.
    """
    wanted = phrase(text)
    if text.strip() and not wanted:
        return ()
    placed = [(place, term) for term in terms if (place := _place(term, text.strip(), wanted)) is not None]
    return tuple(term for _, term in sorted(placed, key=lambda pair: (pair[0], -pair[1].uses, pair[1].iri)))


def _place(term: SchemaTerm, text: str, wanted: str) -> int | None:
    name = phrase(term.name)
    if text == term.iri or name == wanted:
        return 0
    if name.startswith(wanted):
        return 1
    words: Sequence[str] = name.split()
    return 2 if all(any(word.startswith(part) for word in words) for part in wanted.split()) else None


def _terms(snapshot: Readable, uses: Mapping[str, int], ontology: Ontology) -> dict[str, SchemaTerm]:
    own = {term.iri: term for term in ontology.terms}
    labels = labels_of(snapshot, uses)
    prefixes = PREFIXES | snapshot.description.prefixes
    return {
        iri: SchemaTerm(
            iri=iri,
            name=own[iri].label if iri in own else labels.get(iri) or shorten(iri, prefixes) or iri,
            description=own[iri].definition if iri in own else "",
            uses=count,
        )
        for iri, count in uses.items()
    }


def _used_properties(snapshot: Readable) -> dict[str, int]:
    rows = snapshot.query(OWN_PROPERTIES).rows()
    return {term.value: int(uses.value) for term, uses in rows if term and uses and term.value != RDF_TYPE}


def _read_spellings(snapshot: Readable, ready: Ready) -> Spellings:
    text = ready.rules.queries.get(_SPELLINGS)
    if text is None:
        return Spellings()
    rows = [row[:2] for row in snapshot.query(text).rows()]
    pairs = [(phrase(written.value), phrase(same.value)) for written, same in rows if written and same]
    return Spellings({tuple(written.split()): tuple(same.split()) for written, same in pairs if written})
