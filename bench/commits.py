"""How many commits a second are on disk: where several threads write, and where one writes for several."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from bench.growing import SIGNATURE, small_draft
from kg.house import open_house
from kg.publish import Desk
from kg.settings import UNION
from kg.store import Ledger, Primary, open_primary
from kg.submit import publish_commits

_ENOUGH: Final = 1_000_000


def ledger_rate(folder: Path, *, writers: int, seconds: float) -> float:
    """Commits a second of so many threads that each wait until their commit is on disk."""
    ledger = Ledger(folder)

    def write(first: int, until: float) -> int:
        number = first
        while time.monotonic() < until:
            ledger.append(small_draft(number))
            number += 1
        return number - first

    with ledger.locked(), ThreadPoolExecutor(writers) as pool:
        began = time.monotonic()
        running = [pool.submit(write, writer * _ENOUGH, began + seconds) for writer in range(writers)]
        done = sum(each.result() for each in running)
        return done / (time.monotonic() - began)


def store_rate(desk: Desk, *, at_once: int, seconds: float, publishes: bool) -> float:
    """Commits a second, in ledger and store, nothing judged, `at_once` sharing one sync and perhaps one snapshot."""
    house = open_house(desk.snapshots, limits=desk.limits)
    with open_primary(desk.snapshots, desk.ledger, default_graph=UNION) as primary:
        publish = (lambda: publish_commits(primary, house, desk.snapshots)) if publishes else None
        return _rate(primary, publish, at_once=at_once, seconds=seconds)


def _rate(primary: Primary, publish: Callable[[], object] | None, *, at_once: int, seconds: float) -> float:
    began, done = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        for _ in range(at_once):
            draft = small_draft(primary.next_revision)
            primary.change(draft.changeset)
            primary.hold(SIGNATURE, source=draft.source)
        primary.commit()
        if publish is not None:
            publish()
        done += at_once
    return done / (time.monotonic() - began)
