"""The production server: granian, one process that answers in threads."""

from __future__ import annotations

import os
import socket
from functools import partial

from granian.constants import Interfaces
from granian.server import Server

from kg.errors import ServerError
from kg.settings import Settings
from kg.web.app import create_app


def serve(settings: Settings) -> None:
    """Serve until the process is told to stop.

    Raises:
        ServerError: the address cannot be listened on.
    """
    _refuse_taken(settings.host, settings.port)
    server = Server(
        target="kg.web",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        blocking_threads=max(4, 2 * (os.cpu_count() or 1)),
        websockets=False,
        respawn_failed_workers=True,
    )
    server.serve(target_loader=partial(create_app, settings), wrap_loader=False)


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
