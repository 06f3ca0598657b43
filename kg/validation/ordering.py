"""In which order the triple patterns of a constraint are looked up: from `$this` on, and closures last.

rdflib puts patterns that know as many terms of each other in the order of their names. A pattern such as
`?value a/rdfs:subClassOf* ?class` may so come before the one that finds `?value`, and is then answered with everything
of the class, at each focus node: twice the change takes four times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from rdflib.paths import AlternativePath, InvPath, MulPath, SequencePath
from rdflib.plugins.sparql.algebra import traverse
from rdflib.plugins.sparql.parserutils import CompValue
from rdflib.plugins.sparql.sparql import Query
from rdflib.term import BNode, Node, Variable

_THIS: Final = Variable("this")

Pattern = tuple[Node, Any, Node]


def put_in_order(query: Query) -> Query:
    """The same query, each of its groups of triple patterns in the order in which they are best looked up."""
    traverse(query.algebra, visitPre=_reorder)
    return query


def _reorder(part: object) -> None:
    if isinstance(part, CompValue) and part.name == "BGP":
        part["triples"] = ordered(part.triples)


def ordered(patterns: Sequence[Pattern]) -> list[Pattern]:
    """The patterns, each time the one of which most is known by then; of several the one without a closure."""
    left, found = list(patterns), list[Pattern]()
    known: set[Node] = {_THIS}
    while left:
        best = min(left, key=lambda pattern: (_unknown(pattern, known), _has_closure(pattern[1])))
        left.remove(best)
        found.append(best)
        known.update(best)
    return found


def _unknown(pattern: Pattern, known: set[Node]) -> int:
    return sum(isinstance(term, Variable | BNode) and term not in known for term in pattern)


def _has_closure(path: object) -> bool:
    if isinstance(path, SequencePath | AlternativePath):
        return any(_has_closure(step) for step in path.args)
    return isinstance(path, MulPath) or (isinstance(path, InvPath) and _has_closure(path.arg))
