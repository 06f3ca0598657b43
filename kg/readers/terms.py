"""What a parser has read, statement by statement: terms that no graph here can hold, or that are not what was meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pyoxigraph import Literal, NamedNode, Quad, Triple

from kg.errors import ContentError
from kg.readers.bounds import IRI_CHARACTERS, LITERAL_CHARACTERS
from kg.readers.jsonld import TOKEN, json_string
from kg.readers.standards import names_a_language, no_such_term
from kg.readers.text import problem_at
from kg.readers.written import unescaped
from kg.sparql import tokenize

NOWHERE: Final = "x-kg-relative://document/"
"""JSON-LD drops a statement with a relative IRI; below this base it comes through and is found."""

# A prefix makes a short name long: how many characters of terms come out of one that was read, and some to start with.
_GROWTH: Final = 50
_SMALL: Final = 1_000_000
# Source: RDF 1.2 Turtle, what statements about statements start with.
_RDF_12: Final = frozenset({"<<(", "<<", "{|", "~"})
# A name or a part of a text of XML.
_XML_WORD: Final = re.compile(r"[^\s<>\"'=]+")
# How much of a term a message shows.
_SHOWN: Final = 100
# Schemes of IRIs that a prefix may be named like. Source: IANA registry of URI schemes.
_SCHEMES: Final = frozenset({"doi", "file", "ftp", "geo", "http", "https", "info", "mailto", "tag", "tel", "urn"})


@dataclass(frozen=True)
class DocumentText:
    """The text of a document, to find the place of a mistake in it."""

    text: str
    name: str
    format_name: str

    def problem(self, message: str, *, remedy: str, written: Callable[[str], bool]) -> ContentError:
        """An error at the first token that is written so: the text in quotes or angle brackets, without escapes."""
        offset = next((offset for text, offset in self._tokens() if written(text)), None)
        if offset is None:
            return ContentError(message, remedy=remedy, file=self.name)
        return problem_at(message, text=self.text, offset=offset, remedy=remedy, name=self.name)

    def _tokens(self) -> Iterator[tuple[str, int]]:
        if self.format_name == "jsonld":
            for match in TOKEN.finditer(self.text):
                yield json_string(match.group()), match.start()
        elif self.format_name == "rdfxml":
            for match in _XML_WORD.finditer(self.text):
                yield match.group().removeprefix("/"), match.start()
        else:
            for token in tokenize(self.text):
                quotes = 1 if token.kind in ("iri", "string") else 0
                yield unescaped(token.text[quotes : len(token.text) - quotes]), token.start


def checked(quads: Iterable[Quad], text: DocumentText, *, known: Mapping[str, str]) -> Iterator[Quad]:
    """The quads; none says what no graph here can hold, and together they stay in proportion to the text.

    `known` are prefixes, none of which should be the scheme of an IRI.

    Raises:
        ContentError: one does not.
    """
    room = _SMALL + _GROWTH * len(text.text)
    for quad in quads:
        if isinstance(quad.object, Triple):
            raise text.problem(
                f"{shown(quad.subject)} is about a statement (a triple term), which no shape can judge",
                remedy="say it with a node of its own, which names subject, property and value",
                written=_RDF_12.__contains__,
            )
        for term in (quad.subject, quad.predicate, quad.object, quad.graph_name):
            if isinstance(term, Literal):
                _check_literal(term, text)
                _check_term(term.datatype.value, text)
                room -= len(term.value) + len(term.datatype.value)
            elif isinstance(term, NamedNode):
                _check_iri(term.value, text, known=known)
                _check_term(term.value, text)
                room -= len(term.value)
        if room < 0:
            raise ContentError(
                "the statements are out of all proportion to the text", remedy="use shorter prefixes", file=text.name
            )
        yield quad


def shown(term: object) -> str:
    """A term as a message shows it."""
    text = str(term)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _check_literal(literal: Literal, text: DocumentText) -> None:
    zero = "\0" in literal.value
    if zero or len(literal.value) > LITERAL_CHARACTERS:
        wrong = "a zero character (U+0000)" if zero else f"more than {LITERAL_CHARACTERS:,} characters"
        raise text.problem(
            f"the literal {shown(literal)} has {wrong}",
            remedy="delete what is too much",
            written=lambda token: "\0" in token if zero else token == literal.value,
        )
    if literal.language and not names_a_language(literal.language):
        raise text.problem(
            f"{shown(literal)}: no language has the code {shown(literal.language)}",
            remedy='write a code of ISO 639, of two or three letters, as in "forest"@en',
            written=literal.value.__eq__,
        )


def _check_term(iri: str, text: DocumentText) -> None:
    """Refuse what a namespace that is complete has not."""
    missing = no_such_term(iri)
    if missing:
        namespace, near = missing
        raise text.problem(
            f"<{shown(iri)}> is no term of its standard",
            remedy=f"did you mean <{namespace}{near}>?" if near else f"take a term that <{namespace}> has",
            written=lambda token: token == iri or token.endswith(f":{iri.removeprefix(namespace)}"),
        )


def _check_iri(iri: str, text: DocumentText, *, known: Mapping[str, str]) -> None:
    if len(iri) > IRI_CHARACTERS:
        message = f"the IRI {shown(iri)} has more than {IRI_CHARACTERS:,} characters"
        raise text.problem(message, remedy="shorten it", written=iri.__eq__)
    if iri.startswith(NOWHERE):
        relative = iri.removeprefix(NOWHERE)
        raise text.problem(
            f"not RDF: <{shown(relative)}> is a relative IRI, and nothing says to what it is relative",
            remedy="write the whole IRI, with https://, or declare @base in @context",
            written=relative.__eq__,
        )
    scheme, _, rest = iri.partition(":")
    if scheme in known and scheme not in _SCHEMES and not rest.startswith("//"):
        raise text.problem(
            f"not RDF: <{shown(iri)}> is written as a whole IRI, but {scheme}: is a prefix",
            remedy=f"declare the prefix {scheme}: as {known[scheme]}, and write the name without < >",
            written=iri.__eq__,
        )
