"""Link discovery against a real second endpoint on loopback, and against strange ones; dead links; what is accepted."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import rdflib
from pyoxigraph import RdfFormat, parse

from kg.endpoints import Bounds
from kg.errors import ContentError, EndpointAway, KgError, NetworkRefused, TableErrors
from kg.linking import (
    Pace,
    Visit,
    check_links,
    endpoint_target,
    file_target,
    read_decisions,
    refuse_unnamed,
    their_things,
)
from kg.linking.table import COLUMNS
from kg.settings import Settings
from kg.web import create_app
from tests.conftest import Kg
from tests.serving import free_port
from tests.stores import oxigraph
from tests.strangers import BOMB, Answer, in_turn, rows, says, silence, stranger, without_end

ID = "https://w3id.org/unemg/id/"
UNDP, UNEP, CLIMATE, BIODIVERSITY = (
    f"{ID}{name}" for name in ("agency/undp", "agency/unep", "theme/climate-change", "theme/biodiversity")
)
V = "https://vocabulary.example/"
THESAURUS = "http://metadata.un.org/thesaurus/"

# As UN vocabularies are: bodies with acronyms in several places, a thesaurus in capitals, names in several languages.
VOCABULARY = f"""\
@prefix v: <{V}> .
@prefix thesaurus: <{THESAURUS}> .
@prefix org: <http://www.w3.org/ns/org#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <http://schema.org/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .

v:body-1 a org:Organization ;
    rdfs:label "United Nations Environment Programme (UNEP)"@en ;
    rdfs:label "Programme des Nations Unies pour l\u2019environnement"@fr .
v:body-2 a org:Organization ; rdfs:label "United Nations Development Programme"@en ; skos:altLabel "UNDP" .
v:body-3 a org:Organization ; rdfs:label "UNHCR" .
v:number a skos:Concept ; skos:prefLabel "Women in management"@en ; skos:notation "5.2" , "28" , "1.5" , "5.a.2" .
thesaurus:9990001 a skos:Concept ; skos:prefLabel "BIODIVERSITY"@en , "BIODIVERSITÉ"@fr .
thesaurus:9990002 a skos:Concept ; skos:prefLabel "CLIMATE CHANGE"@en .

# Traps: a place with the name of a theme, a document with the name of a body, a formula, an acronym of another body.
v:place-1 a org:Organization ; rdfs:label "Climate change"@en .
v:document-1 a schema:CreativeWork ; rdfs:label "United Nations Development Programme"@en .
v:formula a org:Organization ; rdfs:label "=HYPERLINK(\\"http://evil.example\\",\\"x\\")"@en ; skos:altLabel "UNEP" .
"""

Row = dict[str, str]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A SPARQL store of somebody else, with a vocabulary."""
    lines = (str(quad.triple) for quad in parse(VOCABULARY, format=RdfFormat.TURTLE))
    with oxigraph() as server:
        server.update("INSERT DATA { " + " . ".join(_plain(line) for line in lines) + " }")
        yield f"{server.url}/query"


def _plain(triple: str) -> str:
    return triple.removeprefix("<<(").removesuffix(")>>").strip()


@pytest.fixture
def own(state: Path, tmp_path: Path) -> Path:
    return shutil.copytree(state, tmp_path / "state", symlinks=True)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vocabulary") / "vocabulary.ttl"
    path.write_text(VOCABULARY, encoding="utf-8")
    return path


def table(text: str) -> dict[tuple[str, str], Row]:
    found = list(csv.DictReader(io.StringIO(text)))
    return {(row["our IRI"], row["their IRI"]): row for row in found}


@pytest.fixture(scope="module")
def found(kg: Kg, state: Path, file: Path) -> dict[tuple[str, str], Row]:
    done = kg("link", file, state=state)
    assert done.returncode == 0, done.stderr
    return table(done.stdout)


def test_the_table_is_there_to_be_reviewed(found: dict[tuple[str, str], Row]) -> None:
    assert all(tuple(row) == COLUMNS for row in found.values())
    assert {row["decision"] for row in found.values()} == {""}
    row = found[UNDP, f"{V}body-2"]
    assert (row["our label"], row["their label"]) == ("UNDP", "United Nations Development Programme")
    assert (row["relation"], row["method"]) == ("owl:sameAs", "semapv:LexicalMatching")
    assert float(row["score"]) >= 0.95
    assert "UNDP" in row["evidence"]
    assert "http://www.w3.org/ns/org#Organization" in row["evidence"]


