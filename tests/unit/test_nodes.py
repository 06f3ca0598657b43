"""Blank nodes have names where changes are kept, and none where a state is asked."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, Quad, Store
from rdflib import Graph
from rdflib.compare import isomorphic

from kg.readers import Reading, keep_names, read_document, read_quads, skolemize
from kg.settings import STRICT, UNION
from kg.store import Ledger, Naming, Nodes, Past, Signature, Snapshot, Snapshots, description_of, open_primary
from kg.store.nodes import read_labels, take_names
from kg.store.opened import loaded_snapshot, open_snapshot, open_stored
from kg.store.patch import Changeset, changeset_of, quads_of
from kg.store.updates import GraphRules, changes_of_update

BASE = "https://library.example/"
NAMING = Naming(BASE)
A, B = f"{NAMING.prefix}ba-c14n0", f"{NAMING.prefix}bb-c14n1"
LINES = (
    f'<{A}> <x:p> "see <{A}>" <x:g> .',
    f"<x:emma> <x:q> <{B}> .",
    f'<x:emma> <x:q> "here" <{B}> .',
    "<x:emma> <x:q> <x:sanditon> <x:g> .",
)
BLANK = (
    f'_:ba-c14n0 <x:p> "see <{A}>" <x:g> .',
    "<x:emma> <x:q> _:bb-c14n1 .",
    '<x:emma> <x:q> "here" _:bb-c14n1 .',
    "<x:emma> <x:q> <x:sanditon> <x:g> .",
)
SIGNATURE = Signature("Ada", "2024-05-01T12:00:00Z", "A change")
NODES = """\
@prefix : <x:> .
:emma :edition [ :year 1815 ; :volume [ :number 1 ], [ :number 2 ] ] .
:sanditon :chapters ( 1 2 ) .
"""


def store_of(lines: tuple[str, ...]) -> Store:
    store = Store()
    store.extend(quads_of(lines))
    return store


def named(text: str = NODES, *, name: str = "a.ttl") -> list[Quad]:
    quads, _ = read_quads(text, name=name, graph="x:g")
    return skolemize(quads, name=name, base=BASE)


def test_a_name_is_its_label_behind_a_prefix() -> None:
    assert NAMING.label(A) == "ba-c14n0"
    assert NAMING.name("ba-c14n0").value == A
    assert sorted(NAMING.blank_lines(LINES)) == sorted(BLANK)
    changes = Changeset(added=tuple(sorted(LINES)))
    assert NAMING.blank_changes(changes).added == tuple(sorted(BLANK))


@pytest.mark.parametrize(
    "iri",
    [
        f"{NAMING.prefix}1a",
        f"{NAMING.prefix}a/b",
        f"{NAMING.prefix}a.",
        NAMING.prefix,
        f"{NAMING.prefix}é",
        "https://other.example/.well-known/genid/ba",
    ],
)
def test_what_is_no_label_in_every_format_or_of_another_base_stays_an_iri(iri: str) -> None:
    assert NAMING.label(iri) == ""
    assert NAMING.blank_lines([f"<{iri}> <x:p> <{iri}> .", f"<{A}> <x:p> 1 ."][:1]) == [f"<{iri}> <x:p> <{iri}> ."]


def test_names_are_found_in_statements() -> None:
    assert NAMING.labels(LINES) == {"ba-c14n0", "bb-c14n1"}
    assert NAMING.labels(LINES[3:]) == set()


def test_names_are_taken_from_a_store_and_no_empty_graph_stays() -> None:
    store = store_of(LINES)
    take_names(store, [*NAMING.labels(LINES), "unknown"], NAMING)
    assert {*store} == {*quads_of(BLANK)}
    assert {str(graph) for graph in store.named_graphs()} == {"<x:g>", "_:bb-c14n1"}


def test_labels_are_names_in_rdf_xml() -> None:
    labels = NAMING.labels(changeset_of(named()).added)
    assert len(labels) == 5
    assert all(label[0].isalpha() for label in labels)


@pytest.mark.parametrize("mode", [UNION, STRICT])
def test_each_way_to_open_a_snapshot_gives_the_same_nodes(tmp_path: Path, mode: str) -> None:
    """From memory, from disk, and by way of another process; stored it has the names."""
    lines = changeset_of(named()).added
    nquads = "".join(f"{line}\n" for line in lines).encode()
    snapshots = Snapshots(tmp_path, memory_quads=0)
    snapshots.publish(nquads, default_graph=mode, base=BASE, prefixes={})
    folder = snapshots.current_path()
    assert read_labels(folder) == NAMING.labels(lines)
    stored = open_stored(folder)
    assert stored.nquads() == nquads
    expected = {*map(NAMING.blank, stored.store)}
    assert any(isinstance(quad.subject, BlankNode) for quad in expected)
    assert not (folder / "asked").exists()
    for opened in (open_snapshot(folder, memory_quads=len(lines)), loaded_snapshot(folder)):
        assert {*opened.store} == expected
    for _ in range(2):  # made, and found again
        assert {*open_snapshot(folder, memory_quads=0).store} == expected
        assert (folder / "asked").is_dir()
    assert open_stored(folder).nquads() == nquads


def test_without_blank_nodes_there_is_no_second_copy(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path, memory_quads=0)
    snapshots.publish(b"<x:a> <x:p> <x:b> <x:g> .\n", default_graph=UNION, base=BASE, prefixes={})
    assert snapshots.current().nquads() == b"<x:a> <x:p> <x:b> <x:g> .\n"
    assert not (snapshots.current_path() / "asked").exists()


def commit(state: Path, *, added: tuple[str, ...] = (), removed: tuple[str, ...] = ()) -> Snapshot:
    """What is current after a commit, opened from disk."""
    snapshots = Snapshots(state, memory_quads=0)
    with open_primary(snapshots, Ledger(state / "ledger"), default_graph=STRICT) as primary:
        primary.change(Changeset(added=tuple(sorted(added)), removed=tuple(sorted(removed))))
        primary.hold(SIGNATURE, source="x:source")
        primary.commit()
        primary.publish(snapshots, description_of(primary, base=BASE, prefixes={}), rulebook="")
    return snapshots.current()


def test_each_commit_keeps_account_of_the_nodes(tmp_path: Path) -> None:
    """Also where the snapshot before does not tell them, and where a node has gone."""
    for added, removed, labels, told in (
        (LINES[3:], (), set(), True),
        (LINES[:2], (), {"ba-c14n0", "bb-c14n1"}, True),
        ((), LINES[1:2], {"ba-c14n0"}, False),
        (LINES[1:2], (), {"ba-c14n0", "bb-c14n1"}, True),
    ):
        now = commit(tmp_path, added=added, removed=removed)
        folder = Snapshots(tmp_path, memory_quads=0).current_path()
        assert read_labels(folder) == labels
        assert {*NAMING.labels(open_stored(folder).nquads().decode().splitlines())} == labels
        assert {term.value for quad in now.store for term in (quad.subject, quad.object) if is_blank(term)} == labels
        if not told:
            (folder / "nodes.txt").unlink()
    for revision, lines in ((2, LINES[:2] + LINES[3:]), (3, (LINES[0], LINES[3]))):
        past = Past(revision).open(tmp_path, now=now.description)
        assert sorted(past.nquads().decode().split("\n")[:-1]) == sorted(NAMING.blank_lines(lines))


def is_blank(term: object) -> bool:
    return isinstance(term, BlankNode)


def changed(text: str, lines: tuple[str, ...] = LINES) -> Changeset:
    """What an update changes in a store that names its nodes, which stays as it is."""
    store = store_of(lines)
    numbers = iter("12345")
    nodes = Nodes(lambda: NAMING.name(f"new{next(numbers)}"), NAMING, lambda: NAMING.labels(lines))
    changes = changes_of_update(
        text, store, rules=GraphRules(STRICT), scratch=lambda: nullcontext(store_of(lines)), nodes=nodes
    )
    assert {*store} == {*quads_of(lines)}
    return changes


@pytest.mark.parametrize(
    ("text", "removed", "added"),
    [
        ("DELETE { ?s ?p ?o } WHERE { ?s ?p ?o FILTER isBlank(?o) }", LINES[1:2], ()),
        ("DELETE { GRAPH ?g { ?s ?p ?o } } WHERE { GRAPH ?g { ?s ?p ?o } FILTER isBlank(?s) }", LINES[:1], ()),
        ("DELETE { GRAPH ?g { ?s ?p ?o } } WHERE { GRAPH ?g { ?s ?p ?o } FILTER isBlank(?g) }", LINES[2:3], ()),
        ("DELETE { ?s ?p ?o } WHERE { ?s ?p ?o FILTER isIRI(?o) }", (), ()),
        (f"DELETE WHERE {{ <x:emma> <x:q> <{B}> }}", (), ()),
        (f"DELETE DATA {{ <x:emma> <x:q> <{B}> }}", LINES[1:2], ()),
        ("INSERT { ?o <x:is> 'blank' } WHERE { ?s ?p ?o }", (), (f'<{B}> <x:is> "blank" .',)),
        ("INSERT DATA { _:a <x:is> _:a }", (), (f"<{NAMING.prefix}new1> <x:is> <{NAMING.prefix}new1> .",)),
        (
            "INSERT { ?new <x:of> ?o } WHERE { ?s ?p ?o BIND (BNODE() AS ?new) }",
            (),
            (f"<{NAMING.prefix}new1> <x:of> <{B}> .",),
        ),
        (
            "INSERT DATA { _:a <x:is> 'new' } ;\n"
            "INSERT { ?s <x:is> 'seen' } WHERE { ?s <x:is> 'new' FILTER isBlank(?s) }",
            (),
            (f'<{NAMING.prefix}new1> <x:is> "new" .', f'<{NAMING.prefix}new1> <x:is> "seen" .'),
        ),
        ("DELETE { ?s ?p ?o } WHERE { ?s ?p ?o } ; INSERT { <x:a> <x:p> ?o } WHERE { ?s ?p ?o }", LINES[1:2], ()),
    ],
)
def test_a_pattern_of_an_update_meets_blank_nodes(text: str, removed: tuple[str, ...], added: tuple[str, ...]) -> None:
    found = changed(text)
    assert (found.removed, found.added) == (tuple(sorted(removed)), tuple(sorted(added)))


def test_a_graph_that_is_sent_back_keeps_the_names_of_its_nodes() -> None:
    there = named()
    back = NODES.replace("[ :number 1 ], [ :number 2 ]", "[ :number 2 ], [ :number 1 ]") + "# sent back\n"
    quads, _ = read_quads(back, name="b.ttl", graph="x:g")
    made = skolemize(quads, name="b.ttl", base=BASE)
    assert {*made}.isdisjoint(there)
    asked: list[str] = []

    def held(graph: str) -> list[Quad]:
        asked.append(graph)
        return there

    assert {*keep_names(made, quads, held=held, blank=NAMING.blank)} == {*there}
    assert asked == ["x:g"]


@pytest.mark.parametrize(
    "other",
    [
        NODES.replace("1815", "1816"),
        NODES.replace("[ :number 2 ]", "[ :number 1 ]"),
        NODES.replace(":sanditon :chapters", ":sanditon :parts"),
        NODES + ":emma :q 1 .",
        "".join(f":n{number} :p [] .\n" for number in range(3)).join(["@prefix : <x:> .\n", ""]),
    ],
)
def test_another_graph_gets_names_of_its_own(other: str) -> None:
    quads, _ = read_quads(other, name="b.ttl", graph="x:g")
    made = skolemize(quads, name="b.ttl", base=BASE)
    assert keep_names(made, quads, held=lambda _: named(), blank=NAMING.blank) == made


def test_a_node_that_two_graphs_share_is_not_torn_apart() -> None:
    text = "<x:g> { <x:a> <x:p> _:n } <x:h> { <x:b> <x:p> _:n }"
    quads = [*read_document(text.encode(), name="a.trig", graph="x:d", reading=Reading("many")).quads]
    made = skolemize(quads, name="a.trig", base=BASE)
    other = skolemize(quads, name="b.trig", base=BASE)
    kept = keep_names(
        made, quads, held=lambda graph: [q for q in other if q.graph_name.value == graph], blank=NAMING.blank
    )
    assert kept == made


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")
@pytest.mark.parametrize(
    ("format_name", "reader"), {"turtle": "turtle", "ntriples": "nt", "rdfxml": "xml", "jsonld": "json-ld"}.items()
)
def test_each_format_says_the_nodes(tmp_path: Path, format_name: str, reader: str) -> None:
    snapshots = Snapshots(tmp_path, memory_quads=1_000)
    nquads = "".join(f"{line}\n" for line in changeset_of(named()).added).encode()
    snapshots.publish(nquads, default_graph=UNION, base=BASE, prefixes={})
    answer = snapshots.current().query("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }")
    written = answer.serialize(format_name, {})
    assert isomorphic(Graph().parse(written, format=reader), Graph().parse(data=NODES, format="turtle"))
