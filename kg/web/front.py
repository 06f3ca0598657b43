"""The front: what happens to a request before Flask, and mostly instead of it.

It runs in the event loop of a server process. An answer that is kept goes out at once. A query goes to a worker and its
answer comes back as a stream, is ended at the deadline, and when the client leaves. Everything else is Flask's, which
runs in threads; an answer that a view has only planned is streamed from here too.

Source: RSGI 1.5, the interface of the granian server, which tells of clients that leave.
"""

from __future__ import annotations

import asyncio
import io
import os
import socket
import sys
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from kg.answer import job, repeatable
from kg.errors import KgError
from kg.settings import Settings
from kg.sparql import Limits
from kg.store import Pool, PooledSnapshots, PoolLimits
from kg.web.app import create_app, most_body_bytes
from kg.web.cache import Cache, Headers, Kept, choose_encoding, matches
from kg.web.descriptions import VOID_PATH
from kg.web.exchange import Plan, Request
from kg.web.headers import EVERY_ANSWER
from kg.web.negotiation import JSON_PROBLEM, accepted_types, prefers_html
from kg.web.problems import Problem, problem_document, problem_from
from kg.web.service import PLANNED
from kg.web.sparql import PATH, plan_query

_THREADS: Final = 8
_MOST_KEY_BYTES: Final = 16 * 1024
_KEPT_WHILE_STREAMED_BYTES: Final = 1024 * 1024
_EVERY_ANSWER: Final = tuple((name.lower(), value) for name, value in EVERY_ANSWER)
_VARY: Final = ("vary", "Accept, Accept-Encoding")
_LINK: Final = ("link", f'<{VOID_PATH}>; rel="describedby"')


class Front:
    """One server process, as the server sees it."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        """`folder` is where the sockets of the workers are found (`kg.store.Keeper`)."""
        self._settings = settings
        self._folder = folder
        self._limits = Limits(
            characters=settings.query_characters, depth=settings.query_depth, services=settings.services
        )
        self._most_body_bytes = most_body_bytes(settings)
        self._cache = Cache(settings.cache_megabytes * 1024 * 1024)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="pages")

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called once, before the first request."""
        settings = self._settings
        limits = PoolLimits(settings.query_seconds, settings.workers, settings.waiting)
        self._loop = loop
        self._pool = Pool(self._folder, limits, loop)
        self._app = create_app(settings, PooledSnapshots(settings.state, self._pool))

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        try:
            number = self._pool.number()
        except KgError:
            number = ""
        key: Hashable = None
        if scope.method in ("GET", "HEAD"):
            key = (scope.path, scope.query_string, *_negotiated(scope))
            kept = self._cache.get(number, key)
            if kept is not None:
                self._send_kept(scope, protocol, kept)
                return
        try:
            body = await self._body(scope, protocol)
            if scope.method == "POST" and len(body) < _MOST_KEY_BYTES:
                key = (
                    "POST",
                    scope.path,
                    scope.query_string,
                    scope.headers.get("content-type"),
                    body,
                    *_negotiated(scope),
                )
                kept = self._cache.get(number, key)
                if kept is not None:
                    self._send_kept(scope, protocol, kept)
                    return
            plan = self._plan(scope, body)
            if plan is None:
                await self._from_flask(scope, protocol, body, number=number, key=key)
            else:
                await self._stream(scope, protocol, plan, number=number, key=key)
        except Exception as error:  # noqa: BLE001 - this is the outermost handler
            await self._send_problem(scope, protocol, error)

    def _plan(self, scope: Any, body: bytes) -> Plan | None:
        """The answer to a query for programs; None for what Flask answers."""
        if scope.path != PATH or scope.method not in ("GET", "HEAD", "POST"):
            return None
        plan = plan_query(_asked(scope, body), self._limits)
        return plan if plan is not None and plan.row.name != "html" else None

    async def _body(self, scope: Any, protocol: Any) -> bytes:
        if scope.method in ("GET", "HEAD"):
            return b""
        parts = bytearray()
        async for part in protocol:
            parts += part
            if len(parts) > self._most_body_bytes:
                raise Problem("too-large", "The body is too long", remedy="send a shorter query")
        return bytes(parts)

    async def _stream(
        self, scope: Any, protocol: Any, plan: Plan, *, number: str, key: Hashable, headers: Headers = ()
    ) -> None:
        """Send the answer to a plan, as it comes."""
        asked = scope.method
        answer = await self._pool.ask(job(plan.ask, plan.row), seconds=plan.seconds, left=protocol.client_disconnect)
        try:
            sent = [*(headers or _headers_of(plan))]
            keep = key is not None and repeatable(plan.ask)
            sent.append(("cache-control", "no-cache" if keep else "no-store"))
            if answer.whole:
                kept = Kept(sent, answer.payload)
                if keep:
                    self._cache.put(number, key, kept)
                self._send_kept(scope, protocol, kept)
            elif asked == "HEAD":
                protocol.response_empty(200, sent)
            else:
                body = await _send_parts(scope, protocol, sent, answer)
                if keep and body is not None:
                    self._cache.put(number, key, Kept(sent, body))
        finally:
            answer.close()

    def _send_kept(self, scope: Any, protocol: Any, kept: Kept) -> None:
        encoding = choose_encoding(scope.headers.get("accept-encoding") or "")
        headers, body = kept.in_encoding(encoding)
        known = scope.headers.get("if-none-match")
        if known and matches(known, dict(headers)["etag"]):
            protocol.response_empty(304, [header for header in headers if header[0] not in _ABOUT_THE_BODY])
        elif scope.method == "HEAD":
            protocol.response_empty(200, headers)
        else:
            protocol.response_bytes(200, headers, body)

    async def _from_flask(self, scope: Any, protocol: Any, body: bytes, *, number: str, key: Hashable) -> None:
        """Let Flask answer, in a thread."""
        planned: list[Plan] = []
        environ = _environ(scope, body, planned)
        status, headers, content = await self._loop.run_in_executor(self._threads, _run_wsgi, self._app, environ)
        if planned:
            await self._stream(scope, protocol, planned[0], number=number, key=key, headers=headers)
        elif status == 200 and key is not None and scope.method == "GET" and not _is_own_business(headers):  # noqa: PLR2004
            kept = Kept([*headers, ("cache-control", "no-cache")], content)
            self._cache.put(number, key, kept)
            self._send_kept(scope, protocol, kept)
        else:
            protocol.response_bytes(status, headers, content)

    async def _send_problem(self, scope: Any, protocol: Any, error: Exception) -> None:
        problem = problem_from(error)
        if prefers_html(accepted_types(_accept(scope))):
            environ = _environ(scope, b"", [])
            status, headers, content = await self._loop.run_in_executor(
                self._threads, _run_wsgi, _raising(self._app, error), environ
            )
            protocol.response_bytes(status, headers, content)
            return
        root = f"{scope.scheme}://{scope.headers.get('host') or ''}/"
        headers = [
            *_EVERY_ANSWER,
            ("content-type", JSON_PROBLEM),
            ("vary", "Accept"),
            *((name.lower(), value) for name, value in problem.headers),
        ]
        protocol.response_bytes(problem.kind.status, headers, problem_document(problem, root))


