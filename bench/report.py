"""The report of a run: tables in Markdown and one chart in SVG."""

# ruff: noqa: RUF001 - the signs for times and for nothing are meant

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isinf, log10
from typing import Final
from xml.sax.saxutils import escape

from bench.figures import Figure, mean, ratio_of_means
from bench.measure import ENGINE
from bench.services import BASELINE, OURS

_MEASURES: Final = {
    "requests": ("Requests a second", "higher is better"),
    "p50": ("Latency under load, median", "lower is better"),
    "p99": ("Latency under load, 99th percentile", "lower is better"),
    "latency": (
        "Latency of questions never asked before, one at a time",
        "geometric mean of each mix, and the sum; lower is better",
    ),
    "export": ("Export", "higher is better"),
    "first byte": ("Export: time to the first byte", "lower is better"),
    "export memory": ("Export: growth of memory", "lower is better"),
    "start": ("Load and start", "lower is better"),
    "memory": ("Memory", "lower is better"),
    "harm": ("Runaway queries beside calm traffic", "lower is better; 1× is calm"),
    "harm end": (
        "Runaway queries: when the last one had ended",
        "the deadline was {deadline}; ∞: not within 2 s of it",
    ),
    "harm failed": ("Runaway queries: requests of others that failed", "0 is good"),
    "harm alive": ("Runaway queries: whether the service answers afterwards", "1 is yes"),
    "write ratios": ("What must hold of writing", "lower is better"),
    "commit": ("One new deliverable judged and committed: processor time", "by statements that are there already"),
    "commit time": ("One new deliverable judged and committed: time", "by statements that are there already"),
    "commit reads": ("One new deliverable judged and committed: index reads", "by statements that are there already"),
    "commits": ("Durable commits a second", "of three or four statements each; higher is better"),
    "submit": ("From sending a new deliverable over HTTP", "lower is better"),
    "desk memory": ("Memory of the service and its desk", "all processes"),
    "page first": ("Pages for people: the first after a commit", "lower is better"),
    "page": ("Pages for people: made anew, median", "lower is better"),
    "page p99": ("Pages for people: made anew, 99th percentile", "lower is better"),
    "page again": ("Pages for people: asked before, median", "lower is better"),
    "audit": ("Audit of all: processor time", "lower is better"),
    "audit memory": ("Audit of all: growth of memory", "lower is better"),
}
_WITHOUT_RATIO: Final = frozenset({"harm", "harm end", "harm failed", "harm alive", "export memory"})
_MEANS: Final = frozenset({"latency"})
_SLOW_MILLISECONDS: Final = 2.0

_WIDTH: Final = 980
_LEFT: Final = 410
_BAR: Final = 11
_GAP: Final = 14
_LEAST, _MOST = -2.0, 1.0  # powers of ten
_COLOURS: Final = ("#0b6e8f", "#d98b2b", "#b8604d", "#6b7f3a", "#8a6fa8", "#777777")


@dataclass(frozen=True)
class Run:
    """All that a run found."""

    title: str
    facts: Mapping[str, str]
    """What was measured on and with: machine, versions, load."""
    figures: Sequence[Figure]
    remarks: Sequence[str]
    deadline: str
    """The longest time for a query where queries ran away."""


def markdown(run: Run, chart: str) -> str:
    """The report; `chart` is the address of the chart, seen from it."""
    parts = [f"# {run.title}\n", "| | |\n|---|---|\n" + "".join(f"| {k} | {v} |\n" for k, v in run.facts.items())]
    parts.append(
        f"In each cell: the median, and behind it the ratio to `{BASELINE}` in the same rounds. "
        "`docs/performance.md` says what is measured and how.\n"
    )
    parts.append(f"![Ratios to {BASELINE}]({chart})\n")
    for data in dict.fromkeys(figure.data for figure in run.figures):
        parts.append(f"## {data}\n")
        mine = [figure for figure in run.figures if figure.data == data]
        for measure, (heading, better) in _MEASURES.items():
            chosen = [figure for figure in mine if figure.measure == measure]
            if chosen:
                parts.append(f"### {heading}\n\n{better.format(deadline=run.deadline)}\n")
                parts.append(_table(measure, chosen))
    if run.remarks:
        parts.append("## Remarks\n")
        parts.append("".join(f"- {remark}\n" for remark in run.remarks))
    return "\n".join(parts)


