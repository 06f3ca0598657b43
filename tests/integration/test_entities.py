"""Pages and descriptions of things: found by their IRIs, in every format, with evidence, whatever they are called."""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from flask.testing import FlaskClient
from rdflib import Graph, URIRef
from rdflib.compare import isomorphic
from rdflib.namespace import RDF, RDFS
from werkzeug.test import TestResponse

from kg.settings import Settings
from kg.web.app import create_app
from tests.entity_content import BASE, HEBREW, HUB, LONG, MARKUP, write_content
from tests.states import build_into

ID = "https://w3id.org/unemg/id/"
EMG = "https://w3id.org/unemg/ontology#"
GROUP = "workstream/img-biodiversity"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
RDFLIB = {"ttl": "turtle", "nt": "nt", "jsonld": "json-ld", "json": "json-ld", "rdf": "xml"}
MEDIA = {
    "html": "text/html; charset=utf-8",
    "ttl": "text/turtle; charset=utf-8",
    "nt": "application/n-triples",
    "jsonld": "application/ld+json",
    "json": "application/json",
    "rdf": "application/rdf+xml",
}

# rdflib's own parsers use what rdflib deprecates.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")


@pytest.fixture(scope="module")
def emg(client: FlaskClient) -> FlaskClient:
    return client


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    folder = tmp_path_factory.mktemp("odd")
    build_into(folder / "state", write_content(folder / "content"))
    return create_app(Settings(state=folder / "state")).test_client()


def get(client: FlaskClient, path: str, accept: str = BROWSER) -> TestResponse:
    return client.get(path, headers={"Accept": accept})


def page(client: FlaskClient, path: str) -> str:
    response = get(client, path)
    assert response.status_code == 200, response.text
    return response.text


def words(text: str) -> str:
    """A page as it is read: without markup, each run of spaces as one."""
    body = text.partition("<body>")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def links(text: str) -> set[str]:
    return {html.unescape(found) for found in re.findall(r'href="([^"]*)"', text)}


def linked(response: TestResponse, relation: str) -> dict[str, str]:
    """The targets of the Link headers of a relation, with their media types."""
    found = re.findall(r'<([^>]+)>; rel="([^"]+)"(?:; type="([^"]+)")?', ", ".join(response.headers.getlist("Link")))
    return {target: media_type for target, relations, media_type in found if relation in relations.split()}


ACCEPTED = {
    BROWSER: "html",
    "text/turtle": "ttl",
    "application/n-triples": "nt",
    "application/ld+json": "jsonld",
    "application/json": "json",
    "application/rdf+xml": "rdf",
    "*/*": "ttl",
    "text/html;q=0.2, application/rdf+xml;q=0.9": "rdf",
    "text/turtle;q=0, */*": "nt",
}


@pytest.mark.parametrize("accept", ACCEPTED)
def test_a_thing_leads_to_the_document_that_is_accepted(emg: FlaskClient, accept: str) -> None:
    for method in (emg.get, emg.head):
        response = method(f"/id/{GROUP}", headers={"Accept": accept})
        assert (response.status_code, response.headers["Location"]) == (303, f"/id/{GROUP}.{ACCEPTED[accept]}")
        assert "Accept" in response.vary
        assert list(linked(response, "describedby")) == [response.headers["Location"]]
    assert get(emg, f"/id/{GROUP}?format=rdfxml").headers["Location"] == f"/id/{GROUP}.rdf"
    assert get(emg, f"/id/{GROUP}?format=TTL").headers["Location"] == f"/id/{GROUP}.ttl"


def test_what_cannot_be_written_is_not_acceptable(emg: FlaskClient) -> None:
    assert get(emg, f"/id/{GROUP}", "image/png").status_code == 406
    assert get(emg, f"/about?iri={quote(EMG + 'Task')}", "image/png").status_code == 406
    unknown = get(emg, f"/id/{GROUP}?format=pdf", "application/json")
    assert (unknown.status_code, "turtle" in unknown.json["remedy"]) == (400, True)


