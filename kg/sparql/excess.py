"""How much one query text may hold: what the engine walks by recursion, or plans for too long, is counted here."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from kg.errors import QueryRefused, QuerySyntax
from kg.sparql.tokens import Token, position

CLOSER: Final = {"(": ")", "[": "]", "{": "}", "{|": "|}", "<<": ">>", "<<(": ")>>"}
_CLOSERS: Final = frozenset(CLOSER.values())
_TERMS: Final = frozenset({"iri", "pname", "bnode", "var", "string", "number"})
_WITH_AUTHORITY: Final = re.compile(r"<[A-Za-z][A-Za-z0-9+.-]*://")
CHAIN_WORDS: Final = frozenset(
    {"UNION", "OPTIONAL", "LATERAL", "MINUS", "FILTER", "BIND", "GRAPH", "EXISTS", "SELECT", "AS", "IN"}
)
_CHAIN_SIGNS: Final = frozenset({"&&", "||", "+", "-", "*", "/", "|", "!", "^", "=", "!=", "<", ">", "<=", ">="})


@dataclass(frozen=True)
class Limits:
    """How much one query text may hold. The defaults stay well inside what the engine survives on a stack of 2 MiB."""

    characters: int = 100_000
    depth: int = 100
    """Brackets open at once; the engine's stack ends at about 250 nested function calls."""
    patterns: int = 100
    """Triple patterns, groups and path steps to be joined; 100 in one group take 2 s to plan, 300 take minutes."""
    operators: int = 300
    """Keywords and signs that chain (UNION, OPTIONAL, BIND, &&, +); the stack ends between 300 and 1,000 of some."""
    subqueries: int = 8
    """Subqueries inside one another; planning time doubles with each grouped one, 20 take 2 s."""
    services: Mapping[str, str] = field(default_factory=dict)
    """The endpoints that SERVICE may call, each as the whole IRI -> the address where it is asked, mostly the same."""


class _Place(NamedTuple):
    """One token with what surrounds it: the kind of bracket it stands in, and how many are open."""

    token: Token
    before: Token
    after: Token
    frame: str
    depth: int
    subqueries: int


NOTHING: Final = Token("space", "", 0)


def is_plainly_small(tokens: tuple[Token, ...], limits: Limits) -> bool:
    """Whether a text has fewer tokens than any limit allows, as many brackets open as close, and no doubtful `<`.

    Then nothing in it needs to be counted, which saves most of the time that a short query takes here.
    """
    if len(tokens) > min(limits.depth, limits.patterns, limits.operators):
        return False
    if any(token.kind == "iri" and not _WITH_AUTHORITY.match(token.text) for token in tokens):
        return False
    words = [token.text for token in tokens]
    if "<<" in words or "<<(" in words:
        return False
    if len([word for word in words if word.upper() == "SELECT"]) > limits.subqueries:
        return False
    return all(words.count(opening) == words.count(closing) for opening, closing in CLOSER.items())


def refuse_excess(text: str, tokens: tuple[Token, ...], *, limits: Limits, describes: bool) -> None:
    """Refuse a text that holds more than it may; `describes` where it is a DESCRIBE.

    Raises:
        QueryRefused: too deep, too much to join or to chain.
        QuerySyntax: brackets that do not match, or a comparison that reads as an IRI.
    """
    patterns = operators = 0
    for place in _places(text, tokens):
        if place.frame == "top" and place.token.text == ";":  # the next operation of an update is planned for itself
            patterns = operators = 0
            continue
        patterns += _pattern_count(place)
        operators += _operator_count(place, describes=describes)
        if place.depth > limits.depth:
            raise _excess(text, place, f"{limits.depth} nested brackets")
        if place.subqueries > limits.subqueries:
            raise _excess(text, place, f"{limits.subqueries} subqueries inside one another")
        if patterns > limits.patterns:
            raise _excess(text, place, f"{limits.patterns} patterns to join")
        if operators > limits.operators:
            raise _excess(text, place, f"{limits.operators} chained operators")


def _excess(text: str, place: _Place, most: str) -> QueryRefused:
    return QueryRefused(
        f"{place_of(text, place.token)}: more than {most}",
        remedy="ask in several smaller queries; a long list of terms belongs in VALUES",
    )


