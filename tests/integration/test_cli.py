"""The command `kg`, as a process: what it prints, what it tells on standard error, and how it ends."""

import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from rdflib import Graph, URIRef
from rdflib.compare import isomorphic

from kg.cli import main
from kg.store import Snapshot
from tests.states import kept, published

ROOT = Path(__file__).parents[2]
HEADLINE = ROOT / "queries/competency/deliverables-supporting-framework.rq"
BASE = "https://library.example/"
LABEL = "<http://www.w3.org/2000/01/rdf-schema#label>"
BOOKS = f"SELECT ?label WHERE {{ ?book a <{BASE}Book> ; {LABEL} ?label }} ORDER BY ?label"

Kg = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def kg(installed_kg: Kg) -> Kg:
    """The command as people start it, with nothing loaded before."""
    return installed_kg


# Help.


def test_help_lists_every_command_with_what_it_does(kg: Kg, tmp_path: Path) -> None:
    for flag in ("--help", "-h"):
        ended = kg(flag, state=tmp_path)
        assert (ended.returncode, ended.stderr) == (0, "")
        listed = [line.split()[0] for line in ended.stdout.partition("Commands:")[2].strip().splitlines()]
        assert listed == sorted(main.commands)
        assert set(listed) >= {"build", "query", "serve", "stats", "validate"}


@pytest.mark.parametrize("name", sorted(main.commands))
def test_each_command_has_help_about_itself_and_every_option(kg: Kg, tmp_path: Path, name: str) -> None:
    command = main.commands[name]
    ended = kg(name, "--help", state=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"Usage: kg {name}")
    text = " ".join(ended.stdout.split())
    assert command.help
    assert " ".join(command.help.split()) in text
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help
            assert parameter.opts[-1] in text
            assert " ".join(parameter.help.split()) in text


def test_it_tells_its_version(kg: Kg, tmp_path: Path) -> None:
    assert kg("--version", state=tmp_path).stdout.split()[-1] == "0.1.0"


# Build.


def test_build_tells_each_step_and_publishes(kg: Kg, small_content: Path, tmp_path: Path) -> None:
    ended = kg("build", content=small_content, state=tmp_path / "state")
    assert (ended.returncode, ended.stdout) == (0, "")
    steps = ended.stderr.splitlines()
    assert [step.split()[0] for step in steps] == ["read", "entailed", "judged", "published"]
    assert "entailed 2 statements by 1 rules" in steps
    assert "judged by 1 files of shapes and 1 checks: conforms" in steps
    assert published(tmp_path / "state").count(b"\n") == int(steps[-1].split()[-2])


def test_building_again_changes_nothing_and_says_so(kg: Kg, small_content: Path, library: Path) -> None:
    before = kept(library)
    ended = kg("build", content=small_content, state=library)
    assert ended.returncode == 0
    assert "unchanged: snapshot 1" in ended.stderr
    assert kept(library) == before


def test_the_same_content_gives_the_same_bytes_in_any_place_and_locale(
    kg: Kg, small_content: Path, library: Path, tmp_path: Path
) -> None:
    moved = shutil.copytree(small_content, tmp_path / "elsewhere/content")
    environ = {"LC_ALL": "C", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "7"}
    assert kg("build", content=moved, state=tmp_path / "other", **environ).returncode == 0
    assert published(tmp_path / "other") == published(library)


