"""A table that was filled in, to the statements that it adds and removes; every mistake with its cell."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from kg.errors import CellProblem, ContentError
from kg.namespaces import RDF_TYPE
from kg.readers.table import CSV, Problems, Sheet, place, read_csv, refused
from kg.store import Term
from kg.tables.layout import Layout, layout_of
from kg.tables.model import Column, Model, find_model
from kg.tables.state import State
from kg.tables.subjects import Row, take_ids, take_names
from kg.tables.terms import Unreadable, key, ntriples, read_literal, read_term, split, untyped
from kg.tables.things import Things, expand, look_up, names_for, near, resolve

Statement = tuple[str, str, str]

_COPY: Final = re.compile(r"[ _-]*\(?[0-9]*\)?$")
# Ten in each row of the largest table; each is looked up.
MOST_NAMES: Final = 100_000


@dataclass(frozen=True)
class Changes:
    """What a table changes: triples in the terms of N-Triples, in code point order, each once."""

    added: tuple[Statement, ...]
    removed: tuple[Statement, ...]
    places: Mapping[tuple[str, str, str], str]
    """Where each value stands, by subject, property and value as a validation result names them (IRIs and lexical
    forms); with an empty value the cell of the property, and with an empty property too the row of the thing."""

    def place_of(self, focus: str, path: str = "", value: str = "") -> str:
        """Where in the table a validation result belongs: its cell, or else its row; empty where it has none."""
        for wanted in ((focus, path, value), (focus, path, ""), (focus, "", ""), (value, "", "")):
            if wanted in self.places:
                return self.places[wanted]
        return ""


def read_table(data: bytes, *, kind: str, model: Model, state: State) -> Changes:
    """What a table of a class changes: `kind` is `csv` or `xlsx`.

    For a thing that is there, the cells replace the values of the properties that the table has columns for; in a
    column of texts of one language, only those. An empty cell means no value. Rows with a new id, or with none, add a
    thing. Nothing else is touched.

    Raises:
        TableErrors: the table cannot be read, or cells of it; all mistakes that were found.
    """
    return _changes_in(_sheet_in(data, kind, wanted=[model.sheet]), model, state)


def read_upload(
    data: bytes, *, kind: str, models: Sequence[Model], state: State, class_name: str = "", file_name: str = ""
) -> Changes:
    """What a table changes whose class is given, or else is told by the name of its sheet or of its file.

    Raises:
        ContentError: no class has that name.
        TableErrors: as `read_table`.
    """
    if class_name:
        return read_table(data, kind=kind, model=find_model(models, class_name, prefixes=state.prefixes), state=state)
    sheet = _sheet_in(data, kind, wanted=[model.sheet for model in models])
    # A browser names a second copy `Deliverable (1).csv`.
    stem = _COPY.sub("", re.split(r"[/\\]", file_name)[-1].rpartition(".")[0])
    try:
        model = find_model(models, sheet.name or stem, prefixes=state.prefixes)
    except ContentError:
        model = find_model(models, stem or sheet.name, prefixes=state.prefixes)
    return _changes_in(sheet, model, state)


def _sheet_in(data: bytes, kind: str, *, wanted: Collection[str]) -> Sheet:
    if kind == CSV:
        return read_csv(data)
    from kg.readers.workbook import read_xlsx  # noqa: PLC0415 - openpyxl takes a fifth of a second to import

    return read_xlsx(data, wanted=wanted)


def _changes_in(sheet: Sheet, model: Model, state: State) -> Changes:
    problems = Problems()
    for problem in sheet.problems:
        problems.add(problem)
    layout = layout_of(sheet.header, model, state.prefixes, problems)
    rows = [_row(number, cells, layout, problems) for number, cells in sheet.rows]
    take_ids(rows, sheet, layout, problems, state=state)
    things = _look_up(rows, layout, state)
    properties = {column.property for _, column in layout.columns}
    current = state.values((row.subject for row in rows if row.subject and not row.new), properties)
    reader = Reader(layout, things, problems, state)
    for row in rows:
        reader.read(row, current.get(row.subject, {}))
    take_names(rows, layout, problems, state=state)
    kept = _without_repeated(rows, layout, problems)
    problems.raise_any()
    return changes_in(kept, layout, current)


def _row(number: int, cells: Sequence[str], layout: Layout, problems: Problems) -> Row:
    for at in range(len(layout.header) + 1, len(cells) + 1):
        if cells[at - 1]:
            problems.add(
                CellProblem(place(number, at), "a value in a column without a name", "name the column, or remove it")
            )
    return Row(
        number,
        [(at, column, tuple(split(cells[at - 1])) if at <= len(cells) else ()) for at, column in layout.columns],
    )


def _look_up(rows: Sequence[Row], layout: Layout, state: State) -> Things:
    """What all names in columns of things stand for, those of new rows included."""
    columns = [column for _, column in layout.columns]
    texts = {text for row in rows for _, column, values in row.texts if column.things for text in values}
    if len(texts) > MOST_NAMES:
        raise refused(f"more than {MOST_NAMES:,} different names of things", "send the table in several parts")
    iris = {iri for text in texts if (iri := expand(text, state.prefixes))}
    new: dict[str, set[str]] = {}
    for row in rows:
        if row.new and row.subject and not row.unusable:
            for text in filter(None, (row.name, row.subject)):
                new.setdefault(text, set()).add(row.subject)
    return look_up(state, columns, texts=texts, iris=iris, new=new, new_class=layout.model.class_iri)


class Reader:
    """Reads the values of rows; what could have been meant is looked up once a column, and kept in `names`."""

    def __init__(
        self,
        layout: Layout,
        things: Things,
        problems: Problems,
        state: State,
        *,
        names: dict[Column, Mapping[str, str]] | None = None,
    ) -> None:
        self._layout = layout
        self._things = things
        self._problems = problems
        self._state = state
        self._names = {} if names is None else names

    def read(self, row: Row, current: Mapping[str, Sequence[Term]]) -> None:
        """Find the terms of each value of a row."""
        for at, column, texts in row.texts:
            now = frozenset(term.value for term in current.get(column.property, ()) if term.kind == "iri")
            terms: dict[tuple[str, ...], Term] = {}
            for text in texts:
                try:
                    term = self._term(text, column, now)
                    terms.setdefault(key(term), term)
                except Unreadable as error:
                    self.tell(self._layout.place(row.number, at), error, text, column)
            row.terms[at] = [*terms.values()]

    def _term(self, text: str, column: Column, current: frozenset[str]) -> Term:
        if column.things:
            return resolve(text, column, self._things, current=current)
        term = read_term(text, self._things.prefixes)
        return untyped(term, column) if term else read_literal(text, column)

    def tell(self, at: str, error: Unreadable, text: str, column: Column) -> None:
        """Keep a mistake, with what to do about it."""
        self._problems.add(CellProblem(at, error.message, error.remedy or self._likely(text, column)))

    def _likely(self, text: str, column: Column) -> str:
        if self._problems.more:
            return ""
        if column not in self._names:
            self._names[column] = names_for(column, self._state)
        found = near(text, self._names[column])
        return f"did you mean {' or '.join(found)}?" if found else "write a name as the graph has it, or an IRI"


def _without_repeated(rows: Iterable[Row], layout: Layout, problems: Problems) -> list[Row]:
    """The rows, each thing once; two that differ about a thing are a problem."""
    first: dict[str, Row] = {}
    for row in rows:
        if not row.subject or row.unusable:
            continue
        other = first.setdefault(row.subject, row)
        differing = [
            column.header
            for at, column, _ in row.texts
            if {key(term) for term in row.terms[at]} != {key(term) for term in other.terms[at]}
        ]
        if differing:
            problems.add(
                CellProblem(
                    layout.place(row.number, layout.id_at),
                    f"row {other.number} is about the same thing and differs in {', '.join(differing)}",
                    "keep one row for a thing",
                )
            )
    return [*first.values()]


def changes_in(rows: Iterable[Row], layout: Layout, current: Mapping[str, Mapping[str, Sequence[Term]]]) -> Changes:
    """What rows that have been read change of what there is now: for each thing the values of its properties."""
    added: set[Statement] = set()
    removed: set[Statement] = set()
    places: dict[tuple[str, str, str], str] = {}
    for row in rows:
        places[row.subject, "", ""] = layout.place(row.number)
        subject = Term("iri", row.subject)
        if row.new:
            added.add(_statement(subject, RDF_TYPE, Term("iri", layout.model.class_iri)))
        said = current.get(row.subject, {})
        for property_iri in dict.fromkeys(column.property for _, column, _ in row.texts):
            columns = [(at, column) for at, column, _ in row.texts if column.property == property_iri]
            there = {key(term): term for term in said.get(property_iri, ())}
            given = {key(term): term for at, _ in columns for term in row.terms[at]}
            owned = {each for each, term in there.items() if any(column.owns(term) for _, column in columns)}
            added |= {_statement(subject, property_iri, given[each]) for each in given.keys() - there.keys()}
            removed |= {_statement(subject, property_iri, there[each]) for each in owned - given.keys()}
            for at, _ in columns:
                here = layout.place(row.number, at)
                places.setdefault((row.subject, property_iri, ""), here)
                for term in row.terms[at]:
                    places.setdefault((row.subject, property_iri, term.value), here)
    return Changes(tuple(sorted(added)), tuple(sorted(removed)), MappingProxyType(places))


def _statement(subject: Term, property_iri: str, value: Term) -> Statement:
    return ntriples(subject), ntriples(Term("iri", property_iri)), ntriples(value)
