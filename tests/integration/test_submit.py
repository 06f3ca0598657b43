"""Submissions through the command `kg`: what conforms joins the graph and stays; anything else leaves no trace."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.store import Draft, Ledger, Snapshots, changeset_of, quads_of

Kg = Callable[..., "subprocess.CompletedProcess[str]"]
Command = tuple[Path, dict[str, str]]

SANDITON = """\
@prefix : <https://library.example/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
:sanditon a :Book ; rdfs:label "Sanditon"@en ; :writtenBy :austen .
"""
NOBODYS = """\
@prefix : <https://library.example/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
:nobodys a :Book ; rdfs:label "Nobody's"@en .
"""
BOOKS = """
    SELECT ?book ?author {
      ?person <https://library.example/wrote> ?book ; <http://www.w3.org/2000/01/rdf-schema#label> ?author
    } ORDER BY ?book"""
WHO = ("--author", "Ada", "-m", "A book that was missing")


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    file = tmp_path / "sanditon.ttl"
    file.write_text(SANDITON, encoding="utf-8")
    return file


def books(state: Path) -> list[str]:
    rows = Snapshots(state, memory_quads=10_000).current().query(BOOKS).rows()
    return [row[0].value.rsplit("/", 1)[1] for row in rows if row[0]]


def test_what_conforms_joins_the_graph_with_what_follows_from_it(
    kg: Kg, small_content: Path, library: Path, entry: Path
) -> None:
    done = kg("submit", entry, *WHO, content=small_content, state=library)
    assert done.returncode == 0
    assert "accepted as revision 1: https://library.example/graph/submission/1" in done.stdout
    assert books(library) == ["emma", "persuasion", "sanditon"]
    told = (
        Snapshots(library, memory_quads=10_000)
        .current()
        .query(
            "SELECT ?who ?why { ?g <http://purl.org/dc/terms/creator> ?who ; <http://purl.org/dc/terms/title> ?why ; "
            "<http://purl.org/dc/terms/created> ?when . GRAPH ?g { <https://library.example/sanditon> a ?kind } }"
        )
    )
    assert [[term.value for term in row if term] for row in told.rows()] == [["Ada", "A book that was missing"]]


def test_a_dry_run_says_so_and_changes_nothing(
    kg: Kg, small_content: Path, library: Path, entry: Path, fingerprint: Callable[[Path], dict[str, str]]
) -> None:
    before = fingerprint(library / "snapshots")
    done = kg("submit", entry, *WHO, "--dry-run", content=small_content, state=library)
    assert (done.returncode, done.stdout) == (0, "would be accepted\n")
    assert fingerprint(library / "snapshots") == before
    assert list(Ledger(library / "ledger").entries()) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (NOBODYS, "A book has an author; give it :writtenBy."),
        (SANDITON.replace(":austen", ":somebody"), "The author has no name"),
        (SANDITON[:-3], "not RDF"),
        ("@prefix : <https://library.example/> .\n", "the file says nothing"),
    ],
    ids=["against a shape", "against a check", "broken off", "empty"],
)
def test_what_does_not_conform_leaves_no_trace(
    kg: Kg,
    small_content: Path,
    library: Path,
    entry: Path,
    fingerprint: Callable[[Path], dict[str, str]],
    text: str,
    told: str,
) -> None:
    before = fingerprint(library / "snapshots")
    entry.write_text(text, encoding="utf-8")
    done = kg("submit", entry, *WHO, content=small_content, state=library)
    assert done.returncode != 0
    assert told in done.stderr
    assert "What to do:" in done.stderr
    assert fingerprint(library / "snapshots") == before
    assert list(Ledger(library / "ledger").entries()) == []


def test_a_submission_outlives_a_change_of_the_content(kg: Kg, small_content: Path, library: Path, entry: Path) -> None:
    kg("submit", entry, *WHO, content=small_content, state=library)
    file = small_content / "data/books.trig"
    file.write_text(file.read_text(encoding="utf-8").replace(":persuasion", ":northanger"), encoding="utf-8")
    assert kg("build", content=small_content, state=library).returncode == 0
    assert books(library) == ["emma", "northanger", "sanditon"]


def test_content_that_a_submission_no_longer_fits_stops_the_build_and_names_the_submission(
    kg: Kg, small_content: Path, library: Path, entry: Path
) -> None:
    kg("submit", entry, *WHO, content=small_content, state=library)
    file = small_content / "shapes/book.ttl"
    text = file.read_text(encoding="utf-8").replace("sh:minCount 1", "sh:minCount 1 ; sh:pattern '/emma|persuasion$'")
    file.write_text(text.replace("sh:path :writtenBy", "sh:path [ sh:inversePath :writtenBy ]"), encoding="utf-8")
    done = kg("build", content=small_content, state=library)
    assert done.returncode == 1
    assert books(library) == ["emma", "persuasion", "sanditon"]


def test_a_commit_that_was_not_published_any_more_is_published_by_the_next_build(
    kg: Kg, small_content: Path, library: Path
) -> None:
    """As when the process ended between ledger and snapshot."""
    base = "https://library.example/"
    label = "http://www.w3.org/2000/01/rdf-schema#label"
    a = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
    graph = f"<{base}graph/submission/1>"
    lines = [
        f"<{base}sanditon> <{a}> <{base}Book> {graph} .",
        f'<{base}sanditon> <{label}> "Sanditon"@en {graph} .',
        f"<{base}sanditon> <{base}writtenBy> <{base}austen> {graph} .",
    ]
    ledger = Ledger(library / "ledger")
    with ledger.locked():
        changes = changeset_of(added=quads_of(lines))
        ledger.commit(Draft(changes, "Ada", "2024-05-01T12:00:00Z", f"{base}graph/submission/1", "Sanditon"))
    assert kg("build", content=small_content, state=library).returncode == 0
    assert books(library) == ["emma", "persuasion", "sanditon"]


def test_a_submission_is_undone_and_brought_back_and_the_log_tells_all(
    kg: Kg, small_content: Path, library: Path, entry: Path
) -> None:
    kg("submit", entry, *WHO, content=small_content, state=library)
    undone = kg("revert", "1", "--author", "Eve", "-m", "Not finished", content=small_content, state=library)
    assert undone.returncode == 0
    assert books(library) == ["emma", "persuasion"]
    rebuilt = kg("build", content=small_content, state=library)
    assert "unchanged" in rebuilt.stderr
    assert books(library) == ["emma", "persuasion"]
    again = kg("revert", "1", "--author", "Eve", "-m", "Once more", content=small_content, state=library)
    assert again.returncode != 0
    assert "nothing of revision 1 is left to undo" in again.stderr
    assert kg("revert", "2", "--author", "Ada", "-m", "But good", content=small_content, state=library).returncode == 0
    assert books(library) == ["emma", "persuasion", "sanditon"]
    log = kg("log", "--patch", content=small_content, state=library).stdout
    assert re.findall(r"^ +(\d+)  \S+Z  (\w+)  \+(\d) -(\d)  (.*)$", log, flags=re.MULTILINE) == [
        ("1", "Ada", "3", "0", "A book that was missing"),
        ("2", "Eve", "0", "3", "Not finished"),
        ("3", "Ada", "3", "0", "But good"),
    ]
    missing = kg("revert", "9", "--author", "Eve", "-m", "?", content=small_content, state=library)
    assert missing.returncode != 0
    assert "What to do:" in missing.stderr


def test_what_was_told_to_be_accepted_is_there_after_a_kill_at_any_moment(
    kg: Kg, kg_command: Command, small_content: Path, library: Path, entry: Path
) -> None:
    program, environ = kg_command
    arguments = [program, "--content", small_content, "--state", library, "submit", entry, *WHO]
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
    found = set(books(library))
    committed = {
        line.split(">")[0].rsplit("/", 1)[1]
        for each in Ledger(library / "ledger").entries()
        for line in each.changeset.added
    }
    assert told <= committed
    assert found == committed | {"emma", "persuasion"}
