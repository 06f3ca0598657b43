"""Places for queries in a server process, and the queue of those that wait for one.

A query needs a place, of which there are many, and as long as it may be a short one a quick place, of which there are
few: each is through sooner than if they all shared the processors, and caches stay warm. One that turns out to be a
longer one may change its quick place for another, of which there are as many, so that a short one need not wait for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress

from kg.errors import ServiceBusy


class Turns:
    """Who may go next; the one who waits longest. Who waits is told by a call."""

    def __init__(self, *, places: int, quick: int, waiting: int) -> None:
        """`waiting` may wait for a place; one more is turned away."""
        self._all = self._places = places
        self._quick = self._longer = quick
        self._waiting = waiting
        self._queue: deque[Callable[[], object]] = deque()

    def take(self, go: Callable[[], object]) -> bool:
        """Take both places, and tell whether; where there are none, `go` is called when they have been given.

        Raises:
            ServiceBusy: too many wait already.
        """
        if self._places and self._quick and not self._queue:
            self._places -= 1
            self._quick -= 1
            return True
        if len(self._queue) >= self._waiting:
            raise ServiceBusy(f"{self._all} queries run and {len(self._queue)} wait", remedy="try again in a moment")
        self._queue.append(go)
        return False

    @property
    def are_short(self) -> bool:
        """Whether somebody waits since there is no place of the many."""
        return bool(self._queue) and not self._places

    def give_up(self, go: Callable[[], object]) -> None:
        """Wait no longer."""
        with suppress(ValueError):
            self._queue.remove(go)

    def take_longer(self) -> bool:
        """Take a place of a longer query, for a quick one that is given back then; tell whether there was one."""
        if not self._longer:
            return False
        self._longer -= 1
        return True

    def give_back(self, *, places: int = 0, quick: int = 0, longer: int = 0) -> None:
        """Give places back: to whoever waits longest, as long as there are both kinds."""
        self._places += places
        self._quick += quick
        self._longer += longer
        while self._queue and self._places and self._quick:
            self._places -= 1
            self._quick -= 1
            self._queue.popleft()()
