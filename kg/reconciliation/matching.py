"""How a thing fits a name: the same, or alike by so much; and the things that come into question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kg.namespaces import PREFIXES
from kg.reconciliation.names import (
    Words,
    Written,
    is_acronym,
    read_written,
    rest_of,
    says_the_same,
    stands_alone,
    two_names,
    without_dots,
)
from kg.reconciliation.queries import Asked
from kg.reconciliation.schema import Schema
from kg.search import Document, Index, Name, differs_by, with_names, with_words

MOST_CHARACTERS: Final = 300
"""Longer names are in no index, so nothing is called so."""

_MOST_EXACT: Final = 50
_LOOKED_THROUGH: Final = 20
_OPEN: Final = 85.0
"""The most for a name that says the same but does not decide."""
_BOTH_NAMES: Final = 95.0
_ALIKE: Final = 80.0
"""The most for a name that does not say the same."""
_LEAST: Final = 30.0
_NEAR: Final = 0.8
# Of a word with that many letters so many may be wrong.
_WRONG_LETTERS: Final = ((8, 2), (5, 1))

_OWL: Final = PREFIXES["owl"]
_TERMS: Final = frozenset(
    {f"{_OWL}{kind}" for kind in ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty", "Ontology")}
    | {f"{PREFIXES['rdfs']}Class", f"{PREFIXES['rdf']}Property"}
)
"""What is of these classes tells of things and is none."""


@dataclass(frozen=True)
class Fit:
    """How a thing fits a name."""

    document: Document
    score: float
    """0 to 100."""
    exact: bool
    """Whether it is called so."""
    decides: bool
    """Whether that is enough, where nothing else is called so."""


def fitting(index: Index, schema: Schema, asked: Asked) -> tuple[Fit, ...]:
    """The things that a name may mean, the best first; all that are called so are among them."""
    text = " ".join(asked.text.split())
    known = index.document(text) if ":" in text else None
    if known is not None and _is_thing(known):
        return (Fit(known, 100.0, exact=True, decides=True),)
    if not text or len(text) > MOST_CHARACTERS:
        return ()
    fits = _fits(text, index, schema, asked=asked)
    plain = without_dots(text)
    return fits if plain == text or any(fit.exact for fit in fits) else _fits(plain, index, schema, asked=asked)


def _fits(text: str, index: Index, schema: Schema, *, asked: Asked) -> tuple[Fit, ...]:
    kinds = schema.with_narrower(asked.types) if asked.strictness != "should" else frozenset()
    pair = two_names(text)
    written = [read_written(each, schema.spellings) for each in (text, *(pair or ()))]
    phrases = {phrase for each in written for phrase in schema.spellings.variants(each.words)}
    documents = {
        document.iri: document
        for document in (
            *with_names(index, phrases, kinds=kinds, limit=_MOST_EXACT),
            *with_words(index, text, kinds=kinds, limit=_LOOKED_THROUGH),
        )
        if _is_thing(document)
    }
    typed = bool(asked.types)
    fits = [_fit(written, document, schema, typed=typed) for document in documents.values()]
    if any(fit.decides for fit in fits) and _hangs_on_another(written[0], index, schema):
        fits = [_undecided(fit) for fit in fits]
    return tuple(sorted((fit for fit in fits if fit.score >= _LEAST), key=_place))


def _is_thing(document: Document) -> bool:
    return not _TERMS.intersection(document.kinds)


def _hangs_on_another(written: Written, index: Index, schema: Schema) -> bool:
    """Whether a short name ends in "of" and a name that does not decide, and so tells as little as that one."""
    after = rest_of(written, schema.spellings)
    if not after:
        return False
    called = with_names(index, schema.spellings.variants(after.words), limit=_MOST_EXACT)
    fits = [fit for document in called if (fit := _fit([after], document, schema, typed=False)).exact]
    return bool(fits) and not any(fit.decides for fit in fits)


def _undecided(fit: Fit) -> Fit:
    return replace(fit, score=min(fit.score, _OPEN), decides=False) if fit.decides else fit


def _place(fit: Fit) -> tuple[float, float, str, str]:
    return -fit.score, -fit.document.weight, fit.document.label, fit.document.iri


def _fit(written: list[Written], document: Document, schema: Schema, *, typed: bool) -> Fit:
    """How a thing fits a text, or both of the names in it."""
    whole, *parts = written
    names = [(name, read_written(name.text, schema.spellings)) for name in document.names]
    same, decides = _called(whole, document, names, schema=schema, typed=typed)
    if same:
        return Fit(document, same if decides else min(same, _OPEN), exact=True, decides=decides)
    if parts:
        both = [_called(part, document, names, schema=schema, typed=typed) for part in parts]
        if all(score for score, _ in both) and parts[0].compared != parts[1].compared:
            decides = any(alone for _, alone in both)
            return Fit(document, _BOTH_NAMES if decides else _OPEN, exact=True, decides=decides)
    alike = max((_likeness(whole, name) for _, name in names), default=0.0)
    return Fit(document, round(alike, 1), exact=False, decides=False)


def _called(
    written: Written, document: Document, names: Sequence[tuple[Name, Written]], *, schema: Schema, typed: bool
) -> tuple[float, bool]:
    """How exactly a thing is called so, and whether that decides."""
    found = [(score, name) for name, known in names if (score := says_the_same(written, known))]
    if not found:
        return 0.0, False
    kinds = [schema.names[kind] for kind in document.kinds if kind in schema.names]
    decides = any(
        stands_alone(written, name, document, kinds=kinds, spellings=schema.spellings, typed=typed) for _, name in found
    )
    return max(score for score, _ in found), decides


def _likeness(written: Written, name: Written) -> float:
    """How many words two texts share, those with a few wrong letters counted for less; 0 to 80."""
    if is_acronym(written.text):
        return _ALIKE * _shared(written.compared, name.compared, near=False)
    shared = _shared(written.compared, name.compared, near=True)
    if (written.compared, name.compared) == (written.words, name.words):
        return _ALIKE * shared
    return _ALIKE * max(shared, _shared(written.words, name.words, near=True))


def _shared(some: Words, others: Words, *, near: bool) -> float:
    """The part of all words that two names share, 0 to 1; with `near` also those with a few wrong letters."""
    left = [*others]
    shared = 0.0
    for word in some:
        if word in left:
            left.remove(word)
            shared += 1.0
    for word in sorted({*some} - {*others}) if near else ():
        meant = _nearest(word, left)
        if meant:
            left.remove(meant)
            shared += _NEAR
    return 2 * shared / max(1, len(some) + len(others))


def _nearest(word: str, others: Iterable[str]) -> str:
    """A word that is this one with a few wrong letters, of which the first is none; empty where there is none."""
    wrong = next((wrong for least, wrong in _WRONG_LETTERS if len(word) >= least), 0)
    return next((other for other in others if wrong and other[:1] == word[:1] and differs_by(word, other, wrong)), "")
