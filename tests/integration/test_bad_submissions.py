"""Whatever is sent that cannot be taken in: the right status, a remedy, nothing changed, nothing fetched."""

import gzip
import io
import shutil
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from kg.access import Register
from kg.store import Ledger, Snapshots
from tests.serving import Command, Reply, Server, serving
from tests.states import assert_whole
from tests.submitting import UNLIMITED, authorless, book, make_token, submit, told, wait_until_idle
from tests.writing import UPDATE, XLSX

JSON_LD = "application/ld+json"
RDF_XML = "application/rdf+xml"
NQUADS = "application/n-quads"
GRAPH = "https://library.example/graph/books"
RDF_XML_BOOK = """\
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:l="https://library.example/">
  <l:Book rdf:about="https://library.example/x">%s</l:Book>
</rdf:RDF>
"""


@dataclass
class Listener:
    """Somebody whom nobody should call; counts who does."""

    port: int
    calls: list[str] = field(default_factory=list)

    def url(self, path: str = "context.jsonld") -> str:
        return f"http://127.0.0.1:{self.port}/{path}"


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        found, stop = Listener(server.getsockname()[1]), threading.Event()

        def listen() -> None:
            while not stop.is_set():
                try:
                    connection, address = server.accept()
                except TimeoutError:
                    continue
                found.calls.append(str(address))
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        yield found
        stop.set()
        thread.join()


