"""What one submission costs, part by part: what it computes, how long it takes, how often it reads."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import kg.judgement
import kg.submit
from bench.growing import SIGNATURE, new_report, numbered, stated
from kg.house import House, open_house
from kg.publish import Desk
from kg.settings import UNION
from kg.store import HERE, Ledger, Primary, Proposal, open_primary
from kg.submit import Submission, consider

# Where the parts of the write path begin; what is called within another part counts with that.
_PARTS: Final = (
    (kg.submit, "changes_of", "resolving"),
    (Primary, "effective", "resolving"),
    (Primary, "triples_changed", "resolving"),
    (kg.judgement, "validate_change", "shapes"),
    (kg.judgement, "entail_change", "entailment"),
    (kg.judgement, "check_change", "checks"),
    (Ledger, "append", "ledger"),
    (Primary, "commit", "sealing"),
    (kg.submit, "publish_commits", "snapshot"),
)
PARTS: Final = ("resolving", "shapes", "entailment", "checks", "ledger", "sealing", "snapshot", "rest")
JUDGING: Final = ("resolving", "shapes", "entailment", "checks", "rest")
DURABLE: Final = (*JUDGING, "ledger", "sealing")
_WARM: Final = 2


@dataclass
class Cost:
    """What a part costs."""

    cpu_ms: float = 0.0
    wall_ms: float = 0.0
    reads: int = 0


class CountedStore:
    """A store of the engine that counts how often it is read: by pattern, by statement, by query."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.reads = 0

    def quads_for_pattern(self, *pattern: Any) -> Any:
        """As the store."""
        self.reads += 1
        return self._store.quads_for_pattern(*pattern)

    def query(self, text: str, **options: Any) -> Any:
        """As the store."""
        self.reads += 1
        return self._store.query(text, **options)

    def __contains__(self, quad: Any) -> bool:
        self.reads += 1
        return quad in self._store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@dataclass
class Stopwatch:
    """Adds up, by part, what is spent in it and in no part within it."""

    store: CountedStore
    costs: dict[str, Cost] = field(default_factory=dict)
    _parts: list[str] = field(default_factory=list)
    _since: tuple[float, float, int] = (0.0, 0.0, 0)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what the block costs as a part."""
        self._turn()
        self._parts.append(name)
        try:
            yield
        finally:
            self._turn()
            self._parts.pop()

    def _turn(self) -> None:
        now = time.process_time(), time.perf_counter(), self.store.reads
        if self._parts:
            cost = self.costs.setdefault(self._parts[-1], Cost())
            cost.cpu_ms += 1000 * (now[0] - self._since[0])
            cost.wall_ms += 1000 * (now[1] - self._since[1])
            cost.reads += now[2] - self._since[2]
        self._since = now

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Count each part of the write path where it begins."""
        before = [(place, name, getattr(place, name)) for place, name, _ in _PARTS]
        for place, name, part in _PARTS:
            setattr(place, name, self._counted(getattr(place, name), part))
        try:
            yield
        finally:
            for place, name, function in before:
                setattr(place, name, function)

    def _counted(self, function: Callable[..., Any], part: str) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            with self.part(part):
                return function(*arguments, **named)

        return counted


def measure_commits(lines: Sequence[str], desk: Desk, *, rounds: int) -> list[Mapping[str, Cost]]:
    """What each part of the write path costs, submission by submission.

    The processor time is that of all threads, those of the engine included.
    """
    house = open_house(desk.snapshots, limits=desk.limits)
    found: list[Mapping[str, Cost]] = []
    text = new_report(lines)
    with open_primary(desk.snapshots, desk.ledger, default_graph=UNION) as primary:
        store = primary.store
        counted: Any = CountedStore(store)
        primary.store = counted
        for number in range(primary.next_revision, primary.next_revision + _WARM + rounds):
            watch = Stopwatch(counted)
            with watch.watching():
                _commit(numbered(text, number), primary, house, desk=desk, watch=watch)
            found.append(watch.costs)
        del store, counted, watch
        gc.collect()  # the engine's files can be opened again only when nobody holds the store
    return found[_WARM:]


def _commit(text: str, primary: Primary, house: House, *, desk: Desk, watch: Stopwatch) -> None:
    submission = Submission(Proposal("add", added=stated(text, HERE)), SIGNATURE)
    with watch.part("rest"):
        considered = consider(submission, primary, house, state=desk.snapshots.state)
        if not considered.report.conforms or considered.is_empty:
            raise ValueError(f"what is submitted does not conform: {considered.report}")
        primary.hold(SIGNATURE, source=considered.graph)
        primary.commit()
        kg.submit.publish_commits(primary, house, desk.snapshots)


def total(costs: Mapping[str, Cost], parts: Sequence[str] = PARTS) -> Cost:
    """What several parts cost together."""
    chosen = [costs[part] for part in parts]
    return Cost(
        sum(cost.cpu_ms for cost in chosen), sum(cost.wall_ms for cost in chosen), sum(cost.reads for cost in chosen)
    )
