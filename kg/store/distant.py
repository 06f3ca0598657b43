"""Snapshots that a remote store answers for: what one is stands in the state folder, what it holds is asked there."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pyoxigraph import Quad, QueryResultsFormat, QuerySolutions, Store, Triple, parse_query_results

from kg.errors import QueryError, ServiceFailed, SnapshotMissing, StoreAway, StoreError
from kg.settings import Remote
from kg.sparql import query_form, significant, tokenize
from kg.store.marker import HIDDEN, NAMED, Marker, read_marker
from kg.store.opened import Description, Snapshot, describe_snapshot, loaded_snapshot, prepare
from kg.store.readable import Readable
from kg.store.remote import Reading, ask_remote, broken_off, truth_of
from kg.store.results import Output, Results, Term, run_query
from kg.store.rewriting import names_dataset, within_merge, without_calls, without_own_graphs
from kg.store.snapshots import Snapshots

_COLUMNS: Final = ("subject", "predicate", "object")
_GRAPH_FORMS: Final = frozenset({"CONSTRUCT", "DESCRIBE"})
# A worker is ended at its own deadline; this is for who asks without one.
_SECONDS: Final = 600


@dataclass(frozen=True)
class DistantResults:
    """The answer of a remote store to one query, read once; whatever fails on the way is the store's failure."""

    _results: Results
    _reading: Reading
    _remote: Remote

    @property
    def columns(self) -> tuple[str, ...]:
        """The variables of a SELECT; `subject`, `predicate`, `object` of a graph; none of an ASK."""
        return self._results.columns

    @property
    def boolean(self) -> bool | None:
        """The answer to an ASK; None for any other query."""
        return self._results.boolean

    def rows(self, limit: int | None = None) -> Iterator[tuple[Term | None, ...]]:
        """The rows, at most `limit`; a column without a value is None.

        Raises:
            ServiceFailed: the answer breaks off.
        """
        try:
            yield from self._results.rows(limit)
        except (QueryError, SyntaxError) as error:
            raise self._failed(error) from error
        finally:
            self._reading.close()

    def serialize(self, format_name: str, prefixes: Mapping[str, str]) -> bytes:
        """The whole answer in a format of `kg.formats`.

        Raises:
            QueryError: as `write` does.
        """
        whole = io.BytesIO()
        self.write(format_name, prefixes, whole)
        return whole.getvalue()

    def write(self, format_name: str, prefixes: Mapping[str, str], output: Output) -> None:
        """Write the answer in a format of `kg.formats`, as it comes.

        Raises:
            QueryError: the format cannot hold the answer.
            ServiceFailed: the answer breaks off.
            OSError: the output fails.
        """
        try:
            self._results.write(format_name, prefixes, output)
        except SyntaxError as error:
            raise self._failed(error) from error
        except QueryError as error:
            raise (self._failed(error) if self._reading.failed else error) from error
        finally:
            self._reading.close()

    def _failed(self, error: Exception) -> ServiceFailed:
        return _as_failed(broken_off(self._remote, self._reading.failed or str(error)))


