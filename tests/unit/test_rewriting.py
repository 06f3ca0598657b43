"""A query as it is sent sees, in a store whose default graph is the union, what it sees in the embedded store."""

from __future__ import annotations

import pytest
from pyoxigraph import Store

from kg.store.primary import HISTORY
from kg.store.results import run_query
from kg.store.rewriting import MERGE, names_dataset, within_merge, without_calls, without_own_graphs

DATA = {"x:g1": "<x:a> <x:p> <x:b> . <x:b> <x:p> <x:c>", "x:g2": "<x:a> <x:p> <x:b> . <x:a> <x:n> 'A'"}
P = "PREFIX : <x:> "

QUERIES = [
    "SELECT * { ?s ?p ?o }",
    "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
    "SELECT ?g ?s { GRAPH ?g { ?s ?p ?o } }",
    "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } ?s ?q ?r } GROUP BY ?g",
    "SELECT * { ?s ?p ?o OPTIONAL { GRAPH $h { ?o ?p ?z } } }",
    "SELECT * { { GRAPH ?g { ?s <x:n> ?o } } UNION { ?s <x:n> ?o } MINUS { GRAPH ?g { <x:b> ?p ?o } } }",
    "SELECT * { GRAPH <x:g1> { ?s ?p ?o FILTER NOT EXISTS { GRAPH ?g { ?s <x:n> ?n } } } }",
    f"{P} SELECT ?x {{ :a :p+ ?x }}",
    f"{P} SELECT ?x {{ :a :p* ?x }}",
    f"{P} SELECT ?x {{ {{ SELECT DISTINCT ?x {{ ?x :p ?y }} }} ?x :n ?n }}",
    f"{P} SELECT ?x {{ SELECT (COUNT(?x) AS ?c) ?x {{ ?x :p ?y }} GROUP BY ?x }}",
    f"{P} SELECT (EXISTS {{ :a :p :b }} AS ?e) ?x WHERE {{ ?x :n ?n }} HAVING (?x != 1)",
    f"{P} SELECT ?x {{ ?x :p ?y }} GROUP BY ?x HAVING EXISTS {{ ?x :n ?n }}",
    f"{P} SELECT ?x ?y {{ ?x :p ?y }} ORDER BY ?x VALUES (?x ?y) {{ (:a :b) (:b UNDEF) }}",
    f"{P} SELECT ?x {{ ?x :p ?y }} VALUES ?x {{ :a }}",
    f"{P} SELECT ?x {{ VALUES ?x {{ :a }} ?x :p ?y . # }} {{\n FILTER(STR(?x) != '}}{{') BIND(1 AS ?z) }}",
    f"{P} ASK{{:a :p :b}}",
    "ASK {}",
    f"{P} CONSTRUCT {{ ?x :q [ :r ?y ] }} WHERE {{ ?x :n ?y }}",
    f"{P} CONSTRUCT {{ }} WHERE {{ ?x :n ?y }}",
    f"{P} CONSTRUCT WHERE {{ ?x :p ?y . ?y :p ?z }} LIMIT 5",
    f"{P} CONSTRUCT {{ ?g :holds ?x }} {{ GRAPH ?g {{ ?x :p ?y }} }}",
    f"{P} DESCRIBE ?x WHERE {{ ?x :n ?y }}",
]


def filled(*, union: bool) -> Store:
    store = Store()
    merge = f"GRAPH <{MERGE}>" if union else ""
    for graph, rows in DATA.items():
        store.update(f"INSERT DATA {{ GRAPH <{graph}> {{ {rows} }} }}")
        store.update(f"INSERT DATA {{ {merge} {{ {rows} }} }}" if union else f"INSERT DATA {{ {rows} }}")
    if union:
        store.update(f"INSERT DATA {{ GRAPH <{HISTORY}> {{ <{HISTORY}> <x:p> 1 }} }}")
    return store


def solutions(store: Store, text: str, *, union: bool) -> object:
    results = run_query(store, text, union=union)
    lines = [*results.lines()]
    if "CONSTRUCT" in text or "DESCRIBE" in text:
        return sorted({tuple("_" if term.startswith("_:") else term for term in line) for line in lines})
    return results.boolean, sorted(lines)


@pytest.mark.parametrize("text", QUERIES)
def test_each_query_sees_the_merge_and_no_graph_of_our_own(text: str) -> None:
    expected = solutions(filled(union=False), text, union=False)
    sent = within_merge(without_own_graphs(text))
    assert solutions(filled(union=True), sent, union=True) == expected


def test_there_are_queries_that_would_be_answered_otherwise_as_they_are() -> None:
    union, kept = filled(union=True), filled(union=False)
    wrong = [text for text in QUERIES if solutions(union, text, union=True) != solutions(kept, text, union=False)]
    assert len(wrong) > 8


@pytest.mark.parametrize("text", ["DESCRIBE <x:a>", "DESCRIBE <x:a> VALUES ?x { 1 }"])
def test_a_query_without_a_pattern_stays_as_it_is(text: str) -> None:
    assert within_merge(text) == text == without_own_graphs(text)


def test_a_query_that_names_its_graphs_is_known() -> None:
    assert names_dataset("SELECT * from <x:g1> { ?s ?p ?o }")
    assert names_dataset("ASK FROM NAMED <x:g1> {}")
    assert not names_dataset("# FROM\nSELECT ?from { ?from <x:FROM> 'FROM' }")


def test_a_call_is_replaced_in_its_place() -> None:
    text = "ASK { ?service <x:SERVICE> 'SERVICE' service\n SILENT <x:y> { ?s ?p ?o } }"
    neutral = without_calls(text)
    assert neutral == "ASK { ?service <x:SERVICE> 'SERVICE' GRAPH  \n        <x:y> { ?s ?p ?o } }"
    assert len(neutral) == len(text)
