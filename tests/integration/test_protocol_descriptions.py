"""What the service says of itself: SPARQL 1.1 Service Description, VoID, DCAT; by each way and in each format."""

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import rdflib
from flask.testing import FlaskClient
from rdflib.namespace import DCAT, DCTERMS, RDF, VOID

from kg.describe import W3C_FORMATS, Addresses, read_dataset, read_partitions, void_description
from kg.formats import FORMATS, formats_for
from kg.namespaces import GENID
from kg.settings import STRICT, UNION, Settings
from kg.store import Snapshot, Snapshots
from kg.web import create_app
from tests.protocol import (
    BASE,
    BROWSER,
    CATALOG,
    GRAPH_ROWS,
    HTML,
    JSON,
    RDFLIB_FORMATS,
    SD,
    Graphs,
    Triples,
    graph_of,
    problem_of,
    triples_of,
)
from tests.states import build_into

# rdflib's parsers call what rdflib itself deprecates.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")


@pytest.mark.parametrize(
    ("path", "row"),
    [
        pytest.param(path, row, id=f"{path}-{row.name}")
        for path in ("/sparql", "/graphs", "/.well-known/void")
        for row in GRAPH_ROWS
        if path != "/graphs" or row.name not in ("jsonld", "trig", "nquads")  # these hold the dataset itself
    ],
)
def test_descriptions_say_the_same_in_each_format(small: Path, path: str, row: Any) -> None:
    client = create_app(Settings(state=small / "state")).test_client()
    turtle = set(graph_of(client.get(path)))
    by_accept = client.get(path, headers={"Accept": row.media_type})
    assert by_accept.content_type == row.content_type
    assert "Accept" in by_accept.vary
    by_name = client.get(path, query_string={"format": row.name}, headers={"Accept": "text/html"})
    assert triples_of(by_accept, row.name) == triples_of(by_name, row.name) == turtle


def test_service_description_of_the_service(client: FlaskClient) -> None:
    found = graph_of(client.get("/sparql", base_url="https://kg.example:8443"))
    endpoint = rdflib.URIRef("https://kg.example:8443/sparql")
    assert list(found.subjects(RDF.type, SD.Service)) == [endpoint]
    assert list(found.objects(endpoint, SD.endpoint)) == [endpoint]
    assert list(found.objects(endpoint, SD.supportedLanguage)) == [SD.SPARQL11Query]
    assert not list(found.objects(endpoint, SD.feature))  # graphs of reference are left out
    formats = {
        str(iri).removeprefix("http://www.w3.org/ns/formats/") for iri in found.objects(endpoint, SD.resultFormat)
    }
    assert formats == set(W3C_FORMATS.values())
    assert set(W3C_FORMATS) == {row.name for row in FORMATS} - {"html"}


def test_service_description_of_a_service_that_may_call_others(state: Path) -> None:
    services = frozenset({("https://other.example/sparql", "https://other.example/sparql")})
    calling = create_app(Settings(state=state, services=services)).test_client()
    features = graph_of(calling.get("/sparql")).objects(rdflib.URIRef("http://localhost/sparql"), SD.feature)
    assert {*features} == {SD.BasicFederatedQuery}


@pytest.mark.parametrize("left_out", [True, False])
def test_the_union_of_all_graphs_is_claimed_only_where_none_is_left_out(
    small: Path, tmp_path: Path, left_out: bool
) -> None:
    state = small / "state"
    if left_out:
        content = shutil.copytree(small / "content", tmp_path / "content")
        (content / "data/external").mkdir()
        (content / "data/external/areas.ttl").write_text("<https://theirs.example/a> a <https://theirs.example/A> .")
        state = tmp_path / "state"
        build_into(state, content)
    found = graph_of(create_app(Settings(state=state)).test_client().get("/sparql"))
    assert list(found.subject_objects(SD.feature)) == (
        [] if left_out else [(rdflib.URIRef("http://localhost/sparql"), SD.UnionDefaultGraph)]
    )
    default = found.value(predicate=SD.defaultGraph)
    told = [str(text) for text in found.objects(default, rdflib.RDFS.comment)]
    assert [("graph/reference/areas>" in text) for text in told] == [True] * left_out


