"""One answer on its way from a worker: its turn, its parts, its end.

Whoever asks gets the first part of the answer, or an error, and then the rest. A query that takes longer than it may,
or that nobody waits for any more, ends with its worker. One that takes its time is given a lower priority than those
that do not, so that short queries stay short.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from kg.errors import (
    KgError,
    QueryError,
    QueryRefused,
    QueryStopped,
    QuerySyntax,
    RevisionMissing,
    ServiceBusy,
    ServiceFailed,
    StoreError,
)

if TYPE_CHECKING:
    from kg.store.connection import Connection
    from kg.store.pool import Pool

# After this long a query counts as slow, and its client is watched for leaving; when it has computed for so long, it is
# given a lower priority. One that could not compute since the machine is busy is not held back even more.
_SLOW_SECONDS: Final = 0.05
# A worker that ends so soon had most likely ended before it was asked.
_LOST_SECONDS: Final = 0.25

# What a worker tells of by name; any other error is that the query cannot be answered.
_TOLD: Final[Mapping[str, type[KgError]]] = {
    kind.__name__: kind for kind in (QueryRefused, ServiceFailed, RevisionMissing, StoreError)
}

Left = Callable[[], asyncio.Future[Any]]
"""Gives what is done as soon as the client has left, the same each time."""


class _WorkerLostError(Exception):
    """A worker had ended before it was asked."""


class Answer:
    """An answer on its way. Close it, whatever has been read of it."""

    def __init__(self, pool: Pool, *, seconds: float, left: Left | None) -> None:
        self.number = ""
        """The name of the snapshot that it is of."""
        self.kind = b""
        self.payload = b""
        self._pool = pool
        self._seconds = seconds
        self._remaining = seconds
        self._since: float | None = pool.loop.time()
        """Since when the service makes its client wait; None: it does not."""
        self._waited = 0.0
        self._stopped = ""
        self._left = left
        self._gone: asyncio.Future[Any] | None = None
        self._turn: asyncio.Future[None] | None = None
        self._place = self._quick = 0
        self._worker: Connection | None = None
        self._done = True

    @property
    def whole(self) -> bool:
        """Whether the payload is all there is."""
        return self.kind in (b"A", b"R")

    async def start(self, request: bytes) -> None:
        """Wait for a place, ask, and wait for the first part.

        Raises:
            QueryError: it cannot be answered.
            ServiceBusy: too many wait already, or its turn did not come in time.
            SnapshotMissing: there is none that is open yet.
        """
        turns = self._pool.turns
        self._turn = turns.take()
        if self._turn is not None:
            try:
                await self._turn
            except BaseException:
                turns.give_up(self._turn)
                raise
        self._place = self._quick = 1
        while not self.kind:
            try:
                worker = await self._pool.take_worker(self._remaining)
            except TimeoutError as error:
                raise _no_turn(self._seconds) from error
            self._pause()
            self._waited = self._seconds - self._remaining
            self._worker, self._done, self.number = worker, False, worker.number
            if self._stopped:
                raise self._broken()
            worker.send(request)
            try:
                await self._next(worker)
            except _WorkerLostError:
                self._pool.take_back(worker, reusable=False)
                self._worker, self._done = None, True
        self._done = self.whole

    async def parts(self) -> AsyncIterator[bytes]:
        """All parts, the first one too.

        Raises:
            KgError: the answer breaks off.
        """
        if not self._done:
            self._watch()
            self._take_its_time()
        yield self.payload
        while self._worker is not None and not self._done:
            await self._next(self._worker)
            if self.kind == b"Z":
                self._done = True
            else:
                yield self.payload

    def look(self, now: float) -> None:
        """What the pool does from time to time: stop the query at its deadline, and slow it down when it is slow."""
        spent = now - self._since if self._since is not None else 0.0
        if spent >= self._remaining:
            self.stop("deadline")
        elif spent >= _SLOW_SECONDS:
            self._watch()
            self._take_its_time()
            if self._worker is not None and self._worker.computed_seconds() >= _SLOW_SECONDS:
                self._worker.slow_down()

    def stop(self, reason: str) -> None:
        """End the query; whoever waits for its answer sees that."""
        self._stopped = self._stopped or reason
        if self._worker is not None:
            self._worker.end()
        elif self._turn is not None and not self._turn.done():
            self._turn.set_exception(self._broken())

    def close(self) -> None:
        """Give the worker back, or end it if it has not finished."""
        if self._gone is not None:
            self._gone.remove_done_callback(self._client_left)
        if self._worker is not None:
            if not self._done:
                self._worker.end()
            self._pool.take_back(self._worker, reusable=self._done)
        self._pool.forget(self)
        self._pool.turns.give_back(places=self._place, quick=self._quick)
        self._place = self._quick = 0

    async def _next(self, worker: Connection) -> None:
        """The next frame."""
        started = self._since = self._pool.loop.time()
        try:
            self.kind, self.payload = await worker.frame()
        except EOFError as error:
            at_once = self._pool.loop.time() - started < _LOST_SECONDS
            if worker.used and at_once and not (self._stopped or self.kind):
                raise _WorkerLostError from error
            raise self._broken() from error
        finally:
            self._pause()
        if self.kind == b"E":
            self._done = True
            raise _told(json.loads(self.payload))

    def _pause(self) -> None:
        """Count the time that the service has taken so far."""
        if self._since is not None:
            self._remaining -= self._pool.loop.time() - self._since
            self._since = None

    def _take_its_time(self) -> None:
        """Leave the place among the short queries to another one."""
        quick, self._quick = self._quick, 0
        self._pool.turns.give_back(places=0, quick=quick)

    def _watch(self) -> None:
        if self._left is not None and self._gone is None:
            self._gone = self._left()
            self._gone.add_done_callback(self._client_left)

    def _client_left(self, _: asyncio.Future[Any]) -> None:
        self.stop("left")

    def _broken(self) -> KgError:
        if self._stopped == "left":
            return QueryStopped("the client has left", remedy="ask again")
        if self._stopped == "closing":
            return closing()
        if self._stopped != "deadline":
            return QueryStopped(
                "the query needs more memory than it may have",
                remedy="ask for less: avoid ORDER BY and DISTINCT over many rows, and patterns that share no variable",
            )
        if self._worker is None or self._waited > self._seconds / 2:
            return _no_turn(self._seconds)
        return QueryStopped(
            f"the query was stopped after {self._seconds:g} seconds",
            remedy="ask for less: add LIMIT, name more of what you look for, or split the query",
        )


def closing() -> KgError:
    """What ends everything when the service is stopped."""
    return ServiceBusy("the service is being stopped", remedy="ask again when it has started")


def _no_turn(seconds: float) -> KgError:
    return ServiceBusy(f"the turn of the query did not come in {seconds:g} seconds", remedy="try again in a moment")


def _told(told: dict[str, Any]) -> KgError:
    """The error that a worker tells of."""
    if told["kind"] == "QuerySyntax":
        return QuerySyntax(told["message"], remedy=told["remedy"], line=told["line"], column=told["column"])
    return _TOLD.get(told["kind"], QueryError)(told["message"], remedy=told["remedy"])
