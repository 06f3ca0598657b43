"""The texts of pages in the language of who reads them; English where there is no translation.

Templates mark their texts by `_("…")` and `{% trans %}`. A translation is a catalogue of GNU gettext,
`translations/<language>/LC_MESSAGES/kg.mo`, and is picked up by being there.
"""

from __future__ import annotations

import gettext
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final, cast

from flask import Flask, current_app, has_app_context, has_request_context, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

ENGLISH: Final = "en"
FOLDER: Final = Path(__file__).parent / "translations"
"""Where translations are looked for."""
_DOMAIN: Final = "kg"
_EXTENSION: Final = "kg.translations"
_UNPRINTABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Translations:
    """The translations of a folder, each read when it is first needed."""

    folder: Path = FOLDER
    _read: dict[str, gettext.NullTranslations] = field(default_factory=dict)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages that pages can be read in, English first."""
        return (ENGLISH, *sorted(path.parts[-3] for path in self.folder.glob(f"*/LC_MESSAGES/{_DOMAIN}.mo")))

    def chosen(self, accept_language: str) -> str:
        """The language that a reader likes best of those there are.

        Source: RFC 9110 §12.5.4.
        """
        if len(self.languages) == 1:
            return ENGLISH
        accepted = parse_accept_header(accept_language, LanguageAccept)
        return accepted.best_match(self.languages, default=ENGLISH) or ENGLISH

    def catalogue(self, language: str) -> gettext.NullTranslations:
        """The texts in a language; those of the templates where there is none."""
        found = self._read.get(language)
        if found is None:
            found = gettext.translation(_DOMAIN, self.folder, languages=[language], fallback=True)
            self._read[language] = found
        return found


def install_translation(app: Flask, translations: Translations) -> None:
    """Let the templates of an application speak the languages that there are."""
    app.extensions[_EXTENSION] = translations
    app.jinja_env.add_extension("jinja2.ext.i18n")
    install = app.jinja_env.install_gettext_callables  # type: ignore[attr-defined] # comes with the extension
    install(text, _texts, newstyle=True)
    app.context_processor(lambda: {"page_language": page_language()})


def translations_of(app: Flask) -> Translations:
    """The translations that an application was given."""
    return cast("Translations", app.extensions[_EXTENSION])


def page_language() -> str:
    """The language of the page that is being made."""
    if not has_request_context():
        return ENGLISH
    return translations_of(current_app).chosen(request.headers.get("Accept-Language", ""))


def text(message: str) -> str:
    """A text of a page, which is written in English, in the language of the page."""
    return _catalogue().gettext(message)


def printable(value: str) -> str:
    """A text without what XML cannot hold.

    Source: Extensible Markup Language (XML) 1.0 §2.2.
    """
    return _UNPRINTABLE.sub("\ufffd", value)


def _catalogue() -> gettext.NullTranslations:
    if not has_app_context():
        return gettext.NullTranslations()
    translations = translations_of(current_app)
    return translations.catalogue(page_language() if len(translations.languages) > 1 else ENGLISH)


def _texts(singular: str, plural: str, number: int) -> str:
    return _catalogue().ngettext(singular, plural, number)
