"""Where a day stands on a line of a given width, and the marks and words of that line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from kg.web.drawing.dates import Moment, day_number, month_name, year_month, year_name
from kg.web.drawing.scene import text_width

_LEAST_DAYS: Final = 28
_MOST_SINGLE_YEARS: Final = 40
"""With more years than these all are equally wide."""
_LEAST_YEARS: Final = 3
"""With fewer years than these all are equally wide."""
_SPARSE: Final = 0.25
"""The width of a year within which nothing begins or ends, against one within which something does."""
_EMPTY: Final = 0.09
"""The width of a year in which nothing is."""
_APART: Final = 46.0
"""The least distance between marks that have words."""
_WORD_GAP: Final = 5.0
_OVER: Final = 12.0
"""How far words may run over the end of the line."""
_BEYOND: Final = 0.25
"""The part of what is known by which the line may be longer, so that it shows all of a window."""
_STEPS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
_WEEKS: Final = (1, 8, 15, 22)


@dataclass(frozen=True)
class Stretch:
    """A part of the line on which all days are equally wide."""

    first: float
    last: float
    left: float
    right: float
    empty: bool = False

    def at(self, day: float) -> float:
        """Where a day of the stretch stands."""
        return self.left + (day - self.first) / (self.last - self.first) * (self.right - self.left)


@dataclass(frozen=True)
class Tick:
    """A mark on the line."""

    x: float
    text: str
    year: bool
    """Whether a year, or a step of years, begins there."""


@dataclass(frozen=True)
class Axis:
    """A line of time."""

    stretches: tuple[Stretch, ...]
    ticks: tuple[Tick, ...]
    uneven: bool
    """Whether years in which little is are narrower than others."""

    @property
    def first(self) -> float:
        """Its first day."""
        return self.stretches[0].first

    @property
    def last(self) -> float:
        """The end of its last day."""
        return self.stretches[-1].last

    def at(self, day: float) -> float:
        """Where a day stands; one that is not on the line stands at its nearer end."""
        within = min(max(day, self.first), self.last)
        return next(stretch.at(within) for stretch in self.stretches if within <= stretch.last)


def axis_of(moments: Sequence[Moment], window: tuple[float | None, float | None], *, left: float, right: float) -> Axis:
    """The line that holds some moments, at least one, but nothing outside a window."""
    first, last = _ends(moments, window)
    stretches, uneven = _stretches(moments, first, last, left=left, right=right)
    return Axis(tuple(stretches), tuple(_spaced(_ticks(stretches), right)), uneven)


def _ends(moments: Sequence[Moment], window: tuple[float | None, float | None]) -> tuple[float, float]:
    first = min(moment.first for moment in moments)
    last = max(moment.last for moment in moments)
    beyond = (last - first) * _BEYOND
    if window[0] is not None and window[0] > first - beyond:
        first = window[0]
    if window[1] is not None and window[1] < last + beyond:
        last = window[1]
    missing = _LEAST_DAYS - (last - first)
    return (first - missing // 2, last + missing // 2) if missing > 0 else (first, last)


def _stretches(
    moments: Sequence[Moment], first: float, last: float, *, left: float, right: float
) -> tuple[list[Stretch], bool]:
    years = range(year_month(first)[0], year_month(last - 1)[0] + 1)
    bounds = [first, *(day_number(year) for year in years[1:]), last]
    if not _LEAST_YEARS <= len(years) <= _MOST_SINGLE_YEARS:
        return [Stretch(first, last, left, right)], False
    weights = [_weight(moments, *span) * (span[1] - span[0]) for span in pairwise(bounds)]
    unit = (right - left) / sum(weights)
    stretches: list[Stretch] = []
    for (start, end), weight in zip(pairwise(bounds), weights, strict=True):
        x = stretches[-1].right if stretches else left
        empty = weight == _EMPTY * (end - start)
        stretches.append(Stretch(start, end, x, x + weight * unit, empty))
    even = (
        len({round(weight / (end - start), 3) for (start, end), weight in zip(pairwise(bounds), weights, strict=True)})
        == 1
    )
    return stretches, not even


def _weight(moments: Sequence[Moment], start: float, end: float) -> float:
    there = [moment for moment in moments if moment.first < end and moment.last > start]
    if any(start < moment.first < end or start < moment.last < end for moment in there):
        return 1.0
    return _SPARSE if there else _EMPTY


def _ticks(stretches: Sequence[Stretch]) -> Iterator[Tick]:
    whole = len(stretches) == 1
    for stretch in stretches:
        years = range(year_month(stretch.first)[0], year_month(stretch.last - 1)[0] + 1)
        room = (stretch.right - stretch.left) / (stretch.last - stretch.first)
        step = next((each for each in _STEPS if each * 365 * room >= _APART), _STEPS[-1]) if whole else 1
        for year in years:
            if year % step == 0 or (step == 1 and len(years) == 1):
                begins = day_number(year) >= stretch.first
                x = stretch.at(max(day_number(year), stretch.first))
                name = year_name(year)
                if not begins and 30 * room >= _APART:
                    name = f"{month_name(year_month(stretch.first)[1])[:3]} {name}"
                yield Tick(x, "" if stretch.empty else name, year=begins)
            if step == 1:
                yield from _within(stretch, year, room)


def _within(stretch: Stretch, year: int, room: float) -> Iterator[Tick]:
    """Marks within a year, as close as there is room for."""
    step = next((each for each in (1, 3, 6) if each * 30 * room >= _APART), 0)
    if not step:
        return
    for month in range(1, 13, step):
        day = day_number(year, month)
        if month > 1 and stretch.first <= day < stretch.last:
            yield Tick(stretch.at(day), month_name(month)[:3], year=False)
        if step == 1 and 7 * room >= _APART:
            for date in _WEEKS[1:]:
                if stretch.first <= day + date - 1 < stretch.last:
                    yield Tick(stretch.at(day + date - 1), f"{date} {month_name(month)[:3]}", year=False)


def _spaced(ticks: Iterator[Tick], right: float) -> Iterator[Tick]:
    """Ticks whose words run neither into each other nor off the line: years first, then what is left room for."""
    kept: list[tuple[float, float]] = []
    for tick in sorted(ticks, key=lambda tick: (not tick.year, tick.x)):
        end = tick.x + text_width(tick.text) + _WORD_GAP
        if tick.text and end <= right + _OVER and all(tick.x >= other_end or end <= start for start, other_end in kept):
            kept.append((tick.x, end))
            yield tick
        elif tick.year:
            yield Tick(tick.x, "", year=True)
