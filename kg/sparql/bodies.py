"""A query as a union of bodies: each is triple patterns that must all hold, clauses, and tests of what else holds.

Property paths, UNION, nested groups and sub-SELECTs without aggregates are taken apart. Solutions count as a set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kg.sparql.patterns import NotTakenApart, Pattern, Triple

FILTER: Final = "FILTER"
BIND: Final = "BIND"
VALUES: Final = "VALUES"
OPTIONAL: Final = "OPTIONAL"
SELECT: Final = "SELECT"
EXISTS: Final = "EXISTS"
NOT_EXISTS: Final = "NOT EXISTS"

_MOST_BODIES: Final = 50


@dataclass(frozen=True)
class Clause:
    """FILTER, BIND, VALUES, OPTIONAL or a grouped sub-SELECT: what the engine evaluates as it is written."""

    kind: str
    text: str
    variables: frozenset[str]
    """All that it mentions; of a sub-SELECT those that it projects."""
    binds: frozenset[str] = frozenset()
    """Those that it gives a value to; of OPTIONAL it may be none."""
    reads: tuple[Body, ...] = ()
    """What OPTIONAL and a sub-SELECT read."""
    keys: tuple[str, ...] = ()
    """Of a sub-SELECT: by what it is grouped."""
    closing: str = ""
    """Of a sub-SELECT: the end of its text, behind which `text` can be narrowed by VALUES of its keys."""

    def narrowed(self, values: Callable[[Sequence[str]], str]) -> str:
        """Its text; that of a sub-SELECT with VALUES for its keys."""
        return f"{self.text} {values(self.keys)} {self.closing}" if self.closing else self.text


@dataclass(frozen=True)
class Test:
    """Whether something else holds too, or whether nothing does."""

    kind: str
    """`EXISTS` or `NOT EXISTS`."""
    bodies: tuple[Body, ...]

    @property
    def variables(self) -> frozenset[str]:
        """All that it mentions."""
        return frozenset().union(*(body.variables for body in self.bodies))


@dataclass(frozen=True)
class Body:
    """One way in which a query has solutions."""

    patterns: tuple[Pattern, ...] = ()
    clauses: tuple[Clause, ...] = ()
    """In the order in which they are written; all come after the patterns."""
    tests: tuple[Test, ...] = ()

    @property
    def matched(self) -> frozenset[str]:
        """The variables that the graph binds in every solution: solutions can be narrowed by values of them."""
        keys = (clause.keys for clause in self.clauses)
        return frozenset().union(*(pattern.variables for pattern in self.patterns), *keys)

    @property
    def bound(self) -> frozenset[str]:
        """The variables that have a value in every solution."""
        return self.matched.union(*(clause.binds for clause in self.clauses if clause.kind != OPTIONAL))

    @property
    def given(self) -> frozenset[str]:
        """The variables that clauses may give a value to, which no pattern after them may do."""
        return frozenset().union(*(clause.binds for clause in self.clauses if clause.kind != VALUES))

    @property
    def variables(self) -> frozenset[str]:
        """All that it mentions."""
        return self.matched.union(self._mentioned)

    @property
    def left_open(self) -> frozenset[str]:
        """What its clauses and tests mention and it does not bind."""
        return self._mentioned - self.bound

    @property
    def _mentioned(self) -> frozenset[str]:
        clauses = (clause.variables for clause in self.clauses)
        return frozenset().union(*clauses, *(test.variables for test in self.tests))


@dataclass(frozen=True)
class Disjuncts:
    """A CONSTRUCT or SELECT query that was taken apart."""

    bodies: tuple[Body, ...]
    head: tuple[Triple, ...] = ()
    """The triples that a CONSTRUCT makes."""
    columns: tuple[str, ...] = ()
    """The variables of a SELECT."""


@dataclass(frozen=True)
class Nested:
    """A group in braces, a UNION, or a sub-SELECT without aggregates; hidden variables have names of their own."""

    bodies: tuple[Body, ...]
    projected: frozenset[str] | None = None
    """What a sub-SELECT shows; None for a group."""


def group_of(required: Body, nested: Sequence[Nested]) -> tuple[Body, ...]:
    """The bodies of a group: what it requires itself, together with one body of each part in braces.

    Raises:
        NotTakenApart: a part mentions what only its surroundings bind, or the order in which variables get values
            counts, or there are too many alternatives.
    """
    unions = []
    for part in nested:
        if part.projected is not None and part.projected <= required.matched:
            required = _with_test(required, part)
        else:
            unions.append(part)
    found = [required]
    for union in unions:
        around = required.variables.union(*(_variables(other.bodies) for other in unions if other is not union))
        for body in union.bodies:
            loose = body.left_open & around
            if loose:
                raise NotTakenApart(f"{min(loose)} is mentioned in braces and bound around them")
        found = [_joined(body, other) for body in union.bodies for other in found]
        if len(found) > _MOST_BODIES:
            raise NotTakenApart(f"more than {_MOST_BODIES} alternatives")
    return tuple(found)


def with_missing(body: Body) -> Body:
    """A body in which OPTIONAL with a filter that it has found nothing is a test that nothing holds."""
    for option in body.clauses:
        others = [clause for clause in body.clauses if clause is not option]
        own = option.binds - body.matched
        named = [clause for clause in others if clause.variables & own]
        late = frozenset().union(*(clause.binds for clause in others)) & option.variables - body.matched
        if option.kind != OPTIONAL or len(named) != 1 or late or any(test.variables & own for test in body.tests):
            continue
        always = own.intersection(*(read.bound for read in option.reads))
        if any(named[0].text == f"{FILTER} (! BOUND({variable}))" for variable in always):
            kept = tuple(clause for clause in others if clause is not named[0])
            return with_missing(Body(body.patterns, kept, (*body.tests, Test(NOT_EXISTS, option.reads))))
    return body


def _joined(first: Body, second: Body) -> Body:
    for one, other in ((first, second), (second, first)):
        early = one.given & other.matched - one.matched
        if early:
            raise NotTakenApart(f"{min(early)} is given a value in one group and matched in another")
    return Body(first.patterns + second.patterns, first.clauses + second.clauses, first.tests + second.tests)


def _with_test(required: Body, shown: Nested) -> Body:
    """A sub-SELECT, all of whose variables are matched anyway, tests that it has a solution with the same values."""
    projected = shown.projected or frozenset()
    if len(shown.bodies) == 1 and _follows(shown.bodies[0], required, projected):
        return replace(required, clauses=shown.bodies[0].clauses + required.clauses)
    if any(body.tests or body.given for body in shown.bodies):
        raise NotTakenApart("EXISTS, BIND or OPTIONAL in a sub-SELECT")
    return replace(required, tests=(*required.tests, Test(EXISTS, shown.bodies)))


def _follows(body: Body, required: Body, projected: frozenset[str]) -> bool:
    """Whether the patterns of a sub-SELECT hold wherever those around it do."""
    if body.tests or any(clause.kind != FILTER or clause.variables - projected for clause in body.clauses):
        return False
    hidden = [variable for pattern in body.patterns for variable in pattern.variables - projected]
    return len(hidden) == len(set(hidden)) and all(
        any(_is_wider(pattern, other, projected) for other in required.patterns) for pattern in body.patterns
    )


def _is_wider(pattern: Pattern, other: Pattern, projected: frozenset[str]) -> bool:
    same_kind = (pattern.closure, pattern.steps, bool(pattern.graph)) == (other.closure, other.steps, bool(other.graph))
    repeated = len(pattern.variables) < sum(term.startswith("?") for term in pattern.terms)
    return (
        same_kind
        and not repeated
        and all(
            term == counterpart or (term.startswith("?") and term not in projected)
            for term, counterpart in zip(pattern.terms, other.terms, strict=True)
        )
    )


def _variables(bodies: Sequence[Body]) -> frozenset[str]:
    return frozenset().union(*(body.variables for body in bodies))
