"""The table of a class: one column a property of its shapes, with what they ask of its values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final

from kg.errors import ContentError
from kg.namespaces import PREFIXES, RDF_TYPE, shorten
from kg.store import Term
from kg.tables.shape import PropertyRules, classes_with_shapes, rules_by_class
from kg.tables.state import NAMES, State
from kg.validation import Shapes

ID_HEADER: Final = "id"
_LANG_STRING: Final = f"{PREFIXES['rdf']}langString"
_XSD: Final = PREFIXES["xsd"]
_RDFS: Final = PREFIXES["rdfs"]
_SKOS: Final = PREFIXES["skos"]
_OWL: Final = PREFIXES["owl"]
_ABOUT: Final = (
    f"{_RDFS}label", f"{_RDFS}range", f"{_SKOS}definition", f"{_SKOS}prefLabel", f"{_SKOS}example",
    f"{_RDFS}comment", RDF_TYPE,
)  # fmt: skip
_FIRST_LANGUAGE: Final = "en"
# A spreadsheet takes these at the start of a cell for a formula.
_FORMULA_SIGNS: Final = ("=", "+", "-", "@")
_SHEET_NAME_LENGTH: Final = 31  # Source: Excel specifications and limits


@dataclass(frozen=True)
class Column:
    """One column: the values of a property, or those of them in one language."""

    property: str
    header: str
    language: str = ""
    """The language tag of its texts; empty for every other value of the property."""
    required: bool = False
    telling: bool = False
    """Whether it tells things of a class without names apart: it is required, or one of several of which one is."""
    most: int | None = None
    """How many values a thing has at most."""
    datatypes: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    family: frozenset[str] = frozenset()
    """The classes with all that are narrower; empty: any."""
    having: tuple[tuple[str, str], ...] = ()
    """What a thing must have to be a value: a property and the IRI that is its value."""
    listed: tuple[Term, ...] = ()
    """The values that there are to choose from, where the shape lists them."""
    things: bool = False
    """Whether its values are things; if neither this nor `datatypes` says what they are, they are plain text."""
    definition: str = ""
    rules: tuple[str, ...] = ()
    """What the shapes say of a value that does not conform."""
    example: str = ""

    def owns(self, value: Term) -> bool:
        """Whether a value of the property stands in this column."""
        return value.kind in ("iri", "literal") and value.language.lower() == self.language.lower()


@dataclass(frozen=True)
class Model:
    """The table of one class; its first column is the id."""

    class_iri: str
    label: str
    definition: str
    sheet: str
    """The name of the sheet in a workbook, and of the file."""
    namespace: str
    """What the IRI of a new thing begins with."""
    family: frozenset[str]
    """The class and all that are narrower."""
    columns: tuple[Column, ...]


def table_models(shapes: Shapes, state: State) -> tuple[Model, ...]:
    """The table of each class that has a node shape, by the names of the classes."""
    graph = shapes.graph
    subclasses = state.subclasses()
    classes = classes_with_shapes(graph)
    wider = {iri: [other for other in classes if iri != other and iri in subclasses.get(other, ())] for iri in classes}
    found = rules_by_class(
        graph, {iri: [*sorted(wider[iri], key=lambda other: (len(wider[other]), other)), iri] for iri in classes}
    )
    properties = {rules.property for each in found.values() for rules in each}
    about = _About(state, {*classes, *properties})
    models = [
        Model(
            class_iri=iri,
            label=about.label(iri),
            definition=about.text(iri, f"{_SKOS}definition"),
            sheet=_sheet_name(iri),
            namespace=_namespace(iri, about, state),
            family=subclasses.get(iri, frozenset({iri})),
            columns=_columns(found[iri], about, subclasses),
        )
        for iri in classes
    ]
    return tuple(sorted(models, key=lambda model: (model.label.casefold(), model.class_iri)))


def find_model(models: Sequence[Model], name: str, *, prefixes: Mapping[str, str]) -> Model:
    """The table of the class with this name: `Deliverable`, `deliverable`, `emg:Deliverable` or its IRI.

    Raises:
        ContentError: there is none; the message lists those that there are.
    """
    known: dict[str, Model] = {}
    for model in models:
        for spelling in (model.class_iri, shorten(model.class_iri, prefixes), model.label, model.sheet):
            known.setdefault(_folded(spelling), model)
    wanted = _folded(name)
    if wanted in known:
        return known[wanted]
    near = get_close_matches(wanted, known, n=1)
    listed = ", ".join(sorted(model.sheet for model in models)) or "none"
    hint = f"did you mean {known[near[0]].sheet}? There are: {listed}" if near else f"give one of: {listed}"
    raise ContentError(f"no class {name!r} has a table" if name else "no class is named", remedy=hint)


def with_languages(model: Model, languages: Mapping[str, Iterable[str]]) -> Model:
    """The table with a further column for each further language that a property has texts in."""
    columns: list[Column] = []
    for column in model.columns:
        columns.append(column)
        have = {other.language.lower() for other in model.columns if other.property == column.property}
        if column.language and column.language.lower() == _first_language(model, column.property):
            columns += [
                in_language(column, language)
                for language in sorted({*languages.get(column.property, ())})
                if language.lower() not in have
            ]
    return replace(model, columns=tuple(columns))


def in_language(column: Column, language: str) -> Column:
    """A column for texts of the same property in another language."""
    header = f"{column.header.rpartition('@')[0]}@{language}"
    return replace(column, header=header, language=language, required=False, example="")


def _first_language(model: Model, property_iri: str) -> str:
    return next(column.language.lower() for column in model.columns if column.property == property_iri)


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).casefold().strip("<>")


def _sheet_name(class_iri: str) -> str:
    local = local_name(class_iri) or "table"
    return re.sub(r"[\[\]*?'\\]", "", local)[:_SHEET_NAME_LENGTH]


def local_name(iri: str) -> str:
    """The last part of an IRI.

    >>> local_name("http://www.w3.org/2004/02/skos/core#altLabel")
    'altLabel'
    """
    return re.split(r"[#/:]", iri)[-1]


def _words(local: str, between: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", between, local).lower()


class _About:
    """What the ontology says of the terms that shapes name."""

    def __init__(self, state: State, terms: Iterable[str]) -> None:
        self._said = state.values(terms, _ABOUT)
        self._prefixes = state.prefixes

    def iris(self, term: str, property_iri: str) -> list[str]:
        """The values that are IRIs."""
        return [value.value for value in self._said.get(term, {}).get(property_iri, ()) if value.kind == "iri"]

    def text(self, term: str, property_iri: str) -> str:
        """A text, in English where there is one."""
        texts = [value for value in self._said.get(term, {}).get(property_iri, ()) if value.kind == "literal"]
        first = sorted(texts, key=lambda value: (value.language not in (_FIRST_LANGUAGE, ""), value.value))
        return first[0].value if first else ""

    def label(self, term: str) -> str:
        """The name of a term; for one that has none, the words of its local name: `alt label` for skos:altLabel."""
        name = self.text(term, f"{_RDFS}label") or self.text(term, f"{_SKOS}prefLabel")
        if name and not name.startswith(_FORMULA_SIGNS) and "@" not in name:
            return " ".join(name.split())
        return _words(local_name(term), " ") or self.short(term)

    def example(self, property_iri: str) -> str:
        """An example value: of a triple, which the ontology may give, its object."""
        text = self.text(property_iri, f"{_SKOS}example")
        parts = text.split(maxsplit=2)
        is_triple = len(parts) == len(("subject", "predicate", "object")) and parts[1] == self.short(property_iri)
        return parts[2] if is_triple else text

    def short(self, term: str) -> str:
        """The prefixed name of a term."""
        return shorten(term, self._prefixes)


def _namespace(class_iri: str, about: _About, state: State) -> str:
    """Where the example of the class stands, or else its first thing, or else by its name."""
    prefix, colon, _ = about.text(class_iri, f"{_SKOS}example").partition(":")
    if colon and state.prefixes.get(prefix, "").startswith(state.base):
        return state.prefixes[prefix]
    first = state.first_having(RDF_TYPE, class_iri)
    if first.startswith(state.base):
        return re.sub(r"[^/#]*$", "", first)
    return f"{state.base}id/{_words(local_name(class_iri), '-')}/"


def _columns(
    found: Sequence[PropertyRules], about: _About, subclasses: Mapping[str, frozenset[str]]
) -> tuple[Column, ...]:
    columns: list[Column] = []
    taken = {ID_HEADER}
    for rules in found:
        header = rules.name if rules.name and "@" not in rules.name else about.label(rules.property)
        if header.casefold() in taken:
            header = about.short(rules.property)
        taken.add(header.casefold())
        column = _column(rules, header, about, subclasses)
        if column.datatypes == (_LANG_STRING,):
            first, *others = rules.languages or (_FIRST_LANGUAGE,)
            columns.append(replace(column, header=f"{header}@{first}", language=first))
            columns += [in_language(columns[-1], language) for language in others]
        else:
            columns.append(column)
    return tuple(sorted(columns, key=lambda column: column.property not in NAMES))


def _column(rules: PropertyRules, header: str, about: _About, subclasses: Mapping[str, frozenset[str]]) -> Column:
    ranges = about.iris(rules.property, f"{_RDFS}range")
    kinds = about.iris(rules.property, RDF_TYPE)
    literal = f"{_OWL}DatatypeProperty" in kinds or rules.literals
    datatypes = rules.datatypes or tuple(
        iri for iri in ranges if iri.startswith(_XSD) or iri == _LANG_STRING or (literal and iri != f"{_RDFS}Literal")
    )
    things = rules.things or (f"{_OWL}ObjectProperty" in kinds and not datatypes)
    classes = rules.classes
    if things and not classes and not rules.having:
        classes = tuple(iri for iri in ranges if not iri.startswith((_OWL, _RDFS)))
    return Column(
        property=rules.property,
        header=header,
        required=rules.required,
        telling=rules.required or rules.alternative,
        most=1 if rules.unique and datatypes == (_LANG_STRING,) else rules.most,
        datatypes=() if things else datatypes,
        classes=classes,
        family=frozenset(narrower for iri in classes for narrower in subclasses.get(iri, {iri})),
        having=rules.having,
        listed=rules.listed,
        things=things,
        definition=about.text(rules.property, f"{_SKOS}definition") or about.text(rules.property, f"{_RDFS}comment"),
        rules=rules.messages,
        example=about.example(rules.property),
    )
