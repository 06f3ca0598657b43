"""From the ledger to a real store over SPARQL: whole, once, and in order, wherever it is cut off."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from kg.errors import RemoteStoreError, StoreAway
from kg.settings import Endpoint, Remote
from kg.store import Draft, Ledger, changeset_of
from kg.store.marker import Marker, read_marker
from kg.store.replica import replicate, replicate_anew
from tests.stores import HISTORY, Oxigraph, assert_holds, oxigraph

EX = "https://library.example/"
TEXTS = (
    'quotes " and \' and """',
    "a line\nand\r\nanother\ttab",
    "no escape: \\u0041 \\n",
    "\x01\x7f\u2028\U0001f4da",
    "} ; DROP ALL ; INSERT DATA { # {",
    "",
)


def iri(name: str) -> NamedNode:
    return NamedNode(f"{EX}{name}")


def quad(name: str, graph: str, value: Literal | NamedNode | None = None) -> Quad:
    return Quad(iri(name), iri("says"), value or Literal(name), iri(f"graph/{graph}"))


def commit(ledger: Ledger, *, added: list[Quad] | None = None, removed: list[Quad] | None = None) -> None:
    with ledger.locked():
        ledger.commit(
            Draft(
                changeset_of(added or [], removed or []),
                "Ada",
                "2024-05-01T12:00:00Z",
                source=f"{EX}graph/submission",
                message="A change",
            )
        )


@pytest.fixture(scope="module")
def server() -> Iterator[Oxigraph]:
    with oxigraph() as started:
        yield started


@pytest.fixture
def store(server: Oxigraph) -> Oxigraph:
    """An empty store."""
    server.update("CLEAR ALL")
    assert server.quads() == set()
    return server


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Triples come, one of them into two graphs; it leaves the one graph, comes back, and leaves both."""
    made = Ledger(tmp_path / "ledger")
    commit(made, added=[quad("a", "1"), quad("a", "2"), quad("b", "1")])
    commit(made, removed=[quad("a", "1")], added=[quad("c", "3")])
    commit(made, added=[quad("a", "1")], removed=[quad("b", "1")])
    commit(made, removed=[quad("a", "1"), quad("a", "2")], added=[quad("b", "2")])
    return made


def test_each_revision_comes_as_it_is_in_the_ledger(store: Oxigraph, ledger: Ledger) -> None:
    for revision in range(1, ledger.head().revision + 1):
        assert replicate(ledger, store.remote, merges=True, upto=revision)[:2] == (revision, ledger.digest(revision))
        assert_holds(store, ledger, revision)


def test_what_a_store_lacks_is_made_up_for_at_once(store: Oxigraph, ledger: Ledger) -> None:
    assert replicate(ledger, store.remote, merges=True, upto=4) == Marker(4, ledger.digest(4), "kept")
    assert_holds(store, ledger)
    before = store.quads()
    replicate(ledger, store.remote, merges=True, upto=4)
    assert store.quads() == before


def test_any_text_comes_as_it_is(store: Oxigraph, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "texts")
    values = [Literal(text) for text in TEXTS]
    values += [
        Literal("colour", language="en-gb"),
        Literal(True),
        Literal(1.5),
        Literal("x", datatype=iri("type")),
        Literal("<b>", datatype=NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#HTML")),
    ]
    quads = [quad(f"t{number}", "texts", value) for number, value in enumerate(values)]
    quads.append(quad("iri", "texts", NamedNode("https://data.example/é?a=b&c='d'#(e)")))
    commit(ledger, added=quads)
    replicate(ledger, store.remote, merges=True, upto=1)
    assert_holds(store, ledger)
    commit(ledger, removed=quads)
    replicate(ledger, store.remote, merges=True, upto=2)
    assert_holds(store, ledger)


class Cut(ThreadingHTTPServer):
    """What stands before a store and lets only so many updates through; the next one is lost, or its answer is."""

    def __init__(self, port: int, *, updates: int, loses: str) -> None:
        super().__init__(("127.0.0.1", 0), _Forward)
        self.port_behind = port
        self.updates = updates
        self.loses = loses


class _Forward(BaseHTTPRequestHandler):
    server: Cut

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/update"):
            self.server.updates -= 1
        if self.server.updates < 0 and self.server.loses == "request":
            self.close_connection = True
            return
        behind = http.client.HTTPConnection("127.0.0.1", self.server.port_behind, timeout=60)
        behind.request("POST", self.path, body, dict(self.headers))
        answer = behind.getresponse()
        data = answer.read()
        behind.close()
        if self.server.updates < 0:
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "text/plain"))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        pass


@contextmanager
def cut(store: Oxigraph, *, updates: int, loses: str) -> Iterator[Remote]:
    proxy = Cut(store.port, updates=updates, loses=loses)
    thread = threading.Thread(target=proxy.serve_forever, args=(0.02,))
    thread.start()
    try:
        url = f"http://127.0.0.1:{proxy.server_port}"
        yield Remote(Endpoint(f"{url}/query"), Endpoint(f"{url}/update"))
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Commits that are larger than one request may be: 900 statements in, half of them out and others in."""
    made = Ledger(tmp_path_factory.mktemp("large"))
    commit(made, added=[quad(f"n{number}", str(number % 2)) for number in range(900)])
    commit(
        made,
        removed=[quad(f"n{number}", str(number % 2)) for number in range(450)],
        added=[quad(f"n{number}", "3") for number in range(200, 900)],
    )
    return made


