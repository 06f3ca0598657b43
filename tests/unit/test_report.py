"""The report for people and for machines: places, suggestions, remedies, and SHACL's own form of it."""

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import RdfFormat, parse, serialize
from pyshacl.helper.path_helper import shacl_path_to_sparql_path
from pyshacl.shapes_graph import ShapesGraph
from rdflib import BNode, Graph, Literal, URIRef
from rdflib.compare import isomorphic
from rdflib.namespace import RDF, SH, XSD

from kg.validation import (
    Report,
    Result,
    Words,
    entities_of,
    load_shapes,
    report_members,
    report_of,
    report_rdf,
    report_text,
    suggestions,
    validate,
)
from kg.validation.paths import Path, Step, read_path

EX = "https://example.org/"
A = Result("Warning", f"{EX}a", f"{EX}name", "x", "It is short; write more.", f"{EX}s", "MinLengthConstraintComponent")
B = Result("Violation", f"{EX}b", f"{EX}name", "", "It has a name.", f"{EX}s", "MinCountConstraintComponent")
B_INFO = Result("Info", f"{EX}b", f"^<{EX}p> / <{EX}q>", f"{EX}a", "So it is.", f"{EX}t", "NodeConstraintComponent")
CHECK = Result("Violation", f"{EX}c", "", f"{EX}nmae", "No such term; correct it.", f"{EX}check", "check")
REPORT = report_of([A, B, B_INFO, CHECK])
PARSERS = {"turtle": RdfFormat.TURTLE, "ntriples": RdfFormat.N_TRIPLES, "jsonld": RdfFormat.JSON_LD}


def place_of(subject: str, predicate: str, value: str) -> str:
    lines = {
        (f"{EX}a", f"{EX}name", "x"): "line 2",
        (f"{EX}a", "", ""): "line 1",
        (f"{EX}c", "", f"{EX}nmae"): "line 9",
        (f"{EX}b", "", f"{EX}a"): "line 7",
    }
    return lines.get((subject, predicate, value), "")


WORDS = Words(
    label_of=lambda iri: {f"{EX}a": "Alpha", f"{EX}name": "name"}.get(iri, ""),
    shorten=lambda iri: iri.replace(EX, "ex:"),
    place_of=place_of,
    suggest=lambda term: suggestions(term, [f"{EX}name", f"{EX}b", f"{EX}a"]),
)


def test_the_findings_come_by_entity_the_worst_first() -> None:
    entities = entities_of(REPORT, WORDS)
    assert [(entity.focus, entity.label, entity.place) for entity in entities] == [
        (f"{EX}b", "ex:b", ""),
        (f"{EX}c", "ex:c", ""),
        (f"{EX}a", "Alpha", "line 1"),
    ]
    assert [finding.severity for finding in entities[0].findings] == ["Violation", "Info"]
    assert entities_of(report_of([CHECK, B_INFO, A, B]), WORDS) == entities


def test_a_finding_says_rule_place_and_remedy_in_words() -> None:
    members = report_members(REPORT, WORDS)
    assert members["conforms"] is False
    assert members["counts"] == {"violation": 2, "warning": 1, "info": 1}
    b, c, a = members["results"]
    assert a == {
        "focus": f"{EX}a",
        "label": "Alpha",
        "place": "line 1",
        "results": [
            {
                "severity": "Warning",
                "rule": "It is short.",
                "fix": "Write more.",
                "path": f"{EX}name",
                "pathLabel": "name",
                "value": "x",
                "valueLabel": "x",
                "place": "line 2",
                "shape": f"{EX}s",
                "component": "MinLengthConstraintComponent",
                "suggestions": [],
            }
        ],
    }
    assert (b["results"][0]["rule"], b["results"][0]["fix"]) == ("It has a name.", "Add a value of name.")
    assert b["results"][1]["pathLabel"] == "^ex:p / ex:q"
    assert (b["results"][1]["valueLabel"], b["results"][1]["fix"]) == ("Alpha", "")
    assert b["results"][1]["place"] == "line 7"
    assert c["results"][0]["place"] == "line 9"


def test_an_unknown_term_is_followed_by_the_nearest_ones() -> None:
    [finding] = entities_of(report_of([CHECK]), WORDS)[0].findings
    assert finding.suggestions == (f"{EX}name",)
    assert finding.fix == "Correct it. Did you mean ex:name?"


