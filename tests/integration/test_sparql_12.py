"""SPARQL 1.2 and RDF 1.2, as far as the engine has them: asked over the endpoint, answered in each format.

Source: SPARQL 1.2 Query; SPARQL 1.2 Query Results JSON and XML; RDF 1.2 Turtle, N-Triples, RDF/XML.
"""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient

from kg.settings import Settings
from kg.web import create_app
from tests.protocol import problem_of

PREFIX = "PREFIX : <http://e/> "
TRIPLE = 'SELECT ?t { VALUES ?t { <<( :s :p "x"@ar--rtl )>> } }'
RESULTS = "{http://www.w3.org/2005/sparql-results#}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
ITS_DIR = "{http://www.w3.org/2005/11/its}dir"


@pytest.fixture
def client(library: Path) -> FlaskClient:
    return create_app(Settings(state=library)).test_client()


def ask(client: FlaskClient, query: str, format_name: str) -> Any:
    response = client.get("/sparql", query_string={"query": PREFIX + query, "format": format_name})
    assert response.status_code == 200, response.text
    return json.loads(response.data) if format_name == "json" else response.text


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("TRIPLE(:s, :p, 1)", "<<( <http://e/s> <http://e/p> 1 )>>"),
        (
            "<<( :s :p <<( :a :b :c )>> )>>",
            "<<( <http://e/s> <http://e/p> <<( <http://e/a> <http://e/b> <http://e/c> )>> )>>",
        ),
        ("SUBJECT(<<( :s :p :o )>>)", "<http://e/s>"),
        ("PREDICATE(<<( :s :p :o )>>)", "<http://e/p>"),
        ("OBJECT(<<( :s :p :o )>>)", "<http://e/o>"),
        ("isTRIPLE(<<( :s :p :o )>>)", "true"),
        ("isTRIPLE(:s)", "false"),
        ("sameTerm(<<( :s :p 1 )>>, TRIPLE(:s, :p, 1))", "true"),
        ('"x"@ar--rtl', '"x"@ar--rtl'),
        ('STRLANGDIR("x", "he", "rtl")', '"x"@he--rtl'),
        ('LANG("x"@ar--rtl)', '"ar"'),
        ('LANGDIR("x"@ar--rtl)', '"rtl"'),
        ('LANGDIR("x"@ar)', '""'),
        ('hasLANG("x"@ar--rtl)', "true"),
        ('hasLANGDIR("x"@ar--rtl)', "true"),
        ('hasLANGDIR("x"@ar)', "false"),
        ('"x"@ar--rtl = "x"@ar', "false"),
    ],
)
def test_functions_and_terms(client: FlaskClient, expression: str, value: str) -> None:
    assert ask(client, f"SELECT ?v {{ BIND({expression} AS ?v) }}", "tsv").splitlines()[1] == value
    assert ask(client, f'VERSION "1.2" SELECT ({expression} AS ?v) {{}}', "tsv").splitlines()[1] == value


@pytest.mark.parametrize(
    "pattern",
    [
        "?s ?p <<( ?a ?b ?c )>>",
        "<< ?a ?b ?c >> ?p ?o",
        "<< ?a ?b ?c ~ ?r >> ?p ?o",
        "?a ?b ?c ~ ?r {| ?p ?o |}",
        "?a ?b ?c {| ?p ?o ; :q <<( ?o ?p ?a )>> |} {| ?q ?u |}",
        "?r <http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies> ?t FILTER(SUBJECT(?t) = ?r)",
    ],
)
def test_patterns_are_read_and_find_nothing_where_there_is_nothing(client: FlaskClient, pattern: str) -> None:
    assert ask(client, f"ASK {{ {pattern} }}", "json")["boolean"] is False


def test_a_triple_in_json(client: FlaskClient) -> None:
    (row,) = ask(client, TRIPLE, "json")["results"]["bindings"]
    parts = {
        "subject": {"type": "uri", "value": "http://e/s"},
        "predicate": {"type": "uri", "value": "http://e/p"},
        "object": {"type": "literal", "value": "x", "xml:lang": "ar", "its:dir": "rtl"},
    }
    assert row == {"t": {"type": "triple", "value": parts}}


def test_a_triple_in_xml(client: FlaskClient) -> None:
    (triple,) = ET.fromstring(ask(client, TRIPLE, "xml")).iter(f"{RESULTS}triple")  # noqa: S314 - our own answer
    subject, predicate, value = (part[0] for part in triple)
    assert [part.tag.removeprefix(RESULTS) for part in triple] == ["subject", "predicate", "object"]
    assert (subject.text, predicate.text, value.text) == ("http://e/s", "http://e/p", "x")
    assert (value.get(XML_LANG), value.get(ITS_DIR)) == ("ar", "rtl")


def test_a_triple_in_tables(client: FlaskClient) -> None:
    assert ask(client, TRIPLE, "tsv") == '?t\n<<( <http://e/s> <http://e/p> "x"@ar--rtl )>>\n'
    assert ask(client, TRIPLE, "csv") == "t\r\nhttp://e/s http://e/p x\r\n"
    assert "&lt;http://e/s&gt; &lt;http://e/p&gt; &#34;x&#34;@ar--rtl" in ask(client, TRIPLE, "html")


@pytest.mark.parametrize(
    ("format_name", "written"),
    [
        ("ntriples", '<http://e/t> <http://e/of> <<( <http://e/s> <http://e/p> "x"@ar--rtl )>> .'),
        ("turtle", '<<( <http://e/s> <http://e/p> "x"@ar--rtl )>>'),
        ("trig", '<<( <http://e/s> <http://e/p> "x"@ar--rtl )>>'),
        ("nquads", '<http://e/t> <http://e/of> <<( <http://e/s> <http://e/p> "x"@ar--rtl )>> .'),
        ("rdfxml", 'rdf:parseType="Triple"'),
    ],
)
def test_a_triple_in_graphs(client: FlaskClient, format_name: str, written: str) -> None:
    construct = 'CONSTRUCT { :t :of <<( :s :p "x"@ar--rtl )>> } WHERE {}'
    assert written in ask(client, construct, format_name)


def test_json_ld_has_no_triple_in_a_triple(client: FlaskClient) -> None:
    query = {"query": PREFIX + "CONSTRUCT { :t :of <<( :s :p :o )>> } WHERE {}", "format": "jsonld"}
    assert problem_of(client.get("/sparql", query_string=query), 422)
