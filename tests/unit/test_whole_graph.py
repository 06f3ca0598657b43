"""Queries for a whole graph: told from all others, and answered as the engine would answer them."""

import pyoxigraph
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import QuerySyntax
from kg.formats import formats_for
from kg.sparql import WholeGraph, whole_graph
from kg.store.results import run_query

QUADS = """
<x:a> <x:p> 1 , "two"@en , _:node ; <x:q> <x:b> .
_:node <x:p> "three" .
<x:one> { <x:a> <x:p> 1 . <x:c> <x:p> _:node }
<x:two> { <x:a> <x:p> 1 . <x:p> <x:p> <x:p> }
"""


@pytest.fixture(scope="module")
def store() -> pyoxigraph.Store:
    loaded = pyoxigraph.Store()
    loaded.load(QUADS, format=pyoxigraph.RdfFormat.TRIG)
    return loaded


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", WholeGraph("", None)),
        ("construct{$a?b?c.}{?a$b?c.}#", WholeGraph("", None)),
        ("# all\nCONSTRUCT # {\n WHERE # }\n {\n?s\t?p\r\n?o . # .\n }\n", WholeGraph("", None)),
        ("CONSTRUCT WHERE { ?s ?p ?o } limit 2", WholeGraph("", 2)),
        ("CONSTRUCT WHERE { ?s ?p ?o }LIMIT#\n0", WholeGraph("", 0)),
        ("CONSTRUCT { ?s ?p ?o } WHERE { GRAPH<x:one>{ ?s ?p ?o } }", WholeGraph("x:one", None)),
        ("CONSTRUCT { ?s ?p ?o } { graph <x:two> { ?s ?p ?o . } . } LIMIT 1", WholeGraph("x:two", 1)),
        ("CONSTRUCT { ?s ?p ?o } WHERE { GRAPH <x:none> { ?s ?p ?o } }", WholeGraph("x:none", None)),
    ],
)
def test_a_whole_graph_is_told_and_read_as_the_engine_would(
    store: pyoxigraph.Store, text: str, whole: WholeGraph
) -> None:
    assert whole_graph(text) == whole
    assert list(run_query(store, text).triples()) == list(store.query(text))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "CONSTRUCT { ?o ?p ?s } WHERE { ?s ?p ?o }",
        "CONSTRUCT { ?s ?p ?p } WHERE { ?s ?p ?o }",
        "CONSTRUCT { ?s ?p ?O } WHERE { ?s ?p ?o }",
        "CONSTRUCT WHERE { ?s ?s ?o }",
        "CONSTRUCT WHERE { ?s ?p ?s }",
        "CONSTRUCT { ?s ?p#x\n?o } WHERE { ?s#p\n?x?o }",
        "CONSTRUCT WHERE { ?s ?p 1 }",
        "CONSTRUCT WHERE { ?s a ?o }",
        "CONSTRUCT WHERE { ?s ?p ?o . ?o ?q ?r }",
        "CONSTRUCT WHERE { ?s ?p ?o ; ?q ?r }",
        "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o FILTER isLiteral(?o) }",
        "CONSTRUCT { ?s ?p ?o } WHERE { { ?s ?p ?o } UNION { ?s ?p ?o } }",
        "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH ?g { ?s ?p ?o } }",
        "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH <one> { ?s ?p ?o } }",
        "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH <x:\\u006fne> { ?s ?p ?o } }",
        "CONSTRUCT WHERE { GRAPH <x:one> { ?s ?p ?o } }",
        "CONSTRUCT WHERE { ?s ?p ?o } OFFSET 1",
        "CONSTRUCT WHERE { ?s ?p ?o } LIMIT2",
        "CONSTRUCT WHERE { ?s ?p ?o } ORDER BY ?s",
        "CONSTRUCT { ?s ?p ?o } FROM <x:one> WHERE { ?s ?p ?o }",
        "PREFIX x: <x:> CONSTRUCT WHERE { ?s ?p ?o }",
        "CONSTRUCT { ?s ?p ?o }",
        "CONSTRUCTWHERE { ?s ?p ?o }",
        "CONSTRUCT WHERE { ?s\u00b7 ?p ?o }",
        "CONSTRUCT WHERE { ?s ?p ?o } # \n }",
        "SELECT * WHERE { ?s ?p ?o }",
        "DESCRIBE * WHERE { ?s ?p ?o }",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert whole_graph(text) is None


FORMATS = [row.name for row in formats_for("CONSTRUCT") if row.name != "html"]
LIKELY = st.tuples(
    st.sampled_from(["CONSTRUCT", "construct ", "CONSTRUCT #\n"]),
    st.sampled_from(["{ ?s ?p ?o }", "{?s?p?o.}", "{ ?o ?p ?s }", "{ ?s ?p ?o ?s }", "{ ?s ?p ?s }", ""]),
    st.sampled_from(["WHERE", "", " where ", "#\n"]),
    st.sampled_from(
        ["{ ?s ?p ?o }", "{ ?s ?p ?o . . }", "{ GRAPH <x:two> { ?s ?p ?o } }", "{ ?s ?s ?o }", "{{ ?s ?p ?o }}"]
    ),
    st.sampled_from(["", " LIMIT 1", "LIMIT 2", " LIMIT 02 #", " LIMIT 1 OFFSET 1", " LIMIT -1"]),
).map("".join)


@given(text=LIKELY)
def test_what_is_told_is_what_the_engine_gives(store: pyoxigraph.Store, text: str) -> None:
    if whole_graph(text) is not None:
        assert list(run_query(store, text).triples()) == list(store.query(text))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("where", ["{ ?s ?p ?o }", "{ GRAPH <x:one> { ?s ?p ?o } }"])
def test_each_format_is_as_the_engine_writes_it(store: pyoxigraph.Store, name: str, where: str) -> None:
    """A LIMIT with an OFFSET is nothing that is told, so that the engine computes it."""
    assert len(FORMATS) == 7
    text = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {where}"
    computed = run_query(store, f"{text} LIMIT 100 OFFSET 0").serialize(name, {"x": "x:"})
    assert run_query(store, text).serialize(name, {"x": "x:"}) == computed
    assert computed


def test_where_all_graphs_are_the_default_graph_each_triple_comes_once(store: pyoxigraph.Store) -> None:
    triples = list(run_query(store, "CONSTRUCT WHERE { ?s ?p ?o }", union=True).triples())
    assert len(triples) == len(set(triples)) == len({quad.triple for quad in store})


def test_graphs_that_are_given_are_asked_instead(store: pyoxigraph.Store) -> None:
    text = "CONSTRUCT WHERE { ?s ?p ?o }"
    assert set(run_query(store, text, default_graphs=["x:two"]).triples()) == set(
        run_query(store, "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH <x:two> { ?s ?p ?o } }").triples()
    )
    within = "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH <x:two> { ?s ?p ?o } }"
    assert not list(run_query(store, within, named_graphs=["x:one"]).triples())


@pytest.mark.parametrize("iri", ["x:a b", "http://[/", "x:%zz"])
def test_an_iri_that_is_none_is_the_error_of_the_engine(store: pyoxigraph.Store, iri: str) -> None:
    with pytest.raises(QuerySyntax):
        run_query(store, f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{iri}> {{ ?s ?p ?o }} }}")