def test_the_text_says_where_and_what_was_meant() -> None:
    text = report_text(
        REPORT,
        label_of=WORDS.label_of,
        file_of=lambda _: "data/x.ttl",
        shorten=WORDS.shorten,
        place_of=WORDS.place_of,
        suggest=WORDS.suggest,
    )
    assert '  Warning: Alpha (ex:a), line 2\n    at ex:name "x"\n    It is short; write more.\n    [ex:s,' in text
    assert "    It has a name.\n    Add a value of ex:name.\n    [ex:s," in text
    assert "    No such term; correct it.\n    Did you mean ex:name?\n    [ex:check, check]" in text
    assert text.endswith("Does not conform: 2 Violations, 1 Warning, 1 Info\n")


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (f"{EX}organisedBy", (f"{EX}organizedBy",)),
        (f"{EX}OrganizedBY", (f"{EX}organizedBy",)),
        (f"{EX}tittle", ()),
        (f"{EX}title", ("http://purl.org/dc/terms/title",)),
        ("http://purl.org/dc/terms/titel", ("http://purl.org/dc/terms/title",)),
        ("http://example.org/task", (f"{EX}Task",)),
        ("https://elsewhere.example/vocabulary/task", ()),
        (f"{EX}Task", ()),
        (f"{EX}status", ()),
        (f"{EX}zzz", ()),
        (f"{EX}{'x' * 1_000_000}", ()),
        ("", ()),
        ("a text", ()),
    ],
)
def test_suggestions(term: str, expected: tuple[str, ...]) -> None:
    known = [
        f"{EX}organizedBy",
        f"{EX}Task",
        f"{EX}status",
        f"{EX}statuses",
        f"{EX}{'y' * 1_000}",
        "http://purl.org/dc/terms/title",
    ]
    assert suggestions(term, known) == suggestions(term, reversed(known)) == expected


def test_suggestions_are_three_at_most_the_nearest_first() -> None:
    known = [f"{EX}{name}" for name in ("partOf", "partsOf", "partOfs", "partOff", "starts")]
    assert suggestions(f"{EX}parttOf", known)[0] in known[:4]
    assert len(suggestions(f"{EX}parttOf", known)) == 3
    assert suggestions(f"{EX}partof", known)[0] == f"{EX}partOf"


SHAPES = f"""\
@prefix ex: <{EX}> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
ex:S a sh:NodeShape ; sh:targetClass ex:C ; sh:property ex:in , ex:back , ex:far .
ex:in sh:path ex:p ; sh:in (1) ; sh:severity sh:Violation ; sh:message "Not one; give one." .
ex:back sh:path [ sh:inversePath ex:q ] ; sh:minCount 1 ; sh:severity sh:Warning ; sh:message "Nothing points here." .
ex:far sh:path ( [ sh:alternativePath ( ex:p [ sh:oneOrMorePath ex:q ] ) ] [ sh:zeroOrOnePath ex:r ] ) ;
    sh:maxCount 0 ; sh:severity sh:Info ; sh:message "Something is far." .
"""
DATA = f"""\
@prefix ex: <{EX}> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
ex:a a ex:C ; ex:p "1" , 2 , "1"@en , "01"^^xsd:integer , "say \\"hi\\"\\n\\\\" , "nonsense"^^xsd:date , ex:b , [] .
"""


def pyshacl_report() -> Report:
    data = serialize([quad.triple for quad in parse(DATA, format=RdfFormat.TURTLE)], format=RdfFormat.N_TRIPLES)
    assert data is not None
    return validate(data, load_shapes([("shapes/x.ttl", SHAPES)]))


def graph_of(report: Report, name: str) -> Graph:
    triples = [quad.triple for quad in parse(report_rdf(report, name), format=PARSERS[name])]
    return Graph().parse(data=serialize(triples, format=RdfFormat.N_TRIPLES), format="nt")


@pytest.mark.parametrize("name", PARSERS)
def test_the_report_in_rdf_says_what_the_report_says(name: str) -> None:
    report = pyshacl_report()
    assert len(report.results) == 10
    graph = graph_of(report, name)
    [node] = graph.subjects(RDF.type, SH.ValidationReport)
    assert graph.value(node, SH.conforms) == Literal(False)
    read = [result_in(graph, result) for result in graph.objects(node, SH.result)]
    assert sorted(map(str, read)) == sorted(
        str((one.severity, one.focus, one.path, one.message, one.shape, one.component)) for one in report.results
    )
    values = {value.n3() for value in graph.objects(None, SH.value) if isinstance(value, Literal)}
    assert {'"1"', '"1"@en', '"nonsense"^^<http://www.w3.org/2001/XMLSchema#date>'} <= values
    assert {value for value in graph.objects(None, SH.value) if isinstance(value, URIRef)} == {URIRef(f"{EX}b")}
    assert any(isinstance(value, BNode) for value in graph.objects(None, SH.value))


