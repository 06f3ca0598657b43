"""Running a query in the engine: its answer as rows or as bytes, its errors as ours."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Any, Final, Protocol

from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    Literal,
    NamedNode,
    Quad,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
    Triple,
    parse,
    serialize,
)

from kg.errors import QueryError
from kg.sparql import whole_graph
from kg.store.dataset import all_graphs, chosen_graphs, with_merge
from kg.store.failures import Translated, syntax_error
from kg.store.xml import named, no_character

_RESULT_FORMATS: Final = {
    "json": QueryResultsFormat.JSON,
    "xml": QueryResultsFormat.XML,
    "csv": QueryResultsFormat.CSV,
    "tsv": QueryResultsFormat.TSV,
}
_GRAPH_FORMATS: Final = {
    "turtle": RdfFormat.TURTLE,
    "ntriples": RdfFormat.N_TRIPLES,
    "nquads": RdfFormat.N_QUADS,
    "trig": RdfFormat.TRIG,
    "rdfxml": RdfFormat.RDF_XML,
    "jsonld": RdfFormat.JSON_LD,
    "n3": RdfFormat.N3,
}
_DATASET_FORMATS: Final = {name: _GRAPH_FORMATS[name] for name in ("nquads", "trig", "jsonld")}
_PREFIXED: Final = frozenset({"turtle", "trig", "n3"})
_XML: Final = frozenset({"rdfxml", "xml"})
_TRIPLE: Final = attrgetter("triple")
_TRIPLE_COLUMNS: Final = ("subject", "predicate", "object")


class Output(Protocol):
    """Where bytes are written to."""

    def write(self, data: bytes, /) -> int:
        """Take the next bytes."""

    def flush(self) -> None:
        """Nothing more comes for now."""


class _Guarded:
    """An output that remembers its own failure, to tell it from one of the engine; in XML, of characters that fit."""

    def __init__(self, output: Output, *, is_xml: bool) -> None:
        self._output = output
        self._is_xml = is_xml
        self.error: OSError | QueryError | None = None

    def write(self, data: bytes) -> int:
        if self._is_xml:
            self.error = no_character(data)
            if self.error is not None:
                raise OSError(str(self.error))
        try:
            return self._output.write(data)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        self._output.flush()


@dataclass(frozen=True)
class Term:
    """One RDF term of an answer."""

    kind: str
    """`iri`, `literal`, `blank` or `triple`."""
    value: str
    language: str = ""
    datatype: str = ""


@dataclass(frozen=True)
class Results:
    """The answer to one query, read once: as rows, as a truth value, or as bytes."""

    columns: tuple[str, ...]
    """The variables of a SELECT; `subject`, `predicate`, `object` of a graph; none of an ASK."""
    boolean: bool | None
    """The answer to an ASK; None for any other query."""
    _answer: QuerySolutions | QueryTriples | QueryBoolean | Iterator[Triple]

    def rows(self, limit: int | None = None) -> Iterator[tuple[Term | None, ...]]:
        """The rows, at most `limit`; a column without a value is None.

        Raises:
            QueryError: the engine fails while it goes on.
        """
        if isinstance(self._answer, QueryBoolean):
            return
        with Translated():
            for row in islice(self._answer, limit):
                yield tuple(_term(value) for value in row)

    def lines(self) -> Iterator[tuple[str, ...]]:
        """The rows, or the triples of a graph, each term as N-Triples writes it; a column without a value is empty.

        Raises:
            QueryError: the engine fails while it goes on.
        """
        with Translated():
            if isinstance(self._answer, QuerySolutions):
                for row in self._answer:
                    yield tuple("" if term is None else str(term) for term in row)
            elif not isinstance(self._answer, QueryBoolean):
                for triple in self._answer:
                    yield str(triple.subject), str(triple.predicate), str(triple.object)

    def triples(self) -> Iterator[Triple]:
        """The triples of a graph; none of any other answer.

        Raises:
            QueryError: the engine fails while it goes on.
        """
        if not isinstance(self._answer, QuerySolutions | QueryBoolean):
            with Translated():
                yield from self._answer

    def serialize(self, format_name: str, prefixes: Mapping[str, str]) -> bytes:
        """The whole answer in a format of `kg.formats`.

        Raises:
            QueryError: the engine fails while it goes on, or the format cannot hold the answer.
        """
        whole = io.BytesIO()
        self.write(format_name, prefixes, whole)
        return whole.getvalue()

    def write(self, format_name: str, prefixes: Mapping[str, str], output: Output) -> None:
        """Write the answer in a format of `kg.formats`, as it comes.

        Rows of subject, predicate, object and graph are quads, and can be written in the formats of a dataset.

        Raises:
            QueryError: the engine fails while it goes on, or the format cannot hold the answer.
            OSError: the output fails.
        """
        guarded = _Guarded(output, is_xml=format_name in _XML)
        try:
            with Translated():
                if not isinstance(self._answer, QuerySolutions | QueryBoolean):
                    shown = dict(prefixes) if format_name in _PREFIXED else None
                    triples = named(self._answer) if format_name in _XML else self._answer
                    serialize(triples, guarded, format=_GRAPH_FORMATS[format_name], prefixes=shown)  # type: ignore[arg-type]
                elif isinstance(self._answer, QuerySolutions) and format_name in _DATASET_FORMATS:
                    shown = dict(prefixes) if format_name in _PREFIXED else None
                    serialize(_quads(self._answer), guarded, format=_DATASET_FORMATS[format_name], prefixes=shown)  # type: ignore[arg-type]
                else:
                    self._answer.serialize(guarded, format=_RESULT_FORMATS[format_name])  # type: ignore[arg-type]
        except QueryError:
            if guarded.error:
                raise guarded.error from None
            raise


def _quads(rows: QuerySolutions) -> Iterator[Quad]:
    return (Quad(*row) for row in rows)


def run_query(
    store: Store,
    text: str,
    *,
    default_graphs: Sequence[str] = (),
    named_graphs: Sequence[str] = (),
    union: bool = False,
) -> Results:
    """Ask a store; the text has been vetted. Graphs that are given replace those that the text names.

    `union`: where no graph is chosen, the default graph is all graphs but those of reference; a triple of several may
    be found several times.

    Source: SPARQL 1.1 Protocol §2.1.4: a dataset in the request replaces one in the query. When only named graphs are
    given, the default graph is empty, and the other way round.

    Raises:
        QuerySyntax: the text is not SPARQL.
        QueryError: the engine cannot evaluate it.
    """
    try:
        with Translated():
            dataset = chosen_graphs(store, text, default_graphs=default_graphs, named_graphs=named_graphs)
            if not dataset and (triples := _whole_graph(store, text, union=union)) is not None:
                return Results(_TRIPLE_COLUMNS, None, triples)
            if len(dataset.get("default_graph", ())) > 1:
                store, dataset = with_merge(store, **dataset)
            elif union and not dataset:
                dataset = all_graphs(store)
            answer = store.query(text, **dataset)
    except SyntaxError as error:
        raise syntax_error(error, text) from error
    if isinstance(answer, QuerySolutions):
        return Results(tuple(variable.value for variable in answer.variables), None, answer)
    if isinstance(answer, QueryTriples):
        return Results(_TRIPLE_COLUMNS, None, answer)
    return Results((), bool(answer), answer)


def _whole_graph(store: Store, text: str, *, union: bool) -> Iterator[Triple] | None:
    """The triples of the graph that a query asks for as it is; None where it asks for anything else."""
    whole = whole_graph(text)
    if whole is None or (union and not whole.graph):
        return None
    try:
        graph = NamedNode(whole.graph) if whole.graph else DefaultGraph()
    except ValueError:  # the engine says what is wrong with the IRI
        return None
    return islice(map(_TRIPLE, store.quads_for_pattern(None, None, None, graph)), whole.limit)


def serialize_graph(ntriples: str, format_name: str, prefixes: Mapping[str, str]) -> bytes:
    """A graph that is given as N-Triples, in a format of `kg.formats`; the order of its triples is kept."""
    shown = dict(prefixes) if format_name in _PREFIXED else None
    triples = parse(ntriples, format=RdfFormat.N_TRIPLES)
    return serialize(triples, format=_GRAPH_FORMATS[format_name], prefixes=shown) or b""


def _term(value: Any) -> Term | None:
    if value is None:
        return None
    if isinstance(value, NamedNode):
        return Term("iri", value.value)
    if isinstance(value, BlankNode):
        return Term("blank", value.value)
    if isinstance(value, Literal):
        return Term("literal", value.value, value.language or "", "" if value.language else value.datatype.value)
    return Term("triple", str(value))
