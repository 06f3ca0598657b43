"""The pool over real worker processes: answers, ends, turns and places, and workers that vanish."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kg.errors import QueryRefused, QueryStopped, QuerySyntax, ServiceBusy, SnapshotMissing
from kg.store import Answer, Keeper, KeeperSettings, Pool, PoolLimits
from kg.store.connection import Connection
from kg.store.frames import frame

ASK = {"query": "ASK {}", "format": "csv"}
COUNT = {"query": "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }", "format": "csv"}
ROWS = {"query": "SELECT ?s WHERE { ?s a ?class } ORDER BY ?s", "limit": 2}
ALL = "?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o"
SLOW = {"query": f"SELECT (COUNT(*) AS ?count) WHERE {{ {ALL} . ?p ?q ?r . ?t ?u ?v }}", "format": "csv"}
TRIPLES = {"query": "CONSTRUCT { ?a ?e ?h } WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?b ?h } LIMIT 20000", "format": "ntriples"}
LONG = {"query": f"SELECT (COUNT(*) AS ?n) WHERE {{ {{ SELECT * WHERE {{ {ALL} }} LIMIT 2000000 }} }}", "format": "csv"}
ENDLESS = {"query": f"SELECT * WHERE {{ {ALL} . ?p ?q ?r . ?t ?u ?v }}", "format": "csv"}

Test = Callable[[Pool], Awaitable[None]]


@contextmanager
def kept_open(state: Path) -> Iterator[Path]:
    """A folder with the socket of the current snapshot, as the server has it."""
    folder = Path(tempfile.mkdtemp(prefix="kg-test-"))
    keeper = Keeper(KeeperSettings(state, memory_quads=10_000, most_bytes=256 * 1024 * 1024, most_seconds=10), folder)
    keeper.start()
    try:
        yield folder
    finally:
        keeper.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def folder(small: Path) -> Iterator[Path]:
    with kept_open(small / "state") as opened:
        yield opened


def run(folder: Path, test: Test, **limits: Any) -> None:
    """Run a test in an event loop with a pool of its own."""

    async def main() -> None:
        pool = Pool(folder, PoolLimits(**limits), asyncio.get_running_loop())
        try:
            async with asyncio.timeout(30):
                await test(pool)
        finally:
            pool.close()

    asyncio.run(main())


async def whole(pool: Pool, request: dict[str, Any], **how: Any) -> bytes:
    answer = await pool.ask(request, **how)
    try:
        return b"".join([part async for part in answer.parts()])
    finally:
        answer.close()


async def worker_pid(pool: Pool) -> int:
    """The worker that answers next."""
    answer = await pool.ask(ASK)
    answer.close()
    return answer._worker.pid


def niceness(thread: int) -> int:
    """How little it gets of the processors beside others."""
    return os.getpriority(os.PRIO_PROCESS, thread)


def gives_way(thread: int) -> bool:
    """Whether a thread runs only when no other wants to."""
    return os.sched_getscheduler(thread) == os.SCHED_IDLE


def stop(pid: int) -> None:
    """Let a process stand still: one of its threads gets the signal, and stops the others a little later.

    Source: proc(5), /proc/pid/task/tid/stat: the state follows the name.
    """
    os.kill(pid, signal.SIGSTOP)
    threads = list(Path(f"/proc/{pid}/task").iterdir())
    while {(thread / "stat").read_text().rpartition(") ")[2][0] for thread in threads} != {"T"}:
        time.sleep(0.001)


async def is_gone(pid: int) -> bool:
    """Whether a process ends within 10 s: one that gives way to all others may have to wait for that, too."""
    for _ in range(1000):
        if not Path(f"/proc/{pid}").exists():
            return True
        await asyncio.sleep(0.01)
    return False


async def running(pool: Pool, count: int, request: dict[str, Any] = SLOW, **how: Any) -> list[asyncio.Task[bytes]]:
    """That many queries, begun."""
    tasks = [asyncio.create_task(whole(pool, request, **how)) for _ in range(count)]
    await asyncio.sleep(0.2)
    return tasks


# Answers.


def test_an_answer_is_bytes_in_a_format_or_rows(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        assert await whole(pool, ASK) == b"true"
        rows = json.loads(await whole(pool, ROWS))
        assert (rows["columns"], rows["boolean"], len(rows["rows"])) == (["s"], None, 2)
        assert rows["rows"] == sorted(rows["rows"])
        answer = await pool.ask(COUNT)
        assert answer.whole
        assert answer.number == pool.number() == "000001"
        answer.close()

    run(folder, test)


def test_a_worker_is_used_again_but_not_after_it_was_stopped(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        first = await worker_pid(pool)
        assert await worker_pid(pool) == first
        with pytest.raises(QuerySyntax) as error:
            await whole(pool, {"query": "SELECT * {", "format": "csv"})
        assert (error.value.line, error.value.remedy != "") == (1, True)
        assert await worker_pid(pool) == first
        with pytest.raises(QueryStopped):
            await whole(pool, SLOW, seconds=0.1)
        assert await is_gone(first)
        assert await worker_pid(pool) != first

    run(folder, test)


def test_a_slow_query_gives_way_and_its_worker_is_as_fast_as_before_afterwards(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        answer = await pool.ask(ASK)
        worker = answer._worker
        answer.close()
        assert worker is not None
        slow = worker._thread
        usual = niceness(slow)
        query = asyncio.create_task(whole(pool, LONG))
        while not gives_way(slow):
            assert not query.done()
            await asyncio.sleep(0.01)
        assert niceness(slow) > usual
        # No sooner: on a machine that other programs keep busy, it hardly gets to compute from here on.
        assert worker.computed_seconds() >= 0.1
        assert await query == b"n\r\n2000000\r\n"
        for _ in range(2):
            assert await worker_pid(pool) == worker.pid
        assert worker._thread != slow
        assert not gives_way(worker._thread)
        assert niceness(worker._thread) == usual

    run(folder, test)


@pytest.mark.parametrize("computed", [0.02, 0.09, 0.2])
def test_whoever_was_slowed_down_by_little_or_by_much_is_replaced_by_one_who_was_not(
    folder: Path, computed: float
) -> None:
    async def test(pool: Pool) -> None:
        worker = await pool.take_worker(10)
        slow, usual = worker._thread, niceness(worker._thread)
        worker.slow_down(computed)
        assert gives_way(slow) or niceness(slow) > usual
        pool.take_back(worker, reusable=True)
        while worker._thread == slow:
            assert await worker_pid(pool) == worker.pid
            await asyncio.sleep(0.01)
        assert not gives_way(worker._thread)
        assert niceness(worker._thread) == usual

    run(folder, test)


def test_workers_that_nobody_needs_are_let_go_and_the_last_one_later(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        answers = [await pool.ask(TRIPLES) for _ in range(2)]
        pids = [answer._worker.pid for answer in answers]
        for answer in answers:
            assert [part async for part in answer.parts()]
            answer.close()
        first, last = pids
        assert await is_gone(first)
        await asyncio.sleep(2 * pool.limits.idle_seconds)
        assert await worker_pid(pool) == last
        assert await is_gone(last) or await is_gone(last) or await is_gone(last)
        assert await whole(pool, ASK) == b"true"

    run(folder, test, idle_seconds=0.2)


def test_an_answer_that_waits_for_its_client_gives_up_its_place_when_others_wait(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        answers = [await pool.ask(ENDLESS) for _ in range(2)]
        slow, slower = (answer.parts() for answer in reversed(answers))
        assert await anext(slow)
        assert await anext(slower)
        await asyncio.sleep(3 * pool.limits.patience_seconds)
        assert all([await anext(parts) for parts in (slow, slower)])  # nobody has waited for their places
        taking = asyncio.create_task(until_it_ends(slow))
        assert await whole(pool, ASK) == b"true"
        assert isinstance(await until_it_ends(slower), QueryStopped)
        assert not taking.done()
        taking.cancel()
        for answer in answers:
            answer.close()

    run(folder, test, workers=2, patience_seconds=0.3)


def test_an_answer_keeps_its_place_as_long_as_its_client_is_not_too_slow(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        answer = await pool.ask(ENDLESS)
        await asyncio.sleep(0.3)
        with pytest.raises(ServiceBusy):
            await pool.ask(ASK, seconds=0.5)
        parts = answer.parts()
        for _ in range(8):
            assert await anext(parts)
        answer.close()

    run(folder, test, workers=1, patience_seconds=60)


def test_an_answer_that_its_client_takes_slowly_ends_when_it_was_computed_for_long_enough(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        answer = await pool.ask(ENDLESS, seconds=0.5)
        async with asyncio.timeout(30):
            ended = await until_it_ends(answer.parts(), pause_seconds=0.004)  # the worker is ahead of its client
        assert "0.5 seconds" in str(ended)
        answer.close()

    run(folder, test)


async def until_it_ends(parts: AsyncIterator[bytes], *, pause_seconds: float = 0.0) -> QueryStopped | None:
    """Take the parts of an answer, with a pause after each; what ended it."""
    try:
        async for _ in parts:
            await asyncio.sleep(pause_seconds)
    except QueryStopped as error:
        return error
    return None


async def pids(pool: Pool, *, at_least: float) -> list[int]:
    """The idle workers of a pool, when it had so many seconds."""
    await asyncio.sleep(at_least)
    return [worker.pid for worker in pool._idle._workers]


def test_a_quiet_pool_has_a_worker_ready_that_stays_until_it_is_asked(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        ready = await pids(pool, at_least=1.5)
        assert len(ready) == 1
        assert await pids(pool, at_least=1.5) == ready  # the last one that was asked is kept for 0.6 s
        assert [await worker_pid(pool)] == ready
        assert await is_gone(ready[0]) or await is_gone(ready[0])
        assert await pids(pool, at_least=1.5) != ready
        assert await whole(pool, ASK) == b"true"

    run(folder, test, idle_seconds=0.05)


def test_a_worker_that_was_ready_and_is_gone_is_replaced(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        [ready] = await pids(pool, at_least=1.5)
        os.kill(ready, signal.SIGKILL)
        [another] = await pids(pool, at_least=1.5)
        assert another not in (0, ready)

    run(folder, test)


def test_a_worker_that_was_ready_and_is_gone_costs_nobody_an_answer(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        for pid in await pids(pool, at_least=1.5):
            os.kill(pid, signal.SIGKILL)
            assert await whole(pool, ASK) == b"true"

    run(folder, test)


def test_after_a_long_answer_a_worker_is_asked_again_when_it_says_so(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        answer = await pool.ask(TRIPLES)
        first = answer._worker
        assert first is not None
        assert not answer.whole
        assert len([part async for part in answer.parts()]) > 1
        answer.close()
        async with asyncio.timeout(10):
            while not first.ready:
                await asyncio.sleep(0.01)
        assert await worker_pid(pool) == first.pid
        first.ready = False
        assert await worker_pid(pool) != first.pid

    run(folder, test)


def test_a_worker_is_not_ready_from_the_end_of_a_long_answer_until_another_thread_takes_over() -> None:
    async def main() -> None:
        connection = Connection(asyncio.get_running_loop(), "000001")
        numbers = frame(b"T", (7).to_bytes(4, "big") + (8).to_bytes(4, "big"))
        for data, ready in ((numbers[:6], False), (numbers[6:], True), (frame(b"A", b"x"), True)):
            connection.data_received(data)
            assert connection.ready == ready
        assert await connection.frame() == (b"A", b"x")
        connection.data_received(frame(b"Z", b""))
        assert not connection.ready
        connection.data_received(numbers)
        assert connection.ready
        assert await connection.frame() == (b"Z", b"")

    asyncio.run(main())


def test_a_long_answer_comes_in_parts_of_limited_size(folder: Path) -> None:
    doubled = " ".join(f"BIND (CONCAT(?t{at}, ?t{at}) AS ?t{at + 1})" for at in range(20))
    request = {"query": f'SELECT ?t20 WHERE {{ BIND ("text" AS ?t0) {doubled} }}', "format": "csv"}

    async def test(pool: Pool) -> None:
        answer = await pool.ask(request)
        parts = [part async for part in answer.parts()]
        answer.close()
        assert b"".join(parts) == b"t20\r\n" + b"text" * 2**20 + b"\r\n"
        assert max(map(len, parts)) <= 128 * 1024

    run(folder, test)


def test_rows_for_a_page_are_limited_in_size(folder: Path) -> None:
    doubled = " ".join(f"BIND (CONCAT(?t{at}, ?t{at}) AS ?t{at + 1})" for at in range(20))

    async def test(pool: Pool) -> None:
        with pytest.raises(QueryRefused, match="too large for a page"):
            await whole(
                pool, {"query": f'SELECT ?t20 WHERE {{ ?s ?p ?o BIND ("text" AS ?t0) {doubled} }}', "limit": 10}
            )

    run(folder, test)


# Ends.


def test_a_query_ends_at_its_deadline_with_its_worker(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        first = await worker_pid(pool)
        with pytest.raises(QueryStopped, match=r"stopped after 0\.2 seconds"):
            await whole(pool, SLOW, seconds=30)
        assert await is_gone(first)

    run(folder, test, seconds=0.2)


def test_a_query_ends_when_its_client_leaves(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        for request in (SLOW, ENDLESS):
            left: asyncio.Future[Any] = pool.loop.create_future()
            pid = await worker_pid(pool)
            (query,) = await running(pool, 1, request, left=lambda: left)  # noqa: B023
            left.set_result(None)
            with pytest.raises(QueryStopped, match="left"):
                await query
            assert await is_gone(pid)

    run(folder, test)


def test_a_query_ends_when_whoever_asks_is_cancelled(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        for _ in range(3):
            pid = await worker_pid(pool)
            (query,) = await running(pool, 1)
            query.cancel()
            await asyncio.wait([query])
            assert await is_gone(pid)
        assert await whole(pool, ASK) == b"true"

    run(folder, test, workers=1)


def test_an_answer_that_is_not_read_to_its_end_ends_with_its_worker(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        answer = await pool.ask(ENDLESS)
        pid = answer._worker.pid
        async for part in answer.parts():
            assert part
            break
        answer.close()
        assert await is_gone(pid)

    run(folder, test)


def test_time_in_which_the_client_takes_its_answer_does_not_count(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        answer = await pool.ask(ENDLESS)
        taken = 0
        async for part in answer.parts():
            taken += len(part)
            await asyncio.sleep(0.1)
            if taken > 10 * 128 * 1024:
                break
        answer.close()

    run(folder, test, seconds=0.5)


def test_a_closed_pool_ends_everything_and_takes_nothing(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        idle = await worker_pid(pool)
        queries = await running(pool, 2)
        pool.close()
        for query in queries:
            with pytest.raises(ServiceBusy):
                await query
        assert await is_gone(idle)
        with pytest.raises(ServiceBusy):
            await pool.ask(ASK)

    run(folder, test, workers=1)


# Turns and places.


def test_a_query_that_does_not_get_to_compute_keeps_its_quick_place_for_a_while(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        pid = await worker_pid(pool)
        stop(pid)
        answer = pool.begin(ASK, lambda _: None)
        began = pool.loop.time()
        try:
            answer.look(began + 0.1)
            assert answer._quick
            answer.look(began + 0.3)
            assert not answer._quick
        finally:
            os.kill(pid, signal.SIGCONT)
            answer.close()

    run(folder, test)


def test_a_short_query_need_not_wait_for_one_that_is_not_short_but_then_waits(folder: Path) -> None:
    """With one quick place, and so one for longer queries; a worker that stands still is one that takes its time."""

    async def stand_still(pool: Pool, count: int) -> None:
        """Let that many workers that are asked next stand still."""
        for worker in [await pool.take_worker(10) for _ in range(count)]:
            stop(worker.pid)
            pool.take_back(worker, reusable=True)

    def stuck(pool: Pool) -> Answer:
        answer = pool.begin(ASK, lambda _: None)
        answer.look(pool.loop.time() + 0.01)
        return answer

    async def test(pool: Pool) -> None:
        await stand_still(pool, 2)
        first, second = stuck(pool), stuck(pool)
        assert [(each._quick, each._longer) for each in (first, second)] == [(0, 1), (1, 0)]
        answered = asyncio.Event()
        third = pool.begin(ASK, lambda _: answered.set())
        assert not third._place
        second.look(pool.loop.time() + 0.3)  # it has waited for so long that others may begin beside it
        assert third._place
        await answered.wait()
        assert third.payload == b"true"
        for answer in (first, second, third):
            answer.close()
        await stand_still(pool, 1)
        last = stuck(pool)  # the places are there again
        assert (last._quick, last._longer) == (0, 1)
        assert await whole(pool, ASK) == b"true"
        last.close()

    run(folder, test, quick=1)


def test_more_than_may_wait_are_turned_away_and_the_others_get_their_turn(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        slow = await running(pool, 2, seconds=0.6)
        waiting = await running(pool, 3, ASK)
        for _ in range(3):
            with pytest.raises(ServiceBusy, match="2 queries run and 3 wait"):
                await pool.ask(ASK)
        assert await asyncio.gather(*waiting) == [b"true"] * 3
        assert all(isinstance(error, QueryStopped) for error in await asyncio.gather(*slow, return_exceptions=True))

    run(folder, test, workers=2, waiting=3)


def test_waiting_counts_as_time_and_is_told_apart(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        slow = await running(pool, 1)
        with pytest.raises(ServiceBusy, match=r"did not come in 0\.3 seconds"):
            await whole(pool, ASK, seconds=0.3)
        slow[0].cancel()

    run(folder, test, workers=1)


def test_who_gives_up_waiting_leaves_the_queue(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        slow = await running(pool, 1)
        left: asyncio.Future[Any] = pool.loop.create_future()
        for give_up in (
            lambda query: query.cancel(),
            lambda _: left.set_result(None),
        ):
            (query,) = await running(pool, 1, ASK, left=lambda: left)
            with pytest.raises(ServiceBusy):
                await pool.ask(ASK)
            give_up(query)
            await asyncio.wait([query])
            assert query.cancelled() or isinstance(query.exception(), QueryStopped)
        waiting = await running(pool, 1, ASK)
        slow[0].cancel()
        assert await waiting[0] == b"true"

    run(folder, test, workers=1, waiting=1)


@pytest.mark.parametrize("seed", range(5))
def test_no_place_is_lost_or_won_whatever_is_cancelled_when(folder: Path, seed: int) -> None:
    chance = random.Random(seed)

    async def one(pool: Pool) -> None:
        request = chance.choice([ASK, COUNT, ROWS, SLOW, ENDLESS])
        task = asyncio.create_task(whole(pool, request, seconds=chance.choice([0.01, 0.05, 0.1])))
        await asyncio.sleep(chance.random() * 0.1)
        if chance.random() < 0.5:
            task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() or isinstance(task.exception(), QueryStopped | ServiceBusy | None)

    async def test(pool: Pool) -> None:
        await asyncio.gather(*(one(pool) for _ in range(40)))
        slow = await running(pool, 2)
        waiting = await running(pool, 1, ASK)
        with pytest.raises(ServiceBusy, match="2 queries run and 1 wait"):
            await pool.ask(ASK)
        for query in slow:
            query.cancel()
        assert await waiting[0] == b"true"

    run(folder, test, workers=2, waiting=1)


# Workers that vanish, snapshots that come.


def test_a_worker_that_was_killed_while_idle_costs_nobody_an_answer(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        for _ in range(20):
            os.kill(await worker_pid(pool), signal.SIGKILL)
            assert await whole(pool, ASK) == b"true"

    run(folder, test)


def test_a_worker_that_is_killed_while_busy_ends_its_query(folder: Path) -> None:
    async def test(pool: Pool) -> None:
        pid = await worker_pid(pool)
        (query,) = await running(pool, 1)
        await asyncio.sleep(0.3)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(QueryStopped, match="memory"):
            await query
        assert await whole(pool, ASK) == b"true"

    run(folder, test)


def test_idle_workers_are_let_go_when_a_new_snapshot_is_there(library: Path) -> None:
    async def test(pool: Pool) -> None:
        first = await worker_pid(pool)
        shutil.copytree(library / "snapshots/000001", library / "snapshots/000002")
        (library / "current.new").symlink_to("snapshots/000002")
        (library / "current.new").replace(library / "current")
        assert await is_gone(first) or await is_gone(first)
        assert pool.number() == "000002"
        answer = await pool.ask(ASK)
        assert answer.number == "000002"
        answer.close()

    with kept_open(library) as opened:
        run(opened, test)


def test_without_a_snapshot_nothing_can_be_asked(tmp_path: Path) -> None:
    async def test(pool: Pool) -> None:
        with pytest.raises(SnapshotMissing, match="no snapshot"):
            pool.number()
        with pytest.raises(SnapshotMissing, match="no snapshot"):
            await pool.ask(ASK)

    run(tmp_path, test)
