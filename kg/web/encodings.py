"""Content codings: which one a client likes, an answer in it as a whole, and an answer in it part by part."""

from __future__ import annotations

import gzip
import zlib
from functools import lru_cache
from typing import Any, Final

import zstandard

GZIP: Final = "gzip"
PACKED: Final = "application/gzip"
"""The media type of what is compressed already, and never is again. Source: RFC 6713."""

_GZIP_LEVEL: Final = 6
_ZSTD_LEVEL: Final = 6
# Source: the manual of zlib, deflateInit2: 15 bits of window, and 16 for the format of gzip.
_GZIP_BITS: Final = 15 + 16


@lru_cache(maxsize=256)
def choose_encoding(accept_encoding: str) -> str:
    """`zstd`, `gzip`, or empty for none, by what a client accepts.

    Source: RFC 9110 §12.5.3.

    >>> choose_encoding("gzip, deflate, br, zstd"), choose_encoding("gzip;q=0, *"), choose_encoding("")
    ('zstd', 'zstd', '')
    >>> choose_encoding("gzip;q=1.0, zstd;q=0.5"), choose_encoding("identity"), choose_encoding("identity, gzip;q=0.5")
    ('gzip', '', '')
    """
    qualities: dict[str, float] = {}
    for item in accept_encoding.lower().split(","):
        name, _, parameters = item.partition(";")
        qualities[name.strip()] = _quality(parameters)
    others = qualities.get("*", 0.0)
    best = max(("zstd", "gzip"), key=lambda name: qualities.get(name, others))
    return best if qualities.get(best, others) > qualities.get("identity", 0.0) else ""


def encode(body: bytes, encoding: str) -> bytes:
    """A whole body in an encoding of `choose_encoding`; the same bytes each time."""
    if encoding == "gzip":
        return gzip.compress(body, _GZIP_LEVEL, mtime=0)
    if encoding == "zstd":
        return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(body)
    return body


class Packer:
    """Puts the parts of one body into an encoding, `gzip` or `zstd`, as they come."""

    def __init__(self, encoding: str) -> None:
        if encoding == "gzip":
            self._packing: Any = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_BITS)
            self._all_so_far = zlib.Z_SYNC_FLUSH
        else:
            self._packing = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj()
            self._all_so_far = zstandard.COMPRESSOBJ_FLUSH_BLOCK
        self._first = True

    def pack(self, part: bytes) -> bytes:
        """What can be sent after a part; after the first one all of it, so that whoever waits sees a beginning."""
        packed: bytes = self._packing.compress(part)
        if self._first:
            self._first = False
            packed += self._packing.flush(self._all_so_far)
        return packed

    def end(self) -> bytes:
        """What is left."""
        packed: bytes = self._packing.flush()
        return packed


def _quality(parameters: str) -> float:
    name, _, value = parameters.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
