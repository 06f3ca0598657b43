"""What a worker and whoever asks it say to each other.

Both write frames: one byte for the kind, four for the length, then that many bytes. A worker answers one request after
the other.

    T  thread    the number of the worker's process and of the thread that answers, 4 bytes each: sent first, and
                 again when another thread takes over, as it does after Z
    P  plain     a format, NUL, the query: most requests are of no graph in particular and of the current state
    Q  request   JSON: query, default_graphs, named_graphs, an earlier state, and a format or the limit of rows
    A  answer    the whole answer in the format
    D  data      a part of the answer; more follow
    Z  end       the answer is complete
    R  rows      JSON: columns, boolean, rows of [kind, value, language, datatype] or null
    E  error     JSON: kind, message, remedy, line, column; after D it means that the answer breaks off
"""

import json
from collections.abc import Mapping
from typing import Any, Final

HEAD_BYTES: Final = 5
NUMBER_BYTES: Final = 4

_OF_A_PLAIN_ONE: Final = frozenset({"query", "format"})
# Half a character in a text goes over as it is, as it does in JSON.
_HALVES: Final = "surrogatepass"


def frame(kind: bytes, payload: bytes | bytearray | memoryview) -> bytes:
    """One frame: kind, length, payload."""
    return b"".join((kind, len(payload).to_bytes(HEAD_BYTES - 1, "big"), payload))


def asking(request: Mapping[str, Any]) -> bytes:
    """The frame that asks for an answer."""
    if request.keys() == _OF_A_PLAIN_ONE:
        return frame(b"P", f"{request['format']}\0{request['query']}".encode("utf-8", _HALVES))
    return frame(b"Q", json.dumps(request).encode())


def asked(kind: bytes, payload: bytes) -> dict[str, Any]:
    """The request in a frame."""
    if kind == b"P":
        format_name, _, query = payload.decode(errors=_HALVES).partition("\0")
        return {"query": query, "format": format_name}
    told: dict[str, Any] = json.loads(payload)
    return told
