"""What a service takes, all its processes together: memory, and whether it still computes."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

_LOOK_SECONDS: Final = 0.1
_QUIET_SECONDS: Final = 0.1
_QUIET_SHARE: Final = 0.1
_UTIME: Final = 11
"""Place of the field `utime` in /proc/PID/stat behind the name of the program; `stime` follows."""


def memory_megabytes(pid: int) -> float:
    """The proportional set size of a process and all that descend from it.

    Source: proc(5), `smaps_rollup`: a page that n processes share counts as one n-th for each.
    """
    return sum(_kilobytes(each) for each in _family(pid)) / 1024


def wait_until_quiet(pid: int, *, most_seconds: float) -> bool:
    """Wait until a process and its descendants compute almost nothing; False where they still do at the end."""
    end = time.monotonic() + most_seconds
    while time.monotonic() < end:
        before = _computed_seconds(pid)
        time.sleep(_QUIET_SECONDS)
        if _computed_seconds(pid) - before <= _QUIET_SECONDS * _QUIET_SHARE:
            return True
    return False


class Peak:
    """The most memory that a service has while the block runs, and what it had at its start."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.before_megabytes = 0.0
        self.megabytes = 0.0

    @property
    def growth_megabytes(self) -> float:
        """How far the peak lies above the start."""
        return self.megabytes - self.before_megabytes

    def __enter__(self) -> Self:
        self.before_megabytes = self.megabytes = memory_megabytes(self._pid)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            self.megabytes = max(self.megabytes, memory_megabytes(self._pid))


def _family(pid: int) -> list[int]:
    found = [pid]
    for each in found:  # grows while it is walked
        with suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text(encoding="ascii").split()]
    return found


def _kilobytes(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def _computed_seconds(pid: int) -> float:
    ticks = 0
    for each in _family(pid):
        with suppress(OSError):
            fields = Path(f"/proc/{each}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            ticks += int(fields[_UTIME]) + int(fields[_UTIME + 1])
    return ticks / os.sysconf("SC_CLK_TCK")
