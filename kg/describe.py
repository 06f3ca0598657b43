"""The graph about the graph: what a snapshot holds, as a SPARQL service description and as VoID and DCAT, in N-Triples.

What the catalogue says of the dataset and of its graphs is repeated as it stands; the counts are counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from kg.formats import FORMATS
from kg.namespaces import DCTERMS_TITLE, PREFIXES, RDF_TYPE, VOID_DATASET, VOID_URI_SPACE
from kg.settings import UNION
from kg.sources import is_reference
from kg.sparql import iri_term, string_term
from kg.store import Readable, Term

_SD: Final = PREFIXES["sd"]
_VOID: Final = PREFIXES["void"]
_DCAT: Final = PREFIXES["dcat"]
_INTEGER: Final = f"{PREFIXES['xsd']}integer"
_NAMESPACE: Final = re.compile(r".*[#/]")

# Source: Unique URIs for file formats, https://www.w3.org/ns/formats/
_FORMAT_IRI: Final = "http://www.w3.org/ns/formats/"
W3C_FORMATS: Final = {
    "json": "SPARQL_Results_JSON",
    "xml": "SPARQL_Results_XML",
    "csv": "SPARQL_Results_CSV",
    "tsv": "SPARQL_Results_TSV",
    "turtle": "Turtle",
    "ntriples": "N-Triples",
    "jsonld": "JSON-LD",
    "rdfxml": "RDF_XML",
    "trig": "TriG",
    "nquads": "N-Quads",
    "n3": "N3",
}

DATASET_QUERY: Final = (
    "SELECT ?subject ?predicate ?object ?graph WHERE { GRAPH ?graph { ?subject ?predicate ?object } }"
)
"""All quads of the named graphs, graph by graph."""

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
    """A named graph."""

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


@dataclass(frozen=True)
class Addresses:
    """Where the service that describes itself is reached: absolute URLs."""

    endpoint: str
    graph_store: str
    void: str


def read_dataset(snapshot: Readable) -> Dataset:
    """What a snapshot holds; reads all of it once.

    Raises:
        QueryError: the engine cannot evaluate it.
    """
    description = snapshot.description
    union = description.default_graph == UNION
    pattern = _UNION_PATTERN if union else _NAMED_PATTERN
    counted = [(graph.value, int(count.value)) for graph, count in _rows(snapshot, _GRAPHS)]
    catalog = next((row[0].value for row in _rows(snapshot, _CATALOG)), description.base)
    classes = f"SELECT ?o (COUNT(DISTINCT ?s) AS ?n) WHERE {{ {pattern} VALUES ?p {{ <{RDF_TYPE}> }} }} GROUP BY ?o"
    properties = f"SELECT DISTINCT ?p WHERE {pattern} ORDER BY ?p"
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
        properties=tuple(row[0].value for row in _rows(snapshot, properties)),
        classes=tuple(
            sorted((name.value, int(count.value)) for name, count in _rows(snapshot, classes) if name.kind == "iri")
        ),
        catalogue=_catalogue(snapshot, [catalog, *(iri for iri, _ in counted)]),
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


def service_description(dataset: Dataset, at: Addresses) -> str:
    """The service: its endpoint, language, features, result formats and dataset.

    Source: SPARQL 1.1 Service Description §3.
    """
    return _ntriples([*_service(dataset, at), *_dataset(dataset, at)], _titles(dataset))


def dataset_description(dataset: Dataset, at: Addresses) -> str:
    """The dataset that the service answers from: its default graph and its named graphs.

    Source: SPARQL 1.1 Service Description §3.2.6 to §3.2.9.
    """
    return _ntriples(_dataset(dataset, at), _titles(dataset))


def void_description(dataset: Dataset, at: Addresses) -> str:
    """The dataset as VoID, with what its catalogue says in DCAT: licence, addresses, vocabularies, counts, subsets.

    Source: Describing Linked Datasets with the VoID Vocabulary §2 to §4 and §7.
    """
    return _ntriples(_void(dataset, at), dataset.catalogue.splitlines(keepends=True))


def _service(dataset: Dataset, at: Addresses) -> Iterator[str]:
    node = iri_term(at.endpoint)
    yield f"{node} <{RDF_TYPE}> <{_SD}Service>"
    yield f"{node} <{_SD}endpoint> {node}"
    yield f"{node} <{_SD}supportedLanguage> <{_SD}SPARQL11Query>"
    if dataset.union:
        yield f"{node} <{_SD}feature> <{_SD}UnionDefaultGraph>"
    for row in FORMATS:
        if row.name in W3C_FORMATS:
            yield f"{node} <{_SD}resultFormat> <{_FORMAT_IRI}{W3C_FORMATS[row.name]}>"
    yield f"{node} <{_SD}defaultDataset> {iri_term(dataset.iri)}"


def _dataset(dataset: Dataset, at: Addresses) -> Iterator[str]:
    node = iri_term(dataset.iri)
    default = iri_term(f"{at.endpoint}#default-graph")
    yield f"{node} <{RDF_TYPE}> <{_SD}Dataset>"
    yield f"{node} <{_SD}defaultGraph> {default}"
    yield f"{default} <{RDF_TYPE}> <{_SD}Graph>"
    yield f"{default} <{_VOID}triples> {_integer(dataset.default_triples)}"
    for graph in dataset.graphs:
        named = iri_term(f"{at.endpoint}#named-graph/{quote(graph.iri, safe='')}")
        iri = iri_term(graph.iri)
        yield f"{node} <{_SD}namedGraph> {named}"
        yield f"{named} <{RDF_TYPE}> <{_SD}NamedGraph>"
        yield f"{named} <{_SD}name> {iri}"
        yield f"{named} <{_SD}graph> {iri}"
        yield f"{iri} <{RDF_TYPE}> <{_SD}Graph>"
        yield f"{iri} <{_VOID}triples> {_integer(graph.triples)}"


def _void(dataset: Dataset, at: Addresses) -> Iterator[str]:
    node = iri_term(dataset.iri)
    yield f"{node} <{RDF_TYPE}> <{VOID_DATASET}>"
    yield f"{node} <{_VOID}sparqlEndpoint> {iri_term(at.endpoint)}"
    yield f"{node} <{VOID_URI_SPACE}> {string_term(dataset.base)}"
    for name, count in (
        ("triples", dataset.triples),
        ("entities", dataset.entities),
        ("classes", len(dataset.classes)),
        ("properties", len(dataset.properties)),
    ):
        yield f"{node} <{_VOID}{name}> {_integer(count)}"
    for namespace in _namespaces([*dataset.properties, *(name for name, _ in dataset.classes)]):
        yield f"{node} <{_VOID}vocabulary> {iri_term(namespace)}"
    for name, count in dataset.classes:
        partition = iri_term(f"{at.void}#class/{quote(name, safe='')}")
        yield f"{node} <{_VOID}classPartition> {partition}"
        yield f"{partition} <{_VOID}class> {iri_term(name)}"
        yield f"{partition} <{_VOID}entities> {_integer(count)}"
    for graph in dataset.graphs:
        iri = iri_term(graph.iri)
        yield f"{node} <{_VOID}subset> {iri}"
        yield f"{iri} <{RDF_TYPE}> <{VOID_DATASET}>"
        yield f"{iri} <{_VOID}triples> {_integer(graph.triples)}"
        dump = f"{at.graph_store}?graph={quote(graph.iri, safe='')}&format=ntriples"
        yield f"{iri} <{_VOID}dataDump> {iri_term(dump)}"


def _titles(dataset: Dataset) -> Iterator[str]:
    for line in dataset.catalogue.splitlines(keepends=True):
        if line.split(" ", 2)[1] == f"<{DCTERMS_TITLE}>":
            yield line


def _ntriples(triples: Iterable[str], lines: Iterable[str]) -> str:
    return "".join(sorted({f"{triple} .\n" for triple in triples} | set(lines)))


def _integer(number: int) -> str:
    return string_term(str(number), datatype=_INTEGER)


def _namespaces(iris: Iterable[str]) -> list[str]:
    """Where terms come from: what stands before their last `#` or `/`."""
    return sorted({found[0] for iri in iris if (found := _NAMESPACE.match(iri))})


def _rows(snapshot: Readable, query: str) -> Iterator[tuple[Term, ...]]:
    """The rows of an answer that has a value in each column."""
    for row in snapshot.query(query).rows():
        found = tuple(term for term in row if term)
        if len(found) == len(row):
            yield found


def _count(snapshot: Readable, query: str) -> int:
    return next(int(count.value) for (count,) in _rows(snapshot, query))


def _graphs(snapshot: Readable, counted: Sequence[tuple[str, int]]) -> tuple[Graph, ...]:
    iris = _values(iri for iri, _ in counted)
    texts: dict[tuple[str, str], list[tuple[bool, str]]] = {}
    for graph, name, text in _rows(
        snapshot,
        f"PREFIX dcterms: <{PREFIXES['dcterms']}>\n"
        f"SELECT DISTINCT ?graph ?name ?text WHERE {{ VALUES ?graph {{ {iris} }} "
        "VALUES ?name { dcterms:title dcterms:description } GRAPH ?g { ?graph ?name ?text } }",
    ):
        # English before other languages, then by alphabet.
        texts.setdefault((graph.value, name.value), []).append((not text.language.startswith("en"), text.value))
    kinds: dict[str, set[str]] = {}
    for graph, label in _rows(
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
