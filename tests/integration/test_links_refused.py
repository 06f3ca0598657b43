"""Wrong links are refused wherever they come in: over HTTP and by the command, each with the reason and its place."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kg.store import Ledger
from tests.conftest import Kg
from tests.serving import Command, Server, serving
from tests.submitting import UNLIMITED, make_token, submit, told

PREFIXES = """\
@prefix id: <https://w3id.org/unemg/id/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
"""
WIKIDATA = "http://www.wikidata.org/entity/"
UNBIS = "http://metadata.un.org/thesaurus/"
DOCUMENT = "https://undocs.org/A/RES/53/242"
LOOKS_ALIKE = "has the right name and means something else"
NO_CONCEPT = "Only a concept is mapped to a concept"
NO_ITEM = "The same thing is an item of Wikidata, ROR, ISNI, GeoNames or the UN area codes"


@dataclass(frozen=True)
class Wrong:
    """A link that is wrong, and what is said of it."""

    subject: str
    predicate: str
    target: str
    says: str

    @property
    def turtle(self) -> str:
        """As somebody would submit it."""
        return f"{PREFIXES}\n<https://w3id.org/unemg/id/{self.subject}>\n  {self.predicate} <{self.target}> .\n"


WRONG = {
    "an unknown target": Wrong("agency/dco", "owl:sameAs", "https://items.example/Q1", NO_ITEM),
    "an unknown vocabulary": Wrong("theme/governance", "skos:exactMatch", "https://v.example/1", "No known vocabulary"),
    "an unknown wider one": Wrong("theme/governance", "skos:broadMatch", "https://v.example/1", "No known vocabulary"),
    "an unknown near one": Wrong("theme/governance", "skos:closeMatch", "https://v.example/1", "No known vocabulary"),
    "a page of an item": Wrong("agency/dco", "owl:sameAs", "https://www.wikidata.org/wiki/Q182016", NO_ITEM),
    "a document for a body": Wrong("body/emg", "owl:sameAs", DOCUMENT, NO_ITEM),
    "a concept that is an item": Wrong(
        "theme/drought", "owl:sameAs", f"{WIKIDATA}Q43059", "is not the same as a thing"
    ),
    "a treaty that is an item": Wrong("framework/cbd", "owl:sameAs", f"{WIKIDATA}Q1", "Only agents, events and places"),
    "a body that is a concept": Wrong("body/emg", "skos:exactMatch", f"{UNBIS}1003250", NO_CONCEPT),
    "a place below a concept": Wrong("place/chile", "skos:broadMatch", f"{UNBIS}1001100", NO_CONCEPT),
    "a state near a concept": Wrong("place/norway", "skos:closeMatch", f"{UNBIS}1004533", "Only a concept or a term"),
    "two agencies for one": Wrong("agency/undp", "owl:sameAs", f"{WIKIDATA}Q182016", "Another thing of ours"),
    "state and government": Wrong(
        "partner/government-of-norway", "owl:sameAs", f"{WIKIDATA}Q20", "Another thing of ours"
    ),
    "two concepts for one": Wrong("theme/pollution", "skos:exactMatch", f"{UNBIS}1000612", "Another concept of ours"),
    "a microthesaurus": Wrong("theme/pollution", "skos:exactMatch", f"{UNBIS}030500", "a microthesaurus has six"),
    "a test host": Wrong("body/emg", "rdfs:seeAlso", "https://enb-test.iisd.org/x", "neither a mirror nor a test host"),
    "no identifier, and one": Wrong(
        "group/member-states", "owl:sameAs", f"{WIKIDATA}Q1", "so it is not without an identifier"
    ),
    "mandates of the League": Wrong("agency/dco", "rdfs:seeAlso", f"{UNBIS}1003876", LOOKS_ALIKE),
    "waste in property law": Wrong(
        "theme/pollution", "skos:closeMatch", "http://aims.fao.org/aos/agrovoc/c_ecf20c17", LOOKS_ALIKE
    ),
    "restoration of art": Wrong(
        "theme/ecosystem-restoration", "skos:exactMatch", "http://www.eionet.europa.eu/gemet/concept/7188", LOOKS_ALIKE
    ),
    "litter for animals": Wrong(
        "theme/marine-litter", "skos:closeMatch", "http://www.eionet.europa.eu/gemet/concept/4857", LOOKS_ALIKE
    ),
    "a second item for UNHCR": Wrong("agency/unhcr", "owl:sameAs", f"{WIKIDATA}Q28606331", LOOKS_ALIKE),
}


@pytest.fixture(scope="module")
def site(state: Path, kg_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    folder = tmp_path_factory.mktemp("links")
    own = shutil.copytree(state, folder / "state", symlinks=True)
    with serving(kg_command, own, folder / "log", **UNLIMITED) as server:
        yield server, own


@pytest.fixture(scope="module")
def token(site: tuple[Server, Path]) -> str:
    return make_token(site[1])


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_link_is_refused_over_http(site: tuple[Server, Path], token: str, name: str) -> None:
    wrong = WRONG[name]
    reply = submit(site[0], token, wrong.turtle, accept="application/json")
    assert reply.status == 422, reply.text
    report: Any = told(reply)
    findings = json.dumps(report)
    assert wrong.says in findings
    assert wrong.subject in findings
    assert "line 7" in findings or "line 6" in findings
    assert Ledger(site[1] / "ledger").head().revision == 1


@pytest.mark.parametrize("name", ["an unknown target", "a concept that is an item", "two agencies for one"])
def test_a_wrong_link_is_refused_by_the_command(kg: Kg, state: Path, tmp_path: Path, name: str) -> None:
    file = tmp_path / "link.ttl"
    file.write_text(WRONG[name].turtle, encoding="utf-8")
    own = shutil.copytree(state, tmp_path / "state", symlinks=True)
    done = kg("submit", file, "--author", "Ada", "--message", "A link", state=own)
    assert done.returncode == 1
    assert WRONG[name].says in done.stderr
    assert Ledger(own / "ledger").head().revision == 1


def test_a_right_link_is_taken_with_what_is_told_of_it(site: tuple[Server, Path], token: str) -> None:
    right = Wrong("theme/drought", "skos:closeMatch", f"{WIKIDATA}Q43059", "has a statement")
    assert submit(site[0], token, right.turtle).status == 422
    statement = f"""\
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix emg: <https://w3id.org/unemg/ontology#> .
<https://w3id.org/unemg/id/statement/link--drought> a emg:Statement ;
  emg:subject <https://w3id.org/unemg/id/theme/drought> ; emg:predicate skos:closeMatch ;
  emg:object <{right.target}> ; emg:certainty <https://w3id.org/unemg/id/certainty/external> ;
  dcterms:bibliographicCitation "Read on the page of the item."@en .
<{right.target}> rdfs:label "drought"@en .
"""
    reply = submit(site[0], token, right.turtle + statement)
    assert reply.status == 201, reply.text
