"""The embedded store: a workspace to build in, numbered snapshots to read from, workers that answer queries."""

from kg.store.answer import Answer
from kg.store.backup import restore_backup, write_backup
from kg.store.contributions import NO_EDITS, Edits, brought_by_others, edits_of, is_derived
from kg.store.distant import DistantSnapshot, readable_snapshot
from kg.store.effects import submissions_kept
from kg.store.forthcoming import Forthcoming, foretell, forget, to_publish
from kg.store.keeper import Keeper, KeeperSettings
from kg.store.ledger import Commit, Draft, Ledger, Summary
from kg.store.living import Living
from kg.store.nodes import Naming
from kg.store.opened import Description, Snapshot
from kg.store.opening import open_primary
from kg.store.past import NOW, Past, past_folder, past_snapshot, revision_at
from kg.store.patch import Changeset, changeset_of, is_unnamed, line_of, quads_of, texts_of
from kg.store.pending import Nodes
from kg.store.pool import FOLLOW_SECONDS, Pool, PoolLimits
from kg.store.pooled import CLIENT, SECONDS, PooledSnapshots
from kg.store.primary import Primary, Signature, description_of
from kg.store.proposals import (
    ADD,
    EDIT,
    EXTEND,
    EXTEND_ALL,
    HERE,
    PATCH,
    REPLACE,
    REPLACE_ALL,
    REVERT,
    UPDATE,
    Meeting,
    Proposal,
    changes_of,
)
from kg.store.readable import Answers, Readable
from kg.store.replica import catch_up, publish_answered, send_commits
from kg.store.results import Results, Term
from kg.store.scratch import scratch_copy, scratch_of, sweep
from kg.store.snapshots import Snapshots
from kg.store.verification import Verified, verify_state
from kg.store.workspace import Workspace

__all__ = [
    "ADD",
    "CLIENT",
    "EDIT",
    "EXTEND",
    "EXTEND_ALL",
    "FOLLOW_SECONDS",
    "HERE",
    "NOW",
    "NO_EDITS",
    "PATCH",
    "REPLACE",
    "REPLACE_ALL",
    "REVERT",
    "SECONDS",
    "UPDATE",
    "Answer",
    "Answers",
    "Changeset",
    "Commit",
    "Description",
    "DistantSnapshot",
    "Draft",
    "Edits",
    "Forthcoming",
    "Keeper",
    "KeeperSettings",
    "Ledger",
    "Living",
    "Meeting",
    "Naming",
    "Nodes",
    "Past",
    "Pool",
    "PoolLimits",
    "PooledSnapshots",
    "Primary",
    "Proposal",
    "Readable",
    "Results",
    "Signature",
    "Snapshot",
    "Snapshots",
    "Summary",
    "Term",
    "Verified",
    "Workspace",
    "brought_by_others",
    "catch_up",
    "changes_of",
    "changeset_of",
    "description_of",
    "edits_of",
    "foretell",
    "forget",
    "is_derived",
    "is_unnamed",
    "line_of",
    "open_primary",
    "past_folder",
    "past_snapshot",
    "publish_answered",
    "quads_of",
    "readable_snapshot",
    "restore_backup",
    "revision_at",
    "scratch_copy",
    "scratch_of",
    "send_commits",
    "submissions_kept",
    "sweep",
    "texts_of",
    "to_publish",
    "verify_state",
    "write_backup",
]
