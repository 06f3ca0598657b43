"""Links to other data: each leads to the right thing by the right relation; open data of others is here unchanged."""

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, Store
from stored import rows, stored

from kg.queries import load_queries
from kg.sparql import Limits
from kg.sssom import LINKS, mapping_set
from kg.store import Snapshot

ROOT = Path(__file__).parents[2]
BASE = "https://w3id.org/unemg/"
ID = f"{BASE}id/"
REFERENCE = f"{BASE}graph/reference/"
WIKIDATA = "http://www.wikidata.org/entity/"
UNBIS = "http://metadata.un.org/thesaurus/"
PREFIXES = """\
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX emg: <https://w3id.org/unemg/ontology#>
PREFIX org: <http://www.w3.org/ns/org#>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX sssom: <https://w3id.org/sssom/>
PREFIX void: <http://rdfs.org/ns/void#>
"""
SKOS = "http://www.w3.org/2004/02/skos/core#"
EXACT = f"{SKOS}exactMatch"
SAME = "http://www.w3.org/2002/07/owl#sameAs"
SEE_ALSO = "http://www.w3.org/2000/01/rdf-schema#seeAlso"
CONCEPT = f"{SKOS}Concept"

# What looks right and is something else: nothing leads there.
NEVER = {
    f"{UNBIS}1003876": "League of Nations mandates",
    "http://aims.fao.org/aos/agrovoc/c_ecf20c17": "waste as a term of property law",
    "http://www.eionet.europa.eu/gemet/concept/7188": "restoration of works of art",
    "http://www.eionet.europa.eu/gemet/concept/4857": "litter for animals",
    f"{WIKIDATA}Q28606331": "a second item for the office of the UNHCR",
    f"{WIKIDATA}Q208645": "the climate convention; only its secretariat is described here",
    f"{WIKIDATA}Q21707860": "the Paris Agreement, which is not described here",
    "https://www.wikidata.org/wiki/Q182016": "a page about an item, not the item",
    "https://ror.org/01cdrde68": "the university of which an institute is described here",
}
# What is right for one thing and wrong for another.
NEVER_OF = [
    ("partner/government-of-norway", f"{WIKIDATA}Q20"),
    ("deliverable/s50-report", "https://wedocs.unep.org/xmlui/handle/20.500.11822/39964?show=full"),
    ("deliverable/s50-report", "https://wedocs.unep.org/xmlui/handle/20.500.11822/39963"),
    ("framework/cbd", "https://ror.org/"),
    ("agency/unfccc-secretariat", "http://aims.fao.org/aos/agrovoc/c_1370608364444"),
    ("framework/unccd", "CRSChannelCode:41101"),
]
# What is right in place of what looks right.
INSTEAD = [
    ("deliverable-kind/terms-of-reference", EXACT, f"{UNBIS}1006463"),
    ("theme/ecosystem-restoration", EXACT, "http://aims.fao.org/aos/agrovoc/c_e2952bea"),
    ("theme/marine-litter", EXACT, "http://aims.fao.org/aos/agrovoc/c_e00d50ff"),
    ("agency/unhcr", SAME, f"{WIKIDATA}Q132551"),
    ("agency/unhcr", SAME, "https://ror.org/0437ej039"),
    ("agency/unu-flores", SAME, "https://ror.org/03xp99m49"),
    ("partner/grid-arendal", SAME, "https://ror.org/02grxeb87"),
    ("partner/government-of-norway", SAME, "https://ror.org/05a4cm665"),
]
# What is near at most: never an exact match.
NEVER_EXACTLY = (f"{UNBIS}1002081", f"{UNBIS}1006672")
# For whom neither Wikidata nor ROR has an item.
WITHOUT_ITEM = ("body/emg", "body/unea", "body/grid-geneva", "framework/cbd", "framework/unccd")

