"""The protocols as a matrix: SPARQL 1.1 Protocol, Graph Store HTTP Protocol, Service Description, VoID, HTTP, CORS.

Answers are read by parsers that are not the engine's own, and compared with the published N-Quads.
"""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree as ET

import pytest
import rdflib
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import NamedNode
from rdflib.namespace import DCAT, DCTERMS, OWL, RDF, RDFS, VOID
from werkzeug.test import TestResponse

from kg.describe import W3C_FORMATS
from kg.formats import FORMATS, GRAPH, formats_for
from kg.settings import STRICT, UNION, Settings
from kg.sparql import Limits
from kg.web import create_app
from kg.web.exchange import Request
from kg.web.graphs import plan_graph
from kg.web.problems import Problem
from kg.web.protocol import read_graph_request
from tests.states import build_into
from tests.states import published as nquads_of

# rdflib's parsers call what rdflib itself deprecates.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")

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

Triples = set[tuple[Any, ...]]
Graphs = dict[str, Triples]


@pytest.fixture(scope="module")
def client(state: Path) -> FlaskClient:
    return create_app(Settings(state=state)).test_client()


@pytest.fixture(scope="module")
def published(state: Path) -> Graphs:
    """The triples of each named graph, as rdflib reads what is published; it has no blank node."""
    graphs: Graphs = {}
    dataset = rdflib.Dataset()
    dataset.parse(data=nquads_of(state), format="nquads")
    for s, p, o, graph in dataset.quads():
        graphs.setdefault(str(graph), set()).add((s, p, o))
    return graphs


@pytest.fixture(scope="module")
def merged(published: Graphs) -> Triples:
    return set().union(*published.values())


