"""Full-text search: documents about things, an index of them, and what it answers. The only home of tantivy."""

from kg.search.asking import Found, Hit, Search, Suggestion, named, search, suggest
from kg.search.candidates import with_names, with_words
from kg.search.documents import KIND, PRECISE, ROLES, Document, Name
from kg.search.folder import IndexFolder, Mark
from kg.search.index import Index
from kg.search.marking import Piece
from kg.search.words import differs_by, fold, phrase, words_of

__all__ = [
    "KIND",
    "PRECISE",
    "ROLES",
    "Document",
    "Found",
    "Hit",
    "Index",
    "IndexFolder",
    "Mark",
    "Name",
    "Piece",
    "Search",
    "Suggestion",
    "differs_by",
    "fold",
    "named",
    "phrase",
    "search",
    "suggest",
    "with_names",
    "with_words",
    "words_of",
]
