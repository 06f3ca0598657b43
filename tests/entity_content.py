"""A content of its own about things with addresses, for tests of their pages: odd names, texts and links among them."""

from __future__ import annotations

from pathlib import Path

BASE = "https://library.example/"
LONG = "word " * 2000
MARKUP = "<script>alert('a book')</script>"
HEBREW = "ספר של סודות"
HUB = 700
"""How many books are in the hub; more than are listed one by one."""

_BOOKS = "".join(
    f'    book:b{number:03} a :Book ; rdfs:label "Volume {number:03}"@en ; :in :hub .\n' for number in range(HUB)
)
_PREFIXES = """\
@prefix : <https://library.example/id/> .
@prefix term: <https://library.example/ontology#> .
@prefix book: <https://library.example/id/book/> .
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <https://schema.org/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix void: <http://rdfs.org/ns/void#> .
"""

CONTENT = {
    "data/catalog.ttl": f"""{_PREFIXES}
<https://library.example/catalog> a dcat:Catalog ; dcterms:title "Library"@en ; void:uriSpace "{BASE}" .
<https://library.example/graph/books> a dcat:Dataset ; dcterms:title "Books"@en ; term:trust :checked .
:checked a skos:Concept ; skos:prefLabel "checked"@en .
""",
    "data/books.trig": f"""{_PREFIXES}
<https://library.example/graph/books> {{
    book:emma a term:Novel ; rdfs:label "Emma"@en , "Emma"@de ; skos:altLabel "Emma, a novel"@en ;
        dcterms:description "A novel about a matchmaker."@en ; term:writtenBy :austen ;
        owl:sameAs <http://www.wikidata.org/entity/Q223880> , <javascript:alert(1)> .
    book:data.ttl a term:Novel ; rdfs:label "A book called data.ttl"@en ; term:writtenBy :austen .
    book:data a term:Novel ; rdfs:label "A book called data"@en ; term:writtenBy :austen .
    <https://library.example/id/book/caf%C3%A9> a term:Novel ; rdfs:label "Café"@fr ; term:writtenBy :austen .
    book:long a term:Novel ; rdfs:label "{LONG}"@en ; term:writtenBy :austen .
    book:markup a term:Novel ; rdfs:label "{MARKUP}" ; term:writtenBy :austen .
    book:hebrew a term:Novel ; rdfs:label "{HEBREW}"@he ; term:writtenBy :austen .
    :austen a term:Person ; rdfs:label "Jane Austen"@en .
    :hub a term:Shelf ; rdfs:label "Hub"@en .
    :claim a rdf:Statement ; rdf:subject book:emma ; rdf:predicate term:writtenBy ; rdf:object :austen ;
        dcterms:source :title-page ; term:sureness :checked .
    :title-page a term:Page ; rdfs:label "The title page"@en .
    <http://www.wikidata.org/entity/Q223880> rdfs:label "Emma, elsewhere"@en .
{_BOOKS.replace("a :Book", "a term:Novel").replace(":in :hub", "term:in :hub")}}}
""",
    "ontology/library.ttl": f"""{_PREFIXES}
term:Work a owl:Class ; rdfs:label "work"@en .
term:Novel a owl:Class ; rdfs:label "novel"@en ; rdfs:subClassOf term:Work , schema:Book .
term:Person a owl:Class ; rdfs:label "person"@en ; skos:closeMatch schema:Person .
term:Page a owl:Class ; rdfs:label "page"@en .
term:Shelf a owl:Class ; rdfs:label "shelf"@en .
term:writtenBy a owl:ObjectProperty ; rdfs:label "written by"@en .
term:wrote a owl:ObjectProperty ; rdfs:label "wrote"@en ; owl:inverseOf term:writtenBy .
term:in a owl:ObjectProperty ; rdfs:label "in"@en .
term:sureness a owl:ObjectProperty ; rdfs:label "sureness"@en .
term:trust a owl:ObjectProperty ; rdfs:label "trust"@en .
""",
    "ontology/rules/wrote.rq": """\
# title: Who wrote what was written by them
PREFIX term: <https://library.example/ontology#>

CONSTRUCT { ?person term:wrote ?book }
WHERE { ?book term:writtenBy ?person }
""",
    "queries/pages/works-of-author.rq": """\
# title: Works
# about: ["https://library.example/ontology#Person"]
# parameters:
#   person: {type: iri, label: Person, default: "https://library.example/id/austen"}
# columns:
#   work: what was written
PREFIX term: <https://library.example/ontology#>

SELECT ?work
WHERE {
  VALUES ?person { <https://library.example/id/austen> }
  ?work term:writtenBy ?person
}
ORDER BY ?work
""",
    "queries/names/claims.rq": """\
# title: Names of claims
# parameters:
#   thing: {type: iri, label: Claim, default: "https://library.example/id/claim"}
# columns:
#   thing: the claim
#   name: what it says
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>

SELECT ?thing ?name
WHERE {
  VALUES ?thing { <https://library.example/id/claim> }
  ?thing rdf:subject/rdfs:label ?one ; rdf:object/rdfs:label ?other .
  FILTER (LANG(?one) = "en")
  BIND (CONCAT("Claim: ", STR(?one), ", ", STR(?other)) AS ?name)
}
ORDER BY ?thing ?name
""",
}


def write_content(folder: Path) -> Path:
    """The content in a folder."""
    for name, text in CONTENT.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
