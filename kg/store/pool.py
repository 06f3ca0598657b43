"""The pool of workers, as an event loop sees it: a query in, its answer as parts, and an end to every query.

Whoever asks gets the first part of the answer, or an error, and then the rest. A query that takes longer than it may,
or that nobody waits for any more, ends with its worker. One that takes its time is given a lower priority than those
that do not, so that short queries stay short.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from kg.errors import (
    KgError,
    QueryError,
    QueryRefused,
    QueryStopped,
    QuerySyntax,
    ServiceBusy,
    ServiceFailed,
    SnapshotMissing,
)
from kg.store.frames import HEAD_BYTES, PID_BYTES, frame

_MOST_HELD_BYTES: Final = 512 * 1024
# After this long a query counts as slow: it is given a lower priority, and its client is watched for leaving.
_SLOW_SECONDS: Final = 0.05
_SLOW_PRIORITY: Final = 19
# A worker that ends so soon had most likely ended before it was asked.
_LOST_SECONDS: Final = 0.25
_SHORTEST_SECONDS: Final = 0.001
_KEPT_IDLE: Final = 4
# Short queries run a few at a time: each is through sooner than if they shared the processors, and caches stay warm.
_QUICK_PLACES: Final = 2
_LOOK_SECONDS: Final = 0.05
_ATTEMPTS: Final = 100

Left = Callable[[], asyncio.Future[Any]]
"""Gives what is done as soon as the client has left, the same each time."""


@dataclass(frozen=True)
class PoolLimits:
    """How much may happen at once, and for how long."""

    seconds: float = 30.0
    """Longest time that a query waits for its turn and is computed; while its client takes the answer, it is not."""
    workers: int = 16
    waiting: int = 64
    """Queries that wait for a worker; one more is turned away."""


class _Worker(asyncio.Protocol):
    """One worker process and the connection to it."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.used = False
        self.pid = 0
        self.reason = ""
        self.closed = False
        self._held = bytearray()
        self._reader: asyncio.Future[None] | None = None
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The worker has been forked."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hold what came; when nobody reads it, let the worker wait."""
        self._held += data
        if len(self._held) > _MOST_HELD_BYTES:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, _: Exception | None) -> None:
        """The worker has ended."""
        self.closed = True
        self._wake()

    def send(self, data: bytes) -> None:
        """Send a request."""
        self._transport.write(data)

    def close(self) -> None:
        """Close the connection; an idle worker ends by that."""
        self._transport.close()

    async def frame(self, loop: asyncio.AbstractEventLoop) -> tuple[bytes, bytes]:
        """The next frame: its kind and payload.

        Raises:
            EOFError: the worker has ended.
        """
        head = await self.read(loop, HEAD_BYTES)
        return head[:1], await self.read(loop, int.from_bytes(head[1:], "big"))

    async def read(self, loop: asyncio.AbstractEventLoop, count: int) -> bytes:
        """The next bytes.

        Raises:
            EOFError: the worker has ended.
        """
        held = self._held
        while len(held) < count:
            if self.closed:
                raise EOFError
            if self._paused:
                self._paused = False
                self._transport.resume_reading()
            self._reader = loop.create_future()
            await self._reader
        taken = bytes(held[:count])
        del held[:count]
        return taken

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def end(self, reason: str) -> None:
        """End the process; whoever reads from it sees the end of its answer."""
        self.reason = self.reason or reason
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.pid = 0

    def slow_down(self) -> None:
        """Let others go first."""
        if self.pid:
            with suppress(ProcessLookupError, PermissionError):
                os.setpriority(os.PRIO_PROCESS, self.pid, _SLOW_PRIORITY)


