"""The door: the SPARQL Protocol and pages for people, over HTTP."""

from kg.web.app import create_app
from kg.web.server import serve

__all__ = ["create_app", "serve"]
