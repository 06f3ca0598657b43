"""Asking the index: a page of findings with what is shown of each, counts by facet, and names while somebody types."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import tantivy
from tantivy import Occur, Query

from kg.search.documents import Document, Name
from kg.search.index import FACETS, NAME_STEMS, NAMES, ORDER, TEXT_STEMS, TEXTS, WEIGHT, Index, factor_of
from kg.search.marking import Piece, Wanted, best_text, marked, snippet
from kg.search.terms import Words, beginnings, filtered, named_query, of_kinds, read_words, words_query
from kg.search.words import phrase

_EVERYWHERE: Final = {NAMES: 4.0, NAME_STEMS: 3.0, TEXTS: 1.2, TEXT_STEMS: 1.0}
_IN_NAMES: Final = {NAMES: 4.0, NAME_STEMS: 3.0}
_MOST_VALUES: Final = 1000
# Of names that fit equally well, the shortest are wanted most; so many are compared.
_COMPARED: Final = 60
# Scores by which names are told apart: just this one, one that begins so, one that has the words.
_TIERS: Final = (900.0, 400.0, 90.0, 40.0)


@dataclass(frozen=True)
class Search:
    """What is searched for."""

    text: str
    """As somebody wrote it; blank: all things."""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name of a facet -> the values of which a finding must have one."""
    facets: tuple[str, ...] = ()
    """The facets whose values are counted."""
    offset: int = 0
    limit: int = 20


@dataclass(frozen=True)
class Hit:
    """One finding and what is shown of it."""

    document: Document
    score: float
    name: tuple[Piece, ...]
    also: tuple[Piece, ...]
    """Another name, where the words are in that one and not in the one that is shown."""
    snippet: tuple[Piece, ...]


@dataclass(frozen=True)
class Found:
    """The answer to a search."""

    hits: tuple[Hit, ...]
    total: int
    counts: Mapping[str, tuple[tuple[str, int], ...]]
    """Facet -> each value and how many findings have it, the most frequent first.

    The filter by the facet itself is left out, so that one can choose another value.
    """
    instead: str
    """What was probably meant, where words had to be taken for others; else empty."""
    loose: bool
    """Whether nothing has all of the words, so that these have some of them."""


@dataclass(frozen=True)
class Suggestion:
    """A thing that somebody who types may mean."""

    document: Document
    matched: Name
    """The name of it that fits."""


def search(index: Index, asked: Search) -> Found:
    """The findings, those with just this name first."""
    words = read_words(index, asked.text)
    if not words.wanted and asked.text.strip():
        return Found((), 0, dict.fromkeys(asked.facets, ()), "", loose=False)
    searcher = index.searcher
    query = words_query(index, words, fields=_EVERYWHERE) if words.wanted else Query.all_query()
    loose = False
    result = _result(index, searcher, query, asked, by_name=not words.wanted)
    if not _count(result) and sum(words.needed) > 1:
        query = words_query(index, words, fields=_EVERYWHERE, loose=True)
        result = _result(index, searcher, query, asked, by_name=False)
        loose = bool(_count(result))
    hits = tuple(
        _hit(index, index.read(address, searcher), score if words.wanted else 0.0, words.wanted)
        for score, address in result.hits
    )
    counts = _counts(index, searcher, query, asked)
    return Found(hits, _count(result), counts, words.instead, loose)


def suggest(index: Index, text: str, *, kinds: Sequence[str] = (), limit: int = 10) -> tuple[Suggestion, ...]:
    """Things whose names may be going to be written: those with just this name first, then those that begin so."""
    words = read_words(index, text, typing=True)
    if not words.wanted:
        return ()
    query = Query.boolean_query([(Occur.Must, words_query(index, words, fields=_IN_NAMES)), *beginnings(index, words)])
    searcher = index.searcher
    query = filtered(index, query, of_kinds(kinds))
    result = searcher.search(query, limit=max(limit, _COMPARED), count=False, weight_by_field=WEIGHT)
    found = [(score, index.read(address, searcher)) for score, address in result.hits]
    found.sort(key=_place)
    return tuple(Suggestion(document, _matched(index, document, words)) for _, document in found[:limit])


