"""What a stored query asks of other endpoints: its header names them, and the query that answers the same from here."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.errors import ContentError
from kg.sparql import called_services
from kg.sparql.header import line_of

if TYPE_CHECKING:
    from kg.queries.stored import StoredQuery


def read_asks(header: Mapping[str, Any], text: str, *, path: Path) -> tuple[str, ...]:
    """The endpoints that the header of a query says it asks, in its order.

    Raises:
        ContentError: they are no IRIs, or not those that the query calls by SERVICE.
    """
    named = header.get("asks", [])
    asks = [named] if isinstance(named, str) else named
    if not isinstance(asks, list) or not all(isinstance(iri, str) and iri.startswith("http") for iri in asks):
        raise ContentError(
            "asks does not name endpoints",
            remedy="write their IRIs, `# asks: https://…`, or several in brackets",
            file=str(path),
            line=line_of(text, "asks"),
            column=1,
        )
    called = {call.endpoint: call for call in called_services(text)}
    if set(called) != set(asks):
        missing = ", ".join(f"<{iri}>" for iri in sorted(set(called) - set(asks)) if iri) or "none"
        surplus = ", ".join(f"<{iri}>" for iri in sorted(set(asks) - set(called))) or "none"
        raise ContentError(
            f"the header does not name what the query calls by SERVICE (not named: {missing}; not called: {surplus})",
            remedy="name each endpoint under `asks`, and no other; call it by its whole IRI, no variable or prefix",
            file=str(path),
            line=line_of(text, "asks"),
            column=1,
        )
    return tuple(asks)


def check_twins(queries: Sequence["StoredQuery"], *, folder: Path) -> None:
    """Find each query that is to answer the same from here as another one does by asking elsewhere.

    Raises:
        ContentError: there is no such query, it asks elsewhere too, or its columns or parameters are others.
    """
    known = {query.identifier: query for query in queries}
    for query in queries:
        if not query.local:
            continue
        twin = known.get(query.local)
        fault = ""
        if not query.asks:
            fault = "local stands in a query that asks no other endpoint"
        elif twin is None:
            fault = f"there is no query {query.local}"
        elif twin.asks:
            fault = f"{query.local} asks another endpoint as well"
        elif list(twin.columns) != list(query.columns) or twin.parameters != query.parameters:
            fault = f"{query.local} has other columns or parameters"
        if fault:
            raise ContentError(
                fault,
                remedy="name under `local` the query that gives the same answer from here, or leave it away",
                file=f"{folder.name}/{query.identifier}.rq",
                line=line_of(query.text, "local"),
                column=1,
            )
