"""Several questions asked of a snapshot, and the names of what is in their answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from kg.answer import labels_of
from kg.entities.background import Background
from kg.store import Readable, Term

_NAMED_AT_A_TIME: Final = 500

Row = tuple[Term | None, ...]


@dataclass(frozen=True)
class Asked:
    """The answer to one question."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def ask_all(snapshot: Readable, texts: Sequence[str], *, most_rows: int) -> list[Asked]:
    """The first rows of the answer to each query, in their order. The texts have been vetted.

    One after the other, which a worker with warm caches answers sooner than several, each with cold ones, at once.

    Raises:
        QueryError: the engine cannot evaluate one of them.
    """
    answers: list[Asked] = []
    for text in texts:
        results = snapshot.query(text)
        rows = tuple(results.rows(most_rows))
        answers.append(Asked(results.columns, rows))
    return answers


def names_of(snapshot: Readable, iris: Iterable[str], background: Background) -> dict[str, str]:
    """What things are called: by their own names, or else by what the stored queries for names say.

    Raises:
        QueryError: the engine cannot evaluate it.
    """
    wanted = {*iris}
    names = {iri: background.labels[iri] for iri in wanted & background.labels.keys()}
    names |= labels_of(snapshot, wanted - names.keys())
    for reading in background.names:
        nameless = sorted(wanted - names.keys())[:_NAMED_AT_A_TIME]
        if nameless:
            found = snapshot.query(reading.of(*nameless)).rows()
            names |= {thing.value: name.value for thing, name in found if thing and name}
    return names


def iris_in(rows: Iterable[Row]) -> set[str]:
    """The IRIs in some rows."""
    return {term.value for row in rows for term in row if term and term.kind == "iri"}


def values_of(rows: Iterable[Row], wanted: Collection[str]) -> tuple[Term, ...]:
    """The values of some properties in rows that begin with a property and a value, each once."""
    return tuple(dict.fromkeys(row[1] for row in rows if row[0] and row[1] and row[0].value in wanted))
