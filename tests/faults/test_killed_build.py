"""A build that is killed at any moment harms nothing: what is current is whole, and the next build works."""

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kg.publish import CONTENT
from kg.store import Ledger, Snapshots
from tests.commands import Commands, commanding
from tests.serving import Command, serving
from tests.states import assert_whole, published

KILLS = 12
BOOKS = 300
EDITIONS = ("first", "second")
LABEL = "<http://www.w3.org/2000/01/rdf-schema#label>"

Fingerprint = Callable[[Path], dict[str, str]]
Kg = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[[Path, Path], "subprocess.Popen[str]"]


@dataclass(frozen=True)
class Edition:
    """The small content with more books, each with the name of the edition; and what a build of it publishes."""

    content: Path
    state: Path


@pytest.fixture(scope="module")
def editions(kg: Kg, small: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Edition]:
    made = {}
    for name in EDITIONS:
        folder = tmp_path_factory.mktemp(name)
        edition = Edition(shutil.copytree(small / "content", folder / "content"), folder / "state")
        more = "".join(
            f'    :b{number} a :Book ; rdfs:label "{name} {number}"@en ; :writtenBy :austen .\n'
            for number in range(BOOKS)
        )
        path = edition.content / "data/books.trig"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("    :emma a", f"{more}    :emma a"), encoding="utf-8")
        assert kg("build", content=edition.content, state=edition.state).returncode == 0
        made[name] = edition
    return made


@pytest.fixture
def state(editions: dict[str, Edition], tmp_path: Path) -> Path:
    """A state folder in which the first edition is current."""
    return shutil.copytree(editions["first"].state, tmp_path / "state", symlinks=True)


@pytest.fixture(scope="module")
def start(kg_command: tuple[Path, dict[str, str]]) -> Start:
    """Starts `kg build`, with a pipe from its standard error."""
    program, environ = kg_command

    def build(content: Path, state: Path) -> "subprocess.Popen[str]":
        command = [program, "--content", content, "--state", state, "build"]
        return subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, encoding="utf-8")

    return build


def books(state: Path) -> dict[str, int]:
    """How many books of each edition the current snapshot tells of, read from disk and from memory."""
    found = []
    for memory_quads in (1, 1_000_000):
        snapshot = Snapshots(state, memory_quads=memory_quads).current()
        rows = snapshot.query(f"SELECT ?label {{ ?book a <https://library.example/Book> ; {LABEL} ?label }}").rows()
        labels = [label.value for (label,) in rows if label]
        found.append({name: sum(label.startswith(name) for label in labels) for name in EDITIONS})
    assert found[0] == found[1]
    return found[0]


def whole(edition: str) -> dict[str, int]:
    return {name: BOOKS if name == edition else 0 for name in EDITIONS}


def test_after_a_kill_the_current_snapshot_is_the_old_one_or_the_whole_new_one(
    kg: Kg, start: Start, editions: dict[str, Edition], state: Path, fingerprint: Fingerprint
) -> None:
    current, other = EDITIONS
    seconds, killed = 1.0, 0
    for kill in range(KILLS):
        before = fingerprint(state / "current")
        began = time.monotonic()
        with start(editions[other].content, state) as process:
            try:
                process.wait(seconds * (kill + random.Random(kill).random()) / KILLS)
                seconds = time.monotonic() - began
            except subprocess.TimeoutExpired:
                process.kill()
        killed += process.returncode == -signal.SIGKILL
        if published(state) == published(editions[other].state):
            current, other = other, current
        else:
            assert fingerprint(state / "current") == before
        assert books(state) == whole(current)
    assert killed >= KILLS * 3 / 4
    ended = kg("build", content=editions[other].content, state=state)
    assert ended.returncode == 0, ended.stderr
    assert published(state) == published(editions[other].state)
    assert books(state) == whole(other)
    assert {path.name for path in state.iterdir()} == {"current", "ledger", "lock", "primary", "snapshots"}
    assert all(path.name.isdigit() for path in (state / "snapshots").iterdir())
    assert_whole(state)


