"""Writing over HTTP, as a client meets it: what is told of what was sent, and what is there for whoever asks next."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import Workbook
from rdflib import RDF, SH, BNode, Graph, Literal, URIRef

from kg.settings import Settings
from kg.web.app import create_app
from tests.serving import Command, Reply, query_path
from tests.states import assert_whole
from tests.stocked import (
    BASE,
    DATED,
    FORMATS,
    NO_AUTHOR,
    NO_NAME,
    NO_YEAR,
    NOBODYS,
    PREFIXES,
    SANDITON,
    SPARQL,
    STRANGERS,
)
from tests.submitting import make_token, wait_until_idle
from tests.writing import BROWSER, GRAPH, TURTLE, UPDATE, XLSX, House, named, problem, receipt, stocked_house

FORM = "application/x-www-form-urlencoded"
MEDIA_TYPES = {
    "ttl": "text/turtle; charset=utf-8",
    "trig": "application/trig",
    "nt": "application/n-triples",
    "nq": "application/n-quads",
    "jsonld": "application/ld+json",
    "rdf": "application/rdf+xml",
}

# rdflib's own parser of JSON-LD uses what rdflib deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning:rdflib")


@pytest.fixture(scope="module")
def house(small: Path, kg_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with stocked_house(kg_command, small, tmp_path_factory.mktemp("writing")) as house:
        yield house


def assert_unchanged(house: House, revision: int) -> None:
    assert house.head() == revision


# Submissions


@pytest.mark.parametrize("extension", MEDIA_TYPES)
def test_a_submission_is_created_and_seen_by_whoever_asks_next(house: House, extension: str) -> None:
    name = f"s-{extension}"
    text = FORMATS[extension].replace("sanditon", name)
    path = "/submissions?message=Found+it&source=https://archive.example/a&source=https://archive.example/b%23p7"
    reply = house.submit(text, path, media_type=MEDIA_TYPES[extension])
    found = house.rows(
        "PREFIX dcterms: <http://purl.org/dc/terms/> "
        f"SELECT ?g ?what ?who ?from {{ GRAPH <{GRAPH}history> {{ ?g dcterms:title ?what ; dcterms:creator ?who ; "
        f"dcterms:source ?from }} GRAPH ?g {{ <{BASE}{name}> <{BASE}writtenBy> <{BASE}austen> }} }} ORDER BY ?from"
    )
    told = receipt(reply, 201)
    revision = told["revision"]
    assert (told["changed"], told["seen"]) == (True, True)
    assert told["report"] == {"conforms": True, "counts": {"violation": 0, "warning": 0, "info": 0}, "results": []}
    assert reply.headers["Location"] == f"/history/{revision}"
    assert reply.headers["ETag"] == f'"{revision}"'
    assert reply.headers["Cache-Control"] == "no-store"
    commit = house.told(f"/history/{revision}")
    assert (commit["source"], commit["added"], commit["removed"]) == (told["graph"], told["added"], told["removed"])
    assert re.fullmatch(r"Tester \(\w{8}\)", commit["author"])
    assert commit["message"] == "Found it"
    assert found == [
        [told["graph"], "Found it", commit["author"], source]
        for source in ("https://archive.example/a", "https://archive.example/b#p7")
    ]


def test_what_follows_comes_and_goes_with_what_it_follows_from(house: House) -> None:
    told = receipt(house.submit(named("olgt")), 201)
    assert house.holds(f"GRAPH <{GRAPH}entailed/wrote> {{ :austen :wrote :solgt }}")
    assert house.rows("SELECT ?book { ?book ?p 'Solgt'@en }") == [[f"{BASE}solgt"]]
    undone = receipt(house.revert(told["revision"]))
    assert undone["removed"] == told["added"]
    assert not house.holds(":austen :wrote :solgt")
    again = receipt(house.revert(undone["revision"]))
    assert again["added"] == told["added"]
    assert house.holds(f"GRAPH <{GRAPH}entailed/wrote> {{ :austen :wrote :solgt }}")


@pytest.mark.parametrize("kind", ["csv", "xlsx", "form"])
def test_a_table_is_submitted_with_the_name_of_its_class(house: House, kind: str) -> None:
    name = f"table-{kind}"
    rows = [["id", "written by", "year"], [name, "Jane Austen", "1817"]]
    text = "\r\n".join(",".join(row) for row in rows).encode()
    if kind == "csv":
        reply = house.submit(text, "/submissions?class=Book", media_type="text/csv")
    elif kind == "xlsx":
        book, data = Workbook(), io.BytesIO()
        assert book.active is not None
        for row in rows:
            book.active.append(row)
        book.save(data)
        reply = house.submit(data.getvalue(), "/submissions?class=Book", media_type=XLSX)
    else:
        reply = house.form("/submissions", {"file": ("books of today.csv", text), "class": "Book"})
    told = receipt(reply, 201)
    assert house.rows(f"SELECT ?year {{ GRAPH <{told['graph']}> {{ <{BASE}{name}> <{BASE}year> ?year }} }}") == [
        ["1817"]
    ]
    if kind == "csv":
        again = receipt(house.submit(text, "/submissions?class=Book", media_type="text/csv"))
        assert (again["changed"], again["graph"], again["revision"]) == (False, None, told["revision"])


@pytest.mark.parametrize("way", ["text", "form", "trial"])
def test_a_table_takes_nothing_away_that_others_have_said(house: House, way: str) -> None:
    """But what its own author has said before; a reviewer may send the rest."""
    other = make_token(house.state, scope="submit")

    def send(year: str, token: str) -> Reply:
        text = f"id,written by,year\nown-{way},Jane Austen,{year}\n"
        if way == "form":
            return house.form("/submissions", {"file": ("Book.csv", text.encode())}, authorization=f"Bearer {token}")
        path = "/submissions?class=Book" + ("&dry_run=1" if way == "trial" and token == other else "")
        return house.submit(text, path, media_type="text/csv", authorization=f"Bearer {token}")

    assert receipt(send("1817", house.submitter), 201)["removed"] == 0
    assert receipt(send("1818", house.submitter), 201)["removed"] == 1
    before = house.head()
    refused = send("1819", other)
    told = problem(refused, 403, "row 2, column C (year): this takes away 1 statement that others have brought")
    assert f'<{BASE}own-{way}> <{BASE}year> "1818" <{GRAPH}submission/{before}> .' in told["detail"]
    assert "scope review" in told["remedy"]
    assert 'error="insufficient_scope", scope="review"' in refused.headers["WWW-Authenticate"]
    assert_unchanged(house, before)
    receipt(send("1820", house.reviewer), 201)
    years = f"SELECT ?year {{ <{BASE}own-{way}> <{BASE}year> ?year }}"
    assert house.rows(years) == [["1820"]]
    problem(send("1821", house.submitter), 403, "others have brought")


def test_a_table_takes_nothing_away_that_the_content_says(house: House) -> None:
    before, text = house.head(), "id,written by,year\nemma,,1815\n"
    told = problem(house.submit(text, "/submissions?class=Book", media_type="text/csv"), 403)
    assert "row 2, column B (written by): " in told["detail"]
    assert "graph/books" in told["detail"]
    assert_unchanged(house, before)
    reviewed = house.submit(
        text, "/submissions?class=Book", media_type="text/csv", authorization=f"Bearer {house.reviewer}"
    )
    assert NO_AUTHOR in problem(reviewed, 422)["report"]


def test_what_is_wrong_with_the_cells_of_a_table_is_told_cell_by_cell(house: House) -> None:
    before = house.head()
    text = "id,written by,wrote\nx,Nobody Known,y\n"
    told = problem(house.submit(text, "/submissions?class=Book", media_type="text/csv"), 400)
    assert {each["place"] for each in told["problems"]} >= {"row 1, column C (wrote)", "row 2, column B (written by)"}
    assert_unchanged(house, before)


def test_a_form_carries_a_file_or_a_text_and_what_is_said_of_it(house: House) -> None:
    said = {"message": "By form", "source": "https://archive.example/form"}
    reply = house.form("/submissions", {"file": ("found.nt", named("ile", FORMATS["nt"]).encode()), **said})
    commit = house.told(f"/history/{receipt(reply, 201)['revision']}")
    assert commit["message"] == "By form"
    assert any("<https://archive.example/form>" in line for line in commit["statements"]["added"])
    receipt(house.form("/submissions", {"text": named("ext")}), 201)
    receipt(
        house.form("/submissions", {"text": named("ypd", FORMATS["jsonld"]), "media_type": "application/ld+json"}), 201
    )
    assert house.holds(":sile :writtenBy :austen . :sext :writtenBy :austen . :sypd :writtenBy :austen")
    problem(house.form("/submissions", said), 400, "neither a file nor a text")


@pytest.mark.parametrize("asked", ["dry_run=true", "dry_run=1", "dry_run"])
def test_a_dry_run_judges_and_writes_nothing(house: House, asked: str) -> None:
    before, etag = house.head(), house.server.ask("ASK {}").headers["ETag"]
    good, bad = (house.submit(text, f"/submissions?{asked}") for text in (named("omeday", DATED), NOBODYS))
    assert receipt(good) == receipt(good) | {"conforms": True, "counts": {"violation": 0, "warning": 1, "info": 0}}
    assert receipt(bad) == receipt(bad) | {"conforms": False, "counts": {"violation": 1, "warning": 0, "info": 0}}
    assert good.headers["Cache-Control"] == "no-store"
    assert "Location" not in good.headers
    assert_unchanged(house, before)
    assert house.server.ask("ASK {}").headers["ETag"] == etag


def test_warnings_are_in_the_receipt_and_stop_nothing(house: House) -> None:
    told = receipt(house.submit(named("old", DATED)), 201)
    assert told["report"]["counts"] == {"violation": 0, "warning": 1, "info": 0}
    [entity] = told["report"]["results"]
    [finding] = entity["results"]
    assert (entity["focus"], entity["label"], finding["value"]) == (f"{BASE}sold", "Sold", "about 1817")
    assert (finding["severity"], finding["place"]) == ("Warning", "line 4")
    assert NO_YEAR in finding["rule"]
    assert house.holds(":sold :year 'about 1817'")
    page = house.submit(named("ale", DATED), accept=BROWSER)
    assert (page.status, page.headers.get_content_type()) == (201, "text/html")
    assert "Accepted as revision" in page.text
    assert NO_YEAR in page.text


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"message": "two\r\nlines"}, "the message is not one line of text"),
        ({"message": "a \0"}, "the message is not one line of text"),
        ({"source": "archive.example"}, "the source 'archive.example' is no absolute IRI"),
        ({"source": "https://archive.example/%zz"}, "is no absolute IRI"),
        ({"source": "https://archive.example/a b"}, "is no absolute IRI"),
        ({"source": 'x:">'}, "is no absolute IRI"),
    ],
)
def test_what_is_said_of_a_submission_must_be_fit_to_be_kept(house: House, said: dict[str, str], told: str) -> None:
    before = house.head()
    problem(house.form("/submissions", {"text": named("aid"), **said}), 400, told)
    assert_unchanged(house, before)
    receipt(house.submit(named("aid"), "/submissions?dry_run&message=%E2%80%9CSo%E2%80%9D+%5C&source=urn:x:%C3%A9"))


# What does not conform


def assert_told(reply: Reply, media_type: str) -> None:
    assert (reply.status, reply.headers.get_content_type()) == (422, media_type), reply.text
    assert "Accept" in reply.headers["Vary"]
    if media_type == "application/problem+json":
        told = problem(reply, 422, "nothing has changed")
        assert told["type"].endswith("/problems/not-conforming")
        assert told["remedy"]
        [entity] = told["results"]
        [finding] = entity["results"]
        assert entity["focus"] == f"{BASE}nobodys"
        assert (finding["place"], finding["severity"]) == ("line 4", "Violation")
        assert finding["path"] == f"{BASE}writtenBy"
        assert (finding["rule"], finding["fix"]) == ("A book has an author.", "Give it :writtenBy.")
    elif media_type in ("text/turtle", "application/ld+json", "application/n-triples"):
        graph = Graph().parse(reply.body, format=media_type)
        [report] = graph.subjects(RDF.type, SH.ValidationReport)
        assert graph.value(report, SH.conforms) == Literal(False)
        [result] = graph.objects(report, SH.result)
        assert isinstance(result, BNode)
        assert graph.value(result, SH.focusNode) == URIRef(f"{BASE}nobodys")
        assert graph.value(result, SH.resultPath) == URIRef(f"{BASE}writtenBy")
        assert graph.value(result, SH.resultSeverity) == SH.Violation
    else:
        assert NO_AUTHOR in reply.text
        assert "line 4" in reply.text
        assert "Violation" in reply.text
        assert ("<h1>" in reply.text) is (media_type == "text/html")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/problem+json"),
        ("*/*", "application/problem+json"),
        ("application/json", "application/problem+json"),
        ("application/problem+json, text/turtle;q=0.5", "application/problem+json"),
        ("text/turtle", "text/turtle"),
        ("application/ld+json", "application/ld+json"),
        ("application/n-triples", "application/n-triples"),
        ("text/plain", "text/plain"),
        (BROWSER, "text/html"),
    ],
)
def test_what_does_not_conform_is_told_as_the_client_likes_it(house: House, accept: str, media_type: str) -> None:
    before = house.head()
    assert_told(house.submit(NOBODYS, accept=accept), media_type)
    assert_unchanged(house, before)
    assert not house.holds(":nobodys ?p ?o")


@pytest.mark.parametrize(
    ("text", "media_type", "path", "says"),
    [
        (STRANGERS, TURTLE, "/submissions", NO_NAME),
        (SANDITON.replace(":Book", ":Bok"), TURTLE, "/submissions", "Did you mean :Book?"),
        (f"{SPARQL} DELETE WHERE {{ :austen rdfs:label ?name }}", UPDATE, "/update", NO_NAME),
        (f"{SPARQL} DELETE WHERE {{ :emma :writtenBy ?who }}", UPDATE, "/update", NO_AUTHOR),
    ],
    ids=["an author without a name", "an undeclared class", "a name taken away", "an author taken away"],
)
def test_checks_and_shapes_look_at_the_whole_graph(
    house: House, text: str, media_type: str, path: str, says: str
) -> None:
    before = house.head()
    assert says in problem(house.submit(text, path, media_type=media_type), 422)["report"]
    assert_unchanged(house, before)


def test_what_is_missing_is_told_with_what_is_misspelled(house: House) -> None:
    """The check of terms is asked though a shape has found a violation; a value that a shape names is told once."""
    twice = SANDITON.replace(":austen", ":asuten, :nobody").replace(":Book", ":Book, :Bok")
    told = problem(house.submit(twice), 422)
    [book] = told["results"]
    assert sorted((each["value"].rsplit("/", 1)[1], each["suggestions"]) for each in book["results"]) == [
        ("Bok", [f"{BASE}Book"]),
        ("asuten", [f"{BASE}austen"]),
        ("nobody", []),
    ]
    assert "Did you mean :austen?" in told["report"]


# Judgements without writing


def test_anybody_may_ask_for_a_judgement(house: House) -> None:
    before, path = house.head(), "/validate"
    good, bad = (house.submit(text, path, authorization="") for text in (named("oon", DATED), NOBODYS))
    assert (receipt(good)["conforms"], receipt(good)["counts"]["warning"]) == (True, 1)
    assert receipt(bad)["conforms"] is False
    assert receipt(bad)["results"][0]["results"][0]["place"] == "line 4"
    assert bad.headers["Cache-Control"] == "no-store"
    for accept in ("text/turtle", "application/ld+json"):
        reply = house.submit(NOBODYS, path, authorization="", accept=accept)
        graph = Graph().parse(reply.body, format=reply.headers.get_content_type())
        assert [*graph.objects(None, SH.conforms)] == [Literal(False)]
    assert house.submit(named("oon"), path, authorization="", accept="text/plain").text == "conforms\n"
    assert NO_AUTHOR in house.submit(NOBODYS, path, authorization="", accept="text/plain").text
    for text, verdict in ((named("oon"), "It conforms"), (NOBODYS, "It does not conform")):
        page = house.submit(text, path, authorization="", accept=BROWSER)
        assert (page.status, page.headers.get_content_type()) == (200, "text/html")
        assert f"<h1>{verdict}</h1>" in page.text
    assert_unchanged(house, before)


def test_a_judgement_may_be_by_shapes_that_come_with_the_text(house: House) -> None:
    before = house.head()
    shapes = f"""
        @prefix : <{BASE}> . @prefix sh: <http://www.w3.org/ns/shacl#> .
        [] a sh:NodeShape ; sh:targetClass :Book ; sh:property [
            sh:path :isbn ; sh:minCount 1 ; sh:message "A book has a number; give it :isbn."@en ] .
        """.encode()
    without = named("oup").encode()
    with_number = without.replace(b" ;", b' ; :isbn "1" ;', 1)
    told = [
        receipt(house.form("/validate", {"file": ("a.ttl", text), "shapes": ("b.ttl", shapes)}, authorization=""))
        for text in (without, with_number)
    ]
    assert [each["conforms"] for each in told] == [False, True]
    assert told[0]["results"][0]["results"][0]["rule"] == "A book has a number."
    stranger = f'{PREFIXES}:soup a :Book ; :isbn "1" .\n'  # by the shapes of the house it would not conform
    asked = {"text": stranger, "shapes": shapes.decode()}
    assert receipt(house.form("/validate", asked, authorization=""))["conforms"] is True
    broken = house.form("/validate", {"text": stranger, "shapes": "nonsense"}, authorization="")
    assert "shapes" in problem(broken, 400)["detail"]
    assert_unchanged(house, before)


# Updates


def test_an_update_is_sent_as_a_form_or_as_it_is(house: House) -> None:
    text = f"{SPARQL} INSERT DATA {{ GRAPH <{GRAPH}notes> {{ :emma rdfs:comment 'first' }} }}"
    direct = house.submit(text, "/update?message=A+note", media_type=UPDATE)
    assert (receipt(direct)["changed"], receipt(direct)["added"], receipt(direct)["removed"]) == (True, 1, 0)
    assert house.told(direct.headers["Location"])["message"] == "A note"
    form = "update=" + text.replace("first", "second").replace(" ", "+").replace("#", "%23")
    assert receipt(house.submit(form, "/update", media_type=FORM))["added"] == 1
    found = f"SELECT ?text {{ GRAPH <{GRAPH}notes> {{ ?s ?p ?text }} }} ORDER BY ?text"
    assert house.rows(found) == [["first"], ["second"]]
    again = receipt(house.submit(text, "/update", media_type=UPDATE))
    assert (again["changed"], again["graph"]) == (False, None)
    gone = house.submit(f"CLEAR GRAPH <{GRAPH}notes>", "/update", media_type=UPDATE)
    assert (receipt(gone)["added"], receipt(gone)["removed"]) == (0, 2)
    assert house.rows(found) == []


def test_a_request_may_choose_the_graphs_that_an_update_reads(house: House) -> None:
    """Source: SPARQL 1.1 Protocol §2.2.3."""
    receipt(house.submit(f"{PREFIXES}:emma rdfs:comment 'elsewhere' .", "/graphs?graph=x:elsewhere"), 201)

    def copied(parameters: str, where: str) -> list[list[str]]:
        text = f"{SPARQL} INSERT {{ GRAPH <x:copy> {{ ?s :copied ?o }} }} WHERE {{ {where} }}"
        receipt(house.submit(text, f"/update?{parameters}", media_type=UPDATE))
        rows = house.rows("SELECT ?s ?o { GRAPH <x:copy> { ?s ?p ?o } } ORDER BY ?o")
        house.submit("DROP GRAPH <x:copy>", "/update", media_type=UPDATE)
        return rows

    assert copied("using-graph-uri=x:elsewhere", "?s ?p ?o") == [[f"{BASE}emma", "elsewhere"]]
    named_only = "using-named-graph-uri=x:elsewhere"
    assert copied(named_only, "GRAPH ?g { ?s ?p ?o }") == [[f"{BASE}emma", "elsewhere"]]
    assert copied(named_only, "?s ?p ?o") == []
    chosen = f"{SPARQL} INSERT {{ :a :b :c }} USING <x:elsewhere> WHERE {{ ?s ?p ?o }}"
    problem(house.submit(chosen, "/update?using-graph-uri=x:elsewhere", media_type=UPDATE), 400)


@pytest.mark.parametrize(
    ("body", "media_type", "path", "status", "says"),
    [
        ("ASK {}", UPDATE, "/update", 400, "ASK is a query"),
        ("query=ASK+%7B%7D", FORM, "/update", 400, "a query was sent"),
        ("", FORM, "/update", 400, "there is no update"),
        ("update=CLEAR+ALL&update=CLEAR+ALL", FORM, "/update", 400, "given 2 times"),
        ("CLEAR ALL", UPDATE, "/update?update=CLEAR+ALL", 400, "given 2 times"),
        ("CLEAR ALL", UPDATE, "/update?using-graph-uri=here", 400, "not an absolute IRI"),
        ("LOAD <http://127.0.0.1/>", UPDATE, "/update", 403, "LOAD fetches"),
        ("INSERT DATA { <x:s> <x:p> <x:o> ~ <x:r> }", UPDATE, "/update", 400, "triple term"),
        (r"INSERT DATA { <x:s> <x:p> '\u0000' }", UPDATE, "/update", 400, "zero character"),
        ("CLEAR ALL", "application/json", "/update", 415, "application/json"),
        ("CLEAR ALL", f"{UPDATE}; charset=latin-1", "/update", 415, "UTF-8"),
        ("CLEAR ALL", UPDATE.upper(), "/update?update=CLEAR+ALL", 400, "given 2 times"),
        ("update=CLEAR+ALL", FORM, "/sparql", 400, "an update was sent"),
    ],
)
def test_what_is_no_update_is_refused(
    house: House, body: str, media_type: str, path: str, status: int, says: str
) -> None:
    before = house.head()
    assert problem(house.submit(body, path, media_type=media_type), status, says)["remedy"]
    assert_unchanged(house, before)


@pytest.mark.parametrize("update", ["", "# nothing", "LOAD SILENT <http://127.0.0.1:9/> INTO GRAPH <x:g>"])
def test_an_update_may_change_nothing(house: House, update: str) -> None:
    before = house.head()
    told = receipt(house.submit(update, "/update", media_type=UPDATE), 200)
    assert (told["changed"], told["added"], told["removed"]) == (False, 0, 0)
    assert_unchanged(house, before)


def test_what_an_update_names_is_relative_to_the_address_that_it_was_sent_to(house: House) -> None:
    """Source: RFC 3986 §5.1.3; SPARQL 1.1 Protocol §2.2."""
    update = f"INSERT DATA {{ GRAPH <{GRAPH}relative> {{ <{BASE}emma> <{BASE}seenAt> <here> }} }}"
    receipt(house.submit(update, "/update", media_type=UPDATE), 200)
    assert house.holds(f"GRAPH <{GRAPH}relative> {{ ?s ?p <here> }}")
    (row,) = house.rows(f"SELECT ?o {{ GRAPH <{GRAPH}relative> {{ ?s ?p ?o }} }}")
    assert row == [f"http://127.0.0.1:{house.server.port}/here"]
    receipt(house.submit(f"DROP GRAPH <{GRAPH}relative>", "/update", media_type=UPDATE), 200)


def test_a_syntax_error_in_an_update_is_told_with_its_place(house: House) -> None:
    told = problem(house.submit("INSERT DATA {\n  <x:a> <x:b> }", "/update", media_type=UPDATE), 400)
    assert told["type"].endswith("/problems/query-syntax")
    assert told["line"] == 2


# Who may, and for which revision


def test_a_change_may_be_bound_to_the_revision_it_was_made_for(house: House) -> None:
    head = house.head()
    for written in (f'"{head}"', f'W/"{head + 1}"', "*"):
        receipt(house.submit(named(f"b{house.head()}"), if_match=written), 201)
    head = house.head()
    for written in (f'"{head - 1}"', f'"{head + 1}"', '"0"'):
        for method, path in (("POST", "/submissions"), ("PUT", f"/graphs?graph={GRAPH}bound"), ("POST", "/validate")):
            told = problem(house.send(method, path, named("ound"), if_match=written), 412, f"revision {head} now")
            assert told["remedy"]
    problem(house.submit(named("ound"), if_match='"abc"'), 400, "names no revision")
    assert_unchanged(house, head)


WRITES = [
    ("POST", "/submissions"),
    ("POST", "/graphs"),
    ("POST", "/update"),
    ("POST", "/submissions/1/revert"),
    ("PUT", f"/graphs?graph={GRAPH}books"),
    ("POST", "/graph/books"),
    ("DELETE", "/graph/books"),
    ("PATCH", "/graph/books"),
]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_whoever_writes_has_a_token_that_is_good(house: House, method: str, path: str) -> None:
    before = house.head()
    body, media_type = ("CLEAR ALL", UPDATE) if path == "/update" or method == "PATCH" else (SANDITON, TURTLE)
    bare = house.send(method, path, body, media_type, authorization="")
    problem(bare, 401)
    assert bare.headers["WWW-Authenticate"] == 'Bearer realm="writing"'
    wrong = house.send(method, path, body, media_type, authorization=f"Bearer {house.submitter[:-2]}xx")
    problem(wrong, 401)
    assert 'error="invalid_token"' in wrong.headers["WWW-Authenticate"]
    elsewhere = house.send(method, path, body, media_type, origin="https://other.example")
    problem(elsewhere, 403)
    assert_unchanged(house, before)


# What may be sent without a token, as nothing is written; the two last write only with a token in the form.
HARMLESS = {
    "/explain/sparql": ("ASK {}", "application/sparql-query"),
    "/query/names": ("[]", "application/json"),
    "/reconcile": ("queries={}", "application/x-www-form-urlencoded"),
    "/sparql": ("ASK {}", "application/sparql-query"),
    "/sparql/": ("ASK {}", "application/sparql-query"),
    "/validate": (SANDITON, TURTLE),
    "/contribute": ("", ""),
    "/contribute/edit": ("", ""),
    "/contribute/new/<name>": ("", ""),
}


def test_whatever_address_is_added_needs_a_token_or_is_known_to_write_nothing(house: House, tmp_path: Path) -> None:
    before = house.head()
    rules = list(create_app(Settings(state=tmp_path)).url_map.iter_rules())
    sent = {(method, rule.rule) for rule in rules for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}}
    assert {rule for _, rule in sent} >= {*HARMLESS, "/graph/<path:name>", "/update", "/submissions"}
    for method, rule in sorted(sent):
        path = rule.replace("<path:name>", "books").replace("<int:revision>", "1").replace("<name>", "Book")
        body, media_type = HARMLESS.get(rule, (SANDITON, TURTLE))
        if rule not in HARMLESS:
            problem(house.send(method, path, body, media_type, authorization=""), 401)
        elif media_type:
            assert house.send(method, path, body, media_type, authorization="").status in (200, 308), rule
        else:
            form = {"do": "submit", "text": SANDITON, "1.class": "Book", "1.label@en": "Sanditon"}
            assert house.form(path, form, authorization="").status in (400, 401), rule
    assert_unchanged(house, before)


@pytest.mark.parametrize(
    ("method", "path", "media_type"),
    [
        ("POST", "/update", "application/sparql-update"),
        ("PUT", "/graph/books", "text/turtle"),
        ("POST", "/graph/books", "text/turtle"),
        ("DELETE", "/graph/books", ""),
        ("PATCH", "/graph/books", "application/sparql-update"),
    ],
)
def test_changing_what_others_have_said_needs_the_scope_of_a_reviewer(
    house: House, method: str, path: str, media_type: str
) -> None:
    before = house.head()
    refused = house.send(method, path, "DROP ALL", media_type, authorization=f"Bearer {house.submitter}")
    problem(refused, 403, "scope review")
    assert house.head() == before


def test_undoing_needs_the_scope_of_a_reviewer(house: House) -> None:
    told = receipt(house.submit(named("crap")), 201)
    refused = house.submit("", f"/submissions/{told['revision']}/revert")
    problem(refused, 403, "scope review")
    assert 'scope="review"' in refused.headers["WWW-Authenticate"]
    assert house.holds(":scrap :writtenBy :austen")
    path = f"/submissions/{told['revision']}/revert?message=Not+so"
    undone = house.submit("", path, authorization=f"Bearer {house.reviewer}")
    assert house.told(undone.headers["Location"])["message"] == "Not so"
    assert not house.holds(":scrap ?p ?o")
    dry = house.submit("", path.replace("?", "?dry_run=true&"), authorization=f"Bearer {house.reviewer}")
    assert receipt(dry)["conforms"] is True
    problem(house.revert(99_999), 404, "there is no revision 99999")


@pytest.mark.parametrize(
    ("path", "methods", "other"),
    [
        ("/submissions", "GET HEAD POST", "PUT"),
        ("/validate", "POST", "GET"),
        ("/update", "POST", "GET"),
        ("/submissions/2/revert", "POST", "GET"),
        ("/graphs", "DELETE GET HEAD PATCH POST PUT", "MOVE"),
        ("/graph/books", "DELETE GET HEAD PATCH POST PUT", "MOVE"),
        ("/history", "GET HEAD", "POST"),
        ("/history/1", "GET HEAD", "DELETE"),
        ("/blame", "GET HEAD", "POST"),
    ],
)
def test_each_path_names_its_methods(house: House, path: str, methods: str, other: str) -> None:
    allowed = {*methods.split(), "OPTIONS"}
    refused = house.send(other, path)
    problem(refused, 405, f"{other} does not work on {path}")
    for reply in (refused, house.send("OPTIONS", path, authorization="")):
        assert {*reply.headers["Allow"].split(", ")} == allowed
    asked = {"authorization": "", "access_control_request_method": "POST"}
    preflight = house.send("OPTIONS", path, origin="https://other.example", **asked)
    assert (preflight.status, preflight.body) == (204, b"")
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert {*preflight.headers["Access-Control-Allow-Methods"].split(", ")} == allowed
    own = house.send("OPTIONS", path, origin=f"http://127.0.0.1:{house.server.port}", **asked)
    headers = [{*reply.headers["Access-Control-Allow-Headers"].split(", ")} for reply in (preflight, own)]
    if not path.startswith(("/history", "/blame")):
        assert "Authorization" not in headers[0]
        assert headers[1] == {"*", "Authorization"}


def test_what_was_kept_of_an_answer_is_not_told_after_a_commit(house: House) -> None:
    paths = [query_path("SELECT ?s { ?s a ?kind }"), "/questions/explore/books", "/graphs", "/"]
    before = {path: house.server.send("GET", path) for path in paths}
    for path, reply in before.items():
        known = house.server.send("GET", path, if_none_match=reply.headers["ETag"])
        assert (known.status, known.body) == (304, b"")
    receipt(house.submit(named("ent")), 201)
    for path, reply in before.items():
        now = house.server.send("GET", path, if_none_match=reply.headers["ETag"])
        assert (now.status, now.headers["ETag"] != reply.headers["ETag"]) == (200, True), path


def test_all_that_was_accepted_is_kept(house: House) -> None:
    wait_until_idle(house.state)
    assert_whole(house.state)
    assert house.rows("SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }")
