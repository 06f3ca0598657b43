"""The data as a whole: dumps, citations, the feed of changes, and the page about the interface."""

import csv
import gzip
import json
import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
import yaml
from flask.testing import FlaskClient
from pyoxigraph import RdfFormat, parse

from kg.answer import stored_queries
from kg.queries import PAGES
from kg.sparql import Limits
from kg.store import Ledger, Snapshot
from kg.store.patch import is_apart
from tests.conftest import Kg

BROWSER = {"Accept": "text/html"}
ATOM = "{http://www.w3.org/2005/Atom}"


def test_a_dump_with_graphs_is_the_whole_dataset(client: FlaskClient, built: Snapshot) -> None:
    dump = client.get("/data/dump.nq")
    assert dump.mimetype == "application/n-quads"
    assert re.fullmatch(r'inline; filename="emg-knowledge-graph-\d+\.nq"', dump.headers["Content-Disposition"])
    assert sorted(dump.data.splitlines()) == sorted(built.nquads().splitlines())


@pytest.mark.parametrize(("extension", "kind"), [("trig", RdfFormat.TRIG), ("jsonld", RdfFormat.JSON_LD)])
def test_other_dumps_with_graphs_hold_the_same(
    client: FlaskClient, built: Snapshot, extension: str, kind: RdfFormat
) -> None:
    quads = {*parse(client.get(f"/data/dump.{extension}").data, format=kind)}
    assert quads == {*parse(built.nquads(), format=RdfFormat.N_QUADS)}


@pytest.mark.parametrize(
    ("extension", "kind"), [("ttl", RdfFormat.TURTLE), ("nt", RdfFormat.N_TRIPLES), ("rdf", RdfFormat.RDF_XML)]
)
def test_a_dump_without_graphs_is_their_merge(
    client: FlaskClient, built: Snapshot, extension: str, kind: RdfFormat
) -> None:
    triples = [quad.triple for quad in parse(client.get(f"/data/dump.{extension}").data, format=kind)]
    expected = parse(built.nquads(), format=RdfFormat.N_QUADS)
    assert {*triples} == {quad.triple for quad in expected if not is_apart(quad)}
    assert len(triples) == len({*triples})


@pytest.mark.parametrize("extension", ["nq", "trig", "jsonld", "nt", "ttl", "rdf"])
def test_each_dump_is_there_as_a_gzip_file_too(client: FlaskClient, extension: str) -> None:
    packed = client.get(f"/data/dump.{extension}.gz", headers={"Accept-Encoding": "gzip, zstd"})
    assert packed.headers["Content-Type"] == "application/gzip"
    assert "Content-Encoding" not in packed.headers
    assert packed.headers["Content-Disposition"].endswith(f'.{extension}.gz"')
    assert gzip.decompress(packed.data) == client.get(f"/data/dump.{extension}").data


def test_the_page_offers_each_file_with_its_size(client: FlaskClient, built: Snapshot) -> None:
    page = client.get("/data", headers=BROWSER).text
    for extension in ("nq", "trig", "jsonld", "nt", "ttl", "rdf"):
        assert f'href="/data/dump.{extension}"' in page
        assert f'href="/data/dump.{extension}.gz"' in page
    assert 'href="/data/links.sssom.tsv"' in page
    cells = re.findall(r'<td class="number">([\d,]+)</td>', page)
    merged = set(built.query("SELECT DISTINCT ?s ?p ?o { ?s ?p ?o }").rows())
    assert cells == [f"{built.description.quads:,}"] * 3 + [f"{len(merged):,}"] * 3


def test_the_links_are_what_the_command_writes(client: FlaskClient, state: Path, kg: Kg) -> None:
    response = client.get("/data/links.sssom.tsv")
    assert response.content_type == "text/tab-separated-values; charset=utf-8"
    assert response.text == kg("export", "--sssom", state=state).stdout


def test_the_links_are_read_by_the_rules_of_sssom(client: FlaskClient) -> None:
    """A head of comments that is YAML, then a table whose entities are names by the prefixes of the head."""
    lines = client.get("/data/links.sssom.tsv").text.splitlines(keepends=True)
    comments = [line for line in lines if line.startswith("#")]
    assert lines[: len(comments)] == comments
    head = yaml.safe_load("".join(line[1:] for line in comments))
    assert head["mapping_set_id"] == "https://w3id.org/unemg/data/links.sssom.tsv"
    assert {"license", "curie_map", "mapping_set_version", "sssom_version"} <= {*head}
    rows = [*csv.DictReader(lines[len(comments) :], dialect="excel-tab")]
    assert len(rows) > 400
    assert {"subject_id", "predicate_id", "object_id", "mapping_justification"} <= {*rows[0]}
    for row in rows:
        assert None not in row
        for name in ("subject_id", "predicate_id", "object_id", "mapping_justification"):
            assert row[name].partition(":")[0] in head["curie_map"], row
        assert 0 < float(row["confidence"]) <= 1


