"""A running server over real HTTP: every way to ask, every format, the pages, and what is refused."""

from __future__ import annotations

import csv
import http.client
import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode

import pytest
from rdflib import RDF, RDFS, XSD, Dataset, Graph, Literal, URIRef
from rdflib.graph import DATASET_DEFAULT_GRAPH_ID
from rdflib.query import Result
from rdflib.term import Node
from SPARQLWrapper import GET, JSON, POST, POSTDIRECTLY, TURTLE, SPARQLWrapper

from kg.formats import FORMATS, Format, formats_for
from kg.queries import HIDDEN
from tests.protocol import RDFLIB_FORMATS
from tests.serving import ROOT, Command, Reply, Server, serving
from tests.states import published

HEADLINE = (ROOT / "queries/competency/deliverables-supporting-framework.rq").read_text(encoding="utf-8")
BASE = "https://w3id.org/unemg/"
SUPPORTERS = {
    f"{BASE}id/deliverable/{slug}" for slug in ("bio-mr-framework", "bio-mr-outline", "bio-knowledge-inventory")
}

# rdflib's own parsers use what rdflib deprecates.
pytestmark = [
    pytest.mark.filterwarnings(r"ignore:Dataset\.:DeprecationWarning:rdflib"),
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning:rdflib"),
]


