"""Judging candidates: a score that is explained, and a match only where just one thing can be meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kg.reconciliation.matching import Fit, fitting
from kg.reconciliation.queries import Asked
from kg.reconciliation.schema import Schema
from kg.reconciliation.values import OTHER, SAME, Values, agreement, read_values, things_with
from kg.search import Document, Index
from kg.store import Readable

_BY_PROPERTIES: Final = 80.0
"""The score for the name, where none is given."""
_OTHER_TYPE: Final = 0.7
_WEIGHT_OF_PROPERTIES: Final = 0.4
_NOT_KNOWN: Final = 0.5


@dataclass(frozen=True)
class Candidate:
    """A thing that may be meant."""

    document: Document
    score: float
    """0 to 100: that for the name, times what types and properties leave of it."""
    match: bool
    """Whether nothing else can be meant."""
    features: Mapping[str, float | bool]
    """What the score is made of: `name` 0 to 100; `type`, where types are wanted; `properties` 0 to 1, and each."""


@dataclass(frozen=True)
class _Judged:
    fit: Fit
    of_type: bool
    agreements: tuple[float | None, ...]

    @property
    def confirmed(self) -> bool:
        return bool(self.agreements) and all(each == SAME for each in self.agreements)

    @property
    def contradicted(self) -> bool:
        return OTHER in self.agreements


def reconcile(
    snapshot: Readable, index: Index, schema: Schema, batch: Mapping[str, Asked]
) -> dict[str, list[Candidate]]:
    """The candidates for each query of a batch, the best first; each query is answered as if it were alone.

    Raises:
        QueryError: the engine cannot evaluate a query.
    """
    found = {key: _candidates(snapshot, index, schema, asked) for key, asked in batch.items()}
    things = {fit.document.iri for key, fits in found.items() if batch[key].properties for fit in fits}
    properties = {wanted.property for asked in batch.values() for wanted in asked.properties}
    values = read_values(snapshot, sorted(things), sorted(properties))
    return {key: _judged(found[key], asked, index, schema=schema, values=values) for key, asked in batch.items()}


def _candidates(snapshot: Readable, index: Index, schema: Schema, asked: Asked) -> Sequence[Fit]:
    if asked.text:
        return fitting(index, schema, asked)
    things = things_with(snapshot, index, asked.properties, schema.spellings)
    documents = [document for thing in things if (document := index.document(thing))]
    return [Fit(document, _BY_PROPERTIES, exact=False, decides=False) for document in documents]


def _judged(fits: Sequence[Fit], asked: Asked, index: Index, *, schema: Schema, values: Values) -> list[Candidate]:
    judged = [
        _Judged(
            fit,
            _is_of_type(fit.document, asked, schema),
            tuple(
                agreement(wanted, values.get((fit.document.iri, wanted.property), ()), index, schema.spellings)
                for wanted in asked.properties
            ),
        )
        for fit in fits
    ]
    kept = [one for one in judged if one.of_type or asked.strictness == "should"]
    meant = _meant(kept)
    candidates = [_candidate(one, asked, match=one is meant) for one in kept]
    candidates.sort(key=lambda one: (-one.score, not one.match, -one.document.weight, one.document.iri))
    # Clients order by score, and take the match of the first only; what scores more is a reason to doubt.
    return [one if place == 0 else replace(one, match=False) for place, one in enumerate(candidates[: asked.limit])]


def _meant(judged: Sequence[_Judged]) -> _Judged | None:
    """The only one that can be meant: called just so, with nothing else of the wanted types called so.

    Of several that are called so, it is the only one that all properties confirm.
    """
    called = [one for one in judged if one.fit.exact and one.of_type]
    confirmed = [one for one in called if one.confirmed]
    possible = confirmed or called
    if len(possible) != 1 or possible[0].contradicted or not possible[0].fit.decides:
        return None
    return possible[0]


def _is_of_type(document: Document, asked: Asked, schema: Schema) -> bool:
    kinds = {*document.kinds}
    fits = [not kinds.isdisjoint(schema.with_narrower([wanted])) for wanted in asked.types]
    return all(fits) if asked.strictness == "all" or not fits else any(fits)


def _candidate(judged: _Judged, asked: Asked, *, match: bool) -> Candidate:
    features: dict[str, float | bool] = {"name": judged.fit.score}
    score = judged.fit.score
    if asked.types:
        features["type"] = judged.of_type
        score *= 1.0 if judged.of_type else _OTHER_TYPE
    if asked.properties:
        known = [_NOT_KNOWN if each is None else each for each in judged.agreements]
        share = sum(known) / len(known)
        features["properties"] = round(share, 2)
        for wanted, each in zip(asked.properties, known, strict=True):
            features[f"property {wanted.property}"] = each
        score *= 1.0 - _WEIGHT_OF_PROPERTIES * (1.0 - share)
    return Candidate(judged.fit.document, round(score, 1), match, features)
