"""SERVICE reaches the endpoints that the operator allowed, and nothing else; the other one is a real second server."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.errors import QueryRefused
from kg.store.federation import refuse_private
from tests.serving import Command, Server, free_port, serving


def joined(endpoint: str) -> str:
    """What the library calls its books, beside how many places the graph has."""
    return f"""
        PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
        SELECT ?book ?places WHERE {{
          {{ SELECT (COUNT(*) AS ?places) {{ ?place a <https://w3id.org/unemg/ontology#Place> }} }}
          SERVICE <{endpoint}> {{ ?thing a <https://library.example/Book> ; rdfs:label ?book }}
        }} ORDER BY ?book"""


@pytest.fixture(scope="module")
def other(kg_command: Command, small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(kg_command, small / "state", tmp_path_factory.mktemp("other")) as server:
        yield f"http://127.0.0.1:{server.port}/sparql"


@pytest.fixture(scope="module")
def ours(kg_command: Command, state: Path, other: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(kg_command, state, tmp_path_factory.mktemp("ours"), KG_SERVICES=other) as server:
        yield server


def test_an_allowed_endpoint_is_joined(ours: Server, other: str) -> None:
    reply = ours.ask(joined(other))
    rows = json.loads(reply.body)["results"]["bindings"]
    assert reply.status == 200
    assert [(row["book"]["value"], row["places"]["value"]) for row in rows] == [("Emma", "3"), ("Persuasion", "3")]
    assert reply.headers["Cache-Control"] == "no-store"  # the other endpoint may answer otherwise next time


def test_the_page_for_people_calls_it_too(ours: Server, other: str) -> None:
    reply = ours.ask(joined(other), accept="text/html")
    assert reply.status == 200
    assert "Persuasion" in reply.text


def test_any_other_endpoint_is_refused_with_the_allowed_ones_named(ours: Server, other: str) -> None:
    reply = ours.ask(joined("http://127.0.0.1:1/sparql"))
    problem = json.loads(reply.body)
    assert reply.status == 403
    assert problem["type"].endswith("/network-refused")
    assert other in problem["remedy"]


def test_an_endpoint_that_does_not_answer_is_a_bad_gateway(kg_command: Command, state: Path, tmp_path: Path) -> None:
    dead = f"http://127.0.0.1:{free_port()}/sparql"
    with serving(kg_command, state, tmp_path, KG_SERVICES=dead) as server:
        reply = server.ask(joined(dead))
    assert reply.status == 502
    assert json.loads(reply.body)["type"].endswith("/remote-failed")


def test_an_endpoint_that_never_answers_ends_at_the_deadline(kg_command: Command, state: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}/sparql"
        with serving(kg_command, state, tmp_path, KG_SERVICES=endpoint, KG_QUERY_SECONDS="1") as server:
            reply = server.ask(joined(endpoint))
    assert reply.seconds < 3
    assert reply.status == 503
    assert json.loads(reply.body)["type"].endswith("/stopped")
    assert "calls by SERVICE may be slow" in json.loads(reply.body)["remedy"]


def test_without_the_setting_nothing_is_called(kg_command: Command, state: Path, other: str, tmp_path: Path) -> None:
    with serving(kg_command, state, tmp_path) as server:
        reply = server.ask(joined(other))
    assert reply.status == 403
    assert "calls another service" in json.loads(reply.body)["detail"]


def test_an_address_and_localhost_are_meant_as_they_are_named() -> None:
    refuse_private(["http://127.0.0.1:8/sparql", "http://[::1]/sparql", "http://localhost/sparql"])


def test_a_name_that_leads_into_a_private_network_is_refused() -> None:
    ours = socket.gethostname()
    addresses = {address[0] for *_, address in socket.getaddrinfo(ours, 80, type=socket.SOCK_STREAM)}
    if not all(
        str(address).startswith(("127.", "10.", "172.", "192.168.", "::1", "fe80", "fd")) for address in addresses
    ):
        pytest.skip(f"the name of this machine, {ours}, stands for a public address")
    with pytest.raises(QueryRefused, match="private network"):
        refuse_private([f"http://{ours}/sparql"])


def test_a_name_that_nobody_knows_is_refused() -> None:
    with pytest.raises(QueryRefused, match="is not known"):
        refuse_private(["http://no-such-host.invalid/sparql"])
