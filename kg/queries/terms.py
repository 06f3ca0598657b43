"""The engine's own queries about the words of a content: its classes and properties, what they mean, how often used.

They look into the named graphs, so that they answer alike whether or not the default graph is their union.
"""

from typing import Final

from kg.sources import outside_reference

DECLARED: Final = """
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT DISTINCT ?term ?role ?text WHERE {
  VALUES (?type ?role) {
    (owl:Class "class") (rdfs:Class "class")
    (owl:ObjectProperty "property") (owl:DatatypeProperty "property") (owl:AnnotationProperty "property")
    (rdf:Property "property")
  }
  GRAPH ?graph { ?term a ?type }
  FILTER (ISIRI(?term))
  OPTIONAL { GRAPH ?defining { ?term skos:definition|rdfs:comment ?text } }
}
ORDER BY ?term ?role ?text
"""
"""Classes and properties that are declared, and what each means: `?term ?role ?text`."""

USED_CLASSES: Final = """
SELECT ?term (COUNT(DISTINCT ?thing) AS ?uses) WHERE { GRAPH ?graph { ?thing a ?term } FILTER (ISIRI(?term)) }
GROUP BY ?term
"""
"""Classes that things are of, and how many things: `?term ?uses`."""

USED_PROPERTIES: Final = """
SELECT ?term (COUNT(*) AS ?uses) WHERE { GRAPH ?graph { ?thing ?term ?value } }
GROUP BY ?term
"""
"""Properties that statements have, and how many statements: `?term ?uses`."""

OWN_PROPERTIES: Final = f"""
SELECT ?term (COUNT(*) AS ?uses) WHERE {{
  GRAPH ?graph {{}} {outside_reference("graph")}
  GRAPH ?graph {{ ?thing ?term ?value }}
}}
GROUP BY ?term
"""
"""The same without graphs of reference, which are not even read through: `?term ?uses`."""
