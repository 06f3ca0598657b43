"""Random updates: the changeset of a request does what the engine would do, also to a merge of graphs."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Store

from tests.updates import INTEGER, MERGED, PREFIX, canonical, changed, changes_of, merge_of, updated, with_merge

IRIS = st.sampled_from([NamedNode(f"x:{name}") for name in "abpq"])
STATE_NODES = st.sampled_from([BlankNode("n"), BlankNode("m")])
LITERALS = st.sampled_from(
    [Literal(1), Literal("01", datatype=INTEGER), Literal("a", language="en-GB"), Literal("p"), Literal(2.5)]
)
GRAPHS = st.sampled_from([DefaultGraph(), NamedNode("x:g"), NamedNode("x:h")])
QUADS = st.builds(Quad, IRIS | STATE_NODES, IRIS, IRIS | STATE_NODES | LITERALS, GRAPHS)
STATES = st.lists(QUADS, min_size=2, max_size=8)

CONSTANTS = st.sampled_from([":a", ":b", ":p", ":q"])
VALUES = CONSTANTS | st.sampled_from(["1", "01", "'a'@EN-gb", "'p'", "<<( :a :p 01 )>>"])
VARIABLES = st.sampled_from(["?s", "?p", "?o", "$s", "?u", "?g"])
PATTERNS = st.sampled_from(
    [
        "{}",
        "{ ?s ?p ?o }",
        "{ GRAPH ?g { ?s ?p ?o } }",
        "{ ?s :p ?o . OPTIONAL { ?o ?p ?u } }",
        "{ GRAPH :g { ?s ?p ?o } FILTER NOT EXISTS { ?s ?p ?o } }",
        "{ VALUES (?s ?o) { (:a 01) (:b UNDEF) } }",
        "{ ?s ?p ?u BIND(STRDT('007', <http://www.w3.org/2001/XMLSchema#integer>) AS ?o) }",
        "{ { SELECT ?p (COUNT(*) AS ?o) { ?s ?p ?u } GROUP BY ?p } BIND(:a AS ?s) }",
        "{ ?s ?p ?u BIND(BNODE() AS ?o) }",
        "{ ?x ?p ?y BIND(<<( ?x ?p ?y )>> AS ?o) BIND(:a AS ?s) }",
    ]
)


@dataclass(frozen=True)
class Written:
    """What stands in a block: subjects, predicates, values, and graphs where there may be any."""

    subjects: st.SearchStrategy[str]
    predicates: st.SearchStrategy[str]
    values: st.SearchStrategy[str]
    graphs: st.SearchStrategy[str] | None

    def block(self) -> st.SearchStrategy[str]:
        triple = st.builds("{} {} {} .".format, self.subjects, self.predicates, self.values)
        some = st.lists(triple, max_size=3).map(" ".join)
        if self.graphs is None:
            return st.builds("{{ {} }}".format, some)
        # The engine remembers empty graphs, so that `GRAPH :g {}` would say something about them.
        named = st.builds("GRAPH {} {{ {} {} }}".format, self.graphs, triple, some) | st.just("")
        return st.builds("{{ {} {} {} }}".format, some, named, some)


def operations(*, graphs: bool) -> st.SearchStrategy[str]:
    """Operations; without `graphs` those that are about the default graph alone."""
    names, bound = (
        (st.sampled_from([":g", ":h"]), st.sampled_from([":g", ":h", "?g", "?p"])) if graphs else (None, None)
    )
    nodes, values, predicates = CONSTANTS | VARIABLES, VALUES | VARIABLES, CONSTANTS | st.just("?p")
    deleted = Written(nodes, predicates, values, bound).block()
    inserted = Written(nodes | st.just("_:x"), predicates, values | st.sampled_from(["_:x", "(?o [])"]), bound).block()
    with_graph = st.sampled_from(["", "WITH :g"]) if graphs else st.just("")
    using = st.sampled_from(["", "USING :g", "USING NAMED :h", "USING :h USING NAMED :g"]) if graphs else st.just("")
    patterns = PATTERNS if graphs else PATTERNS.filter(lambda pattern: "GRAPH" not in pattern)
    found = [
        st.builds("INSERT DATA {}".format, Written(CONSTANTS, CONSTANTS, VALUES | st.just("[]"), names).block()),
        st.builds("DELETE DATA {}".format, Written(CONSTANTS, CONSTANTS, VALUES, names).block()),
        st.builds("DELETE WHERE {}".format, deleted),
        st.builds("{} DELETE {} {} WHERE {}".format, with_graph, deleted, using, patterns),
        st.builds("{} INSERT {} {} WHERE {}".format, with_graph, inserted, using, patterns),
        st.builds("{} DELETE {} INSERT {} {} WHERE {}".format, with_graph, deleted, inserted, using, patterns),
    ]
    return st.one_of(*found, *(on_graphs() if graphs else []))


def on_graphs() -> list[st.SearchStrategy[str]]:
    """Operations on whole graphs."""
    one = st.sampled_from(["DEFAULT", "GRAPH :g", "GRAPH :h", "GRAPH :z"])
    several = one | st.sampled_from(["NAMED", "ALL"])
    return [
        st.builds("{} SILENT {}".format, st.sampled_from(["CLEAR", "DROP"]), several),
        st.builds("{} SILENT {} TO {}".format, st.sampled_from(["ADD", "MOVE", "COPY"]), one, one),
        st.just("CREATE SILENT GRAPH :g"),
    ]


def requests(*, graphs: bool) -> st.SearchStrategy[str]:
    return st.lists(operations(graphs=graphs), min_size=1, max_size=3).map(lambda parts: PREFIX + " ;\n".join(parts))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STATES, requests(graphs=True))
def test_a_changeset_does_what_the_engine_does(state: list[Quad], text: str) -> None:
    store = Store()
    store.extend(state)
    after = changed(store, changes_of(text, store))
    assert canonical(after) == canonical(updated(store, text))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STATES, requests(graphs=False))
def test_a_merge_changes_as_a_default_graph_does(state: list[Quad], text: str) -> None:
    named = [quad for quad in state if quad.graph_name != DefaultGraph()]
    store, plain = Store(), Store()
    store.extend(named)
    plain.extend(merge_of(store))
    after = changed(store, changes_of(text, with_merge(store), MERGED))
    assert canonical(merge_of(after)) == canonical(updated(plain, text))
