"""The server as a process: it starts, answers, turns to new snapshots, says what it lacks, and ends."""

from __future__ import annotations

import csv
import io
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.serving import ROOT, Command, eventually, free_port, serving

HEADLINE = (ROOT / "queries/competency/deliverables-supporting-framework.rq").read_text(encoding="utf-8")
SUPPORTERS = {
    f"https://w3id.org/unemg/id/deliverable/{slug}"
    for slug in ("bio-mr-framework", "bio-mr-outline", "bio-knowledge-inventory")
}
PROGRAMS: dict[str, list[str]] = {
    "kg serve": [str(Path(sysconfig.get_path("scripts")) / "kg"), "serve"],
    "server.py": [sys.executable, str(ROOT / "server.py")],
}
FORKED = "as other tests start it"
WAITS_SECONDS = 60

Kg = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.parametrize("name", ["kg serve", "server.py", FORKED])
def test_it_starts_answers_and_ends_on_sigterm_without_a_trace(
    kg_command: Command, state: Path, tmp_path: Path, name: str
) -> None:
    with serving(kg_command, state, tmp_path / "server", program=PROGRAMS.get(name, ())) as server:
        rows = list(csv.DictReader(io.StringIO(server.ask(HEADLINE, accept="text/csv").text)))
        assert {row["deliverable"] for row in rows} == SUPPORTERS
        assert {process.pid for process in server.processes()} > {server.process.pid}
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0, server.log.read_text()
        with pytest.raises(ConnectionRefusedError):
            server.get("/")
    assert eventually(lambda: not server.processes(), seconds=WAITS_SECONDS)
    assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("name", ["kg serve", "server.py"])
def test_without_a_build_it_says_what_to_do_and_ends(kg_command: Command, tmp_path: Path, name: str) -> None:
    ended = run_to_the_end(kg_command, name, state=tmp_path / "nothing", port=free_port())
    assert ended.returncode != 0
    assert f"nothing has been built in {tmp_path / 'nothing'}" in ended.stderr
    assert "What to do: run `kg build`" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("name", ["kg serve", "server.py"])
def test_a_port_that_is_taken_is_named_with_a_remedy(
    kg_command: Command, state: Path, tmp_path: Path, name: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run_to_the_end(kg_command, name, state=state, port=port)
    assert ended.returncode != 0
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr
    assert "What to do: choose another port" in ended.stderr


@pytest.mark.parametrize("name", ["kg serve", "server.py"])
def test_a_setting_that_cannot_be_used_is_named_with_a_remedy(kg_command: Command, state: Path, name: str) -> None:
    ended = run_to_the_end(kg_command, name, state=state, port="eighty")
    assert ended.returncode != 0
    assert "KG_PORT is 'eighty'" in ended.stderr
    assert "What to do: give a whole number" in ended.stderr


def run_to_the_end(kg_command: Command, name: str, *, state: Path, port: int | str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        PROGRAMS[name],
        cwd=ROOT,
        env=kg_command[1] | {"KG_STATE": str(state), "KG_PORT": str(port)},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=30,
    )


def test_a_new_snapshot_is_served_without_a_restart(
    kg: Kg, kg_command: Command, small_content: Path, library: Path, tmp_path: Path
) -> None:
    labels = (
        "SELECT ?label { ?book a <https://library.example/Book> ; <http://www.w3.org/2000/01/rdf-schema#label> ?label }"
    )
    with serving(kg_command, library, tmp_path / "server") as server:
        assert set(server.ask(labels, format="csv").text.split()) == {"label", "Emma", "Persuasion"}
        books = small_content / "data/books.trig"
        books.write_text(books.read_text(encoding="utf-8").replace('"Emma"', '"Sanditon"'), encoding="utf-8")
        assert "published snapshot 2" in kg("build", content=small_content, state=library).stderr
        wanted = {"label", "Sanditon", "Persuasion"}
        for _ in range(10):  # each server process turns to the new snapshot by itself
            assert eventually(
                lambda: set(server.ask(labels, format="csv").text.split()) == wanted, seconds=WAITS_SECONDS
            )
            assert eventually(lambda: "Snapshot 2" in server.get("/", accept="text/html").text, seconds=WAITS_SECONDS)
        assert server.process.poll() is None


def test_a_new_label_in_the_real_content_is_served_without_a_restart(
    kg: Kg, kg_command: Command, state: Path, tmp_path: Path
) -> None:
    content, copy = tmp_path / "content", shutil.copytree(state, tmp_path / "state", symlinks=True)
    for name in ("ontology", "shapes", "queries", "data"):
        shutil.copytree(ROOT / name, content / name)
    old, new = "Monitoring and reporting framework (IMG on Biodiversity)", "Framework of another name"
    report = content / "data/midterm-progress-report.trig"
    text = report.read_text(encoding="utf-8")
    assert text.count(f'"{old}"') == 1
    report.write_text(text.replace(f'"{old}"', f'"{new}"'), encoding="utf-8")
    with serving(kg_command, copy, tmp_path / "server", program=PROGRAMS["server.py"]) as server:
        before = server.ask(HEADLINE, format="csv").text
        assert kg("build", content=content, state=copy).returncode == 0
        assert old in before
        assert eventually(
            lambda: server.ask(HEADLINE, format="csv").text == before.replace(old, new), seconds=WAITS_SECONDS
        )
