"""Who starts the desk: nobody, until the first submission comes; then a process that stays as long as it has work."""

from __future__ import annotations

import json
import logging
import os
import select
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final, cast

_LOOK_SECONDS: Final = 0.2
_RETRY_SECONDS: Final = 1.0
_WAITING: Final = 64

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeskSettings:
    """How the desk works."""

    state: str
    query_characters: int
    query_depth: int
    submission_bytes: int
    """Longest text that can be submitted, in bytes."""
    most_bytes: int
    """Most memory that reading and judging one submission may take, in bytes."""
    most_seconds: int
    """Longest time that it may take, in seconds."""
    token_writes: int
    address_writes: int
    address_validations: int
    """How many there may be a minute."""
    idle_seconds: int = 900
    """After so long without work the desk's process ends."""


class DeskKeeper:
    """Listens in place of the desk, in a thread of its own, and starts the desk's process when somebody comes.

    In `folder` the socket `desk` is where submissions go to, `writer` where the desk's own processes hand them on.
    """

    def __init__(self, settings: DeskSettings, folder: Path) -> None:
        self._settings = settings
        self._sockets = tuple(_listen(folder / name) for name in ("desk", "writer"))
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="desk", daemon=True)

    def start(self) -> None:
        """Listen from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End the desk's processes. What they have told to be accepted is on disk."""
        self._stopping.set()
        self._thread.join()
        if self._process:
            _end(self._process)
        for listener in self._sockets:
            listener.close()

    def _keep(self) -> None:
        while not self._stopping.wait(0 if self._process is None else _LOOK_SECONDS):
            if self._process is not None and self._process.poll() is not None:
                if self._process.returncode:
                    _log.error("the desk ended with status %d", self._process.returncode)
                    self._stopping.wait(_RETRY_SECONDS)
                self._process = None
            if self._process is None and select.select([self._sockets[0]], [], [], _LOOK_SECONDS)[0]:
                try:
                    self._process = self._start()
                except OSError as error:
                    _log.error("the desk cannot be started: %s", error)
                    self._stopping.wait(_RETRY_SECONDS)

    def _start(self) -> subprocess.Popen[bytes]:
        numbers = [listener.fileno() for listener in self._sockets]
        return subprocess.Popen(  # noqa: S603 - our own module, with values of our own
            [sys.executable, "-m", "kg.desk.process", *map(str, numbers), json.dumps(asdict(self._settings))],
            stdin=subprocess.PIPE,
            pass_fds=numbers,
            process_group=0,
            # Each thread of the engine would reserve 64 MB of what a clerk may have; see mallopt(3).
            env=os.environ | {"MALLOC_ARENA_MAX": "1"},
        )


def _listen(address: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(address))
    listener.listen(_WAITING)
    return listener


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let the process end what it is doing: it does so when its standard input closes."""
    cast("IO[bytes]", process.stdin).close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)
    if process.poll() is None:
        process.kill()
        process.wait()
