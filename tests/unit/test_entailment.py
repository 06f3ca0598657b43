"""What follows: rules reach their end, each in a graph of its own; and what the rules of this repository say."""

from collections import defaultdict
from pathlib import Path

import pytest

from kg.entailment import Rule, describe_rules, entail, read_rule
from kg.errors import ContentError, EntailmentError
from kg.readers import read_quads
from kg.sparql import Limits
from kg.store import Snapshot, Workspace

ROOT = Path(__file__).parents[2]
BASE = "https://w3id.org/unemg/"
EMG = f"{BASE}ontology#"
ENTAILED = "https://x.example/graph/entailed"
PREFIXES = """
PREFIX : <https://x.example/>
PREFIX emg: <https://w3id.org/unemg/ontology#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""
OWN_RULES = sorted((ROOT / "ontology/rules").glob("*.rq"))


def rule(name: str, construct: str) -> Rule:
    return read_rule(Path(f"ontology/rules/{name}.rq"), f"# title: {name}\n{PREFIXES}{construct}", limits=Limits())


def workspace(facts: str) -> Workspace:
    return with_facts(Workspace(), facts)


def with_facts(target: Workspace, facts: str) -> Workspace:
    target.add(read_quads(PREFIXES + facts, name="facts.ttl", graph="https://x.example/graph/facts")[0])
    return target


def triples(store: Workspace | Snapshot, pattern: str, graph: str | None = None) -> set[tuple[str, ...]]:
    """The solutions of a pattern with `?a`, `?b` …; IRIs without the base that they share."""
    where = f"GRAPH <{graph}> {{ {pattern} }}" if graph else pattern
    rows = store.query(f"{PREFIXES} SELECT * WHERE {{ {where} }}").rows()
    return {tuple(term.value.removeprefix("https://x.example/") for term in row if term) for row in rows}


ANCESTOR = rule("ancestor", "CONSTRUCT { ?x :ancestor ?y } WHERE { ?x :parent ?y }")
OLDER = rule("older", "CONSTRUCT { ?x :ancestor ?z } WHERE { ?x :ancestor ?y . ?y :ancestor ?z }")
CHAIN = ":a :parent :b . :b :parent :c . :c :parent :d . :d :parent :e ."
PAIRS = {(first, second) for first in "abcde" for second in "abcde" if first < second}


@pytest.mark.parametrize("rules", [(ANCESTOR, OLDER), (OLDER, ANCESTOR)], ids=["in order", "the other way round"])
def test_rules_are_applied_until_nothing_new_follows(rules: tuple[Rule, ...]) -> None:
    store = workspace(CHAIN)
    added = entail(store, rules, graph=ENTAILED)
    assert triples(store, "?a :ancestor ?b") == PAIRS
    assert added == {"ancestor": 4, "older": 6}
    assert entail(store, rules, graph=ENTAILED) == {"ancestor": 0, "older": 0}


def test_each_rule_writes_to_a_graph_of_its_own() -> None:
    store = workspace(CHAIN)
    entail(store, (ANCESTOR, OLDER), graph=ENTAILED)
    nearest = {("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")}
    assert triples(store, "?a :ancestor ?b", f"{ENTAILED}/ancestor") == nearest
    assert triples(store, "?a :ancestor ?b", f"{ENTAILED}/older") == PAIRS - nearest


def test_each_graph_holds_all_that_its_rule_concludes_but_what_is_stated() -> None:
    store = workspace(f"{CHAIN} :a :ancestor :b .")
    again = rule("again", "CONSTRUCT { ?x :ancestor ?y } WHERE { ?x :parent ?y }")
    assert entail(store, (ANCESTOR, again), graph=ENTAILED) == {"ancestor": 3, "again": 3}
    expected = {("b", "c"), ("c", "d"), ("d", "e")}
    assert triples(store, "?a :ancestor ?b", f"{ENTAILED}/ancestor") == expected
    assert triples(store, "?a :ancestor ?b", f"{ENTAILED}/again") == expected


def test_the_order_of_the_rules_makes_no_difference(ontology: Workspace) -> None:
    rules = [read_rule(path, path.read_text(encoding="utf-8"), limits=Limits()) for path in OWN_RULES]
    stated = ontology.canonical_nquads().decode().splitlines()
    found = []
    for order in (rules, rules[::-1]):
        store = Workspace()
        store.change(stated, [])
        entail(store, order, graph=ENTAILED)
        found.append(store.canonical_nquads())
    assert found[0] == found[1]


def test_what_needs_an_absence_is_concluded_last() -> None:
    """`a` is first, before anything is known to come before it."""
    first = rule("a-first", "CONSTRUCT { ?x a :First } WHERE { ?x :parent ?y FILTER NOT EXISTS { ?z :ancestor ?x } }")
    store = workspace(CHAIN)
    entail(store, (first, ANCESTOR, OLDER), graph=ENTAILED)
    assert triples(store, "?a a :First") == {("a",)}


@pytest.mark.parametrize(
    "construct",
    [
        "CONSTRUCT { ?x :next [] } WHERE { ?x :parent ?y }",
        'CONSTRUCT { ?x :name ?longer } WHERE { ?x :name ?n BIND (CONCAT(?n, "I") AS ?longer) }',
    ],
    ids=["new nodes", "growing text"],
)
def test_rules_without_end_are_refused(construct: str) -> None:
    store = workspace(f'{CHAIN} :a :name "I" .')
    with pytest.raises(EntailmentError, match="still add triples after 100 rounds") as caught:
        entail(store, [rule("endless", construct)], graph=ENTAILED)
    assert "CONSTRUCT" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", "r.rq, line 1", "no title"),
        ("# title: x\n# severity: Info\nCONSTRUCT { } WHERE { }", "r.rq, line 2", "unknown key"),
        ("# title: x\nSELECT ?s WHERE { ?s ?p ?o }", "r.rq", "SELECT is no rule"),
        ("# title: x\nCONSTRUCT { ?s ?p ?o } WHERE { SERVICE <http://x/> { ?s ?p ?o } }", "r.rq", "SERVICE"),
    ],
    ids=["title", "key", "form", "service"],
)
def test_a_file_that_is_no_rule_is_named_with_a_remedy(text: str, place: str, message: str) -> None:
    with pytest.raises(ContentError, match=message) as caught:
        read_rule(Path("r.rq"), text, limits=Limits())
    assert caught.value.place == place
    assert caught.value.remedy


def test_a_rule_that_the_engine_cannot_parse_is_named_with_the_place() -> None:
    text = "# title: x\nCONSTRUCT { ?s ?p ?o }\nWHERE { ?s ex:p ?o }"
    with pytest.raises(ContentError) as caught:
        entail(Workspace(), [read_rule(Path("r.rq"), text, limits=Limits())], graph=ENTAILED)
    assert caught.value.place == "r.rq, line 3, column 12"


def test_each_graph_says_which_rule_wrote_it() -> None:
    store = Workspace()
    store.add_ntriples(describe_rules([ANCESTOR], graph=ENTAILED), "https://x.example/graph/catalog")
    assert triples(store, "?a <http://purl.org/dc/terms/title> ?b ; <http://purl.org/dc/terms/isPartOf> ?c") == {
        ("graph/entailed/ancestor", "ancestor", "graph/entailed")
    }


# The rules of this repository, on facts that are written here.


@pytest.fixture
def ontology() -> Workspace:
    store = Workspace()
    for path in [ROOT / "ontology/emg.ttl", *(ROOT / "ontology/vocabularies").glob("*.ttl")]:
        store.add(read_quads(path.read_text(encoding="utf-8"), name=path.name, graph=f"{BASE}graph/ontology")[0])
    return store


def follows(ontology: Workspace, facts: str) -> Workspace:
    store = with_facts(ontology, facts)
    entail(
        store,
        [read_rule(path, path.read_text(encoding="utf-8"), limits=Limits()) for path in OWN_RULES],
        graph=ENTAILED,
    )
    return store


def test_relations_are_read_in_the_other_direction_too(ontology: Workspace) -> None:
    store = follows(ontology, ":report emg:producedBy :group . :panel emg:organizes :talk .")
    assert triples(store, "?a emg:produces ?b") == {("group", "report")}
    assert triples(store, "?a emg:organizedBy ?b") == {("talk", "panel")}


def test_parts_of_parts_are_parts_and_nothing_is_part_of_itself(ontology: Workspace) -> None:
    store = follows(
        ontology, ":line emg:partOf :table . :table emg:partOf :report . :x emg:partOf :y . :y emg:partOf :x ."
    )
    assert triples(store, "?a emg:hasPart ?b") >= {("report", "line"), ("report", "table"), ("table", "line")}
    assert not triples(store, "?a emg:partOf ?a")


def test_the_current_status_is_the_latest_of_its_kind(ontology: Workspace) -> None:
    store = follows(
        ontology,
        """
        :s1 emg:statusOf :task ; emg:asOf "2021-09-30"^^xsd:date ; emg:taskStatus :planned .
        :s2 emg:statusOf :task ; emg:asOf "2022-05-18"^^xsd:date ; emg:taskStatus :ongoing .
        :s3 emg:statusOf :task ; emg:asOf "2022-01-01"^^xsd:date ; emg:taskStatus :delayed .
        :s4 emg:statusOf :task ; emg:asOf "2020-01-01"^^xsd:date ; emg:groupState :open .
        :s5 emg:statusOf :other ; emg:asOf "2019-01-01"^^xsd:date ; emg:taskStatus :done .
        """,
    )
    assert triples(store, "?a emg:currentStatus ?b") == {("task", "ongoing"), ("task", "open"), ("other", "done")}


def test_support_passes_from_a_group_to_what_it_or_a_group_inside_it_produces_only(ontology: Workspace) -> None:
    store = follows(
        ontology,
        """
        :outer a emg:Workstream ; emg:supports :strategy .
        :inner a emg:WorkingGroup ; emg:subGroupOf :middle . :middle a emg:WorkingGroup ; emg:subGroupOf :outer .
        :agency a emg:Agency ; emg:supports :strategy .
        :of-outer a emg:Deliverable ; emg:producedBy :outer .
        :of-inner a emg:Deliverable ; emg:producedBy :inner .
        :of-agency a emg:Deliverable ; emg:producedBy :agency .
        :about-outer a emg:Deliverable ; emg:pertainsTo :outer .
        :talk a emg:Event ; emg:organizedBy :outer .
        :part emg:partOf :of-outer .
        """,
    )
    assert triples(store, "?a emg:indirectlySupports ?b") == {("of-outer", "strategy"), ("of-inner", "strategy")}
    assert triples(store, "?a emg:supports ?b") == {("outer", "strategy"), ("agency", "strategy")}


def test_a_thing_is_also_what_its_class_specialises(ontology: Workspace) -> None:
    store = follows(ontology, ":group a emg:IssueManagementGroup .")
    kinds = {kind for (kind,) in triples(store, ":group a ?kind")}
    assert {f"{EMG}Workstream", f"{EMG}Group"} <= kinds
    assert f"{EMG}Deliverable" not in kinds


@pytest.mark.parametrize(
    ("date", "earliest", "latest"),
    [
        ('"2024-02"^^xsd:gYearMonth', "2024-02-01", "2024-02-29"),
        ('"2022"^^xsd:gYear', "2022-01-01", "2022-12-31"),
        ('"2022-05-18"^^xsd:date', "2022-05-18", "2022-05-18"),
        ('"2022-24"^^<http://id.loc.gov/datatypes/edtf/EDTF>', "2022-12-01", "2023-02-28"),
        ('"2022-12"^^xsd:gYearMonth', "2022-12-01", "2022-12-31"),
    ],
    ids=["month", "year", "day", "winter", "december"],
)
def test_a_date_has_a_first_and_a_last_day(ontology: Workspace, date: str, earliest: str, latest: str) -> None:
    store = follows(ontology, f":d emg:date {date} .")
    assert triples(store, ":d emg:earliest ?a ; emg:latest ?b") == {(earliest, latest)}


# The rules of this repository, on its content.


def test_every_rule_has_a_graph_that_holds_nothing_that_is_stated(built: Snapshot) -> None:
    entailed = f'GRAPH ?g {{ ?s ?p ?o }} FILTER (STRSTARTS(STR(?g), "{BASE}graph/entailed/"))'
    graphs = {graph for (graph,) in triples(built, f"SELECT DISTINCT ?g {{ {entailed} }}")}
    assert graphs == {f"{BASE}graph/entailed/{path.stem}" for path in OWN_RULES}
    stated = f'GRAPH ?h {{ ?s ?p ?o }} FILTER (!STRSTARTS(STR(?h), "{BASE}graph/entailed/"))'
    assert not triples(built, f"{entailed} {stated}")
    assert triples(built, stated)


def test_indirect_support_is_exactly_what_the_producers_lead_to(built: Snapshot) -> None:
    stated = f'FILTER (!STRSTARTS(STR(?g), "{BASE}graph/entailed/") && ?g != <{BASE}graph/external>)'

    def pairs(relation: str) -> set[tuple[str, ...]]:
        return {(a, b) for a, b, _ in triples(built, f"GRAPH ?g {{ ?a emg:{relation} ?b }} {stated}")}

    around = defaultdict(set)
    for inner, outer in pairs("subGroupOf"):
        around[inner].add(outer)
    supports = defaultdict(set)
    for supporter, framework in pairs("supports"):
        supports[supporter].add(framework)
    groups = {group for (group,) in triples(built, "?group a emg:Group")}
    expected = set()
    for product, producer in pairs("producedBy"):
        reached, waiting = set(), {producer} & groups
        while waiting:
            group = waiting.pop()
            reached.add(group)
            waiting |= around[group] - reached
        expected |= {(product, framework) for group in reached for framework in supports[group]}
    assert triples(built, "?a emg:indirectlySupports ?b") == expected
    assert (f"{BASE}id/deliverable/bio-mr-framework", f"{BASE}id/framework/post2020-gbf") in expected


def test_each_thing_with_a_status_has_the_latest_as_its_current_one(built: Snapshot) -> None:
    latest: dict[tuple[str, str], tuple[str, set[str]]] = {}
    pattern = "?property rdfs:subPropertyOf emg:status . ?x emg:statusOf ?thing ; emg:asOf ?day ; ?property ?status"
    for row in built.query(f"{PREFIXES} SELECT ?thing ?property ?day ?status WHERE {{ {pattern} }}").rows():
        thing, kind, day, status = (term.value for term in row if term)
        newest, statuses = latest.get((thing, kind), (day, set()))
        if day > newest:
            newest, statuses = day, set()
        if day == newest:
            latest[thing, kind] = (newest, statuses | {status})
    expected = {(thing, status) for (thing, _), (_, statuses) in latest.items() for status in statuses}
    assert triples(built, "?a emg:currentStatus ?b") == expected
    assert len(expected) > 100
