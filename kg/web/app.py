"""The application: settings in, a WSGI application out."""

from __future__ import annotations

from typing import Any, Final

from flask import Flask, Response

from kg.settings import Settings
from kg.web import pages, sparql
from kg.web.problems import problem_response
from kg.web.service import Service, service

# A percent-encoded character has at most 12 bytes (`%F0%9F%8C%8D`); the rest is room for the other parameters.
_BYTES_A_CHARACTER: Final = 12
_ROOM: Final = 64 * 1024

# Source: Content Security Policy Level 3. Nothing but our own style, pictures and forms.
_CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def create_app(settings: Settings) -> Flask:
    """The WSGI application over the snapshots of a state folder; it serves a new snapshot as soon as it is published.

    It starts without one, and then answers 503 until there is one.
    """
    app = Flask("kg.web")
    app.config["MAX_CONTENT_LENGTH"] = settings.query_characters * _BYTES_A_CHARACTER + _ROOM
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.extensions["kg"] = Service(settings)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(sparql.blueprint)
    app.register_error_handler(Exception, problem_response)
    app.context_processor(_site)
    app.after_request(_with_headers)
    return app


def _site() -> dict[str, Any]:
    return {"site_title": service().title}


def _with_headers(response: Response) -> Response:
    response.headers.setdefault("Access-Control-Allow-Origin", "*")
    response.headers.setdefault("Content-Security-Policy", _CONTENT_SECURITY_POLICY)
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response
