"""What can be asked: a snapshot that is open here, or one that workers have open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from kg.store.opened import Description
from kg.store.results import Term


class Answers(Protocol):
    """The answer to one query."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The variables of a SELECT; `subject`, `predicate`, `object` of a graph; none of an ASK."""

    @property
    def boolean(self) -> bool | None:
        """The answer to an ASK; None for any other query."""

    def rows(self, limit: int | None = None) -> Iterator[tuple[Term | None, ...]]:
        """The rows, at most `limit`; a column without a value is None."""

    def serialize(self, format_name: str, prefixes: Mapping[str, str], /) -> bytes:
        """The whole answer in a format of `kg.formats`."""


class Readable(Protocol):
    """A snapshot that answers queries."""

    @property
    def description(self) -> Description:
        """What it is."""

    @property
    def number(self) -> int:
        """Its number; a later one is higher."""

    def query(self, text: str, *, default_graphs: Sequence[str] = (), named_graphs: Sequence[str] = ()) -> Answers:
        """Ask it; the text has been vetted."""
