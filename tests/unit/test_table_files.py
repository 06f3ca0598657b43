"""Files that tables come in: what spreadsheets write is read, and what might do harm is refused before it can."""

from __future__ import annotations

import io
import random
import warnings
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time

import pytest
from openpyxl import Workbook

from kg.errors import KgError, TableErrors
from kg.readers.table import MOST_BYTES, MOST_COLUMNS, MOST_ROWS, Sheet, place, read_csv
from kg.readers.workbook import MOST_UNPACKED_BYTES, read_xlsx

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook(*rows: list[object], change: Callable[[Workbook], object] = str) -> bytes:
    book = Workbook()
    book.active.title = "Book"
    for row in rows:
        book.active.append(row)
    change(book)
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def with_parts(data: bytes, parts: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A workbook with parts of it replaced or added."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(written, "w", method) as after:
        for name in [*before.namelist(), *(name for name in parts if name not in before.namelist())]:
            after.writestr(name, parts[name] if name in parts else before.read(name))
    return written.getvalue()


def sheet_xml(rows: str, *, head: str = "", tail: str = "") -> bytes:
    return f'{head}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{tail}</worksheet>'.encode()


SHEET = "xl/worksheets/sheet1.xml"
PLAIN = workbook(["id", "label@en"], ["emma", "Emma"])


def problems(read: Callable[[], Sheet]) -> list[str]:
    with pytest.raises(TableErrors) as caught:
        read()
    assert caught.value.remedy
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    "data",
    [
        "id,label\nemma,Emma\n",
        "\ufeffid,label\r\nemma,Emma\r\n",
        "id;label\r\nemma;Emma",
        "id\tlabel\r\nemma\tEmma",
        "sep=;\r\nid;label\r\nemma;Emma\r\n",
        '"id";"label"\r"emma";" Emma "\r',
        "\n,\nid,label,,\nemma,Emma,\n,\n",
    ],
    ids=["comma", "mark", "semicolon", "tab", "sep", "carriage returns", "blank rows"],
)
def test_csv_is_read_as_spreadsheets_write_it(data: str) -> None:
    sheet = read_csv(data.encode())
    assert sheet.header == ("id", "label")
    assert [cells for _, cells in sheet.rows] == [("emma", "Emma")]


def test_rows_are_counted_as_a_spreadsheet_counts_them() -> None:
    assert [number for number, _ in read_csv(b'id,x\n\n"a\nb",1\nc,2').rows] == [3, 4]
    assert [number for number, _ in read_xlsx(workbook(["id", "x"], [], ["a", 1])).rows] == [3]
    assert place(3, 702) == "row 3, column ZZ"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("id,label".encode("utf-16"), "the table is UTF-16, not UTF-8"),
        ("id,label\nemma,Ä".encode("latin-1"), "line 2: not UTF-8; it may be Latin-1 or Windows-1252"),
        (b"id,label\nem\0ma,x", "line 2: a character with the code 0"),
        (b"", "the table is empty"),
        (b",,\n\n", "the table is empty"),
        (b'id,label\nemma,"Emma', "line 2: not CSV: unexpected end of data"),
        (b'id,label\nemma,"Emma"x', "line 2: not CSV: ',' expected after '\"'"),
        (b"id,label\nemma," + b"x" * 200_000, "line 2: not CSV: field larger than field limit"),
        (PLAIN, "it is a workbook, not CSV"),
        (b"x" * (MOST_BYTES + 1), "the table has 10,000,001 bytes"),
        (b"id\n" + b"a\n" * (MOST_ROWS + 1), "the table has more than 10,000 rows"),
        (b"id\n" + b"," * MOST_COLUMNS + b"x", "row 2: 201 columns"),
    ],
    ids=[
        "utf-16", "latin-1", "nul", "nothing", "blank", "open quote", "text after quote", "long field", "workbook",
        "bytes", "rows", "columns",
    ],
)  # fmt: skip
def test_csv_that_is_none_is_refused(data: bytes, told: str) -> None:
    (found,) = problems(lambda: read_csv(data))
    assert told in found


def test_the_largest_table_is_read() -> None:
    assert len(read_csv(b"id\n" + b"a\n" * MOST_ROWS).rows) == MOST_ROWS