@dataclass(frozen=True)
class DistantSnapshot:
    """A snapshot whose queries a remote store answers, once it has told that it holds it."""

    description: Description
    _remote: Remote

    @property
    def number(self) -> int:
        """Its number; a later one is higher."""
        return self.description.number

    def query(
        self, text: str, *, default_graphs: Sequence[str] = (), named_graphs: Sequence[str] = ()
    ) -> DistantResults:
        """Ask it; the text has been vetted. Only what is SPARQL to our own engine is sent.

        Raises:
            QuerySyntax: the text is not SPARQL.
            QueryError: the store cannot evaluate it.
            ServiceFailed: the store does not answer, or does not hold this snapshot.
        """
        run_query(Store(), without_calls(text))
        form = query_form(tuple(significant(tokenize(text))))
        is_graph = form in _GRAPH_FORMS
        try:
            sent = without_own_graphs(text)
            chosen = default_graphs or named_graphs or names_dataset(text)
            if self._held().kind in (NAMED, HIDDEN) and not chosen:
                sent = within_merge(sent)
            answer, reading = ask_remote(
                self._remote,
                sent,
                is_graph=is_graph,
                seconds=_SECONDS,
                default_graphs=default_graphs,
                named_graphs=named_graphs,
            )
        except StoreError as error:
            raise _as_failed(error) from error
        if is_graph:
            results = Results(_COLUMNS, None, _triples(answer, are_unique=form != "DESCRIBE"))
        elif form == "ASK":
            results = _boolean(self._remote, answer, reading)
        elif isinstance(answer, QuerySolutions):
            results = Results(tuple(variable.value for variable in answer.variables), None, answer)
        else:
            reading.close()
            raise _as_failed(broken_off(self._remote, "it has no rows"))
        return DistantResults(results, reading, self._remote)

    def _held(self) -> Marker:
        """What the store says of itself. One that was emptied answers like any other, and its answers would be kept.

        Raises:
            RemoteStoreError: the store does not hold this snapshot.
        """
        held, wanted = read_marker(self._remote), self.description
        revision = held.revision if held else 0
        if held is None or not wanted.revision or revision < wanted.revision:
            raise StoreAway(
                f"the store {self._remote} holds revision {revision}, and revision {wanted.revision} is asked",
                remedy="ask again in a moment; if that does not help, run `kg replicate`",
            )
        if revision == wanted.revision and held.digest != wanted.digest:
            raise StoreAway(
                f"the store {self._remote} holds another revision {revision} than this service",
                remedy="see `kg replicate --help`",
            )
        return held


Shared = Snapshot | DistantSnapshot
"""What a worker answers from."""


def readable_snapshot(snapshots: Snapshots) -> Readable:
    """The current snapshot, answered for by the store that is to answer.

    Raises:
        SnapshotMissing: nothing has been built yet.
        StoreError: the snapshot cannot be read.
    """
    if snapshots.remote is None:
        return snapshots.current()
    description = snapshots.description()
    if description is None:
        raise SnapshotMissing(f"nothing has been built in {snapshots.state}", remedy="run `kg build`, or `make build`")
    return DistantSnapshot(description, snapshots.remote)


def shared_snapshot(folder: Path, *, memory_quads: int, remote: Remote | None) -> Shared | None:
    """The snapshot of a folder, for a process that forks workers; None where each of them must open it for itself.

    An engine that is or was open on disk has threads, which a fork would lose, and waits for them ever after. So not
    even to fill the memory is it opened in this process.

    Raises:
        StoreError: it cannot be read.
    """
    description = describe_snapshot(folder)
    if remote is not None:
        return DistantSnapshot(description, remote)
    if description.quads <= memory_quads:
        return loaded_snapshot(folder)
    prepare(folder)
    return None


def _boolean(remote: Remote, answer: object, reading: Reading) -> Results:
    try:
        truth = truth_of(answer)
    except (OSError, SyntaxError) as error:
        raise _as_failed(broken_off(remote, reading.failed or str(error))) from error
    finally:
        reading.close()
    written = f'{{"head": {{}}, "boolean": {"true" if truth else "false"}}}'
    return Results((), truth, parse_query_results(written, format=QueryResultsFormat.JSON))


def _triples(quads: Iterator[Quad], *, are_unique: bool) -> Iterator[Triple]:
    """The triples of a graph; what a store tells of a thing comes once, however many graphs hold it."""
    seen: set[Triple] = set()
    for quad in quads:
        if are_unique or quad.triple not in seen:
            yield quad.triple
        if not are_unique:
            seen.add(quad.triple)


def _as_failed(error: StoreError) -> ServiceFailed:
    return ServiceFailed(str(error), remedy=error.remedy)
