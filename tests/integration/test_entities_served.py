"""Pages and descriptions of things by a server: of earlier states, kept until something changes, and the same bytes."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest
from rdflib import Graph, URIRef
from rdflib.namespace import RDFS

from tests.entity_content import BASE, write_content
from tests.serving import Command, Server, serving
from tests.states import build_into

BOOK = "/id/book/emma"
HTML = "text/html"


@pytest.fixture(scope="module")
def server(kg_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two builds: in the second one the book has another name, and a book that was there is gone."""
    folder = tmp_path_factory.mktemp("served")
    content = write_content(folder / "content")
    build_into(folder / "state", content)
    data = content / "data" / "books.trig"
    text = data.read_text(encoding="utf-8")
    changed = text.replace('"Emma"@en , "Emma"@de', '"Emma, revised"@en')
    kept = [line for line in changed.splitlines(keepends=True) if "book:long" not in line]
    data.write_text("".join(kept), encoding="utf-8")
    build_into(folder / "state", content)
    with serving(kg_command, folder / "state", folder / "server") as server:
        yield server


def test_a_page_tells_of_the_state_that_is_asked_for(server: Server) -> None:
    assert ">Emma, revised</h1>" in server.send("GET", f"{BOOK}.html", accept=HTML).text
    for past, told in (("revision=1", "at revision 1"), ("asOf=2024-05", "")):
        page = server.send("GET", f"{BOOK}.html?{past}", accept=HTML)
        assert page.status == 200
        assert (">Emma</h1>" in page.text) == (past == "revision=1")
        assert told in page.text
        assert f'<a href="{BOOK}">See it as it is now</a>' in page.text
        assert 'rel="canonical"' not in page.text


def test_links_of_a_past_page_stay_in_its_time(server: Server) -> None:
    page = server.send("GET", f"{BOOK}.html?revision=1", accept=HTML).text
    things = [link for link in re.findall(r'href="(/(?:id/|about\?)[^"]*)"', page) if link != BOOK]
    assert things
    assert [link for link in things if not link.endswith("revision=1")] == []
    assert 'href="/ontology#' in page
    led = server.send("GET", html.unescape(things[0]), accept=HTML)
    assert (led.status, led.headers.get("Location", "?revision=1").endswith("revision=1")) in {(303, True), (200, True)}
    assert "revision=1" not in server.send("GET", f"{BOOK}.html", accept=HTML).text


def test_a_description_tells_of_the_state_that_is_asked_for(server: Server) -> None:
    seen = server.send("GET", f"{BOOK}?revision=1", accept="text/turtle")
    assert (seen.status, seen.headers["Location"]) == (303, f"{BOOK}.ttl?revision=1")
    names = [
        {
            str(name)
            for name in Graph().parse(data=reply.body, format="turtle").objects(URIRef(BASE + BOOK[1:]), RDFS.label)
        }
        for reply in (server.send("GET", seen.headers["Location"]), server.send("GET", f"{BOOK}.ttl"))
    ]
    assert names == [{"Emma"}, {"Emma, revised"}]


def test_what_is_gone_is_still_found_in_its_time(server: Server) -> None:
    assert server.send("GET", "/id/book/long", accept=HTML).status == 404
    assert server.send("GET", "/id/book/long.html?revision=1", accept=HTML).status == 200
    assert server.send("GET", "/id/book/long?revision=9", accept=HTML).status == 404
    assert server.send("GET", "/id/book/long?revision=one", accept=HTML).status == 400
    assert server.send("GET", "/id/book/long?revision=1&asOf=2024", accept=HTML).status == 400


@pytest.mark.parametrize("document", ["html", "ttl", "jsonld"])
def test_documents_are_kept_and_compared_by_their_tag(server: Server, document: str) -> None:
    first = server.send("GET", f"{BOOK}.{document}")
    assert first.status == 200
    again = server.send("GET", f"{BOOK}.{document}", if_none_match=first.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    assert server.send("GET", f"{BOOK}.{document}").body == first.body
    head = server.send("HEAD", f"{BOOK}.{document}")
    assert (head.status, head.headers["ETag"], head.body) == (200, first.headers["ETag"], b"")
    assert f'<{BASE}id/book/emma>; rel="cite-as"' in ", ".join(first.headers.get_all("Link", []))


def test_the_latest_change_is_told(server: Server) -> None:
    assert "Last changed in revision 2 on 2024-05-01 by Ada." in server.send("GET", f"{BOOK}.html", accept=HTML).text
    assert "Last changed in revision 1 on" in server.send("GET", "/id/book/hebrew.html", accept=HTML).text
