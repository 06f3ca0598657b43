"""Kept answers over real HTTP: the same as when they were computed, known by their tags, compressed, never old.

One server process, so that the second request meets the cache of the first. That an answer is kept is shown by stopping
all processes that could compute it.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest
import zstandard

from kg.formats import FORMATS, formats_for
from tests.serving import JSON, Command, Reply, Server, eventually, query_path, serving

ONE = {"KG_PROCESSES": "1", "KG_QUERY_SECONDS": "2"}
FORM = "application/x-www-form-urlencoded"
AREAS = """
PREFIX emg: <https://w3id.org/unemg/ontology#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?area ?label WHERE { ?area a emg:ProgrammeArea ; rdfs:label ?label } ORDER BY ?area
"""
GRAPH = (
    "CONSTRUCT { ?area ?p ?o } WHERE { ?area a <https://w3id.org/unemg/ontology#ProgrammeArea> ; ?p ?o } ORDER BY ?p ?o"
)
MANY = "SELECT ?s ?p ?o WHERE { ?s ?p ?o } ORDER BY ?s ?p ?o LIMIT 300"
PAGES = ("/", "/sparql", "/.well-known/void", "/problems/stopped", "/static/kg.css")
QUERY_OF = {"SELECT": AREAS, "ASK": "ASK { ?s ?p ?o }", "CONSTRUCT": GRAPH}
ANSWERS = [(form, row.name) for form in QUERY_OF for row in FORMATS if row in formats_for(form)]

Kg = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def server(kg_command: Command, state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(kg_command, state, tmp_path_factory.mktemp("cache"), **ONE) as started:
        yield started


@contextmanager
def nothing_computes(server: Server) -> Iterator[None]:
    """While all processes that answer queries are stopped."""
    stopped: set[int] = set()

    def all_are_stopped() -> bool:
        # Who starts others is stopped before these are looked for; a signal may take a moment to be heeded.
        running = False
        for found in (server.openers, server.servers, server.workers):
            for process in found():
                if process.state != "T":
                    running = True
                    stopped.add(process.pid)
                    os.kill(process.pid, signal.SIGSTOP)
        return not running

    try:
        assert eventually(all_are_stopped, seconds=5)
        yield
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def told(reply: Reply) -> dict[str, str]:
    """The headers that a kept answer repeats."""
    return {name.lower(): value for name, value in reply.headers.items() if name.lower() != "date"}


def anew(query: str) -> str:
    """A query that nobody has asked before."""
    return f"{query} # {time.monotonic_ns()}"


def address(form: str, name: str) -> str:
    return query_path(anew(QUERY_OF[form]), format=name)


# Kept answers.


@pytest.mark.parametrize(("form", "name"), ANSWERS)
def test_a_kept_answer_is_the_same_as_when_it_was_computed(server: Server, form: str, name: str) -> None:
    path = address(form, name)
    computed = server.send("GET", path)
    with nothing_computes(server):
        kept = server.send("GET", path)
        head = server.send("HEAD", path)
    assert computed.status == kept.status == head.status == 200
    assert computed.body == kept.body != b""
    assert told(computed) == told(kept) == told(head)
    assert head.body == b""
    assert int(kept.headers["Content-Length"]) == len(kept.body)
    assert kept.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_the_same_each_time_and_has_a_head(server: Server, path: str) -> None:
    computed, again, head = (server.send(method, path) for method in ("GET", "GET", "HEAD"))
    assert computed.status == again.status == head.status == 200
    assert computed.body == again.body != b""
    assert told(computed) == told(again) == told(head)
    assert head.body == b""
    assert int(head.headers["Content-Length"]) == len(computed.body)


def test_a_head_asked_first_is_the_head_of_the_answer(server: Server) -> None:
    path = address("SELECT", "csv")
    head = server.send("HEAD", path)
    assert told(head) == told(server.send("GET", path))


def test_an_answer_that_came_as_a_stream_is_kept_too(server: Server) -> None:
    path = query_path(anew("SELECT ?s ?p ?o WHERE { ?s ?p ?o } LIMIT 2000"), format="csv")
    streamed = server.send("GET", path)
    assert streamed.headers["Transfer-Encoding"] == "chunked"
    with nothing_computes(server):
        kept = server.send("GET", path)
    assert streamed.body == kept.body
    assert told(streamed).items() - {("transfer-encoding", "chunked")} <= told(kept).items()


def test_without_a_kept_answer_nothing_can_be_told(server: Server) -> None:
    """The trick of these tests holds: what is not kept has to be computed."""
    with nothing_computes(server):
        assert server.ask(anew("ASK {}"), timeout="0.3").status == 503


def test_the_body_of_a_post_decides(server: Server) -> None:
    queries = [anew(f"SELECT ({number} AS ?n) WHERE {{}}") for number in (1, 2)]
    forms = [(urlencode({"query": query}).encode(), FORM) for query in queries]
    plain = [(query.encode(), "application/sparql-query") for query in queries]

    def post(body: bytes, content_type: str) -> Reply:
        return server.send("POST", "/sparql", body, content_type=content_type, accept="text/csv")

    computed = [post(*sent) for sent in (*forms, *plain)]
    assert [reply.body for reply in computed] == [b"n\r\n1\r\n", b"n\r\n2\r\n"] * 2
    with nothing_computes(server):
        kept = [post(*sent) for sent in (*forms, *plain)]
    assert [(told(reply), reply.body) for reply in computed] == [(told(reply), reply.body) for reply in kept]


@pytest.mark.parametrize("call", ["NOW()", "RAND()", "UUID()", "STRUUID()", "now()", "COUNT(*) + RAND()"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_changes_from_call_to_call_is_never_kept(server: Server, call: str, method: str) -> None:
    query = f"SELECT ({call} AS ?value) WHERE {{}}"
    replies = [
        server.ask(query, accept="text/csv")
        if method == "GET"
        else server.send(method, "/sparql", query.encode(), content_type="application/sparql-query", accept="text/csv")
        for _ in range(2)
    ]
    assert replies[0].status == 200
    assert replies[0].body != replies[1].body
    assert {reply.headers["Cache-Control"] for reply in replies} == {"no-store"}


def test_an_answer_is_never_given_in_a_format_that_was_not_asked_for(server: Server) -> None:
    query = anew(AREAS)
    wanted = [*(row.media_type for row in formats_for("SELECT")), "text/turtle"]
    first = {accept: server.ask(query, accept=accept) for accept in wanted}
    assert {accept: reply.headers.get_content_type() for accept, reply in first.items()} == {
        **{accept: accept for accept in wanted},
        "text/turtle": "application/problem+json",
    }
    for accept in reversed(wanted):
        assert server.ask(query, accept=accept).body == first[accept].body
    assert all("Accept" in reply.headers["Vary"] for reply in first.values())


def test_a_page_has_the_links_of_the_host_that_was_asked(server: Server) -> None:
    pages = {host: server.send("GET", "/", host=host).text for host in ("a.example", "b.example:8080", "a.example")}
    for host, page in pages.items():
        assert f"http://{host}/sparql" in page
    assert "b.example" not in pages["a.example"]


# Tags.


@pytest.mark.parametrize("path", [query_path(AREAS, format="csv"), query_path(AREAS, format="html"), "/"])
def test_who_has_an_answer_is_told_so_without_a_body(server: Server, path: str) -> None:
    reply = server.send("GET", path)
    tag = reply.headers["ETag"]
    assert re.fullmatch('"[!#-~]+"', tag)
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        for method in ("GET", "HEAD"):
            unchanged = server.send(method, path, if_none_match=known)
            assert (unchanged.status, unchanged.body) == (304, b"")
            for name in ("ETag", "Cache-Control", "Vary", "Access-Control-Allow-Origin"):
                assert unchanged.headers[name] == reply.headers[name]
            assert "Content-Type" not in unchanged.headers
    other = server.send("GET", path, if_none_match='"other"')
    assert (other.status, other.body) == (200, reply.body)


def test_a_post_is_answered_whatever_the_client_has(server: Server) -> None:
    sent = {"content_type": "application/sparql-query", "accept": "text/csv"}
    reply = server.send("POST", "/sparql", AREAS.encode(), **sent)
    again = server.send("POST", "/sparql", AREAS.encode(), **sent, if_none_match=reply.headers["ETag"])
    assert (again.status, again.body) == (200, reply.body)


# Encodings.


@pytest.mark.parametrize("path", [query_path(MANY, format="json"), query_path(MANY, format="html"), "/"])
def test_an_answer_is_compressed_for_those_who_like_it(server: Server, path: str) -> None:
    eventually(lambda: "ETag" in server.send("GET", path).headers, seconds=5)
    plain = server.send("GET", path)
    tags = {plain.headers["ETag"]}
    for encoding, decompress in (("gzip", gzip.decompress), ("zstd", zstandard.decompress)):
        reply = server.send("GET", path, accept_encoding=encoding)
        head = server.send("HEAD", path, accept_encoding=encoding)
        assert reply.headers["Content-Encoding"] == encoding
        assert decompress(reply.body) == plain.body
        assert int(reply.headers["Content-Length"]) == len(reply.body) < len(plain.body)
        assert told(head) == told(reply)
        assert "Accept-Encoding" in reply.headers["Vary"]
        unchanged = server.send("GET", path, accept_encoding=encoding, if_none_match=reply.headers["ETag"])
        assert unchanged.status == 304
        tags.add(reply.headers["ETag"])
    assert len(tags) == 3
    for refusing in ("gzip;q=0, zstd;q=0", "identity", "br", "*;q=0", ""):
        reply = server.send("GET", path, accept_encoding=refusing)
        assert "Content-Encoding" not in reply.headers
        assert reply.body == plain.body
        assert "Accept-Encoding" in reply.headers["Vary"]


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_an_answer_that_comes_in_parts_is_compressed_on_its_way(server: Server, encoding: str) -> None:
    path = query_path("SELECT ?s ?p ?o { ?s ?p ?o } ORDER BY ?s ?p ?o", format="json")
    plain = server.send("GET", path)
    assert plain.headers["Transfer-Encoding"] == "chunked"
    reply = server.send("GET", path, accept_encoding=encoding)
    unpacking = zlib.decompressobj(31) if encoding == "gzip" else zstandard.ZstdDecompressor().decompressobj()
    assert unpacking.decompress(reply.body) == plain.body
    assert len(reply.body) < len(plain.body) / 3
    assert "Content-Encoding" not in plain.headers
    head = server.send("HEAD", path, accept_encoding=f"br, {encoding}")
    assert head.headers["Content-Encoding"] == reply.headers["Content-Encoding"] == encoding


def test_a_dump_is_compressed_for_those_who_like_it(server: Server) -> None:
    plain, packed = (server.send("GET", "/data/dump.nq", accept_encoding=how) for how in ("identity", "gzip"))
    assert sorted(gzip.decompress(packed.body).splitlines()) == sorted(plain.body.splitlines())
    assert packed.headers["Content-Encoding"] == "gzip"


def test_a_gzip_file_comes_in_parts_and_is_not_compressed_twice(server: Server) -> None:
    plain = server.send("GET", "/data/dump.nq")
    for encoding in ("gzip, zstd", "identity"):
        packed = server.send("GET", "/data/dump.nq.gz", accept_encoding=encoding)
        assert packed.headers["Content-Type"] == "application/gzip"
        assert "Content-Encoding" not in packed.headers
        assert sorted(gzip.decompress(packed.body).splitlines()) == sorted(plain.body.splitlines())
        head = server.send("HEAD", "/data/dump.nq.gz", accept_encoding=encoding)
        assert head.headers["Content-Type"] == "application/gzip"
        assert "Content-Encoding" not in head.headers


def test_a_gzip_file_that_is_kept_is_known_by_its_tag(server: Server) -> None:
    address = "/data/dump.ttl.gz"
    server.send("GET", address)
    assert eventually(lambda: "ETag" in server.send("GET", address).headers, seconds=5)
    kept = server.send("GET", address, accept_encoding="gzip, zstd")
    assert "Content-Encoding" not in kept.headers
    assert gzip.decompress(kept.body).startswith(b"@prefix")
    assert server.send("GET", address, if_none_match=kept.headers["ETag"]).status == 304


# What is given up.


def test_when_there_is_no_room_the_oldest_answer_is_given_up(kg_command: Command, state: Path, tmp_path: Path) -> None:
    def path(number: int) -> str:
        return query_path(f"SELECT ?s ?p ?o WHERE {{ ?s ?p ?o }} LIMIT 200 # {number}", format="csv", timeout="0.5")

    with serving(kg_command, state, tmp_path, **ONE, KG_CACHE_MEGABYTES="1") as server:
        for number in range(100):
            assert server.send("GET", path(number)).status == 200
        with nothing_computes(server):
            assert server.send("GET", path(99)).status == 200
            assert server.send("GET", path(0)).status == 503


LABELS = """
SELECT ?book ?label WHERE {
  ?book a <https://library.example/Book> ; <http://www.w3.org/2000/01/rdf-schema#label> ?label
}
"""


@pytest.mark.parametrize("accept", ["text/csv", "text/html"])
def test_nothing_old_is_given_when_a_new_snapshot_is_there(
    kg: Kg, kg_command: Command, small_content: Path, library: Path, tmp_path: Path, accept: str
) -> None:
    def post() -> Reply:
        sent = {"content_type": "application/sparql-query", "accept": accept}
        return server.send("POST", "/sparql", LABELS.encode(), **sent)

    with serving(kg_command, library, tmp_path / "server", **ONE) as server:
        before = server.ask(LABELS, accept=accept)
        assert "Emma" in before.text
        assert "Emma" in post().text
        assert server.send("GET", "/").status == 200
        books = small_content / "data/books.trig"
        books.write_text(books.read_text(encoding="utf-8").replace('"Emma"', '"Sanditon"'), encoding="utf-8")
        assert "published snapshot 2" in kg("build", content=small_content, state=library).stderr
        assert eventually(lambda: "Sanditon" in server.ask(anew(LABELS), accept=accept).text, seconds=5)
        known = server.send("GET", query_path(LABELS), accept=accept, if_none_match=before.headers["ETag"])
        assert known.status == 200
        for reply in (known, server.ask(LABELS, accept=accept), post()):
            assert "Sanditon" in reply.text
            assert "Emma" not in reply.text
        assert "Snapshot 2" in server.send("GET", "/").text


def test_the_answer_of_a_refused_query_is_not_kept(server: Server) -> None:
    query = anew("SELECT ?s WHERE { ?s ?p")
    first, second = server.ask(query), server.ask(query)
    assert (first.status, second.status) == (400, 400)
    assert json.loads(first.text) == json.loads(second.text)
    assert server.ask(query.replace("?s ?p", "?s ?p ?o } LIMIT 1"), accept=JSON).status == 200
