"""The stored questions, each at its address: all answer, parameters are bound as terms, mistakes are told."""

import csv
import io
import re
import shutil
from collections.abc import Iterator
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate
from stored import all_stored

from kg.answer import Ask, answer_table, stored_queries, vet_query
from kg.formats import FORMATS, formats_for
from kg.queries import HIDDEN, Parameter
from kg.settings import Settings
from kg.sparql import Limits, significant, tokenize
from kg.store import Snapshot
from kg.web import create_app
from kg.web.exchange import Request
from kg.web.problems import Problem
from kg.web.questions import plan_question
from tests.pages import main_of
from tests.serving import Command, Server, serving
from tests.states import build_into

ROOT = Path(__file__).parents[2]
ID = "https://w3id.org/unemg/id/"
JSON_RESULTS = "application/sparql-results+json"
STORED = {query.identifier: query for query in all_stored() if query.group not in HIDDEN}
OWN = {query.identifier: query for query in all_stored() if query.group in HIDDEN}
"""Those that the service itself asks."""
HERE = {identifier: query for identifier, query in STORED.items() if not query.asks}
"""Those that are answered from here; `test_federated_questions.py` has the others."""
PARAMETERS = [
    (identifier, parameter.name, parameter) for identifier, query in HERE.items() for parameter in query.parameters
]

# One parameter of each type; the answer is the terms that they are bound to.
ECHO = """\
# title: 'Values <b>as they are</b> & "bound"'
# question: Which terms are <i>given</i>?
# parameters:
#   thing: {type: iri, label: Thing <u>, default: "https://library.example/emma"}
#   word: {type: string, label: Word, default: "good"}
#   many: {type: integer, label: Many, default: 5}
#   day: {type: date, label: Day, default: 2022-05-18}
#   tongue: {type: language, label: Tongue, default: en}
# columns:
#   thing: the <thing>
#   word: the word
#   many: the number
#   day: the day
#   tongue: the tongue
SELECT ?thing ?word ?many ?day ?tongue WHERE {
  VALUES ?thing { <https://library.example/emma> }
  VALUES ?word { "good" }
  VALUES ?many { 5 }
  VALUES ?day { "2022-05-18"^^<http://www.w3.org/2001/XMLSchema#date> }
  VALUES ?tongue { "en" }
}
ORDER BY ?thing
"""
WRITTEN = """\
# title: Is it written by her?
# parameters:
#   book: {type: iri, label: Book, default: "https://library.example/emma"}
ASK { VALUES ?book { <https://library.example/emma> } ?book <https://library.example/writtenBy> ?her }
"""
CATALOG = """\
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix void: <http://rdfs.org/ns/void#> .

<https://library.example/catalog>
    a dcat:Catalog ;
    dcterms:title "Library <i>of two books</i>"@en ;
    void:uriSpace "https://library.example/" .
"""
BOOKS = """\
@prefix : <https://library.example/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .

<https://library.example/graph/books> {
    :emma a :Book ; rdfs:label "Emma"@en ; :writtenBy :austen .
    :persuasion a :Book ; rdfs:label "Persuasion"@en ; :writtenBy :austen .
    :austen a :Person ; rdfs:label "Jane Austen"@en .
}
"""
BY_HER = WRITTEN.replace("Is it written", "What is written").replace("ASK {", "CONSTRUCT { ?book a ?her } WHERE {")

SLOW = """\
# title: Everything times everything
# columns:
#   kind: a class
#   n: how often it comes up
# view: {kind: bar, label: kind, value: n}
SELECT ?kind (COUNT(*) AS ?n) WHERE { ?thing a ?kind . ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }
GROUP BY ?kind
ORDER BY ?kind
"""

QUESTIONS = {"echo": ECHO, "written": WRITTEN, "by-her": BY_HER}

