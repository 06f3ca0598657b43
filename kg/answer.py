"""Answering: may this query run, from which snapshot, in which format; as bytes for programs, as rows for people."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from kg.errors import QuerySyntax
from kg.formats import Format
from kg.namespaces import PREFIXES, shortening
from kg.queries import (
    CATALOG,
    CLASSES,
    COUNTS,
    NAMING_PROPERTIES,
    STORED,
    StoredQuery,
    labels_query,
    members_query,
    parse_query,
)
from kg.sparql import UPDATE, Limits, Query, vet
from kg.store import NOW, Answers, Past, Readable, Term

UNTITLED: Final = "Knowledge graph"
"""What a catalogue without a title is called."""

_LABELS_AT_A_TIME: Final = 500
_XSD: Final = PREFIXES["xsd"]
_NUMERIC: Final = frozenset(f"{_XSD}{name}" for name in ("integer", "decimal", "double", "float"))
_PLAIN: Final = f"{_XSD}string"
_LISTED: Final = re.compile(r"https?://[^\s<>\"{}|^`\\]+(?: https?://[^\s<>\"{}|^`\\]+)*")


class Ask(NamedTuple):
    """A query that may run, and the graphs it is asked of; none given: those that the query names, or all."""

    query: Query
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    past: Past = NOW
    """The state that is asked: the current one, or an earlier one."""


@dataclass(frozen=True)
class Cell:
    """One term as people read it."""

    kind: str
    """`iri`, `literal`, `blank` or `triple`."""
    value: str
    short: str = ""
    """The prefixed name of an IRI, or of the datatype of a literal that is no plain text."""
    label: str = ""
    language: str = ""
    numeric: bool = False
    link: bool = False
    """Whether a browser may follow the IRI."""
    things: tuple[Cell, ...] = ()
    """The things in a plain text that is nothing but their IRIs, with spaces between them."""


@dataclass(frozen=True)
class Table:
    """An answer as rows for people."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell | None, ...], ...]
    more: bool
    """Whether there are more rows than these."""
    boolean: bool | None
    """The answer to an ASK; None for any other query."""


@dataclass(frozen=True)
class ClassCount:
    """A class of the ontology and how many things of it there are."""

    iri: str
    label: str
    things: int
    query: str
    """A query that lists them."""


@dataclass(frozen=True)
class Overview:
    """What a snapshot holds, in a few words."""

    title: str
    description: str
    statements: int
    graphs: int
    classes: tuple[ClassCount, ...]


def vet_query(text: str, limits: Limits, *, base: str = "") -> Query:
    """A query found fit to run; `base` is what its relative IRIs are relative to.

    Raises:
        QueryRefused: it is too large, or would call another service.
        QuerySyntax: it is not SPARQL, or an update.
    """
    query = vet(text, limits, base=base)
    if query.form == UPDATE:
        raise QuerySyntax(
            "this is an update; this service answers queries and changes nothing",
            remedy="ask with SELECT, ASK, CONSTRUCT or DESCRIBE",
            line=1,
            column=1,
        )
    return query


def answer(snapshot: Readable, ask: Ask, row: Format) -> bytes:
    """The answer in a format other than HTML.

    Raises:
        QuerySyntax: the query is not SPARQL.
        QueryError: the engine cannot evaluate it.
    """
    return _results(snapshot, ask).serialize(row.name, _prefixes(snapshot))


def is_empty(snapshot: Readable, ask: Ask) -> bool:
    """Whether the answer has no row and no triple, or is `false`.

    Raises:
        QuerySyntax: the query is not SPARQL.
        QueryError: the engine cannot evaluate it.
    """
    results = _results(snapshot, ask)
    return not (any(True for _ in results.rows(1)) if results.boolean is None else results.boolean)


def job(ask: Ask, row: Format) -> dict[str, Any]:
    """The request to a worker for an answer in a format other than HTML."""
    wanted: dict[str, Any] = {"query": ask.query.text, "format": row.name}
    if ask.default_graphs or ask.named_graphs:
        wanted |= {"default_graphs": ask.default_graphs, "named_graphs": ask.named_graphs}
    return wanted if ask.past is NOW else wanted | ask.past.members


def answer_table(snapshot: Readable, ask: Ask, *, most_rows: int, only: Collection[str] = ()) -> Table:
    """The first rows of the answer, with a name for each thing that has one; of all columns, or of some alone.

    Raises:
        QuerySyntax: the query is not SPARQL.
        QueryError: the engine cannot evaluate it.
    """
    results = _results(snapshot, ask)
    rows = list(results.rows(most_rows + 1))
    shown = rows[:most_rows]
    columns = results.columns
    if only:
        places = [place for place, name in enumerate(columns) if name in only]
        shown = [tuple(row[place] for place in places) for row in shown]
        columns = tuple(columns[place] for place in places)
    iris = {iri for row in shown for term in row if term for iri in _iris_in(term)}
    labels = labels_of(snapshot, iris)
    short = shortening(_prefixes(snapshot))
    cells = [tuple(cell_of(term, labels, short) if term else None for term in row) for row in shown]
    kept = [place for place in range(len(columns)) if not _says_the_label_again(columns, cells, place=place)]
    return Table(
        tuple(columns[place] for place in kept),
        tuple(tuple(row[place] for place in kept) for row in cells),
        more=len(rows) > most_rows,
        boolean=results.boolean,
    )


