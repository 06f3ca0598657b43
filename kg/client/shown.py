"""What notebooks show, as HTML; all text of the graph is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from rdflib.term import Literal, Node, URIRef

_MOST_ROWS: Final = 50
_MOST_CHARACTERS: Final = 300


def table_html(columns: Sequence[str], rows: Sequence[Sequence[Node | str | None]]) -> str:
    """The first rows as a table, with a line that tells how many there are."""
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(term)}</td>' for term in row)}</tr>" for row in rows[:_MOST_ROWS])
    shown = f"the first {_MOST_ROWS} of " if len(rows) > _MOST_ROWS else ""
    count = f"{shown}{len(rows):,} row{'' if len(rows) == 1 else 's'}"
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{count}</p>"


def _cell(term: Node | str | None) -> str:
    if term is None:
        return ""
    text = str(term)
    shown = escape(text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…")
    if isinstance(term, URIRef) and text.startswith(("http://", "https://")):
        return f'<a href="{escape(text)}" rel="noreferrer">{shown}</a>'
    if isinstance(term, Literal) and term.language:
        return f'<span lang="{escape(term.language)}">{shown}</span>'
    return shown
