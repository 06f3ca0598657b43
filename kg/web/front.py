"""The front: what happens to a request before Flask, and mostly instead of it.

It runs in the event loop of a server process. An answer that is kept goes out at once. A query goes to a worker and its
answer comes back as a stream, is ended at the deadline, and when the client leaves. Everything else is Flask's, which
runs in threads; an answer that a view has only planned is streamed from here too.

Source: ASGI 3.0.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import lru_cache
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, Final

from flask import g

from kg.answer import job
from kg.errors import KgError
from kg.settings import Settings
from kg.sparql import Limits
from kg.store import CLIENT, Answer, Pool, PooledSnapshots, PoolLimits
from kg.web.app import create_app, most_body_bytes
from kg.web.cache import Cache, Kept, Key, choose_encoding, matches
from kg.web.descriptions import VOID_PATH
from kg.web.exchange import Plan, Request
from kg.web.gateway import Exchange, Headers, Receive, Send, encoded, environ, run_wsgi
from kg.web.headers import EVERY_ANSWER
from kg.web.negotiation import JSON_PROBLEM, accepted_types, prefers_html
from kg.web.problems import problem_document, problem_from
from kg.web.service import PLANNED
from kg.web.sparql import PATH, plan_query

_READS: Final = ("GET", "HEAD")
_ATTEMPTS: Final = 3
_OK: Final = 200
_NOT_MODIFIED: Final = 304
_MOST_KEY_BYTES: Final = 16 * 1024
_KEPT_WHILE_STREAMED_BYTES: Final = 1024 * 1024
_PART_BYTES: Final = 128 * 1024
# A client that takes nothing of its answer for so long is given up, so that it does not hold a worker for ever.
_STALLED_SECONDS: Final = 60.0
_GARBAGE_THRESHOLDS: Final = (50_000, 20, 20)
_LOOK_SECONDS: Final = 0.25
# When the server is told to end, queries may go on for that long; then they end with an error that says why.
_LAST_SECONDS: Final = 1.25
_VARY: Final = ("vary", "Accept, Accept-Encoding")
_LINK: Final = ("link", f'<{VOID_PATH}>; rel="describedby"')
_MAY_BE_KEPT: Final = (b"cache-control", b"no-cache")
_NEVER_KEPT: Final = (b"cache-control", b"no-store")
_ABOUT_THE_BODY: Final = frozenset({b"content-encoding", b"content-type", b"content-disposition"})

LEAVING: Final = "leaving"
"""The name of the file that appears in the folder of the sockets when the server is told to end."""


class Front:
    """One server process, as the server sees it."""

    def __init__(self, settings: Settings, folder: Path, parent: int) -> None:
        """`folder` is where the sockets of the workers are found (`kg.store.Keeper`), `parent` who keeps them there."""
        self._settings = settings
        self._folder = folder
        self._parent = parent
        self._leaving = False
        self._limits = Limits(
            characters=settings.query_characters, depth=settings.query_depth, services=settings.services
        )
        self._cache = Cache(settings.cache_megabytes * 1024 * 1024)
        # As many as the pool lets in: a page waits for a worker, never for a thread.
        self._threads = ThreadPoolExecutor(settings.workers + settings.waiting, thread_name_prefix="pages")

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, or live from the start of the server process to its end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        exchange = Exchange(scope, receive, send)
        try:
            await self._answer(exchange)
        finally:
            exchange.close()

    async def _live(self, receive: Receive, send: Send) -> None:
        """Source: ASGI Lifespan Protocol 2.0."""
        await receive()
        settings = self._settings
        limits = PoolLimits(settings.query_seconds, settings.workers, settings.waiting)
        self._loop = asyncio.get_running_loop()
        self._pool = Pool(self._folder, limits, self._loop)
        self._app = create_app(settings, PooledSnapshots(settings.state, self._pool), desk=self._folder / "desk")
        self._look_around()
        # What is there now stays, and a request makes hardly any cycles: look for garbage rarely.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GARBAGE_THRESHOLDS)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._pool.close()
        await self._loop.run_in_executor(None, self._threads.shutdown)
        await send({"type": "lifespan.shutdown.complete"})

    def _look_around(self) -> None:
        """A server process whose parent has been killed ends too; no one else would end it.

        When the parent is going to end, queries do so before their clients are left without a word.
        """
        if os.getppid() != self._parent:
            os.kill(os.getpid(), signal.SIGKILL)
        if not self._leaving and (self._folder / LEAVING).exists():
            self._leaving = True
            self._loop.call_later(_LAST_SECONDS, self._pool.close)
        self._loop.call_later(_LOOK_SECONDS, self._look_around)

    async def _answer(self, exchange: Exchange) -> None:
        key = _key(exchange, b"") if exchange.method in _READS else None
        kept = self._known(key)
        if kept is not None:
            await _send_kept(exchange, kept)
            return
        plan: Plan | None = None
        try:
            body = await exchange.body(most_body_bytes(self._settings, exchange.path))
            if exchange.method == "POST" and len(body) < _MOST_KEY_BYTES:
                key = _key(exchange, body)
                kept = self._known(key)
                if kept is not None:
                    await _send_kept(exchange, kept)
                    return
            plan = self._plan(exchange, body)
            if plan is None:
                await self._from_flask(exchange, body, key)
            else:
                await self._stream(exchange, plan, key, _headers_of(plan.content_type, plan.filename))
        except Exception as error:  # noqa: BLE001 - this is the outermost handler
            await self._send_problem(exchange, error, plan)

    def _number(self) -> str:
        try:
            return self._pool.number()
        except KgError:
            return ""

    def _plan(self, exchange: Exchange, body: bytes) -> Plan | None:
        """The answer to a query for programs; None for what Flask answers, and for people, who get pages."""
        if exchange.path != PATH or exchange.method not in ("GET", "HEAD", "POST") or _is_person(_accept(exchange)):
            return None
        plan = plan_query(_asked(exchange, body), self._limits)
        return plan if plan is not None and plan.row.name != "html" else None

    async def _stream(self, exchange: Exchange, plan: Plan, key: Key | None, headers: Headers) -> None:
        """Send the answer to a plan, as it comes."""
        answer = await self._pool.ask(job(plan.ask, plan.row), seconds=plan.seconds, left=exchange.left)
        try:
            keep = key if plan.ask.query.repeatable else None
            sent = (*headers, _NEVER_KEPT if keep is None else _MAY_BE_KEPT)
            if answer.whole:
                kept = Kept(sent, answer.payload)
                await _send_kept(exchange, kept)
                if keep is not None:
                    self._cache.put(answer.number, keep, kept)
                return
            if exchange.method == "HEAD":
                await exchange.begin(_OK, sent)
                await exchange.end()
            elif exchange.chunked:
                body = await _send_parts(exchange, sent, answer)
                if keep is not None and body is not None:
                    self._cache.put(answer.number, keep, Kept(sent, body))
            else:
                await _send_collected(exchange, sent, answer)
        finally:
            answer.close()

    def _known(self, key: Key | None) -> Kept | None:
        """The answer that is kept for a request."""
        return self._cache.get(self._number(), key) if key is not None else None

    async def _from_flask(self, exchange: Exchange, body: bytes, key: Key | None) -> None:
        """Let Flask answer, in a thread; once more when the snapshot has changed meanwhile, so that none is mixed.

        What writes is asked once: it is what changes the snapshot.
        """
        for _ in range(_ATTEMPTS if exchange.method in _READS else 1):
            number = self._number()
            planned: list[Plan] = []
            status, headers, content = await self._run(self._app, exchange, body, planned)
            if number == self._number():
                break
        if planned:
            await self._stream(exchange, planned[0], key, _varied(headers))
        elif status == _OK and key is not None and exchange.method in _READS and not _is_own_business(headers):
            kept = Kept([*_varied(headers), _MAY_BE_KEPT], content)
            if number == self._number():
                self._cache.put(number, key, kept)
            await _send_kept(exchange, kept)
        else:
            await exchange.respond(status, headers, content)

    async def _run(self, app: Any, exchange: Exchange, body: bytes, planned: list[Plan]) -> tuple[int, Headers, bytes]:
        """Run a WSGI application in a thread, with the client of the exchange as the one who waits."""
        context = copy_context()
        context.run(CLIENT.set, exchange.left)
        variables = {**environ(exchange, body), PLANNED: planned}
        return await self._loop.run_in_executor(self._threads, context.run, run_wsgi, app, variables)

    async def _send_problem(self, exchange: Exchange, error: Exception, plan: Plan | None) -> None:
        if _is_person(_accept(exchange)):
            app = _raising(self._app, error, plan.ask.query.text if plan else "")
            await exchange.respond(*await self._run(app, exchange, b"", []))
            return
        problem = problem_from(error)
        root = f"{exchange.scheme}://{exchange.value(b'host')}/"
        headers = [*EVERY_ANSWER, ("content-type", JSON_PROBLEM), ("vary", "Accept"), *problem.headers]
        await exchange.respond(problem.kind.status, encoded(headers), problem_document(problem, root))


def _key(exchange: Exchange, body: bytes) -> Key:
    """What decides about an answer; pages hold links with the host that was asked."""
    method = "GET" if exchange.method in _READS else exchange.method
    about = (method, exchange.scheme, exchange.value(b"host"), exchange.path, exchange.query_string)
    return (*about, exchange.value(b"content-type"), body, *_accept(exchange))


def _accept(exchange: Exchange) -> tuple[str, ...]:
    return (exchange.value(b"accept"),) if b"accept" in exchange.headers else ()


@lru_cache(maxsize=512)
def _is_person(accept: tuple[str, ...]) -> bool:
    return prefers_html(accepted_types(accept))


def _asked(exchange: Exchange, body: bytes) -> Request:
    return Request(
        method=exchange.method,
        path=exchange.path,
        query_string=exchange.query_string,
        accept=_accept(exchange),
        content_type=exchange.value(b"content-type"),
        content_encoding=exchange.value(b"content-encoding"),
        body=body,
    )


@lru_cache(maxsize=128)
def _headers_of(content_type: str, filename: str) -> Headers:
    headers = [*EVERY_ANSWER, ("content-type", content_type), _VARY, _LINK]
    if filename:
        headers.append(("content-disposition", f'inline; filename="{filename}"'))
    return encoded(headers)


def _varied(headers: Headers) -> Headers:
    """The headers of an answer of Flask's, which is going to be compressed for those who like it."""
    varies = b", ".join([*(value for name, value in headers if name == b"vary"), b"Accept-Encoding"])
    return [*(header for header in headers if header[0] != b"vary"), (b"vary", varies)]


