"""What a table tells the people who fill it in, a column at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from kg.namespaces import PREFIXES
from kg.tables.model import Column, Model, local_name
from kg.tables.state import State
from kg.tables.terms import SEPARATOR, examples, kinds, natural
from kg.tables.things import choices, look_up, spellings, write_thing

ID_NOTE: Final = (
    "Leave it as it is to change a thing that is there. Leave it empty, or give a new short name, to add a thing."
)
_COLUMNS: Final = ("column", "needed", "how many", "what", "meaning", "rules and examples")
_BOOLEAN: Final = f"{PREFIXES['xsd']}boolean"
# A longer list helps nobody to choose.
MOST_CHOICES: Final = 1_000


def notes_of(model: Model) -> list[list[str]]:
    """A header, and a row for each column."""
    rows = [[*_COLUMNS], ["id", "no", "one", "short name or IRI", ID_NOTE, ""]]
    for column in model.columns:
        rules = " ".join([*column.rules, *([f"Example: {column.example}"] if column.example else [])])
        rows.append([column.header, _needed(column), _how_many(column), _what(column), column.definition, rules])
    return rows


def note_of(column: Column) -> str:
    """What one column needs, in a few lines."""
    lines = [
        column.definition,
        f"{'Required' if column.required else 'Optional'}; {_how_many(column)}.",
        f"{_what(column)[:1].upper()}{_what(column)[1:]}.",
        *column.rules,
        f"Example: {column.example}" if column.example else "",
    ]
    return "\n".join(line for line in lines if line)


def members_of(model: Model) -> dict[str, Any]:
    """A table for programs, as JSON members: its class, and what each column needs, in words and as terms."""
    return {
        "class": model.class_iri,
        "name": model.sheet,
        "label": model.label,
        "definition": model.definition,
        "namespace": model.namespace,
        "columns": [
            {
                "property": column.property,
                "header": column.header,
                "language": column.language,
                "required": column.required,
                "most": column.most,
                "things": column.things,
                "classes": [*column.classes],
                "datatypes": [*column.datatypes],
                "what": _what(column),
                "definition": column.definition,
                "rules": [*column.rules],
                "example": column.example,
            }
            for column in model.columns
        ],
    }


def offered(model: Model, state: State) -> dict[str, tuple[str, ...]]:
    """What each column offers to choose from, by its header and in alphabetical order; too long a list is left out."""
    found: dict[str, tuple[str, ...]] = {}
    labels: dict[str, Mapping[str, str]] = {}
    for column in model.columns:
        if column.datatypes == (_BOOLEAN,):
            found[column.header] = ("true", "false")
        elif column.things and (column.family or column.having or column.listed):
            labels[column.header] = choices(column, state, most=MOST_CHOICES + 1)
        elif column.listed:
            texts = sorted(term.value for term in column.listed if natural(term.value))
            found[column.header] = tuple(texts)
    few = {header: each for header, each in labels.items() if len(each) <= MOST_CHOICES}
    return found | _spelled(few, model, state)


def _spelled(offers: Mapping[str, Mapping[str, str]], model: Model, state: State) -> dict[str, tuple[str, ...]]:
    """How the things that columns offer, with their names, are written; all are looked up at once."""
    columns = [column for column in model.columns if column.header in offers]
    labels = {iri: label for each in offers.values() for iri, label in each.items()}
    texts = {text for iri, label in labels.items() for text in spellings(iri, label, state)}
    things = replace(look_up(state, columns, texts=texts, iris=labels), labels=labels)
    written = {column.header: [write_thing(iri, column, things) for iri in offers[column.header]] for column in columns}
    return {header: tuple(sorted(each, key=lambda text: (text.casefold(), text))) for header, each in written.items()}


def _needed(column: Column) -> str:
    return "yes" if column.required else "no"


def _how_many(column: Column) -> str:
    return "one" if column.most == 1 else f"any number, separated by `{SEPARATOR}`"


def _what(column: Column) -> str:
    if not column.things:
        shown = examples(column)
        return kinds(column) + (f", such as {shown}" if shown else "")
    names = [local_name(iri) for iri in column.classes]
    names += [f"one of {local_name(value)}" for _, value in column.having]
    return f"{' or '.join(names) or 'thing'}, by name or IRI"


def shown(rows: Sequence[Sequence[str]]) -> str:
    """Notes as text, a paragraph a column."""
    head, *others = rows
    return "\n\n".join(
        "\n".join([row[0], *(f"  {name}: {text}" for name, text in zip(head[1:], row[1:], strict=True) if text)])
        for row in others
    )
