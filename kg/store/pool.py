"""The pool of workers, as an event loop sees it: a query in, its answer as parts, and an end to every query."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kg.errors import ServiceBusy, SnapshotMissing
from kg.sparql import called_services
from kg.store.answer import Answer, Left
from kg.store.connection import Connection, fulfil
from kg.store.frames import asking
from kg.store.idle import IdleWorkers
from kg.store.turns import Turns

# How often the answers on their way are looked at: no query has a timer of its own.
_LOOK_SECONDS: Final = 0.005
# After an answer in parts a worker mostly needs less than this to be ready. A new one costs more, and has read nothing.
_READY_SECONDS: Final = 0.001
# A pool without idle workers that has been left alone for so long starts one for whoever comes next.
_QUIET_SECONDS: Final = 0.5
FOLLOW_SECONDS: Final = 0.02
"""How often a pool looks which snapshot is current."""
_ATTEMPTS: Final = 250


@dataclass(frozen=True)
class PoolLimits:
    """How much may happen at once, and for how long."""

    seconds: float = 30.0
    """Longest time that a query waits for its turn and is computed. While its client takes the answer, it goes on, as
    long as nobody waits for its place."""
    workers: int = 16
    waiting: int = 64
    """Queries that wait for a worker; one more is turned away."""
    quick: int = 1
    """How many queries begin to compute side by side, before it is known whether they take long."""
    calling: int = 8
    """Queries at work that call other endpoints, and so may wait for those; one more is turned away."""
    patience_seconds: float = 5.0
    """How long an answer may have waited for its client in all; then it gives up its place to those that wait."""
    idle_seconds: float = 5.0
    """How long a worker is kept that nobody needs; then what it took of memory is free again."""


class Pool:
    """Workers on the current snapshot, for one event loop."""

    def __init__(self, folder: Path, limits: PoolLimits, loop: asyncio.AbstractEventLoop) -> None:
        """Workers are found through `folder`, in which the link `current` names the socket of the current snapshot."""
        self.limits = limits
        self.loop = loop
        self.turns = Turns(places=limits.workers, quick=limits.quick, waiting=limits.waiting)
        self._folder = folder
        self._idle = IdleWorkers(longest_seconds=limits.idle_seconds)
        self._spare: asyncio.Task[Connection] | None = None
        self._quiet_since = loop.time()
        self._answers: set[Answer] = set()
        self._calling: set[Answer] = set()
        """Those of them that may wait for other endpoints."""
        self._looking = False
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
        first: asyncio.Future[None] = self.loop.create_future()
        answer = self.begin(request, lambda _: fulfil(first), seconds=seconds, left=left)
        try:
            await first
            answer.check()
        except BaseException:
            answer.close()
            raise
        return answer

    def begin(
        self,
        request: dict[str, Any],
        then: Callable[[Answer], object],
        *,
        seconds: float | None = None,
        left: Left | None = None,
    ) -> Answer:
        """The answer that `ask` gives, at once; `then` is called when its first part is there, or `check` raises."""
        limit = min(seconds or self.limits.seconds, self.limits.seconds)
        answer = Answer(self, then, seconds=limit, left=left)
        self._answers.add(answer)
        self._quiet_since = self.loop.time()
        if not self._looking:
            self._looking = True
            self.loop.call_later(_LOOK_SECONDS, self._look)
        if self._closed:
            answer.stop("closing")
        elif self._may_call(answer, request["query"]):
            answer.begin(asking(request))
        else:
            answer.stop("calling")
        return answer

    def _may_call(self, answer: Answer, text: str) -> bool:
        """Whether a query calls no other endpoint, or may go and do so: all of them leave places to the rest."""
        if not called_services(text):
            return True
        if len(self._calling) >= self.limits.calling:
            return False
        self._calling.add(answer)
        return True

    def take_idle(self) -> Connection | None:
        """A worker that has nothing to do."""
        return self._idle.take()

    async def take_worker(self, seconds: float) -> Connection:
        """A worker, one that has answered before or a new one.

        Raises:
            ServiceBusy: there is none.
            SnapshotMissing: there is no snapshot that is open yet.
            TimeoutError: there is none in so many seconds.
        """
        worker = self.take_idle()
        if worker is None and self._idle:
            await asyncio.sleep(_READY_SECONDS)
            worker = self.take_idle()
        if worker is not None:
            return worker
        async with asyncio.timeout(seconds):
            return await self._connect()

    def take_back(self, worker: Connection, *, reusable: bool) -> None:
        """Keep a worker for the next query, or let it go."""
        if reusable and not worker.closed and worker.number == self._number and not self._closed:
            self._idle.put(worker, self.loop.time())
        else:
            worker.close()

    def forget(self, answer: Answer) -> None:
        """Look at an answer no longer."""
        self._answers.discard(answer)
        self._calling.discard(answer)

    def close(self) -> None:
        """End every query, and let all workers go."""
        self._closed = True
        if self._spare is not None:
            self._spare.cancel()
        self._idle.clear()
        for answer in tuple(self._answers):
            answer.stop("closing")

    async def _connect(self) -> Connection:
        """A new worker; the snapshot may change while we ask, or its process be started anew."""
        for _ in range(_ATTEMPTS):
            try:
                return await Connection.open(self.loop, self._folder, self.number())
            except (OSError, EOFError):
                await asyncio.sleep(FOLLOW_SECONDS)
        raise ServiceBusy("the workers are being started", remedy="try again in a moment")

    def _look(self) -> None:
        """Look at the answers on their way, as long as there are any."""
        now = self.loop.time()
        for answer in tuple(self._answers):
            answer.look(now)
        if self.turns.are_short:
            self._make_room(now)
        self._looking = bool(self._answers)
        if self._looking:
            self.loop.call_later(_LOOK_SECONDS, self._look)

    def _make_room(self, now: float) -> None:
        """End the answer that has waited for its client the longest, if that was long."""
        slowest = max(self._answers, key=lambda answer: answer.held_up(now))
        if slowest.held_up(now) > self.limits.patience_seconds:
            slowest.stop("slow")

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
            self._quiet_since = self.loop.time()
            self._idle.clear()
        self._idle.drop_unneeded(self.loop.time())
        self._keep_one_ready()
        self.loop.call_later(FOLLOW_SECONDS, self._follow)

    def _keep_one_ready(self) -> None:
        """Start a worker in a quiet moment, so that the next query finds one."""
        if self._idle or self._answers or self._spare or not self._number:
            return
        if self.loop.time() - self._quiet_since > _QUIET_SECONDS:
            self._spare = self.loop.create_task(self._connect())
            self._spare.add_done_callback(self._spare_started)

    def _spare_started(self, starting: asyncio.Task[Connection]) -> None:
        self._spare = None
        self._quiet_since = self.loop.time()  # if it was not, another try can wait
        if not starting.cancelled() and starting.exception() is None:
            self.take_back(starting.result(), reusable=True)
