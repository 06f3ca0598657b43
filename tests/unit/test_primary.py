"""The primary store: changes are made, withdrawn, held, committed; it comes back from the ledger when it must."""

import logging
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Store

from kg.errors import BuildRunning, ContentError, KgError, LedgerDamaged, StoreError
from kg.settings import STRICT, UNION
from kg.store import Changeset, Commit, Description, Draft, Ledger, Primary, Snapshots, description_of, open_primary
from kg.store.primary import HISTORY
from kg.store.replay import revision_of
from tests.states import SIGNATURE, assert_whole, files_of, folded, merge_of, published

SOURCE = "x:source"
MANY = 1000


def line(subject: str, *, value: str = "1", graph: str = "g") -> str:
    return f"<x:{subject}> <x:p> <x:{value}> <x:{graph}> ."


def changes(added: str = "", removed: str = "") -> Changeset:
    """A change of statements, each given by its subject."""
    return Changeset(added=tuple(map(line, sorted(added))), removed=tuple(map(line, sorted(removed))))


def many(number: int, *, graph: str = "g") -> Changeset:
    """As many statements that they fill a file of the engine."""
    return Changeset(added=tuple(sorted(line(f"{number}.{at}", graph=graph) for at in range(MANY))))


def opened(state: Path, *, mode: str = UNION) -> AbstractContextManager[Primary]:
    return open_primary(Snapshots(state, memory_quads=0), Ledger(state / "ledger"), default_graph=mode)


def commit(primary: Primary, change: Changeset, *, source: str = SOURCE) -> Commit:
    primary.change(change)
    primary.hold(SIGNATURE, source=source)
    (made,) = primary.commit()
    return made


def publish(primary: Primary, state: Path) -> Description:
    wanted = description_of(primary, base="x:", prefixes={})
    return primary.publish(Snapshots(state, memory_quads=0), wanted, rulebook="")


def held_by(state: Path, *, mode: str = UNION) -> set[str]:
    with opened(state, mode=mode) as primary:
        return primary.lines()


def refusal(state: Path, kind: type[KgError]) -> str:
    """What is told where the store cannot be opened and read. The error is gone then: it would keep the store open."""
    with pytest.raises(kind) as caught:
        held_by(state)
    assert caught.value.remedy
    told = str(caught.value)
    del caught
    return told


@pytest.fixture(params=[UNION, STRICT])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def grown(state: Path) -> Path:
    """A state folder with commits in the last snapshot, and some after it."""
    with opened(state) as primary:
        for number in range(2):
            commit(primary, many(number))
        commit(primary, changes("abc"))
        publish(primary, state)
        commit(primary, changes("d", "a"))
    return state


# Changes.


def test_a_change_is_there_at_once_and_gone_when_it_is_withdrawn(state: Path, mode: str) -> None:
    with opened(state, mode=mode) as primary:
        commit(primary, changes("ab"))
        merge = merge_of(primary)
        primary.change(changes("c", "a"))
        assert primary.lines() == {line("b"), line("c")}
        assert primary.changed() == changes("c", "a")
        primary.withdraw()
        assert primary.lines() == {line("a"), line("b")}
        assert merge_of(primary) == merge
        assert primary.changed() == changes()
        assert revision_of(primary.store, history=HISTORY) == primary.head
    assert Ledger(state / "ledger").head().revision == 1
    assert held_by(state, mode=mode) == {line("a"), line("b")}


def test_only_what_changes_something_counts(state: Path) -> None:
    with opened(state) as primary:
        commit(primary, changes("ab"))
        primary.change(changes("bc", "az"))
        assert primary.changed() == changes("c", "a")
        primary.change(changes("a", "c"))
        assert primary.changed() == changes()
        primary.change(changes("d"))
        primary.change(changes("", "bd"))
        assert primary.changed() == changes("", "b")
        primary.withdraw()
        assert primary.lines() == {line("a"), line("b")}


def test_what_would_change_something_is_told_without_changing_it(state: Path) -> None:
    with opened(state) as primary:
        commit(primary, changes("ab"))
        assert primary.effective(changes("bc", "az")) == changes("c", "a")
        assert primary.lines() == {line("a"), line("b")}


