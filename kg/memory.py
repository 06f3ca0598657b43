"""Memory of a process: taken from few places, and given back.

Source: mallopt(3), malloc_trim(3).
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from typing import Final

# Source: malloc.h of the GNU C Library.
_M_ARENA_MAX: Final = -8
_ARENAS: Final = 2


def keep_together() -> None:
    """Have the threads of this process, and of those that it forks, take memory from few places.

    Pages are made by tens of threads, of which one runs at a time; a place for each of them held 80 MB more.
    """
    with suppress(AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Give the system what is free: the GNU C Library has to be told, others do it anyway."""
    with suppress(AttributeError):  # as above
        ctypes.CDLL(None).malloc_trim(0)


def tidy() -> None:
    """Let go of garbage, and give the system what is free."""
    gc.collect()
    give_back()
