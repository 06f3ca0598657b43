"""Reading a CONSTRUCT or SELECT query as the union of bodies that `kg.sparql.bodies` describes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count, pairwise
from typing import Final

from kg.sparql.bodies import (
    BIND,
    EXISTS,
    FILTER,
    NOT_EXISTS,
    OPTIONAL,
    SELECT,
    VALUES,
    Body,
    Clause,
    Disjuncts,
    Nested,
    Test,
    group_of,
    with_missing,
)
from kg.sparql.patterns import NotTakenApart, Pattern, Triple, patterns_along, read_path
from kg.sparql.tokens import Token
from kg.sparql.words import closed, text_of, variables_of, words_of

_ENDS: Final = frozenset({FILTER, BIND, VALUES, OPTIONAL, "LATERAL", "MINUS", "GRAPH", "SERVICE", "UNION"})
_MODIFIERS: Final = frozenset({"LIMIT", "OFFSET", "HAVING", "GROUP", "VALUES"})
_NODES: Final = frozenset({"iri", "pname", "var", "number", "string", "bnode"})


def take_apart(text: str) -> Disjuncts:
    """The bodies of a query, each term written in full.

    Raises:
        NotTakenApart: the query says something that this does not understand; the message tells what.
    """
    words = words_of(text)
    return _construct(words) if words and words[0].keyword == "CONSTRUCT" else _select(words)


def _construct(words: list[Token]) -> Disjuncts:
    if [word.text for word in words[1:2]] != ["{"]:
        raise NotTakenApart("a CONSTRUCT without a template")
    end = closed(words, 1)
    template = _Reader(words[2 : end - 1]).bodies()
    if len(template) != 1 or template[0].clauses or template[0].tests:
        raise NotTakenApart("the template of the CONSTRUCT")
    patterns = template[0].patterns
    if any(pattern.closure or any(term.startswith("?blank") for term in pattern.terms) for pattern in patterns):
        raise NotTakenApart("new nodes in the template of the CONSTRUCT")
    head: tuple[Triple, ...] = tuple((pattern.subject, pattern.predicate, pattern.object) for pattern in patterns)
    return Disjuncts(_where(words[end:]), head=head)


def _select(words: list[Token]) -> Disjuncts:
    opening = next((at for at, word in enumerate(words) if word.text == "{"), 0)
    shown = [word for word in words[1:opening] if word.keyword not in ("DISTINCT", "REDUCED", "WHERE")]
    if not shown or any(word.kind != "var" for word in shown):
        raise NotTakenApart("a SELECT of anything but variables, or FROM")
    return Disjuncts(_where(words[opening:]), columns=tuple(word.text for word in shown))


def _where(words: list[Token]) -> tuple[Body, ...]:
    words = words[1:] if words and words[0].keyword == "WHERE" else words
    if not words or words[0].text != "{":
        raise NotTakenApart("FROM, or no WHERE group")
    end = closed(words, 0)
    if any(word.keyword in _MODIFIERS for word in words[end:]):
        raise NotTakenApart("LIMIT, OFFSET, GROUP BY, HAVING or VALUES behind the WHERE group")
    return _Reader(words[1 : end - 1]).bodies()


class _Reader:
    """Reads what stands in one pair of braces."""

    def __init__(self, words: Sequence[Token], fresh: Iterator[str] | None = None, graph: str = "") -> None:
        self._words = list(words)
        self._at = 0
        self._fresh: Iterator[str] = fresh or (f"?blank{number}" for number in count(1))
        self._graph = graph
        self._body = Body()
        self._nested: list[Nested] = []
        self._apart: frozenset[str] = frozenset()

    def bodies(self) -> tuple[Body, ...]:
        """All of it."""
        while self._at < len(self._words):
            word = self._words[self._at]
            if word.text == ".":
                self._at += 1
            elif word.text == "{":
                self._braces()
            elif word.keyword in _ENDS:
                self._at += 1
                self._clause(word.keyword)
            else:
                self._triples()
        nested = (body.variables for part in self._nested for body in part.bodies)
        if self._apart & self._body.matched.union(*nested):
            raise NotTakenApart("MINUS before what binds its variables")
        return group_of(with_missing(self._body), self._nested)

    def _group(self, *, graph: str = "") -> tuple[Body, ...]:
        """The bodies of the braces that open here."""
        return _Reader(self._inside(), self._fresh, graph or self._graph).bodies()

    def _inside(self) -> list[Token]:
        if self._at >= len(self._words) or self._words[self._at].text != "{":
            raise NotTakenApart("a group without braces")
        return self._taken(closed(self._words, self._at))[1:-1]

    def _taken(self, end: int) -> list[Token]:
        words = self._words[self._at : end]
        self._at = end
        return words

    def _braces(self) -> None:
        following = self._words[self._at + 1 : self._at + 2]
        if following and following[0].keyword == SELECT:
            self._sub_select(self._inside())
            if self._keyword() != "UNION":
                return
            raise NotTakenApart("a UNION of sub-SELECTs")
        bodies = self._group()
        while self._keyword() == "UNION":
            self._at += 1
            bodies += self._group()
        self._nested.append(Nested(bodies))

    def _keyword(self) -> str:
        return self._words[self._at].keyword if self._at < len(self._words) else ""

    def _clause(self, keyword: str) -> None:
        start = self._at
        if keyword == FILTER and self._keyword() in ("NOT", EXISTS):
            negated = self._keyword() == "NOT"
            self._at += 1 + negated
            self._test(NOT_EXISTS if negated else EXISTS, self._group())
        elif keyword in (FILTER, BIND):
            self._expression(keyword)
        elif keyword == VALUES:
            end = closed(self._words, start)
            names = variables_of(self._words[start:end])
            text = f"{VALUES} {text_of(self._taken(closed(self._words, end)))}"
            self._add(Clause(VALUES, text, names, binds=names))
        elif keyword == OPTIONAL:
            reads = self._group()
            text = f"{OPTIONAL} {text_of(self._words[start : self._at])}"
            text = f"GRAPH {self._graph} {{ {text} }}" if self._graph else text
            _refuse_tests(reads)
            names = frozenset().union(*(body.variables for body in reads))
            self._add(Clause(OPTIONAL, text, names, binds=names, reads=reads))
        elif keyword == "MINUS":
            self._minus(self._group())
        elif keyword == "GRAPH":
            self._in_graph(self._group(graph=self._node(self._taken(start + 1))))
        else:
            raise NotTakenApart(keyword)

    def _expression(self, keyword: str) -> None:
        end = self._at
        while end < len(self._words) and self._words[end].text != "(":
            end += 1
        words = self._taken(closed(self._words, end))
        if any(word.keyword == EXISTS for word in words):
            raise NotTakenApart("EXISTS inside an expression")
        target = frozenset({words[-2].text}) if keyword == BIND else frozenset()
        self._add(Clause(keyword, f"{keyword} {text_of(words)}", variables_of(words), binds=target))

    def _test(self, kind: str, bodies: tuple[Body, ...]) -> None:
        _refuse_tests(bodies)
        self._body = Body(self._body.patterns, self._body.clauses, (*self._body.tests, Test(kind, bodies)))

    def _in_graph(self, bodies: tuple[Body, ...]) -> None:
        if len(bodies) > 1 or bodies[0].clauses or bodies[0].tests:
            self._nested.append(Nested(bodies))
        else:
            self._match(bodies[0].patterns)

    def _match(self, patterns: tuple[Pattern, ...]) -> None:
        early = self._body.given & Body(patterns).matched - self._body.matched
        if early:
            raise NotTakenApart(f"{min(early)} is given a value before a pattern matches it")
        self._body = Body(self._body.patterns + patterns, self._body.clauses, self._body.tests)

    def _minus(self, bodies: tuple[Body, ...]) -> None:
        """MINUS takes away what NOT EXISTS does where both sides share variables that they always bind."""
        before = self._body.matched
        for body in bodies:
            if not body.matched & before or body.left_open or body.variables & (self._body.variables - before):
                raise NotTakenApart("MINUS with variables that are not matched on both sides")
            self._apart |= body.variables - before
        self._test(NOT_EXISTS, bodies)

    def _add(self, clause: Clause) -> None:
        self._body = Body(self._body.patterns, (*self._body.clauses, clause), self._body.tests)

    def _sub_select(self, words: list[Token]) -> None:
        opening = next((at for at, word in enumerate(words) if word.text == "{"), len(words) - 1)
        end = closed(words, opening)
        shown = [word for word in words[1:opening] if word.keyword not in ("DISTINCT", "REDUCED", "WHERE")]
        tail = words[end:]
        if self._graph or any(word.keyword in ("LIMIT", "OFFSET", "ORDER", VALUES) for word in tail):
            raise NotTakenApart("LIMIT, OFFSET, ORDER BY or VALUES in a sub-SELECT, or one in GRAPH")
        inner = words[opening + 1 : end - 1]
        names = frozenset(word.text for word in shown if word.kind == "var")
        if tail:
            self._grouped(words, opening, names=_projected(shown), keys=tail)
        elif all(word.kind == "var" for word in shown):
            hidden = {name: f"{name}{next(self._fresh)[1:]}" for name in sorted(variables_of(inner) - names)}
            inner = [Token(word.kind, hidden.get(word.text, word.text), word.start) for word in inner]
            self._nested.append(Nested(_Reader(inner, self._fresh).bodies(), projected=names))
        else:
            raise NotTakenApart("an aggregate over all solutions, or an expression in a sub-SELECT")

    def _grouped(self, words: list[Token], opening: int, *, names: frozenset[str], keys: list[Token]) -> None:
        by = [word.text for word in keys[2:] if word.kind == "var"]
        if (
            [word.keyword for word in keys[:2]] != ["GROUP", "BY"]
            or len(by) != len(keys) - 2
            or not names.issuperset(by)
        ):
            raise NotTakenApart("a sub-SELECT that is not grouped by variables that it shows")
        reads = _Reader(words[opening + 1 : closed(words, opening) - 1], self._fresh).bodies()
        text = "{ " + text_of(words[: opening + 1])
        closing = text_of(words[opening + 1 :]) + " }"
        self._add(Clause(SELECT, text, names, binds=names, reads=reads, keys=tuple(by), closing=closing))

    def _triples(self) -> None:
        subject = self._next_node()
        while True:
            end = self._path_end(self._at)
            path = self._taken(end)
            while True:
                self._triple(subject, path, self._next_node())
                if not self._is(",", self._at):
                    break
                self._at += 1
            while self._is(";", self._at):
                self._at += 1
            if self._at >= len(self._words) or self._words[self._at].text in (".", "{"):
                return
            if self._words[self._at].keyword in _ENDS:
                return

    def _is(self, sign: str, index: int) -> bool:
        return index < len(self._words) and self._words[index].text == sign

    def _kind(self, index: int) -> str:
        return self._words[index].kind if index < len(self._words) else ""

    def _triple(self, subject: str, path: list[Token], value: str) -> None:
        if len(path) == 1 and path[0].kind == "var":
            ways: list[tuple[Pattern, ...]] = [(Pattern(subject, path[0].text, value),)]
        else:
            ways = patterns_along(subject, read_path(path, {}), value, fresh=self._fresh)
        if self._graph:
            ways = [tuple(replace(pattern, graph=self._graph) for pattern in way) for way in ways]
        if len(ways) > 1:
            self._nested.append(Nested(tuple(Body(way) for way in ways)))
        else:
            self._match(ways[0])

    def _path_end(self, index: int) -> int:
        """Where a predicate or path ends: where a node follows what is no operator."""
        while True:
            while self._words[index].text in ("^", "!"):
                index += 1
            index = closed(self._words, index)
            while index < len(self._words) and self._words[index].text in ("*", "+", "?"):
                index += 1
            if index >= len(self._words) or self._words[index].text not in ("/", "|"):
                return index
            index += 1

    def _next_node(self) -> str:
        first = self._words[self._at] if self._at < len(self._words) else Token("", "", 0)
        end = closed(self._words, self._at)
        if first.text in ("+", "-"):
            end += 1
        elif first.kind == "string":
            end += {"lang": 1, "punct": 2 * self._is("^^", end)}.get(self._kind(end), 0)
        return self._node(self._taken(end))

    def _node(self, words: list[Token]) -> str:
        if [word.text for word in words] == ["[", "]"]:
            return next(self._fresh)
        first = words[0] if words else Token("", "", 0)
        if first.kind == "bnode":
            return f"?blank_{first.text[2:].replace('.', '_').replace('-', '_')}"
        if first.kind in _NODES or first.text in ("+", "-", "true", "false"):
            return text_of(words)
        raise NotTakenApart(f"{first.text or 'nothing'} as a node")


def _refuse_tests(bodies: Sequence[Body]) -> None:
    for body in bodies:
        if body.tests or any(clause.reads for clause in body.clauses):
            raise NotTakenApart("OPTIONAL, EXISTS or a sub-SELECT inside EXISTS or OPTIONAL")


def _projected(words: Sequence[Token]) -> frozenset[str]:
    """The variables that a SELECT clause shows: those outside brackets, and those behind AS."""
    depth = 0
    names: set[str] = set()
    for before, word in pairwise([Token("", "", 0), *words]):
        depth += {"(": 1, ")": -1}.get(word.text, 0)
        if word.kind == "var" and (depth == 0 or (depth == 1 and before.keyword == "AS")):
            names.add(word.text)
    return frozenset(names)
