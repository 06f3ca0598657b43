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
import time
from collections.abc import MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

from flask import g

from kg.answer import job
from kg.errors import KgError
from kg.settings import Settings
from kg.sparql import Limits
from kg.store import CLIENT, Answer, Pool, PooledSnapshots, PoolLimits
from kg.web.app import create_app, most_body_bytes
from kg.web.cache import Cache, Kept, Key
from kg.web.connections import Reply
from kg.web.exchange import Plan, Request
from kg.web.explaining import help_header
from kg.web.gateway import Exchange, Headers, Receive, Send, encoded, environ, run_wsgi
from kg.web.headers import EVERY_ANSWER
from kg.web.negotiation import JSON_PROBLEM, accepted_types, prefers_html
from kg.web.problems import problem_document, problem_from
from kg.web.rest import Rest
from kg.web.sending import (
    MAY_BE_KEPT,
    OK,
    READS,
    Parts,
    Zipped,
    answer_headers,
    send_collected,
    send_head,
    send_kept,
    send_parts,
    varied,
    whole_answer,
    with_keeping,
)
from kg.web.service import PLANNED
from kg.web.sparql import PATH, plan_query
from kg.web.translation import translations_of

_ATTEMPTS: Final = 3
_MOST_KEY_BYTES: Final = 16 * 1024
_GARBAGE_THRESHOLDS: Final = (50_000, 20, 20)
_LOOK_SECONDS: Final = 0.25