@pytest.mark.parametrize("extension", MEDIA)
def test_each_document_has_its_type_and_says_what_it_describes(emg: FlaskClient, extension: str) -> None:
    response = get(emg, f"/id/{GROUP}.{extension}", "*/*")
    assert (response.status_code, response.content_type) == (200, MEDIA[extension])
    assert list(linked(response, "describes")) == list(linked(response, "cite-as")) == [ID + GROUP]
    others = {f"/id/{GROUP}.{other}": media.partition(";")[0] for other, media in MEDIA.items() if other != extension}
    assert linked(response, "alternate") == others
    head = emg.head(f"/id/{GROUP}.{extension}")
    assert (head.status_code, head.content_type) == (200, MEDIA[extension])


def test_the_description_is_the_same_graph_in_every_format(emg: FlaskClient) -> None:
    graphs = [
        Graph().parse(data=get(emg, f"/id/{GROUP}.{extension}").data, format=name) for extension, name in RDFLIB.items()
    ]
    first = graphs[0]
    assert all(isomorphic(first, other) for other in graphs[1:])
    assert len(first) > 100


def test_the_description_holds_both_directions_the_evidence_and_names(emg: FlaskClient) -> None:
    graph = Graph().parse(data=get(emg, f"/id/{GROUP}.nt").data, format="nt")
    group, framework = URIRef(ID + GROUP), URIRef(f"{ID}framework/post2020-gbf")
    assert (group, URIRef(f"{EMG}supports"), framework) in graph
    assert (URIRef(f"{ID}deliverable/bio-mr-framework"), URIRef(f"{EMG}producedBy"), group) in graph
    assert (framework, RDFS.label, None) in graph
    [statement] = [
        node
        for node in graph.subjects(URIRef(f"{EMG}object"), framework)
        if (node, URIRef(f"{EMG}subject"), group) in graph
    ]
    assert list(graph.objects(statement, URIRef(f"{EMG}statedIn")))
    assert (URIRef(f"{ID}framework/cbd"), None, None) not in graph


def test_links_that_lead_to_a_thing_are_bounded(odd: FlaskClient) -> None:
    graph = Graph().parse(data=get(odd, "/id/hub.nt").data, format="nt")
    assert len(set(graph.subjects(URIRef(f"{BASE}ontology#in")))) == 500
    text = page(odd, "/id/hub.html")
    assert f"20 of {HUB} are shown." in words(text)
    shown = [address for address in links(text) if address.startswith("/id/book/b")]
    assert len(shown) == 20
    [query] = [parse_qs(urlsplit(address).query)["query"][0] for address in links(text) if "query=" in address]
    answer = odd.get("/sparql", query_string={"query": query, "format": "json"}).get_json(force=True)
    assert len(answer["results"]["bindings"]) == HUB


def test_a_name_that_ends_like_a_document_is_the_thing_that_there_is(odd: FlaskClient) -> None:
    assert get(odd, "/id/book/data.ttl").headers["Location"] == "/id/book/data.ttl.html"
    assert "A book called data.ttl" in words(page(odd, "/id/book/data.ttl.html"))
    assert get(odd, "/id/book/data").headers["Location"] == "/id/book/data.html"
    assert "A book called data.ttl" not in words(page(odd, "/id/book/data.html"))
    assert get(odd, "/id/book/emma.ttl").content_type == MEDIA["ttl"]
    assert get(odd, "/id/book/emma.pdf").status_code == 404


def test_an_iri_that_is_written_as_in_a_url_is_found(odd: FlaskClient) -> None:
    iri = f"{BASE}id/book/caf%C3%A9"
    response = get(odd, "/id/book/caf%C3%A9")
    assert response.headers["Location"] == f"/about?iri={quote(iri, safe='')}&format=html"
    assert "Café" in words(page(odd, response.headers["Location"]))


