"""The store: what is built in the workspace, and the numbered snapshots that it is published as."""

import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from kg.errors import BuildRunning, NetworkRefused, QueryError, QuerySyntax, SnapshotMissing, StoreError
from kg.readers import read_quads
from kg.settings import STRICT, UNION
from kg.store import Description, Snapshot, Snapshots, Workspace

GRAPHS = "<x:one> { <x:a> <x:p> 1 , 2 } <x:two> { <x:a> <x:p> 1 . <x:b> <x:p> 1 }"
IN_DEFAULT = "SELECT ?s ?o WHERE { ?s ?p ?o } ORDER BY ?s ?o"
IN_NAMED = "SELECT ?g ?s ?o WHERE { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g ?s ?o"
MERGED = [("x:a", "1"), ("x:a", "2"), ("x:b", "1")]
NAMED = [("x:one", "x:a", "1"), ("x:one", "x:a", "2"), ("x:two", "x:a", "1"), ("x:two", "x:b", "1")]


def workspace(text: str = GRAPHS) -> Workspace:
    store = Workspace()
    store.add(read_quads(text, name="x.trig", graph=None)[0])
    return store


def rows(store: Workspace | Snapshot, query: str) -> list[tuple[str, ...]]:
    return [tuple(term.value for term in row if term) for row in store.query(query).rows()]


def publish(
    snapshots: Snapshots, text: str = GRAPHS, *, mode: str = UNION, base: str = "x:"
) -> tuple[Description, bool]:
    nquads = workspace(text).canonical_nquads()
    with snapshots.locked():
        return snapshots.publish(nquads, default_graph=mode, base=base, prefixes={"x": "x:"})


@pytest.fixture(params=[1, 1000], ids=["on disk", "in memory"])
def snapshots(request: pytest.FixtureRequest, tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "state", memory_quads=request.param)


def folders(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "state/snapshots").iterdir())


# The workspace.


def test_the_default_graph_of_a_workspace_is_the_merge_in_which_each_triple_counts_once() -> None:
    assert rows(workspace(), IN_DEFAULT) == MERGED
    assert rows(workspace(), IN_NAMED) == NAMED
    assert workspace().ntriples().count(b"\n") == 3


def test_canonical_nquads_are_the_named_graphs_in_one_order() -> None:
    one, two = GRAPHS.split(" <x:two>")
    nquads = workspace(GRAPHS).canonical_nquads()
    assert workspace(f"<x:two>{two} {one}").canonical_nquads() == nquads
    lines = nquads.decode().splitlines()
    assert lines == sorted(lines)
    assert [line.split()[-2] for line in lines] == ["<x:one>", "<x:two>", "<x:one>", "<x:two>"]


def test_what_a_query_constructs_is_added_where_no_graph_but_a_derived_one_holds_it() -> None:
    store = workspace()
    construct = "CONSTRUCT { ?s <x:p> 1 ; <x:q> ?o } WHERE { ?s <x:p> ?o }"
    assert store.insert_new(construct, "x:derived/one", derived="x:derived") == 3
    assert rows(store, "SELECT ?s ?o WHERE { GRAPH <x:derived/one> { ?s ?p ?o } } ORDER BY ?s ?o") == MERGED
    assert store.insert_new(construct, "x:derived/one", derived="x:derived") == 0
    assert store.insert_new(construct, "x:derived/two", derived="x:derived") == 3
    assert len(rows(store, IN_DEFAULT)) == 6


# Snapshots.


def test_there_is_no_snapshot_before_the_first_is_built(snapshots: Snapshots) -> None:
    with pytest.raises(SnapshotMissing, match="nothing has been built") as caught:
        snapshots.current()
    assert "kg build" in caught.value.remedy


def test_a_snapshot_answers_from_the_merge_and_from_the_named_graphs(snapshots: Snapshots) -> None:
    publish(snapshots)
    assert rows(snapshots.current(), IN_DEFAULT) == MERGED
    assert rows(snapshots.current(), IN_NAMED) == NAMED


