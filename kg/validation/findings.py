"""The report by entity, for people: each finding with the rule in words, its place and how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kg.validation.fixes import rule_and_fix
from kg.validation.report import (
    Report,
    Result,
    counts_of,
    did_you_mean,
    is_iri,
    no_suggestions,
    nowhere,
    path_text,
    property_of,
)


@dataclass(frozen=True)
class Words:
    """How terms are named for people, as the caller knows them."""

    label_of: Callable[[str], str]
    """The label of an IRI; empty where it has none."""
    shorten: Callable[[str], str]
    """How an IRI is written, with a prefix for instance."""
    place_of: Callable[[str, str, str], str] = nowhere
    """Where a statement is written, given subject, property and value, each of the last two perhaps empty."""
    suggest: Callable[[str], Sequence[str]] = no_suggestions
    """The terms that an unknown term was perhaps meant to be."""


@dataclass(frozen=True)
class Finding:
    """One result in words."""

    severity: str
    rule: str
    """What is wrong, in words."""
    fix: str
    """What to do; empty where nothing better can be said than the rule."""
    path: str
    path_label: str
    value: str
    value_label: str
    place: str
    shape: str
    component: str
    suggestions: tuple[str, ...]


@dataclass(frozen=True)
class Entity:
    """One thing, with what was found about it, the worst first."""

    focus: str
    label: str
    place: str
    findings: tuple[Finding, ...]


def entities_of(report: Report, words: Words) -> tuple[Entity, ...]:
    """The findings of a report by entity, in the order of the report: the entity with the worst finding first."""
    by_focus: dict[str, list[Result]] = {}
    for result in report.results:
        by_focus.setdefault(result.focus, []).append(result)
    return tuple(
        Entity(
            focus=focus,
            label=words.label_of(focus) or (words.shorten(focus) if is_iri(focus) else focus),
            place=words.place_of(focus, "", ""),
            findings=tuple(_finding(result, words) for result in results),
        )
        for focus, results in by_focus.items()
    )


def report_members(report: Report, words: Words) -> dict[str, Any]:
    """The report as members of a JSON object, such as a problem document: `conforms`, `counts` and `results`."""
    return {
        "conforms": report.conforms,
        "counts": {severity.lower(): count for severity, count in counts_of(report).items()},
        "results": [
            {
                "focus": entity.focus,
                "label": entity.label,
                "place": entity.place,
                "results": [_members(finding) for finding in entity.findings],
            }
            for entity in entities_of(report, words)
        ],
    }


def _members(finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity,
        "rule": finding.rule,
        "fix": finding.fix,
        "path": finding.path,
        "pathLabel": finding.path_label,
        "value": finding.value,
        "valueLabel": finding.value_label,
        "place": finding.place,
        "shape": finding.shape,
        "component": finding.component,
        "suggestions": list(finding.suggestions),
    }


def _finding(result: Result, words: Words) -> Finding:
    path_label = words.label_of(result.path) or path_text(result.path, words.shorten) if result.path else ""
    meant = tuple(words.suggest(result.value)) if is_iri(result.value) else ()
    rule, fix = rule_and_fix(result.message, component=result.component, path_label=path_label)
    return Finding(
        severity=result.severity,
        rule=rule,
        fix=" ".join(part for part in (fix, did_you_mean(meant, words.shorten)) if part),
        path=result.path,
        path_label=path_label,
        value=result.value,
        value_label=_value_label(result, words),
        place=words.place_of(result.focus, property_of(result), result.value),
        shape=result.shape,
        component=result.component,
        suggestions=meant,
    )


def _value_label(result: Result, words: Words) -> str:
    if result.datatype or result.language or not is_iri(result.value):
        return result.value
    return words.label_of(result.value) or words.shorten(result.value)