def test_the_history_of_a_thing_is_found_beside_it(emg: FlaskClient) -> None:
    response = get(emg, f"/id/{GROUP}.history")
    assert response.status_code == 303
    assert urlsplit(response.headers["Location"]).path == "/history"
    assert parse_qs(urlsplit(response.headers["Location"]).query) == {"about": [ID + GROUP]}
    assert "Last changed in revision 1 on 2024-05-01 by Ada." in words(page(emg, f"/id/{GROUP}.html"))


def test_an_unknown_thing_is_told_with_those_that_are_near(emg: FlaskClient) -> None:
    for path in (
        "/id/workstream/img-biodiversty",
        "/id/workstreams/img-biodiversity",
        "/id/workstream/img-biodiversty.ttl",
    ):
        told = get(emg, path, "application/json")
        assert (told.status_code, told.content_type) == (404, "application/problem+json")
        first = told.get_json(force=True)["suggestions"][0]
        assert first == {
            "iri": ID + GROUP,
            "name": "Issue Management Group on Biodiversity",
            "href": f"/id/{GROUP}",
        }
    shown = get(emg, "/id/workstream/img-biodiversty")
    assert (shown.status_code, f"/id/{GROUP}" in links(shown.text)) == (404, True)
    assert ("Did you mean one of these?" in shown.text, "did you mean /id" in shown.text) == (True, False)


@pytest.mark.parametrize(
    "path",
    [
        "/id/" + "x" * 10_000,
        "/id/%22%3E%3Cscript%3E",
        "/id/a%20b",
        "/id/%7B%7D",
        "/id/%F0%9F%8C%8D",
        "/id/a%0Ab",
        "/id/.",
    ],
    ids=lambda path: path[:24],
)
def test_a_path_that_no_thing_can_have_is_not_found(emg: FlaskClient, path: str) -> None:
    response = get(emg, path)
    assert response.status_code == 404
    assert "<script>" not in response.text.partition("<main")[2]
    assert len(response.data) < 10_000


def test_a_thing_of_elsewhere_is_told_of_by_its_iri(odd: FlaskClient) -> None:
    iri = "http://www.wikidata.org/entity/Q223880"
    address = f"/about?iri={quote(iri, safe='')}"
    text = page(odd, address)
    assert "Emma, elsewhere" in words(text)
    assert "/id/book/emma" in links(text)
    assert f'<a href="{iri}" rel="external noreferrer">' in text
    response = get(odd, address, "text/turtle")
    assert response.content_type == MEDIA["ttl"]
    assert "Accept" in response.vary
    assert (URIRef(iri), RDFS.label, None) in Graph().parse(data=response.data, format="turtle")
    assert get(odd, f"{address}&format=jsonld").content_type == MEDIA["jsonld"]
    assert (
        get(odd, f"/about?iri={quote(BASE)}id/book/emma&format=ttl").headers["Location"] == "/id/book/emma?format=ttl"
    )
    assert get(odd, "/about?iri=http://www.wikidata.org/entity/Q1").status_code == 404


@pytest.mark.parametrize("iri", ["", "emma", "<x:y>", "http://a b", "x" * 10_000, 'http://a/"><script>'])
def test_what_is_no_iri_is_refused(odd: FlaskClient, iri: str) -> None:
    told = odd.get("/about", query_string={"iri": iri}, headers={"Accept": "application/json"})
    assert (told.status_code, told.json["type"].rpartition("/")[2]) == (400, "bad-request")
    assert len(told.data) < 1000
    assert odd.get("/about?iri=x:a&iri=x:b").status_code == 400


