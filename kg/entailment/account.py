"""The account of a change: which graphs hold what before it and now, and what it came to in the graphs of rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kg.entailment.premises import LivePremises
from kg.entailment.program import Conclusion, Program
from kg.sparql.patterns import Quad, Triple, line_of_quad


@dataclass(frozen=True)
class Effect:
    """What a change came to, in the graphs of the rules and in the merge of all graphs."""

    added: frozenset[Quad]
    """What entered the graphs of rules."""
    removed: frozenset[Quad]
    """What left them."""
    appeared: frozenset[Triple]
    """What no graph held before, and some graph does now."""
    vanished: frozenset[Triple]
    """What some graph held before, and none does now."""
    quads_added: frozenset[Quad] = frozenset()
    """What entered any graph, asserted or not."""
    quads_removed: frozenset[Quad] = frozenset()
    """What left any graph."""
    in_full: bool = False
    """Whether everything was drawn anew; then `appeared` and `vanished` are not told."""

    @property
    def added_lines(self) -> tuple[str, ...]:
        """What entered the graphs of rules, as N-Quads, ordered."""
        return tuple(sorted(map(line_of_quad, self.added)))

    @property
    def removed_lines(self) -> tuple[str, ...]:
        """What left the graphs of rules, as N-Quads, ordered."""
        return tuple(sorted(map(line_of_quad, self.removed)))


class Account:
    """Writes to the store, and keeps account of it."""

    def __init__(self, premises: LivePremises, program: Program) -> None:
        self.premises = premises
        self.program = program
        self.held: dict[Triple, frozenset[str]] = {}
        """The graphs that hold a triple now, of the triples that were looked up."""
        self._before: dict[Triple, bool] = {}
        self._net: dict[Quad, int] = {}
        """For each quad that was written 1 where it is new, -1 where it is gone, 0 where it is as before."""

    def look_up(self, triples: Iterable[Triple]) -> None:
        """Learn which graphs hold some triples."""
        unknown = [triple for triple in dict.fromkeys(triples) if triple not in self.held]
        for triple, graphs in zip(unknown, self.premises.holders(unknown) if unknown else (), strict=True):
            self.held[triple] = graphs
            self._before[triple] = bool(graphs)

    def asserted_after(self, added: Sequence[Quad], removed: Sequence[Quad]) -> dict[Triple, bool]:
        """Of the triples of a change that is not yet made, whether they will be asserted."""
        into, out = _graphs(added), _graphs(removed)
        self.look_up((*into, *out))
        return {
            triple: any(map(self.program.is_asserted, self.held[triple] - out.get(triple, set())))
            or bool(into.get(triple))
            for triple in (*into, *out)
        }

    def is_asserted(self, triple: Triple) -> bool:
        """Whether a graph that is none of a rule holds a triple that was looked up."""
        return any(map(self.program.is_asserted, self.held[triple]))

    def quads_of_rules(self, triples: Iterable[Triple]) -> list[Quad]:
        """Triples that were looked up, in the graphs of rules that hold them."""
        return [
            (*triple, f"<{graph}>")
            for triple in triples
            for graph in self.held[triple]
            if not self.program.is_asserted(graph)
        ]

    def enter(self, conclusions: Iterable[Conclusion]) -> set[Triple]:
        """Put conclusions into the graphs of their rules; returns those that no graph held."""
        found = dict.fromkeys(conclusions)
        self.look_up(triple for _, triple in found)
        quads = [(*triple, self.program.graph(place)) for place, triple in found if not self.is_asserted(triple)]
        new = [quad for quad in quads if quad[3][1:-1] not in self.held[quad[:3]]]
        fresh = {quad[:3] for quad in new if not self.held[quad[:3]]}
        self.write(new, ())
        return fresh

    def write(self, added: Sequence[Quad], removed: Sequence[Quad]) -> None:
        """Remove and add statements."""
        for quad in removed:
            self.held[quad[:3]] -= {quad[3][1:-1]}
            self._net[quad] = self._net.get(quad, 0) - 1
        for quad in added:
            self.held[quad[:3]] |= {quad[3][1:-1]}
            self._net[quad] = self._net.get(quad, 0) + 1
        if added or removed:
            self.premises.change([*map(line_of_quad, added)], [*map(line_of_quad, removed)])

    def effect(self) -> Effect:
        """What it came to."""
        now = {triple: bool(graphs) for triple, graphs in self.held.items()}
        added = frozenset(quad for quad, count in self._net.items() if count > 0)
        removed = frozenset(quad for quad, count in self._net.items() if count < 0)
        return Effect(
            added=frozenset(filter(self._is_of_a_rule, added)),
            removed=frozenset(filter(self._is_of_a_rule, removed)),
            appeared=frozenset(triple for triple in now if now[triple] and not self._before[triple]),
            vanished=frozenset(triple for triple in now if self._before[triple] and not now[triple]),
            quads_added=added,
            quads_removed=removed,
        )

    def _is_of_a_rule(self, quad: Quad) -> bool:
        return not self.program.is_asserted(quad[3][1:-1])


def merged(triples: Iterable[Triple]) -> list[Quad]:
    """Triples as they stand in the merge of all graphs."""
    return [(*triple, "") for triple in triples]


def _graphs(quads: Iterable[Quad]) -> dict[Triple, set[str]]:
    found: dict[Triple, set[str]] = {}
    for quad in quads:
        found.setdefault(quad[:3], set()).add(quad[3][1:-1])
    return found
