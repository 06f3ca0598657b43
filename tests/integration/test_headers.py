"""The headers of every answer that tell browsers what it may do."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kg.settings import Settings
from kg.web.app import create_app


@pytest.fixture
def client(library: Path) -> FlaskClient:
    return create_app(Settings(state=library)).test_client()


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("path", ["/", "/sparql", "/sparql?query=ASK+{}", "/sparql?query=x", "/questions", "/nowhere"])
def test_no_answer_may_run_what_stands_in_it_be_framed_or_be_taken_for_another_type(
    client: FlaskClient, path: str, accept: str
) -> None:
    response = client.get(path, headers={"Accept": accept})
    policy = dict(part.split(maxsplit=1) for part in response.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert set(policy.values()) <= {"'none'", "'self'", "'self' data:"}
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    scripts = re.findall(r"<script[^>]*>", response.text)
    assert all(' src="/static/' in script or ' type="application/ld+json"' in script for script in scripts)
    assert not re.search(r"\son\w+=|javascript:|\sstyle=", response.text)
