"""The queries that explore run, give what their headers promise, and tell what the documents say."""

import pytest
from stored import rows, stored

from kg.store import Snapshot

ID = "https://w3id.org/unemg/id/"
QUERIES = stored("explore")

# Of each query, a row that the documents demand: these columns with these values.
TELLING = {
    "classes-and-relations": {"classLabel": "task", "propertyLabel": "task of", "rangeLabel": "workstream"},
    "collaborations": {"oneLabel": "GRID Geneva", "work": f"{ID}deliverable/env-inventory-tor", "modality": "planned"},
    "counts-in-the-sources": {"number": "9", "counted": "ongoing EMG workstreams"},
    "coverage-by-section": {"section": "I.d", "documentLabel": "Mid-Term Progress Report", "emptyCells": "1"},
    "decisions-and-what-they-established": {"decidedBy": "EMG chair", "when": "2021-12-14"},
    "deliverables-by-kind-and-state": {"deliverable": f"{ID}deliverable/guidance-npas", "state": "not proceeding"},
    "differences-between-documents": {
        "aspect": "workstream only in the first",
        "thing": f"{ID}workstream/tt-marine-litter",
    },
    "done-under-way-to-come": {
        "phase": "held back",
        "thing": f"{ID}deliverable/guidance-npas",
        "workstreams": "Issue Management Group on Human Rights and the Environment",
    },
    "editorial-notes": {"kind": "slip of the source", "sourceWording": "UN Decade for Ecosystem Degradation"},
    "events-of-workstream": {"event": f"{ID}event/nd-natural-infrastructure", "dates": "2022-06-07"},
    "everything-about": {"value": f"{ID}deliverable/bio-mr-framework", "standing": "inferred", "direction": "to"},
    "evidence-for": {"subjectLabel": "Issue Management Group on Biodiversity", "relation": "supports"},
    "external-knowledge": {"thing": f"{ID}framework/post2020-gbf", "value": "CBD/COP/DEC/15/4"},
    "framework-map": {
        "framework": f"{ID}framework/post2020-gbf",
        "tier": "2",
        "thing": f"{ID}deliverable/bio-knowledge-inventory",
    },
    "frameworks-and-workstreams": {
        "framework": f"{ID}framework/post2020-gbf",
        "workstream": f"{ID}workstream/img-biodiversity",
        "relation": "products support (inferred)",
        "passage": "",
    },
    "history-of-deliverable": {"day": "2022-01-13", "what": "launch"},
    "links-to-other-data": {
        "subject": f"{ID}partner/government-of-norway",
        "object": "http://www.wikidata.org/entity/Q1770849",
        "confidence": "0.95",
    },
    "mandates-and-continuation": {"workstream": f"{ID}workstream/consultations-ess", "duration": "for another year"},
    "names-and-acronyms": {"thing": f"{ID}body/uncts"},
    "no-identifier-elsewhere": {"thing": f"{ID}framework/nbsaps", "class": "framework"},
    "open-next-steps": {"nextStep": f"{ID}next-step/som28-mpr.III.j.1.n1", "when": "in June"},
    "proposals-and-supporters": {"proposal": f"{ID}proposal/img-environmental-data", "supportedBy": "EMG members"},
    "purposes": {"thing": f"{ID}deliverable/barrier-analysis", "certainty": "stated"},
    "status-of-tasks": {"task": f"{ID}task/som28-mpr.II.g.1", "place": "Task 1", "status": ""},
    "status-of-workstreams": {"workstream": f"{ID}workstream/img-esm", "tasks": "3", "withoutStatus": "3"},
    "tasks-and-next-steps": {"task": f"{ID}task/som28-mpr.III.h.2", "nextStepsCell": "empty in the source"},
    "themes-and-what-is-about-them": {
        "theme": f"{ID}theme/human-rights-environment",
        "thing": f"{ID}deliverable/common-narrative",
    },
    "timeline": {"date": "2022-06-07", "thing": f"{ID}event/nd-natural-infrastructure"},
    "tree-of-groups": {"root": f"{ID}workstream/img-biodiversity", "group": f"{ID}working-group/img-bio-wg3"},
    "uncertain-statements": {
        "certainty": "ambiguous",
        "statement": f"{ID}statement/bio-mr-outline--supports--common-approach",
    },
    "what-a-document-says": {"cell": "Tasks", "words": "Tasks", "row": "0"},
    "what-is-asked-of": {"request": "asked for comments", "thing": f"{ID}deliverable/s50-report"},
    "what-products-are-made-from": {
        "from": f"{ID}deliverable/ml-report",
        "how": "is the basis of",
        "to": f"{ID}deliverable/overview-plastic",
        "certainty": "stated",
    },
    "where-products-are": {
        "deliverable": f"{ID}deliverable/gtb-tutorial",
        "address": "Greeningtheblue.org",
        "languages": "3 official UN languages",
    },
    "who-takes-part-in-what": {"participant": f"{ID}partner/grid-arendal", "role": "collaborator"},
    "work-by-sdg-goal": {
        "thing": f"{ID}deliverable/ml-report",
        "target": "http://metadata.un.org/sdg/14.1",
        "how": "editorial",
    },
    "workstream-profile": {"part": "task", "item": f"{ID}task/som28-mpr.I.a.1", "detail": "Ongoing"},
}


def test_every_query_has_a_telling_row() -> None:
    assert set(QUERIES) == set(TELLING)
    assert len(QUERIES) >= 15


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_query_gives_the_columns_of_its_header_and_a_telling_row(built: Snapshot, name: str) -> None:
    query = QUERIES[name]
    answer = rows(built, query.text)
    assert tuple(answer[0]) == tuple(query.columns)
    assert any(TELLING[name].items() <= row.items() for row in answer)


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_query_proves_its_rows_or_is_about_proof_itself(name: str) -> None:
    proof = ("passage", "citation", "graph")
    assert any(column.lower().endswith((*proof, "passages")) for column in QUERIES[name].columns)
