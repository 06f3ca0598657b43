"""What follows, kept up to date: a change of what is asserted costs what it changes, whatever the size of the graph.

What may rest on something that vanishes is taken out first, with all that rests on it in turn, and what still follows
is put back (delete and rederive). Then each new triple is followed to what it adds (semi-naive evaluation). A triple
that a rule needs to be absent can take conclusions away; that is done in a next pass, until nothing is left to do.

Source: A. Gupta, I. S. Mumick, V. S. Subrahmanian, Maintaining Views Incrementally (SIGMOD 1993), DRed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from kg.entailment.account import Account, Effect, merged
from kg.entailment.premises import LivePremises
from kg.entailment.program import (
    Program,
    changed_where,
    concluded,
    concluded_where,
    conclusions_of,
    denied_by,
    rederived,
    resting_on,
    stored,
)
from kg.errors import EntailmentError
from kg.sparql.deltas import Rows, Trigger
from kg.sparql.patterns import Quad, Triple

_MOST_PASSES: Final = 100


def follow(
    premises: LivePremises,
    program: Program,
    *,
    added: Sequence[Quad] = (),
    removed: Sequence[Quad] = (),
    suspects: Iterable[Triple] = (),
) -> Effect:
    """Make a change of asserted statements, and of all that follows from it.

    `suspects` are in graphs of rules and may not follow any more.

    Raises:
        EntailmentError: the rules do not come to an end.
        ContentError: a rule cannot be evaluated.
    """
    account = Account(premises, program)
    doubtful = set(suspects)
    for _ in range(_MOST_PASSES):
        doubtful = _pass(account, added=added, removed=removed, suspects=doubtful)
        added, removed = (), ()
        if not doubtful:
            return account.effect()
    raise EntailmentError(
        f"the rules still change their conclusions after {_MOST_PASSES} passes",
        remedy="look for a rule that needs the absence of what follows from its own conclusions",
    )


def _pass(account: Account, *, added: Sequence[Quad], removed: Sequence[Quad], suspects: set[Triple]) -> set[Triple]:
    """One pass; returns what may not follow any more because of what it added."""
    premises, program = account.premises, account.program
    asserted = account.asserted_after(added, removed)
    stays = {triple for triple, is_asserted in asserted.items() if is_asserted}
    over = _resting_on(account, asserted.keys() - stays | suspects, kept=stays)
    elsewhere = [*changed_where(premises, program, merged(over))]
    fresh = {quad[:3] for quad in added if not account.held[quad[:3]]}
    account.write(added, [*removed, *account.quads_of_rules(over | stays)])
    doubtful: set[Triple] = set()
    for level in sorted(set(program.levels)):
        stage = Stage(program, level, over, elsewhere)
        came = _insert(account, fresh, stage)
        fresh |= came
        # What comes back may take away only what was concluded while it was away.
        doubtful.update(denied_by(premises, program, merged(came & over), stage.applied))
    # Only now is everything there, together with which something new may take away.
    doubtful.update(denied_by(premises, program, merged(fresh - over)))
    for place in _whole(program):
        doubtful |= stored(premises, program, place) - conclusions_of(premises, program.rules[place])
    return doubtful


@dataclass(frozen=True)
class Stage:
    """The part of a pass in which the rules of one layer of negation join those below."""

    program: Program
    level: int
    over: set[Triple]
    """What was taken out in this pass, and may come back."""
    elsewhere: Sequence[tuple[Trigger, Rows]]
    """Where tests may have another outcome since that was taken out."""

    @property
    def joining(self) -> frozenset[int]:
        """The rules of this layer."""
        return frozenset(place for place, level in enumerate(self.program.levels) if level == self.level)

    @property
    def applied(self) -> frozenset[int]:
        """The rules of this layer and those below."""
        return frozenset(place for place, level in enumerate(self.program.levels) if level <= self.level)


def _insert(account: Account, fresh: Collection[Triple], stage: Stage) -> set[Triple]:
    """Follow what is new to all that it adds, and add that to it; returns what was added."""
    premises, program = account.premises, account.program
    found = [*rederived(premises, program, stage.over, stage.joining)]
    found += concluded(premises, program, merged(fresh), stage.joining)
    for trigger, seeds in stage.elsewhere:
        if trigger.owner in stage.joining:
            found += concluded_where(premises, program, trigger, seeds)
    came = new = account.enter(found)
    while True:
        while new:
            new = account.enter([*concluded(premises, program, merged(new), stage.applied)])
            came = came | new
        whole = [place for place in _whole(program) if place in stage.applied]
        new = account.enter(
            [(place, triple) for place in whole for triple in conclusions_of(premises, program.rules[place])]
        )
        if not new:
            return came
        came = came | new


def _resting_on(account: Account, doubtful: set[Triple], *, kept: set[Triple]) -> set[Triple]:
    """What is doubtful, with all that may rest on it, but for what stays asserted."""
    premises, program = account.premises, account.program
    over: set[Triple] = set()
    while doubtful:
        if not over:
            doubtful = doubtful.union(*(stored(premises, program, place) for place in _whole(program)))
        account.look_up(doubtful)
        doubtful = {triple for triple in doubtful - over - kept if account.held[triple]}
        over |= doubtful
        doubtful = set(resting_on(premises, program, merged(doubtful)))
        account.look_up(doubtful)
        doubtful = {triple for triple in doubtful if not account.is_asserted(triple)}
    return over


def _whole(program: Program) -> list[int]:
    return [place for place, rule in enumerate(program.rules) if not rule.parts]
