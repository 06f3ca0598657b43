"""What one snapshot holds: its graphs, classes and properties with their counts, and what its catalogue says of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kg.namespaces import DCTERMS_TITLE, PREFIXES, RDF_TYPE
from kg.settings import UNION
from kg.sources import is_reference, outside_reference
from kg.sparql import iri_term, string_term
from kg.store import Readable, Term

_DCAT: Final = PREFIXES["dcat"]

_GRAPHS_QUERY: Final = (
    "SELECT ?subject ?predicate ?object ?graph WHERE { GRAPH ?graph { ?subject ?predicate ?object } }"
)
_WHOLE_QUERY: Final = (
    "SELECT ?subject ?predicate ?object ?graph "
    "WHERE { { GRAPH ?graph { ?subject ?predicate ?object } } UNION { ?subject ?predicate ?object } }"
)
_DEFAULT_GRAPH: Final = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"

# Where each triple of the dataset is found: in mode union once, else once for each graph that holds it.
_UNION_PATTERN: Final = "{ ?s ?p ?o }"
_NAMED_PATTERN: Final = "{ GRAPH ?g { ?s ?p ?o } }"

_GRAPHS: Final = "SELECT ?g (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g ORDER BY ?g"
_DEFAULT_TRIPLES: Final = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
_CATALOG: Final = """
PREFIX dcat: <http://www.w3.org/ns/dcat#>
SELECT ?catalog WHERE { GRAPH ?g { ?catalog a dcat:Catalog } } ORDER BY ?catalog LIMIT 1
"""


@dataclass(frozen=True)
class Graph:
    """A named graph; one that a blank node names cannot be asked for, and is no part of the list."""

    iri: str
    triples: int
    title: str = ""
    description: str = ""
    kinds: tuple[str, ...] = ()
    """The names of the concepts that the catalogue puts it under, such as its standing."""

    @property
    def is_reference(self) -> bool:
        """Whether it holds data of others, which no merge takes in."""
        return is_reference(self.iri)


@dataclass(frozen=True)
class Dataset:
    """What one snapshot holds."""

    iri: str
    """The IRI of its catalogue; the base IRI where it has none."""
    base: str
    union: bool
    """Whether the default graph is the merge of all named graphs."""
    graphs: tuple[Graph, ...]
    default_triples: int
    triples: int
    entities: int
    """Things with an IRI below the base IRI of which something is said."""
    properties: tuple[str, ...]
    classes: tuple[tuple[str, int], ...]
    """Each class that has an instance, with the number of those."""
    catalogue: str
    """What the catalogue says of the dataset and its graphs, as N-Triples."""
    prefixes: Mapping[str, str]
    """Those that the content is written with."""


def read_dataset(snapshot: Readable) -> Dataset:
    """What a snapshot holds; reads all of it once.

    Raises:
        QueryError: the engine cannot evaluate it.
    """
    description = snapshot.description
    union = description.default_graph == UNION
    pattern = _UNION_PATTERN if union else _NAMED_PATTERN
    counted = [(graph.value, int(count.value)) for graph, count in rows_of(snapshot, _GRAPHS) if graph.kind == "iri"]
    catalog = next((row[0].value for row in rows_of(snapshot, _CATALOG)), description.base)
    classes = f"SELECT ?o (COUNT(DISTINCT ?s) AS ?n) WHERE {{ {pattern} VALUES ?p {{ <{RDF_TYPE}> }} }} GROUP BY ?o"
    properties = f"SELECT ?p WHERE {{ {{ SELECT DISTINCT ?p WHERE {pattern} }} }} ORDER BY ?p"
    triples = f"SELECT (COUNT(*) AS ?n) WHERE {{ SELECT DISTINCT ?s ?p ?o WHERE {pattern} }}"
    entities = (
        f"SELECT (COUNT(DISTINCT ?s) AS ?n) WHERE {{ {pattern} "
        f"FILTER (isIRI(?s) && STRSTARTS(STR(?s), {string_term(description.base)})) }}"
    )
    return Dataset(
        iri=catalog,
        base=description.base,
        union=union,
        graphs=_graphs(snapshot, counted),
        default_triples=_count(snapshot, _DEFAULT_TRIPLES),
        triples=_count(snapshot, triples),
        entities=_count(snapshot, entities),
        properties=tuple(row[0].value for row in rows_of(snapshot, properties)),
        classes=tuple(
            sorted((name.value, int(count.value)) for name, count in rows_of(snapshot, classes) if name.kind == "iri")
        ),
        catalogue=_catalogue(snapshot, [catalog, *(iri for iri, _ in counted)]),
        prefixes=description.prefixes,
    )


def graph_query(iri: str | None) -> str:
    """A query for all triples of a named graph, or of the default graph.

    >>> graph_query("https://a.example/graph/x")
    'CONSTRUCT { ?s ?p ?o } WHERE { GRAPH <https://a.example/graph/x> { ?s ?p ?o } }'

    Raises:
        ValueError: `iri` is not an absolute IRI.
    """
    if iri is None:
        return _DEFAULT_GRAPH
    return f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH {iri_term(iri)} {{ ?s ?p ?o }} }}"


def dataset_query(*, union: bool) -> str:
    """A query for all quads of a dataset; those of its default graph too, unless that is the merge of the others."""
    return _GRAPHS_QUERY if union else _WHOLE_QUERY


def merge_query(*, union: bool) -> str:
    """A query for all triples of a dataset, whichever graph holds them, but those of reference."""
    if union:
        return _DEFAULT_GRAPH
    named = f"GRAPH ?g {{ ?s ?p ?o }} {outside_reference('g')}"
    return f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {{ ?s ?p ?o }} UNION {{ {named} }} }}"


def rows_of(snapshot: Readable, query: str) -> Iterator[tuple[Term, ...]]:
    """The rows of an answer that has a value in each column."""
    for row in snapshot.query(query).rows():
        found = tuple(term for term in row if term)
        if len(found) == len(row):
            yield found


def _count(snapshot: Readable, query: str) -> int:
    return next(int(count.value) for (count,) in rows_of(snapshot, query))


def _graphs(snapshot: Readable, counted: Sequence[tuple[str, int]]) -> tuple[Graph, ...]:
    iris = _values(iri for iri, _ in counted)
    texts: dict[tuple[str, str], list[tuple[bool, str]]] = {}
    for graph, name, text in rows_of(
        snapshot,
        f"PREFIX dcterms: <{PREFIXES['dcterms']}>\n"
        f"SELECT DISTINCT ?graph ?name ?text WHERE {{ VALUES ?graph {{ {iris} }} "
        "VALUES ?name { dcterms:title dcterms:description } GRAPH ?g { ?graph ?name ?text } }",
    ):
        # English before other languages, then by alphabet.
        texts.setdefault((graph.value, name.value), []).append((not text.language.startswith("en"), text.value))
    kinds: dict[str, set[str]] = {}
    for graph, label in rows_of(
        snapshot,
        f"PREFIX skos: <{PREFIXES['skos']}>\n"
        f"SELECT DISTINCT ?graph ?label WHERE {{ VALUES ?graph {{ {iris} }} "
        "GRAPH ?g { ?graph ?property ?concept } GRAPH ?h { ?concept skos:prefLabel ?label } }",
    ):
        kinds.setdefault(graph.value, set()).add(label.value)
    return tuple(
        Graph(
            iri,
            triples,
            title=_best(texts.get((iri, DCTERMS_TITLE))),
            description=_best(texts.get((iri, f"{PREFIXES['dcterms']}description"))),
            kinds=tuple(sorted(kinds.get(iri, ()))),
        )
        for iri, triples in counted
    )


def _best(texts: list[tuple[bool, str]] | None) -> str:
    return min(texts)[1] if texts else ""


def _catalogue(snapshot: Readable, things: Sequence[str]) -> str:
    """What is said of the catalogue, of the datasets that it lists, and of the graphs."""
    query = (
        f"PREFIX dcat: <{_DCAT}>\nCONSTRUCT {{ ?thing ?p ?o }} WHERE {{\n"
        f"  {{ VALUES ?thing {{ {_values(things)} }} }}\n"
        "  UNION { GRAPH ?c { ?catalog a dcat:Catalog ; dcat:dataset ?thing } }\n"
        "  GRAPH ?g { ?thing ?p ?o }\n}"
    )
    return snapshot.query(query).serialize("ntriples", {}).decode("utf-8")


def _values(iris: Iterable[str]) -> str:
    return " ".join(iri_term(iri) for iri in iris)
