"""What the conformance tests share: the content of this repository, built once."""

from pathlib import Path

import pytest

from kg.publish import build
from kg.settings import UNION
from kg.sources import open_content
from kg.sparql import Limits
from kg.store import Snapshot, Snapshots

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the content was built."""
    folder = tmp_path_factory.mktemp("state")
    snapshots = Snapshots(folder, memory_quads=1_000_000)
    build(open_content(ROOT), snapshots, default_graph=UNION, limits=Limits(), tell=print)
    return folder


@pytest.fixture(scope="session")
def built(state: Path) -> Snapshot:
    """The graph; its default graph is the union of all."""
    return Snapshots(state, memory_quads=1_000_000).current()
