"""From what people write to a query of the engine: each word exactly, by its stem, by its beginning, or nearly.

What people write is never parsed as a query, so nothing in it can be syntax.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tantivy import Occur, Query

from kg.search.documents import KIND
from kg.search.index import EXACT, EXACT_OTHER, FACETS, NAME_STEMS, NAMES, TEXT_STEMS, TEXTS, Index
from kg.search.marking import Wanted
from kg.search.near import is_known, known_form, near_words
from kg.search.words import Word, words_of

MOST_WORDS: Final = 16
"""What is behind so many words of a query is left out."""

_LEAST_PREFIX: Final = 2
_POINTS: Final = (".", ",")

# A whole name goes before all else; the scores of words stay far below.
_WHOLE_NAME: Final = 1000.0
_WHOLE_OTHER_NAME: Final = 500.0
_BEGINS_NAME: Final = 100.0
_BEGINS_OTHER_NAME: Final = 50.0
# A name made of the words that those of the query are taken for.
_MEANT: Final = 0.3
_NEAR: Final = 0.8
_PHRASE: Final = 2.0
_TIE: Final = 0.1

_QUESTION_WORDS: Final = frozenset({"how", "what", "when", "where", "which", "who", "whom", "whose", "why"})
# In capitals they are no acronyms but what people know from elsewhere.
_OPERATORS: Final = frozenset({"and", "not", "or"})


@dataclass(frozen=True)
class Words:
    """The words of what somebody wrote."""

    places: tuple[Word, ...]
    wanted: tuple[Wanted, ...]
    needed: tuple[bool, ...]
    """Of each whether it must be found; words that say little need not."""

    numbers: tuple[tuple[str, str], ...]
    """The two parts of each number that is written with a point, such as 1.5."""
    instead: str
    """The text with each word that is not there replaced by the nearest one that is; empty where none is."""

    @property
    def phrase(self) -> str:
        """All of them, folded, with single spaces."""
        return " ".join(one.folded for one in self.wanted)

    @property
    def meant(self) -> str:
        """The words that they are taken for, with single spaces."""
        return " ".join(one.near[0] if one.near else one.folded for one in self.wanted)


def read_words(index: Index, text: str, *, typing: bool = False) -> Words:
    """The words of a text, and how each can be found in an index.

    A word that is there is taken as it is; else as the beginning of one that is there, and as one with wrong letters.
    `typing`: the last one may be going to be longer.
    """
    places = words_of(text, MOST_WORDS)
    read = [_read(index, word.folded, typing=typing and word is places[-1]) for word in places]
    telling = [not _says_little(index, word, text) for word in places]
    if typing and telling:
        telling[-1] = True
    if not any(telling):
        telling = [True] * len(places)
    instead = text
    for place, (_, spelling) in reversed([*zip(places, read, strict=True)]):
        if spelling:
            instead = instead[: place.start] + spelling + instead[place.end :]
    return Words(
        places=tuple(places),
        wanted=tuple(one for one, _ in read),
        needed=tuple(telling),
        numbers=() if typing else _numbers(places, text),
        instead=" ".join(instead.split()) if instead != text else "",
    )


def words_query(index: Index, words: Words, *, fields: Mapping[str, float], loose: bool = False) -> Query:
    """The query for things that have all the words that are needed, or with `loose` half of them.

    `fields` are those to look into, with their weight; whole names go first.
    """
    clauses: list[tuple[Occur, Query]] = []
    for one, needed in zip(words.wanted, words.needed, strict=True):
        occur = Occur.Must if needed and not loose else Occur.Should
        clauses.append((occur, _word_query(index, one, fields)))
    if loose:
        clauses = [clause for clause, needed in zip(clauses, words.needed, strict=True) if needed]
        found = Query.boolean_query(clauses, minimum_number_should_match=max(1, len(clauses) // 2))
        return Query.boolean_query([(Occur.Must, found), *_whole_names(index, words)])
    clauses += [(Occur.Must, _number_query(index, pair)) for pair in words.numbers]
    return Query.boolean_query([*clauses, *_whole_names(index, words)])


def beginnings(index: Index, words: Words) -> list[tuple[Occur, Query]]:
    """Clauses by which names that begin with the words go before others."""
    return [
        (Occur.Should, Query.const_score_query(_starting(index, field, words.phrase), score))
        for field, score in ((EXACT, _BEGINS_NAME), (EXACT_OTHER, _BEGINS_OTHER_NAME))
    ]


def named_query(index: Index, words: Words) -> Query:
    """The query for things with just this name."""
    return Query.boolean_query(_exactly(index, words.phrase, weight=1.0))


def filtered(index: Index, query: Query, filters: Mapping[str, Sequence[str]]) -> Query:
    """A query narrowed by facets: of each facet one of the values must be there."""
    clauses = [(Occur.Must, query)]
    for name, values in filters.items():
        alternatives = [
            (Occur.Should, Query.term_query(index.schema, f"{FACETS}.{name}", value, "basic")) for value in values
        ]
        if alternatives:
            clauses.append((Occur.Must, Query.const_score_query(Query.boolean_query(alternatives), 0.0)))
    return Query.boolean_query(clauses) if len(clauses) > 1 else query


def of_kinds(kinds: Sequence[str]) -> dict[str, Sequence[str]]:
    """The filter by which only things of one of the kinds are found; all without any."""
    return {KIND: kinds} if kinds else {}


def _read(index: Index, folded: str, *, typing: bool) -> tuple[Wanted, str]:
    """How a word can be found, and how that is written which it is probably meant for, where it is mistyped."""
    stem = index.stem(folded)
    searcher = index.searcher
    begins = len(folded) >= _LEAST_PREFIX and any(
        searcher.terms_with_prefix(field, folded, limit=1) for field in (NAMES, TEXTS)
    )
    if typing and (begins or len(folded) < _LEAST_PREFIX):
        return Wanted(folded, stem, prefix=True), ""
    stems = ((NAME_STEMS, stem), (TEXT_STEMS, stem))
    if is_known(index, folded) or any(searcher.doc_freq(field, term) for field, term in stems):
        return Wanted(folded, stem), ""
    form = known_form(index, folded)
    if form:
        return Wanted(folded, stem, near=(form,)), ""
    near = near_words(index, folded, begins=begins, typing=typing)
    return Wanted(folded, stem, begins, tuple(word for word, _ in near)), near[0][1] if near else ""


def _says_little(index: Index, word: Word, text: str) -> bool:
    """Whether a word need not be found; in capitals it is an acronym."""
    written = text[word.start : word.end]
    if word.folded in _OPERATORS:
        return True
    if len(written) > 1 and written.isupper():
        return False
    return word.folded in _QUESTION_WORDS or index.says_little(word.folded)


def _numbers(places: Sequence[Word], text: str) -> tuple[tuple[str, str], ...]:
    """The parts of each decimal number; what has more points is a date, or the number of a section."""
    joined = [
        one.folded.isdigit() and other.folded.isdigit() and text[one.end : other.start] in _POINTS
        for one, other in pairwise(places)
    ]
    return tuple(
        (places[place].folded, places[place + 1].folded)
        for place, alone in enumerate(joined)
        if alone and not any(joined[max(place - 1, 0) : place] + joined[place + 1 : place + 2])
    )


def _number_query(index: Index, parts: tuple[str, str]) -> Query:
    """The query for things with both parts beside each other in a name, or with both in a text."""
    in_text = [(Occur.Must, Query.term_query(index.schema, TEXTS, part, "freq")) for part in parts]
    alternatives = [Query.phrase_query(index.schema, NAMES, [*parts]), Query.boolean_query(in_text)]
    return Query.const_score_query(Query.disjunction_max_query(alternatives), 0.0)


def _word_query(index: Index, one: Wanted, fields: Mapping[str, float]) -> Query:
    alternatives = []
    for name, weight in fields.items():
        stemmed = name in (NAME_STEMS, TEXT_STEMS)
        terms = [(one.stem if stemmed else one.folded, weight)]
        terms += [(index.stem(near) if stemmed else near, weight * _NEAR) for near in one.near]
        alternatives += [
            Query.boost_query(Query.term_query(index.schema, name, term, "freq"), boost) for term, boost in terms
        ]
        if one.prefix and not stemmed:
            alternatives.append(Query.const_score_query(_starting(index, name, one.folded), weight))
    return Query.disjunction_max_query(alternatives, _TIE)


def _whole_names(index: Index, words: Words) -> list[tuple[Occur, Query]]:
    clauses = _exactly(index, words.phrase, weight=1.0)
    if words.meant != words.phrase:
        clauses += _exactly(index, words.meant, weight=_MEANT)
    if len(words.wanted) > 1:
        together = Query.phrase_query(index.schema, NAMES, list(words.meant.split()))
        clauses.append((Occur.Should, Query.boost_query(together, _PHRASE)))
    return clauses


def _exactly(index: Index, text: str, *, weight: float) -> list[tuple[Occur, Query]]:
    return [
        (Occur.Should, Query.const_score_query(Query.term_query(index.schema, name, text, "basic"), score * weight))
        for name, score in ((EXACT, _WHOLE_NAME), (EXACT_OTHER, _WHOLE_OTHER_NAME))
    ]


def _starting(index: Index, field: str, text: str) -> Query:
    return Query.fuzzy_term_query(index.schema, field, text, 0, prefix=True)
