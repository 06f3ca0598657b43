"""Signposts: what the links in the headers lead to, and that the linkset says the same."""

import json
import re
from pathlib import Path

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kg.settings import Settings
from kg.web.app import create_app

BASE = "https://w3id.org/unemg/"
CC_BY = "https://creativecommons.org/licenses/by/4.0/"
BROWSER = {"Accept": "text/html"}
AGENCY = f"{BASE}id/agency/unep"
QUESTION = "/questions/competency/deliverables-in-state"


def signposts(response: TestResponse) -> list[tuple[str, str, str]]:
    """Relation, target and media type of each link, one relation at a time."""
    found = []
    for header in response.headers.getlist("Link"):
        link = re.fullmatch(r'<([^>]+)>; rel="([^"]+)"(?:; type="([^"]+)")?', header)
        assert link, header
        found += [(relation, link[1], link[3] or "") for relation in link[2].split()]
    return found


def targets(response: TestResponse, relation: str) -> set[str]:
    return {target for found, target, _ in signposts(response) if found == relation}


def test_the_pages_about_the_dataset_lead_to_its_identity_descriptions_and_files(client: FlaskClient) -> None:
    led = []
    for path in ("/", "/data"):
        page = client.get(path, headers=BROWSER)
        assert targets(page, "cite-as") == {f"{BASE}catalog"}, path
        assert targets(page, "license") == {CC_BY}, path
        assert targets(page, "type") == {"https://schema.org/AboutPage", "https://schema.org/Dataset"}, path
        described = [(target, kind) for relation, target, kind in signposts(page) if relation == "describedby"]
        items = [(target, kind) for relation, target, kind in signposts(page) if relation == "item"]
        assert (len(described), len(items)) == (2, 13), path
        led.append((described, items))
    assert led[0] == led[1]
    for target, kind in (*described, *items):
        reply = client.get(target.removeprefix("http://localhost"))
        assert (reply.status_code, reply.mimetype) == (200, kind), target
    for target, _ in items:
        reply = client.head(target.removeprefix("http://localhost"))
        assert targets(reply, "collection") == {"/data"}
        assert targets(reply, "license") == {CC_BY}


def test_the_linkset_says_what_the_headers_say(client: FlaskClient) -> None:
    page = client.get("/data", headers=BROWSER)
    [address] = targets(page, "linkset")
    reply = client.get(address.removeprefix("http://localhost"))
    assert reply.mimetype == "application/linkset+json"
    first, *back = json.loads(reply.text)["linkset"]
    assert first.pop("anchor") == "http://localhost/data"
    told = [(relation, each["href"], each.get("type", "")) for relation, links in first.items() for each in links]
    assert sorted(told) == sorted(signposts(page))
    assert {each["anchor"] for each in back} == targets(page, "item")
    assert all(each["collection"] == [{"href": "http://localhost/data", "type": "text/html"}] for each in back)


def test_the_page_about_a_thing_names_its_classes_licence_and_dataset(client: FlaskClient) -> None:
    page = client.get("/id/agency/unep.html")
    assert targets(page, "cite-as") == targets(page, "describes") == {AGENCY}
    assert targets(page, "type") == {"https://schema.org/AboutPage", f"{BASE}ontology#Agency"}
    assert targets(page, "license") == {CC_BY}
    assert targets(page, "collection") == {"/data"}
    for target in targets(page, "describedby"):
        reply = client.get(target)
        assert reply.status_code == 200
        assert targets(reply, "license") == {CC_BY}
        assert not targets(reply, "type")


def test_the_page_about_a_question_leads_to_its_iri_and_its_description(client: FlaskClient) -> None:
    page = client.get(QUESTION, headers=BROWSER)
    assert targets(page, "cite-as") == {f"{BASE}query{QUESTION.removeprefix('/questions')}"}
    assert targets(page, "license") == {CC_BY}
    for target in targets(page, "describedby"):
        assert "sh" in client.get(target).text
    assert targets(client.get("/questions", headers=BROWSER), "collection") == {"/data"}


def test_what_is_not_known_has_no_signpost(small: Path) -> None:
    client = create_app(Settings(state=small / "state")).test_client()
    page = client.get("/data", headers=BROWSER)
    assert targets(page, "cite-as") == {"https://library.example/catalog"}
    assert not targets(page, "license")
    assert not targets(page, "author")
    assert not any("sssom" in target for target in targets(page, "item"))
    assert client.get("/data/links.sssom.tsv").status_code == 404
