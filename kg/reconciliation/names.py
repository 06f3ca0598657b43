"""Whether what somebody wrote says the same as a name, and whether that name stands for just one thing.

A wrong match is worse than none. So a name that only says a part of a longer one, or what kind of thing it is, never
decides; nor does an acronym of a part, such as that of a treaty which its secretariat bears.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from kg.search import PRECISE, Document, Name, fold, words_of

Words = tuple[str, ...]

_PARTS: Final = re.compile(r"(.+?)\s*(?:\(([^()]+)\)|[,:;]\s+(.+)|\s[-\u2013\u2014/]\s(.+))\s*")
_DOTTED: Final = re.compile(r"\b(?:[^\W\d_]\.){2,}")
_ROMAN: Final = re.compile(r"[ivx]+")
_CUT: Final = "…"
_LEAST_LETTERS: Final = 3
_MOST_VARIANTS: Final = 16
# So short an acronym may be a word of every day, or another's, in small letters.
_MOST_LETTERS_IN_CAPITALS: Final = 5
# A part of a name that has so many words of its own is hardly the name of something else.
_TELLING_WORDS: Final = 4
_OF: Final = " of "
_LITTLE: Final = frozenset({"a", "an", "and", "at", "by", "for", "in", "of", "on", "or", "the", "to", "with"})


@dataclass(frozen=True)
class Spellings:
    """Words that mean the same in names."""

    same: Mapping[Words, Words] = field(default_factory=dict)
    """Folded words -> those that they are compared as; none where they may be left out."""

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self.same), default=0)

    @cached_property
    def short(self) -> frozenset[str]:
        """Words that stand for several."""
        return frozenset(short[0] for long, short in self.same.items() if len(short) == 1 and len(long) > 1)

    def compared(self, words: Sequence[str]) -> Words:
        """The words as they are compared with others.

        >>> Spellings({("united", "nations"): ("un",), ("the",): ()}).compared(["the", "united", "nations", "day"])
        ('un', 'day')
        """
        found: list[str] = []
        place = 0
        while place < len(words):
            for size in range(min(self._longest, len(words) - place), 0, -1):
                same = self.same.get(tuple(words[place : place + size]))
                if same is not None:
                    found += same
                    place += size
                    break
            else:
                found.append(words[place])
                place += 1
        return tuple(found)

    def variants(self, words: Sequence[str]) -> frozenset[str]:
        """Phrases that mean the same: as it is, as it is compared, and with each part of that as it may be written."""
        found = {self.compared(words)}
        for long, short in self.same.items():
            if len(short) == 1 and len(found) < _MOST_VARIANTS:
                found |= {
                    tuple(part for word in each for part in (long if word == short[0] else (word,))) for each in found
                }
        return frozenset({" ".join(each) for each in found} | {" ".join(words)}) - {""}


@dataclass(frozen=True)
class Written:
    """A name as somebody wrote it."""

    text: str
    words: Words
    """Folded, each whole."""
    compared: Words
    """By what it is compared."""


def read_written(text: str, spellings: Spellings) -> Written:
    """A text as it is compared: without regard to composition of characters, spaces, case, diacritics, punctuation."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    # The index compares the beginning of a very long word only.
    words = tuple("".join(fold(plain[word.start : word.end]).split()) for word in words_of(plain))
    return Written(plain, words, spellings.compared(words))


def two_names(text: str) -> tuple[str, str] | None:
    """The two names in a text that gives both: a name, and another in parentheses or behind a dash or comma.

    >>> two_names("Environment Management Group (EMG)"), two_names("UNEP"), two_names("OCHA - Geneva")
    (('Environment Management Group', 'EMG'), None, ('OCHA', 'Geneva'))
    """
    match = _PARTS.fullmatch(" ".join(text.split()))
    if match is None:
        return None
    return match[1], next(part for part in match.groups()[1:] if part is not None)


def rest_of(written: Written, spellings: Spellings) -> Written | None:
    """What is behind the last "of" of a name with few words; None where there is none.

    >>> spellings = Spellings({("the",): ()})
    >>> rest = rest_of(read_written("Office of the Secretary-General", spellings), spellings)
    >>> rest and rest.compared
    ('secretary', 'general')
    """
    if sum(word not in _LITTLE for word in written.compared) >= _TELLING_WORDS:
        return None
    before, _, rest = written.text.rpartition(_OF)
    return read_written(rest, spellings) if before else None


def without_dots(text: str) -> str:
    """A text whose acronyms are written without dots.

    >>> without_dots("U.N.E.P. and the U.N. Environment Programme, v. 1.5")
    'UNEP and the UN Environment Programme, v. 1.5'
    """
    return _DOTTED.sub(lambda letters: letters[0].replace(".", ""), text)


