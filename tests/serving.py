"""A server as processes, for tests: start it, ask it over HTTP, look at what it runs."""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from urllib.parse import urlencode

from tests.forking import Forked, fork_server

ROOT = Path(__file__).parents[1]
Command = tuple[Path, dict[str, str]]

JSON = "application/sparql-results+json"
_OPENER = "kg.store.opener"
_STARTS_WITHIN_SECONDS = 60
_ENDS_WITHIN_SECONDS = 20
_HANGS_AFTER_SECONDS = 60
# Source: proc(5), /proc/pid/stat: clock ticks, of which Linux has 100 a second.
_TICKS_A_SECOND = 100


@dataclass(frozen=True)
class Reply:
    """What came back over HTTP, and after how long."""

    status: int
    headers: Message
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    @property
    def media_type(self) -> str:
        return self.headers.get_content_type()


@dataclass(frozen=True)
class Process:
    """One running process."""

    pid: int
    parent: int
    state: str
    cpu_seconds: float
    command: str


@dataclass(frozen=True)
class Server:
    """A server process and where it listens; it has a session and a folder for temporary files of its own."""

    process: subprocess.Popen[bytes] | Forked
    port: int
    log: Path
    temporary: Path

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=_HANGS_AFTER_SECONDS)

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        """One request on a connection of its own; `content_type=` is the header Content-Type."""
        connection = self.connect()
        started = time.monotonic()
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body=body, headers=named)
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read(), time.monotonic() - started)
        finally:
            connection.close()

    def get(self, path: str, *, accept: str = "*/*", **parameters: str) -> Reply:
        return self.send("GET", f"{path}?{urlencode(parameters)}" if parameters else path, accept=accept)

    def ask(self, query: str, *, accept: str = JSON, **parameters: str) -> Reply:
        return self.send("GET", query_path(query, **parameters), accept=accept)

    def processes(self) -> list[Process]:
        """All running processes of its session."""
        return [process for process, session in _running() if session == self.process.pid]

    def fronts(self) -> list[Process]:
        """The processes that speak HTTP."""
        return [
            process
            for process in self.processes()
            if process.parent == self.process.pid and _OPENER not in process.command
        ]

    def openers(self) -> list[Process]:
        """The processes that have the current state open, and fork a server for each snapshot."""
        return [
            process for process in self.processes() if process.parent == self.process.pid and _OPENER in process.command
        ]

    def servers(self) -> list[Process]:
        """The processes that serve one snapshot, and fork workers."""
        openers = {process.pid for process in self.openers()}
        return [process for process in self.processes() if process.parent in openers]

    def workers(self) -> list[Process]:
        """The processes that answer queries, also those whose parent is gone."""
        others = {process.pid for process in (*self.openers(), *self.servers())}
        return [process for process in self.processes() if _OPENER in process.command and process.pid not in others]

    def busy(self) -> set[int]:
        """The workers that compute just now."""
        before = {worker.pid: worker.cpu_seconds for worker in self.workers()}
        time.sleep(0.2)
        return {worker.pid for worker in self.workers() if worker.cpu_seconds > before.get(worker.pid, 0.0) + 0.02}

    def memory_bytes(self, processes: Sequence[Process] | None = None) -> int:
        """The memory of all its processes, or of some; what several share is counted once."""
        return sum(_proportional_bytes(process.pid) for process in processes or self.processes())


def query_path(query: str, **parameters: str) -> str:
    return f"/sparql?{urlencode({'query': query, **parameters})}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(holds: Callable[[], object], *, seconds: float) -> bool:
    """Whether something comes to hold within a time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return bool(holds())


@contextmanager
def serving(
    command: Command, state: Path, folder: Path, *, program: Sequence[str | Path] = (), **environ: str
) -> Iterator[Server]:
    """`kg serve`, or another program, on a free port, ready to answer, and then ended; its log is in `folder`.

    A server is forked from a process that has loaded it; another program, and one that is told what Python itself may
    heed, is a new one.
    """
    kg, settings_free = command
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix="kg-test-"))  # a short name: the address of a Unix socket has 108 bytes
    own = {"KG_STATE": str(state), "KG_PORT": str(port), "TMPDIR": str(temporary), **environ}
    with (folder / "log").open("wb") as log:
        process: subprocess.Popen[bytes] | Forked
        if program or not all(name.startswith("KG_") for name in environ):
            process = subprocess.Popen(
                program or [kg, "serve"],
                env=settings_free | own,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        else:
            process = fork_server(settings_free | own, log.fileno())
    server = Server(process, port, folder / "log", temporary)
    try:
        assert eventually(lambda: _answers(server), seconds=_STARTS_WITHIN_SECONDS), server.log.read_text()
        yield server
    finally:
        process.terminate()
        try:
            process.wait(_ENDS_WITHIN_SECONDS)
        finally:
            process.kill()
            process.wait()
            shutil.rmtree(temporary, ignore_errors=True)


def _answers(server: Server) -> bool:
    assert server.process.poll() is None, f"the server ended:\n{server.log.read_text()}"
    with suppress(OSError):
        return server.ask("ASK {}").status in (200, 502)  # 502: it answers, and another store does not
    return False


def _running() -> Iterator[tuple[Process, int]]:
    """Source: proc(5), /proc/pid/stat: state, parent, process group, session; user and system time are 14 and 15."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = (path / "stat").read_text().rpartition(") ")[2].split()
            command = (path / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if fields[0] != "Z":
            cpu_seconds = (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND
            yield Process(int(path.name), int(fields[1]), fields[0], cpu_seconds, command), int(fields[3])


def _proportional_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
