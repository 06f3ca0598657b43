"""The validation report as plain values, and as text that a person can act on."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Final

# Worst first.
SEVERITIES: Final = ("Violation", "Warning", "Info")

_IRI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_IRI_IN_PATH: Final = re.compile(r"<([^>]*)>")


@dataclass(frozen=True)
class Result:
    """One validation result. Every term is an IRI or a lexical form; empty where the result has none."""

    severity: str
    """`Violation`, `Warning` or `Info`."""
    focus: str
    path: str
    """The IRI of a property; any other path as SPARQL writes it, with IRIs in angle brackets."""
    value: str
    message: str
    """What is wrong and what to do."""
    shape: str
    """The IRI of the source shape; of the nearest shape around it that has one, where it has none itself."""
    component: str
    """The local name of the constraint component."""


@dataclass(frozen=True)
class Report:
    """The results, in the order of `report_of`."""

    results: tuple[Result, ...]

    @property
    def conforms(self) -> bool:
        """Whether there is no Violation; a Warning or an Info stops nothing."""
        return all(result.severity != "Violation" for result in self.results)


def report_of(results: Iterable[Result]) -> Report:
    """A report of the given results, each once: the worst severity first, then by focus, path, shape and value."""
    return Report(tuple(sorted(set(results), key=_order)))


def report_text(
    report: Report, *, label_of: Callable[[str], str], file_of: Callable[[str], str], shorten: Callable[[str], str]
) -> str:
    """The report for people: its results by file, each with entity, path, value, message and shape; then how many.

    `label_of` names an entity (empty: it has no name), `file_of` the file that describes it, `shorten` writes IRIs.
    """

    def file(result: Result) -> str:
        return file_of(result.focus)

    lines: list[str] = []
    for name, results in groupby(sorted(report.results, key=file), key=file):
        lines.append(name or "in no file")
        for result in results:
            lines += [f"  {line}" for line in _lines(result, label_of=label_of, shorten=shorten)]
        lines.append("")
    return "\n".join([*lines, _counts(report)]) + "\n"


def _order(result: Result) -> tuple[int, str, str, str, str, str, str]:
    rank = SEVERITIES.index(result.severity)
    return (rank, result.focus, result.path, result.shape, result.component, result.value, result.message)


def _lines(result: Result, *, label_of: Callable[[str], str], shorten: Callable[[str], str]) -> list[str]:
    label = label_of(result.focus)
    entity = f"{label} ({_term(result.focus, shorten)})" if label else _term(result.focus, shorten)
    at = [_path(result.path, shorten)] if result.path else []
    if result.value and result.value != result.focus:
        at.append(_term(result.value, shorten))
    return [
        f"{result.severity}: {entity}",
        *([f"  at {' '.join(at)}"] if at else []),
        f"  {result.message}",
        f"  [{_term(result.shape, shorten)}{', ' if result.component else ''}{result.component}]",
    ]


def _path(path: str, shorten: Callable[[str], str]) -> str:
    return shorten(path) if _IRI.fullmatch(path) else _IRI_IN_PATH.sub(lambda match: shorten(match[1]), path)


def _term(term: str, shorten: Callable[[str], str]) -> str:
    return shorten(term) if _IRI.fullmatch(term) else f'"{term}"'


def _counts(report: Report) -> str:
    counts = [(severity, sum(result.severity == severity for result in report.results)) for severity in SEVERITIES]
    found = ", ".join(f"{count} {severity}{'' if count == 1 else 's'}" for severity, count in counts if count)
    return f"{'Conforms' if report.conforms else 'Does not conform'}: {found or 'nothing found'}"
