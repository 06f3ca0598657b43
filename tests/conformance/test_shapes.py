"""Every constraint has a failing example, whose report is compared in full; every class has a shape."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from rdflib import RDF, RDFS, BNode, Graph, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.namespace import OWL, SH, SKOS
from rdflib.term import Node

from kg.validation import Report, Result, Shapes, load_shapes, report_of, validate

ROOT = Path(__file__).parents[2]
EMG = Namespace("https://w3id.org/unemg/ontology#")
CONFORMING = ROOT / "tests/shapes/conforming.ttl"
EXAMPLES = sorted(path for path in CONFORMING.parent.glob("*.ttl") if path != CONFORMING)

# Source: SHACL §4, the component that each parameter belongs to.
COMPONENTS = {
    SH["class"]: "ClassConstraintComponent",
    SH.datatype: "DatatypeConstraintComponent",
    SH.disjoint: "DisjointConstraintComponent",
    SH.hasValue: "HasValueConstraintComponent",
    SH.lessThan: "LessThanConstraintComponent",
    SH.lessThanOrEquals: "LessThanOrEqualsConstraintComponent",
    SH.maxCount: "MaxCountConstraintComponent",
    SH.minCount: "MinCountConstraintComponent",
    SH.minInclusive: "MinInclusiveConstraintComponent",
    SH.node: "NodeConstraintComponent",
    SH.nodeKind: "NodeKindConstraintComponent",
    SH["not"]: "NotConstraintComponent",
    SH["or"]: "OrConstraintComponent",
    SH.pattern: "PatternConstraintComponent",
    SH.sparql: "SPARQLConstraintComponent",
    SH.uniqueLang: "UniqueLangConstraintComponent",
    SH.xone: "XoneConstraintComponent",
}
NO_CONSTRAINT = {
    RDF.type,
    RDFS.label,
    SH.declare,
    SH.message,
    SH.path,
    SH.property,
    SH.severity,
    SH.targetClass,
    SH.targetSubjectsOf,
}


@cache
def shapes() -> Shapes:
    return load_shapes((path.name, path.read_text(encoding="utf-8")) for path in sorted(ROOT.glob("shapes/*.ttl")))


@cache
def ontology() -> Graph:
    return Graph().parse(ROOT / "ontology/emg.ttl")


@cache
def conforming() -> Graph:
    """One complete thing of each class."""
    return Graph().parse(CONFORMING)


@cache
def subclasses() -> Graph:
    graph = Graph()
    for triple in ontology().triples((None, RDFS.subClassOf, None)):
        graph.add(triple)
    return graph


@cache
def ntriples(graph: Graph) -> str:
    return graph.serialize(format="nt")


def judge(*graphs: Graph) -> Report:
    """The report on graphs put together, with what is a subclass of what."""
    return validate("".join(map(ntriples, (subclasses(), *graphs))).encode(), shapes())


@cache
def split(path: Path) -> tuple[Graph, Report]:
    """The data of an example, and the report that it expects."""
    graph = Graph().parse(path)
    [report] = graph.subjects(RDF.type, SH.ValidationReport)
    results = [expected(graph, node) for node in graph.objects(report, SH.result)]
    conforms = graph.value(report, SH.conforms)
    assert conforms is not None
    assert report_of(results).conforms == conforms.toPython()
    data = Graph()
    about = described(graph, report)
    for triple in graph:
        if triple[0] not in about:
            data.add(triple)
    return data, report_of(results)


def described(graph: Graph, node: Node) -> set[Node]:
    found = {node}
    for value in graph.objects(node, None):
        if isinstance(value, BNode):
            found |= described(graph, value)
    return found


def expected(graph: Graph, node: Node) -> Result:
    def text(predicate: URIRef) -> str:
        return str(graph.value(node, predicate) or "")

    return Result(
        severity=text(SH.resultSeverity).removeprefix(str(SH)),
        focus=text(SH.focusNode),
        path=path_text(graph, graph.value(node, SH.resultPath)),
        value=text(SH.value),
        message=text(SH.resultMessage),
        shape=text(SH.sourceShape),
        component=text(SH.sourceConstraintComponent).removeprefix(str(SH)),
    )


def path_text(graph: Graph, path: Node | None) -> str:
    if not isinstance(path, BNode):
        return str(path or "")
    inverse = graph.value(path, SH.inversePath)
    if inverse:
        return f"^<{inverse}>"
    alternatives = graph.value(path, SH.alternativePath)
    assert alternatives is not None
    return " | ".join(f"<{step}>" for step in Collection(graph, alternatives))


def constraints() -> Iterator[tuple[str, str]]:
    """Each named shape with each component that it uses."""
    graph = shapes().graph
    for shape in graph.subjects(RDF.type, None):
        if not isinstance(shape, URIRef) or (shape, RDF.type, OWL.Ontology) in graph:
            continue
        for predicate in set(graph.predicates(shape)) - NO_CONSTRAINT:
            yield str(shape), COMPONENTS[predicate]


def test_examples_are_collected() -> None:
    assert len(EXAMPLES) > 150


def test_one_complete_thing_of_each_class_conforms() -> None:
    data = conforming()
    assert judge(data) == Report(())
    classes = set(ontology().subjects(RDF.type, OWL.Class))
    narrowest = classes - set(ontology().objects(None, RDFS.subClassOf))
    missing = {cls for cls in narrowest if (None, RDF.type, cls) not in data}
    assert not {cls for cls in missing if isinstance(cls, URIRef)}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_failing_example_gives_the_full_report(path: Path) -> None:
    data, report = split(path)
    assert report.results
    assert judge(conforming(), data) == report


def test_every_constraint_has_a_failing_example() -> None:
    shown = {(result.shape, result.component) for path in EXAMPLES for result in split(path)[1].results}
    assert set(constraints()) <= shown


def test_every_class_has_a_shape() -> None:
    named = {cls for cls in ontology().subjects(RDF.type, OWL.Class) if isinstance(cls, URIRef)}
    assert named
    assert {cls for cls in named if (None, SH.targetClass, cls) not in shapes().graph} == set()


def test_every_property_whose_values_are_concepts_has_a_closed_list() -> None:
    graph = shapes().graph
    above = {EMG.status, EMG.currentStatus}
    listed = set(ontology().subjects(RDFS.range, SKOS.Concept)) - above
    closed = {graph.value(shape, SH.path) for shape in graph.subjects(SH.node, None)}
    assert listed
    assert listed - closed == set()
