"""A store as it will be: its quads with changes that are only remembered, so that the store itself stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any, Final

from pyoxigraph import BlankNode, DefaultGraph, NamedNode, Quad, RdfFormat, Store, serialize

from kg.store.nodes import Naming, quads_about, take_names
from kg.store.patch import Changeset, is_apart

Scratch = Callable[[], AbstractContextManager[Store]]
"""Gives a copy of the store that may be written to, and takes it away again."""

DEFAULT: Final = DefaultGraph()


NewNode = Callable[[], BlankNode | NamedNode]
"""Gives a node that stands nowhere yet: a blank node, or an IRI in its place."""


@dataclass(frozen=True)
class Nodes:
    """The blank nodes of a store, and those that are new to it."""

    new: NewNode = BlankNode
    naming: Naming | None = None
    """How the store names them; None: it holds them as they are."""
    labels: Callable[[], Collection[str]] = frozenset
    """Gives the labels of all that are named in it, and maybe of some that are not there any more."""

    def blank(self, quads: Iterable[Quad]) -> set[Quad]:
        """Quads of the store without names."""
        return {*map(self.naming.blank, quads)} if self.naming else {*quads}


AS_THEY_ARE: Final = Nodes()
"""Those of a store without names for them."""


class Pending:
    """A store and a net change to it.

    With `merges`, its default graph is the merge of all named graphs: the change is about named graphs, and the copy
    that is evaluated on gets each triple once more. Where the store names its blank nodes, the change is about
    the names, and the copy that is evaluated on has none.
    """

    def __init__(
        self, store: Store, scratch: Scratch, stack: ExitStack, *, merges: bool, nodes: Nodes = AS_THEY_ARE
    ) -> None:
        """The copy that `scratch` gives is made when it is needed, and kept as long as `stack` is open."""
        self._store = store
        self._scratch = scratch
        self._stack = stack
        self._merges = merges
        self._nodes = nodes
        self._copy: Store | None = None
        self._added = Store()
        self._removed: set[Quad] = set()
        self.size = 0
        """How many quads are added or removed."""

    def quads(self, subject: Any, predicate: Any, value: Any, graph: Any) -> Iterator[Quad]:
        """The quads that match a pattern, in which None matches everything."""
        for quad in self._store.quads_for_pattern(subject, predicate, value, graph):
            if quad not in self._removed:
                yield quad
        yield from self._added.quads_for_pattern(subject, predicate, value, graph)

    def holds(self, quad: Quad) -> bool:
        """Whether a quad is there."""
        return quad in self._added or (quad in self._store and quad not in self._removed)

    def graph(self, name: NamedNode | BlankNode | DefaultGraph) -> Iterator[Quad]:
        """The quads of one graph."""
        return self.quads(None, None, None, name)

    def node(self, found: BlankNode) -> NamedNode | BlankNode | None:
        """What a blank node that was found by evaluating is called here; None where it stands nowhere."""
        naming = self._nodes.naming
        called = naming.name(found.value) if naming else found
        held = any(quad not in self._removed for quad in quads_about(self._store, called))
        return called if held or any(True for _ in quads_about(self._added, called)) else None

    def named_graphs(self) -> set[NamedNode | BlankNode]:
        """The names of the graphs, and maybe of some that are empty."""
        return {*self._store.named_graphs(), *self._added.named_graphs()}

    def change(self, removed: set[Quad], added: set[Quad]) -> None:
        """Change it: first remove quads that are there, then add quads that are not."""
        for quad in removed:
            if quad in self._added:
                self._added.remove(quad)
                self.size -= 1
            else:
                self._removed.add(quad)
                self.size += 1
        back = added & self._removed
        self._removed -= back
        self._added.extend(added - back)
        self.size += len(added) - 2 * len(back)
        if self._copy is not None:
            self._write(self._copy, removed, added)

    def evaluated_on(self) -> Store:
        """A store with just these quads, to ask and not to change: the store itself as long as that is the same."""
        if self._copy is None:
            naming, labels = self._nodes.naming, self._nodes.labels()
            if self.size or labels:
                self._copy = self._stack.enter_context(self._scratch())
                if naming:
                    take_names(self._copy, labels, naming)
                self._write(self._copy, self._removed, set(self._added))
        return self._store if self._copy is None else self._copy

    def changeset(self) -> Changeset:
        """The net change, in code point order."""
        return Changeset(added=_lines(self._added), removed=_lines(self._removed))

    def _write(self, copy: Store, removed: set[Quad], added: set[Quad]) -> None:
        removed, added = self._nodes.blank(removed), self._nodes.blank(added)
        for quad in removed:
            copy.remove(quad)
        copy.extend(added)
        if self._merges:
            copy.extend(in_default(quad) for quad in added)
            for triple in {in_default(quad) for quad in removed}:
                others = copy.quads_for_pattern(triple.subject, triple.predicate, triple.object, None)
                if all(other.graph_name == DEFAULT or is_apart(other) for other in others):
                    copy.remove(triple)


def in_default(quad: Quad) -> Quad:
    """The triple of a quad, in the default graph."""
    return Quad(quad.subject, quad.predicate, quad.object, DEFAULT)


def _lines(quads: Store | set[Quad]) -> tuple[str, ...]:
    written = serialize(quads, format=RdfFormat.N_QUADS) or b""
    return tuple(sorted(written.decode().split("\n")[:-1]))
