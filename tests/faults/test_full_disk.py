"""A disk that is full, at whatever moment of a commit: it is said, nothing is lost, and with room again all goes on."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.store import Ledger, Snapshots, verify_state
from tests.commands import WHO, Commands, Ended, commanding, written
from tests.serving import Command, eventually, serving
from tests.states import assert_whole, published
from tests.submitting import UNLIMITED, Sent, assert_kept, book, make_token, submit, told

_DISK_BYTES = 8 * 2**20
_ROOMS = (*range(0, 64, 16), *range(64, 1024, 120))
"""Kilobytes that are free when a submission comes: from none to enough."""
_HALVINGS = 8


@pytest.fixture
def commands(kg_command: Command, small_content: Path, tmp_path: Path) -> Iterator[Commands]:
    with commanding(kg_command[1], small_content, tmp_path / "outputs") as started:
        yield started


@pytest.fixture
def small_disk(library: Path, tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes with the state folder `state` on it; only root can have it."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tmpfs", place]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system can only be mounted by root")
    try:
        shutil.copytree(library, place / "state", symlinks=True)
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def leave_free(disk: Path, kilobytes: int) -> None:
    """Fill a disk up, until it has only so much room."""
    filler = disk / "filler"
    filler.unlink(missing_ok=True)
    free = os.statvfs(disk)
    size = free.f_bavail * free.f_frsize - kilobytes * 1024
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)


def assert_found_whole(state: Path) -> None:
    """What `kg verify` says."""
    assert (
        verify_state(Snapshots(state, memory_quads=0), Ledger(state / "ledger"), patience_seconds=5).differences == ()
    )


def check(ended: Ended, name: str, sent: Sent, state: Path, *, before: int) -> str:
    """What became of a submission that met a full disk: `accepted`, `kept` (but not published) or `refused`."""
    head = Ledger(state / "ledger").head().revision
    if ended.status == 0:
        sent.accepted[name] = ended.revision or 0
        return "accepted"
    assert ended.status == 2, ended.output
    assert "Traceback" not in ended.output
    assert "What to do: " in ended.output
    assert "free space" in ended.output, ended.output
    assert (ended.revision is not None) == (head > before), ended.output
    if ended.revision:
        sent.accepted[name] = ended.revision
        assert "not published yet" in ended.output
        return "kept"
    sent.refused[name] = ended.status
    return "refused"


def next_room(became: dict[int, str]) -> int | None:
    """The kilobytes to leave free next: those of the list, then such as may be enough to keep but not to publish."""
    if len(became) < len(_ROOMS):
        return _ROOMS[len(became)]
    if "kept" in became.values() or len(became) == len(_ROOMS) + _HALVINGS:
        return None
    refused = max(room for room, what in became.items() if what == "refused")
    return (refused + min(room for room in became if room > refused)) // 2


def test_a_full_disk_refuses_a_submission_or_keeps_it_and_says_which(
    commands: Commands, small_disk: Path, tmp_path: Path
) -> None:
    state, sent = small_disk / "state", Sent()
    became: dict[int, str] = {}
    while (room := next_room(became)) is not None:
        name, before = f"full-{room}", Ledger(state / "ledger").head().revision
        sent.names[name] = 200
        leave_free(small_disk, room)
        ended = commands.run(state, "submit", written(tmp_path, name, notes=200), *WHO)
        became[room] = check(ended, name, sent, state, before=before)
        (small_disk / "filler").unlink()
        if len(became) % 3 == 0:
            sent.names[f"after-{room}"] = 1
            after = commands.run(state, "submit", written(tmp_path, f"after-{room}", notes=1), *WHO)
            assert after.status == 0, after.output
            sent.accepted[f"after-{room}"] = after.revision or 0
            assert_kept(sent, state, published(state))
            assert_found_whole(state)
    assert {*became.values()} == {"accepted", "kept", "refused"}
    assert_whole(state)


def test_a_full_disk_refuses_updates_and_trials_that_need_a_copy(
    commands: Commands, small_disk: Path, tmp_path: Path
) -> None:
    """An update of two operations, of which the second sees what the first has changed, is made in a copy."""
    state, before = small_disk / "state", Ledger(small_disk / "state/ledger").head()
    update = tmp_path / "two.ru"
    insert = "INSERT { ?book <x:seen> ?person } WHERE { ?person <https://library.example/wrote> ?book }"
    update.write_text(f"{insert} ;\nDELETE WHERE {{ ?book <x:seen> ?person }} ;\n{insert}", encoding="utf-8")
    asked = ((update, *WHO), (update, *WHO, "--dry-run"), (written(tmp_path, "trial", notes=500), *WHO, "--dry-run"))
    for arguments in asked:
        refused = 0
        for room in (0, 16, 64, 128):
            leave_free(small_disk, room)
            ended = commands.run(state, "submit", *arguments, "--expect", str(before.revision))
            assert ended.status in (0, 2), ended.output
            assert "Traceback" not in ended.output
            assert (ended.status == 2) == ("free space" in ended.output), ended.output
            refused += ended.status == 2
            if Ledger(state / "ledger").head() != before:
                break
        assert refused, arguments
        (small_disk / "filler").unlink()
        assert commands.run(state, "submit", *arguments, "--dry-run").status == 0
        before = Ledger(state / "ledger").head()
    assert_found_whole(state)


def test_files_that_may_not_grow_refuse_a_submission_or_keep_it(
    commands: Commands, library: Path, tmp_path: Path
) -> None:
    """A limit to the size of files is met by the primary store, or by the ledger, where that is the largest file."""
    sent, seen = Sent(), []
    ledger = library / "ledger/000000001.rdfp"
    assert commands.run(library, "submit", written(tmp_path, "large", notes=3000), *WHO).revision == 2
    for number, (notes, beyond) in enumerate(((1000, -300_000), (40, 100), (40, 3000), (40, 200_000), (900, 40_000))):
        name, before = f"limit-{number}", Ledger(library / "ledger").head().revision
        sent.names[name] = notes
        ended = commands.run(
            library,
            *("submit", written(tmp_path, name, notes=notes), *WHO),
            most_bytes=ledger.stat().st_size + beyond,
        )
        seen.append(check(ended, name, sent, library, before=before))
    after = commands.run(library, "submit", written(tmp_path, "after", notes=1), *WHO)
    assert after.status == 0, after.output
    assert seen == ["refused", "refused", "refused", "accepted", "refused"]
    assert_kept(sent, library, published(library))
    assert_found_whole(library)
    assert_whole(library)


def test_a_server_on_a_full_disk_says_so_goes_on_answering_and_takes_the_next_submission(
    kg_command: Command, small_disk: Path, tmp_path: Path
) -> None:
    state, sent, seen = small_disk / "state", Sent(), set()
    token = make_token(state)
    with serving(kg_command, state, tmp_path / "server", **UNLIMITED, KG_PROCESSES="1") as server:
        for room in (0, 8, 100, 300, 500):
            name = f"full-{room}"
            sent.names[name] = 200
            leave_free(small_disk, room)
            reply = submit(server, token, book(name, notes=200))
            seen.add(reply.status)
            assert reply.status in (201, 500, 503), reply.text
            if reply.status == 201:
                sent.accepted[name] = told(reply)["revision"]
            else:
                assert reply.headers["Content-Type"] == "application/problem+json"
                assert told(reply)["remedy"], reply.text
            assert server.ask("ASK {}").status == 200
            (small_disk / "filler").unlink()
            sent.names[f"after-{room}"] = 1
            assert eventually(lambda: submit(server, token, book(f"after-{room}", notes=1)).status == 201, seconds=30)  # noqa: B023
        assert "Traceback" not in server.log.read_text(), server.log.read_text()
    assert len(seen) > 1
    assert_kept(sent, state, published(state))
    assert_found_whole(state)
    assert_whole(state)