def test_there_is_no_dump_of_another_kind(client: FlaskClient) -> None:
    response = client.get("/data/dump.docx")
    assert response.status_code == 404
    assert ".nq" in response.get_json()["remedy"]


def test_a_citation_names_the_revision_and_the_digest_of_its_commit(client: FlaskClient, state: Path) -> None:
    commit = Ledger(state / "ledger").read(1)
    bibtex = client.get("/data/cite.bib").text
    assert bibtex.startswith("@misc{emg-knowledge-graph-1,\n")
    assert f"sha256 {commit.digest}" in bibtex
    [item] = json.loads(client.get("/data/cite.json").text)
    assert (item["type"], item["version"], item["title"]) == ("dataset", "revision 1", "EMG knowledge graph")
    assert item["issued"]["date-parts"] == [[int(part) for part in commit.time[:10].split("-")]]
    page = client.get("/data", headers=BROWSER).text
    assert "revision 1" in page
    assert "creativecommons.org/licenses/by/4.0" in page


def test_the_page_describes_the_dataset_to_search_engines(client: FlaskClient) -> None:
    page = client.get("/data", headers=BROWSER).text
    [text] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    told = json.loads(text)
    assert (told["@type"], told["name"]) == ("Dataset", "EMG knowledge graph")
    assert told["license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert {each["encodingFormat"] for each in told["distribution"]} >= {"application/n-quads", "text/turtle"}
    for each in told["distribution"]:
        reply = client.get(each["contentUrl"].removeprefix("http://localhost"))
        assert (reply.status_code, reply.mimetype) == (200, each["encodingFormat"])


def test_the_feed_tells_of_each_commit(client: FlaskClient, state: Path) -> None:
    response = client.get("/history.atom")
    assert response.mimetype == "application/atom+xml"
    feed = ElementTree.fromstring(response.data)  # noqa: S314 - our own answer
    [entry] = feed.findall(f"{ATOM}entry")
    commit = Ledger(state / "ledger").read(1)
    assert entry.findtext(f"{ATOM}title") == commit.message
    assert entry.findtext(f"{ATOM}updated") == feed.findtext(f"{ATOM}updated") == commit.time
    assert feed.findtext(f"{ATOM}id") == "https://w3id.org/unemg/history"
    assert f"{len(commit.changeset.added)} statements added" in (entry.findtext(f"{ATOM}summary") or "")


def test_the_page_about_the_interface_tells_of_each_path(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    page = client.get("/api", headers=BROWSER).text
    assert re.findall(r'<h2 id="SPARQL">(.+?)</h2>', page) == ["SPARQL"]
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in page


def test_programs_are_told_of_each_file_and_description(client: FlaskClient) -> None:
    paths = client.get("/openapi.json").get_json()["paths"]
    dump = paths["/data/dump.{extension}"]["get"]
    [extension] = dump["parameters"]
    answers = dump["responses"]["200"]["content"]
    for each in extension["schema"]["enum"]:
        assert client.get(f"/data/dump.{each}").mimetype in answers
    assert len(extension["schema"]["enum"]) == 12
    for path in ("/data/links.sssom.tsv", "/data/linkset.json", "/.well-known/void"):
        assert client.get(path).mimetype in paths[path]["get"]["responses"]["200"]["content"]


SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def test_the_sitemap_lists_pages_that_are_there(client: FlaskClient, built: Snapshot) -> None:
    response = client.get("/sitemap.xml")
    assert response.mimetype == "application/xml"
    found = ElementTree.fromstring(response.data).findall(f"{SITEMAP}url/{SITEMAP}loc")  # noqa: S314 - our own answer
    addresses = [(address.text or "").removeprefix("http://localhost") for address in found]
    assert len(addresses) == len({*addresses}) > 500
    for address in (*addresses[:12], *addresses[12::60]):
        assert client.get(address, headers=BROWSER, follow_redirects=True).status_code == 200, address
    told_about = {name for stored in stored_queries(built, Limits()) if stored.group == PAGES for name in stored.about}
    classes = " ".join(f"<{name}>" for name in told_about)
    things = built.query(f"SELECT DISTINCT ?t {{ VALUES ?c {{ {classes} }} GRAPH ?g {{ ?t a ?c }} }}").rows()
    own = {row[0].value for row in things if row[0] and row[0].value.startswith("https://w3id.org/unemg/id/")}
    listed = [address for address in addresses if address.startswith("/id/")]
    assert {f"https://w3id.org/unemg{unquote(address)}" for address in listed} == own
    assert not any(address.startswith("/about") for address in addresses)
    assert client.get("/sitemap-2.xml").status_code == 404


def test_robots_are_led_to_the_sitemap_and_kept_from_queries(client: FlaskClient) -> None:
    lines = client.get("/robots.txt").text.splitlines()
    assert lines[0] == "User-agent: *"
    assert {"Disallow: /sparql", "Disallow: /explain/"} <= set(lines)
    assert "Sitemap: http://localhost/sitemap.xml" in lines
    assert not any("Disallow: /id".startswith(line) or line == "Disallow: /" for line in lines if line)
