"""Content that is not as it must be: `kg build` says where and what to do, and what was published stays as it was."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from kg.store import Snapshots
from tests.states import kept

ROOT = Path(__file__).parents[2]
NOT_CONFORMING, ERROR = 1, 2

Kg = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with the small content, and what is told of it."""

    name: str
    file: str
    old: str
    new: str
    status: int
    told: tuple[str, ...]
    """Parts of what is told, in this order."""
    remedy: str


AUTHOR = "The author has no name; describe the author."
FAULTS = (
    Fault(
        "turtle",
        "ontology/library.ttl",
        ':Person a owl:Class ; rdfs:label "person"@en .',
        ':Person a owl:Class ; rdfs:label "person"@en',
        ERROR,
        ("ontology/library.ttl, line 7, column 1: not RDF: the statement before this place does not end",),
        "end it with `.`",
    ),
    Fault(
        "trig",
        "data/books.trig",
        ":emma a :Book ;",
        ":emma a ;",
        ERROR,
        ("data/books.trig, line 5, column 13: not RDF: ; stands where a value is expected",),
        "write an IRI in < >",
    ),
    Fault(
        "prefix",
        "data/books.trig",
        ":emma a :Book",
        "book:emma a :Book",
        ERROR,
        ("data/books.trig, line 5, column 5: not RDF", "prefix book:"),
        "add `@prefix book: <…> .`",
    ),
    Fault(
        "outside a graph",
        "data/books.trig",
        "<https://library.example/graph/books> {",
        ':emma rdfs:comment "x" . <https://library.example/graph/books> {',
        ERROR,
        ("data/books.trig: <https://library.example/emma>", "stands in no named graph"),
        "put every triple inside",
    ),
    Fault(
        "shape",
        "data/books.trig",
        ':emma a :Book ; rdfs:label "Emma"@en ; :writtenBy :austen .',
        ':emma a :Book ; rdfs:label "Emma"@en .',
        NOT_CONFORMING,
        (
            "data/books.trig\n",
            "Violation: Emma (:emma)",
            "at :writtenBy",
            "A book has an author; give it :writtenBy.",
            "shape:book-author, MinCountConstraintComponent",
            "Does not conform: 1 Violation\n",
            "nothing was published",
        ),
        "mend what the report names",
    ),
    Fault(
        "check",
        "data/books.trig",
        ':austen a :Person ; rdfs:label "Jane Austen"@en .',
        "",
        NOT_CONFORMING,
        ("data/books.trig\n", "Violation: Emma (:emma)", "at :austen", AUTHOR, "Persuasion", "2 Violations"),
        "mend what the report names",
    ),
    Fault(
        "rule syntax",
        "ontology/rules/wrote.rq",
        "WHERE { ?book :writtenBy ?person }",
        "WHERE { ?book :writtenBy ?person",
        ERROR,
        ('ontology/rules/wrote.rq, line 5, column 7: "{" is not closed',),
        "correct the query at this place",
    ),
    Fault(
        "rule prefix",
        "ontology/rules/wrote.rq",
        "?book :writtenBy",
        "?book lib:writtenBy",
        ERROR,
        ("ontology/rules/wrote.rq, line 5, column 15: the prefix lib: is not declared",),
        "PREFIX lib:",
    ),
    Fault(
        "rule form",
        "ontology/rules/wrote.rq",
        "CONSTRUCT { ?person :wrote ?book }",
        "SELECT ?person ?book",
        ERROR,
        ("ontology/rules/wrote.rq: SELECT is no rule",),
        "write a CONSTRUCT query",
    ),
    Fault(
        "rule without end",
        "ontology/rules/wrote.rq",
        "{ ?person :wrote ?book }\nWHERE { ?book :writtenBy ?person }",
        "{ [] :wrote ?book }\nWHERE { ?book :writtenBy ?person }",
        ERROR,
        ("the rules still add triples after 100 rounds",),
        "look for a rule whose CONSTRUCT makes new terms",
    ),
    Fault(
        "query syntax",
        "queries/explore/books.rq",
        "ORDER BY ?book",
        "ORDER ?book",
        ERROR,
        ("queries/explore/books.rq, line 7, column 7: ?book cannot stand here",),
        "correct the query at this place",
    ),
    Fault(
        "query header",
        "queries/explore/books.rq",
        "# title: ",
        "# titel: ",
        ERROR,
        ('queries/explore/books.rq, line 1, column 1: the header has an unknown key "titel"',),
        "use only",
    ),
    Fault(
        "check syntax",
        "queries/checks/author-without-name.rq",
        "?value rdfs:label ?name",
        "?value rdf:label ?name",
        ERROR,
        ("queries/checks/author-without-name.rq, line 9, column 30: the prefix rdf: is not declared",),
        "PREFIX rdf:",
    ),
    Fault(
        "check severity",
        "queries/checks/author-without-name.rq",
        "# severity: Violation",
        "# severity: Bad",
        ERROR,
        ("queries/checks/author-without-name.rq, line 2, column 1: severity is Bad",),
        "one of Violation, Warning, Info",
    ),
    Fault(
        "shapes syntax",
        "shapes/book.ttl",
        "sh:targetClass :Book ;",
        "sh:targetClass ;",
        ERROR,
        ("shapes/book.ttl, line 8, column 19: not Turtle",),
        "correct the file at this place",
    ),
    Fault(
        "shapes message",
        "shapes/book.ttl",
        '    sh:severity sh:Violation ;\n    sh:message "A book has an author; give it :writtenBy."@en .',
        "    sh:severity sh:Violation .",
        ERROR,
        ("shapes/book.ttl, line 11: https://library.example/shapes#book-author has no message",),
        "say in sh:message what is wrong and what to do",
    ),
    Fault(
        "catalogue base",
        "data/catalog.ttl",
        ' ;\n    void:uriSpace "https://library.example/" .',
        " .",
        ERROR,
        ("data/catalog.ttl: no values of void:uriSpace",),
        "give the dcat:Catalog one void:uriSpace",
    ),
)


