"""Jena as the benchmarks start it answers as our engine does, so that the figures compare like with like.

Where Java, or Debian's Jena and Jetty, are not installed, nothing is tested.
"""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from pyoxigraph import QueryResultsFormat, QuerySolutions, RdfFormat, Store, parse

from bench.generate import lines
from bench.http import JSON
from bench.jena import JENA
from bench.mixes import RUNAWAYS, shop_questions
from bench.services import PEERS, Data, Service

_TRIPLES = 4000
_DEADLINE_SECONDS = 3.0
_CASES = {question.case: question.variant(1) for question in shop_questions(_TRIPLES)}
_ASKED = (
    "small: offers",
    "star: products of a type",
    "path: either way",
    "aggregate: products of each type",
    "text: regex",
)
_GRAPHS = "SELECT ?g (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g"
_SOME = "SELECT ?s ?label WHERE { ?s <http://www.w3.org/2000/01/rdf-schema#label> ?label } ORDER BY ?s LIMIT 20"


def _nquads() -> bytes:
    """A shop in the default graph, and in a graph of its own one thing more."""
    return ("".join(lines(_TRIPLES)) + '<x:s> <x:p> "é, \\"q\\""@en <x:g> .\n').encode()


@pytest.fixture(scope="module")
def jena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    peer = next(each for each in PEERS if each.name == JENA)
    if peer.program() is None:
        pytest.skip(
            "NOT TESTED: Jena of the benchmarks; install libapache-jena-java, libjetty9-java, default-jdk-headless"
        )
    folder = tmp_path_factory.mktemp("jena (its own)")
    data = Data("shop", folder / "shop.nq", folder / "shop.nq", _TRIPLES, None)
    data.merged.write_bytes(_nquads())
    peer.prepare(data, folder)
    service = peer.start(data, folder, _DEADLINE_SECONDS)
    yield service
    service.stop()


@pytest.fixture(scope="module")
def ours() -> Store:
    store = Store()
    store.load(_nquads(), format=RdfFormat.N_QUADS)
    return store


def _ask(service: Service, query: str, accept: str = JSON) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", service.address.port, timeout=60)
    connection.request("GET", f"{service.address.path}?query={quote(query, safe='')}", headers={"Accept": accept})
    response = connection.getresponse()
    found = response.status, response.read()
    connection.close()
    return found


def _rows(document: bytes | None) -> Counter[str]:
    return Counter(json.dumps(row, sort_keys=True) for row in json.loads(document or b"")["results"]["bindings"])


def _solutions(store: Store, query: str) -> QuerySolutions:
    found = store.query(query)
    assert isinstance(found, QuerySolutions)
    return found


@pytest.mark.parametrize("query", [*map(_CASES.__getitem__, _ASKED), _GRAPHS], ids=[*_ASKED, "graphs"])
def test_a_question_has_the_answer_of_our_engine(jena: Service, ours: Store, query: str) -> None:
    status, document = _ask(jena, query)
    expected = _rows(_solutions(ours, query).serialize(format=QueryResultsFormat.JSON))
    assert status == 200
    assert _rows(document) == expected
    assert expected


def test_a_table_comes_as_csv_where_it_is_asked_for(jena: Service, ours: Store) -> None:
    status, document = _ask(jena, _SOME, "text/csv")
    expected = _solutions(ours, _SOME).serialize(format=QueryResultsFormat.CSV)
    assert (status, document.splitlines()) == (200, (expected or b"").splitlines())


def test_a_graph_comes_as_n_triples(jena: Service, ours: Store) -> None:
    status, document = _ask(jena, "CONSTRUCT WHERE { ?s ?p ?o }", "application/n-triples")
    expected = ours.query("CONSTRUCT WHERE { ?s ?p ?o }")
    assert not isinstance(expected, bool)
    assert status == 200
    assert {q.triple for q in parse(document, format=RdfFormat.N_TRIPLES)} == set(expected)


def test_a_question_is_refused_at_its_deadline_and_a_wrong_one_at_once(jena: Service) -> None:
    assert _ask(jena, RUNAWAYS["cross product"])[0] == 503
    assert _ask(jena, "SELECT")[0] == 400
    assert _ask(jena, "ASK {}")[0] == 200
