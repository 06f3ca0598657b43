"""The pages about terms, over the content of this repository: the ontology, at its address, and the concept schemes."""

import re
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph
import pytest
import rdflib
from flask.testing import FlaskClient
from rdflib.namespace import OWL, RDF, RDFS, SKOS

from kg.settings import Settings
from kg.store import Snapshot, Snapshots
from kg.vocabulary import (
    ANNOTATION_PROPERTY,
    CLASS,
    DATA_PROPERTY,
    OBJECT_PROPERTY,
    VocabularyTerm,
    read_ontology,
    read_schemes,
)
from kg.web.app import create_app
from tests.pages import main_of
from tests.serving import Command
from tests.states import build_into
from tests.stocked import stock
from tests.writing import UPDATE, House, writing

ROOT = Path(__file__).parents[2]
BROWSER = {"Accept": "text/html"}
EMG = "https://w3id.org/unemg/ontology#"
KINDS = {
    OWL.Class: CLASS,
    OWL.ObjectProperty: OBJECT_PROPERTY,
    OWL.DatatypeProperty: DATA_PROPERTY,
    OWL.AnnotationProperty: ANNOTATION_PROPERTY,
}


@pytest.fixture(scope="module")
def written() -> rdflib.Graph:
    """The ontology as it is written in its files."""
    graph = rdflib.Graph()
    for path in sorted((ROOT / "ontology").glob("*.ttl")):
        graph.parse(path)
    return graph


@pytest.fixture(scope="module")
def terms(built: Snapshot) -> dict[str, VocabularyTerm]:
    return {term.iri: term for term in read_ontology(built).terms}


@pytest.fixture
def house(kg_command: Command, small: Path, tmp_path: Path) -> Iterator[House]:
    folder = stock(small, tmp_path / "library")
    with writing(kg_command, folder / "state", tmp_path / "server") as house:
        yield house


def test_each_term_that_is_declared_is_told_of_as_it_is_written(
    terms: dict[str, VocabularyTerm], written: rdflib.Graph
) -> None:
    declared = {
        str(term): kind
        for name, kind in KINDS.items()
        for term in written.subjects(RDF.type, name)
        if term.startswith(EMG)
    }
    assert len(declared) > 150
    assert {iri: term.kind for iri, term in terms.items()} == declared
    for iri, term in terms.items():
        assert term.label == str(written.value(rdflib.URIRef(iri), RDFS.label))
        assert term.definition == str(written.value(rdflib.URIRef(iri), SKOS.definition))


def test_a_class_leads_to_wider_and_narrower_ones_and_to_public_ones(terms: dict[str, VocabularyTerm]) -> None:
    workstream = terms[f"{EMG}Workstream"]
    assert [link.name for link in workstream.broader] == ["working body of the EMG"]
    assert f"{EMG}TaskTeam" in [link.iri for link in workstream.narrower]
    assert ("narrower than", "foaf:Agent") in [(link.relation, link.name) for link in terms[f"{EMG}Agent"].aligned]
    assert not any(link.own for term in terms.values() for link in term.aligned)
    assert workstream.uses == 10


def test_a_property_says_what_it_is_of_and_what_its_values_are(terms: dict[str, VocabularyTerm]) -> None:
    task_of = terms[f"{EMG}taskOf"]
    assert [link.name for link in task_of.domain] == ["task"]
    assert [link.name for link in task_of.range] == ["workstream"]
    assert [link.iri for link in terms[f"{EMG}hasSubGroup"].inverse] == [f"{EMG}subGroupOf"]
    assert [link.iri for link in terms[f"{EMG}subGroupOf"].inverse] == [f"{EMG}hasSubGroup"]


