"""How a snapshot divides: by property, by class, and by what the properties of a class lead to; for completion.

Source: Describing Linked Datasets with the VoID Vocabulary §4.5 (Class- and Property-Based Partitions).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from kg.describe.dataset import rows_of
from kg.namespaces import RDF_TYPE
from kg.settings import UNION
from kg.store import Readable, Term

MOST_QUADS: Final = 1_000_000
"""Of a larger snapshot no more is counted than the statements of each property."""

_IN_GRAPHS: Final = """\
SELECT ?g ?p (COUNT(*) AS ?n) (COUNT(DISTINCT ?s) AS ?subjects) (COUNT(DISTINCT ?o) AS ?objects)
WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g ?p"""
_CLASSES_IN_GRAPHS: Final = (
    f"SELECT ?g ?c (COUNT(*) AS ?n) WHERE {{ GRAPH ?g {{ ?s <{RDF_TYPE}> ?c }} }} GROUP BY ?g ?c"
)


@dataclass(frozen=True)
class PropertyPartition:
    """The triples of one property, in a dataset or of the things of a class."""

    iri: str
    triples: int
    subjects: int = 0
    """How many different subjects; 0: not counted."""
    objects: int = 0
    classes: tuple[tuple[str, int], ...] = ()
    """The classes of objects, each with the number of triples that lead to a thing of it."""
    datatypes: tuple[tuple[str, int], ...] = ()
    """The datatypes of objects that are literals, each with the number of triples."""


@dataclass(frozen=True)
class GraphPartitions:
    """How one named graph divides."""

    properties: tuple[PropertyPartition, ...] = ()
    classes: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Partitions:
    """How a snapshot divides; everything in alphabetical order."""

    properties: tuple[PropertyPartition, ...]
    """Of all triples of the dataset, each counted once in however many graphs it stands."""
    of_classes: Mapping[str, tuple[PropertyPartition, ...]] = field(default_factory=dict)
    """The properties of the things of each class, but for the one that tells their class."""
    graphs: Mapping[str, GraphPartitions] = field(default_factory=dict)
    whole: bool = True
    """Whether all is counted: else only the triples of each property of the dataset."""


def read_partitions(snapshot: Readable, *, most_quads: int = MOST_QUADS) -> Partitions:
    """How a snapshot divides; reads it some times over, unless it has more than so many quads.

    Raises:
        QueryError: the engine cannot evaluate it.
    """
    triples = _pattern(snapshot, "?s ?p ?o", "g")
    if snapshot.description.quads > most_quads:
        counted = rows_of(snapshot, f"SELECT ?p (COUNT(*) AS ?n) WHERE {{ {triples} }} GROUP BY ?p ORDER BY ?p")
        return Partitions(tuple(PropertyPartition(iri.value, int(count.value)) for iri, count in counted), whole=False)
    counts = "(COUNT(*) AS ?n) (COUNT(DISTINCT ?s) AS ?subjects) (COUNT(DISTINCT ?o) AS ?objects)"
    return Partitions(
        properties=tuple(
            _counted(iri, numbers)
            for iri, *numbers in rows_of(snapshot, f"SELECT ?p {counts} WHERE {{ {triples} }} GROUP BY ?p ORDER BY ?p")
        ),
        of_classes=_of_classes(snapshot, triples),
        graphs=_of_graphs(snapshot),
    )


def _of_classes(snapshot: Readable, triples: str) -> dict[str, tuple[PropertyPartition, ...]]:
    class_of_subject = _pattern(snapshot, f"?s <{RDF_TYPE}> ?c", "h")
    class_of_object = _pattern(snapshot, f"?o <{RDF_TYPE}> ?d", "i")
    things = f"{class_of_subject} {triples} FILTER (?p != <{RDF_TYPE}>)"
    classes = _nested(snapshot, f"{things} {class_of_object}")
    datatypes = _nested(snapshot, f"{things} FILTER (isLiteral(?o)) BIND (DATATYPE(?o) AS ?d)")
    found: dict[str, list[PropertyPartition]] = {}
    for name, iri, count in rows_of(
        snapshot, f"SELECT ?c ?p (COUNT(*) AS ?n) WHERE {{ {things} }} GROUP BY ?c ?p ORDER BY ?c ?p"
    ):
        if name.kind == "iri":
            key = (name.value, iri.value)
            partition = PropertyPartition(
                iri.value, int(count.value), classes=_sorted(classes.get(key)), datatypes=_sorted(datatypes.get(key))
            )
            found.setdefault(name.value, []).append(partition)
    return {name: tuple(partitions) for name, partitions in found.items()}


def _nested(snapshot: Readable, pattern: str) -> dict[tuple[str, str], list[tuple[str, int]]]:
    """What `?d` stands for, with the number of triples, by class and property."""
    found: dict[tuple[str, str], list[tuple[str, int]]] = {}
    query = f"SELECT ?c ?p ?d (COUNT(*) AS ?n) WHERE {{ {pattern} }} GROUP BY ?c ?p ?d"
    for name, iri, led_to, count in rows_of(snapshot, query):
        if led_to.kind == "iri":
            found.setdefault((name.value, iri.value), []).append((led_to.value, int(count.value)))
    return found


def _of_graphs(snapshot: Readable) -> dict[str, GraphPartitions]:
    properties: dict[str, list[PropertyPartition]] = {}
    for graph, iri, *numbers in rows_of(snapshot, f"{_IN_GRAPHS} ORDER BY ?g ?p"):
        properties.setdefault(graph.value, []).append(_counted(iri, numbers))
    classes: dict[str, list[tuple[str, int]]] = {}
    for graph, name, count in rows_of(snapshot, _CLASSES_IN_GRAPHS):
        if name.kind == "iri":
            classes.setdefault(graph.value, []).append((name.value, int(count.value)))
    return {
        graph: GraphPartitions(tuple(partitions), _sorted(classes.get(graph)))
        for graph, partitions in properties.items()
    }


def _counted(iri: Term, numbers: Sequence[Term]) -> PropertyPartition:
    triples, subjects, objects = (int(number.value) for number in numbers)
    return PropertyPartition(iri.value, triples, subjects, objects)


def _pattern(snapshot: Readable, triple: str, graph: str) -> str:
    """Where each such triple of the dataset is found, once."""
    if snapshot.description.default_graph == UNION:
        return f"{{ {triple} }}"
    variables = " ".join(word for word in triple.split() if word.startswith("?"))
    return f"{{ SELECT DISTINCT {variables} WHERE {{ GRAPH ?{graph} {{ {triple} }} }} }}"


def _sorted(counted: Iterable[tuple[str, int]] | None) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counted or ()))
