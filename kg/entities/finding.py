"""Which thing an address means, and which are near to one that means none."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from kg.queries.entity import known_query
from kg.sparql import iri_term
from kg.store import Readable

_MOST_NEAR: Final = 3
_ALIKE: Final = 0.7
"""How alike two names must be, from 0 to 1."""
_LONGEST: Final = 100
"""Longer names are no slips of a pen, and comparing takes time by the square of the length."""


def first_known(snapshot: Readable, iris: Sequence[str]) -> str | None:
    """The first of some IRIs of which something is said; None where none is. What is no absolute IRI is passed over.

    Raises:
        QueryError: the engine cannot evaluate it.
    """
    asked = [iri for iri in iris if _is_iri(iri)]
    if not asked:
        return None
    known = {row[0].value for row in snapshot.query(known_query(asked)).rows() if row[0]}
    return next((iri for iri in asked if iri in known), None)


def near_things(iri: str, things: Sequence[str], namespace: str) -> list[str]:
    """Those of the things of a namespace whose IRI is most like another one, the best first; three at most.

    >>> near_things("https://a.example/id/book/ema", ["https://a.example/id/book/emma"], "https://a.example/id/")
    ['https://a.example/id/book/emma']
    """
    wanted = iri.removeprefix(namespace).casefold()
    if not wanted or len(wanted) > _LONGEST:
        return []
    whole: dict[str, str] = {}
    last: dict[str, str] = {}
    for thing in sorted(things):
        rest = thing.removeprefix(namespace).casefold()
        whole.setdefault(rest, thing)
        last.setdefault(rest.rpartition("/")[2], thing)
    near = [whole[each] for each in get_close_matches(wanted, whole, n=_MOST_NEAR, cutoff=_ALIKE)]
    near += [last[each] for each in get_close_matches(wanted.rpartition("/")[2], last, n=_MOST_NEAR, cutoff=_ALIKE)]
    return [*dict.fromkeys(near)][:_MOST_NEAR]


def _is_iri(text: str) -> bool:
    try:
        iri_term(text)
    except ValueError:
        return False
    return True
