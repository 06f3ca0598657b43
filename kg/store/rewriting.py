"""A query as a remote store is asked it: so that it sees what it would see in the embedded store, and nothing else.

Each step changes the text between tokens, and leaves all that is written as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from kg.sparql import Token, significant, tokenize
from kg.store.primary import HISTORY

MERGE: Final = "urn:x-kg:merge"
"""The graph that holds the merge of all others, in a store whose default graph cannot."""

_OWN: Final = f"<{HISTORY}>, <{MERGE}>"
_DEPTH: Final = {"(": 1, ")": -1}


def without_own_graphs(text: str) -> str:
    """A query that does not see the graphs of our own where it looks into each graph, by GRAPH and a variable.

    A group that has `GRAPH ?g` binds `?g` to the name of a graph, so a filter of that group leaves out just those.

    >>> without_own_graphs("ASK { GRAPH ?g { ?s ?p ?o } }")
    'ASK { FILTER (?g NOT IN (<urn:x-kg:history>, <urn:x-kg:merge>)) GRAPH ?g { ?s ?p ?o } }'
    """
    tokens = tuple(tokenize(text))
    return _inserted(
        text,
        (
            (token.start, f"FILTER ({name.text} NOT IN ({_OWN})) ")
            for token, name in pairwise(significant(tokens))
            if token.keyword == "GRAPH" and name.kind == "var"
        ),
    )


def within_merge(text: str) -> str:
    """A query that names no dataset, asked of the graph of the merge where it would be asked of the default graph.

    Groups within GRAPH are asked of the graph that they name, as before. A DESCRIBE without a pattern stays as it is.

    Source: SPARQL 1.1 Query §18.6: Graph(name, P) evaluates P with that graph as the active one, subqueries too.

    >>> within_merge("SELECT * { ?s ?p ?o } LIMIT 1")
    'SELECT * { GRAPH <urn:x-kg:merge> { ?s ?p ?o } } LIMIT 1'
    >>> within_merge("CONSTRUCT WHERE { ?s ?p ?o }")
    'CONSTRUCT { ?s ?p ?o } WHERE { GRAPH <urn:x-kg:merge> { ?s ?p ?o } }'
    """
    tokens = tuple(significant(tokenize(text)))
    groups = _groups(tokens)
    if not groups or any(token.keyword == "VALUES" for token in tokens[: groups[0][0]]):
        return text
    construct = next((place for place, token in enumerate(tokens) if token.keyword == "CONSTRUCT"), None)
    has_template = construct is not None and tokens[construct + 1].text == "{"
    first, last = (tokens[place] for place in groups[1 if has_template else 0])
    insertions = [(first.end, f" GRAPH <{MERGE}> {{"), (last.start, "} ")]
    if construct is not None and not has_template:
        insertions.insert(0, (tokens[construct].end, f" {text[first.start : last.end]}"))
    return _inserted(text, insertions)


def without_calls(text: str) -> str:
    """A query of the same syntax, each place where it was, that calls no other service: GRAPH in place of SERVICE.

    >>> without_calls("ASK { SERVICE SILENT <http://e/> {} }")
    'ASK { GRAPH          <http://e/> {} }'
    """
    words = {"SERVICE": "GRAPH  ", "SILENT": "      "}
    return "".join(words.get(token.keyword, token.text) for token in tokenize(text))


def names_dataset(text: str) -> bool:
    """Whether a query says itself which graphs it is asked of."""
    tokens = tuple(significant(tokenize(text)))
    return any(token.keyword == "FROM" for token in tokens)


def _groups(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Where the outermost groups of a query begin and end; one between round brackets is part of an expression."""
    found: list[tuple[int, int]] = []
    open_at: list[int] = []
    round_depth = 0
    for place, token in enumerate(tokens):
        if not open_at:
            round_depth += _DEPTH.get(token.text, 0)
        if token.text == "{" and not round_depth:
            open_at.append(place)
        elif token.text == "}" and open_at:
            start = open_at.pop()
            if not open_at:
                found.append((start, place))
    return found


def _inserted(text: str, insertions: Iterable[tuple[int, str]]) -> str:
    """A text with others put in at places of it, which come in order."""
    parts = []
    before = 0
    for place, inserted in insertions:
        parts += [text[before:place], inserted]
        before = place
    return "".join([*parts, text[before:]])
