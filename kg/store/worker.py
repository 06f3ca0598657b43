"""The process that answers queries: it opens one snapshot, then forks a worker for each connection.

A query cannot be cancelled and may need any amount of memory, so each runs in a process that can be ended. Opening a
snapshot is paid once: a worker is a fork, which shares the memory and is there within a few milliseconds.

    python -m kg.store.worker SNAPSHOT SOCKET MEMORY_QUADS MOST_BYTES MOST_SECONDS

It ends, and its workers with it, when its standard input is closed; on SIGTERM it takes no new connections and ends
when its last worker has. A worker is ended by whoever asked it, at the deadline or when nobody waits any more; should
that process itself be gone, the system ends the worker after as many seconds of computing.
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
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kg.errors import KgError, QueryError, QueryRefused, QuerySyntax
from kg.namespaces import PREFIXES
from kg.sparql import called_services
from kg.store.federation import refuse_private
from kg.store.frames import HEAD_BYTES, PID_BYTES, frame
from kg.store.results import Results
from kg.store.snapshots import Snapshot, describe_snapshot, open_snapshot

_CHUNK_BYTES: Final = 128 * 1024
_SMALL_BYTES: Final = 64 * 1024
_WORTH_SENDING_BYTES: Final = 4 * 1024
_PATIENCE_SECONDS: Final = 0.01
# Rows for a page are held by the server process, as a whole.
_MOST_ROWS_BYTES: Final = 16 * 1024 * 1024
# A worker that has grown by this much is replaced by a new one after its answer.
_GROWTH_BYTES: Final = 64 * 1024 * 1024


class _Writer:
    """Where the engine writes an answer to; sends it in one frame when it is small, in parts as it grows."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._held = bytearray()
        self._since = time.monotonic()
        self.started = False

    def write(self, data: bytes) -> int:
        """Take the next bytes of the answer."""
        self._held += data
        if len(self._held) >= (_CHUNK_BYTES if self.started else _SMALL_BYTES) or self._is_late():
            self._send(b"D")
        return len(data)

    def flush(self) -> None:
        """What is held goes when there is enough of it, or at the end."""

    def end(self) -> None:
        """Send what is left."""
        if not self.started:
            self._send(b"A")
            return
        if self._held:
            self._send(b"D")
        self._connection.sendall(frame(b"Z", b""))

    def _is_late(self) -> bool:
        """Whether a first part should go now. A few bytes can wait: the engine hands them out before it fails, too."""
        if self.started or len(self._held) < _WORTH_SENDING_BYTES:
            return False
        return time.monotonic() - self._since > _PATIENCE_SECONDS

    def _send(self, kind: bytes) -> None:
        """The engine may hand out any amount at once; no frame is larger than a part."""
        held, self._held = memoryview(self._held), bytearray()
        for start in range(0, len(held) or 1, _CHUNK_BYTES):
            part = held[start : start + _CHUNK_BYTES]
            self._connection.sendall(frame(kind, part))
        self.started = True


def answer_to(snapshot: Snapshot, request: dict[str, Any], connection: socket.socket) -> None:
    """Answer one request on a connection.

    Raises:
        OSError: nobody reads any more.
    """
    writer = _Writer(connection)
    services = called_services(request["query"])
    try:
        refuse_private(services)
        results = snapshot.query(
            request["query"],
            default_graphs=request.get("default_graphs", ()),
            named_graphs=request.get("named_graphs", ()),
        )
        if "format" in request:
            results.write(request["format"], PREFIXES | snapshot.description.prefixes, writer)
            writer.end()
        else:
            connection.sendall(frame(b"R", _rows(results, request["limit"])))
    except QueryError as error:
        told = _told(error)
        if services and told["kind"] == "QueryError":
            told["kind"] = "ServiceFailed"
        connection.sendall(frame(b"E", json.dumps(told).encode()))


def _rows(results: Results, limit: int) -> bytes:
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


def _told(error: QueryError) -> dict[str, Any]:
    place = {"line": error.line, "column": error.column} if isinstance(error, QuerySyntax) else {}
    return {"kind": type(error).__name__, "message": str(error), "remedy": error.remedy, **place}


def _receive(connection: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = connection.recv(count - len(parts))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


@dataclass(frozen=True)
class Bounds:
    """What one query may take."""

    bytes: int
    seconds: int


def _work(connection: socket.socket, snapshot: Snapshot, bounds: Bounds) -> None:
    """Answer the requests of one connection until it is closed."""
    gc.disable()  # answering makes no cycles, and a worker that grows is replaced
    _limit_memory(bounds.bytes)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 + _GROWTH_BYTES
    connection.sendall(os.getpid().to_bytes(PID_BYTES, "big"))
    while True:
        head = _receive(connection, HEAD_BYTES)
        request = json.loads(_receive(connection, int.from_bytes(head[1:], "big")))
        _limit_time(bounds.seconds)
        answer_to(snapshot, request, connection)
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > grown:
            return


def _limit_memory(most_bytes: int) -> None:
    """Let the process take that many bytes more than it has now; the engine ends it when it asks for more."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + most_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_time(seconds: int) -> None:
    """Let the process compute for that many seconds more."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    until = int(usage.ru_utime + usage.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


def _fork_worker(listener: socket.socket, folder: Path, snapshot: Snapshot | None, bounds: Bounds) -> None:
    connection, _ = listener.accept()
    try:
        child = os.fork()
    except OSError as error:  # too many processes: whoever asks sees the connection closed, and asks again
        print(f"no worker can be started: {error}", file=sys.stderr)
        child = -1
    if child:
        connection.close()
        return
    status = 0
    try:
        listener.close()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        opened = snapshot or open_snapshot(folder, memory_quads=0)
        _work(connection, opened, bounds)
    except (EOFError, OSError):
        status = 1
    except MemoryError:
        status = 2
    except BaseException:  # noqa: BLE001 - this is the outermost handler of a process that must not go on
        sys.excepthook(*sys.exc_info())
        status = 3
    finally:
        os._exit(status)


def main(folder: Path, address: str, *, memory_quads: int, bounds: Bounds) -> None:
    """Serve one snapshot at the address of a Unix socket; the socket appears when the snapshot is open."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # An engine that is open on disk has threads, which a fork would lose; there each worker opens it for itself.
    in_memory = describe_snapshot(folder).quads <= memory_quads
    snapshot = open_snapshot(folder, memory_quads=memory_quads) if in_memory else None
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system collects workers that have ended
    gc.collect()
    gc.freeze()  # what is shared with the workers stays shared
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(f"{address}.new")
    listener.listen(128)
    Path(f"{address}.new").rename(address)
    leaving: list[bool] = []
    signal.signal(signal.SIGTERM, lambda *_: leaving.append(True))
    while not leaving:
        try:
            ready, _, _ = select.select([listener, sys.stdin], [], [], 1.0)
        except InterruptedError:
            continue
        if sys.stdin in ready:
            os.killpg(0, signal.SIGKILL)
        if listener in ready:
            _fork_worker(listener, folder, snapshot, bounds)
    Path(address).unlink(missing_ok=True)
    listener.close()
    _wait_for_workers()


def _wait_for_workers() -> None:
    """Until the last worker has ended, or whoever started this process has."""
    while True:
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if select.select([sys.stdin], [], [], 0.2)[0]:
            os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    _folder, _address, *_numbers = sys.argv[1:]
    _quads, _bytes, _seconds = map(int, _numbers)
    try:
        main(Path(_folder), _address, memory_quads=_quads, bounds=Bounds(_bytes, _seconds))
    except KgError as _error:
        sys.exit(f"{_error}\nWhat to do: {_error.remedy}")
