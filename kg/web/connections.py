"""One connection of a client: HTTP/1.1 as uvicorn reads and writes it, with a short way for what is answered at once.

Most requests ask something small. For those no task is made: the front is called when the head of a request is there,
and the answer is written when it is. What turns out to be anything else goes on as an ordinary ASGI request.

Source: RFC 9112.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any, Final, Protocol, cast
from urllib.parse import unquote

from uvicorn._types import HTTPScope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from kg.web.gateway import Exchange, Headers, Receive, Send, encoded
from kg.web.headers import EVERY_ANSWER
from kg.web.negotiation import JSON_PROBLEM
from kg.web.problems import Problem, problem_document

_MOST_URL_BYTES: Final = 64 * 1024
_MOST_HEAD_BYTES: Final = 256 * 1024
_HEAD_SECONDS: Final = 30.0
_IDLE_SECONDS: Final = 75.0
_WITHOUT_BODY: Final = (204, 304)
_ABOUT_A_BODY: Final = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})

_NO_REQUEST: Final = Problem("bad-request", "What was sent is no HTTP request", remedy="send one of HTTP/1.1")
_LONG_ADDRESS: Final = Problem(
    "address-too-long",
    f"The address is longer than {_MOST_URL_BYTES:,} bytes",
    remedy="send the query in the body of a POST",
)
_LARGE_HEAD: Final = Problem(
    "head-too-large",
    f"The headers are longer than {_MOST_HEAD_BYTES:,} bytes together",
    remedy="send fewer or shorter ones",
)

App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class Quick(Protocol):
    """Who answers requests, some of them at once."""

    def at_once(self, exchange: Exchange, reply: Reply) -> bool:
        """Answer a GET, sooner or later, by a call of `reply`; False: it has to be asked as an ASGI application."""


class Reply:
    """One request that is answered without a task, as uvicorn sees a request on its way."""

    __slots__ = (
        "_connection",
        "disconnected",
        "keep_alive",
        "message_event",
        "more_body",
        "response_complete",
        "scope",
    )

    def __init__(self, connection: Connection, scope: HTTPScope) -> None:
        self._connection = connection
        self.scope = scope
        self.keep_alive = True
        self.message_event = _Nobody
        self.more_body = False
        self.disconnected = False
        self.response_complete = False

    def left(self) -> asyncio.Future[None]:
        """Is done when the client has left."""
        return self._connection.left()

    def send(self, status: int, headers: Headers, body: bytes) -> None:
        """Send the whole answer."""
        self._connection.send_whole(self, status, headers, body)

    def go_on(self, app: App) -> None:
        """Let an application answer, in a task."""
        self._connection.go_on(self, app)


class _Nobody:
    """Who is told that a message has come, where nobody waits for one."""

    @staticmethod
    def set() -> None:
        """Nothing is waited for."""


class Connection(HttpToolsProtocol):
    """One connection, from its beginning to its end."""

    def __init__(self, front: Quick, ended: Callable[[], object], *arguments: Any, **named: Any) -> None:
        """`ended` is called when it has ended; the rest is uvicorn's."""
        super().__init__(*arguments, **named)
        self._front = front
        self._ended = ended
        self._left: asyncio.Future[None] | None = None
        self._head_bytes = 0
        self._at_once = True
        """Whether the request that is being read may be answered at once: no header says that it has a body."""
        self._since = self.loop.time()
        self._waits = True
        self._refusal = _NO_REQUEST

    def close_if_idle(self, now: float) -> None:
        """Close it when the client has let it rest for long, or is very slow to say what it wants."""
        limit = _HEAD_SECONDS if self._head_bytes else _IDLE_SECONDS
        if self._waits and now - self._since > limit:
            self.transport.close()

    def left(self) -> asyncio.Future[None]:
        """Is done when the client has left."""
        if self._left is None:
            self._left = self.loop.create_future()
        return self._left

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has left, or was left."""
        super().connection_lost(exc)
        if self._left is not None and not self._left.done():
            self._left.set_result(None)
        self._ended()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._at_once = True
        self._head_bytes = 1
        self._since = self.loop.time()

    def on_url(self, url: bytes) -> None:
        """A part of the address."""
        super().on_url(url)
        if len(self.url) > _MOST_URL_BYTES:
            self._refuse(_LONG_ADDRESS)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header line."""
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > _MOST_HEAD_BYTES:
            self._refuse(_LARGE_HEAD)
        name = name.lower()
        if name in _ABOUT_A_BODY:
            self._at_once = False
            super().on_header(name, value)
        else:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Answer at once, or begin to answer."""
        self._waits = False
        if not self._begin_at_once():
            super().on_headers_complete()

    def on_response_complete(self) -> None:
        """The next request may be answered; uvicorn itself would set a timer for each."""
        if self.transport.is_closing():
            return
        self._waits, self._head_bytes, self._since = True, 0, self.loop.time()
        self.flow.resume_reading()
        if self.pipeline:
            self._waits = False
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn has one message for everything
        """Refuse what cannot be read, and close."""
        problem = self._refusal
        headers = encoded([*EVERY_ANSWER, ("content-type", JSON_PROBLEM)])
        reply = Reply(self, self.scope)
        reply.keep_alive = False
        self.send_whole(reply, problem.kind.status, headers, problem_document(problem, "/"))

    def send_whole(self, reply: Reply, status: int, headers: Headers, body: bytes) -> None:
        """Send the whole answer to the request that is on its way."""
        if self.transport.is_closing():
            return
        lines = [STATUS_LINE[status], _date_line(self.server_state.default_headers[0][1])]
        lines += [b"%b: %b\r\n" % header for header in headers]
        if not reply.keep_alive:
            lines.append(b"connection: close\r\n")
        if status in _WITHOUT_BODY:
            lines.append(b"\r\n")
        else:
            lines.append(b"content-length: %d\r\n\r\n" % len(body))
            lines.append(body)
        self.transport.write(b"".join(lines))
        reply.response_complete = True
        if not reply.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def go_on(self, reply: Reply, app: App) -> None:
        """Answer the request that is on its way in a task."""
        cycle = self._cycle_of(reply)
        if cast("object", self.cycle) is reply:  # else the next request has come
            self.cycle = cycle
        self._start_asgi_task(cycle, app)  # type: ignore[arg-type]  # uvicorn's own types of what ASGI says

    def _begin_at_once(self) -> bool:
        parser = self.parser
        if (
            not self._at_once
            or parser.get_method() != b"GET"
            or not (self.cycle is None or self.cycle.response_complete)
            or parser.get_http_version() != "1.1"
            or not parser.should_keep_alive()
            or self.flow.write_paused
        ):
            return False
        path, _, query = self.url.partition(b"?")
        if not path.startswith(b"/") or b"#" in self.url:
            return False
        scope = cast("MutableMapping[str, Any]", self.scope)
        scope["method"] = "GET"
        scope["path"] = _path(path)
        scope["raw_path"] = path
        scope["query_string"] = query
        before = self.cycle
        reply = Reply(self, self.scope)
        self.cycle = reply  # type: ignore[assignment]  # it has what uvicorn looks at
        if self._front.at_once(Exchange(scope, _nothing, _nothing), reply):
            return True
        self.cycle = before
        return False

    def _cycle_of(self, reply: Reply) -> RequestResponseCycle:
        cycle = RequestResponseCycle(
            scope=reply.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=reply.keep_alive,
            on_response=self.on_response_complete,
        )
        cycle.more_body = False
        cycle.message_event.set()
        cycle.disconnected = self.transport.is_closing()
        return cycle

    def _refuse(self, problem: Problem) -> None:
        self._refusal = problem
        raise ValueError(problem.detail)


async def _nothing(*_: Any) -> Any:
    """A request that is answered at once neither waits for its body nor sends by messages."""


@lru_cache(maxsize=512)
def _path(raw: bytes) -> str:
    return unquote(raw.decode("ascii"))


@lru_cache(maxsize=4)
def _date_line(date: bytes) -> bytes:
    return b"date: %b\r\n" % date
