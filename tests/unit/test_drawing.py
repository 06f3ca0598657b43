"""Pictures of answers: dates read as what they can mean, and rows drawn where they belong, however odd they are."""

import math
import re
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import product

import pytest

from kg.answer import Cell, Table
from kg.web.drawing import Drawing, draw_picture, draw_thumb
from kg.web.drawing.dates import day_number, read_moment, year_month
from kg.web.drawing.scene import THUMB_HEIGHT, WIDE, Group, Path, Text, fit, text_width, wrap

BASE = "https://example.org/id/"
VIEWS = {
    "bar": {"kind": "bar", "label": "a", "value": "b", "group": "d", "note": "e"},
    "matrix": {"kind": "matrix", "row": "a", "column": "b", "value": "c", "link": "d"},
    "network": {"kind": "network", "from": "a", "to": "b", "label": "c", "group": "d"},
    "timeline": {"kind": "timeline", "label": "a", "start": "b", "end": "c", "group": "d", "note": "e"},
}
RIGHT_TO_LEFT = "مجموعة إدارة البيئة (EMG)"
ODD_TEXTS = (
    "x" * 10_000,
    "word " * 2_000,
    RIGHT_TO_LEFT,
    "<script>alert(1)</script>\"'&",
    "",
    "\u0000\u202e",
    "漢字" * 50,
    "e\u0301" * 400,
)
ODD_DATES = (
    "2022-01-01",
    "2022",
    "2022-05",
    "-0044-03-15",
    "0000",
    "9999-12-31",
    "-9999",
    "yesterday",
    "",
    None,
    "2022-02-30",
    "202X",
    "2022-23~",
    "2022-06/..",
    "../2021",
    "2022/2021",
    "10000-01-01",
    "--11",
)
ODD_NUMBERS = ("1", "-5", "1e308", "-1e308", "nan", "inf", "many", "0", "1e-300", None, "9" * 400)

Row = tuple[Cell | None, ...]


def text(value: str | None) -> Cell | None:
    return None if value is None else Cell("literal", value)


def thing(name: str, label: str = "") -> Cell:
    return Cell("iri", f"{BASE}{name}", short=f"id:{name}", label=label, link=True)


def table(rows: Iterable[Row], columns: tuple[str, ...] = ("a", "b", "c", "d", "e")) -> Table:
    filled = (row + (None,) * (len(columns) - len(row)) for row in rows)
    return Table(columns, tuple(filled), more=False, boolean=None)


def drawn(kind: str, *rows: Row, **window: str) -> Drawing:
    picture = draw_picture(VIEWS[kind], table(rows), address, window=window)
    assert picture is not None
    return picture.wide


def address(iri: str) -> str:
    return f"/page/{iri.removeprefix(BASE)}"


def parts(drawing: Drawing) -> Iterator[Text | Path]:
    for item in drawing.items:
        yield from item.items if isinstance(item, Group) else (item,)


def words(drawing: Drawing) -> list[str]:
    return [part.text for part in parts(drawing) if isinstance(part, Text)]


def groups(drawing: Drawing) -> list[Group]:
    return [item for item in drawing.items if isinstance(item, Group)]


def marks(item: Group | Drawing) -> list[Path]:
    found = item.items if isinstance(item, Group) else tuple(parts(item))
    return [part for part in found if isinstance(part, Path) and "mark" in part.look]


def span(path: Path) -> tuple[float, float]:
    """The least and the greatest x of a path of straight lines to points."""
    xs = [float(x) for x in re.findall(r"(-?[\d.]+) -?[\d.]+", path.d)]
    return min(xs), max(xs)


