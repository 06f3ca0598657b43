"""Why an answer is empty, for programs: the header that leads there, and what is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from jsonschema import validate

from kg.formats import formats_for
from kg.settings import Settings
from kg.web import create_app
from tests.serving import JSON, Command, Reply, Server, query_path, serving
from tests.states import build_into

BASE = "https://library.example/"
FORM = "application/x-www-form-urlencoded"
MISSPELT = f'ASK {{ ?book <{BASE}writenBy> ?author FILTER (?author != ">; rel=\\"x\\"") }}'


BY_AUTHOR = f"""\
# title: Books by an author
# parameters:
#   author:
#     type: iri
#     label: Author
#     default: {BASE}austen
SELECT ?book WHERE {{
  VALUES ?author {{ <{BASE}austen> }}
  ?book <{BASE}writtenBy> ?author
}}
"""


@pytest.fixture(scope="module")
def server(small: Path, kg_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("explaining")
    content = shutil.copytree(small / "content", folder / "content")
    (content / "queries/explore/by-author.rq").write_text(BY_AUTHOR, encoding="utf-8")
    build_into(folder / "state", content)
    with serving(kg_command, folder / "state", folder / "server") as started:
        yield started


@pytest.fixture
def client(library: Path) -> FlaskClient:
    return create_app(Settings(state=library)).test_client()


def help_of(reply: Reply) -> list[str]:
    """The addresses that an answer leads to for help."""
    links = [link for line in reply.headers.get_all("Link") or [] for link in line.split(", <")]
    return [link.partition(">")[0].lstrip("<") for link in links if link.endswith('; rel="help"')]


def explained(server: Server, reply: Reply) -> dict[str, object]:
    [address] = help_of(reply)
    told = server.send("GET", address)
    assert (told.status, told.media_type) == (200, "application/json")
    found: dict[str, object] = json.loads(told.text)
    return found


@pytest.mark.parametrize(("form", "formats"), [("SELECT", 4), ("ASK", 4), ("CONSTRUCT", 7), ("DESCRIBE", 7)])
def test_an_empty_answer_leads_to_its_explanation_in_each_format(server: Server, form: str, formats: int) -> None:
    found, missing = (
        {
            "SELECT": f"SELECT * {{ <{BASE}{name}> a ?kind }}",
            "ASK": f"ASK {{ <{BASE}{name}> a ?kind }}",
            "CONSTRUCT": f"CONSTRUCT WHERE {{ <{BASE}{name}> a ?kind }}",
            "DESCRIBE": f"DESCRIBE <{BASE}{name}>",
        }[form]
        for name in ("emma", "ema")
    )
    names = [row.name for row in formats_for(form) if row.name != "html"]
    assert len(names) == formats
    for name in names:
        assert help_of(server.ask(found, format=name)) == []
        told = explained(server, server.ask(missing, format=name))
        assert told["empty"] is True
        assert told["explanation"]["unknown"] == [  # type: ignore[index]
            {"written": f"<{BASE}ema>", "nearest": ":emma", "label": "Emma"}
        ]


def test_an_answer_that_is_kept_or_not_sent_leads_there_too(server: Server) -> None:
    first, again = (server.ask(MISSPELT) for _ in range(2))
    head = server.send("HEAD", query_path(MISSPELT), accept=JSON)
    known = server.send("GET", query_path(MISSPELT), accept=JSON, if_none_match=first.headers["ETag"])
    assert (first.status, head.status, known.status) == (200, 200, 304)
    assert help_of(first) == help_of(again) == help_of(head) == help_of(known) != []
    assert first.headers.items()[1:] == again.headers.items()[1:]
    told = explained(server, first)
    assert told["explanation"]["unknown"][0]["nearest"] == ":writtenBy"  # type: ignore[index]


def test_what_was_sent_in_a_body_is_sent_there_in_a_body(server: Server) -> None:
    body = urlencode({"query": MISSPELT}).encode()
    reply = server.send("POST", "/sparql", body, content_type=FORM, accept=JSON)
    assert help_of(reply) == ["/explain/sparql"]
    told = server.send("POST", "/explain/sparql", body, content_type=FORM)
    assert json.loads(told.text) == explained(server, server.ask(MISSPELT))


def test_a_stored_question_leads_to_its_own_explanation(server: Server) -> None:
    path = "/questions/explore/by-author"
    assert help_of(server.get(path, accept=JSON)) == []
    assert json.loads(server.get(f"/explain{path}").text) == {"empty": False, "explanation": None}
    reply = server.get(path, accept=JSON, author=f"{BASE}austin")
    told = explained(server, reply)
    assert help_of(reply)[0].startswith(f"/explain{path}?author=")
    assert told["explanation"]["unknown"] == [  # type: ignore[index]
        {"written": f"<{BASE}austin>", "nearest": ":austen", "label": "Jane Austen"}
    ]
    assert server.get("/explain/questions/explore/nothing").status == 404


def test_what_a_client_left_unescaped_cannot_end_the_address(server: Server) -> None:
    reply = server.send("GET", '/sparql?query=ASK{?s+a+<x:y>}&x=>;rel="next"', accept=JSON)
    assert help_of(reply) == ["/explain/sparql?query=ASK%7B?s+a+%3Cx:y%3E%7D&x=%3E;rel=%22next%22"]
    assert explained(server, reply)["empty"] is True


def test_a_request_that_is_too_long_for_a_header_leads_nowhere(server: Server) -> None:
    reply = server.ask(f"{MISSPELT} # {'x' * 4096}")
    assert (reply.status, help_of(reply)) == (200, [])


@pytest.mark.parametrize("query", [MISSPELT, "SELECT * {} LIMIT 0", "SELECT * {}", "ASK { FILTER (1 = 2) }"])
def test_what_is_told_is_as_described(client: FlaskClient, query: str) -> None:
    document = client.get("/openapi.json").json
    described = document["paths"]["/explain/sparql"]["get"]["responses"]["200"]["content"]
    reply = client.get("/explain/sparql", query_string={"query": query})
    schema = described[reply.content_type]["schema"]
    assert schema == {"$ref": "#/components/schemas/Explanation"}
    validate(reply.json, document["components"]["schemas"]["Explanation"])


@pytest.mark.parametrize(
    ("query", "status"), [("", 400), ("SELECT", 400), ("ASK { SERVICE <https://example.org/> { ?s ?p ?o } }", 403)]
)
def test_what_cannot_be_answered_cannot_be_explained(client: FlaskClient, query: str, status: int) -> None:
    reply = client.get("/explain/sparql", query_string={"query": query} if query else {})
    assert (reply.status_code, reply.content_type) == (status, "application/problem+json")
    assert reply.json["remedy"]
