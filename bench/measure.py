"""The measurements of one dataset: the services take turns, round by round, so that a noisy machine is so to all."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from math import isfinite
from statistics import median
from typing import IO, Any, Final, cast
from urllib.parse import quote

from bench.figures import Figure
from bench.http import JSON, connect, fetch, get_request
from bench.load import Job, run_load
from bench.mixes import RUNAWAYS, Question
from bench.processes import memory_megabytes, wait_until_quiet
from bench.services import OURS, Service

ENGINE: Final = "bare engine"

CONNECTIONS: Final = (1, 8, 32)
_OK: Final = 200
_VARIANTS: Final = 50
_WARM_SECONDS: Final = 1.0
_QUIET_WITHIN_SECONDS: Final = 2.0
_SLOW_SECONDS: Final = 1.0
"""What took longer is not repeated."""
_CALM_CONNECTIONS: Final = 4
_CALM_PAUSE_SECONDS: Final = 0.01
_CALM_SECONDS: Final = 1.5
_numbers = count(1_000_000, 1_000_000)


def new_number() -> int:
    """A number that no query of this run has had; nor has any of the million after it."""
    return next(_numbers)


@dataclass(frozen=True)
class Pace:
    """How long everything is measured."""

    rounds: int
    seconds: float
    """Of each run of the load generator."""
    patience_seconds: float
    """How long a question waits for its answer."""
    most_seconds: float
    """How long a service may take over all questions, each asked once; one that takes longer is left out."""


class Engine:
    """The bare engine, in a process of its own."""

    def __init__(self, kind: str, place: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "bench.engine", kind, place],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._in = cast("IO[bytes]", self._process.stdin)
        self._out = cast("IO[bytes]", self._process.stdout)
        self.open_seconds: float = json.loads(self._out.readline())["seconds"]

    def seconds(self, query: str, format_name: str = "json") -> float:
        """How long a query takes, with its answer written to nowhere."""
        self._in.write(json.dumps({"query": query, "format": format_name}).encode() + b"\n")
        self._in.flush()
        return float(json.loads(self._out.readline())["seconds"])

    def stop(self) -> None:
        """End it."""
        self._in.close()
        self._process.wait()
        self._out.close()


@dataclass(frozen=True)
class Bench:
    """A dataset and the services that serve it."""

    data: str
    services: Sequence[Service]
    engine: Engine
    pace: Pace

    def figure(self, measure: str, case: str, service: str, unit: str, values: Iterable[float]) -> Figure:
        """A figure about this dataset."""
        return Figure(self.data, measure, case, service, unit, tuple(values))


def settle(service: Service) -> None:
    """Wait until a service has nothing to do; one that works on for nobody is started anew.

    One that gets faster by being asked works on that, too, and has as long as it takes to.
    """
    patience_seconds = max(_QUIET_WITHIN_SECONDS, service.warm_seconds)
    if service.process.poll() is not None or not wait_until_quiet(service.process.pid, most_seconds=patience_seconds):
        service.restart()


@dataclass(frozen=True)
class Comparison:
    """Who answers what."""

    unanswered: frozenset[tuple[str, str]]
    """Case and service."""
    given_up: frozenset[str]
    """Services that took too long over all questions together."""
    remarks: Sequence[str]


def compare_answers(bench: Bench, questions: Sequence[Question], *, reference: str) -> Comparison:
    """Which service answers which question otherwise than the reference, or not at all."""
    answers: dict[tuple[str, str], str | None] = {}
    remarks: list[str] = []
    given_up: set[str] = set()
    for service in bench.services:
        until = time.monotonic() + bench.pace.most_seconds
        for question in questions:
            if time.monotonic() > until:
                given_up.add(service.name)
                remarks.append(f"{bench.data}: {service.name} is left out, it took over {bench.pace.most_seconds:g} s")
                break
            key = (question.case, service.name)
            answers[key] = _answer(service, question.variant(1), bench.pace.patience_seconds)
    for name in (service.name for service in bench.services if service.name not in given_up):
        missing = [each.case for each in questions if answers[each.case, name] is None]
        others = [
            each.case
            for each in questions
            if None is not answers[each.case, name] != answers.get((each.case, reference))
        ]
        if missing:
            within = f"within {bench.pace.patience_seconds:g} s"
            remarks.append(f"{bench.data}: {name} does not answer {len(missing)} {within}: {'; '.join(missing)}")
        if others:
            remarks.append(f"{bench.data}: {name} answers otherwise {len(others)}: {'; '.join(others)}")
    unanswered = frozenset(key for key, answer in answers.items() if answer is None)
    return Comparison(unanswered, frozenset(given_up), remarks)


def _answer(service: Service, query: str, patience_seconds: float) -> str | None:
    """The boolean, or how many rows, with the only cell where there is only one; None where there is no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", service.address.port, timeout=patience_seconds)
    path = f"{service.address.path}?query={quote(query, safe='')}"
    try:
        connection.request("GET", path, headers={"Accept": JSON})
        response = connection.getresponse()
        document = json.loads(response.read()) if response.status == _OK else None
    except (OSError, http.client.HTTPException, ValueError):
        document = None
    finally:
        connection.close()
    if document is None:
        settle(service)
        return None
    return _signature(document)


