"""The answer to a query: rows of Python values, RDF terms, a DataFrame, or an rdflib graph."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

import rdflib
from rdflib.exceptions import ParserError
from rdflib.term import Node

from kg.client.shown import table_html
from kg.client.values import Value, value_of
from kg.endpoints import GRAPH_TYPE, Reply, rows_in
from kg.errors import EndpointAway, KgError, QueryError

if TYPE_CHECKING:
    import pandas
    import polars

_NUMBERS = (int, float, Decimal)


@dataclass(frozen=True)
class Result:
    """The answer to one query, whole and read as often as one likes."""

    columns: tuple[str, ...]
    """The variables of a SELECT; `subject`, `predicate`, `object` of a graph; none of an ASK."""
    terms: tuple[tuple[Node | None, ...], ...] = field(repr=False)
    """The rows as RDF terms, which keep language tags and datatypes."""
    boolean: bool | None = None
    """The answer to an ASK; None for any other query."""
    is_graph: bool = False
    """Whether the query was a CONSTRUCT or DESCRIBE."""

    @cached_property
    def rows(self) -> list[dict[str, Value]]:
        """The rows as Python values, by column; None where a column has no value."""
        return [dict(zip(self.columns, map(value_of, row), strict=True)) for row in self.terms]

    def __len__(self) -> int:
        return len(self.terms)

    def __bool__(self) -> bool:
        return bool(self.terms) if self.boolean is None else self.boolean

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a pandas DataFrame; whole numbers stay whole where values are missing.

        Raises:
            KgError: pandas is not installed.
        """
        frame: pandas.DataFrame = _package("pandas").DataFrame.from_records(self.rows, columns=list(self.columns))
        return frame.convert_dtypes()

    def to_polars(self) -> polars.DataFrame:
        """The rows as a polars DataFrame; a column with values of several kinds becomes text.

        Raises:
            KgError: polars is not installed.
        """
        columns = {name: _alike([row[name] for row in self.rows]) for name in self.columns}
        frame: polars.DataFrame = _package("polars").DataFrame(columns)
        return frame

    def graph(self) -> rdflib.Graph:
        """The answer to a CONSTRUCT or DESCRIBE as an rdflib graph.

        Raises:
            QueryError: it was another query.
        """
        if not self.is_graph:
            raise QueryError("this answer is no graph", remedy="ask with CONSTRUCT or DESCRIBE")
        graph = rdflib.Graph()
        for subject, predicate, value in self.terms:
            if subject is not None and predicate is not None and value is not None:
                graph.add((subject, predicate, value))
        return graph

    def _repr_html_(self) -> str:
        """The first rows, as notebooks show them."""
        if self.boolean is not None:
            return f"<strong>{'yes' if self.boolean else 'no'}</strong>"
        return table_html(self.columns, self.terms)


def result_in(reply: Reply) -> Result:
    """The answer in a reply.

    Raises:
        EndpointAway: there is none in it.
    """
    if reply.media_type != GRAPH_TYPE:
        columns, rows, boolean = rows_in(reply)
        return Result(columns, tuple(rows), boolean)
    graph = rdflib.Graph()
    try:
        graph.parse(data=reply.body, format="ntriples")
    except (ParserError, ValueError) as error:
        raise EndpointAway(
            f"<{reply.url}> sends what is no {GRAPH_TYPE}: {error}", remedy="look whether this is a SPARQL endpoint"
        ) from error
    return Result(("subject", "predicate", "object"), tuple(sorted(graph)), is_graph=True)


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise KgError(f"{name} is not installed", remedy=f"run `pip install {name}`, or use .rows") from error


def _alike(values: list[Value]) -> list[Value]:
    """The values of a column, as numbers of one kind or as texts where they are of several."""
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) <= 1:
        return values
    if kinds <= {*_NUMBERS}:
        return [None if value is None else float(value) for value in values]  # type: ignore[arg-type]
    return [None if value is None else str(value) for value in values]