FILES = {
    "citation/sdg-void.ttl": "a113b8978cd427da16e160eadd93c3f9b211b29c4091ee1c1fa95726707082fc",
    "sdg-codes.ttl": "92fd9f4735a03b7d7342c6ac048fe41113caecbe887829d923fdb2c7b22246fe",
    "sdg-ontology.ttl": "5a00ffa8ae4face41dd293e766f4ea6671eb14d1833132967081935fc6634086",
    "sdg.ttl": "cb6b5600333b3a4f6498f9817db1a41244dd6b5758c274c42c6240a20259503e",
}
# Of each federated question that is answered from here a row that the data demand.
TELLING = {
    "agents-in-wikidata": {
        "agent": f"{ID}agency/unep",
        "item": f"{WIKIDATA}Q182016",
        "itemLabel": "United Nations Environment Programme",
    },
    "indicators-for-themes": {
        "theme": f"{ID}theme/marine-litter",
        "targetNote": "Target 14.1",
        "indicatorNote": "Indicator 14.1.1",
        "custodians": "UNEP",
    },
    "places-in-six-languages": {"place": f"{ID}place/norway", "m49": "578", "iso3": "NOR", "language": "ru"},
    "subjects-in-the-unbis-thesaurus": {
        "headingLabel": "BIOLOGICAL DIVERSITY",
        "relation": "exact",
        "thing": f"{ID}deliverable/bio-knowledge-inventory",
    },
    "work-by-sdg-target": {
        "target": "http://metadata.un.org/sdg/14.1",
        "number": "14.1",
        "theme": f"{ID}theme/marine-litter",
        "thing": f"{ID}deliverable/ml-report",
    },
}
# Of each federated question that asks another endpoint: the things that it may ask about, as a query finds them here.
# The engine sends no solutions along, so that the question has to name them.
ASKED_ABOUT = {
    "agents-in-wikidata-by-service": "GRAPH ?links { ?s owl:sameAs ?asked } ?s a emg:Agent",
    "seats-and-websites-by-service": "GRAPH ?links { ?s owl:sameAs ?asked } ?s a emg:Agent",
    "subjects-in-the-unbis-thesaurus-by-service": "GRAPH ?links { ?s skos:exactMatch|skos:closeMatch ?asked } "
    "?s a emg:Theme",
    "themes-in-six-languages-by-service": "GRAPH ?links { ?s skos:exactMatch|skos:closeMatch ?asked } ?s a emg:Theme",
    "work-by-sdg-target-by-service": "",
}


@pytest.fixture(scope="module")
def links(built: Snapshot) -> list[dict[str, str]]:
    """Every link with its set and its evidence."""
    return rows(built, stored("explore")["links-to-other-data"].text)


def triples(built: Snapshot) -> Iterator[tuple[str, str, str]]:
    """Every triple of a linkset whose subject is ours, whether there is evidence for it or not."""
    found = rows(
        built,
        f"{PREFIXES} SELECT ?s ?p ?o WHERE {{ ?set a void:Linkset GRAPH ?set {{ ?s ?p ?o }} "
        f'FILTER (STRSTARTS(STR(?s), "{ID}") && !STRSTARTS(STR(?s), "{ID}statement/")) }}',
    )
    return ((row["s"], row["p"], row["o"]) for row in found)


def test_a_hundred_and_fifty_things_are_linked(links: list[dict[str, str]]) -> None:
    assert len({link["subject"] for link in links}) >= 150
    kinds = Counter(iri.removeprefix(ID).split("/")[0] for iri in {link["subject"] for link in links})
    assert {"agency", "body", "deliverable", "event", "framework", "partner", "place", "theme"} <= set(kinds)


def test_every_link_has_evidence_and_a_target_of_its_set(built: Snapshot, links: list[dict[str, str]]) -> None:
    proved = {(link["subject"], link["predicate"], link["object"]) for link in links}
    assert set(triples(built)) == proved
    assert all(0.5 <= float(link["confidence"]) < 1 and link["citation"] and link["objectLabel"] for link in links)


