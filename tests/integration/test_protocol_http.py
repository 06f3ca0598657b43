"""HTTP below the protocols: content negotiation, HEAD, OPTIONS, access from other origins."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kg.settings import Settings
from kg.web import create_app
from tests.protocol import (
    ALL_OF_CATALOG,
    BROWSER,
    CATALOG,
    CSV,
    FORM,
    HTML,
    JSON,
    N3,
    TITLES,
    TSV,
    TURTLE,
    XML,
    graph_of,
    problem_of,
)

# rdflib's parsers call what rdflib itself deprecates.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")


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
        "Access-Control-Request-Headers": "authorization, x-requested-with",
    }
    preflight = client.options(path, headers=asks)
    assert (preflight.status_code, preflight.data) == (204, b"")
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert set(preflight.headers["Access-Control-Allow-Methods"].split(", ")) == methods
    allowed = {name.lower() for name in preflight.headers["Access-Control-Allow-Headers"].split(", ")}
    # A page of another site may send no token where it could write with it, and `*` is a token to some browsers.
    assert allowed == ({"content-type", "accept", "if-none-match"} if "PUT" in methods else {"*", "authorization"})
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


def test_a_problem_tells_no_more_of_a_long_header_than_can_be_read(client: FlaskClient) -> None:
    accept = ", ".join(f"image/x{number};q=0.5" for number in range(2000))
    problem = problem_of(client.get("/sparql?query=ASK{}", headers={"Accept": accept}), 406)
    assert "image/x0;" in problem["detail"]
    assert len(problem["detail"]) < 300