class Answer:
    """An answer on its way. Close it, whatever has been read of it."""

    def __init__(self, pool: Pool, worker: _Worker, *, seconds: float, waited: float, left: Left | None) -> None:
        self._pool = pool
        self._worker = worker
        self._loop = pool.loop
        self._seconds = seconds
        self._waited = waited
        self._remaining = max(_SHORTEST_SECONDS, seconds - waited)
        self._left = left
        self._gone: asyncio.Future[Any] | None = None
        self._slow = False
        self._quick = True
        self._done = False
        self.lost = False
        """Whether the worker had ended while it was idle, so that the query can be asked of another one."""
        self.kind = b""
        self.payload = b""

    @property
    def number(self) -> str:
        """The name of the snapshot that it is of."""
        return self._worker.number

    @property
    def whole(self) -> bool:
        """Whether the payload is all there is."""
        return self.kind in (b"A", b"R")

    async def start(self, request: bytes) -> None:
        """Ask, and wait for the first part."""
        self._worker.send(request)
        await self._next()
        self._done = self.whole

    async def parts(self) -> AsyncIterator[bytes]:
        """All parts, the first one too.

        Raises:
            KgError: the answer breaks off.
        """
        self._watch()
        if not self._done:
            self._take_its_time()
        yield self.payload
        while not self._done:
            await self._next()
            if self.kind == b"Z":
                self._done = True
            else:
                yield self.payload

    def close(self) -> None:
        """Give the worker back, or end it if it has not finished."""
        if self._gone is not None:
            self._gone.remove_done_callback(self._client_left)
        if not self._done:
            self._worker.end("closed")
        self._pool.take_back(self._worker, reusable=self._done and not self._slow, quick=self._quick)

    async def _next(self) -> None:
        """The next frame, within the time that remains."""
        loop, worker = self._loop, self._worker
        started = loop.time()
        deadline = loop.call_later(self._remaining, worker.end, "deadline")
        slow = None if self._slow else loop.call_later(_SLOW_SECONDS, self._notice_slow)
        try:
            self.kind, self.payload = await worker.frame(loop)
        except EOFError as error:
            worker.pid = 0
            at_once = loop.time() - started < _LOST_SECONDS
            self.lost = worker.used and at_once and not (worker.reason or self.kind)
            raise self._broken(worker.reason) from error
        finally:
            deadline.cancel()
            if slow is not None:
                slow.cancel()
            self._remaining = max(_SHORTEST_SECONDS, self._remaining - (loop.time() - started))
        if self.kind == b"E":
            self._done = True
            raise _told(json.loads(self.payload))

    def _notice_slow(self) -> None:
        self._slow = True
        self._worker.slow_down()
        self._take_its_time()
        self._watch()

    def _take_its_time(self) -> None:
        """Leave the place among the short queries to another one."""
        if self._quick:
            self._quick = False
            self._pool.give_back(places=0, quick=1)

    def _watch(self) -> None:
        if self._left is not None and self._gone is None:
            self._gone = self._left()
            self._gone.add_done_callback(self._client_left)

    def _client_left(self, _: asyncio.Future[Any]) -> None:
        self._worker.end("left")

    def _broken(self, reason: str) -> KgError:
        if reason == "left":
            return _client_has_left()
        if reason == "closing":
            return _closing()
        if reason != "deadline":
            return QueryStopped(
                "the query needs more memory than it may have",
                remedy="ask for less: avoid ORDER BY and DISTINCT over many rows, and patterns that share no variable",
            )
        if self._waited > self._seconds / 2:
            return _no_turn(self._seconds)
        return QueryStopped(
            f"the query was stopped after {self._seconds:g} seconds",
            remedy="ask for less: add LIMIT, name more of what you look for, or split the query",
        )


