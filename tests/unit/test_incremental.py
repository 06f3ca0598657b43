"""The verdict on a change is that of full validation of the state after it, and costs what the change costs."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdflib import RDF, RDFS, Graph, Literal, Namespace, URIRef
from rdflib.namespace import SKOS, XSD
from rdflib.term import Node
from test_shapes import CONFORMING, EXAMPLES, ontology, shapes, split

from kg.validation import (
    CompiledShapes,
    Report,
    Triple,
    compile_shapes,
    load_shapes,
    validate,
    validate_all,
    validate_change,
)

EMG = Namespace("https://w3id.org/unemg/ontology#")
EX = Namespace("https://example.org/")
# How many random changes are tried; another number than the usual one tries others each time.
USUAL_CASES = 200
CASES = int(os.environ.get("KG_PROPERTY_CASES", USUAL_CASES))


@dataclass
class CountedReads:
    """A graph that counts how often it is read, and how much."""

    graph: Graph
    reads: int = field(default=0)
    triples_read: int = field(default=0)

    def triples(self, pattern: tuple[Node | None, Node | None, Node | None], /) -> Iterator[Triple]:
        self.reads += 1
        for triple in self.graph.triples(pattern):
            self.triples_read += 1
            yield triple


@cache
def compiled() -> CompiledShapes:
    return compile_shapes(shapes())


@cache
def conforming() -> Graph:
    """One complete thing of each class, with what is a subclass of what."""
    graph = Graph().parse(CONFORMING)
    for triple in ontology().triples((None, RDFS.subClassOf, None)):
        graph.add(triple)
    return graph


def changed(base: Graph, *, added: set[Triple], removed: set[Triple]) -> Graph:
    graph = Graph()
    for triple in (set(base) | added) - removed:
        graph.add(triple)
    return graph


def in_full(graph: Graph, against: CompiledShapes) -> Report:
    """What pySHACL reports by itself, and what judging all by units must report, too."""
    report = validate(graph.serialize(format="nt").encode(), against.shapes)
    assert validate_all(graph, against) == report
    return report


def agree(base: Graph, *, added: set[Triple], removed: set[Triple]) -> Report:
    """The report on a change to the conforming state, found to be that of full validation."""
    report = validate_change(base, added=added, removed=removed, compiled=compiled())
    assert report == in_full(changed(base, added=added, removed=removed), compiled())
    return report


def test_every_shape_is_judged_by_what_a_change_affects() -> None:
    assert dict(compiled().unbounded) == {}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_adding_a_failing_example_gives_its_full_report(path: Path) -> None:
    data, report = split(path)
    assert validate_change(conforming(), added=data, removed=(), compiled=compiled()) == report
    assert validate_all(conforming() + data, compiled()) == report


def test_taking_a_failing_example_away_leaves_nothing_wrong() -> None:
    data, _ = split(EXAMPLES[0])
    state = conforming() + data
    assert validate_change(state, added=(), removed=data, compiled=compiled()) == Report(())


@pytest.mark.parametrize("part", range(8))
def test_removing_a_triple_gives_the_full_report(part: int) -> None:
    triples = sorted(set(conforming()) - set(ontology()))[part :: 8 if CASES > USUAL_CASES else 80]
    assert triples
    wrong = [triple for triple in triples if agree(conforming(), added=set(), removed={triple}).results]
    assert wrong


def test_a_change_of_a_third_of_the_state_is_judged_with_all_of_it() -> None:
    base = Graph()
    for name in ("a", "b", "c"):
        base.add((EX[name], RDF.type, EMG.Place))
    report = validate_change(base, added=[(EX.d, RDF.type, EMG.Place)], removed=(), compiled=compiled())
    assert {result.focus for result in report.results} == {str(EX[name]) for name in "abcd"}
    assert validate_change(Graph(), added=(), removed=(), compiled=compiled()) == Report(())


# Random changes, close to what matters: known nodes, classes and properties, values of the right kind and of the wrong.


@cache
def nodes() -> list[Node]:
    named = {term for triple in conforming() for term in (triple[0], triple[2]) if isinstance(term, URIRef)}
    return [*sorted(named - classes()), EX.new, EX.other]


@cache
def classes() -> set[Node]:
    above = ontology().objects(None, RDFS.subClassOf)
    return {cls for cls in (*conforming().objects(None, RDF.type), *above) if isinstance(cls, URIRef)}


def literals() -> st.SearchStrategy[Node]:
    known = sorted({term for term in conforming().objects() if isinstance(term, Literal)}, key=lambda term: term.n3())
    odd = [
        Literal("Agency", lang="en"),
        Literal("Agency", lang="fr"),
        Literal("plain"),
        Literal(""),
        Literal(0),
        Literal("2021-01-01", datatype=XSD.date),
        Literal("2023-01-01", datatype=XSD.date),
        Literal("2022-03-28T12:00:00+02:00", datatype=XSD.dateTime),
    ]
    return st.sampled_from([*known, *odd])


@cache
def triples() -> list[Triple]:
    return sorted(conforming())


@cache
def values_of(predicate: Node) -> list[Node]:
    return sorted(conforming().objects(None, predicate))


@st.composite
def likely(draw: st.DrawFn) -> Triple:
    """A triple with a property and a value that occur together, of a subject that may have it."""
    subject, predicate, value = draw(st.sampled_from(triples()))
    values = [value, *values_of(predicate)]
    return (draw(st.sampled_from([subject, *nodes()])), predicate, draw(st.sampled_from(values)))


def additions() -> st.SearchStrategy[Triple]:
    node = st.sampled_from(nodes())
    predicate = st.sampled_from(sorted(set(conforming().predicates())))
    cls = st.sampled_from(sorted(classes()))
    loops = [EMG.subGroupOf, EMG.basedOn, EMG.updates, EMG.versionOf, EMG.partOf]
    return st.one_of(
        likely(),
        st.tuples(node, predicate, st.one_of(node, literals())),
        st.tuples(node, st.just(RDF.type), cls),
        st.tuples(cls, st.just(RDFS.subClassOf), cls),
        st.tuples(node, st.sampled_from(loops), node),
        st.tuples(node, st.sampled_from([RDFS.label, SKOS.altLabel, SKOS.prefLabel]), literals()),
    )


def removals() -> st.SearchStrategy[Triple]:
    return st.sampled_from(triples())


@st.composite
def nodes_taken_out(draw: st.DrawFn) -> set[Triple]:
    """All triples of a node, so that others refer to nothing."""
    node = draw(st.sampled_from(nodes()))
    return set(conforming().triples((node, None, None)))


@settings(
    max_examples=CASES,
    deadline=None,
    derandomize=CASES == USUAL_CASES,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
@given(
    added=st.sets(additions(), max_size=8),
    removed=st.sets(removals(), max_size=4),
    taken_out=st.one_of(st.just(set()), nodes_taken_out()),
)
def test_the_report_on_a_random_change_is_that_of_full_validation(
    added: set[Triple], removed: set[Triple], taken_out: set[Triple]
) -> None:
    agree(conforming(), added=added, removed=removed | taken_out)


def test_the_cost_of_a_change_does_not_grow_with_the_state() -> None:
    small, large = (conforming() + others(count) for count in (1_000, 20_000))
    for new in (deliverable(EX.new), concept(EX.new)):
        few, many = cost(small, new), cost(large, new)
        assert abs(many.reads - few.reads) <= 0.05 * few.reads
        assert abs(many.triples_read - few.triples_read) <= 0.05 * few.triples_read
        assert not validate_change(large, added=new[:1], removed=(), compiled=compiled()).conforms


def cost(state: Graph, new: list[Triple]) -> CountedReads:
    counted = CountedReads(state)
    assert validate_change(counted, added=new, removed=(), compiled=compiled()) == Report(())
    return counted


def others(count: int) -> Graph:
    """As many things as said, beside those that all of them refer to."""
    graph = Graph()
    for number in range(count // 4):
        node = EX[f"other-{number}"]
        for triple in (*deliverable(node), *concept(URIRef(f"{node}-1")), *concept(URIRef(f"{node}-2"))):
            graph.add(triple)
    return graph


def concept(node: URIRef) -> list[Triple]:
    return [
        (node, RDF.type, SKOS.Concept),
        (node, SKOS.prefLabel, Literal(f"concept {node}", lang="en")),
        (node, SKOS.definition, Literal("One of many.", lang="en")),
        (node, SKOS.inScheme, EX.scheme),
    ]


def deliverable(node: URIRef) -> list[Triple]:
    """A deliverable with its passage."""
    passage = URIRef(f"{node}-passage")
    return [
        (node, RDF.type, EMG.Deliverable),
        (node, RDFS.label, Literal(f"Deliverable {node}", lang="en")),
        (node, EMG.deliverableKind, EX["deliverable-kind"]),
        (node, EMG.producedBy, EX["working-group"]),
        (node, EMG.supports, EX.framework),
        (node, EMG.basedOn, EX.event),
        (node, EMG.pertainsTo, EX.body),
        (node, EMG.carriedOutIn, EX.place),
        (node, EMG.availableAt, EX.website),
        (node, EMG.statedIn, passage),
        (passage, RDF.type, EMG.Passage),
        (passage, EMG.inDocument, EX.document),
        (passage, EMG.section, Literal("I.a")),
        (passage, EMG.sentence, Literal(1)),
        (passage, EMG.line, Literal(1)),
        (passage, EMG.anchor, Literal("a phrase of the source")),
    ]


# What the shapes of this project do not use.

PREFIXES = """\
@prefix ex: <https://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<https://example.org/> sh:declare [ sh:prefix "ex" ; sh:namespace "https://example.org/"^^xsd:anyURI ] .
"""
REPORTING = 'sh:severity sh:Violation ; sh:message "Wrong; correct it."'
SHAPES = {
    "closed": "ex:S sh:targetClass ex:A ; sh:closed true ; sh:ignoredProperties ( ex:p <RDF#type> ) ; {}",
    "equals": "ex:S sh:targetSubjectsOf ex:p ; sh:property ex:P . ex:P sh:path ex:p ; sh:equals ex:q ; {}",
    "objects of": "ex:S sh:targetObjectsOf ex:p ; sh:class ex:A ; {}",
    "a node": "ex:S sh:targetNode ex:a ; sh:property ex:P . ex:P sh:path ex:p ; sh:minCount 1 ; {}",
    "a class that is a shape": """
