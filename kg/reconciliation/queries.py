"""What is asked for one row of a table: a name, the types that are wanted, and values of properties.

Source: Reconciliation Service API 0.2, Structure of a Reconciliation Query.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MOST_CANDIDATES: Final = 25
"""So many candidates are given at most."""

DEFAULT_CANDIDATES: Final = 10

STRICTNESS: Final = ("any", "should", "all")
"""How the wanted types count: one of them must be there, is preferred, or all must be there."""


@dataclass(frozen=True)
class Given:
    """A value that somebody gives for a property."""

    text: str
    iri: str = ""
    """The thing that is meant, where it is known."""


@dataclass(frozen=True)
class Wanted:
    """A property and the values of which a candidate should have one."""

    property: str
    values: tuple[Given, ...]


@dataclass(frozen=True)
class Asked:
    """One query."""

    text: str
    """The name as somebody wrote it; empty: only the properties tell."""
    types: tuple[str, ...] = ()
    """IRIs of classes; those below them count too."""
    strictness: str = STRICTNESS[0]
    properties: tuple[Wanted, ...] = ()
    limit: int = DEFAULT_CANDIDATES