def _places(text: str, tokens: tuple[Token, ...]) -> Iterator[_Place]:
    """Each token with its surroundings.

    Raises:
        QuerySyntax: brackets that do not match, or a comparison that reads as an IRI.
    """
    stack: list[tuple[Token, str, int]] = []
    values_open = False
    for index, (before, token, after) in enumerate(
        zip((NOTHING, *tokens), tokens, (*tokens[1:], NOTHING), strict=False)
    ):
        sign = token.text if token.kind == "punct" else ""
        if sign in _CLOSERS:
            if not stack or CLOSER[stack[-1][0].text] != sign:
                raise syntax_error(text, token, f'"{sign}" closes nothing')
            stack.pop()
        frame = stack[-1][1] if stack else "top"
        if token.text[0] == "<" and _may_be_comparison(token, before=before, frame=frame):
            read = "is an IRI" if token.kind == "iri" else "opens a triple"
            raise syntax_error(text, token, f"{token.text} {read}; to compare, write a space behind <")
        subqueries = stack[-1][2] if stack else 0
        yield _Place(token, before, after, frame, len(stack) + (sign in CLOSER), subqueries)
        if sign in CLOSER:
            earlier = tokens[index - 2] if index > 1 else NOTHING
            selects = sign == "{" and after.keyword == "SELECT"
            kind = "subquery" if selects else _frame(sign, frame, before=before, earlier=earlier)
            kind = "data" if values_open and sign == "{" else kind
            values_open = values_open and sign != "{"
            stack.append((token, kind, subqueries + selects))
        elif token.kind == "word" and not values_open:
            values_open = token.keyword == "VALUES"
    if stack:
        raise syntax_error(text, stack[-1][0], f'"{stack[-1][0].text}" is not closed')


def _may_be_comparison(token: Token, *, before: Token, frame: str) -> bool:
    """Whether the engine may read an IRI, `<<` or `<<(` as `<` and what follows, so that a string hides what it runs.

    Source: SPARQL 1.1 Query §19.8: the longest token counts. The engine takes `<` for an operator behind an operand,
    and `<<x'>` for one and an IRI; only what goes on with `scheme://` is no expression. Operators stand in the round
    brackets of expressions alone.
    """
    if token.text in ("<", "<=") or frame not in ("expression", "unclear"):
        return False
    operand = before.kind in _TERMS or before.kind == "lang" or before.text in _CLOSERS
    return (operand or before.keyword in ("TRUE", "FALSE")) and not _WITH_AUTHORITY.match(token.text)


def _frame(sign: str, outer: str, *, before: Token, earlier: Token) -> str:
    """What a bracket holds: `group`, `node`, `collection`, `expression`, `template`, `data`, or `unclear`.

    `unclear` are round brackets which may be a collection or the arguments of a function. `data` are terms alone.
    """
    if sign == "{":
        opens = before.keyword in ("CONSTRUCT", "INSERT", "DELETE", "DATA")
        return "template" if opens or outer == "template" else "group"  # GRAPH in a template is part of it
    if outer in ("data", "template", "expression"):
        return "data" if (outer, sign) == ("expression", "<<(") else outer
    if sign != "(":
        return "node"
    called = before.keyword not in ("", "A") or earlier.keyword in ("FILTER", "HAVING")
    if outer in ("top", "subquery") or called:
        return "expression"
    if outer == "unclear" or (outer == "group" and (_may_call(before) or _may_call(earlier))):
        return "unclear"
    return "collection"


def _may_call(token: Token) -> bool:
    """Whether brackets behind a name may be an expression: the engine reads `FILTERx:f (` as two words.

    So it does with `x:BIND (`, where the prefix and the name do not make an IRI (`<http://e:80>` and `BIND`).
    """
    name = token.text.upper() if token.kind == "pname" else ""
    return "FILTER" in name or "BIND" in name


def _pattern_count(place: _Place) -> int:
    """How many patterns a token adds to what is joined; never less than the engine counts."""
    token, before, after = place.token, place.before, place.after
    if place.frame in ("expression", "template", "data"):
        return int(token.text == "{" and token.kind == "punct")
    if token.keyword == "VALUES":
        return 1
    if token.kind == "punct":
        if token.text in (".", ";", ","):
            return int(after.text not in (".", ";", "}", "]", "|}"))
        # An annotation stands for a reifier, its triple term and its own pattern.
        return {"{": 1, "[": 1, "<<": 1, "<<(": 1, "/": 1, "{|": 3}.get(token.text, 0)
    if place.frame in ("collection", "unclear"):
        return int(token.kind in _TERMS and before.kind in _TERMS)
    return int(place.frame in ("group", "subquery") and token.kind in _TERMS and before.text in ("}", ")"))


def _operator_count(place: _Place, *, describes: bool) -> int:
    """How many links a token adds to the chains that the engine walks by recursion."""
    token = place.token
    if token.keyword:
        return int(token.keyword in CHAIN_WORDS)
    if token.kind == "punct":
        listed = token.text == "(" and place.before.text == ")" and place.frame in ("top", "subquery", "expression")
        return int(place.frame != "data" and (listed or token.text in _CHAIN_SIGNS))
    # The engine reads `FILTERx:f(` and `GRAPHx:g {` as two words; each such name counts, also where it is only a name.
    called = token.kind == "pname" and place.after.text in ("(", "{")
    return int(called or (describes and place.frame == "top" and token.kind in ("iri", "pname")))


def place_of(text: str, token: Token) -> str:
    """The line and column of a token, as messages name them."""
    return "line {}, column {}".format(*position(text, token.start))


def syntax_error(text: str, token: Token, message: str) -> QuerySyntax:
    """The error that a token makes of a text."""
    line, column = position(text, token.start)
    return QuerySyntax(message, remedy="correct the query at this place", line=line, column=column)
