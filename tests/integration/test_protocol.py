"""The SPARQL 1.1 Protocol as a matrix: the query operation in each of its forms, and the dataset of a request.

Answers are compared with the published N-Quads, as another parser reads them.
"""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import NamedNode
from rdflib.namespace import OWL, RDF, RDFS
from werkzeug.test import TestResponse

from kg.web.exchange import Request
from kg.web.problems import Problem
from kg.web.protocol import read_graph_request
from tests.protocol import (
    ALL_OF_CATALOG,
    BASE,
    BROWSER,
    CATALOG,
    COUNT,
    FORM,
    GRAPH_ROWS,
    HTML,
    NO_ABSOLUTE_IRI,
    REPORTS,
    TITLES,
    TURTLE,
    Graphs,
    count_of,
    problem_of,
    rows_of,
    titles,
    triples_of,
)

# rdflib's parsers call what rdflib itself deprecates.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")


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
        {"data": TITLES, "headers": {"Accept": "text/csv"}, "content_type": "APPLICATION/Sparql-Query; Charset=UTF-8"},
    ],
    ids=["form", "form_with_charset", "form_and_url", "direct", "direct_with_charset", "in_capitals"],
)
def test_post_query(client: FlaskClient, published: Graphs, sent: dict[str, Any]) -> None:
    assert rows_of(client.post("/sparql", **sent), "csv") == titles(published)


def test_post_query_over_another_character_set_of_its_own_text(client: FlaskClient) -> None:
    query = 'SELECT ("ü 水" AS ?text) {}'
    response = client.post("/sparql?format=json", data=query.encode(), content_type="application/sparql-query")
    assert rows_of(response, "json") == {("ü 水",)}


