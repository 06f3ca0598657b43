"""Rules made ready to be applied, and what one of them concludes from some premises."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kg.entailment.evaluation import all_solutions, shared, solutions
from kg.entailment.premises import LivePremises
from kg.entailment.rules import Rule, not_a_rule, strata
from kg.errors import QueryError
from kg.sparql.bodies import Disjuncts
from kg.sparql.deltas import REQUIRED, Index, Narrowed, Rows, Trigger, index_of, rows_of
from kg.sparql.patterns import Pattern, Quad, Triple

Conclusion = tuple[int, Triple]
"""The number of a rule, and what it concludes."""


@dataclass(frozen=True)
class Program:
    """Rules in their order, with what a change of their premises can do."""

    rules: tuple[Rule, ...]
    derived: str
    """The IRI below which each rule has a graph."""
    index: Index
    levels: tuple[int, ...]

    @property
    def whole(self) -> Mapping[str, str]:
        """The rules that are applied as a whole after each change, by name, with the reason."""
        return {rule.name: rule.why for rule in self.rules if rule.why}

    def graph(self, place: int) -> str:
        """The graph of a rule as a term."""
        return f"<{self.derived}/{self.rules[place].name}>"

    def is_asserted(self, graph: str) -> bool:
        """Whether a graph, whose IRI is given, is none of a rule."""
        return not graph.startswith(f"{self.derived}/")


def program_of(rules: Sequence[Rule], *, graph: str) -> Program:
    """Rules made ready; each writes to `{graph}/{its name}`.

    Raises:
        ContentError: a rule needs the absence of what follows from its own conclusions.
    """
    levels = tuple(strata(rules))
    return Program(tuple(rules), graph, index_of([rule.parts for rule in rules]), levels)


def conclusions_of(premises: LivePremises, rule: Rule) -> set[Triple]:
    """All that a rule concludes now.

    Raises:
        ContentError: the rule is not SPARQL, or the engine cannot evaluate it.
    """
    try:
        return {(subject, predicate, value) for subject, predicate, value in premises.solutions(rule.text)}
    except QueryError as error:
        raise not_a_rule(rule.path, error) from error


def stored(premises: LivePremises, program: Program, place: int) -> set[Triple]:
    """All that is in the graph of a rule."""
    rows = premises.solutions(f"SELECT ?s ?p ?o WHERE {{ GRAPH {program.graph(place)} {{ ?s ?p ?o }} }}")
    return {(subject, predicate, value) for subject, predicate, value in rows}


def concluded(
    premises: LivePremises, program: Program, quads: Iterable[Quad], places: Container[int]
) -> Iterator[Conclusion]:
    """What some rules conclude with the help of triples that are there now."""
    for trigger, those in program.index.fired(quads):
        if trigger.owner not in places:
            continue
        if trigger.kind == REQUIRED:
            shown = sorted(_variables(program, trigger.owner))
            for narrowed in trigger.narrowed(those):
                rows = solutions(premises, narrowed, trigger.body, shown)
                yield from _instances(program, trigger.owner, rows)
        elif trigger.gives:
            yield from concluded_where(premises, program, trigger, shared(premises, trigger, those))


def concluded_where(premises: LivePremises, program: Program, trigger: Trigger, seeds: Rows) -> Iterator[Conclusion]:
    """What follows where a test or an option may have another outcome than before."""
    if seeds:
        shown = sorted(_variables(program, trigger.owner))
        yield from _instances(program, trigger.owner, all_solutions(premises, trigger.body, seeds, shown))


def changed_where(
    premises: LivePremises, program: Program, quads: Iterable[Quad], places: Container[int] | None = None
) -> Iterator[tuple[Trigger, Rows]]:
    """The tests and options of some rules, or of all, that have another outcome when quads come or go, and where."""
    for trigger, those in program.index.fired(quads):
        if trigger.takes and (places is None or trigger.owner in places):
            seeds = shared(premises, trigger, those)
            if seeds:
                yield trigger, seeds


def resting_on(premises: LivePremises, program: Program, quads: Iterable[Quad]) -> Iterator[Triple]:
    """What is in the graphs of rules and may rest on quads that are there now."""
    for trigger, those in program.index.fired(quads):
        if trigger.kind == REQUIRED:
            for narrowed in trigger.narrowed(those):
                yield from _stored_where(premises, program, trigger, narrowed)
        elif trigger.gives:
            seeds = shared(premises, trigger, those)
            yield from _stored_where(premises, program, trigger, Narrowed(seeds, trigger.body.patterns))


def denied_by(
    premises: LivePremises, program: Program, quads: Iterable[Quad], places: Container[int] | None = None
) -> Iterator[Triple]:
    """What is in the graphs of some rules, or of all, and may not follow any more because quads are there now."""
    for trigger, seeds in changed_where(premises, program, quads, places):
        body, narrowed = trigger.body, Narrowed(seeds, trigger.body.patterns)
        for head, rows in _stored_rows(premises, program, trigger, narrowed, also=body.matched):
            # What held before and does not now has other values, or none, where its patterns match as before.
            holds = all_solutions(premises, body, rows.of(sorted(body.matched)), rows.variables) if rows else rows
            yield from _triples(head, Rows(rows.variables, tuple(set(rows.rows) - set(holds.rows))))


def rederived(
    premises: LivePremises, program: Program, triples: Iterable[Triple], places: Container[int]
) -> Iterator[Conclusion]:
    """Which of some rules conclude which of the triples now."""
    wanted = set(triples)
    for place, rule in enumerate(program.rules):
        if not rule.parts or place not in places:
            continue
        for head in rule.parts.head:
            asked = _asked(head, wanted)
            for body in rule.parts.bodies if asked else ():
                seeds = rows_of(*_known(body.matched, asked))
                rows = all_solutions(premises, body, seeds, sorted(_variables(program, place)))
                yield from (each for each in _instances(program, place, rows) if each[1] in wanted)


def _asked(head: Triple, triples: Iterable[Triple]) -> list[dict[str, str]]:
    pattern = Pattern(*head)
    matches = (pattern.bindings((*triple, "")) for triple in triples)
    return [match for match in matches if match is not None]


def _known(matched: frozenset[str], asked: Sequence[Mapping[str, str]]) -> tuple[list[str], Iterator[tuple[str, ...]]]:
    names = sorted(matched & asked[0].keys())
    return names, (tuple(match[name] for name in names) for match in asked)


def _stored_where(premises: LivePremises, program: Program, trigger: Trigger, narrowed: Narrowed) -> Iterator[Triple]:
    for head, rows in _stored_rows(premises, program, trigger, narrowed):
        yield from _triples(head, rows)


def _stored_rows(
    premises: LivePremises,
    program: Program,
    trigger: Trigger,
    narrowed: Narrowed,
    *,
    also: frozenset[str] = frozenset(),
) -> Iterator[tuple[Triple, Rows]]:
    """What is in the graph of a rule where its patterns match, whatever its clauses and tests say.

    For each triple that the rule makes the values of its variables, and of others.
    """
    body = replace(trigger.body, clauses=(), tests=())
    for head in _parts(program, trigger.owner).head:
        there = Pattern(*head, graph=program.graph(trigger.owner))
        shown = sorted(there.variables | also)
        # Apart from each other, for the engine might read the patterns from the far side of the conclusion.
        matched = solutions(premises, narrowed, body, sorted({*shown} & body.matched))
        yield head, solutions(premises, Narrowed(matched, (there,)), body, shown)


def _triples(head: Triple, rows: Rows) -> Iterator[Triple]:
    for row in rows.rows:
        yield _instance(head, dict(zip(rows.variables, row, strict=True)))


def _instances(program: Program, place: int, rows: Rows) -> Iterator[Conclusion]:
    for row in rows.rows:
        values = dict(zip(rows.variables, row, strict=True))
        for head in _parts(program, place).head:
            subject, predicate, value = _instance(head, values)
            if subject[:1] in ("<", "_") and predicate[:1] == "<" and value:
                yield place, (subject, predicate, value)


def _instance(head: Triple, values: Mapping[str, str]) -> Triple:
    subject, predicate, value = (values.get(term, "") if term.startswith("?") else term for term in head)
    return subject, predicate, value


def _variables(program: Program, place: int) -> frozenset[str]:
    return frozenset(term for head in _parts(program, place).head for term in head if term.startswith("?"))


def _parts(program: Program, place: int) -> Disjuncts:
    return program.rules[place].parts or Disjuncts(())
