"""The pictures of the graph: an overview, a page for each, each with its table; and things that are chosen by name."""

import re
from collections import Counter
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from stored import all_stored

from kg.queries import HIDDEN
from kg.settings import Settings
from kg.web import create_app
from tests.conftest import SMALL_CONTENT
from tests.pages import main_of
from tests.states import build_into

ROOT = Path(__file__).parents[2]
ID = "https://w3id.org/unemg/id/"
HTML = {"Accept": "text/html"}
PICTURED = {query.identifier: query for query in all_stored() if query.view and query.group not in HIDDEN}
FIRST = ("status-of-tasks", "timeline", "collaborations", "frameworks-and-workstreams", "coverage-by-section")

LONG = "x" * 10_000
ARABIC = "\u0643\u062a\u0627\u0628"
BOOKS = f"""\
@prefix : <https://library.example/id/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .

<https://library.example/graph/books> {{
    :emma a :Book ; rdfs:label "Emma"@en ; skos:altLabel "EM"@en .
    :other-emma a :Book ; rdfs:label "Emma, the film"@en ; skos:altLabel "EM"@en .
    :markup a :Book ; rdfs:label "<script>alert(1)</script>" .
    :arabic a :Book ; rdfs:label "{ARABIC}"@ar .
    :long a :Book ; rdfs:label "{LONG}" .
    <https://library.example/people/austen> a :Person ; rdfs:label "Jane Austen"@en .
}}
"""
DATES = """\
# title: When <i>books</i> are read
# parameters:
#   book: {type: iri, label: Book, default: "https://library.example/id/emma"}
# view: {kind: timeline, label: thing, start: day}
SELECT ?book ?thing ?day
WHERE {
  VALUES ?book { <https://library.example/id/emma> }
  ?thing a <https://library.example/id/Book> .
  BIND (IF(?thing = ?book, "2022-05", "-0043-03-15") AS ?day)
}
ORDER BY ?thing
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A service over a few books with odd names, and a question that is drawn."""
    content = tmp_path_factory.mktemp("content")
    catalog = SMALL_CONTENT["data/catalog.ttl"]
    files = {"data/catalog.ttl": catalog, "data/books.trig": BOOKS, "queries/reading/dates.rq": DATES}
    for name, text in files.items():
        (content / name).parent.mkdir(parents=True, exist_ok=True)
        (content / name).write_text(text, encoding="utf-8")
    settings = Settings(state=tmp_path_factory.mktemp("state"))
    build_into(settings.state, content)
    return create_app(settings).test_client()


