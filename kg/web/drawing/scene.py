"""What pictures are made of: texts and paths with their positions, groups that may be links, and how wide text runs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

TEXT: Final = 13.0
"""The size of text in a picture, in units of its width; a wide picture is shown at about one pixel a unit."""
SMALL: Final = 11.5

MOST_CHARACTERS: Final = 300
"""Of a text that is measured or told when a mark is pointed at."""
_NARROW: Final = frozenset("iIjl.,:;'|![]()/ftr1 -\u00a0")
_BROAD: Final = frozenset("mwMW@%&—…")
# Source: Unicode Standard Annex 9 §3.1.4: an isolate whose direction is that of its first strong character.
_ISOLATE: Final = "\u2068{}\u2069"
_RIGHT_TO_LEFT: Final = ("R", "AL")


@dataclass(frozen=True)
class Text:
    """A line of text that starts, ends or is centred at a point on its baseline."""

    x: float
    y: float
    text: str
    look: str = ""
    """Names of classes, which the style sheet gives their look."""
    anchor: str = "start"
    """`start`, `middle` or `end`."""
    note: str = ""
    """What follows in a quieter look."""
    turn: int = 0
    """Degrees that it is turned by around its point."""

    @property
    def shown(self) -> str:
        """The text, in its own direction."""
        return isolated(self.text)


@dataclass(frozen=True)
class Path:
    """A line or a filled shape."""

    d: str
    look: str


@dataclass(frozen=True)
class Group:
    """What belongs together and may lead somewhere."""

    items: tuple[Text | Path, ...]
    href: str = ""
    title: str = ""
    """What is told when it is pointed at."""
    look: str = ""


@dataclass(frozen=True)
class Key:
    """One sign and what it means."""

    sign: Path
    text: str


@dataclass(frozen=True)
class Aside:
    """What cannot be placed in a picture and is listed below it."""

    text: str
    href: str
    note: str


@dataclass(frozen=True)
class Drawing:
    """One picture; all lengths are in units of its own width."""

    width: float
    height: float
    items: tuple[Group | Text | Path, ...]
    keys: tuple[Key, ...] = ()
    told: str = ""
    """What it shows, in a sentence."""
    notes: tuple[str, ...] = ()
    """What it leaves out, in sentences."""
    asides_title: str = ""
    asides: tuple[Aside, ...] = ()

    @property
    def leads(self) -> bool:
        """Whether a part of it is a link."""
        return any(isinstance(item, Group) and item.href for item in self.items)


@dataclass(frozen=True)
class Frame:
    """The paper of a picture."""

    width: float
    wide: bool
    """Whether labels stand beside the marks; else above them, as on a phone."""


WIDE: Final = Frame(1040, wide=True)
NARROW: Final = Frame(358, wide=False)
THUMB_WIDTH: Final = 300.0
THUMB_HEIGHT: Final = 108.0


def text_width(text: str, size: float = TEXT) -> float:
    """About how wide a text runs in a broad sans serif typeface, so that it fits in a usual one."""
    units = 0.0
    for character in text[:MOST_CHARACTERS]:
        if character in _NARROW:
            units += 0.36
        elif character in _BROAD or unicodedata.east_asian_width(character) in "WF":
            units += 0.97
        elif unicodedata.combining(character):
            continue
        else:
            units += 0.7 if character.isupper() else 0.61
    return units * size


def fit(text: str, width: float, size: float = TEXT) -> str:
    """A text on one line, cut where it would be wider.

    >>> fit("a  b\\nc", 100), fit("mmmmmmmm", 40)
    ('a b c', 'mm…')
    """
    return wrap(text, width, size=size, most_lines=1)[0]


def wrap(text: str, width: float, *, size: float = TEXT, most_lines: int = 2) -> list[str]:
    """A text on as few lines as hold it, at least one; the last is cut where there would be more."""
    words = text[:MOST_CHARACTERS].split()
    lines = [""]
    for place, word in enumerate(words):
        longer = f"{lines[-1]} {word}".strip()
        if text_width(longer, size) <= width:
            lines[-1] = longer
        elif len(lines) < most_lines and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer if text_width(lines[-1], size) < width / 2 else f"{lines[-1]}…"
            del words[place + 1 :]
            break
    cut = len(text) > MOST_CHARACTERS and len(words) > 0
    return [_cut(line, width, size=size, marked=cut and line is lines[-1]) for line in lines]


def _cut(line: str, width: float, *, size: float, marked: bool) -> str:
    if text_width(line, size) <= width:
        return f"{line}…" if marked and not line.endswith("…") else line
    room = width - text_width("…", size)
    kept = line
    while kept and text_width(kept, size) > room:
        kept = kept[: max(0, min(len(kept) - 1, int(len(kept) * room / text_width(kept, size)) + 1))]
    return f"{kept.rstrip()}…"


def told(text: str) -> str:
    """A text as it is told when a mark is pointed at: on one line, and not endless."""
    line = " ".join(text[: MOST_CHARACTERS + 1].split())
    return line if len(text) <= MOST_CHARACTERS else f"{line[:MOST_CHARACTERS]}…"


def isolated(text: str) -> str:
    """A text that keeps its own direction in a line of another one."""
    foreign = any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text)
    return _ISOLATE.format(text) if foreign else text


def number(value: float) -> str:
    """A position, as short as it can be written.

    >>> number(12.0), number(0.125)
    ('12', '0.12')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def line(x1: float, y1: float, x2: float, y2: float) -> str:
    """The path of a straight line."""
    return f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}"


