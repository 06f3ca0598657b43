"""One contract for every store: the same questions, submissions, updates and reversals, over HTTP and by command.

A Virtuoso is one of them where `virtuoso-t` is installed. `KG_TEST_STORE=sparql+http://…` (and `KG_TEST_STORE_UPDATE`)
names one more; what the tests put there is removed when they begin.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from kg.answer import Ask, answer, vet_query
from kg.formats import format_named, formats_for
from kg.sparql import Limits
from kg.store import DistantSnapshot, Ledger, Snapshot, Snapshots
from kg.store.replica import replicate
from tests.serving import Reply, Server, eventually, serving
from tests.states import assert_whole
from tests.stores import Oxigraph, assert_holds, oxigraph, virtuoso

Kg = Callable[..., "subprocess.CompletedProcess[str]"]
Command = tuple[Path, dict[str, str]]

EX = "https://library.example/"
PREFIXES = f"PREFIX : <{EX}> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
SANDITON = f"@prefix : <{EX}> . :sanditon a :Book ; <http://www.w3.org/2000/01/rdf-schema#label> 'Sanditon'@en ; "
BOOKS = f"{PREFIXES} SELECT ?book {{ ?person :wrote ?book }} ORDER BY ?book"
WHO = ("--author", "Ada", "-m", "A book that was missing")
OTHER = os.environ.get("KG_TEST_STORE", "")
VIRTUOSO = shutil.which("virtuoso-t")
SEEN_WITHIN_SECONDS = 30

QUESTIONS = {
    "rows": f"{PREFIXES} SELECT ?book ?name {{ ?book a :Book OPTIONAL {{ ?book rdfs:label ?name }} }} ORDER BY ?book",
    "path": f"{PREFIXES} SELECT ?name {{ :emma :writtenBy/rdfs:label ?name }}",
    "unbound": "SELECT ?x ?y { VALUES (?x ?y) { (1 UNDEF) (UNDEF 'two'@en) (<x:three> true) } } ORDER BY ?x ?y",
    "count": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
    "graphs": "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g ORDER BY ?g",
    "graphs in places": f"{PREFIXES} SELECT ?kind ?g {{ ?s a ?kind ; rdfs:label ?n "
    "OPTIONAL { GRAPH $g { ?s a ?kind } FILTER NOT EXISTS { graph#?h\n?h { ?s ?s ?s } } } } ORDER BY ?kind ?g",
    "bracket in words": "SELECT (EXISTS { GRAPH ?g { ?s ?p ?o } } AS ?x) ('}' AS ?y) { VALUES ?z { 1 } # }\n }",
    "construct short": f"{PREFIXES} CONSTRUCT WHERE {{ ?p :wrote ?b }}",
    "subquery": f"{PREFIXES} SELECT ?n {{ {{ SELECT (COUNT(?s) AS ?n) {{ ?s ?p :austen }} }} }}",
    "values behind": f"{PREFIXES} SELECT ?p ?o {{ ?s ?p ?o }} ORDER BY ?p ?o VALUES (?s) {{ (:emma) }}",
    "describe where": f"{PREFIXES} DESCRIBE ?b {{ ?b :writtenBy :austen }}",
    "graph": f"{PREFIXES} SELECT ?g ?kind {{ GRAPH ?g {{ :emma a ?kind }} }}",
    "from": f"{PREFIXES} ASK FROM <{EX}graph/books> {{ ?s a :Person }}",
    "from another": f"{PREFIXES} ASK FROM <{EX}graph/catalog> {{ ?s a :Person }}",
    "from named": f"{PREFIXES} ASK FROM NAMED <{EX}graph/books> {{ GRAPH ?g {{ ?s a :Person }} }}",
    "yes": f"{PREFIXES} ASK {{ :emma :writtenBy :austen }}",
    "no": f"{PREFIXES} ASK {{ :emma :writtenBy :emma }}",
    "construct": f"{PREFIXES} CONSTRUCT {{ ?p :made ?b ; :called [ rdfs:label ?n ] }} "
    "WHERE { ?p :wrote ?b ; rdfs:label ?n }",
    "describe": f"{PREFIXES} DESCRIBE :emma",
    "update in words": f"PREFIX add: <{EX}insert> # DROP\n SELECT ?into {{ ?into <{EX}wrote> ?x }} ORDER BY ?delete",
}
PRODUCTS_OWN = {"bracket in words", "describe", "describe where", "graphs", "unbound", "values behind"}
"""Questions that a product may answer in its own way, as Virtuoso does: how it orders what is unbound, what DESCRIBE
gives, which graphs there are besides, and what of SPARQL it does not know."""


@dataclass(frozen=True)
class House:
    """A state folder, what is served from it, and what answers."""

    state: Path
    server: Server
    token: str
    environ: Mapping[str, str]
    kind: str
    """Which store answers."""
    store: Oxigraph | None

    def write(self, method: str, path: str, body: str, content_type: str) -> Reply:
        return self.server.send(
            method, path, body.encode(), content_type=content_type, authorization=f"Bearer {self.token}"
        )

    def update(self, text: str) -> Reply:
        return self.write("POST", "/update", f"{PREFIXES} {text}", "application/sparql-update")

    def values(self, query: str) -> list[str]:
        """The values of the first column, without what all IRIs begin with."""
        reply = self.server.ask(query)
        assert reply.status == 200, reply.text
        told = json.loads(reply.body)
        name = told["head"]["vars"][0]
        return [row[name]["value"].removeprefix(EX) for row in told["results"]["bindings"]]

    def assert_told(self) -> None:
        """The store that answers holds what the ledger comes to."""
        if self.store:
            kind = "named" if self.kind == "oxigraph union" else "kept"
            assert_holds(self.store, Ledger(self.state / "ledger"), kind=kind)


@pytest.fixture(scope="module", params=["disk", "memory", "oxigraph", "oxigraph union", "virtuoso", "other"])
def house(
    request: pytest.FixtureRequest,
    small: Path,
    kg: Kg,
    kg_command: Command,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("store")
    state = shutil.copytree(small / "state", folder / "state", symlinks=True)
    environ, store = {"KG_PROCESSES": "1"}, None
    with ExitStack() as stack:
        if request.param == "disk":
            environ["KG_MEMORY_QUADS"] = "1"
        elif request.param == "virtuoso":
            if not VIRTUOSO:
                pytest.skip("NOT TESTED over Virtuoso: virtuoso-t is not installed")
            environ |= stack.enter_context(virtuoso(VIRTUOSO, folder / "virtuoso"))
        elif request.param.startswith("oxigraph"):
            options = ["--union-default-graph"] if request.param == "oxigraph union" else []
            store = stack.enter_context(oxigraph(folder / "store", *options))
            environ |= store.environ
        elif request.param == "other":
            if not OTHER:
                pytest.skip("NOT TESTED over another store: KG_TEST_STORE names none")
            environ |= {"KG_STORE": OTHER, "KG_STORE_UPDATE": os.environ.get("KG_TEST_STORE_UPDATE", "")}
        if request.param in ("virtuoso", "other"):  # it may hold something already
            assert kg("replicate", "--anew", state=state, **environ).returncode == 0
        made = kg("token", "create", "--name", "Ada", "--scope", "review", state=state)
        with serving(kg_command, state, folder / "served", **environ) as server:
            yield House(state, server, made.stdout.strip(), environ, request.param, store)
        assert_whole(state)


def embedded(house: House) -> Snapshot:
    return Snapshots(house.state, memory_quads=1_000_000).current()


def in_order(body: bytes, form: str, name: str) -> object:
    """An answer as it can be compared: the triples of a graph have no order, and blank nodes no names."""
    if form in ("CONSTRUCT", "DESCRIBE"):
        return sorted(line.split("_:")[0] for line in body.decode().splitlines())
    return json.loads(body) if name == "json" else body


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_question_has_the_same_answer_in_each_format(house: House, name: str) -> None:
    if house.kind in ("virtuoso", "other") and name in PRODUCTS_OWN:
        pytest.skip("a product may answer this in its own way")
    if house.kind == "oxigraph union" and name == "from another":
        pytest.skip("with its option --union-default-graph this server does not heed FROM")
    query = vet_query(QUESTIONS[name], Limits())
    tried = 0
    for row in formats_for(query.form):
        if row.name in ("html", "jsonld", "rdfxml", "turtle", "trig", "n3"):
            continue
        reply = house.server.ask(QUESTIONS[name], format=row.name)
        assert reply.status == 200, reply.text
        expected = answer(embedded(house), Ask(query), row)
        assert in_order(reply.body, query.form, row.name) == in_order(expected, query.form, row.name)
        tried += 1
    assert tried >= 2


@pytest.mark.parametrize("name", ["jsonld", "rdfxml", "turtle", "trig", "n3"])
def test_a_graph_comes_with_our_prefixes_in_each_format(house: House, name: str) -> None:
    text = f"CONSTRUCT WHERE {{ <{EX}austen> a ?kind }}"
    row = format_named(name, "CONSTRUCT")
    assert row
    assert house.server.ask(text, format=name).body == answer(embedded(house), Ask(vet_query(text, Limits())), row)


def test_graphs_of_the_request_are_asked(house: House) -> None:
    text = f"{PREFIXES} SELECT ?s {{ ?s a :Person }}"
    for graph, found in (("books", 1), ("catalog", 0)):
        reply = house.server.ask(text, **{"default-graph-uri": f"{EX}graph/{graph}"})
        assert len(json.loads(reply.body)["results"]["bindings"]) == found


@pytest.mark.parametrize(
    ("text", "status", "told"),
    [
        ("SELECT * {\n ?s ?p }", 400, '"line": 2'),
        ("SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", 403, "SERVICE"),
        ("DROP ALL", 400, "update"),
        ("define get:soft 'soft' SELECT * { ?s ?p ?o }", 400, ""),
    ],
)
def test_what_cannot_be_asked_is_refused_alike(house: House, text: str, status: int, told: str) -> None:
    reply = house.server.ask(text)
    assert reply.status == status, reply.text
    assert told in reply.text
    assert reply.headers.get_content_type() == "application/problem+json"


def test_pages_show_what_there_is(house: House) -> None:
    page = house.server.send("GET", "/", accept="text/html")
    assert page.status == 200
    assert "Library" in page.text
    table = house.server.ask(BOOKS, accept="text/html")
    assert table.status == 200
    assert "Persuasion" in table.text


def test_what_is_submitted_over_http_is_seen_at_once_with_what_follows(house: House) -> None:
    reply = house.write("POST", "/submissions?message=One", f"{SANDITON} :writtenBy :austen .", "text/turtle")
    assert reply.status == 201, reply.text
    assert json.loads(reply.body)["seen"] is True
    assert "sanditon" in house.values(BOOKS)
    revision = json.loads(reply.body)["revision"]
    undone = house.write("POST", f"/submissions/{revision}/revert", "", "text/plain")
    assert undone.status == 200, undone.text
    assert "sanditon" not in house.values(BOOKS)
    house.assert_told()


def test_what_is_submitted_by_command_is_served(house: House, kg: Kg, tmp_path: Path) -> None:
    entry = tmp_path / "watsons.ttl"
    entry.write_text(SANDITON.replace("anditon", "watsons") + ":writtenBy :austen .", encoding="utf-8")
    done = kg("submit", entry, *WHO, state=house.state, **house.environ)
    assert done.returncode == 0, done.stderr
    assert eventually(lambda: "swatsons" in house.values(BOOKS), seconds=SEEN_WITHIN_SECONDS)
    told = kg("query", "-", "-f", "csv", state=house.state, stdin=BOOKS, **house.environ)
    assert "swatsons" in told.stdout
    checked = kg("verify", state=house.state, **house.environ)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    house.assert_told()


def test_an_earlier_state_is_asked_alike(house: House) -> None:
    reply = house.write("POST", "/submissions", f"{SANDITON} :writtenBy :austen .", "text/turtle")
    assert reply.status == 201, reply.text
    told = json.loads(reply.body)
    assert "sanditon" in house.values(BOOKS)
    before = house.server.ask(BOOKS, revision=str(told["revision"] - 1), format="csv")
    assert before.status == 200, before.text
    assert "emma" in before.text
    assert "sanditon" not in before.text
    assert house.write("POST", f"/submissions/{told['revision']}/revert", "", "text/plain").status == 200


def test_what_does_not_conform_changes_nothing(house: House) -> None:
    ledger = Ledger(house.state / "ledger")
    head = ledger.head()
    reply = house.write("POST", "/submissions", f"{SANDITON[:-2]} .", "text/turtle")
    assert reply.status == 422, reply.text
    assert "give it :writtenBy" in reply.text
    assert Ledger(house.state / "ledger").head() == head
    house.assert_told()


def test_a_triple_of_two_graphs_counts_once_and_leaves_with_the_last(house: House) -> None:
    triple = ":emma rdfs:comment 'Clever'@en"
    count = f"{PREFIXES} SELECT (COUNT(*) AS ?n) {{ :emma rdfs:comment ?o }}"
    graphs = [f"<{EX}graph/one>", f"<{EX}graph/two>"]
    assert (
        house.update(f"INSERT DATA {{ GRAPH {graphs[0]} {{ {triple} }} GRAPH {graphs[1]} {{ {triple} }} }}").status
        == 200
    )
    assert house.values(count) == ["1"]
    assert house.update(f"DELETE DATA {{ GRAPH {graphs[0]} {{ {triple} }} }}").status == 200
    assert house.values(count) == ["1"]
    assert house.update(f"DELETE WHERE {{ GRAPH {graphs[1]} {{ ?s ?p ?o }} }}").status == 200
    assert house.values(count) == ["0"]
    house.assert_told()


def test_a_large_submission_comes_whole_and_goes_whole(house: House) -> None:
    text = "".join(f"<{EX}n{number}> <{EX}number> {number} .\n" for number in range(3000))
    reply = house.write("POST", "/submissions", text, "text/turtle")
    assert reply.status == 201, reply.text
    told = json.loads(reply.body)
    numbers = f"SELECT ?n {{ GRAPH <{told['graph']}> {{ ?n <{EX}number> ?o }} }}"
    assert len(house.values(numbers)) == 3000
    assert house.write("POST", f"/submissions/{told['revision']}/revert", "", "text/plain").status == 200
    assert house.values(numbers) == []
    house.assert_told()


def test_every_stored_query_of_the_content_has_the_same_answer_from_a_remote_store(
    state: Path, built: Snapshot
) -> None:
    rows = built.query("SELECT ?q { ?x <http://www.w3.org/ns/shacl#select> ?q }").rows()
    # SERVICE asks others than the store.
    texts = [row[0].value for row in rows if row[0] and "SERVICE" not in row[0].value]
    assert len(texts) > 50
    with oxigraph() as store:
        replicate(Ledger(state / "ledger"), store.remote, merges=True, upto=built.description.revision)
        distant = DistantSnapshot(built.description, store.remote)
        for text in texts:
            found, expected = distant.query(text), built.query(text)
            assert found.columns == expected.columns
            assert sorted(map(repr, found.rows())) == sorted(map(repr, expected.rows())), text
