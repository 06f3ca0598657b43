"""The validation report as plain values, and as text that a person can act on."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from kg.validation.fixes import rule_and_fix

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
    datatype: str = field(default="", compare=False)
    """The IRI of the value's datatype; empty where the value is no literal or nothing is known of it."""
    language: str = field(default="", compare=False)
    """The language tag of the value."""


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
    kept = {(*_order(result), result.datatype, result.language): result for result in results}
    return Report(tuple(kept[order] for order in sorted(kept)))


def nowhere(_focus: str, _predicate: str, _value: str) -> str:
    """The place of a statement for those who know none."""
    return ""


def no_suggestions(_term: str) -> Sequence[str]:
    """What a term may have been meant to be, for those who know no terms."""
    return ()


def is_iri(text: str) -> bool:
    """Whether a text has the form of an IRI."""
    return _IRI.fullmatch(text) is not None


def report_text(
    report: Report,
    *,
    label_of: Callable[[str], str],
    file_of: Callable[[str], str],
    shorten: Callable[[str], str],
    place_of: Callable[[str, str, str], str] = nowhere,
    suggest: Callable[[str], Sequence[str]] = no_suggestions,
) -> str:
    """The report for people: its results by file, each with entity, path, value, message and shape; then how many.

    `label_of` names an entity (empty: it has no name), `file_of` the file that describes it, `shorten` writes IRIs.
    `place_of` says where in that file a statement is, given focus, property and value (such as `line 12`; empty: not
    known); `suggest` which terms a value may have been meant to be.
    """

    def file(result: Result) -> str:
        return file_of(result.focus)

    lines: list[str] = []
    for name, results in groupby(sorted(report.results, key=file), key=file):
        lines.append(name or "in no file")
        for result in results:
            place = place_of(result.focus, property_of(result), result.value)
            about = _lines(result, label_of=label_of, shorten=shorten, place=place)
            meant = [f"  {did_you_mean(suggest(result.value), shorten)}"] if suggest(result.value) else []
            lines += [f"  {line}" for line in (*about[:-1], *meant, about[-1])]
        lines.append("")
    return "\n".join([*lines, _counts(report)]) + "\n"


def property_of(result: Result) -> str:
    """The IRI of the property that a result is about; empty where its path is none or more than that."""
    return result.path if is_iri(result.path) else ""


def did_you_mean(terms: Sequence[str], shorten: Callable[[str], str]) -> str:
    """The question whether one of some terms was meant; empty where there are none."""
    return f"Did you mean {' or '.join(shorten(term) for term in terms)}?" if terms else ""


def path_text(path: str, shorten: Callable[[str], str]) -> str:
    """A path for people, with its IRIs shortened."""
    return shorten(path) if is_iri(path) else _IRI_IN_PATH.sub(lambda match: shorten(match[1]), path)


def _order(result: Result) -> tuple[int, str, str, str, str, str, str]:
    rank = SEVERITIES.index(result.severity)
    return (rank, result.focus, result.path, result.shape, result.component, result.value, result.message)


def _lines(result: Result, *, label_of: Callable[[str], str], shorten: Callable[[str], str], place: str) -> list[str]:
    label = label_of(result.focus)
    entity = f"{label} ({_term(result.focus, shorten)})" if label else _term(result.focus, shorten)
    at = [path_text(result.path, shorten)] if result.path else []
    if result.value and result.value != result.focus:
        at.append(_term(result.value, shorten))
    path = path_text(result.path, shorten) if result.path else ""
    _, fix = rule_and_fix(result.message, component=result.component, path_label=path)
    return [
        f"{result.severity}: {entity}{', ' if place else ''}{place}",
        *([f"  at {' '.join(at)}"] if at else []),
        f"  {result.message}",
        *([f"  {fix}"] if fix and "; " not in result.message else []),
        f"  [{_term(result.shape, shorten)}{', ' if result.component else ''}{result.component}]",
    ]


def _term(term: str, shorten: Callable[[str], str]) -> str:
    return shorten(term) if is_iri(term) else f'"{term}"'


def counts_of(report: Report) -> dict[str, int]:
    """How many results there are of each severity, worst first."""
    return {severity: sum(result.severity == severity for result in report.results) for severity in SEVERITIES}


def _counts(report: Report) -> str:
    counts = counts_of(report).items()
    found = ", ".join(f"{count} {severity}{'' if count == 1 else 's'}" for severity, count in counts if count)
    return f"{'Conforms' if report.conforms else 'Does not conform'}: {found or 'nothing found'}"
