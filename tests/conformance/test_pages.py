"""The queries that pages are made of: each has rows to show, is about classes that there are, and proves its rows."""

import pytest
from stored import rows, stored

from kg.entities import read_background
from kg.entities.asking import names_of
from kg.store import Snapshot

ID = "https://w3id.org/unemg/id/"
EMG = "https://w3id.org/unemg/ontology#"
PAGES = stored("pages")
NAMES = stored("names")
NAMELESS = {
    "Passage": "passages",
    "Statement": "assertions",
    "StatusAssertion": "assertions",
    "DateAssertion": "assertions",
    "StatedCount": "assertions",
    "Participation": "assertions",
    "Presentation": "assertions",
    "CommentRound": "assertions",
    "EditorialNote": "assertions",
}


def test_there_are_queries_for_each_kind_of_thing() -> None:
    assert len(PAGES) >= 45
    told = {name.removeprefix(EMG) for query in PAGES.values() for name in query.about}
    assert told >= {
        *(
            "Workstream",
            "Body",
            "Deliverable",
            "Framework",
            "Event",
            "Document",
            "Theme",
            "Task",
            "Proposal",
            "Decision",
        ),
        *("Passage", "ProgrammeArea", "http://www.w3.org/2004/02/skos/core#ConceptScheme"),
    }


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_query_gives_the_columns_of_its_header_and_rows_for_its_default(built: Snapshot, name: str) -> None:
    query = PAGES[name]
    answer = rows(built, query.text)
    assert answer
    assert tuple(answer[0]) == tuple(query.columns)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_query_is_about_classes_that_have_things_of_the_kind_of_its_default(built: Snapshot, name: str) -> None:
    [parameter] = PAGES[name].parameters
    kinds = {row["kind"] for row in rows(built, f"SELECT ?kind {{ <{parameter.default}> a ?kind }}")}
    about = {*PAGES[name].about}
    assert about & kinds
    things = rows(
        built, f"SELECT DISTINCT ?kind {{ VALUES ?kind {{ {' '.join(f'<{each}>' for each in about)} }} ?x a ?kind }}"
    )
    assert {row["kind"] for row in things} == about


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_query_proves_its_rows(built: Snapshot, name: str) -> None:
    query = PAGES[name]
    if query.name in ("scheme-members", "passage-things", "passage-around"):
        return  # definitions, and what is about proof itself
    assert "passage" in query.columns
    assert any(row["passage"].startswith(f"{ID}passage/") for row in rows(built, query.text))


@pytest.mark.parametrize("kind", sorted(NAMELESS))
def test_what_has_no_name_of_its_own_gets_one(built: Snapshot, kind: str) -> None:
    things = [
        row["thing"] for row in rows(built, f"SELECT DISTINCT ?thing {{ ?thing a <{EMG}{kind}> }} ORDER BY ?thing")
    ]
    background = read_background(built, names=[NAMES[NAMELESS[kind]]])
    named = names_of(built, things[:400], background)
    assert len(things) >= 10
    assert [thing for thing in things[:400] if not named.get(thing)] == []


def test_a_heading_is_called_so_and_is_no_sentence(built: Snapshot) -> None:
    headings = [
        row["thing"] for row in rows(built, f"SELECT ?thing {{ ?thing <{EMG}sentence> 0 ; <{EMG}anchor> ?words }}")
    ]
    named = names_of(built, headings, read_background(built, names=[NAMES["passages"]]))
    assert len({*headings}) == len(named) == 24
    assert [name for name in named.values() if ", heading «" not in str(name) or "sentence 0" in str(name)] == []
