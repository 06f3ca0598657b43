"""The documents that describe a thing: one of each format, by its extension; and which of them is asked for.

Source: RFC 9110 §12.5.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kg.formats import Format, content_type, format_named, formats_for
from kg.web.negotiation import accepted_types, best_type
from kg.web.problems import Problem

_GRAPH: Final = "CONSTRUCT"
_SHOWN_CHARACTERS: Final = 200


@dataclass(frozen=True)
class Document:
    """A kind of document about a thing."""

    extension: str
    row: Format
    media_type: str

    @property
    def content_type(self) -> str:
        """The value of the Content-Type header."""
        return content_type(self.media_type, charset=self.row.charset)


def _documents() -> dict[str, Document]:
    """By extension, the best first. JSON is JSON-LD for who asks for no more than JSON."""
    named = {name: format_named(name, _GRAPH) for name in ("turtle", "ntriples", "jsonld", "rdfxml", "html")}
    rows = {row.extension: Document(row.extension, row, row.media_type) for row in named.values() if row}
    return rows | {"json": Document("json", rows["jsonld"].row, "application/json")}


DOCUMENTS: Final = _documents()


def chosen_document(format_name: str, accept: Sequence[str]) -> Document:
    """The document that is asked for by the name of its format, or else by what is accepted.

    Raises:
        Problem: there is none.
    """
    if format_name:
        row = format_named(format_name, _GRAPH)
        found = DOCUMENTS.get(format_name.lower()) or (DOCUMENTS.get(row.extension) if row else None)
    else:
        offers = {document.media_type: document for document in DOCUMENTS.values()}
        best = best_type(accepted_types(accept), list(offers))
        found = offers[best] if best else None
    if found is None:
        raise no_format(format_name, accept)
    return found


def no_format(format_name: str, accept: Sequence[str]) -> Problem:
    """That a description cannot be written as it is asked for: in a format, or in what is accepted."""
    rows = formats_for(_GRAPH)
    if format_name:
        names = ", ".join(row.name for row in rows)
        shown = format_name[:_SHOWN_CHARACTERS]
        return Problem("bad-request", f"{shown} is no format for a description", remedy=f"use one of {names}")
    return Problem(
        "not-acceptable",
        f"The description cannot be written as {', '.join(accept)}",
        remedy=f"accept one of {', '.join(document.media_type for document in DOCUMENTS.values())}",
    )
