"""Submissions through the command `kg`: what conforms joins the graph and stays; anything else leaves no trace."""

from __future__ import annotations

import gc
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from kg.cli import main
from kg.store import Changeset, Draft, Ledger, Snapshots, changeset_of, quads_of
from tests import states
from tests.states import SIGNATURE, assert_whole, folded, published
from tests.stocked import (
    BASE,
    DATED,
    FORMATS,
    MISNAMED,
    NO_AUTHOR,
    NO_NAME,
    NO_YEAR,
    NOBODYS,
    PREFIXES,
    SANDITON,
    SPARQL,
    STRANGERS,
    stock,
)

Kg = Callable[..., "subprocess.CompletedProcess[str]"]
Command = tuple[Path, dict[str, str]]

BOOKS = f"""
    SELECT ?book ?author {{
      ?person <{BASE}wrote> ?book ; <http://www.w3.org/2000/01/rdf-schema#label> ?author
    }} ORDER BY ?book"""
WHO = ("--author", "Ada", "-m", "A book that was missing")
NAMED_HISTORY = f"""\
# title: A history without a name
# question: Which graph of submissions has no name?
# severity: Violation
# columns:
#   focus: the graph
#   value: a submission
#   message: what is wrong and what to do
PREFIX dcterms: <http://purl.org/dc/terms/>

SELECT DISTINCT ?focus ?value ?message
WHERE {{
  GRAPH ?focus {{ ?value dcterms:creator ?author }}
  FILTER (?focus = <{BASE}graph/history>)
  FILTER NOT EXISTS {{ ?focus dcterms:title ?title }}
  BIND ("The history has no name; give it one." AS ?message)
}}
ORDER BY ?focus ?value
"""
WRITTEN_BY = f"<{BASE}sanditon> <{BASE}writtenBy> <{BASE}austen> <{BASE}graph/submission/2> ."


@dataclass(frozen=True)
class Ended:
    """How a command has ended."""

    exit_code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Desk:
    """A state folder, and the command `kg` on it, run in this process."""

    content: Path
    state: Path
    folder: Path

    def run(self, *arguments: str | Path) -> Ended:
        command = ["--content", str(self.content), "--state", str(self.state), *map(str, arguments)]
        ended = CliRunner().invoke(main, command)
        told = Ended(ended.exit_code, ended.stdout, ended.stderr)
        del ended
        gc.collect()  # or the traceback of an error would hold the store open
        return told

    def submit(self, text: str, *options: str, name: str = "sanditon.ttl") -> Ended:
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        return self.run("submit", file, *WHO, *options)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.state / "ledger")

    @property
    def head(self) -> int:
        return self.ledger.head().revision

    def rows(self, query: str) -> list[list[str]]:
        found = Snapshots(self.state, memory_quads=10_000).current().query(query).rows()
        return [[term.value if term else "" for term in row] for row in found]

    def books(self) -> list[str]:
        return [row[0].rsplit("/", 1)[1] for row in self.rows(BOOKS)]