def test_cells_of_a_workbook_become_what_a_person_would_write() -> None:
    def formats(book: Workbook) -> None:
        book.active["B2"].number_format = "mmm yyyy"
        book.active["C2"].number_format = "yyyy"
        book.active["D2"].number_format = '[$-409]d\\ "of" mmmm'

    day = datetime(2022, 5, 1)  # noqa: DTZ001 - a spreadsheet has no time zones
    values: list[object] = [
        date(2022, 5, 1),
        day,
        day,
        day,
        day.replace(hour=9, minute=30),
        time(9, 30),
        5.0,
        0.5,
        True,
        "x",
        1e20,
        -3,
    ]
    sheet = read_xlsx(workbook([f"c{at}" for at in range(12)], values, change=formats))
    assert sheet.rows == (
        (2, ("2022-05-01", "2022-05", "2022", "2022-05-01", "2022-05-01T09:30:00", "09:30:00", "5", "0.5", "true", "x",
             "1e+20", "-3")),
    )  # fmt: skip


def test_inline_and_shared_texts_escapes_and_lying_dimensions_are_read() -> None:
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c>'
        '<c r="B1" t="inlineStr"><is><r><t>la</t></r><r><t>bel</t></r></is></c></row>'
        '<row><c t="str"><v>a_x000D_b</v></c><c t="str"><v>_x0000_ _xD800_</v></c></row>'
    )
    data = with_parts(PLAIN, {SHEET: sheet_xml(rows).replace(b"<sheetData>", b'<dimension ref="A1"/><sheetData>')})
    assert read_xlsx(data).header == ("id", "label")
    assert read_xlsx(data).rows == ((2, ("a\rb", "_x0000_ _xD800_")),)


def test_formulas_errors_and_merged_cells_are_told_with_their_places() -> None:
    def change(book: Workbook) -> None:
        book.active["B3"] = "=1+1"
        book.active["A4"] = "#N/A"
        book.active.merge_cells("A6:B6")

    sheet = read_xlsx(workbook(["id", "label@en"], ["emma", "Emma"], change=change))
    assert [str(problem) for problem in sheet.problems] == [
        "cells A6:B6: merged cells; unmerge them, and fill in each cell",
        "row 3, column B (label@en): a formula; put its value in its place (Paste special, Values)",
        "row 4, column A (id): an error of the spreadsheet (#N/A); write the value as text",
    ]
    shared = '<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="A2"><f t="shared" si="0"/><v>2</v></c></row>'
    assert len(read_xlsx(with_parts(PLAIN, {SHEET: sheet_xml(shared)})).problems) == 1


def test_the_sheet_is_found_by_its_name_or_as_the_only_one() -> None:
    def change(book: Workbook) -> None:
        book.create_sheet("notes").append(["x"])
        book.create_sheet("lists").sheet_state = "hidden"

    assert read_xlsx(workbook(["id"], ["emma"], change=change), wanted=["Novel"]).name == "Book"
    two = workbook(["id"], ["emma"], change=lambda book: book.create_sheet("Loan").append(["id"]))
    assert read_xlsx(two, wanted=["loan"]).header == ("id",)
    assert problems(lambda: read_xlsx(two, wanted=["Novel"])) == [
        "which sheet is the table is not clear (there is: Book, Loan); name one sheet after 'Novel'"
    ]


def test_what_a_table_does_not_need_is_passed_over() -> None:
    parts = {
        "xl/vbaProject.bin": b"\0macro",
        "xl/externalLinks/externalLink1.xml": b"<externalLink/>",
        "xl/media/image1.png": b"\x89PNG\r\n",
    }
    extension = (
        '<extLst><ext uri="{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}" '
        'xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"/></extLst>'
    )
    rows = '<row r="1"><c r="A1" t="str"><v>id</v></c></row>'
    data = with_parts(PLAIN, parts | {SHEET: sheet_xml(rows, tail=extension)})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_xlsx(data).header == ("id",)


