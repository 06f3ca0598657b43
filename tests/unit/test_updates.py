"""Updates as changesets: the standard, a default graph that is the merge of all, limits, refusals."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, NamedNode, Quad, Store

from kg.errors import NetworkRefused, QueryError, QueryRefused, QuerySyntax, StoreError
from kg.settings import UNION
from kg.store.patch import Changeset
from kg.store.updates import GraphRules, UpdateLimits, Using
from tests.updates import MERGED, PREFIX, changes_of, line, lines, trig, with_merge

# The standard, where the engine reads less, or where the engine keeps empty graphs.


def test_declarations_stand_before_any_operation_and_later_ones_count() -> None:
    text = """PREFIX : <x:> BASE <http://a.example/b/>
        INSERT DATA { :a :p <c> } ; PREFIX : <y:> BASE <d/> INSERT DATA { :a :p <c> } ; INSERT DATA { :b :p :c } ;"""
    assert changes_of(text, Store()).added == (
        "<x:a> <x:p> <http://a.example/b/c> .",
        "<y:a> <y:p> <http://a.example/b/d/c> .",
        "<y:b> <y:p> <y:c> .",
    )


def test_triples_that_are_none_are_left_out() -> None:
    store = trig(":s :p 1, :o .")
    found = changes_of(
        PREFIX + "INSERT { ?o :of ?s . ?s ?o ?unbound . ?s :q <<( ?o :of ?s )>> } WHERE { ?s :p ?o }", store
    )
    assert found.added == (
        "<x:o> <x:of> <x:s> .",
        "<x:s> <x:q> <<( <x:o> <x:of> <x:s> )>> .",
    )


def test_a_graph_is_named_by_an_iri_alone() -> None:
    store = trig(":s :p 1, [], :g .")
    found = changes_of(PREFIX + "INSERT { GRAPH ?o { :a :p 1 } } WHERE { :s :p ?o }", store)
    assert found.added == lines("a p 1 g")


def test_what_is_undone_is_no_change() -> None:
    store = trig(":a :p 1 .")
    assert not changes_of(PREFIX + "DELETE DATA { :a :p 1 } ; INSERT DATA { :a :p 1 }", store)
    assert not changes_of(PREFIX + "INSERT DATA { :a :p 2 } ; DELETE DATA { :a :p 2 }", store)


def test_several_graphs_behind_using_are_one_graph() -> None:
    store = trig(":g { :a :p 1 } :h { :a :p 1 . :b :p 2 } :k { :c :p 3 }")
    count = "INSERT { :all :has ?n } USING :g USING :h WHERE { { SELECT (COUNT(*) AS ?n) { ?s :p ?o } } }"
    assert changes_of(PREFIX + count, store).added == (line("all", "has", "2"),)
    nodes = "INSERT { [] :of ?s } USING :g USING :h WHERE { ?s :p ?o }"
    assert len(changes_of(PREFIX + nodes, store).added) == 2


def test_using_replaces_with_only_for_where() -> None:
    store = trig(":g { :a :p 1 } :h { :b :p 2 }")
    text = PREFIX + "WITH :g DELETE { :a :p 1 } INSERT { ?s :q 9 } USING :h WHERE { ?s :p ?o }"
    assert changes_of(text, store) == Changeset(added=lines("b q 9 g"), removed=lines("a p 1 g"))


def test_a_request_may_choose_the_graphs_of_every_where() -> None:
    store = trig(":a :p 0 . :g { :a :p 1 } :h { :b :p 2 }")
    text = PREFIX + "INSERT { ?s :q 9 } WHERE { ?s :p ?o } ; DELETE WHERE { :a :p ?o }"
    found = changes_of(text, store, using=Using(default=("x:g", "x:h")))
    assert found == Changeset(added=lines("a q 9", "b q 9"))
    inside = PREFIX + "INSERT { ?s :q 9 } WHERE { GRAPH ?g { ?s :p ?o } }"
    assert changes_of(inside, store, using=Using(named=("x:h",))).added == lines("b q 9")
    for clause in ("USING :g", "USING NAMED :g"):
        with pytest.raises(QueryRefused, match="chooses graphs twice"):
            changes_of(PREFIX + f"INSERT {{ :a :p 1 }} {clause} WHERE {{}}", store, using=Using(named=("x:h",)))
    with pytest.raises(QueryRefused, match="chooses graphs twice"):
        changes_of(PREFIX + "WITH :g INSERT { :a :p 1 } WHERE {}", store, using=Using(default=("x:h",)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("DROP GRAPH :none", "DROP of <x:none>: there is no such graph"),
        ("COPY :none TO :g", "COPY of <x:none>: there is no such graph"),
        ("MOVE :none TO :g", "MOVE of <x:none>: there is no such graph"),
        ("ADD :none TO DEFAULT", "ADD of <x:none>: there is no such graph"),
        ("CREATE GRAPH :g", "CREATE of <x:g>: there is already such a graph"),
        ("INSERT DATA { GRAPH :new { :a :p 1 } } ; CREATE GRAPH :new", "there is already such a graph"),
        ("CLEAR GRAPH :g ; DROP GRAPH :g", "there is no such graph"),
    ],
)
def test_an_operation_on_a_wrong_graph_fails_unless_silent(text: str, message: str) -> None:
    store = trig(":g { :a :p 1 }")
    with pytest.raises(QueryRefused, match=message) as refused:
        changes_of(PREFIX + text, store)
    verb = str(refused.value).partition(" ")[0]
    assert refused.value.remedy.endswith(f"write {verb} SILENT")
    changes_of(PREFIX + text.replace(verb, f"{verb} SILENT"), store)


def test_a_graph_that_is_created_exists_until_it_is_dropped() -> None:
    store = trig(":g { :a :p 1 }")
    emptied = changes_of(PREFIX + "CREATE GRAPH :new ; COPY :new TO :g ; CLEAR GRAPH :none ; DROP GRAPH :new", store)
    assert emptied == Changeset(removed=lines("a p 1 g"))
    with pytest.raises(QueryRefused, match="no such graph"):
        changes_of(PREFIX + "CREATE GRAPH :new ; MOVE :new TO :g ; DROP GRAPH :new", store)


def test_new_blank_nodes_come_from_the_caller() -> None:
    labels = iter(f"new{number}" for number in range(9))
    store = trig(":a :p 1 . :b :p 2 .")
    text = PREFIX + "INSERT DATA { _:x :p _:x } ; INSERT { _:x :of ?s ; :with _:x } WHERE { ?s :p 1 }"
    found = changes_of(text, store, new_node=lambda: BlankNode(next(labels)))
    assert found.added == ("_:new0 <x:p> _:new0 .", "_:new1 <x:of> <x:a> .", "_:new1 <x:with> _:new1 .")


def test_all_new_nodes_may_be_iris_and_held_ones_stay() -> None:
    named = iter(f"x:new{number}" for number in range(9))
    store = Store()
    store.add(Quad(BlankNode("held"), NamedNode("x:p"), NamedNode("x:o")))
    text = PREFIX + "INSERT { _:x :of ?s ; :made ?n . ?n :p ?n } WHERE { ?s :p ?o BIND(BNODE() AS ?n) }"
    found = changes_of(text, store, new_node=lambda: NamedNode(next(named)))
    assert found.added == (
        "<x:new0> <x:p> <x:new0> .",
        "<x:new1> <x:made> <x:new0> .",
        "<x:new1> <x:of> _:held .",
    )


def test_one_new_node_may_stand_in_several_solutions() -> None:
    named = iter(f"x:new{number}" for number in range(9))
    text = PREFIX + "INSERT { ?n :of ?s } WHERE { { SELECT (BNODE() AS ?n) {} } ?s :p ?o }"
    found = changes_of(text, trig(":a :p 1 . :b :p 1 ."), new_node=lambda: NamedNode(next(named)))
    assert found.added == (line("new0", "of", "a"), line("new0", "of", "b"))


# The default graph as the merge of all graphs.

MERGE = with_merge(
    trig(":g { :a :p 1 . :b :p 2 } :h { :a :p 1 } <x:derived/r> { :a :p 1 ; :q 9 } :history { :history :v 7 }")
)


@pytest.mark.parametrize(
    ("text", "added", "removed"),
    [
        ("INSERT DATA { :n :p 1 }", ["n p 1 target"], []),
        ("INSERT DATA { :a :p 1 }", [], []),
        ("INSERT DATA { :a :q 9 }", ["a q 9 target"], []),
        ("INSERT DATA { :n :p 1 GRAPH :h { :n :p 1 } }", ["n p 1 h"], []),
        ("INSERT DATA { GRAPH :k { :a :p 1 } }", ["a p 1 k"], []),
        ("DELETE DATA { :a :p 1 }", [], ["a p 1 g", "a p 1 h"]),
        ("DELETE DATA { :a :q 9 }", [], []),
        ("DELETE DATA { GRAPH :h { :a :p 1 } }", [], ["a p 1 h"]),
        (
            "WITH :g DELETE { ?s :p ?o } INSERT { ?s :p 8 } WHERE { ?s :p ?o }",
            ["a p 8 g", "b p 8 g"],
            ["a p 1 g", "b p 2 g"],
        ),
        (
            "DELETE { ?s :p ?o } INSERT { ?s :p ?n } WHERE { ?s :p ?o BIND (IF(?o = 1, 1, 3) AS ?n) }",
            ["b p 3 target"],
            ["b p 2 g"],
        ),
        ("DELETE { GRAPH :g { :a :p 1 } } INSERT { :a :p 1 } WHERE {}", [], ["a p 1 g"]),
        (
            "INSERT DATA { :n :p 1 } ; DELETE { GRAPH :target { :n :p 1 } } INSERT { :n :p 1 } WHERE {}",
            ["n p 1 target"],
            [],
        ),
        (
            "DELETE { GRAPH ?g { :a :p 1 } } INSERT { :a :p 1 } WHERE { GRAPH ?g {} }",
            ["a p 1 target"],
            ["a p 1 g", "a p 1 h"],
        ),
        ("DELETE DATA { :a :p 1 } ; INSERT DATA { :a :p 1 }", ["a p 1 target"], ["a p 1 g", "a p 1 h"]),
        ("DELETE WHERE { GRAPH ?g { ?s ?p ?o } }", [], ["a p 1 g", "a p 1 h", "b p 2 g"]),
        ("INSERT { :all :has ?n } WHERE { { SELECT (COUNT(*) AS ?n) { ?s ?p ?o } } }", ["all has 3 target"], []),
        (
            "DELETE DATA { :b :p 2 } ; INSERT { :all :has ?n } WHERE { { SELECT (COUNT(*) AS ?n) { ?s ?p ?o } } }",
            ["all has 2 target"],
            ["b p 2 g"],
        ),
        (
            "DELETE DATA { GRAPH :g { :a :p 1 } } ; INSERT { :still :has ?o } WHERE { :a :p ?o }",
            ["still has 1 target"],
            ["a p 1 g"],
        ),
        ("INSERT DATA { :c :p 4 } ; DELETE { :c :p ?o } INSERT { :d :p ?o } WHERE { :c :p ?o }", ["d p 4 target"], []),
        ("CLEAR ALL", [], ["a p 1 g", "a p 1 h", "b p 2 g"]),
        ("DROP NAMED", [], ["a p 1 g", "a p 1 h", "b p 2 g"]),
        ("MOVE :h TO :g", [], ["a p 1 h", "b p 2 g"]),
        ("COPY <x:derived/r> TO :k", ["a p 1 k", "a q 9 k"], []),
    ],
)
def test_where_the_default_graph_is_a_merge(text: str, added: list[str], removed: list[str]) -> None:
    assert changes_of(PREFIX + text, MERGE, MERGED) == Changeset(added=lines(*added), removed=lines(*removed))


@pytest.mark.parametrize("text", ["CLEAR DEFAULT", "DROP SILENT DEFAULT", "ADD :g TO DEFAULT", "COPY DEFAULT TO :g"])
def test_a_merge_is_no_graph_of_its_own(text: str) -> None:
    with pytest.raises(QueryRefused, match=r"of DEFAULT: the default graph is the merge of all graphs"):
        changes_of(PREFIX + text, MERGE, MERGED)


def test_what_is_inserted_needs_a_graph() -> None:
    with pytest.raises(QueryRefused, match="inserts into the default graph") as refused:
        changes_of(PREFIX + "INSERT DATA { :n :p 1 }", MERGE, GraphRules(UNION))
    assert "GRAPH" in refused.value.remedy


@pytest.mark.parametrize("graph", ["<x:derived>", "<x:derived/r>", "<x:derived#r>", ":history"])
@pytest.mark.parametrize(
    "text",
    [
        "INSERT DATA { GRAPH %s { :a :p 1 } }",
        "DELETE DATA { GRAPH %s { :a :p 1 } }",
        "WITH %s DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
        "INSERT { GRAPH ?g { :a :p 0 } } WHERE { VALUES ?g { %s } }",
        "CLEAR GRAPH %s",
        "DROP SILENT GRAPH %s",
        "CREATE GRAPH %s",
        "COPY :g TO %s",
        "MOVE %s TO :g",
    ],
)
def test_graphs_that_the_service_keeps_are_not_written(text: str, graph: str) -> None:
    for rules in (MERGED, GraphRules(derived="x:derived", history="x:history")):
        with pytest.raises(QueryRefused, match="cannot be written"):
            changes_of(PREFIX + text % graph, MERGE, rules)


def test_a_graph_beside_the_derived_ones_is_written() -> None:
    assert changes_of(PREFIX + "INSERT DATA { GRAPH :derivedx { :a :p 1 } }", MERGE, MERGED).added


# What it costs, and what it leaves alone.


def test_a_copy_is_made_only_to_ask_what_was_changed() -> None:
    def no_copy() -> AbstractContextManager[Store]:
        pytest.fail("a copy was made")

    text = PREFIX + "INSERT { ?s :q 1 } WHERE { ?s :p 1 } ; DELETE DATA { :a :q 1 } ; INSERT DATA { :a :q 1 }"
    assert changes_of(text, trig(":a :p 1 ."), scratch=no_copy).added == lines("a q 1")
    with pytest.raises(pytest.fail.Exception):
        changes_of(text + "; DELETE WHERE { ?s :q 1 }", trig(":a :p 1 ."), scratch=no_copy)


def test_the_files_of_a_store_stay_as_they_are(tmp_path: Path) -> None:
    held = Store(tmp_path / "store")
    held.extend(trig(":a :p 1 . :g { :a :p 1 , 2 }"))
    held.flush()
    del held
    before = {path.name: path.read_bytes() for path in (tmp_path / "store").iterdir()}
    store = Store.read_only(str(tmp_path / "store"))
    text = PREFIX + "CLEAR ALL ; INSERT DATA { :n :p 1 } ; DELETE { ?s ?p ?o } INSERT { ?s ?p 2 } WHERE { ?s ?p ?o }"
    assert changes_of(text, store) == Changeset(added=lines("n p 2"), removed=lines("a p 1", "a p 1 g", "a p 2 g"))
    del store
    assert {path.name: path.read_bytes() for path in (tmp_path / "store").iterdir()} == before


def test_only_so_much_is_changed() -> None:
    store = trig(":a :p 1, 2, 3 .")
    three = UpdateLimits(quads=3)
    assert changes_of("DELETE WHERE { ?s ?p ?o }", store, limits=three).removed
    assert not changes_of(
        PREFIX + "INSERT DATA { :a :p 1, 2, 3 } ; DELETE DATA { :b :p 1, 2, 3, 4 }", store, limits=three
    )
    back_and_forth = "DELETE DATA { :a :p 1, 2, 3 } ; INSERT DATA { :a :p 1, 2, 3 } ; DELETE DATA { :a :p 1, 2, 3 }"
    assert changes_of(PREFIX + back_and_forth, store, limits=three).removed
    for text in (
        "INSERT DATA { :a :p 4, 5, 6, 7 }",
        "DELETE { ?s ?p ?o } INSERT { ?s ?p 4 } WHERE { ?s ?p ?o }",
        "DELETE WHERE { ?s ?p ?o } ; INSERT DATA { :a :p 4 }",
    ):
        with pytest.raises(QueryRefused, match="changes more than 3 statements"):
            changes_of(PREFIX + text, store, limits=three)


def test_only_what_is_changed_counts() -> None:
    assert not changes_of(PREFIX + "COPY :g TO :g", trig(":g { :a :p 1, 2 }"), limits=UpdateLimits(quads=1))
    three = UpdateLimits(quads=3)
    assert len(changes_of("CLEAR ALL", MERGE, MERGED, limits=three).removed) == 3
    assert not changes_of(PREFIX + "DELETE DATA { :n :p 1, 2, 3, 4 }", MERGE, MERGED, limits=three)


def test_endless_solutions_are_not_listed() -> None:
    digits = " ".join(f"VALUES ?d{place} {{ 0 1 2 3 4 5 6 7 8 9 }}" for place in range(12))
    text = (
        PREFIX
        + f"INSERT {{ :a :p ?n }} WHERE {{ {digits} BIND(CONCAT({','.join(f'STR(?d{n})' for n in range(12))}) AS ?n) }}"
    )
    with pytest.raises(QueryRefused, match="more than 1,000 statements"):
        changes_of(text, Store(), limits=UpdateLimits(quads=1000))


def test_an_update_may_have_no_operation() -> None:
    for text in ("", "# nothing", "PREFIX : <x:> BASE <http://a.example/>"):
        assert not changes_of(text, trig(":a :p 1 ."))


def test_nothing_is_loaded() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        other.setblocking(False)
        source = f"<http://127.0.0.1:{other.getsockname()[1]}/>"
        assert not changes_of(f"LOAD SILENT {source} ; LOAD SILENT {source} INTO GRAPH <x:g>", Store())
        with pytest.raises(NetworkRefused, match="line 2, column 1: LOAD fetches"):
            changes_of(f"CLEAR ALL ;\nLOAD {source}", Store())
        with pytest.raises(BlockingIOError):
            other.accept()


def test_only_so_many_operations_are_read() -> None:
    two = UpdateLimits(operations=2)
    assert not changes_of("CLEAR ALL ; CLEAR ALL ;", Store(), limits=two)
    with pytest.raises(QueryRefused, match="has 3 operations, at most 2"):
        changes_of("CLEAR ALL ; CLEAR ALL ; CLEAR ALL", Store(), limits=two)


# Bad input.


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("CLEAR ALL;\n INSERT DATA { y:a y:b 1 }", "the prefix y: is not declared", (2, 16)),
        ("PREFIX : <x:>\nCLEAR ALL;\nINSERT DATA { :a\n :b ?c }", "Variables are not allowed in INSERT DATA", (4, 9)),
        ("CLEAR ALL;\nPREFIX : <http://a:b:c> CLEAR ALL", "IRI parsing failed", (2, 24)),
        ("CLEAR ALL ; ; CLEAR ALL", "; cannot stand here", (1, 13)),
        ("; CLEAR ALL", "; cannot stand here", (1, 1)),
        ("CLEAR ALL CLEAR ALL", "CLEAR cannot stand here", (1, 11)),
        ("CLEAR <x:g>", "<x:g> cannot stand here", (1, 7)),
        ("SELECT * { ?s ?p ?o }", "SELECT cannot stand here", (1, 1)),
        ("LOAD", "the operation ends too soon", (1, 5)),
        ("LOAD <x:a> INTO <x:g>", "<x:g> cannot stand here", (1, 17)),
        ("LOAD SILENT y:a", "the prefix y: is not declared", (1, 13)),
        ("CLEAR ALL <x:a> LOAD <x:a>", "<x:a> cannot stand here", (1, 11)),
        ("PREFIX : ", "ends too soon", (1, 10)),
        ("DELETE { _:a <x:p> 1 } WHERE {}", "a blank node cannot be deleted by name", (1, 10)),
        ("DELETE DATA { <x:a> <x:p> [] }", "a blank node cannot be deleted by name", (1, 27)),
        ("DELETE WHERE { <x:a> <x:p> (1) }", "a blank node cannot be deleted by name", (1, 28)),
        ("DELETE WHERE { ?s <x:p>* ?o }", r"\* cannot stand here", (1, 24)),
        ("INSERT DATA { _:a <x:p> 1 } ;\nINSERT DATA { _:a <x:p> 2 }", "_:a stands in an INSERT DATA before", (2, 15)),
        ("CLEAR ALL;\n\n  INSERT { 'a' <x:p> 1 } WHERE {}", "makes no statement", (3, 3)),
        ("PREFIX x: <x:> DELETE {?s ?p ?o} USINGx:g WHERE {?s ?p ?o}", "USINGx:g cannot stand here", (1, 34)),
        ("PREFIX x: <x:> COPYx:g TO x:h", "COPYx:g cannot stand here", (1, 16)),
        ("PREFIX x: <x:> MOVE x:g TOx:h", "TOx:h cannot stand here", (1, 25)),
        ("INSERT DATA { GRAPH <x:g> { GRAPH <x:h> { } } }", "<x:h> cannot stand here", (1, 35)),
        ("CLEAR ALL ;\nINSERT { <x:a> <x:p> 1", "{ is not closed", (2, 8)),
        ("CLEAR ALL ;\nINSERT DATA", "the operation ends too soon", (2, 12)),
        ("COPY <x:g> TO", "the operation ends too soon", (1, 14)),
    ],
)
def test_refuses_what_is_no_update(text: str, message: str, place: tuple[int, int]) -> None:
    with pytest.raises(QuerySyntax, match=message) as refused:
        changes_of(text, trig(":a :p 1 ."))
    assert (refused.value.line, refused.value.column) == place
    assert refused.value.remedy


def test_says_what_the_engine_cannot_evaluate() -> None:
    with pytest.raises(QueryError, match="cannot evaluate"):
        changes_of("INSERT { <x:a> <x:p> ?x } WHERE { BIND(<x:f>(1) AS ?x) }", Store())


def test_says_when_there_is_no_room_for_a_copy() -> None:
    @contextmanager
    def full() -> Iterator[Store]:
        raise OSError("no space left")
        yield Store()

    with pytest.raises(StoreError, match="no space left"):
        changes_of("INSERT DATA { <x:a> <x:p> 1 } ; DELETE WHERE { ?s ?p ?o }", Store(), scratch=full)
