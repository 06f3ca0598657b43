"""Whatever is killed while submissions come in: what was accepted is there, whole, once; what was refused is not.

`KG_FAULT_KILLS` says how often the processes of a server are killed, for a longer run.
"""

import os
import random
import re
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kg.store import Ledger, Snapshots, verify_state
from tests.commands import WHO, Commands, Ended, commanding, written
from tests.serving import Command, Process, Server, eventually, serving
from tests.states import assert_whole, folded, published
from tests.submitting import UNLIMITED, Sent, assert_kept, book, make_token, submit, submitting, writer_of

KILLS = int(os.environ.get("KG_FAULT_KILLS", "12"))
CLIENTS = 8
VICTIMS = (*("writer", "writer", "clerk", "writer", "desk", "writer") * 2, "writer", "group", "writer", "server")


@dataclass
class Line:
    """A server that is started again whenever it was killed, on one state folder."""

    command: Command
    state: Path
    folder: Path
    _running: ExitStack = field(default_factory=ExitStack)
    server: Server | None = None
    starts: int = 0

    def start(self) -> Server:
        self._running.close()
        self.starts += 1
        environ = UNLIMITED | {"KG_PROCESSES": "1"}
        self.server = self._running.enter_context(
            serving(self.command, self.state, self.folder / str(self.starts), **environ)
        )
        return self.server

    def running(self) -> Server:
        assert self.server
        return self.server

    def stop(self) -> None:
        self.server = None
        self._running.close()


@contextmanager
def restarted(command: Command, state: Path, folder: Path) -> Iterator[Line]:
    line = Line(command, state, folder)
    try:
        yield line
    finally:
        line.stop()


def desks(server: Server) -> list[Process]:
    return [process for process in server.processes() if "kg.desk.process" in process.command]


def kill(victim: str, server: Server, state: Path) -> bool:
    """Kill a process of a server, or a group of them; tells whether there was one."""
    if victim == "group":
        os.killpg(server.process.pid, signal.SIGKILL)
        return True
    found = {
        "writer": lambda: [pid for pid in [writer_of(state)] if pid],
        "desk": lambda: [process.pid for process in desks(server) if process.parent == server.process.pid],
        "clerk": lambda: [
            process.pid
            for process in desks(server)
            if process.parent != server.process.pid and process.pid != writer_of(state)
        ],
        "server": lambda: [server.process.pid],
    }[victim]()
    for pid in found[:1]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            return True
    return False


def test_no_accepted_commit_is_lost_or_torn_when_processes_are_killed_under_load(
    kg_command: Command, library: Path, tmp_path: Path
) -> None:
    chance, token = random.Random(4), make_token(library)
    killed: dict[str, int] = dict.fromkeys(VICTIMS, 0)
    with restarted(kg_command, library, tmp_path / "servers") as line:
        line.start()
        with submitting(lambda: line.server, token, clients=CLIENTS, prefix="k") as sent:
            for number in range(KILLS):
                victim, before, server = VICTIMS[number % len(VICTIMS)], len(sent.accepted), line.running()
                assert eventually(lambda: len(sent.accepted) > before, seconds=60), tail(server)  # noqa: B023
                time.sleep(chance.random() * 0.5)
                assert eventually(lambda: kill(victim, server, library), seconds=20), victim  # noqa: B023
                killed[victim] += 1
                if victim in ("server", "group"):
                    line.server = None
                    assert eventually(lambda: not server.processes(), seconds=20), server.processes()  # noqa: B023
                    line.start()
        last = submit(line.running(), token, book("last"))
        assert last.status == 201, last.text
        assert eventually(lambda: not list((library / "scratch").glob("*")), seconds=5)
    held = assert_kept(sent, library, published(library))
    assert_whole(library)
    assert_found_whole(library)
    print_figures(killed, sent, held, Ledger(library / "ledger").head().revision)
    assert len(sent.accepted) > KILLS
    assert {*held} - {*sent.accepted}, "no kill came between the ledger and the answer"


def assert_found_whole(state: Path) -> None:
    """What `kg verify` says."""
    assert (
        verify_state(Snapshots(state, memory_quads=0), Ledger(state / "ledger"), patience_seconds=0).differences == ()
    )


def tail(server: Server) -> str:
    return server.log.read_text()[-3000:]


def print_figures(killed: dict[str, int], sent: Sent, held: dict[str, int], revision: int) -> None:
    print(
        f"{sum(killed.values())} kills {killed}; {len(sent.names)} submitted, {len(sent.accepted)} accepted, "
        f"{len(sent.refused)} refused, {len(sent.failed)} answered 5xx; {len(held)} are there; revision {revision}"
    )


# Commands.


@pytest.fixture
def commands(kg_command: Command, small_content: Path, tmp_path: Path) -> Iterator[Commands]:
    with commanding(kg_command[1], small_content, tmp_path / "outputs") as started:
        yield started


STEPS = 24


