"""One worker process, as an event loop sees it: the connection to it, and what can be done to the process."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, cast

from kg.store.frames import HEAD_BYTES, NUMBER_BYTES

# When nobody takes so many frames, the worker has to wait.
_MOST_HELD: Final = 2
# The more a query has computed, the less of the processors it gets beside others; after so long, what they leave. No
# sooner, since other programs may leave next to nothing. Source: sched(7): the nice values go up to 19.
_RUNAWAY_SECONDS: Final = 0.1
_NICE_A_SECOND: Final = 400
_MOST_NICE: Final = 19


class Connection(asyncio.Protocol):
    """A worker that is asked one thing after the other."""

    def __init__(self, loop: asyncio.AbstractEventLoop, number: str) -> None:
        """`number` is the name of the snapshot that it answers from."""
        self.number = number
        self.asked = False
        """Whether it has ever been asked."""
        self.was_idle = False
        """Whether it has waited to be asked, and so may have ended unseen."""
        self.idle_since = 0.0
        """Since when it has waited, by the clock of the loop."""
        self.closed = False
        self.ready = False
        """Whether it can be asked; after an answer in parts it takes a while."""
        self._loop = loop
        self.pid = 0
        """The number of its process, as long as it runs."""
        self._thread = 0
        self._before: float | None = None
        self._held = bytearray()
        self._frames: deque[tuple[bytes, bytes]] = deque()
        self._then: Callable[[], object] | None = None
        self._paused = False

    @classmethod
    async def open(cls, loop: asyncio.AbstractEventLoop, folder: Path, number: str) -> Connection:
        """A new worker, from the process that listens there for a snapshot.

        Raises:
            OSError, EOFError: it cannot be had.
        """
        connection = cls(loop, number)
        await loop.create_unix_connection(lambda: connection, str(folder / number))
        try:
            while not connection.ready:
                await connection._more()
        except BaseException:
            connection.close()
            raise
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The worker has been forked."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Cut what comes into frames; when nobody reads them, let the worker wait."""
        if not self._held and len(data) == HEAD_BYTES + int.from_bytes(data[1:HEAD_BYTES], "big"):
            self._take(data[:1], data[HEAD_BYTES:])  # one frame and nothing else, as most are
        else:
            self._cut(data)
        if len(self._frames) >= _MOST_HELD and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, _: Exception | None) -> None:
        """The worker has ended."""
        self._has_ended()

    def ask(self, request: bytes, then: Callable[[], object]) -> None:
        """Send a request; `then` is called as `when_more` does."""
        self.asked = True
        self._before = None
        self._then = then
        self._transport.write(request)

    def when_more(self, then: Callable[[], object]) -> None:
        """Have `then` called, once, when there may be more to take, or the worker has ended."""
        self._then = then

    def close(self) -> None:
        """Close the connection; an idle worker ends by that."""
        self._transport.close()

    async def frame(self) -> tuple[bytes, bytes]:
        """The next frame: its kind and payload.

        Raises:
            EOFError: the worker has ended.
        """
        while (taken := self.take()) is None:
            await self._more()
        return taken

    def take(self) -> tuple[bytes, bytes] | None:
        """The next frame, its kind and payload, if it is there.

        Raises:
            EOFError: the worker has ended.
        """
        if not self._frames:
            if self.closed:
                raise EOFError
            return None
        taken = self._frames.popleft()
        if self._paused and not self._frames:
            self._paused = False
            self._transport.resume_reading()
        return taken

    def end(self) -> None:
        """End the process. Whoever reads from it sees that at once: one with much memory takes a while to be gone."""
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self._has_ended()

    def computed_seconds(self) -> float:
        """How long it has computed since this was first asked for after the last request.

        Source: clock_getcpuclockid(3); in Linux the clock of a process is its number, inverted, and the kind 2.
        """
        try:
            now = time.clock_gettime((~self.pid << 3) | 2)
        except OSError:
            return 0.0
        if self._before is None:
            self._before = now
        return now - self._before

    def slow_down(self, computed: float) -> None:
        """Let others go first, until this answer is complete: the more so the more seconds it has computed.

        Then another thread takes over.
        Source: sched(7), SCHED_IDLE: whoever wakes up takes the processor from such a thread at once.
        """
        if self._thread:
            with suppress(ProcessLookupError, PermissionError):
                if computed < _RUNAWAY_SECONDS:
                    os.setpriority(os.PRIO_PROCESS, self._thread, min(int(_NICE_A_SECOND * computed), _MOST_NICE))
                else:
                    os.sched_setscheduler(self._thread, os.SCHED_IDLE, os.sched_param(0))

    def _has_ended(self) -> None:
        self.closed = True
        self.pid = self._thread = 0
        self._wake()

    def _cut(self, data: bytes) -> None:
        held = self._held
        held += data
        while len(held) >= HEAD_BYTES:
            end = HEAD_BYTES + int.from_bytes(held[1:HEAD_BYTES], "big")
            if len(held) < end:
                break
            self._take(bytes(held[:1]), bytes(memoryview(held)[HEAD_BYTES:end]))
            del held[:end]

    def _take(self, kind: bytes, payload: bytes) -> None:
        if kind == b"T":
            self.pid = int.from_bytes(payload[:NUMBER_BYTES], "big")
            self._thread = int.from_bytes(payload[NUMBER_BYTES:], "big")
            self.ready = True
        else:
            self.ready = self.ready and kind != b"Z"
            self._frames.append((kind, payload))

    def _more(self) -> asyncio.Future[None]:
        """Is done when there may be more.

        Raises:
            EOFError: the worker has ended.
        """
        if self.closed:
            raise EOFError
        more: asyncio.Future[None] = self._loop.create_future()
        self._then = partial(fulfil, more)
        return more

    def _wake(self) -> None:
        then, self._then = self._then, None
        if then is not None:
            then()


def fulfil(promise: asyncio.Future[None]) -> None:
    """Let whoever awaits it go on, if somebody still does."""
    if not promise.done():
        promise.set_result(None)
