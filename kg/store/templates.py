"""Templates of SPARQL updates: quads with variables in them, which are filled in for each solution."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Store, Triple

from kg.sparql.updates import with_terms
from kg.store.pending import NewNode, Pending


@dataclass(frozen=True)
class Template:
    """Quads in which IRIs of their own stand for variables."""

    quads: tuple[Quad, ...]
    nodes: tuple[BlankNode, ...]
    """The blank nodes in it; each solution has its own."""


class Made:
    """The nodes that a request makes: those of its templates, and those that BNODE() in a WHERE makes."""

    def __init__(self, pending: Pending, new_node: NewNode) -> None:
        self._pending = pending
        self._made: dict[BlankNode, Any] = {}
        self.new: Final = new_node

    def of(self, value: Any) -> Any:
        """A value of a solution, as the store has it; a blank node that it does not hold is new, each time the same."""
        if not isinstance(value, BlankNode):
            return value
        if value not in self._made:
            self._made[value] = self._pending.node(value) or self.new()
        return self._made[value]


def marks_for(names: Sequence[str], text: str) -> dict[str, NamedNode]:
    """An IRI for each variable of a request that no `text` writes, as it holds a digest of that text."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {name: NamedNode(f"urn:variable:{digest}:{number}") for number, name in enumerate(names)}


def read_template(
    prologue: str, block: str, *, marks: Mapping[str, NamedNode], graph: NamedNode | DefaultGraph
) -> Template:
    """The template that a block writes; what stands outside of GRAPH is about `graph`.

    The engine reads it, as data: it resolves names, and makes triples of lists and brackets, as it does for itself.

    Raises:
        SyntaxError: it can be no data, even with an IRI for each variable.
    """
    read = Store()
    if block:
        read.update(f"{prologue} INSERT DATA {with_terms(block, {name: f' {mark} ' for name, mark in marks.items()})}")
    quads = tuple(
        quad if quad.graph_name != DefaultGraph() else Quad(quad.subject, quad.predicate, quad.object, graph)
        for quad in read
    )
    nodes = (node for quad in quads for node in _blank_nodes((quad.subject, quad.object)))
    return Template(quads, tuple(dict.fromkeys(nodes)))


def fill(template: Template, values: Mapping[Any, Any], new_node: NewNode) -> Iterator[Quad]:
    """The quads of a template for one solution; one with an unbound variable or that is no RDF is left out.

    `values` gives a term, or None, for the mark of each variable.

    Source: SPARQL 1.1 Update §3.1.3.1 and §4.2.1: illegal triples are skipped, blank nodes are fresh in each solution.
    """
    known = {**values, **{node: new_node() for node in template.nodes}} if template.nodes else values
    for quad in template.quads:
        subject, predicate, value = (_filled(term, known) for term in (quad.subject, quad.predicate, quad.object))
        graph = known.get(quad.graph_name, quad.graph_name)
        if _is_triple(subject, predicate, value) and isinstance(graph, NamedNode | DefaultGraph):
            yield Quad(subject, predicate, value, graph)


def _filled(term: Any, known: Mapping[Any, Any]) -> Any:
    if not isinstance(term, Triple):
        return known.get(term, term)
    parts = [_filled(part, known) for part in (term.subject, term.predicate, term.object)]
    return Triple(*parts) if _is_triple(*parts) else None


def _is_triple(subject: Any, predicate: Any, value: Any) -> bool:
    return (
        isinstance(subject, NamedNode | BlankNode)
        and isinstance(predicate, NamedNode)
        and isinstance(value, NamedNode | BlankNode | Literal | Triple)
    )


def _blank_nodes(terms: Iterable[Any]) -> Iterator[BlankNode]:
    for term in terms:
        if isinstance(term, BlankNode):
            yield term
        elif isinstance(term, Triple):
            yield from _blank_nodes((term.subject, term.object))
