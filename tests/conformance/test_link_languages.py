"""The labels of linked concepts: in the languages that the documentation tells of, each with its number."""

import re
from collections import Counter, defaultdict

from kg.store import Snapshot
from tests.conftest import ROOT

# Each target of the table: the linkset, and how the IRIs of its concepts begin.
TARGETS = {
    "M49 areas": ("m49", "http://metadata.un.org/sdg/codes/geoArea/"),
    "goals and targets": ("sdg", "http://metadata.un.org/sdg/"),
    "AGROVOC": ("agrovoc", "http://aims.fao.org/aos/agrovoc/"),
    "UNBIS": ("unbis", "http://metadata.un.org/thesaurus/"),
    "EuroVoc": ("eurovoc", "http://eurovoc.europa.eu/"),
    "GEMET": ("gemet", "http://www.eionet.europa.eu/gemet/concept/"),
}
OFFICIAL = {"ar", "en", "es", "fr", "ru", "zh"}


def languages(built: Snapshot, linkset: str, start: str) -> Counter[str]:
    """How many concepts have labels in just these languages."""
    found: dict[str, set[str]] = defaultdict(set)
    query = f"""
    PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
    PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
    SELECT DISTINCT ?concept ?label {{
      GRAPH <https://w3id.org/unemg/graph/links/{linkset}> {{ ?ours ?relation ?concept }}
      FILTER STRSTARTS(STR(?concept), "{start}")
      GRAPH ?any {{ ?concept rdfs:label|skos:prefLabel ?label }}
    }}"""
    for concept, label in built.query(query).rows():
        assert concept is not None
        assert label is not None
        assert label.language, f"{concept.value} has a label without a language"
        found[concept.value].add(label.language)
    return Counter(", ".join(sorted(each)) for each in found.values())


def test_the_table_of_languages_is_what_the_graph_has(built: Snapshot) -> None:
    text = (ROOT / "docs/linking.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| (\d+) \| ([a-z, ]+) \| [^|]+ \|$", text, re.MULTILINE)
    told: dict[str, Counter[str]] = defaultdict(Counter)
    for name, count, listed in rows:
        told[name][listed] += int(count)
    assert {*told} == {*TARGETS}
    assert {name: languages(built, *target) for name, target in TARGETS.items()} == told
    assert all({*listed.split(", ")} <= OFFICIAL for counts in told.values() for listed in counts)
