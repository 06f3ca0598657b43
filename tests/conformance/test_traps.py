"""The graph is not misled where the sources mislead: a proof for each of 83 places, and the mistake that breaks it."""

from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox
import pytest
import yaml

from kg.store import Snapshot
from tests.states import published

TRAPS = Path(__file__).with_name("traps.yaml")
SOURCE = "<https://w3id.org/unemg/graph/midterm-progress-report>"


@dataclass(frozen=True)
class Trap:
    """One place; `mistake` is what a misled reader adds, `loss` what he leaves out."""

    number: int
    name: str
    ask: str
    mistake: str = ""
    loss: str = ""

    @property
    def update(self) -> str:
        """What a misled reader would have done."""
        if self.mistake:
            return f"INSERT DATA {{ GRAPH {SOURCE} {{ {self.mistake} }} }}"
        return f"DELETE WHERE {{ GRAPH ?graph {{ {self.loss} }} }}"


ALL = tuple(Trap(**entry) for entry in yaml.safe_load(TRAPS.read_text(encoding="utf-8")))
each_trap = pytest.mark.parametrize("trap", ALL, ids=lambda trap: f"{trap.number:02}")


@pytest.fixture(scope="module")
def prefixes(built: Snapshot) -> str:
    names = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in built.description.prefixes.items())
    return f"BASE <https://w3id.org/unemg/id/>\n{names}"


@pytest.fixture(scope="module")
def quads(state: Path) -> list[ox.Quad]:
    return list(ox.parse(published(state), format=ox.RdfFormat.N_QUADS))


def test_every_trap_is_here_once() -> None:
    assert [trap.number for trap in ALL] == list(range(1, 84))
    assert [trap.name for trap in ALL if bool(trap.mistake) == bool(trap.loss)] == []
    assert len({trap.name for trap in ALL}) == len(ALL)


@each_trap
def test_the_graph_is_not_misled(trap: Trap, built: Snapshot, prefixes: str) -> None:
    assert built.query(f"{prefixes}ASK {{ {trap.ask} }}").boolean, trap.name


@each_trap
def test_the_mistake_would_be_noticed(trap: Trap, quads: list[ox.Quad], prefixes: str) -> None:
    store = ox.Store()
    store.bulk_extend(quads)
    store.update(prefixes + trap.update)
    answer = store.query(f"{prefixes}ASK {{ {trap.ask} }}", use_default_graph_as_union=True)
    assert not answer, trap.name
