"""What the names and IRIs in a table stand for, and how a thing is written so that it is found again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Final

from kg.namespaces import RDF_TYPE, shorten, shortening
from kg.sparql import iri_term
from kg.store import Term
from kg.tables.model import Column, Model, local_name
from kg.tables.state import State
from kg.tables.terms import Unreadable, natural, read_term, untyped

_ABSOLUTE: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://|urn:)\S+")
_PREFIXED: Final = re.compile(r"([A-Za-z][\w.-]*|):([^\s<>\"{}|\\^`]*)")
_LOCAL: Final = re.compile(r"[^\s<>\"{}|\\^`:/#?]+")
_MOST_CANDIDATES: Final = 5
# Enough names to find a mistyped one among; more would take longer than a person waits.
_MOST_NAMES: Final = 2_000


@dataclass(frozen=True)
class Things:
    """What was looked up for one table."""

    prefixes: Mapping[str, str]
    base: str
    named: Mapping[str, Set[str]]
    """The things with a name, by the name."""
    said: Mapping[str, Mapping[str, Sequence[Term]]]
    """Of each thing its classes, and what columns ask of their values."""
    known: Set[str]
    """The things of which the graph says anything."""
    labels: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def short(self) -> Callable[[str], str]:
        """Writes an IRI as a prefixed name where a prefix fits, else in angle brackets."""
        return shortening(self.prefixes)


def look_up(
    state: State,
    columns: Sequence[Column],
    *,
    texts: Iterable[str],
    iris: Iterable[str] = (),
    new: Mapping[str, Set[str]] | None = None,
    new_class: str = "",
) -> Things:
    """Look up names and prefixed names at once, and things by IRI; `new` are the things of new rows, by name."""
    wanted = {*texts}
    named = {text: {*found} for text, found in state.named(wanted).items()}
    added = {iri for found in (new or {}).values() for iri in found}
    for name, found in (new or {}).items():
        named[name] = named.get(name, set()) | found
    expanded = {iri for text in wanted if (iri := expand(text, state.prefixes))}
    things = {*iris, *expanded, *(iri for found in named.values() for iri in found)}
    properties = {RDF_TYPE, *(each for column in columns for each, _ in column.having)}
    said: dict[str, Mapping[str, Sequence[Term]]] = {**state.values(things, properties)}
    for iri in added:
        said[iri] = {RDF_TYPE: [Term("iri", new_class)]}
    known = state.known(expanded | {*iris}) | added
    return Things(state.prefixes, state.base, named, said, known)


def fits(iri: str, column: Column, things: Things) -> bool:
    """Whether a thing is of a class that the column asks for, and has what it asks for."""
    said = things.said.get(iri, {})
    return (
        (not column.family or any(term.value in column.family for term in said.get(RDF_TYPE, ())))
        and all(Term("iri", value) in said.get(named, ()) for named, value in column.having)
        and (not column.listed or Term("iri", iri) in column.listed)
    )


def resolve(text: str, column: Column, things: Things, *, current: Set[str] = frozenset()) -> Term:
    """The thing that a value of a cell stands for: by exact name, as a prefixed name, or as an IRI.

    `current` are the things that stand in the cell now: they pass, and go before others of their name.

    Raises:
        Unreadable: there is none, or there are several of that name; without a remedy where other names are near.
    """
    written = read_term(text, things.prefixes)
    if written and written.kind == "literal":
        return untyped(written, column)
    expanded = written.value if written else expand(text, things.prefixes)
    found = things.named.get(text, set()) if not written else set()
    fitting = sorted(iri for iri in found if fits(iri, column, things))
    if len(fitting) > 1:
        fitting = [iri for iri in fitting if iri in current] or fitting
    if len(fitting) == 1:
        return Term("iri", fitting[0])
    if fitting:
        names = ", ".join(things.short(iri) for iri in fitting[:_MOST_CANDIDATES])
        raise Unreadable(f"{text!r} names {len(fitting)} things", f"write which one: {names}")
    if expanded and (expanded in current or expanded in things.known or not expanded.startswith(things.base)):
        return Term("iri", expanded)
    if found:
        names = ", ".join(things.short(iri) for iri in sorted(found)[:_MOST_CANDIDATES])
        raise Unreadable(f"{text!r} is no {_wanted(column, things)}, but {names}", "")
    raise Unreadable(f"there is no {_wanted(column, things)} {text!r}", "")


def names_for(column: Column, state: State) -> dict[str, str]:
    """The names and prefixed names of things that the column could hold, by themselves without capitals."""
    candidates = choices(column, state, most=_MOST_NAMES)
    names = [name for iri, label in candidates.items() for name in spellings(iri, label, state)]
    return {name.casefold(): name for name in reversed(names)}


def near(text: str, names: Mapping[str, str]) -> list[str]:
    """Those of `names_for` that a text might have meant, the likeliest first."""
    return [names[each] for each in get_close_matches(text.casefold(), names, n=3)]


def choices(column: Column, state: State, *, most: int) -> dict[str, str]:
    """The things that a column can hold with their names, by IRI and at most so many; none where anything fits."""
    if column.listed:
        found = [term.value for term in column.listed if term.kind == "iri"]
    elif column.having:
        named, value = column.having[0]
        found = state.having(named, [value], most=most)
    else:
        found = state.having(RDF_TYPE, column.family, most=most)
    labels = state.labels(found)
    if len(column.having) > 1 or (column.having and column.family):
        things = look_up(state, [column], texts=(), iris=found)
        found = [iri for iri in found if fits(iri, column, things)]
    return {iri: labels.get(iri, "") for iri in found}


def write_thing(iri: str, column: Column, things: Things) -> str:
    """A thing as a name or prefixed name, where that is read back as the same thing; else its IRI in brackets."""
    for text in (things.labels.get(iri, ""), things.short(iri)):
        if text and natural(text) and _reads_back(text, iri, column, things):
            return text
    return f"<{iri}>"


def spellings(iri: str, label: str, state: State) -> list[str]:
    """What `write_thing` tries."""
    return [text for text in (label, state.short(iri)) if text]


def _reads_back(text: str, iri: str, column: Column, things: Things) -> bool:
    """Whether a text means this thing even to a reader who does not know what the cell held before.

    A prefixed name passes only if nothing has it as a name. The thing itself need not fit: it stands there already.
    """
    named = things.named.get(text, ())
    if expand(text, things.prefixes) == iri:
        return not named
    try:
        return resolve(text, column, things) == Term("iri", iri)
    except Unreadable:
        return False


def expand(text: str, prefixes: Mapping[str, str]) -> str:
    """The IRI that a text is or that a prefixed name stands for; empty where it is neither.

    >>> expand("skos:Concept", {"skos": "http://www.w3.org/2004/02/skos/core#"})
    'http://www.w3.org/2004/02/skos/core#Concept'
    """
    prefixed = _PREFIXED.fullmatch(text)
    iri = ""
    if _ABSOLUTE.fullmatch(text):
        iri = text
    elif text.startswith("<") and text.endswith(">"):
        iri = text[1:-1]
    elif prefixed and prefixed[1] in prefixes:
        iri = prefixes[prefixed[1]] + prefixed[2]
    try:
        return iri_term(iri)[1:-1]
    except ValueError:
        return ""


def read_id(text: str, model: Model, prefixes: Mapping[str, str]) -> str:
    """The IRI that the id of a row stands for; a plain name stands below the namespace of the class.

    Raises:
        Unreadable: it is no id.
    """
    iri = expand(text, prefixes) or (expand(model.namespace + text, prefixes) if _LOCAL.fullmatch(text) else "")
    if iri:
        return iri
    prefix = _PREFIXED.fullmatch(text)
    if prefix:
        likely = get_close_matches(prefix[1], prefixes, n=1)
        hint = f"did you mean {likely[0]}:{prefix[2]}?" if likely else "write the IRI in full"
        raise Unreadable(f"the prefix {prefix[1]}: is not known", hint)
    raise Unreadable(f"{text!r} is no id", "write a short name in letters, digits and hyphens, or leave it empty")


def write_id(iri: str, model: Model, prefixes: Mapping[str, str]) -> str:
    """The id of a thing, as short as `read_id` reads it back."""
    local = iri.removeprefix(model.namespace)
    for text in (local, shorten(iri, prefixes)):
        try:
            if natural(text) and read_id(text, model, prefixes) == iri:
                return text
        except Unreadable:
            continue
    return f"<{iri}>"


def _wanted(column: Column, things: Things) -> str:
    """What a column holds, in a few words."""
    names = [local_name(iri) for iri in column.classes]
    names += [f"thing in {things.short(value)}" for _, value in column.having]
    return " or ".join(names) or "thing"
