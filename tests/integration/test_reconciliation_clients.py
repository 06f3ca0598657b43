"""Reconciliation by clients: one that others made, and one that goes through a long table as OpenRefine does.

Source: Reconciliation Service API 0.2 (CG-FINAL-specs-0.2-20230410), whose rules for answers are stated here anew;
OpenRefine, `StandardReconConfig.java` and `ReconciledDataExtensionJob.java`, for what it sends and takes.
"""

from __future__ import annotations

import csv
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
import pandas as pd
import pytest
import reconciler
from jsonschema import Draft202012Validator

from kg.web.reconciliation_request import MOST_IDS, MOST_QUERIES
from tests.serving import Command, Server, serving

ID = "https://w3id.org/unemg/id/"
ONTOLOGY = "https://w3id.org/unemg/ontology#"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
NAMES = Path(__file__).parents[1] / "public_names.csv"
# What OpenRefine sends at once.
BATCH = 10

# The rules of the protocol for each answer, and no member beyond those that it has.
TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
ADDRESS = {"type": "string", "pattern": "^https?://"}
PATH = {"type": "string", "pattern": "^/"}
NAMED = {"id": TEXT, "name": TEXT}


def members(needed: dict[str, Any], **others: Any) -> dict[str, Any]:
    """An object that has some members, and perhaps others."""
    return {
        "type": "object",
        "properties": needed | others,
        "required": [*needed],
        "additionalProperties": False,
    }


def each(items: dict[str, Any], **rules: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **rules}