@pytest.fixture(scope="module")
def server(kg_command: Command, state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(kg_command, state, tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture(scope="module")
def dataset(state: Path) -> Dataset:
    """The published dataset, as rdflib reads it."""
    read = Dataset()
    read.parse(data=published(state), format="nquads")
    return read


def triples(dataset: Dataset, *, graph: str | None = None, subject: str | None = None) -> set[tuple[Node, ...]]:
    name, about = (URIRef(iri) if iri else None for iri in (graph, subject))
    return {(s, p, o) for s, p, o, _ in dataset.quads((about, None, None, name))}


def query(server: Server, text: str, *, accept: str = "*/*", **parameters: str) -> Reply:
    return server.ask(text, accept=accept, **parameters)


# The ways to ask.


def test_the_headline_question_is_answered_alike_by_get_and_both_kinds_of_post(server: Server) -> None:
    form = urlencode({"query": HEADLINE})
    replies = [
        query(server, HEADLINE, accept="application/sparql-results+json"),
        server.send(
            "POST",
            "/sparql",
            form.encode(),
            content_type="application/x-www-form-urlencoded",
            accept="application/json",
        ),
        server.send(
            "POST", "/sparql", HEADLINE.encode(), content_type="application/sparql-query", accept="application/json"
        ),
    ]
    assert [reply.status for reply in replies] == [200, 200, 200]
    assert {reply.body for reply in replies} == {replies[0].body}
    rows = json.loads(replies[0].text)["results"]["bindings"]
    assert {row["deliverable"]["value"] for row in rows} == SUPPORTERS
    assert {row["directness"]["value"] for row in rows} == {"indirect"}
    assert {row["group"]["value"] for row in rows} == {f"{BASE}id/workstream/img-biodiversity"}


def test_select_is_answered_by_a_client_library(server: Server, dataset: Dataset) -> None:
    area = URIRef(f"{BASE}ontology#ProgrammeArea")
    areas = {s for s, _, _, _ in dataset.quads((None, RDF.type, area, None))}
    expected = {(s, o) for s, _, o, _ in dataset.quads((None, RDFS.label, None, None)) if s in areas}
    assert len(expected) > 1
    client = SPARQLWrapper(f"http://127.0.0.1:{server.port}/sparql")
    client.setReturnFormat(JSON)
    client.setQuery(f"SELECT ?x ?label WHERE {{ ?x a {area.n3()} ; {RDFS.label.n3()} ?label }}")
    for method in (GET, POST):
        client.setMethod(method)
        rows = client.queryAndConvert()["results"]["bindings"]
        assert {
            (URIRef(row["x"]["value"]), Literal(row["label"]["value"], lang=row["label"]["xml:lang"])) for row in rows
        } == expected


def test_construct_is_answered_by_a_client_library(server: Server, dataset: Dataset) -> None:
    client = SPARQLWrapper(f"http://127.0.0.1:{server.port}/sparql")
    client.setReturnFormat(TURTLE)
    client.setMethod(POST)
    client.setRequestMethod(POSTDIRECTLY)
    client.setQuery(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{BASE}graph/external> {{ ?s ?p ?o }} }}")
    graph = Graph().parse(data=client.queryAndConvert(), format="turtle")
    assert set(graph) == triples(dataset, graph=f"{BASE}graph/external") != set()


# The formats.


TERMS = """
SELECT ?term ?note WHERE {
  VALUES (?number ?term ?note) {
    (1 <https://example.org/a?b=c&d=%20é> "an IRI")
    (2 "commas, \\"quotes\\", <tags> & 'more'" "plain")
    (3 "two\\nlines\\tand a tab \\\\ backslash"@en "with a language")
    (4 "Größe 東京 🌍"@de UNDEF)
    (5 42 "a number")
    (6 "2022-05"^^<http://www.w3.org/2001/XMLSchema#gYearMonth> "a month")
    (7 UNDEF "nothing")
    (8 "" "empty")
    (9 true "a truth value")
  }
}
ORDER BY ?number
"""
ROWS: list[tuple[Node | None, str | None]] = [
    (URIRef("https://example.org/a?b=c&d=%20é"), "an IRI"),
    (Literal("commas, \"quotes\", <tags> & 'more'"), "plain"),
    (Literal("two\nlines\tand a tab \\ backslash", lang="en"), "with a language"),
    (Literal("Größe 東京 🌍", lang="de"), None),
    (Literal(42), "a number"),
    (Literal("2022-05", datatype=XSD.gYearMonth), "a month"),
    (None, "nothing"),
    (Literal(""), "empty"),
    (Literal(True), "a truth value"),
]


def json_rows(body: bytes) -> list[tuple[Node | None, str | None]]:
    return result_rows(body, "json")


def xml_rows(body: bytes) -> list[tuple[Node | None, str | None]]:
    return result_rows(body, "xml")


def tsv_rows(body: bytes) -> list[tuple[Node | None, str | None]]:
    return result_rows(body, "tsv")


def result_rows(body: bytes, format_name: str) -> list[tuple[Node | None, str | None]]:
    result = Result.parse(io.BytesIO(body), format=format_name)
    assert [str(variable) for variable in result.vars or ()] == ["term", "note"]
    rows = [{str(variable): term for variable, term in row.items()} for row in result.bindings]
    return [(row.get("term"), str(row["note"]) if "note" in row else None) for row in rows]


def csv_rows(body: bytes) -> list[tuple[str, ...]]:
    header, *rows = csv.reader(io.StringIO(body.decode("utf-8"), newline=""))
    assert header == ["term", "note"]
    return [tuple(row) for row in rows]


SOLUTION_READERS = {"json": json_rows, "xml": xml_rows, "tsv": tsv_rows, "csv": csv_rows}
BOOLEAN_READERS: dict[str, Callable[[bytes], bool]] = {
    "json": lambda body: bool(json.loads(body)["boolean"]),
    "xml": lambda body: ET.fromstring(body).findtext("{http://www.w3.org/2005/sparql-results#}boolean") == "true",  # noqa: S314 - our own server's
    "csv": lambda body: body.strip() == b"true",
    "tsv": lambda body: body.strip() == b"true",
}


def read_graph(body: bytes, row: Format) -> set[tuple[Node, ...]]:
    read = Dataset()
    read.parse(data=body, format=RDFLIB_FORMATS[row.name])
    quads = list(read.quads())
    assert {graph for _, _, _, graph in quads} <= {None, DATASET_DEFAULT_GRAPH_ID}
    return {(s, p, o) for s, p, o, _ in quads}


def lexical(row: tuple[Node | None, str | None]) -> tuple[str, ...]:
    return tuple("" if term is None else str(term) for term in row)


def machine_formats(form: str) -> list[Format]:
    return [row for row in formats_for(form) if row.name != "html"]


def requests_for(form: str) -> list[tuple[Format, dict[str, str], str]]:
    """Each way to ask for each format: a row of the table, what to send, and the media type to get."""
    ways = []
    taken: set[str] = {row.media_type for row in formats_for(form)}
    for row in machine_formats(form):
        ways.append((row, {"accept": row.media_type}, row.media_type))
        for media_type in row.other_media_types:
            if media_type not in taken:
                ways.append((row, {"accept": media_type}, media_type))
                taken.add(media_type)
        ways += [(row, {"format": name}, row.media_type) for name in (row.name, *row.other_names)]
    return ways


def test_every_format_has_a_reader_here() -> None:
    assert set(SOLUTION_READERS) == {row.name for row in machine_formats("SELECT")}
    assert set(BOOLEAN_READERS) == {row.name for row in machine_formats("ASK")}
    assert set(RDFLIB_FORMATS) == {row.name for row in machine_formats("CONSTRUCT")}
    assert {"html", *SOLUTION_READERS, *RDFLIB_FORMATS} == {row.name for row in FORMATS}


def ids(ways: list[tuple[Format, dict[str, str], str]]) -> list[str]:
    return [" ".join(f"{name}={value}" for name, value in sent.items()) for _, sent, _ in ways]


@pytest.mark.parametrize(("row", "sent", "media_type"), requests_for("SELECT"), ids=ids(requests_for("SELECT")))
def test_select_in_every_format(server: Server, row: Format, sent: dict[str, str], media_type: str) -> None:
    reply = query(server, TERMS, **sent)
    assert (reply.status, reply.media_type) == (200, media_type)
    assert reply.headers.get_param("charset", "utf-8") == "utf-8"
    found = SOLUTION_READERS[row.name](reply.body)
    if row.name == "csv":
        assert found == [lexical(row) for row in ROWS]
    else:
        assert found == ROWS


@pytest.mark.parametrize(("row", "sent", "media_type"), requests_for("ASK"), ids=ids(requests_for("ASK")))
def test_ask_in_every_format(server: Server, row: Format, sent: dict[str, str], media_type: str) -> None:
    known = f"ASK {{ <{BASE}id/workstream/img-biodiversity> a <{BASE}ontology#Workstream> }}"
    for text, truth in ((known, True), (known.replace("img-biodiversity", "nothing"), False)):
        reply = query(server, text, **sent)
        assert (reply.status, reply.media_type) == (200, media_type)
        assert BOOLEAN_READERS[row.name](reply.body) is truth


@pytest.mark.parametrize(("row", "sent", "media_type"), requests_for("CONSTRUCT"), ids=ids(requests_for("CONSTRUCT")))
def test_construct_in_every_format(
    server: Server, dataset: Dataset, row: Format, sent: dict[str, str], media_type: str
) -> None:
    reply = query(server, f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{BASE}graph/catalog> {{ ?s ?p ?o }} }}", **sent)
    assert (reply.status, reply.media_type) == (200, media_type)
    assert read_graph(reply.body, row) == triples(dataset, graph=f"{BASE}graph/catalog") != set()


