"""All about writing: what a submission costs however much there is, how many go in, what an audit of all costs.

python -m bench.write_path [--sizes N…]

measures that part of the benchmarks alone, and prints its tables.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.audit import OURS as AUDIT
from bench.audit import SHIPPED, audit
from bench.commits import ledger_rate, store_rate
from bench.figures import Figure, ratio
from bench.growing import build_state, copier, grow, is_asserted, triples_of
from bench.report import Run, markdown
from bench.services import OURS
from bench.submitting import CLIENTS, measure_submissions
from bench.writing import DURABLE, JUDGING, PARTS, measure_commits, total
from kg.house import open_house
from kg.publish import Desk
from kg.settings import Settings
from kg.sources import open_content
from kg.sparql import Limits
from kg.store import Ledger, Snapshots

WRITING: Final = "Writing"
_ALL: Final = "all"
_JUDGED: Final = "judged"
_DURABLE: Final = "judged and durable"
_BUILT: Final = "built"
_ROUNDS: Final = 15
_SECONDS: Final = 3.0
_MILLION: Final = 1_000_000

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Place:
    """Where it is measured: the content, and a folder for states."""

    content: Path
    work: Path
    tell: Tell

    def desk(self, name: str, *, like: str = "") -> Desk:
        """The desk of a state of its own; perhaps made like another one."""
        state = self.work / name / "state"
        if like:
            shutil.copytree(self.work / like / "state", state, symlinks=True)
        snapshots = Snapshots(state, memory_quads=Settings().memory_quads)
        return Desk(snapshots, Ledger(state / "ledger"), Limits(), lambda _: None)


def measure_writing(place: Place, sizes: Sequence[int]) -> list[Figure]:
    """Everything about writing to the content as it is, and to that with copies, of so many statements each."""
    place.tell(f"{WRITING}: building")
    desk = place.desk(_BUILT)
    lines = build_state(open_content(place.content), desk)
    figures = [*_audits(place, lines, sizes)]
    figures += _commits(place, lines, (0, *sizes))
    figures += _rates(place)
    place.tell(f"{WRITING}: submissions over HTTP")
    sent = measure_submissions(lines, place.content, place.work / _BUILT, rounds=_ROUNDS, seconds=_SECONDS)
    figures += [
        _figure("submit", "accepted, and seen by whoever asks next", OURS, "ms", sent.alone_ms),
        _figure("submit", "found by a query", OURS, "ms", sent.seen_ms),
        _figure("commits", f"submitted over HTTP and judged, {CLIENTS} clients", OURS, "1/s", (sent.per_second,)),
        _figure("desk memory", "before anybody submits", OURS, "MB", (sent.idle_megabytes,)),
        _figure("desk memory", "after all that, at rest", OURS, "MB", (sent.desk_megabytes,)),
    ]
    return [*figures, *_ratios(figures)]


def _figure(measure: str, case: str, who: str, unit: str, values: tuple[float, ...]) -> Figure:
    return Figure(WRITING, measure, case, who, unit, values)


def _commits(place: Place, lines: Sequence[str], sizes: Sequence[int]) -> Iterator[Figure]:
    """A submission in states of several sizes; the columns of the report are the sizes."""
    for size in sizes:
        quads = f"{max(size, len(lines)):,}"
        place.tell(f"{WRITING}: one submission to {quads} statements")
        desk = place.desk(f"grown-{size}", like=_BUILT)
        if size:
            grow(lines, desk, open_house(desk.snapshots, limits=desk.limits), quads=size)
        rounds = measure_commits(lines, desk, rounds=_ROUNDS)
        shutil.rmtree(desk.snapshots.state)
        for name, parts in (
            (_ALL, PARTS),
            (_JUDGED, JUDGING),
            (_DURABLE, DURABLE),
            *((part, (part,)) for part in PARTS),
        ):
            costs = [total(costs, parts) for costs in rounds]
            yield _figure("commit", name, quads, "ms", tuple(cost.cpu_ms for cost in costs))
            yield _figure("commit time", name, quads, "ms", tuple(cost.wall_ms for cost in costs))
            yield _figure("commit reads", name, quads, "reads", tuple(float(cost.reads) for cost in costs))


def _rates(place: Place) -> Iterator[Figure]:
    place.tell(f"{WRITING}: commits a second")
    for writers in (1, CLIENTS):
        rate = ledger_rate(place.work / f"ledger-{writers}", writers=writers, seconds=_SECONDS)
        yield _figure("commits", f"ledger alone, {writers} writing", OURS, "1/s", (rate,))
    desk = place.desk("rates", like=_BUILT)
    for at_once, publishes in ((CLIENTS, False), (CLIENTS, True), (64, True)):
        rate = store_rate(desk, at_once=at_once, seconds=_SECONDS, publishes=publishes)
        case = f"ledger and store, {at_once} at once" + (", and a snapshot for them" if publishes else "")
        yield _figure("commits", case, OURS, "1/s", (rate,))


def _audits(place: Place, lines: Sequence[str], sizes: Sequence[int]) -> Iterator[Figure]:
    """Audits of the content as it is, by both; and by us of the largest size up to a million, for the memory."""
    copy, file = copier(lines), place.work / "audit.nt"
    count = triples_of(lines, file)
    for program in (AUDIT, SHIPPED):
        place.tell(f"{WRITING}: audit of {count:,} triples by {program}")
        found = audit(place.content, file, program)
        yield _figure("audit", f"{count:,} triples", program, "s", (found.cpu_seconds,))
    largest = max((size for size in sizes if size <= _MILLION), default=0)
    copies = max(0, largest - count) // sum(1 for line in copy(1) if is_asserted(line))
    count = triples_of([*lines, *(line for number in range(1, copies + 1) for line in copy(number))], file)
    place.tell(f"{WRITING}: audit of {count:,} triples by {AUDIT}")
    found = audit(place.content, file, AUDIT)
    yield _figure("audit", f"{count:,} triples", AUDIT, "s", (found.cpu_seconds,))
    part = found.grown_megabytes * _MILLION / count
    yield _figure("audit memory", f"{count:,} triples, for a million", AUDIT, "MB", (part,))


def _ratios(figures: Sequence[Figure]) -> Iterator[Figure]:
    """What must hold, as ratios within the run."""
    known = {(figure.measure, figure.case, figure.service): figure for figure in figures}
    sizes = list(dict.fromkeys(figure.service for figure in figures if figure.measure == "commit"))
    least, most = known["commit", _ALL, sizes[0]], known["commit", _ALL, sizes[-1]]
    reads = [known["commit reads", _ALL, size] for size in (sizes[-1], sizes[0])]
    case = next(figure.case for figure in figures if figure.measure == "audit")
    shipped = known["audit", case, SHIPPED]
    judged, durable, everything = (known["commit time", name, sizes[0]] for name in (_JUDGED, _DURABLE, _ALL))
    ratios = {
        f"one submission at {sizes[-1]} statements to that at {sizes[0]}: processor time": most.middle / least.middle,
        "the same: index reads": reads[0].middle / reads[1].middle,
        f"one submission to all of {case} by {SHIPPED}": least.middle / (1000 * shipped.middle),
        "judged and durable, to judged: time": ratio(durable, judged),
        "judged, durable and published, to judged: time": ratio(everything, judged),
        "the same: processor time": ratio(least, known["commit", _JUDGED, sizes[0]]),
        f"audit to {SHIPPED}": ratio(known["audit", case, AUDIT], shipped),
    }
    for name, value in ratios.items():
        yield _figure("write ratios", name, OURS, "times", (value,))


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.write_path", description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=[100_000], help="statements, besides the content alone")
    root = Path(__file__).resolve().parent.parent
    with tempfile.TemporaryDirectory(prefix="bench-") as work:
        place = Place(root, Path(work), lambda line: print(line, flush=True))
        figures = measure_writing(place, parser.parse_args().sizes)
    print(markdown(Run(WRITING, {}, figures, [], ""), ""))


if __name__ == "__main__":
    _main()
