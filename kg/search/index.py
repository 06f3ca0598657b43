"""The index itself: which fields it has, how documents get into it and out of it, in memory or in a folder.

Words are folded before they come to the engine, so that a query is folded in just the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import tantivy

from kg.errors import StoreError
from kg.memory import give_back
from kg.search.documents import KIND, PRECISE, Document, load_document
from kg.search.words import phrase

IRI: Final = "iri"
EXACT: Final = "exact"
"""Whole names that stand for just this thing, folded."""
EXACT_OTHER: Final = "exact_other"
"""Whole other names, folded."""
NAMES: Final = "names"
NAME_STEMS: Final = "name_stems"
TEXTS: Final = "texts"
TEXT_STEMS: Final = "text_stems"
FACETS: Final = "facets"
ORDER: Final = "order"
WEIGHT: Final = "weight"
MOST_EXACT_CHARACTERS: Final = 300
"""By so many characters of theirs, folded, whole names are found."""
_STORED: Final = "stored"

# The least that the engine takes, in bytes.
_WRITER_BYTES: Final = 15_000_000
# Languages of the United Nations for which the engine has a list of words that say little.
_STOP_LANGUAGES: Final = ("english", "french", "spanish", "russian")
_ORDER_BYTES: Final = 8
_WORDS_ANALYZER: Final = "folded"
_STEMS_ANALYZER: Final = "stemmed"


class Index:
    """Documents that can be searched. One process at a time may write to one that is in a folder."""

    def __init__(self, folder: Path | None = None) -> None:
        """In memory; with a folder, what is there, or an empty index there.

        Raises:
            StoreError: the folder cannot be used, or holds something else.
        """
        self._folder = folder
        with self._translated():
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            self.schema = _schema()
            self._index = tantivy.Index(self.schema, path=None if folder is None else str(folder))
            self._index.register_tokenizer(_WORDS_ANALYZER, _analyzer())
            self._index.register_tokenizer(_STEMS_ANALYZER, _stemmer())
            self._index.config_reader("manual")
            self._index.reload()
        self._stemmer = _stemmer()
        self._telling = [_without_stop_words(language) for language in _STOP_LANGUAGES]
        self._writer: tantivy.IndexWriter | None = None
        self._searcher = self._index.searcher()

    @property
    def searcher(self) -> tantivy.Searcher:
        """The documents as they were when they were last written or reloaded; it goes on seeing them so."""
        return self._searcher

    @property
    def count(self) -> int:
        """How many documents there are."""
        return self._searcher.num_docs

    def write(self, documents: Iterable[Document], *, gone: Iterable[str] = ()) -> None:
        """Put in documents, each in place of that of the same thing, and take out those of things that are gone.

        Who searches sees either none or all of it.

        Raises:
            StoreError: the disk does not take it.
        """
        with self._translated():
            writer = self._writer or self._index.writer(_WRITER_BYTES, 1)
            try:
                self._put(writer, documents, gone)
            except BaseException:
                writer.rollback()
                raise
            if self._folder is None:
                self._writer = writer  # another one would take memory of its own
            else:
                writer.wait_merging_threads()  # who writes next may be another process
        self.reload()
        give_back()

    def _put(self, writer: tantivy.IndexWriter, documents: Iterable[Document], gone: Iterable[str]) -> None:
        known = self.count > 0
        for iri in gone:
            writer.delete_documents_by_term(IRI, iri)
        for document in documents:
            if known:
                writer.delete_documents_by_term(IRI, document.iri)
            writer.add_document(self._entry(document))
        writer.commit()

    def reload(self) -> None:
        """See what another process has written.

        Raises:
            StoreError: the folder cannot be read.
        """
        with self._translated():
            self._index.reload()
            self._searcher = self._index.searcher()

    def stem(self, folded: str) -> str:
        """The stem of a folded word, as of English.

        Source: Snowball, the English (Porter2) stemmer.
        """
        return next(iter(self._stemmer.analyze(folded)), folded)

    def says_little(self, folded: str) -> bool:
        """Whether a folded word is one of those that are in most texts, such as articles."""
        return any(not analyzer.analyze(folded) for analyzer in self._telling)

    def document(self, iri: str) -> Document | None:
        """What is known of a thing."""
        found = self._searcher.search(tantivy.Query.term_query(self.schema, IRI, iri), limit=1, count=False)
        return self.read(found.hits[0][1]) if found.hits else None

    def documents(self) -> Iterator[Document]:
        """All documents, in no order."""
        searcher = self._searcher
        if searcher.num_docs:
            for _, address in searcher.search(tantivy.Query.all_query(), limit=searcher.num_docs, count=False).hits:
                yield self.read(address, searcher)

    def read(self, address: tantivy.DocAddress, searcher: tantivy.Searcher | None = None) -> Document:
        """The document at an address that a search has given."""
        stored = (searcher or self._searcher).doc(address).get_first(_STORED) or b"{}"
        return load_document(bytes(stored).decode("utf-8"))

    def _entry(self, document: Document) -> tantivy.Document:
        entry = tantivy.Document()
        entry.add_text(IRI, document.iri)
        for name in document.names:
            folded = phrase(name.text)
            if folded:
                whole = EXACT if name.role in PRECISE else EXACT_OTHER
                entry.add_text(whole, folded[:MOST_EXACT_CHARACTERS])
                entry.add_text(NAMES, folded)
                entry.add_text(NAME_STEMS, folded)
        # By its dates a thing is found too: "2022" stands for a year.
        for text in (*document.descriptions, *document.remarks, *document.dates):
            folded = phrase(text)
            entry.add_text(TEXTS, folded)
            entry.add_text(TEXT_STEMS, folded)
        entry.add_json(FACETS, {**document.facets, KIND: list(document.kinds)})
        entry.add_unsigned(ORDER, _order(document.label))
        # The engine multiplies a score by the binary logarithm of what is written here, plus 2.
        entry.add_float(WEIGHT, 2.0 ** factor_of(document) - 2.0)
        entry.add_bytes(_STORED, document.dumped().encode("utf-8", "replace"))
        return entry

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """The engine's exceptions as ours."""
        try:
            yield
        except (OSError, ValueError, RuntimeError) as error:
            place = self._folder or "memory"
            raise StoreError(
                f"the search index in {place} cannot be used: {error}",
                remedy="remove its folder, it is made anew; look at the free space on its disk",
            ) from error


