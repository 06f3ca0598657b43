"""The load generator: a process of its own, with as many connections as are asked for, each with one request at a time.

    python -m bench.load < JOB > OUTCOME

A job is a JSON object of the fields of `Job`. A request is given in two halves; where every text is to be different, a
number that was never used before goes between them.
"""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from bench.http import Reading, connect

_OK: Final = 200
_READ_BYTES: Final = 256 * 1024
_PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Job:
    """What to do."""

    port: int
    halves: Sequence[tuple[str, str]]
    """The requests, each in two halves, asked in turn."""
    connections: int
    seconds: float
    first_number: int | None = None
    """Where counting starts; None: the halves are joined, and so the same requests are sent again and again."""
    pause_seconds: float = 0.0
    """How long a connection rests between an answer and its next request."""


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    answered: int
    failed: int
    seconds: float
    p50_milliseconds: float
    p99_milliseconds: float

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds


def run_load(job: Job) -> Outcome:
    """Do a job in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(asdict(job)).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=job.seconds + _PATIENCE_SECONDS,
    )
    return Outcome(**json.loads(done.stdout))


class _Client:
    """One connection."""

    __slots__ = ("connection", "reading", "sent")

    def __init__(self, port: int) -> None:
        self.connection: socket.socket = connect(port, timeout_seconds=_PATIENCE_SECONDS)
        self.reading = Reading()
        self.sent = 0.0

    def ask(self, request: bytes) -> None:
        self.reading = Reading()
        self.sent = time.perf_counter()
        self.connection.sendall(request)


class _Requests:
    """The requests in turn."""

    def __init__(self, job: Job) -> None:
        self._halves = [(head.encode("latin-1"), tail.encode("latin-1")) for head, tail in job.halves]
        self._whole = [head + tail for head, tail in self._halves]
        self._number = job.first_number
        self._turn = 0

    def next(self) -> bytes:
        turn = self._turn
        self._turn = (turn + 1) % len(self._whole)
        if self._number is None:
            return self._whole[turn]
        self._number += 1
        head, tail = self._halves[turn]
        return b"%b%d%b" % (head, self._number, tail)


def work(job: Job) -> Outcome:
    """Do a job in this process."""
    requests = _Requests(job)
    selector = selectors.EpollSelector()
    latencies: list[float] = []
    failed = 0
    resting: deque[tuple[float, _Client]] = deque()
    began = time.perf_counter()
    end = began + job.seconds
    for _ in range(job.connections):
        _begin(selector, job.port, requests)
    while (now := time.perf_counter()) < end:
        while resting and resting[0][0] <= now:
            _ask(selector, resting.popleft()[1], job.port, requests)
        for key, _ in selector.select(_until(resting, now, end)):
            client: _Client = key.data
            try:
                data = client.connection.recv(_READ_BYTES)
            except OSError:
                data = b""
            if not data:
                failed += 1
                _drop(selector, client)
                resting.append((now + max(job.pause_seconds, 0.01), client))
                continue
            if not client.reading.take(data):
                continue
            if client.reading.status == _OK:
                latencies.append(time.perf_counter() - client.sent)
            else:
                failed += 1
            if job.pause_seconds:
                resting.append((now + job.pause_seconds, client))
            else:
                _ask(selector, client, job.port, requests)
    seconds = time.perf_counter() - began
    for key in list(selector.get_map().values()):
        _drop(selector, key.data)
    return _outcome(latencies, failed, seconds)


def _begin(selector: selectors.BaseSelector, port: int, requests: _Requests) -> None:
    """Open a connection and ask; a service that is gone is told of by the answers that are missing."""
    try:
        client = _Client(port)
        selector.register(client.connection, selectors.EVENT_READ, client)
        client.ask(requests.next())
    except OSError:
        return


def _ask(selector: selectors.BaseSelector, client: _Client, port: int, requests: _Requests) -> None:
    if client.connection.fileno() < 0:
        _begin(selector, port, requests)
        return
    try:
        client.ask(requests.next())
    except OSError:
        _drop(selector, client)
        _begin(selector, port, requests)


def _drop(selector: selectors.BaseSelector, client: _Client) -> None:
    selector.unregister(client.connection)
    client.connection.close()


def _until(resting: deque[tuple[float, _Client]], now: float, end: float) -> float:
    return max(0.0, min(end, resting[0][0] if resting else end) - now)


def _outcome(latencies: list[float], failed: int, seconds: float) -> Outcome:
    latencies.sort()
    return Outcome(len(latencies), failed, seconds, _percentile(latencies, 0.50), _percentile(latencies, 0.99))


def _percentile(ordered: Sequence[float], part: float) -> float:
    """In milliseconds; of nothing it is infinite, which JSON for Python can say."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000 if ordered else float("inf")


if __name__ == "__main__":
    json.dump(asdict(work(Job(**json.load(sys.stdin)))), sys.stdout)
