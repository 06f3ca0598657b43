"""After a change each check is asked where something can have become wrong, and reports what it would as a whole."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Store

from kg.entailment import check_change, checks_of, entail_all, entail_change, program_of, read_rule
from kg.readers import read_quads
from kg.sparql import Limits
from kg.store import Workspace, quads_of
from kg.store.living import holders, insert_new, solutions

ROOT: Final = Path(__file__).parents[2]
BASE: Final = "https://w3id.org/unemg/"
DERIVED: Final = f"{BASE}graph/entailed"
PREFIXES: Final = f"""
PREFIX : <{BASE}id/x/>
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX emg: <{BASE}ontology#>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX standing: <{BASE}id/standing/>
"""
USUAL_CASES: Final = 60
CASES: Final = int(os.environ.get("KG_PROPERTY_CASES", USUAL_CASES))
OWN_CHECKS: Final = {path.stem: path.read_text(encoding="utf-8") for path in ROOT.glob("queries/checks/*.rq")}
_PROPERTY: Final = "emg:p a owl:ObjectProperty ; rdfs:isDefinedBy :o ; rdfs:domain emg:K ; rdfs:range emg:K . "
_PROVED: Final = ":s a emg:Statement ; emg:subject :c ; emg:predicate emg:p ; emg:object :d . "
_STATES: Final = "<https://w3id.org/unemg/id/scheme/event-state>"
_PHASES: Final = "<https://w3id.org/unemg/id/scheme/phase>"
# Of each check: facts that it finds no fault with, what is wrong when it is added, and what must not be taken away.
FAULTS: Final = {
    "dangling-reference": (":a emg:p :b . :b a emg:K .", ":a emg:p :nobody .", ":b a emg:K ."),
    "example-that-does-not-exist": (
        'emg:K a owl:Class ; rdfs:isDefinedBy :o ; skos:example "x:a" . :a a emg:K .',
        'emg:K skos:example "x:nobody" .',
        ":a a emg:K .",
    ),
    "graph-without-catalogue-entry": (
        '<https://x.example/graph> dcterms:title "X" ; rdfs:label "X" .',
        "",
        '<https://x.example/graph> dcterms:title "X" .',
    ),
    "passage-without-fact": (
        ":b a emg:Passage ; emg:inDocument :d . :a emg:statedIn :b .",
        ":c a emg:Passage ; emg:inDocument :d .",
        ":a emg:statedIn :b .",
    ),
    "relation-without-statement": (
        f"{_PROVED} :c emg:p :d . :a emg:p :b ."
        ":t a emg:Statement ; emg:subject :a ; emg:predicate emg:p ; emg:object :b .",
        ":a emg:p :c .",
        ":t emg:subject :a .",
    ),
    "state-without-phase": (
        f":a skos:inScheme {_STATES} ; skos:broader :p . :p skos:inScheme {_PHASES} .",
        f":b skos:inScheme {_STATES} .",
        ":a skos:broader :p .",
    ),
    "subject-outside-domain": (f"{_PROPERTY} :a emg:p :b ; a emg:K .", ":b emg:p :a .", ":a a emg:K ."),
    "undeclared-term": (
        f"{_PROPERTY} emg:K a owl:Class ; rdfs:isDefinedBy :o . :a emg:p :b .",
        ":a emg:q :b .",
        "emg:p a owl:ObjectProperty .",
    ),
    "value-outside-range": (f"{_PROPERTY} :a emg:p :b . :b a emg:K .", ":b emg:p :a .", ":b a emg:K ."),
}
SUBCLASS: Final = program_of(
    [
        read_rule(
            Path("ontology/rules/types.rq"),
            f"# title: Types\n{PREFIXES} CONSTRUCT {{ ?x a ?wide }} WHERE {{ ?x a/rdfs:subClassOf ?wide }}",
            limits=Limits(),
        )
    ],
    graph=DERIVED,
)


class Strict:
    """A store whose default graph is no merge of the others."""

    def __init__(self) -> None:
        self._store = Store()

    def solutions(self, text: str) -> Sequence[tuple[str, ...]]:
        return solutions(self._store, text, merges=False)

    def holders(self, triples: Sequence[tuple[str, str, str]]) -> Sequence[frozenset[str]]:
        return holders(self._store, triples, merges=False)

    def change(self, added: Sequence[str], removed: Sequence[str]) -> None:
        for quad in quads_of(removed):
            self._store.remove(quad)
        self._store.extend(quads_of(added))

    def insert_new(self, construct: str, graph: str, *, derived: str) -> int:
        return insert_new(self._store, construct, graph, derived=derived, merges=False)


def lines_of(turtle: str, graph: str = "https://x.example/graph") -> set[str]:
    quads, _ = read_quads(PREFIXES + turtle, name="facts.ttl", graph=graph)
    return {f"{quad} ." for quad in quads}


def test_every_check_has_a_fault_and_none_is_asked_as_a_whole() -> None:
    assert set(FAULTS) == set(OWN_CHECKS)
    assert not checks_of(OWN_CHECKS).whole


@pytest.mark.parametrize("kind", [Workspace, Strict], ids=["merge", "strict"])
@pytest.mark.parametrize("way", ["added", "removed", "both"])
@pytest.mark.parametrize("name", FAULTS)
def test_a_check_finds_what_comes_and_what_goes(name: str, way: str, kind: type[Workspace | Strict]) -> None:
    facts, wrong, needed = FAULTS[name]
    added = lines_of(wrong) if wrong else lines_of(":a rdfs:label 1 .", "https://x.example/unknown")
    removed = lines_of(needed)
    store, checks = kind(), checks_of({name: OWN_CHECKS[name]})
    store.change(sorted(lines_of(facts)), [])
    entail_all(store, SUBCLASS)
    assert not store.solutions(OWN_CHECKS[name])
    effect = entail_change(
        store,
        SUBCLASS,
        added=sorted(added) if way != "removed" else [],
        removed=sorted(removed) if way != "added" else [],
    )
    found = check_change(store, checks, effect)
    expected = set(store.solutions(OWN_CHECKS[name]))
    assert expected
    assert found.rows == {name: expected}
    assert not found.whole
    back = entail_change(
        store,
        SUBCLASS,
        added=sorted(removed) if way != "added" else [],
        removed=sorted(added) if way != "removed" else [],
    )
    assert not check_change(store, checks, back).rows


def test_what_vanishes_at_once_is_looked_at_together() -> None:
    store, checks = Workspace(), checks_of({"relation-without-statement": OWN_CHECKS["relation-without-statement"]})
    statement = lines_of(":t a emg:Statement ; emg:subject :a ; emg:predicate emg:p ; emg:object :b .")
    store.change(sorted(lines_of(f"{_PROVED} :c emg:p :d . :a emg:p :b .") | statement), [])
    effect = entail_change(store, SUBCLASS, added=[], removed=sorted(statement))
    rows = check_change(store, checks, effect).rows["relation-without-statement"]
    assert {row[:2] for row in rows} == {(f"<{BASE}id/x/a>", f"<{BASE}id/x/b>")}


def test_what_follows_counts_for_a_check() -> None:
    """The value is of a narrower class than the range, until the axiom goes."""
    store, checks = Workspace(), checks_of(OWN_CHECKS)
    axiom = lines_of("emg:Narrow rdfs:subClassOf emg:K .")
    store.change(sorted(lines_of(f"{_PROPERTY} :a emg:p :b . :b a emg:Narrow .") | axiom), [])
    entail_all(store, SUBCLASS)
    assert not store.solutions(OWN_CHECKS["value-outside-range"])
    effect = entail_change(store, SUBCLASS, added=[], removed=sorted(axiom))
    rows = check_change(store, checks, effect).rows["value-outside-range"]
    assert {row[:2] for row in rows} == {(f"<{BASE}id/x/a>", f"<{BASE}id/x/b>")}


def test_a_check_that_cannot_be_taken_apart_is_asked_as_a_whole_and_told() -> None:
    text = "SELECT ?focus ?value ?message WHERE { ?focus ?value ?message FILTER (!EXISTS { ?focus a ?kind }) }"
    store, checks = Workspace(), checks_of({"odd": text})
    store.change(sorted(lines_of(":a rdfs:label 1 .")), [])
    effect = entail_change(store, SUBCLASS, added=sorted(lines_of(":b rdfs:label 1 .")), removed=[])
    found = check_change(store, checks, effect)
    assert found.whole == checks.whole == {"odd": "EXISTS inside an expression"}
    assert found.rows == {"odd": set(store.solutions(text))}
    assert len(found.rows["odd"]) == 2


def test_after_a_large_change_all_checks_are_asked_as_a_whole_and_told() -> None:
    store, checks = Workspace(), checks_of(OWN_CHECKS)
    effect = entail_change(store, SUBCLASS, added=sorted(lines_of(":a emg:p :nobody .")), removed=[], most=0)
    found = check_change(store, checks, effect)
    assert set(found.whole) == set(OWN_CHECKS)
    assert found.rows["dangling-reference"] == set(store.solutions(OWN_CHECKS["dangling-reference"]))


def test_a_statement_more_about_a_property_that_is_proved_asks_nothing_of_its_other_relations() -> None:
    store, checks = Workspace(), checks_of({"relation-without-statement": OWN_CHECKS["relation-without-statement"]})
    others = " ".join(f":c{number} emg:p :d ." for number in range(50))
    store.change(sorted(lines_of(f"{_PROVED} :c emg:p :d . {others}")), [])
    new = ":t a emg:Statement ; emg:subject :c1 ; emg:predicate emg:p ; emg:object :d ."
    effect = entail_change(store, SUBCLASS, added=sorted(lines_of(new)), removed=[])
    assert not check_change(store, checks, effect).rows
    first = "{} a emg:Statement ; emg:subject :c1 ; emg:predicate emg:q ; emg:object :d .".format
    store.change(sorted(lines_of(":c2 emg:q :d .")), [])
    effect = entail_change(store, SUBCLASS, added=sorted(lines_of(first(":u"))), removed=[])
    assert {row[0] for row in check_change(store, checks, effect).rows["relation-without-statement"]} == {
        f"<{BASE}id/x/c2>"
    }


# What the checks of this repository do not use.

KINDS: Final = {
    "not exists": "?focus :p ?value FILTER NOT EXISTS { ?value :q ?z . ?z :p ?focus }",
    "closure in what must not hold": "?focus :p ?value FILTER NOT EXISTS { ?value :q/:p* ?focus }",
    "closure": "?focus (:p|^:q)+ ?value FILTER NOT EXISTS { ?value a :K }",
    "exists": "?focus :p ?value FILTER EXISTS { ?z :q ?value ; :p ?z }",
    "minus": "?focus :p ?value MINUS { ?value :q ?z }",
    "optional": "?focus :p ?value OPTIONAL { ?value :q ?z . ?z a :K } FILTER (COALESCE(?z, ?focus) = ?focus)",
    "count": """
{ SELECT ?focus (COUNT(*) AS ?value) WHERE { ?focus :p ?x } GROUP BY ?focus } FILTER NOT EXISTS { ?focus a :K }""",
    "graph": "GRAPH ?g { ?focus :p ?value } FILTER NOT EXISTS { GRAPH ?g { ?value :q ?z } }",
    "groups": """
{ ?focus :p ?value } UNION { ?focus :q/:q ?value FILTER (?focus != ?value) } FILTER NOT EXISTS { ?value a :K }""",
    "sub-select": "{ SELECT DISTINCT ?focus WHERE { ?z :q ?focus . ?focus a :K } } ?focus :p ?value",
}
TOLD_WHOLE: Final = {"closure in what must not hold"}


def test_a_way_of_which_several_steps_vanish_is_asked_as_a_whole() -> None:
    text = f"{PREFIXES} SELECT ?focus ?value ?message WHERE {{ {KINDS['closure in what must not hold']} }}"
    store, checks = Workspace(), checks_of({"way": text})
    steps = lines_of(":c :p :d . :d :p :a .")
    store.change(sorted(lines_of(":a :p :b . :b :q :c .") | steps), [])
    before = set(store.solutions(text))
    effect = entail_change(store, SUBCLASS, added=[], removed=sorted(steps))
    found = check_change(store, checks, effect)
    assert {row[0] for row in found.rows["way"] - before} == {f"<{BASE}id/x/a>"}
    assert set(found.whole) == {"way"}


def small_lines() -> st.SearchStrategy[str]:
    node = st.sampled_from([f"<{BASE}id/x/{name}>" for name in "abc"])
    of = st.sampled_from([f"<{BASE}id/x/{name}>" for name in "pq"])
    kind = f"<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{BASE}id/x/K>"
    graph = st.sampled_from(["<https://x.example/g>", "<https://x.example/h>"])
    return st.one_of(
        st.builds("{} {} {} {} .".format, node, of, node, graph),
        st.builds("{} {} {} .".format, node, st.just(kind), graph),
    )


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=CASES, deadline=None, derandomize=CASES == USUAL_CASES, database=None)
@given(
    start=st.sets(small_lines(), max_size=10),
    added=st.sets(small_lines(), max_size=3),
    removed=st.sets(small_lines(), max_size=6),
)
def test_any_kind_of_check_is_asked_where_it_matters(
    name: str, start: set[str], added: set[str], removed: set[str]
) -> None:
    text = f"{PREFIXES} SELECT ?focus ?value ?message WHERE {{ {KINDS[name]} BIND ('wrong' AS ?message) }}"
    store, checks = Workspace(), checks_of({name: text})
    assert not checks.whole
    store.change(sorted(start), [])
    before = set(store.solutions(text))
    effect = entail_change(store, SUBCLASS, added=sorted(added), removed=sorted(removed))
    after = set(store.solutions(text))
    found = check_change(store, checks, effect)
    assert after - before <= found.rows.get(name, set()) <= after
    assert not found.whole or name in TOLD_WHOLE
