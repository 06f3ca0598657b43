"""Snapshots that cannot be read into memory: it is told, and the process that reads them for another one is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from kg.errors import StoreError
from kg.settings import STRICT, UNION
from kg.store import Changeset, Snapshots, changeset_of
from kg.store.opened import loaded_snapshot, open_snapshot
from tests.serving import eventually

MANY = 3_000
"""So many statements do not fit into a pipe."""

# Stops itself as soon as it has started another process to read the snapshot.
STOPPED = """
import os, signal, sys
from pathlib import Path
from kg.store.opened import loaded_snapshot

os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGSTOP))
loaded_snapshot(Path(sys.argv[1]))
"""

Damage = Callable[[Path], None]


def snapshot_of(state: Path, changes: Changeset, mode: str = UNION) -> Path:
    """The folder of a snapshot that holds some statements."""
    snapshots = Snapshots(state, memory_quads=0)
    with snapshots.locked():
        nquads = "".join(f"{line}\n" for line in changes.added).encode()
        snapshots.publish(nquads, default_graph=mode, base="x:", prefixes={"x": "x:"})
    return snapshots.current_path()


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A snapshot with many statements in two graphs, some of them in both of them."""
    named = [NamedNode(f"x:{number}") for number in range(MANY)]
    graphs = (NamedNode("x:g"), NamedNode("x:h"))
    quads = [Quad(node, NamedNode("x:p"), node, graph) for node in named for graph in graphs]
    quads += [Quad(node, NamedNode("x:p"), Literal(f"{node}\n\u2028", language="en"), graphs[0]) for node in named]
    return snapshot_of(tmp_path / "state", changeset_of(quads))


def children(pid: int) -> set[int]:
    """The processes that a process has started and not collected. Source: proc(5), /proc/pid/task/tid/children."""
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[0] != "Z"
    except OSError:
        return False


def cut(folder: Path) -> None:
    """Leave the first half of each file with statements; the rest is zeros."""
    for table in folder.glob("store/*.sst"):
        data = table.read_bytes()
        table.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))


def flip(folder: Path) -> None:
    """Turn over some bytes in each file with statements."""
    for table in folder.glob("store/*.sst"):
        data = bytearray(table.read_bytes())
        for at in range(len(data) // 4, len(data) // 4 + 64):
            data[at] ^= 0xFF
        table.write_bytes(data)


def lose(folder: Path) -> None:
    for table in folder.glob("store/*.sst"):
        table.unlink()


def overwrite(folder: Path) -> None:
    (folder / "store/CURRENT").write_text("nothing", encoding="utf-8")


def untell(folder: Path) -> None:
    (folder / "snapshot.json").write_text("{}", encoding="utf-8")


@pytest.mark.parametrize(
    ("mode", "graph", "held"),
    [(UNION, NamedNode("x:g"), 2), (STRICT, NamedNode("x:g"), 1), (STRICT, DefaultGraph(), 1)],
)
def test_what_is_read_into_memory_is_what_is_on_disk(
    tmp_path: Path, mode: str, graph: NamedNode | DefaultGraph, held: int
) -> None:
    quad = Quad(NamedNode("x:s"), NamedNode("x:p"), Literal('\r\n\u2028\t"\\'), graph)
    folder = snapshot_of(tmp_path / "state", changeset_of([quad]), mode)
    loaded, opened = loaded_snapshot(folder), open_snapshot(folder, memory_quads=0)
    assert loaded.description == opened.description
    assert {*loaded.store} == {*opened.store} >= {quad}
    assert len(loaded.store) == held


def test_many_statements_are_read_through_the_pipe(many: Path) -> None:
    before = children(os.getpid())
    loaded, opened = loaded_snapshot(many), open_snapshot(many, memory_quads=0)
    assert loaded.nquads() == opened.nquads()
    assert len(loaded.store) == 5 * MANY  # with the merge
    assert children(os.getpid()) == before


@pytest.mark.parametrize("damage", [cut, flip, lose, overwrite, untell])
def test_a_damaged_one_is_an_error_and_leaves_no_process(many: Path, damage: Damage) -> None:
    damage(many)
    before = children(os.getpid())
    for _ in range(3):
        with pytest.raises(StoreError, match="cannot be used") as caught:
            loaded_snapshot(many)
        assert str(many) in str(caught.value)
        assert "kg build" in caught.value.remedy
    assert children(os.getpid()) == before


def test_who_reads_for_a_process_that_was_killed_ends_too(many: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", STOPPED, many]) as process:
        try:
            assert eventually(lambda: children(process.pid), seconds=30)
            reader = children(process.pid)
        finally:
            process.kill()
    assert process.returncode == -signal.SIGKILL
    assert eventually(lambda: not any(map(is_running, reader)), seconds=10)
