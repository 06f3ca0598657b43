"""The services that are measured: how each takes in the data, starts and ends."""

from __future__ import annotations

import http.client
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.http import Address, connect, fetch, get_request
from bench.jena import JENA, JENA_ENVIRON, WARM_SECONDS, compile_command, java, serve_command

OURS: Final = "kg serve"
BASELINE: Final = "oxigraph serve, memory"

PEERS_ENVIRONMENT: Final = Path(sys.prefix) / "bench"

_START_SECONDS: Final = 600.0
_LOOK_SECONDS: Final = 0.01
_END_SECONDS: Final = 5.0
_OK: Final = 200


class StartError(Exception):
    """A service did not come up, or did not take in the data."""


@dataclass(frozen=True)
class Data:
    """A dataset to serve."""

    name: str
    nquads: Path
    """Its quads, as a service gets them that sees all graphs at once."""
    merged: Path
    """The same, and for the default graph what a query sees that names no graph: what our engine holds."""
    quads: int
    content: Path | None
    """The content folders that it is built from; None where the file is all there is."""


@dataclass
class Service:
    """A service that runs."""

    name: str
    process: subprocess.Popen[bytes]
    address: Address
    start_seconds: float
    again: Callable[[], Service] | None = None
    """Starts the same anew."""
    restarts: int = 0
    warm_seconds: float = 0.0
    """How long it is asked before it is measured, where it gets faster by being asked."""

    def restart(self) -> None:
        """End it as it is, and start anew: for one that still works on what nobody waits for."""
        self.process.kill()
        self.process.wait()
        if self.again is None:
            raise StartError(f"{self.name} cannot be started again")
        new = self.again()
        self.process, self.address = new.process, new.address
        self.restarts += 1

    def answers(self, *, timeout_seconds: float = 5.0) -> bool:
        """Whether it answers the least of questions."""
        with suppress(OSError), connect(self.address.port, timeout_seconds=timeout_seconds) as connection:
            return fetch(connection, get_request(self.address, "ASK {}")).status == _OK
        return False

    def limit_memory(self, most_bytes: int) -> None:
        """Let the process have no more than that many bytes of address space, so that the machine outlives it."""
        resource.prlimit(self.process.pid, resource.RLIMIT_AS, (most_bytes, most_bytes))

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(frozen=True)
class Peer:
    """One kind of service."""

    name: str
    program: Callable[[], str | None]
    """Where its program is; None where it is not installed."""
    prepare: Callable[[Data, Path], None]
    """Take in the data before the start, into a folder of its own."""
    start: Callable[[Data, Path, float | None], Service]
    """Start it on what was prepared; with a longest time for a query, in seconds, or with what it does by itself."""
    most_quads: int = 100_000_000
    """Larger data would take it hours or more memory than there is."""
    keeps: bool = True
    """Whether what it takes in is kept, so that a start does not take it in again."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _program(name: str) -> str | None:
    """A program in the environment of the peers, beside our Python, or in PATH."""
    places = (PEERS_ENVIRONMENT / "bin", Path(sys.executable).parent, *map(Path, os.get_exec_path()))
    return next((str(place / name) for place in places if os.access(place / name, os.X_OK)), None)


def _run(command: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None) -> None:
    with (folder / "log").open("ab") as log:
        try:
            done = subprocess.run(  # noqa: S603 - our own commands
                command, stdout=log, stderr=log, env=environ, check=False, timeout=_START_SECONDS
            )
        except subprocess.TimeoutExpired as error:
            raise StartError(f"{command[0]} was stopped after {_START_SECONDS:g} s") from error
    if done.returncode:
        raise StartError(f"{command[0]} ended with {done.returncode}: {_last_line(folder / 'log')}")


def _last_line(log: Path) -> str:
    return next(iter(log.read_text(encoding="utf-8", errors="replace").splitlines()[-1:]), "it said nothing")


def _spawn(
    name: str, command: Sequence[str], address: Address, folder: Path, environ: Mapping[str, str] | None = None
) -> Service:
    """Start a process and wait until it answers."""
    began = time.perf_counter()
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=environ)  # noqa: S603 - our own commands
    service = Service(name, process, address, 0.0)
    while not service.answers():
        if process.poll() is not None or time.perf_counter() - began > _START_SECONDS:
            service.stop()
            raise StartError(f"{name} does not answer: {_last_line(folder / 'log')}")
        time.sleep(_LOOK_SECONDS)
    service.start_seconds = time.perf_counter() - began
    return service


def _nothing(_: Data, __: Path) -> None:
    """Some take in the data when they start."""


def _our_command(data: Data, folder: Path) -> list[str]:
    empty = folder / "content"
    empty.mkdir(exist_ok=True)
    return ["--content", str((data.content or empty).absolute()), "--state", str(folder / "state")]


def _our_environ(deadline_seconds: float | None = None) -> dict[str, str]:
    """Our defaults, whatever is set outside."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KG_")}
    return environ | ({"KG_QUERY_SECONDS": str(int(deadline_seconds))} if deadline_seconds else {})


