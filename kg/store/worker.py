"""The server of one snapshot: a process that forks a worker for each connection, which answers queries.

A query cannot be cancelled and may need any amount of memory, so each runs in a process that can be ended. Opening a
snapshot is paid once: a worker is a fork, which shares the memory and is there within a few milliseconds.

The server ends, and its workers with it, when whoever has forked it is gone; on SIGTERM it takes no new connections and
ends when its last worker has. A worker is ended by whoever asked it, at the deadline or when nobody waits any more;
should that process itself be gone, the system ends the worker after as many seconds of computing.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import signal
import socket
import sys
import threading
import time
from collections import ChainMap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kg.errors import KgError, QueryError, QueryRefused, QuerySyntax, RevisionMissing, StoreError
from kg.memory import give_back
from kg.namespaces import PREFIXES
from kg.sparql import Call, called_services
from kg.store.distant import Shared
from kg.store.federation import call_failed, check_calls
from kg.store.frames import HEAD_BYTES, NUMBER_BYTES, asked, frame
from kg.store.opened import open_snapshot
from kg.store.past import Past
from kg.store.readable import Answers
from kg.store.writer import Writer

_RECEIVE_BYTES: Final = 64 * 1024
_RESIDENT: Final = 1
_DATA: Final = 5
# Rows for a page are held by the server process, as a whole.
_MOST_ROWS_BYTES: Final = 16 * 1024 * 1024
# A worker that has grown by this much is replaced by a new one after its answer. One on disk keeps what it has read.
_GROWTH_BYTES: Final = 96 * 1024 * 1024
# What a worker has become is looked at after an answer that took so long, and from time to time: it takes several calls
# of the system, which a short query would feel.
_LONG_SECONDS: Final = 0.01
_LOOK_SECONDS: Final = 0.1


def answer_to(snapshot: Shared, request: dict[str, Any], connection: socket.socket, *, state: Path) -> bool:
    """Answer one request on a connection, from the snapshot or from an earlier state of the state folder.

    Returns whether the answer was sent in parts.

    Raises:
        OSError: nobody reads any more.
    """
    writer = Writer(connection)
    calls = called_services(request["query"])
    try:
        check_calls(calls)
        results = _asked(snapshot, request, state).query(
            request["query"],
            default_graphs=request.get("default_graphs", ()),
            named_graphs=request.get("named_graphs", ()),
        )
        if "format" in request:
            results.write(request["format"], ChainMap(snapshot.description.prefixes, PREFIXES), writer)
            writer.end()
        else:
            connection.sendall(frame(b"R", _rows(results, request["limit"])))
    except (QueryError, RevisionMissing, StoreError) as error:
        # No name for it here: that would be a cycle with its traceback, which holds the rows, and none is collected.
        connection.sendall(frame(b"E", json.dumps(_told(_named(error, calls))).encode()))
    return writer.started


def _rows(results: Answers, limit: int) -> bytes:
    rows = []
    room = _MOST_ROWS_BYTES
    for row in results.rows(limit):
        rows.append([[term.kind, term.value, term.language, term.datatype] if term else None for term in row])
        room -= sum(len(term.value) for term in row if term)
        if room < 0:
            raise QueryRefused(
                "the first rows of the answer are too large for a page", remedy="ask for it in another format, as csv"
            )
    return json.dumps({"columns": results.columns, "boolean": results.boolean, "rows": rows}).encode()


def _asked(snapshot: Shared, request: dict[str, Any], state: Path) -> Shared:
    if "revision" not in request and "as_of" not in request:
        return snapshot
    return Past(request.get("revision"), request.get("as_of", "")).open(state, now=snapshot.description)


def _named(error: KgError, calls: Sequence[Call]) -> KgError:
    """The error that is told; where the engine could not evaluate a query that calls others, it is most likely they."""
    return call_failed(error, calls) if calls and type(error) is QueryError else error


def _told(error: KgError) -> dict[str, Any]:
    place = {"line": error.line, "column": error.column} if isinstance(error, QuerySyntax) else {}
    return {"kind": type(error).__name__, "message": str(error), "remedy": error.remedy, **place}


def _receive(connection: socket.socket) -> dict[str, Any]:
    """The next request, which mostly comes in one piece.

    Raises:
        EOFError: there is none any more.
    """
    held = b""
    length = HEAD_BYTES
    while len(held) < length:
        part = connection.recv(_RECEIVE_BYTES)
        if not part:
            raise EOFError
        held += part
        if len(held) >= HEAD_BYTES:
            length = HEAD_BYTES + int.from_bytes(held[1:HEAD_BYTES], "big")
    return asked(held[:1], held[HEAD_BYTES:])


@dataclass(frozen=True)
class Bounds:
    """What one query may take."""

    bytes: int
    seconds: int


def _work(connection: socket.socket, folder: Path, snapshot: Shared | None, bounds: Bounds) -> None:
    """Answer the requests of one connection until it is closed.

    A thread that was slowed down cannot be made as fast again, so another one takes over after its answer. So it does
    after an answer in parts: the engine may need a while to give up what it held for it, and whoever asks has to know
    when that is done.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    opened = snapshot or open_snapshot(folder, memory_quads=0)
    gc.disable()  # answering makes no cycles, and a worker that grows is replaced
    _limit_memory(bounds.bytes)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 + _GROWTH_BYTES
    while True:
        thread = threading.Thread(target=_ending_with, args=(_answer_on, connection, opened, folder, bounds, grown))
        try:
            thread.start()
        except RuntimeError as error:  # there is no room for its stack
            raise MemoryError from error
        thread.join()


