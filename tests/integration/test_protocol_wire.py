"""HTTP/1 as it is on the wire: what no client library would send, and what must hold up nobody."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from email import message_from_bytes
from pathlib import Path

import pytest

from kg.web.headers import EVERY_ANSWER
from kg.web.problems import KINDS
from tests.serving import Command, Server, serving

ASK = "/sparql?query=ASK%7B%7D"
YES = b'{"head":{},"boolean":true}'
DIRECT = "Content-Type: application/sparql-query"
POST = f"POST /sparql HTTP/1.1\r\nHost: x\r\n{DIRECT}\r\n"
# A request that never comes to its end, and how it begins.
HALVES = {
    "a header": b"GET /sparql?query=ASK HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    "a body of known length": f"{POST}Content-Length: 500\r\n\r\nASK".encode(),
    "a chunk": f"{POST}Transfer-Encoding: chunked\r\n\r\n9\r\nASK".encode(),
    "what is written": b"PUT /graphs?default HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n",
    "nothing": b"",
}
HALVES_OF_EACH = 40


@pytest.fixture(scope="module")
def server(kg_command: Command, small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("wire")
    state = shutil.copytree(small / "state", folder / "state", symlinks=True)
    with serving(kg_command, state, folder / "server") as server:
        yield server


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


def told(server: Server, *lines: str, body: bytes = b"") -> bytes:
    """What comes back for a request of these lines, until the server closes the connection."""
    with closing(connect(server)) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    "lines",
    [
        [f"GET {ASK} HTTP/1.0"],
        [f"GET {ASK} HTTP/1.1", "Host: x", "Connection: close"],
        [f"GET http://other.example{ASK} HTTP/1.1", "Host: x", "Connection: close"],
    ],
    ids=["HTTP/1.0", "HTTP/1.1", "absolute form"],
)
def test_a_query_is_answered_however_the_request_is_written(server: Server, lines: list[str]) -> None:
    answer = told(server, *lines)
    assert (status(answer), answer.rpartition(b"\r\n\r\n")[2]) == (200, YES)


def test_a_query_may_come_in_chunks(server: Server) -> None:
    lines = ["POST /sparql HTTP/1.1", "Host: x", "Connection: close", DIRECT, "Transfer-Encoding: chunked"]
    answer = told(server, *lines, body=b"3\r\nASK\r\n2;of=it\r\n{}\r\n0\r\n\r\n")
    assert (status(answer), answer.rpartition(b"\r\n\r\n")[2]) == (200, YES)


def test_requests_on_one_connection_are_answered_in_their_order(server: Server) -> None:
    first = f"HEAD {ASK} HTTP/1.1\r\nHost: x\r\n\r\nGET {ASK}&format=csv HTTP/1.1\r\nHost: x\r\n\r\n"
    second = f"{POST}Content-Length: 5\r\n\r\nASK{{}}"
    answer = told(server, f"{first}{second}GET /sparql?query=ASK HTTP/1.1", "Host: x", "Connection: close")
    heads = answer.split(b"HTTP/1.1 ")[1:]
    assert [head[:3] for head in heads] == [b"200", b"200", b"200", b"400"]
    bodies = [head.partition(b"\r\n\r\n")[2] for head in heads]
    assert bodies[:3] == [b"", b"true", YES]


@pytest.mark.parametrize("hosts", [[], ["Host: a", "Host: b"]], ids=["none", "two"])
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_a_request_without_one_host_is_refused(server: Server, hosts: list[str], accept: str) -> None:
    """Source: RFC 9112 §3.2."""
    answer = told(server, f"GET {ASK} HTTP/1.1", *hosts, f"Accept: {accept}", "Connection: close")
    assert status(answer) == 400
    assert b"not just one Host" in answer


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([f"GET {ASK}%23{'a' * 70_000} HTTP/1.1", "Host: x"], 414),
        ([f"GET {ASK} HTTP/1.1", "Host: x", f"X-Long: {'a' * 500_000}"], 431),
        ([f"GET {ASK} HTTP/9.9", "Host: x"], 400),
        (["POST /sparql HTTP/1.1", "Host: x", DIRECT, "Content-Length: -5"], 400),
        (["POST /sparql HTTP/1.1", "Host: x", DIRECT, "Content-Length: 5", "Content-Length: 6"], 400),
    ],
    ids=["a long address", "a long header", "another version", "a negative length", "two lengths"],
)
def test_what_is_no_request_or_too_long_for_one_is_refused(server: Server, lines: list[str], expected: int) -> None:
    head, _, body = told(server, *lines).partition(b"\r\n\r\n")
    assert status(head) == expected
    headers = message_from_bytes(head.partition(b"\r\n")[2])
    assert headers["Connection"] == "close"
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Date"]
    assert all(headers[name] == value for name, value in EVERY_ANSWER)
    assert int(headers["Content-Length"]) == len(body)
    problem = json.loads(body)
    slug = problem["type"].removeprefix("/problems/")
    assert (problem["title"], problem["status"]) == (KINDS[slug].title, expected)
    assert problem["detail"]
    assert problem["remedy"]
    assert YES in told(server, f"GET {ASK} HTTP/1.0")


def test_requests_that_are_never_sent_whole_hold_up_nobody(server: Server) -> None:
    with ExitStack() as stack:
        for half in list(HALVES.values()) * HALVES_OF_EACH:
            connection = stack.enter_context(closing(connect(server)))
            connection.sendall(half)
        for number in range(20):
            assert YES in told(server, f"GET {ASK}%23{number} HTTP/1.0")
