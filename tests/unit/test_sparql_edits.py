"""Parts of a query that are read or replaced by tokens: projection, dataset clause, prologue, bound parameters."""

import pyoxigraph
import pytest

from kg.sparql import Limits, bind, dataset_clause, iri_term, projection, prologue, string_term, tokenize, vet


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("SELECT ?a $b { ?a ?x $b }", ("a", "b")),
        ("SELECT REDUCED ?a FROM <x:g> { ?a ?p ?c }", ("a",)),
        ("SELECT (COUNT(?x) AS ?n) (STR(?y) AS ?z) ?w WHERE {}", ("n", "z", "w")),
        ("SELECT ?a { { SELECT ?b { ?b ?c ?a } } }", ("a",)),
        ("SELECT * { ?s ?p ?o }", None),
        ("ASK { ?s ?p ?o }", None),
    ],
)
def test_projection(text: str, names: tuple[str, ...] | None) -> None:
    assert projection(tokenize(text)) == names


def test_dataset_clause_is_read_from_the_query_and_not_from_its_strings() -> None:
    clause = dataset_clause(
        tokenize("SELECT * FROM <x:a> from x:b FROM NAMED <x:c> # FROM <x:d>\n { ?s ?p 'FROM <x:e>' }")
    )
    assert (clause.default, clause.named) == (("<x:a>", "x:b"), ("<x:c>",))
    assert clause
    assert not dataset_clause(tokenize("SELECT ?FROM { ?FROM ?p ?o }"))


def test_prologue_ends_where_the_query_starts() -> None:
    text = "BASE <http://b/> # c\nPREFIX a: <x:>\nSELECT * { BIND(a:BASE AS ?x) }"
    assert prologue(tokenize(text)) == "BASE <http://b/> PREFIX a: <x:>"


def test_binding_replaces_one_term_wherever_it_is_given_and_nothing_else() -> None:
    text = "SELECT ?x { VALUES ?x { ex:a } # VALUES ?x { ex:a }\n ?x ?p 'VALUES ?x { ex:a }' { VALUES $x {'b'@en} } }"
    bound = bind(text, {"x": "<x:new>"})
    assert (
        bound == "SELECT ?x { VALUES ?x { <x:new> } # VALUES ?x { ex:a }\n"
        " ?x ?p 'VALUES ?x { ex:a }' { VALUES $x {<x:new>} } }"
    )


@pytest.mark.parametrize(
    "place", ["VALUES ?x { 1 2 }", "VALUES (?x) { (1) }", "VALUES ?x { UNDEF }", "VALUES ?x {}", "VALUES ?y { 1 }"]
)
def test_binding_refuses_a_query_without_a_single_term_for_the_parameter(place: str) -> None:
    with pytest.raises(ValueError, match="VALUES"):
        bind(f"SELECT ?x {{ {place} }}", {"x": "1"})


@pytest.mark.parametrize("term", ["1 2", "<x:a> } } DROP ALL #", "'a' 'b'", "", "?y", "UNDEF", "'open", "<a b>", "[]"])
def test_binding_refuses_what_is_not_one_term(term: str) -> None:
    with pytest.raises(ValueError, match="not one RDF term"):
        bind("SELECT ?x { VALUES ?x { 1 } }", {"x": term})


NASTY = ['"', "\\", "\n\r\t\b\f", "' } DROP ALL #", "\\u0022", "\x00\x1f", "é 漢 😀", '"""', "{| |}", "a\\"]


@pytest.mark.parametrize("value", NASTY)
def test_a_bound_string_comes_back_as_it_was(value: str) -> None:
    text = bind("SELECT ?x { VALUES ?x { 'default' } }", {"x": string_term(value)})
    [solution] = pyoxigraph.Store().query(text)  # type: ignore[misc]
    assert solution["x"] == pyoxigraph.Literal(value)


def test_a_language_tag_and_a_datatype_come_back() -> None:
    assert string_term("chat", language="fr") == '"chat"@fr'
    assert string_term("1", datatype="http://www.w3.org/2001/XMLSchema#integer").endswith("#integer>")


@pytest.mark.parametrize(
    "iri", ["a", "", "http://a b", "http://a>", "x:<", "x:\\", "http://a/\n", "http://a/{b}", "x:\ud800", "<x:a>"]
)
def test_refuses_what_is_not_an_absolute_iri(iri: str) -> None:
    with pytest.raises(ValueError, match="not an absolute IRI"):
        iri_term(iri)


@pytest.mark.parametrize("language", ["en us", "e1", "toolongtag", "-", "en-"])
def test_refuses_what_is_not_a_language_tag(language: str) -> None:
    with pytest.raises(ValueError, match="not a language tag"):
        string_term("a", language=language)


def test_refuses_half_a_character() -> None:
    with pytest.raises(ValueError, match="half a character"):
        string_term("\udc80")


@pytest.mark.parametrize(
    "name", ["x:a.b.c", "x:I.d.2.n1", "x:som28-mpr.I.a.1", ":a.b.c.d", r"x:a\-b.c.d", "x:a.b%20.c", "x:a..b.c"]
)
def test_a_name_with_several_dots_is_asked_as_the_iri_that_it_stands_for(name: str) -> None:
    text = f"PREFIX x: <http://e/x/> PREFIX : <http://e/> ASK {{ {name} ?p ?o }} # {name}"
    query = vet(text, Limits())
    store = pyoxigraph.Store()
    local = name.partition(":")[2].replace("\\", "")
    node = pyoxigraph.NamedNode(f"http://e/{'x/' if name[0] == 'x' else ''}{local}")
    assert not bool(store.query(query.text))
    store.add(pyoxigraph.Quad(node, node, node))
    assert bool(store.query(query.text))


def test_names_that_the_engine_reads_and_strings_stay_as_they_are() -> None:
    text = 'PREFIX x: <http://e/> SELECT * { x:a.b ?p "x:a.b.c" . y:a.b ?q ?r }'
    assert vet(text, Limits()).text == text
