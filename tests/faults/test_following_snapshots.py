"""The processes that answer follow what is published: by commits where they can, anew where they must; none is left."""

from __future__ import annotations

import csv
import http.client
import io
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from kg.settings import STRICT, UNION
from kg.store import Snapshots
from tests.serving import Command, Server, eventually, query_path, serving
from tests.states import build_into
from tests.stocked import BASE, SPARQL, stock
from tests.submitting import book, wait_until_idle
from tests.writing import UPDATE, House, receipt, writing

Kg = Callable[..., "subprocess.CompletedProcess[str]"]

NAMED = "SELECT ?s ?p ?o ?g { GRAPH ?g { ?s ?p ?o } }"
UNNAMED = "SELECT ?s ?p ?o { ?s ?p ?o }"
LONG = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
TITLES = f"{SPARQL} SELECT ?title {{ ?book a :Book ; rdfs:label ?title }}"
SOON_SECONDS = 30
"""Within so many seconds something comes to be, on a machine that is busy with other things, too."""


def term_of(told: dict[str, str]) -> NamedNode | Literal:
    if told["type"] == "uri":
        return NamedNode(told["value"])
    datatype = NamedNode(told["datatype"]) if "datatype" in told else None
    return Literal(told["value"], language=told.get("xml:lang"), datatype=datatype)


def served(server: Server) -> list[Quad]:
    """All that is told over HTTP, with what the default graph holds."""
    quads = []
    for query in (NAMED, UNNAMED):
        reply = server.ask(query)
        assert reply.status == 200, reply.text
        for row in json.loads(reply.body)["results"]["bindings"]:
            s, p, o = (term_of(row[name]) for name in ("s", "p", "o"))
            graph = NamedNode(row["g"]["value"]) if "g" in row else DefaultGraph()
            assert isinstance(s, NamedNode)
            assert isinstance(p, NamedNode)
            quads.append(Quad(s, p, o, graph))
    return quads


def assert_follows(server: Server, state: Path) -> None:
    """What is told comes to be what is on disk, each statement once, and the merge of it."""
    expected = {*Snapshots(state, memory_quads=0).current().store}
    assert eventually(lambda: {*served(server)} == expected, seconds=SOON_SECONDS)
    assert len(served(server)) == len(expected)


def assert_alone(server: Server, opener: int) -> None:
    """One process has the state open, still the same, and one server answers for it."""
    assert [process.pid for process in server.openers()] == [opener]
    assert eventually(lambda: len(server.servers()) == 1, seconds=SOON_SECONDS), server.processes()
    [latest] = server.servers()
    assert eventually(lambda: {worker.parent for worker in server.workers()} <= {latest.pid}, seconds=SOON_SECONDS)


def opener_of(server: Server) -> int:
    [opener] = server.openers()
    return opener.pid


def titles(server: Server) -> set[str]:
    reply = server.ask(TITLES, format="csv")
    assert reply.status == 200, reply.text
    return {*reply.text.split()[1:]}


def update(house: House, text: str) -> None:
    receipt(house.submit(f"{SPARQL} {text}", "/update", media_type=UPDATE))


def rewrite(content: Path, *, book: str) -> None:
    """Let the content have one book alone, of this name, in a graph of its name."""
    (content / "data/books.trig").write_text(
        f"@prefix : <{BASE}> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
        f'<{BASE}graph/{book}> {{ :{book} a :Book ; rdfs:label "{book}"@en ; :writtenBy :austen .\n'
        f':austen a :Person ; rdfs:label "Author of {book}"@en }}\n',
        encoding="utf-8",
    )


def point_to(state: Path, name: str) -> None:
    (state / "current.new").symlink_to(f"snapshots/{name}")
    (state / "current.new").replace(state / "current")


@pytest.mark.parametrize(("mode", "rounds"), [(UNION, 6), (STRICT, 2)])
def test_many_commits_are_followed_by_the_same_process_and_leave_none(
    small: Path, kg_command: Command, tmp_path: Path, mode: str, rounds: int
) -> None:
    """Five in each round, among them removals of triples that another graph holds, too."""
    state = stock(small, tmp_path, default_graph=mode) / "state"
    with writing(kg_command, state, tmp_path / "server", KG_DEFAULT_GRAPH=mode) as house:
        server, opener = house.server, opener_of(house.server)
        for number in range(rounds):
            name, first, second = f"b{number}", f"x:a{number}", f"x:b{number}"
            for graph in (first, second):
                receipt(house.send("PUT", f"/graphs?graph={graph}", book(name)), 201)
            update(house, f"DELETE DATA {{ GRAPH <{first}> {{ :{name} rdfs:label '{name}'@en }} }}")
            assert house.rows(f"SELECT ?g {{ GRAPH ?g {{ ?book ?label '{name}'@en }} }}") == [[second]]
            assert house.holds(f":{name} ?label '{name}'@en") is (mode == UNION)
            receipt(house.send("DELETE", f"/graphs?graph={first}"))
            if number % 2:
                receipt(house.send("DELETE", f"/graphs?graph={second}"))
            else:
                receipt(house.revert(house.head()))
            assert house.holds(f"GRAPH ?g {{ :{name} :writtenBy :austen }}") is not bool(number % 2)
            assert_follows(server, state)
        assert house.head() == 1 + 5 * rounds
        assert_alone(server, opener)
        assert "Traceback" not in server.log.read_text()
        wait_until_idle(state)
        with serving(kg_command, state, tmp_path / "fresh") as fresh:
            assert {*served(fresh)} == {*served(server)}


