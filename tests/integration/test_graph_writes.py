"""Graphs written over HTTP by their names: each method on each way to name a graph, with the status that it has.

Source: SPARQL 1.1 Graph Store HTTP Protocol.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, RdfFormat, parse
from rdflib import Graph
from rdflib.compare import isomorphic

from kg.settings import STRICT
from tests.serving import Command
from tests.stocked import BASE, DATED, NO_AUTHOR, NOBODYS, PREFIXES, SANDITON, SPARQL, STRANGERS
from tests.writing import GRAPH, TURTLE, UPDATE, House, named, problem, receipt, stocked_house


@pytest.fixture(scope="module")
def house(small: Path, kg_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with stocked_house(kg_command, small, tmp_path_factory.mktemp("graphs")) as house:
        yield house


@pytest.fixture(scope="module")
def strict(small: Path, kg_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server where a query that names no graph sees the unnamed one alone."""
    with stocked_house(kg_command, small, tmp_path_factory.mktemp("strict"), default_graph=STRICT) as house:
        yield house


def graph_at(house: House, path: str) -> Graph:
    reply = house.server.send("GET", path, accept=TURTLE)
    assert reply.status == 200, reply.text
    return Graph().parse(reply.body, format="turtle")


def same(house: House, path: str, *texts: str) -> bool:
    """Whether a graph holds what some texts say together, and nothing else."""
    expected = Graph()
    for text in texts:
        expected.parse(data=text, format="turtle")
    return bool(isomorphic(graph_at(house, path), expected))


@pytest.mark.parametrize("path", ["/graph/direct", f"/graphs?graph={GRAPH}indirect", "/graphs?graph=urn:x:other"])
def test_a_graph_lives_from_its_first_put_to_its_deletion(house: House, path: str) -> None:
    name = path.rpartition("/")[2].rpartition(":")[2]
    first, second, third = (named(f"{letter}{name}") for letter in "abc")
    assert house.server.send("GET", path).status == 404
    created = house.send("PUT", path, first)
    told = receipt(created, 201)
    assert (told["changed"], created.headers["Location"]) == (True, f"/history/{told['revision']}")
    assert same(house, path, first)
    before = house.head()
    again = receipt(house.send("PUT", path, first))
    assert (again["changed"], again["revision"]) == (False, before)
    assert house.head() == before
    assert receipt(house.send("PUT", path, second))["changed"] is True
    assert same(house, path, second)
    assert receipt(house.send("POST", path, third))["changed"] is True
    assert same(house, path, second, third)
    assert receipt(house.send("POST", path, third))["changed"] is False
    assert house.server.send("HEAD", path).status == 200
    gone = receipt(house.send("DELETE", path))
    assert gone["changed"] is True
    assert house.server.send("GET", path).status == 404
    assert not house.holds(f":sb{name} ?p ?o")
    for method in ("DELETE", "PATCH"):
        problem(house.send(method, path, "CLEAR DEFAULT", UPDATE), 404, "There is no graph")
    assert receipt(house.send("POST", path, third), 201)["changed"] is True


def test_a_graph_that_is_named_by_a_url_of_the_graph_store_is_found_there(house: House) -> None:
    url = f"http://127.0.0.1:{house.server.port}/graphs/by/url"
    text = named("byurl")
    receipt(house.send("PUT", f"/graphs?graph={url}", text), 201)
    for path in (f"/graphs?graph={url}", "/graphs/by/url"):
        assert same(house, path, text)
    assert house.server.send("GET", "/graphs/by/url", accept="text/html").status == 200
    assert receipt(house.send("DELETE", "/graphs/by/url"))["changed"] is True
    assert house.server.send("GET", f"/graphs?graph={url}").status == 404


def test_a_graph_that_is_written_at_a_url_has_it_as_its_name(house: House) -> None:
    path = "/graphs/written"
    assert house.server.send("PUT", path, named("written").encode(), content_type=TURTLE).status == 401
    problem(house.send("DELETE", path), 404, "There is no graph")
    problem(house.send("PUT", f"{path}?default", named("written")), 400, "the path names a graph")
    problem(house.send("PUT", path, NOBODYS), 422)
    assert house.server.send("GET", path).status == 404
    receipt(house.send("PUT", path, named("written")), 201)
    receipt(house.send("POST", path, named("also")))
    asked = f"SELECT ?s {{ GRAPH <http://127.0.0.1:{house.server.port}{path}> {{ ?s a :Book }} }}"
    assert len(house.rows(f"{SPARQL} {asked}")) == 2
    receipt(house.send("PATCH", path, "CLEAR DEFAULT", UPDATE))
    assert house.server.send("GET", path).status == 404


