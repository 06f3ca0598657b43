"""Tables to rows of text: CSV as spreadsheets write it. Nothing is computed, fetched or executed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from kg.errors import CellProblem, TableErrors

CSV: Final = "csv"
XLSX: Final = "xlsx"

# A table is what people fill in by hand or export; what is larger comes as RDF. As measured, 9,000 rows that relate
# things to each other are read back in 2 to 4 seconds, about as long as a person waits.
MOST_ROWS: Final = 10_000
# The widest class of the EMG has 16 columns; each text can have one more for each further language.
MOST_COLUMNS: Final = 200
# 10,000 rows of statements are 1.6 megabytes of CSV; rows with long texts are some times longer.
MOST_BYTES: Final = 10_000_000
# What a cell of a spreadsheet can hold. Source: Excel specifications and limits.
MOST_CHARACTERS: Final = 32_767
# More are of no use to a person, and each message takes memory.
MOST_PROBLEMS: Final = 100
_LONGEST_TEXT: Final = 1_000

_DELIMITERS: Final = (",", ";", "\t")
_SPACES: Final = " \t,;"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_UTF8_REMEDY: Final = "save it as `CSV UTF-8`, or use the XLSX template"


@dataclass(frozen=True)
class Sheet:
    """A table as text: its header, and its rows with something in them."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    """The number of each row, counted from 1 as a spreadsheet does, and its cells, without spaces around them."""
    name: str = ""
    problems: tuple[CellProblem, ...] = ()
    """Cells that have no text of their own, such as formulas; they are read as empty."""


@dataclass
class Problems:
    """The mistakes found so far, in a bounded number."""

    found: list[CellProblem] = field(default_factory=list)
    more: bool = False

    def add(self, problem: CellProblem) -> None:
        """Keep a mistake while there is room; of a long text, the beginning."""
        if len(self.found) < MOST_PROBLEMS:
            self.found.append(CellProblem(*map(_beginning, (problem.place, problem.message, problem.remedy))))
        else:
            self.more = True

    def raise_any(self) -> None:
        """End here if there is any.

        Raises:
            TableErrors: there is.
        """
        if self.found:
            raise TableErrors(self.found, more=self.more)


def _beginning(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def place(row: int, column: int, header: str = "") -> str:
    """Where a cell is, as a spreadsheet shows it; both count from 1.

    >>> place(7, 28, "status")
    'row 7, column AB (status)'
    """
    letters = ""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"row {row}, column {letters}" + (f" ({header})" if header else "")


def column_of(letters: str) -> int:
    """The number of a column, counted from 1; one far out where there are more letters than any sheet has.

    >>> column_of("AB")
    28
    """
    number = 0
    for letter in letters[:4]:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def refused(message: str, remedy: str, *, at: str = "") -> TableErrors:
    """The error of a table that cannot be read at all."""
    return TableErrors([CellProblem(at, message, remedy)])


def read_csv(data: bytes) -> Sheet:
    """The table in a CSV file: UTF-8 with or without a mark, separated by comma, semicolon or tab as its header is.

    Source: RFC 4180, and the line `sep=;` that Excel reads.

    Raises:
        TableErrors: it is too large, or not such a file.
    """
    check_size(data)
    text = _decoded(data)
    first, _, rest = text.partition("\n")
    delimiter = first.strip()[4:] if first.strip()[:-1] == "sep=" else ""
    if delimiter:
        text = rest
    delimiter = delimiter or _delimiter(text)
    return sheet_of(_records(text, delimiter))


def check_size(data: bytes) -> None:
    """That a table is not larger than one may be.

    Raises:
        TableErrors: it is.
    """
    if len(data) > MOST_BYTES:
        raise refused(
            f"the table has {len(data):,} bytes, and at most {MOST_BYTES:,} are read", "send it in several parts"
        )


def sheet_of(
    records: Iterable[tuple[int, Sequence[str]]], *, name: str = "", problems: Sequence[CellProblem] = ()
) -> Sheet:
    """The table that numbered records make: the first with something in it is the header.

    Raises:
        TableErrors: there is no header, or there are too many rows or columns.
    """
    header: tuple[str, ...] = ()
    rows: list[tuple[int, tuple[str, ...]]] = []
    for number, record in records:
        cells = _trimmed(record)
        if not cells:
            continue
        if len(cells) > MOST_COLUMNS:
            raise refused(
                f"{len(cells):,} columns, and at most {MOST_COLUMNS} are read", "remove columns", at=f"row {number}"
            )
        if not header:
            header = cells
            continue
        if len(rows) == MOST_ROWS:
            raise refused(f"the table has more than {MOST_ROWS:,} rows", "send it in several parts")
        rows.append((number, cells))
    if not header:
        raise refused("the table is empty", "start from the template of a class: its first row names the columns")
    return Sheet(header, tuple(rows), name, tuple(problems))


def _trimmed(record: Sequence[str]) -> tuple[str, ...]:
    """The cells up to the last one with something in it."""
    cells = [cell.strip() for cell in record]
    while cells and not cells[-1]:
        cells.pop()
    return tuple(cells)


def _decoded(data: bytes) -> str:
    if data.startswith(b"PK\x03\x04"):
        raise refused("it is a workbook, not CSV", "send it as XLSX")
    if data.startswith(_UTF16_MARKS):
        raise refused("the table is UTF-16, not UTF-8", _UTF8_REMEDY)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise refused("not UTF-8; it may be Latin-1 or Windows-1252", _UTF8_REMEDY, at=f"line {line}") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise refused("a character with the code 0, which no text has", _UTF8_REMEDY, at=f"line {line}")
    return text


def _delimiter(text: str) -> str:
    """The one that divides the header into most columns."""

    def columns(delimiter: str) -> int:
        return next((len(cells) for _, cells in _records(text, delimiter) if "".join(cells).strip(_SPACES)), 0)

    counts: dict[str, int] = {}
    unreadable: TableErrors | None = None
    for delimiter in _DELIMITERS:
        try:
            counts[delimiter] = columns(delimiter)
        except TableErrors as error:
            unreadable = error
    if not counts and unreadable:
        raise unreadable
    return max(counts, key=counts.__getitem__)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from enumerate(reader, start=1)
    except csv.Error as error:
        remedy = 'put a cell with quotes or line ends in quotes, and write a quote inside it twice: "say ""yes"""'
        raise refused(f"not CSV: {error}", remedy, at=f"line {reader.line_num}") from error
