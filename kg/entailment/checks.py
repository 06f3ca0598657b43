"""Checks over the whole dataset, asked only where a change can make one of them report something new.

The change has been made. A triple that appeared is followed from the patterns that it matches; one that vanished, from
the patterns that must not match, together with what else vanished.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kg.entailment.account import Effect, merged
from kg.entailment.evaluation import shared, shared_of, solutions
from kg.entailment.premises import LivePremises
from kg.entailment.rules import parts_of
from kg.sparql.bodies import EXISTS, Body
from kg.sparql.deltas import REQUIRED, Index, Narrowed, Rows, Trigger, alone, index_of, matches, select
from kg.sparql.patterns import Pattern, Quad

_MOST_WITNESSES: Final = 100

Row = tuple[str, ...]


@dataclass(frozen=True)
class Checks:
    """Checks made ready: SELECT queries by name."""

    texts: Mapping[str, str]
    columns: Mapping[str, tuple[str, ...]]
    """Of those that were taken apart."""
    index: Index
    whole: Mapping[str, str]
    """Those that are asked as a whole after each change, with the reason."""


@dataclass(frozen=True)
class Found:
    """What checks report after a change."""

    rows: Mapping[str, frozenset[Row]]
    """By check, where there are any: everything new, and maybe some that was reported before; N-Triples terms."""
    whole: Mapping[str, str]
    """The checks that were asked as a whole, with the reason."""


def checks_of(texts: Mapping[str, str]) -> Checks:
    """Checks made ready."""
    parts = {name: parts_of(text) for name, text in texts.items()}
    return Checks(
        texts,
        {name: found.columns for name, (found, _) in parts.items() if found},
        index_of([found for found, _ in parts.values()]),
        {name: why for name, (found, why) in parts.items() if not found},
    )


def check_change(premises: LivePremises, checks: Checks, effect: Effect) -> Found:
    """What the checks report because of a change that has been made, with all that follows from it.

    Raises:
        QueryError: the engine cannot evaluate a check.
    """
    names = [*checks.texts]
    if effect.in_full:
        return Found(_asked_whole(premises, checks, names), dict.fromkeys(names, "a large change"))
    here = frozenset({*effect.quads_added, *merged(effect.appeared)})
    gone = frozenset({*effect.quads_removed, *merged(effect.vanished)})
    whole = dict(checks.whole)
    rows: dict[str, set[Row]] = {}
    for trigger, seeds in (*_from_here(premises, checks, here), *_from_gone(premises, checks, gone)):
        name = names[trigger.owner]
        if seeds is None:
            whole[name] = "a closure in what must not hold"
        else:
            columns = checks.columns[name]
            found = solutions(premises, seeds, trigger.body, sorted(set(columns))).of(columns)
            rows.setdefault(name, set()).update(found.rows)
    taken = {name: frozenset(found) for name, found in rows.items() if found and name not in whole}
    return Found(taken | _asked_whole(premises, checks, whole), whole)


def _asked_whole(premises: LivePremises, checks: Checks, names: Iterable[str]) -> dict[str, frozenset[Row]]:
    found = {name: frozenset(premises.solutions(checks.texts[name])) for name in names}
    return {name: rows for name, rows in found.items() if rows}


def _from_here(
    premises: LivePremises, checks: Checks, here: frozenset[Quad]
) -> Iterator[tuple[Trigger, Narrowed | None]]:
    """Where there may be something new to report because of what is there now."""
    for trigger, those in checks.index.fired(here):
        if trigger.kind == REQUIRED:
            for narrowed in trigger.narrowed(those):
                yield trigger, narrowed
        elif trigger.gives:
            seeds = shared(premises, trigger, those)
            if trigger.kind == EXISTS:
                seeds = _newly(premises, trigger, seeds, here)
            if seeds:
                yield trigger, Narrowed(seeds, trigger.body.patterns)


def _from_gone(
    premises: LivePremises, checks: Checks, gone: frozenset[Quad]
) -> Iterator[tuple[Trigger, Narrowed | None]]:
    """Where there may be something new to report because of what is there no more; None where that is not known."""
    for trigger, those in checks.index.fired(gone):
        if not trigger.takes:
            continue
        for narrowed in trigger.narrowed(those):
            if any(pattern.closure for pattern in trigger.within.patterns):
                yield trigger, None
                continue
            ways = _ways(narrowed.seeds, narrowed.patterns, (), gone)
            seeds = shared_of(premises, trigger, ways)
            if seeds:
                yield trigger, Narrowed(seeds, trigger.body.patterns)


def _ways(seeds: Rows, todo: Sequence[Pattern], kept: tuple[Pattern, ...], gone: frozenset[Quad]) -> Iterator[Narrowed]:
    """How patterns could be matched before: each by what is there now, or by what is gone."""
    if not todo:
        yield Narrowed(seeds, kept)
        return
    yield from _ways(seeds, todo[1:], (*kept, todo[0]), gone)
    both = seeds.joined(matches(todo[0], gone))
    if both:
        yield from _ways(both, todo[1:], kept, gone)


def _newly(premises: LivePremises, trigger: Trigger, seeds: Rows, here: frozenset[Quad]) -> Rows:
    """Those of the rows for which a test has no match that was there before already, as far as that is soon seen."""
    bodies = trigger.test.bodies if trigger.test else ()
    return replace(
        seeds,
        rows=tuple(
            row
            for row in seeds.rows
            if not any(_matched_before(premises, body, Rows(seeds.variables, (row,)), here) for body in bodies)
        ),
    )


def _matched_before(premises: LivePremises, body: Body, seeds: Rows, here: frozenset[Quad]) -> bool:
    if any(pattern.closure for pattern in body.patterns) or alone(body) != body:
        return False
    shown = sorted(body.matched)
    text = select(Narrowed(seeds, body.patterns), body, shown)
    for row in premises.solutions(f"{text} LIMIT {_MOST_WITNESSES}"):
        values = dict(zip(shown, row, strict=True))
        quads = ((*(values.get(term, term) for term in pattern.terms),) for pattern in body.patterns)
        if here.isdisjoint(quads):
            return True
    return False