ex:A a rdfs:Class , sh:NodeShape ; sh:property ex:P . ex:P sh:path ex:q ; sh:minCount 1 ; {}""",
    "a sequence": "ex:P sh:targetClass ex:A ; sh:path ( ex:p [ sh:inversePath ex:q ] ) ; sh:maxCount 1 ; {}",
    "the inverse of a sequence": """
ex:P sh:targetClass ex:A ; sh:path [ sh:inversePath ( ex:p ex:q ) ] ; sh:minCount 1 ; {}""",
    "a closure": "ex:P sh:targetClass ex:A ; sh:path [ sh:oneOrMorePath ( ex:p ex:q ) ] ; sh:class ex:B ; {}",
    "a closure of what may be nothing": """
ex:P sh:targetClass ex:A ; sh:path [ sh:oneOrMorePath [ sh:zeroOrOnePath ex:p ] ] ; sh:class ex:A ; {}""",
    "zero or more": """
ex:P sh:targetClass ex:A ; sh:disjoint ex:q ; {}
ex:P sh:path [ sh:zeroOrMorePath [ sh:alternativePath ( ex:p ex:q ) ] ] .""",
    "qualified values": """
ex:S sh:targetClass ex:A ; sh:property ex:P , ex:Q .
ex:P sh:path ex:p ; sh:qualifiedValueShape ex:IsA ; sh:qualifiedMinCount 1 ; sh:qualifiedValueShapesDisjoint true ; {}
ex:Q sh:path ex:q ; sh:qualifiedValueShape ex:IsB ; sh:qualifiedMaxCount 1 ; {}
ex:IsA a sh:NodeShape ; sh:nodeKind sh:IRI ; {}
ex:IsB a sh:NodeShape ; sh:property ex:HasQ . ex:HasQ sh:path [ sh:inversePath ex:q ] ; sh:minCount 1 ; {}""",
    "other shapes": """
