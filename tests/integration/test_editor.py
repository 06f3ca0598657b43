"""What the editor for SPARQL asks of the service, and how built scripts and styles are served."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kg.settings import Settings
from kg.web import create_app
from kg.web.editor import MOST_NAMES
from tests.pages import main_of

LIBRARY = "https://library.example/"
ATTACK = '</textarea><script>alert("x")</script>'


@pytest.fixture
def app(small: Path, tmp_path: Path) -> Flask:
    app = create_app(Settings(state=small / "state"))
    app.static_folder = str(tmp_path / "static")
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """The folder of built files, with one of each kind in it."""
    folder = tmp_path / "static/build"
    folder.mkdir(parents=True)
    for name, content in (("editor-AB.js", b"script"), ("editor-CD.css", b"style"), ("secret.json", b"{}")):
        (folder / name).write_bytes(content)
    (folder / "editor-AB.js.gz").write_bytes(gzip.compress(b"script"))
    (folder / "manifest.json").write_text('{"editor.js": "editor-AB.js", "editor.css": "editor-CD.css"}')
    return folder


def test_page_holds_the_query_as_text(client: FlaskClient) -> None:
    page = client.get("/query", query_string={"query": ATTACK}).text
    assert "&lt;/textarea&gt;&lt;script&gt;" in page
    assert ATTACK not in page


def test_page_without_built_files_is_the_plain_form(client: FlaskClient) -> None:
    page = client.get("/query").text
    assert '<form id="editor" action="/sparql" method="get">' in page
    assert "have not been built" in page
    assert "<script" not in main_of(page)


def test_page_names_built_files(client: FlaskClient, built: Path) -> None:
    page = client.get("/query").text
    assert '<script type="module" src="/static/build/editor-AB.js">' in page
    assert '<link rel="stylesheet" href="/static/build/editor-CD.css">' in page
    assert "have not been built" not in page


def test_page_opens_a_stored_question(client: FlaskClient) -> None:
    assert "# title: Books and who wrote them" in client.get("/query?example=explore/books").text
    missing = client.get("/query?example=explore/none", headers={"Accept": "application/problem+json"})
    assert missing.status_code == 404
    assert "explore/none" in missing.json["detail"]


def test_page_keeps_how_the_query_is_asked(client: FlaskClient) -> None:
    page = client.get(f"/query?timeout=5&revision=1&default-graph-uri={LIBRARY}graph/books").text
    assert '<option value="5" selected>' in page
    assert 'name="revision" inputmode="numeric" pattern="[0-9]*" value="1"' in page
    assert f'<input type="hidden" name="default-graph-uri" value="{LIBRARY}graph/books">' in page


def test_words_are_classes_and_properties_with_their_uses(client: FlaskClient) -> None:
    told = client.get("/query/words").json
    words = {(iri, role): (label, uses) for iri, role, label, _, uses in told["words"]}
    assert words[f"{LIBRARY}Book", "class"] == ("book", 2)
    assert words[f"{LIBRARY}writtenBy", "property"] == ("written by", 2)
    assert words[f"{LIBRARY}wrote", "property"] == ("wrote", 2)
    assert told["prefixes"]["rdfs"] == "http://www.w3.org/2000/01/rdf-schema#"


def test_examples_are_the_stored_questions(client: FlaskClient) -> None:
    told = client.get("/query/examples").json
    assert list(told) == ["explore/books"]
    assert told["explore/books"]["text"].startswith("# title: Books and who wrote them\n")


def test_names_of_things(client: FlaskClient) -> None:
    unknown = "urn:example:unknown"
    told = client.post("/query/names", json=[f"{LIBRARY}emma", unknown, "no IRI"]).json
    assert told[f"{LIBRARY}emma"][0] == "Emma"
    assert told[unknown][0] == ""
    assert told[unknown][1].startswith("/")
    assert told["no IRI"][0] == ""


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"[", json.dumps(["x"] * (MOST_NAMES + 1)).encode()])
def test_names_refuses_what_is_no_list_of_iris(client: FlaskClient, body: bytes) -> None:
    response = client.post("/query/names", data=body, content_type="application/json")
    assert response.status_code == 400
    assert response.json["remedy"]


def test_built_file_is_kept_for_ever_and_compressed(client: FlaskClient, built: Path) -> None:
    plain = client.get("/static/build/editor-AB.js", buffered=True)
    assert (plain.data, plain.content_type) == (b"script", "text/javascript; charset=utf-8")
    assert "immutable" in plain.headers["Cache-Control"]
    packed = client.get("/static/build/editor-AB.js", headers={"Accept-Encoding": "br, gzip"}, buffered=True)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == b"script"
    refused = client.get("/static/build/editor-AB.js", headers={"Accept-Encoding": "gzip;q=0"}, buffered=True)
    assert "Content-Encoding" not in refused.headers
    assert refused.data == b"script"


@pytest.mark.parametrize("name", ["editor-ZZ.js", "secret.json", "..%2f..%2fsecret.js", "editor-AB.js.gz"])
def test_only_built_scripts_and_styles_are_served(client: FlaskClient, built: Path, name: str) -> None:
    (built.parents[1] / "secret.js").write_bytes(b"secret")
    assert client.get(f"/static/build/{name}").status_code == 404
