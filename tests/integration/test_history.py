"""The history over HTTP: what each commit did, what was accepted about a thing, and who has brought a statement."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.serving import Command
from tests.stocked import (
    BASE,
    PREFIXES,
    SPARQL,
)
from tests.writing import BROWSER, UPDATE, House, named, problem, receipt, stocked_house


@pytest.fixture(scope="module")
def house(small: Path, kg_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with stocked_house(kg_command, small, tmp_path_factory.mktemp("history")) as house:
        yield house


# History


def test_the_history_tells_each_commit_to_programs_and_people(house: House) -> None:
    told = receipt(house.submit(named("tory"), "/submissions?message=A+%3Cstory%3E"), 201)
    revision = told["revision"]
    reply = house.server.send("GET", "/history")
    assert (reply.headers["Content-Type"], reply.headers["Cache-Control"]) == ("application/json", "no-cache")
    commits = house.told("/history")["commits"]
    assert [commit["revision"] for commit in commits] == [*range(revision, 0, -1)]
    assert commits[0] == commits[0] | {
        "message": "A <story>",
        "source": told["graph"],
        "added": told["added"],
        "removed": 0,
        "href": f"/history/{revision}",
    }
    assert (commits[-1]["author"], commits[-1]["time"]) == ("Ada", "2024-05-01T12:00:00Z")
    commit = house.told(f"/history/{revision}")
    assert commit == commits[0] | {
        "since": None,
        "more": 0,
        "statements": {"added": commit["statements"]["added"], "removed": []},
    }
    assert len(commit["statements"]["added"]) == told["added"]
    assert f"<{BASE}story> <{BASE}writtenBy> <{BASE}austen> <{told['graph']}> ." in commit["statements"]["added"]
    for path in ("/history", f"/history/{revision}"):
        page = house.server.send("GET", path, accept=BROWSER)
        assert (page.status, page.headers.get_content_type()) == (200, "text/html")
        assert "Accept" in page.headers["Vary"]
        assert "A &lt;story&gt;" in page.text
        head = house.server.send("HEAD", path)
        assert (head.status, head.body, head.headers.get_content_type()) == (200, b"", "application/json")


def test_the_history_of_a_thing_and_the_sum_of_commits(house: House) -> None:
    first = receipt(house.submit(named("um")), 201)["revision"]
    text = f"{SPARQL} DELETE {{ ?s rdfs:label ?l }} WHERE {{ ?s rdfs:label ?l, 'Sum'@en }}"
    last = receipt(house.submit(text, "/update", media_type=UPDATE))["revision"]
    about = house.told(f"/history?about={BASE}sum")
    assert [commit["revision"] for commit in about["commits"]] == [last, first]
    assert (about["about"], about["older"]) == (f"{BASE}sum", None)
    assert [each["revision"] for each in house.told(f"/history?about={BASE}sum&before={last}")["commits"]] == [first]
    assert house.told(f"/history?about={BASE}nobody")["commits"] == []
    assert [each["revision"] for each in house.told("/history?before=3")["commits"]] == [2, 1]
    total = house.told(f"/history/{last}?since={first - 1}")
    assert total["since"] == first - 1
    said = {line for line in total["statements"]["added"] if line.startswith(f"<{BASE}sum>")}
    assert (len(said), any("label" in line for line in said)) == (2, False)
    page = house.server.send("GET", f"/history?about={BASE}sum", accept=BROWSER)
    assert f"{BASE}sum</code>" in page.text
    then = re.findall(r'<a href="([^"]+)">As it was then<', page.text)
    assert [html.unescape(each).rpartition("&")[2] for each in then] == [f"revision={last}", f"revision={first}"]
    told = [house.server.send("GET", html.unescape(each), accept=BROWSER).text for each in then]
    assert ['<h1 dir="auto" class="entity">Sum</h1>' in each for each in told] == [False, True]
    assert "As it was then" not in house.server.send("GET", "/history", accept=BROWSER).text


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/history/99999", 404, "there is no revision 99999"),
        ("/history/0", 404, "there is no revision 0"),
        ("/history/1?since=99999", 404, "there is no revision"),
        ("/history?before=x", 400, "before"),
        ("/history?before=-1", 400, "before"),
        ("/history/1?since=x", 400, "since"),
        ("/history/one", 404, "/history/one"),
    ],
)
def test_a_revision_that_is_none_is_told(house: House, path: str, status: int, says: str) -> None:
    assert problem(house.server.send("GET", path), status, says)["remedy"]


# Who has brought a statement.


def test_each_statement_is_traced_to_the_commit_that_brought_it(house: House) -> None:
    source, name = "https://archive.example/letters", "sraced"
    path = f"/submissions?message=A+trace&source={source}"
    first = receipt(house.submit(named("raced"), path), 201)
    second = receipt(house.submit(f'{PREFIXES}:{name} :year "1817" , "a \\"late\\"\\n one" .'), 201)
    told = house.told(f"/blame?subject={BASE}{name}")
    assert told["more"] is False
    brought = {each["statement"]: each for each in told["statements"]}
    assert len(brought) == 5
    year = f'<{BASE}{name}> <{BASE}year> "1817" <{second["graph"]}> .'
    author = f"<{BASE}{name}> <{BASE}writtenBy> <{BASE}austen> <{first['graph']}> ."
    late = f'<{BASE}{name}> <{BASE}year> "a \\"late\\"\\n one" <{second["graph"]}> .'
    assert {brought[year]["commit"]["revision"], brought[late]["commit"]["revision"]} == {second["revision"]}
    assert brought[author]["commit"] == house.told("/history")["commits"][1]
    assert brought[author]["commit"]["message"] == "A trace"
    assert (brought[author]["sources"], brought[year]["sources"]) == ([source], [])
    narrowed = {
        f"predicate={BASE}writtenBy": [author],
        f"predicate={BASE}year": [year, late],
        f"object={BASE}austen": [author],
        f"predicate={BASE}year&object=%221817%22": [year],
        f"object=%3C{BASE}austen%3E": [author],
    }
    for more, lines in narrowed.items():
        found = house.told(f"/blame?subject={BASE}{name}&{more}")["statements"]
        assert [each["statement"] for each in found] == lines
    page = house.server.send("GET", f"/blame?subject={BASE}{name}", accept=BROWSER)
    assert (page.status, page.headers.get_content_type()) == (200, "text/html")
    for part in ("A trace", source, f'href="/history/{first["revision"]}"', "&lt;https://library.example/sraced&gt;"):
        assert part in page.text


def test_one_statement_is_traced_though_it_is_gone(house: House) -> None:
    told = receipt(house.submit(named("orgot")), 201)
    line = f"<{BASE}sorgot> <{BASE}writtenBy> <{BASE}austen> <{told['graph']}> ."
    receipt(house.revert(told["revision"]))
    asked = f"/blame?{urlencode({'statement': line})}"
    [found] = house.told(asked)["statements"]
    assert (found["statement"], found["commit"]["revision"]) == (line, told["revision"])
    problem(house.server.send("GET", f"/blame?subject={BASE}sorgot"), 404, "no such statement")
    problem(house.server.send("GET", asked.replace("sorgot", "sever")), 404, "no such statement")


def test_more_statements_than_are_told_of_are_not_passed_over_in_silence(house: House) -> None:
    notes = " , ".join(f'"note {number:03}"' for number in range(101))
    receipt(house.submit(f"{named('any')}:sany rdfs:comment {notes} ."), 201)
    told = house.told(f"/blame?subject={BASE}sany&predicate=http://www.w3.org/2000/01/rdf-schema%23comment")
    assert (len(told["statements"]), told["more"]) == (100, True)
    assert '"note 099"' in told["statements"][-1]["statement"]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("", "no statement is named"),
        (f"predicate={BASE}year", "no statement is named"),
        ("subject=emma", "'emma' is no absolute IRI"),
        (f"subject={BASE}a%3E%20b", "is no absolute IRI"),
        (f"subject={BASE}emma&object=Emma", "'Emma' is no absolute IRI"),
        (f"subject={BASE}emma&object=%22Emma", "is no term"),
        (f"subject={BASE}emma&object=%22Emma%22%20.%20%3Cx:a%3E%20%3Cx:b%3E%20%22c%22", "is no term"),
    ],
)
def test_a_statement_that_cannot_be_meant_is_told(house: House, asked: str, says: str) -> None:
    assert problem(house.server.send("GET", f"/blame?{asked}"), 400, says)["remedy"]
