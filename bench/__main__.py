"""Run the benchmarks and write a report.

python -m bench [--million | --full] [--results FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

from pyoxigraph import DefaultGraph, Quad, RdfFormat, parse, serialize

from bench.exports import measure_exports
from bench.figures import Figure, rounded
from bench.generate import write_dataset
from bench.jena import JENA, jena_versions
from bench.measure import (
    Bench,
    Engine,
    Pace,
    compare_answers,
    measure_harm,
    measure_latency,
    measure_memory,
    measure_requests,
)
from bench.mixes import RUNAWAYS, Question, emg_questions, mixes_of, shop_questions
from bench.pages import measure_pages
from bench.report import Run, chart_groups, markdown, svg
from bench.services import BASELINE, OURS, PEERS, PEERS_ENVIRONMENT, Data, Peer, Service, StartError
from bench.warming import keep_warm, warm_up
from bench.write_path import Place, measure_writing
from kg.settings import Settings
from kg.sources import is_reference
from kg.store import Snapshots

_ROOT: Final = Path(__file__).resolve().parent.parent
_LOADED: Final = ("small", "stored")
_HARMED: Final = (OURS, BASELINE, "Virtuoso", JENA)
_MOST_EXPORTED: Final = 1_000_000
_PACKAGES: Final = (("pyoxigraph", "uvicorn"), ("oxigraph", "rdflib-endpoint", "rdflib"))
_PEER_BYTES: Final = 4 * 1024**3
_REST_SECONDS: Final = 6.0


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    quads: tuple[int, ...]
    """The sizes of generated datasets."""
    pace: Pace
    deadline_seconds: float
    runaways: tuple[tuple[str, tuple[str, ...]], ...]
    written_to: tuple[int, ...] | None
    """The sizes of the graphs that are written to, besides that of the content, in statements; None: no writing."""


_ALL: Final = ("all at once", tuple(RUNAWAYS) * 2)
QUICK: Final = Plan((100_000,), Pace(3, 0.5, 2.0, 180.0), 2.0, (("memory bomb", ("memory bomb",)), _ALL), (100_000,))
MILLION: Final = Plan((1_000_000,), Pace(3, 1.0, 10.0, 120.0), 2.0, (), None)
FULL: Final = Plan(
    (100_000, 1_000_000, 10_000_000),
    Pace(5, 2.0, 20.0, 180.0),
    5.0,
    (*((name, (name,)) for name in RUNAWAYS), _ALL),
    (100_000, 1_000_000),
)


class _Runner:
    """One run: it collects figures and remarks, and says what it does."""

    def __init__(self, plan: Plan, work: Path) -> None:
        self.plan = plan
        self.work = work
        self.figures: list[Figure] = []
        self.remarks: list[str] = []
        self._began = time.monotonic()

    def tell(self, line: str) -> None:
        """Say what happens now."""
        print(f"{time.monotonic() - self._began:6.0f} s  {line}", file=sys.stderr, flush=True)

    def measure(self, data: Data, questions: list[Question], *, exports: bool, harm: bool) -> None:
        """Everything about one dataset."""
        services = self._services(data)
        by_name = {service.name: service for service in services}
        if OURS not in by_name or BASELINE not in by_name:
            for service in services:
                service.stop()
            raise StartError(f"{OURS} and {BASELINE} are needed")
        engine = self._engine(data)
        bench = Bench(data.name, services, engine, self.plan.pace)
        try:
            self._measure_running(bench, data, questions, exports=exports)
            for service in services:
                if service.restarts:
                    self._remark(
                        f"{data.name}: {service.name} was started anew {service.restarts} times, because it had ended "
                        "or worked on for clients that had left"
                    )
        finally:
            engine.stop()
            for service in services:
                service.stop()
        if harm:
            self._measure_harm(data, [question for question in questions if question.mix == "small"])

    def _measure_running(self, bench: Bench, data: Data, questions: list[Question], *, exports: bool) -> None:
        time.sleep(1.0)
        self.figures += measure_memory(bench, "after the start")
        for service in bench.services:
            keep_warm(service, questions)
        self.tell(f"{data.name}: comparing the answers to {len(questions)} questions")
        compared = compare_answers(bench, questions, reference=BASELINE)
        for remark in compared.remarks:
            self._remark(remark)
        for service in bench.services:
            if service.name in compared.given_up:
                service.stop()
        bench = replace(bench, services=[each for each in bench.services if each.name not in compared.given_up])
        self.tell(f"{data.name}: latency")
        self.figures += measure_latency(bench, questions, compared.unanswered)
        for mix in mixes_of(questions):
            if mix in _LOADED:
                self.tell(f"{data.name}: requests a second, {mix}")
                chosen = [each for each in questions if each.mix == mix]
                self.figures += measure_requests(bench, mix, chosen, compared.unanswered)
        time.sleep(_REST_SECONDS)
        self.figures += measure_memory(bench, "after that traffic, at rest")
        if exports:
            self.tell(f"{data.name}: export")
            self.figures += measure_exports(bench, min(_MOST_EXPORTED, data.quads))

    def _services(self, data: Data) -> list[Service]:
        found = []
        for peer in PEERS:
            if peer.program() is None:
                self._remark(f"{peer.name} is not installed")
            elif data.quads > peer.most_quads:
                self._remark(f"{data.name}: {peer.name} is left out, more than {peer.most_quads:,} quads")
            else:
                self.tell(f"{data.name}: {peer.name}")
                try:
                    found.append(self._open(peer, data))
                except StartError as error:
                    self._remark(f"{data.name}: {error}")
        return found

    def _open(self, peer: Peer, data: Data) -> Service:
        folder = self._folder(peer, data)
        began = time.perf_counter()
        peer.prepare(data, folder)
        load_seconds = time.perf_counter() - began
        service = peer.start(data, folder, None)
        service.again = partial(peer.start, data, folder, None)
        cases = {"load and start": load_seconds + service.start_seconds, "start again": service.start_seconds}
        self.figures += [
            Figure(data.name, "start", case, peer.name, "s", (seconds,)) for case, seconds in cases.items()
        ]
        return service

    def _engine(self, data: Data) -> Engine:
        """The bare engine, opened as our service opens the snapshot."""
        if data.quads <= Settings().memory_quads:
            return Engine("memory", str(data.merged))
        return Engine("disk", str(self.work / data.name / OURS / "state" / "current" / "store"))

    def _measure_harm(self, data: Data, questions: list[Question]) -> None:
        deadline = self.plan.deadline_seconds
        for peer in PEERS:
            if peer.name not in _HARMED or peer.program() is None:
                continue
            for case, runaways in self.plan.runaways:
                self.tell(f"{data.name}: runaway queries, {case}, {peer.name}")
                service = peer.start(data, self._folder(peer, data), deadline)
                warm_up(service, questions)
                if peer.name != OURS:
                    service.limit_memory(_PEER_BYTES)
                try:
                    harm = measure_harm(service, questions, runaways, deadline_seconds=deadline)
                finally:
                    service.stop()
                self.figures += [
                    Figure(data.name, "harm", case, peer.name, "median latency of others", (harm.times_p50,)),
                    Figure(data.name, "harm end", case, peer.name, "s", (harm.ended_seconds,)),
                    Figure(data.name, "harm failed", case, peer.name, "requests", (harm.failed,)),
                    Figure(data.name, "harm alive", case, peer.name, "", (float(harm.alive),)),
                ]

    def _folder(self, peer: Peer, data: Data) -> Path:
        folder = self.work / data.name / peer.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _remark(self, text: str) -> None:
        self.tell(text)
        if text not in self.remarks:
            self.remarks.append(text)


def _emg(work: Path) -> Data:
    """The graph of this repository, built."""
    folder = work / "EMG graph" / OURS
    folder.mkdir(parents=True)
    rough = Data("EMG graph", Path(), Path(), 0, _ROOT)
    next(peer for peer in PEERS if peer.name == OURS).prepare(rough, folder)
    nquads = work / "emg" / "dataset.nq"
    nquads.parent.mkdir()
    nquads.write_bytes(Snapshots(folder / "state", memory_quads=0).current().nquads())
    shutil.rmtree(folder / "state")
    merged = work / "emg-merged.nq"
    merged.write_bytes(_merged(nquads.read_bytes()))
    return Data("EMG graph", nquads, merged, nquads.read_bytes().count(b"\n"), _ROOT)


def _merged(nquads: bytes) -> bytes:
    """The same quads, and in the default graph all but those of reference, as our service has it."""
    quads = list(parse(nquads, format=RdfFormat.N_QUADS))
    own = (quad for quad in quads if not is_reference(str(quad.graph_name.value)))
    merge = {Quad(quad.subject, quad.predicate, quad.object, DefaultGraph()) for quad in own}
    written = serialize([*quads, *merge], format=RdfFormat.N_QUADS)
    return written or b""


def _shop(work: Path, most_quads: int) -> Data:
    """Generated data of about that size."""
    nquads = work / f"shop-{most_quads}" / "dataset.nq"
    nquads.parent.mkdir()
    return Data(f"shop of {most_quads:,} triples", nquads, nquads, write_dataset(nquads, most_quads), None)


def _facts(plan: Plan, load_before: str, load_after: str, seconds: float) -> dict[str, str]:
    gibibytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1024**3
    system = f"{platform.system()} {platform.release()}"
    return {
        "machine": f"{_processor()}, {os.cpu_count()} processors, {gibibytes:.0f} GiB; {system}",
        "load average before": load_before,
        "load average after": load_after,
        "versions": ", ".join(_versions()),
        "revision": _output(["git", "-C", str(_ROOT), "describe", "--always", "--dirty"]),
        "rounds": f"{plan.pace.rounds}, of {plan.pace.seconds:g} s under load",
        "took": f"{seconds / 60:.0f} minutes",
    }


def _versions() -> Iterable[str]:
    """Of our Python and of the packages that decide the figures, ours and those of the peers."""
    yield f"Python {platform.python_version()}"
    places = sysconfig.get_path("purelib"), sysconfig.get_path("purelib", vars={"base": str(PEERS_ENVIRONMENT)})
    for place, names in zip(places, _PACKAGES, strict=True):
        found = {each.name: each.version for each in distributions(path=[place])}
        yield from (f"{name} {found[name]}" for name in names if name in found)
    yield from jena_versions()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _load() -> str:
    return ", ".join(f"{load:.1f}" for load in os.getloadavg())


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"  # noqa: S603


def run(plan: Plan, work: Path, *, title: str) -> Run:
    """Measure everything that a plan asks for."""
    load_before, began = _load(), time.monotonic()
    runner = _Runner(plan, work)
    runner.measure(_emg(work), emg_questions(_ROOT / "queries"), exports=False, harm=False)
    if plan.written_to is not None:
        writing = work / "writing"
        runner.figures += measure_writing(Place(_ROOT, writing, runner.tell), plan.written_to)
        shutil.rmtree(writing)
    runner.figures += measure_pages(_ROOT, work / "pages", rounds=plan.pace.rounds, tell=runner.tell)
    for place, size in enumerate(plan.quads):
        data = _shop(work, size)
        runner.measure(data, shop_questions(size), exports=True, harm=place == 0)
        shutil.rmtree(work / data.name)
    facts = _facts(plan, load_before, _load(), time.monotonic() - began)
    return Run(title, facts, runner.figures, runner.remarks, f"{plan.deadline_seconds:g} s")


def _raw(found: Run) -> str:
    """The run as JSON: data, measure and unit, case, service, the values of the rounds."""
    tree: dict[str, dict[str, dict[str, dict[str, list[float | None]]]]] = {}
    for figure in found.figures:
        cases = tree.setdefault(figure.data, {}).setdefault(f"{figure.measure}, {figure.unit}", {})
        cases.setdefault(figure.case, {})[figure.service] = [rounded(value) for value in figure.values]
    about = {"title": found.title, "facts": found.facts, "remarks": found.remarks, "deadline": found.deadline}
    return json.dumps(about | {"figures": tree}, separators=(",", ":"), ensure_ascii=False) + "\n"


def main() -> None:
    """Read the command line, run, write the report."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--million", action="store_true", help="a million triples and no writing; about 15 minutes")
    sizes.add_argument("--full", action="store_true", help="also 1 and 10 million triples; about an hour")
    parser.add_argument("--results", type=Path, default=_ROOT / "bench" / "results", help="folder for the report")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that the services are ended
    today = datetime.now(UTC).date().isoformat()
    plan, kind = (FULL, "-full") if options.full else (MILLION, "-million") if options.million else (QUICK, "")
    name = f"{today}-{socket.gethostname()}{kind}"
    with tempfile.TemporaryDirectory(prefix="bench-") as work:
        found = run(plan, Path(work), title=f"Benchmarks of {today}")
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / f"{name}.svg").write_text(svg(chart_groups(found.figures)), encoding="utf-8")
    (options.results / f"{name}.json").write_text(_raw(found), encoding="utf-8")
    report = options.results / f"{name}.md"
    report.write_text(markdown(found, f"{name}.svg"), encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