def test_the_source_of_what_a_graph_got_is_kept(house: House) -> None:
    receipt(house.send("PUT", "/graph/sourced?source=https://archive.example/put", named("ourced")), 201)
    assert house.rows("SELECT ?g { ?g <http://purl.org/dc/terms/source> <https://archive.example/put> }")


def test_an_empty_graph_is_none(house: House) -> None:
    before = house.head()
    assert receipt(house.send("PUT", "/graph/empty", ""))["changed"] is False
    assert house.head() == before
    receipt(house.send("PUT", "/graph/empty", named("mall")), 201)
    assert receipt(house.send("PUT", "/graph/empty", "# nothing"))["changed"] is True
    assert house.server.send("GET", "/graph/empty").status == 404


def test_relative_iris_are_relative_to_the_graph(house: House) -> None:
    """Source: SPARQL 1.1 Graph Store HTTP Protocol §4."""
    receipt(house.send("PUT", "/graph/relative", "<#this> <note> <> ."), 201)
    assert house.rows(f"SELECT ?s ?p ?o {{ GRAPH <{GRAPH}relative> {{ ?s ?p ?o }} }}") == [
        [f"{GRAPH}relative#this", f"{GRAPH}note", f"{GRAPH}relative"]
    ]


def test_a_graph_may_be_sent_as_a_form(house: House) -> None:
    """Source: SPARQL 1.1 Graph Store HTTP Protocol §5.5."""
    parts = {"file": ("a.ttl", named("end").encode()), "message": "By form"}
    reply = house.form("/graph/form", parts)
    assert house.told(f"/history/{receipt(reply, 201)['revision']}")["message"] == "By form"
    assert same(house, "/graph/form", named("end"))


def test_a_patch_is_an_update_of_one_graph(house: House) -> None:
    path = f"/graphs?graph={GRAPH}patched"
    receipt(house.send("PUT", path, named("patch")), 201)
    change = f"{SPARQL} DELETE {{ ?s rdfs:label ?l }} INSERT {{ ?s rdfs:label 'S' }} WHERE {{ ?s rdfs:label ?l }}"
    told = receipt(house.send("PATCH", path, change, UPDATE))
    assert (told["added"], told["removed"]) == (1, 1)
    assert same(house, path, named("patch").replace('"Spatch"@en', '"S"'))
    assert house.holds(f"GRAPH <{GRAPH}books> {{ :emma rdfs:label 'Emma'@en }}".replace("rdfs:label", "?label"))
    assert receipt(house.send("PATCH", path, change, UPDATE))["changed"] is False
    elsewhere = f"INSERT DATA {{ GRAPH <{GRAPH}books> {{ <x:a> <x:b> <x:c> }} }}"
    problem(house.send("PATCH", path, elsewhere, UPDATE), 400, "about one graph")
    wrong = house.send("PATCH", path, change, TURTLE)
    problem(wrong, 415, TURTLE)
    assert wrong.headers["Accept-Patch"] == UPDATE


def test_what_does_not_conform_leaves_the_graph_as_it_was(house: House) -> None:
    path = "/graph/kept"
    receipt(house.send("PUT", path, named("kept")), 201)
    before = house.head()
    told = problem(house.send("PUT", path, NOBODYS), 422)
    assert told["results"][0]["place"] == "line 4"
    problem(house.send("POST", path, NOBODYS), 422)
    lost = problem(house.send("PATCH", path, f"{SPARQL} DELETE WHERE {{ ?s :writtenBy ?o }}", UPDATE), 422)
    assert lost["results"][0]["focus"] == f"{BASE}skept"
    trial = receipt(house.send("PUT", f"{path}?dry_run=true", named("kept", DATED)))
    assert (trial["conforms"], trial["counts"]["warning"]) == (True, 1)
    assert NO_AUTHOR in house.send("PUT", f"{path}?dry_run=true", NOBODYS, accept="text/plain").text
    assert house.head() == before
    assert same(house, path, named("kept"))


def test_what_the_graph_of_another_needs_cannot_be_deleted(house: House) -> None:
    receipt(house.send("PUT", "/graph/people", f'{PREFIXES}:somebody a :Person ; rdfs:label "Somebody"@en .'), 201)
    receipt(house.submit(STRANGERS), 201)
    before = house.head()
    told = problem(house.send("DELETE", "/graph/people"), 422)
    assert told["results"][0]["focus"] == f"{BASE}sanditon"
    assert house.head() == before
    assert house.server.send("GET", "/graph/people").status == 200


