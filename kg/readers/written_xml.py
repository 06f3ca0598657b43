"""Statements as an RDF/XML text has them, each with the places of the elements that say them.

The text is one that `check_rdfxml` and a parser have read without a mistake. Elements are nodes and properties by
turns; what is written in another way (containers, XML literals, collections) is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from xml.parsers import expat

from kg.namespaces import PREFIXES
from kg.readers.written import BLANK, TYPE, Written, resolved

_RDF: Final = PREFIXES["rdf"]
_XML_BASE: Final = "http://www.w3.org/XML/1998/namespacebase"
_NODE: Final = "node"
_PROPERTY: Final = "property"
_OTHER: Final = "other"
_ROOT: Final = "root"


@dataclass
class _Element:
    """An open element: a node with its name, a property with its predicate and value, or something else."""

    kind: str
    offset: int
    base: str
    name: str = ""
    value: str | None = None
    value_offset: int = 0
    text: str = ""


def written_in_xml(text: str, *, base: str) -> list[Written]:
    """The statements of an RDF/XML text, as far as they can be told."""
    walk = _Walk(text, base)
    walk.parse()
    return walk.found


class _Walk:
    """One walk over the elements of a text."""

    def __init__(self, text: str, base: str) -> None:
        self.found: Final[list[Written]] = []
        self._text: Final = text
        self._lines: Final = [-1, *(place for place, character in enumerate(text) if character == "\n")]
        self._open: Final = [_Element(_ROOT, 0, base)]
        self._parser: Final = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")

    def parse(self) -> None:
        """Find all statements."""
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.Parse(self._text.encode("utf-8"), True)

    def _offset(self) -> int:
        return self._lines[self._parser.CurrentLineNumber - 1] + 1 + self._parser.CurrentColumnNumber

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        iri = name.replace(" ", "")
        said = {key.replace(" ", ""): value for key, value in attributes.items()}
        around = self._open[-1]
        element = _Element(_OTHER, self._offset(), _base(said.pop(_XML_BASE, None), around.base))
        self._open.append(element)
        if around.kind == _NODE:
            self._start_property(element, iri, said)
        elif iri == f"{_RDF}RDF":
            element.kind = _ROOT
        elif around.kind in (_PROPERTY, _ROOT):
            self._start_node(element, iri, said)

    def _start_node(self, element: _Element, iri: str, said: dict[str, str]) -> None:
        around = self._open[-2]
        element.kind = _NODE
        element.name = _named(said, element.base, about="about") or f"{BLANK}{element.offset}"
        if around.kind == _PROPERTY:
            around.value, around.value_offset = element.name, element.offset
        if iri != f"{_RDF}Description":
            self._add(element, TYPE, iri, element.offset)
        for key, value in said.items():
            if not key.startswith((_RDF, "http://www.w3.org/XML/")):
                self._add(element, key, value, element.offset)

    def _start_property(self, element: _Element, iri: str, said: dict[str, str]) -> None:
        element.name = iri
        kind = said.get(f"{_RDF}parseType")
        if kind is None and iri != f"{_RDF}li":
            element.kind = _PROPERTY
            element.value, element.value_offset = _named(said, element.base, about="resource"), element.offset

    def _characters(self, text: str) -> None:
        self._open[-1].text += text

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        if element.kind == _PROPERTY:
            value = element.text if element.value is None else element.value
            self._add(self._open[-1], element.name, value, element.offset, element.value_offset)

    def _add(self, node: _Element, predicate: str, value: str, offset: int, value_offset: int = -1) -> None:
        self.found.append(Written(node.name, predicate, value, node.offset, offset, max(offset, value_offset)))


def _base(declared: str | None, base: str) -> str:
    return base if declared is None else resolved(declared, base=base) or ""


def _named(said: dict[str, str], base: str, *, about: str) -> str | None:
    """The name that attributes give a node; None where they give none."""
    if f"{_RDF}{about}" in said:
        return resolved(said[f"{_RDF}{about}"], base=base)
    if f"{_RDF}nodeID" in said:
        return f"{BLANK}_:{said[f'{_RDF}nodeID']}"
    if about == "about" and f"{_RDF}ID" in said:
        return resolved(f"#{said[f'{_RDF}ID']}", base=base)
    return None
