"""What submitting over HTTP costs: to whoever submits, and to the machine."""

from __future__ import annotations

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import quote

from bench.growing import new_place, new_report, numbered
from bench.processes import memory_megabytes, wait_until_quiet
from bench.services import Service, serve_state
from kg.access import SUBMIT, Register

CLIENTS: Final = 8
UNLIMITED: Final = {"KG_TOKEN_WRITES": "1000000", "KG_ADDRESS_WRITES": "1000000"}
_TIMEOUT_SECONDS: Final = 60.0
_QUIET_SECONDS: Final = 10.0
_CREATED: Final = 201
# So long after the last submission the writer has ended.
_WRITER_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Submitted:
    """What was found."""

    alone_ms: tuple[float, ...]
    """From sending one submission to the answer that it is accepted, and seen by whoever asks next."""
    seen_ms: tuple[float, ...]
    """From sending it to the answer of a query that finds it."""
    per_second: float
    """Submissions accepted, with as many clients at once as `CLIENTS`."""
    idle_megabytes: float
    """All processes together, before anybody submits."""
    desk_megabytes: float
    """The same after all that, at rest."""


class Client:
    """One connection with a token."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
        self._headers = {"Content-Type": "text/turtle", "Authorization": f"Bearer {token}"}

    def submit(self, text: str) -> None:
        """Submit what conforms."""
        self._connection.request("POST", "/submissions", text.encode(), self._headers)
        reply = self._connection.getresponse()
        body = reply.read()
        if reply.status != _CREATED:
            raise RuntimeError(f"not accepted: {reply.status} {body[:500].decode(errors='replace')}")

    def holds(self, iri: str) -> bool:
        """Whether the service tells anything of a thing."""
        self._connection.request("GET", f"/sparql?query={quote(f'ASK {{ <{iri}> ?p ?o }}')}")
        return bool(json.loads(self._connection.getresponse().read())["boolean"])


def measure_submissions(lines: list[str], content: Path, folder: Path, *, rounds: int, seconds: float) -> Submitted:
    """Submit to a service of a state that was built in `folder`."""
    token, _ = Register(folder / "state").create("Bench", scope=SUBMIT, now=datetime.now(UTC), expires=None)
    service = serve_state(content, folder, UNLIMITED)
    try:
        return _measure(lines, service, token, rounds=rounds, seconds=seconds)
    finally:
        service.stop()


def _measure(lines: list[str], service: Service, token: str, *, rounds: int, seconds: float) -> Submitted:
    wait_until_quiet(service.process.pid, most_seconds=_QUIET_SECONDS)
    idle = memory_megabytes(service.process.pid)
    client = Client(service.address.port, token)
    text = new_report(lines)
    client.submit(numbered(text, 1_000_000))  # the desk starts with the first one
    alone, seen = zip(*(_alone(client, text, 1_000_001 + number) for number in range(rounds)), strict=True)
    per_second = _together(new_place(lines), service.address.port, token, seconds=seconds)
    time.sleep(_WRITER_SECONDS)
    wait_until_quiet(service.process.pid, most_seconds=_QUIET_SECONDS)
    return Submitted(alone, seen, per_second, idle, memory_megabytes(service.process.pid))


def _alone(client: Client, text: str, number: int) -> tuple[float, float]:
    began = time.perf_counter()
    client.submit(numbered(text, number))
    accepted = time.perf_counter()
    while not client.holds(f"https://x.example/new/{number}/report"):
        pass
    return 1000 * (accepted - began), 1000 * (time.perf_counter() - began)


def _together(text: str, port: int, token: str, *, seconds: float) -> float:
    numbers = count(2_000_000)
    until = time.monotonic() + seconds

    def run() -> int:
        client, done = Client(port, token), 0
        while time.monotonic() < until:
            client.submit(numbered(text, next(numbers)))
            done += 1
        return done

    began = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as pool:
        done = sum(work.result() for work in [pool.submit(run) for _ in range(CLIENTS)])
    return done / (time.monotonic() - began)
