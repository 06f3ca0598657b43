"""What the graph says of a submission itself: who, when, from which source, and what it was warned of.

Source: PROV-O §3.1 (Entity, generatedAtTime, wasDerivedFrom); SHACL §3.6.2 for the results.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kg.namespaces import (
    DCTERMS_CREATED,
    DCTERMS_CREATOR,
    DCTERMS_SOURCE,
    DCTERMS_TITLE,
    PREFIXES,
    RDF_TYPE,
    VOID_DATASET,
)
from kg.sparql import iri_term, string_term
from kg.store import Signature
from kg.validation import Report

_XSD_DATE_TIME: Final = f"{PREFIXES['xsd']}dateTime"
_PROV: Final = PREFIXES["prov"]
_SH: Final = PREFIXES["sh"]


def description_of_submission(graph: str, signature: Signature, *, sources: Sequence[str], history: str) -> list[str]:
    """What the history says of the graph of a submission, as N-Quads statements."""
    created = string_term(signature.time, datatype=_XSD_DATE_TIME)
    told = [
        (RDF_TYPE, f"<{VOID_DATASET}>"),
        (RDF_TYPE, f"<{_PROV}Entity>"),
        (DCTERMS_TITLE, string_term(signature.message, language="en")),
        (DCTERMS_CREATOR, string_term(signature.author)),
        (DCTERMS_CREATED, created),
        (f"{_PROV}generatedAtTime", created),
    ]
    for source in sources:
        told += [(DCTERMS_SOURCE, iri_term(source)), (f"{_PROV}wasDerivedFrom", iri_term(source))]
    title = f'<{history}> <{DCTERMS_TITLE}> "What was submitted, by whom and when"@en <{history}> .'
    return [title, *_lines(graph, told, history)]


def results_kept(graph: str, report: Report, *, history: str) -> list[str]:
    """The warnings and remarks with which a submission was accepted, as N-Quads statements."""
    lines: list[str] = []
    for number, result in enumerate(report.results, start=1):
        node = f"{graph}#result-{number}"
        told = [
            (RDF_TYPE, f"<{_SH}ValidationResult>"),
            (f"{_SH}resultSeverity", f"<{_SH}{result.severity}>"),
            (f"{_SH}resultMessage", string_term(result.message)),
        ]
        named = (("focusNode", result.focus), ("resultPath", result.path), ("sourceShape", result.shape))
        told += [(f"{_SH}{name}", term) for name, iri in named if (term := _iri(iri))]
        lines += [f"<{graph}> <{_SH}result> <{node}> <{history}> .", *_lines(node, told, history)]
    return lines


def _lines(node: str, told: Sequence[tuple[str, str]], history: str) -> list[str]:
    return [f"{iri_term(node)} <{predicate}> {value} <{history}> ." for predicate, value in told]


def _iri(text: str) -> str:
    """A term for what is an absolute IRI; empty for a lexical form, or a path of several steps."""
    try:
        return iri_term(text) if ":" in text else ""
    except ValueError:
        return ""
