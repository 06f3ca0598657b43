"""Writers at once: of changes that conform alone and not together exactly one is accepted, whoever sends them."""

import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest

from kg.store import Ledger, Snapshots
from tests.commands import WHO, Commands, commanding
from tests.serving import Command, Reply, Server, eventually, serving
from tests.states import assert_whole, build_into, published
from tests.submitting import UNLIMITED, book, make_token, submit, submitting, told, wait_until_idle

CLIENTS = 6
PREFIXES = """\
@prefix : <https://library.example/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""
AT_MOST_ONE = """
shape:Book sh:property shape:book-isbn, shape:book-editor .

shape:book-isbn
    a sh:PropertyShape ;
    sh:path :isbn ;
    sh:maxCount 1 ;
    sh:severity sh:Violation ;
    sh:message "A book has one number; remove the others."@en .

shape:book-editor
    a sh:PropertyShape ;
    sh:path [ sh:inversePath :edits ] ;
    sh:maxCount 1 ;
    sh:severity sh:Violation ;
    sh:message "A book has one editor; remove the others."@en .
"""
# What client `at` says of a book.
CONFLICTS: dict[str, Callable[[str, int], str]] = {
    "values of one property": lambda name, at: f'{PREFIXES}:{name} :isbn "{at}" .\n',
    "paths backwards": lambda name, at: f'{PREFIXES}:ed{at}-{name} rdfs:label "Editor {at}"@en ; :edits :{name} .\n',
}


@pytest.fixture(scope="module")
def house(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with content in which a book has at most one number and one editor, and a state built from it."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(small / "content", folder / "content")
    shapes = folder / "content/shapes/book.ttl"
    shapes.write_text(shapes.read_text(encoding="utf-8") + AT_MOST_ONE, encoding="utf-8")
    build_into(folder / "state", folder / "content")
    return folder


@pytest.fixture
def state(house: Path, tmp_path: Path) -> Path:
    return shutil.copytree(house / "state", tmp_path / "state", symlinks=True)


@pytest.fixture
def token(state: Path) -> str:
    return make_token(state)


@pytest.fixture
def server(kg_command: Command, state: Path, tmp_path: Path) -> Iterator[Server]:
    with serving(kg_command, state, tmp_path / "server", **UNLIMITED, KG_PROCESSES="1") as started:
        yield started


@pytest.fixture
def commands(kg_command: Command, house: Path, tmp_path: Path) -> Iterator[Commands]:
    with commanding(kg_command[1], house / "content", tmp_path / "outputs") as started:
        yield started


def at_once(send: Sequence[Callable[[], Reply]]) -> list[Reply]:
    """The replies to requests that are sent at the same time."""
    start = Barrier(len(send))

    def run(ask: Callable[[], Reply]) -> Reply:
        start.wait()
        return ask()

    with ThreadPoolExecutor(len(send)) as clients:
        return list(clients.map(run, send))


def assert_conforms(state: Path, house: Path) -> None:
    """All of it is judged once more, as a build does."""
    wait_until_idle(state)
    build_into(state, house / "content")
    assert_whole(state)


@pytest.mark.parametrize("kind", CONFLICTS)
def test_of_submissions_that_conform_only_alone_exactly_one_is_accepted(
    server: Server, token: str, state: Path, house: Path, kind: str
) -> None:
    for name in ("emma", "persuasion"):
        replies = at_once([partial(submit, server, token, CONFLICTS[kind](name, at)) for at in range(CLIENTS)])
        assert Counter(reply.status for reply in replies) == {201: 1, 422: CLIENTS - 1}
        for reply in replies:
            if reply.status == 422:
                assert "one editor" in reply.text or "one number" in reply.text
        (accepted,) = [told(reply)["revision"] for reply in replies if reply.status == 201]
        assert Ledger(state / "ledger").head().revision == accepted
    assert_conforms(state, house)


def test_of_changes_made_for_the_same_revision_one_is_accepted_and_the_others_get_412(
    server: Server, token: str, state: Path
) -> None:
    for turn in range(2):
        revision = Ledger(state / "ledger").head().revision
        match = f'"{revision}"'
        replies = at_once(
            [partial(submit, server, token, book(f"m{turn}-{at}"), if_match=match) for at in range(CLIENTS)]
        )
        assert Counter(reply.status for reply in replies) == {201: 1, 412: CLIENTS - 1}
        for reply in replies:
            if reply.status == 412:
                assert told(reply)["detail"].startswith(f"this was made for revision {revision}, and the graph is at")
        assert Ledger(state / "ledger").head().revision == revision + 1
    stale = submit(server, token, book("stale"), if_match='"1"')
    assert (stale.status, told(stale)["type"].rpartition("/")[2]) == (412, "precondition-failed")
    assert submit(server, token, book("any"), if_match="*").status == 201
    wait_until_idle(state)
    assert_whole(state)


def test_commands_and_clients_of_two_servers_at_once_get_one_through(
    kg_command: Command, commands: Commands, server: Server, token: str, state: Path, house: Path, tmp_path: Path
) -> None:
    say = CONFLICTS["paths backwards"]
    with serving(kg_command, state, tmp_path / "other", **UNLIMITED, KG_PROCESSES="1") as other:
        for name in ("emma", "persuasion"):
            files = [tmp_path / f"{name}-{at}.ttl" for at in range(2)]
            for at, file in enumerate(files):
                file.write_text(say(name, 10 + at), encoding="utf-8")
            running = [commands.start(state, "submit", file, *WHO) for file in files]
            servers = (server, other, server, other)
            replies = at_once([partial(submit, where, token, say(name, at)) for at, where in enumerate(servers)])
            statuses = [reply.status for reply in replies]
            ended = [commands.wait(pid) for pid in running]
            assert all(command.status in (0, 1) for command in ended), ended
            assert {*statuses} <= {201, 422}
            assert statuses.count(201) + [command.status for command in ended].count(0) == 1
            editors = published(state).decode().count(f"/edits> <https://library.example/{name}> ")
            assert editors == 1
        edited = "ASK { ?x <https://library.example/edits> <https://library.example/persuasion> }"
        assert eventually(lambda: {"true" in where.ask(edited).text for where in (server, other)} == {True}, seconds=20)
    assert_conforms(state, house)


def test_a_command_gets_its_turn_beside_a_server_that_is_never_idle(
    commands: Commands, server: Server, token: str, state: Path, tmp_path: Path
) -> None:
    file = tmp_path / "beside.ttl"
    file.write_text(book("beside"), encoding="utf-8")
    with submitting(lambda: server, token, clients=4, prefix="busy") as sent:
        assert eventually(lambda: len(sent.accepted) > 4, seconds=60)
        ended = commands.run(state, "submit", file, *WHO)
        found = commands.run(state, "verify")
        before = len(sent.accepted)
        assert eventually(lambda: len(sent.accepted) > before, seconds=60)
    assert ended.status == 0, ended.output
    assert found.status == 0, found.output
    assert not sent.failed
    wait_until_idle(state)
    assert_whole(state)


def test_who_has_waited_for_a_build_is_judged_by_what_the_build_has_put_in_force(
    commands: Commands, state: Path, house: Path, tmp_path: Path
) -> None:
    content = shutil.copytree(house / "content", tmp_path / "content")
    shapes = content / "shapes/book.ttl"
    shapes.write_text(
        re.sub(r"sh:path :isbn ;\n    sh:maxCount 1", "sh:path :isbn ;\n    sh:maxCount 0", shapes.read_text()),
        encoding="utf-8",
    )
    built = shutil.copytree(state, tmp_path / "built", symlinks=True)
    build_into(built, content)
    file = tmp_path / "number.ttl"
    file.write_text(CONFLICTS["values of one property"]("emma", 1), encoding="utf-8")
    with Snapshots(state, memory_quads=0).locked():
        waiting = commands.start(state, "submit", file, *WHO)
        assert eventually(lambda: has_open(waiting, state / "lock"), seconds=60)
        shutil.copytree(built / "snapshots", state / "snapshots", dirs_exist_ok=True)
        (state / "current.new").symlink_to(os.readlink(built / "current"))
        (state / "current.new").replace(state / "current")
    ended = commands.wait(waiting)
    assert ended.status == 1, ended.output
    assert "A book has one number" in ended.output
    assert Snapshots(state, memory_quads=0).rulebook() == Snapshots(built, memory_quads=0).rulebook()


def has_open(pid: int, file: Path) -> bool:
    return any(handle.resolve() == file.resolve() for handle in Path(f"/proc/{pid}/fd").iterdir())
