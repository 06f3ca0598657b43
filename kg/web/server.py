"""The production server: granian in front, processes that answer queries behind."""

from __future__ import annotations

import os
import socket
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

from granian.constants import Interfaces, Loops
from granian.server.mp import MPServer

from kg.errors import ServerError
from kg.settings import Settings
from kg.store import Keeper, KeeperSettings, Snapshots
from kg.web.front import Front

# How long a server process may take to end: for answers on their way to clients that do not take them.
_PATIENCE_SECONDS: Final = 5


def serve(settings: Settings) -> None:
    """Serve until the process is told to stop.

    Raises:
        SnapshotMissing: nothing has been built yet.
        StoreError: the current snapshot cannot be read.
        ServerError: the address cannot be listened on.
    """
    Snapshots(settings.state, memory_quads=0).current()
    _refuse_taken(settings.host, settings.port)
    with tempfile.TemporaryDirectory(prefix="kg-") as folder:
        keeper = Keeper(
            KeeperSettings(
                state=settings.state,
                memory_quads=settings.memory_quads,
                most_bytes=settings.query_megabytes * 1024 * 1024,
                most_seconds=settings.query_seconds,
            ),
            Path(folder),
        )
        keeper.start()
        try:
            loader = partial(Front, settings, Path(folder), os.getpid())
            _server(settings).serve(target_loader=loader, wrap_loader=False)
        finally:
            keeper.stop()


def _server(settings: Settings) -> MPServer:
    return MPServer(
        target="kg.web",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.processes,
        websockets=False,
        loop=Loops.uvloop,
        respawn_failed_workers=True,
        workers_kill_timeout=_PATIENCE_SECONDS,
    )


def _refuse_taken(host: str, port: int) -> None:
    """The server itself would share a taken port in silence (SO_REUSEPORT)."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise ServerError(
            f"cannot listen on {host}:{port}: {error.strerror}", remedy="choose another port with --port or KG_PORT"
        ) from error
