"""The writer: the only process of the service that writes. Those who come at once share one sync and one snapshot."""

from __future__ import annotations

import select
import signal
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from typing import Any, Final

from kg.desk.wire import receive_json, send_json, told_of, with_tuples
from kg.errors import KgError, StoreError
from kg.house import House, open_house
from kg.judgement import Names
from kg.sparql import Limits
from kg.store import Ledger, Primary, Proposal, Signature, Snapshots, open_primary
from kg.submit import Considered, Outcome, Submission, consider, publish_commits, take_over
from kg.validation import Result, report_of

# The lock is given back after so long without work, and after so long with it, so that others can write; who waits for
# it looks every few hundredths of a second.
_IDLE_SECONDS: Final = 1.0
_TURN_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 20.0
_MOST_AT_ONCE: Final = 64
_ASKED_SECONDS: Final = 10.0


def write(
    listener: socket.socket,
    snapshots: Snapshots,
    ledger: Ledger,
    *,
    house: House | None,
    limits: Limits,
    most_seconds: int,
) -> None:
    """Take in submissions for as long as they come; one that takes more than `most_seconds` ends the process.

    A rulebook that `house` has read is not read again.

    Raises:
        OSError: the socket is gone.
    """
    told, tell = socket.socketpair()
    signal.signal(signal.SIGTERM, lambda *_: tell.close())  # who waits hears of that at once
    while _is_waiting(listener, _IDLE_SECONDS, unless=told):
        try:
            house = open_house(snapshots, limits=limits, before=house)
            opening = open_primary(
                snapshots,
                ledger,
                default_graph=house.description.default_graph,
                patience_seconds=_PATIENCE_SECONDS,
            )
            with opening as primary:
                house = take_over(primary, house, snapshots, limits=limits)
                until = time.monotonic() + _TURN_SECONDS
                while time.monotonic() < until and _is_waiting(listener, _IDLE_SECONDS, unless=told):
                    _serve(_waiting(listener), primary, house, snapshots=snapshots, most_seconds=most_seconds)
        except KgError as error:
            _refuse(_waiting(listener), error)
        time.sleep(_PAUSE_SECONDS)


def _is_waiting(listener: socket.socket, seconds: float, *, unless: socket.socket | None = None) -> bool:
    """Whether somebody waits within so many seconds, and nothing comes of another socket."""
    ready, _, _ = select.select([listener] if unless is None else [listener, unless], [], [], seconds)
    return ready == [listener]


def _waiting(listener: socket.socket) -> list[socket.socket]:
    """Those who wait now."""
    found: list[socket.socket] = []
    while len(found) < _MOST_AT_ONCE and _is_waiting(listener, 0):
        connection, _ = listener.accept()
        connection.settimeout(_ASKED_SECONDS)
        found.append(connection)
    return found


def _refuse(connections: Sequence[socket.socket], error: KgError) -> None:
    for connection in connections:
        with connection:
            _reply(connection, told_of(error))


def _serve(
    connections: Sequence[socket.socket], primary: Primary, house: House, *, snapshots: Snapshots, most_seconds: int
) -> None:
    """Judge the submissions one after the other, and commit those that conform together.

    Raises:
        StoreError: the store cannot be written; nobody was told that anything was accepted.
    """
    with ExitStack() as stack:
        for connection in connections:
            stack.enter_context(connection)
        accepted: list[tuple[socket.socket, Considered, int]] = []
        try:
            for connection in connections:
                with _within(most_seconds):
                    _consider(connection, primary, house, snapshots=snapshots, accepted=accepted)
            if accepted:
                primary.commit()
        except KgError as error:
            _refuse([connection for connection, *_ in accepted], error)
            raise
        if accepted:
            number = 0
            try:
                number = publish_commits(primary, house, snapshots)
            finally:  # what is in the ledger is accepted, published or not
                for connection, considered, revision in accepted:
                    _reply(connection, asdict(Outcome(considered, revision, number)))


@contextmanager
def _within(seconds: int) -> Iterator[None]:
    """Nobody handles the signal: the process ends, nothing that it holds is accepted, and another one takes over."""
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def _consider(
    connection: socket.socket,
    primary: Primary,
    house: House,
    *,
    snapshots: Snapshots,
    accepted: list[tuple[socket.socket, Considered, int]],
) -> None:
    try:
        submission = submission_from(receive_json(connection))
    except (EOFError, OSError):
        return  # whoever asked is gone
    try:
        considered = consider(submission, primary, house, state=snapshots.state)
    except StoreError as error:
        _reply(connection, told_of(error))
        raise
    except KgError as error:
        _reply(connection, told_of(error))
        return
    if considered.report.conforms and not considered.is_empty:
        accepted.append((connection, considered, primary.hold(submission.signature, source=considered.graph)))
    else:
        _reply(connection, asdict(Outcome(considered)))


def _reply(connection: socket.socket, told: Mapping[str, Any]) -> None:
    try:
        send_json(connection, told)
    except OSError:
        return  # whoever asked is gone; what was accepted stays so


def outcome_from(told: Mapping[str, Any]) -> Outcome:
    """An outcome that was sent as JSON members."""
    considered = told["considered"]
    report = report_of(Result(**result) for result in considered["report"]["results"])
    names = Names(**considered["names"])
    return Outcome(Considered(**considered | {"report": report, "names": names}), told["revision"], told["number"])


def submission_from(told: Mapping[str, Any]) -> Submission:
    """A submission that was sent as JSON members."""
    return Submission(
        Proposal(**with_tuples(told["proposal"])),
        Signature(**told["signature"]),
        sources=tuple(told["sources"]),
        expected=told["expected"],
        own_only=told["own_only"],
    )
