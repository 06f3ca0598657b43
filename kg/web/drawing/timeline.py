"""What happens when: a row for each thing, on a line of time; a date known in part is a band of all it can mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kg.web.drawing.axis import Axis, Tick, axis_of
from kg.web.drawing.dates import DAY, Moment, read_moment
from kg.web.drawing.rows import Row, Value
from kg.web.drawing.scene import (
    SMALL,
    THUMB_HEIGHT,
    THUMB_WIDTH,
    Aside,
    Drawing,
    Frame,
    Group,
    Key,
    Path,
    Text,
    box,
    fit,
    line,
    look_of,
    polygon,
    ranked,
    text_width,
    told,
    told_apart,
    wrap,
)
from kg.web.translation import text

MOST: Final = 150
"""How many things a picture holds."""
_MOST_ASIDES: Final = 60
_DATES_WIDTH: Final = 158.0
_NOTE_WIDTH: Final = 180.0
_HEAD: Final = 34.0
_ROW: Final = 27.0
_LINE: Final = 17.0
_TRACK: Final = 26.0
_GAP: Final = 8.0
_ARROW: Final = 7.0
_THICK: Final = 12.0
_AROUND_LABEL: Final = 25.0
"""The thickness of a band that holds its label."""
_OPEN_DAYS: Final = 45.0


@dataclass(frozen=True)
class Happening:
    """One row of the picture."""

    label: Value
    moment: Moment
    group: str
    notes: tuple[str, ...]

    @property
    def shown(self) -> str:
        """Its label, on one line."""
        return told(self.label.text)

    @property
    def note(self) -> str:
        """What is noted, in one text."""
        return told(", ".join(self.notes))


def draw_timeline(rows: Sequence[Row], frame: Frame, *, window: Mapping[str, str]) -> Drawing:
    """A picture of the rows, the earliest first; `window` holds the days `from` and `to`, as far as they are given."""
    happenings, asides = _read(rows)
    ends = _window(window)
    within = [each for each in happenings if _overlaps(each.moment, ends)]
    shown = within[:MOST]
    groups = ranked(sorted({each.group for each in shown if each.group}))
    notes = []
    if len(within) > len(shown):
        notes.append(text("The first {shown} of {all} are drawn.").format(shown=len(shown), all=f"{len(within):,}"))
    if not shown:
        return Drawing(frame.width, 0, (), notes=tuple(notes), asides_title=_asides_title(asides), asides=asides)
    left = _DATES_WIDTH if frame.wide else 6
    axis = axis_of([each.moment for each in shown], ends, left=left, right=frame.width - 10)
    if axis.uneven:
        notes.append(text("Years in which little is known are drawn narrower."))
    body, height = _body(shown, axis, frame, groups=groups)
    return Drawing(
        frame.width,
        height,
        (*_lines(axis, height), *body),
        keys=_keys(shown, groups),
        told=_told(shown),
        notes=tuple(notes),
        asides_title=_asides_title(asides),
        asides=asides,
    )


def thumb_timeline(rows: Sequence[Row], *, window: Mapping[str, str]) -> Drawing:
    """The picture without words, as small as a stamp."""
    ends = _window(window)
    shown = [each for each in _read(rows)[0] if _overlaps(each.moment, ends)][:MOST]
    if not shown:
        return Drawing(THUMB_WIDTH, 0, ())
    groups = ranked(sorted({each.group for each in shown if each.group}))
    axis = axis_of([each.moment for each in shown], ends, left=4, right=THUMB_WIDTH - 4)
    step = min(9.0, (THUMB_HEIGHT - 8) / len(shown))
    marks = [
        _mark(each, axis, 6 + step * (place + 0.5), groups=groups, thick=max(1.6, step * 0.7))
        for place, each in enumerate(shown)
    ]
    years = [Path(line(tick.x, 0, tick.x, THUMB_HEIGHT), "rule") for tick in axis.ticks if tick.year]
    return Drawing(THUMB_WIDTH, THUMB_HEIGHT, (*years, *marks))


def _read(rows: Sequence[Row]) -> tuple[list[Happening], tuple[Aside, ...]]:
    """What has a date, the earliest first and each once; and what has none."""
    found: dict[tuple[str, Moment, str], dict[str, None]] = {}
    labels: dict[str, Value] = {}
    asides: dict[tuple[str, str], Aside] = {}
    for row in rows:
        label = row["label"]
        moment = read_moment(row["start"].text, row["end"].text, precision=row["precision"].text)
        labels.setdefault(label.key, label)
        if moment is None:
            note = told(", ".join(filter(None, (row[part].text for part in ("start", "group", "note")))))
            asides.setdefault((label.key, note), Aside(told(label.text), label.href, note))
            continue
        noted = found.setdefault((label.key, moment, row["group"].text), {})
        if row["note"].text:
            noted[row["note"].text] = None
    happenings = [Happening(labels[key], moment, group, tuple(noted)) for (key, moment, group), noted in found.items()]
    happenings.sort(key=lambda each: (each.moment.first, each.moment.last, each.label.text))
    return happenings, tuple(asides.values())[:_MOST_ASIDES]


def _window(window: Mapping[str, str]) -> tuple[float | None, float | None]:
    first, last = (read_moment(window.get(side, "")) for side in ("from", "to"))
    return (first.first if first else None, last.last if last else None)


def _overlaps(moment: Moment, ends: tuple[float | None, float | None]) -> bool:
    after = ends[0] is None or moment.last > ends[0] or moment.open_end
    before = ends[1] is None or moment.first < ends[1] or moment.open_start
    return after and before


def _lines(axis: Axis, height: float) -> list[Path | Text]:
    items: list[Path | Text] = [
        Path(box(stretch.left, _HEAD - 10, stretch.right - stretch.left, height - _HEAD + 10), "empty")
        for stretch in axis.stretches
        if stretch.empty
    ]
    for tick in axis.ticks:
        items.append(Path(line(tick.x, _HEAD - 10 if not tick.year else 4, tick.x, height), _rule(tick)))
        if tick.text:
            items.append(Text(tick.x + 4, _HEAD - 18, tick.text, "year" if tick.year else "small"))
    return items


def _rule(tick: Tick) -> str:
    return "rule strong" if tick.year else "rule"


def _body(
    shown: Sequence[Happening], axis: Axis, frame: Frame, *, groups: Mapping[str, int]
) -> tuple[list[Group | Path], float]:
    items: list[Group | Path] = []
    y = _HEAD
    for each in shown:
        if frame.wide:
            items.append(Path(line(0, y + _ROW, frame.width, y + _ROW), "rule"))
            items.append(_wide_row(each, axis, y + _ROW / 2, frame, groups=groups))
            y += _ROW
        else:
            group, height = _narrow_row(each, axis, y, frame, groups=groups)
            items.append(group)
            y += height
            items.append(Path(line(0, y, frame.width, y), "rule"))
    return items, y + 4


def _wide_row(each: Happening, axis: Axis, y: float, frame: Frame, *, groups: Mapping[str, int]) -> Group:
    start, end = _ends(each, axis)
    remark = _remark(each, groups)
    note = f" · {fit(remark, _NOTE_WIDTH, SMALL)}" if remark else ""
    needed = text_width(each.shown) + text_width(note, SMALL) + 4
    # Beside the mark where there is room, the right side first, or else on it.
    rooms = {
        (end + _GAP, "start"): frame.width - end - 2 * _GAP,
        (start - _GAP, "end"): start - _DATES_WIDTH - _GAP,
        (start + _GAP, "start"): end - start - 2 * _GAP,
    }
    (x, anchor), room = next(
        ((place, room) for place, room in rooms.items() if room >= needed),
        max(rooms.items(), key=lambda item: item[1]),
    )
    most = max(room - text_width(note, SMALL) - 4, 60)
    inside = start < x < end
    look = "label inside" if inside else "label"
    label = Text(x, y + 4.5, fit(each.shown, most), look, anchor, note=note)
    date = Text(0, y + 4.5, fit(each.moment.words, _DATES_WIDTH - 12, SMALL), "small")
    thick = _AROUND_LABEL if inside else _THICK
    return _linked(each, (date, _mark(each, axis, y, groups=groups, thick=thick), label))


def _narrow_row(
    each: Happening, axis: Axis, y: float, frame: Frame, *, groups: Mapping[str, int]
) -> tuple[Group, float]:
    lines = wrap(each.shown, frame.width - 4)
    texts = [Text(2, y + _LINE * (place + 1), words, "label") for place, words in enumerate(lines)]
    middle = y + _LINE * len(lines) + _TRACK / 2 + 2
    start, end = _ends(each, axis)
    right, left = frame.width - end - 2 * _GAP, start - _GAP
    remark = _remark(each, groups)
    words = f"{each.moment.words} · {remark}" if remark else each.moment.words
    if text_width(words, SMALL) > max(right, left):
        words = each.moment.words
    to_the_right = right >= text_width(words, SMALL) or right >= left
    date = Text(
        end + _GAP if to_the_right else start - _GAP,
        middle + 4,
        fit(words, max(right if to_the_right else left, 60), SMALL),
        "small",
        "start" if to_the_right else "end",
    )
    height = _LINE * len(lines) + _TRACK + 5
    return _linked(each, (*texts, _mark(each, axis, middle, groups=groups), date)), height


def _remark(each: Happening, groups: Mapping[str, int]) -> str:
    """What is said beside a label: its group, where there are several (colour alone tells nothing), and its notes."""
    return ", ".join(part for part in (told(each.group) if len(groups) > 1 else "", each.note) if part)


def _linked(each: Happening, items: tuple[Text | Path, ...]) -> Group:
    parts = (told(each.label.text), each.moment.words, told(each.group), each.note)
    return Group(items, href=each.label.href, title=" · ".join(part for part in parts if part), look="row")


def _ends(each: Happening, axis: Axis) -> tuple[float, float]:
    """Where the mark of a happening starts and ends."""
    moment = each.moment
    if moment.precision == DAY and not (moment.open_start or moment.open_end):
        x = axis.at((moment.first + moment.last) / 2)
        return x - 6, x + 6
    start, end = axis.at(moment.first), axis.at(moment.last)
    if moment.open_end:
        end = axis.at(max(moment.last, moment.first + _OPEN_DAYS))
    if moment.open_start:
        start = axis.at(min(moment.first, moment.last - _OPEN_DAYS))
    return (start, end) if end - start >= _GAP else (start, start + _GAP)


def _mark(each: Happening, axis: Axis, y: float, *, groups: Mapping[str, int], thick: float = _THICK) -> Path:
    moment = each.moment
    look = f"mark c{look_of(groups.get(each.group, 0))}"
    if each.notes:
        look += " noted"
    if moment.doubtful:
        look += " doubtful"
    start, end = _ends(each, axis)
    half = thick / 2
    if moment.precision == DAY and not (moment.open_start or moment.open_end):
        x = (start + end) / 2
        return Path(polygon([(x, y - half), (x + half, y), (x, y + half), (x - half, y)]), look)
    low = half * 0.75
    left, right = moment.open_start or moment.first < axis.first, moment.open_end or moment.last > axis.last
    points = [(start + (_ARROW if left else 0), y - low), (end - (_ARROW if right else 0), y - low)]
    points += [(end, y)] if right else []
    points += [(end - (_ARROW if right else 0), y + low), (start + (_ARROW if left else 0), y + low)]
    points += [(start, y)] if left else []
    return Path(polygon(points), f"{look} band")


def _keys(shown: Sequence[Happening], groups: Mapping[str, int]) -> tuple[Key, ...]:
    day = polygon([(8, 2), (14, 8), (8, 14), (2, 8)])
    band = box(0, 4, 16, 8)
    keys = [Key(Path(day, f"mark c{place}"), told(group)) for place, group in told_apart(groups)]
    if any(each.moment.precision != DAY for each in shown):
        keys.append(Key(Path(band, "mark plain band"), text("a band: some time in that month, season or year")))
    noted = sorted({note for each in shown for note in each.notes})
    if noted:
        keys.append(Key(Path(day, "mark plain noted"), text("hollow: {notes}").format(notes=told(", ".join(noted)))))
    if any(each.moment.doubtful for each in shown):
        keys.append(Key(Path(band, "mark plain band doubtful"), text("dashed: uncertain or approximate")))
    if any(each.moment.open_end or each.moment.open_start for each in shown):
        pointed = polygon([(0, 4), (10, 4), (16, 8), (10, 12), (0, 12)])
        keys.append(Key(Path(pointed, "mark plain band"), text("pointed: it may go on beyond")))
    return tuple(keys)


def _told(shown: Sequence[Happening]) -> str:
    first, last = shown[0].moment, max(shown, key=lambda each: each.moment.last).moment
    if first.words == last.words:
        return text("{number} dated entries, in {date}.").format(number=len(shown), date=first.words)
    return text("{number} dated entries, from {first} to {last}, the earliest first.").format(
        number=len(shown), first=first.words, last=last.words
    )


def _asides_title(asides: Sequence[Aside]) -> str:
    return text("Without a date that can be placed") if asides else ""
