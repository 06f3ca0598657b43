"""The text of SPARQL as tokens, without loss: joining the tokens gives back the text.

The tokenizer never fails. What cannot be a token (a stray character, an open string) becomes one last token of
kind `bad` that holds the rest of the text, so reading a text takes time in proportion to its length whatever it
contains.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple


class Token(NamedTuple):
    """One token: its kind, its text, and the character offset at which it starts."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """The character offset just behind the token."""
        return self.start + len(self.text)

    @property
    def keyword(self) -> str:
        """The keyword this token may be, in capitals; empty for any other kind of token."""
        return self.text.upper() if self.kind == "word" else ""


# Source: SPARQL 1.1 Query §19.8, productions PN_CHARS_BASE to PN_LOCAL_ESC; SPARQL 1.2 for the triple term brackets.
_BASE: Final = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_START: Final = _BASE + "_"
_CHARACTER: Final = _START + "0-9\u00b7\u0300-\u036f\u203f\u2040\\-"
_ESCAPE: Final = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?#@%]"
_CODEPOINT: Final = r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}"
# A longer prefix is not read as one: the bound keeps `a.a.a.a…` linear.
_PREFIX: Final = rf"[{_BASE}](?:[{_CHARACTER}]|\.{{1,255}}(?=[{_CHARACTER}])){{0,255}}"
_LOCAL: Final = rf"(?:[{_START}:0-9]|{_ESCAPE})(?:[{_CHARACTER}:]|{_ESCAPE}|\.+(?=[{_CHARACTER}:]|{_ESCAPE}))*"


def _string(quote: str, *, long: bool) -> str:
    if long:
        return rf"{quote * 3}(?:[^{quote}\\]++|\\.|{quote}{{1,2}}(?!{quote}))*+{quote * 3}"
    return rf"{quote}(?:[^{quote}\\\n\r]++|\\[^\n\r])*+{quote}"


_STRINGS: Final = "|".join(_string(quote, long=long) for long in (True, False) for quote in ('"', "'"))

_TOKEN: Final = re.compile(
    rf"""
    (?P<space>[ \t\r\n]+)
    |(?P<comment>\#[^\r\n]*)
    |(?P<iri><(?:[^<>"{{}}|^`\\\x00-\x20]|{_CODEPOINT})*>)
    |(?P<pname>(?:{_PREFIX})?:(?:{_LOCAL})?)
    |(?P<bnode>_:[{_START}0-9](?:[{_CHARACTER}]|\.+(?=[{_CHARACTER}]))*)
    |(?P<var>[?$][{_START}0-9][{_START}0-9\u00b7\u0300-\u036f\u203f\u2040]*)
    |(?P<string>{_STRINGS})
    |(?P<lang>@[A-Za-z]+(?:-[A-Za-z0-9]+)*(?:--[A-Za-z]+)?)
    |(?P<number>(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)[eE][+-]?[0-9]++|[0-9]*+\.[0-9]++|[0-9]++)
    |(?P<word>[A-Za-z][A-Za-z0-9_]*+)
    |(?P<punct><<\(|\)>>|<<|>>|\{{\||\|\}}|\^\^|&&|\|\||!=|<=|>=|[{{}}()\[\].;,*/|^?!=<>+~-])
    |(?P<bad>.+)
    """,
    re.VERBOSE | re.DOTALL,
)


def tokenize(text: str) -> list[Token]:
    """All tokens of `text` in order, white space and comments included.

    >>> [token.text for token in tokenize("ASK { ?s a <x:C> }")]
    ['ASK', ' ', '{', ' ', '?s', ' ', 'a', ' ', '<x:C>', ' ', '}']
    """
    return [Token(str(match.lastgroup), match.group(), match.start()) for match in _TOKEN.finditer(text)]


def significant(tokens: Iterable[Token]) -> list[Token]:
    """The tokens that carry meaning: all but white space and comments."""
    return [token for token in tokens if token.kind not in ("space", "comment")]


def without_comments(tokens: Iterable[Token]) -> str:
    """The text with each comment blanked by spaces, so that every other token keeps its line and column.

    >>> without_comments(tokenize("ASK {} # why"))
    'ASK {}      '
    """
    return "".join(" " * len(token.text) if token.kind == "comment" else token.text for token in tokens)


def position(text: str, offset: int) -> tuple[int, int]:
    """The line and the column, both counted from 1, of a character offset.

    >>> position("ASK\\n{ }", 6)
    (2, 3)
    """
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def offset_of(text: str, line: int, *, column: int) -> int:
    """The character offset of a line and a column counted from 1; never behind the end of the text."""
    start = 0
    for _ in range(line - 1):
        found = text.find("\n", start)
        if found < 0:
            break
        start = found + 1
    return min(start + column - 1, len(text))
