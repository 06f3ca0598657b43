"""Descriptions of the service and its dataset, over HTTP: as RDF for programs, as a list of the graphs for people."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, cast

from flask import Blueprint, Response, current_app, render_template, request, url_for

from kg.describe import Addresses, Dataset, Partitions, read_dataset, read_partitions, void_description
from kg.formats import formats_for
from kg.namespaces import PREFIXES
from kg.store import Readable
from kg.store.results import serialize_graph
from kg.web.dumps import downloads
from kg.web.exchange import Request
from kg.web.held import Held
from kg.web.negotiation import choose_graph_format
from kg.web.problems import Problem
from kg.web.protocol import read_graph_request
from kg.web.service import PLANNED, asked_request, service

blueprint = Blueprint("descriptions", __name__)

VOID_PATH: Final = "/.well-known/void"
_MOST_WRITTEN: Final = 4

Describe = Callable[[Dataset, Addresses], str]
"""Writes a description as N-Triples."""


class Datasets:
    """What the current snapshot holds, read once for each."""

    def __init__(self) -> None:
        self._datasets = Held(read_dataset)
        self._partitions: Held[Partitions] = Held(read_partitions)
        self._written: OrderedDict[tuple[int, Describe, Addresses, str], bytes] = OrderedDict()

    def of(self, snapshot: Readable) -> Dataset:
        """What a snapshot holds.

        Raises:
            QueryError: the engine cannot evaluate it.
        """
        return self._datasets.of(snapshot)

    def partitions(self, snapshot: Readable) -> Partitions:
        """How a snapshot divides.

        Raises:
            QueryError: the engine cannot evaluate it.
        """
        return self._partitions.of(snapshot)

    def written(self, snapshot: Readable, describe: Describe, at: Addresses, format_name: str) -> bytes:
        """A description of what a snapshot holds, in a format; the last ones are kept.

        Raises:
            QueryError: the engine cannot evaluate what it tells of.
        """
        key = (snapshot.number, describe, at, format_name)
        if key not in self._written:
            ntriples = describe(self.of(snapshot), at)
            used = {name: start for name, start in PREFIXES.items() if start in ntriples}
            self._written[key] = serialize_graph(ntriples, format_name, used)
            while len(self._written) > _MOST_WRITTEN:
                self._written.popitem(last=False)
        return self._written[key]


def current_dataset() -> Dataset:
    """What the current snapshot holds.

    Raises:
        SnapshotMissing: nothing has been built yet.
        StoreError: the snapshot cannot be read.
    """
    return _datasets().of(service().snapshot())


def _datasets() -> Datasets:
    return cast("Datasets", current_app.extensions["kg.datasets"])


@blueprint.get(VOID_PATH)
def void() -> Response:
    """The dataset as VoID and DCAT.

    Source: Describing Linked Datasets with the VoID Vocabulary §7.2.
    """
    asked = asked_request(request)
    return description_response(asked, read_graph_request(asked).format_name, _void)


def _void(dataset: Dataset, at: Addresses) -> str:
    return void_description(dataset, at, _datasets().partitions(service().snapshot()))


def description_response(asked: Request, format_name: str, describe: Describe) -> Response:
    """A description in the format that is named, or else in the best one that is accepted.

    Raises:
        Problem: the named format is none for a graph, or nothing acceptable is.
    """
    chosen = choose_graph_format(format_name, asked.accept)
    if chosen is None:
        rows = formats_for("CONSTRUCT")
        if format_name:
            names = ", ".join(row.name for row in rows)
            raise Problem("bad-request", f"{format_name} is no format for a graph", remedy=f"use one of {names}")
        raise Problem(
            "not-acceptable",
            f"The description cannot be written as {', '.join(asked.accept)}",
            remedy=f"accept one of {', '.join(row.media_type for row in rows)}",
        )
    row, content_type = chosen
    if row.name == "html":
        body: str | bytes = render_template("graphs.html", dataset=current_dataset())
    else:
        body = _datasets().written(service().snapshot(), describe, _addresses(), row.name)
    response = Response(body, content_type=content_type)
    response.vary.add("Accept")
    if PLANNED in request.environ:
        return response  # the front knows by its host and its bytes whether it is still the same, and compresses it
    # It holds addresses made from the Host header, so nothing but its own bytes can tell whether it is still the same.
    response.cache_control.no_cache = True
    response.add_etag()
    response.make_conditional(request)
    return response


def _addresses() -> Addresses:
    if not request.host:
        raise Problem(
            "bad-request",
            "the Host header is missing or wrong, and the description gives addresses",
            remedy="send the Host header",
        )
    return Addresses(
        endpoint=url_for("sparql.endpoint", _external=True),
        graph_store=url_for("graphs.graph_store", _external=True),
        void=url_for("descriptions.void", _external=True),
        downloads=downloads(),
        calls=bool(service().limits.services),
    )
