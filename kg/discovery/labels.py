"""What the values of facets are called, in the snapshot that is current."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kg.answer import labels_of
from kg.store import Readable

_MOST: Final = 20_000


class Labels:
    """The names that have been asked for, read once for each snapshot."""

    def __init__(self) -> None:
        self._held: tuple[int, dict[str, str]] = (0, {})

    def of(self, snapshot: Readable, values: Iterable[str]) -> dict[str, str]:
        """The name of each value: an IRI without a name is its last part, any other text itself.

        Raises:
            QueryError: the engine cannot evaluate a query.
        """
        number, known = self._held
        if number != snapshot.number or len(known) > _MOST:
            known = {}
            self._held = (snapshot.number, known)
        wanted = set(values)
        unknown = {value for value in wanted - known.keys() if is_iri(value)}
        if unknown:
            known |= dict.fromkeys(unknown, "") | labels_of(snapshot, unknown)
        return {value: known.get(value) or last_part(value) for value in wanted}


def is_iri(value: str) -> bool:
    """Whether a value stands for a thing that may have a name.

    >>> is_iri("https://library.example/emma"), is_iri("2022"), is_iri("on site: later")
    (True, False, False)
    """
    scheme, colon, rest = value.partition(":")
    return bool(colon and rest) and scheme.isascii() and scheme.isalpha() and not any(sign.isspace() for sign in rest)


def last_part(value: str) -> str:
    """The last part of an IRI; any other text as it is.

    >>> last_part("https://library.example/terms#Book"), last_part("2022")
    ('Book', '2022')
    """
    return value.rstrip("/#").rpartition("#")[2].rpartition("/")[2] if is_iri(value) else value
