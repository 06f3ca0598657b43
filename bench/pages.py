"""How long pages for people take: the first one of a snapshot, each one anew, and one that was asked before.

python -m bench.pages [--rounds N]

measures that part of the benchmarks alone, and prints its table and what a visitor's browser loads.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Final
from urllib.parse import urljoin

from bench.figures import Figure
from bench.growing import build_state, new_report, numbered
from bench.processes import wait_until_quiet
from bench.services import OURS, Service, serve_state
from bench.submitting import UNLIMITED, Client
from kg.access import SUBMIT, Register
from kg.publish import Desk
from kg.settings import Settings
from kg.sources import open_content
from kg.sparql import Limits
from kg.store import Ledger, Snapshots

PAGES: Final = {
    "first page": "/",
    "search": "/search?q=nexus+dialogue",
    "suggestions": "/search/suggest?q=nexus",
    "workstream": "/id/workstream/img-human-rights.html",
    "agency": "/id/agency/unep.html",
    "deliverable": "/id/deliverable/guidance-ndcs.html",
    "event": "/id/event/nd-15c-series.html",
    "framework": "/id/framework/ndcs.html",
    "document": "/id/document/som28-midterm-progress-report.html",
    "passage": "/id/passage/som28-mpr.III.i.3.progress.2.html",
    "unknown thing": "/id/event/nexus-dialoge",
    "pictures": "/explore",
    "timeline": "/explore/timeline",
    "matrix": "/explore/status-of-tasks",
    "network": "/explore/collaborations",
    "questions": "/questions",
    "question": "/questions/explore/events-of-workstream",
    "query": "/query",
    "vocabulary": "/vocabulary",
    "ontology": "/ontology",
    "contribute": "/contribute",
    "form": "/contribute/new/Event",
    "tables": "/tables",
    "history": "/history",
    "data": "/data",
    "interface": "/api",
    "graphs": "/graphs",
}
"""Kind of page -> the address of one."""

MEASURES: Final = {
    "page first": "first after a commit",
    "page": "made anew, median",
    "page p99": "made anew, 99th percentile",
    "page again": "asked before, median",
}

_ROOT: Final = Path(__file__).resolve().parent.parent
_TIMES: Final = 40
_TIMEOUT_SECONDS: Final = 60.0
_QUIET_SECONDS: Final = 10.0
_LOADED: Final = re.compile(r"""<(?:link rel="stylesheet" href|script type="module" src)="([^"]+)\"""")
_IMPORTED: Final = re.compile(r"""(?:from|import)\s*"(\./[^"]+\.js)\"""")


@dataclass(frozen=True)
class Weight:
    """What a browser loads with a page, in bytes: alone, compressed, and all files with it compressed."""

    page: int
    sent: int
    files: int


class _Visitor:
    """One connection; what it asks for is made anew where no two requests accept the same."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
        self._numbers = count()

    def ask(self, path: str, *, anew: bool = False, encoding: str = "identity") -> tuple[float, bytes]:
        """Milliseconds until the whole page is there, and the page as it was sent."""
        accept = f"text/html, application/x-{next(self._numbers)};q=0.1" if anew else "text/html"
        began = time.perf_counter()
        self._connection.request("GET", path, headers={"Accept": accept, "Accept-Encoding": encoding})
        reply = self._connection.getresponse()
        body = reply.read()
        took = 1000 * (time.perf_counter() - began)
        if reply.status not in (http.HTTPStatus.OK, http.HTTPStatus.NOT_FOUND):
            raise RuntimeError(f"{path}: {reply.status} {body[:300].decode(errors='replace')}")
        return took, body


