"""The texts of pages in the language of who reads them; English where there is no translation.

Templates mark their texts by `_("…")` and `{% trans %}`. A translation is a catalogue of GNU gettext,
`translations/<language>/LC_MESSAGES/kg.mo`, and is picked up by being there.
"""

from __future__ import annotations

import gettext
import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from flask import Flask, has_request_context, request

ENGLISH: Final = "en"
_FOLDER: Final = Path(__file__).parent / "translations"
_DOMAIN: Final = "kg"
_UNPRINTABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def install_translation(app: Flask) -> None:
    """Let the templates of an application speak the languages that there are."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    install = app.jinja_env.install_gettext_callables  # type: ignore[attr-defined] # comes with the extension
    install(text, _texts, newstyle=True)
    app.context_processor(lambda: {"page_language": page_language()})


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """The languages that pages can be read in, English first."""
    return (ENGLISH, *sorted(path.parts[-3] for path in _FOLDER.glob(f"*/LC_MESSAGES/{_DOMAIN}.mo")))


def page_language() -> str:
    """The language of the page that is being made: the one that its reader likes best of those there are."""
    if not has_request_context():
        return ENGLISH
    return request.accept_languages.best_match(languages(), default=ENGLISH) or ENGLISH


def text(message: str) -> str:
    """A text of a page, which is written in English, in the language of the page."""
    return _catalogue(page_language()).gettext(message)


def printable(value: str) -> str:
    """A text without what XML cannot hold.

    Source: Extensible Markup Language (XML) 1.0 §2.2.
    """
    return _UNPRINTABLE.sub("\ufffd", value)


@lru_cache(maxsize=32)
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation(_DOMAIN, _FOLDER, languages=[language], fallback=True)


def _texts(singular: str, plural: str, number: int) -> str:
    return _catalogue(page_language()).ngettext(singular, plural, number)
