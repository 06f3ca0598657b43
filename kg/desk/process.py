"""The process of the desk: it knows the rulebook, and forks a clerk for each errand and a writer for all of them.

    python -m kg.desk.process DESK_SOCKET WRITER_SOCKET SETTINGS

A clerk reads what strangers have sent, within limits of time and memory, and judges it where nothing is to be written.
The writer is the only one that writes, one submission after the other. The process ends when its standard input is
closed, or when nobody has come for a while.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import kg.tables.sheet  # noqa: F401 - clerks, which are forked from here, find it loaded
from kg.access import Allowance
from kg.desk.clerk import Office, attend
from kg.desk.keeper import DeskSettings
from kg.desk.wire import Errand, Receipt, Task, errand_from, receive_json, send_json, told_of
from kg.desk.writer import write
from kg.errors import KgError, TooMany
from kg.house import House, open_house
from kg.settings import Remote, Settings
from kg.sparql import Limits
from kg.store import Ledger, Snapshots, sweep

_log: Final = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 1.0
_ASKED_SECONDS: Final = 5.0


class Process:
    """What the process holds between two errands."""

    def __init__(
        self, desk: socket.socket, writer: socket.socket, settings: DeskSettings, *, remote: Remote | None
    ) -> None:
        self._desk = desk
        self._writer = writer
        self._settings = settings
        state = Path(settings.state)
        self._state = state
        self._snapshots = Snapshots(state, memory_quads=0, remote=remote)
        self._ledger = Ledger(state / "ledger")
        self._limits = Limits(characters=settings.query_characters, depth=settings.query_depth)
        self._by_token = Allowance("writes with one token", per_minute=settings.token_writes)
        self._by_address = Allowance("writes from one address", per_minute=settings.address_writes)
        self._validations = Allowance("validations from one address", per_minute=settings.address_validations)
        self._house: House | None = None
        self._children: set[int] = set()
        self._writing = 0

    def run(self) -> None:
        """Work until there is nothing to do for a while, or the standard input is closed."""
        idle_since = time.monotonic()
        while time.monotonic() - idle_since < self._settings.idle_seconds:
            listening = [self._desk, sys.stdin] if self._writing else [self._desk, self._writer, sys.stdin]
            ready, _, _ = select.select(listening, [], [], _LOOK_SECONDS)
            self._collect()
            if sys.stdin in ready:
                break
            if self._writer in ready:
                self._writing = self._fork(
                    lambda: write(
                        self._writer,
                        self._snapshots,
                        self._ledger,
                        house=self._house,
                        limits=self._limits,
                        most_seconds=self._settings.most_seconds,
                    )
                )
            if self._desk in ready:
                self._answer()
            if ready or self._children:
                idle_since = time.monotonic()
        self._end()

    def _answer(self) -> None:
        """Count a request here, where all are counted; fork a clerk for anything else."""
        connection, _ = self._desk.accept()
        connection.settimeout(_ASKED_SECONDS)
        with connection:
            try:
                errand, count = errand_from(receive_json(connection))
                if errand.task == Task.ADMIT:
                    send_json(connection, self._admitted(errand))
                    return
            except (EOFError, OSError):
                return  # whoever asked is gone
            except (KeyError, TypeError, ValueError) as error:
                _log.warning("somebody sent the desk what is no errand: %r", error)
                return
            connection.settimeout(None)
            self._enter()
            house = self._house
            self._fork(lambda: self._clerk(connection, errand, count, house=house))

    def _enter(self) -> None:
        """Know what is in force. What is kept of it the clerks and the writer share, and need not look through."""
        before = self._house
        try:
            self._house = open_house(self._snapshots, limits=self._limits, before=before)
        except KgError:
            self._house = None  # the clerk meets the same error and tells of it
        if self._house and (before is None or self._house.judges is not before.judges):
            gc.unfreeze()
            gc.collect()
            gc.freeze()

    def _admitted(self, errand: Errand) -> dict[str, Any]:
        now = time.monotonic()
        try:
            if errand.token:
                self._by_address.take(errand.address, now=now)
                self._by_token.take(errand.token, now=now)
            else:
                self._validations.take(errand.address, now=now)
        except TooMany as error:
            return told_of(error)
        return asdict(Receipt())

    def _clerk(self, connection: socket.socket, errand: Errand, count: int, *, house: House | None) -> None:
        _limit(self._settings)
        self._desk.close()
        writer = self._writer.getsockname()
        self._writer.close()
        most_bytes = self._settings.submission_bytes
        office = Office(self._snapshots, self._ledger, self._limits, most_bytes=most_bytes, writer=writer)
        attend(connection, errand, count, house=house, office=office)

    def _fork(self, work: Callable[[], None]) -> int:
        child = os.fork()
        if child:
            self._children.add(child)
            return child
        status = 0
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            work()
        except (EOFError, OSError) as error:  # whoever asked is gone
            _log.warning("a clerk or the writer ended early: %r", error)
            status = 1
        except BaseException:  # noqa: BLE001 - this is the outermost handler of a process that must not go on
            sys.excepthook(*sys.exc_info())
            status = 2
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _collect(self) -> None:
        """Collect the children that have ended, and what they have left behind."""
        ended = set()
        for child in self._children:
            gone, status = os.waitpid(child, os.WNOHANG)
            if gone:
                ended.add(child)
                if os.WIFSIGNALED(status):
                    _log.warning("process %d of the desk was ended by signal %d", child, os.WTERMSIG(status))
        self._children -= ended
        if self._writing in ended:
            self._writing = 0
        if ended:
            sweep(self._state)

    def _end(self) -> None:
        """Let the writer finish, and nobody else."""
        for child in self._children - {self._writing}:
            os.kill(child, signal.SIGKILL)
        if self._writing:
            os.kill(self._writing, signal.SIGTERM)
            os.waitpid(self._writing, 0)


def _limit(settings: DeskSettings) -> None:
    """Let a clerk take so much more memory than it has now, and so much time."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + settings.most_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(settings.most_seconds)  # nobody handles it: the process ends


if __name__ == "__main__":
    _desk, _writer, _told = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Process(
        socket.socket(fileno=int(_desk)),
        socket.socket(fileno=int(_writer)),
        DeskSettings(**json.loads(_told)),
        remote=Settings.from_environ(os.environ).remote,  # a password is no argument: others could read it
    ).run()
