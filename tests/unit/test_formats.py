"""The table of formats: exact media types, one meaning for a name, the preferred format first."""

import pytest
from pyoxigraph import Literal, NamedNode, Quad, Store

from kg.formats import BOOLEAN, FORMATS, GRAPH, SOLUTIONS, Format, format_named, formats_for
from kg.store.results import run_query


@pytest.mark.parametrize(
    ("name", "form", "content_type"),
    [
        ("json", "SELECT", "application/sparql-results+json"),
        ("json", "ASK", "application/sparql-results+json"),
        ("xml", "SELECT", "application/sparql-results+xml"),
        ("csv", "SELECT", "text/csv; charset=utf-8"),
        ("tsv", "SELECT", "text/tab-separated-values; charset=utf-8"),
        ("turtle", "CONSTRUCT", "text/turtle; charset=utf-8"),
        ("ttl", "DESCRIBE", "text/turtle; charset=utf-8"),
        ("nt", "CONSTRUCT", "application/n-triples"),
        ("nq", "CONSTRUCT", "application/n-quads"),
        ("trig", "CONSTRUCT", "application/trig"),
        ("rdf", "CONSTRUCT", "application/rdf+xml"),
        ("xml", "CONSTRUCT", "application/rdf+xml"),
        ("jsonld", "CONSTRUCT", "application/ld+json"),
        ("json", "CONSTRUCT", "application/ld+json"),
        ("n3", "CONSTRUCT", "text/n3; charset=utf-8"),
        ("html", "SELECT", "text/html; charset=utf-8"),
        ("HTML", "CONSTRUCT", "text/html; charset=utf-8"),
        ("json-ld", "CONSTRUCT", "application/ld+json"),
        ("rdf+xml", "DESCRIBE", "application/rdf+xml"),
        ("application/json", "SELECT", "application/sparql-results+json"),
        ("application/json", "CONSTRUCT", "application/ld+json"),
        ("Text/Turtle", "CONSTRUCT", "text/turtle; charset=utf-8"),
        ("application/rdf xml", "CONSTRUCT", "application/rdf+xml"),
        ("turtle, text/csv,json", "SELECT", "text/csv; charset=utf-8"),
    ],
)
def test_a_name_means_one_exact_media_type(name: str, form: str, content_type: str) -> None:
    row = format_named(name, form)
    assert row is not None
    assert row.content_type == content_type


@pytest.mark.parametrize(
    ("name", "form"),
    [("turtle", "SELECT"), ("csv", "CONSTRUCT"), ("", "ASK"), (",", "ASK"), ("docx,image/png", "SELECT")],
)
def test_a_name_that_means_nothing_for_a_form_is_not_found(name: str, form: str) -> None:
    assert format_named(name, form) is None


@pytest.mark.parametrize(
    ("form", "first"), [("SELECT", "json"), ("ASK", "json"), ("CONSTRUCT", "turtle"), ("DESCRIBE", "turtle")]
)
def test_the_preferred_format_comes_first_and_html_last(form: str, first: str) -> None:
    names = [row.name for row in formats_for(form)]
    assert (names[0], names[-1]) == (first, "html")


@pytest.mark.parametrize("form", ["SELECT", "ASK", "CONSTRUCT", "DESCRIBE"])
def test_names_and_media_types_are_not_shared_within_a_form(form: str) -> None:
    rows = formats_for(form)
    names = [name for row in rows for name in (row.name, *row.other_names)]
    media_types = [media_type for row in rows for media_type in (row.media_type, *row.other_media_types)]
    assert len(set(names)) == len(names)
    assert len(set(media_types)) == len(media_types)


def test_every_row_carries_some_kind_of_answer() -> None:
    assert len(FORMATS) == 12
    assert all(row.kinds for row in FORMATS)


LINES = ["", "x", "\n", "\r\n", '"bindings":[]}}', "<results></results></sparql>", "[]", '">\n</rdf:RDF>', "false"]


WRITTEN = [row for row in FORMATS if row.name != "html"]


def test_all_formats_but_html_are_tried() -> None:
    assert len(WRITTEN) == 11


@pytest.mark.parametrize("row", WRITTEN, ids=lambda row: row.name)
def test_an_empty_answer_is_told_from_any_other(row: Format) -> None:
    store = Store()
    for text in LINES:
        store.add(Quad(NamedNode("x:s"), NamedNode("x:p"), Literal(text)))
    queries = {SOLUTIONS: "SELECT ?o ?none", BOOLEAN: "ASK", GRAPH: "CONSTRUCT { ?s ?p ?o }"}
    for kind in row.kinds:
        for number, condition in enumerate(
            ["FILTER (false)", *(f"FILTER (STR(?o) = {Literal(text)})" for text in LINES)]
        ):
            query = f"{queries[kind]} WHERE {{ ?s ?p ?o {condition} }}"
            written = run_query(store, query).serialize(row.name, {"x": "x:"})
            assert row.is_empty(written) == (number == 0)
    if SOLUTIONS in row.kinds:
        assert not row.is_empty(run_query(store, "SELECT ?none {}").serialize(row.name, {}))
        assert row.is_empty(run_query(store, "SELECT * {} LIMIT 0").serialize(row.name, {}))