HOSTILE = [
    '"',
    "'",
    '" } DROP ALL #',
    'x" . ?s ?p ?o } #',
    "> } DROP",
    "\\",
    '\\" }',
    "line\nbreak\r\n\ttab",
    "'''\"\"\"",
    "# comment",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202e\u0000é漢🌍",
    "a&b=c;d+e%20f",
    "",
]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A service over two books, and a question of each form."""
    content = tmp_path_factory.mktemp("content")
    files = {"data/catalog.ttl": CATALOG, "data/books.trig": BOOKS} | {
        f"queries/explore/{name}.rq": text for name, text in QUESTIONS.items()
    }
    for name, text in files.items():
        (content / name).parent.mkdir(parents=True, exist_ok=True)
        (content / name).write_text(text, encoding="utf-8")
    settings = Settings(state=tmp_path_factory.mktemp("state"))
    build_into(settings.state, content)
    return create_app(settings).test_client()


def rows(client: FlaskClient, identifier: str, **values: str) -> list[dict[str, str]]:
    response = client.get(f"/questions/{identifier}", query_string={**values, "format": "csv"})
    assert response.status_code == 200, response.text
    return list(csv.DictReader(io.StringIO(response.text)))


def elements(page: str, wanted: str) -> Iterator[dict[str, str | None]]:
    """The attributes of each element of a name, in order."""
    found: list[dict[str, str | None]] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append(dict(attributes)) if tag == wanted else None  # type: ignore[method-assign]
    parser.feed(page)
    return iter(found)


def fields_of(page: str) -> Iterator[dict[str, str | None]]:
    """The fields of the form of a question."""
    return (field for field in elements(page, "input") if (field.get("id") or "").startswith("parameter-"))


def heading(page: str) -> str:
    return unescape(page.split("<h1>")[1].split("</h1>", maxsplit=1)[0])


def test_each_stored_question_has_an_address(client: FlaskClient) -> None:
    told = client.get("/questions").json
    assert told
    assert {question["id"] for question in told["questions"]} == set(STORED)
    assert len(STORED) == len([path for path in ROOT.glob("queries/*/*.rq") if path.parent.name not in HIDDEN]) > 60
    for question in told["questions"]:
        stored = STORED[question["id"]]
        assert question["href"] == f"http://localhost/questions/{question['id']}"
        assert [column["name"] for column in question["columns"]] == list(stored.columns)
        assert [
            (parameter["name"], parameter["type"], parameter["default"]) for parameter in question["parameters"]
        ] == [(parameter.name, parameter.type, parameter.default) for parameter in stored.parameters]


@pytest.mark.parametrize("identifier", HERE)
def test_a_question_answers_what_its_text_answers(client: FlaskClient, identifier: str) -> None:
    text = STORED[identifier].text
    defaults = {parameter.name: parameter.default for parameter in STORED[identifier].parameters}
    expected = client.get("/sparql", query_string={"query": text}, headers={"Accept": JSON_RESULTS})
    assert expected.json["results"]["bindings"]
    for values in ({}, defaults):
        response = client.get(f"/questions/{identifier}", query_string=values, headers={"Accept": JSON_RESULTS})
        assert (response.status_code, response.content_type) == (200, JSON_RESULTS)
        assert response.data == expected.data


def test_what_the_service_itself_asks_is_listed_apart(client: FlaskClient) -> None:
    told = client.get("/questions").json
    assert told
    assert {question["id"] for question in told["own"]} == set(OWN)
    assert len(OWN) == len([path for path in ROOT.glob("queries/*/*.rq") if path.parent.name in HIDDEN]) > 60
    page = client.get("/questions", headers={"Accept": "text/html"}).text
    parts = page.split("What the service itself asks")
    listed = [{link["href"] for link in elements(part, "a")} for part in parts]
    assert [
        {f"/questions/{identifier}" for identifier in found} <= links
        for found, links in zip((STORED, OWN), listed, strict=True)
    ] == [True, True]
    assert not listed[0] & {f"/questions/{identifier}" for identifier in OWN}
    assert "/questions/pages/" not in client.get("/", headers={"Accept": "text/html"}).text


@pytest.mark.parametrize("identifier", OWN)
def test_what_the_service_itself_asks_can_be_asked_in_each_format(client: FlaskClient, identifier: str) -> None:
    stored = OWN[identifier]
    for row in formats_for(stored.form):
        response = client.get(f"/questions/{identifier}", query_string={"format": row.name})
        assert (response.status_code, response.mimetype) == (200, row.media_type)
        if row.media_type == "text/html":
            assert heading(response.text) == (stored.question or stored.title)
        else:
            asked = {"query": stored.text, "format": row.name}
            assert response.data == client.get("/sparql", query_string=asked).data


def test_a_parameter_of_what_the_service_itself_asks_is_bound(client: FlaskClient) -> None:
    stored = OWN["pages/agent-work"]
    [parameter] = stored.parameters
    assert rows(client, stored.identifier)
    assert not rows(client, stored.identifier, **{parameter.name: "https://w3id.org/unemg/nobody"})
    assert client.get(f"/questions/{stored.identifier}", query_string={parameter.name: "no iri"}).status_code == 400


@pytest.mark.parametrize("identifier", HERE)
def test_the_page_of_a_question_shows_form_answer_and_query(client: FlaskClient, identifier: str) -> None:
    stored = STORED[identifier]
    page = client.get(f"/questions/{identifier}", headers={"Accept": "text/html"}).text
    assert heading(page) == (stored.question or stored.title)
    fields = {field["name"]: field for field in fields_of(page)}
    types = {"iri": "text", "string": "text", "integer": "number", "date": "date", "language": "text"}
    assert {name: field["type"] for name, field in fields.items()} == {
        parameter.name: types[parameter.type] for parameter in stored.parameters
    }
    # What stands in the form asks the same again, things by their names.
    again = client.get(
        f"/questions/{identifier}",
        query_string={name: field["value"] for name, field in fields.items()},
        headers={"Accept": "text/html"},
        follow_redirects=True,
    )
    assert heading(again.text) == heading(page)
    assert all(parameter.label in page for parameter in stored.parameters)
    links = [link["href"] or "" for link in elements(page, "a")]
    # Nothing is told by its address, neither one thing nor a list of passages.
    answer = page.partition("<tbody>")[2].partition("</tbody>")[0]
    assert answer
    assert ID not in unescape(re.sub("<[^>]*>", " ", answer))
    [opened] = [link for link in links if link.startswith("/query?query=%23+title")]
    assert parse_qs(urlsplit(opened).query)["query"] == [stored.text]


def test_downloads_keep_the_values(client: FlaskClient) -> None:
    values = {"from": "2022-06-07", "to": "2022-06-07"}
    page = client.get("/questions/explore/timeline", query_string=values, headers={"Accept": "text/html"}).text
    downloads = [link["href"] or "" for link in elements(page, "a") if "format=" in (link["href"] or "")]
    assert [link.rpartition("=")[2] for link in downloads] == ["json", "xml", "csv", "tsv"]
    assert (
        client.get(downloads[2]).text
        == client.get("/questions/explore/timeline", query_string={**values, "format": "csv"}).text
    )


def test_the_list_is_a_page_for_people(client: FlaskClient) -> None:
    response = client.get("/questions", headers={"Accept": "text/html"})
    assert response.content_type == "text/html; charset=utf-8"
    links = [link["href"] or "" for link in elements(response.text, "a")]
    listed = {link.removeprefix("/questions/") for link in links if link.startswith("/questions/")}
    assert listed == set(STORED | OWN)
    assert client.get("/questions?format=html").text == response.text
    assert client.get("/questions?format=json", headers={"Accept": "text/html"}).content_type == "application/json"
    assert client.get("/questions", headers={"Accept": "text/turtle"}).status_code == 406
    assert client.get("/questions?format=csv").status_code == 400


@pytest.mark.parametrize(
    ("words", "listed"),
    [
        ("natural infrastructure", set()),
        ("GRANTED  state", set()),
        ("timeline", {"explore/timeline"}),
        ("TIMELINE days", {"explore/timeline"}),
        ("H07", {"competency/frameworks-of-several-workstreams"}),
        ("acronym", {"explore/names-and-acronyms"}),
    ],
)
def test_the_list_can_be_narrowed_by_words(client: FlaskClient, words: str, listed: set[str]) -> None:
    told = client.get("/questions", query_string={"words": words}).json
    assert {question["id"] for question in told["questions"]} == listed
    page = client.get("/questions", query_string={"words": words}, headers={"Accept": "text/html"}).text
    links = {link["href"] or "" for link in elements(page, "a")}
    linked = {link.removeprefix("/questions/") for link in links if link.startswith("/questions/")}
    assert linked - set(OWN) == listed
    assert ("None has all of these words" in page) is not bool(listed)


def test_words_without_end_are_shown_as_text(client: FlaskClient) -> None:
    for words in ("<script>alert(1)</script>", "x" * 10_000):
        page = client.get("/questions", query_string={"words": words}, headers={"Accept": "text/html"}).text
        assert "<script>" not in page
        assert len(page) < 10_000


def test_a_date_changes_the_answer(client: FlaskClient) -> None:
    found = rows(client, "explore/timeline", **{"from": "2022-06-07", "to": "2022-06-07"})
    dated = [row for row in found if row["latest"]]
    assert dated
    assert all(row["earliest"] <= "2022-06-07" <= row["latest"] for row in dated)
    everything = rows(client, "explore/timeline")
    assert len(found) < len(everything)
    assert any("" < row["latest"] < "2022-06-07" for row in everything)


def test_a_string_changes_the_answer(client: FlaskClient) -> None:
    names = [row["name"] for row in rows(client, "explore/names-and-acronyms", text="CBD")]
    assert "CBD" in names
    assert all("cbd" in name.lower() for name in names)
    passages = [row["passage"] for row in rows(client, "explore/what-a-document-says", section="I.b")]
    assert passages
    assert all(passage.startswith(f"{ID}passage/som28-mpr.I.b.") for passage in passages)


def test_an_iri_changes_the_answer(client: FlaskClient) -> None:
    state = f"{ID}deliverable-state/not-proceeding"
    found = rows(client, "competency/deliverables-in-state", state=state)
    assert [row["deliverable"] for row in found] == [f"{ID}deliverable/guidance-npas"]


def test_an_integer_changes_the_answer(client: FlaskClient) -> None:
    identifier = "competency/mandates-shorter-than-expected-continuation"
    assert rows(client, identifier)
    assert rows(client, identifier, year="2035") == []


@pytest.mark.parametrize(("identifier", "name", "parameter"), [row for row in PARAMETERS if row[2].type == "iri"])
def test_an_unknown_thing_is_explained(client: FlaskClient, identifier: str, name: str, parameter: Parameter) -> None:
    default = parameter.default
    values = {name: f"{default}-x"}
    page = client.get(f"/questions/{identifier}", query_string=values, headers={"Accept": "text/html"}).text
    explained = f"&lt;{default}-x&gt;</code> is not in the graph. Did you mean <code>" in page
    assert explained is not bool(rows(client, identifier, **values))


@pytest.mark.parametrize(
    ("named", "media_type"),
    [
        ("format=turtle&format=csv&format=xml", "text/csv"),
        ("format=application/sparql-results%2Bxml", "application/sparql-results+xml"),
        ("format=csv&format=html", "text/csv"),
        ("format=turtle&format=html", "text/html"),
        ("format=Text/HTML", "text/html"),
    ],
)
def test_the_first_format_that_is_named_and_fits_counts(client: FlaskClient, named: str, media_type: str) -> None:
    for accept in ("text/html", "application/json"):
        response = client.get(f"/questions/explore/timeline?{named}", headers={"Accept": accept})
        assert (response.status_code, response.mimetype) == (200, media_type)


@pytest.mark.parametrize("named", ["HTML", "text/html", "csv,html"])
def test_names_are_understood_wherever_a_page_is_asked_for(library: FlaskClient, named: str) -> None:
    response = library.get("/questions/explore/by-her", query_string={"book": "Emma", "format": named})
    assert (response.status_code, "Emma" not in response.headers["Location"]) == (303, True)


@pytest.mark.parametrize("name", [row.name for row in formats_for("SELECT")])
def test_the_format_is_chosen_by_name_and_by_accept(client: FlaskClient, name: str) -> None:
    row = next(row for row in FORMATS if row.name == name)
    named = client.get(f"/questions/explore/timeline?format={name}")
    accepted = client.get("/questions/explore/timeline", headers={"Accept": row.media_type})
    assert named.content_type == accepted.content_type == row.content_type
    assert named.data == accepted.data
    disposition = f'inline; filename="timeline.{row.extension}"'
    assert named.headers.get("Content-Disposition") == (disposition if name != "html" else None)
    assert "Accept" in accepted.headers["Vary"]


@pytest.mark.parametrize("format_name", ["turtle", "nonsense"])
def test_a_format_that_does_not_fit_is_refused(client: FlaskClient, format_name: str) -> None:
    response = client.get(f"/questions/explore/timeline?format={format_name}")
    assert response.status_code == 400
    assert "csv" in response.json["remedy"]
    assert client.get("/questions/explore/timeline", headers={"Accept": "image/png"}).status_code == 406


@pytest.mark.parametrize("address", ["/questions", "/questions/explore/timeline?format=csv", "/openapi.json"])
def test_head_tells_what_get_tells_without_the_body(client: FlaskClient, address: str) -> None:
    head, get = client.head(address), client.get(address)
    assert (head.status_code, head.data) == (200, b"")
    assert dict(head.headers) == dict(get.headers)


@pytest.mark.parametrize("address", ["/questions", "/questions/explore/timeline", "/openapi.json"])
def test_nothing_is_sent_to_a_question(client: FlaskClient, address: str) -> None:
    response = client.post(address, data={"from": "2022-01-01"})
    assert response.status_code == 405
    assert {"GET", "HEAD"} <= set(response.headers["Allow"].split(", "))


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [
        ("explore/workstrem-profile", "explore/workstream-profile"),
        ("explore/timeline/", "explore/timeline"),
        ("explore/tasks-with-status", "competency/tasks-with-status"),
        ("timeline", "explore/timeline"),
        ("Explore/Timeline", "explore/timeline"),
    ],
)
def test_an_unknown_question_is_told_with_the_nearest(client: FlaskClient, asked: str, nearest: str) -> None:
    response = client.get(f"/questions/{asked}")
    assert (response.status_code, response.content_type) == (404, "application/problem+json")
    assert asked in response.json["detail"]
    assert f"did you mean /questions/{nearest}?" in response.json["remedy"]


@pytest.mark.parametrize("asked", ["checks/undeclared", "%3Cscript%3Ealert(1)%3C/script%3E", "x" * 5000])
def test_what_is_no_question_is_not_found(client: FlaskClient, asked: str) -> None:
    response = client.get(f"/questions/{asked}", headers={"Accept": "text/html"})
    assert (response.status_code, response.content_type) == (404, "text/html; charset=utf-8")
    assert "<script" not in main_of(response.text)
    assert len(response.text) < 5000


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"frm": "2022-01-01"}, ["frm", "did you mean from? it has from, to, format"]),
        ({"TO": "2022-01-01"}, ["TO", "did you mean to?"]),
        ({"fromat": "csv"}, ["fromat", "did you mean format?"]),
        ({"workstream": "x"}, ["explore/timeline has no parameter workstream", "it has from, to, format"]),
        ({"from": ["2022-01-01", "2022-01-02"]}, ["from", "more than once"]),
        ({"format": ["turtle", "nonsense"]}, ["turtle,nonsense is no format", "json, xml, csv, tsv, html"]),
        ({"timeout": "soon"}, ["timeout", '"soon"', "seconds"]),
        ({"timeout": ["1", "2"]}, ["timeout", "more than once"]),
        ({"from": "18 May 2022"}, ["from", '"18 May 2022"', "a day written like 2022-05-18"]),
        ({"from": "2022-02-30"}, ["from", '"2022-02-30"', "a day written like 2022-05-18"]),
        ({"from": ""}, ["from", '""', "a day"]),
        ({"to": "9" * 1000}, ["to", "9" * 200 + "…", "a day"]),
    ],
)
def test_a_wrong_parameter_is_told(client: FlaskClient, given: dict[str, Any], told: list[str]) -> None:
    response = client.get("/questions/explore/timeline", query_string=given)
    assert (response.status_code, response.content_type) == (400, "application/problem+json")
    message = f"{response.json['detail']} {response.json['remedy']}"
    assert all(part in message for part in told), message
    assert len(message) < 600


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("thing", "https://library.example/> } DROP ALL #", "an absolute IRI"),
        ("thing", "https://library.example/a b", "an absolute IRI"),
        ("thing", "<https://library.example/emma>", "an absolute IRI"),
        ("many", "5.0", "a whole number"),
        ("many", "5 } DROP", "a whole number"),
        ("many", "5) UNION (6", "a whole number"),
        ("many", "٣", "a whole number"),
        ("day", '2022-05-18"', "a day"),
        ("day", "2022-05-18\n", "a day"),
        ("tongue", 'en" } #', "a language tag"),
        ("tongue", "en us", "a language tag"),
    ],
)
def test_a_value_that_is_not_of_its_type_is_refused(library: FlaskClient, name: str, value: str, expected: str) -> None:
    response = library.get("/questions/explore/echo", query_string={name: value})
    assert response.status_code == 400
    assert f'the parameter {name} is "{value}"' in response.json["detail"]
    assert expected in response.json["detail"]
    page = library.get("/questions/explore/echo", query_string={name: value}, headers={"Accept": "text/html"})
    assert page.status_code == 400
    assert escape(expected) in page.text


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_string_stays_one_term(library: FlaskClient, value: str) -> None:
    response = library.get("/questions/explore/echo", query_string={"word": value})
    [row] = response.json["results"]["bindings"]
    assert row["word"] == {"type": "literal", "value": value}
    assert row["thing"] == {"type": "uri", "value": "https://library.example/emma"}


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_string_stays_text_on_the_page(library: FlaskClient, value: str) -> None:
    page = library.get("/questions/explore/echo", query_string={"word": value}, headers={"Accept": "text/html"}).text
    kept = value.replace("\r\n", "\n")
    assert "<script" not in main_of(page)
    fields = {field["name"]: field["value"] for field in fields_of(page)}
    assert (fields["word"] or "").replace("\r\n", "\n") == kept
    cells = [unescape(cell).replace("\r\n", "\n") for cell in re.findall(r'class="text"[^>]*>([^<]*)<', page)]
    assert kept in cells
    assert "49" not in page.split('<form class="parameters"')[1].split("</form>")[0]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_plan_differs_from_the_stored_text_in_the_value_alone(value: str) -> None:
    bound = set()
    for identifier, name, parameter in PARAMETERS:
        asked = Request("GET", f"/questions/{identifier}", urlencode({name: value}).encode(), ("text/csv",))
        if parameter.type != "string":
            with pytest.raises(Problem, match=name):
                plan_question(asked, list(STORED.values()), Limits())
            continue
        plan = plan_question(asked, list(STORED.values()), Limits())
        stored = significant(tokenize(STORED[identifier].text))
        pairs = zip(stored, plan.ask.query.tokens, strict=True)
        changed = {(before.text, after.kind) for before, after in pairs if before.text != after.text}
        assert changed == {(f'"{parameter.default}"', "string")}
        bound.add((identifier, name))
    assert len(bound) >= 3


def test_a_plan_says_what_runs_and_how_it_is_written(built: Snapshot) -> None:
    questions = [query for query in stored_queries(built, Limits()) if query.group not in HIDDEN]
    asked = Request("HEAD", "/questions/explore/timeline", b"to=2022-01-31&format=TSV", ("text/html",))
    plan = plan_question(asked, questions, Limits())
    assert (plan.row.name, plan.filename) == ("tsv", "timeline.tsv")
    assert plan.content_type == "text/tab-separated-values; charset=utf-8"
    assert 'VALUES ?to { "2022-01-31"^^' in plan.ask.query.text
    assert plan == plan_question(asked, questions, Limits())


def test_a_query_that_becomes_too_long_is_refused(client: FlaskClient) -> None:
    response = client.get("/questions/explore/names-and-acronyms", query_string={"text": "x" * 100_001})
    assert response.status_code == 400
    assert "characters" in response.json["detail"]


def test_texts_of_a_question_are_escaped(library: FlaskClient) -> None:
    for address in ("/questions", "/questions/explore/echo", "/questions/explore/echo?word=other"):
        page = library.get(address, headers={"Accept": "text/html"}).text
        for element in ("<b>", "<i>", "<u>", "<thing>"):
            assert element not in page
        assert "Values &lt;b&gt;as they are&lt;/b&gt; &amp; &#34;bound&#34;" in page


def test_the_heading_names_the_defaults_only_where_they_are_asked(library: FlaskClient) -> None:
    headings = [
        heading(library.get(f"/questions/explore/echo{values}", headers={"Accept": "text/html"}).text)
        for values in ("", "?word=good&many=5", "?word=bad")
    ]
    asked, title = "Which terms are <i>given</i>?", 'Values <b>as they are</b> & "bound"'
    assert headings == [asked, asked, title]


def test_things_of_the_same_kind_are_offered_by_name(library: FlaskClient) -> None:
    page = library.get("/questions/explore/written", headers={"Accept": "text/html"}).text
    offered = [option["value"] for option in elements(page, "option")]
    assert {"Emma", "Jane Austen", "Persuasion"} <= set(offered)
    [book] = fields_of(page)
    assert book["value"] == "Emma"
    assert (book["data-suggest"] or "").startswith("/search/suggest")


def test_a_question_for_yes_or_no(library: FlaskClient) -> None:
    assert library.get("/questions/explore/written").json["boolean"] is True
    values = {"book": "https://library.example/persuasio"}
    page = library.get("/questions/explore/written", query_string=values, headers={"Accept": "text/html"}).text
    assert '<p class="answer">No</p>' in page
    assert "is not in the graph" in page
    assert "(Persuasion)?" in page


def test_a_question_for_a_graph(library: FlaskClient) -> None:
    response = library.get("/questions/explore/by-her", headers={"Accept": "text/turtle"})
    assert response.content_type == "text/turtle; charset=utf-8"
    assert "austen" in response.text
    values = {"book": "https://library.example/austen"}
    page = library.get("/questions/explore/by-her", query_string=values, headers={"Accept": "text/html"}).text
    assert "none together with what stands before it" in page


@pytest.fixture(scope="module")
def slow(small: Path, kg_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a question that takes longer than anybody waits."""
    folder = tmp_path_factory.mktemp("slow")
    content = shutil.copytree(small / "content", folder / "content")
    (content / "queries/explore/slow.rq").write_text(SLOW, encoding="utf-8")
    build_into(folder / "state", content)
    with serving(kg_command, folder / "state", folder / "server") as server:
        yield server


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize("path", ["/questions/explore/slow", "/explore/slow"])
def test_a_question_is_stopped_when_the_client_waits_no_longer(slow: Server, path: str, accept: str) -> None:
    reply = slow.get(path, accept=accept, timeout="0.5", format="json" if accept == "application/json" else "html")
    assert reply.status == 503
    assert "stopped after 0.5 seconds" in reply.text
    assert 0.5 <= reply.seconds < 5


