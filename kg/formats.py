"""The one table of formats an answer can have: names, media types, file extensions, the kinds of answer they fit."""

from dataclasses import dataclass
from typing import Final

SOLUTIONS: Final = "solutions"
BOOLEAN: Final = "boolean"
GRAPH: Final = "graph"

_KIND_OF_FORM: Final = {"SELECT": SOLUTIONS, "ASK": BOOLEAN, "CONSTRUCT": GRAPH, "DESCRIBE": GRAPH}


@dataclass(frozen=True)
class Format:
    """One row: a way to write an answer."""

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

    @property
    def content_type(self) -> str:
        """The value of the Content-Type header.

        >>> format_named("csv", "SELECT").content_type
        'text/csv; charset=utf-8'
        """
        return content_type(self.media_type, charset=self.charset)


_RESULTS: Final = (SOLUTIONS, BOOLEAN)
_TRIPLES: Final = (GRAPH,)

# Best first: the order in which an answer is chosen when the client has no preference.
# Source: the media type registration in SPARQL 1.1 Query Results JSON, XML, and CSV and TSV; RDF 1.1 Turtle, N-Triples,
# N-Quads, TriG and RDF/XML; JSON-LD 1.1; Notation3.
FORMATS: Final = (
    Format("json", "JSON", "application/sparql-results+json", "srj", _RESULTS, other_media_types=("application/json",)),
    Format(
        "xml",
        "XML",
        "application/sparql-results+xml",
        "srx",
        _RESULTS,
        other_media_types=("application/xml", "text/xml"),
    ),
    Format("csv", "CSV", "text/csv", "csv", _RESULTS, charset=True),
    Format("tsv", "TSV", "text/tab-separated-values", "tsv", _RESULTS, charset=True),
    Format("turtle", "Turtle", "text/turtle", "ttl", _TRIPLES, charset=True, other_names=("ttl",)),
    Format("ntriples", "N-Triples", "application/n-triples", "nt", _TRIPLES, other_names=("nt",)),
    Format("jsonld", "JSON-LD", "application/ld+json", "jsonld", _TRIPLES, other_names=("json",)),
    Format(
        "rdfxml",
        "RDF/XML",
        "application/rdf+xml",
        "rdf",
        _TRIPLES,
        other_names=("rdf", "xml"),
        other_media_types=("application/xml", "text/xml"),
    ),
    Format("trig", "TriG", "application/trig", "trig", _TRIPLES),
    Format("nquads", "N-Quads", "application/n-quads", "nq", _TRIPLES, other_names=("nq",)),
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

    >>> format_named("XML", "CONSTRUCT").label
    'RDF/XML'
    """
    wanted = name.lower()
    return next((row for row in formats_for(form) if wanted == row.name or wanted in row.other_names), None)
