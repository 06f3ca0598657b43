"""Queries that are plainly harmless: told by one look, where reading their tokens would take ten times as long.

Most queries are short, of well-known words, names and variables. What is found plain here is also let through by
`kg.sparql.guard`, which comes to the same result by reading its tokens; what is not goes that way. So each expression
here matches what `kg.sparql.tokens` reads as one token, or less: where a longer token could begin, it does not match.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

# A text of so few tokens is mostly much shorter.
_MOST_CHARACTERS: Final = 4000
_MOST_PREFIXES: Final = 12
_MOST_TOKENS_BEHIND: Final = 63
MOST_TOKENS: Final = 3 * _MOST_PREFIXES + 1 + _MOST_TOKENS_BEHIND
"""No plain text has more tokens, and so neither more brackets, patterns or operators."""

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
_NAME_END: Final = rf"(?={_SPACE}|[;,(){{}}\[\]/|*+^=!&<>-]|{_DOT_BEHIND}|\Z)"
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
    """A string without brackets; not one that three quotes open."""
    return rf"{quote}(?!{quote}{quote})(?:[^{quote}\\\n\r(){{}}\[\]]++|\\[^\n\r(){{}}\[\]])*+{quote}"


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
    |{_LESS}|>=|>(?!>)|=|!=?+|&&|\|\||\|(?![|}}])|\^\^?+|[*/+-]
    )"""
_PLAIN: Final = re.compile(
    rf"""
    (?:{_SPACE}*+(?:PREFIX|prefix){_SPACE}++{_PREFIX}{_SPACE}*+{_IRI}){{0,{_MOST_PREFIXES}}}+
    {_SPACE}*+(?P<form>{_one_of(_FORMS)}){_WORD_END}
    (?:{_SPACE}*+{_TOKEN}){{0,{_MOST_TOKENS_BEHIND}}}+
    {_SPACE}*+
    """,
    re.VERBOSE,
)
_RUN: Final = re.compile(rf"((?:[^#<\"'\\]++|{_IRI}|{_LESS}|{_STRINGS})*+)(#[^\r\n]*+)?+")


class Plain(NamedTuple):
    """A plain query: its text with each comment blanked by spaces, and its form in capitals."""

    text: str
    form: str


def plain(text: str, *, most_selects: int) -> Plain | None:
    """A text as a plain query that says SELECT at most so many times; None where it may be anything else."""
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
    # A prefix of that name may be read as a call.
    if "service" in lowered or lowered.count("select") > most_selects:
        return None
    closed = text.count("{") == text.count("}") and text.count("(") == text.count(")")
    if not closed or text.count("[") != text.count("]"):
        return None
    return Plain(text, found["form"].upper())
