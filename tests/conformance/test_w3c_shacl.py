"""W3C SHACL: the reports of `kg.validation` on the suites' shapes, which need not meet the rules for our own shapes."""

import pytest
import w3c
from rdflib import BNode, Graph, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.namespace import SH
from rdflib.plugins.sparql import prepareQuery
from rdflib.term import Node

from kg.errors import ContentError
from kg.validation import Report, Result, Shapes, compile_shapes, validate, validate_all

w3c.skip_module_without_suites()

# The suites write ill-typed literals on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:Parsing weird boolean:UserWarning")

SHT = Namespace("http://www.w3.org/ns/shacl-test#")
SUITES = (w3c.SHACL_CORE, w3c.SHACL_SPARQL)
# Source: SHACL §2.3.1; SPARQL 1.1 Query §9.1.
STEPS = {SH.inversePath: "^{}", SH.zeroOrMorePath: "{}*", SH.oneOrMorePath: "{}+", SH.zeroOrOnePath: "{}?"}

Row = tuple[str, str, str, str, str]
"""Focus node, path, value, severity and constraint component of a result."""


def test_every_entry_is_collected() -> None:
    assert {suite.name: len(suite.entries()) for suite in SUITES} == {"shacl-core": 98, "shacl-sparql": 22}


@w3c.each_entry(*SUITES)
def test_reports(entry: w3c.Entry) -> None:
    data, shapes = (w3c.read_graph(file_of(entry, role)) for role in (SHT.dataGraph, SHT.shapesGraph))
    if entry.expected == SHT.Failure:
        with pytest.raises(ContentError):
            judge(data, shapes)
        return
    report = judge(data, shapes)
    expected = {
        expected_row(entry.manifest, result): entry.manifest.value(result, SH.sourceShape)
        for result in entry.manifest.objects(entry.expected, SH.result)
    }
    found = {found_row(result): result.shape for result in report.results}
    assert found.keys() == expected.keys()
    named = {row: str(shape) for row, shape in expected.items() if isinstance(shape, URIRef)}
    assert {row: found[row] for row in named} == named
    # A Warning does not stop us from publishing, but by the standard any result means that the data does not conform.
    conforms = str(entry.manifest.value(entry.expected, SH.conforms))
    assert conforms == str(not report.results).lower()


def judge(data: Graph, shapes: Graph) -> Report:
    """By pySHACL itself, and the same by units."""
    given = Shapes(shapes, {})
    report = validate(data.serialize(format="nt").encode(), given)
    assert validate_all(data, compile_shapes(given)) == report
    return report


def file_of(entry: w3c.Entry, role: Node) -> str:
    return str(entry.manifest.value(entry.action, role))


def found_row(result: Result) -> Row:
    path = result.path if "<" in result.path or not result.path else f"<{result.path}>"
    return result.focus, as_parsed(path), result.value, result.severity, result.component


def expected_row(manifest: Graph, result: Node) -> Row:
    """An expected result with terms as `kg.validation` writes them."""
    focus, value, severity, component = (
        text_of(manifest.value(result, predicate))
        for predicate in (SH.focusNode, SH.value, SH.resultSeverity, SH.sourceConstraintComponent)
    )
    path = manifest.value(result, SH.resultPath)
    return focus, as_parsed(path_text(manifest, path)), value, local_name(severity), local_name(component)


def text_of(term: Node | None) -> str:
    return "[]" if isinstance(term, BNode) else "" if term is None else str(term)


def local_name(iri: str) -> str:
    return iri.rpartition("#")[2]


def path_text(graph: Graph, path: Node | None) -> str:
    """A path as SPARQL writes it."""
    if path is None:
        return ""
    if isinstance(path, URIRef):
        return f"<{path}>"
    for predicate, form in STEPS.items():
        if step := graph.value(path, predicate):
            return form.format(path_text(graph, step))
    alternatives = graph.value(path, SH.alternativePath)
    sign, members = ("|", alternatives) if alternatives else ("/", path)
    return f"({sign.join(path_text(graph, member) for member in Collection(graph, members))})"


def as_parsed(path: str) -> str:
    """A path in one spelling, whatever its white space and brackets."""
    if not path:
        return ""
    [(_, predicate, _)] = prepareQuery(f"SELECT * {{ ?focus {path} ?value }}").algebra.p.p.triples
    return str(predicate.n3())
