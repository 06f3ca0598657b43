"""One server process: it takes its share of the connections until it is told to end."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from pathlib import Path
from typing import Final, cast

import uvloop
from uvicorn.config import Config
from uvicorn.server import ServerState

from kg.settings import Settings
from kg.web.connections import Connection
from kg.web.front import Front

# When the server is told to end, queries may go on for that long; then they end with an error that says why.
_LAST_SECONDS: Final = 1.25
# And so long until connections are closed whose clients do not take their answers.
_PATIENCE_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 1.0
_WITHOUT_FILES_SECONDS: Final = 0.1
# A process that has many more connections than another leaves a new one to that for so long.
_YIELD_SECONDS: Final = 0.002


@dataclass(frozen=True)
class Share:
    """The socket that server processes listen on together, and how many connections each of them has."""

    listener: socket.socket
    connections: memoryview
    """In memory that they share: a number for each process."""
    own: int
    """The place of this process among them."""


def run(settings: Settings, folder: Path, parent: int, *, share: Share) -> None:
    """Serve what comes to a listening socket until SIGTERM or SIGINT."""
    # It tells of every client that sends nonsense, or whose answer breaks off.
    logging.getLogger("uvicorn.error").addFilter(lambda record: record.exc_info is not None)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_Process(Front(settings, folder, parent), share).serve())


class _Process:
    """What a server process holds."""

    def __init__(self, front: Front, share: Share) -> None:
        self._front = front
        self._share = share
        self._listener = share.listener
        self._has_yielded = False
        self._state = ServerState()
        self._beginning: set[asyncio.Task[object]] = set()
        self._config = Config(
            front,
            http="httptools",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
        )
        self._config.load()

    async def serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        told = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, told.set)
        self._front.start()
        self._count()
        self._look()
        self._listener.setblocking(False)
        self._listen()
        await told.wait()
        self._loop.remove_reader(self._listener)
        self._listener.close()
        await self._say_goodbye()
        await self._front.stop()

    async def _say_goodbye(self) -> None:
        """Let clients have what they wait for, and then an error."""
        last = self._loop.call_later(_LAST_SECONDS, self._front.end_queries)
        for connection in [*self._state.connections]:
            connection.shutdown()
        until = self._loop.time() + _PATIENCE_SECONDS
        while self._state.connections and self._loop.time() < until:
            await asyncio.sleep(0.01)
        last.cancel()
        self._front.end_queries()
        for connection in [*self._state.connections]:
            connection.transport.abort()

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._listener)
        self._loop.call_later(seconds, self._listen)

    def _listen(self) -> None:
        if self._listener.fileno() >= 0:  # else it was told to end meanwhile
            self._loop.add_reader(self._listener, self._accept)

    def _count(self) -> int:
        """Tell the others how many connections are here."""
        own = len(self._state.connections) + len(self._beginning)
        self._share.connections[self._share.own] = own
        return own

    def _accept(self) -> None:
        own = self._count()
        if own - min(self._share.connections) > own // 4 and not self._has_yielded:
            self._has_yielded = True
            self._pause(_YIELD_SECONDS)
            return
        self._has_yielded = False
        try:
            client, _ = self._listener.accept()
        except BlockingIOError:
            return  # another process was faster
        except OSError:  # too many open files; connections that end give some back
            self._pause(_WITHOUT_FILES_SECONDS)
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        make = partial(Connection, self._front, self._count, self._config, self._state, {}, self._loop)
        beginning: asyncio.Task[object] = self._loop.create_task(self._loop.connect_accepted_socket(make, client))
        self._beginning.add(beginning)
        beginning.add_done_callback(self._has_begun)
        self._count()

    def _has_begun(self, beginning: asyncio.Task[object]) -> None:
        self._beginning.discard(beginning)
        if not beginning.cancelled():
            beginning.exception()  # the client may have left already

    def _look(self) -> None:
        """Once a second: the time of day, and connections that nobody uses."""
        self._state.default_headers = [(b"date", formatdate(usegmt=True).encode())]
        now = self._loop.time()
        for connection in [*self._state.connections]:
            cast("Connection", connection).close_if_idle(now)
        self._loop.call_later(_LOOK_SECONDS, self._look)
