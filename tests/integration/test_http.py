"""HTTP/1.1 as it comes over a bare connection: in pieces, several requests at once, too much, or not at all well."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from tests.serving import Command, Server, eventually, query_path, serving

ASK = query_path("ASK {}", format="csv")
EMPTY = query_path("SELECT ?x {} # nothing", format="csv")


@pytest.fixture(scope="module")
def server(kg_command: Command, small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(kg_command, small / "state", tmp_path_factory.mktemp("http"), KG_PROCESSES="1") as started:
        yield started


@contextmanager
def client(server: Server) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def get(path: str, *lines: str, version: str = "1.1") -> bytes:
    return "\r\n".join([f"GET {path} HTTP/{version}", "Host: here", *lines, "", ""]).encode()


def until_closed(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def answers(received: bytes) -> list[tuple[int, bytes]]:
    """The status and body of each answer in what was received; each tells its length."""
    found = []
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        length = int(fields.get(b"content-length", b"0"))
        found.append((int(head.split()[1]), received[:length]))
        received = received[length:]
    return found


CLOSE = "Connection: close"


def test_an_answer_tells_when_it_was_made(server: Server) -> None:
    reply = server.send("GET", ASK)
    assert (reply.status, reply.body) == (200, b"true")
    assert parsedate_to_datetime(reply.headers["Date"]).utcoffset() is not None


def test_a_request_may_come_byte_by_byte(server: Server) -> None:
    with client(server) as connection:
        for byte in get(ASK, CLOSE):
            connection.sendall(bytes([byte]))
        assert answers(until_closed(connection)) == [(200, b"true")]


def test_requests_that_come_at_once_are_answered_in_order(server: Server) -> None:
    """Some are known, some are asked of a worker, some are Flask's, one is a mistake."""
    new = query_path("SELECT ?x { VALUES ?x { 1 2 3 } }", format="csv")
    paths = [EMPTY, ASK, "/sparql?query=nonsense", new, ASK, "/nowhere", new, EMPTY]
    for _ in range(2):
        with client(server) as connection:
            connection.sendall(b"".join(get(path) for path in paths) + get(ASK, CLOSE))
            found = answers(until_closed(connection))
        assert [status for status, _ in found] == [200, 200, 400, 200, 200, 404, 200, 200, 200]
        rows = b"x\r\n1\r\n2\r\n3\r\n"
        assert [body for status, body in found if status == 200] == [
            *(b"x\r\n\r\n", b"true", rows, b"true", rows, b"x\r\n\r\n", b"true"),
        ]


def test_a_connection_serves_one_request_after_the_other(server: Server) -> None:
    connection = server.connect()
    for path, body in ((ASK, b"true"), ("/sparql?query=ASK{}&format=csv", b"true"), (EMPTY, b"x\r\n\r\n")) * 3:
        connection.request("GET", path)
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, body)
    connection.close()


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(get(ASK, version="1.0"), id="HTTP/1.0"),
        pytest.param(get(ASK, CLOSE), id="close"),
        pytest.param(get(f"http://here{ASK}", CLOSE), id="absolute"),
        pytest.param(get(ASK, CLOSE, "Content-Length: 3") + b"abc", id="a body"),
        pytest.param(get(ASK, CLOSE, "Upgrade: h2c"), id="upgrade"),
        pytest.param(get(f"{ASK}#part", CLOSE), id="fragment"),
        pytest.param(get(ASK.replace("/sparql", "/%73parql"), CLOSE), id="escaped path"),
    ],
)
def test_an_unusual_request_is_answered(server: Server, request_: bytes) -> None:
    with client(server) as connection:
        connection.sendall(request_)
        assert answers(until_closed(connection)) == [(200, b"true")]


def test_who_waits_to_be_let_on_with_a_body_is(server: Server) -> None:
    head = "POST /sparql HTTP/1.1\r\nHost: here\r\nContent-Type: application/sparql-query\r\nAccept: text/csv\r\n"
    with client(server) as connection:
        connection.sendall(f"{head}Content-Length: 6\r\nExpect: 100-continue\r\n{CLOSE}\r\n\r\n".encode())
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"ASK {}")
        assert answers(until_closed(connection)) == [(200, b"true")]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(b"nonsense\r\n\r\n", 400, id="nonsense"),
        pytest.param(b"GET /sparql HTTP/1.1\r\nHost here\r\n\r\n", 400, id="a line without a colon"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, id="two lengths"
        ),
        pytest.param(get("/" + "a" * 70_000), 414, id="a long address"),
        pytest.param(get("/", *(f"X-{at}: {'a' * 5000}" for at in range(60))), 431, id="a large head"),
    ],
)
def test_what_cannot_be_read_is_refused_and_the_connection_closed(server: Server, request_: bytes, status: int) -> None:
    with client(server) as connection:
        connection.sendall(request_)
        received = until_closed(connection)
    assert int(received.split()[1]) == status
    assert server.send("GET", ASK).body == b"true"


def test_a_request_without_a_host_is_refused(server: Server) -> None:
    with client(server) as connection:
        connection.sendall(f"GET {ASK} HTTP/1.1\r\n{CLOSE}\r\n\r\n".encode())
        ((status, body),) = answers(until_closed(connection))
    assert status == 400
    assert b"Host" in body


def test_server_processes_share_out_the_connections(kg_command: Command, small: Path, tmp_path: Path) -> None:
    """As soon as all of them serve: until then, one has them all."""
    with serving(kg_command, small / "state", tmp_path, KG_PROCESSES="2") as server, ExitStack() as clients:
        fronts = [front.pid for front in server.fronts() if sockets_of(front.pid)]
        before = {pid: sockets_of(pid) for pid in fronts}

        with ExitStack() as earlier:

            def all_serve() -> bool:
                earlier.enter_context(client(server))
                return all(sockets_of(pid) > before[pid] for pid in fronts)

            assert eventually(all_serve, seconds=10)
        assert eventually(lambda: {pid: sockets_of(pid) for pid in fronts} == before, seconds=5)
        for _ in range(20):
            clients.enter_context(client(server))
        assert eventually(lambda: sum(sockets_of(pid) - before[pid] for pid in fronts) == 20, seconds=5)
        more = sorted(sockets_of(pid) - before[pid] for pid in fronts)
        assert more[-2] > more[-1] / 2


def sockets_of(pid: int) -> int:
    """How many connections over a network a process has.

    Source: proc(5), /proc/pid/fd and /proc/net/tcp.
    """
    of_network = {line.split()[9] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]}
    found = 0
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found += file.readlink().name.removeprefix("socket:[").removesuffix("]") in of_network
    return found
