"""The store that answers goes away: nothing that was accepted is lost, no wrong answer is given, and it catches up."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kg.store import Ledger, Snapshots
from tests.serving import Server, eventually, serving
from tests.states import assert_whole
from tests.stores import Oxigraph, assert_holds, oxigraph

Kg = Callable[..., "subprocess.CompletedProcess[str]"]
Command = tuple[Path, dict[str, str]]

EX = "https://library.example/"
NAMES = f"SELECT ?name {{ ?x a <{EX}Person> ; <http://www.w3.org/2000/01/rdf-schema#label> ?name }} ORDER BY ?name"
CATCHES_UP_WITHIN_SECONDS = 60
BOTH = ["Fanny Burney", "Jane Austen"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Oxigraph]:
    with oxigraph(tmp_path / "store") as started:
        yield started


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    file = tmp_path / "burney.ttl"
    file.write_text(
        f"<{EX}burney> a <{EX}Person> ; <http://www.w3.org/2000/01/rdf-schema#label> 'Fanny Burney'@en .",
        encoding="utf-8",
    )
    return file


def names(server: Server) -> list[str]:
    reply = server.ask(NAMES)
    assert reply.status == 200, reply.text
    return [row["name"]["value"] for row in json.loads(reply.body)["results"]["bindings"]]


def is_away(server: Server) -> bool:
    """Whether a query that was never asked before is told that the store is away."""
    reply = server.ask(NAMES, **{"default-graph-uri": f"{EX}graph/books"})
    if reply.status == 200:
        return False
    assert reply.status == 502, reply.text
    assert reply.headers.get_content_type() == "application/problem+json"
    assert "store" in json.loads(reply.body)["detail"]
    return True


def submit(server: Server, token: str, entry: Path) -> dict[str, object]:
    reply = server.send(
        "POST", "/submissions", entry.read_bytes(), content_type="text/turtle", authorization=f"Bearer {token}"
    )
    assert reply.status == 201, reply.text
    told: dict[str, object] = json.loads(reply.body)
    return told


def new_token(kg: Kg, state: Path) -> str:
    return kg("token", "create", "--name", "Ada", "--scope", "submit", state=state).stdout.strip()


def test_it_goes_away_and_comes_back_with_what_it_held(
    kg: Kg, kg_command: Command, library: Path, store: Oxigraph, entry: Path, tmp_path: Path
) -> None:
    token = new_token(kg, library)
    head = Ledger(library / "ledger").head().revision
    with serving(kg_command, library, tmp_path / "served", **store.environ) as server:
        assert names(server) == ["Jane Austen"]
        store.stop()
        assert is_away(server)
        told = submit(server, token, entry)
        assert (told["revision"], told["changed"], told["seen"]) == (head + 1, True, False)
        assert Ledger(library / "ledger").head().revision == head + 1
        described = Snapshots(library, memory_quads=0).description()
        assert described
        assert described.revision == head
        store.start()
        assert eventually(lambda: names(server) == BOTH, seconds=CATCHES_UP_WITHIN_SECONDS)
    assert_whole(library)
    assert_holds(store, Ledger(library / "ledger"))


def test_it_comes_back_empty_and_no_answer_is_wrong_meanwhile(
    kg_command: Command, library: Path, tmp_path: Path
) -> None:
    with oxigraph() as store:
        with serving(kg_command, library, tmp_path / "served", **store.environ) as server:
            assert names(server) == ["Jane Austen"]
            store.stop()
            store.start()

            def is_back() -> bool:
                reply = server.ask(NAMES, **{"default-graph-uri": f"{EX}graph/books"})
                assert reply.status == 502 or b"Jane Austen" in reply.body, reply.text
                return reply.status == 200

            assert eventually(is_back, seconds=CATCHES_UP_WITHIN_SECONDS)
        assert_holds(store, Ledger(library / "ledger"))


def test_it_is_away_at_the_start(kg_command: Command, library: Path, store: Oxigraph, tmp_path: Path) -> None:
    store.stop()
    with serving(kg_command, library, tmp_path / "served", **store.environ) as server:
        assert is_away(server)
        assert "does not answer" in server.log.read_text()
        store.start()
        assert eventually(lambda: not is_away(server) and names(server) == ["Jane Austen"], seconds=60)
    assert_holds(store, Ledger(library / "ledger"))


def test_a_command_says_that_it_is_away_and_what_was_accepted_is_sent_later(
    kg: Kg, small_content: Path, library: Path, store: Oxigraph, entry: Path
) -> None:
    store.stop()
    head = Ledger(library / "ledger").head().revision
    done = kg("submit", entry, "--author", "Ada", "-m", "A person", state=library, **store.environ)
    assert done.returncode == 0, done.stderr
    assert f"accepted as revision {head + 1}" in done.stdout
    assert "seen when the store that answers can be brought up to date" in done.stderr
    asked = kg("query", "-", state=library, stdin=NAMES, **store.environ)
    assert asked.returncode == 2
    assert f"the store {store.url}/query does not answer" in asked.stderr
    built = kg("build", content=small_content, state=library, **store.environ)
    assert built.returncode == 2
    assert "does not answer" in built.stderr

    store.start()
    early = kg("query", "-", state=library, stdin=NAMES, **store.environ)
    assert early.returncode == 2
    assert f"holds revision 0, and revision {head} is asked" in early.stderr
    sent = kg("replicate", state=library, **store.environ)
    assert sent.returncode == 0, sent.stderr
    assert f"holds revision {head + 1}, digest {Ledger(library / 'ledger').head().digest}" in sent.stdout
    assert BOTH[0] in kg("query", "-", state=library, stdin=NAMES, **store.environ).stdout
    assert_whole(library)
    assert_holds(store, Ledger(library / "ledger"))


def test_a_build_that_changes_nothing_fills_an_empty_store(
    kg: Kg, small_content: Path, library: Path, store: Oxigraph
) -> None:
    done = kg("build", content=small_content, state=library, **store.environ)
    assert done.returncode == 0, done.stderr
    assert "unchanged" in done.stderr
    assert_holds(store, Ledger(library / "ledger"))


def test_the_server_does_not_start_over_a_store_of_somebody_else(kg: Kg, library: Path, store: Oxigraph) -> None:
    store.update(f"INSERT DATA {{ <{EX}x> <{EX}y> <{EX}z> }}")
    before = store.quads()
    done = kg("serve", state=library, **store.environ)
    assert done.returncode == 2
    assert "holds something, and does not say that it is of this service" in done.stderr
    assert store.quads() == before


def test_without_a_store_there_is_nothing_to_replicate_to(kg: Kg, library: Path) -> None:
    done = kg("replicate", state=library)
    assert done.returncode == 2
    assert "set KG_STORE" in done.stderr
