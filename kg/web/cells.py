"""Terms and rows of tables as HTML: what a page holds by the hundred, which a template would be slow at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Final

from markupsafe import Markup, escape

from kg.answer import Cell
from kg.web.links import ABOUT_PATH, entity_hrefs
from kg.web.translation import ENGLISH, text

_Href = Callable[[str], str]
_LONG_CHARACTERS: Final = 60
_SHORT_CHARACTERS: Final = 12


def term_html(cell: Cell, *, brief: bool = False) -> Markup:
    """A term: a thing leads to its page here, and one that lives elsewhere also to where it lives.

    `brief` leaves out IRIs and datatypes, and gives things in place of a text that lists their IRIs, if all have names.
    """
    return Markup(_term(cell, entity_hrefs(), brief=brief))  # noqa: S704 - each value in it is escaped


def terms_html(cells: Iterable[Cell]) -> Markup:
    """Some terms, brief, with semicolons between them."""
    href = entity_hrefs()
    return Markup("; ".join([_term(cell, href, brief=True) for cell in cells]))  # noqa: S704 - each value in it is escaped


def row_html(cells: Sequence[Cell | None], labels: Sequence[str] = (), *, brief: bool = False) -> Markup:
    """The cells of a row of a table; `labels` are the headings to repeat in them, one each or none at all."""
    href, pairs = entity_hrefs(), zip(cells, labels or repeat(""), strict=False)
    return Markup("".join([_table_cell(cell, href, label, brief=brief) for cell, label in pairs]))  # noqa: S704 - as above


def _table_cell(cell: Cell | None, href: _Href, label: str, *, brief: bool) -> str:
    if cell is None:
        return "<td></td>"
    literal = cell.kind == "literal"
    things = _named_things(cell) if brief else ()
    shown = sum(len(thing.label) for thing in things) if things else len(cell.label or cell.value)
    if cell.numeric:
        kind = ' class="number"'
    elif (literal or (brief and cell.kind == "iri")) and shown > _LONG_CHARACTERS:
        kind = ' class="long"'
    elif literal and len(cell.value) <= _SHORT_CHARACTERS:
        kind = ' class="short"'
    else:
        kind = ""
    heading = f' data-label="{escape(label)}"' if label else ""
    return f"<td{heading}{kind}>{_term(cell, href, brief=brief)}</td>"


def _term(cell: Cell, href: _Href, *, brief: bool) -> str:
    if cell.kind == "iri":
        return _thing(cell, href(cell.value), brief=brief)
    if cell.kind != "literal":
        return escape(cell.value)
    if brief and (things := _named_things(cell)):
        return "; ".join([_thing(thing, href(thing.value), brief=True) for thing in things])
    language, word = cell.language, ""
    if (language and language != ENGLISH) or (cell.short and not brief):
        word = f'<span class="kind">{escape(language or cell.short)}</span>'
    spoken = f' lang="{escape(language)}"' if language else ""
    return f'<span class="text" dir="auto"{spoken}>{escape(cell.value)}</span>{word}'


def _named_things(cell: Cell) -> Sequence[Cell]:
    """The things that a text lists, if all of them have names."""
    return cell.things if all(thing.label for thing in cell.things) else ()


def _thing(cell: Cell, address: str, *, brief: bool) -> str:
    link = f'<a href="{escape(address)}" dir="auto">{escape(cell.label or cell.short)}</a>'
    if brief:
        return link
    if cell.link and address.startswith(ABOUT_PATH):
        there = cell.short if cell.label else text("as a web address")
        outside = f'<a href="{escape(cell.value)}" rel="external noreferrer">{escape(there)}</a>'
        return f'{link}<span class="iri">{outside}</span>'
    return f'{link}<span class="iri">{escape(cell.short)}</span>' if cell.label else link