@pytest.mark.parametrize(
    ("query", "names", "media_type"),
    [
        ("ASK {}", ["turtle", "csv", "xml"], "text/csv"),
        ("ASK {}", ["", "text/tab-separated-values"], "text/tab-separated-values"),
        ("ASK {}", ["nonsense, application/sparql-results+xml"], "application/sparql-results+xml"),
        ("ASK {}", ["application/sparql-results json"], "application/sparql-results+json"),
        ("ASK {}", ["text/html"], "text/html"),
        ("CONSTRUCT {} {}", ["tsv", "json-ld", "text/turtle"], "application/ld+json"),
        ("CONSTRUCT {} {}", ["rdf+xml"], "application/rdf+xml"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_first_format_that_is_named_and_fits_counts(
    client: FlaskClient, method: str, query: str, names: list[str], media_type: str
) -> None:
    asked = {"query": query, "format": names}
    sent: dict[str, Any] = {"query_string": asked} if method == "GET" else {"data": asked}
    response = client.open("/sparql", method=method, **sent, headers={"Accept": "image/png"})
    assert (response.status_code, response.mimetype) == (200, media_type)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("application/json", "application/json"),
        ("application/json;q=0.5, image/png", "application/json"),
        ("application/sparql-results+json, application/json", "application/json"),
        ("application/json, text/plain, */*", TURTLE),
        ("application/*", "application/n-triples"),
        ("*/*", TURTLE),
        (BROWSER, HTML),
    ],
)
@pytest.mark.parametrize("query", [ALL_OF_CATALOG, f"DESCRIBE <{CATALOG}> FROM <{CATALOG}>"])
def test_who_accepts_only_json_gets_a_graph_as_json_ld(
    client: FlaskClient, published: Graphs, query: str, accept: str, content_type: str
) -> None:
    response = client.get("/sparql", query_string={"query": query}, headers={"Accept": accept})
    assert (response.status_code, response.content_type) == (200, content_type)
    if content_type == "application/json":
        told = triples_of(response, "jsonld")
        assert told == {triple for triple in published[CATALOG] if query == ALL_OF_CATALOG or str(triple[0]) == CATALOG}
        assert told


@pytest.mark.parametrize(
    ("sent", "status", "detail"),
    [
        ({"query_string": "query=ASK{}&query=ASK{}"}, 400, "given 2 times"),
        ({"query_string": "query=ASK{}&timeout=1&timeout=1"}, 400, "given 2 times"),
        ({"query_string": "query=ASK{}&format=turtle&format=nonsense"}, 400, "turtle,nonsense is no format"),
        ({"query_string": "query=ASK{}&update=CLEAR+ALL"}, 400, "update"),
        ({"query_string": "update=CLEAR+ALL"}, 400, "update"),
        ({"query_string": "query=CLEAR+ALL"}, 400, "update"),
        ({"query_string": "query=%FF"}, 400, "not UTF-8"),
        ({"query_string": "query=NOSUCH"}, 400, ""),
        ({"query_string": "query=ASK{FILTER(<x:f>(1))}"}, 422, "not supported"),
        ({"query_string": "query=ASK{SERVICE<http://127.0.0.1/>{}}"}, 403, "calls another service"),
        ({"query_string": "query=LOAD<http://127.0.0.1/>"}, 403, "fetches from the network"),
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


@pytest.mark.parametrize("name", ["default-graph-uri", "named-graph-uri"])
@pytest.mark.parametrize("graph", ["http://nope.example/", "file:///etc/passwd", "urn:x:unknown"])
def test_get_query_unknown_graph_is_refused(client: FlaskClient, name: str, graph: str) -> None:
    response = client.get("/sparql", query_string={"query": "ASK { ?s ?p ?o }", name: [CATALOG, graph]})
    told = problem_of(response, 403)
    assert told["type"].endswith("network-refused")
    assert told["detail"] == f"there is no graph <{graph}> here, and this service fetches nothing from the network"
    assert told["remedy"] == "name a graph that is listed at /graphs"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM <http://nope.example/> { ?s ?p ?o }",
        "SELECT * FROM NAMED <file:///etc/passwd> { GRAPH ?g { ?s ?p ?o } }",
        f"ASK FROM <{CATALOG}> FROM <http://nope.example/> {{ ?s ?p ?o }}",
        f"DESCRIBE <{CATALOG}> FROM <http://nope.example/>",
        "CONSTRUCT FROM <http://nope.example/> WHERE { ?s ?p ?o }",
        "CONSTRUCT { ?s ?p ?o } FROM <http://nope.example/> WHERE { ?s ?p ?o }",
        "PREFIX no: <http://nope.example/> SELECT * FROM no:graph { ?s ?p ?o }",
        "BASE <http://nope.example/> SELECT * FROM <graph> { ?s ?p ?o }",
    ],
)
def test_query_from_unknown_graph_is_refused(client: FlaskClient, query: str) -> None:
    told = problem_of(client.get("/sparql", query_string={"query": query}), 403)
    assert told["detail"].startswith("there is no graph <")
    assert "fetches nothing" in told["detail"]


def test_query_from_misspelt_graph_names_the_nearest(client: FlaskClient) -> None:
    response = client.get("/sparql", query_string={"query": f"ASK FROM <{CATALOG}ue> {{ ?s ?p ?o }}"})
    assert problem_of(response, 403)["remedy"].startswith(f"did you mean <{CATALOG}>? ")


@pytest.mark.parametrize("name", ["default-graph-uri", "named-graph-uri"])
@pytest.mark.parametrize("iri", [iri for iri in NO_ABSOLUTE_IRI if iri])
def test_bad_query_graph_that_is_no_absolute_iri(client: FlaskClient, name: str, iri: str) -> None:
    response = client.get("/sparql", query_string={"query": "ASK {}", name: [CATALOG, iri]})
    assert "not an absolute IRI" in problem_of(response, 400)["detail"]


@pytest.mark.parametrize("given", [{"default-graph-uri": "", "named-graph-uri": ""}, {"timeout": "0"}])
def test_what_clients_of_virtuoso_send_and_mean_nothing_by_is_as_if_not_given(
    client: FlaskClient, given: dict[str, str]
) -> None:
    plain = client.get("/sparql", query_string={"query": COUNT, "format": "csv"})
    assert count_of(plain) > 0
    assert client.get("/sparql", query_string={"query": COUNT, "format": "csv", **given}).data == plain.data


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


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("written", "iri"),
    [
        ("<a>", "https://kg.example/a"),
        ("<#a>", "https://kg.example/sparql#a"),
        ("<>", "https://kg.example/sparql"),
        ("<?a>", "https://kg.example/sparql?a"),
    ],
)
def test_what_a_query_names_is_relative_to_the_address_that_it_was_sent_to(
    client: FlaskClient, method: str, written: str, iri: str
) -> None:
    """Source: SPARQL 1.1 Query §4.1.1.2; RFC 3986 §5.1.3."""
    query = f"SELECT ({written} AS ?iri) {{}}"
    sent: dict[str, Any] = {"query_string": {"query": query}} if method == "GET" else {"data": {"query": query}}
    response = client.open("/sparql", method=method, base_url="https://kg.example", **sent)
    assert rows_of(response, "json") == {(iri,)}


@pytest.mark.parametrize("host", ["", "a b", "a> <b", "a}{", "[::1"])
def test_where_no_host_is_named_a_query_names_nothing_that_is_relative(client: FlaskClient, host: str) -> None:
    query = {"query": "ASK { <a> ?p ?o }"}
    problem = problem_of(client.get("/sparql", query_string=query, headers={"Host": host}), 400)
    assert problem["detail"] == "<a> is a relative IRI, and nothing says what it is relative to"
    assert (problem["line"], problem["column"]) == (1, 7)
