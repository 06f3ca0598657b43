"""After any change, what follows is what would follow if it were drawn anew, and checks report what is new."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.entailment import Effect, Program, check_change, checks_of, entail, entail_change, program_of, read_rule
from kg.errors import ContentError, EntailmentError
from kg.readers import read_quads, skolemize
from kg.sources import open_content
from kg.sparql import Limits
from kg.sparql.patterns import Quad, line_of_quad, quad_of
from kg.store import Workspace

ROOT: Final = Path(__file__).parents[2]
BASE: Final = "https://w3id.org/unemg/"
DERIVED: Final = f"{BASE}graph/entailed"
PREFIXES: Final = f"""
PREFIX : <https://x.example/>
PREFIX emg: <{BASE}ontology#>
PREFIX edtf: <http://id.loc.gov/datatypes/edtf/>
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX role: <{BASE}id/participation-role/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""
OWN_RULES: Final = sorted((ROOT / "ontology/rules").glob("*.rq"))
OWN_CHECKS: Final = sorted((ROOT / "queries/checks").glob("*.rq"))
USUAL_CASES: Final = 60
CASES: Final = int(os.environ.get("KG_PROPERTY_CASES", USUAL_CASES))
GRAPHS: Final = [f"<{BASE}graph/som28>", "<https://x.example/graph/submitted>"]

_RULE_AXIOMS: Final = ("subPropertyOf", "subClassOf", "inverseOf", "domain", "domainIncludes", "range", "rangeIncludes")
_ABOUT: Final = ("standing", "isPartOf", "title", "isDefinedBy", "type")
_INSTANCES: Final = 500


@cache
def own_program() -> Program:
    return program_of([read_rule(path, path.read_text(), limits=Limits()) for path in OWN_RULES], graph=DERIVED)


def program(*constructs: str) -> Program:
    rules = [
        read_rule(Path(f"ontology/rules/r{place}.rq"), f"# title: r{place}\n{PREFIXES}{text}", limits=Limits())
        for place, text in enumerate(constructs)
    ]
    return program_of(rules, graph=DERIVED)


def lines_of(turtle: str, graph: str = GRAPHS[1]) -> set[str]:
    quads, _ = read_quads(PREFIXES + turtle, name="facts.ttl", graph=graph[1:-1])
    return {str(quad) + " ." for quad in quads}


def filled(lines: set[str], rules: Program) -> Workspace:
    store = Workspace()
    store.change(sorted(lines), [])
    entail(store, rules.rules, graph=DERIVED)
    return store


def held(store: Workspace, rule: str) -> set[str]:
    rows = store.solutions(f"SELECT ?s ?p ?o {{ GRAPH <{DERIVED}/{rule}> {{ ?s ?p ?o }} }}")
    return {" ".join(row) for row in rows}


def commit(store: Workspace, lines: set[str], rules: Program, *, added: set[str], removed: set[str]) -> set[str]:
    """Make a change, find everything as if drawn anew, and return what is asserted then."""
    before = set(store.canonical_nquads().decode().splitlines())
    effect = entail_change(store, rules, added=sorted(added), removed=sorted(removed))
    asserted = (lines - removed) | added
    anew = filled(asserted, rules).canonical_nquads().decode().splitlines()
    now = store.canonical_nquads().decode().splitlines()
    assert now == anew
    told_of(effect, before, set(now))
    return asserted


def told_of(effect: Effect, before: set[str], now: set[str]) -> None:
    """The effect tells exactly what has changed."""
    derived = f"<{DERIVED}/"
    assert set(effect.added_lines) == {line for line in now - before if derived in line.rsplit(" ", 2)[1]}
    assert set(effect.removed_lines) == {line for line in before - now if derived in line.rsplit(" ", 2)[1]}
    assert {line_of_quad(quad) for quad in effect.quads_added} == now - before
    assert {line_of_quad(quad) for quad in effect.quads_removed} == before - now
    old, new = ({quad_of(line)[:3] for line in lines} for lines in (before, now))
    assert (effect.appeared, effect.vanished) == (new - old, old - new)


# Each rule of this repository, in both directions.

