"""Readers: bytes of one kind of input to quads, with the place of every mistake."""

from kg.readers.rdf import read_quads, skolemize

__all__ = ["read_quads", "skolemize"]
