"""The patterns of a constraint are looked up from its focus node on: what it costs does not grow with the graph."""

from typing import Any

from rdflib import RDF, RDFS, Graph, Literal, Namespace, Variable
from rdflib.paths import ZeroOrMore

from kg.validation.ordering import ordered
from kg.validation.verdict import ParsedOnceGraph

EX = Namespace("https://example.org/")
THIS, NAME, OTHER, CLS = map(Variable, ("this", "name", "other", "class"))
SAME_NAME = f"""
SELECT $this ?other WHERE {{
  $this <{EX.name}>|<{EX.alias}> ?name .
  ?other <{EX.name}>|<{EX.alias}> ?name ; <{RDF.type}>/<{RDFS.subClassOf}>* ?class .
  $this <{RDF.type}>/<{RDFS.subClassOf}>* ?class .
  FILTER (?other != $this)
}}"""


class Counted(ParsedOnceGraph):
    """Counts the triples that are read."""

    reads = 0

    def triples(self, triple: Any) -> Any:
        for found in super().triples(triple):
            self.reads += 1
            yield found


def reads(count: int) -> int:
    graph = Counted()
    graph.add((EX.Place, RDFS.subClassOf, EX.Thing))
    for number in range(count):
        graph.add((EX[f"p{number}"], RDF.type, EX.Place))
        graph.add((EX[f"p{number}"], EX.name, Literal(f"P{number}")))
    graph.add((EX.last, RDF.type, EX.Place))
    graph.add((EX.last, EX.alias, Literal("P0")))
    graph.reads = 0
    assert set(graph.query(SAME_NAME, initBindings={"this": EX.p0})) == {(EX.p0, EX.last)}
    return graph.reads


def test_a_constraint_reads_no_more_of_a_larger_graph() -> None:
    assert reads(10) == reads(200) < 60


def test_what_is_known_comes_first_and_a_closure_after_its_like() -> None:
    above = RDF.type / RDFS.subClassOf * ZeroOrMore
    patterns = [(OTHER, above, CLS), (THIS, above, CLS), (OTHER, EX.name, NAME), (THIS, EX.name, NAME)]
    assert ordered(patterns) == [
        (THIS, EX.name, NAME),
        (OTHER, EX.name, NAME),
        (OTHER, above, CLS),
        (THIS, above, CLS),
    ]
    assert ordered([]) == []


def test_answers_are_those_of_the_query_as_it_was_written() -> None:
    plain, put = Graph(), ParsedOnceGraph()
    for number in range(6):
        for graph in (plain, put):
            graph.add((EX[f"a{number}"], RDF.type, EX.Place))
            graph.add((EX[f"a{number}"], EX.name, Literal(number % 3)))
    assert set(put.query(SAME_NAME)) == set(plain.query(SAME_NAME))
    assert len(put.query(SAME_NAME)) == 6