def test_in_mode_strict_the_default_graph_is_empty(snapshots: Snapshots) -> None:
    publish(snapshots, mode=STRICT)
    assert rows(snapshots.current(), IN_DEFAULT) == []
    assert rows(snapshots.current(), IN_NAMED) == NAMED


def test_graphs_that_are_given_replace_those_of_the_query(snapshots: Snapshots) -> None:
    publish(snapshots)
    snapshot = snapshots.current()
    both = "SELECT ?s FROM <x:one> WHERE { ?s ?p 1 } ORDER BY ?s"
    assert [row[0].value for row in snapshot.query(both).rows()] == ["x:a"]
    assert [row[0].value for row in snapshot.query(both, default_graphs=["x:two"]).rows()] == ["x:a", "x:b"]
    assert list(snapshot.query(both, named_graphs=["x:two"]).rows()) == []


CATALOGUED = f"{GRAPHS} <x:about> {{ <x:all> <http://www.w3.org/ns/dcat#dataset> <x:one> , <x:empty> }}"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?s FROM <x:none> WHERE { ?s ?p ?o }",
        "SELECT ?s FROM NAMED <x:none> WHERE { GRAPH ?g { ?s ?p ?o } }",
        "SELECT ?s FROM <x:one> FROM <x:none> WHERE { ?s ?p ?o }",
        "PREFIX : <x:> SELECT ?s FROM <x:one> FROM NAMED :none WHERE { ?s ?p ?o }",
        "BASE <x:/> SELECT ?s FROM <none> WHERE { ?s ?p ?o }",
        "CONSTRUCT { ?s ?p '{' } FROM <x:none> WHERE { ?s ?p ?o }",
        "CONSTRUCT FROM <x:none> WHERE { ?s ?p ?o }",
        "ASK FROM <x:none> { ?s ?p ?o }",
        "DESCRIBE <x:a> FROM <x:none>",
    ],
)
def test_a_graph_that_is_not_there_is_refused(snapshots: Snapshots, query: str) -> None:
    publish(snapshots)
    with pytest.raises(NetworkRefused, match=r"there is no graph <x:/?none> here.*fetches nothing") as caught:
        snapshots.current().query(query)
    assert caught.value.remedy.endswith("name a graph that is listed at /graphs")


@pytest.mark.parametrize("named", ["default_graphs", "named_graphs"])
def test_a_graph_that_is_given_and_not_there_is_refused(snapshots: Snapshots, named: str) -> None:
    publish(snapshots)
    with pytest.raises(NetworkRefused, match="there is no graph <file:///etc/passwd> here"):
        snapshots.current().query("ASK {}", **{named: ["x:one", "file:///etc/passwd"]})
    # What is given replaces what the text names.
    assert snapshots.current().query("ASK FROM <x:none> {}", **{named: ["x:one"]}).boolean


def test_the_nearest_graph_is_told(snapshots: Snapshots) -> None:
    publish(snapshots, GRAPHS.replace("x:one", "x:graph/library"))
    with pytest.raises(NetworkRefused) as caught:
        snapshots.current().query("ASK FROM <x:graph/libary> {}")
    assert caught.value.remedy.startswith("did you mean <x:graph/library>? ")


def test_a_graph_that_the_catalogue_lists_is_there_without_a_statement(snapshots: Snapshots) -> None:
    publish(snapshots, CATALOGUED)
    snapshot = snapshots.current()
    for query in ("ASK FROM <x:empty> { ?s ?p ?o }", "ASK FROM NAMED <x:empty> { GRAPH ?g { ?s ?p ?o } }"):
        assert snapshot.query(query).boolean is False
    assert snapshot.query("ASK { ?s ?p ?o }", default_graphs=["x:empty"]).boolean is False


def test_where_a_query_sees_only_what_it_names_a_graph_that_is_not_there_is_empty(snapshots: Snapshots) -> None:
    publish(snapshots, mode=STRICT)
    assert snapshots.current().query("ASK FROM <x:none> {}").boolean is True
    assert snapshots.current().query("ASK { ?s ?p ?o }", default_graphs=["x:none"]).boolean is False


