"""CITATION.cff: of the form that its standard asks for, and in agreement with what the service says of itself."""

import json
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from kg.citation import Citation, cite, in_bibtex, in_csl, in_schema_org
from kg.queries import CATALOG_FACTS
from kg.store import Ledger, Snapshot
from kg.vocabulary import read_ontology
from tests.conftest import ROOT

# Source: Citation File Format 1.2.0, schema guide: the keys of a file and those that it must have.
KEYS = frozenset(
    {
        "abstract", "authors", "cff-version", "commit", "contact", "date-released", "doi", "identifiers", "keywords",
        "license", "license-url", "message", "preferred-citation", "references", "repository", "repository-artifact",
        "repository-code", "title", "type", "url", "version",
    }
)  # fmt: skip
NEEDED = frozenset({"authors", "cff-version", "message", "title"})
NEEDED_OF_REFERENCES = frozenset({"authors", "title", "type"})
LICENCES = {"CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/"}


@pytest.fixture(scope="module")
def file() -> dict[str, Any]:
    read = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert isinstance(read, dict)
    return read


@pytest.fixture(scope="module")
def data(file: dict[str, Any]) -> dict[str, Any]:
    """What the file says of the data alone."""
    [reference] = file["references"]
    assert isinstance(reference, dict)
    return reference


@pytest.fixture(scope="module")
def citation(built: Snapshot, state: Path) -> Citation:
    return cite(built, Ledger(state / "ledger").summary(1))


def test_the_file_has_the_form_of_its_standard(file: dict[str, Any], data: dict[str, Any]) -> None:
    assert {*file} <= KEYS
    assert {*file} >= NEEDED
    assert {*data} >= NEEDED_OF_REFERENCES
    assert (file["cff-version"], file["type"], data["type"]) == ("1.2.0", "software", "data")
    for part in (file, data):
        assert part["authors"]
        assert all({*author} == {"name"} and author["name"] for author in part["authors"])
        assert isinstance(part["date-released"], date)
        assert part["url"].startswith("https://")
        assert isinstance(part["version"], str)
    assert len({*file["keywords"]}) == len(file["keywords"]) > 0


def test_the_file_says_what_the_catalogue_and_the_citations_say(
    data: dict[str, Any], citation: Citation, built: Snapshot
) -> None:
    [item] = json.loads(in_csl(citation))
    page = in_schema_org(citation, "", page="", downloads={})
    bibtex = dict(re.findall(r"^  (\w+) = \{(.*)\},$", in_bibtex(citation), re.MULTILINE))
    authors = [author["name"] for author in data["authors"]]
    assert data["title"] == item["title"] == page["name"] == bibtex["title"].strip("{}")
    assert authors == [*citation.authors] == [author["literal"] for author in item["author"]]
    assert bibtex["author"] == " and ".join(f"{{{author}}}" for author in authors)
    assert data["url"] == item["URL"] == page["@id"]
    assert bibtex["howpublished"] == rf"\url{{{data['url']}}}"
    assert LICENCES[data["license"]] == item["license"] == page["license"]
    assert LICENCES[data["license"]] in bibtex["note"]
    assert item["version"] == page["version"] == bibtex["version"] == "revision 1"
    assert bibtex["year"] == str(item["issued"]["date-parts"][0][0]) == page["dateModified"][:4]
    issued = _catalogue(built)["http://purl.org/dc/terms/issued"]
    assert data["date-released"].isoformat() == issued


def test_version_and_date_are_written_alike_everywhere(
    file: dict[str, Any], data: dict[str, Any], built: Snapshot
) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert file["version"] == data["version"] == project["version"] == read_ontology(built).version
    assert file["date-released"] == data["date-released"]
    assert project["license"] in file["license"]
    assert data["license"] in file["license"]
    assert (file["title"], file["url"], file["authors"]) == (data["title"], data["url"], data["authors"])
    assert project["authors"] == file["authors"]


def _catalogue(built: Snapshot) -> Mapping[str, str]:
    return {row[1].value: row[2].value for row in built.query(CATALOG_FACTS).rows() if row[1] and row[2]}
