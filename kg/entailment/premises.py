"""Where rules and checks read and write: the border to the store. Terms and statements cross it as N-Triples text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kg.sparql.patterns import Triple


class Premises(Protocol):
    """Where whole rules read and write."""

    def insert_new(self, construct: str, graph: str, *, derived: str) -> int:
        """Add to a graph what a CONSTRUCT query gives over the merge of all graphs; returns how many triples that were.

        What a graph holds that is not below `derived` is not added.
        """


class LivePremises(Premises, Protocol):
    """A store that is changed while conclusions are drawn from it."""

    def solutions(self, text: str) -> Sequence[tuple[str, ...]]:
        """The rows of a SELECT, or the triples of a CONSTRUCT, over the merge of all graphs.

        No value is an empty text.
        """

    def holders(self, triples: Sequence[Triple]) -> Sequence[frozenset[str]]:
        """For each triple the IRIs of the graphs that hold it.

        Empty is the IRI of a default graph that is no merge of the others.
        """

    def change(self, added: Sequence[str], removed: Sequence[str]) -> None:
        """Remove and add statements, given as N-Quads, at once; the merge follows."""
