"""The published graph is judged again, by its own rulebook or by other shapes; and a build tells what costs much."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.settings import UNION
from kg.store import Changeset, Ledger, Snapshots, description_of, open_primary
from tests.states import SIGNATURE, kept
from tests.stocked import BASE, NO_AUTHOR, NO_NAME
from tests.submitting import book

Kg = Callable[..., "subprocess.CompletedProcess[str]"]

TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
NAMELESS = (
    f"<{BASE}nobody> {TYPE} <{BASE}Person> <{BASE}graph/notes> .",
    f"<{BASE}nothing> {TYPE} <{BASE}Book> <{BASE}graph/notes> .",
    f"<{BASE}untitled> {TYPE} <{BASE}Book> <{BASE}graph/notes> .",
    f"<{BASE}untitled> <{BASE}writtenBy> <{BASE}nobody> <{BASE}graph/notes> .",
)
"""A book without an author, and one whose author has no name."""
PREFIXES = f"""\
@prefix : <{BASE}> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix shape: <{BASE}shapes#> .
"""


def shape(target: str, path: str, message: str, *, severity: str = "Violation") -> str:
    """Each thing of a class has a value at a path."""
    name = path.removeprefix(":").capitalize()
    return f"""{PREFIXES}
shape:{name} a sh:NodeShape ; sh:targetClass {target} ; sh:property shape:{name}-value .
shape:{name}-value a sh:PropertyShape ; sh:path {path} ; sh:minCount 1 ; sh:severity sh:{severity} ;
    sh:message "{message}"@en .
"""


NUMBERED = shape(":Book", ":isbn", "A book has a number; give it :isbn.")
AUTHORED = shape(":Book", ":writtenBy", "Somebody wrote it; tell who.")


@pytest.fixture
def audit(kg: Kg, library: Path, small_content: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Validates what is published; nothing there may change by that."""

    def run(*options: str | Path) -> subprocess.CompletedProcess[str]:
        before = kept(library)
        ended = kg("validate", *options, content=small_content, state=library)
        assert kept(library) == before
        assert "Traceback" not in ended.stderr
        return ended

    return run


def publish_unjudged(state: Path, *, added: tuple[str, ...]) -> None:
    """Publish what would not be accepted, by the same rulebook as before."""
    snapshots, ledger = Snapshots(state, memory_quads=0), Ledger(state / "ledger")
    before = snapshots.current().description
    with open_primary(snapshots, ledger, default_graph=UNION) as primary:
        primary.change(Changeset(added=added))
        primary.hold(SIGNATURE, source=f"{BASE}graph/notes")
        primary.commit()
        described = description_of(primary, base=before.base, prefixes=before.prefixes)
        primary.publish(snapshots, described, rulebook=snapshots.rulebook())


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_what_was_published_conforms_to_its_own_rulebook(audit: Kg, small_content: Path) -> None:
    """Whatever the content has become by now."""
    written(small_content / "shapes/more.ttl", NUMBERED)
    ended = audit("--all")
    assert (ended.returncode, ended.stdout) == (0, "conforms\n"), ended.stderr
    assert "from snapshot 1" in ended.stderr
    assert "judged by 1 files of shapes and 1 checks: conforms" in ended.stderr


def test_what_does_not_conform_by_now_is_told_from_all_of_the_graph(audit: Kg, library: Path) -> None:
    publish_unjudged(library, added=NAMELESS)
    ended = audit("--all")
    assert ended.returncode == 1
    assert NO_AUTHOR in ended.stdout
    assert NO_NAME in ended.stdout
    assert "Does not conform: 2 Violations" in ended.stdout
    assert "the published graph" in ended.stdout
    assert ":nothing" in ended.stdout
    assert "conforms\n" not in ended.stdout


def test_other_shapes_tell_what_they_would_break(kg: Kg, audit: Kg, library: Path, tmp_path: Path) -> None:
    """In what was built and in what was submitted."""
    submitted = kg("submit", "--author", "Ada", "-m", "A", written(tmp_path / "a.ttl", book("sanditon")), state=library)
    assert submitted.returncode == 0, submitted.stderr
    ended = audit("--against", written(tmp_path / "shapes.ttl", NUMBERED))
    assert ended.returncode == 1
    assert "A book has a number" in ended.stdout
    assert "Does not conform: 3 Violations" in ended.stdout
    for title in ("Emma", "Persuasion", "sanditon"):
        assert title in ended.stdout
    assert "judged by 1 files of shapes and 0 checks: 3 results" in ended.stderr


def test_other_shapes_judge_alone(audit: Kg, library: Path, tmp_path: Path) -> None:
    """The rulebook of the published graph has no say then."""
    publish_unjudged(library, added=NAMELESS[:1] + NAMELESS[2:])
    ended = audit("--against", written(tmp_path / "shapes.ttl", AUTHORED))
    assert (ended.returncode, ended.stdout) == (0, "conforms\n")
    assert audit("--all").returncode == 1


