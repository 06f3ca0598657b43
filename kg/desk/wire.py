"""What a server process and the desk say to each other, over a Unix socket: an errand, with its texts, and a reply.

errand   4 bytes length, JSON; then each body: 4 bytes length, bytes
reply    4 bytes length, JSON: a receipt, or an error
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import kg.errors
from kg.errors import CellProblem, KgError, ServiceBusy, TableErrors

LOOK_FIRST: Final = "look at the history whether it was accepted; if not, send less at once, or try again later"
"""What to do where it is not known what became of a submission."""

_LENGTH_BYTES: Final = 4
_MOST_JSON_BYTES: Final = 256 * 2**20
_ERRORS: Final[Mapping[str, type[KgError]]] = {
    name: kind for name, kind in vars(kg.errors).items() if isinstance(kind, type) and issubclass(kind, KgError)
}


class Task(StrEnum):
    """What is to be done."""

    ADMIT = "admit"
    """Count a request, and say whether there may be so many."""

    SUBMIT = "submit"
    JUDGE = "judge"
    """Say what submitting would come to."""
    TABLES = "tables"
    """List the tables that there are."""
    FORM = "form"
    """Tell what a form is made of: of a class, or of the class of the thing that `name` is the IRI of."""
    TABLE = "table"
    """Write the table of a class, to be filled in."""
    VALIDATE = "validate"
    """Judge a text alone, by the shapes that come with it."""


@dataclass(frozen=True)
class Errand:
    """What somebody wants of the desk; the texts come beside it."""

    task: str
    kind: str = ""
    """The kind of the proposal, as `kg.store.Proposal` has it."""
    address: str = ""
    """To be admitted: what the address of the client is counted by."""
    token: str = ""
    """To be admitted: the id of the token; empty for who only asks for a judgement."""
    media_type: str = ""
    name: str = ""
    """What messages call the text: a file name."""
    class_name: str = ""
    """The class of the things in a table."""
    graph: str = ""
    using_default: tuple[str, ...] = ()
    using_named: tuple[str, ...] = ()
    base: str = ""
    """What the relative IRIs of an update are relative to."""
    revision: int = 0
    expected: int | None = None
    """The revision that the change is made for; with any other one it is refused."""
    own_only: bool = False
    """Whether it may take nothing away but what the same author has submitted."""
    author: str = ""
    time: str = ""
    message: str = ""
    sources: tuple[str, ...] = ()
    """The IRIs of documents and passages that it comes from."""
    rdf: str = ""
    """The RDF format to write the report in as well; empty: none."""
    filled: bool = False
    """Whether the table is to hold what there is now."""


@dataclass(frozen=True)
class Receipt:
    """What became of an errand that ended well."""

    revision: int = 0
    """The commit; 0 where nothing was committed."""
    graph: str = ""
    added: int = 0
    removed: int = 0
    number: int = 0
    """The snapshot in which it can be read; 0 where nothing was published."""
    report: Mapping[str, Any] = field(default_factory=dict)
    """The report as JSON members, with all warnings."""
    text: str = ""
    """The report as text; empty without results."""
    rdf: str = ""
    """The report in the RDF format that was asked for."""
    tables: Sequence[Mapping[str, Any]] = ()
    """The tables that there are, as `kg.tables.members_of` tells of each."""
    file: str = ""
    """The table, in base 64."""


def errand_from(told: dict[str, Any]) -> tuple[Errand, int]:
    """An errand that was sent as JSON members, and how many bodies come behind it."""
    count: int = told.pop("bodies")
    return Errand(**with_tuples(told)), count


def with_tuples(told: Mapping[str, Any]) -> dict[str, Any]:
    """JSON members with tuples for arrays, as our values have them."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}


def run_errand(address: Path, errand: Errand, *bodies: bytes, seconds: float) -> Receipt:
    """Give the desk an errand and wait for what becomes of it.

    Raises:
        NotConforming: what was proposed does not conform; nothing has changed.
        ServiceBusy: the desk does not take it in, or needed more time or memory than it may have.
        KgError: any error that the desk tells of.
    """
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            connection.connect(str(address))
            send_json(connection, asdict(errand) | {"bodies": len(bodies)})
            for body in bodies:
                send_bytes(connection, body)
            told = receive_json(connection)
    except (EOFError, OSError) as error:
        raise ServiceBusy(
            "the desk did not answer: it was ended, or this needs more time or memory than it may have",
            remedy=LOOK_FIRST if errand.task == Task.SUBMIT else "send less at once, or try again later",
        ) from error
    if "error" in told:
        raise error_from(told)
    return Receipt(**told)


def send_json(connection: socket.socket, told: Mapping[str, Any]) -> None:
    """Send one JSON text."""
    send_bytes(connection, json.dumps(told).encode())


def send_bytes(connection: socket.socket, data: bytes) -> None:
    """Send bytes, with their length before them."""
    connection.sendall(len(data).to_bytes(_LENGTH_BYTES, "big"))
    connection.sendall(data)


def receive_json(connection: socket.socket) -> dict[str, Any]:
    """The next JSON text.

    Raises:
        EOFError: the other side has ended.
    """
    told: dict[str, Any] = json.loads(receive_bytes(connection))
    return told


def receive_bytes(connection: socket.socket) -> bytes:
    """The next bytes that were sent with their length.

    Raises:
        EOFError: the other side has ended.
    """
    length = int.from_bytes(_receive(connection, _LENGTH_BYTES), "big")
    if length > _MOST_JSON_BYTES:
        raise EOFError
    return _receive(connection, length)


def _receive(connection: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = connection.recv(min(count - len(parts), 2**20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def told_of(error: KgError) -> dict[str, Any]:
    """An error as JSON members, from which `error_from` makes it again."""
    return {
        "error": type(error).__name__,
        "message": error.args[0],
        "about": json.loads(json.dumps(vars(error), default=asdict)),
    }


def error_from(told: Mapping[str, Any]) -> KgError:
    """The error that was told of."""
    kind = _ERRORS[told["error"]]
    error = kind.__new__(kind, told["message"])
    error.args = (told["message"],)
    vars(error).update(told["about"])
    if isinstance(error, TableErrors):
        error.problems = tuple(CellProblem(**problem) for problem in told["about"]["problems"])
    return error