def box(x: float, y: float, width: float, height: float) -> str:
    """The path of a rectangle."""
    return f"M{number(x)} {number(y)}h{number(width)}v{number(height)}h{number(-width)}z"


def polygon(points: Iterable[tuple[float, float]]) -> str:
    """The path of a closed line through points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points) + "z"


def circle(x: float, y: float, radius: float) -> str:
    """The path of a circle."""
    r, across = number(radius), number(2 * radius)
    return f"M{number(x - radius)} {number(y)}a{r} {r} 0 1 0 {across} 0a{r} {r} 0 1 0 -{across} 0z"


def _diamond(x: float, y: float, r: float) -> str:
    return polygon([(x, y - 1.2 * r), (x + 1.2 * r, y), (x, y + 1.2 * r), (x - 1.2 * r, y)])


def _half(x: float, y: float, r: float) -> str:
    half = f"M{number(x)} {number(y - r)}a{number(r)} {number(r)} 0 0 1 0 {number(2 * r)}z"
    ring = circle(x, y, r)
    inner = f"M{number(x)} {number(y - r + 1.6)}a{number(r - 1.6)} {number(r - 1.6)} 0 0 0 0 {number(2 * r - 3.2)}z"
    return f"{ring}{inner}{half}"


def _square(x: float, y: float, r: float) -> str:
    return box(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r)


def _triangle(x: float, y: float, r: float) -> str:
    return polygon([(x, y - r), (x + 1.1 * r, y + 0.9 * r), (x - 1.1 * r, y + 0.9 * r)])


def _cross(x: float, y: float, r: float) -> str:
    a, b = r * 0.4, r
    return polygon(
        [
            (x - a, y - b), (x + a, y - b), (x + a, y - a), (x + b, y - a), (x + b, y + a), (x + a, y + a),
            (x + a, y + b), (x - a, y + b), (x - a, y + a), (x - b, y + a), (x - b, y - a), (x - a, y - a),
        ]
    )  # fmt: skip


_SHAPES: Final = (circle, _square, _diamond, _triangle, _half, _cross)
LOOKS: Final = len(_SHAPES)
"""How many looks there are that can be told apart by shape and by colour."""


def sign(place: int, x: float, y: float, radius: float = 6.0) -> Path:
    """The sign for the value at a place among those that are told apart; all from the sixth on look alike."""
    look = look_of(place)
    return Path(_SHAPES[look](x, y, radius), f"mark c{look}")


def absent(x: float, y: float, radius: float = 5.5) -> Path:
    """The sign for a value that is not stated."""
    return Path(circle(x, y, radius), "mark absent")


def ranked(values: Sequence[str]) -> dict[str, int]:
    """Each value with its place by first appearance."""
    return {value: place for place, value in enumerate(dict.fromkeys(values))}


def look_of(place: int) -> int:
    """The look for the value at a place; all from the last look on share it."""
    return min(place, LOOKS - 1)


def told_apart(values: Mapping[str, int]) -> list[tuple[int, str]]:
    """Each look with the value that has it, by the places of the values; those that share the last one stand together.

    >>> told_apart({"a": 0, "b": 1})
    [(0, 'a'), (1, 'b')]
    """
    alone = [(place, value) for value, place in values.items() if place < LOOKS - 1]
    shared = [value for value, place in values.items() if place >= LOOKS - 1]
    return [*alone, (LOOKS - 1, told(", ".join(shared)))] if shared else alone
