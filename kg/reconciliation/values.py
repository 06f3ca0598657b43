"""Values of properties: read from a state, and compared with what somebody gives for them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from kg.namespaces import PREFIXES
from kg.reconciliation.names import Spellings, read_written
from kg.reconciliation.queries import Given, Wanted
from kg.search import Index, with_names
from kg.sources import outside_reference
from kg.sparql import iri_term, string_term
from kg.store import Readable, Term

Values = Mapping[tuple[str, str], tuple[Term, ...]]
"""Of a thing and a property, by their IRIs."""

SAME: Final = 1.0
IN_PART: Final = 0.5
"""A date that is known less precisely than it is given."""
OTHER: Final = 0.0

_XSD: Final = PREFIXES["xsd"]
_NUMERIC: Final = frozenset(f"{_XSD}{name}" for name in ("integer", "decimal", "double", "float"))
_DATE: Final = re.compile(r"-?[0-9]{4,}(-[0-9]{2}(-[0-9]{2})?)?(T[0-9:.]+)?(Z|[+-][0-9]{2}:[0-9]{2})?")
_MIDNIGHT: Final = re.compile(r"T00:00(:00(\.0+)?)?(Z|[+-]00:00)?$")
_DATATYPES: Final = ("date", "gYear", "gYearMonth", "integer")
_LANGUAGES: Final = ("en", "fr", "es", "ru", "ar", "zh")
_DAY_CHARACTERS: Final = 10
_MOST_NAMESAKES: Final = 5
_MOST_THINGS: Final = 50


def read_values(snapshot: Readable, things: Iterable[str], properties: Iterable[str]) -> Values:
    """All values of some properties of some things, in the order of their texts; what is no IRI has none.

    Raises:
        QueryError: the engine cannot evaluate the query.
    """
    subjects, predicates = _terms(things), _terms(properties)
    if not subjects or not predicates:
        return {}
    text = (
        "SELECT DISTINCT ?thing ?property ?value WHERE {\n"
        f"  VALUES ?thing {{ {' '.join(subjects)} }}\n  VALUES ?property {{ {' '.join(predicates)} }}\n"
        f"  GRAPH ?graph {{ ?thing ?property ?value }} {outside_reference('graph')}\n}}\n"
        "ORDER BY ?thing ?property STR(?value)"
    )
    found: dict[tuple[str, str], tuple[Term, ...]] = {}
    for thing, name, value in snapshot.query(text).rows():
        if thing and name and value and value.kind in ("iri", "literal"):
            key = (thing.value, name.value)
            found[key] = (*found.get(key, ()), value)
    return found


def things_with(snapshot: Readable, index: Index, wanted: Collection[Wanted], spellings: Spellings) -> tuple[str, ...]:
    """Things that have one of the values of some properties just as they are given; at most 50.

    Raises:
        QueryError: the engine cannot evaluate the query.
    """
    rows = [
        f"({property_term} {value})"
        for each in wanted
        for property_term in _terms([each.property])
        for given in each.values
        for value in _forms(given, index, spellings)
    ]
    if not rows:
        return ()
    text = (
        f"SELECT DISTINCT ?thing WHERE {{\n  VALUES (?property ?value) {{ {' '.join(rows)} }}\n"
        f"  GRAPH ?graph {{ ?thing ?property ?value }} {outside_reference('graph')}\n"
        f"  FILTER isIRI(?thing)\n}}\nLIMIT {_MOST_THINGS}"
    )
    return tuple(sorted(thing.value for (thing,) in snapshot.query(text).rows() if thing))


def agreement(wanted: Wanted, values: Collection[Term], index: Index, spellings: Spellings) -> float | None:
    """How far what is given agrees with what is known: 1 the same, 0.5 in part, 0 something else; None: not known."""
    if not values:
        return None
    return max(
        (_agreement(given, value, index, spellings) for given in wanted.values for value in values), default=OTHER
    )


def _agreement(given: Given, value: Term, index: Index, spellings: Spellings) -> float:
    if value.kind == "iri":
        if value.value in (given.iri, given.text):
            return SAME
        document = None if given.iri else index.document(value.value)
        names = document.names if document else ()
        wanted = read_written(given.text, spellings).compared
        return (
            SAME if wanted and any(read_written(each.text, spellings).compared == wanted for each in names) else OTHER
        )
    text, known = given.text.strip(), value.value
    if text == known:
        return SAME
    if _DATE.fullmatch(known):
        return _date_agreement(text, known)
    if value.datatype in _NUMERIC:
        return SAME if _number(text) == _number(known) is not None else OTHER
    wanted = read_written(text, spellings).compared
    return SAME if wanted and wanted == read_written(known, spellings).compared else OTHER


def _date_agreement(text: str, known: str) -> float:
    if not _DATE.fullmatch(text):
        return OTHER
    # Tables have days as the midnight with which they begin.
    if _MIDNIGHT.search(text) and "T" not in known:
        text = text[:_DAY_CHARACTERS]
    if known.startswith(text):
        return SAME
    return IN_PART if text.startswith((known, known[:_DAY_CHARACTERS])) else OTHER


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _forms(given: Given, index: Index, spellings: Spellings) -> list[str]:
    """The terms that a value may be written as in the graph: a thing, or a literal of one of several datatypes."""
    if given.iri:
        return _terms([given.iri])
    forms = [string_term(given.text), *(string_term(given.text, language=language) for language in _LANGUAGES)]
    if _DATE.fullmatch(given.text):
        forms += [string_term(given.text, datatype=_XSD + name) for name in _DATATYPES]
    phrases = spellings.variants(read_written(given.text, spellings).words)
    named = with_names(index, phrases, limit=_MOST_NAMESAKES)
    return [*forms, *_terms([given.text, *(document.iri for document in named)])]


def _terms(iris: Iterable[str]) -> list[str]:
    terms = []
    for iri in dict.fromkeys(iris):
        try:
            terms.append(iri_term(iri))
        except ValueError:
            continue
    return terms
