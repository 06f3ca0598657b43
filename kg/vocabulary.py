"""What the terms of the content mean: the classes and properties of its ontology, and its concept schemes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kg.namespaces import PREFIXES, shortening
from kg.queries import SCHEMES, USES, ontology_statements
from kg.store import Readable, Term

CLASS: Final = "class"
OBJECT_PROPERTY: Final = "object property"
DATA_PROPERTY: Final = "data property"
ANNOTATION_PROPERTY: Final = "annotation property"

_OWL: Final = PREFIXES["owl"]
_RDF: Final = PREFIXES["rdf"]
_RDFS: Final = PREFIXES["rdfs"]
_SKOS: Final = PREFIXES["skos"]
_DCTERMS: Final = PREFIXES["dcterms"]
_TYPE: Final = f"{_RDF}type"
_LABEL: Final = f"{_RDFS}label"
# Later rows go before earlier ones where a term is declared as several.
_KINDS: Final = {
    f"{_RDF}Property": ANNOTATION_PROPERTY,
    f"{_OWL}AnnotationProperty": ANNOTATION_PROPERTY,
    f"{_OWL}DatatypeProperty": DATA_PROPERTY,
    f"{_OWL}ObjectProperty": OBJECT_PROPERTY,
    f"{_OWL}Class": CLASS,
}
_BROADER: Final = (f"{_RDFS}subClassOf", f"{_RDFS}subPropertyOf")
_ALIGNED: Final = {
    f"{_RDFS}subClassOf": "narrower than",
    f"{_RDFS}subPropertyOf": "narrower than",
    f"{_OWL}equivalentClass": "the same as",
    f"{_OWL}equivalentProperty": "the same as",
    f"{_SKOS}exactMatch": "the same notion as",
    f"{_SKOS}closeMatch": "close to",
    f"{_SKOS}relatedMatch": "related to",
    f"{_SKOS}broadMatch": "narrower than",
    f"{_RDFS}seeAlso": "see also",
}
RELATIONS: Final = frozenset(_ALIGNED.values())
"""How terms relate to those of public vocabularies, in words."""


@dataclass(frozen=True)
class Link:
    """A term that another term leads to."""

    iri: str
    name: str
    """Its label; of a foreign term its prefixed name."""
    own: bool
    """Whether this vocabulary describes it."""
    relation: str = ""

    @property
    def anchor(self) -> str:
        """Where a page that tells of all terms tells of it."""
        return _local(self.iri)


@dataclass(frozen=True)
class VocabularyTerm:
    """A class or property."""

    iri: str
    name: str
    """The last part of its IRI, by which it is found on a page."""
    kind: str
    label: str
    definition: str
    note: str
    examples: tuple[str, ...]
    broader: tuple[Link, ...]
    """Its own superclasses or superproperties."""
    narrower: tuple[Link, ...]
    domain: tuple[Link, ...]
    range: tuple[Link, ...]
    inverse: tuple[Link, ...]
    aligned: tuple[Link, ...]
    """Terms of public vocabularies, and how it relates to them."""
    uses: int
    """How many things are of the class, or have the property."""


@dataclass(frozen=True)
class Ontology:
    """An ontology as it stands in one snapshot."""

    iri: str
    title: str
    description: str
    version: str
    version_iri: str
    prior: tuple[str, ...]
    """The IRIs of the versions before it, where it tells them."""
    modified: str
    licence: str
    terms: tuple[VocabularyTerm, ...]
    """By kind, then in alphabetical order."""

    def of_kind(self, kind: str) -> tuple[VocabularyTerm, ...]:
        """The terms of one kind."""
        return tuple(term for term in self.terms if term.kind == kind)


@dataclass(frozen=True)
class Scheme:
    """A concept scheme."""

    iri: str
    label: str
    description: str
    concepts: int


Said = Mapping[str, Mapping[str, Sequence[Term]]]


def ontology_graph(snapshot: Readable) -> str:
    """The IRI of the graph that the ontology stands in."""
    return f"{snapshot.description.base}graph/ontology"


def read_ontology(snapshot: Readable) -> Ontology:
    """The ontology of a snapshot, as its own graph tells of it.

    Raises:
        QueryError: the engine cannot evaluate it.
    """
    said = _said(snapshot, ontology_graph(snapshot))
    uses = {row[0].value: int(row[1].value) for row in snapshot.query(USES).rows() if row[0] and row[1]}
    short = shortening(PREFIXES | snapshot.description.prefixes)
    kinds = {iri: kind for iri in said if (kind := _kind(said[iri]))}
    # What is only aligned to has no name here.
    own = {iri for iri in kinds if iri.startswith(snapshot.description.base) and _text(said, iri, _LABEL)}
    names = {iri: _text(said, iri, _LABEL) for iri in own}
    about = _Reading(said, names, own, _leading(said, own), short)
    order = [CLASS, OBJECT_PROPERTY, DATA_PROPERTY, ANNOTATION_PROPERTY]
    terms = [_term(iri, kinds[iri], about, uses=uses.get(iri, 0)) for iri in own]
    ontology = next((iri for iri in said if f"{_OWL}Ontology" in _values(said, iri, _TYPE)), "")
    return Ontology(
        iri=ontology,
        title=_text(said, ontology, f"{_DCTERMS}title") or _text(said, ontology, _LABEL),
        description=_text(said, ontology, f"{_DCTERMS}description"),
        version=_text(said, ontology, f"{_OWL}versionInfo"),
        version_iri=next(iter(_values(said, ontology, f"{_OWL}versionIRI")), ""),
        prior=tuple(sorted(_values(said, ontology, f"{_OWL}priorVersion"))),
        modified=_text(said, ontology, f"{_DCTERMS}modified"),
        licence=_text(said, ontology, f"{_DCTERMS}license"),
        terms=tuple(sorted(terms, key=lambda term: (order.index(term.kind), term.label.casefold(), term.iri))),
    )


def read_schemes(snapshot: Readable) -> tuple[Scheme, ...]:
    """The concept schemes of a snapshot, by name.

    Raises:
        QueryError: the engine cannot evaluate it.
    """
    return tuple(
        Scheme(scheme.value, label.value, description.value if description else "", int(concepts.value))
        for scheme, label, description, concepts in snapshot.query(SCHEMES).rows()
        if scheme and label and concepts
    )


@dataclass(frozen=True)
class _Reading:
    """What one reading of an ontology goes by."""

    said: Said
    names: Mapping[str, str]
    own: set[str]
    leading: Mapping[tuple[str, str], Sequence[str]]
    """Property and value -> the own terms that have it."""
    short: Callable[[str], str]

    def links(self, iris: Iterable[str], relation: str = "") -> tuple[Link, ...]:
        """Links to terms, by name."""
        found = [Link(iri, self.names.get(iri) or self.short(iri), iri in self.own, relation) for iri in {*iris}]
        return tuple(sorted(found, key=lambda link: (not link.own, link.name.casefold(), link.iri)))

    def leading_to(self, iri: str, properties: Sequence[str]) -> list[str]:
        """The own terms that name this one as the value of a property."""
        return [other for name in properties for other in self.leading.get((name, iri), ())]


def _leading(said: Said, own: Iterable[str]) -> dict[tuple[str, str], list[str]]:
    leading: dict[tuple[str, str], list[str]] = {}
    for iri in own:
        for name in (*_BROADER, f"{_OWL}inverseOf"):
            for value in _values(said, iri, name):
                leading.setdefault((name, value), []).append(iri)
    return leading


def _term(iri: str, kind: str, about: _Reading, *, uses: int) -> VocabularyTerm:
    said = about.said
    broader = [value for name in _BROADER for value in _values(said, iri, name) if value in about.own]
    inverses = [*_values(said, iri, f"{_OWL}inverseOf"), *about.leading_to(iri, [f"{_OWL}inverseOf"])]
    aligned = [
        link
        for name, relation in _ALIGNED.items()
        for link in about.links((value for value in _values(said, iri, name) if value not in about.own), relation)
    ]
    return VocabularyTerm(
        iri=iri,
        name=_local(iri),
        kind=kind,
        label=about.names[iri],
        definition=_text(said, iri, f"{_SKOS}definition") or _text(said, iri, f"{_RDFS}comment"),
        note=_text(said, iri, f"{_SKOS}scopeNote"),
        examples=tuple(term.value for term in said[iri].get(f"{_SKOS}example", ())),
        broader=about.links(broader),
        narrower=about.links(about.leading_to(iri, _BROADER)),
        domain=about.links(_values(said, iri, f"{_RDFS}domain")),
        range=about.links(_values(said, iri, f"{_RDFS}range")),
        inverse=about.links(inverses),
        aligned=tuple(aligned),
        uses=uses,
    )


def _local(iri: str) -> str:
    return iri.rpartition("#")[2].rpartition("/")[2]


def _said(snapshot: Readable, graph: str) -> Said:
    said: dict[str, dict[str, list[Term]]] = {}
    for term, name, value in snapshot.query(ontology_statements(graph)).rows():
        if term and name and value:
            said.setdefault(term.value, {}).setdefault(name.value, []).append(value)
    return said


def _kind(said: Mapping[str, Sequence[Term]]) -> str:
    types = {value.value for value in said.get(_TYPE, ())}
    return next((kind for name, kind in reversed(_KINDS.items()) if name in types), "")


def _values(said: Said, iri: str, name: str) -> list[str]:
    return [value.value for value in said.get(iri, {}).get(name, ()) if value.kind == "iri"]


def _text(said: Said, iri: str, name: str) -> str:
    """A text, in English where there is one."""
    texts = said.get(iri, {}).get(name, ())
    return min(((not text.language.startswith("en"), text.value) for text in texts), default=(True, ""))[1]