EXAMPLES: Final = {
    "current-status": (
        "emg:taskStatus rdfs:subPropertyOf emg:status ."
        ' :s1 emg:statusOf :t ; emg:asOf "2021-09-30"^^xsd:date ; emg:taskStatus :planned .',
        ':s2 emg:statusOf :t ; emg:asOf "2022-05-18"^^xsd:date ; emg:taskStatus :ongoing .',
    ),
    "date-bounds": (':a emg:date "2022-02"^^xsd:gYearMonth .', ':a emg:inferredDate "2022-24"^^edtf:EDTF .'),
    "graph-standing": (":g emg:standing :inferred .", ":p dcterms:isPartOf :g ."),
    "inverses": (":report emg:producedBy :group .", "emg:produces owl:inverseOf emg:producedBy ."),
    "labels": (':c skos:prefLabel "C"@en .', ':c skos:prefLabel "D"@en .'),
    "super-properties": (":a :p :b .", ":p rdfs:subPropertyOf :q ."),
    "support-through-producer": (
        ":product emg:producedBy :inner . :inner a :Panel ; emg:subGroupOf :middle . :outer emg:supports :goal .",
        ":middle emg:subGroupOf :outer . :Panel rdfs:subClassOf emg:Group .",
    ),
    "transitive": (":a :in :b . :b :in :c . :c :in :a .", ":in a owl:TransitiveProperty ."),
    "types": (":x a :A . :A rdfs:subClassOf :B .", ":B rdfs:subClassOf :C ."),
    "when": (':d emg:dateOf :e ; emg:date "2022"^^xsd:gYear .', ':d emg:inferredDate "2022-03"^^xsd:gYearMonth .'),
    "works-with": (
        ":h emg:participationIn :w ; emg:participationRole role:collaborator ; emg:participant :a .",
        ":w emg:organizedBy :b . :p emg:presentedBy :a , :c .",
    ),
}


def test_every_rule_has_an_example() -> None:
    assert set(EXAMPLES) == {path.stem for path in OWN_RULES}
    assert not own_program().whole


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_rule_follows_what_comes_and_what_goes(name: str) -> None:
    first, second = (lines_of(text) for text in EXAMPLES[name])
    store = Workspace()
    empty = commit(store, set(), own_program(), added=set(), removed=set())
    some = commit(store, empty, own_program(), added=first, removed=set())
    before = held(store, name)
    every = commit(store, some, own_program(), added=second, removed=set())
    assert held(store, name) != before
    again = commit(store, every, own_program(), added=set(), removed=second)
    assert held(store, name) == before
    commit(store, again, own_program(), added=second, removed=first)
    commit(store, second, own_program(), added=set(), removed=second)
    assert store.canonical_nquads() == b""


def test_what_is_stated_leaves_the_graph_of_the_rule_and_comes_back_when_it_is_not_stated_any_more() -> None:
    rules = program("CONSTRUCT { ?x a :B } WHERE { ?x a :A }", "CONSTRUCT { ?x a :B } WHERE { ?x a :C }")
    store = filled(lines_of(":x a :A , :C ."), rules)
    assert held(store, "r0") == held(store, "r1") != set()
    lines = commit(store, lines_of(":x a :A , :C ."), rules, added=lines_of(":x a :B ."), removed=set())
    assert held(store, "r0") == held(store, "r1") == set()
    commit(store, lines, rules, added=set(), removed=lines_of(":x a :B ."))
    assert held(store, "r0") == held(store, "r1") != set()


@pytest.mark.parametrize("test", ["", "FILTER (!EXISTS { ?x :off ?z })"], ids=["followed", "as a whole"])
def test_conclusions_do_not_keep_each_other_alive(test: str) -> None:
    rules = program(
        f"CONSTRUCT {{ ?y :near ?x }} WHERE {{ ?x :near ?y {test} }}",
        "CONSTRUCT { ?x :near ?y } WHERE { ?x :at ?y }",
    )
    assert bool(rules.whole) == bool(test)
    lines = lines_of(":a :at :b .")
    store = filled(lines, rules)
    assert held(store, "r0")
    commit(store, lines, rules, added=set(), removed=lines)
    assert store.canonical_nquads() == b""


def test_the_same_triple_in_another_graph_changes_nothing_that_follows() -> None:
    rules = program("CONSTRUCT { ?y :near ?x } WHERE { ?x :near ?y }")
    lines = lines_of(":a :near :b .")
    store = filled(lines, rules)
    both = commit(store, lines, rules, added=lines_of(":a :near :b .", GRAPHS[0]), removed=set())
    effect = entail_change(store, rules, added=[], removed=sorted(lines))
    assert (effect.added, effect.removed, effect.appeared, effect.vanished) == (set(), set(), set(), set())
    assert len(both) == 2


