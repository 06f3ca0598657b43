"""Who starts the processes that answer queries: one for the current snapshot, a new one when a new one is published."""

from __future__ import annotations

import logging
import os
import signal
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

_LOOK_SECONDS: Final = 0.2
_START_SECONDS: Final = 600.0
_RETRY_SECONDS: Final = 5.0
# Source: mallopt(3), and the GNU C Library manual, "Memory Allocation Tunables". A worker answers in one thread, which
# needs no memory reserved apart; and a query takes and frees thousands of small pieces, which are kept at hand for the
# next one.
_ALLOCATION: Final = {"MALLOC_ARENA_MAX": "1", "GLIBC_TUNABLES": "glibc.malloc.tcache_count=200"}

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeeperSettings:
    """How the processes are started."""

    state: Path
    memory_quads: int
    most_bytes: int
    most_seconds: int


class Keeper:
    """Keeps a process open for the current snapshot of a state folder, in a thread of its own.

    In `folder` the link `current` names its socket; it moves on only when the process of the new snapshot is ready.
    """

    def __init__(self, settings: KeeperSettings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._current: tuple[str, subprocess.Popen[bytes]] | None = None
        self._retired: list[subprocess.Popen[bytes]] = []
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
        for process in [*self._retired, *([self._current[1]] if self._current else [])]:
            _end(process)

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
        self._retired = [process for process in self._retired if process.poll() is None]
        if self._current and self._current[0] == target and self._current[1].poll() is None:
            return
        failed, when = self._failed
        if failed == target and time.monotonic() - when < _RETRY_SECONDS:
            return
        if not self._open(target) and not self._stopping.is_set():
            self._failed = (target, time.monotonic())
            if failed != target:
                serving = Path(self._current[0]).name if self._current else "none"
                _log.error("snapshot %s cannot be opened; in service stays %s", Path(target).name, serving)

    def _open(self, target: str) -> bool:
        """Start the process for a snapshot, wait until it is ready, and send new connections to it; tell whether."""
        address = self._folder / Path(target).name
        address.unlink(missing_ok=True)
        process = subprocess.Popen(  # noqa: S603 - our own module, with values of our own
            [
                sys.executable,
                "-m",
                "kg.store.worker",
                str((self._settings.state / target).absolute()),
                str(address),
                str(self._settings.memory_quads),
                str(self._settings.most_bytes),
                str(self._settings.most_seconds),
            ],
            stdin=subprocess.PIPE,
            process_group=0,
            env=os.environ | _ALLOCATION,
        )
        waited = 0.0
        while not address.exists():
            if process.poll() is not None or waited > _START_SECONDS or self._stopping.is_set():
                _end(process)
                return False
            self._stopping.wait(0.01)
            waited += 0.01
        link = self._folder / "current.new"
        link.unlink(missing_ok=True)
        link.symlink_to(address.name)
        link.replace(self._folder / "current")
        if self._current:
            self._current[1].terminate()
            self._retired.append(self._current[1])
        self._current = (target, process)
        return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all workers that it has forked."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    cast("IO[bytes]", process.stdin).close()
    process.wait()