def test_a_name_in_other_letters_and_with_its_acronym_in_brackets_is_the_same(
    found: dict[tuple[str, str], Row],
) -> None:
    assert found[UNEP, f"{V}body-1"]["relation"] == "owl:sameAs"
    assert found[CLIMATE, f"{THESAURUS}9990002"]["their label"] == "CLIMATE CHANGE"


def test_a_concept_is_mapped_to_a_concept_only(found: dict[tuple[str, str], Row]) -> None:
    assert found[CLIMATE, f"{THESAURUS}9990002"]["relation"] in ("skos:exactMatch", "skos:closeMatch")
    assert (CLIMATE, f"{V}place-1") not in found


def test_traps_are_never_the_best(found: dict[tuple[str, str], Row]) -> None:
    document, body = found[UNDP, f"{V}document-1"], found[UNDP, f"{V}body-2"]
    assert document["relation"] == "rdfs:seeAlso"
    assert float(document["score"]) < float(body["score"])
    formula = found[UNEP, f"{V}formula"]
    assert float(formula["score"]) < float(found[UNEP, f"{V}body-1"]["score"])
    assert formula["relation"] == "rdfs:seeAlso"
    assert formula["their label"].startswith("'=")
    assert f"{V}number" not in {theirs for _, theirs in found}


def test_an_endpoint_gives_what_a_file_gives_page_by_page(
    kg: Kg, own: Path, endpoint: str, found: dict[tuple[str, str], Row]
) -> None:
    ask = ("link", endpoint, "--page", "3", "--pause", "0")
    done = kg(*ask, state=own)
    assert table(done.stdout) == found, done.stderr
    assert len(list((own / "linking").glob("*.json"))) > 3
    again = kg(*ask, state=own, PATH="/nowhere")
    assert again.stdout == done.stdout


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    waited: list[float] = []
    with stranger({"/sparql": rows()}) as (url, asked):
        for _ in range(2):
            target = endpoint_target(f"{url}/sparql", cache=tmp_path, pace=Pace(contact="ada@un.example"))
            assert target.rows("SELECT ?x {}") == []
        fresh = endpoint_target(
            f"{url}/sparql", cache=tmp_path, pace=Pace(wait=waited.append, pause_seconds=3), is_fresh=True
        )
        fresh.rows("SELECT ?x {}")
        fresh.rows("SELECT ?x {}")
    assert len(asked) == 3
    assert asked[0][2]["User-Agent"].endswith("ada@un.example")
    assert waited == [3]


def test_only_what_is_asked_for_is_linked(kg: Kg, state: Path, file: Path) -> None:
    done = kg("link", file, "--kind", "emg:Theme", state=state)
    assert {row["our IRI"].split("/")[-2] for row in table(done.stdout).values()} == {"theme"}
    ours = kg("link", file, "--their-class", f"{V}Nothing", state=state)
    assert table(ours.stdout) == {}
    typed = kg("link", file, "--type", "emg:Agency=schema:CreativeWork", state=state)
    assert "both are of the class https://schema.org/CreativeWork" in typed.stdout