def test_several_held_changes_become_commits_at_once(state: Path) -> None:
    with opened(state) as primary:
        commit(primary, changes("a"))
        revisions = []
        for number, change in enumerate((changes("b"), changes("c", "b"), changes("b"))):
            assert primary.next_revision == number + 2
            primary.change(change)
            revisions.append(primary.hold(replace(SIGNATURE, author=f"author {number}"), source=f"x:{number}"))
        primary.change(changes("z", "a"))
        primary.withdraw()
        assert primary.head.revision == 1
        assert primary.lines() == {line("a"), line("b"), line("c")}
        made = primary.commit()
    assert revisions == [commit.revision for commit in made] == [2, 3, 4]
    assert [(commit.author, commit.source) for commit in made] == [(f"author {at}", f"x:{at}") for at in range(3)]
    assert [commit.changeset for commit in made] == [changes("b"), changes("c", "b"), changes("b")]
    assert folded(Ledger(state / "ledger")) == held_by(state) == {line("a"), line("b"), line("c")}


def test_what_was_held_and_never_committed_is_gone(state: Path) -> None:
    with opened(state) as primary:
        commit(primary, changes("a"))
        primary.change(changes("b"))
        primary.hold(SIGNATURE, source=SOURCE)
        primary.change(changes("c"))
        primary.withdraw()
    assert held_by(state) == {line("a")}
    assert Ledger(state / "ledger").head().revision == 1


def test_a_triple_leaves_the_merge_with_the_last_graph_that_holds_it(state: Path) -> None:
    one, two = line("a", graph="one"), line("a", graph="two")
    steps = [
        (Changeset(added=(one, two)), 1),
        (Changeset(removed=(one,)), 1),
        (Changeset(added=(one,), removed=(two,)), 1),
        (Changeset(removed=(one,)), 0),
        (Changeset(added=(one, two)), 1),
        (Changeset(removed=(one, two)), 0),
    ]
    with opened(state) as primary:
        for number, (change, triples) in enumerate(steps):
            commit(primary, change)
            assert len(merge_of(primary)) == triples, number
        commit(primary, Changeset(added=(one,)))
        primary.change(Changeset(added=(two,), removed=(one,)))
        primary.withdraw()
        assert len(merge_of(primary)) == 1


@pytest.mark.parametrize("mode", [UNION, STRICT])
def test_a_graph_is_gone_with_its_last_statement(state: Path, mode: str) -> None:
    one, two, left = line("a", graph="one"), line("a", graph="two"), line("b", graph="two")
    with opened(state, mode=mode) as primary:

        def names() -> set[str]:
            return {graph.value for graph in primary.store.named_graphs() if graph.value != HISTORY}

        commit(primary, Changeset(added=(one, two, left)))
        primary.change(Changeset(removed=(one, two)))
        assert names() == {"x:two"}
        primary.withdraw()
        assert names() == {"x:one", "x:two"}
        commit(primary, Changeset(removed=(one, two)))
        assert names() == {"x:two"}
        primary.checkpoint(state / "copy")
    assert [graph.value for graph in Store.read_only(str(state / "copy")).named_graphs()] == ["x:two"]


def test_in_mode_strict_there_is_no_merge(state: Path) -> None:
    with opened(state, mode=STRICT) as primary:
        commit(primary, changes("ab"))
        assert merge_of(primary) == set()
        assert publish(primary, state).default_graph == STRICT
    assert_whole(state, default_graph=STRICT)


def test_a_literal_with_what_python_takes_for_line_ends_is_one_statement(state: Path) -> None:
    odd = '<x:a> <x:p> "one\u2028two\u0085three\u000bfour\\r\\n" <x:g> .'.replace("\u000b", "\\u000B")
    with opened(state) as primary:
        commit(primary, Changeset(added=(odd,)))
        assert primary.lines() == {odd}
        publish(primary, state)
    assert_whole(state)


def test_the_graph_that_tells_the_revision_is_not_for_statements(state: Path) -> None:
    with opened(state) as primary:
        commit(primary, changes("a"))
        with pytest.raises(ContentError, match=HISTORY) as caught:
            primary.change(Changeset(added=(f"<x:b> <x:p> <x:1> <{HISTORY}> .", line("b"))))
        assert caught.value.remedy
        assert primary.changed() == changes()
        assert primary.lines() == {line("a")}
        assert revision_of(primary.store, history=HISTORY) == primary.head


