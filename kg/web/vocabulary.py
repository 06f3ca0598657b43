"""The terms of the graph for people and programs: the ontology at its own address, and the concept schemes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final, cast

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from kg.answer import Ask, answer_table, vet_query
from kg.errors import KgError, LedgerDamaged, QueryError, RevisionMissing, StoreError
from kg.namespaces import PREFIXES
from kg.queries import StoredQuery, graph_statements
from kg.store import NOW, Past, Readable, Summary
from kg.vocabulary import CLASS, RELATIONS, Ontology, ontology_graph, read_ontology, read_schemes
from kg.web.commits import summary_of
from kg.web.drawing import Picture, draw_picture
from kg.web.exchange import Plan, plan_answer
from kg.web.forms import forms
from kg.web.held import Held
from kg.web.links import base_iri, entity_address, path_then
from kg.web.negotiation import HTML
from kg.web.problems import Problem
from kg.web.protocol import parameters, past_parameters, read_past
from kg.web.question_pages import MOST_ROWS, pictured
from kg.web.service import asked_request, planned_response, service
from kg.web.translation import text

blueprint = Blueprint("vocabulary", __name__)

PATH: Final = "/ontology"
OWL_CLASS: Final = f"{PREFIXES['owl']}Class"
"""What a stored question with a view is about that is drawn on the page about the vocabulary."""

_MOST_QUADS_SCANNED: Final = 1_000_000
"""Of a larger graph the history is not looked through."""
_MOST_COMMITS: Final = 5
_SHOWN_CHARACTERS: Final = 200

_FORMATS: Final = {
    "ttl": "turtle",
    "nt": "ntriples",
    "jsonld": "jsonld",
    "json": "jsonld",
    "rdf": "rdfxml",
    "html": "html",
}


class Vocabularies:
    """What the pages tell of the terms of the current snapshot, read once for each."""

    def __init__(self) -> None:
        self._ontology = Held(read_ontology)
        self._changes = Held(_changes)

    def ontology(self, snapshot: Readable) -> Ontology:
        """Its ontology.

        Raises:
            QueryError: the engine cannot evaluate it.
        """
        return self._ontology.of(snapshot)

    def changes(self, snapshot: Readable) -> list[Summary]:
        """The last commits that name the graph of its ontology, the latest first."""
        return self._changes.of(snapshot)


@blueprint.get("/vocabulary")
def vocabulary() -> str:
    """The tree of classes and the concept schemes, to begin with."""
    snapshot = service().snapshot()
    ontology = _vocabularies().ontology(snapshot)
    classes = ontology.of_kind(CLASS)
    return render_template(
        "vocabulary.html",
        ontology=ontology,
        by_iri={term.iri: term for term in classes},
        roots=[term for term in classes if not term.broader],
        schemes=read_schemes(snapshot),
        diagrams=[
            (stored, _diagram(stored, snapshot))
            for stored in pictured(service().contents().questions)
            if OWL_CLASS in stored.about
        ],
    )


@blueprint.get(PATH)
def ontology() -> Response:
    """The ontology: a page that documents each term at its own name, or its graph in a format of RDF."""
    return _ontology("")


@blueprint.get(f"{PATH}.<extension>")
def ontology_file(extension: str) -> Response:
    """The ontology as a file of the format that an extension stands for."""
    if extension not in _FORMATS:
        raise Problem(
            "not-found", f"There is no file {PATH}.{extension}", remedy=f"take one of .{', .'.join(_FORMATS)}"
        )
    return _ontology(_FORMATS[extension])


@blueprint.get(f"{PATH}/<name>")
def term(name: str) -> Redirect:
    """A version of the ontology, as it is or as it last was; or a term, whose place is on the page.

    Raises:
        Problem: neither is called so.
    """
    known = _vocabularies().ontology(service().snapshot())
    given = dict(parameters(request.query_string, "the URL"))
    if name == known.version:
        return redirect(path_then(PATH, given), code=303)
    if any(each.name == name for each in known.terms):
        return redirect(url_for("vocabulary.ontology", _anchor=name), code=303)
    revision = _last_revision(name)
    if revision is not None:
        return redirect(path_then(PATH, {**given, "revision": str(revision)}), code=303)
    raise Problem(
        "not-found",
        f"The ontology has no term and no version {name[:_SHOWN_CHARACTERS]}",
        remedy=f"{PATH} tells of all terms of the current version, {known.version or 'which has no number'}; "
        f"earlier states are found by {PATH}?revision=…",
    )


def _last_revision(version: str) -> int | None:
    """The last state in which the ontology had a version; None where the history knows of none.

    The commits that name the version are those that brought it, that ended it, and that tell of it later.
    """
    iri = f"{base_iri()}{PATH.removeprefix('/')}/{version}"
    for revision in _naming(iri):
        for candidate in (revision, revision - 1):
            try:
                known = read_ontology(service().snapshot(Past(revision=candidate))) if candidate else None
            except (RevisionMissing, StoreError):
                continue
            if known is not None and version in (known.version, known.version_iri.removeprefix(f"{known.iri}/")):
                return candidate
    return None


def _changes(snapshot: Readable) -> list[Summary]:
    return [summary_of(revision) for revision in _naming(ontology_graph(snapshot))]


def _naming(iri: str) -> list[int]:
    """The last commits that name something, the latest first; none of a history that is too long to look through."""
    if service().snapshot().description.quads > _MOST_QUADS_SCANNED:
        return []
    try:
        return [*islice(service().ledger.revisions_about(iri), _MOST_COMMITS)]
    except (LedgerDamaged, StoreError):  # the ontology of the current state is still worth a page
        return []


def _ontology(format_name: str) -> Response:
    asked = asked_request(request)
    given = dict(parameters(asked.query_string, "the URL"))
    past = read_past(given)
    snapshot = service().snapshot(past)
    plan = _plan(snapshot, format_name or given.get("format", ""), asked.accept)
    if plan.row.name != "html":
        return planned_response(plan._replace(ask=plan.ask._replace(past=past)))
    known = _vocabularies().ontology(snapshot) if past == NOW else read_ontology(snapshot)
    page = render_template(
        "ontology.html",
        ontology=known,
        needs=_needs() if past == NOW else {},
        changes=_vocabularies().changes(snapshot) if past == NOW else [],
        graph=ontology_graph(snapshot),
        past=past_parameters(past),
        relations={relation: text(relation) for relation in RELATIONS},
    )
    response = Response(page, content_type=f"{HTML}; charset=utf-8")
    response.vary.add("Accept")
    return response


def _diagram(stored: StoredQuery, snapshot: Readable) -> Picture | None:
    """The picture of a question about classes; None where it cannot be answered, as its own page says."""
    try:
        table = answer_table(snapshot, Ask(vet_query(stored.text, service().limits)), most_rows=MOST_ROWS)
    except QueryError:
        return None
    return draw_picture(stored.view, table, entity_address(snapshot.description.base), window={})


def _needs() -> Mapping[str, Mapping[str, Any]]:
    """What an entry of each class needs, by the IRI of the class; nothing where the desk does not tell."""
    try:
        return {table["class"]: table for table in forms().tables()}
    except KgError:
        return {}


def _plan(snapshot: Readable, format_name: str, accept: tuple[str, ...]) -> Plan:
    query = vet_query(graph_statements(ontology_graph(snapshot)), service().limits)
    plan = plan_answer(Ask(query), format_name=format_name, accept=accept)
    return plan._replace(filename=f"ontology.{plan.row.extension}") if plan.filename else plan


def _vocabularies() -> Vocabularies:
    return cast("Vocabularies", current_app.extensions["kg.vocabularies"])
