"""The verdict on a change: pySHACL judges what the change can affect, on as much of the graph as that reads.

A verdict at a focus node depends on the footprint of the constraint there. So it can differ from the last one only
where a footprint has changed. The first changed triple that is met in following it comes after triples that have not
changed, so it is found from there: from each changed triple, added or removed, the footprints are walked back in the
new state to their focus nodes. Those are judged on a small graph that holds their footprints.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from rdflib.term import Node

from kg.validation.report import Report
from kg.validation.state import State, Triple, Triples
from kg.validation.units import CompiledShapes, Unit, Watch
from kg.validation.verdict import ParsedOnceGraph
from kg.validation.whole import report_on, validate_all

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
        return validate_all(after, compiled)
    return _judge(_affected(added | removed, after, compiled), after, compiled)


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
    small = ParsedOnceGraph(compiled.shapes.parsed)
    for unit, nodes in affected.items():
        for focus in nodes:
            for triple in unit.footprint.read(state, focus):
                small.add(triple)
    return report_on(affected, small, compiled)
