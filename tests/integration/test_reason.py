"""`kg reason` on the real content, as a process: what it finds, what it tells, and how it ends."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Kg

ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]
needs_java = pytest.mark.skipif(not shutil.which("java"), reason="NO JAVA IN PATH: `kg reason` was not tested")

PREFIXES = """
@prefix emg: <https://w3id.org/unemg/ontology#> .
@prefix id: <https://w3id.org/unemg/id/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""


@pytest.fixture
def content(tmp_path: Path) -> Path:
    for folder in ("ontology", "data"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


@pytest.fixture
def run(kg: Kg, tmp_path: Path) -> Run:
    """Runs `kg reason` over a content, with an environment."""

    def run(*arguments: str, content: Path = ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
        return kg("reason", *arguments, content=content, state=tmp_path / "state", **environ)

    return run


@needs_java
def test_the_content_is_consistent_and_every_class_can_have_members(run: Run) -> None:
    ended = run()
    assert (ended.returncode, ended.stdout) == (0, "consistent, and every class can have members\n")
    assert "statements from" in ended.stderr


@needs_java
@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("<https://w3id.org/unemg/id/agency/unep> a emg:Place .", ("unep type Place", "Agent")),
        ("id:x a emg:Document , emg:Passage .", ("x type Document", "x type Passage")),
        ("id:x a emg:Body , emg:Person .", ("x type Body", "x type Person")),
        ("id:x emg:row 1 , 2 .", ("x row 1", "x row 2")),
        ("id:x emg:under id:y . id:y emg:under id:x .", ("x under y", "y under x")),
        ("id:x emg:cell <https://w3id.org/unemg/id/agency/unep> .", ("unep", "Concept")),
    ],
    ids=["two kinds", "document", "agents", "functional", "asymmetric", "range"],
)
def test_a_contradiction_is_explained(run: Run, content: Path, statement: str, named: tuple[str, ...]) -> None:
    graph = f"{PREFIXES}<https://w3id.org/unemg/graph/x> {{ {statement} }}"
    (content / "data/x.trig").write_text(graph, encoding="utf-8")
    ended = run(content=content)
    assert ended.returncode == 1
    assert ended.stdout.startswith("INCONSISTENT")
    for part in named:
        assert part in ended.stdout


@needs_java
def test_what_is_a_document_may_be_a_deliverable_too(run: Run, content: Path) -> None:
    graph = f"{PREFIXES}<https://w3id.org/unemg/graph/x> {{ id:x a emg:Document , emg:Deliverable }}"
    (content / "data/x.trig").write_text(graph, encoding="utf-8")
    assert run(content=content).returncode == 0


@needs_java
def test_a_class_without_possible_members_is_named_and_explained(run: Run, content: Path) -> None:
    (content / "ontology/x.ttl").write_text(
        f"{PREFIXES} emg:Impossible a owl:Class ; rdfs:subClassOf emg:Agency , emg:Event .", encoding="utf-8"
    )
    ended = run(content=content)
    assert ended.returncode == 1
    assert "UNSATISFIABLE: https://w3id.org/unemg/ontology#Impossible" in ended.stdout
    assert "Impossible subClassOf Event" in ended.stdout
    assert "INCONSISTENT" not in ended.stdout


def test_without_java_it_fails_and_says_what_to_install(run: Run) -> None:
    ended = run(PATH="", JAVA_HOME="")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "there is no Java" in ended.stderr
    assert "default-jre-headless" in ended.stderr
    assert "all other checks work without" in ended.stderr


def test_where_java_is_optional_its_absence_is_told(run: Run) -> None:
    ended = run("--if-java", PATH="", JAVA_HOME="")
    assert ended.returncode == 0
    assert ended.stdout.startswith("NOT REASONED")
    assert "consistent" not in ended.stdout


def test_a_java_that_is_set_but_missing_is_no_optional_java(run: Run) -> None:
    assert run("--if-java", KG_JAVA="/no/java").returncode == 2


def test_the_setting_ends_what_does_not_end_by_itself(run: Run, tmp_path: Path) -> None:
    endless = tmp_path / "java"
    endless.write_text("#!/bin/sh\nsleep 300\nexit 0\n")
    endless.chmod(0o755)
    ended = run(KG_JAVA=str(endless), KG_REASON_SECONDS="1")
    assert ended.returncode == 2
    assert "did not end in time" in ended.stderr
