"""The problem documents of a served graph, as the errors that the same problem raises in a folder.

Source: RFC 9457 §3.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from kg.endpoints import Reply
from kg.errors import (
    AccessError,
    ContentError,
    FormatUnknown,
    KgError,
    NetworkRefused,
    NotAuthenticated,
    NotConforming,
    QueryError,
    QueryRefused,
    QueryStopped,
    QuerySyntax,
    RevisionPassed,
    ServiceBusy,
    ServiceFailed,
    SnapshotMissing,
    TextTooLong,
    TooMany,
)

_PROBLEM: Final = "application/problem+json"
_KINDS: Final[Mapping[str, Callable[..., KgError]]] = {
    "busy": ServiceBusy,
    "forbidden": AccessError,
    "network-refused": NetworkRefused,
    "not-found": KgError,
    "not-ready": SnapshotMissing,
    "precondition-failed": RevisionPassed,
    "query-failed": QueryError,
    "query-refused": QueryRefused,
    "remote-failed": ServiceFailed,
    "stopped": QueryStopped,
    "too-large": TextTooLong,
    "unauthorized": NotAuthenticated,
    "unreadable": ContentError,
    "unsupported-media-type": FormatUnknown,
}


def problem_in(reply: Reply) -> KgError | None:
    """The error that a reply tells of; None where it holds no problem document."""
    if reply.media_type != _PROBLEM:
        return None
    told: Any = None
    with suppress(RecursionError, ValueError):
        told = json.loads(reply.body)
    if not isinstance(told, dict):
        return None
    slug = str(told.get("type", "")).rpartition("/")[2]
    detail, remedy = str(told.get("detail") or told.get("title") or reply.status), str(told.get("remedy", ""))
    if slug == "not-conforming":
        return NotConforming(detail, report=str(told.get("report", "")), remedy=remedy, members=told)
    if slug == "query-syntax":
        return QuerySyntax(detail, remedy=remedy, line=_number(told, "line"), column=_number(told, "column"))
    if slug == "too-many":
        return TooMany(detail, seconds=_seconds(reply), remedy=remedy)
    return _KINDS.get(slug, KgError)(detail, remedy=remedy)


def _number(told: Mapping[str, Any], name: str) -> int | None:
    value = told.get(name)
    return value if isinstance(value, int) else None


def _seconds(reply: Reply) -> int:
    text = reply.headers.get("retry-after", "")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 9 else 60  # noqa: PLR2004
