"""What can be chosen for a parameter that is a thing: the things like its default, read once for each snapshot."""

from __future__ import annotations

import threading
from typing import Final, cast

from flask import current_app

from kg.naming import Likeness, things_like
from kg.store import Readable

MOST: Final = 300
"""How many things a form offers; where there are more it offers none, and leaves it to the search."""
EXTENSION: Final = "kg.choices"
_MOST_HELD: Final = 200


class Choices:
    """The things like an example, for each example of the snapshot that was asked last."""

    def __init__(self) -> None:
        self._number = 0
        self._held: dict[str, Likeness] = {}
        self._lock = threading.Lock()

    def like(self, snapshot: Readable, example: str) -> Likeness:
        """The things like an example.

        Raises:
            QueryError, StoreError: the snapshot cannot be asked.
        """
        with self._lock:
            if self._number != snapshot.number:
                self._number, self._held = snapshot.number, {}
            held = self._held.get(example)
        if held is None:
            held = things_like(snapshot, example, most=MOST)
            with self._lock:
                if self._number == snapshot.number and len(self._held) < _MOST_HELD:
                    self._held[example] = held
        return held


def choices() -> Choices:
    """The choices of the application that handles this request."""
    return cast("Choices", current_app.extensions[EXTENSION])