def _prepare_ours(data: Data, folder: Path) -> None:
    if data.content:
        _run([_program("kg") or "", *_our_command(data, folder), "build"], folder, _our_environ())
    else:
        _run([sys.executable, "-m", "bench.publish", str(data.nquads), str(folder / "state")], folder)


def _start_ours(data: Data, folder: Path, deadline_seconds: float | None) -> Service:
    address = Address(_free_port(), "/sparql")
    command = [_program("kg") or "", *_our_command(data, folder), "serve", "--port", str(address.port)]
    return _spawn(OURS, command, address, folder, _our_environ(deadline_seconds))


def serve_state(content: Path, folder: Path, environ: Mapping[str, str]) -> Service:
    """Our service of a state that was made in `folder`, with these settings besides our defaults."""
    address = Address(_free_port(), "/sparql")
    command = [_program("kg") or "", "--content", str(content), "--state", str(folder / "state")]
    return _spawn(
        OURS, [*command, "serve", "--port", str(address.port)], address, folder, {**_our_environ(), **environ}
    )


def _oxigraph_command(address: Address, deadline_seconds: float | None) -> list[str]:
    """With a timeout it starts a thread a query that lives as long as that, and under load it ends for want of threads.

    So it has one only where a deadline is measured.
    """
    timeout = ["--timeout-s", str(int(deadline_seconds))] if deadline_seconds else []
    return [_program("oxigraph") or "", "serve", "--bind", f"127.0.0.1:{address.port}", *timeout]


def _start_oxigraph_in_memory(data: Data, folder: Path, deadline_seconds: float | None) -> Service:
    address = Address(_free_port(), "/query")
    service = _spawn(BASELINE, _oxigraph_command(address, deadline_seconds), address, folder)
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", address.port)
    with data.merged.open("rb") as body:
        size = {"Content-Type": "application/n-quads", "Content-Length": str(data.merged.stat().st_size)}
        connection.request("POST", "/store", body, size)
        status = connection.getresponse().status
    connection.close()
    if status >= 300:  # noqa: PLR2004 - RFC 9110 §15: below are those of success
        service.stop()
        raise StartError(f"{BASELINE} did not take in the data: status {status}")
    service.start_seconds += time.perf_counter() - began
    return service


def _prepare_oxigraph_on_disk(data: Data, folder: Path) -> None:
    location = ["--location", str(folder / "store")]
    _run([_program("oxigraph") or "", "load", *location, "--file", str(data.merged), "--format", "nq"], folder)


def _start_oxigraph_on_disk(_: Data, folder: Path, deadline_seconds: float | None) -> Service:
    address = Address(_free_port(), "/query")
    command = [*_oxigraph_command(address, deadline_seconds), "--location", str(folder / "store")]
    return _spawn("oxigraph serve, disk", command, address, folder)


def _start_rdflib(data: Data, folder: Path, _: float | None) -> Service:
    address = Address(_free_port(), "/")
    command = [_program("rdflib-endpoint") or "", "serve", "--host", "127.0.0.1", "--port", str(address.port)]
    return _spawn("rdflib-endpoint", [*command, str(data.nquads.absolute())], address, folder)


