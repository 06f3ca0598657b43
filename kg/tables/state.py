"""What the graph says that a table needs: kinds and names of things, and values; read by small queries in batches.

They look into the named graphs, and pass over those with what rules derived: a table shows what somebody said. No
query joins two lists of VALUES: for those the engine reads the whole graph, and for a UNION of patterns its index.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from kg.namespaces import PREFIXES, RDF_TYPE, shortening
from kg.queries import NAMING_PROPERTIES
from kg.sparql import iri_term, string_term
from kg.store import Readable, Term

Ask = Callable[[str], Iterable[Sequence[Term | None]]]

SUBCLASS_OF: Final = f"{PREFIXES['rdfs']}subClassOf"
ALT_LABEL: Final = f"{PREFIXES['skos']}altLabel"
# Every property by which a thing can be found; the last one never names it.
NAMES: Final = (*NAMING_PROPERTIES, ALT_LABEL)
# The languages in which a name is looked up by its index: those of the UN, and none.
LANGUAGES: Final = ("", "en", "ar", "zh", "fr", "ru", "es")
_AT_A_TIME: Final = 200


@dataclass(frozen=True)
class State:
    """The graph that a table is compared with."""

    ask: Ask
    """Rows of the answer to a SELECT query."""
    base: str
    prefixes: Mapping[str, str]
    derived: str
    """The IRI of the graph with what rules derived, or of what the IRIs of several such graphs begin with."""

    @cached_property
    def short(self) -> Callable[[str], str]:
        """Writes an IRI as a prefixed name where a prefix fits, else in angle brackets."""
        return shortening(self.prefixes)

    def values(self, subjects: Iterable[str], properties: Iterable[str]) -> dict[str, dict[str, list[Term]]]:
        """The values of the given properties of the given things, each once and in a fixed order."""
        found: dict[str, dict[str, set[Term]]] = defaultdict(lambda: defaultdict(set))
        asked = ", ".join(_terms(properties))
        for batch in _batches(_terms(subjects)) if asked else ():
            pattern = f"VALUES ?s {{ {batch} }} {self._pattern('?s ?p ?o')} FILTER (?p IN ({asked}))"
            for subject, named, value in self.ask(f"SELECT DISTINCT ?s ?p ?o WHERE {{ {pattern} }}"):
                if subject and named and value:
                    found[subject.value][named.value].add(value)
        return {
            subject: {named: sorted(values, key=order) for named, values in each.items()}
            for subject, each in found.items()
        }

    def having(self, property_iri: str, values: Iterable[str], *, most: int) -> list[str]:
        """The things with one of the given IRIs as value, in the order of their IRIs, at most so many."""
        found: set[str] = set()
        for value in _terms(values):
            pattern = self._pattern(f"?s {iri_term(property_iri)} {value}")
            query = f"SELECT DISTINCT ?s WHERE {{ {pattern} FILTER(isIRI(?s)) }} ORDER BY ?s LIMIT {most}"
            found |= {subject.value for (subject,) in self.ask(query) if subject}
        return sorted(found)[:most]

    def first_having(self, property_iri: str, value: str) -> str:
        """The first of the things with an IRI as value, in the order of their IRIs; empty where there is none.

        The engine finds the least of them much sooner than it puts them in order.
        """
        for term in _terms([value]):
            pattern = self._pattern(f"?s {iri_term(property_iri)} {term}")
            for (found,) in self.ask(f"SELECT (MIN(STR(?s)) AS ?first) WHERE {{ {pattern} FILTER(isIRI(?s)) }}"):
                return found.value if found else ""
        return ""

    def known(self, things: Iterable[str]) -> set[str]:
        """Those of the given IRIs of which any graph says anything."""
        found: set[str] = set()
        for batch in _batches(_terms(things)):
            pattern = f"VALUES ?s {{ {batch} }} FILTER EXISTS {{ GRAPH ?g {{ ?s ?p ?o }} }}"
            found |= {row[0].value for row in self.ask(f"SELECT ?s WHERE {{ {pattern} }}") if row[0]}
        return found

    def named(self, texts: Iterable[str]) -> dict[str, set[str]]:
        """The things that have exactly this name, in any of `LANGUAGES`."""
        found: dict[str, set[str]] = defaultdict(set)
        literals = [string_term(text, language=language) for text in sorted({*texts}) for language in LANGUAGES]
        naming = ", ".join(_terms(NAMES))
        for batch in _batches(literals):
            pattern = f"VALUES ?o {{ {batch} }} {self._pattern('?s ?p ?o')} FILTER (?p IN ({naming}))"
            for thing, name in self.ask(f"SELECT DISTINCT ?s ?o WHERE {{ {pattern} }}"):
                if thing and name and thing.kind == "iri":
                    found[name.value].add(thing.value)
        return found

    def labels(self, things: Iterable[str]) -> dict[str, str]:
        """The name of each thing that has one: by the best property, in English before any other language."""
        return {
            thing: min(
                (NAMES.index(naming), term.language not in ("en", ""), term.language, term.value)
                for naming, terms in each.items()
                for term in terms
            )[-1]
            for thing, each in self.values(things, NAMING_PROPERTIES).items()
        }

    def subclasses(self) -> dict[str, frozenset[str]]:
        """Each class that has narrower ones, with all of them and itself."""
        query = f"SELECT DISTINCT ?s ?o WHERE {{ {self._pattern(f'?s {iri_term(SUBCLASS_OF)} ?o')} }}"
        below: dict[str, set[str]] = defaultdict(set)
        for narrower, wider in self.ask(query):
            if narrower and wider and narrower.kind == wider.kind == "iri":
                below[wider.value].add(narrower.value)
        return {wider: frozenset(_reached(wider, below)) for wider in [*below]}

    def types(self, things: Iterable[str]) -> dict[str, set[str]]:
        """The classes that each thing is said to be of."""
        return {
            thing: {term.value for terms in each.values() for term in terms}
            for thing, each in self.values(things, [RDF_TYPE]).items()
        }

    def _pattern(self, triple: str) -> str:
        return f"GRAPH ?g {{ {triple} }} FILTER (!STRSTARTS(STR(?g), {string_term(self.derived)}))"


def state_of(snapshot: Readable) -> State:
    """The state that a snapshot holds."""
    description = snapshot.description
    return State(
        ask=lambda text: snapshot.query(text).rows(),
        base=description.base,
        prefixes=PREFIXES | dict(description.prefixes),
        derived=f"{description.base}graph/entailed",
    )


def order(term: Term) -> tuple[str, str, str, str]:
    """A fixed order of terms, for sorting."""
    return (term.kind, term.value, term.language, term.datatype)


def _reached(start: str, below: Mapping[str, Iterable[str]]) -> set[str]:
    reached, ahead = {start}, [start]
    while ahead:
        new = {*below.get(ahead.pop(), ())} - reached
        reached |= new
        ahead += new
    return reached


def _terms(iris: Iterable[str]) -> list[str]:
    """The IRIs as terms, each once; what is no IRI is left out, for nothing is said of it."""
    terms: list[str] = []
    for iri in sorted({*iris}):
        try:
            terms.append(iri_term(iri))
        except ValueError:
            continue
    return terms


def _batches(terms: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(terms), _AT_A_TIME):
        yield " ".join(terms[start : start + _AT_A_TIME])
