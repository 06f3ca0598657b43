"""Entries as JSON, as a form or a program sends them; nothing is looked up here.

    {"entries": [{"class": "Event", "id": "", "local": "event 1", "values": {"label@en": ["Nexus Dialogue"]}}]}

`local` is what other entries of the same text mean an entry by. The members of `values` are named as the columns of a
table are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kg.errors import CellProblem
from kg.readers.table import MOST_CHARACTERS, Problems, refused

# What a person fills in at once has a dozen; what is larger comes as a table or as RDF.
MOST_ENTRIES: Final = 500
MOST_VALUES: Final = 10_000
_MOST_NAME: Final = 200
_MEMBERS: Final = frozenset({"class", "id", "local", "values"})
_NO_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_SHAPE: Final = 'write {"entries": [{"class": "…", "values": {"label@en": ["…"]}}]}'


@dataclass(frozen=True)
class Entry:
    """What was filled in about one thing."""

    class_name: str
    id: str = ""
    """Which thing it is about; empty: a new one."""
    local: str = ""
    """What other entries mean it by."""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The values of each field, by the header of its column."""


def entries_in(data: bytes) -> tuple[Entry, ...]:
    """The entries in a JSON text.

    Raises:
        TableErrors: it is none, or not of this form, or has too many.
    """
    try:
        told = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise refused(f"not JSON: {str(error)[:_MOST_NAME]}", _SHAPE) from error
    listed = told.get("entries") if isinstance(told, dict) else None
    if not isinstance(listed, list) or not listed:
        raise refused("there are no entries", _SHAPE)
    if len(listed) > MOST_ENTRIES:
        raise refused(f"{len(listed):,} entries, and at most {MOST_ENTRIES} are read", "send them in several parts")
    problems = Problems()
    entries = tuple(_entry(number, each, problems) for number, each in enumerate(listed, start=1))
    if sum(len(texts) for entry in entries for texts in entry.values.values()) > MOST_VALUES:
        raise refused(f"more than {MOST_VALUES:,} values", "send the entries in several parts")
    problems.raise_any()
    return entries


def json_of(entries: Sequence[Entry]) -> dict[str, Any]:
    """Entries as JSON members."""
    return {
        "entries": [
            {
                "class": entry.class_name,
                "id": entry.id,
                "local": entry.local,
                "values": {header: [*texts] for header, texts in entry.values.items()},
            }
            for entry in entries
        ]
    }


def _entry(number: int, told: Any, problems: Problems) -> Entry:
    at = f"entry {number}"
    if not isinstance(told, dict) or not {*told} <= _MEMBERS:
        problems.add(CellProblem(at, "it is not made of class, id, local and values", _SHAPE))
        return Entry("")
    said = {name: told.get(name) or "" for name in ("class", "id", "local")}
    for name, text in said.items():
        if not isinstance(text, str) or len(text) > _MOST_NAME or _NO_TEXT.search(text):
            problems.add(CellProblem(at, f"`{name}` is no short text", f"write at most {_MOST_NAME} characters"))
            said[name] = ""
    values = told.get("values") or {}
    if not isinstance(values, dict):
        problems.add(CellProblem(at, "`values` is no object", _SHAPE))
        values = {}
    place = said["local"] or at
    return Entry(
        said["class"].strip(),
        said["id"].strip(),
        said["local"].strip(),
        {header[:_MOST_NAME]: _texts(texts, f"{place}, {header}", problems) for header, texts in values.items()},
    )


def _texts(told: Any, place: str, problems: Problems) -> tuple[str, ...]:
    texts = told if isinstance(told, list) else [told]
    for text in texts:
        if not isinstance(text, str):
            problems.add(CellProblem(place, "a value is no text", "write each value in quotes, as a person writes it"))
        elif len(text) > MOST_CHARACTERS:
            message = f"a value has {len(text):,} characters, and at most {MOST_CHARACTERS:,} are read"
            problems.add(CellProblem(place, message, "shorten it"))
        elif _NO_TEXT.search(text):
            problems.add(CellProblem(place, "a value has a control sign in it, which no text has", "write it anew"))
    return tuple(text for text in texts if isinstance(text, str))
