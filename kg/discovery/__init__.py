"""Finding things by words: documents read from a snapshot as the content says, and the index that follows it."""

from kg.discovery.finder import Finder, Ready
from kg.discovery.labels import Labels
from kg.discovery.reading import Facet, Rules, affected_things, read_documents, read_rules, read_things

__all__ = [
    "Facet",
    "Finder",
    "Labels",
    "Ready",
    "Rules",
    "affected_things",
    "read_documents",
    "read_rules",
    "read_things",
]
