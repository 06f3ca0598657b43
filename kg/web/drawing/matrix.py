"""What holds between each row and each column: a grid of signs, each value with a shape and a colour of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kg.web.drawing.rows import Row, Value
from kg.web.drawing.scene import (
    SMALL,
    THUMB_HEIGHT,
    THUMB_WIDTH,
    Drawing,
    Frame,
    Group,
    Key,
    Path,
    Text,
    absent,
    fit,
    line,
    ranked,
    sign,
    told,
    told_apart,
    wrap,
)
from kg.web.translation import text

MOST_ROWS: Final = 60
MOST_COLUMNS: Final = 24
_MOST_IN_CELL: Final = 4
_LABELS_WIDTH: Final = 300.0
_WORDS_WIDTH: Final = 104.0
"""The least width of a cell whose value is written beside its sign."""
_MOST_CELL: Final = 190.0
_TURN: Final = -38
_TURNED_HEAD: Final = 140.0
_TURNED_WIDTH: Final = 186.0
_TURNED_LINE: Final = 13.0
_OVERHANG: Final = 118.0
"""How far the last of the turned names stands out on the right."""
_SIGNED_LABELS: Final = 400.0
_MOST_SIGNED: Final = 56.0
"""The greatest width of a cell that holds signs alone."""
_HEAD: Final = 30.0
_LINE: Final = 16.0
_SIGN: Final = 15.0
"""The distance of two signs in a cell."""
_INDENT: Final = 8.0


@dataclass(frozen=True)
class Entry:
    """One value of a cell."""

    value: str
    """Empty where it is not stated."""
    link: Value


@dataclass(frozen=True)
class Grid:
    """The rows of an answer as a grid."""

    rows: tuple[Value, ...]
    columns: tuple[Value, ...]
    cells: Mapping[tuple[str, str], tuple[Entry, ...]]
    """By the keys of row and column."""
    looks: Mapping[str, int]
    """The place of each value among those that are told apart."""
    left_out: tuple[int, int]
    """How many rows and columns are not drawn."""


def draw_matrix(rows: Sequence[Row], frame: Frame) -> Drawing:
    """A picture of the rows of an answer: both ways in the order in which they come."""
    grid = _read(rows)
    notes = []
    if any(grid.left_out):
        notes.append(
            text("Not drawn: {rows} rows and {columns} columns.").format(
                rows=grid.left_out[0], columns=grid.left_out[1]
            )
        )
    if not grid.cells:
        return Drawing(frame.width, 0, (), notes=tuple(notes))
    worded = _cell_width(grid, frame) >= _WORDS_WIDTH
    draw = (_worded if worded else _signed) if frame.wide else _listed
    items, width, height = draw(grid, frame)
    return Drawing(width, height, tuple(items), keys=_keys(grid), told=_told(grid), notes=tuple(notes))


def thumb_matrix(rows: Sequence[Row]) -> Drawing:
    """The picture without words, as small as a stamp."""
    grid = _read(rows)
    if not grid.cells:
        return Drawing(THUMB_WIDTH, 0, ())
    step = min(64.0, (THUMB_WIDTH - 8) / len(grid.columns))
    down = min(24.0, (THUMB_HEIGHT - 4) / len(grid.rows))
    items = [
        _sign(grid, entry, 8 + step * (x + 0.5), 2 + down * (y + 0.5), radius=min(6.0, max(2.4, down * 0.36)))
        for y, row in enumerate(grid.rows)
        for x, column in enumerate(grid.columns)
        for entry in grid.cells.get((row.key, column.key), ())[:1]
    ]
    return Drawing(THUMB_WIDTH, THUMB_HEIGHT, tuple(items))


def _read(rows: Sequence[Row]) -> Grid:
    across: dict[str, Value] = {}
    down: dict[str, Value] = {}
    for row in rows:
        down.setdefault(row["row"].key, row["row"])
        across.setdefault(row["column"].key, row["column"])
    kept_rows, kept_columns = list(down.values())[:MOST_ROWS], list(across.values())[:MOST_COLUMNS]
    drawn = {value.key for value in kept_rows}, {value.key for value in kept_columns}
    cells: dict[tuple[str, str], dict[Entry, None]] = {}
    for row in rows:
        place = row["row"].key, row["column"].key
        if place[0] in drawn[0] and place[1] in drawn[1]:
            cells.setdefault(place, {})[Entry(told(row["value"].text), row["link"])] = None
    looks = ranked([entry.value for entries in cells.values() for entry in entries if entry.value])
    return Grid(
        tuple(kept_rows),
        tuple(kept_columns),
        {place: tuple(entries) for place, entries in cells.items()},
        looks,
        (len(down) - len(kept_rows), len(across) - len(kept_columns)),
    )


def _cell_width(grid: Grid, frame: Frame) -> float:
    return min(_MOST_CELL, (frame.width - _LABELS_WIDTH) / len(grid.columns))


def _worded(grid: Grid, frame: Frame) -> tuple[list[Group | Path | Text], float, float]:
    """Each value in words beside its sign, and below it the name of what it leads to."""
    width = _cell_width(grid, frame)
    items: list[Group | Path | Text] = [
        Text(_LABELS_WIDTH + width * place, 16, fit(told(column.text), width - 12, SMALL), "small")
        for place, column in enumerate(grid.columns)
    ]
    right = _LABELS_WIDTH + width * len(grid.columns)
    y = _HEAD
    items.append(Path(line(0, y - 5, right, y - 5), "rule strong"))
    for row in grid.rows:
        name = wrap(told(row.text), _LABELS_WIDTH - 24, most_lines=3)
        height = _LINE * len(name)
        items.append(_named(row, name, 0, y))
        for place, column in enumerate(grid.columns):
            top = y
            for entry in grid.cells.get((row.key, column.key), ())[:_MOST_IN_CELL]:
                x = _LABELS_WIDTH + width * place
                group, used = _worded_cell(grid, entry, (row, column), x=x, y=top, width=width - 12)
                items.append(group)
                top += used
            height = max(height, top - y)
        y += height + 12
        items.append(Path(line(0, y - 5, right, y - 5), "rule"))
    return items, right, y


def _worded_cell(
    grid: Grid, entry: Entry, place: tuple[Value, Value], *, x: float, y: float, width: float
) -> tuple[Group, float]:
    value = entry.value or text("not stated")
    detail = _detail(entry)
    lines = wrap(detail, width, size=SMALL, most_lines=3) if detail else []
    items: list[Text | Path] = [
        _sign(grid, entry, x + 6, y + 7.5),
        Text(x + 18, y + 12, fit(value, width - 18), "label" if entry.value else "label missing"),
        *(Text(x, y + 13 + 14 * (row + 1), words, "small") for row, words in enumerate(lines)),
    ]
    return Group(tuple(items), href=entry.link.href, title=_title(place, value, detail), look="row"), (
        _LINE + 14 * len(lines) + 3
    )


def _signed(grid: Grid, frame: Frame) -> tuple[list[Group | Path | Text], float, float]:
    """The signs alone, in narrow columns with turned names."""
    widest = max(len(entries) for entries in grid.cells.values())
    least = max(34.0, _SIGN * min(widest, _MOST_IN_CELL) + 12)
    room = frame.width - _OVERHANG - _SIGNED_LABELS
    width = max(least, min(_MOST_SIGNED, room / len(grid.columns)))
    labels = max(160.0, frame.width - _OVERHANG - width * len(grid.columns))
    items: list[Group | Path | Text] = []
    for place, column in enumerate(grid.columns):
        items += _turned(told(column.text), labels + width * (place + 0.5))
    right = labels + width * len(grid.columns)
    y = _TURNED_HEAD
    items.append(Path(line(0, y, right, y), "rule strong"))
    for place in range(len(grid.columns)):
        x = labels + width * (place + 0.5)
        items.append(Path(line(x, y, x, y + 25 * len(grid.rows)), "rule"))
    for row in grid.rows:
        items.append(_named(row, [fit(told(row.text), labels - 16)], 0, y + 4))
        for place, column in enumerate(grid.columns):
            entries = grid.cells.get((row.key, column.key), ())[:_MOST_IN_CELL]
            start = labels + width * (place + 0.5) - _SIGN * (len(entries) - 1) / 2
            for step, entry in enumerate(entries):
                mark = _sign(grid, entry, start + _SIGN * step, y + 12.5)
                title = _title((row, column), entry.value or text("not stated"), _detail(entry))
                items.append(Group((mark,), href=entry.link.href, title=title, look="row"))
        y += 25
        items.append(Path(line(0, y, right, y), "rule"))
    return items, right + _OVERHANG, y + 2


def _turned(name: str, x: float) -> list[Text]:
    """The name of a column on two lines, turned around its foot."""
    lines = wrap(name, _TURNED_WIDTH, size=SMALL)
    first = -_TURNED_LINE * (len(lines) - 1) / 2
    return [
        Text(
            x + 4 + 0.62 * (first + _TURNED_LINE * place),
            _TURNED_HEAD - 8 + 0.79 * (first + _TURNED_LINE * place),
            words,
            "small",
            turn=_TURN,
        )
        for place, words in enumerate(lines)
    ]


def _listed(grid: Grid, frame: Frame) -> tuple[list[Group | Path | Text], float, float]:
    """Each row as a heading, and below it a line for each value, as on a phone."""
    items: list[Group | Path | Text] = []
    y = 0.0
    for row in grid.rows:
        name = wrap(told(row.text), frame.width, most_lines=3)
        items.append(_named(row, name, 0, y, look="heading"))
        y += _LINE * len(name) + 4
        for column in grid.columns:
            for entry in grid.cells.get((row.key, column.key), ())[:_MOST_IN_CELL]:
                group, used = _line(grid, entry, (row, column), y, frame)
                items.append(group)
                y += used
        y += 8
        items.append(Path(line(0, y, frame.width, y), "rule"))
        y += 6
    return items, frame.width, y


def _line(grid: Grid, entry: Entry, place: tuple[Value, Value], y: float, frame: Frame) -> tuple[Group, float]:
    value = entry.value or text("not stated")
    detail = _detail(entry)
    room = frame.width - _INDENT - 20
    heads = wrap(f"{value} · {told(place[1].text)}", room, most_lines=3)
    details = wrap(detail, room, size=SMALL, most_lines=2) if detail else []
    items: list[Text | Path] = [_sign(grid, entry, _INDENT + 6, y + 8.5)]
    look = "label" if entry.value else "label missing"
    items += [Text(_INDENT + 20, y + 13 + _LINE * row, words, look) for row, words in enumerate(heads)]
    after = y + _LINE * len(heads)
    items += [Text(_INDENT + 20, after + 12 + 14 * row, words, "small") for row, words in enumerate(details)]
    group = Group(tuple(items), href=entry.link.href, title=_title(place, value, detail), look="row")
    return group, _LINE * len(heads) + 14 * len(details) + 6


def _named(row: Value, lines: Sequence[str], x: float, y: float, *, look: str = "label") -> Group:
    texts = tuple(Text(x, y + 12.5 + _LINE * place, words, look) for place, words in enumerate(lines))
    return Group(texts, href=row.href, title=told(row.text), look="row")


def _sign(grid: Grid, entry: Entry, x: float, y: float, *, radius: float = 6.0) -> Path:
    if not entry.value:
        return absent(x, y, radius * 0.9)
    return sign(grid.looks[entry.value], x, y, radius)


def _detail(entry: Entry) -> str:
    """The name of what a value leads to, where that says more than the value."""
    return told(entry.link.text) if entry.link.named and entry.link.text != entry.value else ""


def _title(place: tuple[Value, Value], value: str, detail: str) -> str:
    return f"{told(place[0].text)} · {told(place[1].text)} · {value}" + (f" · {detail}" if detail else "")


def _keys(grid: Grid) -> tuple[Key, ...]:
    keys = [Key(sign(place, 8, 8), value) for place, value in told_apart(grid.looks)]
    if any(not entry.value for entries in grid.cells.values() for entry in entries):
        keys.append(Key(absent(8, 8), text("not stated")))
    return tuple(keys)


def _told(grid: Grid) -> str:
    return text("A grid of {rows} rows and {columns} columns, with {cells} filled cells.").format(
        rows=len(grid.rows), columns=len(grid.columns), cells=len(grid.cells)
    )
