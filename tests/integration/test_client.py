"""The client for notebooks: a graph in a folder and a served one answer alike, and whatever goes wrong is explained."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import rdflib

from kg.client import Graph
from kg.errors import (
    AccessError,
    ContentError,
    EndpointAway,
    FormatUnknown,
    KgError,
    NotAuthenticated,
    NotConforming,
    QueryError,
    QueryRefused,
    QuerySyntax,
    RevisionMissing,
    RevisionPassed,
    ServiceBusy,
)
from tests.conftest import SMALL_CONTENT
from tests.serving import Command, free_port, serving
from tests.states import build_into
from tests.strangers import BOMB, ROWS, Answer, headers_without_end, rows, says, silence, stranger, without_end
from tests.submitting import BASE, UNLIMITED, authorless, book, make_token

BOOKS_BY = """\
# title: Books of somebody
# question: Which books did somebody write?
# id: B1
# parameters:
#   author: {type: iri, label: Author, default: "https://library.example/austen"}
# columns:
#   book: the book
PREFIX : <https://library.example/>

SELECT ?book
WHERE {
  VALUES ?author { <https://library.example/austen> }
  ?book :writtenBy ?author
}
ORDER BY ?book
"""
TYPED = """
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
SELECT * {
  VALUES (?whole ?exact ?rough ?yes ?day ?moment ?month ?text ?none ?thing) {
    (7 1.50 1e0 true "2022-05-18"^^xsd:date "2022-05-18T10:00:00Z"^^xsd:dateTime "2022-05"^^xsd:gYearMonth
     "<b>Été</b>"@fr UNDEF <https://library.example/emma>)
    (8 2.25 2e0 false "0000-99-99"^^xsd:date "2022-05-18T10:00:00"^^xsd:dateTime "2022-06"^^xsd:gYearMonth
     "plain" 3 <javascript:alert(1)>)
  }
}
ORDER BY ?whole"""


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same state twice, as each of both is written to."""
    folder = tmp_path_factory.mktemp("client")
    for name, text in (SMALL_CONTENT | {"queries/explore/books-by.rq": BOOKS_BY}).items():
        (folder / "content" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "content" / name).write_text(text, encoding="utf-8")
    build_into(folder / "folder", folder / "content")
    shutil.copytree(folder / "folder", folder / "served", symlinks=True)
    return {"content": folder / "content", "folder": folder / "folder", "served": folder / "served"}


@pytest.fixture(scope="module")
def address(kg_command: Command, states: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(kg_command, states["served"], tmp_path_factory.mktemp("served"), **UNLIMITED) as server:
        yield f"http://127.0.0.1:{server.port}/"


@pytest.fixture(scope="module")
def token(states: dict[str, Path], address: str) -> str:
    return make_token(states["served"], scope="submit")


@pytest.fixture(params=["folder", "served"])
def graph(request: pytest.FixtureRequest, states: dict[str, Path], address: str) -> Graph:
    return Graph(states["folder"] if request.param == "folder" else address)


def test_tells_its_questions(graph: Graph) -> None:
    (by,) = (question for question in graph.questions if question.id == "explore/books-by")
    assert {question.id for question in graph.questions} == {"explore/books", "explore/books-by"}
    assert (by.title, by.notation, by.columns) == ("Books of somebody", "B1", {"book": "the book"})
    assert [(one.name, one.type, one.default) for one in by.parameters] == [("author", "iri", f"{BASE}austen")]


@pytest.mark.parametrize("name", ["explore/books-by", "books-by", "B1"])
def test_answers_a_stored_question_by_any_of_its_names(graph: Graph, name: str) -> None:
    before = graph.revision(1)
    assert [row["book"] for row in before.ask(name).rows] == [f"{BASE}emma", f"{BASE}persuasion"]
    assert before.ask(name, author=rdflib.URIRef(f"{BASE}nobody")).rows == []


def test_says_which_question_was_probably_meant(graph: Graph) -> None:
    with pytest.raises(QueryRefused, match="there is no question 'explore/book-bye'") as caught:
        graph.ask("explore/book-bye")
    assert caught.value.remedy.startswith("did you mean explore/books-by")
    with pytest.raises(QueryRefused, match="has no parameter autor") as caught:
        graph.ask("books-by", autor="x")
    assert caught.value.remedy == "it has: author"
    with pytest.raises(QueryRefused, match="a list cannot be given"):
        graph.ask("books-by", author=[])
    with pytest.raises(KgError, match="author") as told:
        graph.ask("books-by", author="no IRI")
    assert told.value.remedy


def test_values_are_those_of_python(graph: Graph) -> None:
    first, second = graph.query(TYPED).rows
    assert first == {
        "whole": 7,
        "exact": Decimal("1.5"),
        "rough": 1.0,
        "yes": True,
        "day": datetime.date(2022, 5, 18),
        "moment": datetime.datetime(2022, 5, 18, 10, tzinfo=datetime.UTC),
        "month": "2022-05",
        "text": "<b>Été</b>",
        "none": None,
        "thing": f"{BASE}emma",
    }
    assert (second["day"], second["yes"], second["none"]) == ("0000-99-99", False, 3)
    assert {type(first[name]) for name in ("whole", "yes", "rough")} == {int, bool, float}


def test_answers_become_frames(graph: Graph) -> None:
    result = graph.query(TYPED)
    for frame, columns in ((result.to_pandas(), list), (result.to_polars(), list)):
        assert columns(frame.columns) == list(result.columns)
        assert len(frame) == 2
        assert list(frame["whole"]) == [7, 8]
        assert list(frame["text"]) == ["<b>Été</b>", "plain"]
    assert str(result.to_pandas()["none"].dtype) == "Int64"  # whole, though one is missing
    assert result.to_polars()["day"].to_list() == ["2022-05-18", "0000-99-99"]
    assert graph.query("SELECT ?nothing { FILTER (false) }").to_pandas().empty


def test_notebooks_show_answers_escaped(graph: Graph) -> None:
    shown = graph.query(TYPED)._repr_html_()
    assert '<span lang="fr">&lt;b&gt;Été&lt;/b&gt;</span>' in shown
    assert f'<a href="{BASE}emma" rel="noreferrer">' in shown
    assert 'href="javascript' not in shown
    assert "2 rows" in shown
    assert graph.query("ASK { }")._repr_html_() == "<strong>yes</strong>"


def test_a_construct_is_an_rdflib_graph(graph: Graph) -> None:
    query = f"CONSTRUCT {{ ?b a <{BASE}Book> }} WHERE {{ ?b <{BASE}writtenBy> <{BASE}austen> }}"
    found = graph.revision(1).query(query).graph()
    assert set(found.subjects()) == {rdflib.URIRef(f"{BASE}emma"), rdflib.URIRef(f"{BASE}persuasion")}
    with pytest.raises(QueryError, match="no graph"):
        graph.query("ASK {}").graph()


def test_a_yes_or_no_is_a_truth_value(graph: Graph) -> None:
    assert graph.query(f"ASK {{ <{BASE}emma> a <{BASE}Book> }}")
    assert not graph.query(f"ASK {{ <{BASE}emma> a <{BASE}Person> }}")


def test_a_syntax_error_has_its_place(graph: Graph) -> None:
    with pytest.raises(QuerySyntax) as caught:
        graph.query("SELECT * {\n  ?s ?p\n}")
    assert caught.value.line == 3
    assert caught.value.remedy


def test_an_update_changes_nothing(graph: Graph) -> None:
    with pytest.raises(QueryError):
        graph.query("DELETE WHERE { ?s ?p ?o }")
    assert graph.query("ASK { ?s ?p ?o }")


def test_validation_is_an_answer(graph: Graph, tmp_path: Path) -> None:
    assert graph.validate(book("sanditon")).conforms
    report = graph.validate(authorless("sanditon"))
    (finding,) = report.findings
    assert not report
    assert (finding.severity, finding.focus, finding.place) == ("Violation", f"{BASE}sanditon", "line 3")
    assert finding.rule == "A book has an author."
    assert "writtenBy" in finding.fix
    assert "A book has an author" in report._repr_html_()
    file = tmp_path / "books.ttl"
    file.write_text(authorless("sanditon"), encoding="utf-8")
    assert graph.validate(file) == graph.validate(str(file)) == report
    parsed = rdflib.Graph().parse(data=authorless("sanditon"), format="turtle")
    assert [one.rule for one in graph.validate(parsed).findings] == [finding.rule]
    as_json = parsed.serialize(format="json-ld")
    assert not graph.validate(as_json, media_type="application/ld+json")


def test_what_cannot_be_read_has_its_place(graph: Graph, tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"line 2") as caught:
        graph.validate("<urn:a> <urn:b> <urn:c> .\n<urn:a> <urn:b> oops .")
    assert caught.value.remedy
    with pytest.raises(ContentError, match="cannot be read"):
        graph.validate(tmp_path / "missing.ttl")
    with pytest.raises(FormatUnknown):
        graph.validate("x", media_type="application/pdf")


def test_submits(graph: Graph, token: str) -> None:
    name = f"lady-{'served' if '://' in graph.place else 'folder'}"
    said = {"message": "A book", "token": token, "author": "Ada"}
    tried = graph.submit(book(name), dry_run=True, **said)
    assert (tried.accepted, tried.report.conforms) == (False, True)
    assert not graph.query(f"ASK {{ <{BASE}{name}> ?p ?o }}")
    receipt = graph.submit(book(name), **said)
    assert receipt.accepted
    assert receipt.graph == f"{BASE}graph/submission/{receipt.revision}"
    assert receipt.added >= 3
    assert graph.query(f"ASK {{ <{BASE}{name}> ?p ?o }}")
    assert not graph.revision(receipt.revision - 1).query(f"ASK {{ <{BASE}{name}> ?p ?o }}")
    assert not graph.as_of("2024-05-01").query(f"ASK {{ <{BASE}{name}> ?p ?o }}")
    assert "accepted" in receipt._repr_html_()


def test_what_does_not_conform_is_refused_with_its_report(graph: Graph, token: str) -> None:
    with pytest.raises(NotConforming) as caught:
        graph.submit(authorless("x"), message="A book", token=token, author="Ada")
    assert "line 3" in caught.value.report
    assert not graph.submit(authorless("x"), message="m", token=token, author="Ada", dry_run=True).report.conforms


def test_somebody_else_was_faster(graph: Graph, token: str) -> None:
    with pytest.raises(RevisionPassed):
        graph.submit(book("y"), message="A book", token=token, author="Ada", expect=99)


def test_an_earlier_state_takes_nothing_in(graph: Graph) -> None:
    with pytest.raises(ContentError, match="earlier state"):
        graph.revision(1).submit(book("y"), message="A book")
    with pytest.raises(KgError, match="999"):
        graph.revision(999).query("ASK {}")


def test_the_ontology_is_one_of_owlready2(states: dict[str, Path], tmp_path: Path) -> None:
    content = shutil.copytree(states["content"], tmp_path / "content")
    ontology = content / "ontology" / "library.ttl"
    head = f"<{BASE}> a owl:Ontology ; owl:imports <http://127.0.0.1:1/never> .\n:Novel a owl:Class ; "
    ontology.write_text(f"{ontology.read_text()}{head}rdfs:subClassOf :Book .\n", encoding="utf-8")
    with Graph(content) as graph:
        assert {one.name for one in graph.ontology.classes()} == {"Book", "Person", "Novel"}
        assert graph.ontology.Novel.is_a == [graph.ontology.Book]
        assert [str(label) for label in graph.ontology.Book.label] == ["book"]


def test_a_graph_without_ontology_says_so(graph: Graph) -> None:
    with pytest.raises(ContentError, match="no ontology"):
        _ = graph.ontology


def test_content_is_built_apart_and_stays_as_it_is(states: dict[str, Path], tmp_path: Path) -> None:
    before = sorted(states["content"].rglob("*"))
    with Graph(str(states["content"])) as graph:
        state = Path(graph._door.state)  # type: ignore[attr-defined]
        assert graph.submit(book("z"), message="A book", author="Ada").revision == 2
        assert state.is_dir()
    assert not state.exists()
    assert sorted(states["content"].rglob("*")) == before
    with pytest.raises(ContentError, match="neither a content folder nor a state folder"):
        Graph(tmp_path)
    with pytest.raises(ContentError, match="no address of the web"):
        Graph("ftp://library.example/")


@pytest.mark.parametrize("bad", ["", "two words", "token\r\nX-Evil: 1", "é", "x" * 5000])
def test_a_token_that_is_none_is_not_sent(address: str, bad: str) -> None:
    with pytest.raises(NotAuthenticated) as caught:
        Graph(address).submit(book("y"), message="A book", token=bad)
    assert caught.value.remedy


def test_a_wrong_token_is_refused(address: str, states: dict[str, Path]) -> None:
    with pytest.raises(NotAuthenticated):
        Graph(address).submit(book("y"), message="A book", token="wrong")  # noqa: S106 - it is meant to be wrong
    with pytest.raises(AccessError, match="to read"):
        Graph("http://library.example/").submit(book("y"), message="A book", token="secret")  # noqa: S106 - as above


HOSTILE: dict[str, tuple[Answer, type[KgError], str]] = {
    "a page": (says("<h1>Welcome</h1>", "text/html"), EndpointAway, "answers in text/html"),
    "nothing told": (says("{}", ""), EndpointAway, "no told media type"),
    "a bomb": (says(BOMB, "application/sparql-results+xml"), EndpointAway, r"sparql-results\+xml"),
    "no JSON": (says("{"), EndpointAway, "sends what is no"),
    "a list": (says("[]"), EndpointAway, "sends what is no"),
    "deep": (says("[" * 200_000), EndpointAway, "sends what is no"),
    "compressed": (says(b"\x1f\x8b", Content_Encoding="gzip"), EndpointAway, "compressed"),
    "too large": (without_end(), EndpointAway, "sends more than"),
    "announced too large": (says("{}", Content_Length=str(10**15)), EndpointAway, "sends more than"),
    "broken off": (says("{}", Content_Length="1000"), EndpointAway, "breaks off"),
    "endless error": (without_end(400), EndpointAway, "sends more than"),
    "drops": (without_end(bytes_at_a_time=1, pause_seconds=0.05), EndpointAway, "not done after 1 seconds"),
    "slow head": (headers_without_end, EndpointAway, "not done after 1 seconds"),
    "silence": (silence, EndpointAway, "after 1 seconds|nothing came in time"),
    "elsewhere": (says("", status=302, Location="http://169.254.169.254/"), EndpointAway, "leads to http://169"),
    "overloaded": (says("later", "text/plain", 503, Retry_After="7"), ServiceBusy, "too much to do"),
    "does not know": (says("no such function", "text/plain", 400), QueryError, "no such function"),
    "no triples": (says("<<<", "application/n-triples"), EndpointAway, "what is no application/n-triples"),
    "problem without sense": (says("[]", "application/problem+json", 500), EndpointAway, "answered with 500"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_strange_endpoint_is_bounded_and_explained(name: str) -> None:
    answer, kind, words = HOSTILE[name]
    with stranger({"/sparql": answer}) as (url, asked):
        with pytest.raises(kind, match=words) as caught:
            Graph(url, seconds=1, megabytes=1).query("SELECT * { ?s ?p ?o }")
        assert caught.value.remedy
        assert [method for method, *_ in asked] == ["POST"]


def test_the_agent_is_told_and_a_token_goes_nowhere_else() -> None:
    receipt = says("", status=307, Location="http://127.0.0.1:1/")
    with stranger({"/sparql": rows("a"), "/submissions": receipt}) as (url, asked):
        graph = Graph(url)
        assert graph.query("SELECT ?x {}").rows == [{"x": "a"}]
        with pytest.raises(EndpointAway, match="leads to"):
            graph.submit("<urn:a> <urn:b> <urn:c> .", message="m", token="secret")  # noqa: S106 - of no server
    assert asked[0][2]["User-Agent"].startswith("unemg-kg")
    assert ROWS in asked[0][2]["Accept"]
    assert len(asked) == 2


def test_a_proxy_that_is_named_is_used_for_all() -> None:
    answers = {"http://library.example/sparql": rows("a"), "library.example:443": says("no", "text/plain", 403)}
    with stranger(answers) as (proxy, asked):
        graph = Graph("http://library.example", proxy=proxy)
        assert graph.query("SELECT ?x {}").rows == [{"x": "a"}]
        with pytest.raises(EndpointAway, match="403"):
            Graph("https://library.example", proxy=proxy).query("ASK {}")
        # In the open a proxy could read the token.
        with pytest.raises(NotAuthenticated, match="to read"):
            Graph("http://127.0.0.1", proxy=proxy).submit("<urn:a> <urn:b> <urn:c> .", message="m", token="secret")  # noqa: S106 - of no server
    assert [(method, path) for method, path, _ in asked] == [
        ("POST", "http://library.example/sparql"),
        ("CONNECT", "library.example:443"),
    ]
    for wrong in ("https://proxy.example:3128", "proxy.example", "http://me:pass@proxy.example"):
        with pytest.raises(EndpointAway) as caught:
            Graph("http://library.example", proxy=wrong).query("ASK {}")
        assert "http://" in caught.value.remedy


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with stranger({"/sparql": rows("a")}) as (url, asked):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        assert Graph(url).query("SELECT ?x {}").rows == [{"x": "a"}]
    assert len(asked) == 1


def test_what_speaks_no_https_is_told() -> None:
    with stranger({}) as (url, _), pytest.raises(EndpointAway) as caught:
        Graph(url.replace("http://", "https://")).query("ASK {}")
    assert "http://" in caught.value.remedy


def test_nobody_answers() -> None:
    with pytest.raises(EndpointAway, match="does not answer") as caught:
        Graph(f"http://127.0.0.1:{free_port()}").query("ASK {}")
    assert "address" in caught.value.remedy


def test_another_service_has_no_questions() -> None:
    answers = {"/questions": says("{}", "application/json")}
    with stranger(answers) as (url, _), pytest.raises(EndpointAway, match="no service of this kind"):
        Graph(url).ask("books")


def test_revisions_that_are_missing_are_told_alike(states: dict[str, Path]) -> None:
    with pytest.raises(RevisionMissing):
        Graph(states["folder"]).revision(999).query("ASK {}")
