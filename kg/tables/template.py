"""The template of a class as a file: empty, or filled with what the graph says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from kg.readers.table import CSV
from kg.tables.model import Model
from kg.tables.notes import offered
from kg.tables.rows import filled, write_csv
from kg.tables.state import State

_NO_CHOICES: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})


def template(model: Model, state: State, *, kind: str, with_data: bool = False) -> bytes:
    """The template of a class: `kind` is `csv` or `xlsx`. A workbook offers in each column what there is to choose.

    Raises:
        ContentError: there is more of the class than a table holds.
    """
    wide, rows = filled(model, state) if with_data else (model, [])
    return write_table(wide, rows, kind=kind, choices=_NO_CHOICES if kind == CSV else offered(wide, state))


def write_table(
    model: Model, rows: Iterable[Sequence[str]], *, kind: str, choices: Mapping[str, Sequence[str]] = _NO_CHOICES
) -> bytes:
    """Rows of text under the header of a table, as a file; `choices` are what a column offers, by its header.

    Raises:
        ContentError: a value is longer than a cell can be.
    """
    if kind == CSV:
        return write_csv(model, rows)
    from kg.tables.sheet import write_xlsx  # noqa: PLC0415 - openpyxl takes a fifth of a second to import

    return write_xlsx(model, rows, choices=choices)
