"""Stores that answer over SPARQL, as processes, for tests: start one, end it, look at what it holds."""

from __future__ import annotations

import http.client
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, parse

from kg.settings import Endpoint, Remote
from kg.store import Ledger
from kg.store.rewriting import MERGE
from tests.serving import eventually, free_port
from tests.states import folded

_STARTS_WITHIN_SECONDS = 30
_HANGS_AFTER_SECONDS = 60
_ENDS_WITHIN_SECONDS = 20
HISTORY = "<urn:x-kg:history>"


@dataclass
class Oxigraph:
    """The server of Oxigraph; it keeps what it holds in a folder, or nowhere."""

    folder: Path | None = None
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def remote(self) -> Remote:
        return Remote(Endpoint(f"{self.url}/query"), Endpoint(f"{self.url}/update"))

    @property
    def environ(self) -> dict[str, str]:
        return {"KG_STORE": f"sparql+{self.url}/query"}

    def start(self) -> None:
        program = shutil.which("oxigraph", path=sysconfig.get_path("scripts"))
        assert program, "the package oxigraph is not installed: run `make test`"
        kept = ["--location", str(self.folder)] if self.folder else []
        self.process = subprocess.Popen(
            [program, "serve", "--bind", f"127.0.0.1:{self.port}", *kept, *self.options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert eventually(self._answers, seconds=_STARTS_WITHIN_SECONDS), "oxigraph does not start"

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(_ENDS_WITHIN_SECONDS)
            self.process = None

    def quads(self) -> set[Quad]:
        """All that it holds."""
        return {*parse(self._send("GET", "/store"), format=RdfFormat.N_QUADS)}

    def update(self, text: str) -> None:
        self._send("POST", "/update", text.encode(), {"Content-Type": "application/sparql-update"})

    def _send(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_HANGS_AFTER_SECONDS)
        try:
            connection.request(method, path, body, headers or {"Accept": "application/n-quads"})
            response = connection.getresponse()
            data = response.read()
        finally:
            connection.close()
        assert response.status in (200, 204), data
        return data

    def _answers(self) -> bool:
        assert self.process
        assert self.process.poll() is None, "oxigraph has ended"
        with suppress(OSError):
            self.quads()
            return True
        return False


@contextmanager
def oxigraph(folder: Path | None = None, *options: str) -> Iterator[Oxigraph]:
    server = Oxigraph(folder, ("--timeout-s", "60", *options))
    server.start()
    try:
        yield server
    finally:
        server.stop()


_VIRTUOSO_SETTINGS = """\
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
FileExtend = 200
[TempDatabase]
DatabaseFile = {folder}/temporary.db
TransactionFile = {folder}/temporary.trx
[Parameters]
ServerPort = 127.0.0.1:{sql_port}
DisableUnixSocket = 1
NumberOfBuffers = 10000
MaxDirtyBuffers = 6000
[HTTPServer]
ServerPort = 127.0.0.1:{port}
ServerRoot = {folder}
ServerThreads = 10
[SPARQL]
ResultSetMaxRows = 1000000
"""


@contextmanager
def virtuoso(program: str, folder: Path) -> Iterator[dict[str, str]]:
    """A Virtuoso of its own, as it is delivered; gives the settings to run over it."""
    folder.mkdir()
    port = free_port()
    settings = folder / "virtuoso.ini"
    settings.write_text(_VIRTUOSO_SETTINGS.format(folder=folder, port=port, sql_port=free_port()), encoding="utf-8")
    process = subprocess.Popen(
        [program, "+foreground", "+configfile", settings],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )

    def answers() -> bool:
        assert process.poll() is None, (folder / "virtuoso.log").read_text()
        with suppress(OSError), closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            connection.request("GET", "/sparql?query=ASK%7B%7D")
            return connection.getresponse().status == 200
        return False

    try:
        assert eventually(answers, seconds=_STARTS_WITHIN_SECONDS), "virtuoso does not start"
        yield {"KG_STORE": f"sparql+http://dba:dba@127.0.0.1:{port}/sparql-auth"}
    finally:
        process.kill()
        process.wait()


def assert_holds(server: Oxigraph, ledger: Ledger, revision: int | None = None, *, kind: str = "kept") -> None:
    """A store holds what the ledger comes to, the merge of it, and that it does; and nothing else."""
    revision = ledger.head().revision if revision is None else revision
    quads = server.quads()
    told = {quad for quad in quads if str(quad.graph_name) == HISTORY}
    assert {str(quad.object).partition("^^")[0] for quad in told} == {
        f'"{revision}"',
        f'"{ledger.digest(revision)}"',
        f'"{kind}"',
    }
    place = NamedNode(MERGE) if kind == "named" else DefaultGraph()
    merged = {quad for quad in quads if quad.graph_name == place}
    named = quads - told - merged
    assert {f"{quad} ." for quad in named} == folded(ledger, upto=revision)
    assert {quad.triple for quad in merged} == ({quad.triple for quad in named} if kind in ("kept", "named") else set())
