"""The SPARQL 1.1 Graph Store HTTP Protocol as a matrix: reading, by program and by people."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import rdflib
from flask.testing import FlaskClient
from rdflib.namespace import RDF

from kg.settings import STRICT, Settings
from kg.sparql import Limits
from kg.web import create_app
from kg.web.exchange import Request
from kg.web.graphs import plan_graph
from kg.web.problems import Problem
from tests.protocol import (
    BASE,
    BROWSER,
    CATALOG,
    GRAPH_ROWS,
    HTML,
    NO_ABSOLUTE_IRI,
    Graphs,
    Triples,
    graph_of,
    problem_of,
    triples_of,
)

# rdflib's parsers call what rdflib itself deprecates.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")


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
    [
        "/graph/unknown",
        "/graph/links",
        "/graphs/unknown",
        "/graphs/a%20b",
        "/graphs?graph=urn:x:unknown",
        f"/graphs?{urlencode({'graph': BASE})}",
    ],
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
        ("/graphs/catalog?default", "path names a graph"),
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
    assert "all of them at once, but for data of others kept for reference" in response.text


def test_list_of_graphs_for_programs_is_the_dataset_of_the_service_description(client: FlaskClient) -> None:
    listed, described = graph_of(client.get("/graphs")), graph_of(client.get("/sparql"))
    assert set(listed) < set(described)
    assert {s for s, _, _ in set(described) - set(listed)} == {rdflib.URIRef("http://localhost/sparql")}


def test_plan_graph_by_its_url() -> None:
    asked = Request("GET", "/graphs/x/y", b"format=nt", address="http://a.example/graphs/x/y")
    plan = plan_graph(asked, Limits(), graphs={"http://a.example/graphs/x/y"}, base="urn:b:")
    assert plan is not None
    assert "GRAPH <http://a.example/graphs/x/y>" in plan.ask.query.text
    other = asked._replace(address="http://b.example/graphs/x/y")
    with pytest.raises(Problem, match=r"There is no graph <http://b\.example/graphs/x/y>"):
        plan_graph(other, Limits(), graphs={"http://a.example/graphs/x/y"}, base="urn:b:")


def test_plan_graph_needs_no_web_framework() -> None:
    plan = plan_graph(Request("GET", "/graph/x/y", b"format=nt"), Limits(), graphs={"urn:b:graph/x/y"}, base="urn:b:")
    assert plan is not None
    assert plan.ask.query.text == "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH <urn:b:graph/x/y> { ?s ?p ?o } }"
    assert (plan.content_type, plan.filename) == ("application/n-triples", "x-y.nt")
    assert plan_graph(Request("HEAD", "/graphs", b""), Limits(), graphs=(), base="urn:b:") is None
    with pytest.raises(Problem, match="There is no graph <urn:b:graph/y>"):
        plan_graph(Request("GET", "/graph/y", b""), Limits(), graphs={"urn:b:graph/x/y"}, base="urn:b:")
