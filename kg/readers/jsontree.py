"""A JSON text as a tree in which every value knows where it is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kg.readers.jsonld import TOKEN, json_string


class Member(NamedTuple):
    """One key of an object, with its value."""

    key: str
    offset: int
    value: Value


class Value(NamedTuple):
    """A value; offsets count characters from 0."""

    offset: int
    kind: str
    """`{` for an object, `[` for an array, empty for anything else."""
    text: str = ""
    """The text of a string, or how a number or a word is written."""
    length: int = 0
    """How many characters a value that is neither object nor array has in the text."""
    members: tuple[Member, ...] = ()
    items: tuple[Value, ...] = ()


_PUNCTUATION: Final = frozenset(",:")


def read_tree(text: str) -> Value:
    """The tree of a text that is JSON and is not nested deep."""
    return _value((match.group(), match.start()) for match in TOKEN.finditer(text))


def _value(pieces: Iterator[tuple[str, int]]) -> Value:
    piece, offset = next(pieces)
    return _continued(piece, offset, pieces)


def _continued(piece: str, offset: int, pieces: Iterator[tuple[str, int]]) -> Value:
    if piece == "{":
        members: list[Member] = []
        for key, place in pieces:
            if key == "}":
                break
            if key not in _PUNCTUATION:
                next(pieces)  # the colon
                members.append(Member(json_string(key), place, _value(pieces)))
        return Value(offset, "{", members=tuple(members))
    if piece == "[":
        items: list[Value] = []
        for item, place in pieces:
            if item == "]":
                break
            if item not in _PUNCTUATION:
                items.append(_continued(item, place, pieces))
        return Value(offset, "[", items=tuple(items))
    return Value(offset, "", json_string(piece), len(piece))
