"""Dates as far as they are known, read into the span of days that they can mean, and told in words.

Source: XML Schema 1.1 Part 2 §3.3.7 to §3.3.14 (year 0 is 1 BC); ISO 8601-2, Extended Date/Time Format, levels 0 and 1.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass, replace
from typing import Final

from kg.web.translation import text

DAY: Final = "day"
MONTH: Final = "month"
SEASON: Final = "season"
YEAR: Final = "year"
SPAN: Final = "span"

_DATE: Final = re.compile(
    r"(?P<year>-?[0-9]{2}[0-9X]{2})(?:-(?P<month>[0-9X]{2})(?:-(?P<day>[0-9X]{2}))?)?"
    r"(?:T[0-9:.]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?(?P<doubt>[?~%]?)"
)
_SEASONS: Final = {21: (3, "spring"), 22: (6, "summer"), 23: (9, "autumn"), 24: (12, "winter")}
"""The number of a season in EDTF -> its first month in the north, and its name."""
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_MONTHS_IN_YEAR: Final = 12
_TO: Final = "\N{EN DASH}"
_OPEN: Final = frozenset({"", ".."})
_PRECISIONS: Final = {"gYear": YEAR, "gYearMonth": MONTH}


@dataclass(frozen=True)
class Moment:
    """When something is, as far as it is known."""

    first: float
    """The first day that it can be, counted from 1 January of year 0."""
    last: float
    """The end of the last day that it can be."""
    precision: str
    """`day`, `month`, `season`, `year`, or `span` from one date to another."""
    words: str
    doubtful: bool = False
    """Whether the date is uncertain or approximate."""
    open_start: bool = False
    open_end: bool = False


def day_number(year: int, month: int = 1, day: int = 1) -> int:
    """A day of the Gregorian calendar, counted from 1 January of year 0; also of years before it.

    >>> day_number(0), day_number(2000, 3) - day_number(2000, 2), day_number(-1, 12, 31)
    (0, 29, -1)
    """
    before = year - 1
    leap = before // 4 - before // 100 + before // 400 + 1
    months = sum(_month_days(year, each) for each in range(1, month))
    return 365 * year + leap + months + day - 1


def year_month(days: float) -> tuple[int, int]:
    """The year and the month that a day is in.

    >>> year_month(day_number(2022, 2, 28)), year_month(day_number(-44, 12, 31))
    ((2022, 2), (-44, 12))
    """
    year = int(days // 365.2425)
    year += (day_number(year + 1) <= days) - (day_number(year) > days)
    month = 1
    while month < _MONTHS_IN_YEAR and day_number(year, month + 1) <= days:
        month += 1
    return year, month


def year_name(year: int) -> str:
    """A year as people write it.

    >>> year_name(2022), year_name(-43)
    ('2022', '44 BC')
    """
    return str(year) if year > 0 else text("{year} BC").format(year=1 - year)


def month_name(month: int) -> str:
    """The name of a month."""
    return text(_MONTHS[month - 1])


def read_moment(start: str, end: str = "", *, precision: str = "") -> Moment | None:
    """When something is, from one partial date or two; None where nothing can be placed in a calendar.

    `precision` is the datatype (`gYear`, `gYearMonth`) that a day at the start stands for.

    >>> read_moment("2022-11").words, read_moment("2022-06/..").words, read_moment("2022~").words
    ('November 2022', 'not before June 2022', 'about 2022')
    """
    if "/" in start and not end:
        start, _, end = start.partition("/")
        return _span(start.strip(), end.strip())
    if end and end != start:
        named = _one(_shortened(start, precision)) if precision in _PRECISIONS else None
        return named or _span(start, end)
    return _one(_shortened(start, precision))


def _shortened(date: str, precision: str) -> str:
    found = _DATE.fullmatch(date.strip())
    if not found or not found["day"] or precision not in _PRECISIONS:
        return date
    return found["year"] if precision == "gYear" else f"{found['year']}-{found['month']}"


def _span(start: str, end: str) -> Moment | None:
    first, last = (None if side in _OPEN else _one(side) for side in (start, end))
    if first and last:
        if last.last <= first.first:
            return None
        words = f"{first.words} {_TO} {last.words}"
        return Moment(first.first, last.last, SPAN, words, doubtful=first.doubtful or last.doubtful)
    if first and end in _OPEN:
        return replace(first, words=text("not before {date}").format(date=first.words), open_end=True)
    if last and start in _OPEN:
        return replace(last, words=text("not after {date}").format(date=last.words), open_start=True)
    return None


def _one(date: str) -> Moment | None:
    found = _DATE.fullmatch(date.strip())
    if not found:
        return None
    moment = _unspecified(found["year"]) if "X" in found["year"] else _dated(found)
    if moment is None or not found["doubt"]:
        return moment
    doubt = {"?": text("{date} (uncertain)"), "~": text("about {date}")}.get(found["doubt"], text("perhaps {date}"))
    return replace(moment, words=doubt.format(date=moment.words), doubtful=True)


def _unspecified(year: str) -> Moment | None:
    low, high = (int(year.replace("X", digit)) for digit in "09")
    if year.startswith("-"):
        low, high = high, low
    return Moment(day_number(low), day_number(high + 1), SPAN, f"{year_name(low)} {_TO} {year_name(high)}")


def _dated(found: re.Match[str]) -> Moment | None:
    if "00" in (found["month"], found["day"]):
        return None
    year = int(found["year"])
    month = int(found["month"]) if found["month"] and "X" not in found["month"] else 0
    if not month:
        return Moment(day_number(year), day_number(year + 1), YEAR, year_name(year))
    if month in _SEASONS:
        first, name = _SEASONS[month]
        words = f"{text(name)} {year_name(year)}"
        return Moment(day_number(year, first), _next_month(year, first + 2), SEASON, words)
    day = int(found["day"]) if found["day"] and "X" not in found["day"] else 0
    if month > _MONTHS_IN_YEAR or day > _month_days(year, month):
        return None
    named = f"{month_name(month)} {year_name(year)}"
    if not day:
        return Moment(day_number(year, month), _next_month(year, month), MONTH, named)
    number = day_number(year, month, day)
    return Moment(number, number + 1, DAY, f"{day} {named}")


def _next_month(year: int, month: int) -> int:
    past = month  # months after January of the year, counted from 0
    return day_number(year + past // _MONTHS_IN_YEAR, past % _MONTHS_IN_YEAR + 1)


def _month_days(year: int, month: int) -> int:
    # The calendar repeats after 400 years, and the library knows no year before 1.
    return monthrange(year % 400 + 400, month)[1]
