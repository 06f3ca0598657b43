"""Which addresses are asked: none in a private network that nobody named."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address

from kg.endpoints import host_of
from kg.errors import EndpointAway, NetworkRefused
from kg.store.federation import refuse_private


def refuse_unnamed(url: str, named: Collection[str]) -> None:
    """Refuse an address whose host is private, loopback or otherwise not public, unless the host is among `named`.

    Raises:
        NetworkRefused: it is such an address.
        EndpointAway: its host is not known.
    """
    host = host_of(url)
    if host in named:
        return
    remedy = f"name the host, if you trust it: --allow {host}"
    if host == "localhost" or _is_private(host):
        raise NetworkRefused(f"<{url}> leads into a private network", remedy=remedy)
    try:
        refuse_private([url])
    except NetworkRefused as error:
        if isinstance(error.__cause__, OSError):
            raise EndpointAway(str(error), remedy="look at the address") from error
        raise NetworkRefused(str(error), remedy=remedy) from error


def _is_private(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return False
