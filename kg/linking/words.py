"""Names as they are compared: without case, marks and small words, with acronyms told from names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from kg.search import words_of

ACRONYM: Final = "acronym"

# A short name with two capitals and no small letter.
_ACRONYM: Final = re.compile(r"(?=(?:[^A-Z]*[A-Z]){2})[A-Z0-9][A-Z0-9+&./-]{1,8}")
_IN_BRACKETS: Final = re.compile(r"\s*\(([^()]{2,20})\)\s*$")
_SMALL_WORDS: Final = frozenset({"a", "an", "and", "at", "de", "des", "du", "et", "for", "in", "la", "le", "les"}) | {
    "of", "on", "the", "to", "y", "el", "los", "las", "del", "pour",
}  # fmt: skip


def key_of(text: str) -> str:
    """A name as it is compared; empty for one without letters, such as a number, which means something else elsewhere.

    >>> key_of("The Convention on Biological Diversity"), key_of("5.2")
    ('convention biological diversity', '')
    """
    words = [word.folded for word in words_of(text)]
    telling = [word for word in words if word not in _SMALL_WORDS] or words
    return " ".join(telling) if any(sign.isalpha() for word in telling for sign in word) else ""


def parts_of(text: str) -> tuple[str, str]:
    """A name and the acronym in brackets at its end, either perhaps empty.

    >>> parts_of("United Nations Environment Programme (UNEP)"), parts_of("Environment (general)")
    (('United Nations Environment Programme', 'UNEP'), ('Environment (general)', ''))
    """
    found = _IN_BRACKETS.search(text)
    if found and is_acronym(found[1]):
        return text[: found.start()], found[1]
    return text, ""


def is_acronym(text: str) -> bool:
    """Whether a name looks like an acronym.

    >>> is_acronym("UNEP"), is_acronym("Water"), is_acronym("IPBES-9"), is_acronym("BIODIVERSITY")
    (True, False, True, False)
    """
    return _ACRONYM.fullmatch(text) is not None


def writes_in_capitals(names: Sequence[str]) -> bool:
    """Whether names are mostly written in capitals, as in some thesauri, so that capitals mean nothing."""
    return sum(name.isupper() for name in names) > len(names) / 2


def alikeness(one: str, other: str) -> float:
    """How much of the words of two keys is the same: 0 nothing, 1 all. Source: the coefficient of Dice.

    >>> alikeness("biodiversity framework", "global biodiversity framework")
    0.8
    """
    ours, theirs = set(one.split()), set(other.split())
    return 2 * len(ours & theirs) / (len(ours) + len(theirs)) if ours and theirs else 0.0
