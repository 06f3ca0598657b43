"""Candidates: which thing of theirs may be which of ours, how sure that is, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from kg.linking.targets import Target
from kg.linking.things import CONCEPT, Thing, Wider, classes_of
from kg.linking.words import ACRONYM, alikeness, key_of
from kg.namespaces import PREFIXES
from kg.search import Name

LEXICAL: Final = "https://w3id.org/semapv/vocab/LexicalMatching"
SIMILAR: Final = "https://w3id.org/semapv/vocab/LexicalSimilarityThresholdMatching"

SAME: Final = f"{PREFIXES['owl']}sameAs"
EXACT: Final = f"{PREFIXES['skos']}exactMatch"
CLOSE: Final = f"{PREFIXES['skos']}closeMatch"
SEE: Final = f"{PREFIXES['rdfs']}seeAlso"

# How much the same name says, by what it is to its thing; the weaker of the two counts.
_WEIGHTS: Final = {"preferred": 1.0, "alternative": 0.95, "former": 0.85, "notation": 0.8, ACRONYM: 0.7}
_ACRONYM_AND_WORDS: Final = 0.9
_ACRONYM_AND_NAME: Final = 0.97
_ALIKE: Final = 0.5
_LEAST_ALIKE: Final = 0.8
_MOST_ALIKE_SCORE: Final = 0.85
_AGREES, _UNKNOWN, _CONFLICTS = 1.0, 0.95, 0.5
_SHARED: Final = 0.9
_SURE: Final = 0.95
# A word that more names have than this finds nothing.
_MOST_WITH_A_WORD: Final = 200


@dataclass(frozen=True)
class Candidate:
    """A pair that may be linked."""

    ours: Thing
    theirs: Thing
    relation: str
    """The IRI of the property that would link them; the reviewer may choose another one."""
    score: float
    """0 to 1; an order, and no probability."""
    method: str
    """The IRI of a kind of matching."""
    evidence: str
    """In words."""


@dataclass(frozen=True)
class Measure:
    """How candidates are measured."""

    wider: Wider = field(default_factory=dict)
    """For each class of ours what it is narrower than, in other vocabularies too."""
    least: float = 0.6
    """Candidates with a lower score are left out."""
    linked: Collection[tuple[str, str]] = frozenset()
    """Pairs that are linked already, and left out."""


@dataclass(frozen=True)
class _Match:
    score: float
    method: str
    words: str
    shared_by: int


def candidates(
    ours: Sequence[Thing], theirs: Sequence[Thing], target: Target, measure: Measure, *, page: int
) -> tuple[Candidate, ...]:
    """The candidates, ordered by our IRI, the best first; the target is asked for the classes of those it is about.

    Raises:
        KgError: the target does not answer.
    """
    matches = {
        (one, other): match
        for (one, other), match in _matches(ours, theirs)
        if match.score >= measure.least and (ours[one].iri, theirs[other].iri) not in measure.linked
    }
    classes = classes_of(target, sorted({theirs[other].iri for _, other in matches}), page=page)
    known = {iri for wider in measure.wider.values() for iri in wider}
    found = []
    for (one, other), match in matches.items():
        thing = Thing(theirs[other].iri, theirs[other].names, classes.get(theirs[other].iri, frozenset()))
        candidate = _candidate(ours[one], thing, match, wider=measure.wider, known=known)
        if candidate.score >= measure.least:
            found.append(candidate)
    return tuple(sorted(found, key=lambda each: (each.ours.iri, -each.score, each.theirs.iri)))


def _matches(ours: Sequence[Thing], theirs: Sequence[Thing]) -> Iterator[tuple[tuple[int, int], _Match]]:
    by_key: dict[str, dict[int, Name]] = defaultdict(dict)
    by_word: dict[str, set[int]] = defaultdict(set)
    keys: list[set[str]] = []
    for place, thing in enumerate(theirs):
        for name in thing.names:
            by_key[key_of(name.text)].setdefault(place, name)
        keys.append(_keys_of(thing))
        for word in {word for key in keys[place] for word in key.split()}:
            by_word[word].add(place)
    by_key.pop("", None)
    for one, thing in enumerate(ours):
        best: dict[int, _Match] = {}
        own = _keys_of(thing)
        for name in thing.names:
            same = by_key.get(key_of(name.text), {})
            for other, their_name in same.items():
                alike = max((alikeness(key, their) for key in own for their in keys[other]), default=0.0)
                _better(best, other, _same_name(name, their_name, alike=alike, shared_by=len(same)))
        for key in own:
            near = {
                other for word in key.split() if len(found := by_word[word]) <= _MOST_WITH_A_WORD for other in found
            }
            for other in near:
                alike = max(alikeness(key, their) for their in keys[other])
                if _LEAST_ALIKE <= alike < 1:
                    _better(best, other, _Match(_MOST_ALIKE_SCORE * alike, SIMILAR, f"{alike:.0%} of the words", 1))
        yield from (((one, other), match) for other, match in sorted(best.items()))


def _keys_of(thing: Thing) -> set[str]:
    """The names of a thing as they are compared, without acronyms and notations: their words mean nothing."""
    return {key for name in thing.names if name.role not in (ACRONYM, "notation") and (key := key_of(name.text))}


def _same_name(ours: Name, theirs: Name, *, alike: float, shared_by: int) -> _Match:
    roles = (ours.role, theirs.role)
    score = min(_WEIGHTS.get(role, _WEIGHTS["alternative"]) for role in roles)
    words = f'their {theirs.role} name "{theirs.text}" is our {ours.role} name'
    if ACRONYM in roles and alike >= _ALIKE:
        score = _ACRONYM_AND_NAME if alike == 1 else _ACRONYM_AND_WORDS
        words = f"{words}, and {alike:.0%} of the words are the same"
    return _Match(score * (_SHARED if shared_by > 1 else 1), LEXICAL, words, shared_by)


def _better(best: dict[int, _Match], other: int, match: _Match) -> None:
    if other not in best or best[other].score < match.score:
        best[other] = match


def _candidate(ours: Thing, theirs: Thing, match: _Match, *, wider: Wider, known: Collection[str]) -> Candidate:
    factor, said = _agreement(ours.classes, theirs.classes, wider, known)
    score = round(match.score * factor, 3)
    evidence = [match.words, said]
    if match.shared_by > 1:
        evidence.append(f"{match.shared_by} of theirs have this name")
    relation = _relation(ours, theirs, is_sure=score >= _SURE, agrees=factor == _AGREES)
    return Candidate(ours, theirs, relation, score, match.method, "; ".join(filter(None, evidence)))


def _agreement(
    ours: frozenset[str], theirs: frozenset[str], wider: Mapping[str, frozenset[str]], known: Collection[str]
) -> tuple[float, str]:
    """How the classes of two things go together, as a factor, and in words.

    They conflict where theirs is the class of something of ours, and of nothing that ours is.
    """
    if not theirs:
        return _UNKNOWN, "theirs has no class"
    own = frozenset().union(*(wider.get(iri, frozenset({iri})) for iri in ours))
    if own & theirs:
        return _AGREES, f"both are of the class {min(own & theirs)}"
    others = sorted(theirs & frozenset(known) - {CONCEPT})
    if others:
        return _CONFLICTS, f"theirs is of the class {others[0]}, and ours is not"
    return _UNKNOWN, "nothing is known of the classes of theirs"


def _relation(ours: Thing, theirs: Thing, *, is_sure: bool, agrees: bool) -> str:
    """What may link them: a concept only to a concept, a thing to the same thing, all else as something to see.

    Source: SKOS Reference §10; OWL 2 Direct Semantics, SameIndividual.
    """
    if CONCEPT in ours.classes:
        return SEE if theirs.classes and CONCEPT not in theirs.classes else EXACT if is_sure else CLOSE
    return SAME if is_sure and agrees and CONCEPT not in theirs.classes else SEE
