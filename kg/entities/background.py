"""What every page about a thing needs to know of a state: its terms, the standing of its graphs, what carries evidence.

None of it is written down here: which property is the subject of a statement, or cites a source, is read from how the
ontology relates its terms to public ones.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from kg.namespaces import DCTERMS_SOURCE, PREFIXES, shortening
from kg.queries import StoredQuery, bind_parameters
from kg.queries.entity import RELATIONS, STANDINGS, TERMS
from kg.sparql import iri_term, tokenize, without_comments
from kg.store import Readable

_RDF: Final = PREFIXES["rdf"]
_RDFS: Final = PREFIXES["rdfs"]
_OWL: Final = PREFIXES["owl"]
_SKOS: Final = PREFIXES["skos"]
_SCHEMA: Final = PREFIXES["schema"]

_SUB_CLASS: Final = f"{_RDFS}subClassOf"
_SUB_PROPERTY: Final = f"{_RDFS}subPropertyOf"
_DOMAIN: Final = f"{_RDFS}domain"
_RANGE: Final = f"{_RDFS}range"
_INVERSE: Final = f"{_OWL}inverseOf"
_SAME: Final = (f"{_OWL}equivalentClass", f"{_OWL}equivalentProperty", f"{_SKOS}exactMatch", f"{_SKOS}closeMatch")
_ABOVE: Final = (_SUB_CLASS, _SUB_PROPERTY)
# A thing of another place that is the same, or near; or a page about it.
_EXTERNAL: Final = (
    f"{_OWL}sameAs",
    f"{_SKOS}mappingRelation",
    *(f"{_SKOS}{kind}Match" for kind in ("exact", "close", "broad", "narrow", "related")),
    f"{_SCHEMA}sameAs",
    f"{_SCHEMA}url",
    f"{PREFIXES['foaf']}homepage",
    f"{PREFIXES['foaf']}page",
    f"{_RDFS}seeAlso",
    f"{PREFIXES['dcterms']}identifier",
)
_ANYTHING: Final = "urn:kg:thing"
"""What stands for the thing in a stored query until it is known."""


@dataclass(frozen=True)
class Reading:
    """A stored query, ready to be asked of any thing."""

    stored: StoredQuery
    template: str
    bare: str
    """The same without comments, which is sooner understood."""

    def of(self, *iris: str) -> str:
        """What is asked of a thing, or of several at once."""
        return self.bare.replace(iri_term(_ANYTHING), " ".join(iri_term(iri) for iri in iris))

    def shown(self, iri: str) -> str:
        """Its whole text for a thing, for people."""
        return self.template.replace(iri_term(_ANYTHING), iri_term(iri))


@dataclass(frozen=True)
class Roles:
    """Which properties carry statements about statements."""

    subject: frozenset[str] = frozenset()
    predicate: frozenset[str] = frozenset()
    object: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()
    """Those that lead from an assertion to what it is about."""
    evidence: frozenset[str] = frozenset()
    """Those that lead to a source, or to a place in one."""
    external: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Background:
    """What is known of a state before a thing is looked at."""

    labels: Mapping[str, str]
    """The name of each class and property."""
    superclasses: Mapping[str, frozenset[str]]
    """All that a class specialises, itself left out."""
    matches: Mapping[str, frozenset[str]]
    """Of a class or property, those that it is, specialises, or stands close to."""
    inverses: Mapping[str, frozenset[str]]
    """Of a property, those that are it read in the other direction."""
    standings: Mapping[str, tuple[str, ...]]
    """Of a graph, what the catalogue calls it, such as stated or inferred."""
    roles: Roles
    pages: tuple[Reading, ...] = ()
    names: tuple[Reading, ...] = ()
    """What gives names to things that have none of their own."""
    prefixes: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def short(self) -> Callable[[str], str]:
        """What gives the prefixed name of an IRI."""
        return shortening(self.prefixes)

    def specific(self, classes: Collection[str]) -> tuple[str, ...]:
        """Those of some classes that no other specialises, by their names; where some have one, only those."""
        above = frozenset[str]().union(*(self.superclasses.get(each, frozenset()) for each in classes))
        kept = [each for each in classes if each not in above]
        named = [each for each in kept if each in self.labels]
        return tuple(sorted(named or kept, key=lambda iri: (self.labels.get(iri, ""), iri)))

    def readings(self, classes: Collection[str]) -> tuple[Reading, ...]:
        """What the page about a thing of these classes is made of, in its order."""
        reached = set(classes).union(*(self.superclasses.get(each, frozenset()) for each in classes))
        return tuple(reading for reading in self.pages if not reached.isdisjoint(reading.stored.about))


def read_background(
    snapshot: Readable,
    *,
    pages: Sequence[StoredQuery] = (),
    names: Sequence[StoredQuery] = (),
    known: Background | None = None,
) -> Background:
    """What is known of a state; reads its ontology and catalogue once.

    Of the stored queries, those that are the same in what is `known` of another state are not prepared again.

    Raises:
        QueryError: the engine cannot evaluate it.
    """
    labels: dict[str, str] = {}
    for term, label, _ in sorted(_pairs(snapshot, TERMS), key=lambda pair: (not pair[2].startswith("en"), pair[1])):
        labels.setdefault(term, label)
    related: dict[str, dict[str, set[str]]] = {}
    for row in snapshot.query(RELATIONS).rows():
        term, relation, other = (each.value if each else "" for each in row)
        related.setdefault(relation, {}).setdefault(term, set()).add(other)
    standings: dict[str, tuple[str, ...]] = {}
    for graph, word, _ in _pairs(snapshot, STANDINGS):
        standings[graph] = (*standings.get(graph, ()), word)
    superclasses = _closure(related.get(_SUB_CLASS, {}))
    matches = _closure(_merged(related, (*_ABOVE, *_SAME)))
    return Background(
        labels=labels,
        superclasses=superclasses,
        matches=matches,
        inverses=_both_ways(related.get(_INVERSE, {})),
        standings=standings,
        roles=_roles(related, matches, superclasses),
        pages=_readings(pages, known.pages if known else ()),
        names=_readings(names, known.names if known else ()),
        prefixes=PREFIXES | snapshot.description.prefixes,
    )


def _pairs(snapshot: Readable, query: str) -> Iterator[tuple[str, str, str]]:
    """The rows of two columns: a thing, a text, and the language of the text."""
    for first, second in snapshot.query(query).rows():
        if first and second:
            yield first.value, second.value, second.language


def _readings(stored: Sequence[StoredQuery], known: Sequence[Reading]) -> tuple[Reading, ...]:
    ready = {id(reading.stored): reading for reading in known}
    return tuple(ready.get(id(each)) or _reading(each) for each in stored)


def _reading(stored: StoredQuery) -> Reading:
    [parameter] = stored.parameters
    template = bind_parameters(stored, {parameter.name: _ANYTHING})
    return Reading(stored, template, without_comments(tokenize(template)).strip())


def _roles(
    related: Mapping[str, Mapping[str, set[str]]],
    matches: Mapping[str, frozenset[str]],
    superclasses: Mapping[str, frozenset[str]],
) -> Roles:
    subject, predicate, object_ = (_meaning(matches, f"{_RDF}{part}") for part in ("subject", "predicate", "object"))
    statements = _meaning(matches, f"{_RDF}Statement")
    # What is above the class of statements is a way to assert too, and so is all below that.
    above = statements.union(*(superclasses.get(each, frozenset()) for each in statements))
    assertions = above.union(each for each, wider in superclasses.items() if wider & above)
    domains, ranges = related.get(_DOMAIN, {}), related.get(_RANGE, {})
    anywhere = {each for each, domain in domains.items() if domain & assertions and each not in ranges}
    # A property that cites a source cites it for whatever it is used of.
    evidence = _below(related, DCTERMS_SOURCE)
    links = frozenset(subject | object_ | anywhere) - predicate - evidence
    external = frozenset[str]().union(*(_below(related, each) for each in _EXTERNAL))
    return Roles(subject, predicate, object_, links, evidence, external)


def _below(related: Mapping[str, Mapping[str, set[str]]], property_iri: str) -> frozenset[str]:
    above = _closure(related.get(_SUB_PROPERTY, {}))
    return frozenset({property_iri, *(each for each, wider in above.items() if property_iri in wider)})


def _meaning(matches: Mapping[str, frozenset[str]], public: str) -> frozenset[str]:
    """The terms that mean what a public one means, and that one."""
    return frozenset({public, *(each for each, met in matches.items() if public in met)})


def _merged(related: Mapping[str, Mapping[str, set[str]]], relations: Collection[str]) -> dict[str, set[str]]:
    merged: dict[str, set[str]] = {}
    for relation in relations:
        for term, others in related.get(relation, {}).items():
            merged.setdefault(term, set()).update(others)
    return merged


def _both_ways(direct: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    both: dict[str, frozenset[str]] = {}
    for one, others in direct.items():
        for other in others:
            both[one] = both.get(one, frozenset()) | {other}
            both[other] = both.get(other, frozenset()) | {one}
    return both


def _closure(direct: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    """All that can be reached from each, itself left out."""
    closed: dict[str, frozenset[str]] = {}
    for start in direct:
        reached: set[str] = set()
        waiting = [*direct[start]]
        while waiting:
            found = waiting.pop()
            if found not in reached:
                reached.add(found)
                waiting.extend(direct.get(found, ()))
        closed[start] = frozenset(reached - {start})
    return closed