def test_the_page_of_a_group_tells_its_profile(emg: FlaskClient) -> None:
    text = page(emg, f"/id/{GROUP}.html")
    headings = re.findall(r'<h2 id="[^"]+">([^<]+)</h2>', text)
    assert headings == [
        *("Tasks", "Progress", "Next steps", "Deliverables", "Groups inside it", "Mandates and continuation"),
        *("Frameworks", "Elsewhere", "All statements"),
    ]
    read = words(text)
    passage = "Mid-Term Progress Report, section I.a, row 1, Progress, sentence 5 «Accountability and»"
    assert passage in read
    assert "/id/passage/som28-mpr.I.a.1.progress.5" in links(text)
    assert f"{ID}workstream/img-biodiversity" in read
    assert "/ontology#IssueManagementGroup" in links(text)


def test_the_query_behind_a_section_gives_its_rows(emg: FlaskClient) -> None:
    text = page(emg, f"/id/{GROUP}.html")
    section = text.partition('<section aria-labelledby="workstream-tasks">')[2].partition("</section>")[0]
    [address] = [each for each in links(section) if "query=" in each]
    [query] = parse_qs(urlsplit(address).query)["query"]
    assert query.startswith("# title: Tasks")
    answer = emg.get("/sparql", query_string={"query": query, "format": "json"}).get_json(force=True)
    tasks = {row["task"]["value"].removeprefix("https://w3id.org/unemg") for row in answer["results"]["bindings"]}
    assert tasks
    assert tasks <= links(section)


def test_each_statement_is_marked_and_proved(emg: FlaskClient) -> None:
    read = words(page(emg, f"/id/{GROUP}.html"))
    statements = read.partition("All statements")[2]
    assert (
        "UN Decade on Ecosystem Restoration stated "
        "Mid-Term Progress Report, section I.a, row 1, Tasks, sentence 1 «UN Decade on Ecosystem Restoration» "
        "· certainty: stated"
    ) in statements
    # What a status proves, and what the other direction of a stated relation proves.
    assert "established inferred Mid-Term Progress Report, section I.a, row 1, Progress, sentence 2" in statements
    assert re.search(r"has sub group Accountability and global-level reporting inferred Mid-Term", statements)
    assert "status assertion (2)" in statements
    editorial = words(page(emg, "/id/note/two-monitoring-frameworks.html"))
    assert "Monitoring and reporting framework (IMG on Biodiversity) editorial" in editorial
    assert " external " in words(page(emg, "/id/framework/un-decade-restoration.html"))
    assert " descriptive " in words(page(emg, "/id/event-state/held.html"))


def test_what_follows_is_shown_with_its_path(emg: FlaskClient) -> None:
    read = words(page(emg, "/id/framework/post2020-gbf.html")).partition("Who and what supports it")[2]
    assert (
        "Inventory of knowledge products (IMG on Biodiversity) indirectly supports inferred Issue Management Group"
        in read
    )


def test_a_relation_without_a_name_of_its_own_is_told_in_words(emg: FlaskClient) -> None:
    section = page(emg, "/id/event/nd-15c-series.html").partition('aria-labelledby="event-themes"')[2]
    assert ">subject</a>" in section.partition("</section>")[0]
    assert ">dcterms:subject<" not in section


def test_what_asks_for_a_thing_by_default_is_nothing_about_it(emg: FlaskClient) -> None:
    text = page(emg, "/id/agency/unep.html")
    asked = "SELECT ?parameter { ?parameter <http://www.w3.org/ns/shacl#defaultValue> <" + f"{ID}agency/unep> }}"
    [*parameters] = emg.get("/sparql", query_string={"query": asked, "format": "json"}).get_json(force=True)["results"][
        "bindings"
    ]
    assert parameters
    assert "default value" not in words(text)
    assert "shacl%23defaultValue" not in text


def test_the_same_name_at_several_places_is_told_with_the_place(emg: FlaskClient) -> None:
    elsewhere = words("<body>" + page(emg, "/id/agency/unep.html").partition('<h2 id="elsewhere">')[2])
    for place in ("www.wikidata.org", "ror.org"):
        assert f"same as: United Nations Environment Programme {place}" in elsewhere


