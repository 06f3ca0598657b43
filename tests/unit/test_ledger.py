"""The ledger and what is made from it: history, differences, blame, and stores that hold any revision."""

import hashlib
import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import DefaultGraph, NamedNode, RdfFormat, Store, Triple, parse

from kg.errors import ContentError, RevisionMissing, StoreError, WriterRunning
from kg.store.ledger import Commit, Draft, Head, Ledger
from kg.store.patch import Changeset, changeset_of, quads_of
from kg.store.replay import apply, effective_changes, rebuild, replay, revision_of

HISTORY = "https://library.example/graph/history"
P = NamedNode("x:p")

AFTER_THE_DIGEST = """\
H id "1" .
H prev "0" .
H author "Ada \\"A\\" L." .
H time "2024-05-01T12:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime> .
H source <https://library.example/graph/submission/1> .
H message "First\\nand last" .
TX .
A <x:a> <x:p> <x:1> <x:g> .
TC .
"""


def line(subject: str, *, value: str = "1", graph: str = "g") -> str:
    return f"<x:{subject}> <x:p> <x:{value}> <x:{graph}> ."


def draft(added: str = "", removed: str = "", *, message: str = "change") -> Draft:
    """A change of statements, each given by its subject."""
    return Draft(
        Changeset(
            added=tuple(line(subject) for subject in sorted(added)),
            removed=tuple(line(subject) for subject in sorted(removed)),
        ),
        author="Ada",
        time="2024-05-01T12:00:00Z",
        source="https://library.example/graph/submission/1",
        message=message,
    )


def subjects(changes: Changeset) -> tuple[str, str]:
    """What `draft` was called with."""
    added, removed = ("".join(statement[3] for statement in half) for half in (changes.added, changes.removed))
    return added, removed