# Snapshots.


def test_a_snapshot_is_what_is_committed_and_counts_it(state: Path, mode: str) -> None:
    with opened(state, mode=mode) as primary:
        first = commit(primary, many(1))
        described = publish(primary, state)
        assert (described.number, described.revision, described.digest) == (1, 1, first.digest)
        assert (described.quads, described.default_graph) == (MANY, mode)
        commit(primary, changes("abc"))
        commit(primary, changes("d", "ab"))
        described = publish(primary, state)
        assert (described.number, described.revision, described.quads) == (2, 3, MANY + 2)
    assert_whole(state, default_graph=mode)
    assert HISTORY.encode() not in published(state)


def test_what_is_neither_committed_nor_withdrawn_is_not_published(state: Path) -> None:
    with opened(state) as primary:
        commit(primary, changes("a"))
        publish(primary, state)
        for hold in (False, True):
            primary.change(changes("b" if hold else "c"))
            if hold:
                primary.hold(SIGNATURE, source=SOURCE)
            with pytest.raises(StoreError, match="in the middle of a change") as caught:
                publish(primary, state)
            assert caught.value.remedy
        assert published(state).decode() == f"{line('a')}\n"
    assert held_by(state) == {line("a")}
    assert_whole(state)


def test_statements_are_counted_anew_where_the_last_snapshot_is_of_another_ledger(state: Path) -> None:
    with opened(state) as primary:
        commit(primary, changes("abcdef"))
        publish(primary, state)
    shutil.rmtree(state / "ledger")
    shutil.rmtree(state / "primary")
    with (ledger := Ledger(state / "ledger")).locked():
        ledger.commit(draft("xy"))
    with opened(state) as primary:
        assert publish(primary, state).quads == 2
    assert_whole(state)


def draft(added: str = "", removed: str = "") -> Draft:
    return Draft(changes(added, removed), "Ada", "2024-05-01T12:00:00Z", source=SOURCE, message="Behind its back")


def test_a_copy_by_hard_links_is_never_changed_by_what_is_written_later(state: Path) -> None:
    with opened(state) as primary:
        commit(primary, many(0))
        publish(primary, state)
        folder = state / "snapshots/000001"
        before = files_of(folder)
        shared = [path for path in folder.rglob("*.sst") if path.stat().st_nlink > 1]
        assert shared
        for number in range(1, 9):
            commit(primary, many(number, graph=f"g{number % 2}"))
            if number % 2:
                commit(primary, many(number, graph=f"g{number % 2}").inverse())
            primary.store.flush()
        primary.store.optimize()  # the engine writes all its files anew
        assert [path for path in shared if path.stat().st_nlink == 1]
        assert files_of(folder) == before
        expected = primary.lines()
        publish(primary, state)
    shutil.rmtree(state / "primary")  # now it is made from the second snapshot, and shares files with it
    before = files_of(state / "snapshots")
    with opened(state) as primary:
        assert primary.lines() == expected
        commit(primary, many(0).inverse())
        primary.store.flush()
        primary.store.optimize()
    assert files_of(state / "snapshots") == before
    assert {*published(state).decode().split("\n")[:-1]} == expected


# Opening it again.


def test_what_only_the_ledger_has_is_made_up_for(state: Path, mode: str) -> None:
    with opened(state, mode=mode) as primary:
        commit(primary, changes("ab"))
    with (ledger := Ledger(state / "ledger")).locked():
        ledger.append(draft("c", "a"), draft("d"))
    with opened(state, mode=mode) as primary:
        assert primary.lines() == {line("b"), line("c"), line("d")}
        assert len(merge_of(primary)) == (3 if mode == UNION else 0)
        publish(primary, state)
    assert_whole(state, default_graph=mode)