# The moments of a build, as they can be seen in the state folder.
MOMENTS: dict[str, Callable[[Path], bool]] = {
    "the ledger has it": lambda state: Ledger(state / "ledger").head().revision == 2,
    "writing begins": lambda state: any((state / "snapshots").glob("writing-*")),
    "the store is copied": lambda state: any((state / "snapshots").glob("writing-*/store/CURRENT")),
    "the snapshot has its name": lambda state: (state / "snapshots/000002").exists(),
    "the pointer is switched": lambda state: (state / "current").readlink().name == "000002",
}


def reached(moment: str, state: Path) -> bool:
    try:
        return MOMENTS[moment](state)
    except FileNotFoundError:  # a folder was renamed while it was read
        return False


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_kill_while_it_publishes_leaves_something_whole(
    kg: Kg, start: Start, editions: dict[str, Edition], state: Path, fingerprint: Fingerprint, moment: str
) -> None:
    before = fingerprint(state / "current")
    with start(editions["second"].content, state) as process:
        while not reached(moment, state) and process.poll() is None:
            time.sleep(0.0005)
        process.kill()
    switched = (state / "current").readlink().name == "000002"
    assert switched or fingerprint(state / "current") == before
    assert books(state) == whole("second" if switched else "first")
    assert kg("build", content=editions["second"].content, state=state).returncode == 0
    assert books(state) == whole("second")
    assert sorted(path.name for path in (state / "snapshots").iterdir()) == ["000001", "000002"]
    assert Ledger(state / "ledger").head().revision == 2
    assert_whole(state)


STEPS = 12


@pytest.fixture
def commands(kg_command: Command, small_content: Path, tmp_path: Path) -> Iterator[Commands]:
    with commanding(kg_command[1], small_content, tmp_path / "outputs") as started:
        yield started


