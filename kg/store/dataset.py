"""The dataset that a query is asked of: which graphs the request or the query names, and the merge of several."""

import re
from collections.abc import Sequence
from typing import Any, Final

from pyoxigraph import DefaultGraph, NamedNode, Quad, Store

from kg.sources import is_reference
from kg.sparql import dataset_clause, prologue, tokenize

_FROM: Final = re.compile(r"\bFROM\b", re.IGNORECASE)


def all_graphs(store: Store) -> dict[str, Any]:
    """All graphs but those of reference as the default graph."""
    names = list(store.named_graphs())
    merged = [name for name in names if not is_reference(name.value)]
    if len(merged) == len(names):
        return {"use_default_graph_as_union": True}
    return {"default_graph": [DefaultGraph(), *merged]}


def chosen_graphs(
    store: Store, text: str, *, default_graphs: Sequence[str], named_graphs: Sequence[str]
) -> dict[str, Any]:
    """The graphs to ask: those of the request, else those that the query names; neither: nothing is chosen."""
    if default_graphs or named_graphs:
        return {
            "default_graph": [NamedNode(graph) for graph in default_graphs],
            "named_graphs": [NamedNode(graph) for graph in named_graphs],
        }
    if not _FROM.search(text):
        return {}
    tokens = tokenize(text)
    clause = dataset_clause(tokens)
    if not clause.default[1:]:
        return {}
    # The engine itself resolves prefixed names and relative IRIs.
    columns = " ".join(f"({term} AS ?g{place})" for place, term in enumerate(clause.default + clause.named))
    resolved: Any = store.query(f"{prologue(tokens)} SELECT {columns} {{}}")
    graphs = list(next(resolved))
    split = len(clause.default)
    return {"default_graph": list(dict.fromkeys(graphs[:split])), "named_graphs": graphs[split:]}


def with_merge(
    store: Store, *, default_graph: Sequence[Any], named_graphs: Sequence[Any]
) -> tuple[Store, dict[str, Any]]:
    """A store of the given graphs alone, whose default graph is the merge of several; the engine would repeat triples.

    Source: SPARQL 1.1 Query §13.2.1: the default graph is the RDF merge of the graphs behind FROM.
    """
    chosen = Store()
    for graph in default_graph:
        chosen.bulk_extend(
            Quad(quad.subject, quad.predicate, quad.object) for quad in store.quads_for_pattern(None, None, None, graph)
        )
    for graph in named_graphs:
        chosen.bulk_extend(store.quads_for_pattern(None, None, None, graph))
    return chosen, {"default_graph": [DefaultGraph()], "named_graphs": list(named_graphs)}
