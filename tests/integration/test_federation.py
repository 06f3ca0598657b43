"""SERVICE reaches the endpoints that the operator allowed, and nothing else; the other one is a real second server."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest

from kg.errors import QueryRefused
from kg.store.federation import refuse_private

Command = tuple[Path, dict[str, str]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(command: Command, state: Path, port: int, **environ: str) -> Iterator[int]:
    program, settings_free = command
    arguments = [program, "--state", state, "serve", "--port", str(port)]
    process = subprocess.Popen(
        arguments, env=settings_free | environ, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            try:
                if ask(port, "ASK {}")[0] == 200:
                    break
            except OSError:
                pass
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def ask(port: int, query: str, *, accept: str = "application/sparql-results+json") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/sparql?" + urlencode({"query": query}), headers={"Accept": accept})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def joined(endpoint: str) -> str:
    """What the library calls its books, beside how many places the graph has."""
    return f"""
        PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
        SELECT ?book ?places WHERE {{
          {{ SELECT (COUNT(*) AS ?places) {{ ?place a <https://w3id.org/unemg/ontology#Place> }} }}
          SERVICE <{endpoint}> {{ ?thing a <https://library.example/Book> ; rdfs:label ?book }}
        }} ORDER BY ?book"""


@pytest.fixture(scope="module")
def other(kg_command: Command, small: Path) -> Iterator[str]:
    with serving(kg_command, small / "state", free_port()) as port:
        yield f"http://127.0.0.1:{port}/sparql"


@pytest.fixture(scope="module")
def ours(kg_command: Command, state: Path, other: str) -> Iterator[int]:
    dead = f"http://127.0.0.1:{free_port()}/sparql"
    with serving(kg_command, state, free_port(), KG_SERVICES=f"{other} {dead}", KG_QUERY_SECONDS="5") as port:
        yield port


def test_an_allowed_endpoint_is_joined(ours: int, other: str) -> None:
    status, body = ask(ours, joined(other))
    rows = json.loads(body)["results"]["bindings"]
    assert status == 200
    assert [(row["book"]["value"], row["places"]["value"]) for row in rows] == [("Emma", "3"), ("Persuasion", "3")]


def test_the_page_for_people_calls_it_too(ours: int, other: str) -> None:
    status, body = ask(ours, joined(other), accept="text/html")
    assert status == 200
    assert b"Persuasion" in body


def test_any_other_endpoint_is_refused_with_the_allowed_ones_named(ours: int, other: str) -> None:
    status, body = ask(ours, joined("http://127.0.0.1:1/sparql"))
    problem = json.loads(body)
    assert status == 400
    assert problem["type"].endswith("/query-refused")
    assert other in problem["remedy"]


def test_an_endpoint_that_does_not_answer_is_a_bad_gateway(kg_command: Command, state: Path) -> None:
    dead = f"http://127.0.0.1:{free_port()}/sparql"
    with serving(kg_command, state, free_port(), KG_SERVICES=dead) as port:
        status, body = ask(port, joined(dead))
    assert status == 502
    assert json.loads(body)["type"].endswith("/remote-failed")


def test_an_endpoint_that_never_answers_ends_at_the_deadline(kg_command: Command, state: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}/sparql"
        with serving(kg_command, state, free_port(), KG_SERVICES=endpoint, KG_QUERY_SECONDS="1") as port:
            started = time.monotonic()
            status, body = ask(port, joined(endpoint))
            assert time.monotonic() - started < 3
    assert status == 503
    assert json.loads(body)["type"].endswith("/stopped")


def test_without_the_setting_nothing_is_called(kg_command: Command, state: Path, other: str) -> None:
    with serving(kg_command, state, free_port()) as port:
        status, body = ask(port, joined(other))
    assert status == 400
    assert "calls another service" in json.loads(body)["detail"]


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