TERM = members(NAMED)
SERVICE = members({"service_url": ADDRESS, "service_path": PATH})
TEMPLATE = {"type": "string", "pattern": r"^https?://[^{}]*\{\{id\}\}[^{}]*$"}
MANIFEST = members(
    {
        "versions": {"const": ["0.2"]},
        "name": TEXT,
        "identifierSpace": ADDRESS,
        "schemaSpace": ADDRESS,
        "defaultTypes": each(TERM, uniqueItems=True),
        "documentation": ADDRESS,
        "batchSize": {"type": "integer", "minimum": BATCH},
        "view": members({"url": TEMPLATE}),
        "preview": members({"url": TEMPLATE, "width": {"type": "integer"}, "height": {"type": "integer"}}),
        "suggest": members({"entity": SERVICE, "type": SERVICE, "property": SERVICE}),
        "extend": members(
            {
                "propose_properties": SERVICE,
                "property_settings": each(
                    members(
                        {"name": TEXT, "label": TEXT, "type": {"const": "number"}},
                        default={"type": "number"},
                        help_text=TEXT,
                    )
                ),
            }
        ),
    }
)
CANDIDATE = members(
    NAMED
    | {
        "score": {"type": "number", "minimum": 0, "maximum": 100},
        "match": {"type": "boolean"},
        "type": each(TERM, minItems=1),
        "features": each(members({"id": TEXT, "value": {"type": ["boolean", "number"]}}), minItems=1),
    },
    description=TEXT,
)
RESULTS = {"type": "object", "additionalProperties": members({"result": each(CANDIDATE)})}
SUGGESTIONS = members({"result": each(members(NAMED, description=TEXT, notable=each(TERM)))})
PROPOSALS = members({"type": {"type": "string"}, "limit": {"type": "integer"}, "properties": each(TERM)})
CELLS = {
    "oneOf": [
        members(NAMED),
        members({"str": {"type": "string"}}),
        members({"int": {"type": "integer"}}),
        members({"float": {"type": "number"}}),
        members({"date": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"}}),
    ]
}
EXTENSION = members(
    {
        "meta": each(members(NAMED, type=TERM)),
        "rows": {
            "type": "object",
            "additionalProperties": {"type": "object", "additionalProperties": each(CELLS)},
        },
    }
)


@pytest.fixture(scope="module")
def server(state: Path, kg_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(kg_command, state, tmp_path_factory.mktemp("reconciling")) as running:
        yield running


@pytest.fixture(scope="module")
def endpoint(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}/reconcile"


@pytest.fixture(scope="module")
def manifest(endpoint: str) -> Any:
    return obeying(MANIFEST, fetched(endpoint))


def obeying(rules: dict[str, Any], told: Any) -> Any:
    """What was told, if it obeys the rules."""
    Draft202012Validator.check_schema(rules)
    assert [f"{fault.json_path}: {fault.message}" for fault in Draft202012Validator(rules).iter_errors(told)] == []
    return told


def fetched(address: str, **form: Any) -> Any:
    """The answer, to a form in the body where there is one, in JSON and for pages of all origins."""
    data = urlencode({name: json.dumps(value) for name, value in form.items()}).encode() if form else None
    with urllib.request.urlopen(address, data=data, timeout=120) as response:  # noqa: S310 - our own server
        assert response.headers.get_content_type() == "application/json"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        return json.load(response)


def address_of(service: dict[str, str], **parameters: str) -> str:
    return f"{service['service_url']}{service['service_path']}?{urlencode(parameters)}"


def names() -> list[tuple[str, str]]:
    """Names of the table that are asked for without a type, and what each means."""
    with NAMES.open(encoding="utf-8", newline="") as file:
        rows = [(row["name"], row["means"]) for row in csv.DictReader(file) if not row["type"]]
    return [*dict(rows).items()]


def test_a_client_of_others_matches_a_column_of_names(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # The client names it as numpy did before its version 2.
    monkeypatch.setattr(np, "NaN", np.nan, raising=False)
    table = dict(names()[::4])
    assert len(table) > 150
    frame = reconciler.reconcile(pd.Series([*table]), reconciliation_endpoint=endpoint)
    assert [*frame["input_value"]] == [*table]
    matched = {row.input_value: row.id.removeprefix(ID) for row in frame.itertuples() if row.match}
    assert len(matched) > 30
    assert {name: table[name] for name in matched} == matched


def test_a_client_of_others_asks_with_a_type_and_a_property(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "NaN", np.nan, raising=False)
    table = pd.DataFrame({"body": ["UNFCCC", "UNEP", "CBD"], "name": ["UNFCCC", "UNEP", "CBD"]})
    frame = reconciler.reconcile(
        table["body"],
        type_id=f"{ONTOLOGY}Agency",
        property_mapping={LABEL: table["name"]},
        top_res="all",
        reconciliation_endpoint=endpoint,
    )
    first = frame.groupby("input_value").first()
    assert first.loc["UNFCCC", "id"] == f"{ID}agency/unfccc-secretariat"
    assert [*first.loc[["CBD", "UNEP", "UNFCCC"], "match"]] == [False, True, True]


def test_every_answer_obeys_the_rules_of_the_protocol(endpoint: str, manifest: Any) -> None:
    some = [name for name, _ in names()][:MOST_QUERIES]
    asked = {f"q{place}": {"query": name, "limit": 5} for place, name in enumerate(some)}
    told = obeying(RESULTS, fetched(endpoint, queries=asked))
    assert [*told] == [*asked]
    assert all(len(one["result"]) <= 5 for one in told.values())
    assert obeying(RESULTS, fetched(f"{endpoint}?{urlencode({'queries': json.dumps(asked)})}")) == told
    things = [candidate["id"] for one in told.values() for candidate in one["result"]][:MOST_IDS]
    for kind, prefix in (("entity", "UN"), ("type", "a"), ("property", "p"), ("entity", "")):
        found = obeying(SUGGESTIONS, fetched(address_of(manifest["suggest"][kind], prefix=prefix)))["result"]
        assert bool(found) == bool(prefix)
        if found:
            later = fetched(address_of(manifest["suggest"][kind], prefix=prefix, cursor="2"))["result"]
            assert later[: len(found) - 2] == found[2:]
    proposed = fetched(address_of(manifest["extend"]["propose_properties"], type=f"{ONTOLOGY}Event", limit="15"))
    columns = [{"id": one["id"], "settings": {"limit": 2}} for one in obeying(PROPOSALS, proposed)["properties"]]
    assert len(columns) == 15
    rows = obeying(EXTENSION, fetched(endpoint, extend={"ids": things, "properties": columns}))
    assert [one["id"] for one in rows["meta"]] == [one["id"] for one in columns]
    assert {*rows["rows"]} == {*things}
    assert all({*row} == {one["id"] for one in columns} for row in rows["rows"].values())


def test_the_rules_find_what_breaks_them() -> None:
    candidate = {"id": "x", "name": "X", "score": 101, "match": "yes", "type": [], "features": [], "more": 1}
    faults = {fault.json_path for fault in Draft202012Validator(CANDIDATE).iter_errors(candidate)}
    assert faults == {"$", "$.score", "$.match", "$.type", "$.features"}
    for cell in ({"str": 1}, {"str": "a", "int": 1}, {"date": "2022-05"}, {"bool": True}, {"id": "x"}):
        assert not Draft202012Validator(CELLS).is_valid(cell)


def test_an_error_is_told_to_pages_of_all_origins(endpoint: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetched(endpoint, queries={str(place): {"query": "UNEP"} for place in range(MOST_QUERIES + 1)})
    assert caught.value.code == 413
    assert caught.value.headers["Access-Control-Allow-Origin"] == "*"
    told = json.load(caught.value)
    assert f"{MOST_QUERIES} is the most" in told["detail"]
    assert "batchSize" in told["remedy"]


def test_a_long_table_is_matched_as_openrefine_sends_it(endpoint: str, manifest: Any) -> None:
    """Batches with the same keys each, types as `should`, properties, and no limit; the first by score is taken."""
    rows = iter([name for name, _ in names()][: 30 * BATCH])
    judged: dict[str, str] = {}
    while batch := [*islice(rows, BATCH)]:
        queries = {
            f"q{place}": {
                "query": name,
                "type": f"{ONTOLOGY}Agent",
                "properties": [{"pid": f"{ONTOLOGY}when", "v": "2022-06-02T00:00:00Z"}],
                "type_strict": "should",
            }
            for place, name in enumerate(batch)
        }
        told = fetched(endpoint, queries=queries)
        for place, name in enumerate(batch):
            found = sorted(told[f"q{place}"]["result"], key=lambda one: -one["score"])
            assert all(not one["match"] for one in found[1:])
            if found and found[0]["match"]:
                judged[name] = found[0]["id"].removeprefix(ID)
    meant = dict(names())
    assert len(judged) > 40
    assert {name: meant[name] for name in judged} == judged
    one = next(iter(judged.values()))
    # Into the addresses for a page and for a preview the identifier goes as it is.
    for template in (manifest["view"]["url"], manifest["preview"]["url"]):
        address = quote(template.replace("{{id}}", ID + one), safe=":/?=&#")
        asked = urllib.request.Request(address, headers={"Accept": "text/html"})  # noqa: S310 - our own server
        with urllib.request.urlopen(asked, timeout=60) as response:  # noqa: S310 - as above
            assert ID + one in response.read().decode()
