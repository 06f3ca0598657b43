"""What a query text may ask of the engine: decided on its tokens, before the engine sees it.

The engine reads and plans by recursion and cannot be cancelled: a text that nests or chains too far overflows its stack
and ends the whole process, and a few hundred patterns joined in one group are planned for minutes. It also calls other
endpoints when a text says `SERVICE` or `LOAD`, and has no switch for that. So each text is measured and read here.

What is read here must be what the engine reads. By the standard the longest token counts; the engine takes a keyword or
`<` wherever one fits. So a text that the two would cut differently is refused, as it is no SPARQL by the standard.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kg.errors import QueryRefused, QuerySyntax
from kg.sparql.edits import has_several_dots, spell_out
from kg.sparql.tokens import Token, position, significant, tokenize, without_comments

QUERY_FORMS: Final = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
UPDATE: Final = "UPDATE"

# Source: SPARQL 1.1 Query §19.8 and, for triple terms and base direction, SPARQL 1.2.
_WORDS: Final = frozenset(
    re.findall(
        r"\w+",
        """
        A ABS ADD ALL AS ASC ASK AVG BASE BIND BNODE BOUND BY CEIL CLEAR COALESCE CONCAT CONSTRUCT CONTAINS COPY COUNT
        CREATE DATA DATATYPE DAY DEFAULT DELETE DESC DESCRIBE DISTINCT DROP ENCODE_FOR_URI EXISTS FALSE FILTER FLOOR
        FROM GRAPH GROUP GROUP_CONCAT HASLANG HASLANGDIR HAVING HOURS IF IN INSERT INTO IRI ISBLANK ISIRI ISLITERAL
        ISNUMERIC ISTRIPLE ISURI LANG LANGDIR LANGMATCHES LCASE LIMIT LOAD MAX MD5 MIN MINUS MINUTES MONTH MOVE NAMED
        NOT NOW OBJECT OFFSET OPTIONAL ORDER PREDICATE PREFIX RAND REDUCED REGEX REPLACE ROUND SAMETERM SAMPLE SECONDS
        SELECT SEPARATOR SERVICE SHA1 SHA256 SHA384 SHA512 SILENT STR STRAFTER STRBEFORE STRDT STRENDS STRLANG
        STRLANGDIR STRLEN STRSTARTS STRUUID SUBJECT SUBSTR SUM TIMEZONE TO TRIPLE TRUE TZ UCASE UNDEF UNION URI USING
        UUID VALUES VERSION WHERE WITH YEAR
        """,
    )
)
_PROLOGUE: Final = frozenset({"BASE", "PREFIX", "VERSION"})
_LOAD_REMEDY: Final = "send the triples themselves; this service fetches nothing from the network"
_SERVICE_REMEDY: Final = "send the SERVICE part to its own endpoint and join the answers yourself"
_CLOSER: Final = {"(": ")", "[": "]", "{": "}", "{|": "|}", "<<": ">>", "<<(": ")>>"}
_CLOSERS: Final = frozenset(_CLOSER.values())
_TERMS: Final = frozenset({"iri", "pname", "bnode", "var", "string", "number"})
_WITH_AUTHORITY: Final = re.compile(r"<[A-Za-z][A-Za-z0-9+.-]*://")
_CHAIN_WORDS: Final = frozenset(
    {"UNION", "OPTIONAL", "MINUS", "FILTER", "BIND", "GRAPH", "EXISTS", "SELECT", "AS", "IN"}
)
_BEFORE_NAME: Final = frozenset({"FROM", "GRAPH", "NAMED", "SERVICE", "SILENT"})
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
    services: frozenset[str] = frozenset()
    """The endpoints that SERVICE may call, each as the whole IRI."""


@dataclass(frozen=True)
class Query:
    """A text that may be handed to the engine: without comments, its lines and columns unchanged."""

    text: str
    form: str
    """`SELECT`, `ASK`, `CONSTRUCT`, `DESCRIBE`, or `UPDATE` for every update."""
    tokens: tuple[Token, ...]
    """The tokens that carry meaning, in order."""


@dataclass(frozen=True)
class _Place:
    """One token with what surrounds it: the kind of bracket it stands in, and how many are open."""

    token: Token
    before: Token
    after: Token
    frame: str
    depth: int
    subqueries: int


_NOTHING: Final = Token("space", "", 0)


def vet(text: str, limits: Limits) -> Query:
    """The query or update `text`, found to be within `limits` and to stay off the network.

    Raises:
        QueryRefused: too long, too deep, too much to join or to chain, or it would call another service.
        QuerySyntax: a string or bracket is not closed, a stray character or word, or no query at all.
    """
    if len(text) > limits.characters:
        raise QueryRefused(
            f"the query has {len(text)} characters, at most {limits.characters} are read",
            remedy="split it into several queries",
        )
    everything = tokenize(text)
    if everything and everything[-1].kind == "bad":
        raise _syntax(text, everything[-1], _bad_token(everything[-1]))
    tokens = tuple(significant(everything))
    _refuse_ambiguity(text, tokens)
    form = query_form(tokens)
    if not form:
        raise QuerySyntax(
            "there is no query in the text", remedy="start with SELECT, ASK, CONSTRUCT or DESCRIBE", line=1, column=1
        )
    _refuse_network(text, tokens, limits=limits)
    if not _is_plainly_small(tokens, limits):
        _refuse_excess(text, tokens, limits=limits)
    spelled = spell_out(everything)
    for token in spelled:
        if has_several_dots(token):
            raise _syntax(text, token, f"the prefix of {token.text} is not declared by a whole IRI")
    return Query(text=without_comments(spelled), form=form, tokens=tokens)


def _refuse_ambiguity(text: str, tokens: tuple[Token, ...]) -> None:
    """Refuse what the engine reads as keywords: `trueSERVICE` as two, and `SERVICE:x {` as a call, whatever the prefix.

    Raises:
        QuerySyntax: a word that is none, or a prefixed name that may be a call.
    """
    for before, token, after in zip((_NOTHING, *tokens), tokens, (*tokens[1:], _NOTHING), strict=False):
        if token.keyword and token.keyword not in _WORDS:
            raise _syntax(text, token, f"{token.text} is no word of SPARQL")
        opens = token.kind == "pname" and after.text == "{" and before.keyword not in _BEFORE_NAME
        if opens and "SERVICE" in token.text.partition(":")[0].upper():
            raise _syntax(text, token, f"{token.text} before {{ may be a call; write a dot between, or another prefix")


def _is_plainly_small(tokens: tuple[Token, ...], limits: Limits) -> bool:
    """Whether a text has fewer tokens than any limit allows, as many brackets open as close, and no doubtful IRI.

    Then nothing in it needs to be counted, which saves most of the time that a short query takes here.
    """
    if len(tokens) > min(limits.depth, limits.patterns, limits.operators):
        return False
    if any(token.kind == "iri" and not _WITH_AUTHORITY.match(token.text) for token in tokens):
        return False
    words = [token.text for token in tokens]
    if len([word for word in words if word.upper() == "SELECT"]) > limits.subqueries:
        return False
    return all(words.count(opening) == words.count(closing) for opening, closing in _CLOSER.items())


def query_form(tokens: tuple[Token, ...]) -> str:
    """`SELECT`, `ASK`, `CONSTRUCT` or `DESCRIBE`; `UPDATE` for any other start; empty when it holds no keyword.

    >>> query_form(tuple(significant(tokenize("PREFIX x: <x:> # ASK\\nselect * {}"))))
    'SELECT'
    """
    for token in tokens:
        keyword = token.keyword
        if keyword and keyword not in _PROLOGUE:
            return keyword if keyword in QUERY_FORMS else UPDATE
    return ""


def called_services(text: str) -> tuple[str, ...]:
    """The endpoints that a vetted text calls.

    >>> called_services("ASK { SERVICE SILENT <http://e/> { ?s ?p 'SERVICE <http://x/>' } }")
    ('http://e/',)
    """
    if "service" not in text.lower():
        return ()
    tokens = significant(tokenize(text))
    return tuple(dict.fromkeys(_target(tokens, place) for place in _service_places(tokens)))


def _service_places(tokens: Sequence[Token]) -> list[int]:
    return [place for place, token in enumerate(tokens) if token.keyword == "SERVICE"]


def _target(tokens: Sequence[Token], place: int) -> str:
    """The endpoint behind a SERVICE; empty where none is named by its whole IRI."""
    target = next((later for later in tokens[place + 1 : place + 3] if later.keyword != "SILENT"), _NOTHING)
    return target.text[1:-1] if target.kind == "iri" else ""


def _refuse_network(text: str, tokens: tuple[Token, ...], *, limits: Limits) -> None:
    for token in tokens:
        if token.keyword == "LOAD":
            message = f"{_where(text, token)}: LOAD fetches from the network, which this service does not do"
            raise QueryRefused(message, remedy=_LOAD_REMEDY)
    for place in _service_places(tokens):
        if _target(tokens, place) not in limits.services:
            message = f"{_where(text, tokens[place])}: SERVICE calls another service, which this one does not do"
            raise QueryRefused(message, remedy=_service_remedy(limits))


def _where(text: str, token: Token) -> str:
    return "line {}, column {}".format(*position(text, token.start))


def _service_remedy(limits: Limits) -> str:
    if not limits.services:
        return _SERVICE_REMEDY
    return f"{_SERVICE_REMEDY}; it may call {', '.join(f'<{name}>' for name in sorted(limits.services))}"


def _refuse_excess(text: str, tokens: tuple[Token, ...], *, limits: Limits) -> None:
    describes = query_form(tokens) == "DESCRIBE"
    patterns = operators = 0
    for place in _places(text, tokens):
        patterns += _pattern_count(place)
        operators += _operator_count(place, describes=describes)
        for what, count, limit in (
            ("nested brackets", place.depth, limits.depth),
            ("subqueries inside one another", place.subqueries, limits.subqueries),
            ("patterns to join", patterns, limits.patterns),
            ("chained operators", operators, limits.operators),
        ):
            if count > limit:
                line, column = position(text, place.token.start)
                raise QueryRefused(
                    f"line {line}, column {column}: more than {limit} {what}",
                    remedy="ask in several smaller queries; a long list of terms belongs in VALUES",
                )


def _places(text: str, tokens: tuple[Token, ...]) -> Iterator[_Place]:
    """Each token with its surroundings.

    Raises:
        QuerySyntax: brackets that do not match, or a comparison that reads as an IRI.
    """
    stack: list[tuple[Token, str, bool]] = []
    values_open = False
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else _NOTHING
        after = tokens[index + 1] if index + 1 < len(tokens) else _NOTHING
        sign = token.text if token.kind == "punct" else ""
        if sign in _CLOSERS:
            if not stack or _CLOSER[stack[-1][0].text] != sign:
                raise _syntax(text, token, f'"{sign}" closes nothing')
            stack.pop()
        frame = stack[-1][1] if stack else "top"
        if token.kind == "iri" and _may_be_comparison(token, before=before, frame=frame):
            raise _syntax(text, token, f"{token.text} is an IRI; to compare, write a space behind <")
        yield _Place(token, before, after, frame, len(stack) + (sign in _CLOSER), sum(entry[2] for entry in stack))
        if sign in _CLOSER:
            earlier = tokens[index - 2] if index > 1 else _NOTHING
            kind = "data" if values_open and sign == "{" else _frame(sign, frame, before=before, earlier=earlier)
            values_open = values_open and sign != "{"
            stack.append((token, kind, sign == "{" and after.keyword == "SELECT"))
        values_open = values_open or token.keyword == "VALUES"
    if stack:
        raise _syntax(text, stack[-1][0], f'"{stack[-1][0].text}" is not closed')


def _may_be_comparison(token: Token, *, before: Token, frame: str) -> bool:
    """Whether the engine may read an IRI as `<` and what follows, with a comment or a string in it that hides text.

    Source: SPARQL 1.1 Query §19.8: the longest token counts. The engine takes `<` for an operator behind an operand;
    only what goes on with `scheme://` is no expression. Operators stand in round brackets alone.
    """
    operand = before.kind in _TERMS or before.kind == "lang" or before.text in _CLOSERS
    compared = frame in ("expression", "collection") and (operand or before.keyword in ("TRUE", "FALSE"))
    return compared and not _WITH_AUTHORITY.match(token.text)


def _frame(sign: str, outer: str, *, before: Token, earlier: Token) -> str:
    """What a bracket holds: `group`, `node`, `collection`, `expression`, `template` or `data`."""
    if sign == "{":
        return "template" if before.keyword in ("CONSTRUCT", "INSERT", "DELETE", "DATA") else "group"
    if outer in ("data", "template", "expression"):
        return outer
    if sign != "(":
        return "node"
    called = before.keyword not in ("", "A") or earlier.keyword in ("FILTER", "HAVING")
    return "expression" if outer == "top" or called else "collection"


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
    if place.frame == "collection":
        return int(token.kind in _TERMS and before.kind in _TERMS)
    return int(place.frame == "group" and token.kind in _TERMS and before.text in ("}", ")"))


def _operator_count(place: _Place, *, describes: bool) -> int:
    """How many links a token adds to the chains that the engine walks by recursion."""
    token = place.token
    if token.keyword:
        return int(token.keyword in _CHAIN_WORDS)
    if token.kind == "punct":
        listed = token.text == "(" and place.before.text == ")" and place.frame in ("top", "expression")
        return int(place.frame != "data" and (listed or token.text in _CHAIN_SIGNS))
    # The engine reads `FILTERx:f(` and `GRAPHx:g {` as two words; each such name counts, also where it is only a name.
    called = token.kind == "pname" and place.after.text in ("(", "{")
    return int(called or (describes and place.frame == "top" and token.kind in ("iri", "pname")))


def _bad_token(token: Token) -> str:
    if token.text[0] in "\"'":
        return "the string that starts here is not closed"
    return f"{token.text[0]!r} cannot stand here"


def _syntax(text: str, token: Token, message: str) -> QuerySyntax:
    line, column = position(text, token.start)
    return QuerySyntax(message, remedy="correct the query at this place", line=line, column=column)