def test_a_kill_at_any_step_of_writing_is_made_good_by_the_next_build(
    kg: Kg, commands: Commands, small_content: Path, library: Path, tmp_path: Path
) -> None:
    text = small_content / "data/books.trig"
    text.write_text(text.read_text(encoding="utf-8").replace('"Emma"@en', '"Emma, a novel"@en'), encoding="utf-8")
    ended = commands.run(shutil.copytree(library, tmp_path / "whole", symlinks=True), "build", last=0)
    assert ended.status == 0, ended.output
    steps, before, after = ended.steps, published(library), published(tmp_path / "whole")
    assert steps > 5 * STEPS
    seen = set()
    for number in range(STEPS):
        state = shutil.copytree(library, tmp_path / f"killed-{number}", symlinks=True)
        within = random.Random(number).randrange(steps * number // STEPS, steps * (number + 1) // STEPS)
        last = steps if number == STEPS - 1 else 1 + within
        while not (killed := commands.run(state, "build", last=last)).status:
            # it took fewer steps this time, as locks were free sooner
            state = shutil.rmtree(state) or shutil.copytree(library, state, symlinks=True)
            last = killed.steps
        assert killed.status == -signal.SIGKILL, killed.output
        switched, committed = (state / "current").readlink().name == "000002", Ledger(state / "ledger").head().revision
        seen.add((switched, committed))
        assert published(state) == (after if switched else before)
        built = kg("build", content=small_content, state=state)
        assert built.returncode == 0, built.stderr
        assert published(state) == after
        assert [commit.source for commit in Ledger(state / "ledger").entries()] == [CONTENT] * 2
        assert_whole(state)
    assert seen == {(False, 1), (False, 2), (True, 2)}


# `kg`, which ends itself by a kill where it would call a function of ours.
KILLED_BEFORE = """
import os, signal, sys
from kg.cli import main

name = sys.argv.pop(1)

def look(frame, event, argument):
    if event == "call" and frame.f_code.co_name == name:
        os.kill(os.getpid(), signal.SIGKILL)

sys.setprofile(look)
main()
"""
LABELLED = """\
@prefix : <https://library.example/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix shape: <https://library.example/shapes#> .
shape:Named a sh:NodeShape ; sh:targetClass :Book ; sh:property shape:book-label .
shape:book-label a sh:PropertyShape ; sh:path rdfs:label ; sh:minCount 1 ; sh:severity sh:Violation ;
    sh:message "A book has a name; give it one."@en .
"""
NAMELESS = "@prefix : <https://library.example/> .\n:nameless a :Book ; :writtenBy :austen .\n"


@pytest.mark.parametrize("then", ["serve", "submit", "build"])
@pytest.mark.parametrize("killed_before", [("commit", 1), ("publish_answered", 2)], ids=["commit", "publish"])
def test_content_is_not_left_under_an_older_rulebook(
    kg: Kg,
    kg_command: tuple[Path, dict[str, str]],
    small_content: Path,
    library: Path,
    tmp_path: Path,
    *,
    then: str,
    killed_before: tuple[str, int],
) -> None:
    """Where it was committed, whoever comes next publishes it with the shapes that it conforms to."""
    function, committed = killed_before
    books, nameless = small_content / "data/books.trig", tmp_path / "nameless.ttl"
    books.write_text(books.read_text(encoding="utf-8").replace('"Emma"@en', '"Emma, a novel"@en'), encoding="utf-8")
    (small_content / "shapes/labelled.ttl").write_text(LABELLED, encoding="utf-8")
    nameless.write_text(NAMELESS, encoding="utf-8")
    command = [sys.executable, "-c", KILLED_BEFORE, function, "--content", small_content, "--state", library, "build"]
    killed = subprocess.run(command, env=kg_command[1], capture_output=True, encoding="utf-8", check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert Ledger(library / "ledger").head().revision == committed
    assert "shapes/labelled.ttl" not in Snapshots(library, memory_quads=0).rulebook()
    trial = ("submit", nameless, "--author", "Ada", "-m", "A book")
    if then == "serve":
        with serving(kg_command, library, tmp_path / "server"):
            pass
    elif then == "build":
        assert kg("build", content=small_content, state=library).returncode == 0
    ended = kg(*trial, state=library)
    is_new = committed == 2 or then == "build"
    assert ("A book has a name" in ended.stderr) == is_new, ended.stderr
    assert ended.returncode == (1 if is_new else 0)
    assert ("shapes/labelled.ttl" in Snapshots(library, memory_quads=0).rulebook()) == is_new
    assert (b"Emma, a novel" in published(library)) == is_new
    assert not (library / "forthcoming.json").exists()
    assert_whole(library)


def test_the_lock_of_a_first_build_that_was_killed_does_not_stop_the_next(
    kg: Kg, start: Start, editions: dict[str, Edition], tmp_path: Path
) -> None:
    state = tmp_path / "state"
    with start(editions["first"].content, state) as process:
        assert process.stderr
        assert process.stderr.readline().startswith("read ")
        process.kill()
    assert (state / "lock").exists()
    assert not (state / "current").exists()
    assert kg("build", content=editions["first"].content, state=state).returncode == 0
    assert books(state) == whole("first")


def test_of_two_builds_at_once_the_second_is_refused_and_the_first_publishes_something_whole(
    kg: Kg, start: Start, editions: dict[str, Edition], tmp_path: Path
) -> None:
    state = tmp_path / "state"
    with start(editions["first"].content, state) as first:
        assert first.stderr
        assert first.stderr.readline().startswith("read ")
        first.send_signal(signal.SIGSTOP)
        try:
            second = kg("build", "--wait", "0", content=editions["second"].content, state=state)
        finally:
            first.send_signal(signal.SIGCONT)
        told = first.stderr.read()
    assert (second.returncode, second.stdout) == (2, "")
    assert second.stderr == f"Error: another process is writing to {state}\nWhat to do: wait until it has ended\n"
    assert first.returncode == 0, told
    assert published(state) == published(editions["first"].state)
    assert kg("build", content=editions["second"].content, state=state).returncode == 0
    assert books(state) == whole("second")


def test_of_many_builds_at_once_each_is_refused_or_publishes_something_whole(
    start: Start, editions: dict[str, Edition], tmp_path: Path
) -> None:
    state = tmp_path / "state"
    processes = [start(editions[EDITIONS[number % 2]].content, state) for number in range(4)]
    told = [process.communicate(timeout=120)[1] for process in processes]
    for process, text in zip(processes, told, strict=True):
        assert process.returncode == (2 if "Error: another process is writing" in text else 0), text
    assert 0 in [process.returncode for process in processes]
    assert books(state) in [whole(name) for name in EDITIONS]
