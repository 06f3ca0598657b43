"""Which pages may write: those of this service, and of the origins that an operator lists."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final
from urllib.parse import urlsplit

from kg.errors import CrossSite

# Source: RFC 9110 §9.2.1.
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# Source: Fetch Metadata Request Headers §2.4. `none`: a person asked, no page did.
_OWN_SITE: Final = frozenset({"same-origin", "none"})
_PORTS: Final = {"http": 80, "https": 443}


def refuse_cross_site(
    method: str, headers: Iterable[tuple[str, str]], *, own_origin: str, allowed_origins: Collection[str]
) -> None:
    """Let a request pass that no page of another site has made; `headers` are names in any case, and values.

    Browsers say in Sec-Fetch-Site where a request comes from; old ones, and all where there is no TLS, say it in Origin
    only. Programs send neither. Where the browser itself says that it is the same origin, http and https count as one:
    behind a proxy that ends TLS, a server does not know which it is. `own_origin` is written as `origin_of` does;
    where it is not known it is empty, and no page counts as our own.

    Source: Fetch Metadata Request Headers §2.4; Fetch Standard §3.2 (Origin).

    Raises:
        CrossSite: it is a write, and comes from a page that may not.
    """
    if method in _SAFE_METHODS:
        return
    told = [(name.lower(), value.strip()) for name, value in headers]
    origins = [value for name, value in told if name == "origin"]
    sites = [value for name, value in told if name == "sec-fetch-site"]
    if origins and all(origin in allowed_origins for origin in origins):
        return
    own = {own_origin, _other_scheme(own_origin)} if sites else {own_origin}
    if any(site not in _OWN_SITE for site in sites) or any(not own_origin or origin not in own for origin in origins):
        raise CrossSite(
            f"a page of {origins[0] if origins else 'another site'} asks to write here",
            remedy="write from a page of this service or from a program; "
            "whoever runs this service can list other origins in KG_WRITE_ORIGINS",
        )


def may_ask_to_write(origin: str, *, own_origin: str, allowed_origins: Collection[str]) -> bool:
    """Whether a browser may be told, when it asks in advance, that pages of an origin can send writes and tokens.

    Source: Fetch Standard §3.2.2 (CORS-preflight request).
    """
    return bool(origin) and (origin == own_origin or origin in allowed_origins)


def origin_of(url: str) -> str | None:
    """The origin of an http(s) URL as browsers write it; None where it has none.

    Source: RFC 6454 §6.2: in lower case, without the port that goes without saying.

    >>> origin_of("https://Data.Example:443/desk")
    'https://data.example'
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not host:
        return None
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" if port in (None, _PORTS[parts.scheme]) else f"{parts.scheme}://{name}:{port}"


def _other_scheme(origin: str) -> str:
    scheme, separator, rest = origin.partition("://")
    return f"{'http' if scheme == 'https' else 'https'}{separator}{rest}"
