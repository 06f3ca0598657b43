"""The words that a query can be completed with: the classes and properties of a snapshot, each with what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kg.answer import labels_of
from kg.queries import DECLARED, USED_CLASSES, USED_PROPERTIES
from kg.store import Readable

CLASS: Final = "class"
PROPERTY: Final = "property"

_PREFERRED: Final = "en"
_LONGEST_DEFINITION: Final = 300


@dataclass(frozen=True)
class Word:
    """A class or a property."""

    iri: str
    role: str
    """`class` or `property`."""
    label: str
    """Empty where it has no name."""
    definition: str
    """In English where there is one, at most 300 characters; empty where there is none."""
    uses: int
    """How many things are of the class, or how many statements have the property."""


def words_of(snapshot: Readable) -> tuple[Word, ...]:
    """The classes and properties that are declared or used in a snapshot, the most used first.

    Raises:
        StoreError: the snapshot cannot be read.
    """
    uses = {(iri, CLASS): count for iri, count in _counts(snapshot, USED_CLASSES).items()}
    uses |= {(iri, PROPERTY): count for iri, count in _counts(snapshot, USED_PROPERTIES).items()}
    definitions: dict[str, str] = {}
    words = dict.fromkeys(uses)
    for term, role, text in snapshot.query(DECLARED).rows():
        if term and role:
            words[term.value, role.value] = None
        if term and text and (term.value not in definitions or text.language.startswith(_PREFERRED)):
            definitions[term.value] = text.value
    labels = labels_of(snapshot, {iri for iri, _ in words})
    found = (
        Word(iri, role, labels.get(iri, ""), _shortened(definitions.get(iri, "")), uses.get((iri, role), 0))
        for iri, role in words
    )
    return tuple(sorted(found, key=lambda word: (-word.uses, word.iri, word.role)))


def _counts(snapshot: Readable, query: str) -> Mapping[str, int]:
    return {term.value: int(count.value) for term, count in snapshot.query(query).rows() if term and count}


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_DEFINITION else f"{text[: _LONGEST_DEFINITION - 1].rstrip()}…"
