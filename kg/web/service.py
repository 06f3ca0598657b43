"""What every view needs: the settings, the current snapshot, and what is read from it once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from flask import Request as FlaskRequest
from flask import Response, current_app, request

from kg.access import Tokens
from kg.answer import UNTITLED, Overview, answer, catalogue_of, overview, stored_queries
from kg.errors import KgError
from kg.queries import HIDDEN, NAMES, PAGES, StoredQuery
from kg.settings import Settings
from kg.sparql import Limits
from kg.store import NOW, Ledger, Past, PooledSnapshots, Readable, Snapshots, readable_snapshot
from kg.web.encodings import GZIP, encode
from kg.web.exchange import Plan, Request

PLANNED: Final = "kg.planned"
"""The name in a WSGI environment of the list that takes what the front is to answer."""


@dataclass(frozen=True)
class Contents:
    """What the pages tell of one snapshot."""

    number: int
    overview: Overview
    questions: tuple[StoredQuery, ...]
    pages: tuple[StoredQuery, ...]
    """What the pages about a thing are made of, in their order."""
    names: tuple[StoredQuery, ...]
    """What names things that have no name of their own, in the order in which it is asked."""
    stored: tuple[StoredQuery, ...]
    """These and all other stored queries."""


class Service:
    """The state of one application."""

    def __init__(
        self, settings: Settings, snapshots: PooledSnapshots | None = None, *, desk: Path | None = None
    ) -> None:
        """Without `snapshots`, those of the state folder are opened in this process; without `desk`, the address of
        the desk's socket, nothing is taken in."""
        self.settings = settings
        self.desk = desk
        self.ledger = Ledger(settings.state / "ledger")
        self.tokens = Tokens(settings.state)
        self.limits = Limits(
            characters=settings.query_characters, depth=settings.query_depth, services=dict(settings.services)
        )
        self._snapshots = snapshots or Snapshots(
            settings.state, memory_quads=settings.memory_quads, remote=settings.remote
        )
        self._title = (0, UNTITLED)
        self._contents: Contents | None = None
        self._lock = threading.Lock()
        self._reading: tuple[int, Future[Contents]] = (0, Future())

    def snapshot(self, past: Past = NOW) -> Readable:
        """The current snapshot, or that of an earlier state.

        Raises:
            SnapshotMissing: nothing has been built yet.
            RevisionMissing: there is no such state.
            LedgerDamaged, StoreError: the snapshot cannot be read.
        """
        held = self._snapshots
        if past != NOW:
            return held.at(past)
        return readable_snapshot(held) if isinstance(held, Snapshots) else held.current()

    def contents(self) -> Contents:
        """What the current snapshot holds, read once for each; who comes meanwhile waits for the same reading.

        Raises:
            SnapshotMissing: nothing has been built yet.
            StoreError: the snapshot cannot be read.
        """
        snapshot = self.snapshot()
        held = self._contents
        if held is not None and held.number == snapshot.number:
            return held
        with self._lock:
            number, reading = self._reading
            first = number != snapshot.number or reading.done()
            if first:
                reading = Future()
                self._reading = (snapshot.number, reading)
        if first:
            _fulfil(reading, lambda: self._read_contents(snapshot))
        return reading.result()

    def _read_contents(self, snapshot: Readable) -> Contents:
        held = self._contents
        stored = stored_queries(snapshot, self.limits, known=held.stored if held else ())
        questions = tuple(query for query in stored if query.group not in HIDDEN)
        pages = tuple(sorted((query for query in stored if query.group == PAGES), key=lambda query: query.order))
        names = tuple(sorted((query for query in stored if query.group == NAMES), key=lambda query: query.order))
        about = overview(snapshot)
        self._title = (snapshot.number, about.title)
        self._contents = Contents(snapshot.number, about, questions, pages, names, stored)
        return self._contents

    @property
    def title(self) -> str:
        """The title of the catalogue; for a page that tells of an error, the last that could be read.

        It is asked by itself: a page that only says why there is no answer has to wait for nothing else.
        """
        with suppress(KgError):
            snapshot = self.snapshot()
            if self._title[0] != snapshot.number:
                self._title = (snapshot.number, catalogue_of(snapshot)[0])
        return self._title[1]


def _fulfil(promise: Future[Contents], make: Callable[[], Contents]) -> None:
    try:
        promise.set_result(Context().run(make))  # for all who wait, also when the first of them leaves
    except BaseException as error:
        promise.set_exception(error)
        raise


def service() -> Service:
    """The service of the application that handles this request."""
    return cast("Service", current_app.extensions["kg"])


def asked_request(request: FlaskRequest) -> Request:
    """What of a request decides about its answer."""
    return Request(
        method=request.method,
        path=request.path,
        query_string=request.query_string,
        address=f"{request.scheme}://{request.headers.get('Host', '')}{request.path}",
        accept=tuple(request.headers.getlist("Accept")),
        content_type=request.headers.get("Content-Type", ""),
        content_encoding=request.headers.get("Content-Encoding", ""),
        body=request.get_data() if request.method == "POST" else b"",
    )


def planned_response(plan: Plan) -> Response:
    """The answer that was planned, for programs; where a front stands before Flask, it is left to the front."""
    planned = request.environ.get(PLANNED)
    if planned is None:
        body = answer(service().snapshot(plan.ask.past), plan.ask, plan.row)
        response = Response(encode(body, GZIP if plan.packed else ""), content_type=plan.content_type)
    else:
        planned.append(plan)
        response = Response(content_type=plan.content_type)
    if plan.filename:
        response.headers["Content-Disposition"] = f'inline; filename="{plan.filename}"'
    response.vary.add("Accept")
    return response
