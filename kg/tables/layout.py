"""Which column of a file is which column of the table, by its header."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from kg.errors import CellProblem
from kg.namespaces import shorten
from kg.readers.standards import names_a_language
from kg.readers.table import Problems, place
from kg.tables.model import ID_HEADER, Column, Model, in_language

_TAG: Final = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_MOST_HEADERS: Final = 30


@dataclass(frozen=True)
class Layout:
    """The columns of a file, by their place, counted from 1."""

    model: Model
    id_at: int | None
    columns: tuple[tuple[int, Column], ...]
    header: tuple[str, ...]
    entry: str = ""
    """What the entry is called that this is the only row of; empty in a table."""

    def place(self, row: int, at: int | None = None) -> str:
        """Where a cell is, or a row; of an entry its name, and that of the field."""
        if self.entry:
            return ", ".join(filter(None, (self.entry, self.header[at - 1] if at else "")))
        return place(row, at, self.header[at - 1] if at <= len(self.header) else "") if at else f"row {row}"


def layout_of(
    header: Sequence[str], model: Model, prefixes: Mapping[str, str], problems: Problems, *, entry: str = ""
) -> Layout:
    """The columns of a file, or of an entry; one that is unknown, without a name or there twice is a problem."""
    known = _spellings(model, prefixes)
    id_at: int | None = None
    columns: dict[int, Column] = {}
    at_columns = Layout(model, None, (), tuple(header), entry)
    for at, text in enumerate(header, start=1):
        name = _folded(text)
        column = _column(name, known)
        taken = column in columns.values() or (name == ID_HEADER and id_at is not None)
        if taken or (column is None and name != ID_HEADER):
            problems.add(_problem(text, taken=taken, at=at_columns.place(1, at), known=known))
        elif column is None:
            id_at = at
        else:
            columns[at] = column
    if not columns and not problems.found and not entry:
        headers = ", ".join(column.header for column in model.columns[:_MOST_HEADERS])
        problems.add(CellProblem("row 1", "no column of the table", f"name columns: {headers}"))
    return Layout(model, id_at, tuple(columns.items()), tuple(header), entry)


def _spellings(model: Model, prefixes: Mapping[str, str]) -> dict[str, Column]:
    """The columns by their headers, and by the prefixed names and IRIs of their properties."""
    found: dict[str, Column] = {}
    for column in model.columns:
        label = column.header.rpartition("@")[0] if column.language else column.header
        for text in (label, shorten(column.property, prefixes), column.property):
            if column.language:
                found.setdefault(_folded(f"{text}@{column.language}"), column)
            found.setdefault(_folded(text), column)
    return found


def _column(name: str, known: Mapping[str, Column]) -> Column | None:
    if name in known:
        return known[name]
    label, _, language = name.rpartition("@")
    base = known.get(label)
    is_tag = _TAG.fullmatch(language) and names_a_language(language)
    return in_language(base, language) if base and base.language and is_tag else None


def _problem(text: str, *, taken: bool, at: str, known: Mapping[str, Column]) -> CellProblem:
    if taken:
        return CellProblem(at, "this column is there twice", "keep one of the two")
    if not text:
        return CellProblem(at, "a column without a name", "name it, or remove it")
    near = get_close_matches(_folded(text), known, n=1)
    headers = ", ".join(dict.fromkeys(column.header for column in known.values()))
    hint = f"did you mean {known[near[0]].header!r}?" if near else f"the columns are: {ID_HEADER}, {headers}"
    return CellProblem(at, f"the table has no column {text!r}", hint)


def _folded(header: str) -> str:
    return " ".join(header.split()).rstrip("* ").strip("<>").casefold()
