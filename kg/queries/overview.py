"""The engine's own queries about any content: its catalogue, what it holds, and the names of things.

They look into the named graphs, so that they answer alike whether or not the default graph is their union.
"""

from collections.abc import Iterable
from typing import Final

from kg.sources import outside_reference
from kg.sparql import iri_term

CATALOG: Final = """
PREFIX dcat: <http://www.w3.org/ns/dcat#>
PREFIX dcterms: <http://purl.org/dc/terms/>
SELECT ?title ?description WHERE {
  GRAPH ?graph {
    ?catalog a dcat:Catalog .
    OPTIONAL { ?catalog dcterms:title ?title }
    OPTIONAL { ?catalog dcterms:description ?description }
  }
}
ORDER BY ?catalog ?title ?description
"""

CATALOG_FACTS: Final = """
PREFIX dcat: <http://www.w3.org/ns/dcat#>
PREFIX dcterms: <http://purl.org/dc/terms/>
SELECT DISTINCT ?catalog ?property ?value WHERE {
  GRAPH ?graph {
    ?catalog a dcat:Catalog ; ?property ?value .
    VALUES ?property { dcterms:title dcterms:creator dcterms:license dcterms:issued }
  }
}
ORDER BY ?catalog ?property ?value
"""

COUNTS: Final = """
SELECT (COUNT(*) AS ?statements) (COUNT(DISTINCT ?graph) AS ?graphs) WHERE { GRAPH ?graph { ?s ?p ?o } }
"""

CLASSES: Final = f"""
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?class (COUNT(DISTINCT ?thing) AS ?things) WHERE {{
  # A class that is only aligned to has no name here.
  GRAPH ?ontology {{ ?class a owl:Class ; rdfs:label ?name }}
  {outside_reference("ontology")}
  GRAPH ?graph {{ ?thing a ?class }}
  {outside_reference("graph")}
}}
GROUP BY ?class
ORDER BY DESC(?things) ?class
LIMIT 60
"""

STORED: Final = f"""
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX sh: <http://www.w3.org/ns/shacl#>
SELECT DISTINCT ?identifier ?text WHERE {{
  GRAPH ?graph {{ ?query a sh:SPARQLExecutable ; dcterms:identifier ?identifier ; sh:select|sh:ask|sh:construct ?text }}
  {outside_reference("graph")}
}}
ORDER BY ?identifier
"""

# The properties that name a thing, the best first.
NAMING_PROPERTIES: Final = (
    "http://www.w3.org/2004/02/skos/core#prefLabel",
    "http://www.w3.org/2000/01/rdf-schema#label",
    "http://purl.org/dc/terms/title",
    "https://schema.org/name",
    "http://xmlns.com/foaf/0.1/name",
)


def labels_query(iris: Iterable[str]) -> str:
    """A query for every name of the given things: `?iri ?property ?label`, once for each graph that tells it.

    What is not an absolute IRI is left out.
    """
    terms: list[str] = []
    for iri in iris:
        try:
            terms.append(iri_term(iri))
        except ValueError:
            continue
    properties = ", ".join(iri_term(naming) for naming in NAMING_PROPERTIES)
    # The engine joins two lists of VALUES before it looks, and may then look through all names.
    return (
        f"SELECT ?iri ?property ?label WHERE {{\n  VALUES ?iri {{ {' '.join(terms)} }}\n"
        f"  GRAPH ?graph {{ ?iri ?property ?label }}\n  FILTER (?property IN ({properties}))\n}}"
    )


def members_query(class_iri: str) -> str:
    """A query, for people to start from, for the things of a class by name."""
    return (
        "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n"
        f"SELECT ?thing ?label WHERE {{\n  ?thing a {iri_term(class_iri)} .\n"
        "  OPTIONAL { ?thing rdfs:label ?label }\n}\nORDER BY ?label ?thing\nLIMIT 1000"
    )
