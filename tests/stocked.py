"""The small content with more to judge by, for tests of writing: a shape that only warns, and a check of classes."""

from __future__ import annotations

import shutil
from pathlib import Path

from kg.settings import UNION
from tests.states import build_into

BASE = "https://library.example/"
PREFIXES = f"""\
@prefix : <{BASE}> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""
SANDITON = f'{PREFIXES}:sanditon a :Book ; rdfs:label "Sanditon"@en ; :writtenBy :austen .\n'
DATED = SANDITON.removesuffix(" .\n") + ' ;\n  :year "about 1817" .\n'
"""It conforms, with a warning about its last line."""
NOBODYS = f'{PREFIXES}\n:nobodys a :Book ;\n  rdfs:label "Nobody\'s"@en .\n'
STRANGERS = SANDITON.replace(":austen", ":somebody")
MISNAMED = SANDITON.replace(":Book", ":Bok")

SPARQL = f"PREFIX : <{BASE}> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
FORMATS = {
    "ttl": SANDITON,
    "trig": f'{PREFIXES}{{ :sanditon a :Book ; rdfs:label "Sanditon"@en ; :writtenBy :austen }}\n',
    "nt": f"<{BASE}sanditon> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{BASE}Book> .\n"
    f'<{BASE}sanditon> <http://www.w3.org/2000/01/rdf-schema#label> "Sanditon"@en .\n'
    f"<{BASE}sanditon> <{BASE}writtenBy> <{BASE}austen> .\n",
    "jsonld": f'{{"@context": {{"@vocab": "{BASE}", "label": '
    '{"@id": "http://www.w3.org/2000/01/rdf-schema#label", "@language": "en"}}, '
    f'"@id": "{BASE}sanditon", "@type": "Book", "label": "Sanditon", "writtenBy": {{"@id": "{BASE}austen"}}}}',
    "rdf": f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    f'xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#" xmlns="{BASE}">'
    f'<Book rdf:about="{BASE}sanditon"><rdfs:label xml:lang="en">Sanditon</rdfs:label>'
    f'<writtenBy rdf:resource="{BASE}austen"/></Book></rdf:RDF>',
    "ru": f'{SPARQL} INSERT {{ :sanditon a :Book ; rdfs:label "Sanditon"@en ; :writtenBy ?who }} '
    'WHERE { ?who rdfs:label "Jane Austen"@en }',
}
FORMATS["nq"] = FORMATS["nt"]
"""The same book in each format, by the extension of a file."""

# What each of them is told.
NO_AUTHOR = "A book has an author"
NO_NAME = "The author has no name"
NO_YEAR = "A year has four digits"

_MORE = {
    "shapes/year.ttl": """\
@prefix : <https://library.example/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix shape: <https://library.example/shapes#> .

shape:Dated
    a sh:NodeShape ;
    sh:targetClass :Book ;
    sh:property shape:book-year .

shape:book-year
    a sh:PropertyShape ;
    sh:path :year ;
    sh:pattern "^[0-9]{4}$" ;
    sh:severity sh:Warning ;
    sh:message "A year has four digits; write it as 1817."@en .
""",
    "queries/checks/undeclared-class.rq": """\
# title: Each class is declared
# severity: Violation
PREFIX owl: <http://www.w3.org/2002/07/owl#>

SELECT ?focus ?value ?message
WHERE {
  ?focus a ?value .
  FILTER STRSTARTS(STR(?value), "https://library.example/")
  FILTER NOT EXISTS { ?value a owl:Class }
  BIND ("No such class is declared; take one that is." AS ?message)
}
ORDER BY ?focus ?value
""",
}


def stock(small: Path, folder: Path, *, default_graph: str = UNION) -> Path:
    """Make `content` and `state` in a folder, of the small content and what there is more."""
    content = shutil.copytree(small / "content", folder / "content")
    for name, text in _MORE.items():
        (content / name).write_text(text, encoding="utf-8")
    build_into(folder / "state", content, default_graph=default_graph)
    return folder
