"""What is validated or submitted: a text, a file or an rdflib graph, as bytes with a name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import rdflib

from kg.errors import ContentError

Data = str | bytes | Path | rdflib.Graph
"""A text, a file (a Path, or its name), or an rdflib graph."""

_FILE_NAME: Final = re.compile(
    r"[^\s<>\"]{1,500}\.(ttl|trig|nt|nq|jsonld|json|rdf|xml|owl|csv|tsv|xlsx)", re.IGNORECASE
)
_TURTLE: Final = "text.ttl"


@dataclass(frozen=True)
class Sent:
    """What is sent, and what is said of it."""

    data: bytes
    name: str
    """Tells the format, and is what messages call it."""
    media_type: str = ""
    """Goes before the name, where it is given."""
    class_name: str = ""
    """The class of the things in a table."""


def sent_of(data: Data, *, media_type: str, class_name: str) -> Sent:
    """What is sent for some data; a text is Turtle where no media type says otherwise.

    Raises:
        ContentError: the file cannot be read, or the data is of no kind that is sent.
    """
    if isinstance(data, str) and _FILE_NAME.fullmatch(data):
        data = Path(data)
    if isinstance(data, Path):
        try:
            return Sent(data.read_bytes(), data.name, media_type, class_name)
        except OSError as error:
            remedy = "name a file that is there, or give its text"
            raise ContentError(f"cannot be read: {error.strerror}", remedy=remedy, file=str(data)) from error
    if isinstance(data, rdflib.Graph):
        return Sent(data.serialize(format="turtle", encoding="utf-8"), _TURTLE)
    if isinstance(data, str | bytes):
        return Sent(data.encode() if isinstance(data, str) else data, _TURTLE, media_type, class_name)
    raise ContentError(
        f"a {type(data).__name__} cannot be sent", remedy="give a text, a file as a Path, or an rdflib.Graph"
    )
