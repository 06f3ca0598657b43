"""Data extension: columns of values for things that a table has been matched with.

Source: Reconciliation Service API 0.2, Data Extension Service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

from kg.answer import labels_of
from kg.namespaces import PREFIXES
from kg.reconciliation.schema import Schema, SchemaTerm
from kg.reconciliation.values import read_values
from kg.store import Readable, Term

_XSD: Final = PREFIXES["xsd"]
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?")
_MOST_DIGITS: Final = 15
_MOST_CELLS: Final = 200
"""So many values of one property of one thing are given."""

Cell = Mapping[str, str | int | float]
"""A value as the protocol writes it: a thing with `id` and `name`, or `str`, `date`, `int` or `float`."""


@dataclass(frozen=True)
class Column:
    """A property whose values are asked for."""

    property: str
    limit: int = 0
    """How many values of each thing; 0: all."""


@dataclass(frozen=True)
class Extended:
    """The answer: what each column is, and the values of each thing."""

    columns: tuple[tuple[SchemaTerm, SchemaTerm | None], ...]
    """Each property, with the type of its values where they are things of one type."""
    rows: Mapping[str, Mapping[str, Sequence[Cell]]]
    """Thing -> property -> values."""


def extend(snapshot: Readable, schema: Schema, *, things: Sequence[str], columns: Sequence[Column]) -> Extended:
    """The values of some properties, which the schema has, of some things; a thing that is not known has none.

    Raises:
        QueryError: the engine cannot evaluate a query.
    """
    values = read_values(snapshot, things, [column.property for column in columns])
    kept = {
        (thing, column.property): values.get((thing, column.property), ())[: column.limit or _MOST_CELLS]
        for thing in things
        for column in columns
    }
    names = labels_of(snapshot, {term.value for terms in kept.values() for term in terms if term.kind == "iri"})
    return Extended(
        tuple(
            (schema.properties[column.property], schema.types.get(schema.ranges.get(column.property, "")))
            for column in columns
        ),
        {
            thing: {
                column.property: [cell_of(term, names) for term in kept[thing, column.property]] for column in columns
            }
            for thing in things
        },
    )


def proposals(schema: Schema, wanted: str) -> tuple[SchemaTerm, ...]:
    """The properties that things of a type may have, by how often they are used; all without a type."""
    wider = {wide for wide, below in schema.narrower.items() if wanted in below}
    near = schema.with_narrower([wanted]) | wider
    found = [
        term
        for iri, term in schema.properties.items()
        if not wanted or schema.domains.get(iri, frozenset()) & near or iri not in schema.domains
    ]
    return tuple(sorted(found, key=lambda term: (term.iri not in schema.domains, -term.uses, term.iri)))


def cell_of(term: Term, names: Mapping[str, str]) -> Cell:
    """A partial date stays a text: a day must not be made up."""
    text = term.value
    if term.kind == "iri":
        return {"id": text, "name": names[text]} if text in names else {"str": text}
    kind = term.datatype.removeprefix(_XSD)
    if kind == "date" and _DAY.fullmatch(text):
        return {"date": f"{text}T00:00:00Z"}
    if kind == "dateTime" and _TIME.fullmatch(text):
        return {"date": text}
    if kind == "integer" and len(text) <= _MOST_DIGITS:
        return {"int": int(text)}
    if kind in ("decimal", "double", "float") and isfinite(float(text)):
        return {"float": float(text)}
    return {"str": text}
