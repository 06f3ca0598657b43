"""The operations of a SPARQL update, by its tokens: where each begins and ends, and what it names. No engine is needed.

What is read here must be what the engine reads. The engine takes a keyword wherever one fits (`USINGx:g` as two words),
so that nothing is skipped: a token that is not expected is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kg.errors import QuerySyntax
from kg.sparql.tokens import Token, position, significant, tokenize

MODIFY: Final = "MODIFY"
INSERT_DATA: Final = "INSERT DATA"
DELETE_DATA: Final = "DELETE DATA"
DELETE_WHERE: Final = "DELETE WHERE"
LOAD: Final = "LOAD"

# How many tokens a declaration has.
_DECLARATIONS: Final = {"BASE": 2, "PREFIX": 3, "VERSION": 2}


@dataclass(frozen=True)
class Part:
    """One operation of a request, as it is written."""

    request: str
    declared: tuple[Token, ...]
    """All declarations (BASE, PREFIX, VERSION) that stand before it in the request; later ones count."""
    tokens: tuple[Token, ...]

    @property
    def text(self) -> str:
        """The operation without what was declared before."""
        return self.request[self.tokens[0].start : self.tokens[-1].end]

    @property
    def prologue(self) -> str:
        """What was declared, as text that can stand before another query."""
        return " ".join(token.text for token in self.declared)

    def behind(self, first: str) -> str:
        """A request of an operation `first`, which is one line, and this one; `place` finds a place in it again."""
        return "\n".join([*(token.text for token in self.declared), first, self.text])

    def place(self, line: int, column: int) -> tuple[int, int]:
        """Where a place in the text that `behind` gives stands in the whole request."""
        if line <= len(self.declared):
            at, start = position(self.request, self.declared[line - 1].start)
            return at, start + column - 1
        at, start = position(self.request, self.tokens[0].start)
        inside = max(0, line - len(self.declared) - 2)
        return at + inside, column if inside else start + column - 1


@dataclass(frozen=True)
class Operation:
    """What an operation names; terms and blocks (`{…}`) as they are written, empty where there are none."""

    kind: str
    """MODIFY for `[WITH] DELETE … INSERT … [USING] WHERE …`, else the words it begins with, such as `DELETE WHERE`."""
    silent: bool = False
    with_graph: str = ""
    deleted: str = ""
    inserted: str = ""
    using: tuple[str, ...] = ()
    using_named: tuple[str, ...] = ()
    where: str = ""
    graphs: tuple[str, ...] = ()
    """What is cleared, dropped or created; or source and destination: an IRI, or `DEFAULT`, `NAMED`, `ALL`. The source
    of a LOAD is no graph, and it need not have a destination."""


def parts_of_update(text: str) -> tuple[Part, ...]:
    """The operations of a vetted update, each with what was declared before it.

    >>> [part.text for part in parts_of_update("CLEAR ALL; PREFIX x: <x:> INSERT DATA { x:a x:b 1; x:c 2 };")]
    ['CLEAR ALL', 'INSERT DATA { x:a x:b 1; x:c 2 }']

    Source: SPARQL 1.1 Query §19.8, productions Update to Update1.

    Raises:
        QuerySyntax: a `;` that ends nothing, or a blank node label in two INSERT DATA.
    """
    parts: list[Part] = []
    declared: tuple[Token, ...] = ()
    for piece, ends in _pieces(significant(tokenize(text))):
        count = _declaration_count(piece)
        declared += piece[:count]
        if piece[count:]:
            parts.append(Part(text, declared, piece[count:]))
        elif ends:
            raise _syntax(text, ends.start, "; cannot stand here")
    _refuse_shared_nodes(text, parts)
    return tuple(parts)


def operation_of(part: Part) -> Operation:
    """What an operation names.

    Source: SPARQL 1.1 Query §19.8, productions Load to UsingClause.

    Raises:
        QuerySyntax: it is not built as an operation is.
    """
    cursor = _Cursor(part)
    operation = _operation(cursor)
    cursor.end()
    return operation


def variables_of(*blocks: str) -> tuple[str, ...]:
    """The names of the variables in blocks, each once, in order.

    >>> variables_of("{ ?s a $t }", "{ ?s ?p 1 }")
    ('s', 't', 'p')
    """
    found = (token.text[1:] for block in blocks for token in tokenize(block) if token.kind == "var")
    return tuple(dict.fromkeys(found))


def with_terms(block: str, terms: Mapping[str, str]) -> str:
    """A block with each variable replaced by a term.

    >>> with_terms("{ ?s<x:p>'?s' }", {"s": "<x:s>"})
    "{ <x:s><x:p>'?s' }"
    """
    return "".join(terms[token.text[1:]] if token.kind == "var" else token.text for token in tokenize(block))


def _pieces(tokens: Sequence[Token]) -> Iterator[tuple[tuple[Token, ...], Token | None]]:
    """What stands between the `;` outside of all brackets, each with the `;` that ends it."""
    depth = start = 0
    for index, token in enumerate(tokens):
        if token.kind != "punct":
            continue
        depth += {"{": 1, "}": -1}.get(token.text, 0)
        if token.text == ";" and depth == 0:
            yield tuple(tokens[start:index]), token
            start = index + 1
    yield tuple(tokens[start:]), None


def _declaration_count(tokens: Sequence[Token]) -> int:
    """How many tokens at the start are declarations."""
    count = 0
    while count < len(tokens) and tokens[count].keyword in _DECLARATIONS:
        count += _DECLARATIONS[tokens[count].keyword]
    return count


def _refuse_shared_nodes(text: str, parts: Sequence[Part]) -> None:
    """Refuse a blank node label in two INSERT DATA.

    Source: SPARQL 1.1 Query §19.8 note 10: such a label is not used in two INSERT DATA operations of one request.
    """
    seen: set[str] = set()
    for part in parts:
        if [token.keyword for token in part.tokens[:2]] != ["INSERT", "DATA"]:
            continue
        nodes = [token for token in part.tokens if token.kind == "bnode"]
        for node in nodes:
            if node.text in seen:
                remedy = "write both in one INSERT DATA, or use another label"
                raise _syntax(text, node.start, f"{node.text} stands in an INSERT DATA before", remedy=remedy)
        seen.update(node.text for node in nodes)


def _operation(cursor: _Cursor) -> Operation:
    kind = cursor.word("CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY")
    if kind:
        return Operation(kind, bool(cursor.word("SILENT")), graphs=_graphs(cursor, kind))
    if cursor.word(LOAD):
        silent, source = bool(cursor.word("SILENT")), cursor.term()
        return Operation(LOAD, silent, graphs=(source, cursor.graph()) if cursor.word("INTO") else (source,))
    if cursor.words("INSERT", "DATA"):
        return Operation(INSERT_DATA, inserted=cursor.block())
    if cursor.words("DELETE", "DATA"):
        return Operation(DELETE_DATA, deleted=cursor.block(deletes=True))
    if cursor.words("DELETE", "WHERE"):
        block = cursor.block(deletes=True)
        return Operation(DELETE_WHERE, deleted=block, where=block)
    return _modification(cursor)


def _graphs(cursor: _Cursor, kind: str) -> tuple[str, ...]:
    """The graphs of an operation on whole graphs."""
    if kind in ("CLEAR", "DROP"):
        return (cursor.word("DEFAULT", "NAMED", "ALL") or cursor.graph(),)
    if kind == "CREATE":
        return (cursor.graph(),)
    source = cursor.graph_or_default()
    cursor.expect("TO")
    return source, cursor.graph_or_default()


def _modification(cursor: _Cursor) -> Operation:
    with_graph = cursor.term() if cursor.word("WITH") else ""
    deleted = cursor.block(deletes=True) if cursor.word("DELETE") else ""
    if not deleted:
        cursor.expect("INSERT")
    inserted = cursor.block() if not deleted or cursor.word("INSERT") else ""
    using: list[str] = []
    named: list[str] = []
    while cursor.word("USING"):
        (named if cursor.word("NAMED") else using).append(cursor.term())
    cursor.expect("WHERE")
    return Operation(
        MODIFY,
        with_graph=with_graph,
        deleted=deleted,
        inserted=inserted,
        using=tuple(using),
        using_named=tuple(named),
        where=cursor.block(),
    )


class _Cursor:
    """A place among the tokens of an operation."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self._at = 0

    def word(self, *keywords: str) -> str:
        """The next word, and step behind it, where it is one of these; else empty."""
        found = self._next()
        if found is None or found.keyword not in keywords:
            return ""
        self._at += 1
        return found.keyword

    def words(self, first: str, second: str) -> bool:
        """Whether these two words come next; if so, step behind them."""
        found = [token.keyword for token in self.part.tokens[self._at : self._at + 2]]
        if found != [first, second]:
            return False
        self._at += 2
        return True

    def expect(self, keyword: str) -> None:
        """Step behind a word that must come next."""
        if not self.word(keyword):
            raise self._unexpected()

    def term(self) -> str:
        """The IRI that must come next, as it is written."""
        found = self._next()
        if found is None or found.kind not in ("iri", "pname"):
            raise self._unexpected()
        self._at += 1
        return found.text

    def graph(self) -> str:
        """The IRI behind the word GRAPH."""
        self.expect("GRAPH")
        return self.term()

    def graph_or_default(self) -> str:
        """`DEFAULT`, or the IRI, which may stand behind the word GRAPH."""
        default = self.word("DEFAULT")
        if not default:
            self.word("GRAPH")
        return default or self.term()

    def block(self, *, deletes: bool = False) -> str:
        """The block that must come next, with its brackets; one of what is deleted has no blank node."""
        opening = self._next()
        if opening is None or opening.text != "{":
            raise self._unexpected()
        depth = 0
        for index, token in enumerate(self.part.tokens[self._at :], start=self._at):
            depth += {"{": 1, "}": -1}.get(token.text, 0) if token.kind == "punct" else 0
            if depth == 0:
                self._at = index + 1
                return self.part.request[opening.start : token.end]
            if deletes and (token.kind == "bnode" or token.text in ("[", "(")):
                remedy = "write a variable, and say in WHERE what it stands for"
                raise _syntax(self.part.request, token.start, "a blank node cannot be deleted by name", remedy=remedy)
        raise _syntax(self.part.request, opening.start, "{ is not closed")

    def end(self) -> None:
        """Nothing more may come."""
        if self._next() is not None:
            raise self._unexpected()

    def _next(self) -> Token | None:
        return self.part.tokens[self._at] if self._at < len(self.part.tokens) else None

    def _unexpected(self) -> QuerySyntax:
        found, request = self._next(), self.part.request
        if found is None:
            return _syntax(request, self.part.tokens[-1].end, "the operation ends too soon")
        return _syntax(request, found.start, f"{found.text} cannot stand here")


def _syntax(text: str, start: int, message: str, *, remedy: str = "correct the update at this place") -> QuerySyntax:
    line, column = position(text, start)
    return QuerySyntax(message, remedy=remedy, line=line, column=column)
