"""Documents for the index, read from a snapshot by the stored queries of the group `search`."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import isfinite
from typing import Final

from kg.discovery.defaults import DEFAULTS
from kg.queries import SEARCH, STORED
from kg.queries.searches import COLUMNS, of_things
from kg.search.documents import KIND, Document, Name, bounded
from kg.sources import outside_reference
from kg.sparql import iri_term
from kg.store import Changeset, Readable, Term

# So many things are read at a time: a worker is soon free again, and so is this process.
_THINGS_AT_A_TIME: Final = 200
_THINGS_A_PAGE: Final = 50_000
_CHANGED_AT_A_TIME: Final = 500

_DESCRIPTION: Final = "description"
"""The role of a text that tells what a thing is; others are remarks."""
_FACET_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
# The subject of an N-Quads statement, its property, and its object where that is an IRI.
_STATEMENT: Final = re.compile(r"<([^>]*)> <([^>]*)> (?:<([^>]*)>)?")
_TYPE: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


@dataclass(frozen=True)
class Facet:
    """By what findings can be narrowed."""

    name: str
    label: str


@dataclass(frozen=True)
class Rules:
    """What is in a document, as the content of a snapshot says it."""

    queries: Mapping[str, str]
    """Name of a query of the group `search` -> its text."""
    facets: tuple[Facet, ...]
    """In the order in which they are shown."""

    @property
    def digest(self) -> str:
        """Equal rules have equal digests."""
        told = repr((sorted(self.queries.items()), self.facets))
        return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


def read_rules(snapshot: Readable) -> Rules:
    """The rules that were published with a snapshot; what they leave open is as in `DEFAULTS`.

    Raises:
        QueryError: the engine cannot evaluate a query.
    """
    own = {
        identifier.value.removeprefix(f"{SEARCH}/"): text.value
        for identifier, text in snapshot.query(STORED).rows()
        if identifier and text and identifier.value.startswith(f"{SEARCH}/")
    }
    queries = DEFAULTS | {name: text for name, text in own.items() if name in COLUMNS}
    rows = _rows(snapshot, queries["facet-names"], columns=2)
    facets = tuple(Facet(name.value, label.value) for name, label in rows if _FACET_NAME.fullmatch(name.value))
    return Rules(queries, facets)


def read_things(snapshot: Readable, rules: Rules, among: Iterable[str] | None = None) -> Iterator[str]:
    """The IRIs of the things that are found by a search, in their order; with `among` those of them that are.

    Raises:
        QueryError: the engine cannot evaluate a query.
    """
    if among is not None:
        for some in _slices(sorted(set(among)), _THINGS_AT_A_TIME):
            yield from (
                thing.value for (thing,) in _rows(snapshot, of_things(rules.queries["things"], some), columns=1)
            )
        return
    text = of_things(rules.queries["things"])
    offset = 0
    while True:
        page = f"{text}\nLIMIT {_THINGS_A_PAGE} OFFSET {offset}"
        things = [thing for (thing,) in _rows(snapshot, page, columns=1)]
        yield from (thing.value for thing in things if thing.kind == "iri")
        if len(things) < _THINGS_A_PAGE:
            return
        offset += _THINGS_A_PAGE


def read_documents(snapshot: Readable, rules: Rules, things: Iterable[str]) -> Iterator[Document]:
    """The document of each of some things, in their order.

    Raises:
        QueryError: the engine cannot evaluate a query.
    """
    for some in _slices(things, _THINGS_AT_A_TIME):
        yield from _documents(snapshot, rules, some)


def affected_things(snapshot: Readable, changes: Changeset) -> set[str]:
    """The things whose documents may be others after a change: those it is about, and those around them.

    A document may depend on what is said of things two statements away, in either direction; but for the classes of
    a thing, of which only their own place among classes may count.

    Raises:
        QueryError: the engine cannot evaluate a query.
    """
    found = [match.groups() for line in (*changes.added, *changes.removed) if (match := _STATEMENT.match(line))]
    changed = {subject for subject, _, _ in found}
    affected = changed | {value for _, _, value in found if value}
    for some in _slices(sorted(changed), _CHANGED_AT_A_TIME):
        affected |= {thing.value for (thing,) in _rows(snapshot, _around(some), columns=1)}
    return affected


def _around(things: Sequence[str]) -> str:
    """A query for what is linked to some things, and what to that, and what that is linked to in turn."""
    values = f"VALUES ?changed {{ {' '.join(_terms(things))} }}"
    one, other = outside_reference("g1"), outside_reference("g2")
    near = f"{values} GRAPH ?g1 {{ ?near ?link ?changed }} {one} FILTER (?link != <{_TYPE}>)"
    return (
        "SELECT DISTINCT ?thing WHERE {\n"
        f"  {{ {values} GRAPH ?g1 {{ ?changed ?p ?thing }} {one} FILTER (?p != <{_TYPE}>) }}\n"
        f"  UNION {{ {values} GRAPH ?g1 {{ ?thing ?p ?changed }} {one} }}\n"
        f"  UNION {{ {near} GRAPH ?g2 {{ ?thing ?p ?near }} {other} FILTER (?p != <{_TYPE}>) }}\n"
        f"  UNION {{ {near} GRAPH ?g2 {{ ?near ?p ?thing }} {other} FILTER (?p != <{_TYPE}>) }}\n"
        "  FILTER isIRI(?thing)\n}"
    )


def _documents(snapshot: Readable, rules: Rules, things: Sequence[str]) -> Iterator[Document]:
    names: dict[str, list[Name]] = defaultdict(list)
    for thing, text, role in _about(snapshot, rules, "names", things):
        names[thing.value].append(Name(text.value, text.language, role.value))
    texts: dict[str, dict[bool, list[str]]] = defaultdict(lambda: {True: [], False: []})
    for thing, text, role in _about(snapshot, rules, "descriptions", things):
        texts[thing.value][role.value == _DESCRIPTION].append(text.value)
    kinds = _values(snapshot, rules, "kinds", things)
    dates = _values(snapshot, rules, "dates", things)
    weights = _values(snapshot, rules, "weights", things)
    facets: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    known = {facet.name for facet in rules.facets} - {KIND}
    for thing, facet, value in _about(snapshot, rules, "facets", things):
        if facet.value in known:
            facets[thing.value][facet.value].append(value.value)
    for thing_iri in things:
        yield bounded(
            Document(
                iri=thing_iri,
                kinds=tuple(kinds[thing_iri]),
                names=tuple(names[thing_iri]),
                descriptions=tuple(texts[thing_iri][True]),
                remarks=tuple(texts[thing_iri][False]),
                dates=tuple(dates[thing_iri]),
                facets={name: tuple(values) for name, values in facets[thing_iri].items()},
                weight=_number(weights.get(thing_iri, ())),
            )
        )


def _values(snapshot: Readable, rules: Rules, name: str, things: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for thing, value in _about(snapshot, rules, name, things):
        found[thing.value].append(value.value)
    return found


def _number(texts: Sequence[str]) -> float:
    """The number in the first of some texts; 1 where there is none."""
    try:
        number = float(texts[0]) if texts else 1.0
    except ValueError:
        return 1.0
    return number if isfinite(number) else 1.0


def _about(snapshot: Readable, rules: Rules, name: str, things: Sequence[str]) -> Iterator[tuple[Term, ...]]:
    """The rows about some things of a query of the group; none where there is no such query."""
    text = rules.queries.get(name)
    if text is not None:
        yield from _rows(snapshot, of_things(text, things), columns=len(COLUMNS[name]))


def _rows(snapshot: Readable, text: str, *, columns: int) -> Iterator[tuple[Term, ...]]:
    """The first columns of the rows that have a value in each of them."""
    for row in snapshot.query(text).rows():
        found = tuple(term for term in row[:columns] if term)
        if len(found) == columns:
            yield found


def _slices(things: Iterable[str], size: int) -> Iterator[tuple[str, ...]]:
    """The things in their order, so many at a time."""
    rest = iter(things)
    while some := tuple(islice(rest, size)):
        yield some


def _terms(iris: Iterable[str]) -> Iterator[str]:
    for iri in iris:
        try:
            yield iri_term(iri)
        except ValueError:
            continue
