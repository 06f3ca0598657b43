"""What a change can do to the solutions of a query: which patterns it matches, and queries for just those solutions.

A changed triple that matches a pattern gives values to its variables. With these as VALUES in front, the rest of the
body is a matter of few index reads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kg.sparql.bodies import NOT_EXISTS, OPTIONAL, SELECT, Body, Disjuncts, Test
from kg.sparql.patterns import NotTakenApart, Pattern, Quad

REQUIRED: Final = "required"

_NOTHING: Final = "?nothing"


@dataclass(frozen=True)
class Rows:
    """Values of some variables: what solutions are narrowed to."""

    variables: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """Each distinct, in the order of the variables; an empty text is no value."""

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.rows)

    def of(self, variables: Sequence[str]) -> Rows:
        """The values of fewer variables, or of the same in another order."""
        return rows_of(variables, self._cells(variables))

    def joined(self, other: Rows) -> Rows:
        """The rows of both that agree on the variables that they share."""
        common = [variable for variable in other.variables if variable in self.variables]
        new = [variable for variable in other.variables if variable not in self.variables]
        by_common: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for key, values in zip(other._cells(common), other._cells(new), strict=True):
            by_common.setdefault(key, []).append(values)
        found = zip(self.rows, self._cells(common), strict=True)
        return rows_of(
            (*self.variables, *new), ((*row, *more) for row, key in found for more in by_common.get(key, ()))
        )

    def _cells(self, variables: Sequence[str]) -> Iterator[tuple[str, ...]]:
        places = [self.variables.index(variable) for variable in variables]
        return (tuple(row[place] for place in places) for row in self.rows)

    def parts(self, most: int) -> Iterator[Rows]:
        """It in parts of at most so many rows."""
        for start in range(0, len(self.rows), most):
            yield Rows(self.variables, self.rows[start : start + most])

    def values(self, variables: Sequence[str] | None = None) -> str:
        """It as a VALUES clause, of the given ones among its variables; empty without any."""
        known = [variable for variable in self.variables if variables is None or variable in variables]
        if not known:
            return ""
        rows = "".join(f" ({' '.join(term or 'UNDEF' for term in row)})" for row in self.of(known).rows)
        return f"VALUES ({' '.join(known)}) {{{rows} }}"


def rows_of(variables: Sequence[str], rows: Iterable[tuple[str, ...]]) -> Rows:
    """Rows without repetitions."""
    return Rows(tuple(variables), tuple(dict.fromkeys(rows)))


@dataclass(frozen=True)
class Narrowed:
    """A body whose solutions are narrowed by values, with what of its patterns is still to be matched."""

    seeds: Rows
    patterns: tuple[Pattern, ...]


@dataclass(frozen=True)
class Trigger:
    """A pattern that makes a difference to a body where a triple matches it."""

    owner: int
    """The number of the query in the index."""
    body: Body
    kind: str
    """`required`, or what the pattern stands in: `EXISTS`, `NOT EXISTS`, `OPTIONAL`, `SELECT`."""
    within: Body
    """The body that the pattern stands in."""
    place: int
    test: Test | None = None

    @property
    def pattern(self) -> Pattern:
        """The pattern."""
        return self.within.patterns[self.place]

    @property
    def shared(self) -> tuple[str, ...]:
        """The variables by which the solutions of the body are found from those of the pattern's own."""
        return tuple(sorted(self.within.matched & self.body.matched))

    @property
    def gives(self) -> bool:
        """Whether a triple that appears can make a solution appear, and one that vanishes make it vanish."""
        return self.kind != NOT_EXISTS

    @property
    def takes(self) -> bool:
        """Whether a triple that appears can make a solution vanish, and one that vanishes make it appear."""
        return self.kind in (NOT_EXISTS, OPTIONAL, SELECT)

    def narrowed(self, quads: Iterable[Quad]) -> Iterator[Narrowed]:
        """What is left to be matched of the pattern's own body where one of the quads matches the pattern."""
        others = self.within.patterns[: self.place] + self.within.patterns[self.place + 1 :]
        if not self.pattern.closure:
            seeds = matches(self.pattern, quads)
            if seeds:
                yield Narrowed(seeds, others if self.pattern.says_all else (self.pattern, *others))
            return
        for step, inverse in self.pattern.steps:
            before, middle, after = self.pattern.across(step, inverse=inverse)
            seeds = matches(middle, quads)
            if seeds:
                yield Narrowed(seeds, (before, after, *others))


def matches(pattern: Pattern, quads: Iterable[Quad]) -> Rows:
    """The values of a pattern's variables for which it matches one of the quads; literals count as equal."""
    variables = tuple(sorted(pattern.variables))
    found = (pattern.bindings(quad) for quad in quads)
    return rows_of(variables, (tuple(match[name] for name in variables) for match in found if match is not None))


