"""What a search finds where the content does not say: whatever has a name, by its names, classes and descriptions.

They look into the named graphs, so that they answer alike whether or not the default graph is their union.
"""

from __future__ import annotations

from typing import Final

from kg.sources import outside_reference

_PROPERTIES: Final = """\
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX foaf: <http://xmlns.com/foaf/0.1/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX schema: <https://schema.org/>
PREFIX sh: <http://www.w3.org/ns/shacl#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
"""

_OWN: Final = outside_reference("graph")

DEFAULTS: Final = {
    "things": _PROPERTIES
    + f"""\
SELECT DISTINCT ?thing WHERE {{
  VALUES ?thing {{ UNDEF }}
  GRAPH ?graph {{ ?thing skos:prefLabel|rdfs:label|dcterms:title|schema:name|foaf:name ?name }} {_OWN}
  FILTER isIRI(?thing)
  FILTER NOT EXISTS {{ GRAPH ?queries {{ ?thing a sh:SPARQLExecutable }} }}
}}
ORDER BY ?thing
""",
    "names": _PROPERTIES
    + f"""\
SELECT DISTINCT ?thing ?text ?role WHERE {{
  VALUES ?thing {{ UNDEF }}
  GRAPH ?graph {{ ?thing ?property ?text }} {_OWN}
  BIND (
    IF(?property IN (skos:prefLabel, rdfs:label, dcterms:title, schema:name, foaf:name), "preferred",
    IF(?property = skos:altLabel, "alternative",
    IF(?property = skos:notation, "notation",
    IF(?property = skos:hiddenLabel, "former", "")))) AS ?role
  )
  FILTER (?role != "")
}}
ORDER BY ?thing ?role ?text
""",
    "descriptions": _PROPERTIES
    + f"""\
SELECT DISTINCT ?thing ?text ?role WHERE {{
  VALUES ?thing {{ UNDEF }}
  GRAPH ?graph {{ ?thing skos:definition|rdfs:comment|dcterms:description|schema:description ?text }} {_OWN}
  BIND ("description" AS ?role)
}}
ORDER BY ?thing ?text
""",
    "kinds": _PROPERTIES
    + f"""\
SELECT DISTINCT ?thing ?kind WHERE {{
  VALUES ?thing {{ UNDEF }}
  GRAPH ?graph {{ ?thing a ?kind }} {_OWN}
  FILTER EXISTS {{ GRAPH ?ontology {{ ?kind rdfs:label ?name }} }}
}}
ORDER BY ?thing ?kind
""",
    "facet-names": """\
SELECT ?facet ?facetLabel WHERE { VALUES (?facet ?facetLabel) { ("kind" "Kind"@en) } }
""",
}
"""Name of a query of the group `search` -> its text; the content's own of that name goes before it."""