def test_a_submission_that_is_killed_at_any_step_is_whole_or_not_there(
    commands: Commands, library: Path, tmp_path: Path
) -> None:
    chance, sent = random.Random(5), Sent()

    def run(number: int, last: int) -> Ended:
        name = f"s{number}"
        sent.names[name] = 2
        ended = commands.run(library, "submit", written(tmp_path, name), *WHO, last=last)
        if ended.revision:
            sent.accepted[name] = ended.revision
        return ended

    ended = run(0, 0)
    assert ended.status == 0, ended.output
    steps, seen = ended.steps, set()
    for number in range(1, STEPS + 1):
        at = 1 + chance.randrange(steps * (number - 1) // STEPS, steps * number // STEPS)
        before = Ledger(library / "ledger").head().revision
        killed = run(number, at)
        assert killed.status == -signal.SIGKILL, killed.output
        committed = Ledger(library / "ledger").head().revision - before
        now = Snapshots(library, memory_quads=0).current().description.revision
        seen.add((committed, now > before))
        assert_kept(sent, library, folded_nquads(library))
    assert seen >= {(0, False), (1, False)}
    assert run(STEPS + 1, 0).status == 0
    assert len(assert_kept(sent, library, published(library))) > len(sent.accepted)
    assert_whole(library)
    assert_found_whole(library)
    assert not list((library / "scratch").glob("*"))


def test_a_revert_that_is_killed_at_any_step_is_whole_or_not_there(
    commands: Commands, library: Path, tmp_path: Path
) -> None:
    chance = random.Random(6)
    assert commands.run(library, "submit", written(tmp_path, "undone"), *WHO).revision == 2
    before = published(library)
    state = shutil.copytree(library, tmp_path / "whole", symlinks=True)
    ended = commands.run(state, "revert", "2", *WHO, last=0)
    assert ended.revision == 3, ended.output
    steps, after, seen = ended.steps, published(state), set()
    assert b"/undone>" in before
    assert b"/undone>" not in after
    for number in range(STEPS // 4):
        state = shutil.copytree(library, tmp_path / f"killed-{number}", symlinks=True)
        at = 1 + chance.randrange(steps * number * 4 // STEPS, steps * (number + 1) * 4 // STEPS)
        assert commands.run(state, "revert", "2", *WHO, last=at).status == -signal.SIGKILL
        committed = Ledger(state / "ledger").head().revision == 3
        seen.add(committed)
        now = published(state)
        assert now == before or (committed and now == after)
        again = commands.run(state, "revert", "2", *WHO)
        assert again.status == 0
        assert (again.revision is None) == committed, again.output
        assert published(state) == after
        assert Ledger(state / "ledger").head().revision == 3
        assert_whole(state)
    assert seen == {True, False}


def folded_nquads(state: Path) -> bytes:
    return "\n".join(folded(Ledger(state / "ledger"))).encode()


def test_commands_that_write_at_once_and_are_killed_leave_only_whole_commits(
    commands: Commands, library: Path, tmp_path: Path
) -> None:
    chance, sent, ends = random.Random(7), Sent(), []
    first = commands.run(library, "submit", written(tmp_path, "first"), *WHO, last=0)
    assert first.revision == 2, first.output
    books = commands.content / "data/books.trig"
    for number in range(5):
        books.write_text(
            re.sub(r'"Emma[^"]*"', f'"Emma, edition {number}"', books.read_text(encoding="utf-8")), encoding="utf-8"
        )
        names = [f"c{number}-{at}" for at in range(3)]
        sent.names.update(dict.fromkeys(names, 2))
        last = str(Ledger(library / "ledger").head().revision)
        asked: dict[str, tuple[str | Path, ...]] = {
            **{name: ("submit", written(tmp_path, name), *WHO) for name in names},
            "revert": ("revert", last, *WHO),
            "build": ("build",),
        }
        victims = chance.sample([*asked], 3)
        running = {
            name: commands.start(
                library, *arguments, last=chance.randrange(1, first.steps) if name in victims else None
            )
            for name, arguments in asked.items()
        }
        for name, pid in running.items():
            ended = commands.wait(pid)
            ends.append(ended.status)
            assert ended.status in (0, -signal.SIGKILL, 2), ended.output
            assert ended.status != 2 or "another process is writing" in ended.output or name == "revert", ended.output
            if ended.revision and name in names:
                sent.accepted[name] = ended.revision
        reverted = {commit.source.rpartition("/")[2] for commit in Ledger(library / "ledger").entries()}
        assert len(reverted) > 1
        assert_whole_ledger(library)
    assert ends.count(-signal.SIGKILL) > 5
    assert ends.count(0) > 5
    assert commands.run(library, "build").status == 0
    assert_whole(library)
    assert_found_whole(library)


def assert_whole_ledger(state: Path) -> None:
    ledger = Ledger(state / "ledger")
    assert ledger.verify() == ledger.head()
    folded(ledger)
