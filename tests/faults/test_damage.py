"""Damage in a state folder: what is derived is made again; what is the truth is refused, with a remedy, not guessed."""

import os
import random
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.store import Ledger
from tests.commands import WHO, Commands, written
from tests.serving import Command, eventually, serving
from tests.states import assert_whole, files_of, folded, published
from tests.submitting import UNLIMITED, authorless, book, make_token, submit

Damage = Callable[[Path], object]


@pytest.fixture(scope="module")
def used(commands: Commands, small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with two submissions, and the state before them besides."""
    folder = tmp_path_factory.mktemp("used")
    state = shutil.copytree(small / "state", folder / "state", symlinks=True)
    for name in ("one", "two"):
        assert commands.run(state, "submit", written(folder, name), *WHO).status == 0
    assert commands.run(state, "export", "--revision", "2", "-o", folder / "past.nq").status == 0
    return state


@pytest.fixture
def state(used: Path, tmp_path: Path) -> Path:
    return shutil.copytree(used, tmp_path / "state", symlinks=True)


def current(state: Path) -> Path:
    return state / os.readlink(state / "current")


def flip(file: Path, *, times: int = 8) -> None:
    """Change bytes in a file."""
    data, chance = bytearray(file.read_bytes()), random.Random(file.name)
    for at in chance.sample(range(len(data)), min(times, len(data))):
        data[at] ^= 1 << chance.randrange(8)
    file.unlink()  # others may share it
    file.write_bytes(data)


def garble(file: Path, *, at: int | None = None) -> None:
    """Change a file in the middle of it, or at an offset, wherever it is linked to."""
    data = bytearray(file.read_bytes())
    start = len(data) // 3 if at is None else at
    data[start : start + 16] = bytes(byte ^ 0xFF for byte in data[start : start + 16])
    file.write_bytes(data)


def tables(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.sst"), key=lambda file: file.stat().st_size)


def cut(file: Path, *, count: int) -> None:
    os.truncate(file, file.stat().st_size - count)


def each(files: list[Path], change: Callable[[Path], object]) -> None:
    assert files
    for file in files:
        change(file)


def primary(state: Path) -> Path:
    return state / "primary/union"


def stored(state: Path) -> Path:
    return current(state) / "store"


MADE_AGAIN: dict[str, Damage] = {
    "the primary store is gone": lambda state: shutil.rmtree(state / "primary"),
    "the primary store is empty": lambda state: each([*primary(state).iterdir()], Path.unlink),
    "CURRENT of the primary store is gone": lambda state: (primary(state) / "CURRENT").unlink(),
    "CURRENT of the primary store is nonsense": lambda state: (primary(state) / "CURRENT").write_text("nonsense"),
    "MANIFEST of the primary store is gone": lambda state: each([*primary(state).glob("MANIFEST-*")], Path.unlink),
    "MANIFEST of the primary store is cut off": lambda state: each(
        [*primary(state).glob("MANIFEST-*")], lambda file: cut(file, count=20)
    ),
    "MANIFEST of the primary store is changed": lambda state: each([*primary(state).glob("MANIFEST-*")], flip),
    "a table of the primary store is gone": lambda state: tables(primary(state))[-1].unlink(),
    "all tables of the primary store are changed": lambda state: each(tables(primary(state)), flip),
    "all tables are changed, with those of the snapshot": lambda state: each(tables(primary(state)), garble),
    "the log of the primary store is cut off": lambda state: each(
        [file for file in primary(state).glob("*.log") if file.stat().st_size > 30], lambda file: cut(file, count=30)
    ),
    "the log of the primary store is changed": lambda state: each([*primary(state).glob("*.log")], flip),
    "the snapshot is gone": lambda state: shutil.rmtree(current(state)),
    "all snapshots are gone": lambda state: shutil.rmtree(state / "snapshots"),
    "the pointer is gone": lambda state: (state / "current").unlink(),
    "the pointer leads nowhere": lambda state: (
        (state / "current").unlink(),
        (state / "current").symlink_to("snapshots/000099"),
    ),
    "what the snapshot says of itself is gone": lambda state: (current(state) / "snapshot.json").unlink(),
    "what the snapshot says of itself is nonsense": lambda state: (current(state) / "snapshot.json").write_text("{}"),
    "the rulebook is gone": lambda state: (current(state) / "rulebook.json").unlink(),
    "the rulebook is nonsense": lambda state: (current(state) / "rulebook.json").write_text('{"x": 1'),
    "the store of the snapshot is gone": lambda state: shutil.rmtree(current(state) / "store"),
    "CURRENT of the snapshot is nonsense": lambda state: (current(state) / "store/CURRENT").write_text("nonsense"),
    "all tables of the snapshot are changed": lambda state: each(tables(current(state) / "store"), flip),
    "a table of the snapshot is gone": lambda state: tables(current(state) / "store")[-1].unlink(),
    "store and snapshots are gone": lambda state: (
        shutil.rmtree(state / "primary"),
        shutil.rmtree(state / "snapshots"),
        (state / "current").unlink(),
    ),
    "an earlier state is damaged": lambda state: each([*state.glob("past/0*/store/CURRENT")], Path.unlink),
}


@pytest.mark.parametrize("damage", MADE_AGAIN)
def test_what_is_derived_is_made_again_and_nothing_is_lost(
    commands: Commands, state: Path, tmp_path: Path, damage: str
) -> None:
    before = folded(Ledger(state / "ledger"))
    MADE_AGAIN[damage](state)
    found = commands.run(state, "verify")
    assert found.status in (0, 1, 2), found.output
    assert "Traceback" not in found.output, found.output
    entry, sent = written(tmp_path, "three"), None
    for _ in range(3):
        sent = commands.run(state, "submit", entry, *WHO)
        assert "Traceback" not in sent.output, sent.output
        if sent.status == 0:
            break
        assert sent.status == 2, sent.output
        assert folded(Ledger(state / "ledger")) == before
        assert "What to do: " in sent.output
        if "kg build" in sent.output:
            built = commands.run(state, "build")
            assert built.status in (0, 2), built.output
            assert "Traceback" not in built.output
    assert sent
    assert sent.status == 0, sent.output
    assert before <= folded(Ledger(state / "ledger"))
    assert [*Ledger(state / "ledger").about("https://library.example/three")]
    (tmp_path / "nobodys.ttl").write_text(authorless("nobodys"), encoding="utf-8")
    judged = commands.run(state, "submit", tmp_path / "nobodys.ttl", *WHO)
    assert (judged.status, "A book has an author" in judged.output) == (1, True), judged.output
    clean = commands.run(state, "verify")
    assert clean.status == 0, clean.output
    assert_whole(state)
    past = commands.run(state, "export", "--revision", "2")
    assert past.status == 0, past.output
    assert "https://library.example/one" in past.output
    assert "https://library.example/two" not in past.output


# A table of so many bytes has blocks that are not read when it is opened.
MANY_BLOCKS = 16_384


def test_damage_that_is_met_only_while_it_is_read_is_made_good_the_next_time(
    commands: Commands, state: Path, tmp_path: Path
) -> None:
    large = written(tmp_path, "large", notes=2000)
    assert commands.run(state, "submit", large, *WHO).status == 0
    each([table for table in tables(primary(state)) if table.stat().st_size > MANY_BLOCKS], garble)
    met = commands.run(state, "verify")
    assert met.status == 2, met.output
    assert "is damaged" in met.output
    assert "What to do: try again: it is made from the ledger" in met.output
    sent = commands.run(state, "submit", written(tmp_path, "three"), *WHO)
    assert sent.status == 0, sent.output
    assert_whole(state)


def ledger_file(state: Path) -> Path:
    return state / "ledger/000000001.rdfp"


def without_last(state: Path, *, keep: int = 0) -> None:
    """Take the last entry from the ledger but for its first bytes."""
    data = ledger_file(state).read_bytes()
    ledger_file(state).write_bytes(data[: data.rindex(b"H digest ") + keep])


def changed_in(state: Path, text: bytes, other: bytes) -> None:
    data = ledger_file(state).read_bytes()
    assert text in data
    ledger_file(state).write_bytes(data.replace(text, other, 1))


REFUSED: dict[str, Damage] = {
    "the last entry is lost": without_last,
    "the last entry is cut off": lambda state: without_last(state, keep=300),
    "the last byte is lost": lambda state: cut(ledger_file(state), count=1),
    "a statement is changed": lambda state: changed_in(state, b"note 1 on one", b"note 7 on one"),
    "an author is changed": lambda state: changed_in(state, b'H author "Ada"', b'H author "Eve"'),
    "bytes are changed": lambda state: flip(ledger_file(state), times=1),
    "something is written behind it": lambda state: ledger_file(state).write_bytes(
        ledger_file(state).read_bytes() + b"H author of nothing\n\nTC .\n"
    ),
    "it is empty": lambda state: ledger_file(state).write_bytes(b""),
    "it is gone": lambda state: shutil.rmtree(state / "ledger"),
    "it is gone, with the snapshots": lambda state: (
        shutil.rmtree(state / "ledger"),
        shutil.rmtree(state / "snapshots"),
        (state / "current").unlink(),
    ),
    "its last entry is lost, and the primary store": lambda state: (
        without_last(state),
        shutil.rmtree(state / "primary"),
    ),
    "its last entry is lost, and the snapshots": lambda state: (
        without_last(state),
        shutil.rmtree(state / "snapshots"),
        (state / "current").unlink(),
    ),
}


@pytest.mark.parametrize("damage", REFUSED)
def test_a_damaged_ledger_is_refused_with_a_remedy_and_stays_as_it_is(
    commands: Commands, state: Path, tmp_path: Path, damage: str
) -> None:
    copy = tmp_path / "copy.tar"
    assert commands.run(state, "backup", copy).status == 0
    REFUSED[damage](state)
    shown = published(state) if (state / "current").exists() else b""
    before = files_of(state / "ledger") if (state / "ledger").exists() else {}
    snapshots = sorted(path.name for path in state.glob("snapshots/*"))
    for arguments in (
        ("submit", written(tmp_path, "three"), *WHO),
        ("build",),
    ):
        told = commands.run(state, *arguments)
        assert told.status == 2, told.output
        assert "Traceback" not in told.output
        assert ("backup" in told.output) or ("kg build" in told.output and not shown), told.output
    assert sorted(path.name for path in state.glob("snapshots/*")) == snapshots
    if shown:
        assert published(state) == shown
    after = files_of(state / "ledger")
    assert {name: after.get(name) for name in before} == before or "cut off" in damage or "byte is lost" in damage
    found = commands.run(state, "verify")
    assert found.status in (1, 2), found.output
    restored = commands.run(tmp_path / "restored", "restore", copy)
    assert restored.status == 0, restored.output
    assert_whole(tmp_path / "restored")
    assert b"/two>" in published(tmp_path / "restored")


@pytest.mark.parametrize("folder", [primary, stored], ids=["primary store", "snapshot"])
def test_damage_in_any_index_is_found_by_whoever_verifies(
    commands: Commands, used: Path, tmp_path: Path, folder: Callable[[Path], Path]
) -> None:
    """Each file of the engine holds a part of some index, most of which no reader of all statements would meet."""
    names = [file.name for file in tables(folder(used))]
    assert len(names) > 3
    unseen = []
    for name in names:
        state = shutil.copytree(used, tmp_path / name, symlinks=True)
        garble(folder(state) / name, at=64)
        found = commands.run(state, "verify")
        assert "Traceback" not in found.output, f"{name}: {found.output}"
        if found.status == 0 and "is made anew" not in found.output:
            unseen.append(f"{name}: {found.output}")
    assert unseen == []


def test_an_entry_that_was_never_finished_is_cut_off_and_the_log_says_so(
    commands: Commands, state: Path, tmp_path: Path
) -> None:
    whole = ledger_file(state).read_bytes()
    again = whole[whole.rindex(b"H digest ") :].replace(b'"3"', b'"4"').replace(b'"2" .', b'"3" .')
    for keep in (1, 20, 90, 300, len(again) - 6):
        with ledger_file(state).open("ab") as file:
            file.write(again[:keep])
        found = commands.run(state, "verify")
        assert found.status == 0, found.output
        assert f"cut off {keep} bytes of an entry that was never finished, after revision 3" in found.output
        assert ledger_file(state).read_bytes() == whole
    assert commands.run(state, "submit", written(tmp_path, "three"), *WHO).revision == 4
    assert_whole(state)


def test_what_a_process_that_was_killed_has_left_is_removed(commands: Commands, state: Path, tmp_path: Path) -> None:
    gone = commands.start(state, "log")
    assert commands.wait(gone).status == 0
    left = [
        state / f"scratch/{gone}-abc/store",
        state / "snapshots/writing-000009/store",
        state / f"past/writing-{gone}-abc/snapshot",
    ]
    for folder in left:
        folder.mkdir(parents=True)
        (folder / "000001.sst").write_text("nonsense")
    kept = state / f"scratch/{os.getpid()}-abc"
    kept.mkdir()
    (primary(state) / "bulk-1.sst").write_text("nonsense")
    (state / "current.new").symlink_to("snapshots/000077")
    sent = commands.run(state, "submit", written(tmp_path, "three"), *WHO)
    assert sent.status == 0, sent.output
    assert not [folder for folder in left if folder.parent.exists()]
    assert kept.exists()
    assert not (primary(state) / "bulk-1.sst").exists()
    assert not (state / "current.new").is_symlink()
    assert_whole(state)


def test_a_server_whose_snapshots_are_deleted_answers_or_says_503_and_recovers_with_a_build(
    kg_command: Command, commands: Commands, state: Path, tmp_path: Path
) -> None:
    token = make_token(state)
    with serving(kg_command, state, tmp_path / "server", **UNLIMITED, KG_PROCESSES="1") as server:
        assert submit(server, token, book("before")).status == 201
        shutil.rmtree(state / "snapshots")
        for _ in range(3):
            assert server.ask("ASK {}").status in (200, 503)
            assert server.ask(f"SELECT * {{ ?s ?p {random.random()} }}").status in (200, 503)
        reply = submit(server, token, book("meanwhile"))
        assert reply.status == 503, reply.text
        assert "kg build" in reply.text
        for worker in [*server.workers(), *server.servers(), *server.openers()]:
            os.kill(worker.pid, signal.SIGKILL)
        assert eventually(lambda: server.ask(f"ASK {{ ?s ?p {random.random()} }}").status == 503, seconds=20)
        assert commands.run(state, "build").status == 0
        assert eventually(lambda: submit(server, token, book("after")).status == 201, seconds=30)
        assert eventually(lambda: server.ask(f"ASK {{ ?s ?p {random.random()} }}").status == 200, seconds=20)
    text = published(state)
    assert b"/before>" in text
    assert b"/meanwhile>" not in text
    assert b"/after>" in text
    assert_whole(state)
