"""Words as they are compared: without case, diacritics and vowel signs, in any script."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

MOST_CHARACTERS: Final = 64
"""Longer words are compared by so many characters of theirs."""

# Marks that `\w` leaves out and that stand within words: of Latin, Cyrillic, Hebrew, Arabic, and of India to Thailand.
_MARKS: Final = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0900-\u0903\u093a-\u094f\u0981-\u0e4e\u1dc0-\u1dff"
)
# Scripts that are written without spaces: each sign is a word.
_SIGNS: Final = "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD: Final = re.compile(rf"[{_SIGNS}]|(?:(?![{_SIGNS}_])[\w{_MARKS}])+")

# Letters that no decomposition takes apart, and the sign that only stretches Arabic words.
_LETTERS: Final = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "ħ": "h", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
    | {"\u0649": "\u064a", "\u0671": "\u0627", "\u0640": ""}  # alef maksura, alef wasla, tatweel
)


class Word(NamedTuple):
    """A word of a text: as it is compared, and where it stands, in characters from 0."""

    folded: str
    start: int
    end: int


def fold(text: str) -> str:
    """A text as it is compared.

    >>> fold("Straße"), fold("Québec"), fold("ÉCOSYSTÈMES"), fold("مُحَمَّد")
    ('strasse', 'quebec', 'ecosystemes', 'محمد')
    """
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(sign for sign in decomposed if unicodedata.category(sign) != "Mn")
    return unicodedata.normalize("NFKC", plain.casefold()).translate(_LETTERS)


def words_of(text: str, most: int | None = None) -> list[Word]:
    """The words of a text in their order, at most so many.

    >>> [word.folded for word in words_of("The 1.5 °C Series, 气候")]
    ['the', '1', '5', 'c', 'series', '气', '候']
    """
    found: list[Word] = []
    for match in _WORD.finditer(text):
        folded = fold(match[0])[:MOST_CHARACTERS]
        # A ligature may come apart into what is no word: the folded text has no spaces in it.
        if folded and not folded.isspace():
            found.append(Word("".join(folded.split()), match.start(), match.end()))
            if len(found) == most:
                break
    return found


def phrase(text: str, most: int | None = None) -> str:
    """The folded words of a text with single spaces between them.

    >>> phrase("  UNEA-5.2 ")
    'unea 5 2'
    """
    return " ".join(word.folded for word in words_of(text, most))


def differs_by(one: str, other: str, most: int) -> bool:
    """Whether two words differ by at most `most` letters left out, put in, exchanged, or swapped with the next one.

    >>> differs_by("biodiversty", "biodiversity", 2), differs_by("unpe", "unep", 1), differs_by("itc", "unitar", 2)
    (True, True, False)
    """
    if abs(len(one) - len(other)) > most:
        return False
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, start=1):
        earlier, before, row = before, row, [place]
        for column, counterpart in enumerate(other, start=1):
            cost = min(row[-1] + 1, before[column] + 1, before[column - 1] + (letter != counterpart))
            if place > 1 and column > 1 and letter == other[column - 2] and one[place - 2] == counterpart:
                cost = min(cost, earlier[column - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return False
    return row[-1] <= most
