"""The mixes of questions: some about the EMG graph, some about the generated shop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.generate import BASE

EVERYTHING: Final = "SELECT ?s ?p ?o WHERE {{ ?s ?p ?o }} LIMIT {rows}"
EVERYTHING_AS_GRAPH: Final = "CONSTRUCT WHERE {{ ?s ?p ?o }} LIMIT {rows}"

_STRIDE: Final = 7919  # a prime: successive variants ask about things far apart
_TRIPLES_A_PRODUCT: Final = 46
_EMG_PREFIXES: Final = """\
PREFIX emg: <https://w3id.org/unemg/ontology#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
"""
_SHOP_PREFIXES: Final = f"""\
PREFIX : <{BASE}>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""


@dataclass(frozen=True)
class Question:
    """One query. `@N@` in its text stands for the number of a thing of which there are `things`."""

    mix: str
    name: str
    text: str
    things: int = 1

    @property
    def case(self) -> str:
        """Its name among all."""
        return f"{self.mix}: {self.name}"

    def variant(self, number: int) -> str:
        """The text about another thing."""
        return self.text.replace("@N@", str(number * _STRIDE % self.things))


def emg_questions(queries: Path) -> list[Question]:
    """Small questions of our own, and every stored competency and explore question as it stands."""
    stored = [
        Question("stored", f"{path.parent.name}/{path.stem}", _without_header(path.read_text(encoding="utf-8")))
        for group in ("competency", "explore")
        for path in sorted((queries / group).glob("*.rq"))
    ]
    return [*(Question("small", name, _EMG_PREFIXES + text) for name, text in _EMG_SMALL), *stored]


