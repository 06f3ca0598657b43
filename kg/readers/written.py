"""Statements as a text of the Turtle family has them, each with the places where its parts are written.

The text is one that a parser has read without a mistake; here it is walked again, only to say where things are. Where
this walk cannot tell what a term is (a base that it cannot apply, say), the statement is left out.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from pyoxigraph import NamedNode, RdfFormat, parse

from kg.namespaces import PREFIXES
from kg.sparql import Token, significant, tokenize

BLANK: Final = "\0"
"""How the name of a blank node starts; no text of a document holds this character."""
NIL: Final = f"{PREFIXES['rdf']}nil"
FIRST: Final = f"{PREFIXES['rdf']}first"
REST: Final = f"{PREFIXES['rdf']}rest"
TYPE: Final = f"{PREFIXES['rdf']}type"

_END: Final = Token("end", "", 0)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_CHARACTERS: Final = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}
_VERBS: Final = frozenset({"iri", "pname", "word"})
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


class Written(NamedTuple):
    """A statement; terms are IRIs, lexical forms, or names of blank nodes, and offsets count characters from 0."""

    subject: str
    predicate: str
    value: str
    subject_offset: int
    predicate_offset: int
    value_offset: int


class _Term(NamedTuple):
    text: str | None
    """None where it cannot be told."""
    offset: int


def written_in(text: str, *, base: str) -> list[Written]:
    """The statements of a text in Turtle, TriG, N-Triples or N-Quads, as far as they can be told."""
    return _Walk(significant(tokenize(text)), base).document()


def unescaped(text: str) -> str:
    """What a text of Turtle stands for, its escapes resolved."""
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def resolved(iri: str, *, base: str) -> str | None:
    """An IRI as it is relative to a base, which may be empty, by the rules of the parser; None where it cannot be."""
    if _ABSOLUTE.match(iri):
        return iri
    try:
        [quad] = parse(f"<{iri}> <x:p> <x:o> .", format=RdfFormat.TURTLE, base_iri=base or None)
    except (SyntaxError, ValueError):
        return None
    return quad.subject.value if isinstance(quad.subject, NamedNode) else None


class _Walk:
    """One walk over the tokens of a text."""

    def __init__(self, tokens: list[Token], base: str) -> None:
        self._tokens: Final = tokens
        self._next = 0
        self._base = base
        self._prefixes: Final[dict[str, str | None]] = {}
        self._found: Final[list[Written]] = []

    def document(self) -> list[Written]:
        """All statements of the text."""
        while self._peek() is not _END:
            token = self._peek()
            if token.text in ("@prefix", "@base", "@version") or token.keyword in ("PREFIX", "BASE", "VERSION"):
                self._directive()
            elif token.text in ("{", "}", ".") or token.keyword == "GRAPH":
                self._take()
            else:
                self._statements()
        return self._found

    def _peek(self) -> Token:
        return self._tokens[self._next] if self._next < len(self._tokens) else _END

    def _take(self) -> Token:
        token = self._peek()
        self._next += 1
        return token

    def _directive(self) -> None:
        kind = self._take().text.lstrip("@").lower()
        if kind == "prefix":
            prefix = self._take().text
            self._prefixes[prefix] = self._iri(self._take().text)
        elif kind == "base":
            self._base = self._iri(self._take().text) or ""
        else:
            self._take()

    def _statements(self) -> None:
        """The statements about one subject, up to the dot or the end of the graph; or just the name of a graph."""
        subject = self._term()
        if self._peek().text == "{":
            return
        self._about(subject)
        while self._peek().text not in (".", "}") and self._peek() is not _END:
            self._take()  # the graph of a statement in N-Quads

    def _about(self, subject: _Term) -> None:
        """What is said of a subject: properties after each `;`, values after each `,`."""
        while self._peek().kind in _VERBS:
            verb = self._take()
            predicate = _Term(TYPE if verb.text == "a" else self._name(verb), verb.start)
            self._add(subject, predicate, self._term())
            while self._peek().text == ",":
                self._take()
                self._add(subject, predicate, self._term())
            if self._peek().text != ";":
                break
            while self._peek().text == ";":
                self._take()

    def _add(self, subject: _Term, predicate: _Term, value: _Term) -> None:
        if subject.text is None or predicate.text is None or value.text is None:
            return
        offsets = (subject.offset, predicate.offset, value.offset)
        self._found.append(Written(subject.text, predicate.text, value.text, *offsets))

    def _term(self) -> _Term:
        token = self._take()
        if token.text == "[":
            node = _Term(f"{BLANK}{token.start}", token.start)
            self._about(node)
            self._take()
            return node
        if token.text == "(":
            return self._collection(token)
        if token.text in ("+", "-"):
            return _Term(token.text + self._take().text, token.start)
        if token.kind == "string":
            self._datatype()
            return _Term(_string(token.text), token.start)
        return _Term(self._name(token), token.start)

    def _datatype(self) -> None:
        if self._peek().text == "^^":
            self._take()
            self._take()
        elif self._peek().kind == "lang":
            self._take()

    def _collection(self, opening: Token) -> _Term:
        head = before = _Term(NIL, opening.start)
        while self._peek().text != ")" and self._peek() is not _END:
            start = self._peek().start
            cell = _Term(f"{BLANK}{start}(", start)
            self._add(cell, _Term(FIRST, start), self._term())
            if head.text == NIL:
                head = _Term(cell.text, opening.start)
            else:
                self._add(before, _Term(REST, start), cell)
            before = cell
        closing = self._take()
        if head.text != NIL:
            self._add(before, _Term(REST, closing.start), _Term(NIL, closing.start))
        return head

    def _name(self, token: Token) -> str | None:
        """What a token that is no text in quotes stands for."""
        if token.kind == "iri":
            return self._iri(token.text)
        if token.kind == "pname":
            prefix, colon, local = token.text.partition(":")
            namespace = self._prefixes.get(prefix + colon)
            return None if namespace is None else namespace + unescaped(local)
        return f"{BLANK}{token.text}" if token.kind == "bnode" else token.text

    def _iri(self, written: str) -> str | None:
        return resolved(unescaped(written[1:-1]), base=self._base)


def _string(token: str) -> str:
    quotes = 3 if token.startswith(('"""', "'''")) else 1
    return unescaped(token[quotes:-quotes])


def _character(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _CHARACTERS.get(match[3], match[3])