def _says_the_label_again(columns: Sequence[str], rows: Sequence[Sequence[Cell | None]], *, place: int) -> bool:
    """Whether a column `xLabel` holds just what is shown with the things of column `x` anyway."""
    name = columns[place].removesuffix("Label")
    if name == columns[place] or name not in columns:
        return False
    pairs = [(row[columns.index(name)], row[place]) for row in rows]
    return all((thing.label if thing else "") == (label.value if label else "") for thing, label in pairs)


def labels_of(snapshot: Readable, iris: Iterable[str]) -> dict[str, str]:
    """The best name of each thing that has one: by property, then English before other languages, then by alphabet."""
    rank = {naming: place for place, naming in enumerate(NAMING_PROPERTIES)}
    wanted = sorted(iris)
    labels: dict[str, str] = {}
    for start in range(0, len(wanted), _LABELS_AT_A_TIME):
        found = [
            (iri.value, rank[naming.value], not label.language.startswith("en"), label.value)
            for iri, naming, label in snapshot.query(labels_query(wanted[start : start + _LABELS_AT_A_TIME])).rows()
            if iri and naming and label
        ]
        for iri, _, _, label in sorted(found):
            labels.setdefault(iri, label)
    return labels


def catalogue_of(snapshot: Readable) -> tuple[str, str]:
    """The title and the description of the catalogue in a snapshot; a title of our own, or empty, where it has none."""
    row = next(snapshot.query(CATALOG).rows(1), (None, None))
    title, description = (term.value if term else "" for term in row)
    return title or UNTITLED, description


def overview(snapshot: Readable) -> Overview:
    """What a snapshot holds."""
    title, description = catalogue_of(snapshot)
    statements, graphs = (int(term.value) for term in next(snapshot.query(COUNTS).rows()) if term)
    counts = {row[0].value: int(row[1].value) for row in snapshot.query(CLASSES).rows() if row[0] and row[1]}
    labels = labels_of(snapshot, counts)
    short = shortening(_prefixes(snapshot))
    classes = tuple(
        ClassCount(iri, labels.get(iri) or short(iri), things, members_query(iri)) for iri, things in counts.items()
    )
    return Overview(title, description, statements, graphs, classes)


def stored_queries(snapshot: Readable, limits: Limits, *, known: Iterable[StoredQuery] = ()) -> tuple[StoredQuery, ...]:
    """The stored queries that were published with a snapshot, ordered by group and name.

    Those that are `known`, as they were read of another one within the same limits, are not read again.
    """
    read = {(stored.identifier, stored.text): stored for stored in known}
    return tuple(
        read.get((identifier.value, text.value))
        or parse_query(Path(f"queries/{identifier.value}.rq"), text.value, limits=limits)
        for identifier, text in snapshot.query(STORED).rows()
        if identifier and text
    )


def _results(snapshot: Readable, ask: Ask) -> Answers:
    return snapshot.query(ask.query.text, default_graphs=ask.default_graphs, named_graphs=ask.named_graphs)


def _prefixes(snapshot: Readable) -> Mapping[str, str]:
    return PREFIXES | snapshot.description.prefixes


def _iris_in(term: Term) -> Sequence[str]:
    """The IRI, or those that a plain text consists of."""
    if term.kind == "iri":
        return (term.value,)
    plain = term.kind == "literal" and term.datatype == _PLAIN
    return term.value.split(" ") if plain and _LISTED.fullmatch(term.value) else ()


def cell_of(term: Term, labels: Mapping[str, str], short: Callable[[str], str]) -> Cell:
    """A term as people read it, with its name among `labels`; `short` gives the prefixed name of an IRI."""
    if term.kind == "iri":
        return Cell(
            kind="iri",
            value=term.value,
            short=short(term.value),
            label=labels.get(term.value, ""),
            link=term.value.startswith(("http://", "https://")),
        )
    datatype = "" if term.datatype in ("", _PLAIN) else short(term.datatype)
    return Cell(
        things=tuple(cell_of(Term("iri", iri), labels, short) for iri in _iris_in(term)),
        kind=term.kind,
        value=f"_:{term.value}" if term.kind == "blank" else term.value,
        short=datatype,
        language=term.language,
        numeric=term.datatype in _NUMERIC,
    )