def test_what_is_accepted_becomes_part_of_the_graph(
    kg: Kg, own: Path, file: Path, found: dict[tuple[str, str], Row], tmp_path: Path
) -> None:
    chosen = tmp_path / "decided.csv"
    with chosen.open("w", encoding="utf-8", newline="") as output:
        writer = csv.DictWriter(output, COLUMNS)
        writer.writeheader()
        for key, row in found.items():
            wanted = key in {(CLIMATE, f"{THESAURUS}9990002"), (BIODIVERSITY, f"{THESAURUS}9990001")}
            writer.writerow(row | {"decision": "accept" if wanted else "reject"})
    told = kg("link", "--accept", chosen, "--reviewer", "Ada", state=own)
    graph = rdflib.Graph().parse(data=told.stdout, format="turtle")
    emg, sssom = rdflib.Namespace("https://w3id.org/unemg/ontology#"), rdflib.Namespace("https://w3id.org/sssom/")
    statements = set(graph.subjects(rdflib.RDF.type, emg.Statement))
    assert len(statements) == 2
    theirs = rdflib.URIRef(f"{THESAURUS}9990001")
    assert (rdflib.URIRef(BIODIVERSITY), rdflib.SKOS.exactMatch, theirs) in graph
    assert (theirs, rdflib.RDFS.label, rdflib.Literal("BIODIVERSITY")) in graph
    for one in statements:
        assert str(graph.value(one, sssom.reviewer_label)) == "Ada"
        assert 0 < float(graph.value(one, sssom.confidence)) <= 1
        method = graph.value(one, sssom.mapping_justification)
        assert method == rdflib.URIRef("https://w3id.org/semapv/vocab/LexicalMatching")
    done = kg("link", "--accept", chosen, "--reviewer", "Ada", "--submit", state=own)
    assert done.stdout.startswith("accepted as revision 2"), done.stderr
    # Where the link leads is called by its name there, on the page and in the list of links.
    page = (
        create_app(Settings(state=own))
        .test_client()
        .get("/id/theme/biodiversity", headers={"Accept": "text/html"}, follow_redirects=True)
    )
    assert f'href="{theirs}"' in page.text
    assert re.search(rf'href="{theirs}"[^>]*>\s*(<[^>]*>)?\s*BIODIVERSITY', page.text)
    after = kg("link", file, state=own)
    assert set(found) - set(table(after.stdout)) == {
        (CLIMATE, f"{THESAURUS}9990002"),
        (BIODIVERSITY, f"{THESAURUS}9990001"),
    }


def test_the_shapes_still_judge_what_was_accepted(
    kg: Kg, own: Path, found: dict[tuple[str, str], Row], tmp_path: Path
) -> None:
    chosen = tmp_path / "decided.csv"
    row = found[UNDP, f"{V}body-2"] | {"decision": "accept"}
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerow(row)
    chosen.write_text(text.getvalue(), encoding="utf-8")
    done = kg("link", "--accept", chosen, "--reviewer", "Ada", "--submit", state=own)
    assert done.returncode == 1
    assert "The same thing is an item of Wikidata" in done.stderr


def test_another_content_gets_axioms(kg: Kg, library: Path, tmp_path: Path) -> None:
    chosen = tmp_path / "decided.csv"
    cells = ["https://library.example/emma", "Emma", "rdfs:seeAlso", f"{V}emma", "Emma", "0.9"]
    chosen.write_text(
        f"{','.join(COLUMNS)}\n{','.join([*cells, 'semapv:LexicalMatching', 'same', 'accept'])}\n", encoding="utf-8"
    )
    done = kg("link", "--accept", chosen, "--reviewer", "Ada", state=library)
    graph = rdflib.Graph().parse(data=done.stdout, format="turtle")
    (axiom,) = graph.subjects(rdflib.RDF.type, rdflib.OWL.Axiom)
    assert graph.value(axiom, rdflib.OWL.annotatedTarget) == rdflib.URIRef(f"{V}emma")
    assert str(graph.value(axiom, rdflib.URIRef("https://w3id.org/sssom/object_label"))) == "Emma"
    assert graph.value(rdflib.URIRef(f"{V}emma"), rdflib.RDFS.label) is None  # or a search would find it as ours


def test_what_a_spreadsheet_was_kept_from_is_read_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "decided.csv"
    row = "urn:a,,rdfs:seeAlso,urn:b,'=1+1,1,semapv:LexicalMatching,'tis,accept"
    path.write_text(f"{','.join(COLUMNS)}\n{row}\n", encoding="utf-8")
    [one] = read_decisions(path)
    assert (one.label, one.evidence) == ("=1+1", "'tis")


