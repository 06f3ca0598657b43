"""The rules by which w3id.org leads to the service: every IRI of ours leads to something, in HTML and in Turtle."""

import os
import re
from collections import defaultdict
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from flask.testing import FlaskClient

from kg.sparql import string_term
from kg.store import Snapshot
from tests.apache import apache, apache_program, ask, read_rules, redirected
from tests.conftest import ROOT

BASE = "https://w3id.org/unemg/"
RULES = (ROOT / "docs/w3id/.htaccess").read_text(encoding="utf-8")
SERVICE = "https://unemg-kg.example"
OWN = f"""SELECT DISTINCT ?iri {{
  {{ GRAPH ?iri {{ ?a ?b ?c }} }} UNION {{ GRAPH ?g {{ ?iri ?p ?o }} }}
  UNION {{ GRAPH ?g {{ ?s ?iri ?o }} }} UNION {{ GRAPH ?g {{ ?s ?p ?iri }} }}
  FILTER (isIRI(?iri) && STRSTARTS(STR(?iri), {string_term(BASE)}))
}}"""
# What is asked beside them: documents, pages, what has to be written otherwise in a URL, and what is sent along.
MORE = {
    "id/workstream/img-biodiversity.ttl": 302,
    "id/workstream/img-biodiversity.jsonld?revision=1": 302,
    "id/workstream/img-biodiversity?asOf=2026-11": 303,
    "id/place/caf%C3%A9%20%25,%20a+b:c;d": 303,
    "ontology.ttl": 302,
    "ontology.rdf?revision=1": 302,
    "vocabulary": 302,
    "data": 302,
    "data/dump.nq.gz": 302,
    "data/links.sssom.tsv": 302,
    "history": 302,
    "history/1": 302,
    "query?query=ASK%20%7B%7D&format=json": 302,
    "sparql?query=ASK%20%7B%7D": 302,
    "": 302,
}


@pytest.fixture(scope="module")
def documents(built: Snapshot) -> list[str]:
    """What is asked for of all our IRIs, below the base: each without its fragment, once."""
    iris = {row[0].value for row in built.query(OWN).rows() if row[0]}
    assert len(iris) > 4000
    return sorted({urldefrag(iri).url.removeprefix(BASE) for iri in iris})


def kind(path: str) -> str:
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] in ("id", "query", "graph") else parts[0]


@pytest.mark.parametrize(("path", "status"), MORE.items())
def test_the_rules_keep_path_suffix_and_query_string(path: str, status: int) -> None:
    before, _, query = path.partition("?")
    assert redirected(read_rules(RULES), before, query) == (status, f"{SERVICE}/{path}")


def test_each_iri_of_ours_leads_to_its_own_path_at_the_service(documents: list[str]) -> None:
    rules = read_rules(RULES)
    kinds = {kind(path).split("/")[0] for path in documents}
    assert kinds - {".well-known"} == {"catalog", "graph", "id", "ontology", "query"}
    documents = [*documents, ".well-known/genid/b0-c14n0"]
    for path in documents:
        found = redirected(rules, path)
        assert found is not None, path
        assert found[1] == f"{SERVICE}/{path}"
        assert found[0] == (302 if path.startswith("graph/") else 303)


def test_each_iri_of_ours_is_told_of_as_a_page_and_as_turtle(client: FlaskClient, documents: list[str]) -> None:
    """All of them are asked; of many of one kind only the first are followed to the end."""
    rules = read_rules(RULES)
    followed: dict[str, int] = defaultdict(int)
    for path in documents:
        _, location = redirected(rules, path) or (0, "")
        address = location.removeprefix(SERVICE)
        followed[kind(path)] += 1
        for media_type in ("text/html", "text/turtle"):
            reply = client.get(address, headers={"Accept": media_type}, follow_redirects=followed[kind(path)] <= 2)
            if reply.status_code == 303:
                assert reply.headers["Location"].startswith("/"), path
                continue
            assert (reply.status_code, reply.mimetype) == (200, media_type), path
            assert followed[kind(path)] <= 2 or not path.startswith("id/"), path