def _signature(document: Mapping[str, Any]) -> str:
    if "boolean" in document:
        return str(document["boolean"])
    rows = document["results"]["bindings"]
    only = next(iter(rows[0].values()))["value"] if len(rows) == 1 and len(rows[0]) == 1 else ""
    return f"{len(rows)} {only}"


def measure_latency(
    bench: Bench, questions: Sequence[Question], unanswered: frozenset[tuple[str, str]]
) -> list[Figure]:
    """How long each question takes whose text was never asked before, one at a time.

    The bare engine cannot be interrupted, so it is asked only what our service answers in time.
    """
    taken: dict[tuple[str, str], list[float]] = {}
    given_up = set(unanswered) | {(case, ENGINE) for case, name in unanswered if name == OURS}
    for turn in range(bench.pace.rounds):
        for question in questions:
            query = f"{question.variant(turn + 2)}\n#{new_number()}"
            asked = (*bench.services, None)
            for service in asked if turn % 2 == 0 else reversed(asked):  # who is first warms the disk's cache
                key = (question.case, service.name if service else ENGINE)
                if key in given_up:
                    continue
                seconds = _latency(service, query, bench.pace) if service else bench.engine.seconds(query)
                if seconds is None:
                    taken.pop(key, None)
                    given_up |= {(question.case, ENGINE)} if key[1] == OURS else set()
                else:
                    taken.setdefault(key, []).append(seconds * 1000)
                if seconds is None or seconds > _SLOW_SECONDS:
                    given_up.add(key)
    return [bench.figure("latency", case, name, "ms", values) for (case, name), values in taken.items()]


def _latency(service: Service, query: str, pace: Pace) -> float | None:
    """In seconds, on a connection that is warm; None where it is not answered."""
    try:
        with connect(service.address.port, timeout_seconds=2 * pace.patience_seconds) as connection:
            fetch(connection, get_request(service.address, "ASK {}"))
            fetched = fetch(connection, get_request(service.address, query))
    except OSError:
        fetched = None
    if fetched is None or fetched.status != _OK:
        settle(service)
        return None
    return fetched.seconds


