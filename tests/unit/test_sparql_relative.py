"""Relative IRIs of a text, written in whole for the address that the text was sent to."""

import pytest

from kg.sparql import Limits, Token, significant, tokenize, vet
from kg.sparql.relative import first_relative, is_misspelt, resolve

BASE = "http://a/b/c/d;p?q"
# Source: RFC 3986 §5.4.1 and §5.4.2, without the references that have a scheme.
EXAMPLES = {
    "g": "http://a/b/c/g",
    "./g": "http://a/b/c/g",
    "g/": "http://a/b/c/g/",
    "/g": "http://a/g",
    "//g": "http://g",
    "?y": "http://a/b/c/d;p?y",
    "g?y": "http://a/b/c/g?y",
    "#s": "http://a/b/c/d;p?q#s",
    "g#s": "http://a/b/c/g#s",
    "g?y#s": "http://a/b/c/g?y#s",
    ";x": "http://a/b/c/;x",
    "g;x": "http://a/b/c/g;x",
    "g;x?y#s": "http://a/b/c/g;x?y#s",
    "": "http://a/b/c/d;p?q",
    ".": "http://a/b/c/",
    "./": "http://a/b/c/",
    "..": "http://a/b/",
    "../": "http://a/b/",
    "../g": "http://a/b/g",
    "../..": "http://a/",
    "../../": "http://a/",
    "../../g": "http://a/g",
    "../../../g": "http://a/g",
    "../../../../g": "http://a/g",
    "/./g": "http://a/g",
    "/../g": "http://a/g",
    "g.": "http://a/b/c/g.",
    ".g": "http://a/b/c/.g",
    "g..": "http://a/b/c/g..",
    "..g": "http://a/b/c/..g",
    "./../g": "http://a/b/g",
    "./g/.": "http://a/b/c/g/",
    "g/./h": "http://a/b/c/g/h",
    "g/../h": "http://a/b/c/h",
    "g;x=1/./y": "http://a/b/c/g;x=1/y",
    "g;x=1/../y": "http://a/b/c/y",
    "g?y/./x": "http://a/b/c/g?y/./x",
    "g?y/../x": "http://a/b/c/g?y/../x",
    "g#s/./x": "http://a/b/c/g#s/./x",
    "g#s/../x": "http://a/b/c/g#s/../x",
}


@pytest.mark.parametrize("reference", EXAMPLES)
def test_a_reference_is_resolved_as_the_standard_has_it(reference: str) -> None:
    assert resolve(reference, BASE) == EXAMPLES[reference]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("ASK { <a> <#b> <c:d> }", "ASK { <http://e/a> <http://e/sparql#b> <c:d> }"),
        ("PREFIX : <#> ASK { :a ?p <a> }", "PREFIX : <http://e/sparql#> ASK { :a ?p <http://e/a> }"),
        ("BASE <http://f/> ASK { <a> ?p ?o }", "BASE <http://f/> ASK { <a> ?p ?o }"),
        (
            "PREFIX : <x> BASE <y/> PREFIX z: <z> ASK { <a> ?p ?o }",
            "PREFIX : <http://e/x> BASE <http://e/y/> PREFIX z: <z> ASK { <a> ?p ?o }",
        ),
        ("ASK { ?s ?p '<a>' } # <a>", "ASK { ?s ?p '<a>' }      "),
        (r"ASK { <\u0061> <\u0061:b> ?o }", r"ASK { <http://e/a> <\u0061:b> ?o }"),
        (r"ASK { <a\u003E> <\UFFFFFFFF> <\uD800> }", r"ASK { <a\u003E> <\UFFFFFFFF> <\uD800> }"),
    ],
)
def test_relative_iris_are_written_in_whole_as_far_as_no_base_is_for_them(text: str, whole: str) -> None:
    query = vet(text, Limits(), base="http://e/sparql")
    assert (query.text, query.written) == (whole, text)
    assert vet(text, Limits()).text == text.replace("# <a>", "     ")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ASK { <a> ?p ?o }", "<a>"),
        ("ASK { <x:a> ?p <#b> }", "<#b>"),
        ("ASK { <x:a> ?p ?o }", None),
        ("BASE <x:y> ASK { <a> ?p ?o }", None),
        ("PREFIX : <p#> BASE <x:y> ASK { :a ?p ?o }", "<p#>"),
        ("ASK { ?s ?p '<a>' } # <b>", None),
    ],
)
def test_the_first_relative_iri_without_a_base_is_found(text: str, found: str | None) -> None:
    token = first_relative(significant(tokenize(text)))
    assert (token.text if token else None) == found


@pytest.mark.parametrize(
    ("iri", "misspelt"),
    [
        ("<ht$ps://x>", True),
        ("<://a/>", True),
        ("<1http://x>", True),
        ("<:>", True),
        ("<a b:c>", False),
        (r"<1\u003Ab>", True),
        (r"<a\u003Ab>", False),
        ("<a:b>", False),
        ("<a/b:c>", False),
        ("<./1:c>", False),
        ("<//a:80/>", False),
        ("<?a:b>", False),
        ("<#a:b>", False),
    ],
)
def test_a_colon_in_the_first_segment_makes_no_relative_reference(iri: str, misspelt: bool) -> None:
    assert is_misspelt(Token("iri", iri, 0)) is misspelt