def result_in(graph: Graph, node: object) -> tuple[str, ...]:
    assert isinstance(node, BNode)
    assert (node, RDF.type, SH.ValidationResult) in graph
    path = graph.value(node, SH.resultPath)
    assert path is not None
    return (
        str(graph.value(node, SH.resultSeverity)).removeprefix(str(SH)),
        str(graph.value(node, SH.focusNode)),
        str(shacl_path_to_sparql_path(ShapesGraph(graph), path)) if isinstance(path, BNode) else str(path),
        str(graph.value(node, SH.resultMessage)),
        str(graph.value(node, SH.sourceShape)),
        str(graph.value(node, SH.sourceConstraintComponent)).removeprefix(str(SH)),
    )


def test_all_formats_say_the_same_and_as_it_was_written() -> None:
    report = report_of([*pyshacl_report().results, *REPORT.results])
    graphs = [graph_of(report, name) for name in PARSERS]
    assert isomorphic(graphs[0], graphs[1])
    assert isomorphic(graphs[0], graphs[2])
    assert b'"01"^^<http://www.w3.org/2001/XMLSchema#integer>' in report_rdf(report, "ntriples")
    assert b'"say \\"hi\\"\\n\\\\" .' in report_rdf(report, "ntriples")
    assert b"/check> ." in report_rdf(report, "ntriples")
    assert report_rdf(report_of([CHECK]), "ntriples").count(b"#SPARQLConstraintComponent> .") == 1


@pytest.mark.parametrize("name", PARSERS)
def test_a_report_without_results_conforms(name: str) -> None:
    graph = graph_of(Report(()), name)
    assert {(predicate, value) for _, predicate, value in graph} == {
        (RDF.type, SH.ValidationReport),
        (SH.conforms, Literal(True)),
    }


def test_the_datatype_of_a_value_is_kept_and_counts_in_no_comparison() -> None:
    typed = replace(A, datatype=str(XSD.integer))
    assert typed == A
    assert hash(typed) == hash(A)
    assert [result.datatype for result in report_of([typed, A, typed]).results] == ["", str(XSD.integer)]
    found = {(result.value, result.datatype, result.language) for result in pyshacl_report().results}
    assert ("2", str(XSD.integer), "") in found
    assert ("nonsense", str(XSD.date), "") in found
    assert ("1", str(XSD.string), "") in found
    assert ("1", "", "en") in found
    assert (f"{EX}b", "", "") in found


def test_the_same_bytes_in_every_process() -> None:
    program = """
from kg.validation import Result, report_of, report_rdf
results = [Result("Info", f"x:{n % 3}", "^<x:p>", f"x:{n}", "m", "x:s", "check") for n in range(20)]
for name in ("turtle", "ntriples", "jsonld"):
    print(report_rdf(report_of(results), name))
"""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("0", "1")
    }
    assert len(outputs) == 1


STEPS = st.builds(Step, st.sampled_from(["x:p", "https://e.example/a(b)|c", "urn:x:*"]))


def paths() -> st.SearchStrategy[str]:
    """Paths as pySHACL writes them: what is put together stands in brackets, but for the outermost."""
    steps = st.builds(lambda step: f"<{step.iri}>", STEPS)
    return st.recursive(
        steps,
        lambda inner: (
            st.builds(lambda path: f"^{path}", inner)
            | st.builds(lambda path, sign: f"{path}{sign}", inner, st.sampled_from("*+?"))
            | st.builds(lambda parts: f"({' / '.join(parts)})", st.lists(inner, min_size=2, max_size=3))
            | st.builds(lambda parts: f"({' | '.join(parts)})", st.lists(inner, min_size=2, max_size=3))
        ),
        max_leaves=6,
    )


def written(path: Path) -> str:
    if isinstance(path, Step):
        return f"<{path.iri}>"
    parts = [written(part) for part in path.parts]
    signs = {"zeroOrMorePath": "*", "oneOrMorePath": "+", "zeroOrOnePath": "?"}
    if path.kind in signs:
        return parts[0] + signs[path.kind]
    if path.kind == "inversePath":
        return f"^{parts[0]}"
    return f"({(' / ' if path.kind == 'sequence' else ' | ').join(parts)})"


@settings(max_examples=300, deadline=None)
@given(text=paths())
def test_a_path_is_read_as_it_was_written(text: str) -> None:
    assert written(read_path(text)) == text


@pytest.mark.parametrize("text", ["<x:p> <x:q>", "(<x:p>", "<x:p> |", "^ <", "<x:p>)", "x<x:p>"])
def test_refuses_what_is_no_path(text: str) -> None:
    with pytest.raises(ValueError, match="path"):
        read_path(text)