@pytest.mark.parametrize(
    ("method", "path", "says"),
    [
        ("PUT", "/graphs", "no graph is named"),
        ("DELETE", "/graphs", "no graph is named"),
        ("PUT", "/graphs?graph=books", "not an absolute IRI"),
        ("PUT", "/graphs?default&graph=urn:x:a", "both the default graph and a named one"),
        ("PUT", "/graphs?graph=urn:x:a&graph=urn:x:b", "given 2 times"),
        ("PUT", "/graph/books?default", "the path names a graph, and so do the parameters"),
        ("PUT", "/graph/a%20b", "is no IRI"),
        ("PUT", "/graph/%22%3E", "is no IRI"),
        ("POST", "/graph/%00", "is no IRI"),
        ("POST", "/graph/%FF", "is no IRI"),
        ("PUT", "/graph/history", "nobody writes to it"),
        ("DELETE", "/graph/history", "nobody writes to it"),
        ("DELETE", "/graphs?default", "the merge of all graphs"),
        ("PUT", "/graphs?default", "the merge of all graphs"),
        ("PATCH", "/graphs?default", "the merge of all graphs"),
    ],
)
def test_a_graph_that_cannot_be_written_is_told(house: House, method: str, path: str, says: str) -> None:
    before = house.head()
    body, media_type = ("CLEAR DEFAULT", UPDATE) if method == "PATCH" else (SANDITON, TURTLE)
    assert problem(house.send(method, path, body, media_type), 400, says)["remedy"]
    assert house.head() == before


@pytest.mark.parametrize(("method", "status"), [("PUT", 400), ("POST", 400), ("PATCH", 400), ("DELETE", 400)])
def test_nobody_writes_to_what_follows(house: House, method: str, status: int) -> None:
    before = house.head()
    body, media_type = (f"{SPARQL} CLEAR DEFAULT", UPDATE) if method == "PATCH" else (SANDITON, TURTLE)
    told = problem(house.send(method, "/graph/entailed/wrote", body, media_type), status, "nobody writes to them")
    assert told["remedy"]
    assert house.head() == before


def test_where_the_default_graph_is_a_merge_what_is_added_to_it_gets_a_graph_of_its_own(house: House) -> None:
    told = receipt(house.send("POST", "/graphs?default", named("ame")))
    assert house.rows(f"SELECT ?g {{ GRAPH ?g {{ <{BASE}same> <{BASE}writtenBy> ?who }} }}") == [[told["graph"]]]
    assert told["graph"] == f"{GRAPH}submission/{told['revision']}"
    assert house.holds(":same :writtenBy :austen")


def test_a_graph_may_be_changed_as_long_as_it_is_as_it_was_seen(house: House) -> None:
    """Whatever has happened to others. Source: RFC 9110 §13.1.1."""
    seen = receipt(house.send("PUT", "/graph/seen", named("een")), 201)["revision"]
    receipt(house.send("PUT", "/graph/beside", named("eside")), 201)
    receipt(house.submit(named("loser")), 201)
    changed = receipt(house.send("POST", "/graph/seen", named("ater"), if_match=f'"{seen}"'))["revision"]
    assert changed == seen + 3
    receipt(house.submit(named("lowest")), 201)
    before = house.head()
    for method, path, revision in (
        ("PUT", "/graph/seen", seen),
        ("DELETE", "/graph/seen", changed - 1),
        ("POST", "/graph/seen", before + 1),
        ("POST", "/graphs?default", before - 1),
        ("POST", "/graphs", before - 1),
        ("POST", "/submissions", before - 1),
    ):
        problem(house.send(method, path, named("ewest"), if_match=f'"{revision}"'), 412, f"revision {revision}")
    assert house.head() == before
    receipt(house.send("DELETE", "/graph/seen", if_match=f'"{changed}"'))


