"""One answer on its way from a worker: its turn, its parts, its end.

Whoever asks gets the first part of the answer, or an error, and then the rest. A query that takes longer than it may,
or that nobody waits for any more, ends with its worker. One that takes its time lets those go first that do not, so
that short queries stay short.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Final

from kg.errors import KgError, ServiceBusy
from kg.store.endings import broken_off, no_turn, told, too_slow

if TYPE_CHECKING:
    from kg.store.connection import Connection
    from kg.store.pool import Pool

# After this long a query counts as one of the longer ones.
_LONGER_SECONDS: Final = 0.005
# After this long it counts as slow, and its client is watched for leaving. When it has computed for most of it, others
# may begin beside it; one that could not compute since the machine is busy is not held back even more.
_SLOW_SECONDS: Final = 0.02
_COMPUTED_SECONDS: Final = 0.015
# One that has hardly computed for so long waits for something else: for the disk, or another endpoint.
_WAITING_SECONDS: Final = 0.2
# A worker that was idle and ends so soon had most likely ended before it was asked.
_LOST_SECONDS: Final = 0.25

Left = Callable[[], asyncio.Future[Any]]
"""Gives what is done as soon as the client has left, the same each time."""


class Answer:
    """An answer on its way. Close it, whatever has been read of it."""

    def __init__(self, pool: Pool, then: Callable[[Answer], object], *, seconds: float, left: Left | None) -> None:
        """`then` is called, once, when the first part is there, or `check` raises."""
        self.number = ""
        """The name of the snapshot that it is of."""
        self.kind = b""
        self.payload = b""
        self._pool = pool
        self._then = then
        self._request = b""
        self._seconds = seconds
        self._remaining = seconds
        self._began = pool.loop.time()
        self._since: float | None = self._began
        """Since when the service makes its client wait; None: it does not."""
        self._waited = 0.0
        self._stopped = ""
        self._error: BaseException | None = None
        self._left = left
        self._gone: asyncio.Future[Any] | None = None
        self._place = self._quick = self._longer = 0
        self._starting: asyncio.Task[Connection] | None = None
        self._worker: Connection | None = None
        self._done = True
        self._closed = False

    @property
    def whole(self) -> bool:
        """Whether the payload is all there is."""
        return self.kind in (b"A", b"R")

    def begin(self, request: bytes) -> None:
        """Wait for a place, ask, and wait for the first part."""
        self._request = request
        try:
            if self._pool.turns.take(self._take_place):
                self._take_place()
        except ServiceBusy as error:
            self._fail(error)

    def check(self) -> None:
        """Find the first part there.

        Raises:
            QueryError: it cannot be answered.
            ServiceBusy: too many wait already, or its turn did not come in time.
            SnapshotMissing: there is none that is open yet.
        """
        if self._error is not None:
            raise self._error

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

    def held_up(self, now: float) -> float:
        """How many seconds it has waited for its client."""
        if self._since is not None or self._worker is None or self._worker.closed:
            return 0.0
        return now - self._began - (self._seconds - self._remaining)

    def look(self, now: float) -> None:
        """What the pool does from time to time: stop the query at its deadline, and slow it down when it is slow."""
        spent = now - self._since if self._since is not None else 0.0
        computed = self._worker.computed_seconds() if self._worker is not None else 0.0
        if spent >= self._remaining or computed >= self._seconds:
            self.stop("deadline")
        elif spent >= _SLOW_SECONDS:
            self._watch()
            if computed >= _COMPUTED_SECONDS or spent >= _WAITING_SECONDS:
                self._take_its_time()
            if self._worker is not None and computed >= _COMPUTED_SECONDS:
                self._worker.slow_down(computed)
        elif spent >= _LONGER_SECONDS and self._quick and self._pool.turns.take_longer():
            self._quick, self._longer = 0, 1
            self._pool.turns.give_back(quick=1)

    def stop(self, reason: str) -> None:
        """End the query; whoever waits for its answer sees that."""
        self._stopped = self._stopped or reason
        if self._worker is not None:
            self._worker.end()
            self._give_back_places()  # also when whoever sends the answer waits for its client, and sees this later
        elif self._starting is None and self._error is None:
            self._pool.turns.give_up(self._take_place)
            self._fail(self._broken())

    def close(self) -> None:
        """Give the worker back, or end it if it has not finished."""
        self._closed = True
        if self._gone is not None:
            self._gone.remove_done_callback(self._client_left)
        if self._starting is not None:
            self._starting.cancel()
        if self._worker is not None:
            if not self._done:
                self._worker.end()
            self._pool.take_back(self._worker, reusable=self._done)
        elif not self._place:
            self._pool.turns.give_up(self._take_place)
        self._pool.forget(self)
        self._give_back_places()

    def _give_back_places(self) -> None:
        place, self._place = self._place, 0
        self._take_its_time(place)

    def _take_place(self) -> None:
        self._place = self._quick = 1
        self._find_worker()

    def _find_worker(self) -> None:
        """Ask a worker that is idle, or else one that has to be started."""
        worker = self._pool.take_idle()
        if worker is not None:
            self._ask(worker)
            return
        self._starting = self._pool.loop.create_task(self._pool.take_worker(self._remaining))
        self._starting.add_done_callback(self._started)

    def _started(self, starting: asyncio.Task[Connection]) -> None:
        if starting.cancelled():
            return
        error = starting.exception()
        if error is None and self._closed:
            self._pool.take_back(starting.result(), reusable=True)
        elif error is None:
            self._ask(starting.result())
        else:
            self._fail(no_turn(self._seconds) if isinstance(error, TimeoutError) else error)

    def _ask(self, worker: Connection) -> None:
        self._pause()
        self._waited = self._seconds - self._remaining
        self._worker, self._done, self.number = worker, False, worker.number
        if self._stopped:
            self._fail(self._broken())
            return
        self._since = self._pool.loop.time()
        worker.ask(self._request, self._arrived)

    def _arrived(self) -> None:
        """The first part is there, or the worker has ended."""
        worker = self._worker
        if worker is None or self._closed:
            return
        started = self._since or 0.0
        try:
            taken = worker.take()
        except EOFError:
            at_once = self._pool.loop.time() - started < _LOST_SECONDS
            self._pause()
            if worker.was_idle and at_once and not self._stopped:  # it had most likely ended before it was asked
                self._pool.take_back(worker, reusable=False)
                self._worker, self._done, self._since = None, True, self._pool.loop.time()
                self._find_worker()
            else:
                self._fail(self._broken())
            return
        if taken is None:
            worker.when_more(self._arrived)
            return
        self._pause()
        self.kind, self.payload = taken
        self._done = self.whole
        if self.kind == b"E":
            self._done = True
            self._fail(told(json.loads(self.payload)))
        else:
            self._then(self)

    def _fail(self, error: BaseException) -> None:
        if self._error is None and not self._closed:
            self._error = error
            self._then(self)

    async def _next(self, worker: Connection) -> None:
        """The next frame."""
        self._since = self._pool.loop.time()
        try:
            self.kind, self.payload = await worker.frame()
        except EOFError as error:
            raise self._broken() from error
        finally:
            self._pause()
        if self.kind == b"E":
            self._done = True
            raise told(json.loads(self.payload))

    def _pause(self) -> None:
        """Count the time that the service has taken so far."""
        if self._since is not None:
            self._remaining -= self._pool.loop.time() - self._since
            self._since = None

    def _take_its_time(self, places: int = 0) -> None:
        """Leave the place among the short queries to another one; or all places that it has."""
        quick, longer, self._quick, self._longer = self._quick, self._longer, 0, 0
        self._pool.turns.give_back(places=places, quick=quick, longer=longer)

    def _watch(self) -> None:
        if self._left is not None and self._gone is None:
            self._gone = self._left()
            self._gone.add_done_callback(self._client_left)

    def _client_left(self, _: asyncio.Future[Any]) -> None:
        self.stop("left")

    def _broken(self) -> KgError:
        if self._stopped != "deadline":
            return broken_off(self._stopped)
        if self._worker is None or self._waited > self._seconds / 2:
            return no_turn(self._seconds)
        return too_slow(self._seconds, calls=b"SERVICE" in self._request.upper())
