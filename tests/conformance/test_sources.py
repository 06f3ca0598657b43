"""Coverage from the other side: every heading, cell and sentence of the sources is cited, and every citation is right.

The source texts are not part of the repository. They are found in the folder that `KG_SOURCES_DIR` names, by
default `../shared/sources` beside the repository; where they are absent these tests are skipped, and say so.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox
import pytest
from source_documents import (
    MEETING_REPORT,
    PROGRESS_REPORT,
    STATUSES,
    Locator,
    Unit,
    read_meeting_report,
    read_progress_report,
)

ROOT = Path(__file__).parents[2]
SOURCES = Path(os.environ.get("KG_SOURCES_DIR", ROOT.parent / "shared" / "sources"))
EMG = "https://w3id.org/unemg/ontology#"
ID = "https://w3id.org/unemg/id/"
ANCHOR_WORDS = 12

pytestmark = pytest.mark.skipif(
    not (SOURCES / PROGRESS_REPORT).is_file(),
    reason=f"NOT CHECKED: no source texts in {SOURCES}; set KG_SOURCES_DIR to the folder that holds them",
)


@dataclass(frozen=True)
class Source:
    """One source document: the name of its text, its node, how it is cut, how many units it has."""

    file: str
    document: str
    read: Callable[[Path], list[Unit]]
    units: int


DOCUMENTS = (
    Source(PROGRESS_REPORT, f"{ID}document/som28-midterm-progress-report", read_progress_report, 188),
    Source(MEETING_REPORT, f"{ID}document/som28-midterm-meeting-report", read_meeting_report, 48),
)
each_document = pytest.mark.parametrize("source", DOCUMENTS, ids=lambda source: source.file)


@dataclass(frozen=True)
class Passage:
    """A passage node, as the data has it."""

    iri: str
    locator: Locator
    lines: frozenset[int]
    anchors: tuple[str, ...]
    is_empty: bool


@pytest.fixture(scope="module")
def store() -> ox.Store:
    store = ox.Store()
    for path in sorted((ROOT / "data").glob("*.trig")):
        store.load(path=str(path), format=ox.RdfFormat.TRIG)
    return store


@pytest.fixture(scope="module")
def passages(store: ox.Store) -> dict[str, list[Passage]]:
    """The passages of each document node."""
    described: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for quad in store:
        if quad.subject.value.startswith(f"{ID}passage/"):
            described[quad.subject.value][quad.predicate.value.removeprefix(EMG)].add(quad.object.value)
    by_document: dict[str, list[Passage]] = defaultdict(list)
    for iri, values in described.items():
        (document,) = values["inDocument"]
        by_document[document].append(_passage(iri, values))
    return by_document


def _passage(iri: str, values: dict[str, set[str]]) -> Passage:
    (section,) = values["section"]
    row = int(next(iter(values["row"]))) if "row" in values else None
    cell = next(iter(values["cell"])).removeprefix(f"{ID}cell/") if "cell" in values else None
    sentence = int(next(iter(values["sentence"]))) if "sentence" in values else 0
    return Passage(
        iri,
        Locator(section, sentence, row, cell),
        frozenset(map(int, values["line"])),
        tuple(sorted(values["anchor"])),
        values["emptyCell"] == {"true"},
    )


@each_document
def test_every_heading_cell_and_sentence_is_cited(
    source: Source, store: ox.Store, passages: dict[str, list[Passage]]
) -> None:
    units = source.read(SOURCES)
    cited_iris = {quad.object.value for quad in store.quads_for_pattern(None, ox.NamedNode(f"{EMG}statedIn"), None)}
    cited = {passage.locator for passage in passages[source.document] if passage.iri in cited_iris}
    assert len(units) == source.units
    assert [unit for unit in units if unit.locator not in cited] == []


@each_document
def test_every_passage_is_where_its_locator_says(source: Source, passages: dict[str, list[Passage]]) -> None:
    units = {unit.locator: unit for unit in source.read(SOURCES)}
    lines = (SOURCES / source.file).read_text(encoding="utf-8").split("\n")
    wrong: list[str] = []
    for passage in passages[source.document]:
        unit = units.get(passage.locator)
        if unit is None:
            wrong.append(f"{passage.iri}: the source has no such place")
        elif passage.is_empty != (unit.text == "") or passage.lines != frozenset(unit.lines):
            wrong.append(f"{passage.iri}: emptiness or lines differ, the source has lines {unit.lines}")
        elif not unit.text:
            continue
        elif not passage.anchors:
            wrong.append(f"{passage.iri}: no anchor phrase")
        else:
            wrong += [
                f"{passage.iri}: anchor {anchor!r} is not there"
                for anchor in passage.anchors
                if anchor not in unit.text or not any(anchor in lines[number - 1] for number in unit.lines)
            ]
    assert len(passages[source.document]) >= source.units
    assert wrong == []


def test_anchors_are_short_phrases(passages: dict[str, list[Passage]]) -> None:
    anchors = [anchor for each in passages.values() for passage in each for anchor in passage.anchors]
    assert len(anchors) > 300
    assert [anchor for anchor in anchors if not 0 < len(anchor.split()) <= ANCHOR_WORDS] == []


def test_tasks_and_statuses_are_those_of_the_table_rows(store: ox.Store) -> None:
    units = [unit for unit in read_progress_report(SOURCES) if unit.locator.row]
    rows = {(unit.locator.section, unit.locator.row) for unit in units}
    printed = {
        (unit.locator.section, unit.locator.row): unit.text
        for unit in units
        if unit.locator.cell == "progress" and unit.text in STATUSES
    }
    tasks = _values(store, "SELECT ?task { GRAPH ?g { ?task a emg:Task } }")
    recorded = {
        task: status.rpartition("/")[2].capitalize()
        for task, status in _values(
            store, "SELECT ?task ?status { GRAPH ?g { ?a emg:statusOf ?task ; emg:taskStatus ?status } }"
        )
    }
    assert len(rows) == len(tasks) == 19
    assert recorded == {f"{ID}task/som28-mpr.{section}.{row}": status for (section, row), status in printed.items()}
    assert len(recorded) == 15


def test_no_sentence_of_the_sources_is_copied(store: ox.Store) -> None:
    """Text of our own may quote names and titles, not running text: thirteen words in a row are too many."""
    running = " ".join(unit.text for source in DOCUMENTS for unit in source.read(SOURCES))
    words = re.findall(r"\w+", running.lower())
    spans = {tuple(words[start : start + 13]) for start in range(len(words))}
    copied = [
        quad.object.value
        for quad in store
        if quad.predicate.value.endswith(("description", "#note", "verbatim", "reason", "editorialNote"))
        for own in [re.findall(r"\w+", quad.object.value.lower())]
        if any(tuple(own[start : start + 13]) in spans for start in range(len(own) - 12))
    ]
    assert copied == []


def _values(store: ox.Store, query: str) -> list[tuple[str, ...]]:
    return [
        tuple(term.value for term in solution)
        for solution in store.query(f"PREFIX emg: <{EMG}> {query}")  # type: ignore[union-attr]
    ]
