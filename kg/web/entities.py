"""The page about a thing and the documents that describe it: each thing at the path of its IRI, any other by its IRI.

Source: Cool URIs for the Semantic Web §4.2 (303 URIs forwarding to different documents).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, cast
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, render_template, request, url_for

from kg.answer import Ask, labels_of, vet_query
from kg.entities import (
    Background,
    Entity,
    description_text,
    first_known,
    near_things,
    read_background,
    read_entity,
    schema_org_document,
    words_of,
)
from kg.errors import LedgerDamaged, RevisionMissing, StoreError
from kg.explain import named_things
from kg.namespaces import namespace_of
from kg.store import NOW, Past, Readable, Summary
from kg.web.commits import summary_of
from kg.web.documents import DOCUMENTS, Document, chosen_document, no_format
from kg.web.exchange import Plan
from kg.web.iris import is_absolute_iri
from kg.web.links import (
    ABOUT_PATH,
    THINGS,
    base_iri,
    document_path,
    entity_iris,
    entity_path,
    has_path,
    path_then,
    stay_in,
    uri_of,
)
from kg.web.negotiation import HTML, choose_graph_format
from kg.web.problems import Problem
from kg.web.protocol import PAST, parameters, past_parameters, read_past
from kg.web.service import planned_response, service
from kg.web.signposts import part_signposts, put_up, thing_signposts

blueprint = Blueprint("entities", __name__)

_HISTORY: Final = "history"
_SHOWN_CHARACTERS: Final = 200
_SHOWN_PASSAGES: Final = 3
_MOST_QUADS_SCANNED: Final = 1_000_000
"""Of a larger graph the ledger is not looked through for each page."""
_KEPT_BACKGROUNDS: Final = 8
_IN_QUERIES: Final = "!$'()*,/:;?@"
"""What may stand in the query of a URL as it is. Source: URL Standard §1.3."""


class Backgrounds:
    """What pages about things are told before, read once for each state."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[int, Past], Background] = OrderedDict()

    def of(self, snapshot: Readable, past: Past) -> Background:
        """What is known of a state.

        Raises:
            QueryError: the engine cannot evaluate it.
        """
        key = (snapshot.number, past)
        held = self._held.get(key)
        if held is None:
            contents = service().contents()
            before = next(reversed(self._held.values()), None)
            read = read_background(snapshot, pages=contents.pages, names=contents.names, known=before)
            held = self._held[key] = read
            while len(self._held) > _KEPT_BACKGROUNDS:
                self._held.popitem(last=False)
        return held


def background_of(snapshot: Readable, past: Past) -> Background:
    """What is known of a state before a thing of it is told of.

    Raises:
        QueryError: the engine cannot evaluate it.
    """
    return cast("Backgrounds", current_app.extensions["kg.backgrounds"]).of(snapshot, past)


@blueprint.get(f"/{THINGS}<path:name>")
def thing(name: str) -> Response:  # noqa: ARG001 - it is read from the request
    """Where the document is that a thing is described in; or such a document, where the path has its extension."""
    values = _values()
    past = read_past(values)
    snapshot = service().snapshot(past)
    whole = entity_iris(request.path, base_iri())
    stem, _, extension = request.path.rpartition(".")
    suffixed = extension == _HISTORY or extension in DOCUMENTS
    shorter = entity_iris(stem, base_iri()) if suffixed else ()
    iri = first_known(snapshot, (*whole, *shorter))
    if iri is None:
        raise _unknown(snapshot, (shorter or whole)[0], past)
    if iri in whole:
        return _see_other(chosen_document(values.get("format", ""), request.headers.getlist("Accept")), iri, past)
    if extension == _HISTORY:
        return _redirected(url_for("history.history", about=iri))
    return _document(DOCUMENTS[extension], iri, past)


@blueprint.get(ABOUT_PATH)
def about() -> Response:
    """The same for a thing that is named by its IRI, wherever that leads."""
    values = _values()
    past = read_past(values)
    iri = values.get("iri", "")
    if not is_absolute_iri(iri):
        raise _bad(f'iri: "{_shown(iri)}" is not an absolute IRI', remedy="give the whole IRI of a thing")
    if has_path(iri, base_iri()):
        given = {name: value for name, value in values.items() if name != "iri"}
        return _redirected(path_then(entity_path(iri, base_iri()), given))
    snapshot = service().snapshot(past)
    if first_known(snapshot, [iri]) is None:
        named = snapshot.description.naming.label(iri)  # then it is a blank node, which only the history calls so
        if named and next(service().ledger.revisions_about(iri), 0):
            return _redirected(url_for("history.history", about=iri))
        raise _unknown(snapshot, iri, past)
    accept = request.headers.getlist("Accept")
    found = choose_graph_format(values.get("format", ""), accept)
    if found is None:
        raise no_format(values.get("format", ""), accept)
    row, _ = found
    response = _document(Document(row.extension, row, row.media_type), iri, past)
    response.vary.add("Accept")
    return response


def _values() -> dict[str, str]:
    given = parameters(request.query_string, "the URL")
    for place, (name, _) in enumerate(given):
        if name in ("iri", "format", *PAST) and name in dict(given[:place]):
            raise _bad(f"the parameter {name} is given more than once", remedy="give it once")
    return dict(given)


