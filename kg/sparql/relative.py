"""Relative IRIs of a text, and the whole IRIs that they stand for where the text was sent to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from kg.sparql.tokens import Token

_WITH_SCHEME: Final = re.compile(r"<[A-Za-z][A-Za-z0-9+.-]*:")
# Source: RFC 3986, appendix B, without the scheme; each part keeps its sign, so that an empty one is not a missing one.
_PARTS: Final = re.compile(r"(//[^/?#]*)?([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_END_OF_SEGMENT: Final = re.compile("[/?#]")
_ESCAPE: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_NOT_IN_AN_IRI: Final = re.compile(r'[<>"{}|^`\\\x00-\x20\ud800-\udfff]')


def _relative(token: Token) -> str | None:
    """The IRI of a token, without its escapes, where it has no scheme; what can be no IRI is left to the engine."""
    if token.kind != "iri" or _WITH_SCHEME.match(token.text):
        return None
    try:
        text = _ESCAPE.sub(lambda escape: chr(int(escape[1] or escape[2], 16)), token.text[1:-1])
    except (OverflowError, ValueError):
        return None
    return None if _WITH_SCHEME.match(f"<{text}") or _NOT_IN_AN_IRI.search(text) else text


def is_misspelt(token: Token) -> bool:
    """Whether an IRI is neither whole nor a relative reference: a colon in its first segment follows what is no scheme.

    >>> [is_misspelt(Token("iri", text, 0)) for text in ("<ht$ps://x>", "<://a/>", "<a/b:c>", "<./a:b>", "<a:b>")]
    [True, True, False, False, False]

    Source: RFC 3986 §4.2.
    """
    if ":" not in token.text and "\\" not in token.text:
        return False
    reference = _relative(token)
    return reference is not None and ":" in _END_OF_SEGMENT.split(reference, maxsplit=1)[0]


def first_relative(tokens: Sequence[Token]) -> Token | None:
    """The first relative IRI of a text that has no BASE for it; None where there is none."""
    for token in tokens:
        if token.keyword == "BASE":
            return None
        if _relative(token) is not None:
            return token
    return None


def in_whole(tokens: Sequence[Token], base: str) -> list[Token]:
    """The tokens with each relative IRI written in whole; what a BASE of the text is for is left to it.

    Source: SPARQL 1.1 Query §4.1.1.2; RFC 3986 §5.1.3: without a BASE it is the address that the text was sent to.
    """
    written = list(tokens)
    declares = False
    for place, token in enumerate(written):
        if token.kind in ("space", "comment"):
            continue
        reference = _relative(token)
        if reference is not None:
            written[place] = Token("iri", f"<{resolve(reference, base)}>", token.start)
            if declares:
                break
        elif declares and token.kind == "iri":
            break
        declares = token.keyword == "BASE"
    return written


def resolve(reference: str, base: str) -> str:
    """A relative reference against an absolute IRI that has an authority.

    >>> [resolve(text, "http://e/a/b?q#f") for text in ("", "c", "../c", "/c", "?r", "#", "//x")]
    ['http://e/a/b?q', 'http://e/a/c', 'http://e/c', 'http://e/c', 'http://e/a/b?r', 'http://e/a/b?q#', 'http://x']

    Source: RFC 3986 §5.2.2.
    """
    scheme, _, behind = base.partition(":")
    authority, path, query, _ = _parts(behind)
    own_authority, own_path, own_query, fragment = _parts(reference)
    if own_authority:
        authority, path, query = own_authority, _without_dots(own_path), own_query
    elif own_path:
        whole = own_path if own_path.startswith("/") else f"{path[: path.rfind('/') + 1] or '/'}{own_path}"
        path, query = _without_dots(whole), own_query
    elif own_query:
        query = own_query
    return f"{scheme}:{authority}{path}{query}{fragment}"


def _parts(text: str) -> list[str]:
    found = _PARTS.fullmatch(text)
    return [part or "" for part in found.groups()] if found else ["", text, "", ""]


def _without_dots(path: str) -> str:
    """Source: RFC 3986 §5.2.4."""
    kept: list[str] = []
    steps = path.split("/")
    for step in steps:
        if step == "..":
            del kept[max(1, len(kept) - 1) :]
        elif step != ".":
            kept.append(step)
    if steps[-1] in (".", ".."):
        kept.append("")
    return "/".join(kept)