@pytest.mark.parametrize("loses", ["request", "answer"])
def test_a_commit_in_parts_is_told_of_with_the_last_and_goes_on_after_any(
    store: Oxigraph, large: Ledger, loses: str
) -> None:
    told: list[int] = []
    for updates in range(100):
        store.update("CLEAR ALL")
        with cut(store, updates=updates, loses=loses) as remote:
            try:
                replicate(large, remote, merges=True, upto=2)
            except StoreAway:
                marker = read_marker(store.remote)
                told.append(marker.revision if marker else -1)
            else:
                break
        if told[-1] > 0:  # a revision that a store tells of is whole, or was and the next one has begun
            assert marker
            assert marker.digest == large.digest(marker.revision)
        assert replicate(large, store.remote, merges=True, upto=2).revision == 2
        assert_holds(store, large)
    assert told == sorted(told)
    assert [told.count(0), told.count(1)] == [3, 5], "the commits did not come in as many parts as they should"


def test_a_store_that_shows_all_graphs_by_itself_holds_the_merge_in_a_graph(ledger: Ledger) -> None:
    with oxigraph(None, "--union-default-graph") as store:
        for revision in range(1, 5):
            assert replicate(ledger, store.remote, merges=True, upto=revision).kind == "named"
            assert_holds(store, ledger, revision, kind="named")
        replicate_anew(ledger, store.remote, merges=True, upto=4)
        assert_holds(store, ledger, kind="named")
        store.update("CLEAR ALL")
        assert replicate(ledger, store.remote, merges=False, upto=4).kind == "hidden"
        assert_holds(store, ledger, kind="hidden")


def test_in_mode_strict_the_default_graph_stays_apart(store: Oxigraph, ledger: Ledger) -> None:
    assert replicate(ledger, store.remote, merges=False, upto=4).kind == "apart"
    assert_holds(store, ledger, kind="apart")
    with pytest.raises(RemoteStoreError, match="'kept' now, and was filled as 'apart'"):
        replicate(ledger, store.remote, merges=True, upto=4)


def test_a_store_that_holds_something_else_is_refused_and_left_as_it_is(store: Oxigraph, ledger: Ledger) -> None:
    other = f"<{EX}x> <{EX}y> <{EX}z>"
    for text in (f"INSERT DATA {{ {other} }}", f"INSERT DATA {{ GRAPH <{EX}other> {{ {other} }} }}"):
        store.update(f"CLEAR ALL ; {text}")
        before = store.quads()
        with pytest.raises(RemoteStoreError, match="holds something") as caught:
            replicate(ledger, store.remote, merges=True, upto=4)
        assert "kg replicate --anew" in caught.value.remedy
        assert store.quads() == before


def test_a_store_of_another_ledger_is_refused_and_left_as_it_is(
    store: Oxigraph, ledger: Ledger, tmp_path: Path
) -> None:
    replicate(ledger, store.remote, merges=True, upto=4)
    before = store.quads()
    other = Ledger(tmp_path / "other")
    commit(other, added=[quad("z", "1")])
    with pytest.raises(RemoteStoreError, match="holds revision 4, and the ledger ends with 1"):
        replicate(other, store.remote, merges=True, upto=1)
    for name in "abc":
        commit(other, added=[quad(f"z{name}", "1")])
    with pytest.raises(RemoteStoreError, match="another revision 4"):
        replicate(other, store.remote, merges=True, upto=4)
    assert store.quads() == before


def test_anew_removes_what_is_ours_and_leaves_other_graphs(store: Oxigraph, ledger: Ledger) -> None:
    replicate(ledger, store.remote, merges=True, upto=4)
    store.update(
        f"DELETE WHERE {{ GRAPH {HISTORY} {{ ?s ?p ?o }} }} ; "
        f"INSERT DATA {{ <{EX}stray> <{EX}y> 1 GRAPH <{EX}graph/1> {{ <{EX}stray> <{EX}y> 1 }} }}"
    )
    replicate_anew(ledger, store.remote, merges=True, upto=4)
    assert_holds(store, ledger)
    stays = f"<{EX}x> <{EX}y> <{EX}z> <{EX}other>"
    store.update(f"INSERT DATA {{ GRAPH <{EX}other> {{ <{EX}x> <{EX}y> <{EX}z> }} }}")
    replicate_anew(ledger, store.remote, merges=True, upto=4)
    assert stays in {str(found) for found in store.quads()}


def test_clearing_that_was_interrupted_is_not_taken_for_an_empty_store(store: Oxigraph, ledger: Ledger) -> None:
    replicate(ledger, store.remote, merges=True, upto=4)
    for updates in range(1, 100):
        store.update(f"INSERT DATA {{ GRAPH <{EX}graph/3> {{ <{EX}stray> <{EX}y> 1 }} }}")
        with cut(store, updates=updates, loses="request") as remote:
            try:
                replicate_anew(ledger, remote, merges=True, upto=4)
            except StoreAway:
                marker = read_marker(store.remote)
            else:
                break
        assert marker
        if marker.kind == "clearing":
            with pytest.raises(RemoteStoreError, match="interrupted"):
                replicate(ledger, store.remote, merges=True, upto=4)
            replicate_anew(ledger, store.remote, merges=True, upto=4)
        else:
            replicate(ledger, store.remote, merges=True, upto=4)
        assert_holds(store, ledger)
    assert updates > 5
