"""Contributing without a program: the form as a browser without scripts sends it, and tables to be filled in."""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.serving import Command, Reply
from tests.stocked import BASE, DATED, FORMATS, NO_AUTHOR, NO_YEAR, NOBODYS, STRANGERS
from tests.writing import BROWSER, XLSX, House, named, problem, receipt, stocked_house

Fields = Mapping[str, str | tuple[str, bytes]]


@dataclass
class Form(HTMLParser):
    """The form of a page, as a browser sees it."""

    action: str = ""
    method: str = ""
    enctype: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    """The kind of each field, by its name, in the order of the page."""
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The name and the value that each button sends, by its words."""
    inline: int = 0
    """Scripts that stand in the page itself."""
    _button: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.inline += (tag == "script" and "src" not in told) or any(name.startswith("on") for name in told)
        if tag == "form" and told.get("method") == "post":
            self.action, self.method, self.enctype = told["action"], told["method"], told.get("enctype", "")
        elif tag in ("input", "textarea", "select") and self.action and told["name"] != "q":
            self.fields[told["name"]] = told.get("type", "text")
        elif tag == "button" and "name" in told:
            self._button = told["name"], told["value"]

    def handle_data(self, data: str) -> None:
        if self._button is not None:
            self.buttons[data.strip()] = self._button

    def handle_endtag(self, tag: str) -> None:
        if tag == "button":
            self._button = None


@pytest.fixture(scope="module")
def house(small: Path, kg_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with stocked_house(kg_command, small, tmp_path_factory.mktemp("contribute")) as house:
        yield house


def form_of(house: House) -> Form:
    page = house.server.send("GET", "/contribute", accept=BROWSER)
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    form = Form()
    form.feed(page.text)
    return form


def press(house: House, button: str, filled: Fields, *, accept: str = BROWSER, **headers: str) -> Reply:
    """Fill in the form, and press a button of it: each field is sent, also what was left empty, with CRLF in texts.

    Source: HTML, "Constructing the entry list" and "Multipart form data".
    """
    form = form_of(house)
    assert (form.method, form.enctype) == ("post", "multipart/form-data")
    assert {*filled} <= {*form.fields}
    boundary = f"----WebKitFormBoundary{secrets.token_hex(8)}"
    parts = []
    for name, kind in form.fields.items():
        value, disposition = filled.get(name, ""), f'Content-Disposition: form-data; name="{name}"'
        if kind == "file":
            file, data = value if isinstance(value, tuple) else ("", b"")
            sent_as = "text/csv" if file.endswith(".csv") else "application/octet-stream"
            parts.append(f'{disposition}; filename="{file}"\r\nContent-Type: {sent_as}\r\n\r\n'.encode() + data)
        else:
            assert isinstance(value, str)
            lines = "\r\n".join(value.split("\n"))
            parts.append(f"{disposition}\r\n\r\n{lines}".encode())
    name, value = form.buttons[button]
    parts.append(f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode())
    body = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in parts) + b"--%s--\r\n" % boundary.encode()
    own = f"http://127.0.0.1:{house.server.port}"
    sent = {"origin": own, "sec_fetch_site": "same-origin", "accept": accept} | headers
    return house.server.send(
        "POST", form.action, body, content_type=f"multipart/form-data; boundary={boundary}", **sent
    )


def page(reply: Reply, status: int = 200) -> str:
    assert (reply.status, reply.headers.get_content_type()) == (status, "text/html"), reply.text
    return reply.text


def filled(house: House, kind: str = "csv", query: str = "?filled=1") -> bytes:
    reply = house.server.send("GET", f"/tables/Book.{kind}{query}")
    assert reply.status == 200, reply.text
    return reply.body


def cells(table: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(table.decode("utf-8-sig"), newline="")))


def written(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def with_cell(table: bytes, *, row: str, column: str, value: str) -> bytes:
    """A table with another value in a cell; the row is named by what its first cell ends with."""
    rows = cells(table)
    [changed] = [each for each in rows if each[0].endswith(row)]
    changed[rows[0].index(column)] = value
    return written(rows)


def table_part(name: str, data: bytes) -> dict[str, str | tuple[str, bytes]]:
    return {"file": (name, data)}


# The form.


def test_the_form_needs_no_script_and_does_both(house: House) -> None:
    form = form_of(house)
    assert form.action == "/contribute"
    assert form.buttons == {"Check": ("do", "check"), "Submit": ("do", "submit")}
    assert [*form.fields] == ["text", "media_type", "file", "class", "message", "source", "token"]
    assert (form.fields["file"], form.fields["token"]) == ("file", "password")
    assert form.inline == 0
    head = house.server.send("HEAD", "/contribute")
    assert (head.status, head.body) == (200, b"")
    before = house.server.send("GET", "/submissions", accept=BROWSER)
    assert (before.status, before.headers["Location"]) == (303, "/contribute")
    assert 'href="/contribute"' in house.server.send("GET", "/", accept=BROWSER).text


def test_the_report_comes_with_the_text_and_its_lines(house: House) -> None:
    reply = press(house, "Check", {"text": NOBODYS, "message": "<b>mine</b>", "token": house.submitter})
    told = page(reply)
    assert reply.headers["Cache-Control"] == "no-store"
    assert 'href="#line-4"' in told
    assert '<tr id="line-4" class="marked">' in told
    assert NOBODYS in unescape(told[told.index("<textarea") :]).replace("\r\n", "\n")
    assert "&lt;b&gt;mine&lt;/b&gt;" in told
    assert house.submitter not in told


def test_a_mistake_is_mended_on_the_same_page_and_submitted(house: House) -> None:
    wrong = page(press(house, "Submit", {"text": NOBODYS, "token": house.submitter}), 422)
    assert NO_AUTHOR in wrong
    assert "Nobody&#39;s" in wrong[wrong.index("<textarea") :]
    mended = {"text": named("ended"), "token": house.submitter}
    assert "<h1>Accepted as revision" in page(press(house, "Submit", mended), 201)


@pytest.mark.parametrize("extension", ["ttl", "trig", "nt", "nq", "jsonld", "rdf"])
def test_the_format_of_what_is_pasted_is_told_by_the_text(house: House, extension: str) -> None:
    assert ">It conforms</h2>" in page(press(house, "Check", {"text": FORMATS[extension]}))


def test_a_format_that_is_chosen_counts(house: House) -> None:
    told = page(press(house, "Check", {"text": named("heck"), "media_type": "application/ld+json"}), 400)
    assert "What to do:" in told
    assert '<option value="application/ld+json" selected>' in told


def test_a_long_text_is_shown_around_what_was_found(house: House) -> None:
    text = "#\n" * 5_000 + NOBODYS
    told = page(press(house, "Check", {"text": text}))
    assert '<tr id="line-5004" class="marked">' in told
    assert 'id="line-4000"' not in told


def test_what_is_pasted_is_text_and_no_markup(house: House) -> None:
    attack = f"{NOBODYS}<script>alert(1)</script>\n"
    told = page(press(house, "Check", {"text": attack, "class": '"><img src=x onerror=alert(1)>'}), 400)
    assert "<script>alert" not in told
    assert "<img src=x" not in told


def test_what_is_pasted_is_checked_without_a_token_and_nothing_is_written(house: House) -> None:
    before = house.head()
    assert ">It conforms</h2>" in page(press(house, "Check", {"text": named("heck")}))
    told = page(press(house, "Check", {"text": NOBODYS}))
    assert ">It does not conform</h2>" in told
    assert NO_AUTHOR in told
    assert "line 4" in told
    assert NO_YEAR in page(press(house, "Check", {"text": named("heck", DATED)}))
    assert ">It conforms</h2>" in page(press(house, "Check", {"file": ("heck.ttl", named("heck").encode())}))
    assert house.head() == before


def test_what_is_pasted_is_submitted_with_the_token_of_the_form(house: House) -> None:
    said = {"message": "Grüße <b>", "source": "https://archive.example/a", "token": house.submitter}
    told = page(press(house, "Submit", {"text": named("aste"), **said}), 201)
    revision = house.head()
    assert f"<h1>Accepted as revision {revision}</h1>" in told
    assert f'href="/history/{revision}"' in told
    commit = house.told(f"/history/{revision}")
    assert commit["message"] == "Grüße <b>"
    assert commit["author"].startswith("Tester (")
    assert any("<https://archive.example/a>" in line for line in commit["statements"]["added"])
    assert house.submitter not in str(commit)
    assert house.holds(":saste :writtenBy :austen")
    again = page(press(house, "Submit", {"text": named("aste", DATED), "token": house.submitter}), 201)
    assert NO_YEAR in again
    assert house.told(f"/history/{revision + 1}")["message"] == "POST /contribute"


def test_a_file_that_is_chosen_is_submitted(house: House) -> None:
    told = page(
        press(house, "Submit", {"file": ("of today.ttl", named("hosen").encode()), "token": house.submitter}), 201
    )
    assert "Accepted as revision" in told
    assert house.holds(":shosen :writtenBy :austen")


@pytest.mark.parametrize("button", ["Check", "Submit"])
def test_a_form_that_was_left_empty_is_told(house: House, button: str) -> None:
    reply = press(house, button, {"token": house.submitter})
    assert "neither a file nor a text" in page(reply, 400)


def test_a_text_that_is_no_turtle_is_told_with_its_line(house: House) -> None:
    before = house.head()
    for button in ("Check", "Submit"):
        told = page(press(house, button, {"text": "\n\n:a :b .\n", "token": house.submitter}), 400)
        assert '<a href="#line-3" data-line="3">Line 3</a>' in told
    assert house.head() == before


@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        ("", {}, 401),
        ("kg_wrong", {}, 401),
        ("{}", {"sec_fetch_site": "cross-site", "origin": "https://other.example"}, 403),
        ("{}", {"origin": "https://other.example"}, 403),
        ("{}", {"authorization": "Bearer kg_wrong"}, 401),
    ],
    ids=["none", "wrong", "from another site", "from another origin", "another in the header"],
)
def test_nobody_else_submits(house: House, token: str, headers: dict[str, str], status: int) -> None:
    before = house.head()
    given = {"text": named("obody"), "token": token.format(house.submitter)}
    reply = press(house, "Submit", given, **headers)
    assert "What to do" in page(reply, status)
    assert house.head() == before


def test_a_token_counts_in_no_other_kind_of_body_nor_in_the_address(house: House) -> None:
    before, form = house.head(), f"text=x&token={house.submitter}"
    for path, body, media_type in (
        ("/submissions", form, "application/x-www-form-urlencoded"),
        (f"/submissions?token={house.submitter}", named("owhere"), "text/turtle"),
    ):
        problem(house.server.send("POST", path, body.encode(), content_type=media_type), 401)
    assert house.head() == before


def test_what_does_not_conform_is_told_on_a_page(house: House) -> None:
    before = house.head()
    told = page(press(house, "Submit", {"text": STRANGERS, "token": house.submitter}), 422)
    assert "The author has no name" in told
    assert f"{BASE}sanditon" in told
    assert house.head() == before


# Tables.


def test_the_tables_are_listed_for_programs_and_people(house: House) -> None:
    reply = house.server.send("GET", "/tables")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert "Accept" in reply.headers["Vary"]
    [told] = house.told("/tables")["tables"]
    assert (told["class"], told["name"], told["label"], told["definition"]) == (f"{BASE}Book", "Book", "book", "")
    assert {column["header"] for column in told["columns"]} == {"written by", "year"}
    listed = house.server.send("GET", "/tables", accept=BROWSER)
    for link in ("Book.csv", "Book.xlsx", "Book.csv?filled=1", "Book.xlsx?filled=1"):
        assert f'href="/tables/{link}"' in page(listed)
        assert house.server.send("GET", f"/tables/{link}").status == 200
    assert "Accept" in listed.headers["Vary"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_table_is_empty_or_holds_what_there_is(house: House, kind: str) -> None:
    reply = house.server.send("GET", f"/tables/Book.{kind}")
    assert reply.headers["Content-Type"] == ("text/csv; charset=utf-8" if kind == "csv" else XLSX)
    assert reply.headers["Content-Disposition"] == f'attachment; filename="Book.{kind}"'

    def ids(data: bytes) -> list[str]:
        if kind == "csv":
            return [row[0] for row in cells(data)[1:]]
        sheet = load_workbook(io.BytesIO(data))["Book"]
        return [str(row[0]) for row in sheet.iter_rows(min_row=2, max_col=1, values_only=True) if row[0]]

    there = {row[0].removeprefix(BASE) for row in house.rows(f"SELECT ?book {{ ?book a <{BASE}Book> }}")}
    assert ids(reply.body) == []
    for asked in ("?filled=1", "?filled", "?filled=true"):
        assert {name.rpartition("/")[2].rpartition(":")[2] for name in ids(filled(house, kind, asked))} == there
    for asked in ("?filled=0", "?filled=no"):
        assert ids(filled(house, kind, asked)) == []


@pytest.mark.parametrize("name", ["book", "Book", ":Book"])
def test_a_class_is_named_in_each_way(house: House, name: str) -> None:
    assert house.server.send("GET", f"/tables/{name}.csv").body == filled(house, query="")


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/tables/Nobody.csv", 400, "no class 'Nobody' has a table"),
        ("/tables/Boook.xlsx", 400, "no class 'Boook' has a table"),
        ("/tables/Book.pdf", 404, "There is no table Book.pdf"),
        ("/tables/Book", 404, "/tables/Book"),
    ],
)
def test_a_table_that_there_is_not_is_told(house: House, path: str, status: int, says: str) -> None:
    told = problem(house.server.send("GET", path), status, says)
    assert told["remedy"]
    assert says.replace("'", "&#39;") in page(house.server.send("GET", path, accept=BROWSER), status)
    if status == 400:
        assert "Book" in told["remedy"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_filled_table_that_comes_back_unchanged_changes_nothing(house: House, kind: str) -> None:
    before = house.head()
    part = table_part(f"Book.{kind}", filled(house, kind))
    assert ">It conforms</h2>" in page(press(house, "Check", part))
    assert "<h1>Nothing to change</h1>" in page(press(house, "Submit", {**part, "token": house.submitter}))
    told = receipt(house.form("/submissions", part))
    assert (told["changed"], told["added"], told["removed"], told["revision"]) == (False, 0, 0, before)
    assert house.head() == before


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_cell_that_was_changed_is_a_statement_that_was_changed(house: House, kind: str) -> None:
    row, year = {"csv": ("emma", "1815"), "xlsx": ("persuasion", "1817")}[kind]
    data = filled(house, kind)
    if kind == "csv":
        data = with_cell(data, row=row, column="year", value=year)
    else:
        workbook, out = load_workbook(io.BytesIO(data)), io.BytesIO()
        sheet = workbook["Book"]
        heads = [cell.value for cell in sheet[1]]
        [line] = [cells[0].row for cells in sheet.iter_rows() if str(cells[0].value).endswith(row)]
        sheet.cell(line, heads.index("year") + 1).value = year
        workbook.save(out)
        data = out.getvalue()
    told = page(press(house, "Submit", {**table_part(f"Book.{kind}", data), "token": house.submitter}), 201)
    assert f"Accepted as revision {house.head()}" in told
    assert house.rows(f"SELECT ?year {{ <{BASE}{row}> <{BASE}year> ?year }}") == [[year]]
    assert year in {cell for each in cells(filled(house)) if each[0].endswith(row) for cell in each}
    commit = house.told(f"/history/{house.head()}")["statements"]
    assert not commit["removed"]
    assert [line for line in commit["added"] if line.startswith(f"<{BASE}{row}>")] == [
        f'<{BASE}{row}> <{BASE}year> "{year}" <{BASE}graph/submission/{house.head()}> .'
    ]


def test_cells_that_are_wrong_are_named(house: House) -> None:
    before = house.head()
    data = with_cell(filled(house), row="emma", column="written by", value="Nobody Known")
    part = {**table_part("Book.csv", data), "token": house.submitter}
    told = problem(house.form("/validate", table_part("Book.csv", data)), 400)
    place = next(each["place"] for each in told["problems"])
    assert "(written by)" in place
    for button in ("Check", "Submit"):
        assert f'<strong dir="auto">{place}:</strong>' in page(press(house, button, part), 400)
    without = with_cell(filled(house), row="emma", column="written by", value="")
    part = table_part("Book.csv", without)
    assert "(written by): this takes away" in page(press(house, "Submit", {**part, "token": house.submitter}), 403)
    assert NO_AUTHOR in page(press(house, "Submit", {**part, "token": house.reviewer}), 422)
    assert house.head() == before


def test_a_table_of_no_known_class_is_told(house: House) -> None:
    part = table_part("things.csv", b"id,name\r\nx,y\r\n")
    assert "Book" in problem(house.form("/validate", part), 400)["remedy"]
    assert "things.csv" in page(press(house, "Check", part), 400)
    data = b"id,written by\r\nmore,Jane Austen\r\n"
    told = page(press(house, "Check", {**table_part("things.csv", data), "class": "book"}))
    assert ">It conforms</h2>" in told