def test_a_linkset_says_what_it_holds(built: Snapshot) -> None:
    said = rows(built, f"{PREFIXES} SELECT ?set ?p WHERE {{ ?set a void:Linkset ; void:linkPredicate ?p }}")
    held = rows(
        built,
        f"{PREFIXES} SELECT DISTINCT ?set ?p WHERE {{ ?set a void:Linkset GRAPH ?set {{ ?s emg:predicate ?p }} }}",
    )
    assert {(row["set"], row["p"]) for row in said} == {(row["set"], row["p"]) for row in held}
    outside = rows(
        built,
        f"{PREFIXES} SELECT ?o WHERE {{ ?set a void:Linkset ; void:objectsTarget/void:uriSpace ?space "
        "GRAPH ?set { ?s emg:object ?o } FILTER (!STRSTARTS(STR(?o), ?space)) }",
    )
    assert outside == []
    files = {path.stem for path in (ROOT / "data/links").glob("*.ttl")}
    assert {row["set"].removeprefix(f"{BASE}graph/links/") for row in said} == files - {"identifiers", "unlinked"}


@pytest.mark.parametrize("target", NEVER, ids=NEVER.values())
def test_nothing_leads_to_a_trap(built: Snapshot, target: str) -> None:
    assert [link for link in triples(built) if link[2] == target] == []


@pytest.mark.parametrize(("thing", "target"), NEVER_OF)
def test_a_thing_is_not_linked_to_what_is_another(built: Snapshot, thing: str, target: str) -> None:
    found = rows(built, f"SELECT ?p ?o WHERE {{ <{ID}{thing}> ?p ?o }}")
    assert found
    assert [row for row in found if row["o"].startswith(target)] == []


@pytest.mark.parametrize(("thing", "relation", "target"), INSTEAD)
def test_what_is_right_is_there_in_place_of_a_trap(built: Snapshot, thing: str, relation: str, target: str) -> None:
    assert (ID + thing, relation, target) in set(triples(built))


def test_what_is_near_is_not_said_to_be_exact(built: Snapshot) -> None:
    exact = [link for link in triples(built) if link[1] == f"{SKOS}exactMatch"]
    assert exact
    assert [link for link in exact if link[2] in NEVER_EXACTLY] == []


@pytest.mark.parametrize("thing", WITHOUT_ITEM)
def test_what_has_no_item_is_the_same_as_nothing(built: Snapshot, thing: str) -> None:
    assert [link for link in triples(built) if link[0] == ID + thing and link[1] == SAME] == []


def test_the_relation_fits_the_kind(built: Snapshot) -> None:
    concepts = {row["c"] for row in rows(built, f"SELECT ?c WHERE {{ ?c a <{CONCEPT}> }}")}
    found = list(triples(built))
    assert {s for s, p, _ in found if p.startswith(SKOS)} <= concepts
    assert {s for s, p, _ in found if p == SAME}.isdisjoint(concepts)
    assert {p for _, p, _ in found} == {
        SAME,
        SEE_ALSO,
        f"{SKOS}closeMatch",
        f"{SKOS}exactMatch",
        f"{SKOS}relatedMatch",
    }


def test_one_of_ours_for_one_of_theirs(built: Snapshot) -> None:
    strong = {(s, o) for s, p, o in triples(built) if p in (SAME, f"{SKOS}exactMatch")}
    assert len(strong) > 60
    assert [target for target, times in Counter(o for _, o in strong).items() if times > 1] == []


def test_treaty_and_secretariat_are_two(built: Snapshot) -> None:
    found = {(s, o) for s, p, o in triples(built) if p == SAME}
    assert (f"{ID}agency/unfccc-secretariat", f"{WIKIDATA}Q104150918") in found
    assert (f"{ID}partner/government-of-norway", f"{WIKIDATA}Q1770849") in found
    assert (f"{ID}place/norway", f"{WIKIDATA}Q20") in found


