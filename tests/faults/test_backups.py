"""Backups: taken while others write, restored elsewhere, whole; what is damaged or made with malice is refused."""

import io
import json
import shutil
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.store import Ledger
from tests.commands import WHO, Commands, written
from tests.serving import Command, eventually, serving
from tests.states import assert_whole, files_of, published
from tests.submitting import UNLIMITED, assert_kept, book, make_token, submit, submitting, wait_until_idle

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def backup(commands: Commands, small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a state folder with a submission and a token."""
    folder = tmp_path_factory.mktemp("backup")
    state = shutil.copytree(small / "state", folder / "state", symlinks=True)
    make_token(state)
    assert commands.run(state, "submit", written(folder, "one"), *WHO).status == 0
    assert commands.run(state, "backup", folder / "backup.tar").status == 0
    return folder / "backup.tar"


def test_backups_that_are_taken_while_others_write_are_whole_and_serve_elsewhere(
    kg_command: Command, commands: Commands, library: Path, tmp_path: Path
) -> None:
    token = make_token(library)
    with serving(kg_command, library, tmp_path / "server", **UNLIMITED, KG_PROCESSES="1") as server:
        with submitting(lambda: server, token, clients=4, prefix="b") as sent:
            for number in range(3):
                before = len(sent.accepted)
                assert eventually(lambda: len(sent.accepted) > before + 1, seconds=60)  # noqa: B023
                done = dict(sent.accepted)
                taken = commands.run(library, "backup", tmp_path / f"{number}.tar")
                assert taken.status == 0, taken.output
                restored = tmp_path / f"restored-{number}"
                ended = commands.run(restored, "restore", tmp_path / f"{number}.tar")
                assert ended.status == 0, ended.output
                text = published(restored)
                assert not [name for name in done if f"/{name}>".encode() not in text]
                assert_whole(restored)
        wait_until_idle(library)
    assert_kept(sent, library, published(library))
    assert commands.run(library, "verify").status == 0
    assert commands.run(restored, "verify").status == 0
    revision = Ledger(restored / "ledger").head().revision
    with serving(kg_command, restored, tmp_path / "elsewhere", **UNLIMITED, KG_PROCESSES="1") as server:
        assert server.ask("ASK { <https://library.example/emma> ?p ?o }").text.count("true") == 1
        assert submit(server, token, book("elsewhere")).headers["ETag"] == f'"{revision + 1}"'
        wait_until_idle(restored)
    assert_whole(restored)


def test_a_backup_and_what_is_restored_keep_tokens_private(commands: Commands, backup: Path, tmp_path: Path) -> None:
    assert commands.run(tmp_path / "state", "restore", backup).status == 0
    for file in (backup, tmp_path / "state/tokens.json"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def members(backup: Path) -> Members:
    with tarfile.open(backup) as archive:
        return {member.name: read(archive, member) for member in archive}


def read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file
    return file.read()


def archived(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for member, data in entries:
            member.size = member.size or len(data)
            archive.addfile(member, io.BytesIO(data.ljust(0)))
    return file.getvalue()


def entries(found: Members) -> list[tuple[tarfile.TarInfo, bytes]]:
    return [(tarfile.TarInfo(name), data) for name, data in found.items()]


def entry(
    name: str, data: bytes = b"x", *, kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member, b"" if link else data


def told_as(found: Members, **other: object) -> Members:
    """With other things in what tells of the snapshot."""
    return found | {"snapshot.json": json.dumps(json.loads(found["snapshot.json"]) | other).encode()}


def sparse(found: Members) -> bytes:
    """With a segment of a terabyte, which takes no room in the file.

    Source: GNU tar manual, "Storing Sparse Files", PAX format version 1.0.
    """
    member = tarfile.TarInfo("ledger/000000099.rdfp")
    data = b"1\n1099511627775\n1\n".ljust(512, b"\0") + b"x".ljust(512, b"\0")
    member.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "ledger/000000099.rdfp",
        "GNU.sparse.realsize": "1099511627776",
    }
    return archived(*entries(found), (member, data))


LEDGER = "ledger/000000001.rdfp"
BROKEN: dict[str, Callable[[Members], bytes]] = {
    "nothing": lambda _: b"",
    "no archive": lambda _: b"nonsense" * 1000,
    "an empty archive": lambda _: archived(),
    "cut off": lambda found: archived(*entries(found))[:5000],
    "a byte of the ledger changed": lambda found: archived(
        *entries(found | {LEDGER: found[LEDGER].replace(b"note 1", b"note 7", 1)})
    ),
    "without the ledger": lambda found: archived(*entries({name: found[name] for name in found if name != LEDGER})),
    "the last entry lost": lambda found: archived(
        *entries(found | {LEDGER: found[LEDGER][: found[LEDGER].rindex(b"H digest")]})
    ),
    "a manifest of another format": lambda found: archived(*entries(found | {"manifest.json": b"[1]"})),
    "a manifest that is deep": lambda found: archived(*entries(found | {"manifest.json": b"[" * 10**6})),
    "a rulebook that is no text": lambda found: archived(*entries(found | {"rulebook.json": b"\xff\xfe"})),
    "a description of nothing": lambda found: archived(*entries(found | {"snapshot.json": b"{}"})),
    "a path that leads elsewhere": lambda found: archived(*entries(found), entry("../outside/file")),
    "a ledger that leads elsewhere": lambda found: archived(*entries(found), entry("ledger/../../outside/file")),
    "an absolute path": lambda found: archived(*entries(found), entry("/outside/file")),
    "another file": lambda found: archived(*entries(found), entry("snapshots/000001/store/CURRENT")),
    "a link": lambda found: archived(
        entry("ledger/000000009.rdfp", kind=tarfile.SYMTYPE, link="../../outside/file"), *entries(found)
    ),
    "a hard link": lambda found: archived(*entries(found), entry(LEDGER, kind=tarfile.LNKTYPE, link="tokens.json")),
    "a device": lambda found: archived(*entries(found), entry(LEDGER, kind=tarfile.CHRTYPE)),
    "a folder": lambda found: archived(*entries(found), entry(LEDGER, kind=tarfile.DIRTYPE)),
    "a segment of a terabyte": sparse,
    "a name that is too long": lambda found: archived(*entries(found), entry(f"ledger/{'1' * 300}.rdfp")),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_backup_that_is_broken_is_refused_and_leaves_nothing(
    commands: Commands, backup: Path, tmp_path: Path, name: str
) -> None:
    outside = tmp_path / "outside"
    (outside / "x").mkdir(parents=True)
    (outside / "file").write_text("precious")
    before = files_of(outside)
    (tmp_path / "broken.tar").write_bytes(BROKEN[name](members(backup)))
    state = tmp_path / "state"
    ended = commands.run(state, "restore", tmp_path / "broken.tar")
    assert ended.status == 2, ended.output
    assert "Traceback" not in ended.output
    assert "What to do: " in ended.output
    assert files_of(outside) == before
    assert not state.exists() or not [*state.iterdir()]
    assert commands.run(state, "restore", backup).status == 0
    assert_whole(state)


def test_a_backup_with_a_mode_that_leads_elsewhere_is_refused(commands: Commands, backup: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "x").mkdir(parents=True)
    (outside / "file").write_text("precious")
    broken = archived(*entries(told_as(members(backup), default_graph=str(outside / "x"))))
    (tmp_path / "broken.tar").write_bytes(broken)
    ended = commands.run(tmp_path / "state", "restore", tmp_path / "broken.tar")
    assert ended.status == 2, ended.output
    assert [*files_of(outside)] == ["file"]


def test_a_backup_is_not_restored_over_something_and_not_written_where_it_cannot_be(
    commands: Commands, backup: Path, library: Path, tmp_path: Path
) -> None:
    before = files_of(library)
    over = commands.run(library, "restore", backup)
    assert over.status == 2
    assert "is not empty" in over.output
    assert files_of(library) == before
    assert commands.run(tmp_path / "new", "restore", tmp_path / "nothing.tar").status == 2
    nowhere = commands.run(library, "backup", tmp_path / "nothing/backup.tar")
    assert nowhere.status == 2
    assert "What to do: " in nowhere.output
    limited = commands.run(library, "backup", tmp_path / "limited.tar", most_bytes=4096)
    assert limited.status == 2, limited.output
    assert not [*tmp_path.glob("*limited*")]
