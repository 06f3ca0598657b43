"""The texts of pages: each is marked for translation, and a translation that is there is used and kept apart."""

import re
import struct
from pathlib import Path

import pytest

from kg.settings import Settings
from kg.web import create_app
from kg.web.translation import Translations, printable
from tests.pages import main_of

TEMPLATES = sorted((Path(__file__).parents[2] / "kg/web/templates").glob("*.html"))
# Names that are the same in every language.
NAMES = {"OpenAPI", "BibTeX", "CSL-JSON", "dump."}
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_TRANSLATED = re.compile(r"\{%-?\s*trans\b.*?endtrans\s*-?%\}", re.DOTALL)
_FOREIGN = re.compile(r"<(script|style|code|pre)\b.*?</\1>", re.DOTALL)
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_SHOWN_ATTRIBUTE = re.compile(r'(?:aria-label|title|placeholder|alt)="([^"]*)"')
_WORD = re.compile(r"[A-Za-z]{2}")


def unmarked(template: str) -> set[str]:
    """The texts of a template that no translation would reach."""
    rest = _TRANSLATED.sub(" ", _COMMENT.sub("", template))
    shown = [_EXPRESSION.sub(" ", value) for value in _SHOWN_ATTRIBUTE.findall(rest)]
    rest = re.sub(r"<[^>]*>", "\n", _EXPRESSION.sub(" ", _FOREIGN.sub(" ", rest)))
    return {text.strip() for text in (*rest.split("\n"), *shown) if _WORD.search(text)} - NAMES


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_each_text_of_a_page_is_marked_for_translation(path: Path) -> None:
    assert unmarked(path.read_text(encoding="utf-8")) == set()


def test_there_are_pages_and_a_text_that_is_not_marked_is_seen() -> None:
    assert len(TEMPLATES) > 40
    page = '<h1>{{ _("Marked") }}</h1><p>Not marked</p><input placeholder="Nor this">{% trans %}Marked{% endtrans %}'
    assert unmarked(page) == {"Not marked", "Nor this"}


def translated(folder: Path, language: str, texts: dict[str, str]) -> Translations:
    """A folder with one translation. Source: the manual of GNU gettext, "The Format of GNU MO Files"."""
    pairs = sorted({"": "Content-Type: text/plain; charset=UTF-8\n", **texts}.items())
    blocks = [text.encode() + b"\0" for side in (0, 1) for text in (pair[side] for pair in pairs)]
    start, table = 28 + 16 * len(pairs), b""
    for block in blocks:
        table += struct.pack("<II", len(block) - 1, start)
        start += len(block)
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    path = folder / language / "LC_MESSAGES/kg.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(head + table + b"".join(blocks))
    return Translations(folder)


@pytest.mark.parametrize(
    ("accepted", "heading", "language"),
    [("fr-CH, fr;q=0.9, en;q=0.8", "Historique", "fr"), ("de, en;q=0.5", "History", "en"), ("", "History", "en")],
)
def test_a_page_speaks_the_language_that_its_reader_likes_best(
    library: Path, tmp_path: Path, accepted: str, heading: str, language: str
) -> None:
    french = translated(tmp_path / "translations", "fr", {"History": "Historique"})
    client = create_app(Settings(state=library), translations=french).test_client()
    page = client.get("/history", headers={"Accept": "text/html", "Accept-Language": accepted})
    assert f"<h1>{heading}</h1>" in main_of(page.text)
    assert f'<html lang="{language}">' in page.text
    assert "Accept-Language" in page.headers["Vary"]


def test_with_one_language_no_answer_depends_on_the_reader(library: Path) -> None:
    client = create_app(Settings(state=library)).test_client()
    page = client.get("/history", headers={"Accept": "text/html", "Accept-Language": "fr"})
    assert '<html lang="en">' in page.text
    assert "Accept-Language" not in page.headers["Vary"]
    assert Translations().chosen("fr, de") == "en"


def test_what_xml_cannot_hold_is_shown_as_such() -> None:
    assert printable("a\x00b\x1f\tc\n\ufffe\U0001f30d\u0627") == "a\ufffdb\ufffd\tc\n\ufffd\U0001f30d\u0627"
