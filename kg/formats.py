"""The one table of formats: names, media types, extensions; which kinds of answer they fit, and how they are read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import not_
from typing import Final

SOLUTIONS: Final = "solutions"
BOOLEAN: Final = "boolean"
GRAPH: Final = "graph"

_KIND_OF_FORM: Final = {"SELECT": SOLUTIONS, "ASK": BOOLEAN, "CONSTRUCT": GRAPH, "DESCRIBE": GRAPH}

ENTRIES: Final = "application/vnd.kg.entries+json"
"""The media type of entries of a form (`kg.tables.written_entries`)."""


@dataclass(frozen=True)
class Format:
    """One row: a way to write an answer; some are ways to write a submission too."""

    name: str
    """The word for `?format=`."""
    label: str
    media_type: str
    """As the standard spells it, without parameters."""
    extension: str
    kinds: tuple[str, ...]
    """The kinds of answer it can carry: `solutions`, `boolean`, `graph`."""
    charset: bool = False
    """Whether the media type has a charset parameter, which is then always UTF-8."""
    other_names: tuple[str, ...] = ()
    other_media_types: tuple[str, ...] = ()
    """Media types that clients ask for and that name the same bytes; the answer then carries the type asked for."""
    is_empty: Callable[[bytes], bool] = not_
    """Whether an answer in it, as the engine writes it, has no row and no triple, or is `false`."""
    read_types: tuple[str, ...] = ()
    """Media types under which documents are submitted in it; empty where it is only written."""
    read_extensions: tuple[str, ...] = ()
    """Extensions of files that are submitted in it."""

    @property
    def content_type(self) -> str:
        """The value of the Content-Type header.

        >>> format_named("csv", "SELECT").content_type
        'text/csv; charset=utf-8'
        """
        return content_type(self.media_type, charset=self.charset)


def _ends_with(*endings: bytes) -> Callable[[bytes], bool]:
    return lambda answer: answer.endswith(endings)


def _is_a_line_or_false(answer: bytes) -> bool:
    """Whether there is nothing but the names of the columns, or `false`."""
    return answer.find(b"\n") == len(answer) - 1 or answer == b"false"


_RESULTS: Final = (SOLUTIONS, BOOLEAN)
_TRIPLES: Final = (GRAPH,)

# Best first: the order in which an answer is chosen when the client has no preference.
# Source: the media type registration in SPARQL 1.1 Query Results JSON, XML, and CSV and TSV; RDF 1.1 Turtle, N-Triples,
# N-Quads, TriG and RDF/XML; JSON-LD 1.1; Notation3.
FORMATS: Final = (
    Format(
        "json",
        "JSON",
        "application/sparql-results+json",
        "srj",
        _RESULTS,
        other_media_types=("application/json",),
        is_empty=_ends_with(b'"bindings":[]}}', b'"boolean":false}'),
    ),
    Format(
        "xml",
        "XML",
        "application/sparql-results+xml",
        "srx",
        _RESULTS,
        other_media_types=("application/xml", "text/xml"),
        is_empty=_ends_with(b"<results></results></sparql>", b"<boolean>false</boolean></sparql>"),
    ),
    Format("csv", "CSV", "text/csv", "csv", _RESULTS, charset=True, is_empty=_is_a_line_or_false),
    Format("tsv", "TSV", "text/tab-separated-values", "tsv", _RESULTS, charset=True, is_empty=_is_a_line_or_false),
    Format(
        "turtle",
        "Turtle",
        "text/turtle",
        "ttl",
        _TRIPLES,
        charset=True,
        other_names=("ttl",),
        read_types=("text/turtle", "application/x-turtle"),
        read_extensions=("ttl",),
    ),
    Format(
        "ntriples",
        "N-Triples",
        "application/n-triples",
        "nt",
        _TRIPLES,
        other_names=("nt",),
        read_types=("application/n-triples",),
        read_extensions=("nt",),
    ),
    Format(
        "jsonld",
        "JSON-LD",
        "application/ld+json",
        "jsonld",
        _TRIPLES,
        other_names=("json", "json-ld"),
        other_media_types=("application/json",),
        is_empty=_ends_with(b"[]"),
        read_types=("application/ld+json", "application/json"),
        read_extensions=("jsonld", "json"),
    ),
    Format(
        "rdfxml",
        "RDF/XML",
        "application/rdf+xml",
        "rdf",
        _TRIPLES,
        other_names=("rdf", "xml", "rdf+xml"),
        other_media_types=("application/xml", "text/xml"),
        is_empty=_ends_with(b'">\n</rdf:RDF>'),
        read_types=("application/rdf+xml", "application/xml", "text/xml"),
        read_extensions=("rdf", "owl", "xml"),
    ),
    Format(
        "trig",
        "TriG",
        "application/trig",
        "trig",
        _TRIPLES,
        read_types=("application/trig",),
        read_extensions=("trig",),
    ),
    Format(
        "nquads",
        "N-Quads",
        "application/n-quads",
        "nq",
        _TRIPLES,
        other_names=("nq",),
        read_types=("application/n-quads",),
        read_extensions=("nq",),
    ),
    Format("n3", "Notation3", "text/n3", "n3", _TRIPLES, charset=True),
    Format("html", "HTML", "text/html", "html", (SOLUTIONS, BOOLEAN, GRAPH), charset=True),
)


def content_type(media_type: str, *, charset: bool) -> str:
    """A media type with its charset parameter where it has one."""
    return f"{media_type}; charset=utf-8" if charset else media_type


def formats_for(form: str) -> tuple[Format, ...]:
    """The formats for a query form (`SELECT`, `ASK`, `CONSTRUCT`, `DESCRIBE`), best first.

    >>> [row.name for row in formats_for("ASK")]
    ['json', 'xml', 'csv', 'tsv', 'html']
    """
    kind = _KIND_OF_FORM[form]
    return tuple(row for row in FORMATS if kind in row.kinds)


def format_named(name: str, form: str) -> Format | None:
    """The format that `?format=name` means for a query form; None where there is none.

    The name may be a media type, and several names, between commas: the first counts that means a format for the form.
    A `+` that was not percent-encoded has become a space.

    >>> format_named("XML", "CONSTRUCT").label
    'RDF/XML'
    >>> format_named("text/turtle,application/sparql-results json", "SELECT").label
    'JSON'
    """
    rows = _rows_by_name(form)
    wanted = (each.strip().replace(" ", "+") for each in name.lower().split(","))
    return next((rows[each] for each in wanted if each in rows), None)


@lru_cache
def _rows_by_name(form: str) -> Mapping[str, Format]:
    """The formats for a query form, by each name and media type of theirs."""
    return {
        name: row
        for row in formats_for(form)
        for name in (row.name, *row.other_names, row.media_type, *row.other_media_types)
    }


def format_read(media_type: str, *, name: str = "") -> Format | None:
    """The format of a submitted document: by media type without parameters, where there is none by the file's name.

    >>> format_read("application/trig").label
    'TriG'
    >>> format_read("", name="books.TTL").label
    'Turtle'
    """
    wanted = media_type.lower()
    _, dot, extension = name.lower().rpartition(".")
    if wanted:
        return next((row for row in FORMATS if wanted in row.read_types), None)
    return next((row for row in FORMATS if dot and extension in row.read_extensions), None)
