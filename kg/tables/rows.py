"""The rows of a table: one for each thing of its class, filled with what the graph says; and its CSV."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from kg.errors import ContentError
from kg.namespaces import RDF_TYPE
from kg.readers.table import MOST_ROWS
from kg.store import Term
from kg.tables.model import ID_HEADER, Column, Model, with_languages
from kg.tables.state import State
from kg.tables.terms import FORMULA_SIGNS, Unreadable, as_turtle, joined, key, natural, read_literal
from kg.tables.things import Things, look_up, spellings, write_id, write_thing

# A mark that tells Excel that the file is UTF-8.
_MARK: Final = "\ufeff"
_LINE_END: Final = "\r\n"  # Source: RFC 4180 §2


def filled(model: Model, state: State) -> tuple[Model, list[list[str]]]:
    """The table with a column for each language that its things have texts in, and its rows, by the IRIs of the things.

    Read back unchanged, they change nothing.

    Raises:
        ContentError: there are more things of the class than a table has rows.
    """
    subjects = state.having(RDF_TYPE, model.family, most=MOST_ROWS + 1)
    if len(subjects) > MOST_ROWS:
        raise ContentError(
            f"there are more than {MOST_ROWS:,} things of the class {model.label}",
            remedy="take the empty template, and query for the things to change",
        )
    said = state.values(subjects, {column.property for column in model.columns})
    languages: dict[str, set[str]] = defaultdict(set)
    for each in said.values():
        for named, terms in each.items():
            languages[named] |= {term.language for term in terms if term.language}
    wide = with_languages(model, languages)
    things = things_in(wide, state, (term for each in said.values() for terms in each.values() for term in terms))
    rows = []
    for subject in subjects:
        row = [write_id(subject, wide, state.prefixes)]
        for column in wide.columns:
            terms = [term for term in said.get(subject, {}).get(column.property, ()) if column.owns(term)]
            row.append(_cell(terms, column, things))
        rows.append(row)
    return wide, rows


def _cell(terms: Sequence[Term], column: Column, things: Things) -> str:
    """A cell with all its values. One number may have a sign in front; of several, a formula might be made."""
    cell = joined(sorted(write_value(term, column, things) for term in terms))
    if natural(cell) or not cell.startswith(FORMULA_SIGNS):
        return cell
    return joined(sorted(as_turtle(term, column, things.prefixes) for term in terms))


def write_value(term: Term, column: Column, things: Things) -> str:
    """A value as a person writes it, where that reads back as the same term, and else as Turtle writes it."""
    if term.kind == "iri":
        return write_thing(term.value, column, things) if column.things else f"<{term.value}>"
    if not column.things and natural(term.value):
        try:
            if key(read_literal(term.value, column)) == key(term):
                return term.value
        except Unreadable:
            pass
    return as_turtle(term, column, things.prefixes)


def header(model: Model) -> list[str]:
    """The first row."""
    return [ID_HEADER, *(column.header for column in model.columns)]


def write_csv(model: Model, rows: Iterable[Sequence[str]]) -> bytes:
    """The table as CSV that Excel opens as UTF-8; the same rows give the same bytes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=_LINE_END)
    writer.writerow(header(model))
    writer.writerows(rows)
    return (_MARK + text.getvalue()).encode()


def things_in(model: Model, state: State, terms: Iterable[Term]) -> Things:
    """Everything needed to write the values of a table."""
    iris = {term.value for term in terms if term.kind == "iri"}
    labels = state.labels(iris)
    texts = {text for iri in iris for text in spellings(iri, labels.get(iri, ""), state)}
    found = look_up(state, model.columns, texts=texts, iris=iris)
    return Things(found.prefixes, found.base, found.named, found.said, found.known, labels)