@pytest.mark.parametrize(
    ("date", "first", "last", "said"),
    [
        ("2022-06-07", (2022, 6, 7), (2022, 6, 8), "7 June 2022"),
        ("2022-05-18T15:00:00+02:00", (2022, 5, 18), (2022, 5, 19), "18 May 2022"),
        ("2022-05-18Z", (2022, 5, 18), (2022, 5, 19), "18 May 2022"),
        ("2022-02", (2022, 2, 1), (2022, 3, 1), "February 2022"),
        ("2024-02", (2024, 2, 1), (2024, 3, 1), "February 2024"),
        ("2022-12", (2022, 12, 1), (2023, 1, 1), "December 2022"),
        ("2022", (2022, 1, 1), (2023, 1, 1), "2022"),
        ("2022-23", (2022, 9, 1), (2022, 12, 1), "autumn 2022"),
        ("2022-24", (2022, 12, 1), (2023, 3, 1), "winter 2022"),
        ("202X", (2020, 1, 1), (2030, 1, 1), "2020 – 2029"),  # noqa: RUF001 - a dash between two years
        ("2022-XX", (2022, 1, 1), (2023, 1, 1), "2022"),
        ("2022-06-XX", (2022, 6, 1), (2022, 7, 1), "June 2022"),
        ("-0043-03-15", (-43, 3, 15), (-43, 3, 16), "15 March 44 BC"),
        ("0000", (0, 1, 1), (1, 1, 1), "1 BC"),
        ("2022-11-03/2022-11-05", (2022, 11, 3), (2022, 11, 6), "3 November 2022 – 5 November 2022"),  # noqa: RUF001
    ],
)
def test_a_date_is_all_that_it_can_mean(
    date: str, first: tuple[int, int, int], last: tuple[int, int, int], said: str
) -> None:
    moment = read_moment(date)
    assert moment is not None
    assert (moment.first, moment.last) == (day_number(*first), day_number(*last))
    assert moment.words == said
    assert [moment.doubtful, moment.open_start, moment.open_end] == [False] * 3


@pytest.mark.parametrize(
    ("date", "said", "doubtful", "opened"),
    [
        ("2022?", "2022 (uncertain)", True, ""),
        ("2022-06~", "about June 2022", True, ""),
        ("2022-06-07%", "perhaps 7 June 2022", True, ""),
        ("2022-06-07/..", "not before 7 June 2022", False, "end"),
        ("2022-06/", "not before June 2022", False, "end"),
        ("../2022", "not after 2022", False, "start"),
    ],
)
def test_a_doubtful_or_open_date_says_so(date: str, said: str, doubtful: bool, opened: str) -> None:
    moment = read_moment(date)
    assert moment is not None
    assert (moment.words, moment.doubtful) == (said, doubtful)
    assert (moment.open_start, moment.open_end) == (opened == "start", opened == "end")


@pytest.mark.parametrize(
    "date",
    ["", "soon", "2022-13", "2022-02-30", "2022-00-10", "2022-10-00", "--11", "12022", "44", "2022/2021", "/", "../.."],
)
def test_what_is_no_date_cannot_be_placed(date: str) -> None:
    assert read_moment(date) is None


def test_a_day_may_stand_for_its_month_or_year() -> None:
    month, year = (read_moment("2022-11-01", "2022-11-30", precision=each) for each in ("gYearMonth", "gYear"))
    assert month == read_moment("2022-11")
    assert year == read_moment("2022")


def test_days_are_counted_as_the_calendar_counts_them() -> None:
    for day in (date(1, 1, 1), date(1582, 10, 4), date(1900, 3, 1), date(2022, 6, 7), date(9999, 12, 31)):
        assert day_number(day.year, day.month, day.day) - day_number(1) == day.toordinal() - 1
    for year, month in product((-401, -1, 0, 1, 1900, 2000, 2024), range(1, 13)):
        assert year_month(day_number(year, month)) == (year, month)
        assert year_month(day_number(year, month) + 27.9) == (year, month)


