"""Answers that are kept in memory for as long as their snapshot is current, each with its entity tag."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from kg.web.encodings import PACKED, encode

Headers = Sequence[tuple[bytes, bytes]]
Key = tuple[str | bytes, ...]
"""What of a request decides about its answer."""

# What an entry takes beside its key, headers and body: the objects that hold it.
_ENTRY_BYTES: Final = 2048
_MOST_BYTES_AN_ENTRY: Final = 1024 * 1024
_WORTH_COMPRESSING_BYTES: Final = 1024


class Kept:
    """One answer; compressed when a client first asks for it so."""

    __slots__ = ("_encoded", "_headers", "_small", "body", "content_type", "tag")

    def __init__(self, headers: Headers, body: bytes) -> None:
        self.body = body
        self.tag = blake2b(body, digest_size=16).hexdigest()
        self._headers = tuple(headers)
        self._small = len(body) < _WORTH_COMPRESSING_BYTES
        self._encoded: dict[str, tuple[Headers, bytes]] = {}

    @property
    def size(self) -> int:
        """How many bytes it may come to hold: all compressed forms together are hardly larger than the body."""
        return 2 * len(self.body) + sum([len(value) for _, value in self._headers])

    def entity_tag(self, encoding: str) -> str:
        """The strong entity tag: the same for the same bytes.

        Source: RFC 9110 §8.8.3; an encoding makes other bytes, so it has another tag.
        """
        return f'"{self.tag}-{encoding}"' if encoding else f'"{self.tag}"'

    def in_encoding(self, encoding: str) -> tuple[Headers, bytes]:
        """Headers and body in an encoding of `choose_encoding`."""
        encoding = "" if self._small or is_packed(self._headers) else encoding
        found = self._encoded.get(encoding)
        if found is None:
            body = encode(self.body, encoding)
            headers = [*self._headers, (b"etag", self.entity_tag(encoding).encode())]
            if encoding:
                headers.append((b"content-encoding", encoding.encode()))
            found = self._encoded[encoding] = (headers, body)
        return found


class Cache:
    """The answers of one snapshot, the least recently used given up first when there are too many bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._snapshot = ""
        self._kept: OrderedDict[Key, tuple[Kept, int]] = OrderedDict()

    def get(self, snapshot: str, key: Key) -> Kept | None:
        """The answer that is kept for a request to a snapshot."""
        if snapshot != self._snapshot:
            return None
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, snapshot: str, key: Key, kept: Kept) -> None:
        """Keep an answer, unless it is large; a new snapshot drops all of the one before."""
        if snapshot != self._snapshot:
            self._kept.clear()
            self._bytes = 0
            self._snapshot = snapshot
        if len(kept.body) > _MOST_BYTES_AN_ENTRY or key in self._kept:
            return
        size = kept.size + sum(map(len, key)) + _ENTRY_BYTES
        self._kept[key] = (kept, size)
        self._bytes += size
        while self._bytes > self._most_bytes:
            _, (_, dropped) = self._kept.popitem(last=False)
            self._bytes -= dropped


def is_packed(headers: Headers) -> bool:
    """Whether what some headers belong to is compressed in itself, so that no encoding would be of use."""
    return (b"content-type", PACKED.encode()) in headers


def matches(if_none_match: str, tag: str) -> bool:
    """Whether a client already has the answer with this strong entity tag.

    Source: RFC 9110 §13.1.2.

    >>> matches('W/"a", "b"', '"b"'), matches("*", '"b"'), matches('"a"', '"b"')
    (True, True, False)
    """
    return if_none_match.strip() == "*" or tag in {
        candidate.strip().removeprefix("W/") for candidate in if_none_match.split(",")
    }