@pytest.fixture
def publish(small_content: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Builds the small content in a mode of its default graph; gives the state folder."""

    def into(default_graph: str) -> Path:
        state = tmp_path / "state"
        build_into(state, small_content, default_graph=default_graph)
        return state

    return into


def triples_of(response: TestResponse, format_name: str) -> Triples:
    assert response.status_code == 200, response.text
    dataset = rdflib.Dataset(default_union=True)
    dataset.parse(data=response.data, format=RDFLIB_FORMATS[format_name])
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


# SPARQL 1.1 Protocol: the query operation


@pytest.mark.parametrize("format_name", ["json", "xml", "csv", "tsv"])
def test_get_query_select_by_format(client: FlaskClient, published: Graphs, format_name: str) -> None:
    response = client.get("/sparql", query_string={"query": TITLES, "format": format_name})
    assert rows_of(response, format_name) == titles(published)
    assert len(titles(published)) > 5


@pytest.mark.parametrize(
    ("format_name", "read"),
    [
        ("json", lambda response: json.loads(response.data)["boolean"]),
        ("xml", lambda response: ET.fromstring(response.data)[1].text == "true"),  # noqa: S314
        ("csv", lambda response: response.text.strip() == "true"),
        ("tsv", lambda response: response.text.strip() == "true"),
    ],
)
@pytest.mark.parametrize(("pattern", "holds"), [("?s ?p ?o", True), ("<x:a> <x:b> <x:c>", False)])
def test_get_query_ask_by_format(
    client: FlaskClient, format_name: str, read: Callable[[TestResponse], bool], pattern: str, holds: bool
) -> None:
    response = client.get("/sparql", query_string={"query": f"ASK {{ {pattern} }}", "format": format_name})
    assert response.status_code == 200
    assert read(response) is holds


@pytest.mark.parametrize("row", GRAPH_ROWS, ids=lambda row: row.name)
def test_get_query_construct_by_accept(client: FlaskClient, published: Graphs, row: Any) -> None:
    response = client.get("/sparql", query_string={"query": ALL_OF_CATALOG}, headers={"Accept": row.media_type})
    assert response.content_type == row.content_type
    assert triples_of(response, row.name) == published[CATALOG]


def test_get_query_describe(client: FlaskClient, published: Graphs) -> None:
    response = client.get("/sparql", query_string={"query": f"DESCRIBE <{CATALOG}>", "default-graph-uri": CATALOG})
    about = {(s, p, o) for s, p, o in published[CATALOG] if str(s) == CATALOG}
    assert triples_of(response, "turtle") == about != set()


@pytest.mark.parametrize(
    "sent",
    [
        {"data": urlencode({"query": TITLES, "format": "csv"}), "content_type": FORM},
        {"data": urlencode({"query": TITLES, "format": "csv"}), "content_type": f"{FORM}; charset=UTF-8"},
        {"data": urlencode({"query": TITLES}), "query_string": {"format": "csv"}, "content_type": FORM},
        {"data": TITLES, "query_string": {"format": "csv"}, "content_type": "application/sparql-query"},
        {"data": TITLES, "headers": {"Accept": "text/csv"}, "content_type": "application/sparql-query; charset=utf-8"},
    ],
    ids=["form", "form_with_charset", "form_and_url", "direct", "direct_with_charset"],
)
def test_post_query(client: FlaskClient, published: Graphs, sent: dict[str, Any]) -> None:
    assert rows_of(client.post("/sparql", **sent), "csv") == titles(published)


def test_post_query_over_another_character_set_of_its_own_text(client: FlaskClient) -> None:
    query = 'SELECT ("ü 水" AS ?text) {}'
    response = client.post("/sparql?format=json", data=query.encode(), content_type="application/sparql-query")
    assert rows_of(response, "json") == {("ü 水",)}


@pytest.mark.parametrize(
    ("sent", "status", "detail"),
    [
        ({"query_string": "query=ASK{}&query=ASK{}"}, 400, "given 2 times"),
        ({"query_string": "query=ASK{}&format=csv&format=csv"}, 400, "given 2 times"),
        ({"query_string": "query=ASK{}&update=CLEAR+ALL"}, 400, "update"),
        ({"query_string": "update=CLEAR+ALL"}, 400, "update"),
        ({"query_string": "query=CLEAR+ALL"}, 400, "update"),
        ({"query_string": "query=%FF"}, 400, "not UTF-8"),
        ({"query_string": "query=NOSUCH"}, 400, ""),
        ({"query_string": "query=ASK{}&format=turtle"}, 400, "no format"),
        ({"query_string": "query=ASK{}&format=nonsense"}, 400, "no format"),
        ({"method": "POST", "data": "query=%FF", "content_type": FORM}, 400, "not UTF-8"),
        ({"method": "POST", "data": b"\xff", "content_type": "application/sparql-query"}, 400, "not UTF-8"),
        (
            {
                "method": "POST",
                "query_string": "query=ASK{}",
                "data": "ASK{}",
                "content_type": "application/sparql-query",
            },
            400,
            "in the URL and one in the body",
        ),
        ({"method": "POST", "data": "", "content_type": FORM}, 400, "no query"),
        ({"method": "POST", "data": "ASK{}", "content_type": "text/plain"}, 415, "text/plain"),
        ({"method": "POST", "data": "ASK{}"}, 415, "without a Content-Type"),
        ({"method": "POST", "data": "ASK{}", "content_type": "application/sparql-query; charset=latin1"}, 415, "UTF-8"),
        ({"method": "POST", "data": "CLEAR ALL", "content_type": "application/sparql-update"}, 415, "update"),
        ({"method": "POST", "data": "", "content_type": FORM, "headers": {"Content-Encoding": "gzip"}}, 415, "gzip"),
        ({"method": "PUT", "query_string": "query=ASK{}"}, 405, "PUT"),
        ({"method": "DELETE"}, 405, "DELETE"),
    ],
)
def test_bad_query_request(client: FlaskClient, sent: dict[str, Any], status: int, detail: str) -> None:
    assert detail in problem_of(client.open("/sparql", **sent), status)["detail"]


@pytest.mark.parametrize("query", ["", "?query=ASK%7B%7D&format=xml"])
def test_a_slash_behind_the_endpoint_leads_to_it(client: FlaskClient, query: str) -> None:
    response = client.post(f"/sparql/{query}", data="x=y", content_type=FORM)
    assert (response.status_code, response.headers["Location"]) == (308, f"/sparql{query}")


def test_a_method_that_is_not_allowed_names_those_that_are(client: FlaskClient) -> None:
    response = client.put("/sparql")
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


# SPARQL 1.1 Protocol: the dataset of a request

REPORTS = [f"{BASE}graph/midterm-progress-report", f"{BASE}graph/meeting-report-summary"]


def test_get_query_default_graph(client: FlaskClient, published: Graphs) -> None:
    response = client.get("/sparql", query_string={"query": COUNT, "default-graph-uri": CATALOG, "format": "csv"})
    assert count_of(response) == len(published[CATALOG])


def test_get_query_default_graphs_are_joined(client: FlaskClient, published: Graphs) -> None:
    """One graph says what is a class, the other what has it."""
    graphs = [f"{BASE}graph/ontology", REPORTS[0]]
    query = (
        "PREFIX owl: <http://www.w3.org/2002/07/owl#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
        "SELECT DISTINCT ?thing ?class WHERE { ?thing a ?class . ?class a owl:Class ; rdfs:label ?name }"
    )
    asked = {"query": query, "default-graph-uri": graphs, "format": "csv"}
    ontology, report = (published[graph] for graph in graphs)
    named = {s for s, p, _ in ontology if p == RDFS.label}
    classes = {s for s, p, o in ontology if (p, o) == (RDF.type, OWL.Class) and s in named}
    expected = {(str(s), str(o)) for s, p, o in ontology | report if p == RDF.type and o in classes}
    assert rows_of(client.get("/sparql", query_string=asked), "csv") == expected != set()
    assert not rows_of(client.get("/sparql", query_string=asked | {"default-graph-uri": graphs[1]}), "csv")


def test_post_query_default_graphs_in_form_and_url(client: FlaskClient) -> None:
    answers = [
        client.post("/sparql?" + urlencode({"default-graph-uri": graph}), data=urlencode(form), content_type=FORM)
        for graph, form in (
            (REPORTS[0], [("query", COUNT), ("format", "csv"), ("default-graph-uri", REPORTS[1])]),
            (REPORTS[1], [("query", COUNT), ("format", "csv"), ("default-graph-uri", REPORTS[0])]),
        )
    ]
    alone = count_of(
        client.get("/sparql", query_string={"query": COUNT, "default-graph-uri": REPORTS, "format": "csv"})
    )
    assert {count_of(response) for response in answers} == {alone}


@pytest.mark.parametrize("how", ["request", "query"])
def test_get_query_default_graphs_hold_a_shared_triple_once(client: FlaskClient, published: Graphs, how: str) -> None:
    asked: dict[str, Any] = {"query": COUNT, "default-graph-uri": REPORTS}
    if how == "query":
        asked = {"query": COUNT.replace("WHERE", " ".join(f"FROM <{graph}>" for graph in REPORTS) + " WHERE")}
    count = count_of(client.get("/sparql", query_string=asked | {"format": "csv"}))
    assert count == len(published[REPORTS[0]] | published[REPORTS[1]])


def test_the_reports_share_a_triple(published: Graphs) -> None:
    """Else the expected failure above would fail for another reason."""
    assert published[REPORTS[0]] & published[REPORTS[1]]


def test_get_query_named_graphs(client: FlaskClient, published: Graphs) -> None:
    query = "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g"
    asked = {"query": query, "named-graph-uri": REPORTS, "format": "csv"}
    found = rows_of(client.get("/sparql", query_string=asked), "csv")
    assert found == {(graph, str(len(published[graph]))) for graph in REPORTS}


def test_get_query_only_named_graphs_leave_the_default_graph_empty(client: FlaskClient) -> None:
    asked = {"query": COUNT, "named-graph-uri": CATALOG, "format": "csv"}
    assert count_of(client.get("/sparql", query_string=asked)) == 0


def test_get_query_only_default_graphs_leave_no_named_graph(client: FlaskClient) -> None:
    asked = {"query": "ASK { GRAPH ?g { ?s ?p ?o } }", "default-graph-uri": CATALOG, "format": "csv"}
    assert client.get("/sparql", query_string=asked).text.strip() == "false"


def test_get_query_dataset_of_the_request_replaces_that_of_the_query(client: FlaskClient, published: Graphs) -> None:
    query = COUNT.replace("WHERE", f"FROM <{REPORTS[0]}> WHERE")
    asked = {"query": query, "default-graph-uri": CATALOG, "format": "csv"}
    assert count_of(client.get("/sparql", query_string=asked)) == len(published[CATALOG])


def test_get_query_unknown_default_graph_is_empty(client: FlaskClient) -> None:
    asked = {"query": COUNT, "default-graph-uri": "urn:x:unknown", "format": "csv"}
    assert count_of(client.get("/sparql", query_string=asked)) == 0


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


@pytest.mark.parametrize("name", ["default-graph-uri", "named-graph-uri"])
@pytest.mark.parametrize("iri", NO_ABSOLUTE_IRI)
def test_bad_query_graph_that_is_no_absolute_iri(client: FlaskClient, name: str, iri: str) -> None:
    response = client.get("/sparql", query_string={"query": "ASK {}", name: [CATALOG, iri]})
    assert "not an absolute IRI" in problem_of(response, 400)["detail"]


IRI_PARTS = [
    *"ab/:?#[]@!%4+.-_~<> \\^",
    "é",
    "\x85",
    "\ue000",
    "\ufdd0",
    "\U0001f600",
    "\U000e0001",
    "%41",
    "//",
    "[::1]",
]


@given(st.sampled_from(["", "urn:", "http:", "http://", "http://a"]), st.lists(st.sampled_from(IRI_PARTS), max_size=8))
def test_the_graph_names_accepted_are_those_of_the_engine(start: str, parts: list[str]) -> None:
    iri = start + "".join(parts)
    try:
        NamedNode(iri)
        holds = True
    except ValueError:
        holds = False
    request = Request("GET", "/graphs", urlencode({"graph": iri}).encode())
    if holds:
        assert read_graph_request(request).graph == iri
    else:
        with pytest.raises(Problem, match="not an absolute IRI"):
            read_graph_request(request)


# HTTP: content negotiation (RFC 9110 §12.5.1)

JSON, XML = "application/sparql-results+json", "application/sparql-results+xml"
CSV, TSV, HTML = "text/csv; charset=utf-8", "text/tab-separated-values; charset=utf-8", "text/html; charset=utf-8"
TURTLE, N3 = "text/turtle; charset=utf-8", "text/n3; charset=utf-8"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("query", "accept", "content_type"),
    [
        ("SELECT * {}", [], JSON),
        ("SELECT * {}", [""], JSON),
        ("SELECT * {}", ["*/*"], JSON),
        ("SELECT * {}", ["application/*"], JSON),
        ("SELECT * {}", ["text/*"], CSV),
        ("SELECT * {}", ["text/csv"], CSV),
        ("SELECT * {}", ["TEXT/CSV"], CSV),
        ("SELECT * {}", ["text/csv; charset=utf-8"], CSV),
        ("SELECT * {}", ["text/csv;header=present;q=0.9, text/html;q=0.1"], CSV),
        ("SELECT * {}", ["application/json"], "application/json"),
        ("SELECT * {}", ["text/xml"], "text/xml"),
        ("SELECT * {}", ["text/csv;q=0.5, application/sparql-results+xml;q=0.9"], XML),
        ("SELECT * {}", ["text/csv;q=0.5", "application/sparql-results+xml;q=0.9"], XML),
        ("SELECT * {}", ["text/csv", "text/tab-separated-values"], CSV),
        ("SELECT * {}", ["text/tab-separated-values, text/csv"], CSV),
        ("SELECT * {}", ["image/png, text/csv;q=0.1"], CSV),
        ("SELECT * {}", ["application/sparql-results+json;q=0, */*"], XML),
        ("SELECT * {}", ["*/*, application/sparql-results+json;q=0"], XML),
        ("SELECT * {}", ["*/*", "application/sparql-results+json;q=0"], XML),
        ("SELECT * {}", ["text/csv;q=0, text/*"], TSV),
        ("SELECT * {}", ["text/*;q=0, */*;q=0.1"], JSON),
        ("SELECT * {}", ["text/*;q=0.3, text/html;q=0.7, */*;q=0.5"], HTML),
        ("SELECT * {}", ["text/csv;q=0.1, */*;q=0.01"], CSV),
        ("SELECT * {}", [BROWSER], HTML),
        ("SELECT * {}", ["text/csv;q=0"], None),
        ("SELECT * {}", ["*/*;q=0"], None),
        ("SELECT * {}", ["image/png"], None),
        ("SELECT * {}", ["image/png", "text/turtle"], None),
        ("ASK {}", [], JSON),
        ("ASK {}", ["text/*"], CSV),
        ("ASK {}", ["text/turtle, text/csv;q=0.1"], CSV),
        ("ASK {}", ["text/turtle"], None),
        ("CONSTRUCT WHERE { ?s ?p ?o } LIMIT 1", [], TURTLE),
        ("CONSTRUCT WHERE { ?s ?p ?o } LIMIT 1", ["*/*"], TURTLE),
        ("CONSTRUCT WHERE { ?s ?p ?o } LIMIT 1", ["text/*"], TURTLE),
        ("CONSTRUCT WHERE { ?s ?p ?o } LIMIT 1", ["text/*, text/turtle;q=0, text/html;q=0"], N3),
        ("CONSTRUCT WHERE { ?s ?p ?o } LIMIT 1", ["application/*"], "application/n-triples"),
        ("CONSTRUCT WHERE { ?s ?p ?o } LIMIT 1", ["application/xml"], "application/xml"),
        ("CONSTRUCT WHERE { ?s ?p ?o } LIMIT 1", ["application/rdf+xml, text/turtle;q=0.9"], "application/rdf+xml"),
        ("CONSTRUCT WHERE { ?s ?p ?o } LIMIT 1", [BROWSER], HTML),
        ("CONSTRUCT WHERE { ?s ?p ?o } LIMIT 1", [JSON], None),
        ("DESCRIBE <x:a>", ["application/ld+json"], "application/ld+json"),
        ("DESCRIBE <x:a>", ["text/csv"], None),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_query_accept(
    client: FlaskClient, method: str, query: str, accept: list[str], content_type: str | None
) -> None:
    headers = [("Accept", value) for value in accept]
    sent: dict[str, Any] = {"query_string": {"query": query}} if method == "GET" else {"data": {"query": query}}
    response = client.open("/sparql", method=method, headers=headers, **sent)
    assert "Accept" in response.vary
    if content_type is None:
        assert problem_of(response, 406)["remedy"].startswith("accept one of")
    else:
        assert (response.status_code, response.content_type) == (200, content_type)


@pytest.mark.parametrize("accept", ["text/html", "text/html, application/problem+json;q=0.9", BROWSER])
def test_problem_is_a_page_for_browsers(client: FlaskClient, accept: str) -> None:
    response = client.get("/sparql?query=ASK", headers={"Accept": accept})
    assert (response.status_code, response.content_type) == (400, HTML)
    assert "What to do" in response.text


# HTTP: HEAD, OPTIONS, access from other origins

READABLE = [
    ("/", 200),
    ("/sparql", 200),
    (f"/sparql?{urlencode({'query': TITLES})}", 200),
    (f"/sparql?{urlencode({'query': ALL_OF_CATALOG, 'format': 'rdfxml'})}", 200),
    ("/sparql?query=ASK", 400),
    ("/graphs", 200),
    ("/graphs?default", 200),
    (f"/graphs?{urlencode({'graph': CATALOG})}", 200),
    ("/graphs?graph=urn:x:unknown", 404),
    ("/graph/catalog", 200),
    ("/graph/entailed/types", 200),
    ("/graph/unknown", 404),
    ("/.well-known/void", 200),
    ("/problems/not-found", 200),
    ("/problems/unknown", 404),
    ("/static/kg.css", 200),
    ("/unknown", 404),
]


def told(response: TestResponse) -> dict[str, str]:
    return {name: value for name, value in response.headers if name != "Date"}


@pytest.mark.parametrize(("path", "status"), READABLE)
@pytest.mark.parametrize("accept", ["*/*", BROWSER])
def test_head_is_get_without_body(client: FlaskClient, path: str, status: int, accept: str) -> None:
    headers = {"Accept": accept}
    with client.get(path, headers=headers) as got, client.head(path, headers=headers) as head:
        assert (got.status_code, head.status_code) == (status, status)
        assert got.data
        assert not head.data
        assert told(head) == told(got)


@pytest.mark.parametrize(("path", "status"), READABLE)
def test_every_answer_can_be_read_from_any_origin(client: FlaskClient, path: str, status: int) -> None:
    with client.get(path, headers={"Origin": "https://elsewhere.example"}) as response:
        headers = response.headers
    assert response.status_code == status
    assert headers["Access-Control-Allow-Origin"] == "*"
    exposed = set(headers["Access-Control-Expose-Headers"].split(", "))
    assert exposed == {"ETag", "Location", "Content-Disposition", "Retry-After", "Link"}


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/", {"GET", "HEAD", "OPTIONS"}),
        ("/sparql", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("/graphs", {"GET", "HEAD", "OPTIONS", "PUT", "POST", "DELETE", "PATCH"}),
        ("/graph/catalog", {"GET", "HEAD", "OPTIONS", "PUT", "POST", "DELETE", "PATCH"}),
        ("/.well-known/void", {"GET", "HEAD", "OPTIONS"}),
        ("/static/kg.css", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_options_and_preflight_name_the_methods(client: FlaskClient, path: str, methods: set[str]) -> None:
    plain = client.options(path)
    assert (plain.status_code, plain.data, set(plain.headers["Allow"].split(", "))) == (200, b"", methods)
    asks = {
        "Origin": "https://elsewhere.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization, if-none-match",
    }
    preflight = client.options(path, headers=asks)
    assert (preflight.status_code, preflight.data) == (204, b"")
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert set(preflight.headers["Access-Control-Allow-Methods"].split(", ")) == methods
    allowed = {name.lower() for name in preflight.headers["Access-Control-Allow-Headers"].split(", ")}
    # A page of another site may send no token where it could write with it.
    token = set() if "PUT" in methods else {"authorization"}
    assert allowed == {"content-type", "accept", "if-none-match"} | token
    assert int(preflight.headers["Access-Control-Max-Age"]) > 0


def test_preflight_for_an_unknown_address(client: FlaskClient) -> None:
    asks = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    assert problem_of(client.options("/unknown", headers=asks), 404)


def test_too_large_a_body_is_refused_with_headers(state: Path) -> None:
    small = create_app(Settings(state=state, query_characters=10)).test_client()
    response = small.post("/sparql", data="query=" + 200_000 * "x", content_type=FORM)
    assert problem_of(response, 413)
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["/sparql", "/sparql?query=ASK{}", "/graphs", "/graphs?default", "/.well-known/void"])
def test_without_a_snapshot_the_service_is_not_ready(tmp_path: Path, path: str) -> None:
    empty = create_app(Settings(state=tmp_path)).test_client()
    response = empty.get(path)
    assert "kg build" in problem_of(response, 503)["remedy"]
    assert int(response.headers["Retry-After"]) > 0
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["/sparql", "/sparql?query=ASK{}", "/graphs", "/graphs?default", "/graph/catalog"])
def test_answers_link_to_the_description(client: FlaskClient, path: str) -> None:
    link = client.get(path).headers["Link"]
    assert link == '</.well-known/void>; rel="describedby"'
    assert graph_of(client.get("/.well-known/void"))


# SPARQL 1.1 Graph Store HTTP Protocol, reading


@pytest.mark.parametrize("row", GRAPH_ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("path", [f"/graphs?{urlencode({'graph': CATALOG})}", "/graph/catalog"])
def test_get_graph_by_accept(client: FlaskClient, published: Graphs, row: Any, path: str) -> None:
    response = client.get(path, headers={"Accept": row.media_type})
    assert response.content_type == row.content_type
    assert "Accept" in response.vary
    assert triples_of(response, row.name) == published[CATALOG]


@pytest.mark.parametrize("row", GRAPH_ROWS, ids=lambda row: row.name)
def test_get_graph_by_format(client: FlaskClient, published: Graphs, row: Any) -> None:
    response = client.get("/graph/catalog", query_string={"format": row.name}, headers={"Accept": "text/html"})
    assert triples_of(response, row.name) == published[CATALOG]
    assert response.headers["Content-Disposition"] == f'inline; filename="catalog.{row.extension}"'


def test_get_each_graph(client: FlaskClient, published: Graphs) -> None:
    assert f"{BASE}graph/entailed/types" in published
    for iri, triples in published.items():
        indirect = client.get("/graphs", query_string={"graph": iri, "format": "ntriples"})
        direct = client.get(urlsplit(iri).path.removeprefix("/unemg"), query_string={"format": "ntriples"})
        assert triples_of(indirect, "ntriples") == triples_of(direct, "ntriples") == triples


@pytest.mark.parametrize("query_string", ["default", "default="])
def test_get_default_graph_is_the_merge(client: FlaskClient, merged: Triples, query_string: str) -> None:
    response = client.get(f"/graphs?{query_string}", headers={"Accept": "application/n-triples"})
    assert triples_of(response, "ntriples") == merged
    assert len(response.data.splitlines()) == len(merged)


def test_get_graph_of_content_with_another_base(publish: Callable[[str], Path]) -> None:
    library = create_app(Settings(state=publish(STRICT))).test_client()
    found = graph_of(library.get("/graph/books"))
    assert (
        rdflib.URIRef("https://library.example/emma"),
        RDF.type,
        rdflib.URIRef("https://library.example/Book"),
    ) in found
    assert len(graph_of(library.get("/graphs?default"))) == 0


@pytest.mark.parametrize(
    "path",
    ["/graph/unknown", "/graph/entailed", "/graphs?graph=urn:x:unknown", f"/graphs?{urlencode({'graph': BASE})}"],
)
def test_get_unknown_graph(client: FlaskClient, path: str) -> None:
    problem = problem_of(client.get(path), 404)
    assert "no graph" in problem["detail"]
    assert "/graphs" in problem["remedy"]


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        (f"/graphs?default&graph={CATALOG}", "both"),
        (f"/graphs?graph={CATALOG}&graph={CATALOG}", "given 2 times"),
        ("/graphs?default&default", "given 2 times"),
        (f"/graph/catalog?graph={CATALOG}", "path names a graph"),
        ("/graph/catalog?default", "path names a graph"),
        ("/graph/catalog?format=csv", "no format"),
        ("/graphs?format=csv", "no format"),
        ("/.well-known/void?format=csv", "no format"),
        ("/graphs?graph=%FF", "not UTF-8"),
    ],
)
def test_bad_graph_request(client: FlaskClient, path: str, detail: str) -> None:
    assert detail in problem_of(client.get(path), 400)["detail"]


@pytest.mark.parametrize("iri", [*NO_ABSOLUTE_IRI, "urn:x> { ?s ?p ?o } } #"])
def test_bad_graph_that_is_no_absolute_iri(client: FlaskClient, iri: str) -> None:
    response = client.get("/graphs", query_string={"graph": iri})
    assert "not an absolute IRI" in problem_of(response, 400)["detail"]


@pytest.mark.parametrize("path", ["/graphs?default", "/graph/catalog", "/graphs", "/.well-known/void"])
def test_get_graph_not_acceptable(client: FlaskClient, path: str) -> None:
    assert "text/turtle" in problem_of(client.get(path, headers={"Accept": "image/png"}), 406)["remedy"]


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/graphs", "/graphs?default", f"/graphs?graph={CATALOG}", "/graph/catalog"])
def test_writing_to_a_graph_needs_a_token(client: FlaskClient, published: Graphs, method: str, path: str) -> None:
    response = client.open(path, method=method, data="<x:a> <x:b> <x:c> .", content_type="text/turtle")
    assert "this needs a token" in problem_of(response, 401)["detail"]
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="writing"'
    assert triples_of(client.get("/graph/catalog"), "turtle") == published[CATALOG]


def test_graph_page_for_people(client: FlaskClient, published: Graphs) -> None:
    response = client.get("/graph/catalog", headers={"Accept": BROWSER})
    assert response.content_type == HTML
    assert "<h1>Catalogue</h1>" in response.text
    assert f"{len(published[CATALOG]):,} statements" in response.text
    for row in GRAPH_ROWS:
        assert f"graph=https://w3id.org/unemg/graph/catalog&amp;format={row.name}" in response.text


def test_default_graph_page_for_people(client: FlaskClient, merged: Triples) -> None:
    response = client.get("/graphs?default", headers={"Accept": BROWSER})
    assert f"{len(merged):,} statements, of which the first 1,000 are shown" in response.text
    assert response.text.count("<tr>") == 1001


def test_list_of_graphs_for_people(client: FlaskClient, published: Graphs) -> None:
    response = client.get("/graphs", headers={"Accept": BROWSER})
    assert response.content_type == HTML
    assert response.text.count("<tr>") == len(published) + 1
    for iri, triples in published.items():
        row = next(row for row in response.text.split("<tr>") if f">{iri}<" in row)
        assert f'href="/graphs?graph={iri}"' in row
        assert f">{len(triples):,}<" in row
    titles_of_some = {"Mid-Term Progress Report": "stated", "External knowledge": "external"}
    for title, standing in titles_of_some.items():
        assert f"<td>{standing}</td>" in next(row for row in response.text.split("<tr>") if f">{title}<" in row)


def test_list_of_graphs_for_programs_is_the_dataset_of_the_service_description(client: FlaskClient) -> None:
    listed, described = graph_of(client.get("/graphs")), graph_of(client.get("/sparql"))
    assert set(listed) < set(described)
    assert {s for s, _, _ in set(described) - set(listed)} == {rdflib.URIRef("http://localhost/sparql")}


def test_plan_graph_needs_no_web_framework() -> None:
    plan = plan_graph(Request("GET", "/graph/x/y", b"format=nt"), Limits(), graphs={"urn:b:graph/x/y"}, base="urn:b:")
    assert plan is not None
    assert plan.ask.query.text == "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH <urn:b:graph/x/y> { ?s ?p ?o } }"
    assert (plan.content_type, plan.filename) == ("application/n-triples", "x-y.nt")
    assert plan_graph(Request("HEAD", "/graphs", b""), Limits(), graphs=(), base="urn:b:") is None
    with pytest.raises(Problem, match="There is no graph <urn:b:graph/y>"):
        plan_graph(Request("GET", "/graph/y", b""), Limits(), graphs={"urn:b:graph/x/y"}, base="urn:b:")


# SPARQL 1.1 Service Description


@pytest.mark.parametrize("row", GRAPH_ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("path", ["/sparql", "/graphs", "/.well-known/void"])
def test_descriptions_say_the_same_in_each_format(client: FlaskClient, path: str, row: Any) -> None:
    turtle = set(graph_of(client.get(path)))
    by_accept = client.get(path, headers={"Accept": row.media_type})
    assert by_accept.content_type == row.content_type
    assert "Accept" in by_accept.vary
    by_name = client.get(path, query_string={"format": row.name}, headers={"Accept": "text/html"})
    assert triples_of(by_accept, row.name) == triples_of(by_name, row.name) == turtle


def test_service_description_of_the_service(client: FlaskClient) -> None:
    found = graph_of(client.get("/sparql", base_url="https://kg.example:8443"))
    endpoint = rdflib.URIRef("https://kg.example:8443/sparql")
    assert list(found.subjects(RDF.type, SD.Service)) == [endpoint]
    assert list(found.objects(endpoint, SD.endpoint)) == [endpoint]
    assert list(found.objects(endpoint, SD.supportedLanguage)) == [SD.SPARQL11Query]
    assert list(found.objects(endpoint, SD.feature)) == [SD.UnionDefaultGraph]
    formats = {
        str(iri).removeprefix("http://www.w3.org/ns/formats/") for iri in found.objects(endpoint, SD.resultFormat)
    }
    assert formats == set(W3C_FORMATS.values())
    assert set(W3C_FORMATS) == {row.name for row in FORMATS} - {"html"}


def test_service_description_of_the_dataset(client: FlaskClient, published: Graphs, merged: Triples) -> None:
    found = graph_of(client.get("/sparql"))
    dataset = found.value(rdflib.URIRef("http://localhost/sparql"), SD.defaultDataset)
    assert dataset == rdflib.URIRef(f"{BASE}catalog")
    assert (dataset, RDF.type, SD.Dataset) in found
    assert found.value(found.value(dataset, SD.defaultGraph), VOID.triples).toPython() == len(merged)
    named = {
        str(found.value(node, SD.name)): found.value(node, SD.graph) for node in found.objects(dataset, SD.namedGraph)
    }
    assert set(named) == set(published)
    for iri, graph in named.items():
        assert found.value(graph, VOID.triples).toPython() == len(published[iri])
        stated = {o for s, p, o in published[CATALOG] if (str(s), p) == (iri, DCTERMS.title)}
        assert set(found.objects(graph, DCTERMS.title)) == stated != set()


def test_service_description_in_strict_mode(publish: Callable[[str], Path]) -> None:
    found = graph_of(create_app(Settings(state=publish(STRICT))).test_client().get("/sparql"))
    assert not list(found.objects(None, SD.feature))
    (default,) = found.objects(None, SD.defaultGraph)
    assert found.value(default, VOID.triples).toPython() == 0


def test_descriptions_follow_the_snapshot(publish: Callable[[str], Path], small_content: Path) -> None:
    books = rdflib.URIRef("https://library.example/graph/books")
    library = create_app(Settings(state=publish(UNION))).test_client()
    before = graph_of(library.get("/sparql")).value(books, VOID.triples)
    with (small_content / "data/books.trig").open("a") as file:
        file.write('\n<https://library.example/graph/books> { :emma rdfs:comment "long" }\n')
    publish(UNION)
    after = graph_of(library.get("/sparql")).value(books, VOID.triples)
    assert after.toPython() == before.toPython() + 1


@pytest.mark.parametrize("accept", ["text/html", BROWSER])
def test_endpoint_without_query_is_the_form_for_browsers(client: FlaskClient, accept: str) -> None:
    response = client.get("/sparql", headers={"Accept": accept})
    assert response.content_type == HTML
    assert "<textarea" in response.text
    assert "Accept" in response.vary


@pytest.mark.parametrize("sent", [{"headers": {"Accept": JSON}}, {"query_string": "format=csv"}])
def test_endpoint_without_query_for_a_client_that_expects_solutions(client: FlaskClient, sent: dict[str, Any]) -> None:
    assert "no query" in problem_of(client.get("/sparql", **sent), 400)["detail"]


def test_description_needs_to_know_its_address(client: FlaskClient) -> None:
    assert "Host" in problem_of(client.get("/sparql", headers={"Host": "a b"}), 400)["detail"]


@pytest.mark.parametrize("path", ["/sparql", "/graphs", "/.well-known/void"])
def test_description_is_told_apart_by_address_and_not_sent_again(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    assert "no-cache" in first.headers["Cache-Control"]
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert again.headers["Access-Control-Allow-Origin"] == "*"
    elsewhere = client.get(path, headers={"If-None-Match": first.headers["ETag"]}, base_url="https://kg.example")
    assert elsewhere.status_code == 200
    assert b"https://kg.example/sparql" in elsewhere.data


# VoID and DCAT


@pytest.fixture(scope="module")
def void(client: FlaskClient) -> rdflib.Graph:
    return graph_of(client.get("/.well-known/void"))


DATASET = rdflib.URIRef(f"{BASE}catalog")


def test_void_repeats_the_catalogue(void: rdflib.Graph, published: Graphs) -> None:
    about = {DATASET, *(rdflib.URIRef(iri) for iri in published)}
    assert {triple for triple in published[CATALOG] if triple[0] in about} <= set(void)
    assert (DATASET, RDF.type, DCAT.Catalog) in void
    assert (DATASET, RDF.type, VOID.Dataset) in void
    assert void.value(DATASET, DCTERMS.title) == rdflib.Literal("EMG knowledge graph", lang="en")
    assert void.value(DATASET, DCTERMS.license) == rdflib.URIRef("https://creativecommons.org/licenses/by/4.0/")
    assert void.value(DATASET, VOID.uriSpace).toPython() == BASE


def test_void_names_the_endpoint_and_an_example(void: rdflib.Graph, merged: Triples) -> None:
    assert void.value(DATASET, VOID.sparqlEndpoint) == rdflib.URIRef("http://localhost/sparql")
    examples = set(void.objects(DATASET, VOID.exampleResource))
    assert examples
    assert examples <= {s for s, _, _ in merged}


def test_void_counts(void: rdflib.Graph, merged: Triples) -> None:
    instances = {(s, o) for s, p, o in merged if p == RDF.type}
    expected = {
        VOID.triples: len(merged),
        VOID.entities: len({s for s, _, _ in merged if s.startswith(BASE)}),
        VOID.classes: len({o for _, o in instances}),
        VOID.properties: len({p for _, p, _ in merged}),
    }
    assert {name: void.value(DATASET, name).toPython() for name in expected} == expected
    partitions = {
        void.value(node, VOID["class"]): void.value(node, VOID.entities).toPython()
        for node in void.objects(DATASET, VOID.classPartition)
    }
    assert partitions == {name: len({s for s, o in instances if o == name}) for _, name in instances}


def test_void_vocabularies_are_those_in_use(void: rdflib.Graph, merged: Triples) -> None:
    terms = {str(p) for _, p, _ in merged} | {str(o) for _, p, o in merged if p == RDF.type}
    vocabularies = {str(iri) for iri in void.objects(DATASET, VOID.vocabulary)}
    assert {str(RDF), str(DCTERMS), f"{BASE}ontology#"} <= vocabularies
    assert all(any(term.startswith(vocabulary) for term in terms) for vocabulary in vocabularies)
    assert all(any(term.startswith(vocabulary) for vocabulary in vocabularies) for term in terms)


def test_void_subsets_are_the_graphs_and_their_dumps_load(
    client: FlaskClient, void: rdflib.Graph, published: Graphs
) -> None:
    assert {str(iri) for iri in void.objects(DATASET, VOID.subset)} == set(published)
    for iri, triples in published.items():
        assert void.value(rdflib.URIRef(iri), VOID.triples).toPython() == len(triples)
        dump = urlsplit(void.value(rdflib.URIRef(iri), VOID.dataDump))
        assert triples_of(client.get(f"{dump.path}?{dump.query}"), "ntriples") == triples


def test_void_of_content_without_a_licence_or_example(publish: Callable[[str], Path]) -> None:
    found = graph_of(create_app(Settings(state=publish(UNION))).test_client().get("/.well-known/void"))
    catalog = rdflib.URIRef("https://library.example/catalog")
    assert found.value(catalog, DCTERMS.title) == rdflib.Literal("Library", lang="en")
    assert found.value(catalog, DCTERMS.license) is None
    books = rdflib.URIRef("https://library.example/Book")
    assert [found.value(node, VOID.entities).toPython() for node in found.subjects(VOID["class"], books)] == [2]


def test_every_graph_format_is_tried() -> None:
    assert {row.name for row in GRAPH_ROWS} == set(RDFLIB_FORMATS)
    assert {row.name for row in formats_for("CONSTRUCT")} == {*RDFLIB_FORMATS, "html"}
