"""Readers: bytes of one kind of input to quads, with the place of every mistake."""

from kg.readers.document import Document, Reading, formats_read, read_document
from kg.readers.places import Places
from kg.readers.rdf import keep_names, read_quads, skolemize

__all__ = ["Document", "Places", "Reading", "formats_read", "keep_names", "read_document", "read_quads", "skolemize"]
