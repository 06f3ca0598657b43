"""The bare engine in one process, without HTTP: what a query costs by itself.

    python -m bench.engine memory|disk PLACE

PLACE is a file of N-Quads, or a folder of the engine's own. Each line of standard input is a JSON object with `query`
and `format`; each line of standard output one with `seconds` and `bytes`, the first with `seconds` alone: opening.
"""

from __future__ import annotations

import io
import json
import sys
import time
from typing import IO, Any, cast

from pyoxigraph import QueryBoolean, QueryResultsFormat, QueryTriples, RdfFormat, Store


class _Sink(io.RawIOBase):
    """Takes bytes, counts them and lets them go."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.bytes += len(data)
        return len(data)


def open_store(kind: str, place: str) -> Store:
    """The store in a place, in memory or read from disk."""
    if kind == "disk":
        return Store.read_only(place)
    store = Store()
    store.bulk_load(path=place, format=RdfFormat.N_QUADS)
    return store


def answer(store: Store, query: str, format_name: str) -> dict[str, Any]:
    """Evaluate a query and write its answer in a format to nowhere."""
    sink = _Sink()
    output = cast("IO[bytes]", sink)
    began = time.perf_counter()
    results = store.query(query)
    if isinstance(results, QueryTriples):
        results.serialize(output, RdfFormat.N_TRIPLES)
    else:
        asked = QueryResultsFormat.CSV if format_name == "csv" and not isinstance(results, QueryBoolean) else None
        results.serialize(output, asked or QueryResultsFormat.JSON)
    return {"seconds": time.perf_counter() - began, "bytes": sink.bytes}


def _main(kind: str, place: str) -> None:
    began = time.perf_counter()
    store = open_store(kind, place)
    print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(answer(store, request["query"], request["format"])), flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
