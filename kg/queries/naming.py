"""The engine's own queries about which things a name stands for; they look into the named graphs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kg.queries.overview import NAMING_PROPERTIES
from kg.sparql import iri_term, string_term

OTHER_NAMES: Final = (
    "http://www.w3.org/2004/02/skos/core#altLabel",
    "http://www.w3.org/2004/02/skos/core#notation",
    "https://schema.org/alternateName",
)
"""The properties that give a thing further names, such as acronyms."""

MOST_NAMES: Final = 6000
"""How many names of a namespace are read."""
_MOST_NAMED: Final = 50


def names_query(namespace: str) -> str:
    """A query for the names of the things of a namespace: `?thing ?name`."""
    return (
        f"SELECT DISTINCT ?thing ?name WHERE {{\n  VALUES ?naming {{ {_properties()} }}\n"
        "  GRAPH ?graph { ?thing ?naming ?name }\n"
        f"  FILTER (isIRI(?thing) && STRSTARTS(STR(?thing), {string_term(namespace)}))\n}}\n"
        f"ORDER BY ?thing ?name\nLIMIT {MOST_NAMES}"
    )


def kinds_query(namespace: str) -> str:
    """A query for the classes of the things of a namespace: `?class`, how many of these things, how many in all."""
    return (
        "SELECT ?class ?here (COUNT(DISTINCT ?member) AS ?members) WHERE {\n"
        "  { SELECT ?class (COUNT(DISTINCT ?thing) AS ?here) WHERE {\n"
        "    GRAPH ?graph { ?thing a ?class }\n"
        f"    FILTER (isIRI(?thing) && STRSTARTS(STR(?thing), {string_term(namespace)}))\n"
        "  } GROUP BY ?class ORDER BY DESC(?here) LIMIT 20 }\n"
        "  GRAPH ?other { ?member a ?class }\n"
        "}\nGROUP BY ?class ?here\nORDER BY ?class"
    )


def named_query(name: str, languages: Iterable[str]) -> str:
    """A query for the things of just this name, without a language or in one of some: `?thing`."""
    terms = [string_term(name), *(string_term(name, language=language) for language in languages)]
    properties = ", ".join(iri_term(naming) for naming in (*NAMING_PROPERTIES, *OTHER_NAMES))
    # Looked up by the name; the engine joins two lists of VALUES before it looks.
    return (
        f"SELECT DISTINCT ?thing WHERE {{\n  VALUES ?name {{ {' '.join(terms)} }}\n"
        "  GRAPH ?graph { ?thing ?naming ?name }\n"
        f"  FILTER (isIRI(?thing) && ?naming IN ({properties}))\n}}\nORDER BY ?thing\nLIMIT {_MOST_NAMED}"
    )


def _properties() -> str:
    return " ".join(iri_term(naming) for naming in (*NAMING_PROPERTIES, *OTHER_NAMES))
