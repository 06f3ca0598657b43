"""The verdict on a change: pySHACL judges what the change can affect, on as much of the graph as that reads.

A verdict at a focus node depends on the footprint of the constraint there. So it can differ from the last one only
where a footprint has changed. The first changed triple that is met in following it comes after triples that have not
changed, so it is found from there: from each changed triple, added or removed, the footprints are walked back in the
new state to their focus nodes. Those are judged on a small graph that holds their footprints.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pyshacl.errors import ReportableRuntimeError, ValidationFailure
from pyshacl.graph_abstraction import DataGraph
from pyshacl.pytypes import SHACLExecutor
from pyshacl.validator import Validator
from rdflib import Graph
from rdflib.term import Node

from kg.errors import ContentError
from kg.validation.report import Report
from kg.validation.state import State, Triple, Triples
from kg.validation.units import CompiledShapes, Unit, Watch
from kg.validation.verdict import ParsedOnceGraph, report_in, validate

# A change with more triples than this part of the state is judged with the whole state.
_LARGE: Final = 3


def validate_change(
    state: Triples, *, added: Iterable[Triple], removed: Iterable[Triple], compiled: CompiledShapes
) -> Report:
    """What is wrong, after a change to a state that conforms, at the focus nodes that the change can affect.

    The terms of the change have the form in which the state holds them. A triple that is both added and removed is
    removed. The report is that of full validation where the state had nothing to report; of older warnings it has those
    that are judged again. The state is not changed.

    Raises:
        ContentError: the shapes cannot be evaluated, for instance because they nest without end.
    """
    removed = frozenset(removed)
    added = frozenset(added) - removed
    after = State(state, added=added, removed=removed)
    if compiled.unbounded or not State(state).has_more_than(_LARGE * (len(added) + len(removed))):
        return _validate_all(after, compiled)
    return _judge(_affected(added | removed, after, compiled), after, compiled)


def _validate_all(state: State, compiled: CompiledShapes) -> Report:
    graph = Graph()
    for triple in state:
        graph.add(triple)
    return validate(graph.serialize(format="nt").encode(), compiled.shapes)


def _affected(changed: Iterable[Triple], state: State, compiled: CompiledShapes) -> Mapping[Unit, set[Node]]:
    """The focus nodes, by unit, whose footprint has changed."""
    found: dict[Unit, set[Node]] = {}
    for watch, terms in _read(changed, compiled).items():
        origins = frozenset(watch.footprint.origins(state, terms))
        for unit in watch.units:
            found.setdefault(unit, set()).update(origins)
    return {
        unit: {focus for focus in nodes if any(targets.include(state, focus) for targets in unit.targets)}
        for unit, nodes in found.items()
    }


def _read(triples: Iterable[Triple], compiled: CompiledShapes) -> Mapping[Watch, set[tuple[int, Node]]]:
    """The footprints that triples may be in, each with the places and terms from which they would be read."""
    found: dict[Watch, set[tuple[int, Node]]] = {}
    for triple in triples:
        for step, watch in (*compiled.triggers.get(triple[1], ()), *compiled.triggers.get(None, ())):
            found.setdefault(watch, set()).add((step.source, step.near(triple)))
    return found


def _judge(affected: Mapping[Unit, set[Node]], state: State, compiled: CompiledShapes) -> Report:
    small = ParsedOnceGraph(compiled.parsed)
    for unit, nodes in affected.items():
        for focus in nodes:
            for triple in unit.footprint.read(state, focus):
                small.add(triple)
    data = DataGraph.from_rdflib(small)
    results = [result for unit, nodes in affected.items() for result in _evaluate(unit, nodes, data)]
    found, _ = Validator.create_validation_report(compiled.graph, not results, results)
    return report_in(found, compiled.shapes)


def _evaluate(unit: Unit, nodes: set[Node], data: DataGraph) -> list[tuple[Any, ...]]:
    """The results of pySHACL, as its report builder takes them."""
    if not nodes:
        return []
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
