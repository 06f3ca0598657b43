"""RDF Patch: what a commit adds and removes, as text in one form, so that equal changes give equal bytes.

    H author "Ada" .
    TX .
    A <https://library.example/emma> <https://library.example/by> "Jane"@en <https://library.example/graph/books> .
    D <https://library.example/emma> <https://library.example/by> "Anne"@en <https://library.example/graph/books> .
    TC .

Source: RDF Patch (https://afs.github.io/rdf-patch/, with the headers of https://jena.apache.org/documentation/rdf-patch/).
Narrower than that: rows in code point order, each once; terms as in N-Quads; no prefix or blank node.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Store, Triple, parse, serialize

from kg.errors import ContentError
from kg.sources import is_reference
from kg.store.results import Term

HeaderTerm = NamedNode | Literal

_BEGIN: Final = "TX ."
_END: Final = "TC ."
_HEADER: Final = re.compile(r"H ([a-z][a-z0-9-]*) (.+ \.)")
_ROW: Final = re.compile(r"([AD]) (.+ \.)")
_REMEDY: Final = "give N-Quads statements about IRIs and literals, in code point order, each once"


@dataclass(frozen=True)
class Changeset:
    """What is added and what is removed: N-Quads statements without line ends, in code point order, each once.

    Text rather than objects of the engine: whoever judges it needs no engine, it is compared and kept as it is, and a
    line is found again in the ledger by its bytes. Made by `changeset_of`.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)

    def with_added(self, lines: Iterable[str]) -> Changeset:
        """The same, with more that is added."""
        return Changeset(added=tuple(sorted({*self.added, *lines})), removed=self.removed)

    def inverse(self) -> Changeset:
        """What undoes it."""
        return Changeset(added=self.removed, removed=self.added)


def changeset_of(added: Iterable[Quad] = (), removed: Iterable[Quad] = ()) -> Changeset:
    """The changeset of quads, with each literal as the engine stores it (`01` is `1`); nothing is in both halves.

    Raises:
        ContentError: a quad has a blank node, or is both added and removed.
    """
    changes = Changeset(added=_lines(added), removed=_lines(removed))
    _check(changes, numbers={})
    return changes


def quads_of(lines: Iterable[str]) -> list[Quad]:
    """The quads of N-Quads statements."""
    return list(parse("\n".join(lines), format=RdfFormat.N_QUADS))


def line_of(subject: str, predicate: str, value: Term, *, graph: str) -> str:
    """An N-Quads statement as the ledger has it; without a graph where that is empty."""
    place = NamedNode(graph) if graph else DefaultGraph()
    term = NamedNode(value.value) if value.kind == "iri" else _literal(value)
    [line] = _lines([Quad(NamedNode(subject), NamedNode(predicate), term, place)])
    return line


def _literal(term: Term) -> Literal:
    if term.language:
        return Literal(term.value, language=term.language)
    return Literal(term.value, datatype=NamedNode(term.datatype) if term.datatype else None)


def texts_of(line: str) -> tuple[str, str, str]:
    """Subject, property and value of an N-Quads statement, as IRIs and lexical forms.

    >>> texts_of('<x:a> <x:b> "one"@en <x:g> .')
    ('x:a', 'x:b', 'one')
    """
    [quad] = quads_of([line])
    return _text(quad.subject), _text(quad.predicate), _text(quad.object)


def _text(term: NamedNode | BlankNode | Literal | Triple) -> str:
    return str(term) if isinstance(term, Triple) else term.value


def is_unnamed(quad: Quad) -> bool:
    """Whether a quad stands in the default graph."""
    return isinstance(quad.graph_name, DefaultGraph)


def is_apart(quad: Quad) -> bool:
    """Whether a quad stands in a graph of reference, which the merge of all graphs does not take in."""
    return isinstance(quad.graph_name, NamedNode) and is_reference(quad.graph_name.value)


def write_patch(header: Mapping[str, HeaderTerm], changes: Changeset) -> bytes:
    """The text of a patch; the header keeps its order.

    Raises:
        ContentError: a line of the changeset is not what `changeset_of` makes.
    """
    _check(changes, numbers={})
    for lines in (changes.added, changes.removed):
        if lines and serialize(quads_of(lines), format=RdfFormat.N_QUADS) != "".join(f"{n}\n" for n in lines).encode():
            raise _bad("a statement is not written as the engine writes it", None)
    heads = [f"H {name} {term} ." for name, term in header.items()]
    rows = [*(f"A {line}" for line in changes.added), *(f"D {line}" for line in changes.removed)]
    return "".join(f"{line}\n" for line in [*heads, _BEGIN, *rows, _END]).encode()


