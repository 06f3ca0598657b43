"""Names as tables of others have them, written down without regard to the rules: none is matched with a wrong thing."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from kg.web.reconciliation_request import MOST_QUERIES

ID = "https://w3id.org/unemg/id/"
ONTOLOGY = "https://w3id.org/unemg/ontology#"
TYPES = ("Agency", "Body", "Deliverable", "Event", "Framework", "Partner", "Place", "Role", "Theme", "Workstream")


@dataclass(frozen=True)
class Row:
    """A name in somebody's table."""

    name: str
    type: str
    means: str
    """The thing of this graph; empty: something that it does not describe, or not just one thing."""


@dataclass(frozen=True)
class Outcome:
    """What became of a name."""

    row: Row
    matched: str
    first: tuple[str, ...]
    """The first three candidates."""


def table() -> list[Row]:
    with (Path(__file__).parents[1] / "public_names.csv").open(encoding="utf-8", newline="") as file:
        return [Row(row["name"], row["type"], row["means"]) for row in csv.DictReader(file)]


ROWS = table()


def reconciled(client: FlaskClient, rows: Sequence[Row]) -> Iterator[Outcome]:
    for start in range(0, len(rows), MOST_QUERIES):
        some = rows[start : start + MOST_QUERIES]
        batch: dict[str, Any] = {
            str(place): {"query": row.name} | ({"type": ONTOLOGY + row.type} if row.type else {})
            for place, row in enumerate(some)
        }
        response = client.post("/reconcile", data={"queries": json.dumps(batch)})
        assert response.status_code == 200, response.text
        told: Any = response.json
        for place, row in enumerate(some):
            found = [(one["id"].removeprefix(ID), one["match"]) for one in told[str(place)]["result"]]
            assert sum(match for _, match in found) <= 1
            matched = next((iri for iri, match in found if match), "")
            yield Outcome(row, matched, tuple(iri for iri, _ in found[:3]))


def wrong(outcomes: Iterable[Outcome]) -> list[Outcome]:
    return [one for one in outcomes if one.matched not in ("", one.row.means)]


def test_the_table_is_long_and_what_it_means_is_there(client: FlaskClient) -> None:
    assert len(ROWS) == len({(row.name, row.type) for row in ROWS}) == 741
    meant = sorted({row.means for row in ROWS} - {""})
    assert len(meant) > 70
    found = [*reconciled(client, [Row(f"{ID}{means}", "", means) for means in meant])]
    assert [one.row.means for one in found if one.matched != one.row.means] == []


def test_no_name_is_matched_with_a_wrong_thing(client: FlaskClient) -> None:
    outcomes = [*reconciled(client, ROWS)]
    assert wrong(outcomes) == []
    known = [one for one in outcomes if one.row.means]
    right = [one for one in known if one.matched]
    offered = [one for one in known if not one.matched and one.row.means in one.first]
    # The figures in docs/quality.md.
    assert (len(known), len(right), len(offered)) == (319, 177, 101)


@pytest.mark.parametrize("kind", TYPES)
def test_no_type_makes_a_name_that_of_a_wrong_thing(client: FlaskClient, kind: str) -> None:
    # Of some names it depends on the type whose they are: then each of those things is right.
    means = {(row.name, row.means) for row in ROWS}
    outcomes = [*reconciled(client, [Row(row.name, kind, row.means) for row in ROWS])]
    assert [one for one in wrong(outcomes) if (one.row.name, one.matched) not in means] == []
