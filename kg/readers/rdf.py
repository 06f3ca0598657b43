"""Turtle and TriG to quads: each in a named graph, blank nodes named, in the order of the text."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pyoxigraph import (
    BlankNode,
    CanonicalizationAlgorithm,
    Dataset,
    DefaultGraph,
    NamedNode,
    Quad,
    RdfFormat,
    Triple,
    parse,
)

from kg.errors import ContentError
from kg.namespaces import GENID, PREFIXES
from kg.readers.alike import check_alike
from kg.readers.messages import not_rdf

_FORMATS = {".ttl": RdfFormat.TURTLE, ".trig": RdfFormat.TRIG}


def read_quads(text: str, *, name: str, graph: str | None) -> tuple[list[Quad], dict[str, str]]:
    """The quads of a Turtle or TriG text, and its prefixes.

    `name` is the file's name, whose ending tells the syntax; `graph` the named graph of a Turtle file, None for TriG,
    which names its graphs itself.

    Raises:
        ContentError: the text is not of its syntax, a triple of a TriG file stands in no graph, or a triple is a term.
    """
    try:
        parser = parse(text, format=_FORMATS[Path(name).suffix], rename_blank_nodes=True)
        quads = list(parser)
    except SyntaxError as error:
        raise not_rdf(error, text=text, name=name, prefixes=PREFIXES) from error
    if graph is not None:
        quads = [Quad(quad.subject, quad.predicate, quad.object, NamedNode(graph)) for quad in quads]
    for quad in quads:
        if isinstance(quad.graph_name, DefaultGraph):
            raise ContentError(
                f"{quad.subject} {quad.predicate} stands in no named graph",
                remedy="put every triple inside `<graph> { … }`",
                file=name,
            )
        if isinstance(quad.object, Triple):
            raise ContentError(
                f"{quad.subject} {quad.predicate} has a triple as its object, which no shape can judge",
                remedy="say it with a statement node",
                file=name,
            )
    return quads, parser.prefixes


def skolemize(quads: list[Quad], *, name: str, base: str) -> list[Quad]:
    """The quads with an IRI below `{base}.well-known/genid/` for each blank node; equal content and name, equal IRIs.

    What follows there is a label that every format takes: a letter comes first, since in RDF/XML it is an XML name.

    Source: RDF 1.1 Concepts §3.5 (skolemization); RDF Dataset Canonicalization 1.0 for the labels.

    Raises:
        ContentError: too many blank nodes are alike to tell them apart.
    """
    if not any(map(_has_blank, quads)):
        return quads
    check_alike(quads, name=name)
    dataset = Dataset(quads)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    prefix = f"{base}{GENID}b{hashlib.sha256(name.encode()).hexdigest()[:12]}-"

    def named(term: Any) -> Any:
        return NamedNode(prefix + term.value) if isinstance(term, BlankNode) else term

    return [
        Quad(named(quad.subject), quad.predicate, named(quad.object), named(quad.graph_name))
        for quad in sorted(dataset, key=str)
    ]


def keep_names(
    stored: list[Quad],
    quads: Sequence[Quad],
    *,
    held: Callable[[str], Sequence[Quad]],
    blank: Callable[[Quad], Quad],
) -> list[Quad]:
    """What `skolemize` has made of quads; each graph that is there already with the names that its nodes have there.

    `held` gives what is there of a graph, with names, and `blank` takes them away. A graph that shares a node with
    another one is left as it was made.
    """
    said = _by_graph(quad for quad in quads if isinstance(quad.graph_name, NamedNode))
    times = Counter(node for graph in said.values() for node in {*_nodes(graph)})
    kept: list[Quad] = []
    for name, graph in _by_graph(stored).items():
        nodes = {*_nodes(said.get(name, ()))}
        there = held(name) if nodes and all(times[node] == 1 for node in nodes) else ()
        kept += there if there and _say_the_same(said[name], [*map(blank, there)]) else graph
    return kept


def _say_the_same(quads: Sequence[Quad], others: Sequence[Quad]) -> bool:
    """Whether quads are the same but for the labels of their blank nodes; what is hard to tell apart is not.

    Source: RDF 1.1 Concepts §3.6 (graph isomorphism).
    """
    told = [{*quads}, {*others}]
    plain = [{quad for quad in graph if not _has_blank(quad)} for graph in told]
    if len(told[0]) != len(told[1]) or plain[0] != plain[1]:
        return False
    datasets = [Dataset(graph - same) for graph, same in zip(told, plain, strict=True)]
    for dataset in datasets:
        try:
            check_alike(dataset, name="")
        except ContentError:
            return False
        dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return datasets[0] == datasets[1]


def _by_graph(quads: Iterable[Quad]) -> dict[str, list[Quad]]:
    found: dict[str, list[Quad]] = {}
    for quad in quads:
        graph = quad.graph_name
        found.setdefault("" if isinstance(graph, DefaultGraph) else graph.value, []).append(quad)
    return found


def _nodes(quads: Iterable[Quad]) -> Iterator[str]:
    return (term.value for quad in quads for term in (quad.subject, quad.object) if isinstance(term, BlankNode))


def _has_blank(quad: Quad) -> bool:
    return any(isinstance(term, BlankNode) for term in (quad.subject, quad.object, quad.graph_name))
