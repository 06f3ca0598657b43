"""The verdict on all of a graph: the units of the shapes, each at all its focus nodes at once.

pySHACL goes from focus node to focus node and finds the parameters of each property shape anew at every one. What it
evaluates there is the same: its own constraint components judge, and its report builder writes the report.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pyshacl.errors import ReportableRuntimeError, ValidationFailure
from pyshacl.graph_abstraction import DataGraph
from pyshacl.pytypes import SHACLExecutor
from pyshacl.validator import Validator
from rdflib import Graph
from rdflib.namespace import RDF, RDFS
from rdflib.term import Node

from kg.errors import ContentError
from kg.validation.report import Report
from kg.validation.state import Triple
from kg.validation.units import CompiledShapes, Targets, Unit
from kg.validation.verdict import ParsedOnceGraph, report_in, unconverted_literals_in_silence, validate_graph


def validate_all(triples: Iterable[Triple], compiled: CompiledShapes) -> Report:
    """What is wrong in a graph, judged by all shapes; the report of `validate`, sooner.

    The terms are taken as they are; each triple is read once. Nothing is inferred, fetched or imported. Where a shape
    has no footprint, pySHACL goes through the graph by itself.

    Raises:
        ContentError: the shapes cannot be evaluated, for instance because they nest without end.
    """
    graph = ParsedOnceGraph(compiled.shapes.parsed)
    with unconverted_literals_in_silence():
        for triple in triples:
            graph.add(triple)
        if compiled.unbounded:
            return validate_graph(graph, compiled.shapes)
        targets = {each for unit in compiled.units for each in unit.targets}
        found = {each: _focus_nodes(each, graph) for each in targets}
        judged = {unit: set[Node]().union(*(found[each] for each in unit.targets)) for unit in compiled.units}
        return report_on(judged, graph, compiled)


def report_on(judged: Mapping[Unit, Collection[Node]], graph: Graph, compiled: CompiledShapes) -> Report:
    """What the units find at the given focus nodes, in a graph that holds their footprints.

    Raises:
        ContentError: the shapes cannot be evaluated.
    """
    data = DataGraph.from_rdflib(graph)
    results = [result for unit, nodes in judged.items() if nodes for result in _evaluate(unit, nodes, data)]
    found, _ = Validator.create_validation_report(compiled.graph, not results, results)
    return report_in(found, compiled.shapes)


def _focus_nodes(targets: Targets, graph: Graph) -> set[Node]:
    """The focus nodes that targets have in a graph; a node that is named is one whether or not it is there.

    Source: SHACL §2.1.3.
    """
    found = set(targets.nodes)
    for cls in targets.classes:
        for below in graph.transitive_subjects(RDFS.subClassOf, cls):
            found.update(graph.subjects(RDF.type, below))
    for predicate in targets.subjects_of:
        found.update(graph.subjects(predicate, None))
    for predicate in targets.objects_of:
        found.update(graph.objects(None, predicate))
    return found


def _evaluate(unit: Unit, nodes: Collection[Node], data: DataGraph) -> list[tuple[Any, ...]]:
    """The results of pySHACL, as its report builder takes them."""
    values = unit.shape.value_nodes(data, list(nodes))
    executor = SHACLExecutor()
    results: list[tuple[Any, ...]] = []
    for component in unit.components:
        try:
            _, found = component.evaluate(executor, data, values, [unit.shape, component])
        except (ReportableRuntimeError, ValidationFailure) as error:
            raise ContentError(
                f"the shapes cannot be evaluated: {error}", remedy="correct the shapes", file="shapes"
            ) from error
        results += found
    return results
