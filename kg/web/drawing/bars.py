"""How much of each: a bar for each row, in groups where the view names them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from kg.web.drawing.rows import Row, Value
from kg.web.drawing.scene import (
    SMALL,
    THUMB_HEIGHT,
    THUMB_WIDTH,
    Drawing,
    Frame,
    Group,
    Path,
    Text,
    box,
    fit,
    line,
    text_width,
    told,
)
from kg.web.translation import text

MOST: Final = 80
"""How many bars a picture holds."""
_LABELS_WIDTH: Final = 380.0
_NUMBERS_WIDTH: Final = 64.0
_ROW: Final = 25.0
_TALL_ROW: Final = 41.0
_HEADING: Final = 34.0
_BEFORE_HEADING: Final = 10.0
_BAR: Final = 13.0
_LEAST: Final = 1.5
"""The length of the shortest bar that is not nothing."""


@dataclass(frozen=True)
class Bar:
    """One row of the picture."""

    label: Value
    number: float
    written: str
    """The number as the answer has it."""
    group: str
    note: str


@dataclass(frozen=True)
class _Scale:
    """Where a number stands."""

    zero: float
    a_unit: float

    def span(self, number: float) -> tuple[float, float]:
        """Where a bar starts, and how long it is."""
        length = max(abs(number) * self.a_unit, _LEAST if number else 0)
        return (self.zero if number >= 0 else self.zero - length), length


def draw_bars(rows: Sequence[Row], frame: Frame) -> Drawing:
    """A picture of the rows, in their order; groups stand together."""
    bars, without = _read(rows)
    shown = bars[:MOST]
    notes = []
    if len(bars) > len(shown):
        notes.append(text("The first {shown} of {all} are drawn.").format(shown=len(shown), all=f"{len(bars):,}"))
    if without:
        notes.append(text("Rows without a number are not drawn: {number}.").format(number=f"{without:,}"))
    if not shown:
        return Drawing(frame.width, 0, (), notes=tuple(notes))
    left = _LABELS_WIDTH if frame.wide else 0
    scale = _scale([bar.number for bar in shown], left=left, right=frame.width - _NUMBERS_WIDTH)
    items: list[Group | Path | Text] = []
    y = 4.0
    for heading, members in groupby(_grouped(shown), key=lambda bar: bar.group):
        if heading:
            y += _BEFORE_HEADING if items else 0
            items.append(Text(0, y + 22, fit(heading, frame.width), "heading"))
            y += _HEADING
        top = y
        for bar in members:
            items.append(_row(bar, scale, y, frame))
            y += _ROW if frame.wide else _TALL_ROW
        items.append(Path(line(scale.zero, top, scale.zero, y), "rule strong"))
    return Drawing(frame.width, y + 4, tuple(items), told=_told(shown), notes=tuple(notes))


def thumb_bars(rows: Sequence[Row]) -> Drawing:
    """The picture without words, as small as a stamp."""
    shown = _grouped(_read(rows)[0][:MOST])
    if not shown:
        return Drawing(THUMB_WIDTH, 0, ())
    step = min(14.0, (THUMB_HEIGHT - 8) / len(shown))
    scale = _scale([bar.number for bar in shown], left=2, right=THUMB_WIDTH - 2)
    bars = [
        Path(_bar(bar, scale, 4 + step * place, thick=max(1.4, step * 0.68)), "mark c0")
        for place, bar in enumerate(shown)
    ]
    return Drawing(THUMB_WIDTH, THUMB_HEIGHT, tuple(bars))


def _read(rows: Iterable[Row]) -> tuple[list[Bar], int]:
    """The rows that have a number, and how many have none."""
    bars: list[Bar] = []
    without = 0
    for row in rows:
        number = _number(row["value"].text)
        if number is None:
            without += 1
            continue
        bars.append(Bar(row["label"], number, told(row["value"].text), told(row["group"].text), told(row["note"].text)))
    return bars, without


def _number(written: str) -> float | None:
    try:
        number = float(written)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _grouped(bars: Sequence[Bar]) -> list[Bar]:
    places: dict[str, int] = {}
    for bar in bars:
        places.setdefault(bar.group, len(places))
    return sorted(bars, key=lambda bar: places[bar.group])


def _scale(numbers: Sequence[float], *, left: float, right: float) -> _Scale:
    low, high = min(0.0, *numbers), max(0.0, *numbers)
    # Halves, as the whole span of two numbers may be more than a number can say.
    half = high / 2 - low / 2
    a_unit = (right - left) / 2 / half if half else 0.0
    return _Scale(left - low * a_unit, a_unit)


def _bar(bar: Bar, scale: _Scale, y: float, *, thick: float = _BAR) -> str:
    start, length = scale.span(bar.number)
    return box(start, y, length, thick)


def _row(bar: Bar, scale: _Scale, y: float, frame: Frame) -> Group:
    label = told(bar.label.text)
    start, length = scale.span(bar.number)
    width = _LABELS_WIDTH - 14 if frame.wide else frame.width
    named = fit(label, width)
    room = width - text_width(named) - 8
    note = f"  {fit(bar.note, room, SMALL)}" if bar.note and room > 3 * SMALL else ""
    top = y if frame.wide else y + 17
    items = (
        Text(0, y + 16.5 if frame.wide else y + 13, named, "label", note=note),
        Path(_bar(bar, scale, top + 5.5 if frame.wide else top + 2), "mark c0"),
        Text(start + length + 6, top + 16.5 if frame.wide else top + 13, fit(bar.written, _NUMBERS_WIDTH), "number"),
    )
    title = " · ".join(part for part in (label, bar.note, bar.group, bar.written) if part)
    return Group(items, href=bar.label.href, title=title, look="row")


def _told(shown: Sequence[Bar]) -> str:
    most = max(shown, key=lambda bar: bar.number)
    return text("{number} bars; the longest is {label} with {value}.").format(
        number=len(shown), label=told(most.label.text), value=most.written
    )
