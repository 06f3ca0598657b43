"""What owlready2 makes of a graph: Python objects of an ontology, and what an OWL reasoner says of it.

HermiT judges, Pellet explains; both come with owlready2 and run on Java.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from owlready2 import OwlReadyOntologyParsingError, World
from owlready2.base import owl_imports
from owlready2.reasoning import _HERMIT_CLASSPATH, _PELLET_CLASSPATH

from kg.errors import ContentError, JavaMissing, ReasonerFailed
from kg.namespaces import PREFIXES

# The reasoners are older than RDF 1.1. They take rdf:langString for a class, and a property with that range for one
# that relates individuals; text with a language is rdf:PlainLiteral to them.
# Source: RDF 1.1 Concepts §3.3; OWL 2 Structural Specification §4.3.
_LANGUAGE_TEXT: Final = (f"<{PREFIXES['rdf']}langString> .\n", f"<{PREFIXES['rdf']}PlainLiteral> .\n")
_NOTHING: Final = f"{PREFIXES['owl']}Nothing"

# Most of a run is the start of Java: its quick compiler alone halves the time.
_JVM_OPTIONS: Final = ("-Xmx2g", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8")
# Dates are not in OWL's datatype map, and a datatype that HermiT does not know would stop it.
_HERMIT: Final = (
    "-cp", _HERMIT_CLASSPATH, "org.semanticweb.HermiT.cli.CommandLine",
    "--ignoreUnsupportedDatatypes", "--no-prefixes", "--unsatisfiable",
)  # fmt: skip
_PELLET: Final = ("-cp", _PELLET_CLASSPATH, "pellet.Pellet", "explain", "--ignore-imports")
_VERDICT_GIVEN: Final = "Classes equivalent to"
_CONTRADICTION: Final = "InconsistentOntologyException"
_EXPLANATION_GIVEN: Final = "Explanation(s):"
_LINES_OF_ERROR: Final = 3

# What loading an ontology would fetch, or run.
_NOT_LOADED: Final = (
    f" <{PREFIXES['owl']}imports> ",
    " <http://www.lesfleursdunormal.fr/static/_downloads/owlready_ontology.owl#python_module> ",
)


@dataclass(frozen=True)
class Verdict:
    """What the reasoners found."""

    consistent: bool
    """Whether no statement contradicts the others."""
    unsatisfiable: tuple[str, ...]
    """The IRIs of classes that can have no member, sorted, without owl:Nothing; none are told when inconsistent."""
    explanation: str
    """For each defect a set of axioms that suffices for it, in Manchester Syntax; empty where there is no defect."""

    @property
    def coherent(self) -> bool:
        """Whether the graph is consistent and every class can have members."""
        return self.consistent and not self.unsatisfiable


def find_java(setting: Path | None, environ: Mapping[str, str]) -> Path:
    """The Java program: the one that is set, or else that of JAVA_HOME, or else the first `java` in PATH.

    Raises:
        JavaMissing: there is none, or what is set is no program.
    """
    home = environ.get("JAVA_HOME")
    names = [str(setting)] if setting else [*([f"{home}/bin/java"] if home else []), "java"]
    for name in names:
        found = shutil.which(name, path=environ.get("PATH", ""))
        if found:
            return Path(found)
    raise JavaMissing(
        f"{setting} is no program that can run" if setting else "there is no Java, and the reasoner needs it",
        remedy="install a Java runtime (Debian: apt install default-jre-headless) or name its program in KG_JAVA; "
        "all other checks work without",
    )


def reason(ntriples: str, *, java: Path, seconds: float) -> Verdict:
    """The verdict on an RDF graph, given as N-Triples and read as an OWL 2 DL ontology with its individuals.

    Nothing is fetched: `owl:imports` is passed over, and so are literals of datatypes that OWL does not know. After
    `seconds`, explanation included, no Java is left running.
    Source: OWL 2 Direct Semantics §2.5 (consistency, class satisfiability).

    Raises:
        ContentError: a literal has no value of its datatype, or one that is too large.
        ReasonerFailed: HermiT ended without a verdict, or not in time.
    """
    # owlready2's own `sync_reasoner_*` wait for Java without end, take Java from a global variable, and explain no
    # unsatisfiable class. So owlready2 holds and writes the graph, and the reasoners it brings are run from here.
    ends = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="kg-reason-") as folder:
        file = Path(folder) / "graph.nt"
        _write(ntriples, file)
        hermit = _run([str(java), *_JVM_OPTIONS, *_HERMIT, file.as_uri()], ends=ends)
        consistent = _CONTRADICTION not in hermit.stderr
        if consistent and _VERDICT_GIVEN not in hermit.stdout:
            raise ReasonerFailed(
                f"HermiT gave no verdict: {_end_of(hermit.stderr)}",
                remedy="if it names an axiom, correct that one in the ontology; if not, name another Java in KG_JAVA",
            )
        listed = {line.strip() for line in hermit.stdout.splitlines() if line.startswith("\t")}
        unsatisfiable = tuple(sorted(listed - {_NOTHING})) if consistent else ()
        if consistent and not unsatisfiable:
            return Verdict(consistent=True, unsatisfiable=(), explanation="")
        defect = "--all-unsat" if consistent else "--inconsistent"
        explanation = _explanation([str(java), *_JVM_OPTIONS, *_PELLET, defect, str(file)], ends=ends)
    return Verdict(consistent, unsatisfiable, explanation)


def read_ontology(ntriples: str, *, iri: str) -> Any:
    """The ontology in N-Triples as owlready2 objects, in a world of its own; nothing is fetched and no code is run.

    `iri` is that of the ontology, whose terms stand below it; without a sign at its end, behind a `#`.

    Raises:
        ContentError: owlready2 cannot read it.
    """
    lines = [line for line in ntriples.splitlines(keepends=True) if not any(name in line for name in _NOT_LOADED)]
    text = "".join(lines)
    ontology = World().get_ontology(iri if iri.endswith(("#", "/")) else f"{iri}#")
    try:
        return ontology.load(only_local=True, fileobj=io.BytesIO(text.encode()))
    except OwlReadyOntologyParsingError as error:
        raise _unreadable(error, text) from error


def _write(ntriples: str, file: Path) -> None:
    """Write the graph as the reasoners read it."""
    text = ntriples.replace(*_LANGUAGE_TEXT)
    with closing(World()) as world:
        # The quads alone are read: `Ontology.load` would go on to fetch imports and to run Python modules named there.
        try:
            world.get_ontology("urn:x-kg:graph").graph.parse(io.BytesIO(text.encode()), format="ntriples")
        except OwlReadyOntologyParsingError as error:
            raise _unreadable(error, text) from error
        # Not RDF/XML: there owlready2 writes no property whose IRI does not end in an XML name.
        world.save(str(file), format="ntriples", filter=_is_no_import)


def _unreadable(error: OwlReadyOntologyParsingError, text: str) -> ContentError:
    line = re.search(r"line (\d+)\.$", str(error)) if isinstance(error.__cause__, ValueError) else None
    triple = text.split("\n")[int(line[1]) - 1] if line else ""
    return ContentError(
        f"owlready2 cannot read {triple or 'the graph'} ({error.__cause__})",
        remedy="correct the literal: its text is no value of its datatype, or too large a one",
    )


def _is_no_import(_graph: Any, _subject: int, predicate: int, *_object: Any) -> bool:
    return bool(predicate != owl_imports)


def _explanation(command: Sequence[str], *, ends: float) -> str:
    """What Pellet says to a defect that HermiT found; where it says nothing, why: the verdict stands without it."""
    try:
        pellet = _run(command, ends=ends)
    except ReasonerFailed as error:
        return f"Pellet gave no explanation: {error}"
    if _EXPLANATION_GIVEN not in pellet.stdout:
        return f"Pellet gave no explanation: {_end_of(pellet.stderr or pellet.stdout)}"
    return pellet.stdout.strip()


def _run(command: Sequence[str], *, ends: float) -> subprocess.CompletedProcess[str]:
    """Run Java until the monotonic clock shows `ends`; then, as at any other interruption, kill all it has started.

    Raises:
        ReasonerFailed: it cannot be started, or it did not end in time.
    """
    pipe = subprocess.PIPE
    try:
        with subprocess.Popen(  # noqa: S603 - the operator names the program, and no shell reads the arguments
            command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, encoding="utf-8", errors="replace",
            start_new_session=True,
        ) as process:  # fmt: skip
            try:
                output, errors = process.communicate(timeout=ends - time.monotonic())
            except BaseException:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
    except subprocess.TimeoutExpired as error:
        raise ReasonerFailed(
            "the reasoner did not end in time", remedy="give it more seconds with KG_REASON_SECONDS"
        ) from error
    except OSError as error:
        raise ReasonerFailed(f"{command[0]} cannot run: {error.strerror}", remedy="name a Java in KG_JAVA") from error
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def _end_of(text: str) -> str:
    """The last lines that say something; where an exception was thrown is of no use here."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("\tat ")]
    return "\n".join(lines[-_LINES_OF_ERROR:]) or "it said nothing"
