"""Full-text search: documents about things, an index of them, and what it answers. The only home of tantivy."""

from kg.search.asking import Found, Hit, Search, Suggestion, named, search, suggest
from kg.search.documents import ROLES, Document, Name
from kg.search.folder import IndexFolder, Mark
from kg.search.index import Index
from kg.search.marking import Piece
from kg.search.words import fold, words_of

__all__ = [
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
    "fold",
    "named",
    "search",
    "suggest",
    "words_of",
]