def test_everything_is_linked_or_said_to_have_no_identifier(built: Snapshot) -> None:
    things = rows(
        built,
        f"{PREFIXES} SELECT DISTINCT ?thing ?reason WHERE {{ ?thing a ?class "
        "VALUES ?class { emg:Agent emg:Framework emg:Place emg:Theme emg:VirtualPlace } "
        "OPTIONAL { ?thing emg:unlinkedBecause ?reason } }",
    )
    assert len(things) > 140
    linked = {s for s, _, _ in triples(built)}
    assert [row["thing"] for row in things if (row["thing"] in linked) == bool(row["reason"])] == []


def test_the_table_of_matches_is_what_was_linked(built: Snapshot) -> None:
    with (ROOT / "data/links/matches.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    by_table = {ID + row["thing"] for row in table}
    linked = {s for s, p, _ in triples(built) if p != f"{SKOS}relatedMatch"}
    assert all(row["why"] and row["nearness"] in ("same", "near", "related", "kind") for row in table)
    assert by_table <= linked
    alone = {row["thing"] for row in table} - {row["thing"] for row in table if row["nearness"] != "related"}
    strong = {s for s, p, _ in triples(built) if p in (SAME, f"{SKOS}exactMatch")}
    assert {ID + thing for thing in alone} & strong == set()


@pytest.mark.parametrize("name", FILES)
def test_open_data_of_others_are_unchanged(name: str) -> None:
    found = hashlib.sha256((ROOT / "data/external" / name).read_bytes()).hexdigest()
    assert found == FILES[name]


def test_open_data_of_others_are_described_with_licence_and_citation(built: Snapshot) -> None:
    files = {path.stem for path in (ROOT / "data/external").glob("*.ttl")}
    assert files == {Path(name).stem for name in FILES if "/" not in name}
    for name in files:
        [said] = rows(
            built,
            f"{PREFIXES} SELECT ?licence ?citation WHERE {{ <{REFERENCE}{name}> dcterms:license ?licence ; "
            "dcterms:bibliographicCitation ?citation ; emg:standing <https://w3id.org/unemg/id/standing/external> }",
        )
        assert "Amit Joshi" in said["citation"]


@pytest.mark.parametrize("name", ["sdg", "sdg-codes", "sdg-ontology"])
def test_open_data_of_others_are_in_their_graph_and_not_in_the_merge(built: Snapshot, name: str) -> None:
    alone = Store()
    alone.load(path=str(ROOT / f"data/external/{name}.ttl"), format=RdfFormat.TURTLE)
    [held] = rows(built, f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH <{REFERENCE}{name}> {{ ?s ?p ?o }} }}")
    assert int(held["n"]) == len(alone)
    [merged] = rows(
        built,
        f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH <{REFERENCE}{name}> {{ ?s a ?class }} ?s a ?class "
        f'FILTER (STRSTARTS(STR(?s), "http://metadata.un.org/")) }}',
    )
    assert merged["n"] == "0"


def test_every_federated_question_has_a_telling_row() -> None:
    questions = stored("federated")
    assert {name for name, query in questions.items() if not query.asks} == set(TELLING)
    assert {name for name, query in questions.items() if query.asks} == set(ASKED_ABOUT)


@pytest.mark.parametrize("name", sorted(name for name, found in ASKED_ABOUT.items() if found))
def test_a_question_asks_another_endpoint_about_all_that_is_linked(built: Snapshot, name: str) -> None:
    query = stored("federated")[name]
    _, _, called = query.text.partition("SERVICE")
    values = called.partition("VALUES")[2].partition("{")[2].partition("}")[0]
    prefixes = {"wd:": WIKIDATA, "unbis:": UNBIS}
    asked = [prefixes[f"{each.split(':')[0]}:"] + each.split(":")[1] for each in values.split()]
    links = f"{BASE}graph/links/{'wikidata' if 'wikidata' in query.asks[0] else 'unbis'}"
    linked = f"VALUES ?links {{ <{links}> }} {ASKED_ABOUT[name]}"
    found = rows(built, f"{PREFIXES} SELECT DISTINCT ?asked WHERE {{ {linked} }}")
    assert len(asked) == len(set(asked)) > 5
    assert set(asked) == {row["asked"] for row in found}