@pytest.mark.parametrize("most", [0, 1000], ids=["anew", "followed"])
def test_what_is_written_in_another_way_is_the_same(most: int) -> None:
    rules = program("CONSTRUCT { ?x :second ?n } WHERE { ?x :first ?n }")
    store = filled(lines_of(":a :first 1 ; :second 1 ."), rules)
    other = '<https://x.example/a> <https://x.example/second> "01"^^<http://www.w3.org/2001/XMLSchema#integer> '
    effect = entail_change(store, rules, added=[], removed=[f"{other}{GRAPHS[1]} ."], most=most)
    assert [quad[2] for quad in effect.added] == ['"1"^^<http://www.w3.org/2001/XMLSchema#integer>']
    assert effect.in_full == (most == 0)
    effect = entail_change(store, rules, added=[f"{other}{GRAPHS[0]} ."], removed=[], most=most)
    assert [quad[2] for quad in effect.removed] == ['"1"^^<http://www.w3.org/2001/XMLSchema#integer>']


@pytest.mark.parametrize(
    ("absent", "added"),
    [("?x :q ?y", "."), ("?x :q ?z . ?z :q ?y", ":b :q :c .")],
    ids=["alone", "with something new"],
)
def test_what_goes_and_follows_otherwise_was_never_absent(absent: str, added: str) -> None:
    rules = program(
        f"CONSTRUCT {{ ?x :r ?y }} WHERE {{ ?x :p ?y FILTER NOT EXISTS {{ {absent} }} }}",
        "CONSTRUCT { ?x :q ?y } WHERE { ?x :s ?y }",
        "CONSTRUCT { ?x :q ?y } WHERE { ?x :t ?y }",
    )
    lines = lines_of(":a :p :b , :c ; :s :b ; :t :b .")
    store = filled(lines, rules)
    new = set() if added == "." else lines_of(added)
    commit(store, lines, rules, added=new, removed=lines_of(":a :s :b ."))
    assert ("<https://x.example/a> <https://x.example/r> <https://x.example/c>" in held(store, "r0")) == (not new)


# What the rules of this repository do not use.

SHAPES: Final = {
    "minus": "CONSTRUCT { ?x :r ?y } WHERE { ?x :p ?y MINUS { ?y :q ?z } }",
    "exists": "CONSTRUCT { ?x :r ?y } WHERE { ?x :p ?y FILTER EXISTS { ?y :q ?z . ?z :p ?x } }",
    "not exists of two": "CONSTRUCT { ?x :r ?y } WHERE { ?x :p ?y FILTER NOT EXISTS { ?z :q ?y . ?x :q ?z } }",
    "optional": "CONSTRUCT { ?x :r ?w } WHERE { ?x :p ?y OPTIONAL { ?y :q ?z } BIND (COALESCE(?z, ?y) AS ?w) }",
    "path": "CONSTRUCT { ?x :r ?y } WHERE { ?x (:p|^:q)+ ?y FILTER (?x != ?y) }",
    "sequence": "CONSTRUCT { ?x :r ?y } WHERE { ?x :p/^:q/:p* ?y }",
    "path in a test": "CONSTRUCT { ?x :r ?y } WHERE { ?x :p ?y FILTER NOT EXISTS { ?y :q/:p* ?x } }",
    "groups": "CONSTRUCT { ?x :r ?y } WHERE { { ?x :p ?y } UNION { ?x :q/:p ?y FILTER (?x != ?y) } ?y ?any ?z }",
    "sub-select": "CONSTRUCT { ?x :r ?y } WHERE { { SELECT DISTINCT ?x WHERE { ?x :q ?z . ?z :p ?x } } ?x :p ?y }",
    "recursion": "CONSTRUCT { ?x :p ?z } WHERE { ?x :p ?y . ?y :q ?z }",
    "same twice": "CONSTRUCT { ?x :r ?x } WHERE { ?x ?p ?x FILTER (?p != :r) }",
    "literals": 'CONSTRUCT { ?x :r "yes"@en . ?x :q ?x } WHERE { ?x :p 1 }',
    "predicates": "CONSTRUCT { ?x ?p ?z } WHERE { ?x ?p ?y . ?y :q ?z . ?p a :Passing }",
    "whole": "CONSTRUCT { ?x :r ?y } WHERE { ?x :p ?y FILTER (!EXISTS { ?y :q ?x }) }",
    "whole with GRAPH": "CONSTRUCT { ?x :p ?y } WHERE { GRAPH ?g { ?x :q ?z . ?z :p ?y } }",
    "whole with count": "CONSTRUCT { ?x :r ?n } WHERE { SELECT ?x (COUNT(*) AS ?n) WHERE { ?x :p ?y } GROUP BY ?x }",
}
BESIDE_NEGATION: Final = """CONSTRUCT { ?x :p ?z . ?z :q ?y . ?z :s ?x } WHERE {
  { ?x :p ?y . ?y :q ?z } UNION { ?x :s ?z . ?z a :Passing . BIND (?x AS ?y) } UNION { ?z :s ?x . BIND (?z AS ?y) } }"""
