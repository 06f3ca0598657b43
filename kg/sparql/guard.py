"""What a query text may ask of the engine: decided on its tokens, before the engine sees it.

The engine reads and plans by recursion and cannot be cancelled: a text that nests or chains too far overflows its stack
and ends the whole process, and a few hundred patterns joined in one group are planned for minutes. It also calls other
endpoints when a text says `SERVICE` or `LOAD`, and has no switch for that. So each text is measured and read here.

What is read here must be what the engine reads. By the standard the longest token counts; the engine takes a keyword or
`<` wherever one fits. So a text that the two would cut differently is refused, as it is no SPARQL by the standard.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from kg.errors import NetworkRefused, QueryRefused, QuerySyntax
from kg.sparql.calls import SERVICE, directed, refuse_calls
from kg.sparql.edits import has_several_dots, spell_out
from kg.sparql.excess import NOTHING, Limits, is_plainly_small, place_of, refuse_excess, syntax_error
from kg.sparql.plain import SHORT_TOKENS, plain
from kg.sparql.relative import in_whole, is_misspelt
from kg.sparql.tokens import Token, significant, tokenize, without_comments

QUERY_FORMS: Final = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
UPDATE: Final = "UPDATE"

# Source: SPARQL 1.1 Query §19.8; SPARQL 1.2 for triple terms and base direction; SPARQL-dev SEP-0002 for ADJUST and
# SEP-0006 for LATERAL.
_WORDS: Final = frozenset(
    re.findall(
        r"\w+",
        """
        A ABS ADD ADJUST ALL AS ASC ASK AVG BASE BIND BNODE BOUND BY CEIL CLEAR COALESCE CONCAT CONSTRUCT CONTAINS COPY
        COUNT CREATE DATA DATATYPE DAY DEFAULT DELETE DESC DESCRIBE DISTINCT DROP ENCODE_FOR_URI EXISTS FALSE FILTER
        FLOOR FROM GRAPH GROUP GROUP_CONCAT HASLANG HASLANGDIR HAVING HOURS IF IN INSERT INTO IRI ISBLANK ISIRI
        ISLITERAL ISNUMERIC ISTRIPLE ISURI LANG LANGDIR LANGMATCHES LATERAL LCASE LIMIT LOAD MAX MD5 MIN MINUS MINUTES
        MONTH MOVE NAMED NOT NOW OBJECT OFFSET OPTIONAL ORDER PREDICATE PREFIX RAND REDUCED REGEX REPLACE ROUND SAMETERM
        SAMPLE SECONDS SELECT SEPARATOR SERVICE SHA1 SHA256 SHA384 SHA512 SILENT STR STRAFTER STRBEFORE STRDT STRENDS
        STRLANG STRLANGDIR STRLEN STRSTARTS STRUUID SUBJECT SUBSTR SUM TIMEZONE TO TRIPLE TRUE TZ UCASE UNDEF UNION URI
        USING UUID VALUES VERSION WHERE WITH YEAR
        """,
    )
)
# Source: SPARQL 1.1 Query §17.4: the functions whose value changes from call to call. So may what others answer.
_UNREPEATABLE: Final = frozenset({"NOW", "RAND", "SERVICE", "STRUUID", "UUID"})
_NETWORK: Final = frozenset({"LOAD", "SERVICE"})
_PROLOGUE: Final = frozenset({"BASE", "PREFIX", "VERSION"})
_LOAD_REMEDY: Final = "send the triples themselves; this service fetches nothing from the network"
_BEFORE_NAME: Final = frozenset({"FROM", "GRAPH", "NAMED", "SERVICE", "SILENT"})
# Source: SPARQL 1.1 Query §19.8, production ECHAR, and §19.2.
_ESCAPE: Final = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
_GOOD_ESCAPE: Final = re.compile(
    r"""\\(?:[tbnrf"'\\]|(?:u|U0000)(?![Dd][89A-Fa-f])[0-9A-Fa-f]{4}|U00(?:0[1-9A-Fa-f]|10)[0-9A-Fa-f]{4})"""
)


class Query(NamedTuple):
    """A text that may be handed to the engine: without comments, its lines unchanged."""

    text: str
    form: str
    """`SELECT`, `ASK`, `CONSTRUCT`, `DESCRIBE`, or `UPDATE` for every update."""
    written: str
    """The text as it was given."""
    repeatable: bool
    """Whether its answer is the same whenever it is asked of the same data."""

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens of what was given that carry meaning, in order."""
        return tuple(significant(tokenize(self.written)))


def vet(text: str, limits: Limits, *, base: str = "") -> Query:
    """The query or update `text`, found to be within `limits` and to stay off the network.

    `base` is what its relative IRIs are relative to; empty: the engine refuses those that no BASE is for.

    Raises:
        NetworkRefused: it would call another service, or fetch from the network.
        QueryRefused: too long, too deep, too much to join or to chain.
        QuerySyntax: a string or bracket is not closed, a stray character or word, or neither a query nor an update.
    """
    _refuse_length(text, limits)
    if min(limits.depth, limits.patterns, limits.operators) >= SHORT_TOKENS:
        found = plain(text, limits)
        if found is not None:
            return Query(found.text, found.form, written=text, repeatable=True)
    return vet_by_tokens(text, limits, base=base)


def vet_update(text: str, limits: Limits, *, base: str = "") -> Query:
    """The update `text`, vetted as `vet` does; one without any operation is an update too.

    Source: SPARQL 1.1 Query §19.8, production Update.

    Raises:
        QueryRefused: as `vet` does.
        QuerySyntax: as `vet` does, or it is a query.
    """
    _refuse_length(text, limits)
    query = vet_by_tokens(text, limits, base=base, is_update=True)
    if query.form != UPDATE:
        raise QuerySyntax(
            f"{query.form} is a query, which changes nothing", remedy="send queries to /sparql", line=1, column=1
        )
    return query


def vet_by_tokens(text: str, limits: Limits, *, base: str = "", is_update: bool = False) -> Query:
    """What `vet` comes to, by reading the tokens, which takes longer and goes for any text.

    `is_update`: it is to be one, and taken apart before anything of it is run. So it may hold no operation, and a LOAD,
    which is refused there.
    """
    everything = tokenize(text)
    if everything and everything[-1].kind == "bad":
        raise syntax_error(text, everything[-1], _bad_token(everything[-1]))
    tokens = tuple(significant(everything))
    _refuse_misspelt(text, tokens)
    if "\\" in text:
        _refuse_bad_escapes(text, tokens)
    words = {token.text.upper() for token in tokens if token.kind == "word"}
    if not words <= _WORDS or "SERVICE" in text.upper():
        _refuse_ambiguity(text, tokens)
    form = query_form(tokens) or (UPDATE if is_update else "")
    if not form:
        raise QuerySyntax(
            "there is no query in the text", remedy="start with SELECT, ASK, CONSTRUCT or DESCRIBE", line=1, column=1
        )
    if words & (_NETWORK - {"LOAD"} if is_update else _NETWORK):
        _refuse_network(text, tokens, limits=limits, is_update=is_update)
    if not is_plainly_small(tokens, limits):
        refuse_excess(text, tokens, limits=limits, describes=form == "DESCRIBE")
    spelled = spell_out(in_whole(everything, base) if base else everything)
    for token in spelled:
        if has_several_dots(token):
            raise syntax_error(text, token, f"the prefix of {token.text} is not declared by a whole IRI")
    if SERVICE in words:
        spelled = list(directed(spelled, limits.services))
    return Query(without_comments(spelled), form, written=text, repeatable=words.isdisjoint(_UNREPEATABLE))


def _refuse_length(text: str, limits: Limits) -> None:
    if len(text) > limits.characters:
        raise QueryRefused(
            f"the text has {len(text):,} characters, at most {limits.characters:,} are read",
            remedy="send it in several parts",
        )


def _refuse_misspelt(text: str, tokens: Iterable[Token]) -> None:
    """Refuse IRIs that are neither whole nor relative.

    Raises:
        QuerySyntax: there is one.
    """
    for token in tokens:
        if token.kind == "iri" and is_misspelt(token):
            raise syntax_error(
                text,
                token,
                f"{token.text} is no IRI: no scheme is before its colon, and a path with one starts with ./",
            )


def _refuse_bad_escapes(text: str, tokens: Iterable[Token]) -> None:
    """Refuse long strings with an escape that is none: the engine reads an empty string there, and code behind it.

    Raises:
        QuerySyntax: there is one.
    """
    for token in tokens:
        if token.kind != "string" or token.text[:3] not in ('"""', "'''"):
            continue
        bad = next((found for found in _ESCAPE.findall(token.text) if not _GOOD_ESCAPE.fullmatch(found)), None)
        if bad:
            raise syntax_error(text, token, f"the string that starts here holds {bad[:2]}, which stands for nothing")


def _refuse_ambiguity(text: str, tokens: tuple[Token, ...]) -> None:
    """Refuse what the engine reads as keywords: `trueSERVICE` as two, and `SERVICE:x {` as a call, whatever the prefix.

    Raises:
        QuerySyntax: a word that is none, or a prefixed name that may be a call.
    """
    row = (NOTHING, *tokens, NOTHING, NOTHING)
    for before, token, after, later in zip(row, row[1:], row[2:], row[3:], strict=False):
        if token.keyword and token.keyword not in _WORDS:
            raise syntax_error(text, token, f"{token.text} is no word of SPARQL")
        named = token.kind == "pname" and "SERVICE" in token.text.upper()
        if named and _may_be_call(token, before, after=after, later=later):
            raise syntax_error(
                text, token, f"{token.text} before {{ may be a call; write a dot between, or another name"
            )


def _may_be_call(token: Token, before: Token, *, after: Token, later: Token) -> bool:
    """Whether the engine may read a name with `service` in it as a call.

    It reads `x:SERVICEy:z` as `x:`, SERVICE and `y:z`, where the prefix and the name do not make an IRI: `<http://e:80>`
    is one, and `<http://e:80SERVICEy:z>` is none.
    """
    if after.text == "{":
        return before.keyword not in _BEFORE_NAME
    ends = token.text.upper().endswith(("SERVICE", "SERVICESILENT"))
    return ends and (after.keyword == "SILENT" or (after.kind in ("iri", "pname", "var") and later.text == "{"))


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


def _refuse_network(text: str, tokens: tuple[Token, ...], *, limits: Limits, is_update: bool) -> None:
    loads = [token for token in tokens if token.keyword == "LOAD" and not is_update]
    if loads:
        raise load_refused(text, loads[0])
    refuse_calls(text, tokens, limits=limits, is_update=is_update)


def load_refused(text: str, token: Token) -> NetworkRefused:
    """The error for a LOAD at a token of a text."""
    message = f"{place_of(text, token)}: LOAD fetches from the network, which this service does not do"
    return NetworkRefused(message, remedy=_LOAD_REMEDY)


def _bad_token(token: Token) -> str:
    if token.text[0] in "\"'":
        return "the string that starts here is not closed"
    return f"{token.text[0]!r} cannot stand here"
