"""Which thing somebody means by a name: those like an example, by name or acronym, and else any with just this name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from kg.answer import labels_of
from kg.namespaces import namespace_of
from kg.queries import kinds_query, named_query, names_query
from kg.store import Readable

_MOST_CHARACTERS: Final = 200
"""Of a name that is compared."""
_MOST_NEAR: Final = 6
_NEAR: Final = 0.5
"""The least likeness of names that are told as near, as `difflib` measures it."""


@dataclass(frozen=True)
class Thing:
    """A thing and the name to show for it."""

    iri: str
    name: str


@dataclass(frozen=True)
class Likeness:
    """What the things like an example are."""

    things: tuple[Thing, ...]
    """By name; none where there are too many."""
    kind: str
    """The IRI of the smallest class that they are all of; empty where there is none."""


@dataclass(frozen=True)
class Meaning:
    """What a name may mean."""

    things: tuple[Thing, ...]
    """All that are called so."""
    near: tuple[Thing, ...]
    """Things that are called almost so, the likeliest first; none where there is one that is called just so."""


def things_like(snapshot: Readable, example: str, *, most: int) -> Likeness:
    """The named things of the namespace of an example, by name, and what they all are.

    Raises:
        QueryError, StoreError: the snapshot cannot be asked.
    """
    things = list(_names(snapshot, example))
    rows = snapshot.query(kinds_query(namespace_of(example))).rows()
    counts = [(kind.value, int(here.value), int(all_.value)) for kind, here, all_ in rows if kind and here and all_]
    most_here = max((here for _, here, _ in counts), default=0)
    everywhere = [(members, kind) for kind, here, members in counts if here == most_here]
    # One of the content's own before one that is only aligned to.
    own = [(members, kind) for members, kind in everywhere if kind.startswith(snapshot.description.base or ":")]
    kind = min(own or everywhere, default=(0, ""))[1]
    return Likeness(_by_name(_things(snapshot, things)) if len(things) <= most else (), kind)


def meaning_of(snapshot: Readable, name: str, *, example: str, languages: Iterable[str]) -> Meaning:
    """What is meant by a name where a thing like the example is wanted; the case of letters does not count.

    Where no thing like the example is called so, any other thing counts that has just this name in one of the
    languages, or without one; a thing of others only where none of ours has it.

    Raises:
        QueryError, StoreError: the snapshot cannot be asked.
    """
    wanted = _folded(name)
    names = _names(snapshot, example)
    called = [thing for thing, spellings in names.items() if wanted in spellings]
    if not called:
        rows = snapshot.query(named_query(" ".join(name.split()), languages)).rows()
        found = [row[0].value for row in rows if row[0] and row[0].kind == "iri"]
        called = [iri for iri in found if iri.startswith(snapshot.description.base)] or found
    if called:
        return Meaning(_by_name(_things(snapshot, called)), ())
    return Meaning((), _things(snapshot, _near(wanted, names)))


def _names(snapshot: Readable, example: str) -> Mapping[str, list[str]]:
    """The folded names of each thing of the namespace of an example."""
    names: dict[str, list[str]] = {}
    for thing, name in snapshot.query(names_query(namespace_of(example))).rows():
        if thing and name:
            names.setdefault(thing.value, []).append(_folded(name.value))
    return names


def _near(wanted: str, names: Mapping[str, list[str]]) -> list[str]:
    owners: dict[str, str] = {}
    for thing, spellings in names.items():
        for spelling in spellings:
            owners.setdefault(spelling, thing)
    with_it = sorted((spelling for spelling in owners if wanted and wanted in spelling), key=len)
    alike = get_close_matches(wanted, owners, n=_MOST_NEAR, cutoff=_NEAR)
    return list(dict.fromkeys(owners[spelling] for spelling in (*with_it[:_MOST_NEAR], *alike)))[:_MOST_NEAR]


def _things(snapshot: Readable, iris: Sequence[str]) -> tuple[Thing, ...]:
    labels = labels_of(snapshot, iris)
    return tuple(Thing(iri, labels.get(iri, iri)) for iri in iris)


def _by_name(things: Iterable[Thing]) -> tuple[Thing, ...]:
    return tuple(sorted(things, key=lambda thing: (thing.name, thing.iri)))


def _folded(name: str) -> str:
    return " ".join(name[:_MOST_CHARACTERS].split()).casefold()