def read_patch(text: bytes) -> tuple[dict[str, HeaderTerm], Changeset]:
    """The header and the changeset of one patch, as `write_patch` writes it.

    Raises:
        ContentError: it is not such a text; with the line, counted from 1.
    """
    try:
        lines = text.decode().split("\n")
    except UnicodeDecodeError as error:
        raise _bad("not UTF-8", text.count(b"\n", 0, error.start) + 1) from error
    if lines.pop():
        raise _bad("the last line does not end", len(lines) + 1)
    begin = next((number for number, line in enumerate(lines) if line == _BEGIN), len(lines))
    header: dict[str, HeaderTerm] = {}
    for number, line in enumerate(lines[:begin], start=1):
        name, term = _read_header(line, number)
        if name in header:
            raise _bad(f"a second header {name}", number)
        header[name] = term
    if begin == len(lines) or lines[-1] != _END:
        raise _bad(f"`{_END if begin < len(lines) else _BEGIN}` is missing", len(lines))
    return header, _read_rows(lines[begin + 1 : -1], first=begin + 2)


def _read_header(line: str, number: int) -> tuple[str, HeaderTerm]:
    found = _HEADER.fullmatch(line)
    if not found:
        raise _bad(f"not a header: {line[:80]!r}", number)
    try:
        (quad,) = parse(f"<x:h> <x:h> {found[2]}", format=RdfFormat.N_QUADS)
    except (SyntaxError, ValueError) as error:
        raise _bad(f"not a header with one term: {line[:80]!r}", number) from error
    if not isinstance(quad.object, NamedNode | Literal) or quad.graph_name != DefaultGraph():
        raise _bad(f"the value of a header is an IRI or a literal: {line[:80]!r}", number)
    return found[1], quad.object


def _read_rows(rows: Sequence[str], *, first: int) -> Changeset:
    halves: dict[str, list[str]] = {"A": [], "D": []}
    numbers: dict[str, int] = {}
    before = ""
    for number, row in enumerate(rows, start=first):
        found = _ROW.fullmatch(row)
        if not found:
            raise _bad(f"not a row of a patch: {row[:80]!r}", number)
        if row <= before:
            raise _bad("the rows are not in code point order, each once", number)
        before = row
        halves[found[1]].append(found[2])
        numbers[found[2]] = number
    changes = Changeset(added=tuple(halves["A"]), removed=tuple(halves["D"]))
    _check(changes, numbers=numbers)
    return changes


def _lines(quads: Iterable[Quad]) -> tuple[str, ...]:
    """What the engine makes of quads when it stores them, as sorted N-Quads statements."""
    store = Store()
    store.extend(quads)
    text = (serialize(store, format=RdfFormat.N_QUADS) or b"").decode()
    return tuple(sorted(text.split("\n")[:-1]))


def _check(changes: Changeset, *, numbers: Mapping[str, int]) -> None:
    for line in sorted({*changes.added} & {*changes.removed}):
        raise _bad(f"both added and removed: {line}", numbers.get(line))
    for lines in (changes.added, changes.removed):
        if any(line >= after for line, after in pairwise(lines)):
            raise _bad("the statements are not in code point order, each once", None)
        if not _are_statements(lines):
            for line in lines:
                if not _are_statements([line]):
                    raise _bad(f"not a statement about IRIs and literals: {line}", numbers.get(line))


def _are_statements(lines: Sequence[str]) -> bool:
    """Whether each line is an N-Quads statement without blank nodes."""
    if any("\n" in line or "\r" in line or line.startswith("#") for line in lines):
        return False
    try:
        quads = quads_of(lines)
    except SyntaxError:
        return False
    return len(quads) == len(lines) and all(
        not any(map(_is_blank, (quad.subject, quad.object, quad.graph_name))) for quad in quads
    )


def _is_blank(term: object) -> bool:
    if isinstance(term, Triple):
        return _is_blank(term.subject) or _is_blank(term.object)
    return isinstance(term, BlankNode)


def _bad(message: str, line: int | None) -> ContentError:
    return ContentError(message, remedy=_REMEDY, line=line)
