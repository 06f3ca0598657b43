"""Memory of a process: taken from few places, and given back.

Source: mallopt(3), malloc_trim(3); malloc.c of the GNU C Library, _int_malloc, for chunks that are not in a bin.
"""

from __future__ import annotations

import ctypes
import gc
import time
from contextlib import suppress
from typing import Final

# Source: malloc.h of the GNU C Library.
_M_ARENA_MAX: Final = -8
_ARENAS: Final = 2
# Whoever asks for so much looks through 10,000 chunks that were given back, and puts each into its bin.
_ASKED_BYTES: Final = 64 * 1024
_MOST_TIMES: Final = 200
_NOTHING_TO_SORT_SECONDS: Final = 0.0001


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
        _sort_what_is_free()


def _sort_what_is_free() -> None:
    """Put into order what this thread has given back, lest the next answer have to: 30 ms after a million triples."""
    library = ctypes.CDLL(None)
    library.malloc.restype = ctypes.c_void_p
    library.free.argtypes = [ctypes.c_void_p]
    for _ in range(_MOST_TIMES):
        began = time.perf_counter()
        library.free(library.malloc(ctypes.c_size_t(_ASKED_BYTES)))
        if time.perf_counter() - began < _NOTHING_TO_SORT_SECONDS:
            break


def tidy() -> None:
    """Let go of garbage, and give the system what is free."""
    gc.collect()
    give_back()