@pytest.mark.parametrize("name", sorted(TELLING))
def test_a_federated_question_is_answered_from_what_is_here(built: Snapshot, name: str) -> None:
    query = stored("federated")[name]
    assert "SERVICE" not in query.text.partition("SELECT")[2]
    answer = rows(built, query.text)
    assert tuple(answer[0]) == tuple(query.columns)
    assert any(TELLING[name].items() <= row.items() for row in answer)


def test_the_join_with_the_goals_is_that_of_two_sources(built: Snapshot) -> None:
    alone = Store()
    alone.load(path=str(ROOT / "data/external/sdg.ttl"), format=RdfFormat.TURTLE)
    expected = set()
    for row in rows(built, f"{PREFIXES} SELECT ?theme ?target WHERE {{ ?theme skos:relatedMatch ?target }}"):
        indicators = alone.query(
            f"SELECT ?i WHERE {{ <{row['target']}> <http://metadata.un.org/sdg/ontology#hasIndicator> ?i }}"
        )
        expected |= {(row["theme"], row["target"], found["i"].value) for found in indicators}  # type: ignore[union-attr]
    answer = rows(built, stored("federated")["indicators-for-themes"].text)
    assert expected
    assert {(row["theme"], row["target"], row["indicator"]) for row in answer} == expected


def test_stated_and_editorial_links_to_goals_are_told_apart(built: Snapshot) -> None:
    answer = rows(built, stored("explore")["work-by-sdg-goal"].text)
    stated = [row for row in answer if row["how"] == "stated"]
    assert stated
    assert all(row["passage"] and not row["goal"] for row in stated)
    assert {row["goal"] for row in answer if row["how"] == "editorial"} == {"http://metadata.un.org/sdg/14"}
    standings = rows(
        built,
        f"{PREFIXES} SELECT DISTINCT ?standing WHERE {{ GRAPH ?g {{ ?theme skos:relatedMatch ?target }} "
        "?g emg:standing ?standing }",
    )
    assert [row["standing"] for row in standings] == [f"{ID}standing/editorial"]


def test_a_place_has_its_name_in_the_six_official_languages(built: Snapshot) -> None:
    answer = rows(built, stored("federated")["places-in-six-languages"].text)
    languages = {row["language"] for row in answer if row["place"] == f"{ID}place/chile"}
    assert languages == {"ar", "en", "es", "fr", "ru", "zh"}


def test_the_links_are_a_mapping_set(built: Snapshot, links: list[dict[str, str]]) -> None:
    queries = load_queries(ROOT / "queries", read_text=lambda path: path.read_text(encoding="utf-8"), limits=Limits())
    text = mapping_set(built, queries)
    head = [line[1:] for line in text.splitlines() if line.startswith("#")]
    slots = dict(line.split(": ", 1) for line in head if ": " in line)
    assert json.loads(slots["mapping_set_id"]) == f"{BASE}data/links.sssom.tsv"
    assert json.loads(slots["license"]) == "https://creativecommons.org/licenses/by/4.0/"
    prefixes = {name.strip(): json.loads(start) for name, start in slots.items() if name.startswith("  ")}

    def expand(curie: str) -> str:
        name, _, local = curie.partition(":")
        return str(prefixes[name]) + local

    table = list(csv.DictReader(io.StringIO("\n".join(text.splitlines()[len(head) :])), dialect="excel-tab"))
    assert [
        (expand(row["subject_id"]), expand(row["predicate_id"]), expand(row["object_id"]), row["confidence"])
        for row in table
    ] == [(link["subject"], link["predicate"], link["object"], link["confidence"]) for link in links]
    assert {row["mapping_justification"] for row in table} == {"semapv:ManualMappingCuration"}
    assert all(row["subject_label"] and row["object_label"] for row in table)
    assert LINKS in {query.identifier for query in queries}
