"""Earlier states are made by whoever asks first: many at once, after a crash, and while others make room."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest

from kg.errors import RevisionMissing
from kg.settings import STRICT, UNION
from kg.store import Changeset, Ledger, Snapshots, description_of, open_primary, past_folder, past_snapshot, sweep
from tests.states import SIGNATURE, folded

KEPT = 8
LAST = 12
MANY = 100
"""Statements of each commit, so that there is something to be read while it goes."""

# Is killed while it makes an earlier state.
KILLED = """
import os, signal, sys
from pathlib import Path
from kg.store import Ledger, Snapshots, past_snapshot
import kg.store.past as past

def kill(frame, event, argument):
    if frame.f_code.co_name == "forget":
        os.kill(os.getpid(), signal.SIGKILL)

state = Path(sys.argv[1])
now = Snapshots(state, memory_quads=0).current().description
sys.setprofile(kill)
past_snapshot(state, Ledger(state / "ledger"), 3, now=now)
"""


@pytest.fixture(scope="module", params=[UNION, STRICT])
def grown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with twelve commits; each adds statements to two graphs and removes those of the one before."""
    state = tmp_path_factory.mktemp("past") / "state"
    snapshots, ledger = Snapshots(state, memory_quads=0), Ledger(state / "ledger")
    with open_primary(snapshots, ledger, default_graph=request.param) as primary:
        before: tuple[str, ...] = ()
        for revision in range(1, LAST + 1):
            graphs = ("<x:g> ", f"<x:g{revision}> ")
            added = sorted(f"<x:s{n}> <x:p> <x:r{revision}> {graph}." for n in range(MANY) for graph in graphs)
            primary.change(Changeset(added=tuple(added), removed=before))
            primary.hold(SIGNATURE, source="x:source")
            before = tuple(line for line in added if line.endswith("<x:g> ."))
        primary.commit()
        primary.publish(snapshots, description_of(primary, base="x:", prefixes={}), rulebook="")
    return state


@pytest.fixture
def state(grown: Path, tmp_path: Path) -> Path:
    return shutil.copytree(grown, tmp_path / "state", symlinks=True)


def ask(state: Path, revision: int) -> set[str]:
    """What there was at a revision, as whoever answers for it reads it."""
    now = Snapshots(state, memory_quads=0).current().description
    snapshot = past_snapshot(state, Ledger(state / "ledger"), revision, now=now)
    assert snapshot.description.revision == revision
    return {*snapshot.nquads().decode().split("\n")[:-1]}


def expected(state: Path, revision: int) -> set[str]:
    return folded(Ledger(state / "ledger"), upto=revision)


def kept(state: Path) -> list[str]:
    return sorted(folder.name for folder in (state / "past").iterdir())


@pytest.fixture(scope="module")
def askers() -> Iterator[ProcessPoolExecutor]:
    """Processes that ask at once."""
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        yield pool


def test_who_asks_for_one_revision_at_once_gets_the_same(state: Path, askers: ProcessPoolExecutor) -> None:
    for revision in (5, 1):
        for told in askers.map(partial(ask, state), [revision] * 8):
            assert told == expected(state, revision)
    assert [name.partition("-")[0] for name in kept(state)] == ["000001", "000005"]


def test_who_asks_for_more_than_are_kept_at_once_gets_each(state: Path, askers: ProcessPoolExecutor) -> None:
    """Who makes room takes nothing away from who reads."""
    revisions = [*range(1, LAST + 1)] * 3
    for revision, told in zip(revisions, askers.map(partial(ask, state), revisions), strict=True):
        assert told == expected(state, revision)
    assert len(kept(state)) == LAST  # all are new
    assert not [name for name in kept(state) if name.startswith("writing")]


def test_those_that_were_asked_for_last_are_kept(state: Path) -> None:
    for revision in range(1, KEPT + 1):
        ask(state, revision)
        os.utime(state / "past" / kept(state)[-1], times=(revision, revision))
    ask(state, 1)
    ask(state, LAST)
    assert [int(name.partition("-")[0]) for name in kept(state)] == [1, *range(3, KEPT + 1), LAST]


def test_one_that_another_process_has_just_removed_is_in_nobodys_way(state: Path) -> None:
    (state / "past").mkdir()
    (state / "past/000001-gone").symlink_to("nowhere")  # it is listed, and is not there
    now = Snapshots(state, memory_quads=0).current().description
    assert past_folder(state, Ledger(state / "ledger"), 3, now=now).is_dir()


def test_what_is_there_is_not_made_anew(state: Path) -> None:
    ask(state, 3)
    made = (state / "past" / kept(state)[0] / "store/CURRENT").stat()
    assert ask(state, 3) == expected(state, 3)
    assert (state / "past" / kept(state)[0] / "store/CURRENT").stat().st_ino == made.st_ino


@pytest.mark.parametrize("damage", ["empty", "untold", "broken", "another", "file"])
def test_what_is_of_no_use_is_made_anew(state: Path, damage: str) -> None:
    ask(state, 3)
    folder = state / "past" / kept(state)[0]
    if damage in ("empty", "file"):
        shutil.rmtree(folder)
        folder.touch() if damage == "file" else folder.mkdir()
    elif damage == "untold":
        (folder / "snapshot.json").unlink()
    elif damage == "broken":
        (folder / "store/CURRENT").write_text("nothing", encoding="utf-8")
    else:
        ask(state, 4)
        shutil.rmtree(folder)
        folder.with_name(kept(state)[0]).rename(folder)
    assert ask(state, 3) == expected(state, 3)
    assert kept(state) == [folder.name]


def test_what_a_killed_process_left_is_swept_and_in_nobodys_way(state: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, state], capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    [left] = kept(state)
    assert left.startswith("writing-")
    assert ask(state, 3) == expected(state, 3)
    assert len(kept(state)) == 2
    (state / f"past/writing-{os.getpid()}-x").mkdir()  # of a process that runs
    sweep(state)
    assert [name.partition("-")[0] for name in kept(state)] == ["000003", "writing"]


@pytest.mark.parametrize("revision", [0, -1, LAST + 1])
def test_a_revision_that_there_is_not_leaves_nothing(state: Path, revision: int) -> None:
    now = Snapshots(state, memory_quads=0).current().description
    with pytest.raises(RevisionMissing):
        past_folder(state, Ledger(state / "ledger"), revision, now=now)
    assert not (state / "past").exists()