def _see_other(document: Document, iri: str, past: Past) -> Response:
    """Source: RFC 9110 §15.4.4; RFC 6892 for the relation of a thing to what describes it."""
    address = _address(document, iri, past)
    response = _redirected(address)
    response.vary.add("Accept")
    response.headers.add("Link", f'<{address}>; rel="describedby"; type="{document.media_type}"')
    return response


def _redirected(address: str) -> Response:
    response = Response(status=HTTPStatus.SEE_OTHER)
    response.headers["Location"] = address
    response.headers.remove("Content-Type")
    return response


def _document(document: Document, iri: str, past: Past) -> Response:
    snapshot = service().snapshot(past)
    background = background_of(snapshot, past)
    if document.row.name == "html":
        response = _page(snapshot, iri, background, past=past)
    else:
        ask = Ask(vet_query(description_text(iri, background), service().limits), past=past)
        name = iri.rstrip("/#").rpartition("/")[2].encode("ascii", "ignore").decode().replace('"', "")
        plan = Plan(ask, document.row, document.content_type, f"{name or 'description'}.{document.extension}")
        response = put_up(planned_response(plan), part_signposts())
    _add_links(response, document, iri, past=past)
    return response


def _add_links(response: Response, document: Document, iri: str, *, past: Past) -> None:
    """What this document describes, how to cite that, and the other documents about it.

    Source: RFC 8288; RFC 6892 (describes); RFC 8574 (cite-as); Signposting, https://signposting.org/FAIR/
    """
    uri = uri_of(iri)
    links = [f'<{uri}>; rel="describes"', f'<{uri}>; rel="cite-as"'] if uri.startswith(("http://", "https://")) else []
    for other in DOCUMENTS.values():
        if other.media_type == document.media_type:
            continue
        relations = "alternate describedby" if document.media_type == HTML else "alternate"
        links.append(f'<{_address(other, iri, past)}>; rel="{relations}"; type="{other.media_type}"')
    response.headers.extend([("Link", link) for link in links])


def _page(snapshot: Readable, iri: str, background: Background, *, past: Past) -> Response:
    entity = read_entity(snapshot, iri, background)
    if entity is None:
        raise _unknown(snapshot, iri, past)
    stay_in(past_parameters(past))
    scanned = past == NOW and snapshot.description.quads <= _MOST_QUADS_SCANNED
    page = render_template(
        "entity.html",
        entity=entity,
        past=past_parameters(past),
        now=entity_path(iri, base_iri()),
        last_change=_last_change(iri) if scanned else None,
        documents=[(each, _address(each, iri, past)) for each in DOCUMENTS.values() if each.media_type != HTML],
        linked_data=schema_org_document(entity, background),
        is_web_address=iri.startswith(("http://", "https://")),
        ask_href=_ask_hrefs(past),
        shown_passages=_SHOWN_PASSAGES,
        counts=_counts(entity),
    )
    kinds = sorted(kind.value for kind in entity.kinds)
    return put_up(Response(page, content_type=DOCUMENTS["html"].content_type), thing_signposts(kinds))


def _last_change(iri: str) -> Summary | None:
    """The latest commit that names a thing, without what it changed; None where none does."""
    try:
        revision = next(service().ledger.revisions_about(iri), None)
        return None if revision is None else summary_of(revision)
    except (LedgerDamaged, RevisionMissing, StoreError):  # what is known of the thing is still worth a page
        return None


def _counts(entity: Entity) -> dict[str, int]:
    return {
        "outgoing": sum(group.total for group in entity.outgoing),
        "incoming": sum(group.total for group in entity.incoming),
        "assertions": sum(len(proofs) for _, proofs in entity.assertions),
    }


def _ask_hrefs(past: Past) -> Callable[[str], str]:
    """What tells where a query can be changed and run, of a state."""
    view = "editor.editor" if "editor.editor" in current_app.view_functions else "sparql.endpoint"
    address, given = url_for(view), past_parameters(past)
    return lambda query: f"{address}?{urlencode({'query': query, **given}, safe=_IN_QUERIES)}"


def _address(document: Document, iri: str, past: Past) -> str:
    return document_path(
        iri, base_iri(), extension=document.extension, format_name=document.row.name, **past_parameters(past)
    )


def _unknown(snapshot: Readable, iri: str, past: Past) -> Problem:
    base = base_iri()
    near: list[str] = []
    for namespace in dict.fromkeys((namespace_of(iri), base + THINGS)):
        if not near and namespace and iri.startswith(namespace):
            near = near_things(iri, named_things(snapshot, namespace), namespace)
    names = labels_of(snapshot, near)
    suggestions = [
        {"iri": each, "name": names.get(each, ""), "href": path_then(entity_path(each, base), past_parameters(past))}
        for each in near
    ]
    told = f"did you mean {' or '.join(each['href'] for each in suggestions)}? " if near else ""
    elsewhen = "" if past == NOW else "there was nothing of this name then; ask for another time, or for now; "
    return Problem(
        "not-found",
        f"Nothing is said of <{_shown(iri)}>",
        remedy=f"{told}{elsewhen}{_search_for(iri)}",
        more={"suggestions": suggestions} if suggestions else None,
    )


def _search_for(iri: str) -> str:
    """Where to look for what an IRI may have meant."""
    if "search.search" not in current_app.view_functions:
        return "start from the first page"
    return f"search for it at {url_for('search.search', q=words_of(iri)[:_SHOWN_CHARACTERS])}"


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _bad(detail: str, *, remedy: str) -> Problem:
    return Problem("bad-request", detail, remedy=remedy)
