"""Publish a file of N-Quads as the snapshot of a state folder, without any content behind it.

python -m bench.publish NQUADS STATE
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from pyoxigraph import RdfFormat, Store

from bench.generate import BASE
from kg.settings import STRICT
from kg.store import Description, Snapshots
from kg.store.opened import LAYOUT


def publish(nquads: Path, state: Path) -> None:
    """Make the quads of a file the current snapshot; the engine reads the file itself, whatever its size."""
    snapshots = Snapshots(state, memory_quads=1)
    with nquads.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        quads = sum(1 for _ in file)

    def fill(folder: Path) -> None:
        store = Store(str(folder))
        store.bulk_load(path=str(nquads), format=RdfFormat.N_QUADS)
        store.flush()

    with snapshots.locked():
        description = Description(
            number=snapshots.next_number(),
            layout=LAYOUT,
            revision=0,
            digest=digest,
            quads=quads,
            default_graph=STRICT,
            base=BASE,
            prefixes={"": BASE},
        )
        snapshots.put(description, fill, rulebook="", labels=())


if __name__ == "__main__":
    publish(*map(Path, sys.argv[1:]))