def test_service_description_of_the_dataset(client: FlaskClient, published: Graphs, merged: Triples) -> None:
    found = graph_of(client.get("/sparql"))
    dataset = found.value(rdflib.URIRef("http://localhost/sparql"), SD.defaultDataset)
    assert dataset == rdflib.URIRef(f"{BASE}catalog")
    assert (dataset, RDF.type, SD.Dataset) in found
    assert found.value(found.value(dataset, SD.defaultGraph), VOID.triples).toPython() == len(merged)
    named = {
        str(found.value(node, SD.name)): found.value(node, SD.graph) for node in found.objects(dataset, SD.namedGraph)
    }
    assert set(named) == set(published)
    for iri, graph in named.items():
        assert found.value(graph, VOID.triples).toPython() == len(published[iri])
        stated = {o for s, p, o in merged if (str(s), p) == (iri, DCTERMS.title)}
        assert set(found.objects(graph, DCTERMS.title)) == stated != set()


def test_service_description_in_strict_mode(publish: Callable[[str], Path]) -> None:
    found = graph_of(create_app(Settings(state=publish(STRICT))).test_client().get("/sparql"))
    assert not list(found.objects(None, SD.feature))
    (default,) = found.objects(None, SD.defaultGraph)
    assert found.value(default, VOID.triples).toPython() == 0


def test_descriptions_follow_the_snapshot(publish: Callable[[str], Path], small_content: Path) -> None:
    books = rdflib.URIRef("https://library.example/graph/books")
    library = create_app(Settings(state=publish(UNION))).test_client()
    before = graph_of(library.get("/sparql")).value(books, VOID.triples)
    with (small_content / "data/books.trig").open("a") as file:
        file.write('\n<https://library.example/graph/books> { :emma rdfs:comment "long" }\n')
    publish(UNION)
    after = graph_of(library.get("/sparql")).value(books, VOID.triples)
    assert after.toPython() == before.toPython() + 1


@pytest.mark.parametrize("accept", ["text/html", BROWSER])
def test_endpoint_without_query_is_the_form_for_browsers(client: FlaskClient, accept: str) -> None:
    response = client.get("/sparql", headers={"Accept": accept})
    assert response.content_type == HTML
    assert "<textarea" in response.text
    assert "Accept" in response.vary


@pytest.mark.parametrize("sent", [{"headers": {"Accept": JSON}}, {"query_string": "format=csv"}])
def test_endpoint_without_query_for_a_client_that_expects_solutions(client: FlaskClient, sent: dict[str, Any]) -> None:
    assert "no query" in problem_of(client.get("/sparql", **sent), 400)["detail"]


def test_description_needs_to_know_its_address(client: FlaskClient) -> None:
    assert "Host" in problem_of(client.get("/sparql", headers={"Host": "a b"}), 400)["detail"]


