"""A form as a page shows it: each field with its places, what it asks for, and what was found wrong with it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kg.web.filled import MOST_PLACES, Field, Filled, Value, fields_of, fitting_entries

_NUMBERS: Final = frozenset(
    {"integer", "nonNegativeInteger", "positiveInteger", "int", "long", "decimal", "double", "float"}
)
_TRUTH: Final = "boolean"
_LEADING: Final = 3
_QUOTED: Final = re.compile(r'"([^"\\]*)"(?:@\S+|\^\^\S+)?')


@dataclass(frozen=True)
class Fault:
    """What was found wrong, or is worth a look, at some place."""

    place: str
    severity: str
    message: str
    remedy: str = ""


@dataclass(frozen=True)
class Called:
    """A thing that is written as an IRI or a prefixed name."""

    name: str
    href: str


@dataclass(frozen=True)
class FieldView:
    """A field as it is shown."""

    name: str
    """The name of its inputs, after the sign that tells which."""
    id: str
    label: str
    kind: str
    """`choice`, `truth`, `thing`, `number`, `long` or `line`."""
    column: Mapping[str, Any]
    places: tuple[Value, ...]
    entries: tuple[str, ...]
    """What other entries of the form are called that it can mean."""
    chosen: str
    languages: str
    """Those in which it had texts, separated by spaces."""
    faults: tuple[Fault, ...]
    leading: bool
    """Whether it is one of the first of its class."""
    names: Mapping[str, Called] = field(default_factory=dict)
    """What the things are called that are written as IRIs or prefixed names."""

    @property
    def first(self) -> bool:
        """Whether it is shown at once."""
        given = any(value.text or value.iri for value in self.places)
        usual = self.column["usual"] or self.column["required"]
        return bool(self.leading or usual or self.faults or self.chosen or given)

    @property
    def example(self) -> str:
        """The example as a person writes it: of a literal of Turtle, its text."""
        found = _QUOTED.fullmatch(self.column["example"])
        return found[1] if found else str(self.column["example"])

    @property
    def many(self) -> bool:
        """Whether there is room for several values."""
        return bool(self.column["most"] != 1) or bool(self.column["language"])

    @property
    def wrong(self) -> bool:
        """Whether a value has to be mended."""
        return any(fault.severity == "Violation" for fault in self.faults)


@dataclass(frozen=True)
class EntryView:
    """An entry as it is shown."""

    filled: Filled
    fields: tuple[FieldView, ...]
    faults: tuple[Fault, ...]
    """Those of the entry as a whole."""


def written_things(filled: Sequence[Filled]) -> set[str]:
    """What stands in the fields for things, and as their examples: names, prefixed names or IRIs."""
    written: set[str] = set()
    for each in filled:
        for one in fields_of(each.form):
            if one.column["things"]:
                written.add(str(one.column["example"]))
                written.update(value.text for value in each.values.get(one.name, ()))
    return written


def entry_views(
    filled: Sequence[Filled], faults: Sequence[Fault], names: Mapping[str, Called]
) -> tuple[tuple[EntryView, ...], tuple[Fault, ...]]:
    """The entries with their faults, and the faults that belong to none of them.

    `names` tells what things are called that are written as IRIs or prefixed names.
    """
    at: dict[tuple[str, str], list[Fault]] = defaultdict(list)
    elsewhere: list[Fault] = []
    headers = {each.local: {one.name for one in fields_of(each.form)} for each in filled}
    for fault in faults:
        local = next((name for name in headers if fault.place == name or fault.place.startswith(f"{name}, ")), None)
        if local is None:
            elsewhere.append(fault)
            continue
        header = fault.place.removeprefix(local).removeprefix(", ")
        one = header if header in headers[local] else header.rpartition("@")[0]
        at[local, one if one in headers[local] else ""].append(fault)
    views = tuple(
        EntryView(
            each,
            tuple(
                _field_view(one, place, each, filled, faults=tuple(at[each.local, one.name]), names=names)
                for place, one in enumerate(fields_of(each.form))
            ),
            tuple(at[each.local, ""]),
        )
        for each in filled
    )
    return views, tuple(elsewhere)


def _field_view(
    one: Field,
    place: int,
    each: Filled,
    filled: Sequence[Filled],
    *,
    faults: tuple[Fault, ...],
    names: Mapping[str, Called],
) -> FieldView:
    given = [value for value in each.values.get(one.name, ()) if value.text or value.iri]
    room = 1 if one.column["most"] == 1 and not one.column["language"] else max(len(each.values.get(one.name, ())), 1)
    empty = max(room - len(given), 0)
    places = (*given, *[Value(language=one.column["language"])] * empty)
    entries = tuple(fitting_entries(one.column, each, filled))
    return FieldView(
        name=one.name,
        id=f"e{each.number}-{place}",
        label=one.name,
        kind=_kind(one.column),
        column=one.column,
        places=tuple(places[:MOST_PLACES]),
        entries=entries,
        chosen=each.others.get(one.name, ""),
        languages=" ".join(each.languages.get(one.name, ())),
        faults=faults,
        leading=place < _LEADING,
        names=names,
    )


def _kind(column: Mapping[str, Any]) -> str:
    names = {iri.rpartition("#")[2] for iri in column["datatypes"]}
    if column["closed"]:
        return "choice"
    if names == {_TRUTH}:
        return "truth"
    if column["things"]:
        return "thing"
    if names and names <= _NUMBERS:
        return "number"
    return "long" if column["language"] and column["most"] != 1 else "line"


def faults_in(report: Mapping[str, Any]) -> Iterator[Fault]:
    """What a report of the desk names."""
    for entity in report.get("results", ()):
        for found in entity["results"]:
            about = "" if found["place"] or entity["place"] else entity["label"]
            yield Fault(found["place"] or entity["place"] or about, found["severity"], found["rule"], found["fix"])
