"""Things that people choose by name in the form of a question: the address with their IRIs, or a page that asks back.

Only answers for people are found so; programs send IRIs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from flask import Response, redirect, render_template

from kg.naming import Meaning, meaning_of
from kg.queries import Parameter, StoredQuery
from kg.store import Readable
from kg.web.asked import shown
from kg.web.iris import is_absolute_iri
from kg.web.negotiation import HTML
from kg.web.translation import ENGLISH, page_language

_LOOKS_LIKE_AN_IRI: Final = ("<", "http:", "https:", "urn:")


@dataclass(frozen=True)
class _Choice:
    """One thing that may be meant."""

    name: str
    iri: str
    href: str
    """The address of the answer with it."""


def named_instead(
    snapshot: Readable, stored: StoredQuery, values: Mapping[str, str], *, address: str
) -> Response | None:
    """What is answered where values are names of things; None where none is.

    Where each name stands for one thing, the answer leads to the `address` with their IRIs; else it asks which one.

    Raises:
        QueryError, StoreError: the snapshot cannot be asked.
    """
    found = dict(values)
    for parameter in stored.parameters:
        value = values.get(parameter.name)
        if parameter.type != "iri" or value is None or _is_iri(value):
            continue
        languages = sorted({ENGLISH, page_language()})
        meaning = meaning_of(snapshot, value, example=parameter.default, languages=languages)
        if len(meaning.things) != 1:
            return _asked_back(stored, parameter, meaning, found, address=address)
        found[parameter.name] = meaning.things[0].iri
    if found == values:
        return None
    response = redirect(f"{address}?{urlencode(found)}", HTTPStatus.SEE_OTHER)
    return Response(response.data, response.status_code, headers=[("Location", response.location), ("Vary", "Accept")])


def _is_iri(value: str) -> bool:
    """Whether a value is meant as an IRI, be it a right one or not; also one that is nothing is no name."""
    return (
        not value.strip() or value.casefold().startswith(_LOOKS_LIKE_AN_IRI) or "://" in value or is_absolute_iri(value)
    )


def _asked_back(
    stored: StoredQuery, parameter: Parameter, meaning: Meaning, values: Mapping[str, str], *, address: str
) -> Response:
    """Source: RFC 9110 §15.4.1 for several things of one name."""
    things = meaning.things or meaning.near
    page = render_template(
        "question_names.html",
        stored=stored,
        parameter=parameter,
        name=shown(values[parameter.name]),
        several=bool(meaning.things),
        choices=[
            _Choice(thing.name, thing.iri, f"{address}?{urlencode({**values, parameter.name: thing.iri})}")
            for thing in things
        ],
        address=address,
    )
    status = HTTPStatus.MULTIPLE_CHOICES if meaning.things else HTTPStatus.BAD_REQUEST
    response = Response(page, status, content_type=f"{HTML}; charset=utf-8")
    response.vary.add("Accept")
    return response
