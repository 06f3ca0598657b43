"""How an answer is sent: its headers, in one piece or in parts, or not at all when the client has it already."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import lru_cache
from tempfile import SpooledTemporaryFile
from typing import Final, Protocol

from kg.errors import KgError
from kg.store import Answer
from kg.web.cache import Kept, is_packed, matches
from kg.web.descriptions import VOID_PATH
from kg.web.encodings import GZIP, Packer, choose_encoding, encode
from kg.web.gateway import Exchange, Headers, encoded
from kg.web.headers import EVERY_ANSWER

READS: Final = ("GET", "HEAD")
OK: Final = 200
MAY_BE_KEPT: Final = (b"cache-control", b"no-cache")
_NEVER_KEPT: Final = (b"cache-control", b"no-store")
_NOT_MODIFIED: Final = 304
_KEPT_WHILE_STREAMED_BYTES: Final = 1024 * 1024
_PART_BYTES: Final = 128 * 1024
# A client that takes nothing of its answer for so long is given up, so that it does not hold a worker for ever.
_STALLED_SECONDS: Final = 60.0
_VARY: Final = ("vary", "Accept, Accept-Encoding")
_LINK: Final = ("link", f'<{VOID_PATH}>; rel="describedby"')
_ABOUT_THE_BODY: Final = frozenset({b"content-encoding", b"content-type", b"content-disposition"})


class Parts(Protocol):
    """An answer on its way."""

    @property
    def number(self) -> str:
        """The name of the snapshot that it is of."""

    @property
    def whole(self) -> bool:
        """Whether the payload is all there is."""

    @property
    def payload(self) -> bytes:
        """All of it, where it is whole."""

    def parts(self) -> AsyncIterator[bytes]:
        """All parts, the first one too.

        Raises:
            KgError: the answer breaks off.
        """


class Zipped:
    """An answer on its way as a gzip file."""

    def __init__(self, answer: Answer) -> None:
        """Whoever has the answer closes it."""
        self._answer = answer
        self.number = answer.number
        self.whole = answer.whole

    @property
    def payload(self) -> bytes:
        """All of the file, where the answer is whole."""
        return encode(self._answer.payload, GZIP)

    async def parts(self) -> AsyncIterator[bytes]:
        """The file part by part, with no more of it in memory."""
        packer = Packer(GZIP)
        async for part in self._answer.parts():
            # Compressing takes longer than all else here, and lets other threads run meanwhile.
            yield await asyncio.to_thread(packer.pack, part)
        yield packer.end()


@lru_cache(maxsize=256)
def answer_headers(content_type: str, filename: str, *, may_be_kept: bool) -> Headers:
    """The headers of an answer to a query, with the name that a browser gives it where there is one."""
    headers = [*EVERY_ANSWER, ("content-type", content_type), _VARY, _LINK]
    if filename:
        headers.append(("content-disposition", f'inline; filename="{filename}"'))
    return with_keeping(encoded(headers), may_be_kept=may_be_kept)


def with_keeping(headers: Headers, *, may_be_kept: bool) -> Headers:
    """Headers, and whether caches may keep what they belong to."""
    return (*headers, MAY_BE_KEPT if may_be_kept else _NEVER_KEPT)


def varied(headers: Headers) -> Headers:
    """The headers of an answer of Flask's, which is going to be compressed for those who like it."""
    varies = b", ".join([*(value for name, value in headers if name == b"vary"), b"Accept-Encoding"])
    return [*(header for header in headers if header[0] != b"vary"), (b"vary", varies)]


def whole_answer(exchange: Exchange, kept: Kept) -> tuple[int, Headers, bytes]:
    """Status, headers and body of an answer: what the client does not have yet, in an encoding that it takes."""
    headers, body = kept.in_encoding(choose_encoding(exchange.value(b"accept-encoding")))
    known = exchange.value(b"if-none-match") if exchange.method in READS else ""
    if known and matches(known, dict(headers)[b"etag"].decode()):
        return _NOT_MODIFIED, [header for header in headers if header[0] not in _ABOUT_THE_BODY], b""
    return OK, headers, body


async def send_kept(exchange: Exchange, kept: Kept) -> None:
    """Send an answer that may be known to the client."""
    await exchange.respond(*whole_answer(exchange, kept))


async def send_head(exchange: Exchange, headers: Headers) -> None:
    """Send the headers of an answer that would come in parts."""
    await exchange.begin(OK, _in_encoding(headers, _encoding(exchange, headers)))
    await exchange.end()


async def send_parts(exchange: Exchange, headers: Headers, answer: Parts) -> bytes | None:
    """Send an answer part by part, compressed for who likes that; returns it whole when it may be kept."""
    encoding = _encoding(exchange, headers)
    packer = Packer(encoding) if encoding else None
    await exchange.begin(OK, _in_encoding(headers, encoding))
    held = bytearray()
    try:
        async for part in answer.parts():
            # Compressing takes longer than all else here, and lets other threads run meanwhile.
            packed = await asyncio.to_thread(packer.pack, part) if packer else part
            async with asyncio.timeout(_STALLED_SECONDS):
                await exchange.part(packed)
            if len(held) <= _KEPT_WHILE_STREAMED_BYTES:
                held += part
        if packer:
            await exchange.part(packer.end())
    except (KgError, TimeoutError):
        return None  # without an end, so that the client sees that the answer is not whole
    await exchange.end()
    return bytes(held) if len(held) <= _KEPT_WHILE_STREAMED_BYTES else None


def _encoding(exchange: Exchange, headers: Headers) -> str:
    """The encoding of an answer that comes in parts."""
    return "" if is_packed(headers) else choose_encoding(exchange.value(b"accept-encoding"))


def _in_encoding(headers: Headers, encoding: str) -> Headers:
    return (*headers, (b"content-encoding", encoding.encode())) if encoding else headers


async def send_collected(exchange: Exchange, headers: Headers, answer: Parts) -> None:
    """Send an answer when it is whole, to a client who could not tell a part from the whole."""
    with SpooledTemporaryFile(max_size=_KEPT_WHILE_STREAMED_BYTES) as whole:
        async for part in answer.parts():
            whole.write(part)
        length = whole.tell()
        whole.seek(0)
        await exchange.begin(OK, [*headers, (b"content-length", b"%d" % length)])
        while part := whole.read(_PART_BYTES):
            await exchange.part(part)
        await exchange.end()
