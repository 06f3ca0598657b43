"""What XML cannot hold is an error, and never ill-formed XML."""

from __future__ import annotations

import io
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Quad, Store

from kg.errors import QueryError
from kg.store.results import run_query

# None of the characters that names got with the fifth edition of XML 1.0: this parser does not know those.
PIECES = st.lists(st.sampled_from([*"ab_-.19:/é·\u0300\u037e\u2190", "%20", "%c3"]), max_size=4).map("".join)
NAMES = st.tuples(PIECES, st.sampled_from(["", "#"]), PIECES).map("".join)


def parsed(text: bytes) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own answer


def written(store: Store, text: str, format_name: str) -> bytes:
    output = io.BytesIO()
    run_query(store, text).write(format_name, {"e": "http://e/"}, output)
    return output.getvalue()


def graph_with(predicate: str) -> str | bytes:
    """A graph with a predicate in RDF/XML, or the error of it."""
    store = Store()
    store.add(Quad(NamedNode("http://s/"), NamedNode(predicate), NamedNode("http://o/")))
    try:
        return written(store, "DESCRIBE <http://s/>", "rdfxml")
    except QueryError as error:
        return f"{error}; {error.remedy}"


@given(NAMES)
def test_a_graph_is_well_formed_or_an_error_that_names_the_predicate(name: str) -> None:
    told = graph_with(f"http://e/{name}")
    if isinstance(told, str):
        assert f"<http://e/{name}>" in told
        assert "Turtle" in told
    else:
        ((element,),) = parsed(told)
        assert element.tag.replace("{", "").replace("}", "") == f"http://e/{name}"


@pytest.mark.parametrize("name", ["p", "1b", "é", "a1", "-x", "p/q"])
def test_a_predicate_fits_that_ends_in_a_name(name: str) -> None:
    assert isinstance(graph_with(f"http://e/{name}"), bytes)


@pytest.mark.parametrize("name", ["1", "", "x#", "a:1", "%20"])
def test_a_predicate_that_ends_in_none_does_not(name: str) -> None:
    assert "ends in no name" in str(graph_with(f"http://e/{name}"))


@pytest.mark.parametrize(
    ("query", "format_name"),
    [
        ("SELECT ('{}' AS ?x) {{}}", "xml"),
        ("CONSTRUCT {{ <http://s/> <http://e/p> '{}' }} WHERE {{}}", "rdfxml"),
    ],
)
@pytest.mark.parametrize("character", [chr(code) for code in (*range(1, 0x20), 0x7F, 0x85, 0xFFFD, 0xFFFE, 0xFFFF)])
def test_an_answer_is_well_formed_or_an_error_that_names_the_character(
    query: str, format_name: str, character: str
) -> None:
    text = query.format(f"a\\u{ord(character):04X}b")
    if character in "\t\n\r\x7f\x85\ufffd":
        assert parsed(written(Store(), text, format_name))
    else:
        with pytest.raises(QueryError, match=f"U\\+{ord(character):04X}"):
            written(Store(), text, format_name)
