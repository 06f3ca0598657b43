"""Memory of the server processes: when it is given back, and that it is."""

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from kg.store.worker import Bounds, _answer_on
from kg.web.rest import Rest

GIVEN_BACK = """
import gc
from pathlib import Path
from kg.memory import give_back, keep_together

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

keep_together()
pieces = [bytes(2000) for _ in range(50_000)]
last = bytes(2000)
del pieces
gc.collect()
before = resident()
give_back()
print(before - resident())
"""

ASKED_AFTERWARDS = """
import ctypes, statistics, time
from kg.memory import give_back, keep_together

keep_together()
pieces = [bytes(600) for _ in range(400_000)]
del pieces[::2]
{then}
malloc = ctypes.CDLL(None).malloc
times = []
for _ in range(5):
    began = time.perf_counter()
    malloc(ctypes.c_size_t(64 * 1024))
    times.append(time.perf_counter() - began)
print(statistics.median(times))
"""

STAYS = """
import gc, socket
from pathlib import Path
from kg.memory import keep_together
from kg.store.worker import Bounds, _is_larger, _look

keep_together()
pieces = [bytes(2000) for _ in range(50_000)]
last = bytes(2000)
most = int(Path("/proc/self/statm").read_text().split()[1]) * 4096 - 50_000_000
{then}
gc.collect()
assert _is_larger(most)
connection, _ = socket.socketpair()
try:
    _look(connection, Bounds(10**9, 30), most)
    print("stays")
except EOFError:
    print("ends", connection.fileno())
"""


def run_python(program: str) -> str:
    """What a program prints, in a process of its own."""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def looks(*told: tuple[float, float]) -> list[float]:
    """When a process was tidy, by the times and seconds computed that it was looked at with."""
    when: list[float] = []
    now = 0.0
    rest = Rest(lambda: when.append(now))
    for now, computed in told:
        rest.look(now, computed)
    return when


def test_a_process_that_has_worked_is_tidy_once_when_it_rests() -> None:
    worked = [(float(second), second / 2) for second in range(5)]
    rested = [(5.0 + second, 2.0) for second in range(20)]
    again = [(25.0, 4.0), *((26.0 + second, 4.0) for second in range(20))]
    assert looks(*worked) == []
    assert looks(*worked, *rested) == [8.0]
    assert looks(*worked, *rested, *again) == [8.0, 29.0]


def test_a_process_that_had_next_to_nothing_to_do_is_left_alone() -> None:
    assert looks(*((float(second), second / 100) for second in range(90))) == []


def test_what_is_free_is_given_back() -> None:
    assert int(run_python(GIVEN_BACK)) > 50_000_000


def test_a_worker_that_has_grown_ends_only_if_it_cannot_give_back_what_it_took() -> None:
    assert run_python(STAYS.format(then="del pieces")) == "stays\n"
    assert run_python(STAYS.format(then="")) == "ends -1\n"


def test_what_is_free_is_in_order_for_who_asks_next() -> None:
    without, with_it = (float(run_python(ASKED_AFTERWARDS.format(then=then))) for then in ("", "give_back()"))
    assert with_it < without / 5


def test_a_worker_is_ready_when_it_has_looked_at_itself() -> None:
    asks, answers = socket.socketpair()
    with asks:
        asks.shutdown(socket.SHUT_WR)  # nothing is asked
        with answers, pytest.raises(EOFError):
            _answer_on(answers, cast("Any", None), Path("a/b/c"), Bounds(10**9, 30), most_bytes=0)
        assert asks.recv(100) == b""