def _zip(parts: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return written.getvalue()


def _bomb() -> bytes:
    return with_parts(PLAIN, {SHEET: sheet_xml("<row/>" + " " * 20_000_000)})


def _many(element: str, count: int) -> bytes:
    return with_parts(PLAIN, {SHEET: sheet_xml(element * count)}, method=zipfile.ZIP_STORED)


def _entities(head: str) -> bytes:
    return with_parts(PLAIN, {SHEET: sheet_xml('<row><c t="str"><v>&a;</v></c></row>', head=head)})


def _understated() -> bytes:
    """A package whose directory says that a part is smaller than it is."""
    data = bytearray(with_parts(PLAIN, {"xl/x.xml": b"<a>" + b"x" * 9_999 + b"</a>"}))
    size = (10_006).to_bytes(4, "little")
    at = data.rindex(size)
    data[at : at + 4] = (10).to_bytes(4, "little")
    return bytes(data)


def _encrypted() -> bytes:
    data = bytearray(PLAIN)
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    return bytes(data)


HOSTILE = {
    "text": (b"id,label", "it is no workbook"),
    "broken": (PLAIN[:-40], "it is no workbook"),
    "old": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "it is an old workbook (.xls)"),
    "password": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "is encrypted"),
    "encrypted part": (_encrypted(), "the workbook is encrypted"),
    "empty": (workbook(), "the table is empty"),
    "another zip": (_zip({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}), "no workbook of the kind"),
    "ratio": (_bomb(), "the workbook would unpack to 20,0"),
    "lzma": (with_parts(PLAIN, {}, method=zipfile.ZIP_LZMA), "packed in an unusual way"),
    "many parts": (with_parts(PLAIN, {f"xl/{n}.bin": b"" for n in range(600)}), "too many parts"),
    "elements": (_many("<v/>", 1_520_000), "more in it than a table needs"),
    "other elements": (_many("<x/>", 200_000), "more in it than a table needs"),
    "deep": (_many("<x>", 1_000), "more in it than a table needs"),
    "dtd": (_entities('<!DOCTYPE x [<!ENTITY a "b">]>'), "a document type definition"),
    "remote": (_entities('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'), "a document type definition"),
    "utf-16 dtd": (
        with_parts(PLAIN, {SHEET: '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x/>'.encode("utf-16")}),
        "a document type definition",
    ),
    "far column": (
        with_parts(PLAIN, {SHEET: sheet_xml('<row r="1"><c r="ZZZZZZZZZ1" t="str"><v>x</v></c></row>')}),
        "at most 200 columns are read",
    ),
    "far row": (with_parts(PLAIN, {SHEET: sheet_xml('<row r="99999999"/>')}), "where no sheet has it"),
    "rows out of order": (with_parts(PLAIN, {SHEET: sheet_xml('<row r="2"/><row r="1"/>')}), "row 1 behind row 2"),
    "not xml": (with_parts(PLAIN, {SHEET: b"\0\1"}), "the workbook cannot be read"),
    "bad index": (
        with_parts(PLAIN, {SHEET: sheet_xml('<row><c t="s"><v>99</v></c></row>')}), "the workbook cannot be read",
    ),
    "no sheets": (with_parts(PLAIN, {"xl/workbook.xml": b"<workbook/>"}), "(there is: none)"),
    "understated": (_understated(), "it is no workbook"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_workbook_that_is_none_or_might_do_harm_is_refused(name: str) -> None:
    data, told = HOSTILE[name]
    (found,) = problems(lambda: read_xlsx(data))
    assert told in found


def test_what_unpacks_to_more_than_a_table_needs_is_refused() -> None:
    noise = random.Random(1).randbytes(30_000) * 100
    parts = {f"xl/{n}.bin": noise for n in range(MOST_UNPACKED_BYTES // len(noise) + 1)}
    (found,) = problems(lambda: read_xlsx(with_parts(PLAIN, parts)))
    assert "would unpack to" in found


def test_a_row_at_the_very_end_of_a_sheet_costs_nothing() -> None:
    rows = '<row r="1"><c r="A1" t="str"><v>id</v></c></row><row r="1048576"><c r="A1048576" s="0"/></row>'
    assert read_xlsx(with_parts(PLAIN, {SHEET: sheet_xml(rows)})).rows == ()


def test_damaged_workbooks_are_refused_or_read_and_never_end_otherwise() -> None:
    chance = random.Random(7)
    ends = set()
    with zipfile.ZipFile(io.BytesIO(PLAIN)) as package:
        contents = {name: package.read(name) for name in package.namelist() if name.endswith((".xml", ".rels"))}
    for _ in range(300):
        name = chance.choice([*contents])
        damaged = bytearray(contents[name])
        for _ in range(chance.randint(1, 3)):
            damaged[chance.randrange(len(damaged))] = chance.choice(b'<>/"=019AZz \xff')
        try:
            read_xlsx(with_parts(PLAIN, {name: bytes(damaged)}))
            ends.add("read")
        except KgError:
            ends.add("refused")
    assert ends == {"read", "refused"}
