"""How the dataset is cited: what is read of its catalogue, and each way to write it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kg.citation import Citation, cite, in_bibtex, in_csl, in_schema_org, in_words
from kg.store import Snapshots, Summary
from tests.states import build_into

PREFIXES = """\
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix void: <http://rdfs.org/ns/void#> .
"""
CATALOGUES = f"""{PREFIXES}
<https://library.example/catalog> a dcat:Catalog ; dcterms:title "Books & more"@en ;
    dcterms:creator "Ada" , "Bo" ; dcterms:issued "2023-04-05" ; void:uriSpace "https://library.example/" .
<https://library.example/second> a dcat:Catalog ; dcterms:title "Another"@en ; dcterms:creator "Eve" .
"""
COMMIT = Summary(7, "0b7f", "Ada", "2024-05-01T12:00:00Z", "https://library.example/s", "Tell", 1, 0)
CITATION = Citation(
    title="50% of {Emma} & others_",
    authors=("Ada", "Bo_"),
    iri="https://library.example/catalog",
    licence="https://licence.example/",
    year="2024",
    date="2024-05-01",
    revision=7,
    digest="0b7f",
)


@pytest.fixture(scope="module")
def catalogued(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("catalogued")
    (folder / "content/data").mkdir(parents=True)
    (folder / "content/data/catalog.ttl").write_text(CATALOGUES, encoding="utf-8")
    build_into(folder / "state", folder / "content")
    return folder / "state"


def test_the_first_catalogue_is_cited_as_of_the_commit(catalogued: Path) -> None:
    snapshot = Snapshots(catalogued, memory_quads=1_000).current()
    assert cite(snapshot, COMMIT) == Citation(
        title="Books & more",
        authors=("Ada", "Bo"),
        iri="https://library.example/catalog",
        licence="",
        year="2024",
        date="2024-05-01",
        revision=7,
        digest="0b7f",
    )


def test_without_a_commit_the_day_is_that_of_the_catalogue(catalogued: Path) -> None:
    cited = cite(Snapshots(catalogued, memory_quads=1_000).current(), None)
    assert (cited.date, cited.year, cited.revision, cited.digest) == ("2023-04-05", "2023", 0, "")


def test_bibtex_has_no_sign_that_tex_would_obey() -> None:
    assert in_bibtex(CITATION) == (
        "@misc{50-of-emma-others-7,\n"
        "  title = {{50\\% of \\{Emma\\} \\& others\\_}},\n"
        "  author = {{Ada} and {Bo\\_}},\n"
        "  year = {2024},\n"
        "  howpublished = {\\url{https://library.example/catalog}},\n"
        "  version = {revision 7},\n"
        "  note = {https://licence.example/, sha256 0b7f},\n"
        "}\n"
    )


def test_csl_says_the_same() -> None:
    [item] = json.loads(in_csl(CITATION))
    assert item == {
        "id": CITATION.iri,
        "type": "dataset",
        "title": CITATION.title,
        "author": [{"literal": "Ada"}, {"literal": "Bo_"}],
        "issued": {"date-parts": [[2024, 5, 1]]},
        "version": "revision 7",
        "URL": CITATION.iri,
        "license": CITATION.licence,
        "note": "sha256 0b7f",
    }


def test_what_is_not_known_is_left_out() -> None:
    bare = replace(CITATION, authors=(), licence="", year="", date="", digest="")
    assert "author" not in in_bibtex(bare)
    assert "note" not in in_bibtex(bare)
    assert {"author", "issued", "license", "note"}.isdisjoint(json.loads(in_csl(bare))[0])
    assert {"creator", "license", "dateModified"}.isdisjoint(in_schema_org(bare, "", page="x:p", downloads={}))


def test_a_sentence_names_who_when_what_and_where() -> None:
    assert in_words(CITATION) == "Ada, Bo_ (2024). 50% of {Emma} & others_, revision 7. https://library.example/catalog"


def test_search_engines_are_told_where_each_format_is() -> None:
    told = in_schema_org(CITATION, "All of it", page="x:page", downloads={"text/turtle": "x:ttl"})
    assert told["distribution"] == [{"@type": "DataDownload", "encodingFormat": "text/turtle", "contentUrl": "x:ttl"}]
    assert (told["description"], told["url"], told["version"]) == ("All of it", "x:page", "revision 7")
