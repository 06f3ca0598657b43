"""Places for queries in a server process, and the queue of those that wait for one.

A query needs a place, of which there are many, and as long as it may be a short one a quick place, of which there are
few: each is through sooner than if they all shared the processors, and caches stay warm.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from kg.errors import ServiceBusy

_QUICK_PLACES: Final = 2


class Turns:
    """Who may go next; the one who waits longest."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, places: int, waiting: int) -> None:
        """`waiting` may wait for a place; one more is turned away."""
        self._loop = loop
        self._all = self._places = places
        self._quick = _QUICK_PLACES
        self._waiting = waiting
        self._queue: deque[asyncio.Future[None]] = deque()

    def take(self) -> asyncio.Future[None] | None:
        """Take both places; where there are none, returns what is done when they have been given.

        Raises:
            ServiceBusy: too many wait already.
        """
        if self._places and self._quick and not self._queue:
            self._places -= 1
            self._quick -= 1
            return None
        if len(self._queue) >= self._waiting:
            raise ServiceBusy(f"{self._all} queries run and {len(self._queue)} wait", remedy="try again in a moment")
        turn: asyncio.Future[None] = self._loop.create_future()
        self._queue.append(turn)
        return turn

    def give_up(self, turn: asyncio.Future[None]) -> None:
        """Wait no longer; what came meanwhile is given back."""
        if turn in self._queue:
            self._queue.remove(turn)
        elif not turn.cancelled() and turn.exception() is None:
            self.give_back(places=1, quick=1)

    def give_back(self, *, places: int, quick: int) -> None:
        """Give places back: to whoever waits longest, as long as there are both kinds."""
        self._places += places
        self._quick += quick
        while self._queue and self._places and self._quick:
            turn = self._queue.popleft()
            if not turn.done():
                self._places -= 1
                self._quick -= 1
                turn.set_result(None)
