"""What a worker and whoever asks it say to each other.

Both write frames: one byte for the kind, four for the length, then that many bytes. A worker answers one request after
the other.

    T  thread    the number of the worker's process and of the thread that answers, 4 bytes each: sent first, and
                 again when another thread takes over, as it does after Z
    Q  request   JSON: query, default_graphs, named_graphs, and a format or the limit of rows
    A  answer    the whole answer in the format
    D  data      a part of the answer; more follow
    Z  end       the answer is complete
    R  rows      JSON: columns, boolean, rows of [kind, value, language, datatype] or null
    E  error     JSON: kind, message, remedy, line, column; after D it means that the answer breaks off
"""

from typing import Final

HEAD_BYTES: Final = 5
NUMBER_BYTES: Final = 4


def frame(kind: bytes, payload: bytes | bytearray | memoryview) -> bytes:
    """One frame: kind, length, payload."""
    return b"".join((kind, len(payload).to_bytes(HEAD_BYTES - 1, "big"), payload))
