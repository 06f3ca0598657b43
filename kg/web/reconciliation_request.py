"""A request for reconciliation or data extension, read into values. Every way it can be wrong is told with its place.

Source: Reconciliation Service API 0.2; its JSON schemas of query batches and of data extension queries.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from kg.reconciliation import MOST_CANDIDATES, STRICTNESS, Asked, Column, Given, Schema, Wanted
from kg.web.exchange import Request
from kg.web.problems import Problem
from kg.web.protocol import FORM, parameters
from kg.web.translation import printable

MOST_QUERIES: Final = 50
"""So many queries are answered at once, as the manifest says."""
MOST_IDS: Final = 100
MOST_COLUMNS: Final = 20

_MOST_TYPES: Final = 20
_MOST_PROPERTIES: Final = 10
_MOST_VALUES: Final = 10
_SHOWN: Final = 60
_QUERY_FIELDS: Final = ("query", "type", "limit", "properties", "type_strict")
_USED_ONCE: Final = ("queries", "extend", "prefix", "cursor", "type", "limit", "id")


def read_parameters(request: Request) -> dict[str, str]:
    """The parameters of a request, those of a form in its body too.

    Raises:
        Problem: a body that is no form, a parameter that is given twice, a callback, text that is not UTF-8.
    """
    pairs = parameters(request.query_string, "the URL")
    if request.method == "POST":
        media_type = request.content_type.partition(";")[0].strip().lower()
        if media_type != FORM or request.content_encoding.lower() not in ("", "identity"):
            raise Problem(
                "unsupported-media-type",
                f"the request carries a body of type {_shown(media_type) or 'unknown'}",
                remedy=f"send {FORM} with `queries=` or `extend=`, not compressed",
                headers=(("Accept", FORM),),
            )
        pairs += parameters(request.body, "the body")
    given = dict(pairs)
    for name in _USED_ONCE:
        if sum(name == other for other, _ in pairs) > 1:
            raise _bad(f"the parameter {name} is given more than once", remedy="give it once")
    if "callback" in given:
        raise _bad(
            "callback: answers are not wrapped in scripts (JSONP)",
            remedy="leave it out; pages of other origins may read the answers as they are (CORS)",
        )
    return given


def read_batch(text: str, schema: Schema) -> dict[str, Asked]:
    """The queries of a batch by their keys, in their order.

    Raises:
        Problem: it is not JSON, has too many queries, or one of them is wrong; the detail says where.
    """
    batch = _json(text, "queries")
    if not isinstance(batch, dict):
        raise _bad("queries: this is not an object", remedy='send {"q0": {"query": "a name"}}, with a key for each')
    if len(batch) > MOST_QUERIES:
        raise Problem(
            "too-large",
            f"the batch has {len(batch):,} queries, and {MOST_QUERIES} is the most",
            remedy=f"send it in batches of at most {MOST_QUERIES}, as `batchSize` in the manifest says",
        )
    return {key: _asked(query, f"queries.{_shown(key)}", schema) for key, query in batch.items()}


def read_extension(text: str, schema: Schema) -> tuple[tuple[str, ...], tuple[Column, ...]]:
    """The things and the columns of a data extension query.

    Raises:
        Problem: it is not JSON, has too much of anything, or names a property that is not there.
    """
    asked = _json(text, "extend")
    if not isinstance(asked, dict):
        raise _bad("extend: this is not an object", remedy='send {"ids": ["…"], "properties": [{"id": "…"}]}')
    ids = _list(asked.get("ids"), "extend.ids", most=MOST_IDS)
    columns = _list(asked.get("properties"), "extend.properties", most=MOST_COLUMNS)
    read = []
    for place, column in enumerate(columns):
        where = f"extend.properties.{place}"
        if not isinstance(column, dict):
            raise _bad(f"{where}: this is not an object", remedy='write {"id": "…"}')
        settings = column.get("settings") or {}
        limit = settings.get("limit") if isinstance(settings, dict) else None
        read.append(
            Column(
                _known(_text(column.get("id"), f"{where}.id"), schema.properties, where=f"{where}.id", what="property"),
                0 if limit in (None, "") else _whole_number(limit, f"{where}.settings.limit", least=0),
            )
        )
    return tuple(_text(each, f"extend.ids.{place}") for place, each in enumerate(ids)), tuple(read)


def _asked(query: Any, where: str, schema: Schema) -> Asked:
    if not isinstance(query, dict):
        raise _bad(f"{where}: this is not an object", remedy='write {"query": "a name"}')
    unknown = next((name for name in query if name not in _QUERY_FIELDS), None)
    if unknown is not None:
        raise _bad(f"{where}: there is no field {_shown(unknown)}", remedy=f"use {', '.join(_QUERY_FIELDS)}")
    text = _text(query["query"], f"{where}.query") if "query" in query else ""
    properties = tuple(
        _wanted(each, f"{where}.properties.{place}", schema)
        for place, each in enumerate(_list(query.get("properties", []), f"{where}.properties", most=_MOST_PROPERTIES))
    )
    if "query" not in query and not properties:
        raise _bad(f"{where}: there is neither a name nor a property", remedy="give `query`, or `properties`, or both")
    strictness = query.get("type_strict", STRICTNESS[0])
    if strictness not in STRICTNESS:
        raise _bad(f"{where}.type_strict: this is unknown", remedy=f"write {', '.join(STRICTNESS)}")
    types = query.get("type", [])
    limit = _whole_number(query["limit"], f"{where}.limit", least=1) if query.get("limit") is not None else Asked.limit
    return Asked(
        text,
        types=_types(types, f"{where}.type", schema),
        strictness=strictness,
        properties=properties,
        limit=min(_whole_number(limit, f"{where}.limit", least=1), MOST_CANDIDATES)
        if limit is not None
        else Asked.limit,
    )


def _wanted(wanted: Any, where: str, schema: Schema) -> Wanted:
    if not isinstance(wanted, dict) or "pid" not in wanted or "v" not in wanted:
        raise _bad(f"{where}: a property and its value are needed", remedy='write {"pid": "…", "v": "…"}')
    values = wanted["v"] if isinstance(wanted["v"], list) else [wanted["v"]]
    given = [_given(each, f"{where}.v") for each in _list(values, f"{where}.v", most=_MOST_VALUES)]
    pid = _known(_text(wanted["pid"], f"{where}.pid"), schema.properties, where=f"{where}.pid", what="property")
    return Wanted(pid, tuple(given))


def _given(value: Any, where: str) -> Given:
    if isinstance(value, dict):
        iri = _text(value.get("id"), f"{where}.id")
        return Given(_text(value.get("name", iri), f"{where}.name"), iri)
    if isinstance(value, bool):
        return Given("true" if value else "false")
    if isinstance(value, int | float):
        return Given(str(value))
    return Given(_text(value, where))


def _types(types: Any, where: str, schema: Schema) -> tuple[str, ...]:
    """One type or several, each as its IRI or as an object with that; some clients send an empty one for none."""
    if types in (None, "", []):
        return ()
    several = [types] if isinstance(types, str | dict) else types
    iris = [
        _text(each.get("id") if isinstance(each, dict) else each, where)
        for each in _list(several, where, most=_MOST_TYPES)
    ]
    return tuple(_known(iri, schema.types, where=where, what="type") for iri in iris)


def _known(iri: str, known: Mapping[str, Any], *, where: str, what: str) -> str:
    if iri not in known:
        raise _bad(
            f"{where}: there is no {what} {_shown(iri)}",
            remedy=f"give the IRI of one; /reconcile/suggest/{what}?prefix=… finds it by its name",
        )
    return iri


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        told = f"{error.msg} at character {error.pos}" if isinstance(error, json.JSONDecodeError) else "it is too deep"
        raise _bad(f"{where}: this is not JSON: {told}", remedy="send JSON, encoded as a form") from error


def _list(value: Any, where: str, *, most: int) -> list[Any]:
    if not isinstance(value, list):
        raise _bad(f"{where}: this is not a list", remedy="write […]")
    if len(value) > most:
        raise Problem("too-large", f"{where}: there are {len(value):,}, and {most} is the most", remedy="send fewer")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _bad(f"{where}: this is not a text", remedy='write "…"')
    return printable(value)


def _whole_number(value: Any, where: str, *, least: int) -> int:
    """A number; some clients write whole ones with a point, or as text."""
    number = least - 1
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            number = int(float(value))
    if number < least:
        raise _bad(f"{where}: this is no number that can be used", remedy=f"give a whole number from {least}")
    return number


def _shown(text: str) -> str:
    return printable(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def _bad(detail: str, *, remedy: str) -> Problem:
    return Problem("bad-request", detail, remedy=remedy)


def read_number(given: Mapping[str, str], name: str, *, default: int, most: int) -> int:
    """A parameter of the URL that is a number from 0.

    Raises:
        Problem: it is none, or larger than `most`.
    """
    text = given.get(name, "") or str(default)
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and int(text) <= most):
        raise _bad(f'{name}: "{_shown(text)}" cannot be used', remedy=f"give a number from 0 to {most}")
    return int(text)


def read_types(given: Mapping[str, str], schema: Schema) -> Iterable[str]:
    """The type in the parameter `type`, with those below it; none where it is not given.

    Raises:
        Problem: there is no such type.
    """
    wanted = given.get("type", "")
    return schema.with_narrower([_known(wanted, schema.types, where="type", what="type")]) if wanted else ()
