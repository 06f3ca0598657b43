"""What the index knows of a thing: its kinds, its names, texts about it, its dates, and by what it can be narrowed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

ROLES: Final = ("preferred", "acronym", "notation", "alternative", "former")
"""What a name is to its thing, the best first; a name with an unknown role is an alternative one."""

KIND: Final = "kind"
"""The facet whose values are the kinds of a thing."""

PRECISE: Final = frozenset(ROLES[:3])
"""The roles of names that stand for just this thing."""

_MOST_NAMES: Final = 60
_MOST_NAME_CHARACTERS: Final = 300
_MOST_TEXTS: Final = 40
_MOST_WEIGHT: Final = 8.0
_MOST_DESCRIPTION_CHARACTERS: Final = 2000
_MOST_VALUES: Final = 200


@dataclass(frozen=True)
class Name:
    """A name of a thing."""

    text: str
    language: str = ""
    role: str = ROLES[0]
    """One of `ROLES`."""


@dataclass(frozen=True)
class Document:
    """What the index knows of one thing. `bounded` makes equal ones of equal content."""

    iri: str
    kinds: tuple[str, ...] = ()
    """IRIs of its classes, the narrowest first."""
    names: tuple[Name, ...] = ()
    """The best first."""
    descriptions: tuple[str, ...] = ()
    """What tells what it is."""
    remarks: tuple[str, ...] = ()
    """Other texts about it, which are shown only where they are found."""
    dates: tuple[str, ...] = ()
    """As they are written: `2022-05-18`, `2022-05`, `in the autumn`."""
    facets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name of a facet -> its values: IRIs or texts."""
    weight: float = 1.0
    """How much its findings count beside those of others: 0 least, 1 as usual."""

    @property
    def label(self) -> str:
        """The name to show; without one the IRI."""
        return self.names[0].text if self.names else self.iri

    def dumped(self) -> str:
        """The document as JSON text."""
        told = {
            "iri": self.iri,
            "kinds": self.kinds,
            "names": [[name.text, name.language, name.role] for name in self.names],
            "descriptions": self.descriptions,
            "remarks": self.remarks,
            "dates": self.dates,
            "facets": self.facets,
            "weight": self.weight,
        }
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def bounded(document: Document) -> Document:
    """A document within the bounds that keep an index small: texts are cut, and of too many the first ones are kept.

    Names come in the order of their roles, then English before other languages, then by alphabet; kinds as they are;
    all else by alphabet.
    """
    names = {
        Name(_cut(name.text, _MOST_NAME_CHARACTERS), name.language, _role(name)) for name in document.names if name.text
    }
    ranked = sorted(names, key=lambda name: (ROLES.index(name.role), not _is_english(name), name.text, name.language))
    facets = {name: tuple(sorted(set(values))[:_MOST_VALUES]) for name, values in sorted(document.facets.items())}
    return Document(
        iri=document.iri,
        kinds=tuple(dict.fromkeys(document.kinds))[:_MOST_VALUES],
        names=tuple(ranked[:_MOST_NAMES]),
        descriptions=_texts(document.descriptions),
        remarks=_texts(document.remarks),
        dates=tuple(sorted(set(document.dates))[:_MOST_VALUES]),
        facets=facets,
        weight=min(max(document.weight, 0.0), _MOST_WEIGHT),
    )


def load_document(text: str) -> Document:
    """The document that `dumped` has written."""
    told = json.loads(text)
    return Document(
        iri=told["iri"],
        kinds=tuple(told["kinds"]),
        names=tuple(Name(*name) for name in told["names"]),
        descriptions=tuple(told["descriptions"]),
        remarks=tuple(told["remarks"]),
        dates=tuple(told["dates"]),
        facets={name: tuple(values) for name, values in told["facets"].items()},
        weight=told["weight"],
    )


def _texts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({_cut(text, _MOST_DESCRIPTION_CHARACTERS) for text in texts if text.strip()}))[:_MOST_TEXTS]


def _role(name: Name) -> str:
    return name.role if name.role in ROLES else "alternative"


def _is_english(name: Name) -> bool:
    return name.language.lower().startswith("en") or not name.language


def _cut(text: str, most: int) -> str:
    """A text of at most that many characters, between two words where that loses little."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    whole = kept.rsplit(None, 1)[0]
    return f"{whole if len(whole) > most // 2 else kept}…"
