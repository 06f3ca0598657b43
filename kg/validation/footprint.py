"""What a constraint reads, as steps from its focus node: forwards to judge it, backwards to find who is affected.

A footprint is an automaton. Its places stand for sets of terms, place 0 for the focus node; a step leads from a term at
one place, over the triples with its predicate, to the terms at another place. A triple outside the footprint of a
constraint at a focus node cannot change what the constraint says there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Final, TypeAlias

from rdflib import Graph, URIRef
from rdflib.collection import Collection
from rdflib.namespace import RDF, SH
from rdflib.paths import AlternativePath, InvPath, MulPath, NegatedPath, Path, SequencePath
from rdflib.term import Node

from kg.validation.state import State, Triple

FOCUS: Final = 0
Places: TypeAlias = frozenset[int]
AT_FOCUS: Final[Places] = frozenset({FOCUS})
_TIMES: Final[Mapping[Node, str]] = {SH.zeroOrMorePath: "*", SH.oneOrMorePath: "+", SH.zeroOrOnePath: "?"}


class Unbounded(Exception):
    """What is read cannot be told from the focus node; says why."""


@dataclass(frozen=True)
class Step:
    """From each term at one place over a predicate (None: over any) to terms at another place."""

    source: int
    predicate: Node | None
    inverse: bool
    target: int

    def near(self, triple: Triple) -> Node:
        """The end of a triple that the step comes from."""
        return triple[2] if self.inverse else triple[0]

    def far(self, triple: Triple) -> Node:
        """The end of a triple that the step leads to."""
        return triple[0] if self.inverse else triple[2]

    def onwards(self, state: State, term: Node) -> tuple[Triple, ...]:
        """The triples that the step reads, coming from a term."""
        if self.inverse:
            return state.matching(None, self.predicate, term)
        return state.matching(term, self.predicate, None)

    def backwards(self, state: State, term: Node) -> tuple[Triple, ...]:
        """The triples over which the step leads to a term."""
        if self.inverse:
            return state.matching(term, self.predicate, None)
        return state.matching(None, self.predicate, term)


@dataclass(frozen=True)
class Footprint:
    """The steps of one constraint, or of the targets of one shape."""

    steps: frozenset[Step]

    @cached_property
    def _from(self) -> Mapping[int, list[Step]]:
        return _grouped(self.steps, lambda step: step.source)

    @cached_property
    def _to(self) -> Mapping[int, list[Step]]:
        return _grouped(self.steps, lambda step: step.target)

    def read(self, state: State, focus: Node) -> Iterator[Triple]:
        """The triples that are read of a state to judge a focus node; some of them more than once."""
        for place, term in _reached([(FOCUS, focus)], lambda place, term: self._onwards(state, place, term)):
            for step in self._from.get(place, ()):
                yield from step.onwards(state, term)

    def origins(self, state: State, terms: Iterable[tuple[int, Node]]) -> Iterator[Node]:
        """The focus nodes from which one of the terms is reached at its place."""
        for place, term in _reached(terms, lambda place, term: self._backwards(state, place, term)):
            if place == FOCUS:
                yield term

    def _onwards(self, state: State, place: int, term: Node) -> Iterator[tuple[int, Node]]:
        for step in self._from.get(place, ()):
            if step.target in self._from:
                for triple in step.onwards(state, term):
                    yield step.target, step.far(triple)

    def _backwards(self, state: State, place: int, term: Node) -> Iterator[tuple[int, Node]]:
        for step in self._to.get(place, ()):
            for triple in step.backwards(state, term):
                yield step.source, step.near(triple)


class Walk:
    """Draws a footprint: each call adds steps and gives the places that they lead to."""

    def __init__(self) -> None:
        self._steps: Final[set[Step]] = set()
        self._places: Final = count(FOCUS + 1)

    @property
    def footprint(self) -> Footprint:
        """What has been drawn so far."""
        return Footprint(frozenset(self._steps))

    def along(self, path: Node | Path, start: Places, *, inverse: bool = False) -> Places:
        """The places at the end of a path.

        Raises:
            Unbounded: the path has a form whose reads are not known.
        """
        match path:
            case URIRef():
                return self.over(path, start, inverse=inverse)
            case InvPath():
                return self.along(path.arg, start, inverse=not inverse)
            case SequencePath():
                for part in reversed(path.args) if inverse else path.args:
                    start = self.along(part, start, inverse=inverse)
                return start
            case AlternativePath():
                return frozenset[int]().union(*(self.along(part, start, inverse=inverse) for part in path.args))
            case MulPath():
                ends = self._repeatedly(path, start, inverse=inverse)
                return ends | start if path.zero else ends
            case NegatedPath() if all(isinstance(part, URIRef) for part in path.args):
                return self.over(None, start, inverse=inverse)
        raise Unbounded(f"the path {path} is not understood")

    def over(self, predicate: Node | None, start: Places, *, inverse: bool = False) -> Places:
        """The place at the end of one step; over any predicate where none is given."""
        end = next(self._places)
        self._steps.update(Step(place, predicate, inverse, end) for place in start)
        return frozenset({end})

    def _repeatedly(self, path: MulPath, start: Places, *, inverse: bool) -> Places:
        if not path.more:
            return self.along(path.path, start, inverse=inverse)
        again = next(self._places)
        ends = self.along(path.path, frozenset({again}), inverse=inverse)
        skips = again in ends
        ends -= {again}
        firsts = [step for step in self._steps if step.source == again]
        self._steps.difference_update(firsts)
        for place in start | ends:
            self._steps.update(Step(place, step.predicate, step.inverse, step.target) for step in firsts)
        return ends | start if skips else ends


def path_of(shapes: Graph, node: Node, *, inverse: bool = False) -> Node | Path:
    """A SHACL path as pySHACL follows it: an inverse goes into a sequence without turning it round.

    Source: SHACL §2.3.1 (property paths).

    Raises:
        Unbounded: the node is no path.
    """
    if isinstance(node, URIRef):
        return InvPath(node) if inverse else node
    if (node, RDF.first, None) in shapes:
        return _many(SequencePath, [path_of(shapes, part, inverse=inverse) for part in Collection(shapes, node)])
    for kind, part in shapes.predicate_objects(node):
        match kind:
            case SH.inversePath:
                return path_of(shapes, part, inverse=not inverse)
            case SH.alternativePath:
                parts = [path_of(shapes, member, inverse=inverse) for member in Collection(shapes, part)]
                return _many(AlternativePath, parts)
            case kind if kind in _TIMES:
                return MulPath(path_of(shapes, part, inverse=inverse), _TIMES[kind])  # type: ignore[arg-type]
    raise Unbounded(f"{node} is no property path")


def _many(kind: type[SequencePath] | type[AlternativePath], parts: list[Node | Path]) -> Path:
    return kind(*parts)  # type: ignore[arg-type]


def _grouped(steps: Iterable[Step], key: Callable[[Step], int]) -> Mapping[int, list[Step]]:
    grouped: dict[int, list[Step]] = {}
    for step in steps:
        grouped.setdefault(key(step), []).append(step)
    return grouped


def _reached(
    start: Iterable[tuple[int, Node]], neighbours: Callable[[int, Node], Iterator[tuple[int, Node]]]
) -> Iterator[tuple[int, Node]]:
    """Each term at each place that can be reached from the start, once."""
    open_ = list(start)
    seen = set(open_)
    while open_:
        place, term = open_.pop()
        yield place, term
        for neighbour in neighbours(place, term):
            if neighbour not in seen:
                seen.add(neighbour)
                open_.append(neighbour)
