"""Large answers: how fast they leave, when they begin, and what memory they take."""

from __future__ import annotations

import http.client
import time
from typing import Final
from urllib.parse import quote

from bench.figures import Figure
from bench.http import JSON, connect, fetch, get_request
from bench.measure import ENGINE, Bench, new_number, settle
from bench.mixes import EVERYTHING, EVERYTHING_AS_GRAPH
from bench.processes import Peak
from bench.services import OURS, Service

_OK: Final = 200
_SLOW_EXPORT_SECONDS: Final = 3.0
_MOST_EXPORT_SECONDS: Final = 120.0
_READ_BYTES: Final = 256 * 1024
_EXPORTS: Final = (
    ("JSON", "json", JSON, EVERYTHING),
    ("CSV", "csv", "text/csv", EVERYTHING),
    ("N-Triples", "nt", "application/n-triples", EVERYTHING_AS_GRAPH),
)


def measure_exports(bench: Bench, rows: int) -> list[Figure]:
    """Rows a second, time to the first byte and memory while a large answer is read, in several formats.

    A service that does not give one whole in time is ended, and asked no more: it would work on beside the others. The
    bare engine, which cannot be interrupted, is asked only what our service gives.
    """
    figures: list[Figure] = []
    services = list(bench.services)
    for label, format_name, accept, text in _EXPORTS:
        query = text.format(rows=rows)
        given = {service.name: _export_rows(service, query, accept=accept) for service in services}
        for service in [each for each in services if given[each.name] is None]:
            service.stop()
            services.remove(service)
        taken: dict[str, list[tuple[float, float]]] = {}
        for turn in range(bench.pace.rounds):
            for service in services:
                before = taken.setdefault(service.name, [])
                if before and before[0][0] > _SLOW_EXPORT_SECONDS:
                    continue
                with connect(service.address.port, timeout_seconds=_MOST_EXPORT_SECONDS) as connection:
                    request = get_request(service.address, f"{query}\n#{new_number()}", accept=accept)
                    fetched = fetch(connection, request)
                if fetched.status == _OK:
                    before.append((fetched.seconds, fetched.first_byte_seconds))
            before = taken.setdefault(ENGINE, [])
            if given.get(OURS) is not None and not (before and before[0][0] > _SLOW_EXPORT_SECONDS):
                before.append((bench.engine.seconds(f"{query}\n#{turn}", format_name), 0.0))
        whole = next((each for each in given.values() if each), (0, 0.0))
        for name, times in taken.items():
            found = given.get(name)
            if not times:
                continue
            lines = (found or whole)[0]
            figures.append(bench.figure("export", label, name, "rows/s", (lines / seconds for seconds, _ in times)))
            if found:
                figures.append(bench.figure("first byte", label, name, "ms", (first * 1000 for _, first in times)))
                figures.append(bench.figure("export memory", label, name, "MB", (found[1],)))
    return figures


def _export_rows(service: Service, query: str, *, accept: str) -> tuple[int, float] | None:
    """How many rows come, and how far memory grows meanwhile, in megabytes; None where the answer is not whole."""
    settle(service)
    mark = b'"p"' if accept == JSON else b"\n"
    found, held = 0, b""
    until = time.monotonic() + _MOST_EXPORT_SECONDS
    connection = http.client.HTTPConnection("127.0.0.1", service.address.port, timeout=_MOST_EXPORT_SECONDS)
    with Peak(service.process.pid) as peak:
        try:
            path = f"{service.address.path}?query={quote(query, safe='')}"
            connection.request("GET", path, headers={"Accept": accept})
            response = connection.getresponse()
            if response.status != _OK:
                return None
            while part := response.read(_READ_BYTES):
                held = held[len(held) - len(mark) + 1 :] + part
                found += held.count(mark)
                if time.monotonic() > until:
                    return None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
    heading = 0 if "triples" in accept else 1
    return found - heading, peak.growth_megabytes
