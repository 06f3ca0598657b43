"""The production server: granian in front, processes that answer queries behind."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from granian.constants import Interfaces, Loops
from granian.server.mp import MPServer

from kg.desk.keeper import DeskKeeper, DeskSettings
from kg.errors import ServerError
from kg.settings import Settings
from kg.store import Keeper, KeeperSettings, Snapshots
from kg.store.follower import Follower
from kg.web.front import LEAVING, Front

# How long a server process may take to end: for answers on their way to clients that do not take them.
_PATIENCE_SECONDS: Final = 2.25


class _Server(MPServer):
    """The server; its processes hear that it is going to end before it waits for their last answers."""

    def __init__(self, leaving: Path, **options: Any) -> None:
        """`leaving` is what appears then."""
        super().__init__(**options)
        self._leaving = leaving

    def signal_handler_interrupt(self, *args: Any, **options: Any) -> None:
        """Called for SIGTERM and SIGINT."""
        self._leaving.touch()
        handle: Callable[..., None] = super().signal_handler_interrupt
        handle(*args, **options)


def serve(settings: Settings) -> None:
    """Serve until the process is told to stop.

    Raises:
        SnapshotMissing: nothing has been built yet.
        StoreError: the current snapshot cannot be read.
        RemoteStoreError: the store that is to answer holds something else.
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
        desk = DeskKeeper(_desk_settings(settings), Path(folder))
        follower = Follower(settings.state, settings.remote) if settings.remote else None
        if follower:
            follower.start()
        keeper.start()
        desk.start()
        try:
            loader = partial(Front, settings, Path(folder), os.getpid())
            _server(settings, Path(folder)).serve(target_loader=loader, wrap_loader=False)
        finally:
            desk.stop()
            keeper.stop()
            if follower:
                follower.stop()


def _desk_settings(settings: Settings) -> DeskSettings:
    return DeskSettings(
        state=str(settings.state.absolute()),
        query_characters=settings.query_characters,
        query_depth=settings.query_depth,
        submission_bytes=settings.submission_megabytes * 1024 * 1024,
        most_bytes=settings.query_megabytes * 1024 * 1024,
        most_seconds=settings.submission_seconds,
        token_writes=settings.token_writes,
        address_writes=settings.address_writes,
        address_validations=settings.address_validations,
    )


def _server(settings: Settings, folder: Path) -> MPServer:
    return _Server(
        folder / LEAVING,
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