async def _send_kept(exchange: Exchange, kept: Kept) -> None:
    headers, body = kept.in_encoding(choose_encoding(exchange.value(b"accept-encoding")))
    known = exchange.value(b"if-none-match") if exchange.method in _READS else ""
    if known and matches(known, dict(headers)[b"etag"].decode()):
        await exchange.respond(_NOT_MODIFIED, [header for header in headers if header[0] not in _ABOUT_THE_BODY])
    else:
        await exchange.respond(_OK, headers, body)


async def _send_parts(exchange: Exchange, headers: Headers, answer: Answer) -> bytes | None:
    """Send an answer part by part; returns it whole when it was small enough to be kept."""
    await exchange.begin(_OK, headers)
    held = bytearray()
    try:
        async for part in answer.parts():
            async with asyncio.timeout(_STALLED_SECONDS):
                await exchange.part(part)
            if len(held) <= _KEPT_WHILE_STREAMED_BYTES:
                held += part
    except (KgError, TimeoutError):
        return None  # without an end, so that the client sees that the answer is not whole
    await exchange.end()
    return bytes(held) if len(held) <= _KEPT_WHILE_STREAMED_BYTES else None


async def _send_collected(exchange: Exchange, headers: Headers, answer: Answer) -> None:
    """Send an answer when it is whole, to a client who could not tell a part from the whole."""
    with SpooledTemporaryFile(max_size=_KEPT_WHILE_STREAMED_BYTES) as whole:
        async for part in answer.parts():
            whole.write(part)
        length = whole.tell()
        whole.seek(0)
        await exchange.begin(_OK, [*headers, (b"content-length", b"%d" % length)])
        while part := whole.read(_PART_BYTES):
            await exchange.part(part)
        await exchange.end()


def _raising(app: Any, error: Exception, query: str) -> Any:
    """The application, as if its view had raised an error over a query: for the page that tells of it."""

    def run(variables: dict[str, Any], start_response: Any) -> Any:
        with app.request_context(variables):
            g.query_text = query or None
            response = app.make_response(app.handle_user_exception(error))
            return app.process_response(response)(variables, start_response)

    return run


def _is_own_business(headers: Headers) -> bool:
    """Whether a view has said itself how its answer may be kept."""
    return any(name in (b"etag", b"cache-control", b"set-cookie") for name, _ in headers)
