"""The profile of a thing: the stored queries about its classes, each answered for it as a section."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from kg.answer import Cell, Table
from kg.entities.asking import Asked
from kg.entities.background import Reading
from kg.store import Term

MOST_ROWS: Final = 100
"""How many rows of a section are shown."""


@dataclass(frozen=True)
class Section:
    """The answer to one stored query."""

    name: str
    """The name of the query, which no other on the page has."""
    title: str
    table: Table
    query: str
    """The query with the thing in it, header and all."""


def section_of(reading: Reading, asked: Asked, iri: str, *, cell: Callable[[Term], Cell]) -> Section:
    """The section that an answer makes; one row more than are shown tells that there are more."""
    stored = reading.stored
    rows = tuple(tuple(cell(term) if term else None for term in row) for row in asked.rows[:MOST_ROWS])
    # A column without a value on this page says nothing here.
    kept = [place for place in range(len(asked.columns)) if any(row[place] for row in rows)]
    table = Table(
        tuple(heading_of(asked.columns[place], asked.columns) for place in kept),
        tuple(tuple(row[place] for place in kept) for row in rows),
        more=len(asked.rows) > MOST_ROWS,
        boolean=None,
    )
    return Section(stored.name, stored.title, table, reading.shown(iri))


def heading_of(column: str, beside: Collection[str] = ()) -> str:
    """The name of a column in words; that of names alone is called by what they name, unless that stands beside it.

    >>> heading_of("asOf"), heading_of("organizerLabel"), heading_of("eventLabel", ["event", "eventLabel"])
    ('as of', 'organizer', 'event label')
    """
    named = column.removesuffix("Label")
    column = column if named in beside or not named else named
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", column).lower()
