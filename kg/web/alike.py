"""Things that have the name of a new one, or nearly: whoever adds something is asked whether it is one of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from kg.errors import KgError
from kg.web.filled import Filled
from kg.web.links import entity_href
from kg.web.search import MOST_CHARACTERS, documents_found

_NEAR: Final = 0.85
_LOOKED_AT: Final = 20
_MOST_SHOWN: Final = 5
_MOST_NAMES: Final = 10
_MOST_ENTRIES: Final = 10


@dataclass(frozen=True)
class Alike:
    """A thing that may be the same."""

    entry: str
    """What the new entry is called."""
    name: str
    label: str
    href: str


def alike(filled: Iterable[Filled]) -> tuple[Alike, ...]:
    """Things of the same kinds as new entries whose names are equal or near to theirs; none while nothing is found by
    words."""
    found: list[Alike] = []
    new = [each for each in filled if not each.id and each.name()]
    for each in new[:_MOST_ENTRIES]:
        wanted, family = each.name()[:MOST_CHARACTERS], {*each.form["family"]}
        try:
            documents = documents_found(wanted, most=_LOOKED_AT)
        except KgError:
            return tuple(found)
        near = [
            Alike(each.local, each.name(), document.label, entity_href(document.iri))
            for document in documents
            if family & {*document.kinds} and any(is_near(wanted, name.text) for name in document.names[:_MOST_NAMES])
        ]
        found += near[:_MOST_SHOWN]
    return tuple(found)


def is_near(one: str, other: str) -> bool:
    """Whether two names are the same but for a few letters.

    >>> is_near("Nexus dialogue on water", "Nexus Dialogues on Water"), is_near("2021 session", "Stockholm+50")
    (True, False)
    """
    first, second = (" ".join(text.casefold().split())[:MOST_CHARACTERS] for text in (one, other))
    likeness = SequenceMatcher(None, first, second, autojunk=False)
    # The first two are upper bounds, and soon found.
    return all(ratio() >= _NEAR for ratio in (likeness.real_quick_ratio, likeness.quick_ratio, likeness.ratio))
