"""W3C protocol suites: each request of the manifests sent to a server, and what comes back compared.

Source: SPARQL 1.1 Protocol; SPARQL 1.1 Graph Store HTTP Protocol. HTTP in RDF, in which the manifests write requests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote, urljoin

import pytest
import rdflib
import w3c
from rdflib import RDFS, Namespace
from rdflib.collection import Collection
from rdflib.compare import isomorphic
from rdflib.term import Node

from kg.settings import STRICT
from tests.serving import Command, Reply
from tests.states import build_into
from tests.writing import House, writing

w3c.skip_module_without_suites()

HT = Namespace("http://www.w3.org/2011/http#")
CNT = Namespace("http://www.w3.org/2011/content#")
UT = Namespace("http://www.w3.org/2009/sparql/tests/test-update#")
STATUSES = "http://www.w3.org/2011/http-statusCodes#"
NAMED_STATUSES = {"OK": 200, "Created": 201, "NoContent": 204, "NotFound": 404}
MEDIA_TYPES = {
    "boolean": {"application/sparql-results+json"},
    "tabular": {"application/sparql-results+json"},
    "RDF": {"text/turtle"},
}


@pytest.fixture(scope="module")
def house(kg_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server of four empty folders, where a query that names no graph sees the unnamed one alone."""
    folder = tmp_path_factory.mktemp("protocol")
    for name in ("ontology", "shapes", "queries", "data"):
        (folder / "content" / name).mkdir(parents=True)
    build_into(folder / "state", folder / "content", default_graph=STRICT)
    content = {"KG_CONTENT": str(folder / "content"), "KG_DEFAULT_GRAPH": STRICT}
    with writing(kg_command, folder / "state", folder / "server", **content) as house:
        yield house


def test_every_entry_is_collected() -> None:
    assert [len(suite.entries()) for suite in (w3c.PROTOCOL_11, w3c.GRAPH_STORE_11)] == [34, 13]


@w3c.each_entry(w3c.PROTOCOL_11, w3c.GRAPH_STORE_11)
def test_answers_as_expected(entry: w3c.Entry, house: House) -> None:
    assert house.send("POST", "/update", "DROP ALL", "application/sparql-update").status == 200
    for data in entry.manifest.objects(entry.node, UT.graphData):
        name = str(entry.manifest.value(data, RDFS.label))
        text = w3c.path_of(str(entry.manifest.value(data, UT.graph))).read_bytes()
        assert house.send("PUT", f"/graphs?graph={quote(name, safe='')}", text, "application/n-triples").status == 201
    location = ""
    requests = Collection(entry.manifest, entry.manifest.value(entry.action, HT.requests))
    assert len(requests)
    for request in requests:
        reply = send(entry, request, house, location)
        assert_expected(entry, request, reply)
        location = reply.headers.get("Location", location)


def send(entry: w3c.Entry, request: Node, house: House, location: str) -> Reply:
    """One request of a manifest; `location` is where the one before has led to."""
    method = str(entry.manifest.value(request, HT.methodName))
    headers = headers_of(entry, request)
    media_type = headers.pop("content-type", "")
    path = str(entry.manifest.value(request, HT.absolutePath))
    target = path_of(entry, path, media_type).replace("$LOCATION$", quote(location, safe=""))
    return house.send(method, target, body_of(entry, request), media_type, **headers)


def path_of(entry: w3c.Entry, path: str, media_type: str) -> str:
    """The path on this server, which has an address for queries, one for updates, and one for graphs."""
    if path.startswith("/gsp"):
        graph = path.removeprefix("/gsp/")
        return f"/graph/{graph}" if graph != path else path.replace("/gsp", "/graphs", 1)
    asks = entry.id.rpartition("/")[2].startswith(("query", "bad_query")) or media_type == "application/sparql-query"
    return path.replace("/sparql/", "/sparql" if asks else "/update", 1)


def body_of(entry: w3c.Entry, message: Node) -> bytes:
    body = entry.manifest.value(message, HT.body)
    if body is None:
        return b""
    text = str(entry.manifest.value(body, CNT.chars))
    return text.encode(str(entry.manifest.value(body, CNT.characterEncoding)))


def headers_of(entry: w3c.Entry, message: Node) -> dict[str, str]:
    listed = entry.manifest.value(message, HT.headers)
    return {
        str(entry.manifest.value(header, HT.fieldName)).lower(): str(entry.manifest.value(header, HT.fieldValue))
        for header in (Collection(entry.manifest, listed) if listed is not None else ())
    }


def assert_expected(entry: w3c.Entry, request: Node, reply: Reply) -> None:
    """Fails where a reply has another status, format or content than the manifest expects."""
    expected = entry.manifest.value(request, HT.resp)
    statuses = [
        str(status).removeprefix(STATUSES) for status in entry.manifest.objects(expected, w3c.MF.expectedStatus)
    ]
    assert any(has_status(reply, status) for status in statuses), (reply.status, statuses, reply.text)
    written = reply.headers.get("Content-Type", "").partition(";")[0]
    for kind in entry.manifest.objects(expected, w3c.MF.expectedFormat):
        assert written in MEDIA_TYPES[str(kind)]
    for boolean in entry.manifest.objects(expected, w3c.MF.expectedBoolean):
        assert json.loads(reply.body)["boolean"] is boolean.toPython()  # type: ignore[attr-defined]
    for name, value in headers_of(entry, expected).items() if expected is not None else ():
        assert reply.headers[name] == value
    if (text := body_of(entry, expected) if expected is not None else b"") and reply.status == 200:
        base = urljoin("http://www.example", str(entry.manifest.value(request, HT.absolutePath)))
        graphs = [rdflib.Graph().parse(data=body, format="turtle", publicID=base) for body in (text, reply.body)]
        assert isomorphic(*graphs), reply.text


def has_status(reply: Reply, status: str) -> bool:
    if status.startswith("StatusCode"):
        return reply.status // 100 == int(status.removeprefix("StatusCode")[0])
    return reply.status == NAMED_STATUSES[status]
