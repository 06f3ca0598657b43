"""What a SPARQL constraint reads: each triple pattern of its query, joined back to the focus node.

A variable is known where a required pattern binds it that is itself joined to `$this`. A pattern is read from a known
end: from its subject where that is known, else from its object, and of several objects from the one that the query
names first. A pattern without a known end would be read from all over the graph: its query is not bounded.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from rdflib import BNode, URIRef, Variable
from rdflib.paths import Path
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.parserutils import CompValue
from rdflib.term import Node

from kg.validation.footprint import Places, Unbounded, Walk

Known: TypeAlias = Mapping[Node, Places]
"""The places at which the terms of a variable stand; a blank node of a query is a variable."""

_THIS: Final = Variable("this")
_ONE_INPUT: Final = frozenset({"Project", "Distinct", "Reduced", "OrderBy", "AggregateJoin", "Group"})
_VARIABLE: Final = re.compile(r"[?$](\w+)")


@dataclass
class _Group:
    """The parts of a group graph pattern that must all hold, and what hangs on them."""

    triples: list[tuple[Node, Node | Path, Node]] = field(default_factory=list)
    unions: list[CompValue] = field(default_factory=list)
    dependent: list[tuple[CompValue, frozenset[Node]]] = field(default_factory=list)
    """Patterns of OPTIONAL and EXISTS, each with the variables that its surroundings always bind."""


def walk_select(walk: Walk, text: str, focus: Places) -> None:
    """Draws what a SELECT query reads with `$this` at the given places.

    Source: SHACL §5 (SPARQL-based constraints), SPARQL 1.1 §18.2 (translation to the algebra).

    Raises:
        Unbounded: a pattern is not joined to `$this`, or the query has a form whose reads are not known.
    """
    named = [Variable(name) for name in _VARIABLE.findall(text)]
    _Reader(walk, named).read(prepareQuery(text).algebra.p, {_THIS: focus})


class _Reader:
    """Draws the patterns of one query."""

    def __init__(self, walk: Walk, named: list[Variable]) -> None:
        self._walk: Final = walk
        self._rank: Final[Mapping[Node, int]] = {variable: -rank for rank, variable in enumerate(reversed(named))}

    def read(self, pattern: CompValue, known: Known) -> Known:
        """Draws a pattern; gives the variables that are known after it."""
        group = _Group()
        _collect(pattern, group)
        known = self._read_required(group, dict(known))
        for part, bound in group.dependent:
            self.read(part, {variable: known[variable] for variable in (bound | {_THIS}) & known.keys()})
        return known

    def _read_required(self, group: _Group, known: dict[Node, Places]) -> Known:
        triples, unions = list(group.triples), list(group.unions)
        while triples or unions:
            triple = self._next(triples, known)
            if triple:
                triples.remove(triple)
                self._read_triple(triple, known)
            elif unions:
                known.update(self._read_union(unions.pop(0), known))
            else:
                raise Unbounded(f"a pattern is not joined to $this: {_text(triples[0])}")
        return known

    def _next(
        self, triples: list[tuple[Node, Node | Path, Node]], known: Known
    ) -> tuple[Node, Node | Path, Node] | None:
        forwards = [triple for triple in triples if triple[0] in known]
        backwards = [triple for triple in triples if triple[2] in known]
        backwards.sort(key=lambda triple: self._rank.get(triple[2], 0))
        return next(iter(forwards + backwards), None)

    def _read_triple(self, triple: tuple[Node, Node | Path, Node], known: dict[Node, Places]) -> None:
        subject, predicate, value = triple
        inverse = subject not in known
        near, far = (value, subject) if inverse else (subject, value)
        if isinstance(predicate, URIRef | Path):
            ends = self._walk.along(predicate, known[near], inverse=inverse)
        else:
            ends = self._walk.over(None, known[near], inverse=inverse)
        if _is_variable(far):
            known.setdefault(far, ends)

    def _read_union(self, union: CompValue, known: Known) -> Known:
        first, second = self.read(union.p1, known), self.read(union.p2, known)
        return {variable: first[variable] | second[variable] for variable in first.keys() & second.keys()}


def _collect(pattern: CompValue, group: _Group) -> None:
    """Sorts a pattern into a group."""
    match pattern.name:
        case "BGP":
            group.triples += pattern.triples
        case "Join":
            _collect(pattern.p1, group)
            _collect(pattern.p2, group)
        case "Union":
            group.unions.append(pattern)
        case "LeftJoin":
            _collect(pattern.p1, group)
            group.dependent.append((pattern.p2, _bound(pattern.p1)))
            group.dependent += [(part, _bound(pattern)) for part in _exists(pattern.expr)]
        case "Filter" | "Extend":
            _collect(pattern.p, group)
            group.dependent += [(part, _bound(pattern.p)) for part in _exists(pattern.expr)]
        case name if name in _ONE_INPUT:
            if any(_exists([value for key, value in pattern.items() if key != "p"])):
                raise Unbounded(f"EXISTS inside {name}")
            _collect(pattern.p, group)
        case name:
            raise Unbounded(f"what {name} reads is not known")


def _bound(pattern: CompValue) -> frozenset[Node]:
    """The variables that every solution of a pattern binds to a term of the graph."""
    match pattern.name:
        case "BGP":
            return frozenset(term for triple in pattern.triples for term in triple if _is_variable(term))
        case "Join":
            return _bound(pattern.p1) | _bound(pattern.p2)
        case "Union":
            return _bound(pattern.p1) & _bound(pattern.p2)
        case "LeftJoin":
            return _bound(pattern.p1)
        case "Filter" | "Extend":
            return _bound(pattern.p)
    return frozenset()


def _exists(expression: Any) -> Iterator[CompValue]:
    """The patterns of EXISTS and NOT EXISTS in an expression."""
    if isinstance(expression, list):
        for part in expression:
            yield from _exists(part)
    elif isinstance(expression, CompValue):
        if expression.name in ("Builtin_EXISTS", "Builtin_NOTEXISTS"):
            yield expression.graph
        else:
            yield from _exists(list(expression.values()))


def _is_variable(term: Any) -> bool:
    return isinstance(term, Variable | BNode)


def _text(triple: tuple[Node, Node | Path, Node]) -> str:
    return " ".join(term.n3() for term in triple if isinstance(term, Node | Path))
