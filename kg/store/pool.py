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
import socket
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kg.errors import (
    QueryError,
    QueryRefused,
    QueryStopped,
    QuerySyntax,
    ServiceBusy,
    ServiceFailed,
    SnapshotMissing,
)
from kg.store.frames import HEAD_BYTES, PID_BYTES, frame

_READ_BYTES: Final = 256 * 1024
# After this long a query counts as slow: it is given a lower priority, and its client is watched for leaving.
_SLOW_SECONDS: Final = 0.05
_SLOW_PRIORITY: Final = 10
_KEPT_IDLE: Final = 4
_LOOK_AGAIN_SECONDS: Final = 0.02

Left = Callable[[], Awaitable[Any]]


@dataclass(frozen=True)
class PoolLimits:
    """How much may happen at once, and for how long."""

    seconds: float = 30.0
    """Longest time that a query is computed; time in which the client takes its answer is not counted."""
    workers: int = 16
    waiting: int = 64
    """Queries that wait for a worker; one more is turned away."""


class _Worker:
    """One worker process and the connection to it."""

    def __init__(self, connection: socket.socket, number: str) -> None:
        self.connection = connection
        self.number = number
        self.pid = 0
        self.reason = ""
        self._held = bytearray()

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
            try:
                part = await loop.sock_recv(self.connection, _READ_BYTES)
            except ConnectionError:
                part = b""
            if not part:
                raise EOFError
            held += part
        taken = bytes(held[:count])
        del held[:count]
        return taken

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

    def __init__(self, pool: Pool, worker: _Worker, seconds: float, left: Left | None) -> None:
        self._pool = pool
        self._worker = worker
        self._loop = pool.loop
        self._remaining = seconds
        self._seconds = seconds
        self._left = left
        self._watch: asyncio.Future[Any] | None = None
        self._slow = False
        self._done = False
        self.kind = b""
        self.payload = b""

    @property
    def whole(self) -> bool:
        """Whether the payload is all there is."""
        return self.kind in (b"A", b"R")

    async def start(self, request: bytes) -> None:
        """Ask, and wait for the first part."""
        await self._loop.sock_sendall(self._worker.connection, request)
        await self._next()
        self._done = self.whole

    async def parts(self) -> AsyncIterator[bytes]:
        """All parts, the first one too.

        Raises:
            QueryError: the answer breaks off.
        """
        yield self.payload
        while not self._done:
            await self._next()
            if self.kind == b"Z":
                self._done = True
            else:
                yield self.payload

    def close(self) -> None:
        """Give the worker back, or end it if it has not finished."""
        if self._watch is not None:
            self._watch.cancel()
        if not self._done:
            self._worker.end("closed")
        self._pool.take_back(self._worker, reusable=self._done and not self._slow)

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
            raise self._broken(worker.reason) from error
        finally:
            deadline.cancel()
            if slow is not None:
                slow.cancel()
            self._remaining = max(0.001, self._remaining - (loop.time() - started))
        if self.kind == b"E":
            self._done = True
            raise _told(json.loads(self.payload))

    def _notice_slow(self) -> None:
        self._slow = True
        self._worker.slow_down()
        if self._left is not None:
            self._watch = asyncio.ensure_future(self._left())
            self._watch.add_done_callback(self._client_left)

    def _client_left(self, watch: asyncio.Future[Any]) -> None:
        if not watch.cancelled():
            self._worker.end("left")

    def _broken(self, reason: str) -> QueryStopped:
        if reason == "deadline":
            return QueryStopped(
                f"the query was stopped after {self._seconds:g} seconds",
                remedy="ask for less: add LIMIT, name more of what you look for, or split the query",
            )
        if reason == "left":
            return QueryStopped("the client has left", remedy="ask again")
        return QueryStopped(
            "the query needs more memory than it may have",
            remedy="ask for less: avoid ORDER BY and DISTINCT over many rows, and patterns that share no variable",
        )


