"""What a stored query of the group `search` must be: what it gives, and where it can be asked of some things only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from kg.sparql import Token, iri_term, significant, tokenize

COLUMNS: Final = {
    "things": ("thing",),
    "names": ("thing", "text", "role"),
    "descriptions": ("thing", "text", "role"),
    "kinds": ("thing", "kind"),
    "facets": ("thing", "facet", "value"),
    "dates": ("thing", "date"),
    "weights": ("thing", "weight"),
    "facet-names": ("facet", "facetLabel"),
    "spellings": ("written", "same"),
}
"""Name of a query of the group -> the columns that it has, the first ones."""

ABOUT_THINGS: Final = tuple(name for name, columns in COLUMNS.items() if columns[0] == "thing")
"""The queries that can be asked of some things only."""

ALL_THINGS: Final = "VALUES ?thing { UNDEF }"
"""What stands wherever a query binds its things: as it is written, it stands for all of them."""

_SIGNS: Final = ("VALUES", "?THING", "{", "UNDEF", "}")


def fault_of(name: str, text: str, columns: Sequence[str]) -> tuple[str, str]:
    """What is wrong with a query of the group, and what to do; both are empty where nothing is.

    >>> fault_of("dates", "SELECT ?thing ?date {}", ["thing", "date"])[0]
    'it cannot be asked of some things only'
    """
    if name not in COLUMNS:
        return f"the search has no use for {name}", f"name it {', '.join(COLUMNS)}"
    needed = COLUMNS[name]
    if tuple(columns[: len(needed)]) != needed:
        return (
            "its first columns are not those that the search reads",
            f"select {' '.join(f'?{one}' for one in needed)}",
        )
    if name in ABOUT_THINGS and not _places(tokenize(text)):
        return "it cannot be asked of some things only", f"write `{ALL_THINGS}` where it binds ?thing"
    return "", ""


def of_things(text: str, iris: Iterable[str] | None = None) -> str:
    """The text of a query asked of some things only; of all without any. What is no absolute IRI is left out.

    >>> of_things("SELECT ?thing { VALUES ?thing { UNDEF } ?thing a ?c }", ["x:a", "no IRI"])
    'SELECT ?thing { VALUES ?thing { <x:a> } ?thing a ?c }'
    >>> of_things("SELECT ?thing { VALUES ?thing { UNDEF } ?thing a ?c }")
    'SELECT ?thing {  ?thing a ?c }'
    """
    written = "" if iris is None else f"VALUES ?thing {{ {' '.join(_terms(iris))} }}"
    for start, end in reversed(_places(tokenize(text))):
        text = text[:start] + written + text[end:]
    return text


def _places(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Where the VALUES for all things stand, as character offsets."""
    meaning = significant(tokens)
    size = len(_SIGNS)
    return [
        (meaning[at].start, meaning[at + size - 1].end)
        for at in range(len(meaning) - size + 1)
        if tuple(token.text.upper() for token in meaning[at : at + size]) == _SIGNS
    ]


def _terms(iris: Iterable[str]) -> list[str]:
    terms = []
    for iri in iris:
        try:
            terms.append(iri_term(iri))
        except ValueError:
            continue
    return terms
