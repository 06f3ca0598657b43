"""JSON-LD before it is read: not nested too deep, no context from elsewhere, no key whose statements would be lost."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from kg.errors import ContentError
from kg.readers.bounds import LITERAL_CHARACTERS, NESTING, too_deep, too_long
from kg.readers.text import problem_at

# Source: RFC 8259 §2 and §7.
# A text that is not closed takes all that is left, so that the time is in proportion to the length.
TOKEN: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{},:]|[^\s\[\]{},:"]++|".*+', re.DOTALL)
TERMS: Final = 10_000
CHAIN: Final = 50
"""How many terms of a context may be defined one by another; the parser calls itself for each."""
_WORK: Final = 5_000_000
"""How often a term may be copied from context to context; the parser copies a million a second."""

_CONTEXT: Final = "@context"
_INLINE: Final = "put the context itself into the document; nothing is fetched"
# With these, a key may be something else than a property: a language, an index, a part of a JSON value.
_FREE_KEYS: Final = frozenset({"@container", "@json", "@vocab", "@nest"})
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass
class _Level:
    """One open bracket."""

    opening: str
    context: bool
    """Whether what it holds is a context, or a list of contexts."""
    defines: str = ""
    """The term that it defines."""
    key: str = ""
    awaits_key: bool = field(init=False)

    def __post_init__(self) -> None:
        self.awaits_key = self.opening == "{"


@dataclass
class _Found:
    """What a document holds."""

    text: str
    name: str
    properties: dict[str, int] = field(default_factory=dict)
    """The keys that may be properties, with the offset of the first of each."""
    free: bool = False
    """Whether keys may be something else."""
    terms: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The terms that contexts define, each with what its definition says."""
    keys: int = 0
    contexts: int = 0
    scoped: bool = False
    """Whether a term brings a context of its own."""


def check_jsonld(text: str, *, name: str) -> None:
    """That a text of JSON stays within the bounds, and asks for no context from elsewhere.

    What is not JSON is left to the parser. `@vocab`, containers and JSON values let any key be; without them a key that
    is neither an IRI nor defined by a context is an error, for JSON-LD drops what it says.

    Raises:
        ContentError: it is nested too deep, a text is too long or holds half a character, a context is named by its
            IRI or costs too much, or a key means nothing.
    """
    found = _scan(text, name=name)
    _check_contexts(found)
    for key, offset in found.properties.items():
        if key not in found.terms and not found.free:
            raise problem_at(
                f'the key "{key[:100]}" means nothing, so what it says would be lost',
                text=text,
                offset=offset,
                remedy="define it in @context, or write its IRI as the key",
                name=name,
            )


def json_string(piece: str) -> str:
    """The text that a token of JSON stands for: without quotes and escapes where it is a string."""
    if not piece.startswith('"'):
        return piece
    if "\\" not in piece:
        return piece[1:-1]
    try:
        return str(json.loads(piece, strict=False))
    except ValueError:
        return piece[1:-1]


def _scan(text: str, *, name: str) -> _Found:
    levels = [_Level("", context=False)]
    found = _Found(text, name)
    for match in TOKEN.finditer(text):
        piece, offset, level = match.group(), match.start(), levels[-1]
        if piece in "{[":
            if len(levels) > NESTING:
                raise too_deep(text, offset, name=name)
            levels.append(_opened(piece, level))
        elif piece in "}]":
            if len(levels) > 1:
                levels.pop()
        elif piece in ",:":
            level.awaits_key = piece == "," and level.opening == "{"
        elif len(piece) > LITERAL_CHARACTERS:
            raise too_long("text", LITERAL_CHARACTERS, text=text, offset=offset, name=name)
        elif piece.startswith('"'):
            _read_string(json_string(piece), offset, level=level, found=found)
    return found


def _opened(opening: str, level: _Level) -> _Level:
    """The level of an object or an array that opens within another one."""
    context = _is_context(level)
    defines = level.key if level.context and opening == "{" and not context else ""
    return _Level(opening, context, defines)


def _is_context(level: _Level) -> bool:
    return level.key == _CONTEXT or (level.opening == "[" and level.context)


def _read_string(string: str, offset: int, *, level: _Level, found: _Found) -> None:
    text, name = found.text, found.name
    if _SURROGATE.search(string):
        message = "a text holds half a character (a surrogate)"
        raise problem_at(message, text=text, offset=offset, remedy="write the character itself", name=name)
    if level.awaits_key:
        level.key = string
        _read_key(string, offset, level=level, found=found)
    elif _is_context(level):
        message = f"the context {string[:200]} is elsewhere"
        raise problem_at(message, text=text, offset=offset, remedy=_INLINE, name=name)
    elif level.context or level.defines:
        found.terms[level.defines or level.key].add(string)
    if string == "@json":
        found.free = True


def _read_key(key: str, offset: int, *, level: _Level, found: _Found) -> None:
    if key == "@import":
        message = "@import names a context elsewhere"
        raise problem_at(message, text=found.text, offset=offset, remedy=_INLINE, name=found.name)
    found.keys += 1
    found.free = found.free or key in _FREE_KEYS
    if key == _CONTEXT:
        found.contexts += 1
        found.scoped = found.scoped or bool(level.defines)
    elif level.context:
        found.terms[key].update({key} if ":" in key else ())
    elif not key.startswith("@") and ":" not in key:
        found.properties.setdefault(key, offset)


def _check_contexts(found: _Found) -> None:
    """That the contexts cost the parser neither its stack nor its time."""
    work = len(found.terms) * (found.contexts + (found.keys if found.scoped else 0))
    if len(found.terms) > TERMS or work > _WORK:
        message = f"{len(found.terms):,} terms and {found.contexts:,} contexts are too many together"
        raise _in_context(message, "define fewer terms, in one context at the start", found)
    names = {
        term: {name for value in values for name in (value, value.partition(":")[0]) if name in found.terms} - {term}
        for term, values in found.terms.items()
    }
    chained = set(names)
    for _ in range(CHAIN):
        chained = {term for term in chained if names[term] & chained}
    if chained:
        message = f"the terms of a context are defined one by another, more than {CHAIN} deep or in a circle"
        raise _in_context(message, "write the IRI of each term in full", found)


def _in_context(message: str, remedy: str, found: _Found) -> ContentError:
    offset = max(found.text.find(f'"{_CONTEXT}"'), 0)
    return problem_at(message, text=found.text, offset=offset, remedy=remedy, name=found.name)
