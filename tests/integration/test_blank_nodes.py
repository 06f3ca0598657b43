"""A blank node that goes in comes out as a blank node, over HTTP: from memory and from disk, now and in the past."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from rdflib import BNode, Dataset, Graph
from rdflib.compare import isomorphic

from kg.settings import STRICT, UNION
from kg.store import Ledger, Snapshots
from tests.serving import Command, query_path
from tests.states import assert_whole
from tests.stocked import BASE, stock
from tests.writing import BROWSER, GRAPH, TURTLE, UPDATE, House, problem, receipt, writing

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")

EDITIONS = f"""\
@prefix : <{BASE}> .
:emma :edition [ :volume [ :number 1 ] , [ :number 2 ] ; :place "London" ] .
:emma :chapters ( "one" "two" ) .
"""
EDITION = "?book :edition ?edition"
READ = {
    "text/turtle": "turtle",
    "application/n-triples": "nt",
    "application/ld+json": "json-ld",
    "application/rdf+xml": "xml",
    "application/n-quads": "nquads",
    "application/trig": "trig",
}
QUADS = "application/n-quads"


@pytest.fixture(scope="module", params=["memory", "disk"])
def house(
    request: pytest.FixtureRequest, small: Path, kg_command: Command, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A server whose workers share what is in memory, and one whose workers read from disk."""
    folder = tmp_path_factory.mktemp(request.param)
    stock(small, folder, default_graph=UNION)
    more = {"KG_MEMORY_QUADS": "1"} if request.param == "disk" else {}
    with writing(kg_command, folder / "state", folder / "server", KG_DEFAULT_GRAPH=UNION, **more) as house:
        yield house
    assert_whole(folder / "state")


