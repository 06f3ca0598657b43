"""The dataset that a query is asked of: which graphs the request or the query names, and the merge of several."""

from collections.abc import Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Any, Final, NamedTuple

from pyoxigraph import DefaultGraph, NamedNode, Quad, Store

from kg.errors import NetworkRefused
from kg.namespaces import PREFIXES
from kg.sources import is_reference
from kg.sparql import dataset_clause, prologue, tokenize

_LISTED: Final = NamedNode(f"{PREFIXES['dcat']}dataset")
_MOST_COMPARED: Final = 1000
_MOST_CHARACTERS: Final = 200
"""Of an IRI that is shown or compared."""
_NEAR: Final = 0.8
"""The least likeness of a name that is told as near, as `difflib` measures it."""


class _Named(NamedTuple):
    """The graphs that a query names."""

    default: list[Any]
    named: list[Any]


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
    graphs = _graphs_of(store, text)
    if not graphs.default[1:]:
        return {}
    return {"default_graph": list(dict.fromkeys(graphs.default)), "named_graphs": graphs.named}


def refuse_absent(store: Store, text: str, *, default_graphs: Sequence[str], named_graphs: Sequence[str]) -> None:
    """Refuse a request, or a query where the request names none, that names a graph which is not there.

    A graph that the catalogue lists is there, even without a statement.

    Source: SPARQL 1.1 Protocol §2.1.4: a service may refuse a request for a dataset that it does not allow.

    Raises:
        NetworkRefused: a graph is named that could only be had by fetching it.
    """
    try:
        if default_graphs or named_graphs:
            graphs = [NamedNode(graph) for graph in (*default_graphs, *named_graphs)]
        elif "from" in text.lower():
            named = _graphs_of(store, text)
            graphs = named.default + named.named
        else:
            return
    except (SyntaxError, ValueError):  # the engine says what is wrong, and where
        return
    absent = next((graph for graph in graphs if not _is_there(store, graph)), None)
    if absent is None:
        return
    near = _nearest(store, absent.value)
    suggestion = f"did you mean <{near}>? " if near else ""
    raise NetworkRefused(
        f"there is no graph <{_shown(absent.value)}> here, and this service fetches nothing from the network",
        remedy=f"{suggestion}name a graph that is listed at /graphs",
    )


def _graphs_of(store: Store, text: str) -> _Named:
    """The graphs behind FROM and FROM NAMED. The engine itself resolves prefixed names and relative IRIs.

    Raises:
        SyntaxError: one of them is not declared, or no IRI.
    """
    if "from" not in text.lower():
        return _Named([], [])
    tokens = tokenize(text)
    clause = dataset_clause(tokens)
    if not clause:
        return _Named([], [])
    columns = " ".join(f"({term} AS ?g{place})" for place, term in enumerate(clause.default + clause.named))
    resolved: Any = store.query(f"{prologue(tokens)} SELECT {columns} {{}}")
    graphs = list(next(resolved))
    split = len(clause.default)
    return _Named(graphs[:split], graphs[split:])


def _is_there(store: Store, graph: NamedNode) -> bool:
    if store.contains_named_graph(graph):
        return True
    return next(store.quads_for_pattern(None, _LISTED, graph, None), None) is not None


def _nearest(store: Store, wanted: str) -> str:
    """The name of a graph that is most like another one; empty where none is near."""
    names = [name.value for name in islice(store.named_graphs(), _MOST_COMPARED) if isinstance(name, NamedNode)]
    return next(iter(get_close_matches(wanted[:_MOST_CHARACTERS], names, n=1, cutoff=_NEAR)), "")


def _shown(iri: str) -> str:
    return iri if len(iri) <= _MOST_CHARACTERS else f"{iri[:_MOST_CHARACTERS]}…"


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
