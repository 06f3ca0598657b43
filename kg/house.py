"""The rules of the house: what is in force for whoever submits something."""

from __future__ import annotations

from dataclasses import dataclass

from kg.errors import SnapshotMissing, StoreError
from kg.judgement import Judges, appoint
from kg.namespaces import PREFIXES
from kg.sources import Rulebook
from kg.sparql import Limits
from kg.store import Description, Snapshots


@dataclass(frozen=True)
class House:
    """What is in force: the current snapshot, and the rulebook that it conforms to."""

    description: Description
    rulebook: str
    judges: Judges

    @property
    def prefixes(self) -> dict[str, str]:
        """The prefixes that reports are written with."""
        return PREFIXES | dict(self.judges.shapes.prefixes) | self.description.prefixes


def open_house(snapshots: Snapshots, *, limits: Limits, before: House | None = None) -> House:
    """What is in force now; a rulebook that has been read before is not read again.

    Raises:
        SnapshotMissing: nothing has been built yet.
        StoreError: the current snapshot cannot be read.
    """
    description = snapshots.description()
    if description is None:
        raise SnapshotMissing("nothing has been built yet", remedy="run `kg build`, or `make build`")
    rulebook = snapshots.rulebook()
    if before and before.rulebook == rulebook and before.description.base == description.base:
        return House(description, rulebook, before.judges)
    return House(description, rulebook, appoint(_read(rulebook), base=description.base, limits=limits))


def _read(rulebook: str) -> Rulebook:
    """A rulebook as it was published; without one nobody could be judged, and all would be accepted."""
    try:
        if rulebook:
            return Rulebook.from_json(rulebook)
        problem = "it is not there"
    except (TypeError, ValueError) as error:
        problem = str(error)
    raise StoreError(f"the rulebook of the current snapshot cannot be read: {problem}", remedy="run `kg build`")