NODES: Final = [f"<https://x.example/{name}>" for name in ("a", "b", "c", "p")]
ONE: Final = '"1"^^<http://www.w3.org/2001/XMLSchema#integer>'


def small_lines() -> st.SearchStrategy[str]:
    node = st.sampled_from(NODES)
    of = st.sampled_from(["<https://x.example/p>", "<https://x.example/q>"])
    passing = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://x.example/Passing>"
    return st.one_of(
        st.builds("{} {} {} {} .".format, node, of, st.one_of(node, st.just(ONE)), st.sampled_from(GRAPHS)),
        st.builds("{} {} {} .".format, node, st.just(passing), st.just(GRAPHS[0])),
    )


@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=CASES, deadline=None, derandomize=CASES == USUAL_CASES, database=None)
@given(
    start=st.sets(small_lines(), max_size=10),
    changes=st.lists(st.tuples(st.sets(small_lines(), max_size=3), st.sets(small_lines(), max_size=4)), max_size=3),
)
def test_any_kind_of_rule_is_followed(name: str, start: set[str], changes: Sequence[tuple[set[str], set[str]]]) -> None:
    rules = program(SHAPES[name], BESIDE_NEGATION if negated(name) else "CONSTRUCT { ?y :p ?x } WHERE { ?x :r ?y }")
    assert bool(rules.whole) == name.startswith("whole")
    store = filled(start, rules)
    for added, removed in changes:
        start = commit(store, start, rules, added=added, removed=removed - added)


def negated(name: str) -> bool:
    return any(word in SHAPES[name] for word in ("MINUS", "OPTIONAL", "NOT EXISTS", "!EXISTS", "COUNT"))


def test_a_rule_that_needs_the_absence_of_its_own_conclusions_is_refused() -> None:
    with pytest.raises(ContentError, match="absence of what may follow from its own conclusions") as caught:
        program(
            "CONSTRUCT { ?x :odd ?y } WHERE { ?x :next ?y FILTER NOT EXISTS { ?y :even ?z } }",
            "CONSTRUCT { ?y :even ?x } WHERE { ?x :odd ?y }",
        )
    assert caught.value.file.startswith("ontology/rules/r")
    assert caught.value.remedy


def test_what_the_data_let_follow_later_is_not_absent() -> None:
    """Only the data say that the first rule builds on the second, which itself needs an absence."""
    rules = program(
        "CONSTRUCT { ?x :odd ?y } WHERE { ?x :next ?y FILTER NOT EXISTS { ?x :even ?y } }",
        "CONSTRUCT { ?x :deep ?y } WHERE { ?x :next ?y FILTER NOT EXISTS { ?x :flat ?y } }",
        "CONSTRUCT { ?x ?wider ?y } WHERE { ?x ?narrower ?y . ?narrower :under ?wider }",
    )
    lines = lines_of(":a :next :b . :deep :under :even .")
    store = filled(lines, rules)
    assert not held(store, "r0")
    assert held(store, "r1")
    lines = commit(store, lines, rules, added=lines_of(":a :flat :b ."), removed=set())
    assert held(store, "r0")
    commit(store, lines, rules, added=set(), removed=lines_of(":a :flat :b ."))
    assert not held(store, "r0")


def test_a_rule_that_the_data_make_deny_itself_comes_to_no_end() -> None:
    rules = program(
        "CONSTRUCT { ?x :odd ?y } WHERE { ?x :next ?y FILTER NOT EXISTS { ?x :even ?y } }",
        "CONSTRUCT { ?x ?wider ?y } WHERE { ?x ?narrower ?y . ?narrower :under ?wider }",
    )
    store = filled(lines_of(":a :next :b ."), rules)
    with pytest.raises(EntailmentError, match="still change") as caught:
        entail_change(store, rules, added=sorted(lines_of(":odd :under :even .")), removed=[])
    assert "absence" in caught.value.remedy


# Random changes of the content of this repository.