class Page(HTMLParser):
    """The elements of a page, and the text of some of them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attributes}))
        if tag not in ("input", "link", "meta", "br"):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attributes}))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            self.texts.append((self._open[-1], data.strip()))

    def all(self, tag: str) -> Iterator[dict[str, str]]:
        return (attributes for name, attributes in self.elements if name == tag)

    def links(self) -> list[str]:
        return [link["href"] for link in self.all("a")]


def page_of(client: FlaskClient, address: str, **values: str) -> Page:
    response = client.get(address, query_string=values, headers=HTML)
    assert response.status_code == 200, response.text
    assert response.content_type == "text/html; charset=utf-8"
    return Page(response.text)


def test_the_rows_of_an_answer_are_told_in_words(client: FlaskClient) -> None:
    page = page_of(client, "/explore/timeline")
    headings = [text for tag, text in page.texts if tag == "th"]
    assert {"date kind", "passage"} <= set(headings)
    assert not [text for text in headings if text != text.lower()]
    cells = " ".join(text for _, text in page.texts)
    assert "Mid-Term Progress Report, section III.h, row 1, Progress, sentence 2 «synthesis report" in cells
    assert not any(sign in cells for sign in ("passage:som28", "xsd:gYear", "event:"))
    labels = {cell["data-label"] for cell in page.all("td") if "data-label" in cell}
    assert "date kind" in labels
    assert {text for tag, text in page.texts if tag == "code"} >= {"dateKind"}


def test_the_overview_lists_each_question_that_is_drawn(client: FlaskClient) -> None:
    page = page_of(client, "/explore")
    named = {link.removeprefix("/explore/") for link in page.links() if link.startswith("/explore/")}
    assert named == {query.name for query in PICTURED.values()}
    assert {query.view["kind"] for query in PICTURED.values()} == {"bar", "matrix", "network", "timeline"}
    thumbs = [picture for picture in page.all("svg") if "thumb" in picture["class"]]
    assert len(thumbs) == len(FIRST)
    assert all(picture["aria-hidden"] == "true" for picture in thumbs)
    first = [link.removeprefix("/explore/") for link in page.links() if link.startswith("/explore/")]
    assert tuple(dict.fromkeys(first))[: len(FIRST)] == FIRST


@pytest.mark.parametrize("identifier", PICTURED)
def test_a_picture_has_its_table_its_query_and_its_data(client: FlaskClient, identifier: str) -> None:
    name = PICTURED[identifier].name
    page = page_of(client, f"/explore/{name}")
    wide, narrow = (picture for picture in page.all("svg") if "drawing" in picture["class"])
    assert (wide["class"], narrow["class"]) == ("drawing wide", "drawing narrow")
    ids = Counter(attributes["id"] for _, attributes in page.elements if "id" in attributes)
    assert set(ids.values()) == {1}
    for picture in (wide, narrow):
        assert {picture["aria-labelledby"], picture["aria-describedby"]} <= set(ids)
        assert picture["role"] in ("group", "img")
    assert list(page.all("table"))
    links = page.links()
    for chosen in ("csv", "json"):
        [link] = [link for link in links if link.endswith(f"format={chosen}")]
        assert client.get(link).data == client.get(f"/questions/{identifier}?format={chosen}").data
    assert any(link.startswith("/query?query=") for link in links)


@pytest.mark.parametrize("identifier", PICTURED)
def test_the_page_of_the_question_shows_the_same_picture(client: FlaskClient, identifier: str) -> None:
    question, picture = (
        client.get(address, headers=HTML).text.split('<svg class="drawing wide"')[1].split("</svg>")[0]
        for address in (f"/questions/{identifier}", f"/explore/{PICTURED[identifier].name}")
    )
    assert question == picture


@pytest.mark.parametrize("address", ["/explore", "/questions", *(f"/explore/{name}" for name in FIRST)])
def test_nothing_in_a_page_needs_what_the_policy_forbids(client: FlaskClient, address: str) -> None:
    page = page_of(client, address)
    for tag, attributes in page.elements:
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        assert tag != "style"
        assert tag != "script" or attributes.get("src")
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_each_task_is_a_link_with_its_status_in_words(client: FlaskClient) -> None:
    page = page_of(client, "/explore/status-of-tasks")
    told = client.get("/questions/explore/status-of-tasks", headers={"Accept": "application/json"}).json
    rows = told["results"]["bindings"]
    tasks = {row["task"]["value"].removeprefix("https://w3id.org/unemg") for row in rows}
    in_picture = [link for link in page.all("a") if link.get("class") == "row"]
    assert tasks <= {link["href"] for link in in_picture}
    words = Counter(text for tag, text in page.texts if tag == "text")
    assert words["not stated"] == sum("status" not in row for row in rows) > 0
    assert words["Ongoing"] == sum(row.get("status", {}).get("value") == "Ongoing" for row in rows) > 0


def test_stated_and_inferred_support_and_mere_reference_are_told_apart(client: FlaskClient) -> None:
    text = client.get("/explore/frameworks-and-workstreams", headers=HTML).text
    wide = text.split('<svg class="drawing wide"')[1].split("</svg>")[0]
    looks = {}
    for title, look, d in re.findall(r'<title>([^<]*)</title><path class="mark (c\d)" d="([^"]*)"', wide):
        looks.setdefault(title.split(" · ")[2], set()).add((look, re.sub(r"M[\d.]+ [\d.]+", "", d)[:12]))
    assert set(looks) == {"supports (stated)", "products support (inferred)", "refers to (stated)"}
    assert len({look for found in looks.values() for look, _ in found}) == 3


def test_winter_can_be_looked_at(client: FlaskClient) -> None:
    page = page_of(client, "/explore/timeline", **{"from": "2021-12-01", "to": "2022-02-28"})
    shown = {link["href"] for link in page.all("a") if link.get("class") == "row"}
    assert {"/id/event/cp-pfp-first-meeting", "/id/deliverable/ml-report", "/id/event/som28"} <= shown
    assert not {"/id/event/som27", "/id/event/nd-natural-infrastructure", "/id/event/som28-midterm"} & shown
    fields = {field["name"]: field["value"] for field in page.all("input") if field.get("type") == "date"}
    assert fields == {"from": "2021-12-01", "to": "2022-02-28"}
    assert [form["action"] for form in page.all("form") if form.get("class") == "parameters"] == ["/explore/timeline"]


def test_a_picture_is_of_the_state_that_is_asked(client: FlaskClient) -> None:
    page = page_of(client, "/explore/timeline", revision="1")
    assert [field["value"] for field in page.all("input") if field.get("name") == "revision"] == ["1"]
    assert all("revision=1" in link for link in page.links() if "format=csv" in link)


@pytest.mark.parametrize("name", ["timelines", "explore/nothing", "status-of-workstreams", "<script>", "x" * 3_000])
def test_what_is_no_picture_is_not_found(client: FlaskClient, name: str) -> None:
    response = client.get(f"/explore/{name}", headers=HTML)
    assert response.status_code == 404
    assert "<script" not in main_of(response.text)
    assert len(response.text) < 5_000


def test_a_picture_refuses_what_its_question_refuses(client: FlaskClient) -> None:
    assert client.get("/explore/timeline?from=yesterday", headers=HTML).status_code == 400
    assert client.get("/explore/timeline?since=2022-01-01", headers=HTML).status_code == 400


def test_odd_names_stay_text_in_a_picture(library: FlaskClient) -> None:
    text = library.get("/explore/dates", headers=HTML).text
    page = Page(text)
    drawn = [unescape(said) for tag, said in page.texts if tag == "text"]
    assert "<script>alert(1)</script>" in drawn
    assert f"\u2068{ARABIC}\u2069" in drawn
    assert "15 March 44 BC" in drawn
    assert "<script>" not in text
    assert "<i>books" not in text
    assert max(map(len, drawn)) <= 310


def test_content_without_views_has_an_overview_that_says_so(library: FlaskClient, small: Path) -> None:
    plain = create_app(Settings(state=small / "state")).test_client()
    assert "No stored question says how its answer is drawn" in plain.get("/explore", headers=HTML).text
    assert "No stored question says" not in library.get("/explore", headers=HTML).text


@pytest.mark.parametrize(
    ("question", "name", "value", "meant"),
    [
        ("explore/workstream-profile", "workstream", "EMG Nexus Dialogues", "workstream/nexus-dialogues"),
        ("explore/workstream-profile", "workstream", "  emg NEXUS  dialogues ", "workstream/nexus-dialogues"),
        ("explore/what-is-asked-of", "agent", "UNEP", "agency/unep"),
        ("explore/everything-about", "thing", "Barrier Analysis", "deliverable/barrier-analysis"),
    ],
)
def test_a_thing_can_be_given_by_name(client: FlaskClient, question: str, name: str, value: str, meant: str) -> None:
    response = client.get(f"/questions/{question}", query_string={name: value}, headers=HTML)
    assert response.status_code == 303
    address = urlsplit(response.headers["Location"])
    assert (address.path, parse_qs(address.query)) == (f"/questions/{question}", {name: [f"{ID}{meant}"]})
    assert client.get(response.headers["Location"], headers=HTML).status_code == 200


def test_programs_give_iris(client: FlaskClient) -> None:
    for given in ({"format": "csv"}, {}):
        response = client.get(
            "/questions/explore/workstream-profile",
            query_string={"workstream": "EMG Nexus Dialogues", **given},
            headers={"Accept": "text/csv"},
        )
        assert response.status_code == 400
        assert "an absolute IRI" in response.json["detail"]


def test_the_other_values_are_kept(client: FlaskClient) -> None:
    values = {"state": "finalised", "asOf": "2022-05-18", "format": "html"}
    response = client.get("/questions/competency/deliverables-in-state", query_string=values, headers=HTML)
    query = parse_qs(urlsplit(response.headers["Location"]).query)
    assert query == {"state": [f"{ID}deliverable-state/finalised"], "asOf": ["2022-05-18"], "format": ["html"]}


def test_a_name_of_several_things_is_asked_back(library: FlaskClient) -> None:
    response = library.get("/questions/reading/dates", query_string={"book": "em"}, headers=HTML)
    assert response.status_code == 300
    offered = [link for link in Page(response.text).links() if "book=" in link]
    assert [parse_qs(urlsplit(link).query)["book"] for link in offered] == [
        ["https://library.example/id/emma"],
        ["https://library.example/id/other-emma"],
    ]
    assert library.get(offered[1], headers=HTML).status_code == 200


def test_an_unknown_name_is_told_with_those_near_it(library: FlaskClient) -> None:
    response = library.get("/explore/dates", query_string={"book": "Emmma"}, headers=HTML)
    assert response.status_code == 400
    assert "Nothing is called so" in response.text
    page = Page(response.text)
    assert "Emma" in [said for tag, said in page.texts if tag == "a"]
    assert all(link.startswith("/explore/dates?") for link in page.links() if "book=" in link)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "z" * 10_000, '"', "\u202e\u0000", ARABIC[:3]])
def test_any_name_is_answered(library: FlaskClient, name: str) -> None:
    response = library.get("/questions/reading/dates", query_string={"book": name}, headers=HTML)
    assert response.status_code == 400
    assert "<script" not in main_of(response.text)
    assert len(response.text) < 8_000


def test_a_thing_is_found_elsewhere_by_just_its_name(library: FlaskClient) -> None:
    found = library.get("/questions/reading/dates", query_string={"book": "Jane Austen"}, headers=HTML)
    assert parse_qs(urlsplit(found.headers["Location"]).query) == {"book": ["https://library.example/people/austen"]}
    almost = library.get("/questions/reading/dates", query_string={"book": "jane austen"}, headers=HTML)
    assert almost.status_code == 400


def test_names_are_offered_with_the_class_of_the_things(library: FlaskClient) -> None:
    page = page_of(library, "/questions/reading/dates")
    [field] = [field for field in page.all("input") if field.get("name") == "book"]
    assert field["value"] == "Emma"
    assert parse_qs(urlsplit(field["data-suggest"]).query) == {"kind": ["https://library.example/id/Book"]}
    assert "<script>alert(1)</script>" in [option["value"] for option in page.all("option")]
