"""Endpoints of strangers, for tests: each answers in a way of its own, on loopback, for as long as a test asks."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROWS = "application/sparql-results+json"
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
) + "]><sparql>&i;</sparql>"  # fmt: skip

Answer = Callable[[BaseHTTPRequestHandler], None]


def says(body: str | bytes, media_type: str = ROWS, status: int = 200, **headers: str) -> Answer:
    data = body.encode() if isinstance(body, str) else body

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        told = {"Content-Type": media_type, "Content-Length": str(len(data))}
        for name, value in (told | {name.replace("_", "-"): value for name, value in headers.items()}).items():
            request.send_header(name, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(data)

    return answer


def in_turn(*answers: Answer) -> Answer:
    """An answer for each time that is asked; the last one from then on."""
    left = [*answers]

    def answer(request: BaseHTTPRequestHandler) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(request)

    return answer


def rows(*values: str) -> Answer:
    bindings = [{"x": {"type": "literal", "value": value}} for value in values]
    return says(json.dumps({"head": {"vars": ["x"]}, "results": {"bindings": bindings}}))


def without_end(status: int = 200, *, bytes_at_a_time: int = 65_536, pause_seconds: float = 0.0) -> Answer:
    """An answer that goes on until the other side has enough."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Type", ROWS)
        request.end_headers()
        while True:
            request.wfile.write(b" " * bytes_at_a_time)
            time.sleep(pause_seconds)

    return answer


def headers_without_end(request: BaseHTTPRequestHandler) -> None:
    """The head of an answer, a sign at a time."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        request.wfile.write(b"x")
        time.sleep(0.05)


def silence(request: BaseHTTPRequestHandler) -> None:
    """No answer, for as long as the other side waits."""
    request.rfile.read()


@contextmanager
def stranger(answers: dict[str, Answer]) -> Iterator[tuple[str, list[tuple[str, str, dict[str, str]]]]]:
    """A server with an answer for each path; gives its address, and what was asked: method, path, headers."""
    asked: list[tuple[str, str, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode()
            asked.append((self.command, self.path, dict(self.headers.items()) | {"body": body}))
            self.close_connection = True
            with suppress(OSError):
                answers.get(self.path.partition("?")[0], says("nothing here", "text/plain", 404))(self)

        do_GET = do_HEAD = do_POST = do_CONNECT = answer  # noqa: N815 - names of the library

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
