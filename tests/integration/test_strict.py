"""Mode strict, by commands: the default graph has statements of its own, which builds and backups keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kg.settings import STRICT, UNION
from kg.store import Ledger
from tests.commands import WHO, Commands, commanding
from tests.serving import Command
from tests.states import assert_whole, folded, kept, published
from tests.stocked import BASE, SPARQL, stock
from tests.submitting import book

Run = Callable[..., str]

LABEL = "<http://www.w3.org/2000/01/rdf-schema#label>"
SANDITON = ":sanditon a :Book ; rdfs:label 'Sanditon'@en ; :writtenBy :austen"
NAMED = f'<{BASE}sanditon> {LABEL} "Sanditon"@en .'
WROTE = f"<{BASE}austen> <{BASE}wrote> <{BASE}sanditon> <{BASE}graph/entailed/wrote> ."
MOVED = NAMED.replace(" .", " <x:notes> .")


@pytest.fixture
def house(small: Path, tmp_path: Path) -> Path:
    """A folder with content and a state in mode strict."""
    return stock(small, tmp_path, default_graph=STRICT)


@pytest.fixture(scope="module")
def commands(kg_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    environ = kg_command[1] | {"KG_DEFAULT_GRAPH": STRICT}
    with commanding(environ, Path("content"), tmp_path_factory.mktemp("strict") / "told") as commands:
        yield commands


@pytest.fixture
def run(commands: Commands, house: Path) -> Run:
    """Runs a command to its end, and gives what is told."""
    own = replace(commands, content=house / "content")

    def to_the_end(*arguments: str | Path, status: int = 0, state: Path = house / "state") -> str:
        ended = own.run(state, *arguments)
        assert ended.status == status, ended.output
        assert "Traceback" not in ended.output
        return ended.output.rpartition("steps ")[0]

    return to_the_end


@pytest.fixture
def update(run: Run, tmp_path: Path) -> Run:
    def submit(text: str, *, status: int = 0) -> str:
        file = tmp_path / "change.ru"
        file.write_text(f"{SPARQL} {text}", encoding="utf-8")
        return run("submit", *WHO, file, status=status)

    return submit


def lines(house: Path) -> set[str]:
    return {*published(house / "state").decode().split("\n")[:-1]}


def head(house: Path) -> int:
    return Ledger(house / "state/ledger").head().revision


def rewrite(house: Path, old: str, new: str) -> None:
    path = house / "content/data/books.trig"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_build_keeps_what_is_in_the_default_graph_and_what_follows_from_it(
    house: Path, run: Run, update: Run
) -> None:
    update(f"INSERT DATA {{ {SANDITON} }}")
    before = lines(house)
    assert {NAMED, WROTE} <= before
    assert len([line for line in before if line.count(" ") == 3]) == 3
    assert "unchanged" in run("build")
    rewrite(house, '"Emma"@en', '"Emma, a novel"@en')
    run("build")
    renamed = f'<{BASE}emma> {LABEL} "Emma{{}}"@en <{BASE}graph/books> .'
    assert lines(house) == before - {renamed.format("")} | {renamed.format(", a novel")}
    assert "unchanged" in run("build")
    assert_whole(house / "state", default_graph=STRICT)
    run("verify")


def test_what_the_files_and_the_default_graph_say_stays_with_the_one_when_the_other_does_not_say_it_any_more(
    house: Path, run: Run, update: Run
) -> None:
    """And what follows from it stays, too."""
    persuasion = ":persuasion a :Book ; rdfs:label 'Persuasion'@en ; :writtenBy :austen"
    stated = f"<{BASE}persuasion> <{BASE}writtenBy> <{BASE}austen> ."
    followed = f"<{BASE}austen> <{BASE}wrote> <{BASE}persuasion> <{BASE}graph/entailed/wrote> ."
    update(f"INSERT DATA {{ {persuasion} }}")
    assert {stated, followed} <= lines(house)
    rewrite(house, ':persuasion a :Book ; rdfs:label "Persuasion"@en ; :writtenBy :austen .', "")
    run("build")
    assert {stated, followed} <= lines(house)
    assert stated.replace(" .", f" <{BASE}graph/books> .") not in lines(house)
    update("CLEAR DEFAULT")
    assert not {stated, followed} & lines(house)
    assert "unchanged" in run("build")
    assert_whole(house / "state", default_graph=STRICT)


def test_the_default_graph_is_judged_like_any_other(house: Path, run: Run, update: Run) -> None:
    before = kept(house / "state")
    assert "A book has an author" in update("INSERT DATA { :nothing a :Book }", status=1)
    assert "The author has no name" in update("INSERT DATA { :nothing a :Book ; :writtenBy :nobody }", status=1)
    assert kept(house / "state") == before
    update(f"INSERT DATA {{ {SANDITON} }}")
    rewrite(house, ':austen a :Person ; rdfs:label "Jane Austen"@en .', "")
    assert "The author has no name" in run("build", status=1)
    update("INSERT DATA { :austen rdfs:label 'Jane'@en }")
    run("build")
    assert "conforms" in run("validate", "--all")
    assert_whole(house / "state", default_graph=STRICT)


def test_it_is_reverted_exported_and_found_again_at_each_revision(house: Path, run: Run, update: Run) -> None:
    update(f"INSERT DATA {{ {SANDITON} }}")
    added = head(house)
    told = run("show", str(added))
    assert f"A {NAMED}" in told
    assert f"as revision {added + 1}" in run("revert", *WHO, str(added))
    assert not {NAMED, WROTE} & lines(house)
    run("revert", *WHO, str(added + 1))
    assert {NAMED, WROTE} <= lines(house)
    for revision in range(1, head(house) + 1):
        exported = run("export", "--revision", str(revision)).split("\n")[:-1]
        assert {*exported} == folded(Ledger(house / "state/ledger"), upto=revision)
        assert (NAMED in exported) is (revision in (added, added + 2))
    assert {*run("export").split("\n")[:-1]} == lines(house)
    (house / "labels.rq").write_text(f"{SPARQL} SELECT ?s {{ ?s rdfs:label ?label }}", encoding="utf-8")
    assert run("query", house / "labels.rq", "-f", "csv").split() == ["s", f"{BASE}sanditon"]
    run("verify")
    assert_whole(house / "state", default_graph=STRICT)


def test_it_does_not_become_a_merge_while_it_has_statements_of_its_own(house: Path, run: Run, update: Run) -> None:
    update(f"INSERT DATA {{ {SANDITON} }}")
    before = kept(house / "state")
    told = run("build", "--default-graph", UNION, status=2)
    assert "3 statements were put into the default graph, which is to become a merge" in told
    assert "What to do: move them to a named graph first, in mode strict" in told
    assert kept(house / "state") == before
    assert "unchanged" in run("build")
    update("MOVE DEFAULT TO GRAPH <x:notes>")
    assert {MOVED, WROTE} <= lines(house)
    run("build", "--default-graph", UNION)
    assert {MOVED, WROTE} <= lines(house)
    assert_whole(house / "state", default_graph=UNION)
    (house / "merged.rq").write_text(f"{SPARQL} ASK {{ :sanditon :writtenBy/rdfs:label ?name }}", encoding="utf-8")
    assert run("query", house / "merged.rq") == "true\n"


def test_what_is_in_the_default_graph_about_the_graph_of_a_rule_is_no_conclusion(
    house: Path, run: Run, update: Run
) -> None:
    """Its last term is then the name of that graph."""
    update(f"INSERT DATA {{ :emma rdfs:seeAlso <{BASE}graph/entailed/wrote> }}")
    said = f"<{BASE}emma> <http://www.w3.org/2000/01/rdf-schema#seeAlso> <{BASE}graph/entailed/wrote> ."
    assert said in lines(house)
    assert "unchanged" in run("build")
    assert said in lines(house)


def test_what_the_default_graph_says_itself_is_no_conclusion(house: Path, run: Run, update: Run) -> None:
    update(f"INSERT DATA {{ {SANDITON} . :austen :wrote :sanditon }}")
    assert f"<{BASE}austen> <{BASE}wrote> <{BASE}sanditon> ." in lines(house)
    assert WROTE not in lines(house)
    assert "unchanged" in run("build")


def test_it_is_in_a_backup(house: Path, run: Run, update: Run, tmp_path: Path) -> None:
    update(f"INSERT DATA {{ {SANDITON} }}")
    run("backup", tmp_path / "backup")
    again = tmp_path / "again"
    run("restore", tmp_path / "backup", state=again)
    run("build", state=again)
    assert {*published(again).decode().split("\n")[:-1]} == lines(house)
    assert_whole(again, default_graph=STRICT)


def test_a_text_that_is_submitted_stays_out_of_it(house: Path, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "book.ttl"
    file.write_text(book("sanditon"), encoding="utf-8")
    run("submit", *WHO, file)
    graph = f"<{BASE}graph/submission/{head(house)}>"
    assert NAMED.replace('"Sanditon"', '"sanditon"').replace(" .", f" {graph} .") in lines(house)
    assert not [line for line in lines(house) if line.count(" ") == 3]
    assert "unchanged" in run("build")
