"""The rows of an answer as the parts of a picture: each value with its text and where it leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from kg.answer import Cell, Table

Address = Callable[[str], str]
"""Gives the address of the page about an IRI."""


@dataclass(frozen=True)
class Value:
    """What plays a part in one row."""

    text: str
    """The name of a thing, or the text of a literal; empty where the row has none."""
    key: str = ""
    """What tells it from others: the IRI of a thing; of a literal its text."""
    href: str = ""
    named: bool = True
    """Whether the text is more than an IRI in short."""


NONE: Final = Value("")

Row = Mapping[str, Value]
"""Part -> what plays it; a part that the view does not name is played by `NONE`."""


def rows_of(view: Mapping[str, str], table: Table, address: Address) -> list[Row]:
    """The rows of an answer, by the parts of a view."""
    places = {part: _place(table.columns, column) for part, column in view.items() if part != "kind"}
    known = {part: place for part, place in places.items() if place is not None}
    return [_Row({part: _value(row[place], address) for part, place in known.items()}) for row in table.rows]


class _Row(dict[str, Value]):
    def __missing__(self, part: str) -> Value:
        return NONE


def _place(columns: tuple[str, ...], column: str) -> int | None:
    """Where a column stands; a column of names that only say the names of things again may have been left out."""
    for name in (column, column.removesuffix("Label")):
        if name in columns:
            return columns.index(name)
    return None


def _value(cell: Cell | None, address: Address) -> Value:
    if cell is None:
        return NONE
    if cell.kind == "iri":
        shown = cell.label or cell.short or cell.value
        return Value(shown, cell.value, address(cell.value), named=bool(cell.label))
    return Value(cell.value, cell.value)