def test_words_like_those_of_a_dataset_are_none(snapshots: Snapshots) -> None:
    publish(snapshots)
    text = "PREFIX from: <x:> SELECT ?from { ?from from:p 'FROM <x:none>' # FROM <x:none>\n }"
    assert list(snapshots.current().query(text).rows()) == []


def test_a_description_says_what_a_snapshot_is(snapshots: Snapshots, tmp_path: Path) -> None:
    description, new = publish(snapshots)
    assert new
    assert snapshots.current().nquads() == workspace().canonical_nquads()
    assert (description.revision, description.digest) == (0, sha256(workspace().canonical_nquads()).hexdigest())
    assert description == snapshots.current().description
    assert (description.number, description.quads, description.default_graph) == (1, 4, UNION)
    assert (description.base, description.prefixes) == ("x:", {"x": "x:"})
    assert json.loads((tmp_path / "state/current/snapshot.json").read_text())["digest"] == description.digest


def test_numbers_go_up_and_the_same_content_makes_no_new_snapshot(snapshots: Snapshots) -> None:
    other = GRAPHS.replace("2", "3")
    assert [
        (description.number, new)
        for description, new in (
            publish(snapshots),
            publish(snapshots),
            publish(snapshots, other),
            publish(snapshots, other, mode=STRICT),
            publish(snapshots, other, mode=STRICT, base="y:"),
            publish(snapshots, other, mode=STRICT, base="y:"),
        )
    ] == [(1, True), (1, False), (2, True), (3, True), (4, True), (4, False)]


def test_a_new_snapshot_is_current_at_once_and_an_old_reader_keeps_its_own(snapshots: Snapshots) -> None:
    publish(snapshots)
    before = snapshots.current()
    assert snapshots.current() is before
    for value in ("3", "4", "5"):
        publish(snapshots, GRAPHS.replace("2", value))
    assert (before.number, rows(before, IN_DEFAULT)) == (1, MERGED)
    assert snapshots.current().number == 4
    assert ("x:a", "5") in rows(snapshots.current(), IN_DEFAULT)


def grow_older(tmp_path: Path) -> None:
    """Let all snapshots be two minutes older."""
    for folder in (tmp_path / "state/snapshots").iterdir():
        long_ago = folder.stat().st_mtime - 120
        os.utime(folder, (long_ago, long_ago))


def test_old_snapshots_are_removed_but_the_one_before_the_current(snapshots: Snapshots, tmp_path: Path) -> None:
    for value in ("2", "3", "4"):
        publish(snapshots, GRAPHS.replace("2", value))
    assert folders(tmp_path) == ["000001", "000002", "000003"]
    grow_older(tmp_path)
    publish(snapshots, GRAPHS.replace("2", "5"))
    assert folders(tmp_path) == ["000003", "000004"]
    assert (tmp_path / "state/current").resolve().name == "000004"


def test_a_snapshot_that_was_current_a_moment_ago_is_kept_however_old_it_is(
    snapshots: Snapshots, tmp_path: Path
) -> None:
    publish(snapshots)
    grow_older(tmp_path)
    for value in ("3", "4", "5"):
        publish(snapshots, GRAPHS.replace("2", value))
    assert folders(tmp_path) == ["000001", "000002", "000003", "000004"]


def test_of_many_snapshots_in_a_short_time_twenty_are_kept(snapshots: Snapshots, tmp_path: Path) -> None:
    for value in range(2, 27):
        publish(snapshots, GRAPHS.replace("2", str(value)))
    assert folders(tmp_path) == [f"{number:06}" for number in range(6, 26)]


