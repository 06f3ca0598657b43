"""Publish a file of N-Quads as the snapshot of a state folder, without any content behind it.

python -m bench.publish NQUADS STATE
"""

from __future__ import annotations

import sys
from pathlib import Path

from bench.generate import BASE
from kg.settings import STRICT
from kg.store import Snapshots


def _main(nquads: str, state: str) -> None:
    snapshots = Snapshots(Path(state), memory_quads=1)
    with snapshots.locked():
        snapshots.publish(Path(nquads).read_bytes(), default_graph=STRICT, base=BASE, prefixes={"": BASE})


if __name__ == "__main__":
    _main(*sys.argv[1:])
