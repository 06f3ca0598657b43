"""HermiT finds what is wrong in a graph, Pellet says why; Java is found or plainly missed, and never left running."""

import shutil
import subprocess
import time
import uuid
from contextlib import suppress
from pathlib import Path

import pytest
from rdflib import Graph

from kg.errors import ContentError, JavaMissing, ReasonerFailed
from kg.ontology import Verdict, find_java, reason

JAVA = shutil.which("java")
needs_java = pytest.mark.skipif(JAVA is None, reason="NO JAVA IN PATH: the OWL reasoner was not tested")

EX = "https://example.org/"
PREFIXES = f"""
PREFIX ex: <{EX}>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""
ONTOLOGY = """
ex:A a owl:Class ; owl:disjointWith ex:B .
ex:B a owl:Class .
ex:C a owl:Class ; rdfs:subClassOf [ a owl:Class ; owl:complementOf ex:D ] .
ex:D a owl:Class .
[] a owl:AllDisjointClasses ; owl:members ( ex:A ex:C ) .
ex:after a owl:ObjectProperty , owl:AsymmetricProperty .
ex:number a owl:DatatypeProperty , owl:FunctionalProperty .
ex:word a owl:DatatypeProperty ; rdfs:range rdf:langString .
"""


def graph(turtle: str) -> str:
    return Graph().parse(data=PREFIXES + ONTOLOGY + turtle, format="turtle").serialize(format="nt")


def verdict_on(turtle: str) -> Verdict:
    assert JAVA
    return reason(graph(turtle), java=Path(JAVA), seconds=60)


def is_running_with(variable: str) -> bool:
    """Whether a process has a variable in its environment."""
    for file in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # it has ended, or is not ours
            if variable.encode() in file.read_bytes():
                return True
    return False


def ends_with(variable: str) -> bool:
    """Whether no process has the variable any more; what was killed may take a moment to vanish."""
    for _ in range(100):
        if not is_running_with(variable):
            return True
        time.sleep(0.1)
    return False


@needs_java
def test_what_has_no_defect_is_coherent_and_needs_no_explanation(capfd: pytest.CaptureFixture[str]) -> None:
    verdict = verdict_on("ex:one a ex:A ; ex:number 1 ; ex:after ex:two . ex:two a ex:B ; ex:word 'zwei'@de .")
    assert verdict == Verdict(consistent=True, unsatisfiable=(), explanation="")
    assert verdict.coherent
    assert capfd.readouterr() == ("", "")


@needs_java
def test_a_thing_of_two_disjoint_classes_is_a_contradiction_with_its_reason() -> None:
    verdict = verdict_on("ex:thing a ex:A , ex:B .")
    assert not verdict.consistent
    assert not verdict.coherent
    assert verdict.unsatisfiable == ()
    for axiom in ("thing type A", "thing type B", "A disjointWith B"):
        assert axiom in verdict.explanation


@needs_java
def test_a_class_that_can_have_no_member_is_named_with_its_reason() -> None:
    verdict = verdict_on(
        "ex:Odd a owl:Class ; rdfs:subClassOf ex:A , ex:B . ex:Also a owl:Class ; rdfs:subClassOf ex:Odd ."
    )
    assert verdict.consistent
    assert not verdict.coherent
    assert verdict.unsatisfiable == (f"{EX}Also", f"{EX}Odd")
    for axiom in ("Odd subClassOf A", "Odd subClassOf B", "Also subClassOf Odd"):
        assert axiom in verdict.explanation


@needs_java
@pytest.mark.parametrize(
    "contradiction",
    [
        "ex:thing a ex:A , ex:C .",
        "ex:thing a ex:C , ex:D .",
        "ex:thing ex:number 1 , 2 .",
        "ex:one ex:after ex:two . ex:two ex:after ex:one .",
        "ex:thing ex:word 1 .",
        r"ex:thing a ex:A , ex:B ; rdfs:label 'é \\ \r\n \" 漢𐍈'@de .",
        "<urn:x-é:1> a ex:A , ex:B .",
    ],
    ids=["list", "class without a name", "functional", "asymmetric", "language", "escapes", "not ASCII"],
)
def test_each_form_of_axiom_and_term_reaches_the_reasoner(contradiction: str) -> None:
    assert not verdict_on(contradiction).consistent


@needs_java
def test_datatypes_outside_owl_are_passed_over() -> None:
    edtf = "<http://id.loc.gov/datatypes/edtf/EDTF>"
    assert verdict_on(f"ex:thing ex:number '2022-05-18'^^xsd:date , '2022-23'^^{edtf} .").coherent


@needs_java
def test_imports_are_not_fetched_and_no_module_is_run() -> None:
    module = "<http://www.lesfleursdunormal.fr/static/_downloads/owlready_ontology.owl#python_module>"
    imports = "owl:imports <http://127.0.0.1:9/> , <file:///no/such/ontology>"
    assert verdict_on(f"ex:o a owl:Ontology ; {imports} ; {module} 'no_such_module' .").coherent


@needs_java
def test_a_literal_without_a_value_is_named() -> None:
    with pytest.raises(ContentError, match=r'thing> .*number> "three"'):
        verdict_on("ex:thing ex:number 'three'^^xsd:integer .")


@needs_java
def test_axioms_beyond_owl_dl_get_no_verdict() -> None:
    with pytest.raises(ReasonerFailed, match="Non-simple property"):
        verdict_on("ex:after a owl:TransitiveProperty . ex:one ex:after ex:two .")


@needs_java
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="NO /proc: what is left running cannot be seen")
def test_nothing_is_left_running_after_the_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = str(uuid.uuid4())
    monkeypatch.setenv("MARK", mark)
    with subprocess.Popen(["sleep", "300"]) as sleeping:
        assert is_running_with(mark)
        sleeping.kill()
    assert ends_with(mark)
    assert JAVA
    with pytest.raises(ReasonerFailed, match="in time") as caught:
        reason(graph(""), java=Path(JAVA), seconds=0.1)
    assert not is_running_with(mark)
    assert "KG_REASON_SECONDS" in caught.value.remedy
    endless = tmp_path / "java"
    endless.write_text("#!/bin/sh\nsleep 3000\nexit 0\n")
    endless.chmod(0o755)
    with pytest.raises(ReasonerFailed, match="in time"):
        reason(graph(""), java=endless, seconds=0.1)
    assert ends_with(mark)


def test_a_program_that_is_no_java_gives_no_verdict() -> None:
    with pytest.raises(ReasonerFailed, match="no verdict"):
        reason(graph(""), java=Path("/bin/true"), seconds=60)
    with pytest.raises(ReasonerFailed, match="/no/java cannot run"):
        reason(graph(""), java=Path("/no/java"), seconds=60)


def test_java_is_what_is_set_then_that_of_java_home_then_that_in_path(tmp_path: Path) -> None:
    for folder in ("set", "home/bin", "path"):
        program = tmp_path / folder / "java"
        program.parent.mkdir(parents=True)
        program.touch(mode=0o755)
    environ = {"JAVA_HOME": str(tmp_path / "home"), "PATH": str(tmp_path / "path")}
    assert find_java(tmp_path / "set/java", environ) == tmp_path / "set/java"
    assert find_java(None, environ) == tmp_path / "home/bin/java"
    assert find_java(None, environ | {"JAVA_HOME": str(tmp_path)}) == tmp_path / "path/java"
    assert find_java(None, {"PATH": str(tmp_path / "path")}) == tmp_path / "path/java"


@pytest.mark.parametrize("setting", [None, Path("/no/java")])
def test_without_java_the_remedy_names_the_package(setting: Path | None) -> None:
    with pytest.raises(JavaMissing) as caught:
        find_java(setting, {"PATH": "", "JAVA_HOME": "/no/home"})
    assert "default-jre-headless" in caught.value.remedy
