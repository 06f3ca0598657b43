"""Turtle and TriG to quads: each in a named graph, blank nodes named, in the order of the text."""

from __future__ import annotations

import hashlib
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
from kg.namespaces import PREFIXES
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

    Source: RDF 1.1 Concepts §3.5 (skolemization); RDF Dataset Canonicalization 1.0 for the labels.

    Raises:
        ContentError: too many blank nodes are alike to tell them apart.
    """
    if not any(isinstance(term, BlankNode) for quad in quads for term in (quad.subject, quad.object, quad.graph_name)):
        return quads
    check_alike(quads, name=name)
    dataset = Dataset(quads)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    prefix = f"{base}.well-known/genid/{hashlib.sha256(name.encode()).hexdigest()[:12]}-"

    def named(term: Any) -> Any:
        return NamedNode(prefix + term.value) if isinstance(term, BlankNode) else term

    return [
        Quad(named(quad.subject), quad.predicate, named(quad.object), named(quad.graph_name))
        for quad in sorted(dataset, key=str)
    ]
