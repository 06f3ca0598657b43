"""What the tests of the protocols ask: the content of this repository, and what it says by another parser."""

from collections.abc import Callable
from pathlib import Path

import pytest
import rdflib
from flask.testing import FlaskClient

from kg.settings import Settings
from kg.sources import is_reference
from kg.web import create_app
from tests.protocol import Graphs, Triples
from tests.states import build_into
from tests.states import published as nquads_of


@pytest.fixture(scope="session")
def client(state: Path) -> FlaskClient:
    """The pages over the content of this repository, which no test changes."""
    return create_app(Settings(state=state)).test_client()


@pytest.fixture(scope="session")
def published(state: Path) -> Graphs:
    """The triples of each named graph, as rdflib reads what is kept, in which blank nodes have names."""
    graphs: Graphs = {}
    dataset = rdflib.Dataset()
    dataset.parse(data=nquads_of(state), format="nquads")
    for s, p, o, graph in dataset.quads():
        graphs.setdefault(str(graph), set()).add((s, p, o))
    return graphs


@pytest.fixture(scope="session")
def merged(published: Graphs) -> Triples:
    return set().union(*(triples for graph, triples in published.items() if not is_reference(graph)))


@pytest.fixture
def publish(small_content: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Builds the small content in a mode of its default graph; gives the state folder."""

    def into(default_graph: str) -> Path:
        state = tmp_path / "state"
        build_into(state, small_content, default_graph=default_graph)
        return state

    return into