@pytest.mark.parametrize("row", machine_formats("DESCRIBE"), ids=lambda row: row.name)
def test_describe_in_every_format(server: Server, dataset: Dataset, row: Format) -> None:
    thing = f"{BASE}id/deliverable/bio-mr-framework"
    reply = query(server, f"DESCRIBE <{thing}>", accept=row.media_type)
    assert (reply.status, reply.media_type) == (200, row.media_type)
    assert read_graph(reply.body, row) == triples(dataset, subject=thing) != set()


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/sparql-results+json"),
        ("text/csv;q=0.5, application/sparql-results+xml;q=0.9", "application/sparql-results+xml"),
        ("text/*", "text/csv"),
        ("text/csv;q=0, text/tab-separated-values;q=0.1", "text/tab-separated-values"),
        ("image/png, application/json;q=0.1", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
    ],
)
def test_the_best_acceptable_format_is_chosen(server: Server, accept: str, media_type: str) -> None:
    reply = query(server, TERMS, accept=accept)
    assert (reply.status, reply.media_type) == (200, media_type)
    assert "accept" in reply.headers["Vary"].lower()


# Pages for people.


class Page(HTMLParser):
    """The cells of tables and the links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.links: list[tuple[str, str]] = []
        self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "td":
            self._in_cell = True
            self.cells.append("")
        if tag == "a":
            self.links.append((dict(attrs).get("href") or "", ""))

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag != "td"

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.cells[-1] += data
        if self.links:
            self.links[-1] = (self.links[-1][0], self.links[-1][1] + data)


@pytest.mark.parametrize("sent", [{"accept": "text/html"}, {"format": "html"}], ids=["accept", "format"])
def test_an_answer_for_people_shows_every_term_and_offers_every_other_format(
    server: Server, sent: dict[str, str]
) -> None:
    reply = query(server, TERMS, **sent)
    assert (reply.status, reply.media_type) == (200, "text/html")
    page = Page(reply.text)
    shown = [cell for row in ROWS for cell in lexical(row)]
    assert len(page.cells) == len(shown)
    for cell, value in zip(page.cells, shown, strict=True):
        assert value in unescape(cell)
    downloads = {text.strip(): href for href, text in page.links if "format=" in href}
    for row in machine_formats("SELECT"):
        [href] = [href for label, href in downloads.items() if label.split("\n")[0].strip() == row.label]
        assert server.get(href).body == query(server, TERMS, format=row.name).body


def test_a_graph_and_a_yes_are_shown_to_people_too(server: Server, dataset: Dataset) -> None:
    thing = f"{BASE}id/deliverable/bio-mr-framework"
    page = Page(query(server, f"DESCRIBE <{thing}>", accept="text/html").text)
    assert len(page.cells) == 3 * len(triples(dataset, subject=thing))
    assert "Yes" in query(server, "ASK { }", accept="text/html").text
    assert "No" in query(server, "ASK { <x:a> <x:b> <x:c> }", accept="text/html").text


def test_the_list_of_questions_leads_to_pages_that_answer(server: Server) -> None:
    reply = server.get("/questions", accept="text/html")
    assert (reply.status, reply.media_type) == (200, "text/html")
    questions = sorted(ROOT.glob("queries/*/*.rq"))
    listed = {href for href, _ in Page(reply.text).links if href.startswith("/questions/")}
    assert listed == {f"/questions/{path.parent.name}/{path.stem}" for path in questions}
    assert len(listed) > 60
    asking = {
        f"/questions/{path.parent.name}/{path.stem}"
        for path in questions
        if "\n# asks: " in path.read_text(encoding="utf-8")
    }
    assert 0 < len(asking) < 10  # they ask other servers, which this one does not
    empty = []
    for href in sorted(listed):
        answer = server.send("GET", href, accept="text/html")
        assert (answer.status, answer.media_type) == (403 if href in asking else 200, "text/html"), href
        # What the service itself asks may find nothing, as its checks do.
        if href not in asking and href.split("/")[2] not in HIDDEN and not Page(answer.text).cells:
            empty.append(href)
    assert not empty


# What is refused.


SYNTAX = "SELECT ?s WHERE {\n  ?s ex:p ?o\n}"
FORM = "application/x-www-form-urlencoded"
REFUSED = {
    "syntax error": ("GET", {"query": SYNTAX}, {}, 400, "the prefix ex: is not declared", "PREFIX ex:"),
    "open bracket": ("GET", {"query": "ASK {\n {"}, {}, 400, "is not closed", "correct the query"),
    "update": ("GET", {"query": "CLEAR ALL"}, {}, 400, "changes nothing", "SELECT"),
    "update in a form": ("POST", "update=CLEAR+ALL", {"content_type": FORM}, 400, "changes nothing", "query="),
    "another service": ("GET", {"query": "ASK { SERVICE <http://127.0.0.1/> { } }"}, {}, 403, "SERVICE", "endpoint"),
    "unknown format": ("GET", {"query": TERMS, "format": "png"}, {}, 400, "png is no format", "use one of json, xml"),
    "format of a graph": ("GET", {"query": TERMS, "format": "turtle"}, {}, 400, "turtle is no format", "json, xml"),
    "no query": ("GET", {}, {"accept": "application/sparql-results+json"}, 400, "no query", "query="),
    "two queries": ("GET", [("query", "ASK {}"), ("query", "ASK {}")], {}, 400, "2 times", "once"),
    "not acceptable": (
        "GET",
        {"query": TERMS},
        {"accept": "image/png"},
        406,
        "image/png",
        "application/sparql-results",
    ),
    "graph not acceptable": ("GET", {"query": TERMS}, {"accept": "text/turtle"}, 406, "text/turtle", "text/csv"),
    "plain text": ("POST", TERMS, {"content_type": "text/plain"}, 415, "text/plain", "application/sparql-query"),
    "an update": ("POST", "CLEAR ALL", {"content_type": "application/sparql-update"}, 415, "update", FORM),
    "delete": ("DELETE", {"query": TERMS}, {}, 405, "DELETE", "GET"),
    "put": ("PUT", {"query": TERMS}, {}, 405, "PUT", "POST"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_told_with_a_remedy_to_programs_and_people(server: Server, name: str) -> None:
    method, sent, headers, status, detail, remedy = REFUSED[name]
    body = sent if isinstance(sent, str) else ""
    path = "/sparql" if isinstance(sent, str) else f"/sparql?{urlencode(sent)}"
    reply = server.send(method, path, body.encode(), **headers)
    assert (reply.status, reply.media_type) == (status, "application/problem+json")
    problem = json.loads(reply.text)
    assert problem["status"] == status
    assert problem["title"]
    assert detail in problem["detail"]
    assert remedy in problem["remedy"]
    if "accept" not in headers:
        page = server.send(method, path, body.encode(), **headers, accept="text/html")
        assert (page.status, page.media_type) == (status, "text/html")
        assert problem["detail"] in unescape(page.text)
        assert problem["remedy"] in unescape(page.text)


def test_a_syntax_error_has_line_and_column(server: Server) -> None:
    problem = json.loads(query(server, SYNTAX).text)
    assert (problem["line"], problem["column"]) == (2, 6)
    assert "Line 2, column 6" in query(server, SYNTAX, accept="text/html").text


@pytest.mark.parametrize(("method", "path", "allowed"), [("PUT", "/sparql", {"GET", "POST"}), ("POST", "/", {"GET"})])
def test_a_method_that_is_not_allowed_is_told_which_are(
    server: Server, method: str, path: str, allowed: set[str]
) -> None:
    reply = server.send(method, path, b"x")
    assert reply.status == 405
    assert {name.strip() for name in reply.headers["Allow"].split(",")} >= allowed
    assert method not in reply.headers["Allow"]


def test_the_kind_of_each_problem_is_a_page_that_explains_it(server: Server) -> None:
    problem = json.loads(query(server, SYNTAX).text)
    path = problem["type"].partition(f":{server.port}")[2]
    page = server.get(path, accept="text/html")
    assert page.status == 200
    assert problem["title"] in page.text


def test_a_page_that_does_not_exist_is_told_so(server: Server) -> None:
    reply = server.get("/nothing")
    assert (reply.status, reply.media_type) == (404, "application/problem+json")
    assert "/nothing" in json.loads(reply.text)["detail"]


def test_many_clients_at_once_get_the_same_answer(server: Server) -> None:
    """Each over a connection of its own, all open before the first is read."""
    text = urlencode({"query": HEADLINE, "format": "csv"})
    with ExitStack() as stack:
        connections = [stack.enter_context(closing_connection(server.port)) for _ in range(24)]
        for connection in connections:
            connection.request("GET", f"/sparql?{text}")
        replies = [connection.getresponse() for connection in connections]
        assert {(reply.status, reply.read()) for reply in replies} == {
            (200, query(server, HEADLINE, format="csv").body)
        }


@contextmanager
def closing_connection(port: int) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        yield connection
    finally:
        connection.close()
