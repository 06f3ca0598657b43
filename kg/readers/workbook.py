"""XLSX to rows of text. The package is weighed and looked through before anything is made of it.

Macros, external links, charts and comments are passed over. Nothing is computed: a formula is refused, not its value
taken.
Source: ECMA-376 (Office Open XML), part 1 §18.3 (worksheets), part 2 §10 (packages).
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from kg.errors import CellProblem
from kg.readers.table import MOST_COLUMNS, MOST_PROBLEMS, Sheet, check_size, column_of, place, refused, sheet_of

# Sheets that a template has beside the table itself.
NOTES_SHEET: Final = "notes"
LISTS_SHEET: Final = "lists"

# 10,000 rows of statements, as they are written here, are 5 megabytes of XML, which deflate to a tenth of that. Other
# programs write several times as much, with a style at each cell.
MOST_UNPACKED_BYTES: Final = 64_000_000
MOST_RATIO: Final = 100
# Below this, any ratio is harmless: an empty sheet deflates very well.
_SMALL_BYTES: Final = 2_000_000
# A workbook of Excel has 10 to 30 parts.
_MOST_PARTS: Final = 500
# Cells with their values and texts: 10,000 rows of 50 cells. The engine makes a large object of any other element.
_MOST_PLAIN_ELEMENTS: Final = 1_500_000
_MOST_OTHER_ELEMENTS: Final = 100_000
_PLAIN_ELEMENTS: Final = frozenset({"row", "c", "v", "is", "t", "si", "f"})
_DEEPEST_ELEMENT: Final = 100

_ENCRYPTED: Final = 0x1  # Source: APPNOTE.TXT §4.4.4, general purpose bit 0
_OLE_MARK: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # Source: [MS-CFB] §2.2
_ENCRYPTED_OLE: Final = "EncryptedPackage".encode("utf-16-le")  # Source: [MS-OFFCRYPTO] §2.3.4.4
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")  # Source: ECMA-376 part 1 §22.9.2.19 (ST_Xstring)
_NOT_SHOWN: Final = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')  # quoted text, colours and locales of a number format
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_LETTERS: Final = re.compile(r"[A-Z]+")
_LAST_ROW: Final = 1_048_576  # Source: Excel specifications and limits
_LONGEST_RANGE: Final = 40
_LARGEST_EXACT: Final = 10**15
_SAVE_AGAIN: Final = "save it once more as .xlsx, without a password"
_UNREADABLE: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    InvalidFileException,
    LookupError,
    NotImplementedError,
    OSError,
    ParseError,
    RecursionError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


class _TooMuch(Exception):
    """A part of the package is not what a table needs."""


@dataclass(frozen=True)
class _Fault:
    """A cell that has no text of its own."""

    row: int
    column: int
    message: str
    remedy: str


def read_xlsx(data: bytes, *, wanted: Collection[str] = ()) -> Sheet:
    """The table in a workbook: the only sheet with one of the `wanted` names, or the only one there is.

    Numbers, dates and truth values become the text that a person would write: `5`, `2022-05-18`, `true`. A date that
    is shown without its day or month is a month (`2022-05`) or a year (`2022`).

    Raises:
        TableErrors: it is no such workbook, is too large or might be harmful, or has no such sheet.
    """
    check_size(data)
    seen = _look_through(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it does not support, it passes over, as is wanted
            # Of a formula it would read the value of last time; all of those are refused below.
            workbook = load_workbook(io.BytesIO(data), read_only=True, keep_links=False, data_only=True)
            sheet = _chosen(workbook.worksheets, wanted)
            sheet.reset_dimensions()  # what a file says of its size need not be so
            part = str(sheet._worksheet_path)
            faults = [*seen.formulas.get(part, ())]
            table = sheet_of(_records(sheet, faults), name=str(sheet.title))
    except _UNREADABLE as error:
        raise refused(f"the workbook cannot be read: {error or type(error).__name__}", _SAVE_AGAIN) from error
    problems = [
        CellProblem(f"cells {cells}", "merged cells", "unmerge them, and fill in each cell")
        for cells in seen.merged.get(part, ())
    ]
    for fault in sorted(faults, key=lambda fault: (fault.row, fault.column)):
        header = table.header[fault.column - 1] if fault.column <= len(table.header) else ""
        problems.append(CellProblem(place(fault.row, fault.column, header), fault.message, fault.remedy))
    return Sheet(table.header, table.rows, table.name, tuple(problems[:MOST_PROBLEMS]))


def _look_through(data: bytes) -> _Elements:
    """What the parts are made of, after each has been weighed and seen to be without a DTD.

    Raises:
        TableErrors: a part is not as it must be.
    """
    if data.startswith(_OLE_MARK):
        if _ENCRYPTED_OLE in data:
            raise refused("the workbook is encrypted", _SAVE_AGAIN)
        raise refused("it is an old workbook (.xls), or another kind of file", "save it as .xlsx")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            _weigh(package.infolist(), packed=len(data))
            return _read_parts(package)
    except _TooMuch as error:
        raise refused(str(error), "copy the table alone into a new workbook, or start from the template") from error
    except _UNREADABLE as error:
        raise refused(f"it is no workbook: {error}", "give a file that was saved as .xlsx") from error


def _weigh(parts: Sequence[zipfile.ZipInfo], *, packed: int) -> None:
    names = [part.filename for part in parts]
    if any(part.flag_bits & _ENCRYPTED for part in parts):
        raise refused("the workbook is encrypted", _SAVE_AGAIN)
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise refused("it is no workbook of the kind .xlsx", "save it as .xlsx, not as .ods or .xlsb")
    if len(names) > _MOST_PARTS or len({name.lower() for name in names}) < len(names):
        raise _TooMuch("the workbook has too many parts, or two of one name")
    if any(part.compress_type not in _METHODS for part in parts):
        raise _TooMuch("a part of the workbook is packed in an unusual way")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MOST_UNPACKED_BYTES or unpacked > max(_SMALL_BYTES, MOST_RATIO * packed):
        raise _TooMuch(f"the workbook would unpack to {unpacked:,} bytes from {packed:,}")


def _read_parts(package: zipfile.ZipFile) -> _Elements:
    """Look through each part. One that holds more than the directory says is not read further: its checksum is off."""
    seen = _Elements()
    for part in package.infolist():
        seen.count(part.filename, package.read(part))
    return seen


class _Elements:
    """What the XML of a package is made of."""

    def __init__(self) -> None:
        self.merged: dict[str, list[str]] = {}
        self.formulas: dict[str, list[_Fault]] = {}
        self._plain = self._other = 0
        self._depth = self._row = self._column = 0

    def count(self, part: str, content: bytes) -> None:
        """Look through one part; what is no XML ends where that shows.

        Raises:
            _TooMuch: it has a DTD, too many elements or too deep ones, or cells where no table has any.
        """
        parser = expat.ParserCreate(namespace_separator=" ")
        self._depth = self._row = self._column = 0

        def start(name: str, attributes: dict[str, str]) -> None:
            self._started(part, name.rpartition(" ")[2], attributes)

        def end(_: str) -> None:
            self._depth -= 1

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.StartDoctypeDeclHandler = _refuse_doctype
        try:
            parser.Parse(content, True)
        except expat.ExpatError:
            return  # a picture, or XML that the reader will find broken at this place

    def _started(self, part: str, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if name in _PLAIN_ELEMENTS:
            self._plain += 1
            self._cell_started(part, name, attributes.get("r", ""))
        else:
            self._other += 1
        if self._plain > _MOST_PLAIN_ELEMENTS or self._other > _MOST_OTHER_ELEMENTS or self._depth > _DEEPEST_ELEMENT:
            raise _TooMuch("the workbook has more in it than a table needs")
        ranges = self.merged.setdefault(part, []) if name == "mergeCell" else []
        if len(ranges) < MOST_PROBLEMS:
            ranges.append(attributes.get("ref", "")[:_LONGEST_RANGE])

    def _cell_started(self, part: str, name: str, reference: str) -> None:
        """Follow where in a sheet the parser is; the rules of ECMA-376 part 1 §18.3.1.4 and §18.3.1.73."""
        if name == "row":
            before, self._column = self._row, 0
            self._row = int(reference) if _NUMBER.fullmatch(reference) else before + 1
            if not before < self._row <= _LAST_ROW:
                raise _TooMuch(f"row {self._row} behind row {before}, where no sheet has it")
        elif name == "c":
            letters = _LETTERS.match(reference)
            self._column = column_of(letters[0]) if letters else self._column + 1
        elif name in ("v", "is", "f") and self._column > MOST_COLUMNS:
            raise refused(
                f"at most {MOST_COLUMNS} columns are read", "remove columns", at=place(self._row, self._column)
            )
        elif name == "f" and len(faults := self.formulas.setdefault(part, [])) < MOST_PROBLEMS:
            faults.append(
                _Fault(self._row, self._column, "a formula", "put its value in its place (Paste special, Values)")
            )


def _refuse_doctype(*_: Any) -> None:
    # Source: ECMA-376 part 2 §9.1.4: the XML of a package has no DTD. Entities need one.
    raise _TooMuch("the workbook has a document type definition, which no workbook has")


def _chosen(sheets: Sequence[Any], wanted: Collection[str]) -> Any:
    tables = [sheet for sheet in sheets if sheet.title.casefold() not in (NOTES_SHEET, LISTS_SHEET)]
    names = {name.casefold() for name in wanted}
    for found in (
        [sheet for sheet in tables if sheet.title.casefold() in names],
        [sheet for sheet in tables if sheet.sheet_state == "visible"],
    ):
        if len(found) == 1:
            return found[0]
    titles = ", ".join(sheet.title for sheet in tables) or "none"
    one = f"{next(iter(wanted))!r}" if len(wanted) == 1 else "a class"
    raise refused(f"which sheet is the table is not clear (there is: {titles})", f"name one sheet after {one}")


def _records(sheet: Any, faults: list[_Fault]) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(sheet.iter_rows(max_row=_LAST_ROW), start=1):
        yield number, [_text(cell, number, at, faults=faults) for at, cell in enumerate(row[:MOST_COLUMNS], start=1)]


def _text(cell: Any, row: int, column: int, *, faults: list[_Fault]) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "e" or isinstance(value, timedelta):
        what = "a length of time" if isinstance(value, timedelta) else f"an error of the spreadsheet ({value})"
        faults.append(_Fault(row, column, what, "write the value as text"))
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _LARGEST_EXACT else repr(value)
    if isinstance(value, datetime | date | time):
        return _date_text(value, str(cell.number_format))
    return _ESCAPED.sub(_resolved, str(value))


def _resolved(escape: re.Match[str]) -> str:
    """The character of an escape; a half one, or one that no text has, stays as it is written."""
    character = chr(int(escape[1], 16))
    return character if character.isprintable() or character in "\t\n\r" else escape[0]


def _date_text(value: datetime | date | time, number_format: str) -> str:
    """A date as exactly as the cell shows it."""
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, datetime) and (value.hour or value.minute or value.second):
        return value.replace(microsecond=0).isoformat()
    shown = _NOT_SHOWN.sub("", number_format).lower()
    if "y" in shown and "d" not in shown:
        return f"{value:%Y-%m}" if "m" in shown else f"{value:%Y}"
    return f"{value:%Y-%m-%d}"