@pytest.mark.parametrize("path", ["/sparql", "/graphs", "/.well-known/void"])
def test_description_is_told_apart_by_address_and_not_sent_again(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    assert "no-cache" in first.headers["Cache-Control"]
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert again.headers["Access-Control-Allow-Origin"] == "*"
    elsewhere = client.get(path, headers={"If-None-Match": first.headers["ETag"]}, base_url="https://kg.example")
    assert elsewhere.status_code == 200
    assert b"https://kg.example/sparql" in elsewhere.data


# VoID and DCAT


@pytest.fixture(scope="module")
def void(client: FlaskClient) -> rdflib.Graph:
    return graph_of(client.get("/.well-known/void"))


DATASET = rdflib.URIRef(f"{BASE}catalog")


def test_void_repeats_the_catalogue(void: rdflib.Graph, published: Graphs) -> None:
    about = {DATASET, *(rdflib.URIRef(iri) for iri in published)}
    assert {triple for triple in published[CATALOG] if triple[0] in about} <= set(void)
    assert (DATASET, RDF.type, DCAT.Catalog) in void
    assert (DATASET, RDF.type, VOID.Dataset) in void
    assert void.value(DATASET, DCTERMS.title) == rdflib.Literal("EMG knowledge graph", lang="en")
    assert void.value(DATASET, DCTERMS.license) == rdflib.URIRef("https://creativecommons.org/licenses/by/4.0/")
    assert void.value(DATASET, VOID.uriSpace).toPython() == BASE


def test_void_names_the_endpoint_and_an_example(void: rdflib.Graph, merged: Triples) -> None:
    assert void.value(DATASET, VOID.sparqlEndpoint) == rdflib.URIRef("http://localhost/sparql")
    examples = set(void.objects(DATASET, VOID.exampleResource))
    assert examples
    assert examples <= {s for s, _, _ in merged}


def test_void_counts(void: rdflib.Graph, merged: Triples) -> None:
    instances = {(s, o) for s, p, o in merged if p == RDF.type}
    expected = {
        VOID.triples: len(merged),
        VOID.entities: len({s for s, _, _ in merged if s.startswith(BASE) and not s.startswith(BASE + GENID)}),
        VOID.classes: len({o for _, o in instances}),
        VOID.properties: len({p for _, p, _ in merged}),
    }
    assert {name: void.value(DATASET, name).toPython() for name in expected} == expected
    partitions = {
        void.value(node, VOID["class"]): void.value(node, VOID.entities).toPython()
        for node in void.objects(DATASET, VOID.classPartition)
    }
    assert partitions == Counter(o for _, o in instances)


def test_void_vocabularies_are_those_in_use(void: rdflib.Graph, merged: Triples) -> None:
    terms = {str(p) for _, p, _ in merged} | {str(o) for _, p, o in merged if p == RDF.type}
    vocabularies = {str(iri) for iri in void.objects(DATASET, VOID.vocabulary)}
    assert {str(RDF), str(DCTERMS), f"{BASE}ontology#"} <= vocabularies
    assert all(any(term.startswith(vocabulary) for term in terms) for vocabulary in vocabularies)
    assert all(any(term.startswith(vocabulary) for vocabulary in vocabularies) for term in terms)


def test_void_subsets_are_the_graphs_and_their_dumps_load(
    client: FlaskClient, void: rdflib.Graph, published: Graphs
) -> None:
    assert {str(iri) for iri in void.objects(DATASET, VOID.subset)} == set(published)
    for iri, triples in published.items():
        assert void.value(rdflib.URIRef(iri), VOID.triples).toPython() == len(triples)
        dump = urlsplit(void.value(rdflib.URIRef(iri), VOID.dataDump))
        assert triples_of(client.get(f"{dump.path}?{dump.query}"), "ntriples") == triples


def test_void_partitions_by_property(void: rdflib.Graph, merged: Triples, published: Graphs) -> None:
    ends: dict[Any, list[tuple[Any, Any]]] = defaultdict(list)
    for s, p, o in merged:
        ends[p].append((s, o))
    expected = {p: (len(pairs), len({s for s, _ in pairs}), len({o for _, o in pairs})) for p, pairs in ends.items()}
    assert _partitions(void, DATASET) == expected
    graph = f"{BASE}graph/links/ror"
    assert {p: counts[0] for p, counts in _partitions(void, rdflib.URIRef(graph)).items()} == Counter(
        p for _, p, _ in published[graph]
    )
    classes = {
        void.value(node, VOID["class"]): void.value(node, VOID.entities).toPython()
        for node in void.objects(rdflib.URIRef(graph), VOID.classPartition)
    }
    assert classes == Counter(o for _, p, o in published[graph] if p == RDF.type)


def _partitions(void: rdflib.Graph, dataset: rdflib.URIRef) -> dict[Any, tuple[int, ...]]:
    counted = (VOID.triples, VOID.distinctSubjects, VOID.distinctObjects)
    return {
        void.value(node, VOID.property): tuple(void.value(node, name).toPython() for name in counted)
        for node in void.objects(dataset, VOID.propertyPartition)
    }


# What editors ask of a description to complete from it; it is how sparql-editor of SIB finds classes and properties.
_OF_EDITORS = """
SELECT ?class ?property ?objectClass ?objectDatatype ?triples WHERE {
  ?partition void:class ?class ; void:propertyPartition ?of .
  ?of void:property ?property .
  { ?of void:classPartition ?led . ?led void:class ?objectClass ; void:triples ?triples }
  UNION
  { ?of void-ext:datatypePartition ?led . ?led void-ext:datatype ?objectDatatype ; void:triples ?triples }
}
"""


def test_void_tells_editors_what_the_properties_of_a_class_lead_to(void: rdflib.Graph, built: Snapshot) -> None:
    prefixes = {"void": VOID, "void-ext": "http://ldf.fi/void-ext#"}
    told = {
        tuple(str(value) if value is not None else "" for value in row)
        for row in void.query(_OF_EDITORS, initNs=prefixes)
    }
    a = f"<{RDF.type}>"
    classes = f"?s {a} ?c . ?s ?p ?o . ?o {a} ?d"
    datatypes = f"?s {a} ?c . ?s ?p ?o . FILTER isLiteral(?o) BIND (DATATYPE(?o) AS ?d)"
    expected = set()
    for pattern, place in ((classes, 2), (datatypes, 3)):
        query = f"SELECT ?c ?p ?d (COUNT(*) AS ?n) {{ {pattern} FILTER (?p != {a}) }} GROUP BY ?c ?p ?d"
        for row in built.query(query).rows():
            name, iri, led_to, count = (term.value if term else "" for term in row)
            cells = ["", ""]
            cells[place - 2] = led_to
            expected.add((name, iri, *cells, count))
    assert len(expected) > 1000
    assert told == expected
    task, concept = f"{BASE}ontology#Task", "http://www.w3.org/2004/02/skos/core#Concept"
    assert any(row[:3] == (f"{BASE}ontology#Workstream", f"{BASE}ontology#task", task) for row in told) or any(
        row[0] == task and row[2] == concept for row in told
    )


def test_partitions_count_each_triple_once_however_the_default_graph_is_made(publish: Callable[[str], Path]) -> None:
    strict = Snapshots(publish(STRICT), memory_quads=1_000_000).current()
    found = read_partitions(strict)
    books = found.of_classes["https://library.example/Book"]
    assert [(each.iri, each.triples, each.classes, each.datatypes) for each in books] == [
        ("http://www.w3.org/2000/01/rdf-schema#label", 2, (), ((str(RDF.langString), 2),)),
        ("https://library.example/writtenBy", 2, (("https://library.example/Person", 2),), ()),
    ]
    [written] = [each for each in found.properties if each.iri == "https://library.example/writtenBy"]
    assert (written.triples, written.subjects, written.objects) == (2, 2, 1)


def test_of_a_large_dataset_only_the_triples_of_properties_are_counted(built: Snapshot, merged: Triples) -> None:
    found = read_partitions(built, most_quads=1000)
    assert not found.whole
    assert (found.of_classes, found.graphs) == ({}, {})
    assert {each.iri: each.triples for each in found.properties} == Counter(str(p) for _, p, _ in merged)
    assert {each.subjects for each in found.properties} == {0}
    at = Addresses("https://a.example/sparql", "https://a.example/graphs", "https://a.example/void")
    told = void_description(read_dataset(built), at, found)
    assert "are not counted" in told
    assert "distinctSubjects" not in told
    assert "are not counted" not in void_description(read_dataset(built), at, read_partitions(built))


def test_the_catalogue_lists_the_files_and_they_are_there(client: FlaskClient, void: rdflib.Graph) -> None:
    files = set(void.objects(DATASET, DCAT.distribution))
    assert len(files) == 13
    media_types = "https://www.iana.org/assignments/media-types/"
    for file in files:
        assert (file, RDF.type, DCAT.Distribution) in void
        assert void.value(file, DCAT.downloadURL) == file
        assert void.value(file, DCTERMS.license) == rdflib.URIRef("https://creativecommons.org/licenses/by/4.0/")
        packed = void.value(file, DCAT.compressFormat)
        reply = client.get(urlsplit(file).path)
        assert reply.status_code == 200
        media_type = str(void.value(file, DCAT.mediaType)).removeprefix(media_types)
        assert reply.mimetype == ("application/gzip" if packed else media_type)
        assert packed in (None, rdflib.URIRef(f"{media_types}application/gzip"))
        assert bool(packed) == file.endswith(".gz")
    [links] = files - {file for file in files if "/dump." in file}
    assert void.value(links, DCTERMS.conformsTo) == rdflib.URIRef("https://w3id.org/sssom/")
    assert set(void.objects(DATASET, VOID.dataDump)) == {
        file for file in files if any(f"dump.{name}" in file for name in ("nq", "trig", "jsonld"))
    }


def test_void_of_content_without_a_licence_or_example(publish: Callable[[str], Path]) -> None:
    found = graph_of(create_app(Settings(state=publish(UNION))).test_client().get("/.well-known/void"))
    catalog = rdflib.URIRef("https://library.example/catalog")
    assert found.value(catalog, DCTERMS.title) == rdflib.Literal("Library", lang="en")
    assert found.value(catalog, DCTERMS.license) is None
    books = rdflib.URIRef("https://library.example/Book")
    [partition] = {*found.subjects(VOID["class"], books)} & {*found.objects(catalog, VOID.classPartition)}
    assert found.value(partition, VOID.entities).toPython() == 2


def test_every_graph_format_is_tried() -> None:
    assert {row.name for row in GRAPH_ROWS} == set(RDFLIB_FORMATS)
    assert {row.name for row in formats_for("CONSTRUCT")} == {*RDFLIB_FORMATS, "html"}
