"""What the ledger says of one source: what that source has brought, and what all others have changed since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kg.store.ledger import Ledger


@dataclass(frozen=True)
class Edits:
    """What the graph has beyond one source, and what it lacks of it: N-Quads statements that are asserted."""

    added: frozenset[str]
    removed: frozenset[str]


NO_EDITS: Final = Edits(frozenset(), frozenset())


def edits_of(ledger: Ledger, *, source: str, derived: str) -> Edits:
    """What all others have added to the statements of one source, and removed of them.

    `derived` is the IRI below which graphs are that no source has brought: their statements are left out.

    Raises:
        LedgerDamaged, StoreError: the ledger cannot be read.
    """
    own: set[str] = set()
    everything: set[str] = set()
    for commit in ledger.entries():
        for state in (everything, own) if commit.source == source else (everything,):
            state.difference_update(commit.changeset.removed)
            state.update(commit.changeset.added)
    return Edits(
        added=frozenset(line for line in everything - own if not is_derived(line, derived)),
        removed=frozenset(line for line in own - everything if not is_derived(line, derived)),
    )


def is_derived(line: str, derived: str) -> bool:
    """Whether an N-Quads statement stands in a graph below an IRI.

    >>> is_derived("<x:a> <x:b> <x:c> <x:entailed/types> .", "x:entailed")
    True
    >>> is_derived("<x:a> <x:b> <x:entailed/types> .", "x:entailed")
    False
    >>> is_derived('<x:a> <x:b> "see <x:entailed/types>" .', "x:entailed")
    False
    """
    value, _, graph = line.removesuffix(" .").split(" ", 2)[2].rpartition(" ")
    return bool(value) and graph.startswith(f"<{derived}/") and '"' not in graph  # which would be the end of a text
