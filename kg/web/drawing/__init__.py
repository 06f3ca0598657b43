"""Pictures of answers: rows in, positions out; templates write them as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kg.answer import Table
from kg.web.drawing.bars import draw_bars, thumb_bars
from kg.web.drawing.matrix import draw_matrix, thumb_matrix
from kg.web.drawing.network import draw_network, thumb_network
from kg.web.drawing.rows import Address, rows_of
from kg.web.drawing.scene import NARROW, WIDE, Drawing, Frame
from kg.web.drawing.timeline import draw_timeline, thumb_timeline

__all__ = ["Address", "Drawing", "Picture", "draw_picture", "draw_thumb"]


@dataclass(frozen=True)
class Picture:
    """The same picture for wide and for narrow screens; which one is seen is for the style sheet to say."""

    wide: Drawing
    narrow: Drawing

    @property
    def forms(self) -> tuple[tuple[str, Drawing], ...]:
        """Each drawing with the name of its class."""
        return ("wide", self.wide), ("narrow", self.narrow)


def draw_picture(
    view: Mapping[str, str], table: Table, address: Address, *, window: Mapping[str, str]
) -> Picture | None:
    """The picture of an answer by the view of its question; None where no row can be drawn.

    `window` holds the days `from` and `to` that a timeline is cut at.
    """
    rows = rows_of(view, table, address)

    def draw(frame: Frame) -> Drawing:
        if view["kind"] == "timeline":
            return draw_timeline(rows, frame, window=window)
        return {"bar": draw_bars, "matrix": draw_matrix, "network": draw_network}[view["kind"]](rows, frame)

    picture = Picture(draw(WIDE), draw(NARROW))
    return picture if picture.wide.items or picture.wide.asides else None


def draw_thumb(view: Mapping[str, str], table: Table, address: Address, *, window: Mapping[str, str]) -> Drawing | None:
    """The picture without words, as small as a stamp; None where no row can be drawn."""
    rows = rows_of(view, table, address)
    if view["kind"] == "timeline":
        drawing = thumb_timeline(rows, window=window)
    else:
        drawing = {"bar": thumb_bars, "matrix": thumb_matrix, "network": thumb_network}[view["kind"]](rows)
    return drawing if drawing.items else None
