"""Why an answer is empty: the first part of the query that leaves nothing, and the known terms nearest to unknown ones.

The parts of the outermost group are asked for one after another, each together with the parts before it that it shares
variables with. Every question is a small ASK; their number and their time together are bounded. Where they all leave
something, the query is asked without what stands behind the group, one thing after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from time import monotonic
from typing import Final

from kg.answer import Ask, is_empty
from kg.errors import QueryError, QueryStopped, ServiceBusy
from kg.explain.nearest import MOST_CHARACTERS, nearest_iri, nearest_value
from kg.sparql import Limits, Token, called_services, dataset_clause, position, prologue, vet
from kg.sparql.groups import Part, described, inside, modifiers, outermost_group, parts_of
from kg.store import Answers, Description, Readable, Term

_MOST_QUESTIONS: Final = 30
_MOST_SECONDS: Final = 3.0
"""When no further question is asked."""
_MOST_UNKNOWN: Final = 3
_NEVER_EMPTY: Final = frozenset({"OPTIONAL", "BIND"})
# Who is asked without: from the last that is applied to the first. Source: SPARQL 1.1 Query §18.2.4, §18.2.5.
_TAKEN_AWAY: Final = ("LIMIT", "OFFSET", "VALUES", "HAVING")
_REASONS: Final[Mapping[str, str]] = {
    "FILTER": "This filter removes every row that the patterns find",
    "MINUS": "This MINUS removes every row that is found before it",
    "HAVING": "This HAVING removes every group",
    "OFFSET": "This skips every row that there is",
    "LIMIT": "This lets no row through",
    "DESCRIBE": "The graph says nothing about this",
}
_ONLY_ALONE: Final = "This part has matches of its own, but none together with what stands before it"
_NO_MATCH: Final = "Nothing in the graph matches this part"

_OCCURS: Final = """
ASK {{
  {{ GRAPH ?graph {{ {term} ?p ?o }} }}
  UNION {{ GRAPH ?graph {{ ?s {term} ?o }} }}
  UNION {{ GRAPH ?graph {{ ?s ?p {term} }} }}
  UNION {{ GRAPH {term} {{ ?s ?p ?o }} }}
}}"""
_VALUE_OCCURS: Final = "ASK {{ GRAPH ?graph {{ ?s {predicate} {term} }} }}"


@dataclass(frozen=True)
class UnknownTerm:
    """A term of the query that the graph does not hold, and the nearest one that it does."""

    written: str
    """As it stands in the query."""
    nearest: str
    """A prefixed name, an IRI in angle brackets or a literal; empty where none is near."""
    label: str
    """The name of the nearest; empty where it has none."""


@dataclass(frozen=True)
class Explanation:
    """The first part of a query that leaves no solution."""

    kind: str
    """`pattern`, `group`, `VALUES`, `MINUS`, `FILTER`, `HAVING`, `OFFSET`, `LIMIT` or `DESCRIBE`."""
    text: str
    """The part; at most 300 characters of it."""
    line: int
    column: int
    alone: bool
    """Whether the part has solutions by itself, and only none together with the parts before it."""
    turned: bool
    """Whether there are solutions when subject and object of the pattern change places."""
    unknown: tuple[UnknownTerm, ...]

    @property
    def reason(self) -> str:
        """What is wrong with the part, as a sentence without its full stop."""
        return _REASONS.get(self.kind) or (_ONLY_ALONE if self.alone else _NO_MATCH)


class _Bounded:
    """A snapshot that answers no more than so many questions, and none after some time."""

    def __init__(self, snapshot: Readable) -> None:
        self._snapshot = snapshot
        self._left = _MOST_QUESTIONS
        self._until = monotonic() + _MOST_SECONDS

    @property
    def description(self) -> Description:
        """What it is."""
        return self._snapshot.description

    @property
    def number(self) -> int:
        """Its number."""
        return self._snapshot.number

    def query(self, text: str, *, default_graphs: Sequence[str] = (), named_graphs: Sequence[str] = ()) -> Answers:
        """Ask it; the text has been vetted.

        Raises:
            QueryStopped: enough has been asked.
            QueryError: the engine cannot evaluate it.
        """
        self._left -= 1
        if self._left < 0 or monotonic() > self._until:
            raise QueryStopped("the explanation takes too long")
        return self._snapshot.query(text, default_graphs=default_graphs, named_graphs=named_graphs)


@dataclass(frozen=True)
class _Case:
    """The query that is explained, and what answers the questions about it."""

    snapshot: Readable
    ask: Ask
    limits: Limits

    @cached_property
    def prologue(self) -> str:
        """The declarations of the query."""
        return prologue(self.ask.query.tokens)

    @cached_property
    def dataset(self) -> list[str]:
        """The clauses that name the dataset of the query."""
        named = dataset_clause(self.ask.query.tokens)
        return [f"FROM {graph}" for graph in named.default] + [f"FROM NAMED {graph}" for graph in named.named]

    def holds(self, *parts: Part) -> bool:
        """Whether a group of these parts has a solution in the dataset of the query.

        Raises:
            QueryError: enough has been asked, the question is too large, or the engine cannot answer it.
        """
        text = "\n".join([self.prologue, "ASK", *self.dataset, "{", " .\n".join(part.text for part in parts), "}"])
        return self.is_answered(text)

    def is_answered(self, text: str) -> bool:
        """Whether another query than this one, asked of the same dataset, has an answer that is not empty.

        Raises:
            QueryError: enough has been asked, or the engine cannot answer it.
        """
        return not is_empty(self.snapshot, self.ask._replace(query=vet(text, self.limits)))

    def resolve(self, term: str) -> Term | None:
        """A constant of the query as the engine reads it."""
        text = f"{self.prologue}\nSELECT ?term {{ VALUES ?term {{ {term} }} }}"
        return next(self.snapshot.query(text).rows(1))[0]


def explain_empty(snapshot: Readable, ask: Ask, limits: Limits) -> Explanation | None:
    """Which part of a query that was answered without a row leaves nothing.

    None where every part that is understood leaves something, where it cannot be found out with few questions in a
    short time, and where each question would call other endpoints again.
    """
    if called_services(ask.query.text):
        return None
    case = _Case(_Bounded(snapshot), ask, limits)
    with suppress(QueryError, ServiceBusy):
        return _explain(case, outermost_group(ask.query.tokens)) or _modified(case) or _described(case)
    return None


def _explain(case: _Case, group: Sequence[Token]) -> Explanation | None:
    parts = list(parts_of(case.ask.query.text, group))
    filters = [part for part in parts if part.kind == "FILTER"]
    others = [part for part in parts if part.kind != "FILTER"]
    for place, part in enumerate(others):
        before = _sharing(others[:place], part)
        if part.kind not in _NEVER_EMPTY and not case.holds(*before, part):
            return _explained(case, part, before)
    kept: list[Part] = []
    for part in filters:
        before = _sharing(others, part)
        if not _joined(before):
            continue
        if not case.holds(*before, *_touching(kept, before), part):
            return _explained(case, part, before)
        kept.append(part)
    return None


def _modified(case: _Case) -> Explanation | None:
    """What behind the group leaves nothing of what it finds."""
    left = case.ask.query.text
    found = [part for part in modifiers(left, case.ask.query.tokens) if part.kind in _TAKEN_AWAY]
    for part in sorted(found, key=lambda part: _TAKEN_AWAY.index(part.kind)):
        if part.kind == "LIMIT" and int(part.tokens[-1].text):
            continue
        left = f"{left[: part.start]}{' ' * len(part.text)}{left[part.start + len(part.text) :]}"
        if case.is_answered(left):
            return replace(_explained(case, part, ()), alone=part.kind == "VALUES")
    return None


def _described(case: _Case) -> Explanation | None:
    """A DESCRIBE of things by their IRIs."""
    part = described(case.ask.query.text, case.ask.query.tokens)
    return _explained(case, part, ()) if part else None


def _explained(case: _Case, part: Part, before: Sequence[Part]) -> Explanation:
    alone = part.kind != "FILTER" and bool(before) and case.holds(part)
    if part.kind == "group" and not alone:
        inner = _explain(case, inside(part.tokens))
        if inner:
            return inner
    turned = bool(part.turned) and case.holds(*before, replace(part, text=part.turned))
    line, column = position(case.ask.query.text, part.start)
    unknown: list[UnknownTerm] = []
    with suppress(QueryError, ServiceBusy):
        unknown.extend(islice(_unknown_terms(case, part, before), _MOST_UNKNOWN))
    return Explanation(part.kind, _clipped(part.text), line, column, alone=alone, turned=turned, unknown=tuple(unknown))


def _clipped(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS].rstrip()} …"


def _sharing(parts: Sequence[Part], part: Part) -> list[Part]:
    """The parts that share a variable with a part, or with a part that does, in order.

    What shares none can be left out: it has a solution, and multiplies those of the others.
    """
    reached = set(part.variables)
    found: set[int] = set()
    while more := [at for at, other in enumerate(parts) if at not in found and other.variables & reached]:
        found.update(more)
        reached.update(*(parts[at].variables for at in more))
    return [parts[at] for at in sorted(found)]


def _touching(filters: Sequence[Part], parts: Sequence[Part]) -> list[Part]:
    """The filters that use a variable of some parts."""
    return [part for part in filters if any(part.variables & other.variables for other in parts)]


def _joined(parts: Sequence[Part]) -> bool:
    """Whether parts hang together by their variables; a filter over parts that do not compares each row with each."""
    return not parts or len(_sharing(parts, parts[0])) == len(parts)


def _unknown_terms(case: _Case, part: Part, before: Sequence[Part]) -> Iterator[UnknownTerm]:
    """The constants of a part, and those that VALUES gives to its variables, that no graph holds."""
    given = [other for other in before if other.kind == "VALUES" and other.variables & part.variables]
    written = dict.fromkeys(constant for source in (*given, part) for constant in source.constants)
    for text in written:
        literal = text[0] in "\"'"
        question = (_VALUE_OCCURS if literal else _OCCURS).format(term=text, predicate=part.predicate or "?p")
        if case.snapshot.query(f"{case.prologue}\n{question}").boolean:
            continue
        term = case.resolve(text)
        if term:
            near = _near_value(case, part, term) if literal else nearest_iri(case.snapshot, term.value)
            yield UnknownTerm(text, *near)


def _near_value(case: _Case, part: Part, wanted: Term) -> tuple[str, str]:
    """The literal nearest to one among the values of the same property, and no label."""
    if not part.predicate:
        return "", ""
    return nearest_value(case.snapshot, wanted, prologue=case.prologue, predicate=part.predicate), ""
