"""RDF/XML before it is read: well-formed to the end, UTF-8, no document type, so that no entity is ever expanded."""

from typing import Final
from xml.parsers import expat

from kg.errors import ContentError
from kg.readers.bounds import NESTING

NAMES: Final = 1_000
"""How many attributes an element may have, and how many prefixes may be declared around it; each is compared to all."""


def check_rdfxml(text: str, *, name: str) -> None:
    """That a text is well-formed XML that defines nothing and stays within the bounds.

    Raises:
        ContentError: it is not; with the place.
    """
    check = _Check(name)
    try:
        check.parser.Parse(text.encode("utf-8"), True)
    except expat.ExpatError as error:
        raise ContentError(
            f"not XML: {expat.ErrorString(error.code)}",
            remedy="correct the XML at this place",
            file=name,
            line=error.lineno,
            column=error.offset + 1,
        ) from error


class _Check:
    """One pass over a text; its parser raises at the first thing that is not allowed."""

    def __init__(self, name: str) -> None:
        self.parser: Final = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
        self._name: Final = name
        self._depth = 0
        self._prefixes = 0
        self.parser.XmlDeclHandler = self._declaration
        self.parser.StartDoctypeDeclHandler = self._document_type
        self.parser.StartElementHandler = self._opened
        self.parser.EndElementHandler = self._closed
        self.parser.StartNamespaceDeclHandler = self._prefix_opened
        self.parser.EndNamespaceDeclHandler = self._prefix_closed

    def _problem(self, message: str, remedy: str) -> ContentError:
        line, column = self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1
        return ContentError(message, remedy=remedy, file=self._name, line=line, column=column)

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and encoding.lower() not in ("utf-8", "utf8"):
            message = f"the XML declaration says encoding {encoding[:40]}"
            raise self._problem(message, "save the document as UTF-8, and say so in its first line")

    def _document_type(self, *_: object) -> None:
        remedy = "delete the document type and write out what its entities stand for"
        raise self._problem("a document type (<!DOCTYPE …>) is not read", remedy)

    def _opened(self, _element: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > NESTING:
            raise self._problem(f"nested more than {NESTING} deep", "describe the inner things at the top level")
        if len(attributes) > NAMES:
            raise self._problem(f"an element with more than {NAMES:,} attributes", "write them as elements")

    def _closed(self, _element: str) -> None:
        self._depth -= 1

    def _prefix_opened(self, _prefix: str | None, _iri: str | None) -> None:
        self._prefixes += 1
        if self._prefixes > NAMES:
            raise self._problem(f"more than {NAMES:,} prefixes are declared", "declare those that are used")

    def _prefix_closed(self, _prefix: str | None) -> None:
        self._prefixes -= 1
