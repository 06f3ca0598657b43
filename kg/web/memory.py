"""Memory of the server processes: taken from few places, and given back when there is nothing to do.

Source: mallopt(3), malloc_trim(3).
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from contextlib import suppress
from typing import Final

# Source: malloc.h of the GNU C Library.
_M_ARENA_MAX: Final = -8
_ARENAS: Final = 2
_WORTH_SECONDS: Final = 1.0
_QUIET_SECONDS: Final = 3.0
_QUIET_SHARE: Final = 0.05


def keep_together() -> None:
    """Have the threads of this process, and of those that it forks, take memory from few places.

    Pages are made by tens of threads, of which one runs at a time; a place for each of them held 80 MB more.
    """
    with suppress(AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Let go of garbage, and give the system what is free."""
    gc.collect()
    with suppress(AttributeError):  # as above
        ctypes.CDLL(None).malloc_trim(0)


class Rest:
    """Gives memory back once when a process that has worked has had nothing to do for a few seconds."""

    def __init__(self, tidy: Callable[[], object] = give_back) -> None:
        self._tidy = tidy
        self._worked_seconds = 0.0
        self._quiet_since = self._before = self._computed = 0.0

    def look(self, now: float, computed: float) -> None:
        """To be called from time to time, with the time and what the process has computed so far, both in seconds."""
        lately = computed - self._computed
        if lately > _QUIET_SHARE * (now - self._before):
            self._quiet_since = now
        self._worked_seconds += lately
        self._before, self._computed = now, computed
        if self._worked_seconds > _WORTH_SECONDS and now - self._quiet_since > _QUIET_SECONDS:
            self._tidy()
            self._worked_seconds = 0.0