def test_a_snapshot_is_read_into_memory_in_the_order_of_its_text(snapshots: Snapshots, tmp_path: Path) -> None:
    told = " ".join(f"<x:a> <x:p> <x:{value:02}> ." for value in range(40))
    publish(snapshots, f"<x:one> {{ {told} }}", mode=STRICT)
    read = (
        "import sys; from pathlib import Path; from kg.store.opened import loaded_snapshot\n"
        "print(*(quad.object.value for quad in loaded_snapshot(Path(sys.argv[1])).store))"
    )
    # In a process of its own, since it forks: this one may have had the engine open.
    command = [sys.executable, "-c", read, str(tmp_path / "state/current")]
    values = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert sorted(values) == [f"x:{value:02}" for value in range(40)]
    assert values in (sorted(values), sorted(values, reverse=True))


def test_only_one_publishes_at_a_time(snapshots: Snapshots, tmp_path: Path) -> None:
    other = Snapshots(tmp_path / "state", memory_quads=1)
    with snapshots.locked(), pytest.raises(BuildRunning, match="another process is writing") as caught, other.locked():
        pass
    assert caught.value.remedy
    with other.locked():
        pass


def test_leftovers_of_a_build_that_was_killed_stop_nothing(snapshots: Snapshots, tmp_path: Path) -> None:
    publish(snapshots)
    state = tmp_path / "state"
    shutil.copytree(state / "snapshots/000001", state / "snapshots/writing-000002")
    (state / "snapshots/writing-000002/store/CURRENT").write_bytes(b"half")
    shutil.copytree(state / "snapshots/000001", state / "snapshots/000002")
    (state / "current.new").symlink_to("snapshots/000002")
    assert snapshots.current().number == 1
    assert publish(snapshots, GRAPHS.replace("2", "3"))[0].number == 2
    assert ("x:a", "3") in rows(snapshots.current(), IN_DEFAULT)
    assert folders(tmp_path) == ["000001", "000002"]


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("snapshot.json", b"{"),
        ("snapshot.json", b'{"number": 1}'),
        ("snapshot.json", b'{"layout": 1, "number": 1}'),
        ("store/CURRENT", b"nothing"),
    ],
    ids=["description", "incomplete", "layout", "store"],
)
@pytest.mark.parametrize("memory_quads", [1, 1000], ids=["on disk", "in memory"])
def test_a_damaged_snapshot_is_an_error_with_a_remedy_and_the_next_build_mends_it(
    tmp_path: Path, file: str, damage: bytes, memory_quads: int
) -> None:
    snapshots = Snapshots(tmp_path / "state", memory_quads=memory_quads)
    publish(snapshots)
    (tmp_path / "state/current" / file).write_bytes(damage)
    with pytest.raises(StoreError, match="cannot be used") as caught:
        snapshots.current()
    assert "kg build" in caught.value.remedy
    assert publish(snapshots)[1]
    assert rows(snapshots.current(), IN_DEFAULT) == MERGED


def test_a_state_folder_that_is_a_file_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StoreError, match="cannot be used") as caught:
        publish(Snapshots(tmp_path / "state", memory_quads=1))
    assert caught.value.remedy


# Errors of the engine.


@pytest.mark.parametrize(
    ("query", "place", "message"),
    [
        ("SELECT ?s WHERE {\n  ?s ex:p ?o }", (2, 6), "the prefix ex: is not declared"),
        ("PREFIX ex: <x:>\nSELECT ?s WHERE { ?s ex:p :o }", (2, 27), "the prefix : is not declared"),
        ("SELECT ?s WHERE { ?s ?p ?o }\nLIMIT ?s", (2, 7), r"\?s cannot stand here"),
        ("SELECT ?s", (1, 10), "ends too soon"),
    ],
    ids=["prefix", "empty prefix", "token", "end"],
)
def test_a_syntax_error_has_line_and_column(query: str, place: tuple[int, int], message: str) -> None:
    with pytest.raises(QuerySyntax, match=message) as caught:
        workspace().query(query)
    assert (caught.value.line, caught.value.column) == place
    assert caught.value.remedy


def test_what_the_engine_cannot_evaluate_is_an_error_with_a_remedy() -> None:
    with pytest.raises(QueryError) as caught:
        list(workspace().query("SELECT (<x:no-function>(1) AS ?x) WHERE { }").rows())
    assert caught.value.remedy
