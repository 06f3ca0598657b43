"""Calls to other endpoints: an allowed one is still not called where its name leads into a private network."""

import socket
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from kg.errors import NetworkRefused

_NAME_OF_AN_ADDRESS: Final = "localhost"


def refuse_private(endpoints: Iterable[str]) -> None:
    """Refuse endpoints whose host name stands for a private, loopback or otherwise not public address.

    Whoever allowed an endpoint by an address, or as localhost, meant that address; a name may come to mean another.

    Raises:
        NetworkRefused: such an endpoint, or one whose name is not known.
    """
    for endpoint in endpoints:
        parts = urlsplit(endpoint)
        host = parts.hostname or ""
        if names_an_address(host):
            continue
        try:
            found = socket.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)
        except OSError as error:
            raise NetworkRefused(
                f"the host of <{endpoint}> is not known: {error.strerror}", remedy="ask without this SERVICE"
            ) from error
        if any(not ip_address(str(address[0]).partition("%")[0]).is_global for *_, address in found):
            raise NetworkRefused(f"<{endpoint}> leads into a private network", remedy="ask without this SERVICE")


def names_an_address(host: str) -> bool:
    """Whether a host is written as an address, or as the name that always means one."""
    if host == _NAME_OF_AN_ADDRESS:
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
