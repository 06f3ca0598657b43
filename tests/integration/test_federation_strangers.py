"""Endpoints that are away, slow, wrong or hostile: the query that calls one ends, says why, and harms no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import IncompleteRead
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.serving import Command, Reply, Server, eventually, serving
from tests.strangers import BOMB, ROWS, Answer, rows, says, silence, stranger

XML = "application/sparql-results+xml"
PLACES = "?place a <https://w3id.org/unemg/ontology#Place>"
SECONDS = 3
MEGABYTES = 128
# A whole answer with one row, and where it may break off.
ONE = json.dumps({"head": {"vars": ["x"]}, "results": {"bindings": [{"x": {"type": "literal", "value": "one"}}]}})
HEAD = '{"head": {"vars": ["x"]}, "results": {"bindings": ['
ROW = '{"x": {"type": "literal", "value": "%s"}}, '


def without_end(text: str, again: str, *, status: int = 200, media_type: str = ROWS) -> Answer:
    """An answer that begins with one text and goes on with another, until the other side has enough."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Type", media_type)
        request.send_header("Content-Length", str(10**12))
        request.end_headers()
        request.wfile.write(text.encode())
        part = again.encode() * (1 + 65_536 // len(again))
        while True:
            request.wfile.write(part)

    return answer


ENTITY = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    '<sparql xmlns="http://www.w3.org/2005/sparql-results#"><head><variable name="x"/></head>'
    '<results><result><binding name="x"><literal>&b;</literal></binding></result></results></sparql>'
)
FILE = ENTITY.replace('<!ENTITY a "aaaaaaaaaa">', '<!ENTITY a SYSTEM "file:///etc/hostname">')
# Path -> what the endpoint does there, and a word of what is told of it. Each is an error that names the endpoint.
WRONG: dict[str, tuple[Answer, str]] = {
    "/page": (says("<html><p>Welcome</p></html>", "text/html"), "text/html"),
    "/error": (says("out of order", "text/plain", 500), "500"),
    "/long-error": (says("x" * 1_000_000, "text/plain", 500), "500"),
    "/not-found": (says("nothing here", "text/plain", 404), "404"),
    "/broken": (says(ONE[:-12]), "Parser error"),
    "/cut": (says(ONE, Content_Length=str(len(ONE) + 10), Connection="close"), ""),
    "/no-json": (says("{]"), "error"),
    "/other-type": (says(ONE, "application/octet-stream"), "octet-stream"),
    "/a-graph": (says("<x:a> <x:b> <x:c> .", "text/turtle"), "turtle"),
    "/truth": (says('{"head": {}, "boolean": true}'), "solutions"),
    "/no-sparql-xml": (says("<a><b></a>", XML), ""),
    "/deep": (says('{"head": {"vars": ["x"]}, "deep": ' + "[" * 1_000_000), "stack"),
    "/bomb": (says(BOMB, XML), ""),
    "/entity": (says(ENTITY, XML), "entity"),
    "/file": (says(FILE, XML), "entity"),
    "/elsewhere": (says("", status=302, Location="http://127.0.0.1:1/sparql"), "redirect"),
    "/loop": (says("", status=307, Location="/loop"), "Redirect"),
}
# Path -> what comes without end. Each is stopped: at the deadline, or where it needs more memory than it may have.
ENDLESS: dict[str, Answer] = {
    "/silence": silence,
    "/blanks": without_end("", " "),
    "/string": without_end(HEAD + '{"x": {"type": "literal", "value": "', "x"),
    "/name": without_end('{"', "x"),
    "/variables": without_end('{"head": {"vars": [', '"x", '),
    "/reason": without_end("", "x", status=500, media_type="text/plain"),
    "/before-its-head": without_end('{"results": {"bindings": [', ROW % ("x" * 500)),
}
# What comes without end, and is passed on as it comes.
MORE: dict[str, Answer] = {
    "/rows": without_end(HEAD, ROW % ("x" * 500)),
    "/right": rows("one"),
    "/breaks-off": says(ONE[:-3], Content_Length=str(len(ONE))),
}
AWAY = "http://127.0.0.1:1/sparql"  # a port on which nobody listens, the same for all workers
UNKNOWN = "http://no-such-host.invalid/sparql"


