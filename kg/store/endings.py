"""How an answer can end other than whole, as errors that say why and what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from kg.errors import (
    KgError,
    NetworkRefused,
    QueryError,
    QueryRefused,
    QueryStopped,
    QuerySyntax,
    RevisionMissing,
    ServiceBusy,
    ServiceFailed,
    StoreError,
)

_LESS: Final = "ask for less: add LIMIT, name more of what you look for, or split the query"
_LESS_FROM_THERE: Final = (
    "an endpoint that it calls by SERVICE may be slow, or have too much to tell: "
    "name more of what you look for inside of SERVICE, with VALUES, or ask without it"
)

# What a worker tells of by name; any other error is that the query cannot be answered.
_TOLD: Final[Mapping[str, type[KgError]]] = {
    kind.__name__: kind for kind in (NetworkRefused, QueryRefused, ServiceFailed, RevisionMissing, StoreError)
}


# Why an answer was stopped before its deadline -> the error that says so.
_STOPPED: Final[Mapping[str, Callable[[], KgError]]] = {
    "left": lambda: QueryStopped("the client has left", remedy="ask again"),
    "closing": lambda: ServiceBusy("the service is being stopped", remedy="ask again when it has started"),
    "calling": lambda: ServiceBusy(
        "as many queries as may wait for other endpoints do", remedy="try again in a moment"
    ),
    "slow": lambda: QueryStopped("the client takes its answer slowly, and others wait", remedy="ask for less at once"),
}


def broken_off(reason: str) -> KgError:
    """The error of an answer that was stopped for a reason, or whose worker has ended by itself."""
    if reason in _STOPPED:
        return _STOPPED[reason]()
    return QueryStopped(
        "the query needs more memory than it may have",
        remedy="ask for less: avoid ORDER BY and DISTINCT over many rows, and patterns that share no variable",
    )


def too_slow(seconds: float, *, calls: bool) -> KgError:
    """The error of a query that was stopped at its deadline; `calls`: it may have waited for other endpoints."""
    remedy = _LESS_FROM_THERE if calls else _LESS
    return QueryStopped(f"the query was stopped after {_duration(seconds)}", remedy=remedy)


def no_turn(seconds: float) -> KgError:
    """The error of a query whose turn did not come in time."""
    return ServiceBusy(f"the turn of the query did not come in {_duration(seconds)}", remedy="try again in a moment")


def _duration(seconds: float) -> str:
    return "1 second" if seconds == 1 else f"{seconds:g} seconds"


def told(said: dict[str, Any]) -> KgError:
    """The error that a worker tells of, as `kg.store.frames` has it."""
    if said["kind"] == "QuerySyntax":
        return QuerySyntax(said["message"], remedy=said["remedy"], line=said["line"], column=said["column"])
    return _TOLD.get(said["kind"], QueryError)(said["message"], remedy=said["remedy"])
