"""The table as a workbook: drop-downs, notes, and a header that stays in sight. The same rows give the same bytes."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from kg.errors import ContentError
from kg.readers.table import MOST_CHARACTERS, MOST_ROWS, place
from kg.readers.workbook import LISTS_SHEET, NOTES_SHEET
from kg.tables.model import Column, Model
from kg.tables.notes import ID_NOTE, note_of, notes_of
from kg.tables.rows import header

# Source: Excel specifications and limits; what a validation's message can hold is less than a comment.
_NARROW, _WIDE = 14, 60
_REQUIRED: Final = PatternFill("solid", fgColor="FFE0B2")
_OPTIONAL: Final = PatternFill("solid", fgColor="E3E3E3")
_TEXT_FORMAT: Final = "@"  # so that a spreadsheet keeps 2022-05 and 007 as they are written
_COMMENT_PIXELS: Final = (360, 200)
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the first moment that a ZIP archive can tell
_WRITTEN_AT: Final = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")


def write_xlsx(model: Model, rows: Iterable[Sequence[str]], *, choices: Mapping[str, Sequence[str]]) -> bytes:
    """The table as a workbook, with a hidden sheet of the `choices` that each column offers, by its header.

    Raises:
        ContentError: a value is longer than a cell can be.
    """
    workbook = Workbook()
    table = workbook.active
    table.title = model.sheet
    _write_header(table, model)
    for number, row in enumerate(rows, start=2):
        for at, text in enumerate(row, start=1):
            _write_cell(table, number, at, text, header=header(model)[at - 1])
    _write_notes(workbook.create_sheet(NOTES_SHEET), model)
    _write_lists(workbook, table, model, choices=choices)
    saved = io.BytesIO()
    workbook.save(saved)
    return _timeless(saved.getvalue())


def _write_header(table: Any, model: Model) -> None:
    for at, (text, column) in enumerate(zip(header(model), [None, *model.columns], strict=True), start=1):
        cell = table.cell(1, at, text)
        cell.font = Font(bold=True)
        cell.fill = _REQUIRED if column and column.required else _OPTIONAL
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        comment = Comment(note_of(column) if column else ID_NOTE, "", *reversed(_COMMENT_PIXELS))
        cell.comment = comment
        letter = get_column_letter(at)
        table.column_dimensions[letter].width = _WIDE if column and column.language else max(_NARROW, len(text) + 4)
        table.column_dimensions[letter].number_format = _TEXT_FORMAT
    table.freeze_panes = "B2"


def _write_cell(table: Any, row: int, column: int, text: str, *, header: str) -> None:
    if len(text) > MOST_CHARACTERS:
        raise ContentError(
            f"{place(row, column, header)}: {len(text):,} characters, and a cell holds at most {MOST_CHARACTERS:,}",
            remedy="take the table as CSV",
        )
    if not text:
        return
    cell = table.cell(row, column)
    cell.value = text
    cell.data_type = "s"  # never a formula
    cell.number_format = _TEXT_FORMAT
    cell.alignment = Alignment(wrap_text=True, vertical="top")


def _write_notes(sheet: Any, model: Model) -> None:
    for number, row in enumerate(notes_of(model), start=1):
        for at, text in enumerate(row, start=1):
            _write_cell(sheet, number, at, text, header="")
            sheet.cell(number, at).font = Font(bold=number == 1 or at == 1)
    for letter, width in zip("ABCDEF", (28, 12, 16, 40, _WIDE, _WIDE), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "B2"


def _write_lists(workbook: Any, table: Any, model: Model, *, choices: Mapping[str, Sequence[str]]) -> None:
    lists = workbook.create_sheet(LISTS_SHEET)
    lists.sheet_state = "hidden"
    for at, column in enumerate(model.columns, start=2):
        offered = choices.get(column.header, ())
        if not offered:
            continue
        letter = get_column_letter(at)
        for number, text in enumerate([column.header, *offered], start=1):
            _write_cell(lists, number, at, text, header=column.header)
        validation = DataValidation(
            type="list", formula1=f"{LISTS_SHEET}!${letter}$2:${letter}${len(offered) + 1}", allow_blank=True
        )
        _advise(validation, column)
        validation.add(f"{letter}2:{letter}{MOST_ROWS + 1}")
        table.add_data_validation(validation)


def _advise(validation: Any, column: Column) -> None:
    """Several values are no entry of a list, and a new thing is not in it yet: so the list advises and does not bar."""
    validation.showErrorMessage = column.most == 1
    validation.errorStyle = "warning"
    validation.errorTitle = "Not in the list"
    validation.error = "Take an entry of the list, or write the IRI of a thing."


def _timeless(package: bytes) -> bytes:
    """The workbook without the moment at which it was written."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as before, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as after:
        for part in before.infolist():
            content = before.read(part)
            if part.filename == "docProps/core.xml":
                content = _WRITTEN_AT.sub(rb"\g<1>1980-01-01T00:00:00Z", content)
            entry = zipfile.ZipInfo(part.filename, date_time=_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            after.writestr(entry, content)
    return written.getvalue()
