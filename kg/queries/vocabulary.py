"""The engine's own queries about the terms of any content: its ontology and its concept schemes."""

from typing import Final

from kg.sources import outside_reference
from kg.sparql import iri_term

_PREFIXES: Final = """\
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
"""

USES: Final = (
    _PREFIXES
    + f"""\
SELECT ?term (COUNT(DISTINCT ?thing) AS ?uses) WHERE {{
  GRAPH ?graph {{}} {outside_reference("graph")}
  {{ GRAPH ?graph {{ ?thing a ?term }} }} UNION {{ GRAPH ?graph {{ ?thing ?term ?value }} }}
}}
GROUP BY ?term
"""
)
"""How many things are of each class, and of how many things each property says something."""

SCHEMES: Final = (
    _PREFIXES
    + f"""\
SELECT ?scheme ?label ?description (COUNT(DISTINCT ?concept) AS ?concepts) WHERE {{
  GRAPH ?graph {{
    ?scheme a skos:ConceptScheme ; skos:prefLabel ?label .
    OPTIONAL {{ ?scheme dcterms:description ?description }}
  }}
  {outside_reference("graph")}
  OPTIONAL {{ GRAPH ?other {{ ?concept skos:inScheme ?scheme }} }}
}}
GROUP BY ?scheme ?label ?description
ORDER BY LCASE(STR(?label)) ?scheme
"""
)
"""Each concept scheme with the number of its concepts."""


def ontology_statements(graph: str) -> str:
    """A query for what a graph says of an ontology and of the terms that it declares: `?term ?property ?value`."""
    return f"""{_PREFIXES}
SELECT ?term ?property ?value WHERE {{
  GRAPH {iri_term(graph)} {{
    VALUES ?kind {{
      owl:Ontology owl:Class owl:ObjectProperty owl:DatatypeProperty owl:AnnotationProperty rdf:Property
    }}
    ?term a ?kind ; ?property ?value .
    FILTER (isIRI(?term))
  }}
}}
ORDER BY ?term ?property ?value
"""


def graph_statements(graph: str) -> str:
    """A query for all of a graph."""
    return f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH {iri_term(graph)} {{ ?s ?p ?o }} }}"
