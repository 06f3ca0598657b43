"""What somebody has filled in on a form about several things: read from the fields that were sent, and to entries.

The fields of the entry with the number N are named `N.class`, `N.id`, `N.local` and, for each field of its class,
`N:field` (a text), `N@field` (its language), `N=field` (the IRI of a thing that was chosen by its name), `N+field`
(another entry of the form) and `N~field` (the languages that there were). Those of one value stand at the same place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from kg.web.problems import Problem

MOST_ENTRIES: Final = 40
MOST_PLACES: Final = 200
"""Places for values of one field."""

_MORE: Final = 3
_MOST_LOCAL: Final = 80
_NUMBER: Final = re.compile("[0-9]{1,4}")

FormOf = Callable[[str], Mapping[str, Any]]
"""What a form of the class with a name is made of, as the desk tells."""
Sent = MultiDict[str, str]


@dataclass(frozen=True)
class Value:
    """One place for a value."""

    text: str = ""
    language: str = ""
    iri: str = ""
    """The thing that was chosen by its name."""


@dataclass(frozen=True)
class Field:
    """A field of the form of a class: a property, with its texts in all languages."""

    name: str
    column: Mapping[str, Any]
    """The column, as the desk tells of it; that of the first language."""


@dataclass(frozen=True)
class Filled:
    """One entry of a form as it was filled in."""

    number: int
    form: Mapping[str, Any]
    local: str
    """What other entries mean it by."""
    id: str = ""
    values: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    """The places of each field, also empty ones."""
    others: Mapping[str, str] = field(default_factory=dict)
    """The entry of the form that a field means."""
    languages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The languages in which a field had texts before."""

    def name(self) -> str:
        """The first text of the first field that holds texts in a language."""
        named = (each for each in fields_of(self.form) if each.column["language"])
        first = next(named, None)
        return next((value.text for value in self.values.get(first.name, ()) if value.text), "") if first else ""


def fields_of(form: Mapping[str, Any]) -> tuple[Field, ...]:
    """The fields of a form, in its order."""
    found: dict[str, Field] = {}
    for column in form["columns"]:
        header = column["header"]
        name = header.rpartition("@")[0] if column["language"] else header
        found.setdefault(name, Field(name, column))
    return tuple(found.values())


def read_filled(sent: Sent, form_of: FormOf) -> tuple[Filled, ...]:
    """The entries in the fields that were sent.

    Raises:
        Problem: there are too many, or one is of no class that has a form.
    """
    numbers = list(dict.fromkeys(text for text in sent.getlist("entry") if _NUMBER.fullmatch(text)))
    if len(numbers) > MOST_ENTRIES:
        detail = f"the form has {len(numbers):,} entries, and at most {MOST_ENTRIES} are read"
        raise Problem("bad-request", detail, remedy="send fewer at once, or take a table")
    found: list[Filled] = []
    for number in numbers:
        form = form_of(sent.get(f"{number}.class", ""))
        local = " ".join(sent.get(f"{number}.local", "").split())[:_MOST_LOCAL] or free_name(form, found)
        fields = fields_of(form)
        found.append(
            Filled(
                int(number),
                form,
                local,
                sent.get(f"{number}.id", "").strip(),
                {each.name: _places(sent, number, each) for each in fields},
                {each.name: other for each in fields if (other := sent.get(f"{number}+{each.name}", ""))},
                {each.name: tuple(sent.get(f"{number}~{each.name}", "").split()[:MOST_PLACES]) for each in fields},
            )
        )
    return tuple(found)


def _places(sent: Sent, number: str, each: Field) -> tuple[Value, ...]:
    texts, languages, iris = (sent.getlist(f"{number}{sign}{each.name}")[:MOST_PLACES] for sign in ":@=")
    return tuple(
        Value(text.replace("\r\n", "\n"), language.strip(), iri.strip())
        for text, language, iri in zip_longest(texts, languages, iris, fillvalue="")
    )