def test_a_proposal_is_one_row_whatever_its_states(emg: FlaskClient) -> None:
    section = page(emg, "/id/agency/unep.html").partition('<section aria-labelledby="agent-proposals">')[2]
    rows = [words(f"<body>{row}") for row in section.partition("</section>")[0].split("<tr>")[2:]]
    named = [row for row in rows if row.startswith("Proposal of a Nexus Dialogue on Environmental Aspects")]
    assert len(named) == 2
    assert all("need not be presented, planning permitted, proposed, supported" in row for row in named)


PROFILES = {
    "agency/unep": ["Proposals", "Works with"],
    "deliverable/ml-report": ["State and history", "Who makes it", "Events and presentations"],
    "event/som28": ["Dates", "State", "Organisers and participants"],
    "document/som28-midterm-progress-report": ["What it tells of", "Sections", "Differences and slips", "Passages"],
    "theme/biodiversity": ["What is about it"],
    "scheme/deliverable-state": ["Concepts"],
    "event-state/held": ["What has it"],
    "task/som28-mpr.I.a.1": ["Status", "Progress and next steps", "What it is about"],
    "proposal/img-environmental-data": ["Who proposes and supports it", "State", "Activities"],
    "decision/som27-img-biodiversity": ["Who decided what"],
    "passage/som28-mpr.I.a.1.progress.7c": ["What it proves", "Passages around it"],
    "body/emg-secretariat": ["Leads, produces and is asked", "Roles and members"],
    "programme-area/sdgs": ["Workstreams"],
}


@pytest.mark.parametrize("thing", PROFILES)
def test_each_kind_of_thing_has_a_profile(emg: FlaskClient, thing: str) -> None:
    headings = re.findall(r'<h2 id="[^"]+">([^<]+)</h2>', page(emg, f"/id/{thing}.html"))
    assert [heading for heading in headings if heading in PROFILES[thing]] == PROFILES[thing]


def test_what_has_no_name_is_called_by_what_it_says(emg: FlaskClient, odd: FlaskClient) -> None:
    def heading(client: FlaskClient, path: str) -> str:
        return html.unescape(re.findall(r"<h1[^>]*>([^<]*)</h1>", page(client, path))[0])

    path = "/id/statement/bio-mr-outline--supports--common-approach.html"
    assert heading(emg, path).endswith("· supports · UN Common Approach to biodiversity")
    assert heading(odd, "/id/claim.html") == "Claim: Emma, Jane Austen"


def test_what_is_reified_in_public_terms_is_understood_too(odd: FlaskClient) -> None:
    text = page(odd, "/id/book/emma.html")
    assert "written by Jane Austen checked The title page · sureness: checked" in words(text)
    assert "Works" not in words(text)
    author = words(page(odd, "/id/austen.html"))
    assert "wrote" in author
    assert "Works work Café" in author


def test_search_engines_are_told_in_their_words(odd: FlaskClient, emg: FlaskClient) -> None:
    def told(text: str) -> Any:
        return json.loads(re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)[0])

    emma = told(page(odd, "/id/book/emma.html"))
    assert (emma["@id"], emma["@type"], emma["name"]) == (f"{BASE}id/book/emma", ["Book"], "Emma")
    assert emma["sameAs"] == "http://www.wikidata.org/entity/Q223880"
    assert emma["description"] == "A novel about a matchmaker."
    graph = Graph().parse(data=json.dumps(told(page(emg, "/id/event/som28.html"))), format="json-ld")
    assert (URIRef(f"{ID}event/som28"), RDF.type, URIRef("https://schema.org/Event")) in graph
    kinds = {
        "agency/unep": ["Organization"],
        "workstream/img-biodiversity": ["Project"],
        "deliverable/guidance-ndcs": ["CreativeWork"],
        "framework/ndcs": ["Legislation"],
        "theme/biodiversity": ["DefinedTerm"],
        "document/som28-midterm-progress-report": ["Report"],
    }
    assert {thing: told(page(emg, f"/id/{thing}.html"))["@type"] for thing in kinds} == kinds
    markup = page(odd, "/id/book/markup.html")
    assert told(markup)["name"] == MARKUP


