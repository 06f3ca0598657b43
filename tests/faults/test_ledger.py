"""The ledger under faults: whatever was acknowledged is there, whole, once; damage is told and never passed over."""

import hashlib
import logging
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from kg.errors import LedgerDamaged, StoreError, WriterRunning
from kg.store.ledger import Draft, Ledger
from kg.store.patch import Changeset

KILLS = 24
SEGMENT_BYTES = 50_000
WRITERS = 8

# Commits from several threads, and tells each revision and what was committed when it is acknowledged.
WRITER = f"""
import os, resource, sys, threading
from pathlib import Path
from kg.errors import KgError
from kg.store.ledger import Draft, Ledger
from kg.store.patch import Changeset

folder, run, writers, most_bytes = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
ledger = Ledger(folder, segment_bytes={SEGMENT_BYTES})

def say(text):
    os.write(1, text.encode())  # one line at a time, whole

def write(writer):
    number = 0
    while True:
        number += 1
        name = f"{{run}}.{{writer}}.{{number}}"
        rows = 400 if number % 17 == 0 else 1 + number % 4
        added = tuple(sorted(f"<x:{{name}}> <x:p> <x:{{row}}> <x:g> ." for row in range(rows)))
        draft = Draft(Changeset(added=added), "Ada", "2024-05-01T12:00:00Z", "x:s", name)
        try:
            commit = ledger.commit(draft)
        except KgError as error:
            say(f"refused {{name}} {{error}}\\n")
            return
        say(f"{{commit.revision}} {{name}} {{commit.digest}}\\n")

with ledger.locked():
    say("ready\\n")
    if most_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


@dataclass(frozen=True)
class Writer:
    """A process that commits until it is killed or refused; what it says goes to files, which never make it wait."""

    process: "subprocess.Popen[bytes]"
    output: Path
    complaints: Path

    def wait_for(self, text: str) -> None:
        while text not in self.output.read_text(encoding="utf-8"):
            assert self.process.poll() is None, self.complaints.read_text(encoding="utf-8")
            time.sleep(0.002)

    def wait_for_lines(self, count: int) -> None:
        while self.output.read_bytes().count(b"\n") < count:
            assert self.process.poll() is None, self.complaints.read_text(encoding="utf-8")
            time.sleep(0.001)

    def kill(self) -> str:
        """Kill it; returns what it had said."""
        self.process.kill()
        assert self.process.wait(timeout=60) == -signal.SIGKILL
        assert not self.complaints.read_text(encoding="utf-8").count("Traceback")
        return self.output.read_text(encoding="utf-8")


Start = Callable[..., Writer]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a process that writes, by a name; none outlives the test."""
    started: list[Writer] = []

    def run(name: str, *, writers: int = WRITERS, most_bytes: int = 0) -> Writer:
        output, complaints = tmp_path / f"{name}.out", tmp_path / f"{name}.err"
        with output.open("wb") as out, complaints.open("wb") as err:
            command = [sys.executable, "-c", WRITER, tmp_path / "ledger", name, str(writers), str(most_bytes)]
            started.append(Writer(subprocess.Popen(command, stdout=out, stderr=err), output, complaints))
        return started[-1]

    yield run
    for writer in started:
        writer.process.kill()
        writer.process.wait(timeout=60)


def draft(name: str, *, rows: int = 2) -> Draft:
    added = tuple(f"<x:{name}> <x:p> <x:{row}> <x:g> ." for row in range(rows))
    return Draft(Changeset(added=added), "Ada", "2024-05-01T12:00:00Z", "x:s", name)


def acknowledged(output: str) -> dict[int, tuple[str, str]]:
    """What a writer was told: revision, name and digest."""
    lines = [line.split() for line in output.split("\n")[:-1] if line[:1].isdigit()]
    found = {int(revision): (name, digest) for revision, name, digest in lines}
    assert len(found) == len(lines)
    return found


def whole(ledger: Ledger) -> dict[int, tuple[str, str]]:
    """What a ledger holds; each commit has exactly the rows of its name, and each name is there once."""
    held = {}
    for commit in ledger.entries():
        number = int(commit.message.rpartition(".")[2])
        rows = 400 if number % 17 == 0 else 1 + number % 4
        assert len({*commit.changeset.added}) == rows
        assert all(line.startswith(f"<x:{commit.message}> ") for line in commit.changeset.added)
        held[commit.revision] = (commit.message, commit.digest)
    assert [*held] == [*range(1, len(held) + 1)]
    assert len({name for name, _ in held.values()}) == len(held)
    return held


# Kills.