def test_text_is_cut_where_it_would_be_wider() -> None:
    for value, width in product((*ODD_TEXTS, "A title of usual length, as there are many"), (40, 150, 600)):
        for line in (fit(value, width), *wrap(value, width, most_lines=3)):
            assert text_width(line) <= width or len(line) <= 2
    assert text_width("mmm") > text_width("nnn") > text_width("iii")
    assert text_width("漢字漢") > text_width("nnn")
    assert fit("short", 100) == "short"
    assert wrap("one two three", text_width("one two") + 1) == ["one two", "three"]


def test_a_month_is_a_band_of_that_month_and_a_day_is_a_point() -> None:
    drawing = drawn(
        "timeline",
        (thing("day", "Day"), text("2022-06-15")),
        (thing("month", "Month"), text("2022-06")),
        (thing("year", "Year"), text("2022")),
        (thing("next", "Next"), text("2023-01-01")),
    )
    by_page = {group.href: span(marks(group)[0]) for group in groups(drawing)}
    day, month, year, following = (by_page[f"/page/{name}"] for name in ("day", "month", "year", "next"))
    assert year[0] < month[0] < day[0] < day[1] < month[1] < year[1]
    assert math.isclose(year[1], sum(following) / 2, abs_tol=2)
    # A month of thirty days is a twelfth of its year.
    assert math.isclose((month[1] - month[0]) / (year[1] - year[0]), 30 / 365, abs_tol=0.002)
    looks = {group.href: marks(group)[0].look for group in groups(drawing)}
    assert "band" in looks["/page/month"]
    assert "band" not in looks["/page/day"]


def test_the_earliest_comes_first_and_each_once() -> None:
    rows = [(thing(day, day), text(day), None, text("event")) for day in ("2022-03-01", "2021-01-01", "2022-03-01")]
    drawing = drawn("timeline", *rows)
    assert [group.href for group in groups(drawing)] == ["/page/2021-01-01", "/page/2022-03-01"]


def test_what_is_uncertain_planned_or_open_is_marked_and_explained() -> None:
    drawing = drawn(
        "timeline",
        (text("sure"), text("2022-01-01")),
        (text("unsure"), text("2022-02?")),
        (text("planned"), text("2022-03-01"), None, None, text("planned")),
        (text("later"), text("2022-04-01/..")),
    )
    looks = [marks(group)[0].look for group in groups(drawing)]
    assert ["doubtful" in look for look in looks] == [False, True, False, False]
    assert ["noted" in look for look in looks] == [False, False, True, False]
    keys = " ".join(key.text for key in drawing.keys)
    assert all(said in keys for said in ("band", "hollow: planned", "dashed: uncertain", "pointed"))
    assert "not before 1 April 2022" in words(drawing)


def test_what_has_no_date_is_listed_beside_the_picture() -> None:
    drawing = drawn(
        "timeline",
        (thing("dated", "Dated"), text("2022")),
        (thing("soon", "Soon"), text("soon"), None, text("event"), text("planned")),
        (thing("never", "Never"), None),
    )
    assert [(aside.text, aside.href, aside.note) for aside in drawing.asides] == [
        ("Soon", "/page/soon", "soon, event, planned"),
        ("Never", "/page/never", ""),
    ]
    assert "Soon" not in words(drawing)
    assert drawing.asides_title


def test_a_timeline_is_cut_at_its_window() -> None:
    rows = [(thing(date, date), text(date)) for date in ("2021-11-01", "2021-12-14", "2022", "2022-06-07")]
    drawing = drawn("timeline", *rows, **{"from": "2021-12-01", "to": "2022-02-28"})
    assert [group.href for group in groups(drawing)] == ["/page/2021-12-14", "/page/2022"]
    [_, (_, end)] = [span(marks(group)[0]) for group in groups(drawing)]
    assert end <= WIDE.width
    assert "Feb" in words(drawing)
    assert not {"Oct", "Mar", "Apr", "Jul", "2023"} & set(words(drawing))


def test_years_in_which_nothing_is_are_narrow_and_said_to_be() -> None:
    dates = ("1990-05-01", "2021-02-01", "2021-11-01")
    drawing = drawn("timeline", *((text(date), text(date)) for date in dates))
    far, near, last = (sum(span(marks(group)[0])) / 2 for group in groups(drawing))
    assert near - far < 6 * (last - near)
    assert any("narrower" in note for note in drawing.notes)