def test_books_that_many_submit_at_once_are_all_told(small: Path, kg_command: Command, tmp_path: Path) -> None:
    state = stock(small, tmp_path) / "state"
    with writing(kg_command, state, tmp_path / "server") as house, ThreadPoolExecutor(4) as clients:
        opener = opener_of(house.server)
        replies = clients.map(lambda number: house.submit(book(f"c{number}")), range(12))
        assert [reply.status for reply in replies] == [201] * 12
        assert_follows(house.server, state)
        assert titles(house.server) == {"Emma", "Persuasion", *(f"c{number}" for number in range(12))}
        assert_alone(house.server, opener)


def test_what_is_written_by_commands_is_followed_whatever_it_replaces(
    kg: Kg, kg_command: Command, small_content: Path, library: Path, tmp_path: Path
) -> None:
    """Also where the default graph becomes another one."""
    with serving(kg_command, library, tmp_path / "server") as server:
        opener = opener_of(server)
        (tmp_path / "new.ttl").write_text(book("emma-again"), encoding="utf-8")
        submitted = kg("submit", "--author", "Ada", "-m", "A book", tmp_path / "new.ttl", state=library)
        assert submitted.returncode == 0, submitted.stderr
        assert_follows(server, library)
        for name, mode in (("evelina", UNION), ("evelina", STRICT), ("camilla", STRICT), ("camilla", UNION)):
            rewrite(small_content, book=name)
            built = kg("build", "--default-graph", mode, content=small_content, state=library)
            assert built.returncode == 0, built.stderr
            assert_follows(server, library)
            assert titles(server) == ({"emma-again", name} if mode == UNION else set())
            assert_alone(server, opener)
        assert "Traceback" not in server.log.read_text()


def test_a_build_that_leaves_nothing_as_it_was_is_followed(
    kg: Kg, kg_command: Command, small_content: Path, library: Path, tmp_path: Path
) -> None:
    with serving(kg_command, library, tmp_path / "server") as server:
        opener = opener_of(server)
        for base in ("https://other.example/kg/", "https://another.example/"):
            built = kg("build", content=small_content, state=library, KG_BASE_IRI=base)
            assert built.returncode == 0, built.stderr
            assert_follows(server, library)
            assert BASE not in server.ask(UNNAMED).text
            assert f"{base}emma" in server.ask(UNNAMED).text
        assert_alone(server, opener)
        assert "Traceback" not in server.log.read_text()


def test_a_default_graph_of_its_own_is_followed(small: Path, kg_command: Command, tmp_path: Path) -> None:
    state = stock(small, tmp_path, default_graph=STRICT) / "state"
    with writing(kg_command, state, tmp_path / "server", KG_DEFAULT_GRAPH=STRICT) as house:
        opener = opener_of(house.server)
        for name in ("first", "second"):
            receipt(house.send("PUT", "/graphs?default", book(name)))
            assert titles(house.server) == {name}
            assert_follows(house.server, state)
        receipt(house.send("DELETE", "/graphs?default"))
        assert titles(house.server) == set()
        assert_follows(house.server, state)
        assert_alone(house.server, opener)


def test_a_state_that_outgrows_the_memory_is_read_from_disk_and_comes_back(
    small: Path, kg_command: Command, tmp_path: Path
) -> None:
    state = stock(small, tmp_path) / "state"
    quads = Snapshots(state, memory_quads=0).current().description.quads
    with writing(kg_command, state, tmp_path / "server", KG_MEMORY_QUADS=str(quads + 20)) as house:
        opener = opener_of(house.server)
        for notes in (2, 40, 41, 3, 1):
            receipt(house.send("PUT", "/graphs?graph=x:g", book("sanditon", notes=notes)), 201 if notes == 2 else 200)
            assert_follows(house.server, state)
            counted = f"{SPARQL} SELECT (COUNT(?note) AS ?n) {{ GRAPH <x:g> {{ ?book rdfs:comment ?note }} }}"
            assert house.rows(counted) == [[str(notes)]]
        assert_alone(house.server, opener)


def test_a_state_folder_that_was_exchanged_is_read_anew(
    kg_command: Command, small_content: Path, library: Path, tmp_path: Path
) -> None:
    """Its ledger has other commits with the same revisions."""
    other = tmp_path / "other"
    for name in ("evelina", "camilla", "cecilia"):
        rewrite(small_content, book=name)
        build_into(other, small_content)
    with serving(kg_command, library, tmp_path / "server") as server:
        opener = opener_of(server)
        rewrite(small_content, book="belinda")
        build_into(library, small_content)
        assert_follows(server, library)
        library.rename(tmp_path / "before")
        other.rename(library)
        assert_follows(server, library)
        assert titles(server) == {"cecilia"}
        met = server.log.read_text().count("Traceback")
        rewrite(small_content, book="evelina")
        build_into(library, small_content)
        assert_follows(server, library)
        assert titles(server) == {"evelina"}
        assert_alone(server, opener)
        assert server.log.read_text().count("Traceback") == met