def test_the_page_has_a_place_for_each_term_and_no_link_leads_nowhere(
    client: FlaskClient, terms: dict[str, VocabularyTerm]
) -> None:
    page = client.get("/ontology", headers=BROWSER).text
    places = set(re.findall(r'id="([^"]+)"', page))
    assert {term.name for term in terms.values()} <= places
    assert set(re.findall(r'href="#([^"]+)"', page)) <= places


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("/ontology", "text/turtle", "text/turtle"),
        ("/ontology", "application/rdf+xml", "application/rdf+xml"),
        ("/ontology.ttl", "text/html", "text/turtle"),
        ("/ontology.jsonld", "*/*", "application/ld+json"),
        ("/ontology?format=nt", "text/html", "application/n-triples"),
    ],
)
def test_programs_get_the_graph_of_the_ontology(client: FlaskClient, path: str, accept: str, kind: str) -> None:
    response = client.get(path, headers={"Accept": accept})
    assert response.status_code == 200
    assert response.mimetype == kind
    answered = {
        quad.triple for quad in pyoxigraph.parse(response.data, format=pyoxigraph.RdfFormat.from_media_type(kind))
    }
    files = sorted((ROOT / "ontology").glob("*.ttl"))
    said = {quad.triple for path in files for quad in pyoxigraph.parse(path=str(path))}
    named = {triple for triple in said if not {type(triple.subject), type(triple.object)} & {pyoxigraph.BlankNode}}
    assert len(named) > 1000
    assert named <= answered
    assert len(answered) == len(said)


def test_a_term_is_found_by_its_name_alone(client: FlaskClient) -> None:
    response = client.get("/ontology/TaskTeam")
    assert (response.status_code, response.location) == (303, "/ontology#TaskTeam")
    assert client.get("/ontology/0.1.0").location == "/ontology"


def test_the_version_of_the_ontology_is_an_address_of_it_in_each_format(client: FlaskClient, built: Snapshot) -> None:
    known = read_ontology(built)
    assert known.version_iri == f"{known.iri}/{known.version}"
    path = known.version_iri.removeprefix("https://w3id.org/unemg")
    for media_type in ("text/html", "text/turtle", "application/ld+json", "application/rdf+xml"):
        reply = client.get(path, headers={"Accept": media_type}, follow_redirects=True)
        assert (reply.status_code, reply.mimetype) == (200, media_type)
        assert known.version_iri in reply.text


@pytest.mark.parametrize("path", ["/ontology/TaskTeem", "/ontology/9.9.9", "/ontology.docx", "/ontology?revision=999"])
def test_what_is_not_there_is_said_not_to_be(client: FlaskClient, path: str) -> None:
    assert client.get(path, headers=BROWSER).status_code == 404


def test_the_ontology_is_not_written_as_a_picture(client: FlaskClient) -> None:
    assert client.get("/ontology", headers={"Accept": "image/png"}).status_code == 406


def test_the_first_page_about_terms_has_all_classes_and_schemes(
    client: FlaskClient, built: Snapshot, terms: dict[str, VocabularyTerm]
) -> None:
    page = client.get("/vocabulary", headers=BROWSER).text
    classes = {term.name for term in terms.values() if term.kind == CLASS}
    tree = page.partition('class="tree"')[2].partition("<figure")[0]
    assert set(re.findall(r'href="/ontology#(\w+)"', tree)) == classes
    schemes = read_schemes(built)
    assert len(schemes) == len([*(ROOT / "ontology/vocabularies").glob("*.ttl")])
    for scheme in schemes:
        assert f'href="/id/scheme/{scheme.iri.rpartition("/")[2]}">{scheme.label}</a>' in page
    assert next(scheme.concepts for scheme in schemes if scheme.label == "Task status") == 3


def test_the_classes_are_drawn_as_their_properties_join_them(client: FlaskClient) -> None:
    page = main_of(client.get("/vocabulary", headers=BROWSER).text)
    figure = page.partition("<figure")[2].partition("</figure>")[0]
    for name in ("task", "workstream", "deliverable"):
        assert f">{name}</text>" in figure
    assert 'href="/ontology#Task"' in figure
    assert 'href="/questions/explore/classes-and-relations"' in page


