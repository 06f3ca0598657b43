"""The least HTTP that a measurement needs: requests as bytes, and where an answer ends.

It is written on bare sockets so that the client costs little beside what it measures.

Source: RFC 9112 §6.3 and §7.1.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

JSON: Final = "application/sparql-results+json"

_READ_BYTES: Final = 256 * 1024
_LAST_CHUNK: Final = b"\r\n0\r\n\r\n"


@dataclass(frozen=True)
class Address:
    """Where a SPARQL endpoint listens on this machine."""

    port: int
    path: str


def get_request(address: Address, query: str, *, accept: str = JSON) -> bytes:
    """A query operation by GET.

    Source: SPARQL 1.1 Protocol §2.1.1.
    """
    return (
        f"GET {address.path}?query={quote(query, safe='')} HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{address.port}\r\nAccept: {accept}\r\n\r\n"
    ).encode("ascii")


class Reading:
    """One answer as it arrives; it keeps its head and the end of its body, no more."""

    __slots__ = ("_chunked", "_head", "_tail", "_wanted", "received", "status")

    def __init__(self) -> None:
        self.status = 0
        self.received = 0
        """Bytes of the body so far, as they were sent."""
        self._head = b""
        self._tail = b""
        self._wanted = -1
        self._chunked = False

    def take(self, data: bytes | memoryview) -> bool:
        """Take what has arrived; True when the answer is whole.

        A chunked body is taken to end where its last bytes are those of the last chunk, which no result format that is
        asked for here has inside.
        """
        if self.status:
            return self._take_body(bytes(data[-len(_LAST_CHUNK) :]), len(data))
        self._head += bytes(data)
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            return False
        fields = self._head[:end].lower()
        self.status = int(fields[9:12])
        place = fields.find(b"\r\ncontent-length:")
        if place >= 0:
            self._wanted = int(fields[place + 17 :].split(b"\r\n", 1)[0])
        self._chunked = b"\r\ntransfer-encoding: chunked" in fields
        return self._take_body(self._head[end + 2 :], len(self._head) - end - 4)

    def _take_body(self, end: bytes, count: int) -> bool:
        self.received += count
        if self._chunked:
            self._tail = (self._tail + end)[-len(_LAST_CHUNK) :]
            return self._tail == _LAST_CHUNK
        return self.received >= self._wanted >= 0


@dataclass(frozen=True)
class Fetched:
    """What one request gave."""

    status: int
    """0 where the connection broke."""
    seconds: float
    first_byte_seconds: float
    """Until the first byte of the body."""
    received: int


def connect(port: int, *, timeout_seconds: float) -> socket.socket:
    """A connection to a service on this machine."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=timeout_seconds)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def fetch(connection: socket.socket, request: bytes, *, see: Callable[[bytes], object] | None = None) -> Fetched:
    """Send a request and read the whole answer; `see` is shown each part of it, head and chunk sizes included."""
    buffer = memoryview(bytearray(_READ_BYTES))
    reading = Reading()
    first = 0.0
    began = time.perf_counter()
    try:
        connection.sendall(request)
        whole = False
        while not whole:
            count = connection.recv_into(buffer)
            if not count:
                break
            whole = reading.take(buffer[:count])
            if not first and reading.received:
                first = time.perf_counter() - began
            if see is not None:
                see(bytes(buffer[:count]))
    except OSError:
        whole = False
    return Fetched(reading.status if whole else 0, time.perf_counter() - began, first, reading.received)
