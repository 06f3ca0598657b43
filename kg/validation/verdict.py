"""The verdict on data: pySHACL evaluates the shapes, its report graph becomes a `Report`."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pyshacl
import rdflib
from pyshacl.helper.path_helper import shacl_path_to_sparql_path
from pyshacl.shapes_graph import ShapesGraph
from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import RDF, SH, XSD
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.sparql import Query
from rdflib.query import Result as QueryResult
from rdflib.term import Node

from kg.errors import ContentError
from kg.validation.ordering import put_in_order
from kg.validation.report import Report, Result, report_of
from kg.validation.shapes import Shapes

_NAMELESS: Final = "[]"


class ParsedOnceGraph(Graph):
    """A graph that parses each query text once, as pySHACL asks it again for every focus node, and asks it well."""

    def __init__(self, parsed: dict[str, Query] | None = None) -> None:
        super().__init__()
        self._parsed: dict[str, Query] = {} if parsed is None else parsed

    def query(self, query_object: str | Query, *args: Any, **kwargs: Any) -> QueryResult:
        """The answer of rdflib; a text is parsed without regard to the prefixes that the graph happens to bind."""
        if isinstance(query_object, str):
            if query_object not in self._parsed:
                self._parsed[query_object] = put_in_order(prepareQuery(query_object))
            query_object = self._parsed[query_object]
        return super().query(query_object, *args, **kwargs)


def validate(data: bytes, shapes: Shapes) -> Report:
    """What pySHACL finds in a graph, given as N-Triples, against all shapes. Nothing is inferred, fetched or imported.

    Subclasses count where the data holds their `rdfs:subClassOf`.
    Source: SHACL §3.6 (validation report).

    Raises:
        ContentError: the shapes cannot be evaluated, for instance because they nest without end.
    """
    graph = ParsedOnceGraph(shapes.parsed)
    with unconverted_literals_in_silence():
        with _literals_as_written():
            graph.parse(data=data, format="nt")
        return validate_graph(graph, shapes)


def validate_graph(graph: Graph, shapes: Shapes) -> Report:
    """The same of a graph of rdflib.

    Raises:
        ContentError: as `validate` does.
    """
    _, found, text = pyshacl.validate(graph, shacl_graph=shapes.graph, inference="none", advanced=False)
    if not isinstance(found, Graph):
        raise ContentError(f"the shapes cannot be evaluated: {text}", remedy="correct the shapes", file="shapes")
    return report_in(found, shapes)


def report_in(found: Graph, shapes: Shapes) -> Report:
    """The report that is written in a report graph of pySHACL."""
    [report] = found.subjects(RDF.type, SH.ValidationReport)
    return report_of(_result(found, node, shapes) for node in found.objects(report, SH.result))


def _result(found: Graph, node: Node, shapes: Shapes) -> Result:
    messages = sorted(str(message) for message in found.objects(node, SH.resultMessage))
    value = found.value(node, SH.value)
    return Result(
        severity=_local_name(found.value(node, SH.resultSeverity)),
        focus=_text(found.value(node, SH.focusNode)),
        path=_path(found, found.value(node, SH.resultPath)),
        value=_text(value),
        message=" ".join(messages),
        shape=shapes.name_of(found.value(node, SH.sourceShape)),
        component=_local_name(found.value(node, SH.sourceConstraintComponent)),
        datatype=str(value.datatype or XSD.string) if isinstance(value, Literal) and not value.language else "",
        language=(value.language or "") if isinstance(value, Literal) else "",
    )


def _text(term: Node | None) -> str:
    if isinstance(term, BNode):
        return _NAMELESS
    return str(term) if isinstance(term, URIRef | Literal) else ""


def _local_name(term: Node | None) -> str:
    return _text(term).rsplit("#", 1)[-1]


def _path(found: Graph, path: Node | None) -> str:
    if isinstance(path, BNode):
        return str(shacl_path_to_sparql_path(ShapesGraph(found), path))
    return _text(path)


@contextmanager
def _literals_as_written() -> Iterator[None]:
    """Keeps rdflib from rewriting literals as it reads them: the report would name a value that the data has not."""
    before = rdflib.NORMALIZE_LITERALS
    rdflib.NORMALIZE_LITERALS = False
    try:
        yield
    finally:
        rdflib.NORMALIZE_LITERALS = before


@contextmanager
def unconverted_literals_in_silence() -> Iterator[None]:
    """Keeps rdflib from logging a traceback for each ill-typed literal: the report names it."""
    logger = logging.getLogger("rdflib.term")

    def passes(record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith("Failed to convert Literal lexical form")

    logger.addFilter(passes)
    try:
        yield
    finally:
        logger.removeFilter(passes)
