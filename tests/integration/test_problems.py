"""What a client is told about each error that keeps it from writing: status, headers, document and page."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kg.errors import (
    BuildRunning,
    CrossSite,
    KgError,
    NotAllowed,
    NotAuthenticated,
    NotConforming,
    RevisionPassed,
    StoreError,
    TooMany,
    WriterRunning,
)
from kg.settings import Settings
from kg.web.app import create_app
from kg.web.problems import KINDS

REPORT = "The book has no author.\nGive it <one>."
# Of each error: status, kind, and the headers that it adds.
TOLD: dict[str, tuple[KgError, int, str, dict[str, str]]] = {
    "no token": (
        NotAuthenticated("this needs a token", remedy="send one"),
        401,
        "unauthorized",
        {"WWW-Authenticate": 'Bearer realm="writing"'},
    ),
    "a bad token": (
        NotAuthenticated("this token is not known here", remedy="send one", code="invalid_token"),
        401,
        "unauthorized",
        {
            "WWW-Authenticate": 'Bearer realm="writing", error="invalid_token", '
            'error_description="this token is not known here"'
        },
    ),
    "a lesser scope": (
        NotAllowed("this needs more", scope="review", remedy="ask"),
        403,
        "forbidden",
        {"WWW-Authenticate": 'Bearer realm="writing", error="insufficient_scope", scope="review"'},
    ),
    "another site": (CrossSite("a page of another site asks", remedy="use a program"), 403, "forbidden", {}),
    "too many": (TooMany("more than 2 writes", seconds=17, remedy="wait"), 429, "too-many", {"Retry-After": "17"}),
    "passed": (RevisionPassed("revision 7 has passed", remedy="read anew"), 412, "precondition-failed", {}),
    "not conforming": (NotConforming("it would not", report=REPORT, remedy="mend it"), 422, "not-conforming", {}),
    "build": (BuildRunning("another build runs", remedy="wait"), 503, "busy", {"Retry-After": "2"}),
    "writer": (WriterRunning("another process writes", remedy="wait"), 503, "busy", {"Retry-After": "2"}),
}
HEADERS = ("WWW-Authenticate", "Retry-After")


def raising(error: KgError) -> Callable[[], str]:
    def view() -> str:
        raise error

    return view


@pytest.fixture
def app(library: Path) -> Flask:
    """The application with a page that meets each error."""
    app = create_app(Settings(state=library))
    for name, (error, _, _, _) in TOLD.items():
        app.add_url_rule(f"/met/{name}", name, raising(error))
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.mark.parametrize("name", TOLD)
def test_an_error_is_told_to_programs_and_people(client: FlaskClient, name: str) -> None:
    error, status, slug, headers = TOLD[name]
    response = client.get(f"/met/{name}")
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    assert {header: value for header, value in response.headers if header in HEADERS} == headers
    problem = response.json
    assert problem["type"] == f"http://localhost/problems/{slug}"
    assert (problem["status"], problem["title"]) == (status, KINDS[slug].title)
    assert (problem["detail"], problem["remedy"]) == (str(error), error.remedy)
    assert problem.get("report") == (REPORT if slug == "not-conforming" else None)

    page = client.get(f"/met/{name}", headers={"Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (status, "text/html")
    assert {header: value for header, value in page.headers if header in HEADERS} == headers
    assert error.remedy in page.text
    assert ("no author.\nGive it &lt;one&gt;." in page.text) is (slug == "not-conforming")


def test_a_page_about_an_error_waits_for_the_title_alone_and_keeps_the_last_one(
    app: Flask, client: FlaskClient, library: Path
) -> None:
    page = client.get("/met/too many", headers={"Accept": "text/html"})
    assert "· Library</title>" in page.text
    assert app.extensions["kg"]._contents is None
    (library / "current").unlink()
    assert client.get("/", headers={"Accept": "text/html"}).status_code == 503
    page = client.get("/met/too many", headers={"Accept": "text/html"})
    assert (page.status_code, "· Library</title>" in page.text) == (429, True)


@pytest.mark.parametrize("slug", KINDS)
def test_each_kind_of_problem_has_a_page(client: FlaskClient, slug: str) -> None:
    page = client.get(f"/problems/{slug}")
    assert page.status_code == 200
    assert KINDS[slug].title in page.text
    assert f"Status {KINDS[slug].status}" in page.text


def test_the_openapi_document_describes_what_a_problem_has(client: FlaskClient) -> None:
    described = client.get("/openapi.json").json["components"]
    assert set(client.get("/met/not conforming").json) <= set(described["schemas"]["Problem"]["properties"])
    assert {f"Problem{kind.status}" for kind in KINDS.values()} == set(described["responses"])


def test_reading_is_described_without_the_problems_of_writing(client: FlaskClient) -> None:
    paths = client.get("/openapi.json").json["paths"]
    reading = [
        (path, operation)
        for path, item in paths.items()
        for operation in item.values()
        if "Writing" not in operation["tags"]
    ]
    assert len(reading) > 2
    for path, operation in reading:
        assert not {"401", "409", "412", "429"} & set(operation["responses"]), path
        asks = path.startswith(("/sparql", "/questions/", "/explain/"))
        assert asks or not {"403", "422"} & set(operation["responses"]), path


def test_an_error_of_the_server_itself_tells_nothing_of_it(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    app.add_url_rule(
        "/met/inside", "inside", raising(StoreError("/srv/state/tokens.json is damaged", remedy="mend it"))
    )
    for accept in ("application/json", "text/html"):
        response = app.test_client().get("/met/inside", headers={"Accept": accept})
        assert response.status_code == 500
        assert "/srv" not in response.text
        assert "Traceback" not in response.text
    assert "/srv/state/tokens.json is damaged" in caplog.text
