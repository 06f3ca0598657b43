"""What is read of a snapshot once, and told as long as it is the current one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from kg.store import Readable

Found = TypeVar("Found")


class Held(Generic[Found]):
    """What was last read, and of which snapshot."""

    def __init__(self, read: Callable[[Readable], Found]) -> None:
        self._read = read
        self._held: tuple[int, Found] | None = None

    def of(self, snapshot: Readable) -> Found:
        """What is read of a snapshot; what reading raises is raised, and nothing is held then."""
        held = self._held
        if held is None or held[0] != snapshot.number:
            held = self._held = (snapshot.number, self._read(snapshot))
        return held[1]