@pytest.mark.parametrize("timeout", ["0", "60"])
def test_a_question_may_be_given_more_time_than_it_needs(client: FlaskClient, timeout: str) -> None:
    plain = client.get("/questions/explore/timeline?format=csv")
    assert client.get(f"/questions/explore/timeline?format=csv&timeout={timeout}").data == plain.data


def test_the_openapi_document_is_valid_and_describes_each_question(client: FlaskClient) -> None:
    response = client.get("/openapi.json")
    assert response.content_type == "application/json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    document = response.json
    validate(document)
    assert document["openapi"].startswith("3.1.")
    reading = {path for path, item in document["paths"].items() if "Writing" not in next(iter(item.values()))["tags"]}
    assert {path for path in reading if path.startswith("/questions")} == {
        "/questions",
        *(f"/questions/{identifier}" for identifier in STORED | OWN),
    }
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for identifier, stored in (STORED | OWN).items():
        operation = document["paths"][f"/questions/{identifier}"]["get"]
        described = {parameter["name"]: parameter for parameter in operation["parameters"]}
        own = [parameter.name for parameter in stored.parameters]
        assert list(described) == [
            *own,
            *(name for name in ("revision", "asOf", "format", "timeout") if name not in own),
        ]
        for parameter in stored.parameters:
            assert described[parameter.name]["description"] == parameter.label
            assert str(described[parameter.name]["schema"]["default"]) == parameter.default


