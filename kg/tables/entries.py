"""Entries that were filled in: things of several classes at once that may mean each other, to the statements they make.

They are read as the rows of tables are. A new entry without an id is given one: by its name, or by what tells it apart,
which may be other new entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from kg.errors import CellProblem, ContentError
from kg.namespaces import RDF_TYPE, shorten
from kg.readers.table import Problems, refused
from kg.store import Term
from kg.tables.changes import MOST_NAMES, Changes, Reader, Statement, changes_in
from kg.tables.layout import Layout, layout_of
from kg.tables.model import Column, Model, find_model
from kg.tables.rows import things_in, write_value
from kg.tables.state import State
from kg.tables.subjects import Row, made_of
from kg.tables.terms import Unreadable, key, read_literal, segments
from kg.tables.things import Things, expand, fits, look_up, read_id, resolve
from kg.tables.written_entries import Entry

# What an entry is meant by that has no IRI yet.
_UNNAMED: Final = "urn:x-kg:entry:"
_NO_ID: Final = "give it a name, or an id: a short name in letters, digits and hyphens"


@dataclass
class _Draft:
    """An entry while it is read."""

    name: str
    layout: Layout
    row: Row
    given: bool = False
    """Whether it says itself which thing it is about."""
    values: Mapping[str, Sequence[Term]] = field(default_factory=dict)
    """What there is now of the thing, by property."""

    @property
    def unnamed(self) -> bool:
        return self.row.subject.startswith(_UNNAMED)


def read_entries(entries: Sequence[Entry], models: Sequence[Model], state: State) -> Changes:
    """What entries change.

    For a thing that is there, whose id is given, they replace the values of the fields that are named, as a row of a
    table does. An entry without an id adds a thing; once more the same, it changes nothing.

    Raises:
        TableErrors: entries cannot be read, or fields of them; all mistakes that were found.
    """
    problems = Problems()
    drafts = [
        draft
        for number, entry in enumerate(entries, start=1)
        if (draft := _draft(number, entry, models, state=state, problems=problems))
    ]
    _take_ids(drafts, entries, problems, state=state)
    problems.raise_any()
    things = _look_up(drafts, state)
    names: dict[Column, Mapping[str, str]] = {}
    others = {draft.name: draft for draft in drafts}
    for draft in drafts:
        _read(draft, others, Reader(draft.layout, things, problems, state, names=names), things, state=state)
    problems.raise_any()
    _make_ids(drafts, problems)
    _meet_what_is_there(drafts, problems, state=state)
    problems.raise_any()
    return _all_changes(drafts)


def _draft(number: int, entry: Entry, models: Sequence[Model], *, state: State, problems: Problems) -> _Draft | None:
    """An entry with the model of its class; None where there is none."""
    name = entry.local or f"entry {number}"
    try:
        model = find_model(models, entry.class_name, prefixes=state.prefixes)
    except ContentError as error:
        problems.add(CellProblem(name, str(error), error.remedy))
        return None
    layout = layout_of([*entry.values], model, state.prefixes, problems, entry=name)
    if layout.id_at:
        place = layout.place(1, layout.id_at)
        problems.add(CellProblem(place, "the id stands beside the values", "leave it out here"))
    texts = [*entry.values.values()]
    values = [(at, column, tuple(filter(None, map(str.strip, texts[at - 1])))) for at, column in layout.columns]
    return _Draft(name, layout, Row(number, values))


def _take_ids(drafts: Sequence[_Draft], entries: Sequence[Entry], problems: Problems, *, state: State) -> None:
    """Give each entry with an id, or with a name to make one of, its thing; any other one something to mean it by."""
    names: set[str] = set()
    for draft in drafts:
        row, model, text = draft.row, draft.layout.model, entries[draft.row.number - 1].id
        if draft.name in names:
            problems.add(CellProblem(draft.name, "two entries are called so", "call each by a name of its own"))
        names.add(draft.name)
        try:
            row.subject = read_id(text, model, state.prefixes) if text else made_of(filter(None, [row.name]), model)
        except Unreadable as error:
            problems.add(CellProblem(f"{draft.name}, id", error.message, error.remedy))
        draft.given = bool(text)
        row.subject = row.subject or f"{_UNNAMED}{row.number}"
    types = state.types(draft.row.subject for draft in drafts if draft.given)
    for draft in drafts:
        row, model = draft.row, draft.layout.model
        have = types.get(row.subject, set())
        row.new = not have
        if have and not have & model.family:
            is_a = ", ".join(shorten(iri, state.prefixes) for iri in sorted(have))
            message = f"{shorten(row.subject, state.prefixes)} is {is_a}, not {model.sheet}"
            problems.add(CellProblem(f"{draft.name}, id", message, "take a form of that class"))
    properties = {column.property for draft in drafts for _, column in draft.layout.columns}
    values = state.values((draft.row.subject for draft in drafts if not draft.row.new), properties)
    for draft in drafts:
        draft.values = values.get(draft.row.subject, {})


def _look_up(drafts: Sequence[_Draft], state: State) -> Things:
    """What all names stand for, with the entries by what they are called here and by their own names."""
    columns = [column for draft in drafts for _, column in draft.layout.columns]
    texts = {text for draft in drafts for _, column, values in draft.row.texts if column.things for text in values}
    if len(texts) > MOST_NAMES:
        raise refused(f"more than {MOST_NAMES:,} different names of things", "send the entries in several parts")
    found = look_up(state, columns, texts=texts, iris={iri for text in texts if (iri := expand(text, state.prefixes))})
    named = {text: {*things} for text, things in found.named.items()}
    said = {**found.said}
    for draft in drafts:
        subject = draft.row.subject
        for text in filter(None, (draft.row.name, subject)):
            named.setdefault(text, set()).add(subject)
        if draft.row.new:
            said[subject] = {RDF_TYPE: [Term("iri", draft.layout.model.class_iri)]}
    for draft in drafts:
        named[draft.name] = {draft.row.subject}
    known = {*found.known, *(draft.row.subject for draft in drafts)}
    return Things(found.prefixes, found.base, named, said, known)


def _read(draft: _Draft, others: Mapping[str, _Draft], reader: Reader, things: Things, *, state: State) -> None:
    """Find the terms of each value. What stands there now is known again as a form shows it."""
    now = [term for terms in draft.values.values() for term in terms]
    written = things_in(draft.layout.model, state, now) if now else things
    for at, column, texts in draft.row.texts:
        there = [term for term in draft.values.get(column.property, ()) if column.owns(term)]
        kept = {write_value(term, column, written): term for term in there}
        terms: dict[tuple[str, ...], Term] = {}
        for text in texts:
            try:
                if column.things and text in others:
                    term = _other(others[text], column, things)
                elif text in kept:
                    term = kept[text]
                elif column.things:
                    term = resolve(text, column, things, current={each.value for each in there})
                else:
                    term = read_literal(text, column)
                terms.setdefault(key(term), term)
            except Unreadable as error:
                reader.tell(draft.layout.place(1, at), error, text, column)
        draft.row.terms[at] = [*terms.values()]


def _other(other: _Draft, column: Column, things: Things) -> Term:
    """Another entry, meant by what it is called here.

    Raises:
        Unreadable: it is none that the field holds.
    """
    if fits(other.row.subject, column, things):
        return Term("iri", other.row.subject)
    raise Unreadable(f"{other.name} is of the class {other.layout.model.label}, which does not fit here", "")


def _make_ids(drafts: Sequence[_Draft], problems: Problems) -> None:
    """Make an id of what tells a thing apart; of other entries, which may tell it apart too, first."""
    pending = [draft for draft in drafts if draft.unnamed]
    while pending:
        free = [draft for draft in pending if not any(term.value.startswith(_UNNAMED) for term in _telling(draft))]
        for draft in free or pending:
            named = [term for term in _telling(draft) if not term.value.startswith(_UNNAMED)]
            subject = made_of(segments(named), draft.layout.model)
            if not subject:
                problems.add(CellProblem(draft.name, "neither an id nor anything to make one of", _NO_ID))
            _rename(drafts, draft.row.subject, subject or draft.layout.model.namespace)
        pending = [draft for draft in pending if draft.unnamed]


def _telling(draft: _Draft) -> list[Term]:
    row = draft.row
    return [term for at, column, _ in row.texts if column.telling for term in row.terms[at][:1]]


def _rename(drafts: Iterable[_Draft], before: str, after: str) -> None:
    for draft in drafts:
        row = draft.row
        row.subject = after if row.subject == before else row.subject
        for terms in row.terms.values():
            terms[:] = [Term("iri", after) if term.value == before else term for term in terms]


def _meet_what_is_there(drafts: Sequence[_Draft], problems: Problems, *, state: State) -> None:
    """See that what is added is new: it may say again what there is, and nothing more of it."""
    made = [draft for draft in drafts if not draft.given]
    properties = {RDF_TYPE, *(column.property for draft in made for _, column in draft.layout.columns)}
    there = state.values((draft.row.subject for draft in made), properties)
    known = state.known(draft.row.subject for draft in made)
    first: dict[str, _Draft] = {}
    for draft in drafts:
        subject, other = draft.row.subject, first.setdefault(draft.row.subject, draft)
        if other is not draft and _statements(other) != _statements(draft):
            problems.add(_taken(draft, f"is {other.name} already", state))
        if draft.given or subject not in known:
            continue
        draft.row.new = False
        draft.values = there.get(subject, {})
        if not _is_said(draft):
            problems.add(_taken(draft, "is in the graph already", state))


def _taken(draft: _Draft, where: str, state: State) -> CellProblem:
    message = f"{shorten(draft.row.subject, state.prefixes)}, which this entry would be, {where}"
    return CellProblem(f"{draft.name}, id", message, "give its id to change it, or another id to add a thing")


def _is_said(draft: _Draft) -> bool:
    """Whether all that an entry says is there already."""
    said = {(named, *key(term)) for named, terms in draft.values.items() for term in terms}
    return (RDF_TYPE, *key(Term("iri", draft.layout.model.class_iri))) in said and said >= {
        (column.property, *key(term)) for at, column, _ in draft.row.texts for term in draft.row.terms[at]
    }


def _statements(draft: _Draft) -> set[tuple[str, ...]]:
    row = draft.row
    kind = (RDF_TYPE, draft.layout.model.class_iri)
    return {kind} | {(column.property, *key(term)) for at, column, _ in row.texts for term in row.terms[at]}


def _all_changes(drafts: Sequence[_Draft]) -> Changes:
    added: set[Statement] = set()
    removed: set[Statement] = set()
    places: dict[tuple[str, str, str], str] = {}
    for draft in drafts:
        changes = changes_in([draft.row], draft.layout, {draft.row.subject: draft.values})
        added |= {*changes.added}
        removed |= {*changes.removed} if draft.given else set()
        for told, place in changes.places.items():
            places.setdefault(told, place)
    return Changes(tuple(sorted(added)), tuple(sorted(removed)), MappingProxyType(places))
