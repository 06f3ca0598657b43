"""Search over the real content and over HTTP: what people look for comes first, and facets count what SPARQL counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from kg.settings import Settings
from kg.store import Snapshot
from kg.web import create_app
from kg.web.search import MOST_CHARACTERS, MOST_PAGES
from tests.serving import Command, eventually
from tests.states import build_into
from tests.stocked import SANDITON
from tests.writing import House, writing

ID = "https://w3id.org/unemg/id/"
ONTOLOGY = "https://w3id.org/unemg/ontology#"
PREFIXES = f"PREFIX emg: <{ONTOLOGY}> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>"
HTML = {"Accept": "text/html"}
STRANGE = "</title><script>alert(1)</script> \"'&"
RIGHT_TO_LEFT = "برنامج الأمم المتحدة للبيئة"


def told(client: FlaskClient, text: str = "", **parameters: Any) -> Any:
    response = client.get(f"/search?{urlencode({'q': text, **parameters}, doseq=True)}")
    assert response.status_code == 200, response.text
    assert response.content_type == "application/json"
    return response.json


def found(client: FlaskClient, text: str, **parameters: Any) -> list[str]:
    return [one["iri"].removeprefix(ID) for one in told(client, text, **parameters)["findings"]]


def counted(snapshot: Snapshot, query: str) -> dict[str, int]:
    rows = snapshot.query(f"{PREFIXES} {query}").rows()
    return {row[0].value: int(row[1].value) for row in rows if row[0] and row[1]}


def counts(answer: Any, facet: str) -> dict[str, int]:
    values = next((one["values"] for one in answer["facets"] if one["name"] == facet), [])
    return {value["value"]: value["count"] for value in values}


# What people look for.


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("UNEP", "agency/unep"),
        ("unep", "agency/unep"),
        ("United Nations Environment Programme", "agency/unep"),
        ("NDC", "framework/ndcs"),
        ("Nationally Determined Contributions", "framework/ndcs"),
        ("Kunming-Montreal Global Biodiversity Framework", "framework/post2020-gbf"),
        ("biodiversty", "theme/biodiversity"),
        ("Marine Litter", "theme/marine-litter"),
        ("EMG Nexus Dialogues", "workstream/nexus-dialogues"),
        ("what is the human rights group", "workstream/img-human-rights"),
    ],
)
def test_what_is_meant_comes_first(client: FlaskClient, text: str, first: str) -> None:
    assert found(client, text)[0] == first


def test_the_nexus_dialogues_of_a_year_are_found(client: FlaskClient) -> None:
    assert "event/nd-natural-infrastructure" in found(client, "Nexus Dialogues 2022")
    dated = found(client, "Nexus Dialogues", year="2022", kind="ontology#Event")
    assert dated
    assert all(iri.startswith("event/") for iri in dated)


def test_the_guidance_on_contributions_is_found(client: FlaskClient) -> None:
    assert found(client, "NDC guidance")[0] == "deliverable/guidance-ndcs"


def test_an_acronym_finds_nothing_that_only_looks_like_it(client: FlaskClient) -> None:
    assert "agency/undp" not in found(client, "UNEP")
    assert "agency/unep" not in found(client, "UNDP")
    assert found(client, "ITC") == []


def test_a_correction_is_offered(client: FlaskClient) -> None:
    assert told(client, "biodiversty straegies")["instead"] == "biodiversity strategies"
    page = client.get("/search?q=biodiversty", headers=HTML).text
    assert '<a href="/search?q=biodiversity">biodiversity</a>' in page


@pytest.mark.parametrize(
    "text", ['"', "*:*", "🌍", "\0", "a" * MOST_CHARACTERS, "names:(", "%", "\ufffe", "<b>", "NOT"]
)
def test_any_text_is_answered(client: FlaskClient, text: str) -> None:
    query = urlencode({"q": text})
    for headers in ({}, HTML):
        assert client.get(f"/search?{query}", headers=headers).status_code == 200
    assert client.get(f"/search/suggest?{query}").status_code == 200


def test_bytes_that_are_no_text_are_answered(client: FlaskClient) -> None:
    assert client.get("/search?q=%ff%fe%00", headers=HTML).status_code == 200


@pytest.mark.parametrize(
    "query",
    [f"q={'a' * (MOST_CHARACTERS + 1)}", f"page={MOST_PAGES + 1}", "page=0", "page=one", "format=xml", "page=٣"],
)
def test_what_is_out_of_bounds_is_refused_with_a_remedy(client: FlaskClient, query: str) -> None:
    response = client.get(f"/search?{query}")
    assert (response.status_code, response.content_type) == (400, "application/problem+json")
    assert response.json is not None
    assert response.json["remedy"]


# Facets.


def test_kinds_are_counted_as_sparql_counts_them(client: FlaskClient, built: Snapshot) -> None:
    expected = counted(
        built,
        "SELECT (STRAFTER(STR(?kind), 'unemg/') AS ?name) (COUNT(DISTINCT ?thing) AS ?count) WHERE {"
        " { ?thing a ?kind ; rdfs:label ?label } UNION { ?thing a emg:Passage, ?kind }"
        f" FILTER STRSTARTS(STR(?kind), '{ONTOLOGY}') }} GROUP BY ?kind",
    )
    shown = {value: count for value, count in counts(told(client), "kind").items() if value.startswith("ontology#")}
    assert len(shown) > 10
    assert shown == {value: expected[value] for value in shown}


def test_years_are_counted_as_sparql_counts_them(client: FlaskClient, built: Snapshot) -> None:
    expected = counted(
        built,
        "SELECT ?year (COUNT(DISTINCT ?thing) AS ?count) WHERE { ?thing emg:when ?date ; rdfs:label ?label"
        " BIND (SUBSTR(STR(?date), 1, 4) AS ?year) FILTER REGEX(?year, '^[0-9]{4}$') } GROUP BY ?year",
    )
    assert expected
    assert counts(told(client), "year") == expected


def test_tasks_of_workstreams_are_counted_as_sparql_counts_them(client: FlaskClient, built: Snapshot) -> None:
    expected = counted(
        built,
        "SELECT (STRAFTER(STR(?stream), 'unemg/') AS ?name) (COUNT(DISTINCT ?task) AS ?count)"
        " WHERE { ?task emg:taskOf ?stream } GROUP BY ?stream",
    )
    assert expected
    assert counts(told(client, kind="ontology#Task"), "workstream") == expected


def test_a_status_is_counted_as_sparql_counts_it(client: FlaskClient, built: Snapshot) -> None:
    expected = counted(
        built,
        "SELECT (STRAFTER(STR(?status), 'unemg/') AS ?name) (COUNT(DISTINCT ?task) AS ?count)"
        " WHERE { ?task a emg:Task ; emg:currentStatus ?status } GROUP BY ?status",
    )
    assert expected
    assert counts(told(client, kind=f"{ONTOLOGY}Task"), "status") == expected


def test_each_link_of_a_facet_leads_to_as_many_things_as_it_says(client: FlaskClient) -> None:
    answer = told(client, "nexus")
    links = [(value["href"], value["count"]) for facet in answer["facets"] for value in facet["values"]]
    assert len(links) > 10
    for href, count in links:
        response = client.get(href)
        assert response.json is not None
        assert response.json["total"] == count, href


def test_a_chosen_value_can_be_taken_away(client: FlaskClient) -> None:
    answer = told(client, "nexus", kind="ontology#Event", year="2022")
    chosen = {facet["name"]: value for facet in answer["facets"] for value in facet["values"] if value["chosen"]}
    assert {name: value["value"] for name, value in chosen.items()} == {"kind": "ontology#Event", "year": "2022"}
    assert chosen["kind"]["href"] == "/search?q=nexus&year=2022"
    assert chosen["kind"]["label"] == "event"


def test_pages_lead_through_all_things(client: FlaskClient) -> None:
    seen: list[str] = []
    href = "/search?kind=ontology%23Deliverable"
    while href:
        response = client.get(href)
        assert response.json is not None
        seen += [one["iri"] for one in response.json["findings"]]
        href = response.json["next"]
    assert len(seen) == len(set(seen)) == told(client, kind="ontology#Deliverable")["total"] > 60


# Pages, suggestions, description.


def test_a_page_marks_what_was_asked_for(client: FlaskClient) -> None:
    response = client.get("/search?q=marine+litter", headers=HTML)
    assert response.content_type == "text/html; charset=utf-8"
    assert '<a href="/id/theme/marine-litter" dir="auto"><mark>marine</mark> <mark>litter</mark></a>' in response.text
    assert 'value="marine litter"' in response.text


def test_a_page_without_findings_says_how_to_go_on(client: FlaskClient) -> None:
    page = client.get("/search?q=zzzzz", headers=HTML).text
    assert "Nothing is found for “zzzzz”" in page
    assert 'href="/search"' in page


def test_suggestions_are_what_pickers_need(client: FlaskClient) -> None:
    response = client.get("/search/suggest?q=nexus&kind=ontology%23Event&limit=3")
    assert response.json is not None
    suggestions = response.json["suggestions"]
    assert len(suggestions) == 3
    for one in suggestions:
        assert one.keys() == {"iri", "label", "kind", "href", "matched"}
        assert one["iri"].startswith(f"{ID}event/")
        assert one["href"] == one["iri"].removeprefix("https://w3id.org/unemg")
    both = client.get(f"/search/suggest?{urlencode({'q': 'un', 'kind': [f'{ONTOLOGY}Agency', 'none']}, doseq=True)}")
    assert both.json is not None
    assert {one["kind"] for one in both.json["suggestions"]} == {"agency"}


def test_the_interface_is_described(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    assert document is not None
    answer = told(client, "UNEP")
    schema = document["paths"]["/search"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer.keys() == schema["properties"].keys()
    assert answer["findings"][0].keys() == schema["properties"]["findings"]["items"]["properties"].keys()


def test_names_that_are_markup_or_endless_or_written_from_right_to_left(small_content: Path, tmp_path: Path) -> None:
    books = small_content / "data/books.trig"
    long = "endless " * 1250
    more = "".join(
        f"    :{name} a :Book ; rdfs:label {text} ; :writtenBy :austen .\n"
        for name, text in (
            ("strange", '"""' + STRANGE.replace('"', '\\"') + '"""@en'),
            ("long", f'"{long}"@en'),
            ("arabic", f'"{RIGHT_TO_LEFT}"@ar'),
        )
    )
    books.write_text(books.read_text(encoding="utf-8").replace("}\n", more + "}\n"), encoding="utf-8")
    build_into(tmp_path / "state", small_content)
    client = create_app(Settings(state=tmp_path / "state")).test_client()
    page = client.get("/search?q=script+alert", headers=HTML).text
    assert "<script>alert" not in page
    assert "&lt;/title&gt;&lt;" in page
    shown = unescape(re.sub(r"<[^>]+>", "", page))
    assert STRANGE in shown
    page = client.get("/search?q=endless", headers=HTML).text
    assert len(page) < 20_000
    assert client.get("/search?" + urlencode({"q": "الأمم"})).json["findings"][0]["label"] == RIGHT_TO_LEFT  # type: ignore[index]
    page = client.get("/search?" + urlencode({"q": RIGHT_TO_LEFT}), headers=HTML).text
    assert "<mark>الأمم</mark>" in page


# A server.


@pytest.fixture(scope="module")
def house(kg_command: Command, small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    build_into(folder / "state", small / "content")
    with writing(kg_command, folder / "state", folder) as house:
        yield house


def test_an_answer_is_kept_until_something_is_accepted(house: House) -> None:
    path = "/search?q=Emma"
    reply = house.server.send("GET", path)
    assert (reply.status, reply.headers["Cache-Control"]) == (200, "no-cache")
    again = house.server.send("GET", path, if_none_match=reply.headers["ETag"])
    assert again.status == 304
    assert house.told("/search?q=Sanditon")["total"] == 0
    assert house.submit(SANDITON).status == 201
    assert eventually(lambda: house.told("/search?q=Sanditon")["total"] == 1, seconds=20)
    changed = house.server.send("GET", path, if_none_match=reply.headers["ETag"])
    assert changed.status == 200
