"""The known terms nearest to one that the graph does not hold: by its last part, or by its name."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import SequenceMatcher
from typing import Final

from kg.answer import labels_of
from kg.namespaces import PREFIXES, namespace_of, shorten
from kg.queries import NAMING_PROPERTIES
from kg.sparql import iri_term, string_term
from kg.store import Readable, Term

MOST_CHARACTERS: Final = 300
"""Of a literal that is compared."""
_MOST_CANDIDATES: Final = 2000
_NEAR: Final = 0.6
"""The least likeness of two names that are shown as near, as `difflib` measures it; its own default."""
_NEAR_ELSEWHERE: Final = 0.85
"""The same for a name of another namespace."""
_XSD_STRING: Final = f"{PREFIXES['xsd']}string"

_VALUES_OF: Final = (
    "SELECT DISTINCT ?value WHERE {{ GRAPH ?graph {{ ?s {predicate} ?value }} FILTER (isLiteral(?value)) }}"
    f" LIMIT {_MOST_CANDIDATES}"
)
_VOCABULARY: Final = f"""
PREFIX owl: <{PREFIXES["owl"]}>
PREFIX rdf: <{PREFIXES["rdf"]}>
PREFIX rdfs: <{PREFIXES["rdfs"]}>
SELECT DISTINCT ?term WHERE {{
  {{
    VALUES ?kind {{
      owl:Class rdfs:Class rdf:Property owl:ObjectProperty owl:DatatypeProperty owl:AnnotationProperty
    }}
    GRAPH ?graph {{ ?term a ?kind }}
  }} UNION {{
    SELECT ?term WHERE {{ GRAPH ?graph {{ ?s ?term ?o }} }}
    LIMIT 100000
  }}
  FILTER (isIRI(?term))
}}
LIMIT {_MOST_CANDIDATES}
"""
_THINGS: Final = """
SELECT DISTINCT ?term WHERE {{
  VALUES ?naming {{ {naming} }}
  GRAPH ?graph {{ ?term ?naming ?name }}
  FILTER (isIRI(?term) && STRSTARTS(STR(?term), {namespace}))
}}
LIMIT {most}
"""


def named_things(snapshot: Readable, namespace: str) -> list[str]:
    """The IRIs of a namespace that have a name, ordered; at most 2,000."""
    naming = " ".join(iri_term(iri) for iri in NAMING_PROPERTIES)
    text = _THINGS.format(naming=naming, namespace=string_term(namespace), most=_MOST_CANDIDATES)
    return sorted(row[0].value for row in snapshot.query(text).rows() if row[0])


def nearest_value(snapshot: Readable, wanted: Term, *, prologue: str, predicate: str) -> str:
    """The literal nearest to one among the values of a property, which is written after a prologue; empty: none is."""
    text = f"{prologue}\n{_VALUES_OF.format(predicate=predicate)}"
    values = {
        string_term(
            term.value, language=term.language, datatype="" if term.datatype == _XSD_STRING else term.datatype
        ): (term.value.casefold(),)
        for (term,) in snapshot.query(text).rows()
        if term and len(term.value) <= MOST_CHARACTERS
    }
    return _nearest(wanted.value[:MOST_CHARACTERS].casefold(), values)


def nearest_iri(snapshot: Readable, wanted: str) -> tuple[str, str]:
    """The IRI nearest to one, by its last part or its label, and that label.

    Searched are classes, properties, and the named things of the same namespace or else of the one around it.
    """
    namespace = namespace_of(wanted)
    things = named_things(snapshot, namespace) or named_things(snapshot, namespace_of(namespace[:-1]))
    known = sorted({row[0].value for row in snapshot.query(_VOCABULARY).rows() if row[0]} | set(things))
    labels = labels_of(snapshot, known)
    # Of two that are equally near: a class for a class (both have a capital).
    capital = _local(wanted)[:1].isupper()
    names = {
        iri: tuple(_words(name) for name in (_local(iri), labels.get(iri, "")) if name)
        for iri in sorted(known, key=lambda iri: _local(iri)[:1].isupper() != capital)
    }
    here = {iri: spellings for iri, spellings in names.items() if namespace_of(iri) == namespace}
    words = _words(_local(wanted))
    found = words and (_nearest(words, here) or _nearest(words, names, least=_NEAR_ELSEWHERE))
    return (shorten(found, PREFIXES | snapshot.description.prefixes), labels.get(found, "")) if found else ("", "")


def _nearest(wanted: str, names: Mapping[str, Collection[str]], *, least: float = _NEAR) -> str:
    """The first of the keys one of whose names is most like what is wanted; empty where none is near."""
    found = ""
    matcher = SequenceMatcher(b=wanted, autojunk=False)
    for key, spellings in names.items():
        for spelling in spellings:
            matcher.set_seq1(spelling)
            if min(matcher.real_quick_ratio(), matcher.quick_ratio()) < least:
                continue
            likeness = matcher.ratio()
            if likeness > least or (not found and likeness == least):
                found, least = key, likeness
    return found


def _local(iri: str) -> str:
    return iri[len(namespace_of(iri)) :]


def _words(name: str) -> str:
    """A name as words in small letters.

    >>> _words("hasTopConcept"), _words("img-biodiversity")
    ('has top concept', 'img biodiversity')
    """
    return " ".join(re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name))).casefold()
