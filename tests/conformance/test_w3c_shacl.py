"""W3C SHACL: the reports of `kg.validation` on the suites' shapes, which need not meet the rules for our own shapes."""

import pytest
import w3c
from rdflib import BNode, Graph, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.namespace import SH
from rdflib.term import Node

from kg.errors import ContentError
from kg.validation import Report, Shapes, validate

w3c.skip_module_without_suites()

SHT = Namespace("http://www.w3.org/ns/shacl-test#")
SUITES = (w3c.SHACL_CORE, w3c.SHACL_SPARQL)
# Source: SHACL §2.3.1.3 to §2.3.1.7; SPARQL 1.1 Query §9.1.
STEPS = {
    SH.inversePath: "^{}",
    SH.zeroOrMorePath: "{}*",
    SH.oneOrMorePath: "{}+",
    SH.zeroOrOnePath: "{}?",
}

Row = tuple[str, str, str, str, str, str]
"""Focus node, path, value, severity, component, and shape where it has an IRI."""


def test_every_entry_is_collected() -> None:
    assert {suite.name: len(suite.entries()) for suite in SUITES} == {"shacl-core": 98, "shacl-sparql": 22}


@w3c.each_entry(*SUITES)
def test_reports(entry: w3c.Entry) -> None:
    data, shapes = (w3c.read_graph(str(entry.manifest.value(entry.action, SHT[part]))) for part in ("dataGraph", "shapesGraph"))
    if entry.expected == SHT.Failure:
        with pytest.raises(ContentError):
            judge(data, shapes)
        return
    rows = expected_rows(entry.manifest, entry.expected)
    report = judge(data, shapes)
    assert found_rows(report, shapeless=[row[:5] for row in rows if not row[5]]) == rows