_ABOUT_THE_BODY: Final = frozenset({"content-length", "content-encoding", "content-type", "content-disposition"})


def _negotiated(scope: Any) -> tuple[str, ...]:
    """What beside its address decides about an answer; pages hold links with the host that was asked."""
    return (scope.scheme, scope.headers.get("host") or "", *_accept(scope))


def _accept(scope: Any) -> tuple[str, ...]:
    return tuple(scope.headers.get_all("accept"))


def _asked(scope: Any, body: bytes) -> Request:
    return Request(
        method=scope.method,
        path=scope.path,
        query_string=scope.query_string.encode("latin-1"),
        accept=_accept(scope),
        content_type=scope.headers.get("content-type") or "",
        body=body,
    )


def _headers_of(plan: Plan) -> list[tuple[str, str]]:
    headers = [*_EVERY_ANSWER, ("content-type", plan.content_type), _VARY, _LINK]
    if plan.filename:
        headers.append(("content-disposition", f'inline; filename="{plan.filename}"'))
    return headers


async def _send_parts(scope: Any, protocol: Any, headers: Headers, answer: Any) -> bytes | None:
    """Send an answer part by part; returns it whole when it was small enough to be kept."""
    transport = protocol.response_stream(200, headers)
    held = bytearray()
    try:
        async for part in answer.parts():
            await transport.send_bytes(part)
            if len(held) <= _KEPT_WHILE_STREAMED_BYTES:
                held += part
    except KgError:
        # The status is sent already. A connection that breaks tells the client that the answer is not whole.
        _break(scope.client)
        return None
    except RuntimeError:  # the client has left
        return None
    return bytes(held) if len(held) <= _KEPT_WHILE_STREAMED_BYTES else None


def _break(client: str) -> None:
    """Close the connection to a client, `address:port`; the server would end the answer as if it were whole."""
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError, ValueError):
            copy = socket.socket(fileno=os.dup(int(name)))
            with copy:
                address, port = copy.getpeername()[:2]
                if client in (f"{address}:{port}", f"[{address}]:{port}"):
                    copy.shutdown(socket.SHUT_RDWR)


def _environ(scope: Any, body: bytes, planned: list[Plan]) -> dict[str, Any]:
    """A request as WSGI has it.

    Source: PEP 3333.
    """
    host = scope.headers.get("host") or scope.authority or ""
    name, _, port = host.rpartition(":") if ":" in host.rpartition("]")[2] else (host, "", "")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(scope.path, "latin-1") if "%" in scope.path else scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": name,
        "SERVER_PORT": port or ("443" if scope.scheme == "https" else "80"),
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        PLANNED: planned,
    }
    for header, value in scope.headers.items():
        variable = header.upper().replace("-", "_")
        variable = variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"
        environ[variable] = f"{environ[variable]}, {value}" if variable in environ else value
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _run_wsgi(app: Any, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
    """The whole response of a WSGI application."""
    began: list[tuple[int, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: Sequence[tuple[str, str]], _: Any = None) -> Callable[[bytes], None]:
        began.append((int(status[:3]), [(name.lower(), value) for name, value in headers]))
        return lambda _: None

    content: Iterable[bytes] = app(environ, start_response)
    try:
        body = b"".join(content)
    finally:
        if hasattr(content, "close"):
            content.close()
    status, headers = began[-1]
    return status, [header for header in headers if header[0] != "content-length"], body


def _raising(app: Any, error: Exception) -> Any:
    """The application, as if its view had raised an error: for the page that tells of it."""

    def run(environ: dict[str, Any], start_response: Any) -> Any:
        with app.request_context(environ):
            response = app.make_response(app.handle_user_exception(error))
            return app.process_response(response)(environ, start_response)

    return run


def _is_own_business(headers: Headers) -> bool:
    """Whether a view has said itself how its answer may be kept."""
    return any(name in ("etag", "cache-control", "set-cookie") for name, _ in headers)