@dataclass(frozen=True)
class Index:
    """All patterns of several queries, by the predicate of the triples that they match."""

    by_predicate: Mapping[str, tuple[Trigger, ...]]
    of_any: tuple[Trigger, ...]

    def fired(self, quads: Iterable[Quad]) -> Iterator[tuple[Trigger, list[Quad]]]:
        """Each pattern with those of the quads that may match it."""
        grouped: dict[str, list[Quad]] = {}
        for quad in quads:
            grouped.setdefault(quad[1], []).append(quad)
        found: dict[int, tuple[Trigger, list[Quad]]] = {}
        for predicate, those in grouped.items():
            for trigger in (*self.by_predicate.get(predicate, ()), *self.of_any):
                found.setdefault(id(trigger), (trigger, []))[1].extend(those)
        yield from found.values()


def index_of(queries: Sequence[Disjuncts | None]) -> Index:
    """The index of queries that were taken apart; their numbers are their places."""
    by_predicate: dict[str, list[Trigger]] = {}
    of_any: list[Trigger] = []
    for owner, query in enumerate(queries):
        for trigger in (each for body in query.bodies for each in triggers_of(body, owner)) if query else ():
            for predicate in trigger.pattern.predicates:
                by_predicate.setdefault(predicate, []).append(trigger)
            if not trigger.pattern.predicates:
                of_any.append(trigger)
    return Index({predicate: tuple(found) for predicate, found in by_predicate.items()}, tuple(of_any))


def triggers_of(body: Body, owner: int = 0) -> Iterator[Trigger]:
    """The patterns of a body."""
    for place in range(len(body.patterns)):
        yield Trigger(owner, body, REQUIRED, body, place)
    for test in body.tests:
        for within in test.bodies:
            for place in range(len(within.patterns)):
                yield Trigger(owner, body, test.kind, within, place, test)
    for clause in body.clauses:
        for within in clause.reads:
            for place in range(len(within.patterns)):
                yield Trigger(owner, body, clause.kind, within, place)


def require_bounded(query: Disjuncts) -> None:
    """Make sure that a change leads to few solutions.

    Raises:
        NotTakenApart: what the query reads somewhere has nothing to do with the rest of it.
    """
    for body in query.bodies:
        anchored = frozenset().union(*(pattern.variables for pattern in body.patterns if not pattern.closure))
        for pattern in (each for part in _bodies(body) for each in part.patterns):
            ends = {pattern.subject, pattern.object}
            if pattern.closure == "*" and not any(end in anchored or not end.startswith("?") for end in ends):
                raise NotTakenApart(f"no other pattern gives a value to {pattern.subject} or {pattern.object}")
        for trigger in triggers_of(body):
            if trigger.kind != REQUIRED and not trigger.shared:
                raise NotTakenApart(f"{trigger.kind} that shares no variable with a pattern around it")


def _bodies(body: Body) -> Iterator[Body]:
    yield body
    for part in body.tests:
        yield from part.bodies
    for clause in body.clauses:
        yield from clause.reads


def select(narrowed: Narrowed, body: Body, shown: Sequence[str]) -> str:
    """The query for solutions of a body that are narrowed by values, without its tests."""
    return f"SELECT DISTINCT {' '.join(shown) or _NOTHING} {_where(narrowed, body)}"


def select_some(narrowed: Narrowed, body: Body, shown: Sequence[str]) -> str:
    """The query for one solution for each row of the values that has any: it does not ask for all of them."""
    head = f"SELECT {' '.join(shown) or _NOTHING}"
    each = (_where(Narrowed(row, narrowed.patterns), body) for row in narrowed.seeds.parts(1))
    return f"{head} WHERE {{ {' UNION '.join(f'{{ {head} {where} LIMIT 1 }}' for where in each)} }}"


def is_open_ended(body: Body, known: Collection[str]) -> bool:
    """Whether there may be any number of matches for a row: little is said of a thing, but much may refer to it."""
    hidden = any(pattern.subject.startswith("?") and pattern.subject not in known for pattern in body.patterns)
    return hidden and len(known) == 1


def _where(narrowed: Narrowed, body: Body) -> str:
    seeds = narrowed.seeds
    parts = [seeds.values(), *(pattern.text for pattern in _from_the_narrow_side(narrowed))]
    parts += [clause.narrowed(seeds.values) for clause in body.clauses]
    return f"WHERE {{\n{chr(10).join(part for part in parts if part)}\n}}"


def _from_the_narrow_side(narrowed: Narrowed) -> Iterator[Pattern]:
    """The patterns in the order in which they are best matched; the engine keeps it where it sees no difference."""
    known = {*narrowed.seeds.variables}
    left = [*narrowed.patterns]
    while left:
        pattern = min(left, key=lambda each: _width(each, known))
        left.remove(pattern)
        known |= pattern.variables
        yield pattern


def _width(pattern: Pattern, known: Collection[str]) -> int:
    """How much a pattern may match: least from a known subject, then from a known object, most from a constant one."""
    if pattern.subject in known or not pattern.subject.startswith("?"):
        return 0 if pattern.object in known else 1
    if pattern.object in known:
        return 2
    return 4 if pattern.object.startswith("?") else 3


def alone(within: Body) -> Body:
    """A test or an option without the filters that look at what is around it."""
    kept = tuple(clause for clause in within.clauses if clause.variables <= within.bound)
    return Body(within.patterns, kept)
