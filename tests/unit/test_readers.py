"""Readers: Turtle and TriG become quads of named graphs, blank nodes get IRIs, mistakes have a place."""

import pytest
from pyoxigraph import BlankNode, NamedNode

from kg.errors import ContentError
from kg.readers import read_quads, skolemize

BASE = "https://library.example/"
GRAPH = f"{BASE}graph/books"
EMMA = f"""\
@prefix : <{BASE}> .
:emma :publishedIn [ :place "London" ; :year 1815 ] .
"""


def skolemized(text: str, name: str = "data/books.ttl") -> list[str]:
    quads, _ = read_quads(text, name=name, graph=GRAPH)
    return [str(quad) for quad in skolemize(quads, name=name, base=BASE)]


def test_the_triples_of_a_turtle_file_stand_in_the_graph_of_its_folder() -> None:
    quads, prefixes = read_quads(f'@prefix : <{BASE}> . :emma :title "Emma"@en , "Emma" .', name="x.ttl", graph=GRAPH)
    assert {(quad.object.language, quad.graph_name) for quad in quads} == {
        ("en", NamedNode(GRAPH)),
        (None, NamedNode(GRAPH)),
    }
    assert prefixes == {"": BASE}


def test_a_trig_file_names_its_graphs_itself() -> None:
    text = f"<{GRAPH}/a> {{ <x:s> <x:p> <x:o> }} <{GRAPH}/b> {{ <x:s> <x:p> <x:o> }}"
    quads, _ = read_quads(text, name="data/x.trig", graph=None)
    assert [quad.graph_name.value for quad in quads] == [f"{GRAPH}/a", f"{GRAPH}/b"]


def test_quads_come_in_the_order_of_the_text() -> None:
    text = "".join(f'<x:s> <x:p> "{number}" .\n' for number in (3, 1, 2))
    quads, _ = read_quads(text, name="x.ttl", graph=GRAPH)
    assert [quad.object.value for quad in quads] == ["3", "1", "2"]


def test_each_blank_node_gets_an_iri_below_the_well_known_one() -> None:
    quads, _ = read_quads(EMMA, name="data/books.ttl", graph=GRAPH)
    assert any(isinstance(quad.object, BlankNode) for quad in quads)
    named = skolemize(quads, name="data/books.ttl", base=BASE)
    [edition] = {quad.object.value for quad in named if quad.predicate.value == f"{BASE}publishedIn"}
    assert edition.startswith(f"{BASE}.well-known/genid/")
    assert {quad.subject.value for quad in named} == {f"{BASE}emma", edition}
    assert len(named) == len(quads) == 3


def test_the_iris_depend_on_what_is_said_not_on_how_it_is_written() -> None:
    other = f"""
@prefix book: <{BASE}> .
_:edition book:year 1815 .
_:edition book:place "London" .
book:emma book:publishedIn _:edition .
"""
    assert skolemized(EMMA) == skolemized(EMMA) == skolemized(other)
    assert skolemized(EMMA) != skolemized(EMMA.replace("1815", "1816"))


def test_the_same_label_in_two_files_means_two_nodes() -> None:
    text = "_:x <x:p> _:y ."
    first, second = skolemized(text, "data/a.ttl"), skolemized(text, "data/b.ttl")
    assert len(first) == len(second) == 1
    assert len({*first[0].split()[0:3:2], *second[0].split()[0:3:2]}) == 4


def test_a_label_in_two_graphs_of_one_file_means_one_node() -> None:
    quads, _ = read_quads("<x:a> { _:n <x:p> 1 } <x:b> { _:n <x:q> 2 }", name="x.trig", graph=None)
    assert len({quad.subject for quad in skolemize(quads, name="x.trig", base=BASE)}) == 1


def test_text_without_blank_nodes_stays_as_it_is() -> None:
    quads, _ = read_quads("<x:b> <x:p> 1 . <x:a> <x:p> 1 .", name="x.ttl", graph=GRAPH)
    assert skolemize(quads, name="x.ttl", base=BASE) == quads


@pytest.mark.parametrize(
    ("name", "graph", "text", "place", "message"),
    [
        ("a.ttl", GRAPH, "<x:a> <x:p> 1 .\n<x:b> <x:p> ; .\n", "a.ttl, line 2, column 13", "not RDF"),
        ("a.ttl", GRAPH, "<x:a> <x:p> 1 .\n:b <x:p> 1 .\n", "a.ttl, line 2, column 1", "prefix"),
        ("a.ttl", GRAPH, "<x:a> <x:p> 1 .\n<x:b> <x:p> 2", "a.ttl, line 2, column 14", "not RDF"),
        ("a.trig", None, "<x:g> {\n  <x:a> <x:p> .\n}", "a.trig, line 2, column 15", "not RDF"),
        ("a.trig", None, "<x:a> <x:p> 1 .", "a.trig", "stands in no named graph"),
        ("a.ttl", GRAPH, "<x:a> <x:p> <<( <x:b> <x:q> 1 )>> .", "a.ttl", "triple as its object"),
    ],
    ids=["no object", "no prefix", "no end", "in a graph", "outside", "triple term"],
)
def test_a_mistake_has_a_place_and_a_remedy(name: str, graph: str | None, text: str, place: str, message: str) -> None:
    with pytest.raises(ContentError, match=message) as caught:
        read_quads(text, name=name, graph=graph)
    assert caught.value.place == place
    assert caught.value.remedy