@pytest.fixture(scope="module")
def strict(small: Path, kg_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("strict")
    stock(small, folder, default_graph=STRICT)
    with writing(kg_command, folder / "state", folder / "server", KG_DEFAULT_GRAPH=STRICT) as house:
        yield house
    assert_whole(folder / "state", default_graph=STRICT)


def put(house: House, name: str, text: str = EDITIONS) -> str:
    """The path of a graph that says a text."""
    path = f"/graphs?graph={GRAPH}{name}"
    receipt(house.send("PUT", path, text), 201)
    return path


def read(house: House, path: str, media_type: str = TURTLE) -> Graph:
    reply = house.server.send("GET", path, accept=media_type)
    assert reply.status == 200, reply.text
    found = Dataset(default_union=True)
    found.parse(data=reply.body, format=READ[media_type])
    return Graph().__iadd__(found.triples((None, None, None)))


def said(text: str = EDITIONS) -> Graph:
    return Graph().parse(data=text, format="turtle")


def labels(house: House, name: str, **parameters: str) -> list[list[str]]:
    query = f"PREFIX : <{BASE}> SELECT ?edition {{ GRAPH <{GRAPH}{name}> {{ {EDITION} }} }} ORDER BY ?edition"
    return house.rows(query, **parameters)


def update(house: House, text: str) -> Any:
    return receipt(house.send("POST", "/update", f"PREFIX : <{BASE}> {text}", UPDATE))


@pytest.mark.parametrize("media_type", READ)
def test_each_format_gives_back_the_graph(house: House, media_type: str) -> None:
    path = put(house, f"format-{READ[media_type]}")
    assert isomorphic(read(house, path, media_type), said())


def test_queries_meet_blank_nodes(house: House) -> None:
    put(house, "asked")
    pattern = f"GRAPH <{GRAPH}asked> {{ {EDITION} }}"
    assert house.holds(f"{pattern} FILTER (isBlank(?edition) && !isIRI(?edition))")
    assert not house.holds(f"{pattern} FILTER (!isBlank(?edition))")
    assert house.holds(f"{EDITION} FILTER isBlank(?edition)"), "in the merge"
    reply = house.server.send(
        "GET", query_path(f"PREFIX : <{BASE}> SELECT * {{ {pattern} }}"), accept="application/sparql-results+json"
    )
    assert json.loads(reply.body)["results"]["bindings"][0]["edition"]["type"] == "bnode"
    for query in (f"CONSTRUCT {{ {EDITION} }} WHERE {{ {pattern} }}", f"DESCRIBE ?book WHERE {{ {pattern} }}"):
        found = read(house, query_path(f"PREFIX : <{BASE}> {query}"))
        assert any(isinstance(value, BNode) for value in found.objects()), query


def test_what_was_read_is_sent_back_and_changes_nothing(house: House) -> None:
    path = put(house, "back")
    before, found = labels(house, "back"), house.server.send("GET", path, accept=TURTLE)
    again = receipt(house.send("PUT", path, found.body))
    assert again["changed"] is False
    edited = found.text.replace("London", "Bath")
    told = receipt(house.send("PUT", path, edited))
    assert told["changed"] is True
    assert isomorphic(read(house, path), said(EDITIONS.replace("London", "Bath")))
    assert labels(house, "back") != before


def test_an_update_finds_and_deletes_by_a_blank_pattern(house: House) -> None:
    path = put(house, "patterns")
    first = f"DELETE {{ GRAPH <{GRAPH}patterns> {{ ?s ?p ?o }} }} WHERE {{ GRAPH <{GRAPH}patterns> "
    update(house, f"{first} {{ ?s ?p ?o . ?o :number 2 FILTER isBlank(?o) }} }}")
    assert isomorphic(read(house, path), said(EDITIONS.replace(", [ :number 2 ]", "") + "[] :number 2 ."))
    update(house, f"{first} {{ ?s ?p ?o FILTER (isBlank(?s) || isBlank(?o)) }} }}")
    assert house.server.send("GET", path).status == 404


def test_a_patch_of_a_graph_does_so_too(house: House) -> None:
    path = put(house, "patched")
    patch = f"PREFIX : <{BASE}> INSERT {{ ?edition :in [ :year 1815 ] }} WHERE {{ {EDITION} FILTER isBlank(?edition) }}"
    receipt(house.send("PATCH", path, patch, UPDATE))
    assert isomorphic(read(house, path), said(EDITIONS.replace('"London"', '"London" ; :in [ :year 1815 ]')))
    receipt(house.send("PATCH", path, "DELETE { ?s ?p ?o } WHERE { ?s ?p ?o FILTER isBlank(?s) }", UPDATE))
    assert not any(isinstance(subject, BNode) for subject in read(house, path).subjects())


def test_a_label_stays_as_others_change_and_in_the_past(house: House) -> None:
    put(house, "kept")
    [[label]], revision = labels(house, "kept"), house.head()
    put(house, "others")
    assert labels(house, "kept") == [[label]]
    update(house, f"DELETE WHERE {{ GRAPH <{GRAPH}kept> {{ ?s ?p ?o }} }}")
    assert labels(house, "kept") == []
    assert labels(house, "kept", revision=str(revision)) == [[label]]
    past = f"GRAPH <{GRAPH}kept> {{ {EDITION} }} FILTER isBlank(?edition)"
    assert house.holds(past, revision=str(revision))
    assert not house.holds(past)


def test_the_history_calls_a_node_by_its_name(house: House) -> None:
    path = put(house, "told")
    [[label]] = labels(house, "told")
    name = f"{BASE}.well-known/genid/{label}"
    line = f"<{BASE}emma> <{BASE}edition> <{name}> <{GRAPH}told> ."
    revision = house.head()
    assert line in house.told(f"/history/{revision}")["statements"]["added"]
    blamed = house.told(f"/blame?{urlencode({'subject': f'{BASE}emma', 'predicate': f'{BASE}edition'})}")["statements"]
    assert (line, revision) in [(each["statement"], each["commit"]["revision"]) for each in blamed]
    place = f'<{name}> <{BASE}place> "London" <{GRAPH}told> .'
    for more in ({}, {"predicate": f"{BASE}place"}, {"object": '"London"'}):
        own = house.told(f"/blame?{urlencode({'subject': name, **more})}")["statements"]
        assert place in [each["statement"] for each in own]
    leads = house.server.send("GET", f"/about?iri={quote(name, safe='')}", accept=BROWSER)
    assert (leads.status, leads.headers["Location"]) == (303, f"/history?about={quote(name, safe='/:')}")
    problem(house.server.send("GET", f"/about?iri={quote(name, safe='')}0"), 404)
    assert not house.holds(f"<{name}> ?p ?o")
    problem(house.send("PUT", f"/graphs?graph={name}", EDITIONS), 400, "names a blank node")
    receipt(house.send("POST", path, f'<{name}> <{BASE}place> "Bath" .'))
    assert house.holds(f'GRAPH <{GRAPH}told> {{ ?edition :place "London", "Bath" FILTER isBlank(?edition) }}')


def test_a_whole_dataset_comes_and_goes(strict: House) -> None:
    before = read(strict, "/graphs", QUADS)
    dataset = strict.server.send("GET", "/graphs", accept=QUADS)
    more = f'_:a <{BASE}p> _:a .\n_:a <{BASE}p> "of a graph" <{GRAPH}more> .\n'
    assert receipt(strict.send("POST", "/graphs", more, QUADS))["added"] == 2
    linked = f"?a :p ?a FILTER isBlank(?a) GRAPH <{GRAPH}more> {{ ?a :p 'of a graph' }}"
    assert strict.holds(linked)
    assert receipt(strict.send("POST", "/graphs", dataset.body, QUADS))["changed"] is False
    for media_type in (QUADS, "application/trig", "application/ld+json"):
        whole = strict.server.send("GET", "/graphs", accept=media_type)
        assert whole.headers["Content-Type"] == media_type
        assert isomorphic(read(strict, "/graphs", media_type), before + Graph().parse(data=_triples(more), format="nt"))
    assert receipt(strict.send("PUT", "/graphs", dataset.body, QUADS))["removed"] == 2
    assert not strict.holds(linked)
    assert isomorphic(read(strict, "/graphs", QUADS), before)
    assert receipt(strict.send("PUT", "/graphs", dataset.body, QUADS))["changed"] is False


def _triples(nquads: str) -> str:
    return nquads.replace(f" <{GRAPH}more> .", " .")


def test_a_dataset_is_written_by_whom_and_when_it_may_be(strict: House) -> None:
    line = f'<{BASE}emma> <{BASE}p> "x" <{GRAPH}x> .\n'
    submitter = {"authorization": f"Bearer {strict.submitter}"}
    for method in ("PUT", "POST"):
        problem(strict.send(method, "/graphs", line, QUADS, **submitter), 403)
        problem(strict.send(method, "/graphs", line, QUADS, if_match='"0"'), 412)
        problem(strict.send(method, "/graphs", f'<{BASE}emma> <{BASE}p> "x', QUADS), 400)
        kept = line.replace(f"{GRAPH}x", f"{GRAPH}entailed/x")
        assert "follows" in problem(strict.send(method, "/graphs", kept, QUADS), 400)["detail"]
        nobodys = f"<{BASE}nobodys> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{BASE}Book> <{GRAPH}x> .\n"
        problem(strict.send(method, "/graphs", nobodys, QUADS), 422, "would not conform")
    problem(strict.send("PUT", "/graphs", EDITIONS), 400, "no graph is named")
    assert receipt(strict.send("POST", "/graphs", EDITIONS, **submitter), 201)["changed"] is True


def test_labels_outlive_a_server_that_is_killed(small: Path, kg_command: Command, tmp_path: Path) -> None:
    stock(small, tmp_path, default_graph=UNION)
    state = tmp_path / "state"
    with writing(kg_command, state, tmp_path / "first", KG_DEFAULT_GRAPH=UNION) as first:
        put(first, "outlives")
        before = labels(first, "outlives")
        first.server.process.kill()
    with writing(kg_command, state, tmp_path / "second", KG_DEFAULT_GRAPH=UNION) as second:
        assert labels(second, "outlives") == before != []
    anew = Snapshots(state, memory_quads=0).stored()
    assert Ledger(state / "ledger").head().revision == anew.description.revision
