"""The sections of the site: what the line below its name leads to."""

from __future__ import annotations

from typing import Final

from flask import current_app, url_for

from kg.web.translation import text

# The view that a section starts with, and what it is called; a view that is not there has no section.
_SECTIONS: Final = (
    ("explore.explore", "Explore"),
    ("questions.question_list", "Questions"),
    ("editor.editor", "Query"),
    ("vocabulary.vocabulary", "Vocabulary"),
    ("contribute.form", "Contribute"),
    ("history.history", "History"),
    ("datasets.data", "Data"),
)


def site_sections() -> list[tuple[str, str]]:
    """The address and the name of each section, in their order."""
    there = current_app.view_functions
    return [(url_for(view), text(name)) for view, name in _SECTIONS if view in there]