@pytest.mark.parametrize("damage", ["told nothing", "nothing to read"])
def test_a_snapshot_that_cannot_be_read_is_told_and_the_next_good_one_is_served(
    kg_command: Command, small_content: Path, library: Path, tmp_path: Path, damage: str
) -> None:
    with serving(kg_command, library, tmp_path / "server") as server:
        opener = opener_of(server)
        broken = library / "snapshots/000099"
        shutil.copytree(library / os.readlink(library / "current"), broken)
        described = broken / "snapshot.json"
        if damage == "told nothing":
            described.write_text("{}", encoding="utf-8")
        else:
            of_another = json.loads(described.read_text(encoding="utf-8")) | {"number": 99, "digest": "0" * 64}
            described.write_text(json.dumps(of_another), encoding="utf-8")
            (broken / "store/CURRENT").write_text("nothing", encoding="utf-8")
        point_to(library, broken.name)
        assert eventually(
            lambda: f"snapshot {broken.name} cannot be opened" in server.log.read_text(), seconds=SOON_SECONDS
        )
        log = server.log.read_text()
        assert "in service stays 000001" in log
        assert f"{broken} cannot be used" in log
        assert "What to do: " in log
        assert [*server.temporary.rglob("000099.failed")]
        assert titles(server) == {"Emma", "Persuasion"}
        rewrite(small_content, book="evelina")
        build_into(library, small_content)
        assert eventually(lambda: titles(server) == {"evelina"}, seconds=SOON_SECONDS)
        assert_follows(server, library)
        assert_alone(server, opener)
        assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("victim", ["opener", "server"])
def test_who_is_killed_is_started_anew_and_follows_again(
    small: Path, kg_command: Command, tmp_path: Path, victim: str
) -> None:
    state = stock(small, tmp_path) / "state"
    with writing(kg_command, state, tmp_path / "server") as house:
        server = house.server
        receipt(house.submit(book("first")), 201)
        for name in ("second", "third"):
            opener = opener_of(server)
            assert_alone(server, opener)
            [old] = server.servers()
            os.kill(opener if victim == "opener" else old.pid, signal.SIGKILL)
            assert house.submit(book(name)).status == 201
            assert eventually(lambda: [o.pid for o in server.openers()] not in ([], [opener]), seconds=SOON_SECONDS)  # noqa: B023
            assert eventually(lambda: old.pid not in {p.pid for p in server.processes()}, seconds=SOON_SECONDS)  # noqa: B023
            assert eventually(lambda: name in titles(server), seconds=SOON_SECONDS)  # noqa: B023
            assert_follows(server, state)
            assert_alone(server, opener_of(server))
        assert titles(server) == {"Emma", "Persuasion", "first", "second", "third"}


def test_who_reads_an_old_snapshot_gets_all_of_it_and_then_its_server_ends(
    small: Path, kg_command: Command, tmp_path: Path
) -> None:
    state = stock(small, tmp_path) / "state"
    with writing(kg_command, state, tmp_path / "server") as house:
        server = house.server
        count = len([quad for quad in served(server) if quad.graph_name == DefaultGraph()])
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as reader:
            reader.request("GET", query_path(LONG, format="csv"))
            answer = reader.getresponse()
            begun = answer.read(1000)
            assert_alone(server, opener_of(server))
            [old] = server.servers()
            for name in ("first", "second", "third"):
                receipt(house.submit(book(name)), 201)
                assert name in titles(server)
            assert eventually(lambda: len(server.servers()) == 2, seconds=SOON_SECONDS)
            assert old.pid in {process.pid for process in server.servers()}
            rows = list(csv.reader(io.StringIO((begun + answer.read()).decode(), newline="")))
        assert len(rows) == 1 + count**3
        assert not {f"{BASE}first", f"{BASE}third"} & {row[0] for row in rows}
        assert_alone(server, opener_of(server))
        assert old.pid not in {process.pid for process in server.processes()}


def test_all_end_when_the_service_is_told_to_though_somebody_still_reads_an_old_snapshot(
    small: Path, kg_command: Command, tmp_path: Path
) -> None:
    state = stock(small, tmp_path) / "state"
    with writing(kg_command, state, tmp_path / "server") as house:
        server = house.server
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as reader:
            reader.request("GET", query_path(LONG, format="csv"))
            reader.getresponse().read(1000)
            receipt(house.submit(book("first")), 201)
            assert eventually(lambda: len(server.servers()) == 2, seconds=SOON_SECONDS)
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(SOON_SECONDS) == 0, server.log.read_text()
        assert eventually(lambda: not server.processes(), seconds=SOON_SECONDS), server.processes()
        assert not [*server.temporary.iterdir()]
        assert "Traceback" not in server.log.read_text()
