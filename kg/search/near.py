"""Words that are not in an index, and the words there that they are probably meant for."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from tantivy import Occur, Query

from kg.search.index import NAMES, TEXTS, Index
from kg.search.words import differs_by, words_of

# How many letters may be wrong in a word of at least that many.
_EDITS: Final = ((8, 2), (4, 1))
# A word that others begin with is mistyped more rarely; short ones are left as they are.
_LEAST_BEGINNING: Final = 5
_LOOKED_THROUGH: Final = 12
_MOST: Final = 3


def near_words(index: Index, folded: str, *, begins: bool, typing: bool) -> tuple[tuple[str, str], ...]:
    """The words of an index that are nearest to one that is not there, folded and as written; the nearest first.

    `begins`: words there begin with it. `typing`: it may be going to be longer.
    """
    edits = next((edits for least, edits in _EDITS if len(folded) >= least), 0)
    if begins:
        edits = min(edits, 1) if len(folded) >= _LEAST_BEGINNING else 0
    if not edits:
        return ()
    query = Query.boolean_query(
        [
            (Occur.Should, Query.fuzzy_term_query(index.schema, field, folded, edits, prefix=typing))
            for field in (NAMES, TEXTS)
        ]
    )
    written: dict[str, list[str]] = defaultdict(list)
    searcher = index.searcher
    for _, address in searcher.search(query, limit=_LOOKED_THROUGH, count=False).hits:
        document = index.read(address, searcher)
        for text in (*(name.text for name in document.names), *document.descriptions, *document.remarks):
            for word in words_of(text):
                written[word.folded].append(text[word.start : word.end])
    ranked = sorted(
        (distance, -len(spellings), near)
        for near, spellings in written.items()
        if (distance := _distance(folded, near, edits, typing=typing)) is not None
    )
    return tuple((near, _spelling(written[near])) for _, _, near in ranked[:_MOST])


def known_form(index: Index, folded: str) -> str:
    """A word with or without its plural ending, where only that is in an index; else empty."""
    forms = [f"{folded}s", *([folded[:-1]] if folded.endswith("s") else [])]
    return next((form for form in forms if is_known(index, form)), "")


def is_known(index: Index, folded: str) -> bool:
    """Whether a word stands in an index just so."""
    return any(index.searcher.doc_freq(field, folded) for field in (NAMES, TEXTS))


def _distance(folded: str, near: str, edits: int, *, typing: bool) -> int | None:
    """How many letters are wrong, in a word that is typed as the beginning of another; None: more than `edits`."""
    ends = range(len(folded) - edits, len(folded) + edits + 1) if typing else (len(near),)
    for distance in range(1, edits + 1):
        if any(differs_by(folded, near[:end], distance) for end in ends if 0 < end <= len(near)):
            return distance
    return None


def _spelling(spellings: list[str]) -> str:
    """The way in which a word is written: in small letters where it is anywhere, else as it is most often."""
    return max(set(spellings), key=lambda spelling: (spelling.islower(), spellings.count(spelling), spelling))
