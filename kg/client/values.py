"""RDF terms as plain Python values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from rdflib.term import Literal, Node

Value = str | int | float | bool | Decimal | date | datetime | None
"""What a cell holds: an IRI and any other text as str; a datetime has a timezone where its literal has one."""

_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_WHOLE: Final = (
    "integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger",
    "negativeInteger", "unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte",
)  # fmt: skip
# A text of more digits than this is left a text: Python refuses to make some numbers of it, and none is counted with.
_MOST_DIGITS: Final = 1000


def _boolean(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text]


_READERS: Final[Mapping[str, Callable[[str], Value]]] = {
    **{f"{_XSD}{name}": int for name in _WHOLE},
    f"{_XSD}boolean": _boolean,
    f"{_XSD}date": date.fromisoformat,
    f"{_XSD}dateTime": datetime.fromisoformat,
    f"{_XSD}decimal": Decimal,
    f"{_XSD}double": float,
    f"{_XSD}float": float,
}


def value_of(term: Node | None) -> Value:
    """A term as a Python value; as its text where its datatype has none in Python, or its text is none of it.

    >>> value_of(Literal("7", datatype=f"{_XSD}integer")), value_of(Literal("2022-05", datatype=f"{_XSD}gYearMonth"))
    (7, '2022-05')
    """
    if term is None:
        return None
    text = str(term)
    reader = _READERS.get(str(term.datatype)) if isinstance(term, Literal) else None
    if reader and len(text) <= _MOST_DIGITS:
        with suppress(ArithmeticError, KeyError, ValueError):
            return reader(text)
    return text