def shop_questions(triples: int) -> list[Question]:
    """Questions about the generated shop of that many triples."""
    products = triples // _TRIPLES_A_PRODUCT
    return [Question(mix, name, _SHOP_PREFIXES + text, max(1, products // share)) for mix, name, share, text in _SHOP]


def mixes_of(questions: Sequence[Question]) -> list[str]:
    """The names of the mixes, in order."""
    return list(dict.fromkeys(question.mix for question in questions))


def _without_header(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


_EMG_SMALL: Final = (
    ("is there", "ASK { <https://w3id.org/unemg/id/agency/unep> a emg:Agency }"),
    ("label", "SELECT ?label WHERE { <https://w3id.org/unemg/id/agency/unep> rdfs:label ?label }"),
    ("about", "SELECT ?p ?o WHERE { <https://w3id.org/unemg/id/agency/unep> ?p ?o } ORDER BY ?p ?o LIMIT 50"),
    (
        "deliverables",
        "SELECT ?thing ?label WHERE { ?thing a emg:Deliverable ; rdfs:label ?label } ORDER BY ?label LIMIT 5",
    ),
)

# mix, name, products for each thing that @N@ numbers, text
_SHOP: Final = (
    ("small", "label", 1, "SELECT ?label WHERE { <http://shop.example/Product/@N@> rdfs:label ?label }"),
    (
        "small",
        "features",
        1,
        "SELECT ?label WHERE { <http://shop.example/Product/@N@> :feature ?f . ?f rdfs:label ?label }",
    ),
    (
        "small",
        "offers",
        1,
        "SELECT ?o ?price WHERE { ?o :product <http://shop.example/Product/@N@> ; :price ?price } ORDER BY ?price",
    ),
    (
        "small",
        "is reviewed",
        1,
        "ASK { ?r :reviewFor <http://shop.example/Product/@N@> ; :rating ?rating FILTER(?rating > 5) }",
    ),
    (
        "star",
        "product",
        1,
        """SELECT ?label ?description ?code ?height ?weight ?maker WHERE {
  <http://shop.example/Product/@N@> rdfs:label ?label ; :description ?description ; :code ?code ; :height ?height ;
    :weight ?weight ; :producer/rdfs:label ?maker
}""",
    ),
    (
        "star",
        "products of a type",
        1,
        """SELECT ?p ?label ?height ?code WHERE {
  ?p a <http://shop.example/Type/30> ; rdfs:label ?label ; :height ?height ; :weight ?weight ; :code ?code
  FILTER(?height > 1000 && ?weight < 500)
} ORDER BY DESC(?height) LIMIT 20""",
    ),
    (
        "star",
        "offers of a vendor",
        80,
        """SELECT ?o ?label ?price WHERE {
  ?o :vendor <http://shop.example/Vendor/@N@> ; :deliveryDays ?days ; :price ?price ; :validTo ?until ; :product ?p .
  ?p rdfs:label ?label
  FILTER(?days <= 3 && ?until > "2020-01-01"^^xsd:date)
} ORDER BY ?price LIMIT 10""",
    ),
    (
        "star",
        "reviews of a producer",
        40,
        """SELECT ?title ?rating ?name WHERE {
  ?p :producer <http://shop.example/Producer/@N@> . ?r :reviewFor ?p ; :title ?title ; :rating ?rating ;
    :written ?day ; :reviewer ?who . ?who rdfs:label ?name
} ORDER BY DESC(?day) ?title LIMIT 20""",
    ),
    (
        "path",
        "products under a type",
        1,
        "SELECT (COUNT(*) AS ?n) WHERE { ?type rdfs:subClassOf* <http://shop.example/Type/2> . ?p a ?type }",
    ),
    ("path", "acquaintances", 10, "SELECT (COUNT(*) AS ?n) WHERE { <http://shop.example/Person/@N@> :knows+ ?other }"),
    (
        "path",
        "countries of reviewers",
        40,
        "SELECT DISTINCT ?c WHERE { <http://shop.example/Producer/@N@> ^:producer/^:reviewFor/:reviewer/:country ?c }",
    ),
    (
        "path",
        "either way",
        10,
        "SELECT DISTINCT ?b WHERE { <http://shop.example/Person/@N@> (:knows|^:knows)/(:knows|^:knows) ?b }",
    ),
    (
        "aggregate",
        "price by country",
        1,
        "SELECT ?c (AVG(?price) AS ?m) (COUNT(?o) AS ?n) WHERE { ?o :price ?price ; :vendor/:country ?c } GROUP BY ?c",
    ),
    (
        "aggregate",
        "rating by producer",
        1,
        """SELECT ?maker (AVG(?rating) AS ?mean) WHERE { ?r :reviewFor/:producer ?maker ; :rating ?rating }
GROUP BY ?maker HAVING(COUNT(*) > 20) ORDER BY DESC(?mean) ?maker LIMIT 10""",
    ),
    (
        "aggregate",
        "most frequent features",
        1,
        "SELECT ?f (COUNT(?p) AS ?n) WHERE { ?p :feature ?f } GROUP BY ?f ORDER BY DESC(?n) ?f LIMIT 10",
    ),
    (
        "aggregate",
        "products of each type",
        1,
        """SELECT ?type (COUNT(DISTINCT ?maker) AS ?makers) (MAX(?height) AS ?highest) WHERE {
  ?p a ?type ; :producer ?maker ; :height ?height
} GROUP BY ?type""",
    ),
    (
        "text",
        "contains",
        1,
        'SELECT ?r WHERE { ?r :title ?title FILTER(CONTAINS(LCASE(STR(?title)), "badi")) } ORDER BY ?r LIMIT 20',
    ),
    (
        "text",
        "regex",
        1,
        'SELECT (COUNT(*) AS ?n) WHERE { ?p rdfs:label ?label FILTER(REGEX(?label, "^ga.*zo$", "i")) }',
    ),
    (
        "text",
        "two words",
        1,
        """SELECT (COUNT(*) AS ?n) WHERE {
  ?p :description ?text FILTER(CONTAINS(?text, "kezo") && REGEX(?text, "wi(ba|co)"))
}""",
    ),
    (
        "text",
        "starts",
        1,
        'SELECT ?code WHERE { ?p :code ?code FILTER(STRSTARTS(?code, "mopa")) } ORDER BY ?code LIMIT 20',
    ),
)

RUNAWAYS: Final = {
    "cross product": "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
    "memory bomb": "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f } ORDER BY ?f ?c",
    "regex": """SELECT (COUNT(*) AS ?n) WHERE {
  ?a ?b ?c . ?d ?e ?f FILTER(REGEX(CONCAT(STR(?c), STR(?f)), "(a.*){12}b$"))
}""",
    "deep path": "SELECT (COUNT(*) AS ?n) WHERE { ?a (!<urn:none>)* ?b . ?b (!<urn:none>)* ?c }",
}