def test_the_head_of_the_page_leads_to_the_thing_and_its_documents(emg: FlaskClient) -> None:
    head = page(emg, f"/id/{GROUP}.html").partition("</head>")[0]
    assert f'<link rel="canonical" href="{ID}{GROUP}">' in head
    alternates = dict(re.findall(r'<link rel="alternate" type="([^"]+)" href="([^"]+)">', head))
    assert alternates == {
        media.partition(";")[0]: f"/id/{GROUP}.{extension}" for extension, media in MEDIA.items() if extension != "html"
    }


def test_names_are_told_with_their_languages(odd: FlaskClient) -> None:
    text = page(odd, "/id/book/emma.html")
    assert re.search(r"Also called Emma, a novel \(en\)", words(text))
    assert '<h1 dir="auto" class="entity">Emma</h1>' in text
    assert f'dir="auto" lang="he">{HEBREW}</span>' in page(odd, "/id/book/hebrew.html")


def test_nothing_that_is_written_in_the_graph_is_run(odd: FlaskClient) -> None:
    for path in ("/id/book/markup.html", "/id/book/emma.html", "/id/austen.html", "/about?iri=javascript:alert(1)"):
        text = page(odd, path)
        assert not [address for address in links(text) if address.lower().startswith("javascript:")]
        assert MARKUP not in text
        scripts = re.findall(r"<script([^>]*)>", text)
        assert all("application/ld+json" in each or 'src="/static/' in each for each in scripts)
        assert not re.search(r"\s(style|on\w+)=", text)
    assert "javascript:alert(1)" in words(page(odd, "/id/book/emma.html"))


def test_a_very_long_name_is_shown(odd: FlaskClient) -> None:
    text = page(odd, "/id/book/long.html")
    assert LONG.strip() in text
    assert len(re.findall("<title>(.*?)</title>", text, re.DOTALL)[0]) < 200


def test_what_leads_to_a_thing_of_answers_is_its_page(emg: FlaskClient) -> None:
    query = f"SELECT ?group ?same WHERE {{ VALUES ?group {{ <{ID}{GROUP}> }} VALUES ?same {{ <http://a.example/x> }} }}"
    text = emg.get("/sparql", query_string={"query": query}, headers={"Accept": BROWSER}).text
    assert f"/id/{GROUP}" in links(text)
    assert "/about?iri=http%3A%2F%2Fa.example%2Fx" in links(text)
    assert '<a href="http://a.example/x" rel="external noreferrer">' in text
    assert not [address for address in links(text) if "DESCRIBE" in address]


def test_no_answer_leads_to_a_script(odd: FlaskClient) -> None:
    query = f"SELECT ?same {{ <{BASE}id/book/emma> <http://www.w3.org/2002/07/owl#sameAs> ?same }}"
    text = odd.get("/sparql", query_string={"query": query}, headers={"Accept": BROWSER}).text
    assert "/about?iri=javascript%3Aalert%281%29" in links(text)
    assert not [address for address in links(text) if address.startswith("javascript:")]


def test_the_interface_is_described(emg: FlaskClient) -> None:
    document: Any = emg.get("/openapi.json").json
    thing = document["paths"]["/id/{path}"]["get"]
    assert set(thing["responses"]["200"]["content"]) == {media.partition(";")[0] for media in MEDIA.values()}
    assert {"303", "404", "406"} <= set(thing["responses"])
    assert [each["name"] for each in document["paths"]["/about"]["get"]["parameters"]] == [
        *("iri", "format", "revision", "asOf"),
    ]
