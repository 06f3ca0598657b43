"""What the ledger says of who has brought what: a source, and what all others changed since; an author."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Final

from kg.errors import RevisionMissing
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


def brought_by_others(lines: Iterable[str], ledger: Ledger, *, author: str, submissions: str, most: int) -> list[str]:
    """The first of those N-Quads statements that no submission of an author has brought, at most so many.

    `submissions` is what the IRI of the graph of a submission begins with; its revision follows.

    Raises:
        LedgerDamaged, StoreError: the ledger cannot be read.
    """

    @cache
    def brought(graph: str) -> frozenset[str]:
        try:
            commit = ledger.read(int(graph.removeprefix(submissions)))
        except (RevisionMissing, ValueError):
            return frozenset()
        own = commit.author == author and commit.source == graph
        return frozenset(commit.changeset.added) if own else frozenset()

    @cache
    def is_own(revision: int) -> bool:
        commit = ledger.read(revision)
        return commit.author == author and commit.source.startswith(submissions)

    def is_of_others(line: str) -> bool:
        if line in brought(line.removesuffix("> .").rpartition(" <")[2]):
            return False
        revision = ledger.revisions_of([line]).get(line)  # it may be in another graph than that of its submission
        return revision is None or not is_own(revision)

    return [*islice(filter(is_of_others, lines), most)]


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