def test_a_graph_without_a_name_gets_one(house: House) -> None:
    """Whoever may submit may have one. Source: SPARQL 1.1 Graph Store HTTP Protocol §5.5."""
    text, token = named("inted"), {"authorization": f"Bearer {house.submitter}"}
    created = house.send("POST", "/graphs?message=A+new+one", text, **token)
    told = receipt(created, 201)
    assert told["graph"] == f"{GRAPH}submission/{told['revision']}"
    assert created.headers["Location"] == told["graph"]
    assert same(house, f"/graphs?graph={told['graph']}", text)
    assert same(house, f"/graph/submission/{told['revision']}", text)
    assert house.told(f"/history/{told['revision']}")["message"] == "A new one"
    form = house.form("/graphs", {"file": ("minted.ttl", named("ormed").encode())}, **token)
    assert same(house, f"/graphs?graph={form.headers['Location']}", named("ormed"))
    before = house.head()
    problem(house.send("POST", "/graphs", NOBODYS, **token), 422, "would not conform")
    problem(house.send("POST", "/graphs", "", **token), 400, "says nothing")
    problem(house.send("POST", "/graphs", text, authorization=""), 401)
    problem(house.send("POST", "/graphs?default", text, **token), 403, "scope review")
    assert receipt(house.send("POST", "/graphs?dry_run=1", text, **token))["conforms"] is True
    assert house.head() == before


def test_where_the_default_graph_is_one_of_its_own_it_is_written_like_any_other(strict: House) -> None:
    path = "/graphs?default"
    assert len(graph_at(strict, path)) == 0
    first, second = named("one"), named("two")
    receipt(strict.send("PUT", path, first))
    assert same(strict, path, first)
    assert not strict.holds(":emma ?p ?o")
    assert receipt(strict.send("PUT", path, first))["changed"] is False
    receipt(strict.send("POST", path, second))
    assert same(strict, path, first, second)
    receipt(strict.send("PATCH", path, f"{SPARQL} DELETE WHERE {{ :stwo ?p ?o }}", UPDATE))
    assert same(strict, path, first)
    problem(strict.send("POST", path, NOBODYS), 422)
    revision = receipt(strict.submit(f"{SPARQL} DELETE WHERE {{ :sone ?p ?o }}", "/update", media_type=UPDATE))[
        "revision"
    ]
    assert len(graph_at(strict, path)) == 0
    receipt(strict.revert(revision))
    assert same(strict, path, first)
    assert strict.rows("SELECT ?s ?p ?o { ?s ?p ?o }", revision=str(revision)) == []
    receipt(strict.send("DELETE", path))
    assert len(graph_at(strict, path)) == 0
    assert strict.server.send("GET", path).status == 200


def test_a_strict_server_takes_submissions_into_graphs_of_their_own(strict: House) -> None:
    told = receipt(strict.submit(named("trict")), 201)
    assert not strict.holds(":strict ?p ?o")
    assert strict.holds(f"GRAPH <{told['graph']}> {{ :strict :writtenBy :austen }}")
    assert strict.holds(f"GRAPH <{GRAPH}entailed/wrote> {{ :austen :wrote :strict }}")


def test_a_form_brings_one_file_whatever_its_field_is_called(house: House) -> None:
    text = named("leaf")
    receipt(house.form("/graph/leaf", {"leaf.ttl": ("leaf.ttl", text.encode())}), 201)
    assert same(house, "/graph/leaf", text)
    before = house.head()
    two = {name: (f"{name}.ttl", named(name).encode()) for name in ("verso", "recto")}
    problem(house.form("/graph/leaf", two), 400, "several files")
    boundary = "multipart/form-data; boundary=x"
    problem(house.send("PUT", "/graph/leaf", "--x--\r\n", boundary), 400, "neither a file nor a text")
    assert house.head() == before
    assert same(house, "/graph/leaf", text)


def test_all_that_may_be_written_is_dropped_and_who_submitted_what_stays(strict: House) -> None:
    receipt(strict.submit(named("ropped")), 201)
    told = f"GRAPH <{GRAPH}history> {{ ?submission ?property ?value }}"
    assert strict.holds(told)
    made = receipt(strict.send("POST", "/update", "DROP ALL", UPDATE))["revision"]
    assert strict.holds(told)
    assert not strict.holds(":ropped ?p ?o")
    problem(strict.send("POST", "/update", f"DROP GRAPH <{GRAPH}history>", UPDATE), 400, "who submitted what")
    receipt(strict.revert(made))


def test_a_default_graph_of_its_own_is_in_every_dump(strict: House) -> None:
    receipt(strict.send("PUT", "/graphs?default", named("wn")))
    quads = {*parse(strict.server.get("/data/dump.nq").body, format=RdfFormat.N_QUADS)}
    alone = {quad.triple for quad in quads if isinstance(quad.graph_name, DefaultGraph)}
    merged = {quad.triple for quad in parse(strict.server.get("/data/dump.nt").body, format=RdfFormat.N_TRIPLES)}
    assert len(alone) == 3
    assert merged == {quad.triple for quad in quads} > alone
