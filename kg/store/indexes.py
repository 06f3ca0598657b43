"""Every index of a store, read from end to end: a byte that has changed on disk is found, in whichever index it is.

The engine keeps each quad in several indexes and has a checksum for each block of its files, which it looks at when it
reads that block. To read all quads is to read one index.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from pyoxigraph import Store

# What an index is read by, and of which parts of a quad; in the order of the parts in a pattern.
_INDEXES: Final = (
    ("subjects", (0,)),
    ("properties", (1,)),
    ("values", (2,)),
    ("graphs", (3,)),
    ("properties in a graph", (1, 3)),
    ("values in a graph", (2, 3)),
)
_PARTS: Final = 4


def differing_indexes(store: Store) -> Iterator[str]:
    """In words, each index that has not as many quads as there are.

    Raises:
        OSError: a part of an index cannot be read.
    """
    count, keys = _keys(store)
    for _ in store.named_graphs():  # an index of its own
        pass
    for (name, places), found in zip(_INDEXES, keys, strict=True):
        read = sum(1 for key in found for _ in store.quads_for_pattern(*_pattern(places, key)))
        if read != count:
            yield f"has {count:,} statements, and {read:,} by their {name}"


def _keys(store: Store) -> tuple[int, list[set[tuple[Any, ...]]]]:
    """How many quads there are, and what each index is asked for to give all of them."""
    keys: list[set[tuple[Any, ...]]] = [set() for _ in _INDEXES]
    count = 0
    for count, quad in enumerate(store, start=1):  # noqa: B007 - the last one counts
        parts = (quad.subject, quad.predicate, quad.object, quad.graph_name)
        for found, (_, places) in zip(keys, _INDEXES, strict=True):
            found.add(tuple(parts[place] for place in places))
    return count, keys


def _pattern(places: Collection[int], key: tuple[Any, ...]) -> list[Any]:
    given = dict(zip(places, key, strict=True))
    return [given.get(place) for place in range(_PARTS)]