def test_after_a_kill_every_acknowledged_commit_is_there_whole_and_once(
    start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told: dict[int, tuple[str, str]] = {}
    groups = 0
    for kill in range(KILLS):
        writer = start(str(kill), writers=(1, WRITERS)[kill % 4 > 0])
        writer.wait_for("ready")
        writer.wait_for_lines(random.Random(kill).randrange(60))
        output = writer.kill()
        new = acknowledged(output)
        assert not {*new} & {*told}
        told |= new
        groups += bool(new)
    ledger = Ledger(tmp_path / "ledger")
    held = whole(ledger)
    assert told.items() <= held.items()
    assert groups > KILLS / 2
    assert len(told) > 10 * KILLS
    assert len([*(tmp_path / "ledger").glob("*.rdfp")]) > 3
    with caplog.at_level(logging.WARNING), ledger.locked():
        assert ledger.commit(draft("after")).revision == len(held) + 1
    assert ledger.verify() == ledger.head()


def test_of_two_writing_processes_the_second_is_refused_and_the_first_goes_on(start: Start, tmp_path: Path) -> None:
    first = start("first")
    first.wait_for("ready")
    second = start("second")
    assert second.process.wait(timeout=60) == 1
    assert "kg.errors.WriterRunning: another process writes to" in second.complaints.read_text(encoding="utf-8")
    assert second.output.read_bytes() == b""
    with pytest.raises(WriterRunning), Ledger(tmp_path / "ledger").locked():
        pass
    last = max(acknowledged(first.output.read_text(encoding="utf-8")), default=0)
    first.wait_for(f"\n{last + 100} ")
    told = acknowledged(first.kill())
    assert told
    held = whole(Ledger(tmp_path / "ledger"))
    assert told.items() <= held.items()
    assert all(name.startswith("first.") for name, _ in held.values())


def test_a_reader_beside_a_writing_process_sees_only_whole_commits(start: Start, tmp_path: Path) -> None:
    writer = start("writer")
    writer.wait_for("ready")
    reader, seen, before = Ledger(tmp_path / "ledger"), 0, 0
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        head = reader.head()
        assert head.revision >= before
        if head.revision > before:
            assert reader.read(head.revision).digest == head.digest
            seen, before = seen + 1, head.revision
    told = acknowledged(writer.kill())
    assert seen > 5
    assert told.items() <= whole(reader).items()


# A disk that is full.


def test_a_disk_that_is_full_refuses_commits_and_keeps_what_was_acknowledged(start: Start, tmp_path: Path) -> None:
    limit = 15_000
    writer = start("full", most_bytes=limit)
    assert writer.process.wait(timeout=60) == 0, writer.complaints.read_text(encoding="utf-8")
    output = writer.output.read_text(encoding="utf-8")
    refused = [line for line in output.split("\n") if line.startswith("refused")]
    assert len(refused) == WRITERS
    assert all("cannot be used: [Errno 27] File too large" in line for line in refused)
    held = whole(Ledger(tmp_path / "ledger"))
    assert held == acknowledged(output)
    (segment,) = (tmp_path / "ledger").glob("*.rdfp")
    assert segment.read_bytes().endswith(b"\nTC .\n")
    assert segment.stat().st_size <= limit
    with (ledger := Ledger(tmp_path / "ledger")).locked():
        assert ledger.commit(draft("after")).revision == len(held) + 1


LIMITED = """
import resource, sys
from pathlib import Path
from kg.errors import StoreError
from kg.store.ledger import Draft, Ledger
from kg.store.patch import Changeset

with (ledger := Ledger(Path(sys.argv[1]))).locked():
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, 3_000))
    for rows in (1, 90, 2):
        added = tuple(sorted(f"<x:a> <x:p> <x:{row}> <x:g> ." for row in range(rows)))
        try:
            print(ledger.commit(Draft(Changeset(added=added), "Ada", "2024-05-01T12:00:00Z", "x:s", "add")).revision)
        except StoreError:
            print("refused")
print(ledger.verify().revision)
"""


def test_small_commits_still_enter_where_a_large_one_does_not(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, tmp_path]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=60)
    assert (done.stdout.split(), done.stderr) == (["1", "refused", "2", "2"], "")
    assert [len(commit.changeset.added) for commit in Ledger(tmp_path).entries()] == [1, 2]


# Files that are not what was written.


@pytest.fixture
def segment(tmp_path: Path) -> Path:
    """A ledger of three entries in one segment."""
    with (ledger := Ledger(tmp_path)).locked():
        ledger.append(draft("one"), draft("two"), draft("three"))
    assert len(boundaries(tmp_path / "000000001.rdfp")) == 4
    return tmp_path / "000000001.rdfp"