def _answer_on(connection: socket.socket, snapshot: Shared, folder: Path, bounds: Bounds, most_bytes: int) -> None:
    """Answer requests in this thread, until it has been slowed down or has answered in parts.

    Raises:
        EOFError: there are no more requests, or the process has grown to more than `most_bytes`.
        OSError: nobody reads any more.
    """
    _look(connection, bounds, most_bytes)
    policy = _policy()
    numbers = (os.getpid(), threading.get_native_id())
    connection.sendall(frame(b"T", b"".join(number.to_bytes(NUMBER_BYTES, "big") for number in numbers)))
    state = folder.parent.parent
    in_parts = False
    looked = time.monotonic()
    while not in_parts:
        now = time.monotonic()
        if now - looked > _LOOK_SECONDS:
            looked = now
            if _policy() != policy:
                return
            _look(connection, bounds, most_bytes)
        request = _receive(connection)
        began = time.monotonic()
        in_parts = answer_to(snapshot, request, connection, state=state)
        if time.monotonic() - began > _LONG_SECONDS:
            looked = 0.0


def _look(connection: socket.socket, bounds: Bounds, most_bytes: int) -> None:
    """Give the process time for what may come until the next look.

    Raises:
        EOFError: it has grown to more than `most_bytes`.
    """
    usage = resource.getrusage(resource.RUSAGE_SELF)
    if usage.ru_maxrss * 1024 > most_bytes and _is_larger(most_bytes):
        give_back()
        if _is_larger(most_bytes):
            connection.close()  # whoever asks sees it at once; a process with much memory takes a while to be gone
            raise EOFError
    _limit_time(int(usage.ru_utime + usage.ru_stime) + bounds.seconds + 2)


def _is_larger(most_bytes: int) -> bool:
    return _pages(_RESIDENT) * resource.getpagesize() > most_bytes


def _policy() -> tuple[int, int]:
    """By which this thread gets its share of the processors; another one than at first when it was slowed down.

    Source: sched_setscheduler(2), getpriority(2): in Linux, each thread has its own.
    """
    return os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0)


def _limit_memory(most_bytes: int) -> None:
    """Let the process take that many bytes more than it has now; the engine ends it when it asks for more.

    Source: getrlimit(2), RLIMIT_DATA: memory that can be written, and not what the C library has reserved only.
    """
    limit = _pages(_DATA) * resource.getpagesize() + most_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _pages(field: int) -> int:
    """Source: proc(5), /proc/pid/statm."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[field])


def _limit_time(until_seconds: int) -> None:
    """Let the process compute for that many seconds in all."""
    resource.setrlimit(resource.RLIMIT_CPU, (until_seconds, resource.RLIM_INFINITY))


def _ending_with(run: Callable[..., None], *arguments: Any) -> None:
    """Run, and end the process whatever comes of it other than a return."""
    status = 0
    try:
        run(*arguments)
    except (EOFError, OSError):
        status = 1
    except MemoryError:
        status = 2
    except BaseException:  # noqa: BLE001 - this is the outermost handler of a process that must not go on
        sys.excepthook(*sys.exc_info())
        status = 3
    if status:
        os._exit(status)


def _fork_worker(listener: socket.socket, folder: Path, snapshot: Shared | None, bounds: Bounds) -> None:
    connection, _ = listener.accept()
    try:
        child = os.fork()
    except OSError as error:  # too many processes: whoever asks sees the connection closed, and asks again
        print(f"no worker can be started: {error}", file=sys.stderr)
        child = -1
    if child:
        connection.close()
        return
    listener.close()
    _ending_with(_work, connection, folder, snapshot, bounds)


def serve(folder: Path, address: str, snapshot: Shared | None, *, bounds: Bounds, lifeline: int) -> None:
    """Serve one snapshot at the address of a Unix socket, which appears at once, until SIGTERM.

    Without `snapshot`, each worker opens the one in the folder for itself. When whoever holds the other end of the pipe
    `lifeline` is gone, the server and its workers end at once.
    """
    os.setpgid(0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system collects workers that have ended
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(f"{address}.new")
    listener.listen(128)
    Path(f"{address}.new").rename(address)
    leaving: list[bool] = []
    signal.signal(signal.SIGTERM, lambda *_: leaving.append(True))
    while not leaving:
        try:
            ready, _, _ = select.select([listener.fileno(), lifeline], [], [], 1.0)
        except InterruptedError:
            continue
        if lifeline in ready:
            os.killpg(0, signal.SIGKILL)
        if listener.fileno() in ready:
            _fork_worker(listener, folder, snapshot, bounds)
    Path(address).unlink(missing_ok=True)
    listener.close()
    _wait_for_workers(lifeline)


def _wait_for_workers(lifeline: int) -> None:
    """Until the last worker has ended, or whoever started this process has."""
    while True:
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if select.select([lifeline], [], [], 0.2)[0]:
            os.killpg(0, signal.SIGKILL)
