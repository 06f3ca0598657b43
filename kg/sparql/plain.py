"""Queries that are plainly harmless: told by one look, where reading their tokens would take ten times as long.

Most queries are of well-known words, names and variables. What is found plain here is also let through by
`kg.sparql.guard`, which comes to the same result by reading its tokens; what is not goes that way. So each expression
here matches what `kg.sparql.tokens` reads as one token, or less: where a longer token could begin, it does not match.

A short text holds too few tokens for any limit. In a longer one, signs and words are counted that may be what a limit
is for, so never less than there are.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from kg.sparql.excess import CHAIN_WORDS, CLOSER, Limits

_MOST_CHARACTERS: Final = 4000
_MOST_PREFIXES: Final = 12
_MOST_TOKENS_BEHIND: Final = 63
SHORT_TOKENS: Final = 3 * _MOST_PREFIXES + 1 + _MOST_TOKENS_BEHIND
"""No short text has more tokens, and so neither more brackets, patterns or operators."""

# No word that calls the network, changes data or names a dataset, and no function that gives another value each time.
_WORDS: Final = re.findall(
    r"\w+",
    """
    A ABS AS ASC AVG BIND BOUND BY CEIL COALESCE CONCAT CONSTRUCT CONTAINS COUNT DATATYPE DAY DESC DISTINCT EXISTS FALSE
    FILTER FLOOR GRAPH GROUP GROUP_CONCAT HAVING HOURS IF IN IRI isBlank isIRI isLiteral isNumeric isURI LANG
    langMatches LCASE LIMIT MAX MIN MINUS MINUTES MONTH NOT OFFSET OPTIONAL ORDER REDUCED REGEX REPLACE ROUND sameTerm
    SAMPLE SECONDS SELECT SEPARATOR STR STRAFTER STRBEFORE STRDT STRENDS STRLANG STRLEN STRSTARTS SUBSTR SUM TIMEZONE
    TRUE TZ UCASE UNDEF UNION URI VALUES WHERE YEAR
    """,
)
_FORMS: Final = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")

_SPACE: Final = r"[ \t\r\n]"
_DOT_BEHIND: Final = rf"\.(?={_SPACE}|\}}|\Z)"
_OR_NOT: Final = rf"\?(?={_SPACE}|[)/|])"
_NAME_END: Final = rf"(?={_SPACE}|[;,(){{}}\[\]/|*+^=!&<>-]|{_OR_NOT}|{_DOT_BEHIND}|\Z)"
# A prefix may hold `-` and `.`, so a word before them may be one.
_WORD_END: Final = rf"(?={_SPACE}|[;,(){{}}*?$<>/|+^=!&]|{_DOT_BEHIND}|\Z)"
_PREFIX: Final = r"(?:[A-Za-z][A-Za-z0-9_-]{0,60}+)?+:"
# With an authority, so that the engine does not take `<` for an operator; without brackets, which are counted.
_IRI: Final = r"<[A-Za-z][A-Za-z0-9+.-]*+://[^<>\"{}|^`\\()\[\]\x00-\x20]*+>"
_LESS: Final = rf"<=?+(?={_SPACE})"


def _one_of(words: Iterable[str]) -> str:
    """Any of some words, as they are usually written, sorted by first letter so that most are passed over at once."""
    rests: dict[str, set[str]] = {}
    for word in words:
        for spelling in (word, word.upper(), word.lower(), word.capitalize()):
            rests.setdefault(spelling[0], set()).add(spelling[1:])
    return "|".join(f"{letter}(?:{'|'.join(sorted(rests[letter], reverse=True))})" for letter in sorted(rests))


def _string(quote: str) -> str:
    """A string; not one that three quotes open."""
    return rf"{quote}(?!{quote}{quote})(?:[^{quote}\\\n\r]++|\\[^\n\r])*+{quote}"


_STRINGS: Final = f"{_string(chr(34))}|{_string(chr(39))}"
_TOKEN: Final = rf"""(?>
    [?$][A-Za-z0-9_]++{_NAME_END}
    |{_PREFIX}(?:[A-Za-z0-9_][A-Za-z0-9_-]*+)?+{_NAME_END}
    |(?:{_one_of(_WORDS)}){_WORD_END}
    |{_IRI}
    |\{{(?!\|)|\}}|\(|\)(?!>>)|\[|\]|;|,|\.(?![0-9])
    |[0-9]++(?:\.[0-9]++)?+{_NAME_END}
    |{_STRINGS}
    |@[A-Za-z]++(?:-[A-Za-z0-9]++)*+(?![A-Za-z0-9-])
    |{_OR_NOT}|{_LESS}|>=|>(?!>)|=|!=?+|&&|\|\||\|(?![|}}])|\^\^?+|[*/+-]
    )"""
_PLAIN: Final = re.compile(
    rf"""
    (?:{_SPACE}*+(?:PREFIX|prefix){_SPACE}++{_PREFIX}{_SPACE}*+{_IRI}){{0,{_MOST_PREFIXES}}}+
    {_SPACE}*+(?P<form>{_one_of(_FORMS)}){_WORD_END}
    (?:{_SPACE}*+{_TOKEN}){{0,{_MOST_TOKENS_BEHIND}}}+
    (?P<more>(?:{_SPACE}*+{_TOKEN})*+)
    {_SPACE}*+
    """,
    re.VERBOSE,
)
_RUN: Final = re.compile(rf"((?:[^#<\"'\\]++|{_IRI}|{_LESS}|{_STRINGS})*+)(#[^\r\n]*+)?+")


# What is counted is counted in small letters, and not in names and strings, which stand as `:i`.
_NAMED: Final = re.compile(f"{_IRI}|{_STRINGS}")
_NAME: Final = ":i"
_CHAIN_WORDS: Final = sorted(word.lower() for word in CHAIN_WORDS)
_BRACKET: Final = re.compile(r"([(){}\[\]])")
_VALUES: Final = re.compile(r"(?<![\w?$:@-])values(?![\w:-])")
_TERM_FIRST: Final = re.compile(r"\s*+(?:[?$:\d]|[a-z][\w-]*+:)")
_SIDE_BY_SIDE: Final = re.compile(rf"(?:[?$:][\w-]*+|(?<![\w?$:-])\d[\d.]*+){_TERM_FIRST.pattern}")
_SUBQUERY: Final = re.compile(r"\s*+select")


class Plain(NamedTuple):
    """A plain query: its text with each comment blanked by spaces, and its form in capitals."""

    text: str
    form: str


def plain(text: str, limits: Limits) -> Plain | None:
    """A text as a plain query within some limits; None where it may be anything else."""
    if len(text) > _MOST_CHARACTERS:
        return None
    if "#" in text:
        runs = _RUN.findall(text)
        if sum([len(run) + len(comment) for run, comment in runs]) != len(text):
            return None
        text = "".join([run + " " * len(comment) for run, comment in runs])
    found = _PLAIN.fullmatch(text)
    if found is None:
        return None
    lowered = text.lower()
    if "service" in lowered:  # a prefix of that name may be read as a call
        return None
    form = found["form"].upper()
    if found["more"]:
        within = form != "DESCRIBE" and _is_within(_NAMED.sub(_NAME, lowered), limits)
    else:
        within = _is_closed(lowered, limits)
    return Plain(text, form) if within else None


def _is_closed(text: str, limits: Limits) -> bool:
    """Whether a short text has as many brackets that close as open, and is within the limit that it may exceed."""
    if '"' in text or "'" in text:
        text = _NAMED.sub(_NAME, text)
    closed = text.count("{") == text.count("}") and text.count("(") == text.count(")")
    return closed and text.count("[") == text.count("]") and text.count("select") <= limits.subqueries


def _is_within(text: str, limits: Limits) -> bool:
    """Whether a longer text is certainly within the limits, and each bracket in it closes the one that is open."""
    brackets = sum(map(text.count, "({["))
    patterns = sum(map(text.count, (".", ";", ",", "{", "[", "/", "values")))
    operators = sum(map(text.count, "&|+-*/^!=<>")) + sum(map(text.count, _CHAIN_WORDS)) + brackets
    if brackets > limits.depth or operators > limits.operators:
        return False
    more = _patterns_behind_brackets(text, most_subqueries=limits.subqueries)
    return more is not None and patterns + more <= limits.patterns


class _Open(NamedTuple):
    """An open bracket: what closes it, whether it holds no patterns by its kind, and how many subqueries it is in."""

    closer: str
    no_patterns: bool
    subqueries: int


def _patterns_behind_brackets(text: str, *, most_subqueries: int) -> int | None:
    """How many patterns begin behind a bracket; None where brackets do not match, or hold what may be a list of terms.

    Each member of a list is a pattern of its own.
    """
    parts = _BRACKET.split(text)
    stack = [_Open("", no_patterns=True, subqueries=0)]
    patterns = 0
    values_open = False
    for before, bracket, behind in zip(parts[:-1:2], parts[1::2], parts[2::2], strict=True):
        here = stack[-1]
        if here.closer == ")" and not here.no_patterns and _SIDE_BY_SIDE.search(before):
            return None
        values_open = values_open or ("values" in before and bool(_VALUES.search(before)))
        if bracket == "{":
            subqueries = here.subqueries + bool(_SUBQUERY.match(behind))
            stack.append(_Open("}", values_open, subqueries))
            values_open = False
            if subqueries > most_subqueries:
                return None
        elif bracket in CLOSER:
            no_patterns = here.no_patterns or (bracket == "(" and _ends_in_word(before))
            stack.append(_Open(CLOSER[bracket], no_patterns, here.subqueries))
        elif bracket == here.closer:
            stack.pop()
            patterns += not stack[-1].no_patterns and bool(_TERM_FIRST.match(behind))
        else:
            return None
    return patterns if len(stack) == 1 else None


def _ends_in_word(text: str) -> bool:
    """Whether a keyword comes last, such as those before an expression, but not `a`."""
    words = text.rsplit(maxsplit=1)
    return bool(words) and words[-1] != "a" and words[-1].isidentifier()
