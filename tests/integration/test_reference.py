"""Open data of others: in graphs of their own, outside the merge; neither judged nor followed, nor written to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, Store
from rdflib import URIRef

from kg.errors import QueryRefused
from kg.settings import STRICT, UNION
from kg.store import Ledger, Nodes, Primary, Snapshots, Workspace, open_primary, quads_of, scratch_copy
from kg.store.living import holders, solutions
from kg.store.primary import HISTORY
from kg.store.proposals import EDIT, EXTEND, REPLACE, UPDATE, Meeting, Proposal, changes_of
from kg.store.replay import rebuild, replay
from kg.store.replica import replicate
from tests.states import assert_whole, build_into, merge_of
from tests.stores import oxigraph

BASE = "https://library.example/"
AREAS = f"{BASE}graph/reference/areas"
EMMA = f"<{BASE}emma> <{BASE}writtenBy> <{BASE}austen>"
# A book without an author, which no shape lets pass, and one whose author a rule would follow to.
OTHERS = """\
@prefix : <https://library.example/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix theirs: <https://theirs.example/> .

theirs:atlas a :Book ; rdfs:label "Atlas"@en .
theirs:globe :writtenBy theirs:nobody .
:emma a :Book ; :writtenBy :austen .
"""
COUNT = "SELECT (COUNT(*) AS ?n) WHERE"


@pytest.fixture
def content(small_content: Path) -> Path:
    file = small_content / "data/external/areas.ttl"
    file.parent.mkdir()
    file.write_text(OTHERS, encoding="utf-8")
    return small_content


@pytest.fixture
def primary(content: Path, tmp_path: Path) -> Iterator[Primary]:
    build_into(tmp_path / "built", content)
    with opened(tmp_path / "built") as primary:
        yield primary


def opened(state: Path, *, mode: str = UNION) -> AbstractContextManager[Primary]:
    return open_primary(Snapshots(state, memory_quads=0), Ledger(state / "ledger"), default_graph=mode)


def leave_emma_to_them(content: Path) -> None:
    """Say no longer what they say too."""
    books = content / "data/books.trig"
    books.write_text(books.read_text(encoding="utf-8").replace(":emma a", ":sanditon a"), encoding="utf-8")


def count(state: Path, pattern: str) -> int:
    [[term]] = Snapshots(state, memory_quads=0).current().query(f"{COUNT} {{ {pattern} }}").rows()
    assert term
    return int(term.value)


def meeting(primary: Primary, state: Path) -> Meeting:
    return Meeting(
        store=primary.store,
        ledger=primary.ledger,
        merges=primary.merges,
        derived=f"{BASE}graph/entailed",
        here=f"{BASE}graph/submission/2",
        scratch=lambda: scratch_copy(primary.store, state),
        nodes=Nodes(),
    )


@pytest.mark.parametrize("mode", [UNION, STRICT])
def test_they_are_in_their_graph_and_nothing_follows_from_them(content: Path, tmp_path: Path, mode: str) -> None:
    state = tmp_path / "built"
    build_into(state, content, default_graph=mode)
    assert_whole(state, default_graph=mode)
    assert count(state, f"GRAPH <{AREAS}> {{ ?s ?p ?o }}") == 5
    assert count(state, "?s ?p ?o FILTER STRSTARTS(STR(?s), 'https://theirs.example/')") == 0
    assert count(state, f"GRAPH ?g {{ <https://theirs.example/nobody> <{BASE}wrote> ?book }}") == 0
    assert count(state, f"GRAPH <{BASE}graph/entailed/wrote> {{ <{BASE}austen> <{BASE}wrote> <{BASE}emma> }}") == 1


def test_what_only_they_still_hold_leaves_the_merge(content: Path, tmp_path: Path) -> None:
    state = tmp_path / "built"
    build_into(state, content)
    assert count(state, EMMA) == 1
    leave_emma_to_them(content)
    build_into(state, content)
    assert count(state, EMMA) == 0
    assert count(state, f"GRAPH <{AREAS}> {{ {EMMA} }}") == 1
    assert_whole(state)


def test_a_store_made_anew_from_the_ledger_is_the_same(content: Path, tmp_path: Path) -> None:
    state = tmp_path / "built"
    for expected in (True, False):
        build_into(state, content)
        ledger = Ledger(state / "ledger")
        with opened(state) as primary:
            kept = set(primary.store)
        anew, followed = Store(), Store()
        rebuild(ledger, anew, ledger.head().revision, history=HISTORY, merge=True)
        replay(ledger, followed, history=HISTORY, merge=True)
        assert set(anew) == set(followed) == kept
        assert (quads_of([f"{EMMA} ."])[0] in kept) == expected
        leave_emma_to_them(content)


def test_neither_shapes_nor_rules_see_them_when_a_change_is_judged(primary: Primary) -> None:
    asserted = primary.asserted(f"{BASE}graph/entailed")
    told = {str(subject) for subject, _, _ in asserted.triples((None, None, None))}
    assert f"{BASE}emma" in told
    assert not [subject for subject in told if subject.startswith("https://theirs.example/")]
    assert [*asserted.triples((URIRef("https://theirs.example/atlas"), None, None))] == []
    theirs = ("<https://theirs.example/globe>", f"<{BASE}writtenBy>", "<https://theirs.example/nobody>")
    ours = (f"<{BASE}emma>", f"<{BASE}writtenBy>", f"<{BASE}austen>")
    assert holders(primary.store, [theirs, ours], merges=True) == [frozenset(), frozenset({f"{BASE}graph/books"})]


def test_what_follows_in_mode_strict_does_not_follow_from_them(content: Path, tmp_path: Path) -> None:
    state = tmp_path / "built"
    build_into(state, content, default_graph=STRICT)
    with opened(state, mode=STRICT) as primary:
        found = solutions(primary.store, f"SELECT ?book {{ ?book <{BASE}writtenBy> ?author }}", merges=False)
    assert {book for (book,) in found} == {f"<{BASE}emma>", f"<{BASE}persuasion>"}


def test_a_store_that_answers_has_the_same_merge(content: Path, tmp_path: Path) -> None:
    state = tmp_path / "built"
    with oxigraph() as server:
        for expected in (True, False):
            build_into(state, content)
            ledger = Ledger(state / "ledger")
            with opened(state) as primary:
                replicate(ledger, server.remote, merges=True, upto=ledger.head().revision, store=primary.store)
                assert {quad.triple for quad in server.quads() if quad.graph_name == DefaultGraph()} == merge_of(
                    primary
                )
            assert (quads_of([f"{EMMA} ."])[0] in server.quads()) == expected
            leave_emma_to_them(content)


def test_a_workspace_forgets_what_only_they_still_hold() -> None:
    workspace = Workspace()
    theirs = quads_of([f"{EMMA} <{AREAS}> ."])
    ours = quads_of([f"{EMMA} <{BASE}graph/books> ."])
    workspace.add([*theirs, *ours])
    assert workspace.query(f"ASK {{ {EMMA} }}").boolean
    workspace.remove(ours)
    assert not workspace.query(f"ASK {{ {EMMA} }}").boolean
    assert workspace.query(f"ASK {{ GRAPH <{AREAS}> {{ {EMMA} }} }}").boolean


@pytest.mark.parametrize(
    "proposal",
    [
        Proposal(UPDATE, text=f"INSERT DATA {{ GRAPH <{AREAS}> {{ <x:a> <x:b> <x:c> }} }}"),
        Proposal(UPDATE, text=f"CLEAR GRAPH <{AREAS}>"),
        Proposal(UPDATE, text=f"COPY <{BASE}graph/books> TO <{AREAS}>"),
        Proposal(REPLACE, graph=AREAS),
        Proposal(EXTEND, graph=AREAS, added=("<x:a> <x:b> <x:c> <urn:x-kg:here> .",)),
        Proposal(EXTEND, graph=f"{BASE}graph/reference/new", added=("<x:a> <x:b> <x:c> <urn:x-kg:here> .",)),
    ],
    ids=["insert", "clear", "copy", "replace", "extend", "a new one"],
)
def test_nobody_writes_to_them(primary: Primary, tmp_path: Path, proposal: Proposal) -> None:
    with pytest.raises(QueryRefused, match="data of others as they publish it"):
        changes_of(proposal, meeting(primary, tmp_path))


@pytest.mark.parametrize(
    "proposal",
    [
        Proposal(UPDATE, text=f"DELETE DATA {{ {EMMA} }}"),
        Proposal(UPDATE, text="DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }"),
        Proposal(UPDATE, text="DROP NAMED"),
        Proposal(EDIT, removed=(f"{EMMA} .",)),
    ],
    ids=["delete", "delete all", "drop all", "edit"],
)
def test_what_is_taken_away_stays_with_them(primary: Primary, tmp_path: Path, proposal: Proposal) -> None:
    changes = changes_of(proposal, meeting(primary, tmp_path))
    assert f"{EMMA} <{BASE}graph/books> ." in changes.removed
    assert [line for line in changes.removed if AREAS in line] == []


def test_their_prefixes_are_not_ours(content: Path, tmp_path: Path) -> None:
    assert "theirs" not in build_into(tmp_path / "built", content).description.prefixes