def measure_pages(content: Path, work: Path, *, rounds: int, tell: Callable[[str], None]) -> list[Figure]:
    """The times of all kinds of pages over a content, in milliseconds."""
    with _served(content, work, tell) as (service, change):
        found: dict[tuple[str, str], list[float]] = {}
        for number in range(rounds):
            tell(f"pages: round {number + 1} of {rounds}")
            change()
            _measure_round(service.address.port, found)
    return [Figure("Pages", measure, kind, OURS, "ms", tuple(values)) for (measure, kind), values in found.items()]


def weigh_pages(content: Path, work: Path, *, tell: Callable[[str], None]) -> dict[str, Weight]:
    """What a browser loads that comes for the first time, by kind of page."""
    with _served(content, work, tell) as (service, _):
        visitor = _Visitor(service.address.port)
        return {kind: _weigh(visitor, path) for kind, path in PAGES.items()}


@contextmanager
def _served(content: Path, work: Path, tell: Callable[[str], None]) -> Iterator[tuple[Service, Callable[[], None]]]:
    """A service of a state of its own, and what makes a commit there."""
    tell("pages: building")
    state = work / "state"
    snapshots = Snapshots(state, memory_quads=Settings().memory_quads)
    lines = build_state(open_content(content), Desk(snapshots, Ledger(state / "ledger"), Limits(), lambda _: None))
    token, _ = Register(state).create("Bench", scope=SUBMIT, now=datetime.now(UTC), expires=None)
    service = serve_state(content, work, UNLIMITED | {"KG_ADDRESS_VALIDATIONS": "1000000"})
    text, numbers = new_report(lines), count(3_000_000)

    def change() -> None:
        Client(service.address.port, token).submit(numbered(text, next(numbers)))
        wait_until_quiet(service.process.pid, most_seconds=_QUIET_SECONDS)

    try:
        yield service, change
    finally:
        service.stop()


def _measure_round(port: int, found: dict[tuple[str, str], list[float]]) -> None:
    visitor = _Visitor(port)
    for kind, path in PAGES.items():
        first, _ = visitor.ask(path)
        anew = [visitor.ask(path, anew=True)[0] for _ in range(_TIMES)]
        again = [visitor.ask(path)[0] for _ in range(_TIMES)]
        values = (first, median(anew), quantiles(anew, n=100, method="inclusive")[98], median(again))
        for measure, value in zip(MEASURES, values, strict=True):
            found.setdefault((measure, kind), []).append(value)


def _weigh(visitor: _Visitor, path: str) -> Weight:
    _, page = visitor.ask(path)
    waiting = [urljoin(path, address) for address in _LOADED.findall(page.decode())]
    files: dict[str, int] = {}
    while waiting:
        address = waiting.pop()
        if address not in files:
            _, sent = visitor.ask(address, encoding="br, gzip")
            files[address] = len(sent)
            _, plain = visitor.ask(address)
            waiting += [urljoin(address, part) for part in _IMPORTED.findall(plain.decode())]
    return Weight(len(page), len(gzip.compress(page, 6)), sum(files.values()))


def table(figures: list[Figure], weights: Mapping[str, Weight]) -> str:
    """All of it in Markdown."""
    times = {(figure.measure, figure.case): figure.middle for figure in figures}
    head = ["page", *(f"{name}, ms" for name in MEASURES.values()), "HTML, kB", "compressed, kB", "files with it, kB"]
    rows = [head, ["---", *["---:"] * (len(head) - 1)]]
    for kind, weight in weights.items():
        sizes = (weight.page, weight.sent, weight.files)
        rows.append(
            [
                kind,
                *(f"{times[measure, kind]:.1f}" for measure in MEASURES),
                *(f"{size / 1000:.0f}" for size in sizes),
            ]
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Measure pages alone."""
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="commits, after each of which all is measured")
    options = parser.parse_args()

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="bench-") as work:
        figures = measure_pages(_ROOT, Path(work) / "times", rounds=options.rounds, tell=tell)
        weights = weigh_pages(_ROOT, Path(work) / "weights", tell=tell)
    print(table(figures, weights))


if __name__ == "__main__":
    main()
