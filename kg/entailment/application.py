"""Applying rules: to a whole graph, or to a change of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from kg.entailment.account import Account, Effect
from kg.entailment.incremental import follow
from kg.entailment.premises import LivePremises, Premises
from kg.entailment.program import Program, conclusions_of, program_of, stored
from kg.entailment.rules import Rule, not_a_rule
from kg.errors import EntailmentError, QueryError
from kg.sparql.patterns import Quad, quad_of

MOST_CHANGES: Final = 20_000
"""Statements in a change; what follows from a larger one is drawn anew, which costs what the size of the graph asks."""

_MOST_ROUNDS: Final = 100


def entail(premises: LivePremises, rules: Sequence[Rule], *, graph: str) -> dict[str, int]:
    """Add all that follows, and return how many triples each rule has added.

    A rule writes to `{graph}/{name of the rule}` all that it concludes and that is not asserted, so two graphs may hold
    the same triple. The order of the rules makes no difference.

    Raises:
        ContentError: a rule is not SPARQL, or the engine cannot evaluate it, or it needs the absence of what follows
            from its own conclusions.
        EntailmentError: the rules do not come to an end.
    """
    return entail_all(premises, program_of(rules, graph=graph))


def entail_all(premises: LivePremises, program: Program) -> dict[str, int]:
    """The same for rules that were made ready.

    Raises:
        ContentError, EntailmentError: as `entail` does.
    """
    added = dict.fromkeys((rule.name for rule in program.rules), 0)
    for level in sorted(set(program.levels)):
        chosen = [rule for rule, own in zip(program.rules, program.levels, strict=True) if own <= level]
        for name, count in _to_the_end(premises, chosen, graph=program.derived).items():
            added[name] += count
    effect = _without_the_unfounded(premises, program)
    for place, rule in enumerate(program.rules):
        added[rule.name] += sum(quad[3] == program.graph(place) for quad in effect.added)
        added[rule.name] -= sum(quad[3] == program.graph(place) for quad in effect.removed)
    return added


def entail_change(
    premises: LivePremises,
    program: Program,
    *,
    added: Sequence[str],
    removed: Sequence[str],
    most: int = MOST_CHANGES,
) -> Effect:
    """Make a change of asserted statements, given as N-Quads, and keep up to date what follows.

    The store must hold all that follows before the change. What is there already is not added, and what is not there is
    not removed.

    Raises:
        ContentError: a rule cannot be evaluated.
        EntailmentError: the rules do not come to an end; the store is left as it is then.
        ValueError: a statement is not written as canonical N-Quads.
    """
    into, out = _effective(premises, added, removed)
    if len(into) + len(out) > most or any(_is_nameless(quad) for quad in (*into, *out)):
        return _anew(premises, program, into, out)
    return follow(premises, program, added=into, removed=out)


def _to_the_end(premises: Premises, rules: Sequence[Rule], *, graph: str) -> dict[str, int]:
    added = dict.fromkeys((rule.name for rule in rules), 0)
    for _ in range(_MOST_ROUNDS):
        new = 0
        for rule in rules:
            count = _apply(premises, rule, graph=graph)
            added[rule.name] += count
            new += count
        if not new:
            return added
    raise EntailmentError(
        f"the rules still add triples after {_MOST_ROUNDS} rounds",
        remedy="look for a rule whose CONSTRUCT makes new terms, by BNODE(), UUID() or a growing text",
    )


def _apply(premises: Premises, rule: Rule, *, graph: str) -> int:
    try:
        return premises.insert_new(rule.text, f"{graph}/{rule.name}", derived=graph)
    except QueryError as error:
        raise not_a_rule(rule.path, error) from error


def _without_the_unfounded(premises: LivePremises, program: Program) -> Effect:
    """Take away what was concluded from the absence of something that was concluded later."""
    doubtful = set()
    for place, rule in enumerate(program.rules):
        if rule.is_negative:
            doubtful |= stored(premises, program, place) - conclusions_of(premises, rule)
    return follow(premises, program, suspects=doubtful)


def _effective(
    premises: LivePremises, added: Sequence[str], removed: Sequence[str]
) -> tuple[tuple[Quad, ...], tuple[Quad, ...]]:
    into = dict.fromkeys(_canonical(premises, [quad_of(line) for line in added]))
    out = dict.fromkeys(quad for quad in _canonical(premises, [quad_of(line) for line in removed]) if quad not in into)
    held = dict(
        zip((quads := [*into, *out]), premises.holders([quad[:3] for quad in quads]) if quads else (), strict=True)
    )
    return (
        tuple(quad for quad in into if quad[3][1:-1] not in held[quad]),
        tuple(quad for quad in out if quad[3][1:-1] in held[quad]),
    )


def _canonical(premises: LivePremises, quads: Sequence[Quad]) -> list[Quad]:
    """Quads with each literal as the engine writes it when it is asked: `"01"^^xsd:integer` is `"1"^^xsd:integer`."""
    special = sorted({quad[2] for quad in quads if quad[2][0] == '"' and quad[2][-1] != '"'})
    rows = " ".join(f"({place} {literal})" for place, literal in enumerate(special))
    answers = premises.solutions(f"SELECT ?place ?term WHERE {{ VALUES (?place ?term) {{ {rows} }} }}") if rows else ()
    written = {special[int(place.split('"')[1])]: term for place, term in answers}
    return [(*quad[:2], written.get(quad[2], quad[2]), quad[3]) for quad in quads]


def _is_nameless(quad: Quad) -> bool:
    return any(term.startswith("_:") for term in quad)


def _anew(premises: LivePremises, program: Program, added: Sequence[Quad], removed: Sequence[Quad]) -> Effect:
    """The change, and all that follows drawn anew."""
    before = _stored_quads(premises, program)
    account = Account(premises, program)
    account.look_up(quad[:3] for quad in (*added, *removed, *before))
    account.write(added, [*removed, *before])
    entail_all(premises, program)
    after = _stored_quads(premises, program)
    nothing: frozenset[tuple[str, str, str]] = frozenset()
    effect = Effect(after - before, before - after, nothing, nothing)
    return replace(effect, in_full=True)


def _stored_quads(premises: LivePremises, program: Program) -> frozenset[Quad]:
    return frozenset(
        (*triple, program.graph(place))
        for place in range(len(program.rules))
        for triple in stored(premises, program, place)
    )
