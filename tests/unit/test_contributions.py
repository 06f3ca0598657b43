"""What others have added to one source and removed from it, as the ledger tells."""

from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, Store

from kg.store import NO_EDITS, Changeset, Draft, Edits, Ledger, brought_by_others, edits_of, is_derived
from kg.store.triples import AssertedTriples
from tests.states import SIGNATURE

CONTENT, OTHER, THIRD = "x:content", "x:graph/submission/2", "x:graph/submission/3"
DERIVED = "x:graph/entailed"


def line(subject: str, *, graph: str = "g") -> str:
    return f"<x:{subject}> <x:p> <x:1> <x:graph/{graph}> ."


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger")


def commit(
    ledger: Ledger, source: str, added: str = "", removed: str = "", *, graph: str = "g", author: str = "Ada"
) -> None:
    changes = Changeset(
        added=tuple(line(subject, graph=graph) for subject in sorted(added)),
        removed=tuple(line(subject, graph=graph) for subject in sorted(removed)),
    )
    with ledger.locked():
        ledger.commit(Draft(changes, author, SIGNATURE.time, source=source, message="A change"))


def edits(ledger: Ledger, *, source: str = CONTENT) -> tuple[set[str], set[str]]:
    found = edits_of(ledger, source=source, derived=DERIVED)
    return {statement[3] for statement in found.added}, {statement[3] for statement in found.removed}


def test_an_empty_ledger_tells_of_no_edits(ledger: Ledger) -> None:
    assert edits_of(ledger, source=CONTENT, derived=DERIVED) == NO_EDITS == Edits(frozenset(), frozenset())


def test_what_the_source_itself_has_brought_and_taken_back_is_no_edit(ledger: Ledger) -> None:
    commit(ledger, CONTENT, "abc")
    commit(ledger, CONTENT, "d", "a")
    assert edits(ledger) == (set(), set())
    assert edits(ledger, source=OTHER) == ({*"bcd"}, set())


def test_what_others_have_added_and_removed_are_edits(ledger: Ledger) -> None:
    commit(ledger, CONTENT, "abc")
    commit(ledger, OTHER, "x", "a")
    commit(ledger, THIRD, "y", "b")
    assert edits(ledger) == ({*"xy"}, {*"ab"})
    assert edits_of(ledger, source=CONTENT, derived=DERIVED).added == {line("x"), line("y")}


def test_what_others_have_undone_is_no_edit_any_more(ledger: Ledger) -> None:
    commit(ledger, CONTENT, "abc")
    commit(ledger, OTHER, "xy", "ab")
    commit(ledger, THIRD, "a", "x")
    assert edits(ledger) == ({*"y"}, {*"b"})


def test_what_the_source_drops_later_is_no_edit(ledger: Ledger) -> None:
    commit(ledger, CONTENT, "ab")
    commit(ledger, OTHER, "x", "a")
    commit(ledger, CONTENT, "", "b")
    assert edits(ledger) == ({*"x"}, {*"a"})


def test_what_is_derived_is_nobodys_edit(ledger: Ledger) -> None:
    commit(ledger, CONTENT, "a")
    commit(ledger, CONTENT, "b", graph="entailed/rule")
    commit(ledger, OTHER, "x")
    commit(ledger, OTHER, "y", "b", graph="entailed/rule")
    assert edits(ledger) == ({*"x"}, set())


@pytest.mark.parametrize(
    ("graph", "derived"), [("entailed/rule", True), ("entailed", False), ("entailed-by-hand", False), ("g", False)]
)
def test_only_graphs_below_the_iri_are_derived(graph: str, derived: bool) -> None:
    statement = line("a", graph=graph)
    assert is_derived(statement, DERIVED) == derived
    store = Store()
    store.load(statement.encode(), format=RdfFormat.N_QUADS)
    asserted = AssertedTriples(store, derived=DERIVED, merges=True)
    assert len(list(asserted.triples((None, None, None)))) == (0 if derived else 1)


def test_a_literal_that_looks_like_a_derived_graph_is_none() -> None:
    assert not is_derived(f'<x:a> <x:p> "x <{DERIVED}/rule> ." <x:graph/g> .', DERIVED)


def test_only_what_the_authors_own_submissions_have_brought_is_theirs(ledger: Ledger) -> None:
    commit(ledger, CONTENT, "a")
    commit(ledger, OTHER, "bc", graph="submission/2")
    commit(ledger, THIRD, "d", graph="submission/3", author="Eve")
    commit(ledger, "x:graph/submission/4", "e", graph="submission/2", author="Eve")
    commit(ledger, CONTENT, "f", graph="submission/5")
    own = [line("b", graph="submission/2"), line("c", graph="submission/2")]
    others = [
        line("a"),
        line("d", graph="submission/3"),
        line("e", graph="submission/2"),
        line("f", graph="submission/5"),
        line("b", graph="submission/3"),
        line("b", graph="submission/99"),
        line("b", graph="submission/x"),
        "<x:b> <x:p> <x:graph/submission/2> .",
        '<x:b> <x:p> "> <x:graph/submission/2" .',
    ]
    told = brought_by_others([*own, *others], ledger, author="Ada", submissions="x:graph/submission/", most=99)
    assert told == others
    told = brought_by_others([*own, *others], ledger, author="Eve", submissions="x:graph/submission/", most=99)
    assert told == [*own, *(each for each in others if each not in (others[1], others[2]))]
    told = brought_by_others([*own, *others], ledger, author="Ada", submissions="x:graph/submission/", most=2)
    assert told == others[:2]
