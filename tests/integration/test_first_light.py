"""The main job on the real content: build it, and ask what supports the post-2020 biodiversity framework."""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kg.answer import stored_queries
from kg.queries import HIDDEN
from kg.sparql import Limits
from kg.store import Ledger, Snapshot
from tests.pages import main_of
from tests.states import build_into, kept

ROOT = Path(__file__).parents[2]
HEADLINE = ROOT / "queries/competency/deliverables-supporting-framework.rq"
ID = "https://w3id.org/unemg/id/"


def test_three_deliverables_support_the_framework_through_their_group(client: FlaskClient) -> None:
    text = HEADLINE.read_text(encoding="utf-8")
    response = client.get("/sparql", query_string={"query": text}, headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert {(row["deliverable"], row["group"], row["directness"]) for row in rows} == {
        (f"{ID}deliverable/{slug}", f"{ID}workstream/img-biodiversity", "indirect")
        for slug in ("bio-mr-framework", "bio-mr-outline", "bio-knowledge-inventory")
    }


def test_the_same_content_gives_the_same_bytes_and_no_second_snapshot(state: Path) -> None:
    before = kept(state)
    assert not build_into(state, ROOT).new
    assert kept(state) == before


def test_a_triple_in_two_graphs_counts_once_in_the_default_graph(client: FlaskClient) -> None:
    counts = [
        int(client.get("/sparql", query_string={"query": query, "format": "csv"}).text.split()[1])
        for query in (
            "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
            "SELECT (COUNT(*) AS ?n) { SELECT DISTINCT ?s ?p ?o { GRAPH ?g { ?s ?p ?o } "
            "FILTER (!CONTAINS(STR(?g), '/graph/reference/')) } }",
        )
    ]
    assert counts[0] == counts[1] > 10_000


@pytest.mark.parametrize(
    ("query", "status", "detail"),
    [
        ("SELECT * {", 400, "is not closed"),
        ("INSERT DATA { <x:a> <x:b> <x:c> }", 400, "changes nothing"),
        ("SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }", 403, "SERVICE"),
    ],
)
def test_a_bad_query_is_a_problem_with_a_remedy(client: FlaskClient, query: str, status: int, detail: str) -> None:
    response = client.get("/sparql", query_string={"query": query})
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    assert detail in response.json["detail"]
    assert response.json["remedy"]


def test_the_first_page_begins_with_the_questions_that_are_put_first(client: FlaskClient, built: Snapshot) -> None:
    ordered = sorted(
        (query for query in stored_queries(built, Limits()) if query.order and query.group not in HIDDEN),
        key=lambda query: query.order,
    )
    assert len(ordered) >= 8
    links = re.findall(r'href="(/questions/[^"]+)"', main_of(client.get("/").text))
    assert links == [f"/questions/{query.identifier}" for query in ordered[:8]]
    assert "Monitoring and reporting framework" in client.get(links[0], headers={"Accept": "text/html"}).text


def test_a_stored_query_that_is_known_is_not_read_again(built: Snapshot) -> None:
    first, *others = stored_queries(built, Limits())
    changed = replace(first, text="SELECT ?thing WHERE { ?thing ?p ?o }")
    again = stored_queries(built, Limits(), known=[changed, *others])
    assert again[0] == first
    assert all(read is known for read, known in zip(again[1:], others, strict=True))


def test_the_first_page_tells_what_changed_last(client: FlaskClient, state: Path) -> None:
    commit = Ledger(state / "ledger").summary(1)
    assert f'<a href="/history/1">{commit.message}</a>' in main_of(client.get("/").text)


def test_content_without_shapes_is_told_to_be_not_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build_into(tmp_path, tmp_path)
    told = capsys.readouterr().out
    assert "NOT JUDGED" in told
    assert "conforms" not in told


def test_the_first_page_counts_the_things_that_have_pages(client: FlaskClient, built: Snapshot) -> None:
    page = main_of(client.get("/").text)
    shown = dict(re.findall(r">([^<>]+)</a> <span>([0-9,]+)</span>", page))
    for name in ("workstream", "agency", "deliverable", "event", "framework", "document", "theme"):
        query = f"SELECT (COUNT(DISTINCT ?t) AS ?n) {{ ?t a <https://w3id.org/unemg/ontology#{name.capitalize()}> }}"
        assert shown[name] == next(row[0].value for row in built.query(query).rows() if row[0])
    assert "assertion" not in shown


def test_a_table_shows_a_label_once_with_its_thing_unless_it_says_something_else(client: FlaskClient) -> None:
    place = "?place a <https://w3id.org/unemg/ontology#Place> ; <http://www.w3.org/2000/01/rdf-schema#label> ?name"
    asked = {
        "same": f"SELECT ?place (?name AS ?placeLabel) {{ {place} }} ORDER BY ?place",
        "other": f"SELECT ?place (UCASE(?name) AS ?placeLabel) {{ {place} }} ORDER BY ?place",
    }
    pages = {
        name: client.get("/sparql", query_string={"query": text}, headers={"Accept": "text/html"}).text
        for name, text in asked.items()
    }
    columns = {name: re.findall(r'<th scope="col">(\w+)</th>', page) for name, page in pages.items()}
    assert columns == {"same": ["place"], "other": ["place", "placeLabel"]}
    assert "Chile" in pages["same"]
