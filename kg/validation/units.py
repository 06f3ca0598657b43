"""Shapes, compiled into units: what each reads, whom it judges, and which triples can change its verdict."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pyshacl.constraints import CONSTRAINT_PARAMETERS_MAP
from pyshacl.constraints.constraint_component import ConstraintComponent
from pyshacl.constraints.core.shape_based_constraints import PropertyConstraintComponent
from pyshacl.constraints.sparql.sparql_based_constraints import SPARQLBasedConstraint
from pyshacl.errors import ConstraintLoadWarning
from pyshacl.shape import Shape
from pyshacl.shapes_graph import ShapesGraph
from rdflib import Graph, URIRef
from rdflib.collection import Collection
from rdflib.namespace import RDF, RDFS, SH
from rdflib.paths import MulPath, SequencePath
from rdflib.term import Node

from kg.validation.footprint import AT_FOCUS, Footprint, Places, Step, Unbounded, Walk, path_of
from kg.validation.selects import walk_select
from kg.validation.shapes import Shapes
from kg.validation.state import State

# Source: SHACL §1.1 (a SHACL instance of a class), SPARQL 1.1 §9.1 for the path.
_ABOVE: Final = MulPath(RDFS.subClassOf, "*")
_INSTANCE: Final = SequencePath(RDF.type, _ABOVE)

# Source: SHACL §4. What the values of a parameter refer to, for the constraints that read more than the value nodes.
_OTHER_SHAPES: Final = (SH.node, SH.property, SH["not"], SH.qualifiedValueShape)
_LISTS_OF_SHAPES: Final = (SH["and"], SH["or"], SH.xone)
_OTHER_PROPERTIES: Final = (SH.equals, SH.disjoint, SH.lessThan, SH.lessThanOrEquals)


@dataclass(frozen=True)
class Targets:
    """The targets of one shape. Source: SHACL §2.1.3."""

    nodes: frozenset[Node]
    classes: frozenset[Node]
    subjects_of: frozenset[Node]
    objects_of: frozenset[Node]

    def __bool__(self) -> bool:
        return bool(self.nodes or self.classes or self.subjects_of or self.objects_of)

    @property
    def footprint(self) -> Footprint:
        """What tells that a node is a focus node."""
        walk = Walk()
        if self.classes:
            walk.along(_INSTANCE, AT_FOCUS)
        for predicate in self.subjects_of:
            walk.along(predicate, AT_FOCUS)
        for predicate in self.objects_of:
            walk.along(predicate, AT_FOCUS, inverse=True)
        return walk.footprint

    def include(self, state: State, node: Node) -> bool:
        """Whether a node is a focus node in a state."""
        return (
            node in self.nodes
            or (bool(self.classes) and not self.classes.isdisjoint(state.classes_of(node)))
            or any(state.matching(node, predicate, None) for predicate in self.subjects_of)
            or any(state.matching(None, predicate, node) for predicate in self.objects_of)
        )


@dataclass(frozen=True, eq=False)
class Unit:
    """The constraints of one shape that are judged together, at focus nodes that a shape with targets gives them."""

    shape: Shape
    components: tuple[ConstraintComponent, ...]
    footprint: Footprint
    targets: tuple[Targets, ...]


@dataclass(frozen=True, eq=False)
class Watch:
    """A footprint, and the units that a change in it concerns."""

    footprint: Footprint
    units: tuple[Unit, ...]


@dataclass(frozen=True, eq=False)
class CompiledShapes:
    """Shapes that can judge a change by itself; made by `compile_shapes`."""

    shapes: Shapes
    graph: ShapesGraph
    units: tuple[Unit, ...]
    triggers: Mapping[Node | None, tuple[tuple[Step, Watch], ...]]
    """The steps that read triples of a predicate; under None those that read triples of any."""
    unbounded: Mapping[str, str]
    """Each shape whose reads cannot be told from a focus node, and why; where there is one, all is validated."""


def compile_shapes(shapes: Shapes) -> CompiledShapes:
    """The units of all shapes that have targets."""
    graph = ShapesGraph(shapes.graph)
    judged: dict[Shape, list[Targets]] = {}
    for shape in graph.shapes:
        targets = _targets(shape)
        if targets and not shape.deactivated:
            for part in _parts(shape):
                judged.setdefault(part, []).append(targets)
    units: list[Unit] = []
    unbounded: dict[str, str] = {}
    for shape, given in judged.items():
        try:
            units.append(_unit(shape, tuple(given)))
        except Unbounded as reason:
            unbounded[shapes.name_of(shape.node)] = str(reason)
    return CompiledShapes(shapes, graph, tuple(units), _triggers(units), unbounded)


def _parts(shape: Shape) -> Iterator[Shape]:
    """The shapes that are judged at the focus nodes of a shape: itself, and for a node shape its property shapes."""
    yield shape
    if not shape.is_property_shape:
        for node in shape.objects(SH.property):
            part = shape.get_other_shape(node)
            if not part.deactivated:
                yield part


def _targets(shape: Shape) -> Targets:
    nodes, classes, implicit, objects_of, subjects_of = shape.target()
    return Targets(frozenset(nodes), frozenset([*classes, *implicit]), frozenset(subjects_of), frozenset(objects_of))


def _unit(shape: Shape, targets: tuple[Targets, ...]) -> Unit:
    walk = Walk()
    _Reader(walk).read(shape, AT_FOCUS, around=(), whole=shape.is_property_shape)
    components = [
        component
        for component in _components(shape)
        if shape.is_property_shape or not isinstance(component, PropertyConstraintComponent)
    ]
    return Unit(shape, tuple(components), walk.footprint, targets)


def _triggers(units: list[Unit]) -> Mapping[Node | None, tuple[tuple[Step, Watch], ...]]:
    by_targets: dict[Targets, list[Unit]] = {}
    for unit in units:
        for targets in unit.targets:
            by_targets.setdefault(targets, []).append(unit)
    watches = [Watch(unit.footprint, (unit,)) for unit in units]
    watches += [Watch(targets.footprint, tuple(concerned)) for targets, concerned in by_targets.items()]
    triggers: dict[Node | None, list[tuple[Step, Watch]]] = {}
    for watch in watches:
        for step in watch.footprint.steps:
            triggers.setdefault(step.predicate, []).append((step, watch))
    return {predicate: tuple(found) for predicate, found in triggers.items()}


def _components(shape: Shape) -> Iterator[ConstraintComponent]:
    """The constraint components of a shape, each once, as pySHACL evaluates them."""
    kinds = {
        CONSTRAINT_PARAMETERS_MAP[parameter]
        for parameter, _ in shape.sg.predicate_objects(shape.node)
        if parameter in CONSTRAINT_PARAMETERS_MAP
    }
    for kind in sorted(kinds, key=lambda kind: str(kind.constraint_name())):
        try:
            yield kind(shape)
        except ConstraintLoadWarning:  # a parameter that says nothing on this kind of shape
            continue


class _Reader:
    """Draws what the constraints of shapes read."""

    def __init__(self, walk: Walk) -> None:
        self._walk: Final = walk

    def read(self, shape: Shape, focus: Places, *, around: tuple[Shape, ...], whole: bool = True) -> None:
        """Draws a shape that is judged at a place; `around` are the shapes that it is judged for."""
        if shape.deactivated:
            return
        if shape in around:
            raise Unbounded("the shape refers to itself")
        if shape.find_custom_constraints():
            raise Unbounded("it has a constraint component of its own")
        values = self._walk.along(path_of(shape.sg.graph, shape.path()), focus) if shape.is_property_shape else focus
        for component in _components(shape):
            if isinstance(component, SPARQLBasedConstraint):
                self._read_selects(component, focus)
        for parameter, value in shape.sg.predicate_objects(shape.node):
            self._read_parameter(shape, parameter, value, focus=focus, values=values)
            for other in _others(shape, parameter, value):
                if whole or parameter != SH.property:
                    self.read(shape.get_other_shape(other), values, around=(*around, shape))

    def _read_parameter(self, shape: Shape, parameter: Node, value: Node, *, focus: Places, values: Places) -> None:
        if parameter == SH["class"]:
            self._walk.along(_INSTANCE, values)
        elif parameter in _OTHER_PROPERTIES:
            self._walk.along(path_of(shape.sg.graph, value), focus)
        elif parameter == SH.closed:
            self._walk.over(None, values)

    def _read_selects(self, component: SPARQLBasedConstraint, focus: Places) -> None:
        for select in component.sparql_constraints:
            if not select.deactivated:
                bindings, text = select.pre_bind_variables(URIRef("urn:x-kg:focus"))
                if "this" not in bindings:
                    raise Unbounded("its query does not name $this")
                walk_select(self._walk, select.apply_prefixes(text), focus)


def _others(shape: Shape, parameter: Node, value: Node) -> Iterator[Node]:
    """The shapes that the value of a parameter refers to."""
    if parameter in _OTHER_SHAPES:
        yield value
    elif parameter in _LISTS_OF_SHAPES:
        yield from Collection(shape.sg.graph, value)
    elif parameter == SH.qualifiedValueShapesDisjoint:
        graph: Graph = shape.sg.graph
        for parent in graph.subjects(SH.property, shape.node):
            for sibling in graph.objects(parent, SH.property):
                yield from graph.objects(sibling, SH.qualifiedValueShape)
