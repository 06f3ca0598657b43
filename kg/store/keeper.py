"""Who starts the processes that answer queries: one for the current snapshot, a new one when a new one is published."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

from kg.errors import KgError
from kg.store.snapshots import current_folder

_LOOK_SECONDS: Final = 0.02
_READY_SECONDS: Final = 0.005
_END_SECONDS: Final = 5.0
_START_SECONDS: Final = 600.0
_RETRY_SECONDS: Final = 5.0
# Source: mallopt(3), and the GNU C Library manual, "Memory Allocation Tunables". A worker answers in one thread, which
# has memory of its own, not the gaps that reading the snapshot has left; and a query takes and frees thousands of small
# pieces, which are kept at hand for the next one. A million quads in huge pages are forked in 1 ms, not in 9.
_TUNABLES: Final = "glibc.malloc.tcache_count=200:glibc.malloc.hugetlb=1"
_ALLOCATION: Final = {"MALLOC_ARENA_MAX": "2", "GLIBC_TUNABLES": _TUNABLES}

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeeperSettings:
    """How the processes are started."""

    state: Path
    memory_quads: int
    most_bytes: int
    most_seconds: int


class Keeper:
    """Has the current snapshot of a state folder served, and each later one, in a thread of its own.

    In `folder` the link `current` names its socket; it moves on only when the next server is ready.
    """

    def __init__(self, settings: KeeperSettings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._opener: subprocess.Popen[bytes] | None = None
        self._current = ""
        self._failed = ("", 0.0)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def start(self) -> None:
        """Open the current snapshot, if there is one, and follow what is published from now on."""
        self._look()
        self._thread.start()

    def stop(self) -> None:
        """End all processes."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._end_opener()

    def _keep(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            try:
                self._look()
            except OSError as error:
                _log.error("no process can be started: %s; trying again in %g s", error, _RETRY_SECONDS)
                self._stopping.wait(_RETRY_SECONDS)

    def _look(self) -> None:
        try:
            target = current_folder(self._settings.state)
        except KgError:
            return
        if self._current == target and self._opener is not None and self._opener.poll() is None:
            return
        failed, when = self._failed
        if failed == target and time.monotonic() - when < _RETRY_SECONDS:
            return
        if not self._serve(target) and not self._stopping.is_set():
            self._failed = (target, time.monotonic())
            if failed != target:
                serving = Path(self._current).name or "none"
                _log.error("snapshot %s cannot be opened; in service stays %s", Path(target).name, serving)

    def _serve(self, target: str) -> bool:
        """Have a snapshot served, and send new connections there when it is; tell whether."""
        before, opener = self._opener, self._opener
        if opener is None or opener.poll() is not None:
            opener = self._start_opener()
        if not self._ready(opener, target):
            if opener is not before:
                _end(opener)
            return False
        link = self._folder / "current.new"
        link.unlink(missing_ok=True)
        link.symlink_to(Path(target).name)
        link.replace(self._folder / "current")
        if opener is before:
            _order(opener, retire=str(self._folder / Path(self._current).name))
        elif before is not None:
            _end(before)
        self._opener, self._current = opener, target
        return True

    def _ready(self, opener: subprocess.Popen[bytes], target: str) -> bool:
        address = self._folder / Path(target).name
        failed = Path(f"{address}.failed")
        for file in (address, failed):
            file.unlink(missing_ok=True)
        _order(opener, serve=target, at=str(address))
        waited = 0.0
        while not address.exists():
            if failed.exists() or opener.poll() is not None or waited > _START_SECONDS or self._stopping.is_set():
                return False
            self._stopping.wait(_READY_SECONDS)
            waited += _READY_SECONDS
        return True

    def _start_opener(self) -> subprocess.Popen[bytes]:
        settings = self._settings
        numbers = (settings.memory_quads, settings.most_bytes, settings.most_seconds)
        return subprocess.Popen(  # noqa: S603 - our own module, with values of our own
            [sys.executable, "-m", "kg.store.opener", str(settings.state.absolute()), *map(str, numbers)],
            stdin=subprocess.PIPE,
            process_group=0,
            env=os.environ | _ALLOCATION,
        )

    def _end_opener(self) -> None:
        if self._opener is not None:
            _end(self._opener)


def _order(opener: subprocess.Popen[bytes], **order: str) -> None:
    with suppress(BrokenPipeError):  # it has ended, which is seen
        pipe = cast("IO[bytes]", opener.stdin)
        pipe.write(json.dumps(order).encode() + b"\n")
        pipe.flush()


def _end(opener: subprocess.Popen[bytes]) -> None:
    """End a process and all that it has forked: they see that their standard input is closed."""
    with suppress(BrokenPipeError):
        cast("IO[bytes]", opener.stdin).close()
    try:
        opener.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        opener.kill()
        opener.wait()
