"""What shapes and the desk say, in the words of the ontology: for pages, whose readers need not know its prefixes."""

from __future__ import annotations

from kg.entities import in_words
from kg.store import NOW
from kg.web.entities import background_of
from kg.web.service import service


def reworded(sentence: str) -> str:
    """A sentence with the label of each term whose prefixed name it gives, as the current state calls it.

    Raises:
        SnapshotMissing: nothing has been built yet.
    """
    return in_words(sentence, background_of(service().snapshot(), NOW)) if ":" in sentence else sentence
