"""Reconciliation over the real content: answers in the shapes of the protocol, and no name matched wrongly."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from flask.testing import FlaskClient

from kg.settings import Settings
from kg.web import create_app
from kg.web.reconciliation_request import MOST_COLUMNS, MOST_IDS, MOST_QUERIES
from tests.serving import Command, Server, serving
from tests.states import build_into
from tests.un_names import ABSENT, FOUND, MISSED, OFFERED

ID = "https://w3id.org/unemg/id/"
ONTOLOGY = "https://w3id.org/unemg/ontology#"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
HOSTILE = '"><script>alert(1)</script> } . DROP ALL #'
TYPES_OF_VALUES = {"str": str, "date": str, "int": int, "float": float}


def posted(client: FlaskClient, **form: Any) -> Any:
    return client.post("/reconcile", data={name: json.dumps(value) for name, value in form.items()})


def candidates(client: FlaskClient, query: Any) -> list[dict[str, Any]]:
    response = posted(client, queries={"q0": query if isinstance(query, dict) else {"query": query}})
    assert response.status_code == 200, response.text
    assert response.json is not None
    found: list[dict[str, Any]] = response.json["q0"]["result"]
    return found


def matched(client: FlaskClient, query: Any) -> list[str]:
    return [one["id"].removeprefix(ID) for one in candidates(client, query) if one["match"]]


# What the protocol asks for. Source: Reconciliation Service API 0.2, its JSON schemas.


def test_the_manifest_has_what_the_protocol_asks_for(client: FlaskClient) -> None:
    response = client.get("/reconcile")
    told: Any = response.json
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert told["versions"] == ["0.2"]
    assert (told["identifierSpace"], told["schemaSpace"]) == (ID, ONTOLOGY)
    assert told["name"]
    assert told["batchSize"] == MOST_QUERIES
    assert "{{id}}" in told["view"]["url"]
    assert "{{id}}" in told["preview"]["url"]
    assert isinstance(told["preview"]["width"], int)
    assert isinstance(told["preview"]["height"], int)
    assert set(told["suggest"]) == {"entity", "type", "property"}
    assert all(set(service) == {"service_url", "service_path"} for service in told["suggest"].values())
    assert {"id": f"{ONTOLOGY}Agent", "name": "agent"} in told["defaultTypes"]
    assert len({kind["id"] for kind in told["defaultTypes"]}) == len(told["defaultTypes"])
    settings = told["extend"]["property_settings"]
    assert {"name", "label", "type"} <= set(settings[0])


def test_each_candidate_has_what_the_protocol_asks_for(client: FlaskClient) -> None:
    query = {"query": "UNEP", "type": f"{ONTOLOGY}Agency", "properties": [{"pid": LABEL, "v": "UNEP"}]}
    found = candidates(client, query)
    assert found
    for one in found:
        assert set(one) - {"description"} == {"id", "name", "type", "score", "match", "features"}
        assert isinstance(one["match"], bool)
        assert 0 <= one["score"] <= 100
        assert all(set(kind) == {"id", "name"} for kind in one["type"])
        ids = [feature["id"] for feature in one["features"]]
        assert len(set(ids)) == len(ids)
        assert all(isinstance(feature["value"], bool | int | float) for feature in one["features"])
    assert [one["score"] for one in found] == sorted((one["score"] for one in found), reverse=True)


def test_a_batch_may_be_sent_in_the_url(client: FlaskClient) -> None:
    batch = json.dumps({"a": {"query": "UNDP"}, "b": {"query": "xyzzy"}})
    told: Any = client.get(f"/reconcile?{urlencode({'queries': batch})}").json
    assert [*told] == ["a", "b"]
    assert told["a"]["result"][0]["id"] == f"{ID}agency/undp"
    assert told["b"]["result"] == []


def test_each_query_is_answered_as_if_it_were_alone(client: FlaskClient) -> None:
    names = [*FOUND, *OFFERED, *ABSENT][::4]
    batch = {str(place): {"query": name} for place, name in enumerate(names)}
    together = posted(client, queries=batch).json
    assert {key: one["result"] for key, one in together.items()} == {
        key: candidates(client, query) for key, query in batch.items()
    }


def test_an_identifier_finds_its_thing(client: FlaskClient) -> None:
    assert matched(client, f"{ID}agency/unep") == ["agency/unep"]
    [one] = client.get(f"/reconcile/suggest/entity?prefix={quote(ID)}agency/unep").json["result"]  # type: ignore[index]
    assert one["id"] == f"{ID}agency/unep"


# Names as public data has them.


@pytest.mark.parametrize(("name", "meant"), FOUND.items())
def test_a_name_is_matched_with_what_it_means(client: FlaskClient, name: str, meant: str) -> None:
    assert matched(client, name) == [meant]


@pytest.mark.parametrize(("name", "meant"), OFFERED.items())
def test_a_name_that_is_not_sure_is_offered_and_not_matched(client: FlaskClient, name: str, meant: str) -> None:
    found = candidates(client, name)
    assert not any(one["match"] for one in found)
    assert f"{ID}{meant}" in [one["id"] for one in found[:3]]


@pytest.mark.parametrize("name", [*ABSENT, *MISSED])
def test_no_name_of_something_else_is_matched(client: FlaskClient, name: str) -> None:
    assert matched(client, name) == []


def test_with_the_type_of_its_thing_a_name_is_matched_no_worse(client: FlaskClient) -> None:
    right: list[str] = []
    for name, meant in {**FOUND, **OFFERED, **MISSED}.items():
        [thing] = candidates(client, f"{ID}{meant}")
        found = matched(client, {"query": name, "type": thing["type"][0]["id"]})
        assert found in ([], [meant]), name
        right += found
    assert len(right) == 56


@pytest.mark.parametrize("kind", ["Agency", "Body", "Framework", "Event", "Place", "Deliverable"])
def test_no_type_makes_a_name_one_of_something_else(client: FlaskClient, kind: str) -> None:
    for name in ABSENT:
        assert matched(client, {"query": name, "type": f"{ONTOLOGY}{kind}"}) == [], name


def test_the_list_of_names_is_the_one_that_the_figures_are_of() -> None:
    assert (len(FOUND), len(OFFERED), len(MISSED), len(ABSENT)) == (54, 19, 5, 52)


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        ("UNU", "agency/unu-flores"),
        ("Mid-Term Technical Segment of the 28th Senior Officials Meeting", "event/som28"),
        ("Working group on the monitoring and reporting framework (ESS)", "workstream/consultations-ess"),
        ("Core Working Group on Plastic Pollution", "workstream/cp-pollution-free-planet"),
        ("EMG Secretariat", "body/emg"),
        ("Secretariat of the Convention on Biological Diversity", "framework/cbd"),
    ],
)
def test_a_part_is_not_matched_with_its_whole(client: FlaskClient, part: str, whole: str) -> None:
    assert whole not in matched(client, part)


@pytest.mark.parametrize("name", ["Noruega", "Норвегия", "挪威", "النرويج", "NORVÈGE"])
def test_a_name_in_another_language_is_matched(client: FlaskClient, name: str) -> None:
    assert matched(client, name) == ["place/norway"]


# Types and properties.


def test_a_type_tells_the_secretariat_from_the_treaty(client: FlaskClient) -> None:
    query = {"query": "UNFCCC", "type_strict": "should"}
    assert matched(client, query | {"type": f"{ONTOLOGY}Body"}) == ["agency/unfccc-secretariat"]
    others = candidates(client, query | {"type": f"{ONTOLOGY}Framework"})
    assert not any(one["match"] for one in others)
    assert others[0]["score"] == 70


def test_a_type_that_is_needed_leaves_out_all_others(client: FlaskClient) -> None:
    query = {"query": "UN Decade on Ecosystem Restoration", "type": [f"{ONTOLOGY}Framework"], "type_strict": "any"}
    found = candidates(client, query)
    assert found[0]["match"]
    assert all(f"{ONTOLOGY}Framework" in [kind["id"] for kind in one["type"]] for one in found)
    both = query | {"type": [f"{ONTOLOGY}Framework", f"{ONTOLOGY}Group"]}
    assert len(candidates(client, both)) > len(found)
    assert candidates(client, both | {"type_strict": "all"}) == []


@pytest.mark.parametrize(
    ("value", "agrees"),
    [("2022-01-13", 1), ("2022-01", 1), ("2022", 1), ("2021", 0), ("2022-01-14", 0), ("January", 0)],
)
def test_a_date_is_compared_as_precisely_as_it_is_given(client: FlaskClient, value: str, agrees: int) -> None:
    name = "Addressing marine litter and microplastics: UN system-wide contributions"
    [one] = candidates(client, {"query": name, "limit": 1, "properties": [{"pid": f"{ONTOLOGY}when", "v": value}]})
    assert {feature["id"]: feature["value"] for feature in one["features"]}["properties"] == agrees
    assert one["match"] == bool(agrees)
    assert one["score"] == (100 if agrees else 60)


@pytest.mark.parametrize(
    "value",
    [
        "Task Team on Marine Litter and Microplastics",
        {"id": f"{ID}workstream/tt-marine-litter"},
        ["nobody", {"id": f"{ID}workstream/tt-marine-litter", "name": "Task Team"}],
    ],
)
def test_a_property_tells_things_by_what_they_are_linked_to(client: FlaskClient, value: Any) -> None:
    wanted = [{"pid": f"{ONTOLOGY}producedBy", "v": value}]
    assert f"{ID}deliverable/ml-report" in [one["id"] for one in candidates(client, {"properties": wanted})]
    assert matched(client, {"properties": wanted}) == []
    shown = candidates(client, {"query": "marine litter report", "properties": wanted})
    assert shown[0]["id"] == f"{ID}deliverable/ml-report"


# Suggestions, previews, columns of values.


def test_types_properties_and_things_are_suggested(client: FlaskClient) -> None:
    def suggested(kind: str, prefix: str, **more: Any) -> list[str]:
        told: Any = client.get(f"/reconcile/suggest/{kind}?{urlencode({'prefix': prefix, **more})}").json
        assert all({"id", "name"} <= set(one) for one in told["result"])
        return [one["id"] for one in told["result"]]

    assert suggested("type", "deliv")[0] == f"{ONTOLOGY}Deliverable"
    assert suggested("type", f"{ONTOLOGY}Agency")[0] == f"{ONTOLOGY}Agency"
    assert suggested("property", "produced b") == [f"{ONTOLOGY}producedBy"]
    assert suggested("entity", "United Nations Env", type=f"{ONTOLOGY}Agency")[0] == f"{ID}agency/unep"
    first = suggested("entity", "UN")
    assert suggested("entity", "UN", cursor=3)[:5] == first[3:8]
    assert suggested("entity", "") == []


def test_a_type_without_a_name_of_its_own_is_not_a_hole(client: FlaskClient) -> None:
    told: Any = client.get("/reconcile/suggest/type?prefix=").json
    assert all(one["name"] for one in told["result"])


def test_a_preview_stands_in_a_frame_and_runs_nothing(client: FlaskClient) -> None:
    response = client.get(f"/reconcile/preview?id={quote(ID)}agency/unep")
    policy = dict(part.split(maxsplit=1) for part in response.headers["Content-Security-Policy"].split("; "))
    assert policy["frame-ancestors"] == "*"
    assert policy["default-src"] == policy["script-src"] == policy["form-action"] == policy["base-uri"] == "'none'"
    assert "United Nations Environment Programme" in response.text
    assert "<script" not in response.text
    assert "<form" not in response.text
    assert client.get("/reconcile").headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")


def test_a_preview_of_nothing_is_told(client: FlaskClient) -> None:
    response = client.get(f"/reconcile/preview?{urlencode({'id': HOSTILE})}", headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert "<script>alert" not in response.text
    assert response.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")


def test_values_come_in_the_kinds_of_the_protocol(client: FlaskClient) -> None:
    ids = [f"{ID}deliverable/ml-report", f"{ID}event/som28", "no thing"]
    asked = [{"id": f"{ONTOLOGY}when"}, {"id": f"{ONTOLOGY}producedBy"}, {"id": LABEL, "settings": {"limit": 1}}]
    told = posted(client, extend={"ids": ids, "properties": asked}).json
    assert [column["id"] for column in told["meta"]] == [column["id"] for column in asked]
    assert [*told["rows"]] == ids
    cells = [cell for row in told["rows"].values() for values in row.values() for cell in values]
    for cell in cells:
        kinds = set(cell) & set(TYPES_OF_VALUES)
        assert set(cell) == {"id", "name"} or (len(cell) == 1 and kinds)
        assert all(isinstance(cell[kind], TYPES_OF_VALUES[kind]) for kind in kinds)
    report = told["rows"][ids[0]]
    assert report[f"{ONTOLOGY}when"] == [{"date": "2022-01-13T00:00:00Z"}]
    assert [cell["id"] for cell in report[f"{ONTOLOGY}producedBy"]] == [f"{ID}workstream/tt-marine-litter"]
    assert {"str": "2022-11"} in told["rows"][ids[1]][f"{ONTOLOGY}when"]
    assert told["rows"][ids[2]] == {column["id"]: [] for column in asked}


def test_properties_of_a_type_are_proposed(client: FlaskClient) -> None:
    told: Any = client.get(f"/reconcile/properties?{urlencode({'type': f'{ONTOLOGY}Deliverable', 'limit': 5})}").json
    assert (told["type"], told["limit"], len(told["properties"])) == (f"{ONTOLOGY}Deliverable", 5, 5)
    assert client.get("/reconcile/properties?limit=5000").status_code == 200
    assert f"{ONTOLOGY}producedBy" in [each["id"] for each in told["properties"]]
    assert f"{ONTOLOGY}taskOf" not in [each["id"] for each in told["properties"]]


def test_another_content_is_matched_without_a_word_about_it(library: Path) -> None:
    other = create_app(Settings(state=library)).test_client()
    manifest: Any = other.get("/reconcile").json
    assert (manifest["name"], manifest["identifierSpace"]) == ("Library", "https://library.example/id/")
    assert [each["name"] for each in manifest["defaultTypes"]] == ["book", "person"]
    wanted = {"pid": "https://library.example/writtenBy", "v": "Jane Austen"}
    query = {"query": "the emma", "type": "https://library.example/Book", "properties": [wanted]}
    [one, *_] = candidates(other, query | {"query": "emma"})
    assert (one["id"], one["match"], one["score"]) == ("https://library.example/emma", True, 98)
    assert not any(one["match"] for one in candidates(other, query))
    assert {each["name"] for each in candidates(other, {"properties": [wanted]})} == {"Emma", "Persuasion"}


def test_what_fits_better_is_a_reason_to_doubt(small_content: Path, tmp_path: Path) -> None:
    books = small_content / "data/books.trig"
    walks = """:walk a :Book ; rdfs:label "Stroll on the Northern Side of Lake Emma"@en , "LW" ; :writtenBy :austen .
    :walks a :Book ; rdfs:label "Strolls on the Northern Side of Lake Emma LW"@en ; :writtenBy :austen ; :year "1999" .
    :austen a :Person"""
    books.write_text(books.read_text(encoding="utf-8").replace(":austen a :Person", walks), encoding="utf-8")
    build_into(tmp_path / "state", small_content)
    other = create_app(Settings(state=tmp_path / "state")).test_client()
    query = {"query": "Stroll on the Northern Side of Lake Emma (LW)"}
    assert [one["id"] for one in candidates(other, query) if one["match"]] == ["https://library.example/walk"]
    found = candidates(other, query | {"properties": [{"pid": "https://library.example/year", "v": "1999"}]})
    assert [one["id"].rpartition("/")[2] for one in found[:2]] == ["walks", "walk"]
    assert found[0]["score"] > found[1]["score"]
    assert not any(one["match"] for one in found)


# What is wrong.


@pytest.mark.parametrize(
    ("form", "status", "where"),
    [
        ({"queries": "{"}, 400, "queries: this is not JSON"),
        ({"queries": "[" * 100_000}, 400, "queries: this is not JSON"),
        ({"queries": '["UNEP"]'}, 400, "queries: this is not an object"),
        ({"queries": '{"q0": "UNEP"}'}, 400, "queries.q0: this is not an object"),
        ({"queries": '{"q0": {}}'}, 400, "queries.q0: there is neither a name nor a property"),
        ({"queries": '{"q0": {"query": 7}}'}, 400, "queries.q0.query: this is not a text"),
        ({"queries": '{"q0": {"query": "a", "limit": 0}}'}, 400, "queries.q0.limit"),
        ({"queries": '{"q0": {"query": "a", "limit": NaN}}'}, 400, "queries.q0.limit"),
        ({"queries": '{"q0": {"query": "a", "limit": 1e999}}'}, 400, "queries.q0.limit"),
        ({"queries": '{"q0": {"query": "a", "name": "b"}}'}, 400, "queries.q0: there is no field name"),
        ({"queries": '{"q0": {"query": "a", "type_strict": "some"}}'}, 400, "queries.q0.type_strict"),
        ({"queries": '{"q0": {"query": "a", "type_strict": []}}'}, 400, "queries.q0.type_strict"),
        ({"queries": '{"q0": {"query": "a", "type": "Agency"}}'}, 400, "queries.q0.type: there is no type Agency"),
        ({"queries": '{"q0": {"query": "a", "type": {}}}'}, 400, "queries.q0.type: this is not a text"),
        ({"queries": '{"q0": {"query": "a", "properties": {}}}'}, 400, "queries.q0.properties: this is not a list"),
        ({"queries": '{"q0": {"query": "a", "properties": [{"pid": "p"}]}}'}, 400, "queries.q0.properties.0"),
        ({"queries": '{"q0": {"query": "a", "properties": [{"pid": "p", "v": "x"}]}}'}, 400, "no property p"),
        ({"queries": "{}", "extend": "{}"}, 400, "both queries and extend"),
        ({"extend": '{"ids": "x", "properties": []}'}, 400, "extend.ids: this is not a list"),
        ({"extend": '{"ids": [], "properties": [{"id": "x:y"}]}'}, 400, "extend.properties.0.id: there is no property"),
        ({"extend": json.dumps({"ids": ["x"] * (MOST_IDS + 1), "properties": []})}, 413, "extend.ids: there are 101"),
        ({"extend": json.dumps({"ids": [], "properties": [{}] * (MOST_COLUMNS + 1)})}, 413, "extend.properties"),
        ({"queries": json.dumps({str(n): {"query": "a"} for n in range(MOST_QUERIES + 1)})}, 413, "51 queries"),
        ({"query": "UNEP"}, 400, "neither a batch"),
        ({"queries": "{}", "callback": "f"}, 400, "JSONP"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_a_remedy(
    client: FlaskClient, form: dict[str, str], status: int, where: str
) -> None:
    response = client.post("/reconcile", data=form)
    told: Any = response.json
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert where in told["detail"]
    assert told["remedy"]


def test_a_table_of_100_000_rows_at_once_is_refused(client: FlaskClient) -> None:
    batch = {f"q{place}": {"query": "United Nations Environment Programme"} for place in range(100_000)}
    response = posted(client, queries=batch)
    assert response.status_code == 413
    assert response.json["remedy"]


@pytest.mark.parametrize(
    "name",
    [
        *("x" * 10_000, "United Nations " * 2_000, "a b " * 70),
        *(
            "",
            " ",
            "???",
            "🌍",
            "\x00\ud800",
            "\x07\x1b[31m",
            "שולחן עגול על הים",
            "\u202e\u0627\u0644\u0628\u062d\u0631\u200f",
            "* OR *:*",
            HOSTILE,
        ),
    ],
)
def test_any_name_is_answered(client: FlaskClient, name: str) -> None:
    for query in ({"query": name}, {"query": name, "properties": [{"pid": LABEL, "v": name}]}):
        assert not any(one["match"] for one in candidates(client, query))
    assert candidates(client, {"properties": [{"pid": LABEL, "v": name}]}) == []


def test_keys_come_back_as_they_were_sent(client: FlaskClient) -> None:
    response = client.post("/reconcile", data={"queries": '{"\\ud800é<b>": {"query": "UNEP"}, "": {"query": "x"}}'})
    assert [*json.loads(response.text)] == ["\ud800é<b>", ""]


def test_a_value_of_a_property_stays_one_term(client: FlaskClient) -> None:
    for value in (HOSTILE, '" } UNION { ?thing ?p ?o } #', "x> <y"):
        assert candidates(client, {"properties": [{"pid": LABEL, "v": [value, {"id": value}]}]}) == []
    told = posted(client, extend={"ids": ["x> <y", HOSTILE], "properties": [{"id": LABEL}]}).json
    assert [*told["rows"].values()] == [{LABEL: []}, {LABEL: []}]


@pytest.mark.parametrize(
    "path",
    [
        f"/reconcile/suggest/entity?prefix={'x' * 201}",
        "/reconcile/suggest/entity?prefix=a&cursor=-1",
        "/reconcile/suggest/entity?prefix=a&cursor=100000",
        "/reconcile/suggest/entity?prefix=a&type=nothing",
        "/reconcile/suggest/type?prefix=a&prefix=b",
        "/reconcile/properties?type=nothing",
        "/reconcile?query=UNEP",
    ],
)
def test_what_cannot_be_used_in_an_address_is_refused(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["remedy"]


def test_a_body_that_is_no_form_is_refused(client: FlaskClient) -> None:
    assert client.post("/reconcile", json={"q0": {"query": "UNEP"}}).status_code == 415


def test_the_description_of_the_interface_tells_of_all_of_it(client: FlaskClient) -> None:
    document: Any = client.get("/openapi.json").json
    assert {path for path in document["paths"] if path.startswith("/reconcile")} == {
        rule.rule for rule in client.application.url_map.iter_rules() if rule.rule.startswith("/reconcile")
    }


# A client as OpenRefine is one.


@pytest.fixture(scope="module")
def server(state: Path, kg_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(kg_command, state, tmp_path_factory.mktemp("reconciling")) as running:
        yield running


def fetched(address: str, **form: Any) -> Any:
    data = urlencode({name: json.dumps(value) for name, value in form.items()}).encode() if form else None
    with urllib.request.urlopen(address, data=data, timeout=60) as response:  # noqa: S310 - our own server
        return json.load(response)


def test_a_client_goes_the_way_from_the_manifest_to_columns_of_values(server: Server) -> None:
    endpoint = f"http://127.0.0.1:{server.port}/reconcile"
    manifest = fetched(endpoint)

    suggest = manifest["suggest"]["type"]
    address = f"{suggest['service_url']}{suggest['service_path']}?{urlencode({'prefix': 'agenc'})}"
    agency = fetched(address)["result"][0]["id"]
    assert agency == f"{ONTOLOGY}Agency"

    names = [
        "UNEP",
        "UNDP",
        "UNHCR",
        "OCHA",
        "DCO",
        "UNU-FLORES",
        "UNFCCC",
        "UNICEF",
        "WHO",
        "UN Environment Programme",
    ]
    rows = {f"q{place}": {"query": name, "type": agency, "type_strict": "should"} for place, name in enumerate(names)}
    found = fetched(endpoint, queries=rows)
    matches = [next((one["id"] for one in found[key]["result"] if one["match"]), "") for key in rows]
    assert [iri.removeprefix(f"{ID}agency/") for iri in matches] == [
        *("unep", "undp", "unhcr", "ocha", "dco", "unu-flores", "unfccc-secretariat", "", "", "unep"),
    ]

    address = manifest["preview"]["url"].replace("{{id}}", quote(matches[0], safe=""))
    with urllib.request.urlopen(address, timeout=60) as response:  # noqa: S310 - our own server
        assert "frame-ancestors *" in response.headers["Content-Security-Policy"]
        assert "UNEP" in response.read().decode()

    propose = manifest["extend"]["propose_properties"]
    address = f"{propose['service_url']}{propose['service_path']}?{urlencode({'type': agency})}"
    proposed = [each["id"] for each in fetched(address)["properties"]]
    assert LABEL in proposed
    known = [iri for iri in matches if iri]
    told = fetched(endpoint, extend={"ids": known, "properties": [{"id": LABEL}]})
    assert told["rows"][matches[0]][LABEL] == [{"str": "UNEP"}]
    assert set(told["rows"]) == set(known)
