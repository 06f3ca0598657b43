"""States of the graph: the committed one, and the one that a change would make, as a view."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, Protocol, TypeAlias

from rdflib import Graph, Literal
from rdflib.namespace import RDF, RDFS
from rdflib.term import Node

Triple: TypeAlias = tuple[Node, Node, Node]


class Triples(Protocol):
    """A set of triples that can be read by pattern; terms are those of rdflib, in the form that the state holds."""

    def triples(self, pattern: tuple[Node | None, Node | None, Node | None], /) -> Iterator[Triple]:
        """The triples that match; None matches every term. One call is one index read."""
        ...


class State:
    """A state as one judgement reads it: each pattern once, whoever asks. No triple is both added and removed."""

    def __init__(self, base: Triples, *, added: Iterable[Triple] = (), removed: Iterable[Triple] = ()) -> None:
        self._base: Final = base
        self._removed: Final = frozenset(removed)
        self._added: Final = Graph()
        for triple in added:
            self._added.add(triple)
        self._read: Final[dict[tuple[Node | None, Node | None, Node | None], tuple[Triple, ...]]] = {}
        self._classes: Final[dict[Node, frozenset[Node]]] = {}

    def matching(self, subject: Node | None, predicate: Node | None, value: Node | None) -> tuple[Triple, ...]:
        """The triples of base, with what is added and without what is removed, that match; None matches every term."""
        if isinstance(subject, Literal):
            return ()
        pattern = (subject, predicate, value)
        if pattern not in self._read:
            self._read[pattern] = tuple(self._matching(pattern))
        return self._read[pattern]

    def classes_of(self, node: Node) -> frozenset[Node]:
        """The classes that a node is a SHACL instance of.

        Source: SHACL §1.1.
        """
        if node not in self._classes:
            found: set[Node] = set()
            open_ = [triple[2] for triple in self.matching(node, RDF.type, None)]
            while open_:
                cls = open_.pop()
                if cls not in found:
                    found.add(cls)
                    open_ += [triple[2] for triple in self.matching(cls, RDFS.subClassOf, None)]
            self._classes[node] = frozenset(found)
        return self._classes[node]

    def __iter__(self) -> Iterator[Triple]:
        return self._matching((None, None, None))

    def has_more_than(self, count: int) -> bool:
        """Whether there are more triples than `count`, found by reading no more than those."""
        return next(islice(self, count, None), None) is not None

    def _matching(self, pattern: tuple[Node | None, Node | None, Node | None]) -> Iterator[Triple]:
        for triple in self._base.triples(pattern):
            if triple not in self._removed and triple not in self._added:
                yield triple
        yield from self._added.triples(pattern)
