"""Findings of a search and their facets, as a page shows them and as JSON tells them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kg.discovery import Facet
from kg.search import Found, Hit, Piece
from kg.web.links import entity_path

_SHOWN_VALUES: Final = 8
_MOST_VALUES: Final = 20
_SHOWN_DATES: Final = 3

Href = Callable[[Mapping[str, list[str]]], str]
"""The address of a search with these parameters."""


@dataclass(frozen=True)
class ValueView:
    """A value of a facet."""

    value: str
    """As it stands in an address: below the base IRI without it."""
    label: str
    count: int
    chosen: bool
    href: str
    """The search with this value; where it is chosen, the one without it."""


@dataclass(frozen=True)
class FacetView:
    """A facet and its values, those that are chosen first, then the most frequent."""

    name: str
    label: str
    values: tuple[ValueView, ...]

    @property
    def first(self) -> tuple[ValueView, ...]:
        """The values that are shown at once."""
        return self.values[:_SHOWN_VALUES]

    @property
    def others(self) -> tuple[ValueView, ...]:
        """The values that are shown when more are wanted."""
        return self.values[_SHOWN_VALUES:]

    def document(self) -> dict[str, Any]:
        """As JSON tells it."""
        values = [
            {"value": one.value, "label": one.label, "count": one.count, "chosen": one.chosen, "href": one.href}
            for one in self.values
        ]
        return {"name": self.name, "label": self.label, "values": values}


@dataclass(frozen=True)
class FindingView:
    """One finding."""

    hit: Hit
    href: str
    kind: str
    """What its narrowest class is called."""

    @property
    def dates(self) -> tuple[str, ...]:
        """The first of its dates."""
        return self.hit.document.dates[:_SHOWN_DATES]

    def document(self) -> dict[str, Any]:
        """As JSON tells it; `marked` are the parts of a text that were asked for."""
        document = self.hit.document
        return {
            "iri": document.iri,
            "label": document.label,
            "href": self.href,
            "kind": self.kind,
            "kinds": list(document.kinds),
            "names": [{"text": name.text, "language": name.language, "role": name.role} for name in document.names],
            "dates": list(document.dates),
            "also": _text(self.hit.also) or None,
            "snippet": [{"text": piece.text, "marked": piece.marked} for piece in self.hit.snippet],
            "score": round(self.hit.score, 3),
        }


def finding_views(found: Found, labels: Mapping[str, str], base: str) -> tuple[FindingView, ...]:
    """The findings with their addresses; `labels` has the name of each kind."""
    return tuple(
        FindingView(
            hit,
            entity_path(hit.document.iri, base),
            labels.get(hit.document.kinds[0], "") if hit.document.kinds else "",
        )
        for hit in found.hits
    )


def facet_views(
    facets: Sequence[Facet],
    found: Found,
    filters: Mapping[str, Sequence[str]],
    *,
    labels: Mapping[str, str],
    base: str,
    href: Href,
    given: Mapping[str, list[str]],
) -> tuple[FacetView, ...]:
    """The facets that have values; `given` are the parameters of this search, `labels` the names of values."""
    views = []
    for facet in facets:
        counts = dict(found.counts.get(facet.name, ())[:_MOST_VALUES])
        chosen = [*filters.get(facet.name, ())]
        all_counts = dict(found.counts.get(facet.name, ()))
        values = []
        for value in dict.fromkeys([*chosen, *counts]):
            short = short_value(value, base)
            here = given.get(facet.name, [])
            others = [one for one in here if one != short] if value in chosen else [short]
            address = href({**given, facet.name: others})
            label = labels.get(value, value)
            values.append(ValueView(short, label, all_counts.get(value, 0), value in chosen, address))
        if values:
            views.append(FacetView(facet.name, facet.label, tuple(values)))
    return tuple(views)


def short_value(value: str, base: str) -> str:
    """A value as it stands in an address.

    >>> short_value("https://library.example/id/emma", "https://library.example/")
    'id/emma'
    """
    return value.removeprefix(base) if base and value != base else value


def long_value(text: str, base: str) -> str:
    """The value that an address means: a relative IRI stands below the base IRI, where it has a path.

    >>> long_value("id/emma", "https://library.example/"), long_value("2022", "https://library.example/")
    ('https://library.example/id/emma', '2022')
    """
    return f"{base}{text}" if base and ":" not in text and ("/" in text or "#" in text) else text


def _text(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces)