def factor_of(document: Document) -> float:
    """By what the scores of a document are multiplied, at least 1."""
    return 1.0 + document.weight


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(IRI, tokenizer_name="raw", index_option="basic")
    for name in (EXACT, EXACT_OTHER):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_text_field(NAMES, tokenizer_name=_WORDS_ANALYZER)
    builder.add_text_field(NAME_STEMS, tokenizer_name=_STEMS_ANALYZER, index_option="freq")
    builder.add_text_field(TEXTS, tokenizer_name=_WORDS_ANALYZER, index_option="freq")
    builder.add_text_field(TEXT_STEMS, tokenizer_name=_STEMS_ANALYZER, index_option="freq")
    builder.add_json_field(FACETS, tokenizer_name="raw", index_option="basic", fast=True, expand_dots_enabled=False)
    builder.add_unsigned_field(ORDER, fast=True)
    builder.add_float_field(WEIGHT, fast=True)
    builder.add_bytes_field(_STORED, stored=True)
    return builder.build()


def _analyzer() -> tantivy.TextAnalyzer:
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()


def _stemmer() -> tantivy.TextAnalyzer:
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).filter(tantivy.Filter.stemmer("english")).build()


def _without_stop_words(language: str) -> tantivy.TextAnalyzer:
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw()).filter(tantivy.Filter.stopword(language)).build()


def _order(label: str) -> int:
    """A number by which things come in the order of their names, as far as the first letters tell."""
    return int.from_bytes(phrase(label).encode("utf-8")[:_ORDER_BYTES].ljust(_ORDER_BYTES, b"\0"), "big")
