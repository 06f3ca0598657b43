"""When a server process has nothing to do for a while, it gives memory back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kg.memory import tidy

_WORTH_SECONDS: Final = 1.0
_QUIET_SECONDS: Final = 3.0
_QUIET_SHARE: Final = 0.05


class Rest:
    """Gives memory back once when a process that has worked has had nothing to do for a few seconds."""

    def __init__(self, tidies: Callable[[], object] = tidy) -> None:
        self._tidy = tidies
        self._worked_seconds = 0.0
        self._quiet_since = self._before = self._computed = 0.0

    def look(self, now: float, computed: float) -> None:
        """To be called from time to time, with the time and what the process has computed so far, both in seconds."""
        lately = computed - self._computed
        if lately > _QUIET_SHARE * (now - self._before):
            self._quiet_since = now
        self._worked_seconds += lately
        self._before, self._computed = now, computed
        if self._worked_seconds > _WORTH_SECONDS and now - self._quiet_since > _QUIET_SECONDS:
            self._tidy()
            self._worked_seconds = 0.0
