"""A thing described as a graph."""

from __future__ import annotations

from typing import Final

from kg.entities.background import Background
from kg.queries.entity import description_of

_MOST_STATEMENTS: Final = 500
"""How many statements that lead to a thing belong to its description."""


def description_text(iri: str, background: Background) -> str:
    """A query for the description of a thing: what is said of it, of it elsewhere, and on what evidence.

    Raises:
        ValueError: `iri` is not an absolute IRI.
    """
    return description_of(iri, sorted(background.roles.links), _MOST_STATEMENTS)
