"""One HTTP request that ends in time and in size, whatever the other side does.

No redirect is followed, so that no token and no question reaches an address that nobody named; no compression is
accepted, so that a small reply cannot become a large one; no proxy is used but one that is named, which then is for
all hosts.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from ssl import SSLError
from threading import Event, Timer
from typing import Final
from urllib.parse import SplitResult, urlsplit

from kg.errors import EndpointAway

AGENT: Final = "unemg-kg (linked-data client)"
"""What a request says of itself. Source: RFC 9110 §10.1.5."""

_CHUNK_BYTES: Final = 65_536
_NOT_IN_A_HEADER: Final = re.compile(r"[^\t -~\u00a0-\u00ff]")
_SHOWN_CHARACTERS: Final = 200
_PROXY_PORT: Final = 8080
_LOOK: Final = "look whether it runs, and at its address; then ask again"
_OTHER_SCHEME: Final = "look whether it is known by a certificate, and whether its address begins with http:// instead"


@dataclass(frozen=True)
class Bounds:
    """How much one request may take."""

    seconds: float = 60.0
    """From connecting to the last byte."""
    bytes: int = 64 * 1024 * 1024
    """Of the reply."""
    proxy: str = ""
    """The address of a proxy through which it goes, `http://host:port`; empty: it goes straight to the host."""


@dataclass(frozen=True)
class Reply:
    """What came back."""

    url: str
    status: int
    headers: Mapping[str, str]
    """By their names in small letters."""
    body: bytes

    @property
    def media_type(self) -> str:
        """The media type without its parameters, in small letters; empty where none is told."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The first words of the body, on one line."""
        start = self.body[: 4 * _SHOWN_CHARACTERS].decode("utf-8", "replace")
        return " ".join("".join(sign if sign.isprintable() else " " for sign in start).split())[:_SHOWN_CHARACTERS]


def send(
    method: str, url: str, *, bounds: Bounds, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> Reply:
    """The reply to one request, whatever its status.

    Raises:
        EndpointAway: there is no reply, it is larger or takes longer than it may, or the address is none of HTTP.
    """
    parts = _parts(url)
    sent = {"User-Agent": AGENT} | {name.title(): value for name, value in (headers or {}).items()}
    if any(_NOT_IN_A_HEADER.search(value) for value in sent.values()):
        raise EndpointAway("a header of the request has signs that no header has", remedy="give it as plain ASCII")
    connection, path = _connection(parts, bounds)
    late = Event()
    try:
        with _ended(connection, bounds.seconds, late):
            connection.request(method, path, body=body, headers=sent)
            with connection.getresponse() as response:
                data = _read(response, url, bounds)
    except (HTTPException, OSError, ValueError) as error:
        reason = f"it was not done after {bounds.seconds:g} seconds" if late.is_set() else _reason(error)
        remedy = _OTHER_SCHEME if isinstance(error, SSLError) else _LOOK
        raise _away(url, f"does not answer: {reason}", remedy=remedy) from error
    if late.is_set():
        raise _away(url, f"does not answer: it was not done after {bounds.seconds:g} seconds")
    return Reply(url, response.status, {name.lower(): value for name, value in response.getheaders()}, data)


def host_of(url: str) -> str:
    """The host of an address, in small letters; empty where it has none."""
    with suppress(ValueError):
        return urlsplit(url).hostname or ""
    return ""


def _connection(parts: SplitResult, bounds: Bounds) -> tuple[HTTPConnection, str]:
    """A connection that is not yet open, and what is asked for by it.

    Source: RFC 9112 §3.2.2 (a proxy is asked for a whole address); RFC 9110 §9.3.6 (CONNECT).

    Raises:
        EndpointAway: the proxy has no address of HTTP.
    """
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not bounds.proxy:
        return kind(parts.hostname or "", parts.port, timeout=bounds.seconds), path
    proxy = _parts(bounds.proxy)
    if proxy.scheme != "http":
        raise EndpointAway("a proxy with https:// is not known", remedy="give the proxy as http://host:port")
    connection = kind(proxy.hostname or "", proxy.port or _PROXY_PORT, timeout=bounds.seconds)
    if parts.scheme == "https":
        connection.set_tunnel(parts.hostname or "", parts.port)
        return connection, path
    return connection, f"http://{parts.netloc}{path}"


@contextmanager
def _ended(connection: HTTPConnection, seconds: float, late: Event) -> Iterator[None]:
    """Open a connection that is cut after so many seconds, which the event tells, and closed in any case."""
    # Held here, as the connection forgets its socket when a reply is to end with it.
    opened: list[socket.socket] = []

    def cut() -> None:
        late.set()
        for one in opened:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    clock = Timer(seconds, cut)
    clock.daemon = True
    clock.start()
    try:
        connection.connect()
        opened.append(connection.sock)
        yield
    finally:
        clock.cancel()
        connection.close()
        for one in opened:
            one.close()


def _read(response: HTTPResponse, url: str, bounds: Bounds) -> bytes:
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise _away(url, "sends a compressed reply that was not asked for")
    chunks: list[bytes] = []
    size = 0
    announced = response.length or 0
    while max(size, announced) <= bounds.bytes and (chunk := response.read1(_CHUNK_BYTES)):
        chunks.append(chunk)
        size += len(chunk)
    if max(size, announced) > bounds.bytes:
        raise _away(url, f"sends more than {bounds.bytes:,} bytes", remedy="ask for less at once, or allow for more")
    if response.length:
        raise _away(url, f"breaks off: {response.length:,} bytes are missing")
    return b"".join(chunks)


def _parts(url: str) -> SplitResult:
    """The parts of an address.

    Raises:
        EndpointAway: it is none of HTTP, or holds a password.
    """
    remedy = "give an address that begins with https:// or http://, without spaces and without a password"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError as error:
        raise EndpointAway(f"{url[:_SHOWN_CHARACTERS]!r} is no address: {error}", remedy=remedy) from error
    if not usable or parts.username is not None or not url.isascii() or any(sign.isspace() for sign in url):
        shown = url[:_SHOWN_CHARACTERS] if parts.username is None else "the address with a password in it"
        raise EndpointAway(f"{shown!r} is no address that is asked", remedy=remedy)
    return parts


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "nothing came in time"
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error)) or type(error).__name__


def _away(url: str, reason: str, *, remedy: str = _LOOK) -> EndpointAway:
    return EndpointAway(f"<{url.partition('?')[0][:_SHOWN_CHARACTERS]}> {reason}", remedy=remedy)
