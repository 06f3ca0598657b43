"""What the tests of the protocols share: questions, and answers read by parsers that are not the engine's own."""

from __future__ import annotations

import csv
import io
import re
from typing import Any, Final
from xml.etree import ElementTree as ET

import rdflib
from rdflib.namespace import DCAT, DCTERMS, RDF
from werkzeug.test import TestResponse

from kg.formats import FORMATS, GRAPH

BASE = "https://w3id.org/unemg/"
CATALOG = f"{BASE}graph/catalog"
SD = rdflib.Namespace("http://www.w3.org/ns/sparql-service-description#")
FORM = "application/x-www-form-urlencoded"

TITLES = (
    "PREFIX dcat: <http://www.w3.org/ns/dcat#> PREFIX dcterms: <http://purl.org/dc/terms/> "
    f"SELECT ?graph ?title WHERE {{ GRAPH <{CATALOG}> {{ ?graph a dcat:Dataset ; dcterms:title ?title }} }}"
)
ALL_OF_CATALOG = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{CATALOG}> {{ ?s ?p ?o }} }}"
COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"

RDFLIB_FORMATS = {
    "turtle": "turtle",
    "ntriples": "nt",
    "jsonld": "json-ld",
    "rdfxml": "xml",
    "trig": "trig",
    "nquads": "nquads",
    "n3": "n3",
}
GRAPH_ROWS = [row for row in FORMATS if GRAPH in row.kinds and row.name != "html"]

_LABEL: Final = re.compile(rb"_:(b[0-9a-f]{12}-c14n[0-9]+)")

Triples = set[tuple[Any, ...]]
Graphs = dict[str, Triples]

JSON, XML = "application/sparql-results+json", "application/sparql-results+xml"
CSV, TSV, HTML = "text/csv; charset=utf-8", "text/tab-separated-values; charset=utf-8", "text/html; charset=utf-8"
TURTLE, N3 = "text/turtle; charset=utf-8", "text/n3; charset=utf-8"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"

REPORTS = [f"{BASE}graph/midterm-progress-report", f"{BASE}graph/meeting-report-summary"]
NO_ABSOLUTE_IRI = [
    "",
    "graph/catalog",
    "/graph/catalog",
    "//w3id.org/unemg/graph/catalog",
    "#catalog",
    "?x",
    "http://a b/",
    "http://a/<b>",
    "http://[b",
    "http://a:b/",
    "http://a/%zz",
    "http://a/#b#c",
    "http://a/\ue000",
    "urn:a\n",
]


def triples_of(response: TestResponse, format_name: str) -> Triples:
    """The triples of an answer; in N-Triples, blank nodes of the content as they are named where they are kept."""
    assert response.status_code == 200, response.text
    dataset = rdflib.Dataset(default_union=True)
    data = response.data
    if format_name == "ntriples":
        data = _LABEL.sub(rf"<{BASE}.well-known/genid/\1>".encode(), data)
    dataset.parse(data=data, format=RDFLIB_FORMATS[format_name])
    return set(dataset.triples((None, None, None)))


def graph_of(response: TestResponse) -> rdflib.Graph:
    assert response.content_type == "text/turtle; charset=utf-8", response.text
    return rdflib.Graph().parse(data=response.data, format="turtle")


def rows_of(response: TestResponse, format_name: str) -> set[tuple[str, ...]]:
    """The rows of an answer whose columns are all bound; of IRIs and texts, without language tags."""
    assert response.status_code == 200, response.text
    if format_name == "json":
        found = response.get_json(force=True)
        names = found["head"]["vars"]
        return {tuple(row[name]["value"] for name in names) for row in found["results"]["bindings"]}
    if format_name == "xml":
        space = "{http://www.w3.org/2005/sparql-results#}"
        root = ET.fromstring(response.data)  # noqa: S314 - written by the service under test
        names = [variable.attrib["name"] for variable in root.iter(f"{space}variable")]
        return {
            tuple("".join(bindings[name].itertext()) for name in names)
            for result in root.iter(f"{space}result")
            if (bindings := {binding.attrib["name"]: binding for binding in result})
        }
    if format_name == "csv":
        return {tuple(row) for row in list(csv.reader(io.StringIO(response.text, newline="")))[1:]}
    parsed = [line.split("\t") for line in response.text.splitlines()[1:]]
    return {tuple(str(rdflib.util.from_n3(term)) for term in row) for row in parsed}


def titles(published: Graphs) -> set[tuple[str, ...]]:
    catalog = published[CATALOG]
    datasets = {s for s, p, o in catalog if (p, o) == (RDF.type, DCAT.Dataset)}
    return {(str(s), str(o)) for s, p, o in catalog if p == DCTERMS.title and s in datasets}


def count_of(response: TestResponse) -> int:
    ((count,),) = rows_of(response, "csv")
    return int(count)


def problem_of(response: TestResponse, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    problem: dict[str, Any] = response.get_json(force=True)
    assert problem["status"] == status
    assert problem["remedy"]
    return problem
