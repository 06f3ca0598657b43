"""Earlier states over HTTP: any revision and any time can be asked, by programs and by people."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess
from urllib.parse import urlencode

import pytest
from rdflib import Dataset, Graph
from rdflib.compare import isomorphic

from kg.store import Ledger
from tests.serving import JSON, Command, query_path
from tests.states import SIGNATURE, folded
from tests.stocked import BASE, SANDITON, SPARQL, stock
from tests.submitting import wait_until_idle
from tests.writing import UPDATE, House, problem, receipt, writing

Kg = Callable[..., "CompletedProcess[str]"]

BOOKS = f"SELECT ?book {{ ?book <{BASE}writtenBy> ?who }} ORDER BY ?book"
ALL = "CONSTRUCT WHERE { ?s ?p ?o }"
LAST = 4
# What there is at each revision.
WRITTEN = {
    1: ["emma", "persuasion"],
    2: ["emma", "persuasion", "sanditon"],
    3: ["emma", "persuasion", "sanditon", "susan"],
    4: ["emma", "persuasion", "susan"],
}

# rdflib's own parsers use what rdflib deprecates.
pytestmark = pytest.mark.filterwarnings(r"ignore:Dataset\.:DeprecationWarning:rdflib")


@pytest.fixture(scope="module")
def house(small: Path, kg_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Three commits after that of the build, which was in May 2024."""
    folder = stock(small, tmp_path_factory.mktemp("past"))
    with writing(kg_command, folder / "state", folder / "server") as house:
        receipt(house.submit(SANDITON), 201)
        receipt(house.submit(SANDITON.replace("anditon", "usan")), 201)
        receipt(house.submit(f"{SPARQL} DELETE WHERE {{ :sanditon ?p ?o }}", "/update", media_type=UPDATE))
        assert house.head() == LAST
        yield house


def books(house: House, **parameters: str) -> list[str]:
    return [row[0].rpartition("/")[2] for row in house.rows(BOOKS, **parameters)]


def test_the_state_of_any_revision_can_be_asked(house: House) -> None:
    for revision, expected in WRITTEN.items():
        assert books(house, revision=str(revision)) == expected
    assert books(house) == WRITTEN[LAST]
    assert books(house, revision="2") == WRITTEN[2]


def test_a_graph_that_was_not_there_yet_is_refused(house: House) -> None:
    graph = f"{BASE}graph/submission/3"
    asked = BOOKS.replace("{", f"FROM <{graph}> {{", 1)
    problem(house.server.ask(asked, revision="2"), 403, f"there is no graph <{graph}> here")
    assert house.rows(asked, revision="3") == [[f"{BASE}susan"]]


def test_a_question_may_be_sent_in_each_way_of_the_protocol(house: House) -> None:
    form = urlencode({"query": BOOKS, "revision": "2"})
    sent = house.send("POST", "/sparql", form, "application/x-www-form-urlencoded", accept=JSON)
    direct = house.send("POST", "/sparql?revision=2", BOOKS, "application/sparql-query", accept=JSON)
    get = house.server.ask(BOOKS, revision="2")
    assert get.body == sent.body == direct.body
    assert [row["book"]["value"] for row in json.loads(get.body)["results"]["bindings"]] == [
        f"{BASE}{name}" for name in WRITTEN[2]
    ]


def test_the_state_of_a_time_can_be_asked(house: House) -> None:
    now = datetime.now(UTC)
    for time, revision in (
        (SIGNATURE.time, 1),
        ("2024", 1),
        ("2024-05", 1),
        ("2024-05-01T12:00", 1),
        (f"{now.year - 1}", 1),
        (f"{now.year}", LAST),
        (f"{now.year + 1}-01", LAST),
        (house.told("/history/4")["time"], LAST),
    ):
        assert books(house, asOf=time) == WRITTEN[revision], time


def test_a_past_state_is_what_was_published_then(house: House, kg: Kg, tmp_path: Path) -> None:
    wait_until_idle(house.state)
    for revision in WRITTEN:
        exported = kg("export", "--revision", str(revision), state=house.state).stdout
        lines = {*exported.split("\n")[:-1]}
        assert lines == folded(Ledger(house.state / "ledger"), upto=revision)
        everything = house.rows("SELECT ?g ?s ?p ?o { GRAPH ?g { ?s ?p ?o } }", revision=str(revision))
        assert len(everything) == len(lines)
        data = Dataset(default_union=True)
        data.parse(data=exported, format="nquads")
        merged = Graph()
        for triple in data.triples((None, None, None)):
            merged.add(triple)
        reply = house.server.ask(ALL, accept="application/n-triples", revision=str(revision))
        assert isomorphic(Graph().parse(reply.body, format="nt"), merged), revision


