"""The OpenAPI document about writing: what it says is what a client meets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from kg.settings import Settings
from kg.web.app import WRITTEN, create_app

METHODS = {"get", "post", "put", "delete", "patch"}


@pytest.fixture(scope="module")
def app(small: Path) -> Flask:
    return create_app(Settings(state=small / "state"))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def document(client: FlaskClient) -> Any:
    return client.get("/openapi.json").json


def operations(document: Any) -> dict[tuple[str, str], Any]:
    """Those about writing, by path and method."""
    return {
        (path, method): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if "Writing" in operation["tags"]
    }


def test_it_is_valid_and_names_each_path_and_method_that_there_is(app: Flask, document: Any) -> None:
    validate(document)
    described = set(operations(document))
    served = {
        (rule.rule.replace("<int:revision>", "{revision}"), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith((*WRITTEN[:4], "/history/", "/blame")) or rule.rule == "/history"
        for method in (rule.methods or set()) & {method.upper() for method in METHODS}
    }
    # Below /graphs/ each method is as at /graphs, for a name of any number of segments, which OpenAPI cannot say.
    served = {(path, method) for path, method in served if not path.startswith("/graphs/")}
    assert described == served - {("/submissions", "get")}  # a page for people
    assert len(described) == 12


def test_what_changes_something_needs_a_token_and_nothing_else_does(client: FlaskClient, document: Any) -> None:
    assert document["components"]["securitySchemes"]["token"] | {"description": ""} == {
        "type": "http",
        "scheme": "bearer",
        "description": "",
    }
    free = set()
    for (path, method), operation in operations(document).items():
        if method == "get" or path == "/validate":
            assert "security" not in operation
            assert not {"401", "403"} & set(operation["responses"])
            free.add(path)
            continue
        scope = "submit" if (path, method) in {("/submissions", "post"), ("/graphs", "post")} else "review"
        assert operation["security"] == [{"token": [scope]}]
        assert {"401", "403", "412", "422", "429"} <= set(operation["responses"])
        response = client.open(path.replace("{revision}", "1"), method=method.upper())
        assert response.status_code == 401, path
    assert free == {"/validate", "/graphs", "/history", "/history/{revision}", "/blame"}


def test_what_it_says_of_the_history_is_what_is_told(client: FlaskClient, document: Any) -> None:
    schemas = document["components"]["schemas"]
    history = client.get("/history").json
    assert set(history) == set(schemas["History"]["properties"]) == set(schemas["History"]["required"])
    for commit, required in ((history["commits"][0], "required"), (client.get("/history/1").json, "properties")):
        assert set(commit) == set(schemas["Commit"][required])
    blamed = client.get("/blame?subject=https://library.example/emma").json
    assert set(blamed) == set(schemas["Blame"]["properties"]) == set(schemas["Blame"]["required"])
    assert set(blamed["statements"][0]) == set(schemas["Blame"]["properties"]["statements"]["items"]["required"])
    for path in ("/history", "/history/{revision}", "/graphs"):
        for media_type in document["paths"][path]["get"]["responses"]["200"]["content"]:
            response = client.get(path.replace("{revision}", "1"), headers={"Accept": media_type})
            assert (response.status_code, response.mimetype) == (200, media_type), path


def test_the_parameters_are_those_of_the_protocols(document: Any) -> None:
    def names(path: str, method: str) -> list[str]:
        return [parameter["name"] for parameter in document["paths"][path][method]["parameters"]]

    said = ["message", "source", "dry_run", "If-Match"]
    assert names("/update", "post") == ["using-graph-uri", "using-named-graph-uri", *said]
    for method in ("put", "post", "delete", "patch"):
        assert names("/graphs", method) == ["graph", "default", *said]
    assert set(document["paths"]["/graphs"]["patch"]["requestBody"]["content"]) == {"application/sparql-update"}
    assert "requestBody" not in document["paths"]["/graphs"]["delete"]
    sent = set(document["paths"]["/submissions"]["post"]["requestBody"]["content"])
    assert {"text/turtle", "application/ld+json", "application/n-quads", "text/csv", "multipart/form-data"} <= sent