class Front:
    """One server process, as the server sees it."""

    def __init__(self, settings: Settings, folder: Path, parent: int) -> None:
        """`folder` is where the sockets of the workers are found (`kg.store.Keeper`), `parent` who keeps them there."""
        self._settings = settings
        self._folder = folder
        self._parent = parent
        self._limits = Limits(
            characters=settings.query_characters, depth=settings.query_depth, services=dict(settings.services)
        )
        self._cache = Cache(settings.cache_megabytes * 1024 * 1024)
        # As many as the pool lets in: a page waits for a worker, never for a thread.
        self._threads = ThreadPoolExecutor(settings.workers + settings.waiting, thread_name_prefix="pages")
        self._rest = Rest()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = Exchange(scope, receive, send)
        try:
            await self._answer(exchange)
        finally:
            exchange.close()

    def start(self) -> None:
        """Begin to live, in the event loop that runs."""
        settings = self._settings
        limits = PoolLimits(
            settings.query_seconds,
            settings.workers,
            settings.waiting,
            quick=max(1, len(os.sched_getaffinity(0)) // settings.processes),
            calling=max(1, settings.workers // 2),
        )
        self._loop = asyncio.get_running_loop()
        self._pool = Pool(self._folder, limits, self._loop)
        self._app = create_app(settings, PooledSnapshots(settings.state, self._pool), desk=self._folder / "desk")
        translations = translations_of(self._app)
        self._language = translations.chosen if len(translations.languages) > 1 else None
        self._look_around()
        # What is there now stays, and a request makes hardly any cycles: look for garbage rarely.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GARBAGE_THRESHOLDS)

    def end_queries(self) -> None:
        """End what still runs, with an error that says why, and take nothing more."""
        self._pool.close()

    async def stop(self) -> None:
        """Be done."""
        self._pool.close()
        await self._loop.run_in_executor(None, self._threads.shutdown)

    def at_once(self, exchange: Exchange, reply: Reply) -> bool:
        """Answer a GET that is known, or that is a query for programs, by a call of `reply`; False: it is neither."""
        try:
            exchange.refuse_unclear_host()
            key = self._key(exchange, b"")
            kept = self._known(key)
            if kept is not None:
                reply.send(*whole_answer(exchange, kept))
                return True
            plan = self._plan(exchange, b"")
            if plan is None:
                return False
            asked = job(plan.ask, plan.row)
        except Exception:  # noqa: BLE001 - the same error comes of it again where it is told
            return False
        told = partial(self._tell_first, exchange, reply, plan, key if plan.ask.query.repeatable else None)
        self._pool.begin(asked, told, seconds=plan.seconds, left=reply.left)
        return True

    def _tell_first(self, exchange: Exchange, reply: Reply, plan: Plan, key: Key | None, answer: Answer) -> None:
        """Send an answer that is there; let a task see to one that is longer, or an error."""
        if not answer.whole:
            reply.go_on(partial(self._go_on, answer, plan, key))
            return
        answer.close()  # the next query may have its worker
        kept = _kept(exchange, plan, _headers(plan, key), answer.payload)
        reply.send(*whole_answer(exchange, kept))
        if key is not None:
            self._cache.put(answer.number, key, kept)

    async def _go_on(
        self,
        answer: Answer,
        plan: Plan,
        key: Key | None,
        scope: MutableMapping[str, Any],
        receive: Receive,
        send: Send,
    ) -> None:
        exchange = Exchange(scope, receive, send)
        try:
            answer.check()
            await self._send(exchange, plan, answer, key, _headers(plan, key))
        except Exception as error:  # noqa: BLE001 - this is the outermost handler
            await self._send_problem(exchange, error, plan)
        finally:
            answer.close()
            exchange.close()

    def _look_around(self) -> None:
        """A server process whose parent has been killed ends too, no one else would end it; one that rests is tidy."""
        if os.getppid() != self._parent:
            os.kill(os.getpid(), signal.SIGKILL)
        self._rest.look(self._loop.time(), time.process_time())
        self._loop.call_later(_LOOK_SECONDS, self._look_around)

    async def _answer(self, exchange: Exchange) -> None:
        plan: Plan | None = None
        try:
            exchange.refuse_unclear_host()
            key = self._key(exchange, b"") if exchange.method in READS else None
            kept = self._known(key)
            if kept is not None:
                await send_kept(exchange, kept)
                return
            body = await exchange.body(most_body_bytes(self._settings, exchange.path))
            if exchange.method == "POST" and len(body) < _MOST_KEY_BYTES:
                key = self._key(exchange, body)
                kept = self._known(key)
                if kept is not None:
                    await send_kept(exchange, kept)
                    return
            plan = self._plan(exchange, body)
            if plan is None:
                await self._from_flask(exchange, body, key)
            else:
                await self._stream(exchange, plan, key)
        except Exception as error:  # noqa: BLE001 - this is the outermost handler
            await self._send_problem(exchange, error, plan)

    def _key(self, exchange: Exchange, body: bytes) -> Key:
        """What decides about an answer; pages hold links with the host that was asked."""
        method = "GET" if exchange.method in READS else exchange.method
        about = (method, exchange.scheme, exchange.host, exchange.path, exchange.query_string)
        key: Key = (*about, exchange.headers.get(b"content-type", b""), body, *exchange.accept)
        return (*key, self._language(exchange.value(b"accept-language"))) if self._language else key

    def _number(self) -> str:
        try:
            return self._pool.number()
        except KgError:
            return ""

    def _plan(self, exchange: Exchange, body: bytes) -> Plan | None:
        """The answer to a query for programs; None for what Flask answers, and for people, who get pages."""
        if exchange.path != PATH or exchange.method not in ("GET", "HEAD", "POST") or _is_person(exchange.accept):
            return None
        plan = plan_query(_asked(exchange, body), self._limits)
        return plan if plan is not None and plan.row.name != "html" else None

    async def _stream(self, exchange: Exchange, plan: Plan, key: Key | None, headers: Headers | None = None) -> None:
        """Send the answer to a plan, as it comes, with these headers or those of an answer to a query."""
        answer = await self._pool.ask(job(plan.ask, plan.row), seconds=plan.seconds, left=exchange.left)
        try:
            keep = key if plan.ask.query.repeatable else None
            sent = _headers(plan, keep) if headers is None else with_keeping(headers, may_be_kept=keep is not None)
            await self._send(exchange, plan, Zipped(answer) if plan.packed else answer, keep, sent)
        finally:
            answer.close()

    async def _send(self, exchange: Exchange, plan: Plan, answer: Parts, key: Key | None, headers: Headers) -> None:
        """Send an answer that has begun; with a key, keep it."""
        if answer.whole:
            kept = _kept(exchange, plan, headers, answer.payload)
            await send_kept(exchange, kept)
            if key is not None:
                self._cache.put(answer.number, key, kept)
        elif exchange.method == "HEAD":
            await send_head(exchange, headers)
        elif exchange.chunked:
            body = await send_parts(exchange, headers, answer)
            if key is not None and body is not None:
                self._cache.put(answer.number, key, Kept(headers, body))
        else:
            await send_collected(exchange, headers, answer)

    def _known(self, key: Key | None) -> Kept | None:
        """The answer that is kept for a request."""
        return self._cache.get(self._number(), key) if key is not None else None

    async def _from_flask(self, exchange: Exchange, body: bytes, key: Key | None) -> None:
        """Let Flask answer, in a thread; once more when the snapshot has changed meanwhile, so that none is mixed.

        What writes is asked once: it is what changes the snapshot.
        """
        for _ in range(_ATTEMPTS if exchange.method in READS else 1):
            number = self._number()
            planned: list[Plan] = []
            status, headers, content = await self._run(self._app, exchange, body, planned)
            if number == self._number():
                break
        if planned:
            await self._stream(exchange, planned[0], key, varied(headers))
        elif status == OK and key is not None and exchange.method in READS and not _is_own_business(headers):
            kept = Kept([*varied(headers), MAY_BE_KEPT], content)
            if number == self._number():
                self._cache.put(number, key, kept)
            await send_kept(exchange, kept)
        else:
            await exchange.respond(status, headers, content)

    async def _run(self, app: Any, exchange: Exchange, body: bytes, planned: list[Plan]) -> tuple[int, Headers, bytes]:
        """Run a WSGI application in a thread, with the client of the exchange as the one who waits."""
        context = copy_context()
        context.run(CLIENT.set, exchange.left)
        variables = {**environ(exchange, body), PLANNED: planned}
        return await self._loop.run_in_executor(self._threads, context.run, run_wsgi, app, variables)

    async def _send_problem(self, exchange: Exchange, error: Exception, plan: Plan | None) -> None:
        if _is_person(exchange.accept):
            app = _raising(self._app, error, plan.ask.query.text if plan else "")
            await exchange.respond(*await self._run(app, exchange, b"", []))
            return
        problem = problem_from(error)
        root = f"{exchange.scheme}://{exchange.host}/"
        headers = [*EVERY_ANSWER, ("content-type", JSON_PROBLEM), ("vary", "Accept"), *problem.headers]
        await exchange.respond(problem.kind.status, encoded(headers), problem_document(problem, root))


def _kept(exchange: Exchange, plan: Plan, headers: Headers, payload: bytes) -> Kept:
    """A whole answer; an empty one leads to its explanation."""
    return Kept((*headers, *help_header(exchange, plan, payload)), payload)


def _headers(plan: Plan, key: Key | None) -> Headers:
    return answer_headers(plan.content_type, plan.filename, may_be_kept=key is not None)


@lru_cache(maxsize=512)
def _is_person(accept: tuple[str, ...]) -> bool:
    return prefers_html(accepted_types(accept))


def _asked(exchange: Exchange, body: bytes) -> Request:
    return Request(
        method=exchange.method,
        path=exchange.path,
        query_string=exchange.query_string,
        address=f"{exchange.scheme}://{exchange.host}{exchange.path}",
        accept=exchange.accept,
        content_type=exchange.value(b"content-type"),
        content_encoding=exchange.value(b"content-encoding"),
        body=body,
    )


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
