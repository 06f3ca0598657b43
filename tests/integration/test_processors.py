"""Which processors the service runs on: each server process on its share, its threads on all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import Command, Server, serving

EVERYWHERE = os.sched_getaffinity(0)
EVERYTHING = "SELECT * WHERE { ?s ?p ?o }"

pytestmark = pytest.mark.skipif(len(EVERYWHERE) == 1, reason="there is one processor")


@pytest.fixture(scope="module")
def server(kg_command: Command, state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(kg_command, state, tmp_path_factory.mktemp("server")) as started:
        yield started


def threads(pid: int) -> set[int]:
    """The threads of a process besides the first one, which runs its event loop."""
    return {int(thread.name) for thread in Path(f"/proc/{pid}/task").iterdir()} - {pid}


def test_server_processes_share_the_processors(server: Server) -> None:
    first, second = (os.sched_getaffinity(front.pid) for front in server.fronts())
    assert first | second == EVERYWHERE
    assert not first & second


def test_what_takes_longer_than_a_moment_is_done_in_threads_that_run_anywhere(server: Server) -> None:
    before = {thread for front in server.fronts() for thread in threads(front.pid)}
    for encoding in ("identity", "gzip"):
        assert server.send("GET", "/search?q=biodiversity", accept="text/html", accept_encoding=encoding).status == 200
        assert server.ask(EVERYTHING, timeout="20").status == 200
    began = {thread for front in server.fronts() for thread in threads(front.pid)}
    assert began
    assert {frozenset(os.sched_getaffinity(thread)) for thread in before | began} == {frozenset(EVERYWHERE)}


def test_a_process_for_which_no_processor_is_left_may_use_all(kg_command: Command, state: Path, tmp_path: Path) -> None:
    with serving(kg_command, state, tmp_path, KG_PROCESSES=str(len(EVERYWHERE) + 1)) as server:
        shares = sorted((os.sched_getaffinity(front.pid) for front in server.fronts()), key=len)
        assert shares[-1] == EVERYWHERE
        assert sorted(shares[:-1], key=min) == [{processor} for processor in sorted(EVERYWHERE)]
