"""Shapes are checked when they are read, and the verdict on data is that of pySHACL."""

import pyshacl
import pytest
from rdflib import BNode, Graph, URIRef
from rdflib.namespace import SH

from kg.errors import ContentError
from kg.validation import Report, Result, load_shapes, report_of, report_text, validate

PREFIXES = """\
@prefix ex: <https://example.org/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
NAME = """
ex:Thing a sh:NodeShape ; sh:targetClass ex:Class ; sh:property ex:Thing-name .
ex:Thing-name sh:path ex:name ; sh:minCount 1 ; sh:severity sh:Violation ; sh:message "No name; give it one." .
"""
ORDER = """
<https://example.org/> sh:declare [ sh:prefix "ex" ; sh:namespace "https://example.org/"^^xsd:anyURI ] .
ex:Span a sh:NodeShape ; sh:targetClass ex:Class ; sh:severity sh:Warning ; sh:sparql [
    sh:message "It ends before it starts; correct one of the two." ; sh:prefixes <https://example.org/> ;
    sh:select "SELECT $this ?value WHERE { $this ex:start ?start ; ex:end ?value . FILTER (?value < ?start) }" ] .
"""
TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
DATA = "".join(
    f"<https://example.org/{name}> {TYPE} <https://example.org/Class> .\n"
    f"<https://example.org/{name}> <https://example.org/start> {start} .\n"
    f"<https://example.org/{name}> <https://example.org/end> {end} .\n"
    for name, start, end in (("a", '"1"', '"2"'), ("b", '"2"', '"1"'), ("c", '"3"', '"1"'))
).encode()
NAMED = DATA + b'<https://example.org/a> <https://example.org/name> "A" .\n'


def test_a_property_shape_and_a_sparql_constraint_report_what_is_wrong() -> None:
    report = validate(NAMED, load_shapes([("shapes/x.ttl", PREFIXES + NAME + ORDER)]))
    assert [(result.severity, result.focus[-1], result.path, result.value) for result in report.results] == [
        ("Violation", "b", "https://example.org/name", ""),
        ("Violation", "c", "https://example.org/name", ""),
        ("Warning", "b", "", "1"),
        ("Warning", "c", "", "1"),
    ]
    assert {result.shape for result in report.results} == {"https://example.org/Thing-name", "https://example.org/Span"}
    assert not report.conforms


def test_warnings_alone_conform() -> None:
    assert validate(NAMED, load_shapes([("shapes/x.ttl", PREFIXES + ORDER)])).conforms


def test_shapes_of_others_are_taken_as_the_standard_has_them() -> None:
    """Source: SHACL §2.1.4: what has no severity is a Violation."""
    bare = """
        [] a sh:NodeShape ; sh:targetClass ex:Class ; sh:node ex:NowhereDescribed ;
            sh:property [ sh:path ex:name ; sh:minCount 1 ] .
    """
    with pytest.raises(ContentError):
        load_shapes([("theirs", PREFIXES + bare)])
    report = validate(NAMED, load_shapes([("theirs", PREFIXES + bare)], reports=False))
    assert [(result.severity, result.focus[-1]) for result in report.results] == [
        ("Violation", "b"),
        ("Violation", "c"),
    ]
    named = PREFIXES + NAME.replace("sh:Violation", "sh:Grave")
    with pytest.raises(ContentError, match="another severity"):
        load_shapes([("theirs", named)], reports=False)


@pytest.mark.parametrize("reports", [True, False])
def test_a_misspelled_constraint_is_told_with_what_was_meant(*, reports: bool) -> None:
    for wrong, meant in (("sh:minCoun", "did you mean sh:minCount?"), ("sh:colour", "see SHACL §4")):
        with pytest.raises(ContentError) as refused:
            load_shapes([("x.ttl", PREFIXES + NAME.replace("sh:minCount", wrong))], reports=reports)
        assert meant in refused.value.remedy
        assert refused.value.line == 6


def test_parsing_a_query_once_changes_no_verdict() -> None:
    text = PREFIXES + NAME + ORDER
    shapes = Graph().parse(data=text, format="turtle")
    _, _, expected = pyshacl.validate(Graph().parse(data=NAMED, format="nt"), shacl_graph=shapes)
    report = validate(NAMED, load_shapes([("shapes/x.ttl", text)]))
    assert f"Results ({len(report.results)})" in expected


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ("ex:Thing a ex:Unfinished", "not Turtle"),
        (NAME.replace('; sh:message "No name; give it one."', ""), "has no message"),
        (NAME.replace("sh:severity sh:Violation ;", ""), "has no severity"),
        (NAME.replace("sh:minCount", "sh:minCoun"), "sh:minCoun is no term of SHACL"),
        (NAME.replace("sh:property ex:Thing-name", "sh:property ex:Elsewhere"), "is described in no file"),
        (ORDER.replace("ex:start ?start", "other:start ?start"), "cannot be used"),
        (ORDER.replace("WHERE", "FROM <https://example.org/g> WHERE"), "cannot be used"),
        (ORDER.replace("{ $this", "{ SERVICE <https://example.org/s> { ?a ?b ?c } $this"), "cannot be used"),
    ],
)
def test_refuses_shapes_that_could_not_judge(shapes: str, message: str) -> None:
    with pytest.raises(ContentError, match=message) as caught:
        load_shapes([("shapes/x.ttl", PREFIXES + shapes)])
    assert caught.value.file == "shapes/x.ttl"
    assert caught.value.remedy


def test_the_text_names_file_entity_place_and_remedy() -> None:
    result = Result(
        "Violation", "https://example.org/b", "https://example.org/name", "", "Give it one.", "x:s", "MinCount"
    )
    text = report_text(
        report_of([result, result]),
        label_of={"https://example.org/b": "The second"}.__getitem__,
        file_of={"https://example.org/b": "data/x.trig"}.__getitem__,
        shorten=lambda iri: iri.replace("https://example.org/", "ex:"),
    )
    for part in ("data/x.trig", "The second (ex:b)", "at ex:name", "Give it one.", "Does not conform: 1 Violation"):
        assert part in text
    assert Report(()).conforms


def test_a_result_of_a_shape_without_a_name_names_the_shape_around_it() -> None:
    nested = """
ex:Thing a sh:NodeShape ; sh:targetClass ex:Class ; sh:property ex:Thing-maker .
ex:Thing-maker sh:path ex:maker ; sh:severity sh:Violation ; sh:message "Its maker has no name; give it one." ;
    sh:minCount 1 ; sh:node [ sh:property [ sh:path ex:name ; sh:minCount 1 ; sh:message "No name." ] ] .
"""
    shapes = load_shapes([("shapes/x.ttl", PREFIXES + nested)])
    maker = URIRef("https://example.org/Thing-maker")
    [inner] = [shape for shape in shapes.graph.objects(maker, SH.node) if isinstance(shape, BNode)]
    [innermost] = shapes.graph.objects(inner, SH.property)
    assert isinstance(innermost, BNode)
    assert shapes.name_of(maker) == shapes.name_of(inner) == shapes.name_of(innermost) == str(maker)
    assert shapes.name_of(BNode()) == shapes.name_of(None) == ""