def test_a_term_of_several_kinds_is_of_the_most_telling_one(small_content: Path, tmp_path: Path) -> None:
    path = small_content / "ontology/library.ttl"
    also = ":wrote a <http://www.w3.org/1999/02/22-rdf-syntax-ns#Property> , owl:AnnotationProperty .\n"
    path.write_text(path.read_text(encoding="utf-8") + also, encoding="utf-8")
    build_into(tmp_path / "state", small_content)
    terms = read_ontology(Snapshots(tmp_path / "state", memory_quads=1_000).current()).terms
    assert {term.name: term.kind for term in terms} == {
        "Book": CLASS,
        "Person": CLASS,
        "writtenBy": OBJECT_PROPERTY,
        "wrote": OBJECT_PROPERTY,
    }


def test_content_without_an_ontology_has_pages_too(tmp_path: Path) -> None:
    content = tmp_path / "content"
    for name in ("ontology", "shapes", "queries", "data"):
        (content / name).mkdir(parents=True)
    build_into(tmp_path / "state", content)
    client = create_app(Settings(state=tmp_path / "state")).test_client()
    for path in ("/", "/vocabulary", "/ontology", "/data", "/api"):
        assert client.get(path, headers=BROWSER).status_code == 200


def test_the_desk_says_what_an_entry_needs(house: House) -> None:
    page = house.server.send("GET", "/ontology", accept="text/html").text
    assert "What an entry needs" in page
    assert "A book has an author; give it :writtenBy." in page
    assert 'href="/tables/Book.xlsx"' in page


def test_each_version_leads_to_the_ontology_as_it_was_then(house: House) -> None:
    graph, first, second = (
        f"https://library.example/{name}" for name in ("graph/ontology", "ontology/1", "ontology/2")
    )
    own = "<https://library.example/ontology>"

    def update(*steps: tuple[str, str]) -> None:
        text = " ; ".join(f"{verb} DATA {{ GRAPH <{graph}> {{ {own} {said} }} }}" for verb, said in steps)
        reply = house.send("POST", "/update", f"PREFIX owl: <http://www.w3.org/2002/07/owl#> {text}", UPDATE)
        assert reply.status == 200, reply.text

    update(("INSERT", f'a owl:Ontology ; owl:versionIRI <{first}> ; owl:versionInfo "1"'))
    with_first = house.head()
    update(
        ("DELETE", f'owl:versionIRI <{first}> ; owl:versionInfo "1"'),
        ("INSERT", f'owl:versionIRI <{second}> ; owl:versionInfo "2" ; owl:priorVersion <{first}>'),
    )
    with_second = house.head()
    update(("INSERT", f"owl:incompatibleWith <{first}>"))
    reply = house.server.send("GET", "/ontology/2?format=turtle")
    assert (reply.status, reply.headers["Location"]) == (303, "/ontology?format=turtle")
    reply = house.server.send("GET", "/ontology/1?format=ntriples")
    assert (reply.status, reply.headers["Location"]) == (303, f"/ontology?format=ntriples&revision={with_first}")
    assert "ontology/1>" in house.server.send("GET", reply.headers["Location"]).text
    assert house.server.send("GET", "/ontology/3").status == 404
    page = house.server.send("GET", "/ontology", accept=BROWSER["Accept"]).text
    assert f"<code>{second}</code>" in page
    assert 'href="/ontology/1"' in page
    for revision in (with_first, with_second):
        assert f'href="/history/{revision}"' in page
    assert "/history?about=https://library.example/graph/ontology" in page


def test_markup_in_a_label_is_shown_and_not_obeyed(house: House) -> None:
    wicked = (
        "@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
        '<https://library.example/Wicked> a owl:Class ; rdfs:label "<script>alert(1)</script>"@en ;\n'
        "  rdfs:seeAlso <javascript:alert(2)> ."
    )
    target = "/graphs?graph=https://library.example/graph/ontology"
    assert house.send("POST", target, wicked, "text/turtle").status == 200
    page = house.server.send("GET", "/ontology", accept="text/html").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert 'href="javascript:' not in page
