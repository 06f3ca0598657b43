"""Typed parameters of stored queries: read from the header, checked, and turned into RDF terms."""

import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kg.errors import ContentError, QueryRefused
from kg.sparql import Query, iri_term, parameter_terms, string_term
from kg.sparql.header import line_of

_XSD_DATE: Final = "http://www.w3.org/2001/XMLSchema#date"
_KEYS: Final = frozenset({"type", "label", "default"})


def _integer_term(value: str) -> str:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", value):
        raise ValueError(f"{value!r} is not a whole number of at most 18 digits")
    return str(int(value))


def _date_term(value: str) -> str:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError(f"{value!r} is not a date like 2022-05-18")
    datetime.date.fromisoformat(value)
    return string_term(value, datatype=_XSD_DATE)


def _language_term(value: str) -> str:
    string_term("", language=value or "-")
    return string_term(value)


_TERM_OF_TYPE: Final[Mapping[str, Callable[[str], str]]] = {
    "iri": iri_term,
    "string": string_term,
    "integer": _integer_term,
    "date": _date_term,
    "language": _language_term,
}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a stored query."""

    name: str
    type: str
    """`iri`, `string`, `integer`, `date` or `language`."""
    label: str
    default: str
    """The value, not yet a term, that the query runs with as it stands."""

    def term(self, value: str) -> str:
        """A value as a term of SPARQL.

        >>> Parameter("since", "date", "Since", "2022-01-01").term("2022-05-18")
        '"2022-05-18"^^<http://www.w3.org/2001/XMLSchema#date>'

        Raises:
            QueryRefused: the value is not of the parameter's type.
        """
        try:
            return _TERM_OF_TYPE[self.type](value)
        except ValueError as error:
            raise QueryRefused(f"parameter {self.name}: {error}", remedy=f"give a value of type {self.type}") from error


def read_parameters(declared: object, query: Query, *, text: str, path: Path) -> tuple[Parameter, ...]:
    """The parameters a header declares, each found in the query as `VALUES ?name { default }`.

    Raises:
        ContentError: a declaration is incomplete, or the query has no such VALUES, or another term in it than the
        default.
    """
    if declared is None:
        return ()
    if not isinstance(declared, dict):
        raise _problem("parameters is not a list of names", path=path, line=line_of(text, "parameters"))
    terms = {
        name: ["".join(part.text for part in term) for term in places]
        for name, places in parameter_terms(query.tokens).items()
    }
    read: list[Parameter] = []
    for name, declaration in declared.items():
        line = line_of(text, str(name))
        parameter = _parameter(str(name), declaration, path=path, line=line)
        written = terms.get(parameter.name)
        if not written:
            raise _problem(
                f"the query has no `VALUES ?{name} {{ term }}` for its parameter",
                path=path,
                line=line,
                remedy="write the default there, as the only term",
            )
        expected = _default_term(parameter, path=path, line=line)
        if any(term != expected for term in written):
            raise _problem(
                f"the default of {name} is {expected} in the header and {written[0]} in the query",
                path=path,
                line=line,
                remedy="write the same term in both, IRIs in full",
            )
        read.append(parameter)
    return tuple(read)


def _parameter(name: str, declaration: Any, *, path: Path, line: int) -> Parameter:
    if not isinstance(declaration, dict) or set(declaration) != _KEYS:
        raise _problem(f"parameter {name} has not exactly type, label and default", path=path, line=line)
    if declaration["type"] not in _TERM_OF_TYPE:
        raise _problem(
            f"parameter {name} has the unknown type {declaration['type']}",
            path=path,
            line=line,
            remedy=f"use one of {', '.join(_TERM_OF_TYPE)}",
        )
    return Parameter(
        name=name, type=declaration["type"], label=str(declaration["label"]), default=str(declaration["default"])
    )


def _default_term(parameter: Parameter, *, path: Path, line: int) -> str:
    try:
        return parameter.term(parameter.default)
    except QueryRefused as error:
        raise _problem(f"the default of {error}", path=path, line=line, remedy=error.remedy) from error


def _problem(
    message: str, *, path: Path, line: int, remedy: str = "write `#   name: {type: …, label: …, default: …}`"
) -> ContentError:
    return ContentError(message, remedy=remedy, file=str(path), line=line, column=1)
