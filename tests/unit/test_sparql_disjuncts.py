"""Queries taken apart say the same as a whole, or are refused with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from kg.entailment.evaluation import all_solutions
from kg.sparql.bodies import Body, Disjuncts
from kg.sparql.deltas import Narrowed, Rows, index_of, require_bounded, select, triggers_of
from kg.sparql.disjuncts import take_apart
from kg.sparql.patterns import NotTakenApart, Pattern, line_of_quad, quad_of
from kg.store import Snapshot

ROOT = Path(__file__).parents[2]
PREFIXES = "PREFIX : <http://x/> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
QUERIES = [*ROOT.glob("ontology/rules/*.rq"), *ROOT.glob("queries/*/*.rq")]


@dataclass(frozen=True)
class Asked:
    """A snapshot as premises that nobody writes to."""

    snapshot: Snapshot

    def solutions(self, text: str) -> Sequence[tuple[str, ...]]:
        return [*self.snapshot.query(text).lines()]


def parts(where: str) -> Disjuncts:
    return take_apart(f"{PREFIXES} SELECT ?x ?y WHERE {{ {where} }}")


def only(where: str) -> Body:
    (body,) = parts(where).bodies
    return body


def test_every_query_that_is_taken_apart_has_the_same_answer_as_a_whole(built: Snapshot) -> None:
    taken = set()
    for path in QUERIES:
        text = path.read_text(encoding="utf-8")
        try:
            query = take_apart(text)
            require_bounded(query)
        except NotTakenApart:
            continue
        taken.add(path.stem)
        columns = query.columns or sorted({term for head in query.head for term in head if term[0] == "?"})
        found = {
            row for body in query.bodies for row in all_solutions(Asked(built), body, Rows((), ((),)), columns).rows
        }
        if query.head:
            values = [dict(zip(columns, row, strict=True)) for row in found]
            found = {tuple(each.get(term, term) for term in head) for each in values for head in query.head}
            found = {triple for triple in found if all(triple)}
        assert found == set(Asked(built).solutions(text)), path
    assert taken >= {
        path.stem for folder in ("ontology/rules", "queries/checks") for path in ROOT.glob(f"{folder}/*.rq")
    }
    assert len(taken) > 30


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("?x :p ?y OPTIONAL { ?y :q ?z OPTIONAL { ?z :q ?w } }", "inside EXISTS or OPTIONAL"),
        ("?x :p ?y FILTER (?x = ?y || EXISTS { ?y :q ?x })", "EXISTS inside an expression"),
        ("?x !(:p|:q) ?y", "! in a property path"),
        ("?x :p? ?y", "optional step"),
        ("?x (:p/:q)* ?y", "several steps"),
        ("?x :p* ?y", "no other pattern gives a value"),
        ("?x :p ?y FILTER NOT EXISTS { ?z :q ?w }", "shares no variable"),
        ("?x :p [ :q ?y ]", "[ as a node"),
        ("SERVICE <http://x/> { ?x :p ?y }", "SERVICE"),
        ("{ SELECT ?x (COUNT(*) AS ?y) WHERE { ?x :p ?z } }", "expression in a sub-SELECT"),
        ("{ SELECT ?x ?y WHERE { ?x :p ?y } LIMIT 1 }", "LIMIT"),
        ("?x :p ?y { ?x :q ?z FILTER (?z = ?y) }", "mentioned in braces"),
        ("?x :p ?z OPTIONAL { ?x :q ?y } ?y :p ?z", "before a pattern matches it"),
        ("?x :p ?y MINUS { ?z :q ?w }", "MINUS"),
        ("?x :p ?y LATERAL { ?y :q ?w }", "LATERAL"),
        ("?x x:p ?y", "the prefix x:"),
        ("?x <p> ?y", "relative"),
    ],
)
def test_what_is_not_understood_is_refused_with_a_reason(where: str, reason: str) -> None:
    with pytest.raises(NotTakenApart) as caught:
        require_bounded(parts(where))
    assert reason in str(caught.value)


def test_a_path_is_joined_patterns_and_closures() -> None:
    texts = {" ".join(pattern.text for pattern in body.patterns) for body in parts("?x :p/^(:q|:r)+ ?y").bodies}
    assert texts == {"?x <http://x/p> ?blank1 . ?y (<http://x/q>|<http://x/r>)+ ?blank1 ."}
    assert len(parts("?x :p|:q ?y").bodies) == 2


def test_an_option_that_must_find_nothing_is_a_test() -> None:
    body = only("?x :p ?y OPTIONAL { ?y :q ?z } FILTER (!BOUND(?z))")
    assert [test.kind for test in body.tests] == ["NOT EXISTS"]
    assert not body.clauses
    assert only("?x :p ?y OPTIONAL { ?y :q ?z } FILTER (!BOUND(?z) || ?z = 1)").clauses
    assert only("?x :p ?y OPTIONAL { ?y :q ?z FILTER (?z = ?w) } BIND (1 AS ?w) FILTER (!BOUND(?z))").clauses[1:]


def test_a_sub_select_that_holds_wherever_its_surroundings_do_is_left_out() -> None:
    assert not only("{ SELECT DISTINCT ?x WHERE { ?any ?x ?other } } ?y ?x ?z").tests
    assert only("{ SELECT DISTINCT ?x WHERE { ?any ?x ?any } } ?y ?x ?z").tests
    assert only("{ SELECT DISTINCT ?x WHERE { ?any :p ?x } } ?y ?x ?z").tests


def test_literals_and_numbers_stay_what_they_are() -> None:
    body = only('?x :p "a"@en , "1"^^:int , -1 , true . FILTER (?x IN ("b"@en, -2) && 3 - 1 = 2)')
    assert [pattern.object for pattern in body.patterns] == ['"a"@en', '"1"^^<http://x/int>', "-1", "true"]
    assert body.clauses[0].text == 'FILTER (?x IN("b"@en, -2) && 3 - 1 = 2)'


def test_a_quad_matches_a_pattern_of_the_same_kind_only() -> None:
    triple, quad = quad_of("<x:a> <x:b> <x:a> ."), quad_of("<x:a> <x:b> <x:a> <x:g> .")
    assert Pattern("?s", "<x:b>", "?s").bindings(triple) == {"?s": "<x:a>"}
    assert Pattern("?s", "<x:b>", "?s").bindings(quad) is None
    assert Pattern("?s", "<x:b>", "?o", "?g").bindings(quad) == {"?s": "<x:a>", "?o": "<x:a>", "?g": "<x:g>"}
    assert Pattern("?s", "?s", "?o").bindings(triple) is None
    assert [line_of_quad(each) for each in (triple, quad)] == ["<x:a> <x:b> <x:a> .", "<x:a> <x:b> <x:a> <x:g> ."]
    with pytest.raises(ValueError, match="no statement"):
        quad_of("<x:a> <x:b> .")


def test_a_changed_edge_leads_both_ways_along_a_closure() -> None:
    (body,) = parts("?x :p ?y . ?y (:q|^:r)* ?z").bodies
    closure = next(trigger for trigger in triggers_of(body) if trigger.pattern.closure)
    (found,) = closure.narrowed([quad_of("<x:a> <http://x/r> <x:b> .")])
    assert set(zip(found.seeds.variables, found.seeds.rows[0], strict=True)) == {
        ("?fromyz", "<x:b>"),
        ("?toyz", "<x:a>"),
    }
    text = select(found, body, ["?x"])
    assert "?y (<http://x/q>|^<http://x/r>)* ?fromyz ." in text
    assert "?toyz (<http://x/q>|^<http://x/r>)* ?z ." in text
    assert "VALUES (?fromyz ?toyz) { (<x:b> <x:a>) }" in text


def test_only_patterns_that_may_match_are_told() -> None:
    index = index_of([parts("?x :p ?y . ?x ?any 1"), None, parts("?x :q ?y")])
    fired = [(trigger.owner, trigger.place) for trigger, _ in index.fired([quad_of("<x:a> <http://x/q> <x:b> .")])]
    assert sorted(fired) == [(0, 1), (2, 0)]


def test_a_literal_is_left_to_the_engine_which_may_write_it_in_another_way() -> None:
    (trigger,) = triggers_of(only('?x :p "01"^^<http://www.w3.org/2001/XMLSchema#integer>'))
    quads = [quad_of('<x:a> <http://x/p> "1"^^<http://www.w3.org/2001/XMLSchema#integer> .')]
    assert [*trigger.narrowed(quads)] == [Narrowed(Rows(("?x",), (("<x:a>",),)), (trigger.pattern,))]


def test_rows_are_joined_on_what_they_share() -> None:
    left, right = Rows(("?a", "?b"), (("1", "2"), ("3", "4"))), Rows(("?b", "?c"), (("2", "5"), ("2", "6"), ("7", "8")))
    assert left.joined(right) == Rows(("?a", "?b", "?c"), (("1", "2", "5"), ("1", "2", "6")))
    assert len(left.joined(Rows(("?d",), (("1",), ("2",)))).rows) == 4
