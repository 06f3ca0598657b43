"""The operations of an update as the engine reads them: checked before any is run, and the IRIs that they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

from pyoxigraph import NamedNode, QuerySolutions, Store

from kg.errors import QuerySyntax
from kg.sparql.guard import load_refused
from kg.sparql.updates import LOAD, Operation, Part, operation_of
from kg.store.failures import syntax_error

# Behind an operation that fails on an empty store, a text is read to its end, and nothing of it is run.
_FAILS: Final = "DROP GRAPH <urn:none> ;"


def read_operations(text: str, parts: Sequence[Part]) -> list[Operation]:
    """The operations of an update, of which these are the parts; it is SPARQL, and none of them fetches anything.

    Raises:
        QuerySyntax: it is no update.
        NetworkRefused: an operation fetches from the network.
    """
    if not parts:
        _check_declarations(text)
    operations = [operation_of(part) for part in parts]
    for part, operation in zip(parts, operations, strict=True):
        _check_syntax(part, operation)
    for part, operation in zip(parts, operations, strict=True):
        if operation.kind == LOAD and not operation.silent:
            raise load_refused(text, part.tokens[0])
    return operations


def resolved(part: Part, terms: Sequence[str]) -> dict[str, NamedNode]:
    """The IRI of each term that names a graph; the engine itself resolves prefixed names and relative IRIs."""
    chosen = list(dict.fromkeys(filter(None, terms)))
    if not chosen:
        return {}
    columns = " ".join(f"({term} AS ?g{place})" for place, term in enumerate(chosen))
    (found,) = cast("QuerySolutions", Store().query(f"{part.prologue} SELECT {columns} {{}}"))
    return dict(zip(chosen, cast("Any", found), strict=True))


def _check_declarations(text: str) -> None:
    """Have the engine read a text that has no operation.

    Raises:
        QuerySyntax: its declarations are none.
    """
    try:
        Store().update(text)
    except SyntaxError as error:
        raise syntax_error(error, text) from error


def _check_syntax(part: Part, operation: Operation) -> None:
    """Have the engine read an operation; of one that fetches only the names, as it must not come near to running it.

    Raises:
        QuerySyntax: it is none.
    """
    text = part.behind(_FAILS)
    try:
        if operation.kind == LOAD:
            resolved(part, operation.graphs)
        else:
            Store().update(text)
    except SyntaxError as error:
        found = syntax_error(error, text)
        line, column = part.place(found.line or 1, found.column or 1) if found.line else (None, None)
        raise QuerySyntax(str(found), remedy=found.remedy, line=line, column=column) from error
    except RuntimeError:
        return
