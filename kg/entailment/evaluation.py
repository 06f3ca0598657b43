"""Solutions of a body that are narrowed by values: first the tests that the values decide, then the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from kg.entailment.premises import LivePremises
from kg.sparql.bodies import EXISTS, Body, Test
from kg.sparql.deltas import Narrowed, Rows, Trigger, alone, is_open_ended, rows_of, select, select_some
from kg.sparql.patterns import Quad

_ROWS_AT_A_TIME: Final = 200
"""With more values in front, the engine may choose to read everything."""
_TESTS_AT_A_TIME: Final = 20
"""Each is a part of one query, and planning takes long with many parts."""


def solutions(premises: LivePremises, narrowed: Narrowed, body: Body, shown: Sequence[str]) -> Rows:
    """The values of some variables in the solutions of a body that are narrowed by values.

    A test looks only at the variables that it shares with the body. It comes first where there is more to be read.
    """
    around = body.bound.union(*(clause.binds for clause in body.clauses))
    # Those with few variables have few different values.
    tests = sorted(body.tests, key=lambda test: len(test.variables & around))
    is_open = bool(narrowed.patterns) or any(clause.closing for clause in body.clauses)
    early = [test for test in tests if is_open and test.variables & around <= {*narrowed.seeds.variables}]
    seeds = _passing(premises, narrowed.seeds, early, around)
    if not seeds:
        return Rows(tuple(shown), ())
    late = [test for test in tests if test not in early]
    wanted = {*shown}.union(*(test.variables & around for test in late))
    found = _select(premises, Narrowed(seeds, narrowed.patterns), body, sorted(wanted))
    return _passing(premises, found, late, around).of(shown)


def all_solutions(premises: LivePremises, body: Body, seeds: Rows, shown: Sequence[str]) -> Rows:
    """The same, where all patterns of the body are still to be matched."""
    return solutions(premises, Narrowed(seeds, body.patterns), body, shown)


def shared(premises: LivePremises, trigger: Trigger, quads: Iterable[Quad]) -> Rows:
    """The values of the body's variables for which a test or an option of it has a match with one of the quads."""
    return shared_of(premises, trigger, trigger.narrowed(quads))


def shared_of(premises: LivePremises, trigger: Trigger, ways: Iterable[Narrowed]) -> Rows:
    """The same for what is left to be matched of the test or option."""
    within = alone(trigger.within)
    found: list[tuple[str, ...]] = []
    for narrowed in ways:
        found += _select(premises, narrowed, within, trigger.shared).rows
    return rows_of(trigger.shared, found)


def holding(premises: LivePremises, test: Test, rows: Rows) -> frozenset[tuple[str, ...]]:
    """Those of the rows, which are of variables of a test, for which it has a match."""
    found: set[tuple[str, ...]] = set()
    for known, those in _by_known(rows):
        held = {row for body in test.bodies for row in _with_a_match(premises, body, those.of(known))}
        places = [rows.variables.index(variable) for variable in known]
        found.update(row for row in those.rows if tuple(row[place] for place in places) in held)
    return frozenset(found)


def _with_a_match(premises: LivePremises, body: Body, rows: Rows) -> Iterator[tuple[str, ...]]:
    if not is_open_ended(body, rows.variables):
        yield from _select(premises, Narrowed(rows, body.patterns), body, rows.variables).rows
        return
    for part in rows.parts(_TESTS_AT_A_TIME):
        text = select_some(Narrowed(part, body.patterns), body, rows.variables)
        yield from _answers(premises.solutions, text, rows.variables)


def _passing(premises: LivePremises, rows: Rows, tests: Iterable[Test], around: frozenset[str]) -> Rows:
    for test in tests:
        if not rows:
            break
        looked_at = sorted(test.variables & around)
        held = holding(premises, test, rows.of(looked_at))
        places = [rows.variables.index(variable) for variable in looked_at]
        wanted = test.kind == EXISTS
        kept = (row for row in rows.rows if (tuple(row[place] for place in places) in held) == wanted)
        rows = Rows(rows.variables, tuple(kept))
    return rows


def _by_known(rows: Rows) -> Iterator[tuple[list[str], Rows]]:
    """Rows by which of their variables have a value."""
    grouped: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for row in rows.rows:
        known = tuple(name for name, value in zip(rows.variables, row, strict=True) if value)
        grouped.setdefault(known, []).append(row)
    for names, those in grouped.items():
        yield list(names), Rows(rows.variables, tuple(those))


def _select(premises: LivePremises, narrowed: Narrowed, body: Body, shown: Sequence[str]) -> Rows:
    seeds = narrowed.seeds
    if not narrowed.patterns and not body.clauses and {*shown} <= {*seeds.variables}:
        return seeds.of(shown)
    found: list[tuple[str, ...]] = []
    for part in seeds.parts(_ROWS_AT_A_TIME):
        found += _answers(premises.solutions, select(Narrowed(part, narrowed.patterns), body, shown), shown)
    return rows_of(shown, found)


def _answers(
    ask: Callable[[str], Sequence[tuple[str, ...]]], text: str, shown: Sequence[str]
) -> Sequence[tuple[str, ...]]:
    rows = ask(text)
    return rows if shown else [() for _ in rows[:1]]
