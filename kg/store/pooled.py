"""The pool of workers as threads see it: snapshots that are asked like those that are open in the same process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final

from kg.errors import SnapshotMissing
from kg.store.answer import Left
from kg.store.opened import Description, describe_snapshot
from kg.store.past import NOW, Past
from kg.store.pool import Pool
from kg.store.results import Term

CLIENT: Final[ContextVar[Left | None]] = ContextVar("CLIENT", default=None)
"""Who waits for what this thread asks; when they leave, the query ends."""

SECONDS: Final[ContextVar[float | None]] = ContextVar("SECONDS", default=None)
"""How long whoever waits is ready to; None: as long as the pool allows."""


class PooledResults:
    """The answer to one query, fetched when it is read: as rows or as bytes."""

    def __init__(self, fetch: Callable[[dict[str, Any]], bytes]) -> None:
        self._fetch = fetch
        self._rows: dict[str, Any] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The variables of a SELECT; `subject`, `predicate`, `object` of a graph; none of an ASK."""
        return tuple(self._fetched(None)["columns"])

    @property
    def boolean(self) -> bool | None:
        """The answer to an ASK; None for any other query."""
        value = self._fetched(None)["boolean"]
        return None if value is None else bool(value)

    def rows(self, limit: int | None = None) -> Iterator[tuple[Term | None, ...]]:
        """The rows, at most `limit`; a column without a value is None.

        Raises:
            QueryError: it cannot be answered.
        """
        for row in self._fetched(limit)["rows"]:
            yield tuple(Term(*term) if term else None for term in row)

    def serialize(self, format_name: str, _: Mapping[str, str]) -> bytes:
        """The whole answer in a format of `kg.formats`; the worker knows the prefixes.

        Raises:
            QueryError: it cannot be answered.
        """
        return self._fetch({"format": format_name})

    def _fetched(self, limit: int | None) -> dict[str, Any]:
        if self._rows is None:
            self._rows = json.loads(self._fetch({"limit": limit}))
        return self._rows


class PooledSnapshot:
    """The current snapshot, asked through the pool from a thread that is not the event loop's."""

    def __init__(self, description: Description, pool: Pool, past: Past = NOW) -> None:
        """With `past`, that earlier state is asked; the description stays that of the current one."""
        self.description = description
        self._pool = pool
        self._past = past

    @property
    def number(self) -> int:
        """Its number; a later one is higher."""
        return self.description.number

    def query(
        self, text: str, *, default_graphs: Sequence[str] = (), named_graphs: Sequence[str] = ()
    ) -> PooledResults:
        """Ask it; the text has been vetted."""
        asked: dict[str, Any] = {"query": text, **self._past.members}
        if default_graphs or named_graphs:
            asked |= {"default_graphs": default_graphs, "named_graphs": named_graphs}
        return PooledResults(lambda how: self._fetch({**asked, **how}))

    def _fetch(self, request: dict[str, Any]) -> bytes:
        return asyncio.run_coroutine_threadsafe(
            self._answer(request, CLIENT.get(), SECONDS.get()), self._pool.loop
        ).result()

    async def _answer(self, request: dict[str, Any], left: Left | None, seconds: float | None) -> bytes:
        answer = await self._pool.ask(request, seconds=seconds, left=left)
        try:
            return b"".join([part async for part in answer.parts()])
        finally:
            answer.close()


class PooledSnapshots:
    """What `Snapshots` is, for a process that asks workers."""

    def __init__(self, state: Path, pool: Pool) -> None:
        self._state = state
        self._pool = pool
        self._held: PooledSnapshot | None = None

    def current(self) -> PooledSnapshot:
        """The snapshot that the workers answer from.

        Raises:
            SnapshotMissing: there is none that is open yet.
            StoreError: it cannot be read.
        """
        name = self._pool.number()
        held = self._held
        if held is None or held.number != int(name):
            folder = self._state / "snapshots" / name
            if not folder.is_dir():
                raise SnapshotMissing("the snapshot is being replaced", remedy="ask again")
            held = self._held = PooledSnapshot(describe_snapshot(folder), self._pool)
        return held

    def at(self, past: Past) -> PooledSnapshot:
        """An earlier state, asked through the same workers.

        Raises:
            SnapshotMissing, StoreError: as `current` does.
        """
        return PooledSnapshot(self.current().description, self._pool, past)