class Pool:
    """Workers on the current snapshot, for one event loop."""

    def __init__(self, folder: Path, limits: PoolLimits, loop: asyncio.AbstractEventLoop) -> None:
        """Workers are found through `folder`, in which the link `current` names the socket of the current snapshot."""
        self.limits = limits
        self.loop = loop
        self._folder = folder
        self._idle: list[_Worker] = []
        self._count = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._looked = -1.0
        self._number = ""

    def number(self) -> str:
        """The name of the current snapshot.

        Raises:
            SnapshotMissing: there is none that is open yet.
        """
        now = self.loop.time()
        if now - self._looked > _LOOK_AGAIN_SECONDS:
            self._looked = now
            try:
                number = os.readlink(self._folder / "current")
            except OSError as error:
                raise SnapshotMissing("no snapshot is open yet", remedy="run `kg build`; then wait a moment") from error
            if number != self._number:
                self._number = number
                self._drop_idle()
        if not self._number:
            raise SnapshotMissing("no snapshot is open yet", remedy="run `kg build`; then wait a moment")
        return self._number

    async def ask(self, request: dict[str, Any], *, seconds: float | None = None, left: Left | None = None) -> Answer:
        """The answer to a request of `kg.store.frames`, begun.

        `seconds` may shorten the time; when `left` comes to an end, nobody waits for the answer any more.

        Raises:
            QueryError: it cannot be answered.
            ServiceBusy: too many wait already.
            SnapshotMissing: there is none that is open yet.
        """
        limit = min(seconds or self.limits.seconds, self.limits.seconds)
        text = frame(b"Q", json.dumps(request).encode())
        answer = Answer(self, await self._take(limit), limit, left)
        try:
            await answer.start(text)
        except BaseException:
            answer.close()
            raise
        return answer

    def take_back(self, worker: _Worker, *, reusable: bool) -> None:
        """Keep a worker for the next query, or let it go."""
        if reusable and worker.pid and worker.number == self._number and len(self._idle) < _KEPT_IDLE:
            self._idle.append(worker)
        else:
            worker.connection.close()
        self._count -= 1
        while self._queue:
            waiting = self._queue.popleft()
            if not waiting.done():
                waiting.set_result(None)
                break

    async def _take(self, seconds: float) -> _Worker:
        if self._count >= self.limits.workers:
            await self._wait(seconds)
        self._count += 1
        try:
            number = self.number()
            while self._idle:
                worker = self._idle.pop()
                if worker.number == number and not _is_closed(worker.connection):
                    return worker
                worker.connection.close()
            return await self._connect()
        except BaseException:
            self._count -= 1
            raise

    async def _wait(self, seconds: float) -> None:
        if len(self._queue) >= self.limits.waiting:
            raise ServiceBusy(
                f"{self.limits.workers} queries run and {len(self._queue)} wait", remedy="try again in a moment"
            )
        turn: asyncio.Future[None] = self.loop.create_future()
        self._queue.append(turn)
        try:
            await asyncio.wait_for(turn, seconds)
        except TimeoutError as error:
            raise ServiceBusy(
                f"no worker was free within {seconds:g} seconds", remedy="try again in a moment"
            ) from error

    async def _connect(self) -> _Worker:
        """A new worker; the snapshot may change while we ask."""
        for _ in range(3):
            number = self.number()
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
            worker = _Worker(connection, number)
            try:
                await self.loop.sock_connect(connection, str(self._folder / number))
                worker.pid = int.from_bytes(await worker.read(self.loop, PID_BYTES), "big")
            except (OSError, EOFError):
                connection.close()
                self._looked = -1.0
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
                continue
            return worker
        raise ServiceBusy("the workers are being started", remedy="try again in a moment")

    def _drop_idle(self) -> None:
        for worker in self._idle:
            worker.connection.close()
        self._idle.clear()


def _is_closed(connection: socket.socket) -> bool:
    """Whether the other end of an idle connection has gone."""
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _told(told: dict[str, Any]) -> QueryError:
    """The error that a worker tells of."""
    if told["kind"] == "QuerySyntax":
        return QuerySyntax(told["message"], remedy=told["remedy"], line=told["line"], column=told["column"])
    kind = {"QueryRefused": QueryRefused, "ServiceFailed": ServiceFailed}.get(told["kind"], QueryError)
    return kind(told["message"], remedy=told["remedy"])