@cache
def content() -> frozenset[str]:
    """The axioms that rules and checks read, and some of the data."""
    found: list[str] = []
    content = open_content(ROOT)
    kept = 0
    for file in content.rdf_files():
        quads, _ = read_quads(content.read_text(file.path), name=content.name(file.path), graph=file.graph)
        for quad in skolemize(quads, name=content.name(file.path), base=BASE):
            name = quad.predicate.value.rsplit("#", 1)[-1].rsplit("/", 1)[-1]
            schema = "/ontology" in quad.graph_name.value or "/catalog" in quad.graph_name.value
            if schema and name in (*_RULE_AXIOMS, *_ABOUT):
                found.append(f"{quad} .")
            elif not schema and kept < _INSTANCES:
                kept += 1
                found.append(f"{quad} .")
    return frozenset(found)


@cache
def known() -> Mapping[str, Sequence[Quad]]:
    """Statements by what their predicate ends with."""
    found: dict[str, list[Quad]] = {}
    for line in sorted(content()):
        quad = quad_of(line)
        found.setdefault(quad[1], []).append(quad)
    return found


@st.composite
def likely(draw: st.DrawFn) -> str:
    """A statement with a property that occurs, between things that have it, or with anything."""
    those = known()[draw(st.sampled_from(sorted(known())))]
    others = known()[draw(st.sampled_from(sorted(known())))]
    subject = draw(st.sampled_from([*those, *others]))[0]
    value = draw(st.sampled_from(those))[2]
    return line_of_quad((subject, those[0][1], value, draw(st.sampled_from(GRAPHS))))


@st.composite
def axioms(draw: st.DrawFn) -> str:
    """An axiom that makes things follow; none that lets a status follow from itself."""
    names = (
        "partOf",
        "subGroupOf",
        "supports",
        "taskStatus",
        "producedBy",
        "organizedBy",
        "asOf",
        "date",
        "participant",
    )
    narrow = draw(st.sampled_from(names))
    wide = draw(st.sampled_from([*names, "status", "statusOf", "dateOf", "inferredDate", "participationIn"]))
    classes = st.sampled_from(["Group", "Workstream", "Deliverable", "Agency", "Task"])
    text = draw(
        st.sampled_from(
            [
                f"emg:{narrow} rdfs:subPropertyOf emg:{wide} .",
                f"emg:{narrow} owl:inverseOf emg:{wide} .",
                f"emg:{narrow} a owl:TransitiveProperty .",
                f"emg:{draw(classes)} rdfs:subClassOf emg:{draw(classes)} .",
            ]
        )
    )
    return lines_of(text).pop()


def loops() -> st.SearchStrategy[str]:
    node = st.sampled_from([f"<{BASE}id/x/{name}>" for name in "abc"])
    of = st.sampled_from([f"<{BASE}ontology#{name}>" for name in ("partOf", "subGroupOf", "supports", "producedBy")])
    return st.builds("{} {} {} {} .".format, node, of, node, st.sampled_from(GRAPHS))


@st.composite
def taken_out(draw: st.DrawFn) -> set[str]:
    """All statements of a thing."""
    subject = quad_of(draw(st.sampled_from(sorted(content()))))[0]
    return {line for line in content() if line.startswith(f"{subject} ")}


def changes() -> st.SearchStrategy[tuple[set[str], set[str]]]:
    return st.tuples(
        st.sets(st.one_of(likely(), loops(), axioms()), max_size=6),
        st.one_of(st.sets(st.sampled_from(sorted(content())), max_size=4), taken_out()),
    )


@settings(
    max_examples=CASES // 2,
    deadline=None,
    derandomize=CASES == USUAL_CASES,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
@given(several=st.lists(changes(), min_size=1, max_size=3))
def test_random_changes_of_the_content_are_followed_and_checked(several: Sequence[tuple[set[str], set[str]]]) -> None:
    checks = checks_of({path.stem: path.read_text() for path in OWN_CHECKS})
    assert not checks.whole
    lines, store = set(content()), Workspace()
    store.change(sorted(lines), [])
    entail(store, own_program().rules, graph=DERIVED)
    asserted, came = lines, set()
    reported = {name: set(store.solutions(text)) for name, text in checks.texts.items()}
    for added, removed in several:
        gone = (removed | set(sorted(came)[:1])) - added
        effect = entail_change(store, own_program(), added=sorted(added), removed=sorted(gone))
        asserted, came = (asserted - gone) | added, added
        assert store.canonical_nquads() == filled(asserted, own_program()).canonical_nquads()
        found = check_change(store, checks, effect)
        for name, text in checks.texts.items():
            after = set(store.solutions(text))
            assert after - reported[name] <= found.rows.get(name, set()) <= after
            reported[name] = after
