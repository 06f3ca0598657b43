"""Where a document says what: the line of a statement, or of the thing it is about. Found only when it is asked for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import accumulate
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from kg.namespaces import GENID
from kg.readers.blanks import Statement, match_blanks
from kg.readers.document import Document
from kg.readers.written import BLANK, Written, written_in
from kg.readers.written_json import written_in_json
from kg.readers.written_xml import written_in_xml

_GENID: Final = f"/{GENID}"
# Finding the places takes about a second for each million characters; a longer document is reported on without.
_MOST_CHARACTERS: Final = 5_000_000


class Places:
    """The places of a document; `stored` are its quads with the IRIs that its blank nodes got (of `skolemize`)."""

    def __init__(self, document: Document, *, stored: Iterable[Quad] = ()) -> None:
        self._document: Final = document
        self._stored: Final = stored

    def place_of(self, subject: str, predicate: str = "", value: str = "") -> str:
        """The place of a statement for people, such as `line 12`; empty where it cannot be told.

        Terms are IRIs or lexical forms. Without `predicate`, `value` may be the property or the value of a statement.
        Where the statement is not in the document, the place is where its subject is first described.
        """
        found = self.position_of(subject, predicate, value)
        return f"line {found[0]}" if found else ""

    def position_of(self, subject: str, predicate: str = "", value: str = "") -> tuple[int, int] | None:
        """The line and the column, counted from 1, of what `place_of` names."""
        offset = self._offset(self._written_name(subject), predicate, self._written_name(value))
        if offset is None:
            return None
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def _offset(self, subject: str, predicate: str, value: str) -> int | None:
        known = self._offsets
        for wanted in ((subject, predicate, value), (subject, "", "")):
            if wanted in known:
                return known[wanted]
        return None

    @cached_property
    def _offsets(self) -> Mapping[Statement, int]:
        """The first offset for each question that can be answered; the empty text asks for any."""
        offsets: dict[Statement, int] = {}
        for written in self._written:
            subject, predicate, value, start, at, value_at = written
            if start < 0:
                continue
            for question, offset in (
                ((subject, predicate, value), value_at),
                ((subject, predicate, ""), at),
                ((subject, "", value), value_at),
                ((subject, "", predicate), at),
                ((subject, "", ""), start),
            ):
                offsets.setdefault(question, offset)
        return offsets

    @cached_property
    def _written(self) -> list[Written]:
        """The statements that are written, as far as the parser has read them too."""
        document = self._document
        if len(document.text) > _MOST_CHARACTERS:
            return []
        if document.format.name == "rdfxml":
            found = written_in_xml(document.text, base=document.base)
        elif document.format.name == "jsonld":
            found = written_in_json(document.text, document.quads, base=document.base)
        else:
            found = written_in(document.text, base=document.base)
        said = {_statement(quad) for quad in document.quads}
        subjects = {subject for subject, _, _ in said}
        return [
            written
            for written in found
            if written[:3] in said or BLANK in (written.subject[:1], written.value[:1]) or _is_thing(written, subjects)
        ]

    @cached_property
    def _blanks(self) -> Mapping[str, str]:
        return match_blanks(
            (written[:3] for written in self._written),
            is_written=lambda term: term.startswith(BLANK),
            stored=(_statement(quad) for quad in self._stored),
            is_stored=lambda term: _GENID in term,
        )

    def _written_name(self, term: str) -> str:
        return self._blanks.get(term, "") or term if _GENID in term else term

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *accumulate(len(line) + 1 for line in self._document.text.split("\n")[:-1])]


def _is_thing(written: Written, subjects: set[str]) -> bool:
    return not written.predicate and written.subject in subjects


def _statement(quad: Quad) -> Statement:
    return _text(quad.subject), quad.predicate.value, _text(quad.object)


def _text(term: object) -> str:
    if isinstance(term, BlankNode):
        return f"{BLANK}{term.value}"
    return term.value if isinstance(term, NamedNode | Literal) else ""
