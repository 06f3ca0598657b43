"""Open data of others are not taken for ours: not found, not matched, not linked, not told as values or as ontology."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from kg.answer import stored_queries
from kg.client import Graph
from kg.discovery import affected_things, read_documents, read_rules, read_things
from kg.errors import ContentError
from kg.linking import linked_pairs, our_things
from kg.settings import Settings
from kg.sparql import Limits
from kg.store import Changeset, Readable, Snapshots
from kg.web import create_app
from tests.states import build_into

BASE = "https://library.example/"
THEIRS = "https://theirs.example/"
# Another book; other things said of ours: names, values, links, classes; an ontology within our own space; a question
# that would be asked in place of one of ours.
OTHERS = """\
@prefix : <https://library.example/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix theirs: <https://theirs.example/> .

theirs:atlas a :Book ; rdfs:label "Atlas"@en ; theirs:about :emma ; rdfs:comment "Maps"@en .
theirs:list theirs:names theirs:atlas .
:emma a :Person ; rdfs:label "Emma of theirs"@en ; rdfs:comment "Of theirs"@en ; :writtenBy theirs:nobody ;
    theirs:shelf "seven" ; rdfs:seeAlso <https://pages.example/emma> ; owl:sameAs theirs:e .
<https://library.example/ontology-of-theirs> a owl:Ontology .
:Map a owl:Class ; rdfs:label "map"@en .
theirs:query a sh:SPARQLExecutable , sh:SPARQLSelectExecutable ; dcterms:identifier "search/things" ;
    sh:select "SELECT ?thing { VALUES ?thing { UNDEF } GRAPH ?g { ?thing a ?c } }" .
"""


@pytest.fixture
def states(small_content: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The small content built without the data of others, and with them."""
    file = small_content / "data/external/theirs.ttl"
    build_into(tmp_path / "alone", small_content)
    file.parent.mkdir()
    file.write_text(OTHERS, encoding="utf-8")
    build_into(tmp_path / "both", small_content)
    return tmp_path / "alone", tmp_path / "both"


@pytest.fixture
def alone(states: tuple[Path, Path]) -> Readable:
    return Snapshots(states[0], memory_quads=0).current()


@pytest.fixture
def both(states: tuple[Path, Path]) -> Readable:
    snapshot = Snapshots(states[1], memory_quads=0).current()
    there = f"ASK {{ GRAPH <{BASE}graph/reference/theirs> {{ <{THEIRS}atlas> a <{BASE}Book> }} }}"
    assert snapshot.query(there).boolean
    return snapshot


def ask(state: Path, path: str, **form: Any) -> Any:
    client: FlaskClient = create_app(Settings(state=state)).test_client()
    if not form:
        return client.get(path).json
    return client.post(path, data={name: json.dumps(value) for name, value in form.items()}).json


def test_a_search_finds_the_same(alone: Readable, both: Readable) -> None:
    rules = read_rules(both)
    things = [*read_things(both, rules)]
    assert things == [*read_things(alone, read_rules(alone))]
    assert [*read_things(both, rules, among=[f"{THEIRS}atlas", f"{BASE}emma"])] == [f"{BASE}emma"]
    assert [*read_documents(both, rules, things)] == [*read_documents(alone, read_rules(alone), things)]


def test_a_change_touches_none_of_theirs(alone: Readable, both: Readable) -> None:
    changes = Changeset(added=(f'<{BASE}emma> <{BASE}year> "1815" <{BASE}graph/books> .',), removed=())
    assert affected_things(both, changes) == affected_things(alone, changes)


def test_nothing_more_is_linked(alone: Readable, both: Readable) -> None:
    assert linked_pairs(both) == linked_pairs(alone) == frozenset()
    assert our_things(both) == our_things(alone)


def test_a_table_is_matched_alike(states: tuple[Path, Path]) -> None:
    shelf = f"{THEIRS}shelf"
    queries = {
        "a": {"query": "Atlas"},
        "b": {"query": "Emma of theirs"},
        "c": {"properties": [{"pid": f"{BASE}writtenBy", "v": {"id": f"{THEIRS}nobody"}}]},
        "d": {"query": "Emma", "properties": [{"pid": f"{BASE}writtenBy", "v": {"id": f"{THEIRS}nobody"}}]},
    }
    extend = {"ids": [f"{BASE}emma"], "properties": [{"id": f"{BASE}writtenBy"}]}
    for asked in ({"queries": queries}, {"extend": extend}):
        without, with_others = (ask(state, "/reconcile", **asked) for state in states)
        assert without == with_others
    assert [one["id"] for one in ask(states[1], "/reconcile", queries=queries)["d"]["result"]] == [f"{BASE}emma"]
    for kind in ("type", "property", "entity"):
        without, with_others = (ask(state, f"/reconcile/suggest/{kind}?prefix=") for state in states)
        assert without == with_others
    assert ask(states[1], "/reconcile", extend=extend | {"properties": [{"id": shelf}]})["status"] == 400


def test_a_question_of_theirs_is_not_asked(alone: Readable, both: Readable) -> None:
    assert read_rules(both) == read_rules(alone)
    assert stored_queries(both, Limits()) == stored_queries(alone, Limits()) != ()


def test_an_ontology_of_theirs_is_not_ours(states: tuple[Path, Path]) -> None:
    with pytest.raises(ContentError, match="no ontology"):
        _ = Graph(states[1]).ontology
