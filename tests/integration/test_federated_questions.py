"""Questions that ask other endpoints: a mirror answers as this service does, and without leave they say what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from pyoxigraph import RdfFormat, Store, Triple, parse, serialize
from rdflib.plugins.sparql import prepareQuery

from kg.queries import StoredQuery, load_queries
from kg.sparql import Limits
from tests.pages import main_of
from tests.serving import JSON, Command, Server, free_port, serving
from tests.stores import Oxigraph, oxigraph
from tests.strangers import rows, stranger

ROOT = Path(__file__).parents[2]
ID = "https://w3id.org/unemg/id/"
SDG = "http://metadata.un.org/sdg/"
THESAURUS = "http://metadata.un.org/thesaurus/"
WIKIDATA = "https://query.wikidata.org/sparql"
HTML = {"Accept": "text/html"}
ASKING: dict[str, StoredQuery] = {
    query.identifier: query
    for query in load_queries(
        ROOT / "queries", read_text=lambda path: path.read_text(encoding="utf-8"), limits=Limits()
    )
    if query.asks
}
TWINS = {identifier: query.local for identifier, query in ASKING.items() if query.local}

# What the thesaurus and Wikidata are known to hold of what is linked here is the label; the rest of these slices is in
# their form, and made up.
PREFIXES = """\
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX unbis: <http://metadata.un.org/thesaurus/>
PREFIX wd: <http://www.wikidata.org/entity/>
PREFIX wdt: <http://www.wikidata.org/prop/direct/>
"""
LABELS = """\
CONSTRUCT { ?s %s ?label }
WHERE { ?s <http://www.w3.org/2000/01/rdf-schema#label> ?label FILTER (STRSTARTS(STR(?s), '%s')) }
"""
THESAURUS_MORE = """\
unbis:1000612 skos:prefLabel "DIVERSITÉ BIOLOGIQUE"@fr , "x"@de ; skos:broader unbis:1 .
unbis:1 skos:prefLabel "NATURE"@en , "NATURE (fr)"@fr .
unbis:2 skos:prefLabel "SOMETHING ELSE"@en , "AUTRE CHOSE"@fr .
"""
WIKIDATA_MORE = """\
wd:Q182016 wdt:P17 wd:Q1 ; wdt:P159 wd:Q2 ; wdt:P856 <https://unep.example/> .
wd:Q1 rdfs:label "A country"@en , "Un pays"@fr .
wd:Q2 rdfs:label "A city"@en .
wd:Q3 wdt:P856 <https://else.example/> .
"""


def fill(server: Oxigraph, triples: Iterator[Triple] | list[Triple]) -> None:
    written = serialize(triples, format=RdfFormat.N_TRIPLES)
    assert written
    server.update(f"INSERT DATA {{ {written.decode()} }}")


def labels_of(name: str, wanted: str, start: str) -> list[Triple]:
    """The labels of the other ends of a linkset, in another property."""
    links = Store()
    links.load(path=str(ROOT / f"data/links/{name}.ttl"), format=RdfFormat.TURTLE)
    return [*links.query(LABELS % (wanted, start))]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def mirrors() -> Iterator[dict[str, Oxigraph]]:
    """A server of another make for each endpoint, with the slice of it that is known here."""
    with ExitStack() as stack:
        servers = {iri: stack.enter_context(oxigraph()) for iri in (SDG, THESAURUS, WIKIDATA)}
        goals = parse(path=str(ROOT / "data/external/sdg.ttl"), format=RdfFormat.TURTLE)
        fill(servers[SDG], [quad.triple for quad in goals])
        fill(servers[THESAURUS], labels_of("unbis", "<http://www.w3.org/2004/02/skos/core#prefLabel>", THESAURUS))
        label = "<http://www.w3.org/2000/01/rdf-schema#label>"
        fill(servers[WIKIDATA], labels_of("wikidata", label, "http://www.wikidata.org/entity/"))
        servers[THESAURUS].update(f"{PREFIXES} INSERT DATA {{ {THESAURUS_MORE} }}")
        servers[WIKIDATA].update(f"{PREFIXES} INSERT DATA {{ {WIKIDATA_MORE} }}")
        yield servers


@pytest.fixture(scope="module")
def server(
    kg_command: Command, state: Path, mirrors: dict[str, Oxigraph], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    services = " ".join(f"{iri}=>{mirror.url}/query" for iri, mirror in mirrors.items())
    with serving(kg_command, state, tmp_path_factory.mktemp("asking"), KG_SERVICES=services) as started:
        yield started


def answer_to(server: Server, identifier: str, parameters: str = "") -> list[dict[str, str]]:
    reply = server.send("GET", f"/questions/{identifier}{parameters}", accept=JSON)
    assert reply.status == 200, reply.text
    assert reply.headers["Cache-Control"] == "no-store" or identifier not in ASKING
    found = json.loads(reply.body)["results"]["bindings"]
    return [{name: json.dumps(term, sort_keys=True) for name, term in row.items()} for row in found]


def as_bag(answer: list[dict[str, str]]) -> list[list[tuple[str, str]]]:
    return sorted(sorted(row.items()) for row in answer)


def test_each_endpoint_has_a_question_with_a_twin() -> None:
    assert {iri for identifier in TWINS for iri in ASKING[identifier].asks} == {SDG, THESAURUS, WIKIDATA}
    assert len(ASKING) >= 5


@pytest.mark.parametrize("identifier", TWINS)
def test_the_answer_from_there_is_that_from_here(server: Server, identifier: str) -> None:
    there = answer_to(server, identifier)
    assert len(there) > 5
    assert as_bag(there) == as_bag(answer_to(server, TWINS[identifier]))


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_answers_are_the_same_with_another_value(server: Server, language: str) -> None:
    given = f"?language={language}"
    there = answer_to(server, "federated/work-by-sdg-target-by-service", given)
    assert all(f'"xml:lang": "{language}"' in row["targetLabel"] for row in there)
    assert as_bag(there) == as_bag(answer_to(server, "federated/work-by-sdg-target", given))


def test_the_answer_from_there_changes_with_what_is_there(server: Server, mirrors: dict[str, Oxigraph]) -> None:
    """So the twins agree since both hold the same, and not since nobody asks."""
    identifier = "federated/agents-in-wikidata-by-service"
    item = "<http://www.wikidata.org/entity/Q182016>"
    change = f"DELETE {{ {item} ?p ?o }} INSERT {{ {item} ?p %s }} WHERE {{ {item} ?p ?o FILTER (isLiteral(?o)) }}"
    try:
        mirrors[WIKIDATA].update(change % "'Renamed'@en")
        labels = [row["itemLabel"] for row in answer_to(server, identifier)]
    finally:
        mirrors[WIKIDATA].update(change % "'United Nations Environment Programme'@en")
    assert sum('"Renamed"' in label for label in labels) == 1


def test_what_only_the_other_side_knows_is_joined(server: Server) -> None:
    [unep] = [
        row
        for row in answer_to(server, "federated/seats-and-websites-by-service")
        if f'{ID}agency/unep"' in row["agent"]
    ]
    assert "A country" in unep["countryLabel"]
    assert "A city" in unep["seatLabel"]
    assert "https://unep.example/" in unep["website"]
    themes = answer_to(server, "federated/themes-in-six-languages-by-service")
    [french] = [row for row in themes if '"fr"' in row["language"]]
    assert "DIVERSIT" in french["name"]
    assert "NATURE (fr)" in french["broaderLabel"]
    assert f"{ID}theme/biodiversity" in french["theme"]
    assert not any("SOMETHING ELSE" in row["name"] or '"de"' in row["language"] for row in themes)


def test_each_question_is_one_request_that_any_endpoint_understands(
    kg_command: Command, state: Path, tmp_path: Path
) -> None:
    with stranger({"/sparql": rows()}) as (address, asked):
        services = " ".join(f"{iri}=>{address}/sparql" for iri in (SDG, THESAURUS, WIKIDATA))
        with serving(kg_command, state, tmp_path, KG_SERVICES=services) as server:
            for number, identifier in enumerate(ASKING, start=1):
                assert answer_to(server, identifier) == []
                assert len(asked) == number, identifier
    for _, _, headers in asked:
        prepareQuery(headers["body"])  # rdflib reads SPARQL 1.1, and nothing of our engine's own
        assert address not in headers["body"]


@pytest.mark.parametrize("identifier", ASKING)
def test_the_page_says_whom_it_asks_and_leads_to_its_twin(server: Server, identifier: str) -> None:
    reply = server.send("GET", f"/questions/{identifier}", accept="text/html")
    assert reply.status == 200
    assert all(f"<code>{iri}</code>" in reply.text for iri in ASKING[identifier].asks)
    assert (f'href="/questions/{TWINS.get(identifier)}"' in reply.text) is (identifier in TWINS)


def test_a_mirror_is_asked_in_place_of_what_a_query_of_anybody_names(server: Server) -> None:
    asked = "<http://www.wikidata.org/entity/Q1> ?p ?label FILTER (LANG(?label) = 'en')"
    reply = server.ask(f"SELECT ?label {{ SERVICE <{WIKIDATA}> {{ {asked} }} }}")
    assert [row["label"]["value"] for row in json.loads(reply.body)["results"]["bindings"]] == ["A country"]


def test_the_address_of_a_mirror_is_no_name_of_it(server: Server, mirrors: dict[str, Oxigraph]) -> None:
    reply = server.ask(f"SELECT ?p {{ SERVICE <{mirrors[WIKIDATA].url}/query> {{ ?s ?p ?o }} }}")
    problem = json.loads(reply.body)
    assert reply.status == 403
    assert "127.0.0.1" not in problem["remedy"]
    assert f"<{WIKIDATA}>" in problem["remedy"]


def test_the_page_leads_to_the_twin_where_an_endpoint_is_away(kg_command: Command, state: Path, tmp_path: Path) -> None:
    with serving(kg_command, state, tmp_path, KG_SERVICES=f"{SDG}=>http://127.0.0.1:{free_port()}/") as server:
        reply = server.send("GET", "/questions/federated/work-by-sdg-target-by-service", accept="text/html")
    assert reply.status == 502
    assert 'href="/questions/federated/work-by-sdg-target"' in reply.text


@pytest.mark.parametrize("identifier", ASKING)
def test_without_leave_a_program_is_told_what_to_do(client: FlaskClient, identifier: str) -> None:
    reply = client.get(f"/questions/{identifier}", headers={"Accept": JSON})
    problem = reply.json
    assert problem
    assert reply.status_code == 403
    assert problem["type"].endswith("/network-refused")
    assert ASKING[identifier].asks[0] in problem["detail"]
    assert "KG_SERVICES" in problem["remedy"]
    assert [each["href"] for each in problem.get("suggestions", [])] == [
        f"/questions/{TWINS[identifier]}" for _ in range(identifier in TWINS)
    ]


@pytest.mark.parametrize("identifier", ASKING)
def test_without_leave_the_page_leads_to_the_twin(client: FlaskClient, identifier: str) -> None:
    reply = client.get(f"/questions/{identifier}", headers=HTML)
    assert reply.status_code == 403
    assert "KG_SERVICES" in main_of(reply.text)
    if identifier in TWINS:
        twin = f"/questions/{quote(TWINS[identifier])}"
        assert f'href="{twin}"' in reply.text
        assert client.get(twin, headers=HTML).status_code == 200


def test_the_list_tells_which_questions_ask_another_server(client: FlaskClient) -> None:
    told = client.get("/questions", headers={"Accept": "application/json"}).json
    assert told
    assert {each["id"]: tuple(each["asks"]) for each in told["questions"] if each["asks"]} == {
        identifier: query.asks for identifier, query in ASKING.items()
    }
    assert {each["id"]: each["local"] for each in told["questions"] if each["local"]} == TWINS
    page = client.get("/questions", headers=HTML).text
    assert page.count("asks another server") == len(ASKING)