def named(index: Index, text: str, *, kinds: Collection[str] = (), limit: int = 20) -> tuple[Suggestion, ...]:
    """Things with just this name, but for case, diacritics and punctuation; those with a precise name first."""
    words = read_words(index, text)
    if not words.wanted:
        return ()
    searcher = index.searcher
    query = filtered(index, named_query(index, words), of_kinds(tuple(kinds)))
    result = searcher.search(query, limit=limit, count=False)
    documents = [index.read(address, searcher) for _, address in result.hits]
    return tuple(Suggestion(document, _matched(index, document, words)) for document in documents)


def _result(
    index: Index, searcher: tantivy.Searcher, query: Query, asked: Search, *, by_name: bool
) -> tantivy.SearchResult:
    narrowed = filtered(index, query, asked.filters)
    if by_name:
        return searcher.search(
            narrowed, limit=asked.limit, offset=asked.offset, order_by_field=ORDER, order=tantivy.Order.Asc
        )
    return searcher.search(narrowed, limit=asked.limit, offset=asked.offset, weight_by_field=WEIGHT)


def _count(result: tantivy.SearchResult) -> int:
    return int(result.count)  # type: ignore[attr-defined] # the stubs of the package lack it


def _counts(
    index: Index, searcher: tantivy.Searcher, query: Query, asked: Search
) -> dict[str, tuple[tuple[str, int], ...]]:
    counts: dict[str, tuple[tuple[str, int], ...]] = {}
    chosen = [name for name in asked.facets if asked.filters.get(name)]
    for names in ([name for name in asked.facets if name not in chosen], *([name] for name in chosen)):
        if not names:
            continue
        others = {name: values for name, values in asked.filters.items() if name not in names}
        wanted = {name: {"terms": {"field": f"{FACETS}.{name}", "size": _MOST_VALUES}} for name in names}
        answer: dict[str, Any] = searcher.aggregate(filtered(index, query, others), wanted)
        for name in names:
            buckets = [(str(bucket["key"]), int(bucket["doc_count"])) for bucket in answer[name]["buckets"]]
            counts[name] = tuple(sorted(buckets, key=lambda bucket: (-bucket[1], bucket[0])))
    return {name: counts[name] for name in asked.facets}


def _hit(index: Index, document: Document, score: float, wanted: Sequence[Wanted]) -> Hit:
    name = marked(document.label, wanted, index.stem)
    also: tuple[Piece, ...] = ()
    others = best_text((other.text for other in document.names[1:]), wanted, index.stem)
    if others and not any(piece.marked for piece in name):
        also = marked(others, wanted, index.stem)
    texts = (*document.descriptions, *document.remarks)
    text = best_text(texts, wanted, index.stem) or next(iter(document.descriptions), "")
    return Hit(document, score, name, also, snippet(text, wanted, index.stem) if text else ())


def _place(pair: tuple[float, Document]) -> tuple[int, float, int, str, str]:
    """By what names are put in order: how they fit, how much their things count, how short they are."""
    score, document = pair
    return _tier(score / factor_of(document)), -document.weight, len(document.label), document.label, document.iri


def _tier(score: float) -> int:
    return next((tier for tier, least in enumerate(_TIERS) if score >= least), len(_TIERS))


def _matched(index: Index, document: Document, words: Words) -> Name:
    """The name that fits best: just as written, or beginning so, or with most of the words."""
    folded = {phrase(name.text): name for name in reversed(document.names)}
    if words.phrase in folded:
        return folded[words.phrase]
    begins = next((name for name in document.names if phrase(name.text).startswith(words.phrase)), None)
    best = best_text((name.text for name in document.names), words.wanted, index.stem)
    return begins or next((name for name in document.names if name.text == best), Name(document.label))
