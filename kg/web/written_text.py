"""A text that somebody submits, as a page shows it: its lines by their numbers, and in which format it seems to be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

FORMATS: Final = (
    ("text/turtle", "Turtle"),
    ("application/trig", "TriG"),
    ("application/ld+json", "JSON-LD"),
    ("application/n-quads", "N-Quads"),
    ("application/rdf+xml", "RDF/XML"),
    ("text/csv", "CSV"),
)
"""The media types that a text can be pasted in, and what they are called."""

_LINE: Final = re.compile(r"\bline ([0-9]{1,9})\b", re.IGNORECASE)
_STATEMENT: Final = re.compile(r"\s*(<[^<>\s]*>|_:\S+)\s+<[^<>\s]*>\s+\S.*\.\s*")
_NAMED: Final = re.compile(
    r"^[ \t]*(GRAPH\b|(<[^<>\s]*>|[\w.-]*:[\w.-]*)[ \t]*(\r?\n[ \t]*)?\{|\{)", re.MULTILINE | re.IGNORECASE
)
_COMMENT: Final = re.compile(r"^\s*(#.*)?$")
_AROUND: Final = 2
_ALL: Final = 60
_MOST_SHOWN: Final = 400
_MOST_CHARACTERS: Final = 300


@dataclass(frozen=True)
class Line:
    """A line of a text; one without text stands for others that are not shown."""

    number: int
    text: str
    marked: bool = False
    gap: bool = False
    """Whether lines before it are left out."""


def guessed_type(text: str) -> str:
    """The media type that a text seems to be of.

    >>> guessed_type('{"@id": "a:b"}'), guessed_type("<a:b> <a:c> <a:d> <a:g> ."), guessed_type("@prefix : <a:> .")
    ('application/ld+json', 'application/n-quads', 'text/turtle')
    >>> guessed_type("<?xml version='1.0'?>"), guessed_type("@prefix : <a:> .\\n:g { :a :b :c }")
    ('application/rdf+xml', 'application/trig')
    """
    start = text.lstrip("\ufeff \t\r\n")
    if re.match(r'\{\s*("|\})|\[\s*[{\[]', start):
        return "application/ld+json"
    if re.match(r"<(\?xml|!DOCTYPE|!--|rdf:RDF)", start):
        return "application/rdf+xml"
    lines = [line for line in start.splitlines()[:_ALL] if not _COMMENT.match(line)]
    if lines and all(_STATEMENT.fullmatch(line) for line in lines):
        return "application/n-quads"
    return "application/trig" if _NAMED.search(start) else "text/turtle"


def line_of(place: str) -> int:
    """The line that a place names, counted from 1; 0 where it names none.

    >>> line_of("the text, line 4, column 7"), line_of("row 7, column D (status)")
    (4, 0)
    """
    found = _LINE.search(place)
    return int(found[1]) if found else 0


def shown_lines(text: str, marked: Iterable[int]) -> tuple[Line, ...]:
    """The lines of a short text; of a long one those that are marked, with some around each."""
    marks = {number for number in marked if number}
    lines = text.splitlines()
    if len(lines) <= _ALL:
        wanted = set(range(1, len(lines) + 1))
    else:
        around = range(-_AROUND, _AROUND + 1)
        wanted = {mark + step for mark in sorted(marks)[:_MOST_SHOWN] for step in around}
    numbers = sorted(number for number in wanted if 1 <= number <= len(lines))[:_MOST_SHOWN]
    before = [0, *numbers]
    return tuple(
        Line(number, lines[number - 1][:_MOST_CHARACTERS], number in marks, number != last + 1)
        for last, number in zip(before, numbers, strict=False)
    )
