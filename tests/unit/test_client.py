"""The client for notebooks: values, frames and names, without any graph."""

from __future__ import annotations

import sys
from decimal import Decimal

import pytest
import rdflib
from rdflib import XSD, Literal, URIRef

from kg.client import Parameter, Question, Result
from kg.client.questions import find_question, texts_of
from kg.client.sent import sent_of
from kg.client.shown import table_html
from kg.client.values import value_of
from kg.errors import ContentError, KgError, QueryRefused


def question(name: str, notation: str = "") -> Question:
    parameters = (Parameter("year", "integer", "Year", "2022"),)
    return Question(name, name.title(), "", notation, parameters, {})


QUESTIONS = (question("a/one", "Q1"), question("b/one"), question("b/timeline-of-events"))


@pytest.mark.parametrize(
    ("text", "datatype", "value"),
    [
        ("007", XSD.integer, 7),
        ("7.10", XSD.decimal, Decimal("7.10")),
        ("INF", XSD.double, float("inf")),
        ("maybe", XSD.boolean, "maybe"),
        ("9" * 5000, XSD.integer, "9" * 5000),
        ("2022", XSD.gYear, "2022"),
        ("<p/>", URIRef("http://www.w3.org/1999/02/22-rdf-syntax-ns#HTML"), "<p/>"),
    ],
)
def test_a_literal_has_a_value_or_stays_a_text(text: str, datatype: URIRef, value: object) -> None:
    found = value_of(Literal(text, datatype=datatype, normalize=False))
    assert found == value
    assert type(found) is type(value)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(KgError, match="pandas is not installed") as caught:
        Result(("x",), ((Literal(1),),)).to_pandas()
    assert "pip install pandas" in caught.value.remedy


def test_a_column_of_several_kinds_becomes_text() -> None:
    mixed = Result(("x", "y"), ((Literal(1), Literal(1)), (URIRef("urn:a"), Literal(2.5)), (None, None)))
    frame = mixed.to_polars()
    assert frame["x"].to_list() == ["1", "urn:a", None]
    assert frame["y"].to_list() == [1.0, 2.5, None]


def test_an_empty_text_in_a_graph_is_kept() -> None:
    triple = (URIRef("urn:a"), URIRef("urn:b"), Literal(""))
    assert set(Result(("subject", "predicate", "object"), (triple,), is_graph=True).graph()) == {triple}


@pytest.mark.parametrize(
    ("name", "found"), [("a/one", "a/one"), ("Q1", "a/one"), ("timeline-of-events", "b/timeline-of-events")]
)
def test_a_question_has_several_names(name: str, found: str) -> None:
    assert find_question(name, QUESTIONS).id == found


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("one", "write one of a/one, b/one"),
        ("timeline", "did you mean b/timeline-of-events?"),
        ("", "`graph.questions`"),
    ],
)
def test_a_wrong_name_is_explained(name: str, remedy: str) -> None:
    with pytest.raises(QueryRefused) as caught:
        find_question(name, QUESTIONS)
    assert remedy in caught.value.remedy


def test_values_are_written_as_text() -> None:
    assert texts_of(QUESTIONS[0], {"year": 2022}) == {"year": "2022"}
    with pytest.raises(QueryRefused, match="a bool cannot be given"):
        texts_of(QUESTIONS[0], {"year": True})


def test_what_is_sent_is_a_text_unless_it_names_a_file() -> None:
    assert sent_of("<urn:a> a <urn:b> .", media_type="", class_name="").name == "text.ttl"
    assert sent_of(rdflib.Graph(), media_type="", class_name="").data.strip() == b""
    with pytest.raises(ContentError, match=r"missing\.csv: cannot be read"):
        sent_of("missing.csv", media_type="", class_name="")
    with pytest.raises(ContentError, match="a dict cannot be sent"):
        sent_of({}, media_type="", class_name="")  # type: ignore[arg-type]


def test_long_tables_and_texts_are_cut() -> None:
    shown = table_html(["<x>"], [[Literal("y" * 1000)]] * 80)
    assert shown.count("<tr>") == 51
    assert "&lt;x&gt;" in shown
    assert "y" * 301 not in shown
    assert "the first 50 of 80 rows" in shown
