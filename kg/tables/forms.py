"""What a form about a thing is made of: its columns with what there is to choose from, and what there is of it now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from kg.namespaces import RDF_TYPE
from kg.sparql import iri_term
from kg.store import Term
from kg.tables.model import Model, with_languages
from kg.tables.notes import members_of, offered
from kg.tables.rows import things_in, write_value
from kg.tables.state import State
from kg.tables.terms import examples
from kg.tables.things import write_id
from kg.tables.written_entries import Entry

# So many are looked at to see what else is said of things of a class.
_MOST_THINGS: Final = 1_000
_MOST_NAMED: Final = 20_000
# A longer list is no help in a page; names are then looked for while somebody types.
_MOST_OFFERED: Final = 150
_MOST_BESIDE: Final = 8
_MOST_SAMPLE: Final = 100
# One in so many.
_MANY: Final = 3


def form_of(model: Model, models: Sequence[Model], state: State) -> dict[str, Any]:
    """A form of a class, as JSON members: those of its table, and for each column what it offers, and more.

    `beside` names the classes of which an entry often needs others: those that it must name, and those that must name
    something and do name things of this class.
    """
    members = members_of(model)
    choices = offered(model, state)
    usual = _usual(model, state)
    for column, told in zip(model.columns, members["columns"], strict=True):
        found = choices.get(column.header, ())
        told |= {
            "choices": [*found] if len(found) <= _MOST_OFFERED else [],
            "closed": bool(column.having or column.listed) and 0 < len(found) <= _MOST_OFFERED,
            "written": examples(column),
            "family": sorted(column.family),
            "usual": column.telling or column.property in usual,
        }
    return members | {"family": sorted(model.family), "beside": _beside(model, models, state)}


def entry_of(iri: str, models: Sequence[Model], state: State) -> tuple[Model, Entry] | None:
    """The narrowest form that a thing can be filled in with, and what there is of it; None where there is neither."""
    classes = state.types([iri]).get(iri, set())
    fitting = [model for model in models if model.class_iri in classes]
    if not fitting:
        return None
    model = min(fitting, key=lambda each: (len(each.family), each.class_iri))
    said = state.values([iri], {column.property for column in model.columns}).get(iri, {})
    wide = with_languages(
        model, {named: {term.language for term in terms if term.language} for named, terms in said.items()}
    )
    things = things_in(wide, state, (term for terms in said.values() for term in terms))
    values = {
        column.header: tuple(
            sorted(write_value(term, column, things) for term in said.get(column.property, ()) if column.owns(term))
        )
        for column in wide.columns
    }
    return model, Entry(model.sheet, write_id(iri, model, state.prefixes), f"{model.label} 1", values)


def _usual(model: Model, state: State) -> set[str]:
    """The properties that many things of a class have."""
    things = state.having(RDF_TYPE, model.family, most=_MOST_SAMPLE)
    said = state.values(things, {column.property for column in model.columns})
    counts = Counter(named for each in said.values() for named in each)
    return {named for named, count in counts.items() if count * _MANY >= len(things)}


def _beside(model: Model, models: Sequence[Model], state: State) -> list[dict[str, str]]:
    by_class = {each.class_iri: each for each in models}
    needed = [iri for column in model.columns if column.required for iri in column.classes]
    saying: dict[str, int] = {}
    for kind in sorted(model.family):
        for named, class_iri, count in _said_of(kind, state):
            other = by_class.get(class_iri.value)
            if other and any(column.required and column.property == named.value for column in other.columns):
                saying[class_iri.value] = saying.get(class_iri.value, 0) + int(count.value)
    often = sorted(saying, key=lambda iri: (-saying[iri], iri))
    found = [by_class[iri] for iri in dict.fromkeys([*needed, *often]) if iri in by_class]
    return [{"name": each.sheet, "label": each.label} for each in found[:_MOST_BESIDE]]


def _said_of(class_iri: str, state: State) -> list[tuple[Term, Term, Term]]:
    """By which properties things of a class are named, by things of which classes, and how often."""
    kind = iri_term(RDF_TYPE)
    some = f"SELECT DISTINCT ?t WHERE {{ GRAPH ?f {{ ?t {kind} {iri_term(class_iri)} }} }} LIMIT {_MOST_THINGS}"
    naming = f"SELECT ?s ?p WHERE {{ {{ {some} }} GRAPH ?g {{ ?s ?p ?t }} }} LIMIT {_MOST_NAMED}"
    query = (
        f"SELECT ?p ?c (COUNT(DISTINCT ?s) AS ?n) WHERE {{ {{ {naming} }} GRAPH ?h {{ ?s {kind} ?c }} }} GROUP BY ?p ?c"
    )
    return [(named, found, count) for named, found, count in state.ask(query) if named and found and count]
