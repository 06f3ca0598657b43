"""Scripts and styles that are built for browsers: their addresses for templates, and the files themselves.

`kg/web/assets/` holds their sources, `make assets` builds them into `static/build/`. The name of a built file holds a
digest of its content, so browsers may keep it for ever. Pages do without them where they have not been built.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, current_app, request, send_from_directory, url_for

from kg.web.problems import Problem

blueprint = Blueprint("built", __name__)

MANIFEST: Final = "manifest.json"
_FOLDER: Final = "build"
_YEAR_SECONDS: Final = 365 * 24 * 3600

# The first that a browser accepts is sent. Both are written when the file is built.
_ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
# Source: RFC 9239 §6 for scripts, which must have this type under `nosniff`.
_TYPES: Final = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


def asset(name: str) -> str:
    """The address of a built file, by the name that its source has (`editor.js`); empty where it has not been built."""
    try:
        manifest = json.loads((_folder() / MANIFEST).read_text("utf-8"))
    except FileNotFoundError:
        return ""
    built = manifest.get(name, "")
    return url_for("built.file", name=built) if built else ""


@blueprint.app_context_processor
def _for_templates() -> dict[str, Any]:
    return {"asset": asset}


@blueprint.get("/static/build/<name>")
def file(name: str) -> Response:
    """A built file, compressed where the browser accepts that.

    Source: RFC 9110 §12.5.3; RFC 8246 for `immutable`.

    Raises:
        Problem: there is no such file.
    """
    content_type = _TYPES.get(Path(name).suffix)
    folder = _folder()
    if content_type is None or not (folder / name).is_file():
        raise Problem("not-found", f"There is no file {request.path}", remedy="load the page again")
    encoding, extension = next(
        (
            (encoding, extension)
            for encoding, extension in _ENCODINGS
            if request.accept_encodings.quality(encoding) > 0 and (folder / f"{name}{extension}").is_file()
        ),
        ("", ""),
    )
    response = send_from_directory(folder, f"{name}{extension}", max_age=_YEAR_SECONDS)
    response.content_type = content_type
    response.headers.remove("Content-Disposition")  # the name of the compressed copy
    response.cache_control.public = True
    response.cache_control.immutable = True
    response.vary.add("Accept-Encoding")
    if encoding:
        response.content_encoding = encoding
    return response


def _folder() -> Path:
    return Path(current_app.static_folder or "") / _FOLDER
