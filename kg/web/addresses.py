"""Where the IRIs of what is neither a thing nor a term lead: the catalogue, stored queries, nodes without a name.

Source: Cool URIs for the Semantic Web §4.2 (303 URIs forwarding to different documents).
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from flask import Blueprint, Response, request, url_for

from kg.entities import first_known
from kg.errors import LedgerDamaged, StoreError
from kg.namespaces import GENID
from kg.web.descriptions import current_dataset
from kg.web.documents import no_format
from kg.web.links import ABOUT_PATH, base_iri, path_then
from kg.web.negotiation import choose_graph_format
from kg.web.problems import Problem
from kg.web.protocol import parameters
from kg.web.service import service

blueprint = Blueprint("addresses", __name__)

CATALOG_PATH: Final = "/catalog"


@blueprint.get(CATALOG_PATH)
def catalog() -> Response:
    """The dataset as a whole: the page about it, or its description as DCAT and VoID."""
    if current_dataset().iri != base_iri() + CATALOG_PATH.removeprefix("/"):
        raise Problem("not-found", f"There is nothing at {CATALOG_PATH}", remedy="/data tells of the dataset")
    format_name = _graph_format(_given())
    if format_name == "html":
        return see_other(url_for("datasets.data"))
    return see_other(url_for("descriptions.void", format=format_name))


@blueprint.get("/query/<path:identifier>")
def query(identifier: str) -> Response:
    """A stored query: for people the page that answers it, where it can be asked; else what is said of it."""
    given = _given()
    can_be_asked = any(
        stored.identifier == identifier and {*stored.asks} <= {*service().limits.services}
        for stored in service().contents().stored
    )
    if can_be_asked and _graph_format(given) == "html":
        return see_other(path_then(url_for("questions.question", identifier=identifier), given))
    return to_about(f"query/{identifier}", given)


@blueprint.get(f"/{GENID}<path:name>")
def node(name: str) -> Response:
    """A node without a name of its own, by the IRI that stands for it: what is said of it, or which commits name it.

    Source: RDF 1.1 Concepts §3.5 (Replacing Blank Nodes with IRIs).
    """
    iri = f"{base_iri()}{GENID}{name}"
    if first_known(service().snapshot(), [iri]) is None and _is_in_history(iri):
        return see_other(url_for("history.history", about=iri))
    return to_about(f"{GENID}{name}", _given())


def _is_in_history(iri: str) -> bool:
    try:
        return next(service().ledger.revisions_about(iri), None) is not None
    except (LedgerDamaged, StoreError):
        return False


def to_about(path: str, given: Mapping[str, str]) -> Response:
    """A redirection to what is said of the thing whose IRI is the base IRI and a path."""
    return see_other(f"{ABOUT_PATH}?{urlencode({**given, 'iri': base_iri() + path})}")


def see_other(address: str) -> Response:
    """Source: RFC 9110 §15.4.4."""
    response = Response(status=HTTPStatus.SEE_OTHER)
    response.headers["Location"] = address
    response.headers.remove("Content-Type")
    response.vary.add("Accept")
    return response


def _given() -> dict[str, str]:
    return dict(parameters(request.query_string, "the URL"))


def _graph_format(given: Mapping[str, str]) -> str:
    """The name of the format of a graph that is asked for, by its name or by what is accepted."""
    accept, name = request.headers.getlist("Accept"), given.get("format", "")
    found = choose_graph_format(name, accept)
    if found is None:
        raise no_format(name, accept)
    return found[0].name
