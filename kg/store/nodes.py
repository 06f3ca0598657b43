"""Blank nodes: each has a name where changes are kept, and none where a state is read.

    <https://kg.example/.well-known/genid/b1f-c14n0>     in the ledger, in the primary store, in what is judged
    _:b1f-c14n0                                          in every state that queries are asked of

The name and the label say the same, so that either is made of the other without looking anything up. An IRI of that
form which somebody writes means the node.

Source: RDF 1.1 Concepts §3.5 (replacing blank nodes with IRIs, and back).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from pyoxigraph import BlankNode, NamedNode, Quad, RdfFormat, Store, serialize

from kg.namespaces import GENID
from kg.store.patch import Changeset, quads_of
from kg.store.results import Term

_FILE: Final = "nodes.txt"
# A label that Turtle, SPARQL and RDF/XML take as it is.
_LABEL: Final = "[A-Za-z][A-Za-z0-9_-]*"


@dataclass(frozen=True)
class Naming:
    """How the blank nodes of a graph are named."""

    base: str
    """The base IRI of the graph."""

    @cached_property
    def prefix(self) -> str:
        """What each name starts with; a label follows."""
        return f"{self.base}{GENID}"

    @cached_property
    def _name(self) -> re.Pattern[str]:
        return re.compile(f"{re.escape(self.prefix)}({_LABEL})")

    def name(self, label: str) -> NamedNode:
        """The name of the blank node with a label."""
        return NamedNode(f"{self.prefix}{label}")

    def new(self) -> NamedNode:
        """The name of a blank node that stands nowhere yet."""
        return self.name(f"b{uuid4().hex}")

    def label(self, iri: str) -> str:
        """The label of the blank node that an IRI names; empty where it names none."""
        found = self._name.fullmatch(iri) if iri.startswith(self.prefix) else None
        return found[1] if found else ""

    def named(self, term: Term) -> Term:
        """A term of an answer, with the name of a blank node in its place."""
        return Term("iri", f"{self.prefix}{term.value}") if term.kind == "blank" else term

    def blank(self, quad: Quad) -> Quad:
        """A quad with its blank nodes in place of their names."""
        subject, value, graph = map(self._blank, (quad.subject, quad.object, quad.graph_name))
        return Quad(subject, quad.predicate, value, graph)

    def blank_changes(self, changes: Changeset) -> Changeset:
        """A changeset with its blank nodes in place of their names."""
        return Changeset(
            added=tuple(sorted(self.blank_lines(changes.added))),
            removed=tuple(sorted(self.blank_lines(changes.removed))),
        )

    def blank_lines(self, lines: Iterable[str]) -> list[str]:
        """N-Quads statements with their blank nodes in place of their names, in any order."""
        concerned: list[str] = []
        others: list[str] = []
        for line in lines:
            (concerned if self.prefix in line else others).append(line)
        if concerned:
            text = serialize(map(self.blank, quads_of(concerned)), format=RdfFormat.N_QUADS) or b""
            others += text.decode().split("\n")[:-1]
        return others

    def labels(self, lines: Iterable[str]) -> set[str]:
        """The labels of all blank nodes that are named in N-Quads statements, and maybe of some that are no nodes."""
        found: set[str] = set()
        for line in lines:
            if self.prefix in line:
                found.update(re.findall(f"<{re.escape(self.prefix)}({_LABEL})>", line))
        return found

    def _blank(self, term: Any) -> Any:
        label = self.label(term.value) if isinstance(term, NamedNode) else ""
        return BlankNode(label) if label else term


def read_labels(folder: Path) -> frozenset[str] | None:
    """The labels of the blank nodes in the snapshot of a folder; None where they were not written down.

    Raises:
        OSError: they cannot be read.
    """
    try:
        return frozenset((folder / _FILE).read_text(encoding="ascii").split())
    except FileNotFoundError:
        return None


def write_labels(folder: Path, labels: Iterable[str]) -> None:
    """Write down the labels of all blank nodes in the snapshot of a folder.

    Raises:
        OSError: they cannot be written.
    """
    (folder / _FILE).write_text("".join(f"{label}\n" for label in sorted(labels)), encoding="ascii")


def take_names(store: Store, labels: Iterable[str], naming: Naming) -> None:
    """Put blank nodes in place of their names in a store; labels that it does not hold do no harm."""
    concerned = {quad for label in labels for quad in quads_about(store, naming.name(label))}
    for quad in concerned:
        store.remove(quad)
    store.extend(map(naming.blank, concerned))
    for graph in {quad.graph_name for quad in concerned}:
        if naming.label(getattr(graph, "value", "")):
            store.remove_graph(graph)


def quads_about(store: Store, node: NamedNode | BlankNode) -> Iterator[Quad]:
    """The quads that a node stands in: as subject, as value, or as the name of their graph."""
    yield from store.quads_for_pattern(node, None, None, None)
    yield from store.quads_for_pattern(None, None, node, None)
    yield from store.quads_for_pattern(None, None, None, node)
