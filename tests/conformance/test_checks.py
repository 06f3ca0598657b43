"""Each check over the whole dataset finds what it is there to find, and nothing in the content as it is."""

from pathlib import Path

import pytest

from kg.publish import Judged, judge
from kg.sources import open_content
from kg.sparql import Limits

ROOT = Path(__file__).parents[2]
BASE = "https://w3id.org/unemg/"
PREFIXES = f"""\
@prefix body: <{BASE}id/body/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix document: <{BASE}id/document/> .
@prefix emg: <{BASE}ontology#> .
@prefix framework: <{BASE}id/framework/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix passage: <{BASE}id/passage/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix theme: <{BASE}id/theme/> .
"""
# Of each check: Turtle that it finds fault with, and the focus and value that it reports.
FAULTS = {
    "dangling-reference": (
        "framework:fault-a emg:issuedBy body:nobody .",
        {(f"{BASE}id/framework/fault-a", f"{BASE}id/body/nobody")},
    ),
    "example-that-does-not-exist": (
        'emg:Fault a owl:Class ; rdfs:isDefinedBy <https://w3id.org/unemg/ontology> ; skos:example "fault:none" .',
        {(f"{BASE}ontology#Fault", "fault:none")},
    ),
    "graph-without-catalogue-entry": (
        '<https://w3id.org/unemg/graph/fault> { framework:fault-c rdfs:label "Fault"@en . }',
        {(f"{BASE}graph/fault", "1")},
    ),
    "passage-without-fact": (
        "passage:fault a emg:Passage ; emg:inDocument document:som28-midterm-progress-report .",
        {(f"{BASE}id/passage/fault", f"{BASE}id/document/som28-midterm-progress-report")},
    ),
    "relation-without-statement": (
        "framework:fault-e a emg:Framework ; emg:under framework:cbd ."  # what is proved is another relation of the two
        f" <{BASE}id/statement/fault-e> a emg:Statement ; emg:subject framework:fault-e ; emg:object framework:cbd ;"
        " emg:predicate emg:refersTo .",
        {(f"{BASE}id/framework/fault-e", f"{BASE}id/framework/cbd")},
    ),
    "state-without-phase": (
        f'<{BASE}id/event-state/fault> a skos:Concept ; skos:prefLabel "fault"@en ; skos:definition "A fault."@en ;'
        f" skos:inScheme <{BASE}id/scheme/event-state> .",
        {(f"{BASE}id/event-state/fault", f"{BASE}id/scheme/event-state")},
    ),
    "subject-outside-domain": (
        "framework:fault-f a emg:Framework ; emg:sentence 1 .",
        {(f"{BASE}id/framework/fault-f", f"{BASE}ontology#sentence")},
    ),
    "undeclared-term": (
        'framework:fault-g a emg:Framwork ; emg:labl "x" ; dcterms:descripton "x" ; emg:refersTo emg:nothing .',
        {
            (f"{BASE}id/framework/fault-g", f"{BASE}ontology#Framwork"),
            (f"{BASE}id/framework/fault-g", f"{BASE}ontology#labl"),
            (f"{BASE}id/framework/fault-g", f"{BASE}ontology#nothing"),
            (f"{BASE}id/framework/fault-g", "http://purl.org/dc/terms/descripton"),
        },
    ),
    "value-outside-range": (
        "framework:fault-h a emg:Framework ; emg:issuedBy theme:biodiversity .",
        {(f"{BASE}id/framework/fault-h", f"{BASE}id/theme/biodiversity")},
    ),
}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """The content with all faults."""
    folder = tmp_path_factory.mktemp("faults")
    files = []
    for name, (text, _) in FAULTS.items():
        files.append(folder / f"{name}.{'trig' if '{' in text else 'ttl'}")
        files[-1].write_text(PREFIXES + text, encoding="utf-8")
    return judge(open_content(ROOT), limits=Limits(), tell=print, candidates=files)


def test_every_check_has_a_fault() -> None:
    assert set(FAULTS) == {path.stem for path in ROOT.glob("queries/checks/*.rq")}


@pytest.mark.parametrize("name", FAULTS)
def test_a_check_finds_its_fault(faulty: Judged, name: str) -> None:
    found = [result for result in faulty.report.results if result.shape == f"{BASE}query/checks/{name}"]
    expected = FAULTS[name][1]
    own = {focus for focus, _ in expected}  # the faults of other checks may be found too
    assert {(result.focus, result.value) for result in found if result.focus in own} == expected
    assert all(result.severity == "Violation" and result.message for result in found)
    assert not faulty.report.conforms


def test_a_candidate_that_is_right_conforms_though_no_catalogue_knows_its_graph(tmp_path: Path) -> None:
    file = tmp_path / "candidate.ttl"
    file.write_text(
        PREFIXES
        + 'framework:right a emg:Framework ; rdfs:label "Right"@en ; emg:statedIn passage:som28-mpr.I.0 ;\n'
        + f"  emg:frameworkKind <{BASE}id/framework-kind/agenda> .",
        encoding="utf-8",
    )
    assert judge(open_content(ROOT), limits=Limits(), tell=print, candidates=[file]).report.results == ()


def test_the_content_conforms_with_nothing_to_report() -> None:
    judged = judge(open_content(ROOT), limits=Limits(), tell=print)
    assert judged.reading.judges.words
    assert judged.report.results == ()
