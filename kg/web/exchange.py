"""A question over HTTP, free of any web framework: what was asked, and how its answer is going to be written."""

from __future__ import annotations

from functools import lru_cache
from textwrap import shorten
from typing import Final, NamedTuple

from kg.answer import Ask
from kg.formats import Format, format_named, formats_for
from kg.web.negotiation import accepted_types, choose_format
from kg.web.problems import Problem

_SHOWN_CHARACTERS: Final = 200


class Request(NamedTuple):
    """What of an HTTP request decides about its answer."""

    method: str
    path: str
    """Percent-decoded."""
    query_string: bytes
    address: str = ""
    """The URL that it was sent to, without a query, as the client named the host; empty: not known."""
    accept: tuple[str, ...] = ()
    """The values of the Accept headers."""
    content_type: str = ""
    content_encoding: str = ""
    body: bytes = b""


class Plan(NamedTuple):
    """A query that may run, and the format of its answer."""

    ask: Ask
    row: Format
    content_type: str
    filename: str = ""
    """What a browser calls the answer when it saves it; empty: it shows it."""
    seconds: float | None = None
    """How long the client is ready to wait; None: as long as the service allows."""
    packed: bool = False
    """Whether the answer is sent as a gzip file, whatever the client accepts."""


def plan_answer(ask: Ask, *, format_name: str, accept: tuple[str, ...], seconds: float | None = None) -> Plan:
    """The answer in the format that is named, or else in the best one that is accepted; HTML is one of them.

    `format_name` is as `format_named` reads it; `seconds` is how long the client is ready to wait.

    Source: RFC 9110 §12.5.1.

    Raises:
        Problem: no named format fits the query form, or nothing acceptable does.
    """
    if format_name:
        row = format_named(format_name, ask.query.form)
        if row is None:
            rows = formats_for(ask.query.form)
            raise Problem(
                "bad-request",
                f"{shorten(format_name, _SHOWN_CHARACTERS)} is no format for the answer to {ask.query.form}",
                remedy=f"use one of {', '.join(row.name for row in rows)}",
            )
        return Plan(ask, row, row.content_type, f"answer.{row.extension}", seconds)
    chosen = _best(ask.query.form, accept)
    if chosen is None:
        rows = formats_for(ask.query.form)
        raise Problem(
            "not-acceptable",
            f"The answer to {ask.query.form} cannot be written as {shorten(', '.join(accept), _SHOWN_CHARACTERS)}",
            remedy=f"accept one of {', '.join(row.media_type for row in rows)}",
        )
    return Plan(ask, *chosen, seconds=seconds)


@lru_cache(maxsize=512)
def _best(form: str, accept: tuple[str, ...]) -> tuple[Format, str] | None:
    return choose_format(accepted_types(accept), formats_for(form))