def test_the_openapi_document_describes_the_protocol(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    get, post = document["paths"]["/sparql"]["get"], document["paths"]["/sparql"]["post"]
    assert [parameter["name"] for parameter in get["parameters"]] == [
        "query",
        "default-graph-uri",
        "named-graph-uri",
        "revision",
        "asOf",
        "format",
        "timeout",
    ]
    assert set(post["requestBody"]["content"]) == {"application/x-www-form-urlencoded", "application/sparql-query"}
    media_types = {media_type for row in FORMATS for media_type in (row.media_type, *row.other_media_types)}
    assert set(get["responses"]["200"]["content"]) == set(post["responses"]["200"]["content"]) == media_types
    assert {"413", "415"} <= set(post["responses"])


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("SELECT * { SERVICE <https://example.org/sparql> { ?s ?p ?o } }", "403"),
        ("SELECT (<urn:unknown>(1) AS ?x) {}", "422"),
        ("SELECT * { ?s", "400"),
    ],
)
def test_the_openapi_document_knows_each_way_in_which_a_query_fails(
    library: FlaskClient, query: str, status: str
) -> None:
    described = library.get("/openapi.json").json["paths"]["/sparql"]
    assert str(library.get("/sparql", query_string={"query": query}).status_code) == status
    assert str(library.post("/sparql", data={"query": query}).status_code) == status
    assert status in described["get"]["responses"]
    assert status in described["post"]["responses"]