def test_bars_are_as_long_as_their_numbers() -> None:
    drawing = drawn("bar", (thing("a", "A"), text("10")), (text("B"), text("40.0")), (text("C"), text("0")))
    lengths = [float(re.findall(r"h(-?[\d.]+)", marks(group)[0].d)[0]) for group in groups(drawing)]
    assert math.isclose(lengths[0] * 4, lengths[1], rel_tol=0.01)
    assert lengths[2] == 0
    assert groups(drawing)[0].href == "/page/a"
    assert {"10", "40.0", "0"} <= set(words(drawing))


def test_bars_below_nothing_go_the_other_way() -> None:
    drawing = drawn("bar", (text("more"), text("5")), (text("less"), text("-5")))
    starts = [float(re.findall(r"M(-?[\d.]+)", marks(group)[0].d)[0]) for group in groups(drawing)]
    assert starts[1] < starts[0]


def test_bars_of_a_group_stand_together() -> None:
    rows = [(text(name), text("1"), None, text(group)) for name, group in ("ax", "by", "cx")]
    assert [word for word in words(drawn("bar", *rows)) if word in "abcxy"] == ["x", "a", "c", "y", "b"]


def test_rows_without_a_number_are_counted() -> None:
    drawing = drawn("bar", (text("a"), text("1")), (text("b"), text("many")), (text("c"), text("nan")))
    assert any("2" in note for note in drawing.notes)


def test_each_value_of_a_matrix_has_a_shape_of_its_own() -> None:
    drawing = drawn(
        "matrix",
        (thing("r1", "One"), text("x"), text("done"), thing("t1", "First task")),
        (thing("r1", "One"), text("y"), text("open"), thing("t2", "Second task")),
        (thing("r2", "Two"), text("x"), None, thing("t3", "Third task")),
    )
    cells = {group.href: group for group in groups(drawing) if "/page/t" in group.href}
    shapes = [re.sub(r"M[\d.]+ [\d.]+", "", marks(cells[f"/page/t{place}"])[0].d) for place in (1, 2)]
    assert shapes[0] != shapes[1]
    assert "absent" in marks(cells["/page/t3"])[0].look
    assert [key.text for key in drawing.keys] == ["done", "open", "not stated"]
    assert {"done", "open", "not stated", "First task"} <= set(words(drawing))
    assert "One · y · open · Second task" in {group.title for group in groups(drawing)}


def test_a_cell_holds_several_values_and_no_row_holds_nothing() -> None:
    rows: list[Row] = [(text("r"), text(f"column {place}"), text("v")) for place in range(12)]
    drawing = drawn("matrix", *rows, (text("r"), text("column 3"), text("w")))
    titles = [group.title for group in groups(drawing) if "column 3" in group.title]
    assert titles == ["r · column 3 · v", "r · column 3 · w"]


def test_a_network_is_the_same_in_any_order() -> None:
    rows: list[Row] = [
        (thing(a, a), thing(b, b), text("work"), text("kind")) for a, b in ("ab", "bc", "ac", "de", "ca")
    ]
    assert drawn("network", *rows) == drawn("network", *reversed(rows))


def test_those_who_work_together_stand_together() -> None:
    one, other = ["a1", "a2", "a3", "a4"], ["b1", "b2", "b3", "b4"]
    rows: list[Row] = [(thing(x, x), thing(y, y)) for team in (one, other) for x, y in product(team, team) if x < y]
    drawing = drawn("network", *rows, (thing("a1", "a1"), thing("b1", "b1")))
    nodes = [group.href.removeprefix("/page/") for group in groups(drawing) if group.href]
    assert {tuple(sorted(nodes[:4])), tuple(sorted(nodes[4:]))} == {tuple(one), tuple(other)}


