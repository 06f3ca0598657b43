"""The door: makes the WSGI application; starts the production server when run."""

import os
import sys

from flask import Flask

from kg.errors import KgError
from kg.settings import Settings
from kg.web import create_app, serve


def make_app() -> Flask:
    """The WSGI application with the settings of the environment, for any WSGI server (`server:make_app()`)."""
    return create_app(Settings.from_environ(os.environ))


if __name__ == "__main__":
    try:
        serve(Settings.from_environ(os.environ))
    except KgError as error:
        sys.exit(f"{error}\nWhat to do: {error.remedy}" if error.remedy else str(error))
