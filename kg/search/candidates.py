"""Things that somebody's name for them may mean: those with one of some whole names, and those with words of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from tantivy import Occur, Query

from kg.search.documents import Document
from kg.search.index import EXACT, EXACT_OTHER, MOST_EXACT_CHARACTERS, NAME_STEMS, NAMES, Index
from kg.search.terms import filtered, of_kinds, read_words, words_query

_IN_NAMES: Final = {NAMES: 4.0, NAME_STEMS: 3.0}


def with_names(
    index: Index, phrases: Iterable[str], *, kinds: Collection[str] = (), limit: int = 50
) -> tuple[Document, ...]:
    """Things that are called by one of some phrases of folded words, in no order.

    Of a long phrase only the beginning counts, as it does of long names; who asks compares the whole.
    """
    wanted = sorted({phrase[:MOST_EXACT_CHARACTERS] for phrase in phrases if phrase})
    if not wanted:
        return ()
    clauses = [
        (Occur.Should, Query.term_query(index.schema, field, phrase, "basic"))
        for phrase in wanted
        for field in (EXACT, EXACT_OTHER)
    ]
    return _found(index, Query.boolean_query(clauses), kinds, limit=limit)


def with_words(index: Index, text: str, *, kinds: Collection[str] = (), limit: int = 20) -> tuple[Document, ...]:
    """Things whose names have at least half of the words of a text, the likeliest first."""
    words = read_words(index, text)
    if not words.wanted:
        return ()
    return _found(index, words_query(index, words, fields=_IN_NAMES, loose=True), kinds, limit=limit)


def _found(index: Index, query: Query, kinds: Collection[str], *, limit: int) -> tuple[Document, ...]:
    searcher = index.searcher
    result = searcher.search(filtered(index, query, of_kinds(tuple(kinds))), limit=limit, count=False)
    return tuple(index.read(address, searcher) for _, address in result.hits)