@pytest.fixture(params=[1, 700, 64 * 2**20], ids=["a segment an entry", "short segments", "one segment"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger that is open for appending."""
    ledger = Ledger(tmp_path / "ledger", segment_bytes=request.param)
    with ledger.locked():
        yield ledger


def both(ledger: Ledger, tmp_path: Path) -> tuple[Ledger, Ledger]:
    """The ledger as its writer sees it, and as another process does."""
    return ledger, Ledger(tmp_path / "ledger")


# Entries.


def test_an_entry_is_an_rdf_patch_with_the_digest_of_what_follows(tmp_path: Path) -> None:
    first = replace(draft("a"), author='Ada "A" L.', message="First\nand last")
    with (ledger := Ledger(tmp_path)).locked():
        commit = ledger.commit(first)
    written = (tmp_path / "000000001.rdfp").read_text(encoding="utf-8")
    assert written.partition("\n")[0] == f'H digest "{commit.digest}" .'
    assert written.partition("\n")[2] == AFTER_THE_DIGEST
    assert commit.digest == hashlib.sha256(AFTER_THE_DIGEST.encode()).hexdigest()
    assert commit == Commit(
        1, 0, commit.digest, 'Ada "A" L.', first.time, first.source, "First\nand last", first.changeset
    )


def test_the_same_commits_give_the_same_bytes_in_one_call_or_many(tmp_path: Path) -> None:
    drafts = [draft("a"), draft("b", "a"), draft("cd")]
    for folder in ("one", "many"):
        with (ledger := Ledger(tmp_path / folder)).locked():
            made = ledger.append(*drafts) if folder == "one" else [ledger.commit(each) for each in drafts]
        assert [commit.revision for commit in made] == [1, 2, 3]
    one, many = (tmp_path / folder / "000000001.rdfp" for folder in ("one", "many"))
    assert one.read_bytes() == many.read_bytes()


def test_equal_changes_have_other_digests_after_another_commit(ledger: Ledger) -> None:
    digests = [commit.digest for commit in ledger.append(draft("a"), draft("", "a"), draft("a"), draft("", "a"))]
    assert len({*digests}) == 4


def test_commits_are_read_as_they_were_made(ledger: Ledger, tmp_path: Path) -> None:
    made = [ledger.commit(draft(subject, message=f"add {subject}")) for subject in "abcdefgh"]
    for reader in both(ledger, tmp_path):
        assert [*reader.entries()] == made
        assert [*reader.entries(3, 5)] == made[2:5]
        assert [reader.read(revision) for revision in (8, 1, 4)] == [made[7], made[0], made[3]]
        assert reader.head() == (8, made[-1].digest)
        assert [reader.digest(revision) for revision in range(9)] == ["", *(commit.digest for commit in made)]
        assert reader.verify() == reader.head()


def test_a_summary_says_what_the_commit_says_and_counts_its_changes(ledger: Ledger, tmp_path: Path) -> None:
    tricky = Changeset(added=('<x:a> <x:p> "A b\\nA c D d" <x:g> .',))
    ledger.append(draft("abc"), draft("d", "ab", message='A \n"TX ."\nA <x:a>'), replace(draft(), changeset=tricky))
    for known in both(ledger, tmp_path):
        for commit in known.entries():
            added, removed = len(commit.changeset.added), len(commit.changeset.removed)
            told = {name: value for name, value in vars(commit).items() if name not in ("parent", "changeset")}
            assert vars(known.summary(commit.revision)) == told | {"added": added, "removed": removed}
        assert [(known.summary(n).added, known.summary(n).removed) for n in (1, 2, 3)] == [(3, 0), (1, 2), (1, 0)]
        with pytest.raises(RevisionMissing):
            known.summary(4)


def test_another_process_sees_what_is_appended_later(ledger: Ledger, tmp_path: Path) -> None:
    reader = Ledger(tmp_path / "ledger")
    assert reader.head() == Head(0, "")
    for number, subject in enumerate("abcd", start=1):
        commit = ledger.commit(draft(subject))
        assert reader.head() == (number, commit.digest)
        assert reader.read(number) == commit


def test_a_ledger_goes_on_where_it_ended(tmp_path: Path) -> None:
    for number in range(6):
        with (ledger := Ledger(tmp_path, segment_bytes=400)).locked():
            assert ledger.head().revision == number
            assert ledger.commit(draft("abcdef"[number])).revision == number + 1
    assert [subjects(commit.changeset)[0] for commit in Ledger(tmp_path).entries()] == [*"abcdef"]
    assert len([*tmp_path.glob("*.rdfp")]) == 3


def test_a_folder_without_ledger_is_empty_and_stays_untouched(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "none")
    assert ledger.head() == ledger.verify() == Head(0, "")
    assert [*ledger.entries()] == []
    assert ledger.blame(line("a")) is None
    assert ledger.diff(0, 0) == Changeset()
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("revision", [-1, 0, 3])
def test_says_which_revision_is_missing(ledger: Ledger, tmp_path: Path, revision: int) -> None:
    ledger.append(draft("a"), draft("b"))
    for reader in both(ledger, tmp_path):
        with pytest.raises(RevisionMissing, match=f"no revision {revision}") as caught:
            reader.read(revision)
        assert caught.value.remedy == "the last one is 2; the first one is 1"


@pytest.mark.parametrize(
    "bad",
    [
        replace(draft("a"), time="2024-05-01"),
        replace(draft("a"), time="2024-05-01T12:00:00+02:00"),
        replace(draft("a"), source="submission 1"),
        replace(draft("a"), author="half a pair: \ud800"),
        replace(draft("a"), changeset=Changeset(added=("<x:a> <x:p> _:b <x:g> .",))),
        replace(draft("a"), changeset=Changeset(added=("<x:b> <x:p> <x:b> .", "<x:a> <x:p> <x:b> ."))),
    ],
)
def test_of_drafts_one_of_which_cannot_be_written_none_is(ledger: Ledger, bad: Draft) -> None:
    with pytest.raises(ContentError):
        ledger.append(draft("b"), bad)
    assert ledger.head().revision == 0
    assert ledger.commit(draft("c")).revision == 1


# Who may append.


def test_appends_only_while_it_is_locked(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    with pytest.raises(StoreError, match="not open for appending"):
        ledger.commit(draft("a"))
    with ledger.locked():
        ledger.commit(draft("a"))
    with pytest.raises(StoreError, match="not open for appending"):
        ledger.commit(draft("b"))
    assert ledger.head().revision == 1


def test_only_one_may_append_at_a_time(tmp_path: Path) -> None:
    one, other = Ledger(tmp_path), Ledger(tmp_path)
    with one.locked():
        with pytest.raises(WriterRunning, match="another process writes") as caught, other.locked():
            pass
        assert caught.value.remedy
        one.commit(draft("a"))
    with other.locked():
        assert other.commit(draft("b")).revision == 2
    with one.locked():
        assert one.commit(draft("c")).revision == 3


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be used") as caught, Ledger(tmp_path / "file/ledger").locked():
        pass
    assert caught.value.remedy


def test_threads_that_commit_at_once_each_get_a_revision_of_their_own(ledger: Ledger, tmp_path: Path) -> None:
    made: dict[int, list[Commit]] = {}
    start = threading.Barrier(8)

    def write(writer: int) -> None:
        start.wait()
        made[writer] = [
            commit
            for number in range(25)
            for commit in ledger.append(
                *[draft("a", message=f"{writer}.{number}.{part}") for part in range(number % 3)]
            )
        ]

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    commits = sorted((commit for each in made.values() for commit in each), key=lambda commit: commit.revision)
    assert len(commits) == 8 * sum(number % 3 for number in range(25))
    for reader in both(ledger, tmp_path):
        assert [*reader.entries()] == commits
    for each in made.values():
        revisions = [commit.revision for commit in each]
        assert revisions == sorted(revisions)
    # What is committed in one call stands together.
    for before, after in pairwise(commits):
        if before.message.endswith(".0") and int(before.message.split(".")[1]) % 3 == 2:
            assert after.message == before.message[:-1] + "1"


# Differences.


def test_a_difference_is_the_net_effect_in_either_direction(ledger: Ledger, tmp_path: Path) -> None:
    ledger.append(draft("ab"), draft("c", "a"), draft("a", "bc"), draft("d"))
    for reader in both(ledger, tmp_path):
        assert subjects(reader.diff(0, 4)) == ("ad", "")
        assert subjects(reader.diff(1, 3)) == ("", "b")
        assert subjects(reader.diff(3, 1)) == ("b", "")
        assert subjects(reader.diff(2, 3)) == ("a", "bc")
        assert reader.diff(2, 2) == Changeset()
        for pair in ((0, 5), (5, 0), (5, 5)):
            with pytest.raises(RevisionMissing):
                reader.diff(*pair)


def test_a_revert_undoes_what_still_stands(ledger: Ledger) -> None:
    ledger.append(draft("abc"), draft("de", "bc"), draft("c", "d"))
    assert subjects(ledger.revert(2)) == ("b", "e")
    assert subjects(ledger.revert(3)) == ("d", "c")
    ledger.commit(replace(draft(), changeset=ledger.revert(2)))
    assert subjects(ledger.diff(0, 4)) == ("abc", "")
    assert not ledger.revert(2)


def test_blame_names_the_last_commit_that_added_a_statement(ledger: Ledger, tmp_path: Path) -> None:
    ledger.append(draft("ab"), draft("c", "a"), draft("a"), draft("", "c"))
    for reader in both(ledger, tmp_path):
        blamed = {subject: reader.blame(line(subject)) for subject in "abcd"}
        assert {subject: commit and commit.revision for subject, commit in blamed.items()} == {
            "a": 3,
            "b": 1,
            "c": 2,
            "d": None,
        }
        assert blamed["a"] == reader.read(3)
        assert reader.blame(line("a").removesuffix(" .")) is None
        assert reader.blame(line("a", value="11")) is None


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.text("abc", max_size=3), max_size=6), st.sets(st.sampled_from("abcd")))
def test_the_revisions_of_many_statements_are_those_of_each(changes: list[str], asked: set[str]) -> None:
    with TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder), segment_bytes=600)
        with ledger.locked():
            for added in changes:
                ledger.append(draft("".join({*added})))
        last = {subject: at for at, added in enumerate(changes, start=1) for subject in added}
        found = Ledger(Path(folder)).revisions_of(map(line, asked))
        assert found == {line(subject): at for subject, at in last.items() if subject in asked}


# Stores.


def state(store: Store) -> list[str]:
    """The statements of all named graphs but the history."""
    graphs = [graph for graph in store.named_graphs() if graph != NamedNode(HISTORY)]
    return [*changeset_of(quad for graph in graphs for quad in store.quads_for_pattern(None, None, None, graph)).added]


def merge_of(store: Store) -> set[Triple]:
    return {quad.triple for quad in store.quads_for_pattern(None, None, None, DefaultGraph())}


def made_anew(ledger: Ledger, revision: int, *, merge: bool) -> Store:
    store = Store()
    rebuild(ledger, store, revision, history=HISTORY, merge=merge)
    return store


def test_replay_applies_what_a_store_does_not_hold_yet_and_then_nothing(ledger: Ledger) -> None:
    store = Store()
    ledger.append(draft("ab"), draft("c", "a"))
    assert replay(ledger, store, history=HISTORY, merge=False, upto=1).revision == 1
    assert state(store) == [line("a"), line("b")]
    for _ in range(2):
        assert replay(ledger, store, history=HISTORY, merge=False) == ledger.head()
        assert state(store) == [line("b"), line("c")]
    assert replay(ledger, store, history=HISTORY, merge=False, upto=1) == ledger.head()
    apply(store, ledger.commit(draft("a", "c")), history=HISTORY, merge=False)
    assert revision_of(store, history=HISTORY) == ledger.head() == replay(ledger, store, history=HISTORY, merge=False)
    assert state(store) == [line("a"), line("b")]
    assert merge_of(store) == set()


def test_a_store_tells_its_revision_in_a_graph_of_its_own_and_once() -> None:
    store = Store()
    commit = Commit(7, 6, "0b7f", "Ada", "", "x:s", "", Changeset())
    for revision in (7, 8):
        apply(store, replace(commit, revision=revision), history=HISTORY, merge=True)
    graph, told = NamedNode(HISTORY), {quad.predicate.value: quad.object.value for quad in store}
    assert told == {"http://www.w3.org/ns/dcat#version": "8", "http://purl.org/dc/terms/identifier": "0b7f"}
    assert {(quad.subject, quad.graph_name) for quad in store} == {(graph, graph)}


def test_refuses_a_store_that_holds_what_the_ledger_does_not(ledger: Ledger, tmp_path: Path) -> None:
    store = Store()
    ledger.append(draft("a"), draft("b"))
    replay(ledger, store, history=HISTORY, merge=False)
    with (other := Ledger(tmp_path / "other")).locked():
        other.commit(draft("z"))
        with pytest.raises(StoreError, match="the store holds revision 2: there is no revision 2"):
            replay(other, store, history=HISTORY, merge=False)
        other.append(draft("y"), draft("x"))
        with pytest.raises(StoreError, match="another revision 2"):
            replay(other, store, history=HISTORY, merge=False)
    assert state(store) == [line("a"), line("b")]


def test_fills_only_an_empty_store(ledger: Ledger) -> None:
    ledger.commit(draft("a"))
    store = made_anew(ledger, 1, merge=False)
    with pytest.raises(StoreError, match="not empty"):
        rebuild(ledger, store, 1, history=HISTORY, merge=False)
    with pytest.raises(RevisionMissing):
        made_anew(ledger, 2, merge=False)
    assert not made_anew(ledger, 0, merge=True)


def test_a_triple_leaves_the_merge_with_the_last_graph_that_holds_it(tmp_path: Path) -> None:
    one, two = line("a", graph="one"), line("a", graph="two")
    store = Store(str(tmp_path / "store"))
    with (ledger := Ledger(tmp_path / "ledger")).locked():
        for number, changes in enumerate(
            [Changeset(added=(one, two)), Changeset(removed=(one,)), Changeset(added=(one,), removed=(two,))]
        ):
            ledger.commit(replace(draft(), changeset=changes))
            replay(ledger, store, history=HISTORY, merge=True)
            assert len(merge_of(store)) == 1, number
        ledger.commit(replace(draft(), changeset=Changeset(removed=(one,))))
        replay(ledger, store, history=HISTORY, merge=True)
        assert merge_of(store) == set()


ODD = """\
<x:a> <x:p> "a\\r\\n\\t\\u0000\\u000B\\u007F\\\\u0041 } ; DROP ALL #"@en-gb <x:g> .
<x:a> <x:p> "-0.0"^^<http://www.w3.org/2001/XMLSchema#double> <x:g> .
<x:a> <x:p> "2022-05"^^<http://www.w3.org/2001/XMLSchema#gYearMonth> <x:g> .
<x:a> <x:p> "عربي"@ar--rtl <x:g> .
<x:a> <x:p> <<( <x:a> <x:p> "} \\" >" )>> <x:g> .
<https://é.example/{}> <x:p> <x:o> <x:g> .
"""


def test_odd_terms_enter_and_leave_a_store_as_they_are(tmp_path: Path) -> None:
    odd = changeset_of(parse(ODD.replace("{}", ""), format=RdfFormat.N_QUADS))
    assert len(odd.added) == 6
    store = Store(str(tmp_path / "store"))
    with (ledger := Ledger(tmp_path / "ledger")).locked():
        for changes in (odd, odd.inverse()):
            ledger.commit(replace(draft(), changeset=changes))
            replay(ledger, store, history=HISTORY, merge=True)
            assert state(store) == [*changes.added]
            assert len(merge_of(store)) == len(changes.added)
    assert state(made_anew(ledger, 1, merge=False)) == [*odd.added]


def test_the_effective_part_of_a_changeset_is_what_changes_the_store() -> None:
    store = Store()
    store.extend(quads_of([line("a"), line("b")]))
    changes = draft("bc", "ad").changeset
    assert effective_changes(store, changes) == draft("c", "a").changeset
    assert len(store) == 2


statements = st.sets(st.builds(lambda s, o, g: line(s, value=o, graph=g), *[st.sampled_from("ab")] * 3), max_size=4)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(statements, statements), min_size=1, max_size=6), st.randoms())
def test_replay_and_rebuild_and_differences_agree_on_every_state(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[set[str], set[str]]], chance: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    store, states = Store(), [[]]
    with (ledger := Ledger(folder, segment_bytes=chance.choice([1, 1500, 10**6]))).locked():
        for added, removed in changes:
            wanted = Changeset(added=tuple(sorted(added)), removed=tuple(sorted(removed - added)))
            ledger.commit(replace(draft(), changeset=effective_changes(store, wanted)))
            replay(ledger, store, history=HISTORY, merge=True)
            states.append(state(store))
    for revision, expected in enumerate(states):
        anew = made_anew(Ledger(folder), revision, merge=True)
        assert state(anew) == expected
        assert merge_of(anew) == {quad.triple for quad in quads_of(expected)}
        for other, there in enumerate(states):
            assert ledger.diff(revision, other) == Changeset(
                added=tuple(sorted({*there} - {*expected})), removed=tuple(sorted({*expected} - {*there}))
            )
    assert merge_of(store) == {quad.triple for quad in quads_of(states[-1])}
    assert {*store} == {*made_anew(ledger, len(changes), merge=True)}
