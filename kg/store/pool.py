"""The pool of workers, as an event loop sees it: a query in, its answer as parts, and an end to every query."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kg.errors import ServiceBusy, SnapshotMissing
from kg.store.answer import Answer, Left, closing
from kg.store.connection import Connection
from kg.store.frames import frame
from kg.store.turns import Turns

# How often the answers on their way are looked at: no query has a timer of its own.
_LOOK_SECONDS: Final = 0.01
_KEPT_IDLE: Final = 4
FOLLOW_SECONDS: Final = 0.02
"""How often a pool looks which snapshot is current."""
_ATTEMPTS: Final = 250


@dataclass(frozen=True)
class PoolLimits:
    """How much may happen at once, and for how long."""

    seconds: float = 30.0
    """Longest time that a query waits for its turn and is computed; while its client takes the answer, it is not."""
    workers: int = 16
    waiting: int = 64
    """Queries that wait for a worker; one more is turned away."""


class Pool:
    """Workers on the current snapshot, for one event loop."""

    def __init__(self, folder: Path, limits: PoolLimits, loop: asyncio.AbstractEventLoop) -> None:
        """Workers are found through `folder`, in which the link `current` names the socket of the current snapshot."""
        self.limits = limits
        self.loop = loop
        self.turns = Turns(loop, places=limits.workers, waiting=limits.waiting)
        self._folder = folder
        self._idle: list[Connection] = []
        self._answers: set[Answer] = set()
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
        if self._closed:
            raise closing()
        limit = min(seconds or self.limits.seconds, self.limits.seconds)
        answer = Answer(self, seconds=limit, left=left)
        self._answers.add(answer)
        if not self._looking:
            self._looking = True
            self.loop.call_later(_LOOK_SECONDS, self._look)
        try:
            await answer.start(frame(b"Q", json.dumps(request).encode()))
        except BaseException:
            answer.close()
            raise
        return answer

    async def take_worker(self, seconds: float) -> Connection:
        """A worker, one that has answered before or a new one.

        Raises:
            ServiceBusy: there is none.
            SnapshotMissing: there is no snapshot that is open yet.
            TimeoutError: there is none in so many seconds.
        """
        self._idle = [worker for worker in self._idle if not worker.closed]
        for worker in reversed(self._idle):  # the last one has the warmest caches
            if worker.ready:
                self._idle.remove(worker)
                return worker
        async with asyncio.timeout(seconds):
            return await self._connect()

    def take_back(self, worker: Connection, *, reusable: bool) -> None:
        """Keep a worker for the next query, or let it go."""
        current = worker.number == self._number and not self._closed
        if reusable and current and not worker.closed and len(self._idle) < _KEPT_IDLE:
            worker.used = True
            self._idle.append(worker)
        else:
            worker.close()

    def forget(self, answer: Answer) -> None:
        """Look at an answer no longer."""
        self._answers.discard(answer)

    def close(self) -> None:
        """End every query, and let all workers go."""
        self._closed = True
        self._drop_idle()
        for answer in self._answers:
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
        self._looking = bool(self._answers)
        if self._looking:
            self.loop.call_later(_LOOK_SECONDS, self._look)

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
        self.loop.call_later(FOLLOW_SECONDS, self._follow)

    def _drop_idle(self) -> None:
        for worker in self._idle:
            worker.close()
        self._idle.clear()
