"""The tokens of a query with every IRI written in full, so that parts of it need no prologue."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from kg.sparql.patterns import resolve
from kg.sparql.tokens import Token, significant, tokenize

_BRACKETS: Final = {"(": ")", "[": "]", "{": "}"}
_CLOSING: Final = frozenset(_BRACKETS.values())


def words_of(text: str) -> list[Token]:
    """The tokens of a SELECT or CONSTRUCT, without its prologue; none of any other query.

    Raises:
        NotTakenApart: an IRI is relative, or a prefix is not declared.
    """
    tokens = significant(tokenize(text))
    namespaces = {
        name.text[:-1]: iri.text[1:-1]
        for (keyword, name), (_, iri) in pairwise(pairwise(tokens))
        if keyword.keyword == "PREFIX" and iri.kind == "iri"
    }
    start = next((at for at, token in enumerate(tokens) if token.keyword in ("CONSTRUCT", "SELECT")), len(tokens))
    return [_in_full(token, namespaces) for token in tokens[start:]]


def _in_full(token: Token, namespaces: dict[str, str]) -> Token:
    kind = "iri" if token.kind == "pname" else token.kind
    return Token(kind, resolve(token, namespaces), token.start)


def variables_of(words: Sequence[Token]) -> frozenset[str]:
    """The variables among words."""
    return frozenset(word.text for word in words if word.kind == "var")


def text_of(words: Sequence[Token]) -> str:
    """Words as text, without a space where there must be none, and where the engine wants none: `CONCAT(STR(?x))`."""
    pieces: list[str] = []
    for before, word in pairwise([Token("", "", 0), *words]):
        literal = word.kind == "lang" or "^^" in (word.text, before.text)
        signed = before.text in ("+", "-") and word.kind == "number" and word.start == before.start + 1
        called = word.text == "(" and before.kind in ("word", "iri")
        close = literal or signed or called or before.text == "(" or word.text in (")", ",")
        pieces += [word.text] if close else [" ", word.text]
    return "".join(pieces).strip()


def closed(words: Sequence[Token], index: int) -> int:
    """The index behind a word, or behind the bracket that closes it."""
    depth = 0
    for at in range(index, len(words)):
        if words[at].kind == "punct":
            depth += (words[at].text in _BRACKETS) - (words[at].text in _CLOSING)
        if depth <= 0:
            return at + 1
    return len(words)