ex:S sh:targetClass ex:A ; sh:and ( ex:T ) ; {}
ex:T a sh:NodeShape ; sh:property ex:P . ex:P sh:path ex:p ; sh:property ex:Q ; sh:not ex:U ; {}
ex:Q sh:path ex:q ; sh:maxCount 1 ; {}
ex:U a sh:NodeShape ; sh:class ex:B ; {}""",
    "SPARQL in another shape": """
ex:P sh:targetClass ex:A ; sh:path ex:p ; sh:node ex:T ; {}
ex:T a sh:NodeShape ; sh:sparql [ sh:prefixes ex: ; sh:select "SELECT $this WHERE { $this ex:q/ex:q ?x }" ] ; {}""",
    "optional": """SELECT $this ?value WHERE {
        $this ex:p ?value . OPTIONAL { ?value ex:q ?x . ?x ex:p ?y } FILTER (!BOUND(?y)) }""",
    "union": """SELECT $this ?value WHERE {
        { $this ex:p ?x } UNION { $this ^ex:q ?x } ?x ex:q ?value . FILTER EXISTS { ?value a ex:A } }""",
    "path": "SELECT $this ?value WHERE { $this (ex:p/^ex:q)+ ?value . FILTER (?value != $this) }",
    "path from its end": "SELECT $this ?value WHERE { ?value ex:p/ex:q $this }",
    "any predicate but": "SELECT $this ?value WHERE { $this !(ex:p|ex:q) ?type . ?value a ?type ; ex:p $this }",
    "count": """SELECT $this (COUNT(?x) AS ?value) WHERE {
        $this ex:p ?x . ?x ex:q $this } GROUP BY $this HAVING (COUNT(?x) > 1)""",
    "any predicate": """SELECT $this ?value WHERE {
        ?x ex:p $this ; ?any ?value . FILTER NOT EXISTS { ?value ?any ?x } }""",
}
SMALL_NODES = [EX[name] for name in "abc"]


@cache
def small_shapes(name: str) -> CompiledShapes:
    text = SHAPES[name]
    if text.startswith("SELECT"):
        text = f'ex:S sh:targetClass ex:A ; sh:sparql [ sh:prefixes <{EX}> ; sh:select """{text}""" ] ; {{}}'
    text = text.replace("RDF#", str(RDF)).replace("{}", f"{REPORTING} .")
    return compile_shapes(load_shapes([(name, PREFIXES + text)]))


def small_triples() -> st.SearchStrategy[Triple]:
    node = st.sampled_from(SMALL_NODES)
    cls = st.sampled_from([EX.A, EX.B])
    return st.one_of(
        st.tuples(node, st.just(EX.p), node),
        st.tuples(node, st.just(EX.q), node),
        st.tuples(node, st.just(RDF.type), cls),
        st.tuples(cls, st.just(RDFS.subClassOf), cls),
        st.tuples(node, st.just(EX.q), st.just(Literal("a literal"))),
    )


@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=max(80, CASES // 4), deadline=None, derandomize=CASES == USUAL_CASES, database=None)
@given(
    base=st.sets(small_triples(), min_size=5, max_size=14),
    added=st.sets(small_triples(), min_size=1, max_size=2),
    removing=st.sets(st.integers(0, 13), max_size=2),
    new=st.booleans(),
)
def test_any_kind_of_constraint_is_judged_as_in_full(
    name: str, base: set[Triple], added: set[Triple], removing: set[int], new: bool
) -> None:
    """What was wrong before and is not judged again is not in the report; everything else is."""
    against = small_shapes(name)
    assert not against.unbounded
    removed = {triple for number, triple in enumerate(sorted(base)) if number in removing} - added
    judged = {(EX.a, RDF.type, EX.A)}
    if new:
        state, added, removed = padded(base - judged), judged, set()
    else:
        state = padded(base | judged)
    before = set(in_full(state, against).results)
    after = set(in_full(changed(state, added=added, removed=removed), against).results)
    found = set(validate_change(state, added=added, removed=removed, compiled=against).results)
    assert after - before <= found <= after


def padded(base: set[Triple]) -> Graph:
    """A state that is large enough for the change to be small."""
    graph = changed(Graph(), added=base, removed=set())
    for number in range(20):
        graph.add((EX[f"n{number}"], EX.unrelated, EX[f"n{number + 1}"]))
    return graph


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT $this WHERE { $this ex:p ?x . ?y ex:q ?z }", "not joined"),
        ("SELECT $this WHERE { ?y $this ?z }", "not joined"),
        ("SELECT $this WHERE { $this ex:p ?x . FILTER NOT EXISTS { ex:a ex:q ?z } }", "not joined"),
        ("SELECT $this WHERE { $this ex:p ?x . OPTIONAL { ?x ex:q ?y } ?y ex:p ?z }", "not joined"),
        ("SELECT $this WHERE { { $this ex:p ?x } UNION { $this ex:q ?y } ?x ex:p ?z }", "not joined"),
        ("SELECT $this WHERE { $this ex:p ?x . { $this ex:q ?z OPTIONAL { ?x ex:q ?y } } }", "not joined"),
        (
            """SELECT $this WHERE { $this ex:p ?x .
            { { $this ex:p ?x } UNION { $this ex:q ?y } FILTER NOT EXISTS { ?x ex:q ?z } } }""",
            "not joined",
        ),
        ("SELECT $this ?value WHERE { $this ex:p ?value . GRAPH ?g { $this ex:q ?value } }", "Graph"),
        ("SELECT $this ?value WHERE { $this ex:p ?value } LIMIT 1", "Slice"),
        ("SELECT ?value WHERE { ?x ex:p ?value }", "does not name"),
    ],
)
def test_a_query_that_reads_from_all_over_is_named_and_judged_with_the_whole_state(query: str, reason: str) -> None:
    shape = f'ex:S sh:targetClass ex:A ; sh:sparql [ sh:prefixes <{EX}> ; sh:select """{query}""" ] ; {REPORTING} .'
    against = compile_shapes(load_shapes([("x.ttl", PREFIXES + shape)]))
    assert reason in against.unbounded[str(EX.S)]
    if reason == "not joined":
        state = padded({(EX.a, RDF.type, EX.A), (EX.a, EX.p, EX.b), (EX.b, EX.a, EX.c), (EX.d, EX.q, EX.b)})
        added = {(EX.b, EX.q, EX.c), (EX.b, EX.p, EX.c)}
        report = validate_change(state, added=added, removed=(), compiled=against)
        assert report == in_full(changed(state, added=added, removed=set()), against)


def test_a_shape_that_refers_to_itself_is_named() -> None:
    shape = f"ex:S sh:targetClass ex:A ; sh:property ex:P . ex:P sh:path ex:p ; sh:node ex:S ; {REPORTING} ."
    assert "itself" in compile_shapes(load_shapes([("x.ttl", PREFIXES + shape)])).unbounded[str(EX.P)]