def test_a_folder_of_shapes_is_read_whole_and_several_may_be_named(audit: Kg, tmp_path: Path) -> None:
    folder = tmp_path / "shapes"
    written(folder / "authored.ttl", AUTHORED)
    written(folder / "deep/numbered.ttl", NUMBERED)
    written(folder / "remark.txt", "no shape")
    printed = written(tmp_path / "printed.ttl", shape(":Book", ":printed", "A book was printed; tell when."))
    for against, results in (([folder], 2), ([folder, printed], 4), ([printed], 2)):
        ended = audit(*(option for each in against for option in ("--against", each)))
        assert ended.returncode == 1
        assert f"Does not conform: {results} Violations" in ended.stdout
        assert ("A book has a number" in ended.stdout) is (folder in against)
        assert ("A book was printed" in ended.stdout) is (printed in against)


def test_a_warning_is_told_and_breaks_nothing(audit: Kg, tmp_path: Path) -> None:
    text = shape(":Book", ":isbn", "A book may have a number; give it :isbn.", severity="Warning")
    ended = audit("--against", written(tmp_path / "shapes.ttl", text))
    assert ended.returncode == 0
    assert "2 Warnings" in ended.stdout


def test_shapes_see_what_is_asserted_and_not_what_follows(audit: Kg, tmp_path: Path) -> None:
    ended = audit(
        "--against", written(tmp_path / "shapes.ttl", shape(":Person", ":wrote", "A person wrote; tell what."))
    )
    assert ended.returncode == 1
    assert "Does not conform: 1 Violation" in ended.stdout
    assert "Jane Austen" in ended.stdout


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("@prefix : <x:> .\n:a :b", "shapes.ttl, line 2"),
        (NUMBERED.replace("sh:minCount 1", 'sh:minCount "one"'), "shapes.ttl"),
        (NUMBERED.replace("shape:Isbn-value a", "shape:other a"), "shapes.ttl"),
        (NUMBERED.replace("sh:severity sh:Violation ;", ""), "shapes.ttl"),
        ("\udcff", "shapes cannot be read"),
    ],
    ids=["broken off", "no number", "a shape that is missing", "no severity", "not UTF-8"],
)
def test_shapes_that_are_not_as_they_must_be_are_told(audit: Kg, tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "shapes.ttl"
    file.write_bytes(text.encode(errors="surrogateescape"))
    ended = audit("--against", file)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert says in ended.stderr
    assert "What to do: " in ended.stderr


def test_where_there_are_no_shapes_nothing_is_said_to_conform(audit: Kg, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for missing, says in (("nowhere.ttl", "shapes cannot be read"), ("empty", "there is no file of shapes")):
        ended = audit("--against", tmp_path / missing)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert says in ended.stderr
        assert "name Turtle files or folders of them" in ended.stderr


def test_files_are_judged_with_the_content_and_not_with_what_is_published(audit: Kg, tmp_path: Path) -> None:
    shapes, file = written(tmp_path / "shapes.ttl", AUTHORED), written(tmp_path / "a.ttl", book("sanditon"))
    for options in (["--all", file], ["--against", shapes, file]):
        ended = audit(*options)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "What to do: leave out --all and --against" in ended.stderr


def test_without_a_build_there_is_nothing_to_judge(kg: Kg, small_content: Path, tmp_path: Path) -> None:
    shapes = written(tmp_path / "shapes.ttl", AUTHORED)
    for options in (["--all"], ["--against", shapes]):
        ended = kg("validate", *options, content=small_content, state=tmp_path / "state")
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "nothing has been built" in ended.stderr


# What costs much.


COSTLY = {
    "shape": (
        "shapes/pairs.ttl",
        f"""{PREFIXES}
shape:Pair a sh:NodeShape ; sh:targetClass :Book ; sh:severity sh:Violation ; sh:message "No."@en ;
    sh:sparql [ a sh:SPARQLConstraint ; sh:select "SELECT $this ?value WHERE {{ ?value <{BASE}never> ?other }}" ] .
""",
    ),
    "rule": (
        "ontology/rules/near.rq",
        "# title: What is near\n"
        f"CONSTRUCT {{ ?x <{BASE}near> ?y }} WHERE {{ ?x <{BASE}by> ?y FILTER (!EXISTS {{ ?x <{BASE}off> ?z }}) }}\n",
    ),
    "check": (
        "queries/checks/never.rq",
        "# title: Nothing is ever so\n# severity: Violation\n"
        f"SELECT ?focus ?value ?message WHERE {{ ?focus <{BASE}never> ?value . "
        f'FILTER (!EXISTS {{ ?focus <{BASE}off> ?z }}) BIND ("No; mend it." AS ?message) }} ORDER BY ?focus ?value\n',
    ),
}


@pytest.mark.parametrize("kind", COSTLY)
def test_a_build_tells_what_is_evaluated_over_the_whole_graph(
    kg: Kg, small_content: Path, library: Path, kind: str
) -> None:
    assert "COSTS" not in kg("build", content=small_content, state=library).stderr
    file, text = COSTLY[kind]
    written(small_content / file, text)
    for command in ("validate", "build"):
        ended = kg(command, content=small_content, state=library)
        assert ended.returncode == 0, ended.stderr
        [line] = [line for line in ended.stderr.splitlines() if "COSTS" in line]
        assert line.startswith(f"COSTS: the {kind} ")
        assert Path(file).stem in line.lower() or "pair" in line.lower()
        assert "is evaluated over the whole graph at each submission: " in line
        assert not line.endswith(": ")
