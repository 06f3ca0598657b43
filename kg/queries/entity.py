"""The engine's own queries about any one thing: what is said of it, in which graph, on what evidence; its description.

They look into the named graphs, so that they answer alike whether or not the default graph is their union.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from kg.namespaces import PREFIXES
from kg.queries.overview import NAMING_PROPERTIES
from kg.sparql import iri_term

_RDF: Final = PREFIXES["rdf"]
_RDFS: Final = PREFIXES["rdfs"]
_OWL: Final = PREFIXES["owl"]
_SKOS: Final = PREFIXES["skos"]

_KINDS_OF_TERMS: Final = (
    f"<{_OWL}Class> <{_RDFS}Class> <{_RDF}Property> <{_OWL}ObjectProperty> <{_OWL}DatatypeProperty> "
    f"<{_OWL}AnnotationProperty>"
)

TERMS: Final = f"""
SELECT DISTINCT ?term ?label WHERE {{
  VALUES ?kind {{ {_KINDS_OF_TERMS} }}
  GRAPH ?ontology {{ ?term a ?kind ; <{_RDFS}label> ?label }}
}}
ORDER BY ?term ?label
"""
"""Each class and property with its names."""

RELATIONS: Final = f"""
SELECT DISTINCT ?term ?relation ?other WHERE {{
  {{ SELECT DISTINCT ?term WHERE {{ VALUES ?kind {{ {_KINDS_OF_TERMS} }} GRAPH ?ontology {{ ?term a ?kind }} }} }}
  GRAPH ?graph {{ ?term ?relation ?other }}
  FILTER (?relation IN (
    <{_RDFS}subClassOf>, <{_RDFS}subPropertyOf>, <{_RDFS}domain>, <{_RDFS}range>, <{_OWL}equivalentClass>,
    <{_OWL}equivalentProperty>, <{_OWL}inverseOf>, <{_SKOS}exactMatch>, <{_SKOS}closeMatch>, <{_SKOS}relatedMatch>
  ))
  FILTER (isIRI(?other))
}}
"""
"""How classes and properties hang together, and which public ones they stand beside."""

STANDINGS: Final = f"""
SELECT DISTINCT ?graph ?word WHERE {{
  VALUES ?kind {{ <{PREFIXES["dcat"]}Dataset> <{PREFIXES["void"]}Dataset> }}
  GRAPH ?catalogue {{ ?graph a ?kind }}
  GRAPH ?said {{ ?graph ?property ?concept }}
  GRAPH ?vocabulary {{ ?concept <{_SKOS}prefLabel> ?word }}
}}
ORDER BY ?graph ?word
"""
"""The graphs, each with the names of the concepts that the catalogue puts it under."""


def known_query(iris: Iterable[str]) -> str:
    """A query for those of some IRIs that are subject or object of a statement: `?iri`."""
    return (
        f"SELECT DISTINCT ?iri WHERE {{\n  VALUES ?iri {{ {_terms(iris)} }}\n"
        "  FILTER (EXISTS { GRAPH ?a { ?iri ?p ?o } } || EXISTS { GRAPH ?b { ?s ?q ?iri } })\n}"
    )


def outgoing_query(iri: str, most: int) -> str:
    """A query for what is said of a thing: `?property ?value ?graph`."""
    return (
        f"SELECT ?property ?value ?graph WHERE {{ GRAPH ?graph {{ {iri_term(iri)} ?property ?value }} }} LIMIT {most}"
    )


def incoming_query(iri: str, most: int) -> str:
    """A query for what is said of others with a thing, nothing where that is more: `?property ?subject ?graph`."""
    term = iri_term(iri)
    first = f"SELECT ?p WHERE {{ GRAPH ?g {{ ?s ?p {term} }} }} LIMIT {most + 1}"
    return (
        f"SELECT ?property ?subject ?graph WHERE {{\n  {{ SELECT (COUNT(*) AS ?all) WHERE {{ {first} }} }}\n"
        f"  FILTER (?all <= {most})\n  GRAPH ?graph {{ ?subject ?property {term} }}\n}}"
    )


def incoming_counts_query(iri: str, most: int) -> str:
    """A query for how many of the first statements lead to a thing by each property: `?property ?statements`."""
    return (
        "SELECT ?property (COUNT(*) AS ?statements) WHERE {\n"
        f"  SELECT ?property WHERE {{ GRAPH ?graph {{ ?subject ?property {iri_term(iri)} }} }} LIMIT {most}\n"
        "}\nGROUP BY ?property"
    )


def incoming_by_property_query(iri: str, properties: Iterable[str], most: int) -> str:
    """A query for the first statements that lead to a thing by each property: `?property ?subject ?graph`."""
    groups = " UNION\n".join(
        f"  {{ SELECT ?property ?subject ?graph WHERE {{ VALUES ?property {{ {iri_term(each)} }}"
        f" GRAPH ?graph {{ ?subject ?property {iri_term(iri)} }} }} LIMIT {most} }}"
        for each in properties
    )
    return f"SELECT ?property ?subject ?graph WHERE {{\n{groups}\n}}"


def assertions_query(iri: str, links: Collection[str], most: int) -> str:
    """A query for the nodes that lead to a thing by some properties, and all they say: `?node ?property ?value`."""
    return (
        "SELECT DISTINCT ?node ?property ?value WHERE {\n"
        f"  {{ {_nodes_by_links(iri, links, most)} }}\n"
        "  GRAPH ?graph { ?node ?property ?value }\n}"
    )


def evidence_query(nodes: Iterable[str], properties: Collection[str]) -> str:
    """A query for what some things cite by one of some properties: `?node ?passage`."""
    return (
        f"SELECT DISTINCT ?node ?passage WHERE {{\n  VALUES ?node {{ {_terms(nodes)} }}\n"
        f"  GRAPH ?graph {{ ?node ?property ?passage }}\n  FILTER (?property IN ({_terms(properties, ', ')}))\n}}"
    )


def description_of(iri: str, links: Collection[str], most: int) -> str:
    """A query for a concise bounded description of a thing, as a graph.

    It holds what is said of the thing, what leads to it (at most so many statements), the nodes that lead to it by one
    of `links` with all they say, and the names of what it is linked to.

    Source: CBD - Concise Bounded Description (W3C Member Submission 2005) §2, with reifications and incoming links.
    """
    term = iri_term(iri)
    assertions = (
        f"    UNION {{ {{ {_nodes_by_links(iri, links, most)} }} GRAPH ?d {{ ?node ?p ?o }} BIND (?node AS ?s) }}\n"
        if links
        else ""
    )
    naming = ", ".join(iri_term(each) for each in NAMING_PROPERTIES)
    return (
        "CONSTRUCT { ?s ?p ?o } WHERE {\n"
        f"    {{ GRAPH ?a {{ {term} ?p ?o }} BIND ({term} AS ?s) }}\n"
        f"    UNION {{ SELECT ?s ?p ({term} AS ?o) WHERE {{ GRAPH ?b {{ ?s ?p {term} }} }} LIMIT {most} }}\n"
        f"{assertions}"
        f"    UNION {{ GRAPH ?e {{ {term} ?q ?s }} GRAPH ?f {{ ?s ?p ?o }} FILTER (?p IN ({naming})) }}\n"
        "}"
    )


def statements_with(iri: str, property_iri: str) -> str:
    """A query, for people to start from, for all that leads to a thing by a property."""
    return (
        "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n"
        f"SELECT ?thing ?label WHERE {{\n  ?thing {iri_term(property_iri)} {iri_term(iri)} .\n"
        "  OPTIONAL { ?thing rdfs:label ?label }\n}\nORDER BY ?label ?thing\nLIMIT 1000"
    )


def statements_from(iri: str, property_iri: str) -> str:
    """A query, for people to start from, for all that a thing leads to by a property."""
    return (
        "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n"
        f"SELECT ?value ?label WHERE {{\n  {iri_term(iri)} {iri_term(property_iri)} ?value .\n"
        "  OPTIONAL { ?value rdfs:label ?label }\n}\nORDER BY ?label ?value\nLIMIT 1000"
    )


def _nodes_by_links(iri: str, links: Collection[str], most: int) -> str:
    # One pattern a property: the engine then looks each up by property and object.
    found = " UNION ".join(f"{{ GRAPH ?g {{ ?node {iri_term(link)} {iri_term(iri)} }} }}" for link in links)
    return f"SELECT DISTINCT ?node WHERE {{ {found} }} LIMIT {most}"


def _terms(iris: Iterable[str], between: str = " ") -> str:
    return between.join(iri_term(iri) for iri in iris)