def test_a_node_without_a_name_leads_to_the_commits_that_name_it(client: FlaskClient, state: Path) -> None:
    ledger = "".join(path.read_text(encoding="utf-8") for path in sorted((state / "ledger").glob("*.rdfp")))
    found = re.findall(rf"<{re.escape(BASE)}(\.well-known/genid/[^>]+)>", ledger)
    assert found
    page = client.get(f"/{found[0]}", headers={"Accept": "text/html"}, follow_redirects=True)
    assert page.status_code == 200
    assert 'href="/history/1"' in page.text


def test_what_leads_elsewhere_tells_of_what_was_asked(client: FlaskClient) -> None:
    turtle = {"Accept": "text/turtle"}
    query = client.get("/query/competency/deliverables-in-state", headers=turtle, follow_redirects=True)
    assert "sh:SPARQLExecutable" in query.text
    page = client.get("/query/competency/deliverables-in-state?format=html&words=x", headers={"Accept": "*/*"}).headers[
        "Location"
    ]
    assert page.startswith("/questions/competency/deliverables-in-state?")
    assert "format=html" in page
    assert client.get("/query/no/such", headers=turtle, follow_redirects=True).status_code == 404
    assert client.get("/.well-known/genid/none", headers=turtle, follow_redirects=True).status_code == 404
    catalog = client.get("/catalog", headers=turtle, follow_redirects=True)
    assert "dcat:Catalog" in catalog.text
    assert client.get("/catalog", headers={"Accept": "text/html"}).headers["Location"] == "/data"
    assert client.get("/catalog", headers={"Accept": "image/png"}).status_code == 406
    entailed = client.get("/graph/entailed", headers=turtle, follow_redirects=True)
    assert "Entailed graphs" in entailed.text
    assert client.get("/graph/entail", headers=turtle).status_code == 404


@pytest.mark.parametrize(
    "line",
    [
        "RewriteCond %{HTTP_ACCEPT} text/turtle",
        "RewriteRule ^(.*)$ https://elsewhere.example/$1 [R=302,L]",
        "RewriteRule ^(.*)$ %{ENV:SERVICE}/$1 [R=302,L,NC]",
        "Redirect 301 /a /b",
    ],
)
def test_rules_of_another_kind_are_not_read_as_if_they_were_known(line: str) -> None:
    with pytest.raises(ValueError, match="not read here"):
        read_rules(f"RewriteEngine On\n{line}\n")


def test_the_address_of_the_service_is_written_once() -> None:
    assert len(re.findall(r"https?://", re.sub(r"(?m)^#.*$", "", RULES))) == 1


@pytest.mark.skipif(
    apache_program() is None,
    reason="there is no Apache, so that it reads the rules as we do is NOT tested; apt-get install apache2",
)
def test_apache_reads_the_rules_as_they_are_read_here(tmp_path: Path, documents: list[str]) -> None:
    rules = read_rules(RULES)
    first: dict[str, str] = {}
    for path in documents:
        first.setdefault(kind(path), path)
    assert len(first) > 50
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if os.access(parent, os.W_OK) and parent.stat().st_uid == os.getuid() and str(parent).count("/") > 1:
            parent.chmod(parent.stat().st_mode | 0o011)
    with apache(tmp_path, RULES) as port:
        for path in (*first.values(), *MORE):
            before, _, query = path.partition("?")
            status, location = ask(port, f"/unemg/{path}")
            expected = redirected(rules, before, query)
            assert expected is not None
            assert (status, unquote(urlsplit(location).path), urlsplit(location).query) == (
                expected[0],
                unquote(urlsplit(expected[1]).path),
                urlsplit(expected[1]).query,
            ), path
            assert location.startswith(SERVICE)
