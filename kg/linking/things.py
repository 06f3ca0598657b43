"""Our things and theirs, each with its names and classes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kg.discovery import read_documents, read_rules, read_things
from kg.linking.targets import Target, paged
from kg.linking.words import ACRONYM, is_acronym, parts_of, writes_in_capitals
from kg.namespaces import PREFIXES
from kg.search import Name
from kg.sparql import iri_term, string_term
from kg.store import Readable, Term

CONCEPT: Final = f"{PREFIXES['skos']}Concept"
_TERMS: Final = frozenset(
    f"{PREFIXES['owl']}{name}" for name in ("Class", "DatatypeProperty", "ObjectProperty", "AnnotationProperty")
)
_THINGS_AT_A_TIME: Final = 100
_MOST_NAME_CHARACTERS: Final = 300

# How each property names its thing.
_ROLES: Final = {
    f"{PREFIXES['skos']}prefLabel": "preferred",
    f"{PREFIXES['rdfs']}label": "preferred",
    f"{PREFIXES['schema']}name": "preferred",
    "http://schema.org/name": "preferred",
    f"{PREFIXES['foaf']}name": "preferred",
    f"{PREFIXES['dcterms']}title": "preferred",
    f"{PREFIXES['skos']}altLabel": "alternative",
    f"{PREFIXES['schema']}alternateName": "alternative",
    "http://schema.org/alternateName": "alternative",
    f"{PREFIXES['skos']}hiddenLabel": "former",
    f"{PREFIXES['skos']}notation": "notation",
}


@dataclass(frozen=True)
class Thing:
    """Something with names."""

    iri: str
    names: tuple[Name, ...]
    """The best first."""
    classes: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        """The name to show; without one the IRI."""
        return self.names[0].text if self.names else self.iri


def our_things(snapshot: Readable, *, kinds: Collection[str] = ()) -> tuple[Thing, ...]:
    """The things of a snapshot that a search finds, without the terms of ontologies; with `kinds` those of a class.

    Raises:
        QueryError: the engine cannot evaluate a query of the content.
    """
    rules = read_rules(snapshot)
    base = snapshot.description.base
    things = (iri for iri in read_things(snapshot, rules) if iri.startswith(base))
    found = [
        Thing(document.iri, _with_brackets(document.names), frozenset(document.kinds))
        for document in read_documents(snapshot, rules, things)
    ]
    return tuple(
        thing for thing in found if not thing.classes & _TERMS and (not kinds or thing.classes & frozenset(kinds))
    )


def wider_classes(snapshot: Readable, classes: Iterable[str]) -> dict[str, frozenset[str]]:
    """For each of some classes all that it is narrower than, or the same as, in other vocabularies too; and itself."""
    found: dict[str, set[str]] = {iri: {iri} for iri in classes}
    for term in _iri_terms(found):
        query = (
            f"PREFIX owl: <{PREFIXES['owl']}> PREFIX rdfs: <{PREFIXES['rdfs']}> SELECT DISTINCT ?class ?wider WHERE "
            f"{{ VALUES ?class {{ {term} }} ?class (rdfs:subClassOf|owl:equivalentClass|^owl:equivalentClass)+ ?wider "
            "FILTER isIRI(?wider) }"
        )
        for one, wider in _pairs(snapshot.query(query).rows()):
            found[one.value].add(wider.value)
    return {iri: frozenset(wider) for iri, wider in found.items()}


def their_things(
    target: Target, *, page: int, most: int, languages: Sequence[str] = ("en",), of_class: str = ""
) -> tuple[tuple[Thing, ...], bool]:
    """The things of a target that have a name in one of some languages, or in none; and whether there may be more.

    At most `most` names are read. The classes are not: `classes_of` asks for them.

    Raises:
        KgError: the target does not answer.
    """
    names: dict[str, list[Name]] = defaultdict(list)
    count = 0
    for thing, naming, name in _triples(paged(target, _names_query(languages, of_class), page=page, most=most)):
        count += 1
        if thing.kind == "iri" and name.kind == "literal" and name.value.strip():
            text = " ".join(name.value.split())[:_MOST_NAME_CHARACTERS]
            names[thing.value].append(Name(text, name.language, _ROLES.get(naming.value, "alternative")))
    capitals = writes_in_capitals([name.text for some in names.values() for name in some])
    things = [
        Thing(iri, tuple(some) if capitals else _with_brackets(_with_acronyms(some))) for iri, some in names.items()
    ]
    return tuple(Thing(thing.iri, _ordered(thing.names)) for thing in things), count >= most


def classes_of(target: Target, iris: Sequence[str], *, page: int) -> dict[str, frozenset[str]]:
    """The classes of some things of a target.

    Raises:
        KgError: the target does not answer.
    """
    found: dict[str, set[str]] = defaultdict(set)
    terms = list(_iri_terms(iris))
    for start in range(0, len(terms), _THINGS_AT_A_TIME):
        some = " ".join(terms[start : start + _THINGS_AT_A_TIME])
        query = f"SELECT ?thing ?class WHERE {{ VALUES ?thing {{ {some} }} ?thing a ?class }} ORDER BY ?thing ?class"
        for thing, kind in _pairs(paged(target, query, page=page, most=20 * _THINGS_AT_A_TIME)):
            found[thing.value].add(kind.value.replace("http://schema.org/", PREFIXES["schema"]))
    return {iri: frozenset(classes) for iri, classes in found.items()}


def _names_query(languages: Sequence[str], of_class: str) -> str:
    of = f"?thing a {iri_term(of_class)} . " if of_class else ""
    tags = ", ".join(string_term(tag) for tag in ("", *languages))
    properties = " ".join(f"<{iri}>" for iri in _ROLES)
    return (
        f"SELECT DISTINCT ?thing ?naming ?name WHERE {{ {of}VALUES ?naming {{ {properties} }} ?thing ?naming ?name "
        f"FILTER (isIRI(?thing) && LCASE(LANG(?name)) IN ({tags})) }} ORDER BY ?thing ?naming ?name"
    )


def _with_acronyms(names: Iterable[Name]) -> list[Name]:
    return [Name(name.text, name.language, ACRONYM if is_acronym(name.text) else name.role) for name in names]


def _with_brackets(names: Iterable[Name]) -> tuple[Name, ...]:
    """The names, and apart from each the acronym in brackets at its end."""
    found: list[Name] = []
    for name in names:
        text, acronym = parts_of(name.text)
        found.append(Name(text, name.language, name.role))
        if acronym:
            found.append(Name(acronym, name.language, ACRONYM))
    return tuple(dict.fromkeys(found))


def _ordered(names: Iterable[Name]) -> tuple[Name, ...]:
    order = ("preferred", "alternative", "former", "notation", ACRONYM)
    return tuple(sorted(names, key=lambda name: (order.index(name.role), not name.language.startswith("en"))))


def _iri_terms(iris: Iterable[str]) -> Iterator[str]:
    for iri in iris:
        try:
            yield iri_term(iri)
        except ValueError:
            continue


def _pairs(rows: Iterable[tuple[Term | None, ...]]) -> Iterator[tuple[Term, Term]]:
    for one, other in rows:
        if one and other:
            yield one, other


def _triples(rows: Iterable[tuple[Term | None, ...]]) -> Iterator[tuple[Term, Term, Term]]:
    for one, other, third in rows:
        if one and other and third:
            yield one, other, third


Wider = Mapping[str, frozenset[str]]
"""Class -> what it is narrower than or the same as, and itself."""
