"""How much one may ask for: so much a minute for each token or address, at once or spread."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from typing import Final

from kg.errors import TooMany

_MINUTE: Final = 60.0
_MOST_KEYS: Final = 50_000


class Allowance:
    """Lets each key have `per_minute` at once and then `per_minute` a minute: never more than the sum in any time.

    It is one number a key, the moment at which all that was taken is paid back (the generic cell rate algorithm, which
    counts as a token bucket does). It belongs to one process. Threads may share it.

    At most `most_keys` are kept, the latest. Who has more addresses than that gets a fresh allowance for each anyway.
    """

    def __init__(self, what: str, *, per_minute: int, most_keys: int = _MOST_KEYS) -> None:
        """`what` is counted, in the plural, as a message tells it: `writes with one token`."""
        self._what = what
        self._per_minute = per_minute
        self._most_keys = most_keys
        self._paid_back: OrderedDict[str, float] = OrderedDict()
        self._taking = threading.Lock()

    def __len__(self) -> int:
        return len(self._paid_back)

    def take(self, key: str, *, now: float) -> None:
        """Take one; `now` is in seconds, of a clock that does not go back. What is refused is not counted.

        Raises:
            TooMany: there is none left.
        """
        each_seconds = _MINUTE / self._per_minute
        with self._taking:
            paid_back = max(self._paid_back.get(key, now), now) + each_seconds
            wait_seconds = paid_back - now - _MINUTE
            # A sum of many small numbers may be off by less than this.
            if wait_seconds > each_seconds / 1000:
                raise self._refused(wait_seconds)
            self._paid_back[key] = paid_back
            self._paid_back.move_to_end(key)
            if len(self._paid_back) > self._most_keys:
                self._paid_back.popitem(last=False)

    def _refused(self, wait_seconds: float) -> TooMany:
        seconds = math.ceil(wait_seconds)
        return TooMany(
            f"more than {self._per_minute} {self._what} a minute",
            seconds=seconds,
            remedy=f"try again in {seconds} {'second' if seconds == 1 else 'seconds'}",
        )