@pytest.fixture(scope="module")
def stocked(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stock(small, tmp_path_factory.mktemp("stocked"))


@pytest.fixture
def desk(stocked: Path, tmp_path: Path) -> Desk:
    state = shutil.copytree(stocked / "state", tmp_path / "state", symlinks=True)
    return Desk(shutil.copytree(stocked / "content", tmp_path / "content"), state, tmp_path)


def books(state: Path) -> list[str]:
    rows = Snapshots(state, memory_quads=10_000).current().query(BOOKS).rows()
    return [row[0].value.rsplit("/", 1)[1] for row in rows if row[0]]


def kept(state: Path) -> tuple[dict[str, str], bytes]:
    """What a refused change must leave; of a copy that was thrown away, the engine may write files until it ends."""
    files, quads = states.kept(state)
    return {name: digest for name, digest in files.items() if not name.startswith("scratch/")}, quads


def assert_accepted(ended: Ended, revision: int) -> None:
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout == f"accepted as revision {revision}: {BASE}graph/submission/{revision}\n"


def test_what_conforms_joins_the_graph_with_what_follows_from_it(
    kg: Kg, small_content: Path, library: Path, tmp_path: Path
) -> None:
    entry = tmp_path / "sanditon.ttl"
    entry.write_text(SANDITON, encoding="utf-8")
    sources = ("--source", "https://archive.example/letters", "--source", "https://archive.example/letters#p7")
    done = kg("submit", entry, *WHO, *sources, content=small_content, state=library)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"accepted as revision 2: {BASE}graph/submission/2\n"
    assert books(library) == ["emma", "persuasion", "sanditon"]
    told = (
        Snapshots(library, memory_quads=10_000)
        .current()
        .query(
            "PREFIX dcterms: <http://purl.org/dc/terms/> "
            f"SELECT ?who ?why ?from ?when {{ GRAPH <{BASE}graph/history> {{ ?g dcterms:creator ?who ; "
            "dcterms:title ?why ; dcterms:source ?from ; dcterms:created ?when } "
            f"GRAPH ?g {{ <{BASE}sanditon> a <{BASE}Book> ; <{BASE}writtenBy> <{BASE}austen> }} }} ORDER BY ?from"
        )
    )
    when = Ledger(library / "ledger").read(2).time
    assert [[term.value for term in row if term] for row in told.rows()] == [
        ["Ada", "A book that was missing", source, when] for source in sources[1::2]
    ]
    assert_whole(library)


@pytest.mark.parametrize("extension", FORMATS)
def test_each_format_says_the_same(desk: Desk, extension: str) -> None:
    assert_accepted(desk.submit(FORMATS[extension], name=f"sanditon.{extension}"), 2)
    about = {line for line in folded(desk.ledger) if line.startswith(f"<{BASE}sanditon>")}
    graph = f"<{BASE}graph/submission/2> .\n"
    assert about == {line + graph.rstrip() for line in FORMATS["nt"].replace(" .\n", " \n").split("\n")[:-1]}
    assert_whole(desk.state)


def test_a_table_changes_the_cells_that_differ(desk: Desk) -> None:
    table = desk.folder / "Book.csv"
    assert desk.run("template", "Book", "--filled", "-o", table).exit_code == 0
    text = table.read_text(encoding="utf-8-sig")
    assert desk.submit(text, name="Book.csv").stdout == "nothing to change: all of it is so already\n"
    added = text.replace("emma,Jane Austen,", "emma,Jane Austen,1815") + "sanditon,Jane Austen,\n"
    assert_accepted(desk.submit(added, "--class", "Book", name="books of today.csv"), 2)
    changes = desk.ledger.read(2).changeset
    assert changes.removed == ()
    assert {line.partition(" <")[0] for line in changes.added} >= {f"<{BASE}emma>", f"<{BASE}sanditon>"}
    assert desk.rows(f"SELECT ?year {{ GRAPH <{BASE}graph/submission/2> {{ <{BASE}emma> <{BASE}year> ?year }} }}") == [
        ["1815"]
    ]
    assert desk.submit(added, "--class", "Book", name="Book.csv").stdout.startswith("nothing to change")
    assert desk.head == 2


def test_a_workbook_takes_a_statement_out_of_whatever_graph_it_is_in(desk: Desk) -> None:
    book = desk.folder / "books.xlsx"
    assert_accepted(desk.submit(DATED.replace("about 1817", "1817")), 2)
    assert desk.run("template", "Book", "--filled", "-o", book).exit_code == 0
    sheets = load_workbook(book)
    sheet = sheets["Book"]
    [row] = [row for row in sheet.iter_rows() if row[0].value == "sanditon"]
    [cell] = [cell for cell in row if str(cell.value) == "1817"]
    cell.value = "1818"
    sheets.save(book)
    assert_accepted(desk.run("submit", book, *WHO), 3)
    years = f"SELECT ?year ?g {{ GRAPH ?g {{ <{BASE}sanditon> <{BASE}year> ?year }} }}"
    assert desk.rows(years) == [["1818", f"{BASE}graph/submission/3"]]


def test_an_update_that_changes_nothing_says_so(desk: Desk) -> None:
    text = f"{SPARQL} INSERT DATA {{ GRAPH <{BASE}graph/books> {{ :emma :year '1815' }} }}"
    assert_accepted(desk.submit(text, name="year.ru"), 2)
    before = kept(desk.state)
    again = desk.submit(text, name="year.ru")
    assert (again.exit_code, again.stdout) == (0, "nothing to change: all of it is so already\n")
    assert (desk.head, kept(desk.state)) == (2, before)


def test_warnings_are_shown_with_their_place_and_do_not_stop(desk: Desk) -> None:
    done = desk.submit(DATED)
    assert done.exit_code == 0
    assert done.stdout == f"accepted as revision 2: {BASE}graph/submission/2\n"
    assert NO_YEAR in done.stderr
    assert "Warning: Sanditon (:sanditon), line 4" in done.stderr
    assert desk.books() == ["emma", "persuasion", "sanditon"]


@pytest.mark.parametrize(
    ("text", "status", "told"), [(DATED, 0, "would be accepted\n"), (NOBODYS, 1, "")], ids=["conforms", "does not"]
)
def test_a_dry_run_says_so_and_changes_nothing(desk: Desk, text: str, status: int, told: str) -> None:
    before = kept(desk.state)
    done = desk.submit(text, "--dry-run")
    assert (done.exit_code, done.stdout) == (status, told)
    assert (NO_AUTHOR if status else NO_YEAR) in done.stderr
    assert kept(desk.state) == before
    assert desk.head == 1


@pytest.mark.parametrize(
    ("text", "name", "status", "told"),
    [
        (NOBODYS, "a.ttl", 1, f"line 4\n    at :writtenBy\n    {NO_AUTHOR}; give it :writtenBy."),
        (FORMATS["jsonld"].replace("writtenBy", "about"), "a.jsonld", 1, "line 1\n    at :writtenBy"),
        ("id,written by,year\nmiddlemarch,,1871\n", "Book.csv", 1, "middlemarch, row 2"),
        (f"{SPARQL} DELETE WHERE {{ :emma :writtenBy ?who }}", "a.ru", 2, "takes away 1 statement that others have"),
        ("id,written by\nemma,\n", "Book.csv", 2, "row 2, column B (written by): this takes away 1 statement"),
        (STRANGERS, "a.ttl", 1, NO_NAME),
        (MISNAMED, "a.ttl", 1, "Did you mean :Book?"),
        (SANDITON[:-3], "a.ttl", 2, "not RDF"),
        (PREFIXES, "a.ttl", 2, "the file says nothing"),
        (SANDITON, "a.doc", 2, "of no format that is read"),
        (SANDITON.replace("<https", "<ht tps"), "a.ttl", 2, "a.ttl, line 1"),
        (f"{PREFIXES}:g {{ :a :b :c }}", "a.trig", 2, "stands in the graph"),
        ("id,wrote,year\nemma,Jane Austen,1815\n", "Book.csv", 2, "row 1, column B (wrote)"),
        ("SELECT * {}", "a.ru", 2, "SELECT is a query"),
        ("LOAD <https://library.example/more>", "a.ru", 2, "LOAD fetches"),
        (f"{SPARQL} DELETE DATA {{ :emma }}", "a.ru", 2, "line 1, column"),
        (
            f"CLEAR GRAPH <{BASE}graph/entailed/wrote>",
            "a.ru",
            2,
            "holds what follows from other graphs and cannot be written",
        ),
    ],
    ids=[
        "against a shape",
        "JSON-LD against a shape",
        "table against a shape",
        "an update of what others have brought",
        "a table of what others have brought",
        "against a check",
        "with a word that was meant otherwise",
        "broken off",
        "empty",
        "of no format",
        "with an IRI that is none",
        "with graphs of its own",
        "with an unknown column",
        "a query",
        "fetching",
        "no update",
        "of what is derived",
    ],
)
def test_what_is_not_accepted_leaves_no_trace(desk: Desk, text: str, name: str, status: int, told: str) -> None:
    before = kept(desk.state)
    done = desk.submit(text, name=name)
    assert (done.exit_code, done.stdout) == (status, "")
    assert told in done.stderr
    assert "What to do: " in done.stderr
    assert kept(desk.state) == before
    assert desk.head == 1
    assert_whole(desk.state)


def test_what_others_have_brought_is_taken_away_by_who_reviews(desk: Desk) -> None:
    """The author's own can be taken away without."""
    assert_accepted(desk.submit(DATED.replace("about 1817", "1817")), 2)
    year = f"{SPARQL} DELETE WHERE {{ :sanditon :year ?year }}"
    name = f'{SPARQL} DELETE DATA {{ GRAPH <{BASE}graph/books> {{ :emma rdfs:label "Emma"@en }} }}'
    (desk.folder / "year.ru").write_text(year, encoding="utf-8")
    others = desk.run("submit", desk.folder / "year.ru", "--author", "Somebody else", "-m", "Not so")
    assert (others.exit_code, desk.head) == (2, 2)
    assert f'"1817" <{BASE}graph/submission/2> .' in others.stderr
    assert_accepted(desk.submit(year, name="year.ru"), 3)
    assert desk.submit(name, name="name.ru").exit_code == 2
    assert desk.submit(name, "--review", name="name.ru").exit_code == 0
    assert desk.head == 4
    unlabelled = f"{SPARQL} DELETE WHERE {{ :persuasion :writtenBy ?who }}"
    refused = desk.submit(unlabelled, "--review", name="author.ru")
    assert (refused.exit_code, NO_AUTHOR in refused.stderr) == (1, True)


def test_a_file_that_is_not_there_is_named(desk: Desk) -> None:
    done = desk.run("submit", desk.folder / "nowhere.ttl", *WHO)
    assert done.exit_code == 2
    assert "nowhere.ttl: cannot be read" in done.stderr


def test_a_submission_for_an_earlier_revision_is_refused(desk: Desk) -> None:
    assert_accepted(desk.submit(SANDITON, "--expect", "1"), 2)
    before = kept(desk.state)
    late = desk.submit(DATED, "--expect", "1")
    assert (late.exit_code, late.stdout) == (2, "")
    assert "made for revision 1, and the graph is at revision 2 now" in late.stderr
    assert kept(desk.state) == before


def test_a_submission_outlives_a_change_of_the_content(desk: Desk) -> None:
    desk.submit(SANDITON)
    file = desk.content / "data/books.trig"
    file.write_text(file.read_text(encoding="utf-8").replace(":persuasion", ":northanger"), encoding="utf-8")
    built = desk.run("build")
    assert built.exit_code == 0, built.stderr
    assert desk.books() == ["emma", "northanger", "sanditon"]
    assert_whole(desk.state)


def test_content_that_a_submission_no_longer_fits_stops_the_build_and_names_what_was_submitted(desk: Desk) -> None:
    desk.submit(SANDITON)
    before = kept(desk.state)
    file = desk.content / "shapes/book.ttl"
    text = file.read_text(encoding="utf-8").replace("sh:minCount 1", "sh:minCount 1 ; sh:pattern '/emma|persuasion$'")
    file.write_text(text.replace("sh:path :writtenBy", "sh:path [ sh:inversePath :writtenBy ]"), encoding="utf-8")
    done = desk.run("build")
    assert done.exit_code == 1
    assert "Sanditon" in done.stderr
    assert desk.books() == ["emma", "persuasion", "sanditon"]
    assert kept(desk.state) == before


@pytest.mark.parametrize("then", ["build", "submit"])
def test_a_commit_that_was_not_published_any_more_is_published_by_whoever_writes_next(desk: Desk, then: str) -> None:
    """As when the process ended between ledger and snapshot."""
    graph = f"<{BASE}graph/submission/2>"
    asserted = [line.replace(" .", f" {graph} .") for line in FORMATS["nt"].split("\n")[:-1]]
    entailed = f"<{BASE}austen> <{BASE}wrote> <{BASE}sanditon> <{BASE}graph/entailed/wrote> ."
    changes = changeset_of(added=quads_of([*asserted, entailed]))
    source = f"{BASE}graph/submission/2"
    ledger = desk.ledger
    with ledger.locked():
        ledger.commit(Draft(changes, "Ada", SIGNATURE.time, source=source, message="Sanditon"))
    assert desk.books() == ["emma", "persuasion"]
    if then == "build":
        assert desk.run("build").exit_code == 0
        assert desk.books() == ["emma", "persuasion", "sanditon"]
    else:
        assert_accepted(desk.submit(SANDITON.replace("anditon", "usan")), 3)
        assert desk.books() == ["emma", "persuasion", "sanditon", "susan"]
    assert_whole(desk.state)


def test_a_submission_is_undone_and_brought_back_and_the_log_tells_all(desk: Desk) -> None:
    def undo(revision: int, who: str, why: str, *options: str) -> Ended:
        return desk.run("revert", str(revision), "--author", who, "-m", why, *options)

    desk.submit(SANDITON)
    with_it = published(desk.state)
    assert undo(2, "Eve", "Not finished", "--dry-run").stdout == "would be accepted\n"
    assert desk.head == 2
    assert_accepted(undo(2, "Eve", "Not finished"), 3)
    assert desk.books() == ["emma", "persuasion"]
    without = published(desk.state)
    assert "unchanged" in desk.run("build").stderr
    assert published(desk.state) == without
    again = undo(2, "Eve", "Once more")
    assert again.stdout == "nothing to change: all of it is so already\n" or "nothing of revision 2" in again.stderr
    assert desk.head == 3
    assert_accepted(undo(3, "Ada", "But good"), 4)
    assert published(desk.state) == with_it
    size = len(desk.ledger.read(2).changeset.added)
    log = desk.run("log", "--patch").stdout
    assert re.findall(r"^ +(\d+)  \S+Z  (.*?)  \+(\d+) -(\d+)  (.*)$", log, flags=re.MULTILINE)[1:] == [
        ("2", "Ada", str(size), "0", "A book that was missing"),
        ("3", "Eve", "0", str(size - 1), "Not finished"),  # the history keeps its name
        ("4", "Ada", str(size - 1), "0", "But good"),
    ]
    missing = undo(9, "Eve", "?")
    assert missing.exit_code == 2
    assert "there is no revision 9" in missing.stderr
    assert "What to do: " in missing.stderr


def test_the_first_submission_is_undone_where_the_history_must_have_a_name(desk: Desk) -> None:
    """The first has named the history of all, in which the others are still told of."""
    (desk.content / "queries/checks/history-without-a-name.rq").write_text(NAMED_HISTORY, encoding="utf-8")
    assert desk.run("build").exit_code == 0
    assert_accepted(desk.submit(SANDITON), 3)
    assert_accepted(desk.submit(SANDITON.replace("anditon", "usan")), 4)
    assert_accepted(desk.run("revert", "3", *WHO), 5)
    assert desk.books() == ["emma", "persuasion", "susan"]
    assert_accepted(desk.run("revert", "5", *WHO), 6)
    assert_accepted(desk.run("revert", "6", *WHO), 7)
    assert desk.books() == ["emma", "persuasion", "susan"]
    assert_whole(desk.state)


def test_what_cannot_be_undone_without_a_violation_stays(desk: Desk) -> None:
    desk.submit(f'{PREFIXES}:eliot a :Person ; rdfs:label "George Eliot"@en .\n')
    desk.submit(f'{PREFIXES}:middlemarch a :Book ; rdfs:label "Middlemarch"@en ; :writtenBy :eliot .\n')
    before = kept(desk.state)
    refused = desk.run("revert", "2", *WHO)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert NO_NAME in refused.stderr
    assert "Middlemarch" in refused.stderr
    assert kept(desk.state) == before


@pytest.fixture(scope="module")
def story(stocked: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A state folder with three submissions, which no test changes."""
    folder = tmp_path_factory.mktemp("story")
    desk = Desk(stocked / "content", shutil.copytree(stocked / "state", folder / "state", symlinks=True), folder)
    assert desk.submit(SANDITON, "--source", "https://archive.example/letters").exit_code == 0
    change = f'{SPARQL} DELETE {{ ?b rdfs:label ?l }} INSERT {{ ?b rdfs:label "The Brothers"@en }} WHERE '
    change += '{ ?b rdfs:label "Sanditon"@en ; rdfs:label ?l }'
    assert desk.submit(change, name="rename.ru").exit_code == 0
    assert desk.submit(f"{PREFIXES}:emma :year '1815' .\n").exit_code == 0
    return desk


def marked(changes: Changeset, *, indent: str = "") -> list[str]:
    return [f"{indent}A {line}" for line in changes.added] + [f"{indent}D {line}" for line in changes.removed]


def test_the_log_tells_each_commit_with_what_it_changed(story: Desk) -> None:
    commits = [*story.ledger.entries()]
    assert [len(commit.changeset.removed) for commit in commits] == [0, 0, 1, 0]
    heads = [
        f"{each.revision:6}  {each.time}  {each.author}  "
        f"+{len(each.changeset.added)} -{len(each.changeset.removed)}  {each.message}"
        for each in commits
    ]
    assert story.run("log").stdout.splitlines() == heads
    patched = [
        line
        for head, each in zip(heads, commits, strict=True)
        for line in (head, *marked(each.changeset, indent="        "))
    ]
    assert story.run("log", "--patch").stdout.split("\n")[:-1] == patched
    for about, revisions in (("sanditon", [3, 2]), ("emma", [4, 1]), ("graph/submission/2", [3, 2]), ("nobody", [])):
        told = story.run("log", "--about", f"{BASE}{about}").stdout.splitlines()
        assert told == [heads[revision - 1] for revision in revisions], about


def test_a_commit_is_shown_whole(story: Desk) -> None:
    commit = story.ledger.read(2)
    shown = story.run("show", "2").stdout.split("\n")[:-1]
    assert dict(line.split(maxsplit=1) for line in shown[:6]) == {
        "revision": "2",
        "time": commit.time,
        "author": "Ada",
        "message": "A book that was missing",
        "source": f"{BASE}graph/submission/2",
        "digest": commit.digest,
    }
    assert shown[6:] == marked(commit.changeset)
    assert WRITTEN_BY in commit.changeset.added
    missing = story.run("show", "9")
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert "What to do: " in missing.stderr


@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 1), (0, 4), (2, 2)])
def test_a_diff_leads_from_one_revision_to_another(story: Desk, before: int, after: int) -> None:
    old, new = (folded(story.ledger, upto=revision) if revision else set() for revision in (before, after))
    told = story.run("diff", str(before), str(after))
    assert told.exit_code == 0
    assert sorted(told.stdout.split("\n")[:-1]) == sorted(
        [*(f"A {line}" for line in new - old), *(f"D {line}" for line in old - new)]
    )


def test_a_statement_is_traced_to_the_commit_that_brought_it(story: Desk) -> None:
    assert story.run("blame", WRITTEN_BY).stdout == story.run("log").stdout.split("\n")[1] + "\n"
    for unknown in (WRITTEN_BY.replace("austen", "eliot"), "something"):
        told = story.run("blame", unknown)
        assert (told.exit_code, told.stdout) == (2, "")
        assert "write it as `kg show` does" in told.stderr


def test_any_state_can_be_exported_by_its_revision_or_a_time(story: Desk) -> None:
    for revision in range(1, story.head + 1):
        file = story.folder / f"{revision}.nq"
        done = story.run("export", "--revision", str(revision), "-o", file)
        assert (done.exit_code, f"of revision {revision}" in done.stderr) == (0, True)
        assert {*file.read_text(encoding="utf-8").split("\n")[:-1]} == folded(story.ledger, upto=revision)
    today = datetime.now(UTC)
    first, last = (story.folder / f"{revision}.nq" for revision in (1, story.head))
    for time_given, expected in (
        (SIGNATURE.time, first),
        (SIGNATURE.time[:7], first),
        ("2024", first),
        (f"{today:%Y-%m}", last),
        (f"{today.year + 1}", last),
    ):
        assert story.run("export", "--as-of", time_given).stdout == expected.read_text(encoding="utf-8"), time_given
    for options in (("--revision", "9"), ("--as-of", "2024-04"), ("--as-of", "2024-05-01T11:59:59Z")):
        told = story.run("export", *options)
        assert (told.exit_code, told.stdout) == (2, ""), options
        assert "What to do: " in told.stderr


def test_a_backup_holds_all_that_cannot_be_made_again(story: Desk, tmp_path: Path) -> None:
    file, state = tmp_path / "backup.tar", tmp_path / "state"
    head = story.ledger.head()
    assert story.run("backup", file).stdout == f"{file}: revision 4, digest {head.digest}\n"
    restored = Desk(story.content, state, tmp_path)
    assert "restored revision 4 with" in restored.run("restore", file).stdout
    assert published(state) == published(story.state)
    assert_whole(state)
    assert restored.run("verify").stdout == story.run("verify").stdout
    assert_accepted(restored.submit(SANDITON.replace("anditon", "usan")), 5)
    again = restored.run("restore", file)
    assert again.exit_code == 2
    assert "is not empty" in again.stderr
    assert restored.head == 5


def test_whether_all_is_as_it_was_written_can_be_verified(story: Desk, tmp_path: Path) -> None:
    head = story.ledger.head()
    quads = len(folded(story.ledger))
    sound = story.run("verify")
    assert (sound.exit_code, sound.stdout) == (
        0,
        f"revision 4, digest {head.digest}: {quads} statements\n",
    )
    state = shutil.copytree(story.state, tmp_path / "state", symlinks=True)
    [segment] = (state / "ledger").glob("*.rdfp")
    text = segment.read_bytes()
    segment.write_bytes(text.replace(b"The Brothers", b"The Sisters ", 1))
    assert segment.read_bytes() != text
    damaged = Desk(story.content, state, tmp_path).run("verify")
    assert damaged.exit_code == 2
    assert "What to do: " in damaged.stderr


def test_what_was_told_to_be_accepted_is_there_after_a_kill_at_any_moment(
    kg: Kg, kg_command: Command, small_content: Path, library: Path, tmp_path: Path
) -> None:
    program, environ = kg_command
    entry = tmp_path / "sanditon.ttl"
    entry.write_text(SANDITON, encoding="utf-8")
    arguments: list[str | Path] = [program, "--content", small_content, "--state", library, "submit", entry, *WHO]
    began = time.monotonic()
    subprocess.run([*arguments, "--dry-run"], env=environ, capture_output=True, check=True)
    whole_seconds = time.monotonic() - began
    told = set()
    for number in range(8):
        text = SANDITON.replace("sanditon", f"book{number}").replace("Sanditon", f"Book {number}")
        entry.write_text(text, encoding="utf-8")
        process = subprocess.Popen(arguments, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        time.sleep(whole_seconds * (0.6 + number / 12))
        process.send_signal(signal.SIGKILL)
        if "accepted" in process.communicate()[0]:
            told.add(f"book{number}")
    assert kg("build", content=small_content, state=library).returncode == 0
    found = {name for name in books(library) if name.startswith("book")}
    committed = {
        line.split(">")[0].rsplit("/", 1)[1]
        for each in Ledger(library / "ledger").entries(2)
        for line in each.changeset.added
        if line.startswith(f"<{BASE}book")
    }
    assert told <= committed
    assert found == committed
    assert_whole(library)