BAD_TABLES = {
    "no head": ("a,b\n1,2\n", ContentError, "has no column our IRI"),
    "empty": ("", ContentError, "has no column our IRI"),
    "no CSV": ('"a\n', ContentError, "is no CSV"),
    "a decision": ("urn:a,,rdfs:seeAlso,urn:b,,1,semapv:LexicalMatching,,maybe", TableErrors, "'maybe' is no decision"),
    "an IRI": ("a b,,rdfs:seeAlso,urn:b,,1,semapv:LexicalMatching,,accept", TableErrors, "row 2, column our IRI"),
    "a relation": ("urn:a,,emg:x,urn:b,,1,semapv:LexicalMatching,,accept", TableErrors, "'emg:x' is not known"),
    "a method": ("urn:a,,rdfs:seeAlso,urn:b,,1,guess,,accept", TableErrors, "'guess' is not known"),
    "a score": ("urn:a,,rdfs:seeAlso,urn:b,,nan,semapv:LexicalMatching,,accept", TableErrors, "from 0 to 1"),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_table_that_cannot_be_read_is_explained(name: str, tmp_path: Path) -> None:
    text, kind, words = BAD_TABLES[name]
    path = tmp_path / "decided.csv"
    path.write_text(text if kind is ContentError else f"{','.join(COLUMNS)}\n{text}\n", encoding="utf-8")
    with pytest.raises(kind, match=words) as caught:
        read_decisions(path)
    assert caught.value.remedy


HOSTILE: dict[str, tuple[Answer, str]] = {
    "a page": (says("<html>", "text/html"), "answers in text/html"),
    "a bomb": (says(BOMB, "application/sparql-results+xml"), "answers in application/sparql-results"),
    "too large": (without_end(), "sends more than"),
    "drops": (without_end(bytes_at_a_time=1, pause_seconds=0.05), "not done after 1 seconds"),
    "elsewhere": (says("", status=301, Location="http://10.0.0.1/"), "leads to http://10.0.0.1/"),
    "the same page": (
        says(
            '{"head": {"vars": ["thing", "naming", "name"]}, "results": {"bindings": [{"thing": {"type": "uri",'
            ' "value": "urn:a"}, "naming": {"type": "uri", "value": "urn:b"},'
            ' "name": {"type": "literal", "value": "c"}}]}}'
        ),
        "the same page again and again",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_strange_endpoint_is_bounded_and_explained(name: str, tmp_path: Path) -> None:
    answer, words = HOSTILE[name]
    with stranger({"/sparql": answer}) as (url, asked):
        pace = Pace(pause_seconds=0, bounds=Bounds(seconds=1, bytes=100_000))
        target = endpoint_target(f"{url}/sparql", cache=tmp_path, pace=pace)
        with pytest.raises(EndpointAway, match=words) as caught:
            their_things(target, page=10, most=1000)
    assert caught.value.remedy
    assert len(asked) <= 2


def test_a_file_reaches_nowhere(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.rdf"
    bomb.write_text(BOMB, encoding="utf-8")
    with pytest.raises(KgError) as caught:
        file_target(bomb)
    assert caught.value.remedy
    with pytest.raises(ContentError, match="cannot be read"):
        file_target(tmp_path / "missing.ttl")


def test_private_addresses_are_refused_unless_named(kg: Kg, state: Path) -> None:
    for url in ("http://127.0.0.1:1/", "http://10.0.0.1/", "http://localhost/", "http://[::1]/"):
        with pytest.raises(NetworkRefused, match="private network") as caught:
            refuse_unnamed(url, ())
        assert "--allow" in caught.value.remedy
    refuse_unnamed("http://10.0.0.1/", ("10.0.0.1",))
    done = kg("link", f"http://127.0.0.1:{free_port()}/sparql", state=state)
    assert done.returncode == 2
    assert "does not answer" in done.stderr
    assert "What to do" in done.stderr


LINKED = ("/alive", "/moved", "/see", "/gone", "/around", "/inside", "/shy", "/first", "/lost", "/private/x")


@pytest.fixture
def linked(kg: Kg, small_content: Path, tmp_path: Path) -> Iterator[tuple[Callable[..., object], list[object]]]:
    """A graph with links into a server of the test; runs `kg link --check`, and tells what was asked."""
    answers = {
        "/alive": says("", "text/html"),
        "/moved": says("", status=301, Location="/alive"),
        "/see": says("", status=303, Location="/alive"),
        "/gone": says("", "text/html", 410),
        "/around": says("", status=302, Location="/around"),
        "/inside": says("", status=302, Location="http://10.0.0.1/secret"),
        "/shy": says("", "text/html", 403),
        "/first": says("", status=301, Location="/second"),
        "/second": says("", status=308, Location="/alive"),
        "/lost": says("", status=301, Location="/gone"),
        "/private/x": says("", "text/html"),
        "/robots.txt": says("User-agent: *\nDisallow: /private/\n", "text/plain"),
    }
    with stranger(answers) as (url, asked):
        links = "".join(f":emma rdfs:seeAlso <{url}{path}> .\n" for path in (*LINKED, "/missing"))
        data = small_content / "data" / "books.trig"
        text = data.read_text(encoding="utf-8")
        data.write_text(text.replace(":austen a :Person", f"{links}:austen a :Person"), encoding="utf-8")
        state = tmp_path / "linked"
        assert kg("build", content=small_content, state=state).returncode == 0
        yield (lambda *options: kg("link", "--check", *options, state=state)), asked


def test_dead_and_moved_links_are_told(linked: tuple[Callable[..., object], list[object]]) -> None:
    check, asked = linked
    done = check("--network", "--allow", "127.0.0.1", "--pause", "0")
    lines = {line.split("/")[-1].split(" ")[0] if " → " not in line else line.split(" → ")[0].split("/")[-1]: line
             for line in done.stdout.splitlines()[2:]}  # fmt: skip
    states = {name: line.split()[0] for name, line in lines.items()}
    assert states == {
        "moved": "moved",
        "see": "alive",
        "gone": "dead",
        "missing": "dead",
        "around": "dead",
        "inside": "refused",
        "shy": "unclear",
        "first": "moved",
        "lost": "dead",
        "x": "refused",
    }
    assert lines["moved"].endswith("/alive")
    assert lines["first"].endswith("/alive")
    assert lines["lost"].endswith("/gone")
    assert "robots.txt" in lines["x"]
    assert done.returncode == 1
    assert [(method, path) for method, path, _ in asked if method != "HEAD"] == [("GET", "/robots.txt")]
    assert "/private/x" not in {path for _, path, _ in asked}


def test_a_host_that_is_busy_is_asked_again_when_it_says() -> None:
    waited: list[float] = []
    busy = {
        "/soon": in_turn(says("", status=429, Retry_After="7"), says("", "text/html")),
        "/still": says("", status=503, Retry_After="3"),
        "/late": says("", status=429, Retry_After="86400"),
        "/when": says("", status=429, Retry_After="Fri, 27 Nov 2026 00:00:00 GMT"),
        "/silent": silence,
        "/no-head": in_turn(says("", status=405), says("", "text/html")),
    }
    with stranger(busy) as (url, asked):
        visit = Visit(named=["127.0.0.1"], pause_seconds=1, bounds=Bounds(seconds=1, bytes=1000), wait=waited.append)
        found = {one.iri.removeprefix(url): one for one in check_links([f"{url}{path}" for path in busy], visit)}
    states = {path: one.state for path, one in found.items()}
    assert states == {
        "/soon": "alive",
        "/still": "unclear",
        "/late": "unclear",
        "/when": "unclear",
        "/silent": "dead",
        "/no-head": "alive",
    }
    assert sorted(waited) == [1, 1, 1, 1, 1, 3, 7]
    assert found["/late"].says == "429"
    assert "seconds" in found["/silent"].says or "in time" in found["/silent"].says
    assert [path for _, path, _ in asked].count("/late") == 1


def test_nothing_is_asked_without_the_flag(linked: tuple[Callable[..., object], list[object]]) -> None:
    check, asked = linked
    done = check()
    assert done.returncode == 2
    assert "this would ask 11 addresses" in done.stderr
    assert "--network" in done.stderr
    refused = check("--network", "--pause", "0")
    assert refused.stdout.count("refused") == 11
    assert asked == []


def test_one_thing_is_done_at_a_time(kg: Kg, state: Path, file: Path) -> None:
    for arguments in ((), (file, "--check"), ("--accept", file, "--check")):
        done = kg("link", *arguments, state=state)
        assert done.returncode == 2
        assert "give one of TARGET" in done.stderr