def test_stored_questions_and_tables_for_people_have_a_past_too(house: House) -> None:
    path = "/questions/explore/books"
    titles = {revision: [name.capitalize() for name in names] for revision, names in WRITTEN.items()}
    for revision, expected in titles.items():
        rows = house.told(f"{path}?revision={revision}", accept=JSON)["results"]["bindings"]
        assert [row["book"]["value"] for row in rows] == expected
    for asked in (f"{path}?revision=2", f"{path}?asOf=2024-05", query_path(BOOKS, revision="2")):
        page = house.server.send("GET", asked, accept="text/html")
        assert (page.status, page.headers.get_content_type()) == (200, "text/html")
        assert ("anditon" in page.text) is ("revision=2" in asked), asked
    assert "anditon" not in house.server.send("GET", path, accept="text/html").text


def test_the_answer_of_a_past_state_leads_to_things_as_they_were(house: House) -> None:
    past = house.server.send("GET", query_path(BOOKS, revision="2"), accept="text/html").text
    leading = re.findall(r'<td[^>]*><a href="([^"]+)"', past)
    assert len(leading) == len(WRITTEN[2])
    assert all(link.endswith("&amp;revision=2") for link in leading)
    path = "/questions/explore/books"
    question = house.server.send("GET", f"{path}?revision=2", accept="text/html").text
    assert re.search(r'href="/query\?query=[^"]*&amp;revision=2"', question)
    for now in (path, query_path(BOOKS)):
        assert "revision=" not in house.server.send("GET", now, accept="text/html").text


def test_the_form_of_a_past_state_asks_it_again(house: House) -> None:
    commit = house.server.send("GET", "/history/2", accept="text/html").text
    assert 'href="/sparql?revision=2"' in commit
    for path in ("/sparql?revision=2", query_path(BOOKS, revision="2")):
        page = house.server.send("GET", path, accept="text/html").text
        assert '<input type="hidden" name="revision" value="2">' in page
        assert 'As the graph was then: <a href="/history/2">revision 2</a>' in page
    for path in ("/sparql", query_path(BOOKS)):
        assert 'name="revision"' not in house.server.send("GET", path, accept="text/html").text


def test_what_is_kept_of_the_past_is_not_told_of_another_revision(house: House) -> None:
    paths = [query_path(BOOKS, revision=str(revision)) for revision in WRITTEN]
    tags = [house.server.send("GET", path).headers["ETag"] for path in paths for _ in range(2)]
    assert tags[::2] == tags[1::2]
    assert len({*tags}) == len(WRITTEN)
    assert house.server.send("GET", paths[0], if_none_match=tags[0]).status == 304
    assert house.server.send("GET", paths[1], if_none_match=tags[0]).status == 200


@pytest.mark.parametrize("path", [query_path("ASK {}") + "&", "/questions/explore/books?"])
@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [
        ("revision=99", 404, "there is no revision 99"),
        ("revision=0", 404, "there is no revision 0"),
        ("asOf=2024-04", 404, "nothing was accepted until 2024-04"),
        ("asOf=2024-05-01T11:59:59Z", 404, "nothing was accepted until"),
        ("revision=2&asOf=2024", 400, "both a revision and a time"),
        ("revision=two", 400, "is no revision"),
        ("revision=-1", 400, "is no revision"),
        ("revision=99999999999999999999", 400, "is no revision"),
        ("revision=%D9%A2", 400, "is no revision"),
        ("asOf=yesterday", 400, "is no time"),
        ("asOf=2024-5", 400, "is no time"),
        ("asOf=2026-13-45", 400, "is no time"),
        ("revision=1&revision=2", 400, "the parameter revision is given"),
    ],
)
def test_a_state_that_there_is_not_is_told(house: House, path: str, asked: str, status: int, says: str) -> None:
    assert problem(house.server.send("GET", path + asked), status, says)["remedy"]
    page = house.server.send("GET", path + asked, accept="text/html")
    assert (page.status, page.headers.get_content_type()) == (status, "text/html")
