"""The embedded store: a workspace to build in, numbered snapshots to read from."""

from kg.store.results import Results, Term
from kg.store.snapshots import Description, Snapshot, Snapshots
from kg.store.workspace import Workspace

__all__ = ["Description", "Results", "Snapshot", "Snapshots", "Term", "Workspace"]