def boundaries(segment: Path) -> list[int]:
    """Where the entries of a segment begin, and where the last one ends."""
    text = segment.read_bytes()
    return [at for at in range(len(text)) if text.startswith(b"H digest", at)] + [len(text)]


def test_an_entry_that_breaks_off_anywhere_is_cut_off_and_told(
    segment: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = segment.read_bytes()
    _, _, begin, end = boundaries(segment)
    for size in range(begin, end):
        for zeros in (0, 4096):
            if zeros and text[:size].endswith(b"\nTC ."):
                continue  # zeros look like a changed byte here: see below
            segment.write_bytes(text[:size] + bytes(zeros))
            assert Ledger(tmp_path).head().revision == 2
            caplog.clear()
            with (ledger := Ledger(tmp_path)).locked():
                assert segment.read_bytes() == text[:begin]
                assert ledger.commit(draft("three")).revision == 3
            assert segment.read_bytes() == text
            cut = [record.getMessage() for record in caplog.records]
            unfinished = size + zeros - begin
            expected = f"{segment}: cut off {unfinished} bytes of an entry that was never finished, after revision 2"
            assert cut == [expected] * bool(unfinished)


def refuses(folder: Path) -> LedgerDamaged:
    """The error of a damaged ledger, for who reads it and who verifies it; its bytes stay."""
    before = {path: path.read_bytes() for path in folder.glob("*.rdfp")}
    with pytest.raises(LedgerDamaged):
        list(Ledger(folder).entries())
    with pytest.raises(LedgerDamaged) as verifying:
        Ledger(folder).verify()
    assert verifying.value.remedy.startswith("restore the ledger from a backup")
    assert {path: path.read_bytes() for path in folder.glob("*.rdfp")} == before
    return verifying.value


def test_a_changed_byte_anywhere_is_damage(segment: Path, tmp_path: Path) -> None:
    text = segment.read_bytes()
    chance = random.Random(4)
    starts = boundaries(segment)
    for at in range(len(text)):
        for other in {0, 10, chance.randrange(256)} - {text[at]}:
            segment.write_bytes(text[:at] + bytes([other]) + text[at + 1 :])
            with pytest.raises(LedgerDamaged) as caught, Ledger(tmp_path).locked():
                pass
            assert caught.value.file == str(segment), (at, other)
            revision = next(number for number, begin in enumerate(starts) if at < begin)
            assert f"revision {revision} " in str(caught.value), (at, other)
    segment.write_bytes(text.replace(b"<x:two> <x:p> <x:1>", b"<x:two> <x:p> <x:7>"))
    assert str(refuses(tmp_path)) == f"{segment}: revision 2 does not have the digest that was written with it"


def test_any_change_of_the_closing_line_is_damage(segment: Path, tmp_path: Path) -> None:
    text = segment.read_bytes()
    for at in range(len(text) - 8, len(text)):
        for other in {*range(0, 256, 3), *b"\0\n\r .ACDHTX"} - {text[at]}:
            segment.write_bytes(text[:at] + bytes([other]) + text[at + 1 :])
            with pytest.raises(LedgerDamaged):
                Ledger(tmp_path).head()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda entries: entries[0] + entries[2], "revision 2 is not there; revision 3 stands in its place"),
        (
            lambda entries: entries[0] + entries[2] + entries[1],
            "revision 2 is not there; revision 3 stands in its place",
        ),
        (lambda entries: entries[1] + entries[2], "revision 1 is not there; revision 2 stands in its place"),
        (
            lambda entries: entries[0] + entries[1] + entries[1] + entries[2],
            "revision 3 is not there; revision 2 stands in its place",
        ),
        (lambda entries: entries[0] + entries[1] + b"\n" + entries[2], "revision 3 does not begin as an entry does"),
        (lambda entries: entries[0] + entries[1][:-20] + entries[2], "revision 2 does not have the digest"),
        (
            lambda entries: entries[0] + entries[1] + entries[2] + b"x",
            "revision 4 is not what was written, or not whole",
        ),
        (
            lambda entries: entries[0] + entries[1] + entries[2] + b"TC .\n",
            "revision 4 is not what was written, or not whole",
        ),
    ],
)
def test_entries_that_are_missing_moved_or_added_are_damage(
    segment: Path, tmp_path: Path, change: Callable[[list[bytes]], bytes], message: str
) -> None:
    text = segment.read_bytes()
    segment.write_bytes(change([text[begin:end] for begin, end in pairwise(boundaries(segment))]))
    assert message in str(refuses(tmp_path))


