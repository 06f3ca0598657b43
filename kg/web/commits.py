"""What is said of commits, read once for each: a commit never changes, and the first holds the whole content."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, cast

from flask import current_app

from kg.store import Ledger, Summary

EXTENSION: Final = "kg.commits"
_KEPT: Final = 512


class Commits:
    """The summaries of the commits of a ledger that were last asked for."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._read = lru_cache(maxsize=_KEPT)(lambda revision, _digest: ledger.summary(revision))

    def summary(self, revision: int) -> Summary:
        """What is said of one commit.

        Raises:
            RevisionMissing, LedgerDamaged, StoreError: as `Ledger.summary` does.
        """
        return self._read(revision, self._ledger.digest(revision))


def summary_of(revision: int) -> Summary:
    """What is said of a commit of the application that handles this request.

    Raises:
        RevisionMissing, LedgerDamaged, StoreError: as `Commits.summary` does.
    """
    return cast("Commits", current_app.extensions[EXTENSION]).summary(revision)