def test_what_the_openapi_document_says_is_what_is_answered(library: FlaskClient) -> None:
    document = library.get("/openapi.json").json
    validate(document)
    for path, item in document["paths"].items():
        if not path.startswith(("/sparql", "/questions")):
            continue
        values = {parameter["name"]: parameter["schema"].get("default") for parameter in item["get"]["parameters"]}
        values["query"] = "ASK {}" if path == "/sparql" else None
        described = item["get"]["responses"]["200"]["content"]
        given = {name: value for name, value in values.items() if value is not None}
        for media_type in described:
            response = library.get(path, query_string=given, headers={"Accept": media_type})
            if path != "/sparql":
                assert (response.status_code, response.mimetype) == (200, media_type)
        chosen = {parameter["name"]: parameter["schema"] for parameter in item["get"]["parameters"]}
        for name in chosen["format"]["enum"] if path != "/sparql" else ():
            response = library.get(path, query_string={**given, "format": name})
            assert response.status_code == 200
            assert response.mimetype in described


def test_a_problem_is_as_the_openapi_document_describes_it(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    schema = document["components"]["schemas"]["Problem"]
    for address, status in (("/questions/explore/timeline?x=1", 400), ("/sparql?query=ASK", 400)):
        response = client.get(address)
        assert response.status_code == status
        assert set(schema["required"]) <= set(response.json) <= set(schema["properties"])
        path = address.partition("?")[0]
        assert document["paths"][path]["get"]["responses"]["400"] == {"$ref": "#/components/responses/Problem400"}
        assert "application/problem+json" in document["components"]["responses"]["Problem400"]["content"]


def test_without_a_snapshot_it_is_not_ready(tmp_path: Path) -> None:
    client = create_app(Settings(state=tmp_path)).test_client()
    for address in ("/questions", "/questions/explore/timeline", "/openapi.json"):
        assert client.get(address).status_code == 503


@pytest.mark.parametrize(
    ("term", "things"),
    [
        (f'"{ID}agency/unep"', ["unep"]),
        (f'"{ID}agency/unep {ID}agency/undp"', ["unep", "undp"]),
        (f'"{ID}agency/unep  {ID}agency/undp"', []),
        (f'"see {ID}agency/unep"', []),
        (f'"{ID}agency/unep\\n{ID}agency/undp"', []),
        (f'"{ID}agency/unep "', []),
        (f'"{ID}agency/unep"@en', []),
        (f'"{ID}agency/unep"^^<http://www.w3.org/2001/XMLSchema#anyURI>', []),
        ('"mailto:a@library.example"', []),
        ('""', []),
    ],
)
def test_a_plain_text_of_nothing_but_iris_is_read_as_things(built: Snapshot, term: str, things: list[str]) -> None:
    ask = Ask(vet_query(f"SELECT ?x {{ BIND ({term} AS ?x) }}", Limits()))
    [[cell]] = answer_table(built, ask, most_rows=1).rows
    assert cell is not None
    assert [thing.value.rpartition("/")[2] for thing in cell.things] == things
    assert all(thing.label for thing in cell.things)
