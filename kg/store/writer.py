"""What a worker writes an answer to: frames on a connection, one for a small answer, several for one that grows."""

from __future__ import annotations

import socket
import time
from typing import Final

from kg.store.frames import frame

_CHUNK_BYTES: Final = 128 * 1024
_SMALL_BYTES: Final = 64 * 1024
_WORTH_SENDING_BYTES: Final = 4 * 1024
_PATIENCE_SECONDS: Final = 0.01


class Writer:
    """Where the engine writes an answer to; sends it in one frame when it is small, in parts as it grows."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._held = bytearray()
        self._since = time.monotonic()
        self.started = False

    def write(self, data: bytes) -> int:
        """Take the next bytes of the answer."""
        self._held += data
        if len(self._held) >= (_CHUNK_BYTES if self.started else _SMALL_BYTES) or self._is_late():
            self._send()
        return len(data)

    def flush(self) -> None:
        """What is held goes when there is enough of it, or at the end."""

    def end(self) -> None:
        """Send what is left."""
        if not self.started:
            self._connection.sendall(frame(b"A", self._held))
            return
        if self._held:
            self._send()
        self._connection.sendall(frame(b"Z", b""))

    def _is_late(self) -> bool:
        """Whether a first part should go now. A few bytes can wait: the engine hands them out before it fails, too."""
        if self.started or len(self._held) < _WORTH_SENDING_BYTES:
            return False
        return time.monotonic() - self._since > _PATIENCE_SECONDS

    def _send(self) -> None:
        """The engine may hand out any amount at once; no frame is larger than a part."""
        held, self._held = memoryview(self._held), bytearray()
        for start in range(0, len(held), _CHUNK_BYTES):
            self._connection.sendall(frame(b"D", held[start : start + _CHUNK_BYTES]))
        self.started = True
