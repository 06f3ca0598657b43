"""Figures: what was measured, and how they are compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import geometric_mean, median


@dataclass(frozen=True)
class Figure:
    """One measure of one service, once a round."""

    data: str
    measure: str
    case: str
    service: str
    unit: str
    values: tuple[float, ...]
    """In the order of the rounds, so that those of two services stand beside each other."""

    @property
    def middle(self) -> float:
        """The median."""
        return median(self.values)


def ratio(figure: Figure, base: Figure) -> float:
    """The median of the ratios round by round; of the medians where there were not as many rounds."""
    if len(figure.values) != len(base.values):
        return _part(figure.middle, base.middle)
    return median(_part(mine, other) for mine, other in zip(figure.values, base.values, strict=True))


def ratio_of_means(figures: Iterable[Figure], bases: Iterable[Figure]) -> float | None:
    """The geometric mean of the ratios of the cases that both have; None where there is none."""
    known = {base.case: base for base in bases}
    ratios = [ratio(figure, known[figure.case]) for figure in figures if figure.case in known]
    return _geometric(ratios) if ratios else None


def mean(figures: Sequence[Figure]) -> float:
    """The geometric mean of the medians."""
    return _geometric([figure.middle for figure in figures])


def _geometric(values: Sequence[float]) -> float:
    """Of one value it is that value; a zero makes it zero."""
    return geometric_mean(values) if all(values) else 0.0


def rounded(value: float) -> float | None:
    """A value with as many digits as it deserves; None for one without bound, which JSON does not know."""
    return float(f"{value:.4g}") if isfinite(value) else None


def _part(value: float, base: float) -> float:
    return value / base if base else float("inf")
