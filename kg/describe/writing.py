"""A dataset told in RDF: as a SPARQL service description, and as VoID and DCAT, in N-Triples.

What the catalogue says of the dataset and of its graphs is repeated as it stands; the counts are counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final
from urllib.parse import quote

from kg.describe.dataset import Dataset
from kg.describe.partitions import MOST_QUADS, Partitions, PropertyPartition
from kg.formats import FORMATS
from kg.namespaces import DCTERMS_TITLE, PREFIXES, RDF_TYPE, VOID_DATASET, VOID_URI_SPACE, shorten
from kg.sparql import iri_term, string_term

_SD: Final = PREFIXES["sd"]
_VOID: Final = PREFIXES["void"]
_DCAT: Final = PREFIXES["dcat"]
_DCTERMS: Final = PREFIXES["dcterms"]
# Source: Extensions to the Vocabulary of Interlinked Datasets, http://ldf.fi/void-ext
_VOID_EXT: Final = "http://ldf.fi/void-ext#"
# Source: IANA, Media Types; DCAT 3, Property: media type.
_MEDIA_TYPES: Final = "https://www.iana.org/assignments/media-types/"
_LICENCE: Final = f"{_DCTERMS}license"
_COMMENT: Final = f"{PREFIXES['rdfs']}comment"
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


@dataclass(frozen=True)
class Download:
    """A file that holds the dataset, or its links."""

    address: str
    """An absolute URL."""
    title: str
    media_type: str
    """Of what is in it, where it is compressed."""
    compressed: bool = False
    """Whether it is a gzip file."""
    whole: bool = True
    """Whether it holds all of the dataset."""
    standard: str = ""
    """The IRI of what it conforms to, beside its media type."""


@dataclass(frozen=True)
class Addresses:
    """Where the service that describes itself is reached: absolute URLs."""

    endpoint: str
    graph_store: str
    void: str
    downloads: tuple[Download, ...] = ()
    calls: bool = False
    """Whether a query may call other endpoints."""


def service_description(dataset: Dataset, at: Addresses) -> str:
    """The service: its endpoint, language, features, result formats and dataset.

    A default graph that leaves graphs of reference out is not claimed to be the union of all.

    Source: SPARQL 1.1 Service Description §3 and §4.2.
    """
    return _ntriples([*_service(dataset, at), *_dataset(dataset, at)], _titles(dataset))


def dataset_description(dataset: Dataset, at: Addresses) -> str:
    """The dataset that the service answers from: its default graph and its named graphs.

    Source: SPARQL 1.1 Service Description §3.2.6 to §3.2.9.
    """
    return _ntriples(_dataset(dataset, at), _titles(dataset))


def void_description(dataset: Dataset, at: Addresses, partitions: Partitions) -> str:
    """The dataset as VoID, with what its catalogue says in DCAT: licence, addresses, vocabularies, counts, subsets.

    Source: Describing Linked Datasets with the VoID Vocabulary §2 to §4 and §7; DCAT 3, Class: Distribution.
    """
    lines = dataset.catalogue.splitlines(keepends=True)
    licence = next((line.split(" ", 2)[2].strip(" .\n") for line in lines if _is_licence(line, dataset.iri)), "")
    return _ntriples(
        chain(_void(dataset, at), _partitions(dataset, at, partitions), _distributions(dataset, at, licence)), lines
    )


def _service(dataset: Dataset, at: Addresses) -> Iterator[str]:
    node = iri_term(at.endpoint)
    yield f"{node} <{RDF_TYPE}> <{_SD}Service>"
    yield f"{node} <{_SD}endpoint> {node}"
    yield f"{node} <{_SD}supportedLanguage> <{_SD}SPARQL11Query>"
    if dataset.union and not _left_out(dataset):
        yield f"{node} <{_SD}feature> <{_SD}UnionDefaultGraph>"
    if at.calls:
        yield f"{node} <{_SD}feature> <{_SD}BasicFederatedQuery>"
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
    if dataset.union and (left_out := _left_out(dataset)):
        told = f"The merge of all named graphs but those of reference: {', '.join(map(iri_term, left_out))}."
        yield f"{default} <{_COMMENT}> {string_term(told, language='en')}"
    for graph in dataset.graphs:
        named = iri_term(f"{at.endpoint}#named-graph/{quote(graph.iri, safe='')}")
        iri = iri_term(graph.iri)
        yield f"{node} <{_SD}namedGraph> {named}"
        yield f"{named} <{RDF_TYPE}> <{_SD}NamedGraph>"
        yield f"{named} <{_SD}name> {iri}"
        yield f"{named} <{_SD}graph> {iri}"
        yield f"{iri} <{RDF_TYPE}> <{_SD}Graph>"
        yield f"{iri} <{_VOID}triples> {_integer(graph.triples)}"


def _left_out(dataset: Dataset) -> list[str]:
    """The graphs that are no part of a default graph that is a merge."""
    return [graph.iri for graph in dataset.graphs if graph.is_reference]


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
    for graph in dataset.graphs:
        iri = iri_term(graph.iri)
        yield f"{node} <{_VOID}subset> {iri}"
        yield f"{iri} <{RDF_TYPE}> <{VOID_DATASET}>"
        yield f"{iri} <{_VOID}triples> {_integer(graph.triples)}"
        dump = f"{at.graph_store}?graph={quote(graph.iri, safe='')}&format=ntriples"
        yield f"{iri} <{_VOID}dataDump> {iri_term(dump)}"


def _partitions(dataset: Dataset, at: Addresses, partitions: Partitions) -> Iterator[str]:
    node = iri_term(dataset.iri)
    names = _Names(dataset.prefixes)
    yield from _properties(node, f"{at.void}#", partitions.properties, names)
    for name, count in dataset.classes:
        start = f"{at.void}#class/{names[name]}"
        yield from _class(node, start, name, _entities(count))
        yield from _properties(iri_term(start), f"{start}/", partitions.of_classes.get(name, ()), names)
    for iri, graph in partitions.graphs.items():
        start = f"{at.void}#graph/{names[iri]}/"
        yield from _properties(iri_term(iri), start, graph.properties, names)
        for name, count in graph.classes:
            yield from _class(iri_term(iri), f"{start}class/{names[name]}", name, _entities(count))
    if not partitions.whole:
        told = f"Above {MOST_QUADS:,} statements, partitions of classes and of graphs by property are not counted."
        yield f"{node} <{_COMMENT}> {string_term(told, language='en')}"


def _properties(
    node: str, start: str, partitions: Iterable[PropertyPartition], names: Mapping[str, str]
) -> Iterator[str]:
    for partition in partitions:
        address = f"{start}property/{names[partition.iri]}"
        own = iri_term(address)
        yield f"{node} <{_VOID}propertyPartition> {own}"
        yield f"{own} <{_VOID}property> {iri_term(partition.iri)}"
        yield f"{own} <{_VOID}triples> {_integer(partition.triples)}"
        if partition.subjects:
            yield f"{own} <{_VOID}distinctSubjects> {_integer(partition.subjects)}"
            yield f"{own} <{_VOID}distinctObjects> {_integer(partition.objects)}"
        for name, count in partition.classes:
            led_to = f"{address}/class/{names[name]}"
            # Editors look for the first, other programs for the second.
            yield from _class(own, led_to, name, f"<{_VOID}triples> {_integer(count)}")
            yield f"{own} <{_VOID_EXT}objectClassPartition> {iri_term(led_to)}"
        for name, count in partition.datatypes:
            datatype = iri_term(f"{address}/datatype/{names[name]}")
            yield f"{own} <{_VOID_EXT}datatypePartition> {datatype}"
            yield f"{datatype} <{_VOID_EXT}datatype> {iri_term(name)}"
            yield f"{datatype} <{_VOID}triples> {_integer(count)}"


class _Names(dict[str, str]):
    """What stands for an IRI in a fragment: its prefixed name where it has one."""

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        self._prefixes = prefixes

    def __missing__(self, iri: str) -> str:
        name = self[iri] = quote(shorten(iri, self._prefixes).strip("<>"), safe=":")
        return name


def _entities(count: int) -> str:
    return f"<{_VOID}entities> {_integer(count)}"


def _class(node: str, address: str, name: str, counted: str) -> Iterator[str]:
    partition = iri_term(address)
    yield f"{node} <{_VOID}classPartition> {partition}"
    yield f"{partition} <{_VOID}class> {iri_term(name)}"
    yield f"{partition} {counted}"


def _distributions(dataset: Dataset, at: Addresses, licence: str) -> Iterator[str]:
    """Source: DCAT 3, Class: Distribution."""
    node = iri_term(dataset.iri)
    for download in at.downloads:
        file = iri_term(download.address)
        yield f"{node} <{_DCAT}distribution> {file}"
        if download.whole:
            yield f"{node} <{_VOID}dataDump> {file}"
        yield f"{file} <{RDF_TYPE}> <{_DCAT}Distribution>"
        yield f"{file} <{DCTERMS_TITLE}> {string_term(download.title, language='en')}"
        yield f"{file} <{_DCAT}accessURL> {file}"
        yield f"{file} <{_DCAT}downloadURL> {file}"
        yield f"{file} <{_DCAT}mediaType> <{_MEDIA_TYPES}{download.media_type}>"
        if download.compressed:
            yield f"{file} <{_DCAT}compressFormat> <{_MEDIA_TYPES}application/gzip>"
        if download.standard:
            yield f"{file} <{_DCTERMS}conformsTo> {iri_term(download.standard)}"
        if licence:
            yield f"{file} <{_LICENCE}> {licence}"


def _is_licence(line: str, iri: str) -> bool:
    return line.startswith(f"{iri_term(iri)} <{_LICENCE}> ")


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
