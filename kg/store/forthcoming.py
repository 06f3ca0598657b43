"""What a build is about to publish besides statements: its rulebook, kept from before its commit until it is published.

The ledger has the statements of a build, and its snapshot the rulebook that they conform to. Should the process end
between the two, whoever opens the state folder next publishes the one with the other.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from kg.errors import StoreError
from kg.store.ledger import Head, Ledger
from kg.store.opened import Description
from kg.store.primary import Primary, description_of
from kg.store.segments import sync_folder
from kg.store.snapshots import Snapshots

_NAME: Final = "forthcoming.json"


@dataclass(frozen=True)
class Forthcoming:
    """What goes with the commit that comes after another."""

    before: Head
    """The last commit before it."""
    source: str
    """The source of the commit that it goes with."""
    base: str
    prefixes: Mapping[str, str]
    rulebook: str


def foretell(state: Path, coming: Forthcoming) -> None:
    """Keep what is about to be published; it is on disk then.

    Raises:
        StoreError: the state folder cannot be written.
    """
    file = state / _NAME
    writing = file.with_suffix(".new")
    try:
        with writing.open("w", encoding="utf-8") as out:
            json.dump(asdict(coming), out)
            out.flush()
            os.fsync(out.fileno())
        writing.rename(file)
        sync_folder(state)
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error}", remedy="look at the free space on its disk") from error


def to_publish(
    primary: Primary, snapshots: Snapshots, described: Description, *, rulebook: str
) -> tuple[Description, str]:
    """What a snapshot of the last commit would be, and its rulebook.

    They are those of a build that ended before it published, where there was one; else those that are given.

    Raises:
        LedgerDamaged, StoreError: as `foretold` does.
    """
    coming = foretold(snapshots, primary.ledger)
    known = coming or described
    wanted = description_of(primary, base=known.base, prefixes=known.prefixes)
    return wanted, coming.rulebook if coming else rulebook


def foretold(snapshots: Snapshots, ledger: Ledger) -> Forthcoming | None:
    """What goes with a commit that is in the ledger and was not published; None where there is no such commit.

    Raises:
        LedgerDamaged, StoreError: the ledger or the state folder cannot be read.
    """
    file = snapshots.state / _NAME
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        coming = Forthcoming(**told | {"before": Head(*told["before"])})
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{file} cannot be read: {error}", remedy="look at its owner, or build again") from error
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{file} is not what was written: {error}", remedy="delete it, and build again") from error
    described = snapshots.description()
    before = coming.before
    if described and described.revision > before.revision:
        return None
    if ledger.head().revision <= before.revision or ledger.digest(before.revision) != before.digest:
        return None
    return coming if ledger.read(before.revision + 1).source == coming.source else None


def forget(state: Path) -> None:
    """It has been published; what is left of it would do no harm."""
    (state / _NAME).unlink(missing_ok=True)