def test_it_is_opened_as_it_was_left_and_not_made_anew(
    grown: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inode = (grown / "primary/union").stat().st_ino
    for _ in range(2):
        with opened(grown) as primary:
            commit(primary, many(9) if primary.head.revision == 4 else many(9).inverse())
    assert (grown / "primary/union").stat().st_ino == inode
    assert caplog.records == []


LEFT = """
import sys, time
from pathlib import Path
from tests.unit.test_primary import SIGNATURE, SOURCE, changes, many, opened

with opened(Path(sys.argv[1])) as primary:
    primary.change(many(7))
    primary.change(changes("z", "b"))
    if sys.argv[2] == "held":
        primary.hold(SIGNATURE, source=SOURCE)
    if sys.argv[2] == "on disk":
        primary.store.flush()
    print("changed", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("moment", ["changed", "held", "on disk"])
def test_a_change_is_gone_when_the_process_is_killed_before_the_commit(
    grown: Path, moment: str, caplog: pytest.LogCaptureFixture
) -> None:
    expected = folded(Ledger(grown / "ledger"))
    command = [sys.executable, "-c", LEFT, grown, moment]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout
        assert process.stdout.readline() == "changed\n"
        with pytest.raises(BuildRunning), opened(grown):
            pass
        process.kill()
    assert process.returncode == -signal.SIGKILL
    caplog.set_level(logging.INFO)
    with opened(grown) as primary:
        assert primary.lines() == expected
        publish(primary, grown)
    assert "was left in the middle of a change and is made anew" in caplog.text
    assert_whole(grown)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def garble(path: Path) -> None:
    """Turn some bits in the first half, where a table has its data."""
    data = bytearray(path.read_bytes())
    for at in range(0, len(data) // 2, 97):
        data[at] ^= 0x55
    path.write_bytes(data)


DAMAGES: dict[str, tuple[str, Callable[[Path], None]]] = {
    f"{damage.__name__} {files}": (files, damage)
    for damage in (cut, garble, Path.unlink)
    for files in ("*.sst", "MANIFEST-*", "CURRENT", "*.log", "OPTIONS-*")
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_store_is_made_anew(grown: Path, name: str) -> None:
    files, damage = DAMAGES[name]
    damaged = sorted((grown / "primary/union").glob(files))
    assert damaged
    for path in damaged:
        shutil.copy(path, path.with_suffix(".part")).replace(path)  # the snapshot has another name of the same file
        damage(path)
    with suppress(StoreError):  # what the engine finds only when it reads is mended the next time
        assert held_by(grown) == folded(Ledger(grown / "ledger"))
    assert held_by(grown) == folded(Ledger(grown / "ledger"))
    with opened(grown) as primary:
        publish(primary, grown)
    assert_whole(grown)


def test_damage_that_is_met_while_it_is_used_is_told_and_mended_from_the_ledger(grown: Path) -> None:
    with opened(grown) as primary:
        primary.store.optimize()
        publish(primary, grown)
    tables = [path for path in (grown / "primary/union").glob("*.sst") if path.stat().st_size > 20_000]
    assert all(path.stat().st_nlink > 1 for path in tables)
    for path in tables:
        with path.open("r+b") as file:  # in place, so that the snapshot is damaged as well
            file.seek(1000)
            file.write(bytes(range(100)))
    assert "is damaged" in refusal(grown, StoreError)
    assert not Snapshots(grown, memory_quads=0).is_whole()
    with opened(grown) as primary:
        assert primary.lines() == folded(Ledger(grown / "ledger"))
        publish(primary, grown)
    assert Snapshots(grown, memory_quads=0).is_whole()
    assert_whole(grown)


@pytest.mark.parametrize(
    "lost",
    [
        ("primary",),
        ("primary", "current"),
        ("primary", "current", "snapshots"),
        ("primary", "snapshots/000001/store/CURRENT"),
        ("primary", "snapshots/000001/store"),
        ("primary", "snapshots/000001/snapshot.json"),
    ],
    ids="+".join,
)
def test_it_is_made_from_the_last_snapshot_or_from_the_ledger(grown: Path, lost: tuple[str, ...]) -> None:
    for name in lost:
        path = grown / name
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    assert held_by(grown) == folded(Ledger(grown / "ledger"))
    with opened(grown) as primary:
        assert len(merge_of(primary)) == len(primary.lines())
        commit(primary, changes("e"))
        publish(primary, grown)
    assert_whole(grown)


def test_from_a_snapshot_it_shares_the_files_of_the_engine(grown: Path) -> None:
    shutil.rmtree(grown / "primary")
    assert held_by(grown) == folded(Ledger(grown / "ledger"))
    assert [path for path in (grown / "primary/union").glob("*.sst") if path.stat().st_nlink > 1]


def test_a_snapshot_of_another_ledger_is_not_what_it_is_made_from(grown: Path) -> None:
    shutil.rmtree(grown / "primary")
    shutil.rmtree(grown / "ledger")
    with (ledger := Ledger(grown / "ledger")).locked():
        ledger.append(draft("v"), draft("w"), draft("x"), draft("y"), draft("z"))
    assert held_by(grown) == {line(subject) for subject in "vwxyz"}


@pytest.mark.parametrize("lost", ["an entry", "all"])
@pytest.mark.parametrize("holder", ["store", "last snapshot"])
def test_refuses_a_ledger_that_ends_before_what_is_held(grown: Path, lost: str, holder: str) -> None:
    with opened(grown) as primary:
        publish(primary, grown)
    expected = folded(Ledger(grown / "ledger"))
    (segment,) = (grown / "ledger").glob("*.rdfp")
    whole = segment.read_bytes()
    segment.write_bytes(b"" if lost == "all" else whole[: whole.rindex(b"H digest")])
    gone = ("snapshots", "current") if holder == "store" else ("primary",)
    for name in gone:
        (grown / name).rename(grown / f"{name}.away")
    told = refusal(grown, LedgerDamaged)
    assert f"ends with revision {0 if lost == 'all' else 3}, and the {holder} holds 4" in told
    assert str(grown / "ledger") in told
    segment.write_bytes(whole)
    for name in gone:
        (grown / f"{name}.away").rename(grown / name)
    assert held_by(grown) == expected
    assert_whole(grown)


def test_a_ledger_with_another_commit_of_the_same_revision_goes_before_the_store(grown: Path) -> None:
    (segment,) = (grown / "ledger").glob("*.rdfp")
    whole = segment.read_bytes()
    segment.write_bytes(whole[: whole.rindex(b"H digest")])
    with (ledger := Ledger(grown / "ledger")).locked():
        ledger.commit(draft("q", "b"))
    assert held_by(grown) == folded(Ledger(grown / "ledger"))


def test_the_mode_can_change_there_and_back(state: Path) -> None:
    both = Changeset(added=(line("a", graph="one"), line("a", graph="two")))
    for number, mode in enumerate((UNION, STRICT, UNION)):
        with opened(state, mode=mode) as primary:
            commit(primary, both if number == 0 else changes(f"{number}"))
            publish(primary, state)
        assert [path.name for path in (state / "primary").iterdir()] == [mode]
        assert_whole(state, default_graph=mode)
    assert len(published(state).splitlines()) == 4


def test_only_one_may_have_it_open_and_who_still_has_it_loses_nothing(grown: Path) -> None:
    with opened(grown) as primary:
        with pytest.raises(BuildRunning), opened(grown):
            pass
        store = primary.store  # as an exception may keep it whose traceback is still there
    inode = (grown / "primary/union").stat().st_ino
    assert "is open already" in refusal(grown, StoreError)
    del store
    assert held_by(grown) == folded(Ledger(grown / "ledger"))
    assert (grown / "primary/union").stat().st_ino == inode
    assert held_by(grown) == folded(Ledger(grown / "ledger"))


def test_a_primary_that_was_left_can_be_opened_again_while_its_name_is_still_there(grown: Path) -> None:
    with opened(grown) as first:
        expected = first.lines()
    with opened(grown) as second:
        assert second.lines() == expected
    with pytest.raises(AttributeError):
        first.lines()


@pytest.mark.parametrize("bulk", [False, True])
def test_few_and_many_statements_are_added_alike(
    state: Path,
    monkeypatch: pytest.MonkeyPatch,
    bulk: bool,
) -> None:
    if bulk:
        monkeypatch.setattr("kg.store.primary._MANY_QUADS", 1)
    with opened(state) as primary:
        commit(primary, changes("abc"))
        commit(primary, many(1))
        primary.change(many(2))
        primary.withdraw()
        publish(primary, state)
    assert_whole(state)


# All together.

SUBJECTS, GRAPHS = "abc", ("g", "h")
statements = st.frozensets(
    st.builds(lambda s, g: line(s, graph=g), st.sampled_from(SUBJECTS), st.sampled_from(GRAPHS)), max_size=4
)
steps = st.lists(
    st.tuples(st.sampled_from(["hold", "withdraw", "commit", "publish", "open", "lose"]), statements, statements),
    min_size=1,
    max_size=12,
)


class Model:
    """What the store must hold, as sets."""

    def __init__(self) -> None:
        self.committed: set[str] = set()
        self.held: set[str] = set()
        self.drafts: list[Changeset] = []

    def change(self, added: frozenset[str], removed: frozenset[str]) -> Changeset:
        return Changeset(added=tuple(sorted(added - self.held)), removed=tuple(sorted((removed - added) & self.held)))

    def hold(self, change: Changeset) -> None:
        self.held = (self.held - {*change.removed}) | {*change.added}
        self.drafts.append(change)

    def commit(self) -> list[Changeset]:
        drafts, self.drafts = self.drafts, []
        self.committed = {*self.held}
        return drafts

    def lose(self) -> None:
        self.held, self.drafts = {*self.committed}, []


@settings(max_examples=15, deadline=None)
@given(steps, st.sampled_from([UNION, STRICT]))
def test_it_holds_what_a_model_of_sets_holds(
    tmp_path_factory: pytest.TempPathFactory, taken: list[tuple[str, frozenset[str], frozenset[str]]], mode: str
) -> None:
    state, model = tmp_path_factory.mktemp("model"), Model()
    for part in parts(taken):
        with opened(state, mode=mode) as primary:
            assert primary.lines() == model.committed
            for action, added, removed in part:
                take(action, primary, model, change=(added, removed), state=state)
                assert primary.lines() == model.held
                distinct = {statement.rsplit(" ", 2)[0] for statement in model.held}
                assert len(merge_of(primary)) == (len(distinct) if mode == UNION else 0)
        model.lose()
        if part[-1][0] == "lose":
            shutil.rmtree(state / "primary")
    assert folded(Ledger(state / "ledger")) == model.committed
    assert held_by(state, mode=mode) == model.committed


def parts(
    taken: list[tuple[str, frozenset[str], frozenset[str]]],
) -> Iterator[list[tuple[str, frozenset[str], frozenset[str]]]]:
    """The steps between one opening and the next."""
    ends = [at + 1 for at, (action, *_) in enumerate(taken) if action in ("open", "lose")]
    for begin, end in pairwise(sorted({0, *ends, len(taken)})):
        yield taken[begin:end]


def take(
    action: str, primary: Primary, model: Model, *, change: tuple[frozenset[str], frozenset[str]], state: Path
) -> None:
    if action in ("hold", "withdraw"):
        added, removed = change
        expected = model.change(added, removed)
        primary.change(Changeset(added=tuple(sorted(added)), removed=tuple(sorted(removed - added))))
        assert primary.changed() == expected
        if action == "withdraw":
            primary.withdraw()
        else:
            primary.hold(SIGNATURE, source=SOURCE)
            model.hold(expected)
    elif action == "commit":
        assert [commit.changeset for commit in primary.commit()] == model.commit()
    elif action == "publish" and not model.drafts:
        publish(primary, state)
        assert {*published(state).decode().split("\n")[:-1]} == model.committed


def test_many_random_commits_leave_store_ledger_and_snapshot_alike(state: Path) -> None:
    chance = random.Random(4)
    everything = [line(f"{subject}", graph=graph) for subject in range(400) for graph in GRAPHS]
    for _ in range(3):
        with opened(state) as primary:
            for number in range(15):
                there = primary.lines()
                picked = chance.sample(everything, 150)
                primary.change(
                    Changeset(
                        added=tuple(sorted(set(picked) - there)),
                        removed=tuple(sorted(chance.sample(sorted(there), min(len(there), 100)))),
                    )
                )
                primary.withdraw() if number % 4 == 3 else primary.hold(SIGNATURE, source=SOURCE)
            assert len(primary.commit()) == 12
            publish(primary, state)
        assert_whole(state)
