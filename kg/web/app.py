"""The application: settings in, a WSGI application out."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, current_app, request, url_for

from kg.access import may_ask_to_write, origin_of
from kg.settings import Settings
from kg.store import PooledSnapshots
from kg.web import (
    addresses,
    built,
    choices,
    commits,
    contribute,
    crawling,
    datasets,
    descriptions,
    dumps,
    editor,
    entities,
    entries,
    explaining,
    explore,
    forms,
    graphs,
    history,
    pages,
    questions,
    reconciliation,
    search,
    signposts,
    sparql,
    submissions,
    vocabulary,
)
from kg.web.cells import row_html, term_html, terms_html
from kg.web.headers import EVERY_ANSWER, PREFLIGHT, PREFLIGHT_OF_WRITES
from kg.web.links import entity_href
from kg.web.negotiation import HTML
from kg.web.problems import problem_response
from kg.web.sections import site_sections
from kg.web.service import Service, service
from kg.web.translation import Translations, install_translation, printable, translations_of
from kg.web.wording import reworded

# A percent-encoded character has at most 12 bytes (`%F0%9F%8C%8D`); the rest is room for the other parameters.
_BYTES_A_CHARACTER: Final = 12
_ROOM: Final = 64 * 1024
_MEGABYTE: Final = 1024 * 1024

WRITTEN: Final = (
    submissions.SUBMISSIONS_PATH,
    submissions.VALIDATE_PATH,
    submissions.UPDATE_PATH,
    graphs.PATH,
    graphs.DIRECT,
    contribute.PATH,
)
"""The paths that texts are submitted to."""

_PARTS: Final = (
    addresses,
    built,
    contribute,
    crawling,
    datasets,
    descriptions,
    dumps,
    editor,
    entities,
    entries,
    explaining,
    explore,
    graphs,
    history,
    pages,
    questions,
    reconciliation,
    search,
    sparql,
    submissions,
    vocabulary,
)

_ABOUT_THE_DATASET: Final = frozenset({blueprint.name for blueprint in (graphs.blueprint, sparql.blueprint)})


def most_body_bytes(settings: Settings, path: str = "") -> int:
    """The longest body that is read of a request to a path."""
    if path.startswith(WRITTEN):
        return settings.submission_megabytes * _MEGABYTE + _ROOM
    return settings.query_characters * _BYTES_A_CHARACTER + _ROOM


def create_app(
    settings: Settings,
    snapshots: PooledSnapshots | None = None,
    *,
    desk: Path | None = None,
    translations: Translations | None = None,
) -> Flask:
    """The WSGI application over the snapshots of a state folder; it serves a new snapshot as soon as it is published.

    It starts without one, and then answers 503 until there is one. Without `snapshots` it answers queries in its own
    process, which suits tests: nothing can stop them there. Without `desk`, the address of the desk's socket, nothing
    is taken in.
    """
    app = Flask("kg.web")
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals |= {
        "entity_href": entity_href,
        "render_term": term_html,
        "render_terms": terms_html,
        "render_row": row_html,
    }
    app.jinja_env.filters["printable"] = printable
    app.jinja_env.filters["reworded"] = reworded
    install_translation(app, translations or Translations())
    app.extensions["kg"] = Service(settings, snapshots, desk=desk)
    app.extensions[choices.EXTENSION] = choices.Choices()
    app.extensions[commits.EXTENSION] = commits.Commits(app.extensions["kg"].ledger)
    app.extensions["kg.datasets"] = descriptions.Datasets()
    app.extensions[signposts.EXTENSION] = signposts.Facts()
    app.extensions[forms.EXTENSION] = forms.Forms()
    app.extensions[explore.EXTENSION] = explore.Thumbs()
    app.extensions["kg.backgrounds"] = entities.Backgrounds()
    search.install_search(app, app.extensions["kg"])
    app.extensions["kg.schemas"] = reconciliation.Schemas()
    app.extensions["kg.vocabularies"] = vocabulary.Vocabularies()
    for part in _PARTS:
        app.register_blueprint(part.blueprint)
    app.register_error_handler(Exception, problem_response)
    app.context_processor(_site)
    app.before_request(_limit_body)
    app.before_request(_preflight)
    app.after_request(_with_headers)
    return app


def _site() -> dict[str, Any]:
    return {"site_title": service().title, "site_views": current_app.view_functions, "site_sections": site_sections}


def _limit_body() -> None:
    request.max_content_length = most_body_bytes(service().settings, request.path)


def _preflight() -> Response | None:
    """The answer to a browser that asks whether a page of another origin may send a request.

    Source: Fetch Standard §3.2.2 (CORS-preflight request).
    """
    asks = request.method == "OPTIONS" and "Origin" in request.headers
    if not asks or "Access-Control-Request-Method" not in request.headers or request.routing_exception:
        return None
    methods = ", ".join(sorted(current_app.make_default_options_response().allow))
    headers = [("Allow", methods), ("Access-Control-Allow-Methods", methods), *_allowed_headers()]
    response = Response(status=HTTPStatus.NO_CONTENT, headers=headers)
    response.headers.remove("Content-Type")
    return response


def _allowed_headers() -> tuple[tuple[str, str], ...]:
    """A token may be sent by a page of this service, and of the origins that an operator lists."""
    if not request.path.startswith(WRITTEN):
        return PREFLIGHT
    own, listed = origin_of(request.host_url) or "", service().settings.write_origins
    may_write = may_ask_to_write(request.headers["Origin"], own_origin=own, allowed_origins=listed)
    return PREFLIGHT if may_write else PREFLIGHT_OF_WRITES


def _with_headers(response: Response) -> Response:
    for name, value in EVERY_ANSWER:
        response.headers.setdefault(name, value)
    if response.mimetype == HTML and len(translations_of(current_app).languages) > 1:
        response.vary.add("Accept-Language")
    if request.blueprint in _ABOUT_THE_DATASET and response.status_code < HTTPStatus.BAD_REQUEST:
        # Source: RFC 8288 §3; the relation type is from POWDER.
        response.headers.add("Link", f'<{url_for("descriptions.void")}>; rel="describedby"')
    return response
