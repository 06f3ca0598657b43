"""Which address a request comes from, also behind proxies, and by which addresses are counted."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Network = IPv4Network | IPv6Network

# Source: RFC 6177 §2: a site gets at least so much, and one machine in it any address.
_SITE_BITS: Final = 64


def client_address(peer: str, forwarded: str, *, trusted: Collection[Network]) -> str:
    """The address of a client: the peer of the connection, or what trusted proxies say about it.

    `forwarded` is the X-Forwarded-For header, its lines joined by commas. Each proxy adds at its end who asked it. So
    it is read from there, and the first address that is no trusted proxy counts; anybody may have written what stands
    before it.

    >>> from ipaddress import ip_network
    >>> client_address("10.0.0.1", "1.1.1.1, 203.0.113.9", trusted=[ip_network("10.0.0.0/8")])
    '203.0.113.9'
    """
    found = _address(peer)
    if found is None:
        return peer
    hops = forwarded.split(",")
    while hops and any(found in network for network in trusted):
        hop = _address(_without_port(hops.pop().strip()))
        if hop is None:
            break
        found = hop
    return str(found)


def counted_address(address: str) -> str:
    """What an address is counted by: itself, in IPv6 its network of 64 bits; what is no address is one of its kind.

    >>> counted_address("2001:db8:1:2:3:4:5:6")
    '2001:db8:1:2::/64'
    """
    found = _address(address)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((found, _SITE_BITS), strict=False))
    return str(found) if found else "unknown"


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Source: RFC 4291 §2.5.5.2: an IPv4 address may be written as one of IPv6. RFC 4007 §11: %zone."""
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
