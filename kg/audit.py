"""The audit: all of the published graph judged again, by its own rulebook or by other shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kg.house import open_house
from kg.judgement import appoint, judge_all, names_in, text_of
from kg.sources import Rulebook
from kg.sparql import Limits
from kg.store import Snapshots, Workspace, is_derived, quads_of
from kg.validation import Report


@dataclass(frozen=True)
class Audit:
    """What was found in the published graph."""

    report: Report
    text: str
    """The report for people; empty where there is nothing to report."""


def audit(
    snapshots: Snapshots, *, limits: Limits, tell: Callable[[str], None], shapes: Mapping[str, str] | None = None
) -> Audit:
    """Judge the whole published graph by its rulebook, or by other shapes alone: what they would break.

    `shapes` are texts by the name that messages call them.

    Raises:
        SnapshotMissing: nothing has been built yet.
        ContentError: a shape is not well-formed.
        StoreError: the current snapshot cannot be read.
    """
    house = open_house(snapshots, limits=limits)
    judges = (
        house.judges if shapes is None else appoint(Rulebook(shapes, {}, {}), base=house.judges.base, limits=limits)
    )
    lines = snapshots.stored().nquads().decode().split("\n")[:-1]
    workspace = Workspace()
    workspace.add(quads_of(line for line in lines if not is_derived(line, judges.derived)))
    tell(f"read {len(lines):,} statements from snapshot {house.description.number}")
    report = judge_all(workspace, judges, tell=tell)
    names = names_in(report, workspace)
    return Audit(report, text_of(report, names, prefixes=house.prefixes, file_of=lambda _: "the published graph"))
