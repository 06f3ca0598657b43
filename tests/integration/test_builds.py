"""One build after the other: a build brings what has changed in the files, and leaves what others have changed."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.publish import CONTENT
from kg.settings import STRICT, UNION
from kg.store import Changeset, Commit, Ledger, Primary, Snapshots, description_of, open_primary
from tests.states import SIGNATURE, assert_whole, folded, kept, published
from tests.submitting import book

BASE = "https://library.example/"
LABEL = "<http://www.w3.org/2000/01/rdf-schema#label>"
ADDED = (
    f'<{BASE}emma> <http://www.w3.org/2000/01/rdf-schema#comment> "Four volumes\u2028in 1815"@en <{BASE}graph/notes> .'
)
RENAMED = f'<{BASE}emma> {LABEL} "Emma, a novel"@en <{BASE}graph/books> .'
NAME = f'<{BASE}emma> {LABEL} "Emma"@en <{BASE}graph/books> .'
PERSUASION = f'<{BASE}persuasion> {LABEL} "Persuasion"@en <{BASE}graph/books> .'
WROTE = f"<{BASE}austen> <{BASE}wrote> <{BASE}emma> <{BASE}graph/entailed/wrote> ."

Kg = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def build(kg: Kg, small_content: Path, library: Path) -> Callable[..., str]:
    """Builds the small content, and gives what is told."""

    def run(*options: str, **environ: str) -> str:
        ended = kg("build", *options, content=small_content, state=library, **environ)
        assert ended.returncode == 0, ended.stderr
        return ended.stderr

    return run


def edit(state: Path, *, added: tuple[str, ...] = (), removed: tuple[str, ...] = ()) -> Commit:
    """A change by somebody else, which is committed and not published."""
    ledger = Ledger(state / "ledger")
    with open_primary(Snapshots(state, memory_quads=0), ledger, default_graph=UNION) as primary:
        primary.change(Changeset(added=added, removed=removed))
        primary.hold(SIGNATURE, source=f"{BASE}graph/submission/{primary.next_revision}")
        (commit,) = primary.commit()
    assert (commit.changeset.added, commit.changeset.removed) == (added, removed)
    return commit


def rewrite(content: Path, old: str, new: str) -> None:
    path = content / "data/books.trig"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def lines(state: Path) -> set[str]:
    return {*published(state).decode().split("\n")[:-1]}


def test_a_build_is_one_commit_of_what_has_changed(
    build: Callable[..., str], small_content: Path, library: Path
) -> None:
    before = lines(library)
    rewrite(small_content, '"Emma"@en', '"Emma, a novel"@en')
    assert "published snapshot 2" in build()
    first, second = Ledger(library / "ledger").entries()
    assert (first.source, second.source) == (CONTENT, CONTENT)
    assert {*first.changeset.added} == before
    assert second.changeset == Changeset(added=(RENAMED,), removed=(NAME,))
    assert (second.author, second.message) == ("kg build", "The content of content")
    assert_whole(library)


def test_a_build_keeps_what_others_have_added_and_does_not_bring_back_what_they_removed(
    build: Callable[..., str], small_content: Path, library: Path
) -> None:
    edit(library, added=(ADDED,))
    edit(library, added=(RENAMED,), removed=(NAME,))
    assert "published snapshot 2" in build()  # nobody had published them
    assert {ADDED, RENAMED} <= lines(library)
    assert NAME not in lines(library)
    assert Ledger(library / "ledger").head().revision == 3
    rewrite(
        small_content, ':persuasion a :Book ; rdfs:label "Persuasion"@en', ":persuasion a :Book ; rdfs:label 'P.'@en"
    )
    assert "published snapshot 3" in build()
    assert {ADDED, RENAMED, PERSUASION.replace("Persuasion", "P.")} <= lines(library)
    assert not {NAME, PERSUASION} & lines(library)
    before = kept(library)
    assert "unchanged: snapshot 3" in build()
    assert kept(library) == before
    assert_whole(library)


def test_what_is_taken_out_of_the_files_goes_and_what_follows_from_it(
    build: Callable[..., str], small_content: Path, library: Path
) -> None:
    edit(library, added=(ADDED,))
    assert WROTE in lines(library)
    rewrite(small_content, ':emma a :Book ; rdfs:label "Emma"@en ; :writtenBy :austen .', "")
    build()
    assert not {NAME, WROTE} & lines(library)
    assert ADDED in lines(library)
    assert_whole(library)


def test_what_follows_from_what_others_add_and_remove_is_kept_up(build: Callable[..., str], library: Path) -> None:
    by = f"<{BASE}emma> <{BASE}writtenBy> <{BASE}{{}}> <{BASE}graph/{{}}> ."
    named = f'<{BASE}leigh> {LABEL} "Leigh"@en <{BASE}graph/notes> .'
    edit(library, added=tuple(sorted((by.format("leigh", "notes"), named))), removed=(by.format("austen", "books"),))
    build()
    assert WROTE not in lines(library)
    assert WROTE.replace("austen", "leigh") in lines(library)
    assert_whole(library)


def test_content_that_does_not_conform_with_what_others_did_is_refused(
    kg: Kg, small_content: Path, library: Path
) -> None:
    edit(library, removed=(f'<{BASE}austen> {LABEL} "Jane Austen"@en <{BASE}graph/books> .',))
    before = kept(library)
    rewrite(small_content, '"Emma"@en', '"Emma, a novel"@en')
    for command in ("validate", "build"):
        ended = kg(command, content=small_content, state=library)
        assert ended.returncode == 1
        assert "The author has no name" in ended.stdout + ended.stderr
    assert kept(library) == before


def test_the_mode_changes_what_is_published_and_commits_nothing(build: Callable[..., str], library: Path) -> None:
    head, before = Ledger(library / "ledger").head(), published(library)
    for number, mode in ((2, STRICT), (3, UNION)):
        assert f"published snapshot {number}" in build("--default-graph", mode)
        assert "unchanged" in build("--default-graph", mode)
        assert Ledger(library / "ledger").head() == head
        assert published(library) == before
        assert_whole(library, default_graph=mode)


def test_another_rulebook_is_published_though_no_statement_changes(
    build: Callable[..., str], small_content: Path, library: Path
) -> None:
    shape = small_content / "shapes/book.ttl"
    shape.write_text(shape.read_text(encoding="utf-8") + "# A remark\n", encoding="utf-8")
    assert "published snapshot 2" in build()
    assert "# A remark" in Snapshots(library, memory_quads=0).rulebook()
    assert Ledger(library / "ledger").head().revision == 1
    assert "unchanged" in build()


@pytest.mark.parametrize("lost", ["primary", "current", "snapshots", "snapshots/000001/store/CURRENT"])
def test_a_build_makes_good_what_was_lost(build: Callable[..., str], library: Path, lost: str) -> None:
    before, head = published(library), Ledger(library / "ledger").head()
    path = library / lost
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    assert ("unchanged" if lost == "primary" else "published") in build()
    assert published(library) == before
    assert Ledger(library / "ledger").head() == head
    assert_whole(library)


def test_a_build_refuses_a_state_folder_without_its_ledger(kg: Kg, small_content: Path, library: Path) -> None:
    edit(library, added=(ADDED,))
    shutil.rmtree(library / "ledger")
    before = published(library)
    ended = kg("build", content=small_content, state=library)
    assert ended.returncode == 2
    assert "the ledger ends with revision 0" in ended.stderr
    assert "What to do: restore the ledger from a backup" in ended.stderr
    assert published(library) == before


def test_another_base_iri_takes_the_place_of_the_one_before(build: Callable[..., str], library: Path) -> None:
    build(KG_BASE_IRI="https://other.example/kg/")
    assert b"<https://other.example/kg/emma>" in published(library)
    assert BASE.encode() not in published(library)
    assert_whole(library)


def test_who_writes_at_the_same_time_is_told(kg: Kg, small_content: Path, library: Path) -> None:
    held: list[Primary] = []
    with open_primary(Snapshots(library, memory_quads=0), Ledger(library / "ledger"), default_graph=UNION) as primary:
        held.append(primary)
        ended = kg("build", "--wait", "0.2", content=small_content, state=library)
        assert ended.returncode == 2
        assert f"Error: another process is writing to {library}" in ended.stderr
        description = primary.publish(
            Snapshots(library, memory_quads=0), description_of(primary, base=BASE, prefixes={}), rulebook=""
        )
    assert description.number == 2
    assert {*folded(Ledger(library / "ledger"))} == lines(library)


@pytest.mark.parametrize("command", ["build", "submit"])
def test_who_comes_while_somebody_else_writes_says_so_and_waits(
    kg_command: tuple[Path, dict[str, str]], small_content: Path, library: Path, tmp_path: Path, command: str
) -> None:
    program, environ = kg_command
    (tmp_path / "a.ttl").write_text(book("sanditon"), encoding="utf-8")
    arguments = {"build": (), "submit": (tmp_path / "a.ttl", "--author", "Ada", "-m", "A")}[command]
    text = small_content / "data/books.trig"
    text.write_text(text.read_text(encoding="utf-8").replace('"Emma"@en', '"Emma, a novel"@en'), encoding="utf-8")
    with Snapshots(library, memory_quads=0).locked():
        running = subprocess.Popen(
            [program, "--content", small_content, "--state", library, command, *arguments],
            env=environ,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        assert running.stderr
        assert running.stderr.readline() == (f"another process is writing to {library}; waiting for it, at most 20 s\n")
        assert Ledger(library / "ledger").head().revision == 1
    told = running.communicate(timeout=60)[1]
    assert running.returncode == 0, told
    assert Ledger(library / "ledger").head().revision == 2
