"""A store that fails: each way of failing is told as what it is, and never taken for an answer."""

from __future__ import annotations

import base64
import gc
import io
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from kg.errors import QueryError, QuerySyntax, ServiceFailed, StoreAway
from kg.settings import Endpoint, Remote
from kg.store import Description, DistantSnapshot
from kg.store.distant import shared_snapshot
from kg.store.remote import holds, update_remote

JSON = "application/sparql-results+json"
DIGEST = "d" * 64
ROWS = json.dumps({"head": {"vars": ["x"]}, "results": {"bindings": [{"x": {"type": "uri", "value": "x:1"}}] * 2000}})
TRIPLES = "<x:1> <x:2> <x:3> .\n" * 2000
SELECT = "SELECT ?x { ?x ?y ?z }"
CONSTRUCT = "CONSTRUCT { ?x ?y ?z } WHERE { ?x ?y ?z }"
SECRET = "s3cret"  # noqa: S105 - it stands for one

Respond = Callable[["_Handler"], None]


class Failing(ThreadingHTTPServer):
    """A store that says of itself what it should, and then fails in some way."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.respond: Respond = lambda handler: handler.send(200, JSON, ROWS)
        self.version = 7
        self.asked: list[tuple[str, dict[str, list[str]], dict[str, str]]] = []
        """Of each request other than for the marker: its path, its parameters, its headers."""

    def remote(self, *, user: str = "") -> Remote:
        endpoint = Endpoint(f"http://127.0.0.1:{self.server_port}/query?key=1", user, SECRET if user else "")
        return Remote(endpoint, endpoint)

    def snapshot(self, *, user: str = "") -> DistantSnapshot:
        description = Description(
            1, 2, 7, DIGEST, 10, default_graph="union", base="https://library.example/", prefixes={}
        )
        return DistantSnapshot(description, self.remote(user=user))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Failing

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if "urn:x-kg:history" in body or "urn%3Ax-kg%3Ahistory" in body:
            values = {"version": str(self.server.version), "digest": DIGEST, "type": "kept"}
            row = {name: {"type": "literal", "value": value} for name, value in values.items()}
            self.send(200, JSON, json.dumps({"head": {"vars": [*values]}, "results": {"bindings": [row]}}))
            return
        self.server.asked.append((self.path, parse_qs(body), dict(self.headers)))
        self.server.respond(self)

    def send(self, status: int, media_type: str, body: str, *, missing: int = 0, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        data = body.encode()
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data[: len(data) - missing])
        self.close_connection = self.close_connection or bool(missing)

    def send_chunks(self, media_type: str, body: str, *, ends: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%b\r\n" % (len(body), body.encode()) + (b"0\r\n\r\n" if ends else b""))
        self.close_connection = not ends

    def send_until_closed(self, media_type: str, body: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body.encode())
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        pass


@pytest.fixture
def store() -> Iterator[Failing]:
    server = Failing()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def read(store: Failing, query: str, name: str = "csv") -> bytes:
    return store.snapshot().query(query).serialize(name, {})


@pytest.mark.parametrize(
    "respond",
    [
        lambda handler: handler.send(200, JSON, ROWS),
        lambda handler: handler.send_chunks(f"{JSON}; charset=utf-8", ROWS, ends=True),
        lambda handler: handler.send_until_closed("application/json", ROWS),
    ],
)
def test_an_answer_that_is_whole_is_read_however_it_is_sent(store: Failing, respond: Respond) -> None:
    store.respond = respond
    assert read(store, SELECT) == b"x\r\n" + b"x:1\r\n" * 2000
    assert len([*store.snapshot().query(SELECT).rows()]) == 2000


@pytest.mark.parametrize("media_type", ["application/n-triples", "text/turtle", "text/plain; charset=utf-8"])
def test_a_graph_is_read_in_what_the_store_writes(store: Failing, media_type: str) -> None:
    store.respond = lambda handler: handler.send(200, media_type, TRIPLES)
    assert read(store, CONSTRUCT, "ntriples").decode() == TRIPLES


@pytest.mark.parametrize(
    ("query", "respond", "told"),
    [
        (SELECT, lambda handler: handler.send(200, JSON, ROWS, missing=10), "breaks off"),
        (SELECT, lambda handler: handler.send_chunks(JSON, ROWS, ends=False), "breaks off"),
        (SELECT, lambda handler: handler.send_until_closed(JSON, ROWS[:-10]), "breaks off"),
        (SELECT, lambda handler: handler.send(200, JSON, "{"), "breaks off"),
        (CONSTRUCT, lambda handler: handler.send(200, "text/turtle", TRIPLES, missing=20), "breaks off"),
        (CONSTRUCT, lambda handler: handler.send_chunks("application/n-triples", TRIPLES, ends=False), "breaks off"),
        (
            CONSTRUCT,
            lambda handler: handler.send_until_closed("text/turtle", TRIPLES),
            "does not tell where its answer",
        ),
        (SELECT, lambda handler: handler.send(206, JSON, ROWS), "only a part"),
        (SELECT, lambda handler: handler.send(200, JSON, ROWS, X_SQL_State="S1TAT"), "only a part"),
        (SELECT, lambda handler: handler.send(200, "text/html", "<p>Welcome</p>"), "answered in text/html"),
        (SELECT, lambda handler: handler.send(500, "text/plain", "secret stack"), "failed"),
        (SELECT, lambda handler: handler.send(503, "text/plain", "secret stack"), "answered with 503"),
        (SELECT, lambda handler: handler.send(404, "text/plain", "secret stack"), "failed"),
        (SELECT, lambda handler: handler.send(401, "text/plain", "secret stack"), "lets nobody in"),
        (SELECT, lambda handler: setattr(handler, "close_connection", True), "does not answer"),
    ],
)
def test_a_store_that_fails_is_named_and_its_answer_is_none(
    store: Failing, query: str, respond: Respond, told: str
) -> None:
    store.respond = respond
    output = io.BytesIO()
    with pytest.raises(ServiceFailed, match=told) as caught:
        store.snapshot().query(query).write("csv" if query is SELECT else "ntriples", {}, output)
    assert "secret" not in str(caught.value)
    assert f"127.0.0.1:{store.server_port}/query" in str(caught.value)
    assert caught.value.remedy
    with pytest.raises(ServiceFailed, match=told):
        list(store.snapshot().query(query).rows())


@pytest.mark.parametrize(
    ("told", "truth"),
    [
        ({"boolean": True}, True),
        ({"boolean": False}, False),
        ({"results": {"bindings": []}}, False),
        ({"results": {"bindings": [{"yes": {"type": "literal", "value": "1"}}]}}, True),
        ({"results": {"bindings": [{"yes": {"type": "literal", "value": "0"}}]}}, False),
    ],
)
def test_an_answer_to_ask_is_a_truth_value_even_where_it_comes_as_rows(
    store: Failing, told: dict[str, object], truth: bool
) -> None:
    head = {"vars": ["yes"]} if "results" in told else {}
    store.respond = lambda handler: handler.send(200, JSON, json.dumps({"head": head, **told}))
    results = store.snapshot().query("ASK { ?s ?p ?o }")
    assert results.boolean is truth
    assert json.loads(results.serialize("json", {})) == {"head": {}, "boolean": truth}
    assert holds(store.remote(), "?s ?p ?o", seconds=10) is truth


def test_a_truth_value_is_no_answer_to_select(store: Failing) -> None:
    store.respond = lambda handler: handler.send(200, JSON, '{"head": {}, "boolean": true}')
    with pytest.raises(ServiceFailed, match="no rows"):
        store.snapshot().query(SELECT)


def test_what_the_store_cannot_evaluate_is_told_in_its_words(store: Failing) -> None:
    store.respond = lambda handler: handler.send(400, "text/plain", "it's no\n aggregate “here” " + "x" * 1000)
    with pytest.raises(QueryError, match="it's no aggregate “here” x") as caught:
        read(store, SELECT)
    assert not isinstance(caught.value, ServiceFailed)
    assert len(str(caught.value)) < 400


def test_nothing_but_sparql_is_sent(store: Failing) -> None:
    for text in ("SELECT * {", "define get:soft 'soft' SELECT * { ?s ?p ?o }", "SELECT * { ?s <a b> ?o }"):
        with pytest.raises(QuerySyntax) as caught:
            read(store, text)
        assert caught.value.line == 1
    assert store.asked == []


def test_checking_the_syntax_calls_no_service(store: Failing) -> None:
    called = f"http://127.0.0.1:{store.server_port}/called"
    text = f"SELECT ?x {{ ?x ?y ?z SERVICE SILENT <{called}> {{ ?x ?y 'SERVICE' }} service <{called}> {{ ?x ?y ?z }} }}"
    read(store, text)
    assert [path for path, *_ in store.asked] == ["/query?key=1"]
    assert store.asked[0][1]["query"] == [text]


def test_a_query_is_sent_with_its_graphs_and_an_update_as_it_is(store: Failing) -> None:
    text = "PREFIX add: <x:insert> # DROP\nSELECT ?x { ?x ?y 'é & +' }"
    store.snapshot().query(text, default_graphs=("x:a", "x:b"), named_graphs=("x:c",)).serialize("csv", {})
    path, parameters, headers = store.asked.pop()
    assert path == "/query?key=1"
    assert parameters == {"query": [text], "default-graph-uri": ["x:a", "x:b"], "named-graph-uri": ["x:c"]}
    assert headers["Accept"].startswith(JSON)
    assert "Authorization" not in headers
    update_remote(store.remote(), "INSERT DATA { <x:é> <x:y> '+' }", seconds=10)
    path, _, headers = store.asked.pop()
    assert urlsplit(path)[2:4] == ("/query", "key=1")
    assert headers["Content-Type"] == "application/sparql-update"


# urllib leaves the first response open when it answers with a digest.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_password_is_sent_and_never_shown(store: Failing) -> None:
    store.snapshot(user="ada").query(SELECT).serialize("csv", {})
    sent = base64.b64decode(store.asked[0][2]["Authorization"].removeprefix("Basic ")).decode()
    assert sent == f"ada:{SECRET}"
    store.respond = lambda handler: handler.send(
        401, "text/plain", "", WWW_Authenticate='Digest realm="SPARQL", nonce="1"'
    )
    with pytest.raises(ServiceFailed, match="lets nobody in") as caught:
        store.snapshot(user="ada").query(SELECT)
    assert SECRET not in f"{caught.value} {caught.value.remedy} {store.snapshot(user='ada')!r}"
    with pytest.raises(StoreAway, match="lets nobody in") as refused:
        update_remote(store.remote(user="ada"), "CLEAR ALL", seconds=10)
    assert SECRET not in f"{refused.value} {refused.value.remedy}"
    del caught, refused
    gc.collect()


def test_a_store_that_is_behind_is_not_asked(store: Failing) -> None:
    store.version = 6
    with pytest.raises(ServiceFailed, match="holds revision 6, and revision 7 is asked"):
        read(store, SELECT)
    assert store.asked == []
    store.version = 8
    assert read(store, SELECT)


def test_workers_share_a_snapshot_that_a_store_answers_for_whatever_its_size(library: Path, store: Failing) -> None:
    folder = (library / "current").resolve()
    assert shared_snapshot(folder, memory_quads=1, remote=None) is None
    assert isinstance(shared_snapshot(folder, memory_quads=1, remote=store.remote()), DistantSnapshot)