def says_the_same(written: Written, name: Written) -> float:
    """How exactly a text is a name: 100 as it is written, 98 but for case and signs, 96 in other words; 0 it is not."""
    if written.text == name.text:
        return 100.0
    if not written.words or (name.text.endswith(_CUT) and not written.text.endswith(_CUT)):
        return 0.0
    if written.words == name.words:
        return 98.0
    return 96.0 if written.compared == name.compared and written.compared else 0.0


def stands_alone(
    written: Written, name: Name, document: Document, *, kinds: Iterable[str], spellings: Spellings, typed: bool
) -> bool:
    """Whether a name that a text says decides for its thing.

    `kinds` are the names of its classes. With `typed` the class is known too, so that the acronym of something else by
    which the thing is called as well is enough; and so is the name of what only tells of things, such as a kind of
    them, and counts nothing beside them.
    """
    if document.weight <= 0 and not typed:
        return False
    compared = read_written(name.text, spellings).compared
    letters = "".join(written.words)
    too_few = len(letters) < _LEAST_LETTERS and letters.upper() != letters  # signs without capitals are words
    if too_few or letters.isdigit() or _says_only(compared, kinds, spellings):
        return False
    if is_acronym(name.text):
        return (
            _in_capitals(written, name)
            and not _goes_on(name, document, spellings)
            and (typed or not _is_of_a_part(name, document, spellings))
        )
    return name.role in PRECISE or not (name.text.islower() or _is_a_part(compared, document, spellings))


def is_acronym(text: str) -> bool:
    """Whether a name is one word, mostly of capitals.

    >>> [is_acronym(text) for text in ("UNEP", "SDGs", "UNU-FLORES", "GRID-Arendal", "A/RES/70/1", "UNEA 5.2")]
    [True, True, True, False, True, False]
    """
    capitals = sum(sign.isupper() for sign in text)
    return not any(sign.isspace() for sign in text) and capitals > max(1, sum(sign.islower() for sign in text))


def _says_only(words: Words, kinds: Iterable[str], spellings: Spellings) -> bool:
    """Whether words say only what kind of thing it is, and perhaps a number."""
    known = {word for kind in kinds for word in read_written(kind, spellings).words} | _LITTLE
    return all(word in known or word.isdigit() or _ROMAN.fullmatch(word) for word in words)


def _in_capitals(written: Written, name: Name) -> bool:
    letters = sum(sign.isalpha() for sign in name.text)
    return letters > _MOST_LETTERS_IN_CAPITALS or name.text in written.text or written.text == written.text.upper()


def _goes_on(name: Name, document: Document, spellings: Spellings) -> bool:
    """Whether another name of the thing is this one and a number, so that it is one of a series."""
    own = words_in(name, spellings)
    for other in document.names:
        words = words_in(other, spellings)
        added = [word for word in words if word not in own]
        glued = other.text[len(name.text) :] if other.text.startswith(name.text) else ""
        if glued.isdigit() or (added and {*own} < {*words} and all(word.isdigit() for word in added)):
            return True
    return False


def _is_of_a_part(name: Name, document: Document, spellings: Spellings) -> bool:
    """Whether an acronym spells the end of a longer name only, so that it is rather the name of what that end names.

    Words that are usually said in short, such as those in front of many names, may be missing in an acronym.
    """
    wanted = "".join(read_written(name.text, spellings).words)
    ends = False
    for other in document.names:
        words = [word for word in read_written(other.text, spellings).compared if word not in _LITTLE]
        initials = [word if word in spellings.short else word[0] for word in words]
        if other is name or not "".join(initials).endswith(wanted):
            continue
        left = "".join(initials)[: -len(wanted)]
        if not left or left in spellings.short:
            return False
        ends = True
    return ends


def _is_a_part(words: Words, document: Document, spellings: Spellings) -> bool:
    """Whether few words are but a part of a longer name of the same thing."""
    if sum(word not in _LITTLE for word in words) >= _TELLING_WORDS:
        return False
    acronyms = {word for name in document.names if is_acronym(name.text) for word in words_in(name, spellings)}
    return any(_is_within(words, words_in(name, spellings), besides=acronyms) for name in document.names)


def words_in(name: Name, spellings: Spellings) -> Words:
    """The words of a name as they are compared."""
    return read_written(name.text, spellings).compared


def _is_within(words: Words, longer: Words, *, besides: Collection[str]) -> bool:
    """Whether words are a part of longer ones, where what is behind is more than an acronym."""
    rest = tuple(word for word in longer if word not in besides or word in words)
    size = len(words)
    return len(rest) > size and any(rest[at : at + size] == words for at in range(len(rest) - size + 1))