def test_the_default_graph_can_be_strict(kg: Kg, small_content: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert kg("build", "--default-graph", "strict", content=small_content, state=state).returncode == 0
    assert kg("query", "-", "-f", "csv", state=state, stdin=BOOKS).stdout.splitlines() == ["label"]
    named = BOOKS.replace("WHERE", f"FROM <{BASE}graph/books> WHERE")
    assert kg("query", "-", "-f", "csv", state=state, stdin=named).stdout.splitlines() == [
        "label",
        "Emma",
        "Persuasion",
    ]


def test_a_query_of_a_graph_that_is_not_there_is_refused(kg: Kg, library: Path) -> None:
    named = BOOKS.replace("WHERE", f"FROM <{BASE}graph/boks> WHERE")
    ended = kg("query", "-", state=library, stdin=named)
    assert ended.returncode == 2
    assert f"Error: there is no graph <{BASE}graph/boks> here" in ended.stderr
    assert f"What to do: did you mean <{BASE}graph/books>? " in ended.stderr


def test_content_can_be_published_under_another_base(kg: Kg, small_content: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert kg("build", content=small_content, state=state, KG_BASE_IRI="https://other.example/kg/").returncode == 0
    text = published(state).decode()
    assert "<https://other.example/kg/emma>" in text
    assert BASE not in text


def test_a_folder_that_does_not_exist_is_named_with_a_remedy(kg: Kg, tmp_path: Path) -> None:
    ended = kg("build", content=tmp_path / "nowhere", state=tmp_path / "state")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "nowhere: there is no such folder" in ended.stderr
    assert "What to do: name a folder" in ended.stderr


def test_a_state_folder_that_cannot_be_written_is_named_with_a_remedy(
    kg: Kg, small_content: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    ended = kg("build", content=small_content, state=tmp_path / "file/state")
    assert ended.returncode == 2
    assert "file/state cannot be used" in ended.stderr
    assert "What to do: look at its owner and free space" in ended.stderr
    assert "Traceback" not in ended.stderr


# Validate.


def test_validate_says_that_content_conforms_and_publishes_nothing(kg: Kg, small_content: Path, tmp_path: Path) -> None:
    ended = kg("validate", content=small_content, state=tmp_path / "state")
    assert (ended.returncode, ended.stdout) == (0, "conforms\n")
    assert not (tmp_path / "state").exists()


def test_validate_judges_files_as_if_they_were_part_of_the_content(kg: Kg, small_content: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.ttl", tmp_path / "bad.ttl"
    good.write_text(f"<{BASE}x> a <{BASE}Book> ; <{BASE}writtenBy> <{BASE}austen> .", encoding="utf-8")
    bad.write_text(f'<{BASE}y> a <{BASE}Book> ; <{BASE}title> "Y" .', encoding="utf-8")
    assert kg("validate", good, content=small_content, state=tmp_path).returncode == 0
    ended = kg("validate", good, bad, content=small_content, state=tmp_path)
    assert ended.returncode == 1
    assert "bad.ttl" in ended.stdout
    assert "good.ttl" not in ended.stdout
    assert "A book has an author; give it :writtenBy." in ended.stdout
    assert "Does not conform: 1 Violation" in ended.stdout


def test_validate_refuses_what_it_cannot_read(kg: Kg, small_content: Path, tmp_path: Path) -> None:
    ended = kg("validate", tmp_path / "missing.ttl", content=small_content, state=tmp_path)
    assert ended.returncode == 2
    assert "missing.ttl: cannot be read" in ended.stderr
    ended = kg("validate", ROOT / "README.md", content=small_content, state=tmp_path)
    assert ended.returncode == 2
    assert "What to do: give a Turtle or a TriG file" in ended.stderr


# Query.


def test_an_answer_is_a_table_for_people_with_the_count_apart(kg: Kg, library: Path, small_content: Path) -> None:
    ended = kg("query", small_content / "queries/explore/books.rq", state=library)
    assert ended.returncode == 0
    assert ended.stdout.splitlines() == [
        "book        author",
        "----------  -----------",
        "Emma        Jane Austen",
        "Persuasion  Jane Austen",
    ]
    assert ended.stderr == "2 rows\n"


def test_a_query_from_standard_input_is_answered_as_json_and_csv(kg: Kg, library: Path) -> None:
    found = json.loads(kg("query", "-", "-f", "json", state=library, stdin=BOOKS).stdout)
    assert [row["label"]["value"] for row in found["results"]["bindings"]] == ["Emma", "Persuasion"]
    rows = list(csv.reader(kg("query", "-", "--format", "csv", state=library, stdin=BOOKS).stdout.splitlines()))
    assert rows == [["label"], ["Emma"], ["Persuasion"]]


def test_a_graph_is_answered_as_turtle_and_ntriples(kg: Kg, library: Path) -> None:
    text = f"CONSTRUCT WHERE {{ <{BASE}emma> ?p ?o }}"
    graphs = [
        Graph().parse(data=kg("query", "-", "-f", name, state=library, stdin=text).stdout, format=parser)
        for name, parser in (("turtle", "turtle"), ("nt", "nt"))
    ]
    assert isomorphic(*graphs)
    assert (URIRef(f"{BASE}emma"), URIRef(f"{BASE}writtenBy"), URIRef(f"{BASE}austen")) in graphs[0]


def test_a_yes_or_no_is_a_word(kg: Kg, library: Path) -> None:
    assert kg("query", "-", state=library, stdin=f"ASK {{ <{BASE}emma> ?p ?o }}").stdout == "true\n"
    assert kg("query", "-", state=library, stdin=f"ASK {{ <{BASE}nobody> ?p ?o }}").stdout == "false\n"


def test_an_empty_answer_is_explained_beside_it(kg: Kg, library: Path) -> None:
    text = f"SELECT ?author\nWHERE {{ ?book <{BASE}writenBy> ?author }}"
    told = [
        f"<{BASE}writenBy> is not in the graph. Did you mean :writtenBy (written by)?",
        "Nothing in the graph matches this part (line 2, column 15 of the query):",
        f"?book <{BASE}writenBy> ?author",
    ]
    table, rows = kg("query", "-", state=library, stdin=text), kg("query", "-", "-f", "csv", state=library, stdin=text)
    assert (table.stderr.splitlines(), table.returncode) == (["0 rows", *told], 0)
    assert (rows.stdout, rows.stderr.splitlines(), rows.returncode) == ("author\n", told, 0)
    turned = kg("query", "-", state=library, stdin=f"ASK {{ <{BASE}austen> <{BASE}writtenBy> ?book }}")
    assert turned.stdout == "false\n"
    assert turned.stderr.endswith("With subject and object the other way round there are matches.\n")
    found = kg("query", "-", "-f", "nt", state=library, stdin=f"DESCRIBE <{BASE}emma>")
    assert (bool(found.stdout), found.stderr) == (True, "")


def test_the_headline_question_is_answered_on_the_real_content(kg: Kg, state: Path, built: Snapshot) -> None:
    ended = kg("query", HEADLINE, "-f", "json", state=state)
    found = [row["deliverable"]["value"] for row in json.loads(ended.stdout)["results"]["bindings"]]
    expected = [row[0].value for row in built.query(HEADLINE.read_text(encoding="utf-8")).rows() if row[0]]
    assert found == expected
    assert "https://w3id.org/unemg/id/deliverable/bio-mr-framework" in found


@pytest.mark.parametrize(
    ("arguments", "stdin", "message", "remedy"),
    [
        (("-",), "SELECT ?s WHERE {\n  ?s ex:p ?o }", "line 2, column 6: the prefix ex: is not declared", "PREFIX ex:"),
        (("-",), "SELECT ?s WHERE {\n  ?s ?p ?o", 'line 1, column 17: "{" is not closed', ""),
        (("-",), "DELETE WHERE { ?s ?p ?o }", "changes nothing", "ask with SELECT"),
        (("-",), "SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }", "SERVICE", "its own endpoint"),
        (("-", "-f", "png"), BOOKS, "png is no format for the answer to SELECT", "use one of json, xml, csv, tsv"),
        (("-", "-f", "csv"), "DESCRIBE <x:a>", "csv is no format for the answer to DESCRIBE", "use one of turtle"),
        (("-", "-f", "html"), BOOKS, "html is no format", "use one of json"),
    ],
    ids=["prefix", "syntax", "update", "service", "unknown format", "format of another kind", "html"],
)
def test_a_query_that_cannot_be_answered_has_a_place_and_a_remedy(
    kg: Kg, library: Path, arguments: tuple[str, ...], stdin: str, message: str, remedy: str
) -> None:
    ended = kg("query", *arguments, state=library, stdin=stdin)
    assert (ended.returncode, ended.stdout) == (2, "")
    told = ended.stderr.splitlines()
    assert len(told) == 2
    assert told[0].startswith("Error: ")
    assert message in told[0]
    assert told[1].startswith("What to do: ")
    assert remedy in told[1]


def test_a_query_that_is_not_utf_8_is_refused_with_a_remedy(kg: Kg, library: Path, tmp_path: Path) -> None:
    (tmp_path / "latin.rq").write_bytes("SELECT ?é {}".encode("latin-1"))
    ended = kg("query", tmp_path / "latin.rq", state=library)
    assert ended.returncode == 2
    assert ended.stderr == "Error: the query is not UTF-8\nWhat to do: save it as UTF-8\n"


def test_a_query_file_that_does_not_exist_is_a_wrong_call(kg: Kg, library: Path) -> None:
    ended = kg("query", "missing.rq", state=library)
    assert ended.returncode == 2
    assert "missing.rq" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_reader_that_goes_away_is_no_error(
    kg_command: tuple[Path, dict[str, str]], library: Path, tmp_path: Path
) -> None:
    program, environ = kg_command
    long = "SELECT ?a ?b ?c ?d WHERE { ?a ?p ?x . ?b ?q ?y . ?c ?r ?z } ORDER BY ?a"
    with subprocess.Popen(
        [program, "--state", library, "query", "-", "-f", "csv"],
        env=environ | {"PYTHONUNBUFFERED": ""},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(long.encode())
        process.stdin.close()
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(60) != 0
        assert process.stderr.read() == b""


# What needs a build, says so.


@pytest.mark.parametrize("arguments", [("query", "-"), ("query", "-", "-f", "json"), ("stats",)])
def test_without_a_build_it_says_what_to_do(kg: Kg, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ended = kg(*arguments, state=tmp_path / "state", stdin=BOOKS)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"nothing has been built in {tmp_path / 'state'}" in ended.stderr
    assert "What to do: run `kg build`" in ended.stderr


# Stats and settings.


def test_stats_tell_what_the_snapshot_holds(kg: Kg, library: Path) -> None:
    ended = kg("stats", state=library)
    assert (ended.returncode, ended.stderr) == (0, "")
    first, second, *classes = ended.stdout.splitlines()
    nquads = published(library).decode().split("\n")[:-1]
    digest = json.loads((library / "current/snapshot.json").read_text())["digest"]
    assert first == f"Library: snapshot 1, sha256 {digest}"
    assert second == f"{len(nquads)} statements in {len({line.split()[-2] for line in nquads})} named graphs"
    assert {(int(row.split()[0]), row.split(maxsplit=1)[1]) for row in classes} == {(2, "book"), (1, "person")}


def test_settings_come_from_the_environment_and_options_go_before(
    kg_command: tuple[Path, dict[str, str]], library: Path, tmp_path: Path
) -> None:
    program, environ = kg_command

    def stats(*options: str | Path, state: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *options, "stats"],
            env=environ | {"KG_STATE": str(state)},
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )

    assert stats(state=library).stdout.startswith("Library: snapshot 1")
    assert stats(state=tmp_path / "other").returncode == 2
    assert stats("--state", library, state=tmp_path / "other").stdout == stats(state=library).stdout


def test_a_setting_that_cannot_be_used_is_named_with_a_remedy(kg: Kg, library: Path) -> None:
    ended = kg("stats", state=library, KG_PORT="eighty")
    assert ended.returncode == 2
    assert ended.stderr == "Error: KG_PORT is 'eighty'\nWhat to do: give a whole number of at least 1\n"


def test_files_that_begin_with_a_byte_order_mark_are_read(kg: Kg, small_content: Path, tmp_path: Path) -> None:
    for name in ("data/books.trig", "queries/explore/books.rq", "shapes/book.ttl"):
        file = small_content / name
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    built = kg("build", content=small_content, state=tmp_path / "marked")
    assert built.returncode == 0, built.stderr
    asked = kg("query", "-", "-f", "json", state=tmp_path / "marked", stdin="\ufeffASK { ?s ?p ?o }")
    assert '"boolean":true' in asked.stdout
