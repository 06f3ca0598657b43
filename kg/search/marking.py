"""What of a text is shown with a finding: the part that has most of the words asked for, and which words they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from kg.search.words import Word, words_of

_SNIPPET_CHARACTERS: Final = 220
_MOST_WORDS: Final = 400
_MOST_MARKED: Final = 60


@dataclass(frozen=True)
class Piece:
    """A part of a text, and whether it is what was asked for."""

    text: str
    marked: bool = False


@dataclass(frozen=True)
class Wanted:
    """One word of a query, as it is found in texts."""

    folded: str
    stem: str
    prefix: bool = False
    """Whether words count that only begin with it."""
    near: tuple[str, ...] = ()
    """The words that it is taken for, the nearest first; empty where it is found as it is."""

    def fits(self, folded: str, stem_of: Callable[[str], str]) -> bool:
        """Whether a folded word is what is wanted."""
        if folded == self.folded or folded in self.near or (self.prefix and folded.startswith(self.folded)):
            return True
        return stem_of(folded) == self.stem


def marked(text: str, wanted: Sequence[Wanted], stem_of: Callable[[str], str]) -> tuple[Piece, ...]:
    """A whole text in pieces."""
    return _pieces(text, _fitting(text, wanted, stem_of), start=0, end=len(text))


def best_text(texts: Iterable[str], wanted: Sequence[Wanted], stem_of: Callable[[str], str]) -> str:
    """The text that has most of the words wanted, the first of several; empty where none has any."""
    found, most = "", 0
    for text in texts:
        here = {word.folded for word in _fitting(text, wanted, stem_of)}
        if len(here) > most:
            found, most = text, len(here)
    return found


def snippet(text: str, wanted: Sequence[Wanted], stem_of: Callable[[str], str]) -> tuple[Piece, ...]:
    """The part of a text that has most of the words wanted, in pieces; its beginning where it has none of them."""
    fitting = _fitting(text, wanted, stem_of)
    if len(text) <= _SNIPPET_CHARACTERS:
        return _pieces(text, fitting, start=0, end=len(text))
    start = _best_start(fitting)
    if start:
        before = text.rfind(" ", 0, start)
        start = max(before + 1, start - _SNIPPET_CHARACTERS // 3)
        start = text.find(" ", start - 1, start + _SNIPPET_CHARACTERS // 3) + 1 or start
    end = min(len(text), start + _SNIPPET_CHARACTERS)
    if end < len(text):
        end = max(text.rfind(" ", start + 1, end), start + _SNIPPET_CHARACTERS // 2)
    pieces = _pieces(text, fitting, start=start, end=end)
    head = (Piece("… "),) if start else ()
    return (*head, *pieces, *((Piece(" …"),) if end < len(text) else ()))


def _fitting(text: str, wanted: Sequence[Wanted], stem_of: Callable[[str], str]) -> list[Word]:
    known: dict[str, bool] = {}
    found = []
    for word in words_of(text, _MOST_WORDS):
        if word.folded not in known:
            known[word.folded] = any(one.fits(word.folded, stem_of) for one in wanted)
        if known[word.folded]:
            found.append(word)
            if len(found) == _MOST_MARKED:
                break
    return found


def _best_start(fitting: Sequence[Word]) -> int:
    """Where the stretch begins that has most different words, the first of several."""
    best, most = 0, 0
    for place, first in enumerate(fitting):
        within = {word.folded for word in fitting[place:] if word.end <= first.start + _SNIPPET_CHARACTERS * 2 // 3}
        if len(within) > most:
            best, most = first.start, len(within)
    return best


def _pieces(text: str, fitting: Iterable[Word], *, start: int, end: int) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    done = start
    for word in fitting:
        if word.start < done or word.end > end:
            continue
        if word.start > done:
            pieces.append(Piece(text[done : word.start]))
        pieces.append(Piece(text[word.start : word.end], marked=True))
        done = word.end
    return (*pieces, Piece(text[done:end])) if done < end else tuple(pieces)