def _table(measure: str, figures: Sequence[Figure]) -> str:
    services = list(dict.fromkeys(figure.service for figure in figures))
    means = _by_mix(figures) | _slow(figures) | _together(figures)
    rows = means if measure in _MEANS else {figure.case: [] for figure in figures}
    if measure not in _MEANS:
        for figure in figures:
            rows[figure.case].append(figure)
    unit = figures[0].unit
    with_engine = measure in _MEANS and ENGINE in services and OURS in services
    heads = [*services, *([f"{OURS} to {ENGINE}"] if with_engine else [])]
    lines = [f"| {unit} | " + " | ".join(heads) + " |", "|---|" + "---:|" * len(heads)]
    for case, row in rows.items():
        cells = [_cell(service, row, with_ratio=measure not in _WITHOUT_RATIO) for service in services]
        if with_engine:
            to_engine = ratio_of_means(_of(OURS, row), _of(ENGINE, row))
            cells.append("" if to_engine is None else f"{to_engine:.2f}×")
        lines.append(f"| {case} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _by_mix(figures: Iterable[Figure]) -> dict[str, list[Figure]]:
    mixes: dict[str, list[Figure]] = {}
    everything = []
    for figure in figures:
        mixes.setdefault(figure.case.partition(":")[0], []).append(figure)
        everything.append(figure)
    return mixes | {"all": everything}


def _slow(figures: Sequence[Figure]) -> dict[str, list[Figure]]:
    """What is slow by itself: there the price of a process of its own and of HTTP says little."""
    slow = {each.case for each in _of(ENGINE, figures) if each.middle >= _SLOW_MILLISECONDS}
    name = f"all that take the {ENGINE} {_SLOW_MILLISECONDS:g} ms or more"
    return {name: [figure for figure in figures if figure.case in slow]} if slow else {}


def _together(figures: Sequence[Figure]) -> dict[str, list[Figure]]:
    """The time of all questions, one after the other, of those who answer all.

    Source: Berlin SPARQL Benchmark 3.1, query mixes per hour.
    """
    cases = {figure.case for figure in figures}
    sums = []
    for service in dict.fromkeys(figure.service for figure in figures):
        mine = _of(service, figures)
        rounds = {len(figure.values) for figure in mine}
        if len(mine) == len(cases) > 1 and len(rounds) == 1:
            values = tuple(map(sum, zip(*(figure.values for figure in mine), strict=True)))
            sums.append(replace(mine[0], case="all, one after the other: sum", values=values))
    return {"all, one after the other: sum": sums} if sums else {}


def _of(service: str, row: Iterable[Figure]) -> list[Figure]:
    return [figure for figure in row if figure.service == service]


def _cell(service: str, row: Sequence[Figure], *, with_ratio: bool) -> str:
    mine = _of(service, row)
    if not mine:
        return "–"
    text = readable(mean(mine) if len(mine) > 1 else mine[0].middle)
    against = ratio_of_means(mine, _of(BASELINE, row)) if with_ratio and service != BASELINE else None
    if against is not None:
        text += f" ({against:.2f}×)"
    asked = len({figure.case for figure in row})
    return text if len(mine) == asked else f"{text}, {len(mine)} of {asked}"


def readable(value: float) -> str:
    """A number with three digits that say something.

    >>> readable(12345.6), readable(4.5678), readable(0.01234), readable(float("inf")), readable(0)
    ('12,346', '4.57', '0.0123', '∞', '0')
    """
    if isinf(value):
        return "∞"
    if value == 0:
        return "0"
    digits = max(0, 2 - int(log10(abs(value)) // 1))
    return f"{value:,.{digits}f}"


@dataclass(frozen=True)
class Bars:
    """One group of the chart: how many times better than the baseline each service is."""

    label: str
    times: Mapping[str, float]


def chart_groups(figures: Sequence[Figure]) -> list[Bars]:
    """What the chart shows: requests at 8 connections, latency of each mix, export, start."""
    groups: list[Bars] = []
    for data in dict.fromkeys(figure.data for figure in figures):
        mine = [figure for figure in figures if figure.data == data]
        for figure_case in dict.fromkeys(f.case for f in mine if f.measure == "requests" and "8 connections" in f.case):
            row = [f for f in mine if f.measure == "requests" and f.case == figure_case]
            groups.append(_bars(f"{data}: requests/s, {figure_case}", row))
        for mix, row in _by_mix(f for f in mine if f.measure == "latency").items():
            groups.append(_bars(f"{data}: latency, {mix}", row, lower_is_better=True))
        for figure_case in dict.fromkeys(f.case for f in mine if f.measure == "export"):
            row = [f for f in mine if f.measure == "export" and f.case == figure_case]
            groups.append(_bars(f"{data}: export, {figure_case}", row))
    return [group for group in groups if group.times]


def _bars(label: str, row: Sequence[Figure], *, lower_is_better: bool = False) -> Bars:
    times: dict[str, float] = {}
    for service in dict.fromkeys(figure.service for figure in row):
        found = ratio_of_means(_of(service, row), _of(BASELINE, row)) if service != BASELINE else None
        if found:
            times[service] = 1 / found if lower_is_better else found
    return Bars(label, times)


def svg(groups: Sequence[Bars]) -> str:
    """The chart: a bar a service, on a logarithmic scale; the middle line is the baseline."""
    services = list(dict.fromkeys(service for group in groups for service in group.times))
    colours = dict(zip(services, _COLOURS, strict=False))
    parts: list[str] = []
    y = 60
    for group in groups:
        height = _BAR * len(group.times)
        parts.append(_text(_LEFT - 10, y + height / 2 + 4, group.label, anchor="end"))
        for place, (service, times) in enumerate(group.times.items()):
            start, end = sorted((_x(1.0), _x(times)))
            top = y + place * _BAR
            parts.append(
                f'<rect x="{start:.1f}" y="{top}" width="{max(1.0, end - start):.1f}" height="{_BAR - 2}" '
                f'fill="{colours.get(service, "#999999")}"><title>{escape(service)}: {times:.2f}×</title></rect>'
            )
        y += height + _GAP
    grid = [
        f'<path d="M{_x(times):.1f} 45V{y}" stroke="{"#333" if times == 1 else "#ccc"}"/>'
        + _text(_x(times), 40, f"{times:g}×", anchor="middle")
        for times in (0.01, 0.1, 0.5, 1.0, 2.0, 10.0)
    ]
    legend = [
        f'<rect x="{20 + place * 170}" y="10" width="10" height="10" fill="{colours[service]}"/>'
        + _text(35 + place * 170, 19, service)
        for place, service in enumerate(services)
        if service in colours
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 25}" '
        'font-family="sans-serif" font-size="11">'
        f"<title>Times better than {escape(BASELINE)}</title>"
        f'<rect width="{_WIDTH}" height="{y + 25}" fill="#fff"/>'
        + "".join(grid + legend + parts)
        + _text(_x(1.0), y + 15, f"1×: {BASELINE}; to the right is better", anchor="middle")
        + "</svg>\n"
    )


def _x(times: float) -> float:
    power = min(_MOST, max(_LEAST, log10(times))) if times > 0 else _LEAST
    return _LEFT + (power - _LEAST) / (_MOST - _LEAST) * (_WIDTH - _LEFT - 30)


def _text(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