class Pool:
    """Workers on the current snapshot, for one event loop."""

    def __init__(self, folder: Path, limits: PoolLimits, loop: asyncio.AbstractEventLoop) -> None:
        """Workers are found through `folder`, in which the link `current` names the socket of the current snapshot."""
        self.limits = limits
        self.loop = loop
        self._folder = folder
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._places = limits.workers
        self._quick_places = _QUICK_PLACES
        self._queue: deque[asyncio.Future[None]] = deque()
        self._number = ""
        self._closed = False
        self._follow()

    def number(self) -> str:
        """The name of the current snapshot.

        Raises:
            SnapshotMissing: there is none that is open yet.
        """
        if not self._number:
            raise SnapshotMissing("no snapshot is open yet", remedy="run `kg build`; then wait a moment")
        return self._number

    async def ask(self, request: dict[str, Any], *, seconds: float | None = None, left: Left | None = None) -> Answer:
        """The answer to a request of `kg.store.frames`, begun.

        `seconds` may shorten the time; when what `left` gives is done, nobody waits for the answer any more.

        Raises:
            QueryError: it cannot be answered.
            ServiceBusy: too many wait already, or its turn did not come in time.
            SnapshotMissing: there is none that is open yet.
        """
        limit = min(seconds or self.limits.seconds, self.limits.seconds)
        text = frame(b"Q", json.dumps(request).encode())
        asked = self.loop.time()
        while True:
            try:
                async with asyncio.timeout_at(asked + limit):
                    worker = await self._take(left)
            except TimeoutError as error:
                raise _no_turn(limit) from error
            answer = Answer(self, worker, seconds=limit, waited=self.loop.time() - asked, left=left)
            try:
                await answer.start(text)
            except BaseException:
                answer.close()
                if not answer.lost:
                    raise
            else:
                return answer

    def take_back(self, worker: _Worker, *, reusable: bool, quick: bool) -> None:
        """Keep a worker for the next query, or let it go; `quick`: it still holds a place among the short queries."""
        self._busy.discard(worker)
        current = worker.number == self._number and not self._closed
        if reusable and worker.pid and current and len(self._idle) < _KEPT_IDLE:
            worker.used = True
            self._idle.append(worker)
        else:
            worker.close()
        self.give_back(places=1, quick=int(quick))

    def close(self) -> None:
        """End every query, and let all workers go."""
        self._closed = True
        self._drop_idle()
        for worker in self._busy:
            worker.end("closing")
        for turn in self._queue:
            if not turn.done():
                turn.set_exception(_closing())

    async def _take(self, left: Left | None) -> _Worker:
        if self._closed:
            raise _closing()
        if self._places and self._quick_places and not self._queue:
            self._places -= 1
            self._quick_places -= 1
        else:
            await self._turn(left)
        try:
            worker = self._reused() or await self._connect()
        except BaseException:
            self.give_back(places=1, quick=1)
            raise
        self._busy.add(worker)
        return worker

    async def _turn(self, left: Left | None) -> None:
        """Wait until somebody gives us a place."""
        if len(self._queue) >= self.limits.waiting:
            raise ServiceBusy(
                f"{self.limits.workers} queries run and {len(self._queue)} wait", remedy="try again in a moment"
            )
        turn: asyncio.Future[None] = self.loop.create_future()
        gone = left() if left is not None else None

        def give_up(_: asyncio.Future[Any]) -> None:
            if not turn.done():
                turn.set_exception(_client_has_left())

        if gone is not None:
            gone.add_done_callback(give_up)
        self._queue.append(turn)
        try:
            await turn
        except BaseException:
            if turn in self._queue:
                self._queue.remove(turn)
            elif not turn.cancelled() and turn.exception() is None:
                self.give_back(places=1, quick=1)  # it came while we were giving up
            raise
        finally:
            if gone is not None:
                gone.remove_done_callback(give_up)

    def give_back(self, *, places: int, quick: int) -> None:
        """Give places back: to whoever waits longest, as long as there are both kinds."""
        self._places += places
        self._quick_places += quick
        while self._queue and self._places and self._quick_places:
            turn = self._queue.popleft()
            if not turn.done():
                self._places -= 1
                self._quick_places -= 1
                turn.set_result(None)

    def _reused(self) -> _Worker | None:
        while self._idle:
            worker = self._idle.pop()
            if not worker.closed:
                return worker
        return None

    async def _connect(self) -> _Worker:
        """A new worker; the snapshot may change while we ask, or its process be started anew."""
        for _ in range(_ATTEMPTS):
            worker = _Worker(self.number())
            transport: asyncio.BaseTransport | None = None
            try:
                address = str(self._folder / worker.number)
                transport, _ = await self.loop.create_unix_connection(lambda: worker, address)  # noqa: B023
                worker.pid = int.from_bytes(await worker.read(self.loop, PID_BYTES), "big")
                return worker
            except (OSError, EOFError):
                await asyncio.sleep(_LOOK_SECONDS)
            finally:
                if transport is not None and not worker.pid:
                    transport.close()
        raise ServiceBusy("the workers are being started", remedy="try again in a moment")

    def _follow(self) -> None:
        """Learn from time to time which snapshot is the current one."""
        if self._closed:
            return
        try:
            number = os.readlink(self._folder / "current")
        except OSError:
            number = self._number
        if number != self._number:
            self._number = number
            self._drop_idle()
        self.loop.call_later(_LOOK_SECONDS, self._follow)

    def _drop_idle(self) -> None:
        for worker in self._idle:
            worker.close()
        self._idle.clear()


def _client_has_left() -> KgError:
    return QueryStopped("the client has left", remedy="ask again")


def _closing() -> KgError:
    return ServiceBusy("the service is being stopped", remedy="ask again when it has started")


def _no_turn(seconds: float) -> KgError:
    return ServiceBusy(f"the turn of the query did not come in {seconds:g} seconds", remedy="try again in a moment")


def _told(told: dict[str, Any]) -> QueryError:
    """The error that a worker tells of."""
    if told["kind"] == "QuerySyntax":
        return QuerySyntax(told["message"], remedy=told["remedy"], line=told["line"], column=told["column"])
    kind = {"QueryRefused": QueryRefused, "ServiceFailed": ServiceFailed}.get(told["kind"], QueryError)
    return kind(told["message"], remedy=told["remedy"])