def _prepare_jena(_: Data, folder: Path) -> None:
    _run(compile_command(folder), folder)


def _start_jena(data: Data, folder: Path, deadline_seconds: float | None) -> Service:
    address = Address(_free_port(), "/sparql")
    command = serve_command(data.merged, folder, port=address.port, deadline_seconds=deadline_seconds)
    service = _spawn(JENA, command, address, folder, dict(os.environ) | JENA_ENVIRON)
    service.warm_seconds = WARM_SECONDS
    return service


_VIRTUOSO_SQL_PORT: Final = "sql-port"
_VIRTUOSO_GRAPH: Final = "http://bench.example/default"


def _virtuoso_ini(data: Data, folder: Path, *, http_port: int, sql_port: int, deadline_seconds: float | None) -> Path:
    """A configuration in a folder of its own, with buffers for a tenth of the machine's memory.

    Source: Virtuoso 7 documentation, "Virtuoso Configuration File".
    """
    buffers = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 10 // 8700
    deadline = f"MaxQueryExecutionTime = {int(deadline_seconds)}" if deadline_seconds else ""
    path = folder / "virtuoso.ini"
    path.write_text(
        f"""[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
[TempDatabase]
DatabaseFile = {folder}/temporary.db
TransactionFile = {folder}/temporary.trx
[Parameters]
ServerPort = {sql_port}
DirsAllowed = {data.nquads.absolute().parent}
NumberOfBuffers = {buffers}
MaxDirtyBuffers = {buffers * 3 // 4}
ServerThreads = 100
[HTTPServer]
ServerPort = 127.0.0.1:{http_port}
ServerThreads = 64
MaxKeepAlives = 64
KeepAliveTimeout = 60
[SPARQL]
ResultSetMaxRows = 100000000
{deadline}
""",
        encoding="utf-8",
    )
    return path


def _start_virtuoso(data: Data, folder: Path, deadline_seconds: float | None) -> Service:
    address, sql_port = Address(_free_port(), "/sparql"), _free_port()
    ini = _virtuoso_ini(data, folder, http_port=address.port, sql_port=sql_port, deadline_seconds=deadline_seconds)
    (folder / _VIRTUOSO_SQL_PORT).write_text(str(sql_port), encoding="ascii")
    command = [_program("virtuoso-t") or "", "+foreground", "+configfile", str(ini)]
    return _spawn("Virtuoso", command, address, folder)


def _prepare_virtuoso(data: Data, folder: Path) -> None:
    service = _start_virtuoso(data, folder, None)
    try:
        port = (folder / _VIRTUOSO_SQL_PORT).read_text(encoding="ascii")
        isql = _program("isql-vt") or _program("isql") or ""
        place = data.nquads.absolute()
        statements = (
            f"ld_dir('{place.parent}', '{place.name}', '{_VIRTUOSO_GRAPH}')",
            "rdf_loader_run()",
            "checkpoint",
        )
        _run([isql, port, "dba", "dba", *(f"EXEC={statement};" for statement in statements)], folder)
    finally:
        service.stop()


PEERS: Final = (
    Peer(OURS, lambda: _program("kg"), _prepare_ours, _start_ours),
    Peer(BASELINE, lambda: _program("oxigraph"), _nothing, _start_oxigraph_in_memory, keeps=False),
    Peer("oxigraph serve, disk", lambda: _program("oxigraph"), _prepare_oxigraph_on_disk, _start_oxigraph_on_disk),
    Peer("Virtuoso", lambda: _program("virtuoso-t"), _prepare_virtuoso, _start_virtuoso),
    Peer(JENA, java, _prepare_jena, _start_jena, most_quads=1_000_000, keeps=False),
    Peer(
        "rdflib-endpoint",
        lambda: _program("rdflib-endpoint"),
        _nothing,
        _start_rdflib,
        most_quads=1_000_000,
        keeps=False,
    ),
)
