"""A request on its way between the server and what answers it: as ASGI has it, and as WSGI has it."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any, Final

from kg.web.problems import Problem

Headers = Sequence[tuple[bytes, bytes]]
"""Header lines as they are sent, their names in lower case."""
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# Most who wait for a worker wait for less than that, and to watch their clients would cost more than their turn.
_WATCHED_AFTER_SECONDS: Final = 0.02
# A body of which nothing more comes for so long is not waited for.
_BODY_SECONDS: Final = 30.0
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
        self.headers = _joined(scope["headers"])
        """Each header once, by its lower-case name; several lines of one name are joined."""
        self.host = self.value(b"host")
        self.accept = (self.value(b"accept"),) if b"accept" in self.headers else ()
        self.client: str = (scope.get("client") or ("",))[0]
        self._receive = receive
        self._send = send
        self._left: asyncio.Future[None] | None = None
        self._watch: asyncio.TimerHandle | asyncio.Task[None] | None = None

    @property
    def chunked(self) -> bool:
        """Whether a body of unknown length can be told from one that breaks off.

        Source: RFC 9112 §6.3 and §8; HTTP/1.0 has no chunks, the end of the connection is the end of the body.
        """
        return self.version not in ("1", "1.0")

    def value(self, name: bytes) -> str:
        """The value of the header with a lower-case name; empty where there is none."""
        return self.headers.get(name, b"").decode("latin-1")

    async def body(self, most_bytes: int, *, patience_seconds: float = _BODY_SECONDS) -> bytes:
        """The whole body; `patience_seconds` is how long the next part of it is waited for.

        Raises:
            Problem: it is longer than that, breaks off, or does not go on.
        """
        parts = bytearray()
        more = self.method not in ("GET", "HEAD")
        while more:
            message = await self._next(patience_seconds)
            if message["type"] == "http.disconnect":
                raise Problem("bad-request", "the body breaks off", remedy="send it whole")
            parts += message.get("body", b"")
            if len(parts) > most_bytes:
                detail = f"the body has more than {most_bytes:,} bytes, which is the most that is read"
                raise Problem("too-large", detail, remedy="send less at once")
            more = message.get("more_body", False)
        return bytes(parts)

    async def _next(self, seconds: float) -> Message:
        try:
            async with asyncio.timeout(seconds):
                return await self._receive()
        except TimeoutError as error:
            detail = f"nothing more of the body came for {seconds:g} seconds"
            raise Problem("too-slow", detail, remedy="send it at once") from error

    def refuse_unclear_host(self) -> None:
        """Refuse a request that names no host, or several, of which others may take another one.

        Source: RFC 9112 §3.2; RFC 9110 §4.2.1: the host of an address is not empty. HTTP/1.0 has no such header.

        Raises:
            Problem: it does.
        """
        if (not self.host and self.version == "1.1") or "," in self.host:
            raise Problem("bad-request", "the request has not just one Host", remedy="send one Host header")

    def left(self) -> asyncio.Future[None]:
        """Is done soon after the client has left; to be asked for when the body has been read."""
        if self._left is None:
            loop = asyncio.get_running_loop()
            self._left = loop.create_future()
            self._watch = loop.call_later(_WATCHED_AFTER_SECONDS, self._begin_to_watch, self._left)
        return self._left

    def _begin_to_watch(self, left: asyncio.Future[None]) -> None:
        self._watch = asyncio.ensure_future(self._until_left(left))

    async def _until_left(self, left: asyncio.Future[None]) -> None:
        try:
            while (await self._receive())["type"] != "http.disconnect":
                pass
        finally:
            if not left.done():
                left.set_result(None)

    async def respond(self, status: int, headers: Headers, body: bytes = b"") -> None:
        """Send a whole answer; `body` is what a GET would get."""
        if status in _WITHOUT_BODY:
            body = b""
        else:
            headers = [*headers, (b"content-length", b"%d" % len(body))]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        sent = b"" if self.method == "HEAD" else body
        await self._send({"type": "http.response.body", "body": sent, "more_body": False})

    async def begin(self, status: int, headers: Headers) -> None:
        """Send the head of an answer. Without an `end` it breaks off, and the client is told so by the connection."""
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def part(self, data: bytes) -> None:
        """Send a part of the body, as soon as there is room for it."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, data: bytes = b"") -> None:
        """Send the last part of the body."""
        await self._send({"type": "http.response.body", "body": data, "more_body": False})

    def close(self) -> None:
        """Watch the client no longer."""
        if self._left is not None and self._watch is not None:
            self._left.cancel()
            self._watch.cancel()


def _joined(lines: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Source: RFC 9110 §5.3."""
    headers: dict[bytes, bytes] = {}
    for name, value in lines:
        headers[name] = b"%b, %b" % (headers[name], value) if name in headers else value
    return headers


def encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Header lines as they are sent."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def environ(exchange: Exchange, body: bytes) -> dict[str, Any]:
    """A request as WSGI has it. HEAD is asked as GET: whoever sends the answer leaves out its body.

    Source: PEP 3333; RFC 9110 §9.3.2.
    """
    host = exchange.host
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
    for header, value in exchange.headers.items():
        key = header.decode("latin-1")
        if _AMBIGUOUS in key:
            continue
        variable = key.upper().replace("-", "_")
        variable = variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"
        variables[variable] = value.decode("latin-1")
    variables["CONTENT_LENGTH"] = str(len(body))
    return variables


def run_wsgi(app: Any, variables: dict[str, Any]) -> tuple[int, Headers, bytes]:
    """The whole response of a WSGI application: status, headers, body."""
    began: list[tuple[int, Headers]] = []

    def start_response(status: str, headers: Sequence[tuple[str, str]], _: Any = None) -> Callable[[bytes], None]:
        began.append((int(status[:3]), encoded(headers)))
        return lambda _: None

    content: Iterable[bytes] = app(variables, start_response)
    try:
        body = b"".join(content)
    finally:
        if hasattr(content, "close"):
            content.close()
    status, headers = began[-1]
    return status, [header for header in headers if header[0] != b"content-length"], body
