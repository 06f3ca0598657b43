"""What somebody sends becomes a proposal: a document, a table, an update, each read within bounds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final

from kg.errors import ContentError, QuerySyntax, TextTooLong
from kg.formats import ENTRIES
from kg.house import House
from kg.judgement import PlaceOf
from kg.readers import Document, Places, Reading, keep_names, read_document, skolemize
from kg.sparql import Limits, vet_update
from kg.store import (
    ADD,
    EDIT,
    EXTEND_ALL,
    HERE,
    PATCH,
    REPLACE,
    REPLACE_ALL,
    UPDATE,
    Proposal,
    Snapshot,
    Snapshots,
    changeset_of,
)
from kg.tables import Changes, entries_in, read_entries, read_upload, state_of, table_models
from kg.validation import nowhere

_TABLES: Final = {
    "text/csv": "csv",
    "text/tab-separated-values": "csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    ".csv": "csv",
    ".tsv": "csv",
    ".xlsx": "xlsx",
}


@dataclass(frozen=True)
class Text:
    """What was sent, as it came."""

    data: bytes
    name: str = ""
    """What messages call it, such as the name of a file."""
    media_type: str = ""
    """Empty: the name tells."""
    class_name: str = ""
    """The class of the things in a table; empty: the name of its sheet or file tells."""
    base: str = ""
    """What the relative IRIs of an update are relative to; empty: it may have none."""

    @property
    def table(self) -> str:
        """`csv` or `xlsx` for a table; empty for any other text."""
        kind = _essence(self.media_type)
        return _TABLES.get(kind, "") if kind else _TABLES.get(PurePath(self.name).suffix.lower(), "")

    @property
    def is_entries(self) -> bool:
        """Whether it is the entries of a form, as JSON."""
        return _essence(self.media_type) == ENTRIES


@dataclass(frozen=True)
class Bounds:
    """How much may be sent."""

    bytes: int
    update: Limits


@dataclass(frozen=True)
class Taken:
    """A proposal that was read from a text, and where the text says what."""

    proposal: Proposal
    place_of: PlaceOf


def take_in(kind: str, text: Text, *, graph: str, house: House, snapshots: Snapshots, bounds: Bounds) -> Taken:
    """Read a text for a proposal of a kind that has one: any but edit and revert.

    `graph` is the graph that is written to, where one is named. The cells of a table are compared with the current
    snapshot.

    Raises:
        ContentError: the text cannot be read, or says nothing.
        QueryError: an update is not well-formed, or too large.
        SnapshotMissing, StoreError: the current snapshot cannot be read.
    """
    if kind in (UPDATE, PATCH):
        return Taken(Proposal(kind, graph=graph, text=_update(text, bounds)), nowhere)
    if kind == REPLACE and not text.data:
        return Taken(Proposal(kind, graph=graph), nowhere)
    if (text.table or text.is_entries) and kind == ADD:
        return _compared(text, house, snapshots)
    document = read_document(
        text.data,
        name=text.name or "the text",
        graph=HERE,
        media_type=text.media_type,
        reading=Reading(
            graphs="many" if kind in (EXTEND_ALL, REPLACE_ALL) else "one",
            base=graph,
            prefixes=house.prefixes,
            max_bytes=bounds.bytes,
        ),
    )
    stored = skolemize([*document.quads], name=hashlib.sha256(text.data).hexdigest(), base=house.description.base)
    if kind in (REPLACE, REPLACE_ALL):
        stored = _with_names_kept(document, stored, snapshots.stored(), graph=graph)
    lines = changeset_of(added=stored).added
    if kind == ADD and not lines:
        raise ContentError("the file says nothing", remedy="write at least one statement", file=document.name)
    return Taken(Proposal(kind, added=lines, graph=graph), Places(document, stored=stored).place_of)


def _with_names_kept(document: Document, stored: list[Any], snapshot: Snapshot, *, graph: str) -> list[Any]:
    """What a document says, where it says graphs as they are there: with the names that their blank nodes have there.

    Labels are of no account, so that whoever sends back what they have read changes nothing.
    """

    def held(name: str) -> list[Any]:
        place = graph if name == HERE else name
        return snapshot.graph(place, into=name) if place or not snapshot.description.merges else []

    return keep_names(stored, document.quads, held=held, blank=snapshot.description.naming.blank)


def _compared(text: Text, house: House, snapshots: Snapshots) -> Taken:
    """A table, or entries: what they change of what there is."""
    state = state_of(snapshots.stored())
    models = table_models(house.judges.shapes, state)
    changes: Changes
    if text.is_entries:
        changes = read_entries(entries_in(text.data), models, state)
    else:
        changes = read_upload(
            text.data, kind=text.table, models=models, state=state, class_name=text.class_name, file_name=text.name
        )
    proposal = Proposal(
        EDIT,
        added=tuple(f"{' '.join(statement)} <{HERE}> ." for statement in changes.added),
        removed=tuple(f"{' '.join(statement)} ." for statement in changes.removed),
    )
    return Taken(proposal, changes.place_of)


def _essence(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _update(text: Text, bounds: Bounds) -> str:
    if len(text.data) > bounds.bytes:
        raise TextTooLong(
            f"the update has {len(text.data):,} bytes, at most {bounds.bytes:,} are read", remedy="send it in parts"
        )
    try:
        update = text.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise QuerySyntax("the update is not UTF-8", remedy="save it as UTF-8") from error
    return vet_update(update, bounds.update, base=text.base).text
