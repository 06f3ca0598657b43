"""What a graph says of data that is to join it: a report of findings, a receipt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kg.client.shown import table_html


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or worth a look."""

    severity: str
    """`Violation`, `Warning` or `Info`; only a Violation keeps data out."""
    focus: str
    """The IRI of what it is about."""
    label: str
    """Its name."""
    place: str
    """Where the text says so, such as `line 12` or `row 7, column D`; empty where that is not known."""
    rule: str
    """What is wrong, in words."""
    fix: str
    """What to do; empty where the rule says that already."""
    path: str
    """The property; empty where it is about none."""
    value: str
    shape: str
    """The IRI of the shape or check."""

    def __str__(self) -> str:
        place = f"{self.place}: " if self.place else ""
        return f"{place}{self.severity}: {self.label}: {' '.join(filter(None, (self.rule, self.fix)))}"


@dataclass(frozen=True)
class Report:
    """What was found. Not to conform is an answer, not an error."""

    conforms: bool
    findings: tuple[Finding, ...]
    """The worst first."""

    def __str__(self) -> str:
        verdict = "conforms" if self.conforms else "does not conform"
        return "\n".join([verdict, *map(str, self.findings)])

    def __bool__(self) -> bool:
        return self.conforms

    def _repr_html_(self) -> str:
        """The findings, as notebooks show them."""
        columns = ("severity", "place", "label", "rule", "fix")
        rows = [[getattr(finding, name) for name in columns] for finding in self.findings]
        verdict = "Conforms" if self.conforms else "Does not conform"
        return f"<p><strong>{verdict}</strong></p>" + (table_html(columns, rows) if rows else "")


@dataclass(frozen=True)
class Receipt:
    """What became of a submission."""

    accepted: bool
    """Whether it is part of the graph; False for a trial, and where it would change nothing."""
    revision: int
    """Of the graph, with it; 0 for a trial."""
    graph: str
    """The IRI of the named graph that holds it; empty where nothing was accepted."""
    added: int
    """Statements, with what follows from them; 0 for a trial."""
    removed: int
    report: Report

    def _repr_html_(self) -> str:
        """What became of it, as notebooks show it."""
        rows = [
            ("accepted", "yes" if self.accepted else "no"),
            ("revision", str(self.revision or "")),
            ("graph", self.graph),
            ("statements added", str(self.added)),
            ("statements removed", str(self.removed)),
        ]
        return table_html(("what", "value"), rows).rpartition("<p>")[0] + self.report._repr_html_()


def report_in(told: Mapping[str, Any]) -> Report:
    """The report in the members that the service tells.

    Raises:
        KeyError, TypeError: it is no such report.
    """
    findings = tuple(
        Finding(
            severity=found["severity"],
            focus=entity["focus"],
            label=entity["label"],
            place=found["place"] or entity["place"],
            rule=found["rule"],
            fix=found["fix"],
            path=found["path"],
            value=found["value"],
            shape=found["shape"],
        )
        for entity in told["results"]
        for found in entity["results"]
    )
    return Report(bool(told["conforms"]), findings)


def receipt_in(told: Mapping[str, Any]) -> Receipt:
    """The receipt in the members that the service tells.

    Raises:
        KeyError, TypeError: it is no such receipt.
    """
    return Receipt(
        accepted=bool(told["changed"]),
        revision=int(told["revision"]),
        graph=told["graph"] or "",
        added=int(told["added"]),
        removed=int(told["removed"]),
        report=report_in(told["report"]),
    )


def trial_of(report: Report) -> Receipt:
    """The receipt of what was only tried out."""
    return Receipt(accepted=False, revision=0, graph="", added=0, removed=0, report=report)