def sign(segment: Path, *entries: bytes) -> None:
    """Write entries, without their digests, as somebody would who knows how digests are made."""
    before, text = "", b""
    for entry in entries:
        before = hashlib.sha256(before.encode() + entry).hexdigest()
        text += b'H digest "%b" .\n%b' % (before.encode(), entry)
    segment.write_bytes(text)


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (b"A <x:two> <x:p> <x:1>", b"A <x:two> <x:p> _:b", 21, "not a statement"),
        (b"A <x:two> <x:p> <x:1>", b"Z <x:two> <x:p> <x:1>", 21, "not a row of a patch"),
        (b"A <x:two> <x:p> <x:1>", b"A <x:abc> <x:p> <x:1>", 21, "code point order"),
        (b'H prev "1"', b'H prev "0"', 14, "the revision before 2 is not 0"),
        (b'H author "Ada" .\n', b"", 12, "the headers are not id, prev, author"),
        (b"TX .\n", b"", 19, "not a header"),
    ],
)
def test_a_bad_row_with_a_right_digest_is_told_with_its_line(
    segment: Path, tmp_path: Path, old: bytes, new: bytes, line: int, message: str
) -> None:
    entries = [entry.partition(b"\n")[2] for entry in segment.read_bytes().split(b"TC .\n")[:-1]]
    one, two, three = (entry + b"TC .\n" for entry in entries)
    sign(segment, one, two, three)
    assert Ledger(tmp_path).verify().revision == 3
    sign(segment, one, two.replace(old, new), three)
    damaged = refuses(tmp_path)
    assert (damaged.file, damaged.line) == (str(segment), line)
    assert message in str(damaged)


@pytest.fixture
def segments(tmp_path: Path) -> list[Path]:
    """A ledger of four segments with one entry each."""
    with (ledger := Ledger(tmp_path, segment_bytes=1)).locked():
        ledger.append(draft("one"))
        ledger.append(draft("two"))
        ledger.append(draft("three"))
        ledger.append(draft("four"))
    found = sorted(tmp_path.glob("*.rdfp"))
    assert [path.name for path in found] == [f"{number:09}.rdfp" for number in (1, 2, 3, 4)]
    return found


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missing_segment_is_damage(segments: list[Path], tmp_path: Path, missing: int) -> None:
    segments[missing].unlink()
    told = str(refuses(tmp_path))
    assert ("revision 1 is missing" if missing == 0 else f"revision {missing}") in told


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_only_the_last_segment_may_break_off(segments: list[Path], tmp_path: Path, broken: int) -> None:
    text = segments[broken].read_bytes()
    for size in (0, 1, len(text) // 2, len(text) - 1):
        segments[broken].write_bytes(text[:size])
        assert refuses(tmp_path).file == str(segments[broken])


def test_damage_in_a_full_segment_is_told_by_whatever_reads_it(segments: list[Path], tmp_path: Path) -> None:
    segments[1].write_bytes(segments[1].read_bytes().replace(b"<x:two> <x:p> <x:1>", b"<x:two> <x:p> <x:7>"))
    assert refuses(tmp_path).file == str(segments[1])
    readings: list[Callable[[Ledger], object]] = [
        lambda ledger: ledger.read(2),
        lambda ledger: ledger.diff(0, 4),
        lambda ledger: ledger.revert(1),
        lambda ledger: ledger.blame("<x:two> <x:p> <x:1> <x:g> ."),
        lambda ledger: ledger.blame("<x:one> <x:p> <x:1> <x:g> ."),
    ]
    for reading in readings:
        with pytest.raises(LedgerDamaged):
            reading(Ledger(tmp_path))
    with (ledger := Ledger(tmp_path)).locked():  # what comes after it can be read and appended to
        assert ledger.commit(draft("five")).revision == 5
        assert [commit.message for commit in ledger.entries(3)] == ["three", "four", "five"]


def test_an_empty_last_segment_is_filled(segments: list[Path], tmp_path: Path) -> None:
    (tmp_path / "000000005.rdfp").touch()
    assert Ledger(tmp_path).head().revision == 4
    with (ledger := Ledger(tmp_path)).locked():
        assert ledger.commit(draft("five")).revision == 5
    assert ledger.verify().revision == 5


def test_a_ledger_that_may_not_be_read_is_told(segment: Path, tmp_path: Path) -> None:
    segment.unlink()
    segment.mkdir()
    with pytest.raises(StoreError, match="cannot be used"):
        Ledger(tmp_path).head()
