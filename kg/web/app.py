"""The application: settings in, a WSGI application out."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from flask import Flask, Response, current_app, request, url_for

from kg.settings import Settings
from kg.store import PooledSnapshots
from kg.web import descriptions, graphs, pages, questions, sparql
from kg.web.headers import EVERY_ANSWER, PREFLIGHT
from kg.web.problems import problem_response
from kg.web.service import Service, service

# A percent-encoded character has at most 12 bytes (`%F0%9F%8C%8D`); the rest is room for the other parameters.
_BYTES_A_CHARACTER: Final = 12
_ROOM: Final = 64 * 1024

_ABOUT_THE_DATASET: Final = frozenset({blueprint.name for blueprint in (graphs.blueprint, sparql.blueprint)})


def most_body_bytes(settings: Settings) -> int:
    """The longest body that is read."""
    return settings.query_characters * _BYTES_A_CHARACTER + _ROOM


def create_app(settings: Settings, snapshots: PooledSnapshots | None = None) -> Flask:
    """The WSGI application over the snapshots of a state folder; it serves a new snapshot as soon as it is published.

    It starts without one, and then answers 503 until there is one. Without `snapshots` it answers queries in its own
    process, which suits tests: nothing can stop them there.
    """
    app = Flask("kg.web")
    app.config["MAX_CONTENT_LENGTH"] = most_body_bytes(settings)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.extensions["kg"] = Service(settings, snapshots)
    app.extensions["kg.datasets"] = descriptions.Datasets()
    for part in (descriptions, graphs, pages, questions, sparql):
        app.register_blueprint(part.blueprint)
    app.register_error_handler(Exception, problem_response)
    app.register_error_handler(HTTPStatus.METHOD_NOT_ALLOWED, graphs.refused_method)
    app.context_processor(_site)
    app.before_request(_preflight)
    app.after_request(_with_headers)
    return app


def _site() -> dict[str, Any]:
    return {"site_title": service().title}


def _preflight() -> Response | None:
    """The answer to a browser that asks whether a page of another origin may send a request.

    Source: Fetch Standard §3.2.2 (CORS-preflight request).
    """
    asks = request.method == "OPTIONS" and "Origin" in request.headers
    if not asks or "Access-Control-Request-Method" not in request.headers or request.routing_exception:
        return None
    methods = ", ".join(sorted(current_app.make_default_options_response().allow))
    headers = [("Allow", methods), ("Access-Control-Allow-Methods", methods), *PREFLIGHT]
    response = Response(status=HTTPStatus.NO_CONTENT, headers=headers)
    response.headers.remove("Content-Type")
    return response


def _with_headers(response: Response) -> Response:
    for name, value in EVERY_ANSWER:
        response.headers.setdefault(name, value)
    if request.blueprint in _ABOUT_THE_DATASET and response.status_code < HTTPStatus.BAD_REQUEST:
        # Source: RFC 8288 §3; the relation type is from POWDER.
        response.headers.add("Link", f'<{url_for("descriptions.void")}>; rel="describedby"')
    return response
