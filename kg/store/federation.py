"""Calls to other endpoints: an allowed one is still not called where its name leads into a private network."""

import socket
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from kg.errors import NetworkRefused, QueryError, ServiceFailed
from kg.sparql import Call

_NAME_OF_AN_ADDRESS: Final = "localhost"
_MOST_CHARACTERS: Final = 300
"""Of what is told of a failure: an endpoint may give a whole page as its reason."""
_REMEDY: Final = "ask again later, or without this SERVICE; SERVICE SILENT goes on without an endpoint that is away"


def check_calls(calls: Iterable[Call]) -> None:
    """Look where the calls of a query lead, before the engine makes them.

    A silent call whose host nobody knows is left to the engine, which goes on without it.

    Raises:
        NetworkRefused: one leads into a private network.
        ServiceFailed: the host of one is not known.
    """
    for call in calls:
        try:
            refuse_private([call.endpoint])
        except NetworkRefused as error:
            if not isinstance(error.__cause__, OSError):
                raise
            if not call.is_silent:
                raise ServiceFailed(str(error), remedy=_REMEDY) from error


def call_failed(error: QueryError, calls: Sequence[Call]) -> ServiceFailed:
    """The error for a query with calls that the engine gives up on, in few words."""
    endpoints = ", ".join(dict.fromkeys(f"<{call.endpoint}>" for call in calls))
    reason = " ".join(str(error.__cause__ or error).split())
    if len(reason) > _MOST_CHARACTERS:
        reason = f"{reason[:_MOST_CHARACTERS]}…"
    return ServiceFailed(f"the query calls {endpoints}, and an answer could not be used: {reason}", remedy=_REMEDY)


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