@pytest.fixture(scope="module")
def endpoints() -> Iterator[str]:
    answers = {path: answer for path, (answer, _) in WRONG.items()} | ENDLESS | MORE
    with stranger(answers) as (address, _):
        yield address


@pytest.fixture(scope="module")
def server(
    kg_command: Command, state: Path, endpoints: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    allowed = [f"{endpoints}{path}" for path in (*WRONG, *ENDLESS, *MORE)] + [UNKNOWN, AWAY]
    with serving(
        kg_command,
        state,
        tmp_path_factory.mktemp("server"),
        KG_SERVICES=" ".join(allowed),
        KG_QUERY_SECONDS=str(SECONDS),
        KG_QUERY_MEGABYTES=str(MEGABYTES),
    ) as started:
        yield started


def called(endpoint: str, silent: str = "") -> str:
    return f"SELECT ?place ?x {{ {PLACES} SERVICE {silent} <{endpoint}> {{ ?s ?p ?x }} }}"


def told(reply: Reply) -> dict[str, str]:
    document: dict[str, str] = json.loads(reply.body)
    return document


def bindings(reply: Reply) -> list[dict[str, dict[str, str]]]:
    found: list[dict[str, dict[str, str]]] = json.loads(reply.body)["results"]["bindings"]
    return found


def others_are_well(server: Server) -> bool:
    """Whether a query beside is answered, and all processes together take no more than they may."""
    reply = server.ask(f"SELECT ?place {{ {PLACES} }}")
    return reply.status == 200 and len(bindings(reply)) == 3 and server.memory_bytes() < 600 * 1024 * 1024


def test_what_is_right_is_joined(server: Server, endpoints: str) -> None:
    assert [row["x"]["value"] for row in bindings(server.ask(called(f"{endpoints}/right")))] == ["one"] * 3


@pytest.mark.parametrize("path", WRONG)
def test_a_wrong_answer_is_told_and_ends_the_query(server: Server, endpoints: str, path: str) -> None:
    reply = server.ask(called(endpoints + path))
    problem = told(reply)
    assert (reply.status, problem["type"].rpartition("/")[2]) == (502, "remote-failed")
    assert f"<{endpoints}{path}>" in problem["detail"]
    assert WRONG[path][1] in problem["detail"]
    assert len(problem["detail"]) < 600
    assert "SERVICE" in problem["remedy"]
    assert others_are_well(server)


@pytest.mark.parametrize("path", ENDLESS)
def test_what_never_ends_is_stopped(server: Server, endpoints: str, path: str) -> None:
    reply = server.ask(called(endpoints + path))
    assert (reply.status, told(reply)["type"].rpartition("/")[2]) in ((503, "stopped"), (502, "remote-failed"))
    assert others_are_well(server)


def test_rows_without_end_are_passed_on_until_the_deadline_and_then_break_off(server: Server, endpoints: str) -> None:
    with pytest.raises(IncompleteRead) as broken:
        server.ask(called(f"{endpoints}/rows"))
    assert len(broken.value.partial) > 1_000_000
    assert others_are_well(server)


def test_rows_without_end_that_have_to_be_held_are_stopped(server: Server, endpoints: str) -> None:
    reply = server.ask(called(f"{endpoints}/rows") + " ORDER BY ?x")
    assert (reply.status, told(reply)["type"].rpartition("/")[2]) == (503, "stopped")
    assert others_are_well(server)


def test_the_page_for_people_shows_the_first_rows_of_those_without_end(server: Server, endpoints: str) -> None:
    reply = server.ask(called(f"{endpoints}/rows"), accept="text/html")
    assert reply.status == 200
    assert "x" * 500 in reply.text
    assert others_are_well(server)


@pytest.mark.parametrize("endpoint", [AWAY, UNKNOWN])
def test_an_endpoint_that_is_away_is_told(server: Server, endpoint: str) -> None:
    reply = server.ask(called(endpoint))
    assert (reply.status, told(reply)["type"].rpartition("/")[2]) == (502, "remote-failed")
    assert f"<{endpoint}>" in told(reply)["detail"]


SILENT = ["/page", "/error", "/no-json", "/other-type", "/truth", "/deep", "/elsewhere", "/loop"]


@pytest.mark.parametrize("path", [*SILENT, AWAY, UNKNOWN])
def test_a_silent_call_that_fails_gives_one_solution_without_bindings(
    server: Server, endpoints: str, path: str
) -> None:
    """Source: SPARQL 1.1 Federated Query §2.3."""
    reply = server.ask(called(path if path.startswith("http") else endpoints + path, "SILENT"))
    assert reply.status == 200
    assert [sorted(row) for row in bindings(reply)] == [["place"]] * 3


def test_a_silent_call_is_refused_where_it_is_not_allowed(server: Server) -> None:
    reply = server.ask(called("http://127.0.0.1:1/other", "SILENT"))
    assert (reply.status, told(reply)["type"].rpartition("/")[2]) == (403, "network-refused")


@pytest.mark.parametrize("silent", ["", "SILENT"])
def test_an_answer_that_breaks_off_behind_its_first_rows_is_an_error(
    server: Server, endpoints: str, silent: str
) -> None:
    """A silent call, too: its first rows are in the answer already."""
    reply = server.ask(called(f"{endpoints}/breaks-off", silent))
    assert (reply.status, told(reply)["type"].rpartition("/")[2]) == (502, "remote-failed")


def test_why_an_answer_is_empty_is_not_asked_of_others(kg_command: Command, state: Path, tmp_path: Path) -> None:
    with (
        stranger({"/sparql": rows()}) as (address, asked),
        serving(kg_command, state, tmp_path, KG_SERVICES=f"{address}/sparql") as server,
    ):
        inside = f"{{ SERVICE <{address}/sparql> {{ ?place ?p ?x }} }}"
        reply = server.ask(f"SELECT ?place ?x {{ {PLACES} . {inside} }}", accept="text/html")
        assert reply.status == 200
        assert len(asked) == 1


def test_no_redirect_is_followed(kg_command: Command, state: Path, tmp_path: Path) -> None:
    with (
        stranger({"/private": rows("secret")}) as (private, asked_there),
        stranger({"/sparql": says("", status=302, Location=f"{private}/private")}) as (public, asked_here),
        serving(kg_command, state, tmp_path, KG_SERVICES=f"{public}/sparql") as server,
    ):
        reply = server.ask(called(f"{public}/sparql"))
        assert len(asked_here) == 1
    assert reply.status == 502
    assert asked_there == []


def test_calls_that_hang_leave_places_for_others(kg_command: Command, state: Path, tmp_path: Path) -> None:
    with (
        stranger({"/sparql": silence}) as (address, asked),
        ThreadPoolExecutor(8) as threads,
        serving(
            kg_command, state, tmp_path, KG_SERVICES=f"{address}/sparql", KG_PROCESSES="1", KG_WORKERS="4"
        ) as server,
    ):
        calls = [threads.submit(server.ask, called(f"{address}/sparql")) for _ in range(8)]
        assert eventually(lambda: sum(call.done() for call in calls) == 6, seconds=20)
        turned_away = [call.result() for call in calls if call.done()]
        assert {(reply.status, told(reply)["type"].rpartition("/")[2]) for reply in turned_away} == {(503, "busy")}
        assert eventually(lambda: len(asked) == 2, seconds=20)
        assert all(others_are_well(server) for _ in range(10))
        assert sum(call.done() for call in calls) == 6  # and the two still wait


def test_eight_calls_that_hang_leave_the_service_as_it_was(server: Server, endpoints: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        hanging = [threads.submit(server.ask, called(f"{endpoints}/silence")) for _ in range(8)]
        assert all(others_are_well(server) for _ in range(20))
        assert {each.result().status for each in hanging} == {503}
    assert eventually(lambda: not server.busy(), seconds=5)
    assert others_are_well(server)