def measure_requests(
    bench: Bench, mix: str, questions: Sequence[Question], unanswered: frozenset[tuple[str, str]]
) -> list[Figure]:
    """Requests a second and their latency, the same questions again and again and every text another.

    A service that does not answer them all is left out.
    """
    figures: list[Figure] = []
    services = [
        each for each in bench.services if not any((question.case, each.name) in unanswered for question in questions)
    ]
    for kind in ("repeated", "every text new"):
        for service in services:
            _run(service, questions, connections=8, new=kind != "repeated", seconds=_WARM_SECONDS)
        for connections in CONNECTIONS:
            case = f"{mix}, {kind}, {connections} connection{'s' if connections > 1 else ''}"
            rows: dict[str, list[tuple[float, float, float]]] = {service.name: [] for service in services}
            for _ in range(bench.pace.rounds):
                for service in services:
                    rows[service.name].append(
                        _run(
                            service,
                            questions,
                            connections=connections,
                            new=kind != "repeated",
                            seconds=bench.pace.seconds,
                        )
                    )
            for name, row in rows.items():
                per_second, p50, p99 = zip(*row, strict=True)
                figures.append(bench.figure("requests", case, name, "1/s", per_second))
                figures.append(bench.figure("p50", case, name, "ms", p50))
                figures.append(bench.figure("p99", case, name, "ms", p99))
    return figures


def _run(
    service: Service, questions: Sequence[Question], *, connections: int, new: bool, seconds: float
) -> tuple[float, float, float]:
    halves = [half for question in questions for half in _halves(service, question)]
    outcome = run_load(Job(service.address.port, halves, connections, seconds, new_number() if new else None))
    settle(service)
    return outcome.per_second, outcome.p50_milliseconds, outcome.p99_milliseconds


def _halves(service: Service, question: Question) -> list[tuple[str, str]]:
    """Requests about several things, each cut where a comment in the query has room for a number."""
    found = []
    for number in range(min(_VARIANTS, question.things)):
        head, _, tail = get_request(service.address, f"{question.variant(number)}\n#").decode().partition(" HTTP/")
        found.append((head, f" HTTP/{tail}"))
    return found


def measure_memory(bench: Bench, case: str) -> list[Figure]:
    """Memory of the services while they rest."""
    return [
        bench.figure("memory", case, service.name, "MB", (memory_megabytes(service.process.pid),))
        for service in bench.services
    ]


@dataclass(frozen=True)
class Harm:
    """What runaway queries did."""

    times_p50: float
    """The median latency of others, in times of what it was before; infinite where nobody had an answer."""
    failed: int
    """Requests of others without an answer."""
    ended_seconds: float
    """When the last runaway query was answered or refused; infinite where one was not, 2 s after the deadline."""
    alive: bool


def measure_harm(
    service: Service, questions: Sequence[Question], runaways: Sequence[str], *, deadline_seconds: float
) -> Harm:
    """Run calm traffic, alone and then beside runaway queries."""
    halves = [half for question in questions for half in _halves(service, question)]
    calm = Job(
        service.address.port,
        halves,
        _CALM_CONNECTIONS,
        _CALM_SECONDS,
        first_number=new_number(),
        pause_seconds=_CALM_PAUSE_SECONDS,
    )
    before = [run_load(calm).p50_milliseconds for _ in range(2)]
    ended: list[float] = []
    patience = deadline_seconds + 2.0
    threads = [threading.Thread(target=_run_away, args=(service, RUNAWAYS[name], patience, ended)) for name in runaways]
    for thread in threads:
        thread.start()
    during = run_load(
        Job(
            calm.port,
            halves,
            _CALM_CONNECTIONS,
            deadline_seconds,
            first_number=new_number(),
            pause_seconds=_CALM_PAUSE_SECONDS,
        )
    )
    for thread in threads:
        thread.join()
    calm_milliseconds = median(before)
    return Harm(
        times_p50=during.p50_milliseconds / calm_milliseconds if isfinite(calm_milliseconds) else calm_milliseconds,
        failed=during.failed,
        ended_seconds=max(ended) if len(ended) == len(runaways) else float("inf"),
        alive=service.process.poll() is None and service.answers(),
    )


def _run_away(service: Service, query: str, patience_seconds: float, ended: list[float]) -> None:
    with suppress(OSError), connect(service.address.port, timeout_seconds=patience_seconds) as connection:
        fetched = fetch(connection, get_request(service.address, f"{query}\n#{new_number()}"))
        if fetched.seconds < patience_seconds:
            ended.append(fetched.seconds)
