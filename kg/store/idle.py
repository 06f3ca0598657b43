"""The workers that have nothing to do: who is asked next, and who is let go."""

from __future__ import annotations

from typing import Final

from kg.store.connection import Connection

_MOST: Final = 4
# The last worker is kept so many times longer than others that nobody needs.
_LAST: Final = 12


class IdleWorkers:
    """Idle workers of one pool, the longest idle first."""

    def __init__(self, *, longest_seconds: float) -> None:
        """One that nobody needs for so long is let go; then what it took of memory is free again."""
        self._longest_seconds = longest_seconds
        self._workers: list[Connection] = []

    def __bool__(self) -> bool:
        return bool(self._workers)

    def take(self) -> Connection | None:
        """One that can be asked; the last one has the warmest caches."""
        workers = self._workers
        for at in range(len(workers) - 1, -1, -1):
            if workers[at].closed:
                del workers[at]
            elif workers[at].ready:
                return workers.pop(at)
        return None

    def put(self, worker: Connection, now: float) -> None:
        """Keep one, as long as there are not many."""
        if len(self._workers) < _MOST:
            worker.was_idle = True
            worker.idle_since = now
            self._workers.append(worker)
        else:
            worker.close()

    def drop_unneeded(self, now: float) -> None:
        """Let those go that nobody needs. The last one may stay for longer, and for ever if it was never asked."""
        workers = self._workers = [worker for worker in self._workers if not worker.closed]
        while workers and now - workers[0].idle_since > self._longest_seconds * (1 if len(workers) > 1 else _LAST):
            if len(workers) == 1 and not workers[0].asked:
                break
            workers.pop(0).close()

    def clear(self) -> None:
        """Let all go."""
        for worker in self._workers:
            worker.close()
        self._workers.clear()