def test_what_is_linked_with_itself_alone_is_not_drawn() -> None:
    alone: Row = (thing("a", "a"), thing("a", "a"))
    assert draw_picture(VIEWS["network"], table([alone]), address, window={}) is None
    drawing = drawn("network", alone, (thing("b", "b"), thing("c", "c")))
    assert [group.href for group in groups(drawing) if group.href] == ["/page/b", "/page/c"]


def test_a_network_of_many_is_bounded_and_says_so() -> None:
    rows: list[Row] = [(thing(f"n{place}", f"n{place}"), thing("hub", "hub")) for place in range(500)]
    drawing = drawn("network", *rows)
    nodes = [group for group in groups(drawing) if group.href]
    assert len(nodes) == 50
    assert "/page/hub" in {group.href for group in nodes}
    assert any("50" in note and "501" in note for note in drawing.notes)


def odd_rows(kind: str, most: int) -> list[Row]:
    """Rows with anything in any place, always the same ones."""
    texts: tuple[str | None, ...] = (*ODD_TEXTS, None)
    second = {"timeline": ODD_DATES, "bar": ODD_NUMBERS}.get(kind, texts)
    third = ODD_DATES if kind == "timeline" else texts
    rows: list[Row] = []
    for place in range(most):
        label = ODD_TEXTS[place % len(ODD_TEXTS)]
        start, end = second[(place + 1) % len(second)], third[place % len(third)] if place % 3 == 0 else None
        first = thing(f"t{place % 500}", label) if place % 4 else text(label)
        group, note = texts[place % 7], texts[(place // 3) % len(texts)]
        rows.append((first, text(start), text(end), text(group), text(note)))
    return rows


@pytest.mark.parametrize("most", [1, 7, 2_000])
@pytest.mark.parametrize("kind", VIEWS)
def test_odd_rows_make_a_bounded_picture(kind: str, most: int) -> None:
    answer = table(odd_rows(kind, most))
    picture = draw_picture(VIEWS[kind], answer, address, window={})
    assert picture is not None
    for _, drawing in picture.forms:
        assert drawing.height < 15_000
        assert len(list(parts(drawing))) < 3_000
        assert len(drawing.keys) < 15
        for part in parts(drawing):
            numbers = re.findall(r"[a-z]+|-?[\d.]+", part.d) if isinstance(part, Path) else [str(part.x), str(part.y)]
            assert not {"nan", "inf", "e"} & set(numbers)
            assert all(abs(float(one)) < 20_000 for one in numbers if not one.isalpha())
        texts = [part for part in parts(drawing) if isinstance(part, Text)]
        assert max((len(part.text) + len(part.note) for part in texts), default=0) <= 700
        assert max((len(group.title) for group in groups(drawing)), default=0) <= 3_000
    thumb = draw_thumb(VIEWS[kind], answer, address, window={})
    assert thumb is None or thumb.height == THUMB_HEIGHT


@pytest.mark.parametrize("kind", VIEWS)
def test_no_row_makes_no_picture(kind: str) -> None:
    assert draw_picture(VIEWS[kind], table([]), address, window={}) is None
    assert draw_thumb(VIEWS[kind], table([]), address, window={}) is None


def test_a_label_of_another_direction_keeps_its_own() -> None:
    drawing = drawn("bar", (text(RIGHT_TO_LEFT), text("1")), (text("left to right"), text("1")))
    shown = [part.shown for part in parts(drawing) if isinstance(part, Text)]
    assert f"\u2068{RIGHT_TO_LEFT}\u2069" in shown
    assert "left to right" in shown


def test_a_column_of_names_that_was_left_out_is_that_of_the_things() -> None:
    answer = table([(thing("a", "Named"), text("3"))], ("item", "number"))
    view = {"kind": "bar", "label": "itemLabel", "value": "number"}
    picture = draw_picture(view, answer, address, window={})
    assert picture is not None
    assert "Named" in words(picture.wide)
