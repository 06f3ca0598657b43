"""What a page about a thing tells: roles read from an ontology, statements with their standing and what proves it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.answer import Cell
from kg.entities import Background, Entity, first_known, near_things, read_background, read_entity
from kg.entities.statements import Group
from kg.queries import StoredQuery, load_queries
from kg.sparql import Limits
from kg.store import Snapshot, Snapshots
from tests.entity_content import BASE, HUB, write_content
from tests.states import build_into

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
ID = f"{BASE}id/"
TERM = f"{BASE}ontology#"


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_content(tmp_path_factory.mktemp("things") / "content")


@pytest.fixture(scope="module", params=["union", "strict"])
def snapshot(content: Path, request: pytest.FixtureRequest) -> Snapshot:
    state = content.parent / str(request.param)
    build_into(state, content, default_graph=request.param)
    return Snapshots(state, memory_quads=1_000_000).current()


@pytest.fixture
def background(snapshot: Snapshot, content: Path) -> Background:
    queries = load_queries(
        content / "queries", read_text=lambda path: path.read_text(encoding="utf-8"), limits=Limits()
    )

    def of(group: str) -> list[StoredQuery]:
        return [query for query in queries if query.group == group]

    return read_background(snapshot, pages=of("pages"), names=of("names"))


def entity(snapshot: Snapshot, background: Background, name: str) -> Entity:
    found = read_entity(snapshot, f"{ID}{name}", background)
    assert found
    return found


def group(groups: tuple[Group, ...], name: str) -> Group:
    return next(each for each in groups if each.name == name)


def test_roles_are_read_from_what_the_ontology_aligns(background: Background) -> None:
    roles = background.roles
    assert (roles.subject, roles.predicate, roles.object) == ({f"{RDF}subject"}, {f"{RDF}predicate"}, {f"{RDF}object"})
    assert roles.links == {f"{RDF}subject", f"{RDF}object"}
    assert roles.evidence == {"http://purl.org/dc/terms/source"}
    assert background.inverses[f"{TERM}writtenBy"] == {f"{TERM}wrote"}
    assert background.standings[f"{BASE}graph/books"] == ("checked",)


def test_the_roles_of_our_own_ontology(built: Snapshot) -> None:
    emg = "https://w3id.org/unemg/ontology#"
    roles = read_background(built).roles
    assert roles.subject == {f"{RDF}subject", f"{emg}subject"}
    assert roles.object == {f"{RDF}object", f"{emg}object", f"{emg}value"}
    assert {each.removeprefix(emg) for each in roles.links if each.startswith(emg)} == {
        *("subject", "object", "value", "statusOf", "dateOf", "countOf")
    }
    assert roles.evidence == {"http://purl.org/dc/terms/source", f"{emg}statedIn"}


def test_a_statement_has_its_standing_and_what_proves_it(snapshot: Snapshot, background: Background) -> None:
    [value] = group(entity(snapshot, background, "book/emma").outgoing, "written by").values
    assert (value.cell.label, value.standings) == ("Jane Austen", ("checked",))
    [proof] = value.proofs
    assert [cell.label for cell in proof.passages] == ["The title page"]
    assert [(name, cell.label) for name, cell in proof.remarks] == [("sureness", "checked")]


def test_what_follows_from_a_proved_statement_has_its_proof(snapshot: Snapshot, background: Background) -> None:
    wrote = group(entity(snapshot, background, "austen").outgoing, "wrote")
    proved = {value.cell.label: len(value.proofs) for value in wrote.values}
    assert proved["Emma"] == 1
    assert sum(proved.values()) == 1
    assert all("checked" not in value.standings for value in wrote.values)


def test_nodes_that_prove_are_folded_away(snapshot: Snapshot, background: Background) -> None:
    author = entity(snapshot, background, "austen")
    [(kind, proofs)] = author.assertions
    assert (kind, [proof.node.value for proof in proofs if proof.node]) == ("statement", [f"{ID}claim"])
    subjects = {value.cell.value for each in author.incoming for value in each.values}
    assert f"{ID}claim" not in subjects
    assert f"{ID}book/emma" in subjects


def test_of_what_many_lead_to_the_first_are_told_and_all_counted(snapshot: Snapshot, background: Background) -> None:
    inside = group(entity(snapshot, background, "hub").incoming, "in")
    assert (len(inside.values), inside.total) == (20, HUB)


def test_the_most_specific_classes_are_told(snapshot: Snapshot, background: Background) -> None:
    def labels(cells: tuple[Cell, ...]) -> list[str]:
        return [cell.label for cell in cells]

    assert labels(entity(snapshot, background, "book/emma").kinds) == ["novel"]
    assert background.specific([f"{TERM}Work", f"{TERM}Novel", "https://schema.org/Book"]) == (f"{TERM}Novel",)
    assert background.specific(["https://schema.org/Book"]) == ("https://schema.org/Book",)


def test_what_is_elsewhere_is_told_apart(snapshot: Snapshot, background: Background) -> None:
    linked = {cell.value: cell.link for _, cell in entity(snapshot, background, "book/emma").external}
    assert linked == {"http://www.wikidata.org/entity/Q223880": True, "javascript:alert(1)": False}


def test_nothing_is_told_of_what_is_not_there(snapshot: Snapshot, background: Background) -> None:
    assert read_entity(snapshot, f"{ID}nobody", background) is None
    with pytest.raises(ValueError, match="absolute IRI"):
        read_entity(snapshot, "nobody", background)


def test_the_first_known_of_some_iris(snapshot: Snapshot) -> None:
    assert first_known(snapshot, [f"{ID}nobody", f"{ID}book/emma", f"{ID}austen"]) == f"{ID}book/emma"
    assert first_known(snapshot, ["no iri", "<x:y>", f"{ID}nobody"]) is None
    assert first_known(snapshot, ["http://www.wikidata.org/entity/Q223880"])
    assert first_known(snapshot, []) is None


NEAR = {
    "book/ema": ["book/emma"],
    "books/emma": ["book/emma"],
    "Book/EMMA": ["book/emma"],
    "persuasion": ["book/persuasion"],
    "quite another thing": [],
    "x" * 10_000: [],
    "": [],
}


@pytest.mark.parametrize("wanted", NEAR, ids=lambda wanted: wanted[:20] or "empty")
def test_near_things(wanted: str) -> None:
    things = [f"{ID}{name}" for name in ("book/emma", "book/persuasion", "shelf/first")]
    assert near_things(f"{ID}{wanted}", things, ID) == [f"{ID}{name}" for name in NEAR[wanted]]
