"""The embedded store: a workspace to build in, numbered snapshots to read from, workers that answer queries."""

from kg.store.keeper import Keeper, KeeperSettings
from kg.store.ledger import Commit, Draft, Ledger
from kg.store.patch import Changeset, changeset_of, quads_of
from kg.store.pool import Answer, Pool, PoolLimits
from kg.store.pooled import CLIENT, PooledSnapshots
from kg.store.readable import Answers, Readable
from kg.store.results import Results, Term
from kg.store.snapshots import Description, Snapshot, Snapshots
from kg.store.workspace import Workspace

__all__ = [
    "CLIENT",
    "Answer",
    "Answers",
    "Changeset",
    "Commit",
    "Description",
    "Draft",
    "Keeper",
    "KeeperSettings",
    "Ledger",
    "Pool",
    "PoolLimits",
    "PooledSnapshots",
    "Readable",
    "Results",
    "Snapshot",
    "Snapshots",
    "Term",
    "Workspace",
    "changeset_of",
    "quads_of",
]
