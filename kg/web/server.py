"""The production server: processes that speak HTTP, processes that answer queries behind."""

from __future__ import annotations

import gc
import socket
import sys
import tempfile
from pathlib import Path
from typing import Final

from kg.desk.keeper import DeskKeeper, DeskSettings
from kg.errors import ServerError
from kg.memory import keep_together
from kg.settings import Settings
from kg.store import Keeper, KeeperSettings, Snapshots
from kg.store.follower import Follower
from kg.web.fronts import keep_fronts

_BACKLOG: Final = 1024


def serve(settings: Settings) -> None:
    """Serve until the process is told to stop.

    Raises:
        SnapshotMissing: nothing has been built yet.
        StoreError: the current snapshot cannot be read.
        RemoteStoreError: the store that is to answer holds something else.
        ServerError: the address cannot be listened on.
    """
    Snapshots(settings.state, memory_quads=0).current()
    listener = _listening(settings.host, settings.port)
    with listener, tempfile.TemporaryDirectory(prefix="kg-") as folder:
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
            keep_together()
            gc.collect()
            gc.freeze()  # what the server processes share with this one stays shared
            print(f"listening at http://{settings.host}:{settings.port}", file=sys.stderr, flush=True)
            keep_fronts(settings, Path(folder), listener)
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


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        ServerError: the address cannot be listened on.
    """
    listener = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise ServerError(
            f"cannot listen on {host}:{port}: {error.strerror}", remedy="choose another port with --port or KG_PORT"
        ) from error
    return listener