def new_entry(form: Mapping[str, Any], filled: Sequence[Filled]) -> Filled:
    """An empty entry of a class; its fields that must name a thing mean the entries that they can."""
    number = max((each.number for each in filled), default=-1) + 1
    return Filled(number, form, free_name(form, filled))


def free_name(form: Mapping[str, Any], filled: Sequence[Filled]) -> str:
    """What a further entry of a class is called: `passage 2`."""
    taken = {each.local for each in filled}
    label = str(form["label"])[: _MOST_LOCAL - len("1000")]
    return next(name for number in range(1, len(taken) + 2) if (name := f"{label} {number}") not in taken)


def linked(filled: Sequence[Filled]) -> tuple[Filled, ...]:
    """The entries; what must name a thing and names none means the first other one that fits, where one does."""
    return tuple(_linked(each, filled) for each in filled)


def _linked(each: Filled, filled: Sequence[Filled]) -> Filled:
    others = dict(each.others)
    for one in fields_of(each.form):
        given = one.name in others or any(value.text or value.iri for value in each.values.get(one.name, ()))
        if one.column["things"] and one.column["required"] and not given:
            fitting = fitting_entries(one.column, each, filled)
            others |= {one.name: fitting[0]} if fitting else {}
    return replace(each, others=others)


def fitting_entries(column: Mapping[str, Any], each: Filled, filled: Sequence[Filled]) -> list[str]:
    """What the other entries are called that a field can mean."""
    if not column["things"] or column["closed"]:
        return []
    family = {*column["family"]}
    return [other.local for other in filled if other is not each and (not family or other.form["class"] in family)]


def with_more(filled: Sequence[Filled], number: int, name: str) -> tuple[Filled, ...]:
    """The entries, with more places in one field."""
    return tuple(
        replace(each, values={**each.values, name: (*each.values.get(name, ()), *[Value()] * _MORE)[:MOST_PLACES]})
        if each.number == number and any(one.name == name for one in fields_of(each.form))
        else each
        for each in filled
    )


def entries_of(filled: Sequence[Filled]) -> dict[str, Any]:
    """The JSON that says the same, as a program sends it."""
    return {"entries": [_entry(each) for each in filled]}


def _entry(each: Filled) -> dict[str, Any]:
    values: dict[str, list[str]] = {}
    for one in fields_of(each.form):
        places = each.values.get(one.name, ())
        if one.column["language"]:
            values |= {f"{one.name}@{language}": [] for language in each.languages.get(one.name, ())}
            values.setdefault(f"{one.name}@{one.column['language']}", [])
            for value in places:
                if value.text.strip():
                    header = f"{one.name}@{value.language or one.column['language']}"
                    values.setdefault(header, []).append(value.text)
        else:
            found = [f"<{value.iri}>" if value.iri and value.text else value.text for value in places]
            values[one.name] = [text for text in (*found, each.others.get(one.name, "")) if text.strip()]
    return {"class": each.form["name"], "id": each.id, "local": each.local, "values": values}


def filled_from(form: Mapping[str, Any], entry: Mapping[str, Any], number: int = 0) -> Filled:
    """A form filled in with what there is of a thing, as the desk tells of it."""
    values: dict[str, tuple[Value, ...]] = {}
    languages: dict[str, tuple[str, ...]] = {}
    given: Mapping[str, Sequence[str]] = entry["values"]
    for one in fields_of(form):
        if one.column["language"]:
            texts = {header.rpartition("@")[2]: found for header, found in given.items() if _is_of(header, one.name)}
            values[one.name] = tuple(Value(text, language) for language, found in texts.items() for text in found)
            languages[one.name] = tuple(texts)
        else:
            values[one.name] = tuple(Value(text) for text in given.get(one.name, ()))
    return Filled(number, form, str(entry["local"]), str(entry["id"]), values, {}, languages)


def _is_of(header: str, name: str) -> bool:
    return header.rpartition("@")[0] == name
