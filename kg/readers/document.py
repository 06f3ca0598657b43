"""A document that somebody submits: bytes in a known format become the quads of one named graph, or a clear refusal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, parse

from kg.errors import ContentError, FormatUnknown
from kg.formats import FORMATS, Format, format_read
from kg.namespaces import PREFIXES
from kg.readers.bounds import check_turtle
from kg.readers.jsonld import check_jsonld
from kg.readers.messages import not_json, not_rdf
from kg.readers.rdfxml import check_rdfxml
from kg.readers.terms import NOWHERE, DocumentText, checked, shown
from kg.readers.text import decode

_SYNTAXES: Final = {
    "turtle": (RdfFormat.TURTLE, check_turtle),
    "trig": (RdfFormat.TRIG, check_turtle),
    "ntriples": (RdfFormat.N_TRIPLES, check_turtle),
    "nquads": (RdfFormat.N_QUADS, check_turtle),
    "jsonld": (RdfFormat.JSON_LD, check_jsonld),
    "rdfxml": (RdfFormat.RDF_XML, check_rdfxml),
}
_CHARSET: Final = re.compile(r"""^\s*charset\s*=\s*["']?([^"';\s]*)["']?\s*$""", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """What a document may do, as the one who takes it in decides."""

    graphs: Literal["one", "many"] = "one"
    """Whether it may name graphs other than the one it is read into."""
    base: str = ""
    """The IRI that relative IRIs are relative to; without it they are refused, unless the document declares a base."""
    prefixes: Mapping[str, str] = field(default_factory=lambda: PREFIXES)
    """Prefixes that people know, for the remedy of one that is not declared."""
    max_bytes: int = 10_000_000


@dataclass(frozen=True)
class Document:
    """What was read, and the text it was read from."""

    name: str
    """What messages call it."""
    format: Format
    text: str
    quads: tuple[Quad, ...]
    """In the order of the parser; blank nodes have names of their own."""
    prefixes: Mapping[str, str]
    """The prefixes that the document declares."""
    base: str
    """The IRI that relative IRIs of the document are relative to where it declares no base itself."""


def read_document(
    data: bytes, *, name: str, graph: str, media_type: str = "", reading: Reading | None = None
) -> Document:
    """Read a document of any RDF format into a named graph; `media_type` may have parameters, else the name tells.

    Statements about statements (triple terms) are refused, as in the content files: no shape can judge them.

    Raises:
        ContentError: the format is unknown, or the document is not of it, too large, nested too deep, in another
            character encoding, or wants something fetched; or names a graph that it may not. With the place.
    """
    reading = reading or Reading()
    row = _format(media_type, name)
    text = decode(data, name=name, max_bytes=reading.max_bytes)
    syntax, check = _SYNTAXES[row.name]
    check(text, name=name)
    base = reading.base or (NOWHERE if row.name == "jsonld" else "")
    document = DocumentText(text, name, row.name)
    try:
        parser = parse(text, format=syntax, base_iri=base or None, rename_blank_nodes=True)
        found = tuple(checked(parser, document, known=reading.prefixes))
    except SyntaxError as error:
        not_even = not_json(text, name=name) if row.name == "jsonld" else None
        raise not_even or not_rdf(error, text=text, name=name, prefixes=reading.prefixes) from error
    quads = tuple(_in_graph(found, graph, text=document, graphs=reading.graphs))
    return Document(name, row, text, quads, dict(parser.prefixes), reading.base)


def formats_read() -> tuple[Format, ...]:
    """The formats that a document may have."""
    return tuple(row for row in FORMATS if row.read_types)


def _format(media_type: str, name: str) -> Format:
    essence, *parameters = media_type.split(";")
    row = format_read(essence.strip(), name=name)
    if row is None:
        shown = f"media type {essence.strip()[:100]}" if essence.strip() else "name"
        known = ", ".join(f"{row.read_types[0]} (.{row.read_extensions[0]})" for row in formats_read())
        raise FormatUnknown(f"this {shown} is of no format that is read", remedy=f"send one of {known}", file=name)
    for parameter in parameters:
        charset = _CHARSET.match(parameter)
        if charset and charset[1].lower() not in ("utf-8", "utf8", "us-ascii"):
            raise ContentError(
                f"the character encoding {charset[1][:40]} is not read", remedy="send it as UTF-8", file=name
            )
    return row


def _in_graph(quads: Iterable[Quad], graph: str, *, text: DocumentText, graphs: str) -> Iterator[Quad]:
    own = NamedNode(graph)
    for quad in quads:
        if isinstance(quad.graph_name, DefaultGraph):
            yield Quad(quad.subject, quad.predicate, quad.object, own)
        elif graphs == "many" or quad.graph_name == own:
            yield quad
        else:
            raise text.problem(
                f"{shown(quad.subject)} stands in the graph {shown(quad.graph_name)}, and all of a submission goes "
                f"into {shown(own)}",
                remedy="leave out the names of graphs, or submit each graph by itself",
                written=_iri(quad.graph_name).__eq__,
            )


def _iri(term: object) -> str:
    return term.value if isinstance(term, NamedNode) else ""
