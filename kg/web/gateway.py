"""A request on its way between the server and what answers it: as ASGI has it, and as WSGI has it."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any, Final

from kg.web.problems import Problem

Headers = Sequence[tuple[str, str]]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_WITHOUT_BODY: Final = (204, 304)
# Source: RFC 3875 §4.1.18 has underscores for hyphens, so a header with an underscore could pass for another one.
_AMBIGUOUS: Final = "_"


class Exchange:
    """One request, and the way back to its client.

    Source: ASGI 3.0, HTTP & WebSocket message format 2.3.
    """

    def __init__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query_string: bytes = scope["query_string"]
        self.scheme: str = scope["scheme"]
        self.version: str = scope["http_version"]
        self.headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        self.client: str = (scope.get("client") or ("",))[0]
        self._receive = receive
        self._send = send
        self._left: asyncio.Future[None] | None = None

    @property
    def chunked(self) -> bool:
        """Whether a body of unknown length can be told from one that breaks off.

        Source: RFC 9112 §6.3 and §8; HTTP/1.0 has no chunks, the end of the connection is the end of the body.
        """
        return self.version not in ("1", "1.0")

    def values(self, name: bytes) -> tuple[str, ...]:
        """The values of the header lines with a lower-case name."""
        return tuple([value.decode("latin-1") for header, value in self.headers if header == name])

    def value(self, name: bytes) -> str:
        """All lines of a header as one."""
        return ", ".join(self.values(name))

    async def body(self, most_bytes: int) -> bytes:
        """The whole body.

        Raises:
            Problem: it is longer than that, or breaks off.
        """
        parts = bytearray()
        more = self.method not in ("GET", "HEAD")
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Problem("bad-request", "the body breaks off", remedy="send it whole")
            parts += message.get("body", b"")
            if len(parts) > most_bytes:
                raise Problem("too-large", "The body is too long", remedy="send a shorter query")
            more = message.get("more_body", False)
        return bytes(parts)

    def left(self) -> asyncio.Future[None]:
        """Is done as soon as the client has left; to be asked for when the body has been read."""
        if self._left is None:
            self._left = asyncio.ensure_future(self._until_left())
        return self._left

    async def _until_left(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def respond(self, status: int, headers: Headers, body: bytes = b"") -> None:
        """Send a whole answer; `body` is what a GET would get."""
        sent = list(headers) if status in _WITHOUT_BODY else [*headers, ("content-length", str(len(body)))]
        await self.begin(status, sent)
        await self.end(b"" if self.method == "HEAD" or status in _WITHOUT_BODY else body)

    async def begin(self, status: int, headers: Headers) -> None:
        """Send the head of an answer. Without an `end` it breaks off, and the client is told so by the connection."""
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await self._send({"type": "http.response.start", "status": status, "headers": encoded})

    async def part(self, data: bytes) -> None:
        """Send a part of the body, as soon as there is room for it."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, data: bytes = b"") -> None:
        """Send the last part of the body."""
        await self._send({"type": "http.response.body", "body": data, "more_body": False})

    def close(self) -> None:
        """Watch the client no longer."""
        if self._left is not None:
            self._left.cancel()


def environ(exchange: Exchange, body: bytes) -> dict[str, Any]:
    """A request as WSGI has it. HEAD is asked as GET: whoever sends the answer leaves out its body.

    Source: PEP 3333; RFC 9110 §9.3.2.
    """
    host = exchange.value(b"host")
    name, _, port = host.rpartition(":") if ":" in host.rpartition("]")[2] else (host, "", "")
    variables: dict[str, Any] = {
        "REQUEST_METHOD": "GET" if exchange.method == "HEAD" else exchange.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": exchange.path.encode().decode("latin-1"),
        "QUERY_STRING": exchange.query_string.decode("latin-1"),
        "SERVER_NAME": name,
        "SERVER_PORT": port or ("443" if exchange.scheme == "https" else "80"),
        "SERVER_PROTOCOL": f"HTTP/{exchange.version}",
        "REMOTE_ADDR": exchange.client,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": exchange.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for header, value in exchange.headers:
        key, text = header.decode("latin-1"), value.decode("latin-1")
        if _AMBIGUOUS in key:
            continue
        variable = key.upper().replace("-", "_")
        variable = variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"
        variables[variable] = f"{variables[variable]}, {text}" if variable in variables else text
    variables["CONTENT_LENGTH"] = str(len(body))
    return variables


def run_wsgi(app: Any, variables: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
    """The whole response of a WSGI application: status, headers with lower-case names, body."""
    began: list[tuple[int, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: Sequence[tuple[str, str]], _: Any = None) -> Callable[[bytes], None]:
        began.append((int(status[:3]), [(name.lower(), value) for name, value in headers]))
        return lambda _: None

    content: Iterable[bytes] = app(variables, start_response)
    try:
        body = b"".join(content)
    finally:
        if hasattr(content, "close"):
            content.close()
    status, headers = began[-1]
    return status, [header for header in headers if header[0] != "content-length"], body