@pytest.fixture(scope="module")
def state(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(small / "state", tmp_path_factory.mktemp("library") / "state", symlinks=True)


@pytest.fixture(scope="module")
def token(state: Path) -> str:
    return make_token(state)


@pytest.fixture(scope="module")
def server(kg_command: Command, state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = UNLIMITED | {"KG_PROCESSES": "1", "KG_SUBMISSION_MEGABYTES": "1"}
    with serving(kg_command, state, tmp_path_factory.mktemp("server"), **settings) as started:
        yield started


@pytest.fixture(autouse=True)
def nothing_changes(server: Server, state: Path, listener: Listener) -> Iterator[None]:
    """What no test here may change: ledger, snapshot, and that the server answers; nor may anybody be called."""
    before = (Ledger(state / "ledger").head(), Snapshots(state, memory_quads=0).current().number)
    yield
    assert (Ledger(state / "ledger").head(), Snapshots(state, memory_quads=0).current().number) == before
    assert server.ask("ASK { <https://library.example/emma> ?p ?o }").text.count("true") == 1
    assert listener.calls == []


def workbook(*rows: list[object], title: str = "Book") -> bytes:
    book_of_sheets = Workbook()
    sheet = book_of_sheets.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    file = io.BytesIO()
    book_of_sheets.save(file)
    return file.getvalue()


def bomb(megabytes: int) -> bytes:
    """A workbook of a few kilobytes, one part of which has many megabytes."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(["id", "label"]))) as good,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bad,
    ):
        for name in good.namelist():
            data = good.read(name)
            if name.endswith("sheet1.xml"):
                data = data.replace(b"</sheetData>", b"<row/>" * (megabytes * 2**20 // 6) + b"</sheetData>")
            bad.writestr(name, data)
    return file.getvalue()


@dataclass(frozen=True)
class Bad:
    """A request, the status of the answer, and what it says."""

    status: int
    says: str
    body: str | bytes | Callable[[], bytes] = ""
    """What is large is made when it is sent, not whenever tests are collected."""
    media_type: str = "text/turtle"
    path: str = "/submissions"
    method: str = "POST"


BAD: dict[str, Bad] = {
    # Texts that are not what they say.
    "Turtle that breaks off": Bad(400, "line 3", book("x")[:-3]),
    "TriG that breaks off": Bad(400, "not RDF", f"<{GRAPH}> {{ {book('x')}", "application/trig"),
    "N-Triples with a prefix": Bad(400, "not RDF", book("x"), "application/n-triples"),
    "N-Quads without an object": Bad(400, "not RDF", "<x:a> <x:b> .\n", NQUADS),
    "JSON-LD that is no JSON": Bad(400, "JSON", '{"@id": "x:a",', JSON_LD),
    "RDF/XML that is not closed": Bad(400, "XML", RDF_XML_BOOK[:-12] % "", RDF_XML),
    "Turtle that is called RDF/XML": Bad(400, "XML", book("x"), RDF_XML),
    "an update that is not SPARQL": Bad(400, "", "INSERT { nonsense", UPDATE, "/update"),
    "a query in place of an update": Bad(400, "is a query", "SELECT * { ?s ?p ?o }", UPDATE, "/update"),
    "a CSV without its columns": Bad(400, "column", "nonsense,other\n1,2\n", "text/csv", "/submissions?class=Book"),
    "a workbook that is none": Bad(400, "", b"PK nothing", XLSX, "/submissions?class=Book"),
    "Latin-1": Bad(400, "UTF-8", book("x").replace('"x"', '"\xe9"').encode("latin-1")),
    "UTF-16": Bad(400, "UTF-8", book("x").encode("utf-16")),
    "another encoding that is named": Bad(400, "UTF-8", book("x"), "text/turtle; charset=latin-1"),
    "NUL": Bad(400, "", book("x").replace('"x"', '"\0"')),
    "a relative IRI": Bad(400, "IRI", "<a> <b> <c> .\n"),
    "nothing": Bad(400, "says nothing"),
    "only a comment": Bad(400, "says nothing", "# nothing\n"),
    "no conforming book": Bad(422, "A book has an author", authorless("x")),
    # What is of another kind, or too much.
    "a media type that is not read": Bad(415, "text/turtle", book("x"), "application/pdf"),
    "no media type": Bad(415, "text/turtle", book("x"), ""),
    "a body over the limit": Bad(413, "1,114,112 bytes", b"# " + b"x" * (2 * 2**20)),
    "a text over the limit": Bad(413, "1,048,576 are allowed", b"# " + b"x" * (2**20 + 10)),
    "deep nesting in Turtle": Bad(400, "deep", "<x:a> <x:b> " + "(" * 5000 + ")" * 5000 + " .\n"),
    "deep nesting in JSON-LD": Bad(400, "deep", '{"x:a": ' * 5000 + "1" + "}" * 5000, JSON_LD),
    "deep nesting in RDF/XML": Bad(400, "deep", RDF_XML_BOOK % ("<l:b><l:C>" * 3000 + "</l:C></l:b>" * 3000), RDF_XML),
    "deep nesting in an update": Bad(400, "", "INSERT {} WHERE " + "{" * 3000 + "}" * 3000, UPDATE, "/update"),
    "a zip bomb": Bad(400, "", lambda: bomb(200), XLSX, "/submissions?class=Book"),
    # Who may write to what.
    "a named graph in a submission": Bad(400, "graph", f"<{GRAPH}> {{ <x:a> <x:b> <x:c> }}", "application/trig"),
    "another graph in N-Quads": Bad(400, "graph", f"<x:a> <x:b> <x:c> <{GRAPH}> .\n", NQUADS),
    "a derived graph": Bad(
        400, "nobody writes", book("x"), path="/graphs?graph=https://library.example/graph/entailed/wrote", method="PUT"
    ),
    "a derived graph in an update": Bad(
        400,
        "follows from",
        "INSERT DATA { GRAPH <https://library.example/graph/entailed/wrote> { <x:a> <x:b> <x:c> } }",
        UPDATE,
        "/update",
    ),
    "the merge as a graph": Bad(400, "merge of all graphs", book("x"), path="/graphs?default", method="PUT"),
    "the merge to delete": Bad(400, "merge of all graphs", path="/graphs?default", method="DELETE"),
    "the history of the store": Bad(
        400, "", "INSERT DATA { GRAPH <urn:x-kg:history> { <x:a> <x:b> <x:c> } }", UPDATE, "/update"
    ),
    "a graph that is not there, to delete": Bad(404, "no graph", path="/graphs?graph=x:nothing", method="DELETE"),
    "a graph that is not there, to patch": Bad(
        404, "no graph", "DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }", UPDATE, "/graphs?graph=x:nothing", "PATCH"
    ),
    "no graph": Bad(400, "no graph is named", book("x"), path="/graphs", method="PUT"),
    "a revision that is not there": Bad(404, "no revision 99", path="/submissions/99/revert"),
    "a revision in If-Match that is none": Bad(400, "If-Match", book("x"), path="/submissions"),
    "a load of another place": Bad(403, "", "LOAD <http://127.0.0.1:{port}/x>", UPDATE, "/update"),
    "a service in an update": Bad(
        403,
        "",
        "INSERT {{ ?s ?p ?o }} WHERE {{ SERVICE <http://127.0.0.1:{port}/> {{ ?s ?p ?o }} }}",
        UPDATE,
        "/update",
    ),
    "a context of another place": Bad(
        400, "context", '{{"@context": "http://127.0.0.1:{port}/c", "@id": "x:a", "x:b": "c"}}', JSON_LD
    ),
    "a context that imports another": Bad(
        400,
        "",
        '{{"@context": {{"@version": 1.1, "@import": "http://127.0.0.1:{port}/c"}}, "@id": "x:a", "x:b": "c"}}',
        JSON_LD,
    ),
    "an entity of another place": Bad(
        400,
        "document type",
        '<!DOCTYPE r [<!ENTITY e SYSTEM "http://127.0.0.1:{port}/e">]>' + RDF_XML_BOOK % "<l:b>&e;</l:b>",
        RDF_XML,
    ),
    "an entity of a file": Bad(
        400,
        "document type",
        '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + RDF_XML_BOOK % "<l:b>&e;</l:b>",
        RDF_XML,
    ),
    "entities of entities": Bad(
        400,
        "document type",
        '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
        + RDF_XML_BOOK % "<l:b>&c;</l:b>",
        RDF_XML,
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_taken_in_is_refused_with_a_remedy(
    server: Server, token: str, listener: Listener, name: str
) -> None:
    bad = BAD[name]
    body = bad.body() if callable(bad.body) else bad.body
    if isinstance(body, str):
        body = body.encode()
    if b"{port}" in body:
        body = body.replace(b"{{", b"{").replace(b"}}", b"}").replace(b"{port}", str(listener.port).encode())
    headers = {"authorization": f"Bearer {token}"}
    if bad.media_type:
        headers["content_type"] = bad.media_type
    if "If-Match" in name:
        headers["if_match"] = '"none"'
    reply = server.send(bad.method, bad.path, body, **headers)
    assert_refused(reply, bad.status, bad.says)


def assert_refused(reply: Reply, status: int, says: str) -> None:
    assert (reply.status, reply.headers["Content-Type"]) == (status, "application/problem+json"), reply.text
    problem = told(reply)
    assert problem["status"] == status
    assert problem["remedy"], reply.text
    assert says in reply.text
    assert "Traceback" not in reply.text


@pytest.mark.parametrize("path", ["/submissions", "/update", "/validate", "/graph/packed"])
def test_a_body_that_is_packed_is_refused_by_what_it_is_packed_with(server: Server, token: str, path: str) -> None:
    body, media_type = (b"CLEAR ALL", UPDATE) if path == "/update" else (book("x").encode(), "text/turtle")
    sent = {"authorization": f"Bearer {token}", "content_type": media_type, "content_encoding": "gzip"}
    reply = server.send("POST", path, gzip.compress(body), **sent)
    assert_refused(reply, 415, "packed as gzip")
    assert reply.headers["Accept-Encoding"] == "identity"


# Who may write.


def test_who_writes_needs_a_token_that_is_good_and_allows_it(server: Server, state: Path, token: str) -> None:
    register, now = Register(state), datetime.now(UTC)
    expired, _ = register.create("Old", scope="submit", now=datetime(2020, 1, 1, tzinfo=UTC), expires=date(2020, 1, 2))
    revoked, made = register.create("Gone", scope="submit", now=now, expires=None)
    register.revoke(made.id, now=now)
    for text in ("", "nonsense", f"{token[:-1]}{'a' if token[-1] != 'a' else 'b'}", expired, revoked):
        headers = {"authorization": f"Bearer {text}"} if text else {}
        reply = server.send("POST", "/submissions", book("x").encode(), content_type="text/turtle", **headers)
        assert_refused(reply, 401, "")
        assert reply.headers["WWW-Authenticate"].startswith("Bearer realm=")
    allowed = make_token(state, scope="submit")
    assert_refused(submit(server, allowed, "", "/submissions/1/revert"), 403, "review")


def test_a_page_of_another_site_cannot_write(server: Server, token: str) -> None:
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec_fetch_site": "cross-site"}):
        assert_refused(submit(server, token, book("x"), **headers), 403, "from a page of this service")


# Who sends slowly, leaves, or asks for too much.


def test_a_client_that_sends_slowly_or_leaves_holds_up_nobody(server: Server, state: Path, token: str) -> None:
    head = (
        f"POST /submissions HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: text/turtle\r\nContent-Length: 5000\r\n\r\n@prefix "
    )
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    for connection in slow:
        connection.sendall(head.encode())
    assert submit(server, token, authorless("x")).status == 422
    assert server.ask("ASK { ?s ?p 'while others send slowly' }").status == 200
    for connection in slow:
        connection.close()
    assert submit(server, token, authorless("y")).status == 422


def test_a_broken_request_of_a_stranger_to_the_desk_itself_changes_nothing(server: Server, token: str) -> None:
    """Another process of this machine, which may speak to the socket, and leaves."""
    assert submit(server, token, authorless("x")).status == 422
    before = desks(server)
    (address,) = server.temporary.glob("kg-*/desk")
    for sent in (b"", b"\0\0", b"\0\0\0\5nonse", b"\xff\xff\xff\xff", b"\0\0\0\2{}", b"\0\0\0\2[]"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(address))
            connection.sendall(sent)
    assert submit(server, token, authorless("y")).status == 422
    assert len(before & desks(server)) == 1


def desks(server: Server) -> set[int]:
    """The process of the desk, without those that it has forked."""
    found = (process for process in server.processes() if "kg.desk.process" in process.command)
    return {process.pid for process in found if process.parent == server.process.pid}


HEAVY = f"""
INSERT {{ <x:a> <x:b> ?n }}
WHERE {{
  SELECT (COUNT(*) AS ?n) {{ {" ".join(f"?s{at} ?p{at} ?o{at} ." for at in range(7))} }}
}}
"""


@dataclass(frozen=True)
class Narrow:
    """A server that gives little."""

    server: Server
    state: Path
    token: str

    def head(self) -> object:
        return Ledger(self.state / "ledger").head(), Snapshots(self.state, memory_quads=0).current().number


@pytest.fixture
def narrow(kg_command: Command, library: Path, tmp_path: Path) -> Iterator[Callable[..., Narrow]]:
    started = []

    def start(**settings: str) -> Narrow:
        running = serving(kg_command, library, tmp_path / "narrow", KG_PROCESSES="1", **settings)
        started.append(running)
        return Narrow(running.__enter__(), library, make_token(library))

    yield start
    for running in started:
        running.__exit__(None, None, None)


def test_a_submission_that_takes_too_long_is_given_up_and_the_next_is_taken(narrow: Callable[..., Narrow]) -> None:
    its = narrow(KG_SUBMISSION_SECONDS="1")
    before = its.head()
    many = "@prefix : <https://library.example/> .\n" + "".join(
        f":b{at} a :Book ; :writtenBy :p{at} .\n:p{at} :writtenBy :b{at} .\n" for at in range(40_000)
    )
    assert_refused(submit(its.server, its.token, many), 503, "time or memory")
    assert its.head() == before
    assert submit(its.server, its.token, book("after")).status == 201


def test_an_update_that_takes_too_long_is_given_up_and_holds_up_nobody(narrow: Callable[..., Narrow]) -> None:
    its = narrow(KG_SUBMISSION_SECONDS="5")
    before = its.head()
    with ThreadPoolExecutor(1) as other:
        heavy = other.submit(submit, its.server, its.token, HEAVY, "/update", content_type=UPDATE)
        assert submit(its.server, its.token, authorless("meanwhile")).status == 422
        assert not heavy.done()
        assert_refused(heavy.result(), 503, "time or memory")
    assert its.head() == before
    assert submit(its.server, its.token, book("after")).status == 201


def test_a_submission_that_needs_too_much_memory_is_given_up_and_the_next_is_taken(
    narrow: Callable[..., Narrow],
) -> None:
    its = narrow(KG_QUERY_MEGABYTES="64")
    before = its.head()
    many = "".join(f"<x:s{at}> <x:p> <x:o{at}>, <x:q{at}>, <x:r{at}> .\n" for at in range(90_000))
    assert_refused(submit(its.server, its.token, many), 503, "time or memory")
    assert its.head() == before
    assert submit(its.server, its.token, book("after")).status == 201
    wait_until_idle(its.state)
    assert_whole(its.state)


LITTLE = {"KG_TOKEN_WRITES": "3", "KG_ADDRESS_VALIDATIONS": "2"}


def test_who_writes_too_often_is_told_when_to_come_again(narrow: Callable[..., Narrow]) -> None:
    its = narrow(**LITTLE)
    statuses = [submit(its.server, its.token, authorless(f"x{at}")).status for at in range(5)]
    assert statuses == [422, 422, 422, 429, 429]
    last = submit(its.server, its.token, book("x"))
    assert_refused(last, 429, "token")
    assert 1 <= int(last.headers["Retry-After"]) <= 60
    assert [
        its.server.send("POST", "/validate", book("x").encode(), content_type="text/turtle").status for _ in range(3)
    ] == [200, 200, 429]
    assert submit(its.server, make_token(its.state), authorless("y")).status == 422


# What is odd, and taken in.


def test_blank_nodes_get_names_and_formulas_are_text_or_refused(narrow: Callable[..., Narrow]) -> None:
    its = narrow()
    reply = submit(its.server, its.token, book("b") + ":b :note [ rdfs:label 'A note'@en ] .\n")
    assert reply.status == 201, reply.text
    shown = its.server.ask("SELECT ?note { <https://library.example/b> <https://library.example/note> ?note }").text
    assert '"type":"bnode"' in shown
    assert "_:" not in (its.state / "ledger/000000001.rdfp").read_text()
    before = its.head()
    for formula in ("=1+1", '=HYPERLINK("http://127.0.0.1/")'):
        table = workbook(
            ["id", "label (en)", "written by"], ["https://library.example/f", formula, "https://library.example/austen"]
        )
        reply = submit(its.server, its.token, table, "/submissions?class=Book", content_type=XLSX)
        assert_refused(reply, 400, "formula")
    assert its.head() == before
