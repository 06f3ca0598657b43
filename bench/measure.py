"""The measurements of one dataset: the services take turns, round by round, so that a noisy machine is so to all."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from statistics import median
from typing import IO, Any, Final, cast
from urllib.parse import quote

from bench.figures import Figure
from bench.http import JSON, connect, fetch, get_request
from bench.load import Job, run_load
from bench.mixes import EVERYTHING, EVERYTHING_AS_GRAPH, RUNAWAYS, Question
from bench.processes import Peak, memory_megabytes, wait_until_quiet
from bench.services import Service

ENGINE: Final = "bare engine"

CONNECTIONS: Final = (1, 8, 32)
_OK: Final = 200
_VARIANTS: Final = 50
_WARM_SECONDS: Final = 1.0
_QUIET_WITHIN_SECONDS: Final = 2.0
_SLOW_SECONDS: Final = 1.0
"""What took longer is not repeated."""
_SLOW_EXPORT_SECONDS: Final = 3.0
_MOST_EXPORT_SECONDS: Final = 600.0
_READ_BYTES: Final = 256 * 1024
_EXPORTS: Final = (
    ("JSON", "json", JSON, EVERYTHING),
    ("CSV", "csv", "text/csv", EVERYTHING),
    ("N-Triples", "nt", "application/n-triples", EVERYTHING_AS_GRAPH),
)
_CALM_CONNECTIONS: Final = 4
_CALM_PAUSE_SECONDS: Final = 0.01
_CALM_SECONDS: Final = 1.5
_numbers = count(1_000_000, 1_000_000)


@dataclass(frozen=True)
class Pace:
    """How long everything is measured."""

    rounds: int
    seconds: float
    """Of each run of the load generator."""
    patience_seconds: float
    """How long a question waits for its answer."""


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
    """Wait until a service has nothing to do; one that works on for nobody is started anew."""
    if service.process.poll() is not None or not wait_until_quiet(
        service.process.pid, most_seconds=_QUIET_WITHIN_SECONDS
    ):
        service.restart()


@dataclass(frozen=True)
class Comparison:
    """Who answers what."""

    unanswered: frozenset[tuple[str, str]]
    """Case and service."""
    remarks: Sequence[str]


def compare_answers(bench: Bench, questions: Sequence[Question], *, reference: str) -> Comparison:
    """Which service answers which question otherwise than the reference, or not at all."""
    answers = {
        (question.case, service.name): _answer(service, question.variant(1), bench.pace.patience_seconds)
        for service in bench.services
        for question in questions
    }
    remarks: list[str] = []
    for name in (service.name for service in bench.services):
        missing = [each.case for each in questions if answers[each.case, name] is None]
        others = [
            each.case for each in questions if None is not answers[each.case, name] != answers[each.case, reference]
        ]
        if missing:
            within = f"within {bench.pace.patience_seconds:g} s"
            remarks.append(f"{bench.data}: {name} does not answer {len(missing)} {within}: {'; '.join(missing)}")
        if others:
            remarks.append(f"{bench.data}: {name} answers otherwise {len(others)}: {'; '.join(others)}")
    return Comparison(frozenset(key for key, answer in answers.items() if answer is None), remarks)


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
    """How long each question takes whose text was never asked before, one at a time."""
    taken: dict[tuple[str, str], list[float]] = {}
    given_up = set(unanswered)
    for turn in range(bench.pace.rounds):
        for question in questions:
            query = f"{question.variant(turn + 2)}\n#{next(_numbers)}"
            for service in (*bench.services, None):
                key = (question.case, service.name if service else ENGINE)
                if key in given_up:
                    continue
                seconds = _latency(service, query, bench.pace) if service else bench.engine.seconds(query)
                if seconds is None:
                    taken.pop(key, None)
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
    outcome = run_load(Job(service.address.port, halves, connections, seconds, next(_numbers) if new else None))
    settle(service)
    return outcome.per_second, outcome.p50_milliseconds, outcome.p99_milliseconds


def _halves(service: Service, question: Question) -> list[tuple[str, str]]:
    """Requests about several things, each cut where a comment in the query has room for a number."""
    found = []
    for number in range(min(_VARIANTS, question.things)):
        head, _, tail = get_request(service.address, f"{question.variant(number)}\n#").decode().partition(" HTTP/")
        found.append((head, f" HTTP/{tail}"))
    return found


def measure_exports(bench: Bench, rows: int) -> list[Figure]:
    """Rows a second, time to the first byte and memory while a large answer is read, in several formats."""
    figures: list[Figure] = []
    for label, format_name, accept, text in _EXPORTS:
        query = text.format(rows=rows)
        given = {service.name: _export_rows(service, query, accept=accept) for service in bench.services}
        taken: dict[str, list[tuple[float, float]]] = {}
        for turn in range(bench.pace.rounds):
            for service in bench.services:
                before = taken.setdefault(service.name, [])
                if given[service.name] is None or (before and before[0][0] > _SLOW_EXPORT_SECONDS):
                    continue
                with connect(service.address.port, timeout_seconds=_MOST_EXPORT_SECONDS) as connection:
                    request = get_request(service.address, f"{query}\n#{next(_numbers)}", accept=accept)
                    fetched = fetch(connection, request)
                if fetched.status == _OK:
                    before.append((fetched.seconds, fetched.first_byte_seconds))
            taken.setdefault(ENGINE, []).append((bench.engine.seconds(f"{query}\n#{turn}", format_name), 0.0))
        whole = next(each for each in given.values() if each)
        for name, times in taken.items():
            found = given.get(name)
            if not times:
                continue
            lines = (found or whole)[0]
            figures.append(bench.figure("export", label, name, "rows/s", (lines / seconds for seconds, _ in times)))
            if found:
                figures.append(bench.figure("first byte", label, name, "ms", (first * 1000 for _, first in times)))
                figures.append(bench.figure("export memory", label, name, "MB", (found[1],)))
    return figures


def _export_rows(service: Service, query: str, *, accept: str) -> tuple[int, float] | None:
    """How many rows come, and how far memory grows meanwhile, in megabytes; None where the answer is not whole."""
    settle(service)
    mark = b'"p"' if accept == JSON else b"\n"
    found, held = 0, b""
    connection = http.client.HTTPConnection("127.0.0.1", service.address.port, timeout=_MOST_EXPORT_SECONDS)
    with Peak(service.process.pid) as peak:
        try:
            path = f"{service.address.path}?query={quote(query, safe='')}"
            connection.request("GET", path, headers={"Accept": accept})
            response = connection.getresponse()
            if response.status != _OK:
                return None
            while part := response.read(_READ_BYTES):
                held = held[len(held) - len(mark) + 1 :] + part
                found += held.count(mark)
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
    heading = 0 if "triples" in accept else 1
    return found - heading, peak.growth_megabytes


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
    """The median latency of others, in times of what it was before."""
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
        first_number=next(_numbers),
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
            first_number=next(_numbers),
            pause_seconds=_CALM_PAUSE_SECONDS,
        )
    )
    for thread in threads:
        thread.join()
    return Harm(
        times_p50=during.p50_milliseconds / median(before),
        failed=during.failed,
        ended_seconds=max(ended) if len(ended) == len(runaways) else float("inf"),
        alive=service.process.poll() is None and service.answers(),
    )


def _run_away(service: Service, query: str, patience_seconds: float, ended: list[float]) -> None:
    with suppress(OSError), connect(service.address.port, timeout_seconds=patience_seconds) as connection:
        fetched = fetch(connection, get_request(service.address, f"{query}\n#{next(_numbers)}"))
        if fetched.seconds < patience_seconds:
            ended.append(fetched.seconds)
