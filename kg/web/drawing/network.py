"""Who is linked with whom: names below each other, those who are linked with each other close together, and arcs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from kg.web.drawing.communities import Edge, Pair, communities
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
    circle,
    line,
    look_of,
    number,
    ranked,
    text_width,
    told,
    told_apart,
    wrap,
)
from kg.web.translation import text

MOST: Final = 50
"""How many nodes a picture holds."""
_LABELS_WIDTH: Final = 420.0
_NARROW_LABELS: Final = 212.0
_LINE: Final = 16.0
_PAD: Final = 8.0
_FEW: Final = 24
"""With at most so many nodes there is more room between them."""
_WIDER_PAD: Final = 14.0
_SUBJECT_LINE: Final = 15.0
_APART: Final = 16.0
"""The room between two communities."""
_MOST_BOW: Final = 280.0
_BOW: Final = 1.5
"""How far an arc stands out, against half of its length."""
_BESIDE: Final = 6.0
"""The room between the arcs of two kinds."""
_MOST_TOLD: Final = 6
_MOST_WEIGHT: Final = 6


@dataclass(frozen=True)
class Net:
    """The nodes that are drawn, in their order, and the edges between them."""

    communities: tuple[tuple[str, ...], ...]
    names: Mapping[str, Value]
    edges: tuple[Edge, ...]
    degrees: Mapping[str, int]
    kinds: Mapping[str, int]
    of: int
    """How many nodes there are, with those that are not drawn."""


def draw_network(rows: Sequence[Row], frame: Frame) -> Drawing:
    """A picture of the rows; the same rows in any order give the same picture."""
    net = _read(rows)
    shown = sum(map(len, net.communities))
    notes = []
    if net.of > shown:
        notes.append(
            text("Drawn are the {shown} with the most links, of {all}.").format(shown=shown, all=f"{net.of:,}")
        )
    if not net.edges:
        return Drawing(frame.width, 0, (), notes=tuple(notes))
    most = _LABELS_WIDTH if frame.wide else _NARROW_LABELS
    lines = {key: wrap(told(net.names[key].text), most - 22, most_lines=2 if frame.wide else 4) for key in net.names}
    left = 26 + max(text_width(words) for each in lines.values() for words in each)
    pad = _PAD if shown > _FEW else _WIDER_PAD
    heights, height = _places(net, {key: _LINE * len(lines[key]) + pad for key in net.names}, apart=_APART)
    room = (_MOST_BOW if frame.wide else frame.width - left) - 6
    longest = max(abs(heights[edge.ends[0]] - heights[edge.ends[1]]) for edge in net.edges)
    bow = min(room, _BOW * longest / 2 + _BESIDE * _looks(net))
    arcs = [_arc(edge, net, heights, x=left, bow=bow) for edge in _by_length(net, heights)]
    nodes = [_node(key, net, lines[key], x=left, y=heights[key]) for key in heights]
    subjects = _subjects(net, heights, x=left + bow + 28, right=frame.width) if frame.wide else []
    width = frame.width if subjects or not frame.wide else left + bow + 14
    items = (*arcs, *nodes, *subjects)
    return Drawing(width, height, items, keys=_keys(net), told=_told(net, shown), notes=tuple(notes))


def thumb_network(rows: Sequence[Row]) -> Drawing:
    """The picture without words, as small as a stamp: the arcs stand on a line that lies."""
    net = _read(rows)
    if not net.edges:
        return Drawing(THUMB_WIDTH, 0, ())
    nodes = [key for community in net.communities for key in community]
    step = (THUMB_WIDTH - 16) / max(1, len(nodes) - 1)
    places = {key: 8 + step * place for place, key in enumerate(nodes)}
    base = THUMB_HEIGHT - 10
    longest = max(abs(places[edge.ends[0]] - places[edge.ends[1]]) for edge in net.edges)
    arcs: list[Path] = []
    for edge in net.edges:
        start, end = sorted(places[key] for key in edge.ends)
        high = number((end - start) / longest * (base - 8))
        d = f"M{number(start)} {number(base)}A{number((end - start) / 2)} {high} 0 0 1 {number(end)} {number(base)}"
        arcs.append(Path(d, _edge_look(edge, net)))
    dots = [Path(circle(x, base, min(4.0, 1.5 + sqrt(net.degrees[key]))), "node") for key, x in places.items()]
    return Drawing(THUMB_WIDTH, THUMB_HEIGHT, (*arcs, *dots))


def _read(rows: Sequence[Row]) -> Net:
    names: dict[str, Value] = {}
    found: dict[tuple[Pair, str], Counter[Value]] = {}
    for row in rows:
        one, other = row["from"], row["to"]
        if not one.key or not other.key or one.key == other.key:
            continue
        names[one.key], names[other.key] = one, other
        ends = (one.key, other.key) if one.key < other.key else (other.key, one.key)
        labels = found.setdefault((ends, told(row["group"].text)), Counter())
        labels[row["label"]] += 1
    degrees: Counter[str] = Counter()
    for (ends, _), labels in found.items():
        degrees.update(dict.fromkeys(ends, sum(labels.values())))
    kept = set(sorted(names, key=lambda key: (-degrees[key], names[key].text, key))[:MOST])
    edges = tuple(
        Edge(ends, kind, _named(labels), sum(labels.values()))
        for (ends, kind), labels in sorted(found.items())
        if kept.issuperset(ends)
    )
    linked = {key for edge in edges for key in edge.ends}
    drawn = {key: names[key] for key in sorted(linked)}
    return Net(
        communities(drawn, edges),
        drawn,
        edges,
        degrees,
        ranked(sorted({edge.kind for edge in edges})),
        len(names),
    )


def _named(labels: Iterable[Value]) -> tuple[Value, ...]:
    return tuple(sorted((label for label in labels if label.text), key=lambda label: (label.text, label.key)))


def _places(net: Net, heights: Mapping[str, float], *, apart: float) -> tuple[dict[str, float], float]:
    """The middle of each node, from top to bottom, and the height of all."""
    y = 4.0
    places: dict[str, float] = {}
    for community in net.communities:
        for key in community:
            places[key] = y + heights[key] / 2
            y += heights[key]
        y += apart
    return places, y - apart + 4


def _subjects(net: Net, places: Mapping[str, float], *, x: float, right: float) -> list[Group]:
    """What the members of each community have to do with each other, beside their arcs, as far as there is room."""
    items: list[Group] = []
    for community in net.communities:
        members = set(community)
        counts: Counter[Value] = Counter()
        for edge in net.edges:
            if members.issuperset(edge.ends):
                counts.update(edge.labels)
        top, bottom = places[community[0]] - _LINE, places[community[-1]] + _LINE
        wrapped = [
            (label, wrap(told(label.text), right - x, size=SMALL))
            for label in sorted(counts, key=lambda label: (-counts[label], label.text, label.key))
        ]
        room = int((bottom - top) / _SUBJECT_LINE)
        kept: list[tuple[Value, list[str]]] = []
        for label, lines in wrapped:
            if sum(len(words) + 0.4 for _, words in kept) + len(lines) <= room:
                kept.append((label, lines))
        y = (top + bottom - _SUBJECT_LINE * sum(len(lines) + 0.4 for _, lines in kept)) / 2
        for label, lines in kept:
            texts = tuple(Text(x, y + 11 + _SUBJECT_LINE * at, words, "small label") for at, words in enumerate(lines))
            items.append(Group(texts, href=label.href, title=told(label.text), look="row"))
            y += _SUBJECT_LINE * (len(lines) + 0.4)
    return items


def _by_length(net: Net, places: Mapping[str, float]) -> list[Edge]:
    """The longest first, so that the shorter lie above them."""
    return sorted(net.edges, key=lambda edge: -abs(places[edge.ends[0]] - places[edge.ends[1]]))


def _arc(edge: Edge, net: Net, places: Mapping[str, float], *, x: float, bow: float) -> Group:
    top, bottom = sorted(places[key] for key in edge.ends)
    down = (bottom - top) / 2
    # Edges of several kinds between the same two lie beside each other.
    across = min(down * _BOW, bow - _BESIDE * _looks(net)) + _BESIDE * look_of(net.kinds[edge.kind])
    d = f"M{number(x)} {number(top)}A{number(across)} {number(down)} 0 0 1 {number(x)} {number(bottom)}"
    ends = " \N{EN DASH} ".join(told(net.names[key].text) for key in edge.ends)
    labels = "; ".join(told(label.text) for label in edge.labels[:_MOST_TOLD])
    return Group(
        (Path(d, _edge_look(edge, net)),),
        title=" · ".join(part for part in (ends, edge.kind, labels) if part),
        look="edge",
    )


def _looks(net: Net) -> int:
    """How many looks the arcs have."""
    return look_of(len(net.kinds) - 1) + 1


def _edge_look(edge: Edge, net: Net) -> str:
    return f"edge e{look_of(net.kinds[edge.kind])} w{min(edge.times, _MOST_WEIGHT)}"


def _node(key: str, net: Net, lines: Sequence[str], *, x: float, y: float) -> Group:
    value = net.names[key]
    first = y - _LINE * (len(lines) - 1) / 2 + 4.5
    texts = (Text(x - 14, first + _LINE * place, words, "label", "end") for place, words in enumerate(lines))
    dot = Path(circle(x, y, min(9.0, 2.5 + 1.3 * sqrt(net.degrees[key]))), "node")
    links = text("{number} links").format(number=net.degrees[key])
    return Group((dot, *texts), href=value.href, title=f"{told(value.text)} · {links}", look="row")


def _keys(net: Net) -> tuple[Key, ...]:
    if list(net.kinds) == [""]:
        return ()
    return tuple(
        Key(Path(line(0, 8, 16, 8), f"edge e{place} w2"), kind or text("without a remark"))
        for place, kind in told_apart(net.kinds)
    )


def _told(net: Net, shown: int) -> str:
    most = max(net.names, key=lambda key: (net.degrees[key], key))
    return text("{number} names, joined by {edges} arcs; {name} has the most links.").format(
        number=shown, edges=len(net.edges), name=told(net.names[most].text)
    )
