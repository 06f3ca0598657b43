"""Documents are read as the content says, and the index follows the snapshots."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Quad, Store

from kg.discovery import Finder, Labels, affected_things, read_documents, read_rules, read_things
from kg.discovery.defaults import DEFAULTS
from kg.errors import ContentError, KgError, QueryError
from kg.queries.searches import ABOUT_THINGS, COLUMNS, fault_of
from kg.search import ROLES, Document, Search, search
from kg.settings import STRICT
from kg.store import Answers, Description, Readable, Snapshot, Snapshots, changeset_of
from tests.states import build_into

BASE = "https://library.example/"
ID = "https://w3id.org/unemg/id/"
BOOKS = "data/books.trig"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


def documents_of(snapshot: Readable) -> dict[str, Document]:
    """All documents, read anew."""
    rules = read_rules(snapshot)
    return {document.iri: document for document in read_documents(snapshot, rules, read_things(snapshot, rules))}


def told(finder: Finder, snapshot: Readable) -> dict[str, Document]:
    """All documents of the index, which must be that of the snapshot."""
    ready = finder.ready(snapshot)
    assert ready.mark.number == snapshot.number
    return {document.iri: document for document in ready.index.documents()}


def current(state: Path) -> Snapshot:
    return Snapshots(state, memory_quads=1_000_000).current()


def rewrite(content: Path, before: str, after: str, name: str = BOOKS) -> None:
    text = (content / name).read_text(encoding="utf-8")
    assert before in text
    (content / name).write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture(scope="module")
def everything(built: Snapshot) -> dict[str, Document]:
    return documents_of(built)


# What the content says.


def test_a_thing_has_all_of_its_names(everything: dict[str, Document]) -> None:
    unep = everything[f"{ID}agency/unep"]
    assert [(name.text, name.role) for name in unep.names] == [
        ("UNEP", "preferred"),
        ("CRSChannelCode:41116", "notation"),
        ("United Nations Environment Programme", "alternative"),
    ]
    assert unep.kinds[0] == "https://w3id.org/unemg/ontology#Agency"
    assert "https://w3id.org/unemg/ontology#Agent" in unep.kinds


def test_all_roles_are_known(built: Snapshot) -> None:
    rules = read_rules(built)
    rows = built.query(rules.queries["names"]).rows()
    assert {row[2].value for row in rows if row[2]} <= set(ROLES)


def test_a_partial_date_gives_its_year(everything: dict[str, Document], built: Snapshot) -> None:
    query = f"SELECT ?thing (STR(?date) AS ?text) {{ ?thing <{ID.replace('id/', 'ontology#')}when> ?date }}"
    dates = [(row[0].value, row[1].value) for row in built.query(query).rows() if row[0] and row[1]]
    partial = [(thing, date) for thing, date in dates if len(date) == 7 and thing in everything]
    assert partial
    for thing, date in partial:
        assert date[:4] in everything[thing].facets["year"]


def test_each_query_of_the_group_is_one_that_the_search_reads(built: Snapshot) -> None:
    rules = read_rules(built)
    assert set(rules.queries) == set(COLUMNS)
    assert not {name for name, text in rules.queries.items() if text == DEFAULTS.get(name)}
    for name, text in rules.queries.items():
        assert fault_of(name, text, built.query(text).columns) == ("", ""), name
    assert [facet.name for facet in rules.facets] == ["kind", "workstream", "status", "framework", "year"]


def test_documents_of_some_things_are_those_among_all(everything: dict[str, Document], built: Snapshot) -> None:
    rules = read_rules(built)
    some = [*everything][::97]
    assert [*read_documents(built, rules, some)] == [everything[iri] for iri in some]
    assert [*read_things(built, rules, among=[*some, f"{ID}nobody", "no IRI at all"])] == sorted(some)


def test_a_build_tells_what_is_wrong_with_a_query_of_the_group(small_content: Path, tmp_path: Path) -> None:
    query = small_content / "queries/search/dates.rq"
    query.parent.mkdir()
    query.write_text("# title: Dates\nSELECT ?thing ?date { ?thing ?p ?date } ORDER BY ?thing\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"dates\.rq, line 1, column 1: it cannot be asked of some things only"):
        build_into(tmp_path / "state", small_content)


def test_what_is_wrong_with_a_query_is_told() -> None:
    assert set(ABOUT_THINGS) == set(COLUMNS) - {"facet-names", "spellings"}
    assert "no use for" in fault_of("nmaes", "", [])[0]
    assert "first columns" in fault_of("names", "", ["thing", "name"])[0]
    assert "some things only" in fault_of("dates", "SELECT ?thing ?date { ?thing ?p ?date }", ["thing", "date"])[0]


@pytest.mark.parametrize("default_graph", ["union", STRICT])
def test_content_that_says_nothing_is_found_by_names(small_content: Path, tmp_path: Path, default_graph: str) -> None:
    build_into(tmp_path / "state", small_content, default_graph=default_graph)
    snapshot = current(tmp_path / "state")
    ready = Finder(tmp_path / "state", most_in_memory=1000).ready(snapshot)
    hit = search(ready.index, Search("emma", facets=("kind",))).hits[0]
    assert (hit.document.iri, hit.document.kinds) == (f"{BASE}emma", (f"{BASE}Book",))
    assert [facet.name for facet in ready.facets] == ["kind"]
    assert Labels().of(snapshot, [f"{BASE}Book", f"{BASE}none", "2022"]) == {
        f"{BASE}Book": "book",
        f"{BASE}none": "none",
        "2022": "2022",
    }


# What a change may affect.


def changed(snapshot: Snapshot, added: list[Quad], removed: list[Quad]) -> Iterator[Snapshot]:
    """A snapshot after a change, and in the end the one before it again; the default graph is the merge."""
    store = snapshot.store
    before = {quad for triple in (*added, *removed) for quad in store.quads_for_pattern(*triple.triple, None)}
    for quad in removed:
        store.remove(quad)
        if not any(True for _ in store.quads_for_pattern(quad.subject, quad.predicate, quad.object, None)):
            continue
        left = [*store.quads_for_pattern(quad.subject, quad.predicate, quad.object, None)]
        if len(left) == 1:
            store.remove(left[0])  # only the merge still has it
    for quad in added:
        store.add(quad)
        store.add(Quad(quad.subject, quad.predicate, quad.object))
    yield snapshot
    for triple in (*added, *removed):
        for quad in [*store.quads_for_pattern(*triple.triple, None)]:
            store.remove(quad)
    for quad in before:
        store.add(quad)
    yield snapshot


@pytest.fixture(scope="module")
def own(built: Snapshot) -> Snapshot:
    """A copy that can be changed."""
    store = Store()
    store.bulk_extend(built.store)
    return Snapshot(built.description, store)


@pytest.fixture(scope="module")
def statements(own: Snapshot) -> dict[str, list[Quad]]:
    """Property -> its statements about things of ours, in an order; of the properties that the search reads."""
    read = "".join(read_rules(own).queries.values())
    found: dict[str, list[Quad]] = {}
    for quad in sorted(own.store, key=str):
        name = quad.predicate.value.rpartition("#")[2]
        named = isinstance(quad.graph_name, NamedNode) and isinstance(quad.subject, NamedNode)
        if named and quad.subject.value.startswith(ID) and (f":{name}" in read or quad.predicate.value == TYPE):
            found.setdefault(quad.predicate.value, []).append(quad)
    return found


def unaffected(snapshot: Snapshot, before: dict[str, Document], added: list[Quad], removed: list[Quad]) -> set[str]:
    """The things that are others after a change, and were not told to be affected by it."""
    changes = changeset_of(added, removed)
    states = changed(snapshot, added, removed)
    after = next(states)
    affected = affected_things(after, changes)
    now = documents_of(after)
    next(states)
    return {iri for iri in now.keys() | before.keys() if now.get(iri) != before.get(iri)} - affected


def test_what_each_statement_affects_is_known(
    own: Snapshot, statements: dict[str, list[Quad]], everything: dict[str, Document]
) -> None:
    assert {f"{ID.replace('id/', 'ontology#')}{name}" for name in ("taskOf", "participationIn", "supports")} <= {
        *statements
    }
    for quads in statements.values():
        removed = [quad for quad in quads if quad.triple == quads[len(quads) // 2].triple]
        assert not unaffected(own, everything, [], removed), removed


@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_what_a_change_does_not_affect_stays_as_it_is(
    own: Snapshot, statements: dict[str, list[Quad]], everything: dict[str, Document], data: st.DataObject
) -> None:
    one = st.sampled_from(sorted(statements)).flatmap(lambda name: st.sampled_from(statements[name]))
    removed = data.draw(st.lists(one, max_size=4, unique=True), label="removed")
    added = []
    for name in data.draw(st.lists(st.sampled_from(sorted(statements)), max_size=4), label="added"):
        first, second = (data.draw(st.sampled_from(statements[name])) for _ in range(2))
        quad = Quad(first.subject, first.predicate, second.object, first.graph_name)
        if quad not in own.store and quad not in added:
            added.append(quad)
    assert not unaffected(own, everything, added, removed)


# Following.


def test_the_index_follows_each_commit(small_content: Path, library: Path) -> None:
    finder = Finder(library, most_in_memory=1000)
    assert told(finder, current(library)) == documents_of(current(library))
    index = finder.ready(current(library)).index
    for before, after in (
        (':emma a :Book ; rdfs:label "Emma"@en', ':emma a :Book ; rdfs:label "Emma Woodhouse"@en'),
        ("}\n", '    :sanditon a :Book ; rdfs:label "Sanditon"@en ; :writtenBy :austen .\n}\n'),
        (':persuasion a :Book ; rdfs:label "Persuasion"@en ; :writtenBy :austen .\n', ""),
    ):
        rewrite(small_content, before, after)
        build_into(library, small_content)
        assert told(finder, current(library)) == documents_of(current(library))
        assert finder.ready(current(library)).index is index
    found = search(index, Search("")).hits
    assert {hit.document.label for hit in found} >= {"Emma Woodhouse", "Sanditon"}
    assert not search(index, Search("Persuasion")).hits


def test_an_index_of_other_rules_is_made_anew(small_content: Path, library: Path) -> None:
    finder = Finder(library, most_in_memory=1000)
    index = finder.ready(current(library)).index
    assert search(index, Search("book")).hits
    (small_content / "queries/search").mkdir()
    (small_content / "queries/search/things.rq").write_text(
        "# title: Books\n"
        "SELECT DISTINCT ?thing WHERE { VALUES ?thing { UNDEF } ?thing a <https://library.example/Book> }\n"
        "ORDER BY ?thing\n",
        encoding="utf-8",
    )
    build_into(library, small_content)
    ready = finder.ready(current(library))
    assert ready.index is not index
    assert {document.label for document in ready.index.documents()} == {"Emma", "Persuasion"}


def test_a_large_graph_has_its_index_in_the_state_folder(small_content: Path, library: Path) -> None:
    first, second = (Finder(library, most_in_memory=1) for _ in range(2))
    assert told(first, current(library)) == told(second, current(library)) == documents_of(current(library))
    folder = first.ready(current(library)).mark.folder
    assert (library / "search" / folder / "meta.json").is_file()
    rewrite(small_content, '"Emma"@en', '"Emma Woodhouse"@en')
    build_into(library, small_content)
    assert told(first, current(library)) == documents_of(current(library))
    written = (library / "search" / folder / "meta.json").read_bytes()
    assert told(second, current(library)) == told(first, current(library))
    assert second.ready(current(library)).mark.folder == folder
    assert (library / "search" / folder / "meta.json").read_bytes() == written


def test_a_damaged_index_in_the_state_folder_is_made_anew(library: Path) -> None:
    mark = Finder(library, most_in_memory=1).ready(current(library)).mark
    (library / "search" / mark.folder / "meta.json").write_text("{}", encoding="utf-8")
    assert told(Finder(library, most_in_memory=1), current(library)) == documents_of(current(library))


def test_an_index_that_fits_into_memory_again_is_kept_there(library: Path) -> None:
    Finder(library, most_in_memory=1).ready(current(library))
    assert Finder(library, most_in_memory=1000).ready(current(library)).mark.folder == ""


class _Slow:
    """A snapshot whose answers wait, or fail."""

    def __init__(self, inner: Snapshot, number: int, *, fails: bool = False) -> None:
        self.go = threading.Event()
        self.asked = 0
        self._inner = inner
        self._fails = fails
        self.number = number
        self.description: Description = inner.description

    def query(self, text: str, *, default_graphs: Sequence[str] = (), named_graphs: Sequence[str] = ()) -> Answers:
        self.asked += 1
        assert self.go.wait(30)
        if self._fails:
            raise QueryError("not now", remedy="later")
        return self._inner.query(text, default_graphs=default_graphs, named_graphs=named_graphs)


def test_the_earlier_index_answers_while_a_new_one_is_made(library: Path) -> None:
    finder = Finder(library, most_in_memory=1000)
    held = finder.ready(current(library))
    slow = _Slow(current(library), held.mark.number + 1)
    try:
        assert finder.ready(slow) is held
    finally:
        slow.go.set()


def test_an_index_that_cannot_be_made_is_told_and_tried_no_more_for_a_while(library: Path) -> None:
    finder = Finder(library, most_in_memory=1000)
    failing = _Slow(current(library), 7, fails=True)
    failing.go.set()
    for _ in range(3):
        with pytest.raises(KgError, match="not now"):
            finder.ready(failing)
    assert failing.asked == 1


def test_many_who_ask_at_once_wait_for_one_index(library: Path) -> None:
    finder = Finder(library, most_in_memory=1000)
    slow = _Slow(current(library), current(library).number)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(finder.ready(slow).index)) for _ in range(8)]
    for thread in threads:
        thread.start()
    slow.go.set()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(index) for index in found}) == 1