@pytest.fixture(scope="module")
def real_content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the content of this repository."""
    folder = tmp_path_factory.mktemp("content")
    for name in ("ontology", "shapes", "queries", "data"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def in_order(parts: tuple[str, ...], text: str) -> bool:
    at = 0
    for part in parts:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_nothing_is_published_and_the_message_has_place_and_remedy(
    kg: Kg, small_content: Path, library: Path, fault: Fault
) -> None:
    before = kept(library)
    path = small_content / fault.file
    text = path.read_text(encoding="utf-8")
    assert text.count(fault.old) == 1
    path.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
    ended = kg("build", content=small_content, state=library)
    assert (ended.returncode, ended.stdout) == (fault.status, "")
    assert in_order(("Error: ", *fault.told) if fault.status == ERROR else fault.told, ended.stderr), ended.stderr
    assert in_order(("\nWhat to do: ", fault.remedy), ended.stderr), ended.stderr
    assert "Traceback" not in ended.stderr
    assert kept(library) == before


@pytest.mark.parametrize(
    "file",
    [
        "data/books.trig",
        "ontology/library.ttl",
        "ontology/rules/wrote.rq",
        "queries/explore/books.rq",
        "shapes/book.ttl",
    ],
)
def test_a_file_that_is_not_utf_8_is_named_with_its_line(kg: Kg, small_content: Path, library: Path, file: str) -> None:
    before = kept(library)
    path = small_content / file
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], "# Emma à Paris\n".encode("latin-1"), *lines[1:]]))
    ended = kg("build", content=small_content, state=library)
    assert ended.returncode == ERROR
    assert f"Error: {file}, line 2: not UTF-8\nWhat to do: save the file as UTF-8\n" in ended.stderr
    assert kept(library) == before


def test_content_without_a_catalogue_is_refused(kg: Kg, small_content: Path, library: Path) -> None:
    before = kept(library)
    (small_content / "data/catalog.ttl").unlink()
    ended = kg("build", content=small_content, state=library)
    assert ended.returncode == ERROR
    assert f"Error: {small_content}: the content has no catalogue\nWhat to do: write data/catalog.ttl" in ended.stderr
    assert kept(library) == before


@pytest.mark.parametrize("command", ["build", "validate"])
@pytest.mark.parametrize(
    ("file", "remedy"),
    [
        ("data/d.ttl", "put it into data/ as TriG, or into data/links/ or data/external/ as Turtle"),
        ("data/d.nt", "put it into data/ as TriG"),
        ("data/more/d.trig", "put it into data/ as TriG"),
        ("data/links/d.jsonld", "put it into data/ as TriG"),
        ("data/external/d.N3", "put it into data/ as TriG"),
        ("ontology/d.owl", "put it into ontology/ or ontology/vocabularies/ as Turtle"),
        ("ontology/rules/d.ttl", "put it into ontology/ or ontology/vocabularies/ as Turtle"),
        ("shapes/d.rdf", "put it into shapes/ as Turtle"),
        ("queries/d.nq", "put data into data/ as TriG"),
    ],
)
def test_an_rdf_file_that_is_not_read_is_an_error(
    kg: Kg, small_content: Path, library: Path, command: str, file: str, remedy: str
) -> None:
    before = kept(library)
    (small_content / file).parent.mkdir(parents=True, exist_ok=True)
    (small_content / file).write_text("<x:a> <x:b> <x:c> .", encoding="utf-8")
    ended = kg(command, content=small_content, state=library)
    assert ended.returncode == ERROR
    assert f"Error: {file}: an RDF file that is not read where it stands\nWhat to do: {remedy}" in ended.stderr
    assert kept(library) == before


def test_of_several_rdf_files_that_are_not_read_the_number_is_told(kg: Kg, small_content: Path, library: Path) -> None:
    for name in ("d.ttl", "e.nq", "f.jsonld"):
        (small_content / "data" / name).write_text("", encoding="utf-8")
    ended = kg("build", content=small_content, state=library)
    assert "Error: data/d.ttl: an RDF file that is not read where it stands, and neither are 2 more\n" in ended.stderr


def test_other_files_beside_the_content_are_left_alone(kg: Kg, small_content: Path, library: Path) -> None:
    for file in ("data/README.md", "data/books.csv", "data/external/evidence/theirs.ttl", "shapes/d.ttl~", "dump.nq"):
        (small_content / file).parent.mkdir(parents=True, exist_ok=True)
        (small_content / file).write_text("<x:a> <x:b> <x:c> .", encoding="utf-8")
    assert kg("build", content=small_content, state=library).returncode == 0


def test_rdf_files_in_a_folder_without_content_are_told(kg: Kg, tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content/d.ttl").write_text("<x:a> <x:b> <x:c> .", encoding="utf-8")
    ended = kg("build", content=tmp_path / "content", state=tmp_path / "state")
    assert ended.returncode == ERROR
    assert (
        "Error: d.ttl: an RDF file that is not read where it stands\nWhat to do: put it into data/ as TriG"
        in ended.stderr
    )


def test_content_that_nothing_judges_says_so(kg: Kg, small_content: Path, tmp_path: Path) -> None:
    for folder in ("shapes", "queries"):
        shutil.rmtree(small_content / folder)
    ended = kg("build", content=small_content, state=tmp_path / "state")
    assert ended.returncode == 0
    assert "NOT JUDGED" in ended.stderr
    assert "conforms" not in ended.stderr


# Of one file of the real content: what is broken, and what the report tells of it.
MEETING = "data/meeting-report-summary.trig"
INVITATION = "Letter of invitation to the 28th Senior Officials Meeting (deliverable:som28-invitation)"
REAL_FAULTS = {
    "shape": (
        ' emg:statusOf deliverable:som28-invitation ; emg:asOf "2022-05-18"^^xsd:date ;',
        " emg:statusOf deliverable:som28-invitation ;",
        (
            "Violation: status:som28-invitation--to-be-sent--2022-05-18",
            "at emg:asOf",
            "A status holds as of one day; give emg:asOf an xsd:date.",
            "shape:status-as-of, MinCountConstraintComponent",
        ),
    ),
    "unknown term": (
        "    deliverable:som28-invitation a emg:Deliverable ;",
        "    deliverable:som28-invitation a emg:Deliverable ; emg:noSuchTerm event:som28 ;",
        (
            f"Violation: {INVITATION}",
            "at emg:noSuchTerm",
            "checks/undeclared-term",
        ),
    ),
    "dangling reference": (
        "        emg:invitesTo event:som28 ;",
        "        emg:invitesTo event:som28 , event:no-such-event ;",
        (
            f"Violation: {INVITATION}",
            "at event:no-such-event",
            "checks/dangling-reference",
        ),
    ),
}


@pytest.mark.parametrize("name", REAL_FAULTS)
def test_a_fault_in_the_real_content_names_file_entity_rule_and_remedy(
    kg: Kg, real_content: Path, state: Path, tmp_path: Path, name: str
) -> None:
    old, new, told = REAL_FAULTS[name]
    copy = tmp_path / "state"
    shutil.copytree(state, copy, symlinks=True)
    before = kept(copy)
    path = real_content / MEETING
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    try:
        ended = kg("build", content=real_content, state=copy)
    finally:
        path.write_text(text, encoding="utf-8")
    assert ended.returncode == NOT_CONFORMING
    report = ended.stderr.partition("\n\nDoes not conform: ")[0]
    assert in_order((f"{MEETING}\n", *told), report), report
    assert in_order(("nothing was published", "\nWhat to do: mend what the report names"), ended.stderr)
    assert kept(copy) == before
    assert Snapshots(copy, memory_quads=1).current().query("ASK { ?s ?p ?o }").boolean
