"""What the tests share: the content of this repository, built once; a small content of its own; the command `kg`."""

import gc
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kg.store import Snapshot, Snapshots
from tests.running import loaded
from tests.states import build_into, build_once, files_of

ROOT = Path(__file__).parents[1]

_HANGS_AFTER_SECONDS = 120

SMALL_CONTENT = {
    "data/catalog.ttl": """\
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix void: <http://rdfs.org/ns/void#> .

<https://library.example/catalog>
    a dcat:Catalog ;
    dcterms:title "Library"@en ;
    void:uriSpace "https://library.example/" .
""",
    "data/books.trig": """\
@prefix : <https://library.example/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .

<https://library.example/graph/books> {
    :emma a :Book ; rdfs:label "Emma"@en ; :writtenBy :austen .
    :persuasion a :Book ; rdfs:label "Persuasion"@en ; :writtenBy :austen .
    :austen a :Person ; rdfs:label "Jane Austen"@en .
}
""",
    "ontology/library.ttl": """\
@prefix : <https://library.example/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .

:Book a owl:Class ; rdfs:label "book"@en .
:Person a owl:Class ; rdfs:label "person"@en .
:writtenBy a owl:ObjectProperty ; rdfs:label "written by"@en .
:wrote a owl:ObjectProperty ; rdfs:label "wrote"@en .
""",
    "ontology/rules/wrote.rq": """\
# title: Who wrote what was written by them
PREFIX : <https://library.example/>

CONSTRUCT { ?person :wrote ?book }
WHERE { ?book :writtenBy ?person }
""",
    "queries/checks/author-without-name.rq": """\
# title: Each author has a name
# severity: Violation
PREFIX : <https://library.example/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>

SELECT ?focus ?value ?message
WHERE {
  ?focus :writtenBy ?value .
  FILTER NOT EXISTS { ?value rdfs:label ?name }
  BIND ("The author has no name; describe the author." AS ?message)
}
ORDER BY ?focus ?value
""",
    "queries/explore/books.rq": """\
# title: Books and who wrote them
PREFIX : <https://library.example/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>

SELECT ?book ?author
WHERE { ?person :wrote/rdfs:label ?book ; rdfs:label ?author }
ORDER BY ?book
""",
    "shapes/book.ttl": """\
@prefix : <https://library.example/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix shape: <https://library.example/shapes#> .

shape:Book
    a sh:NodeShape ;
    sh:targetClass :Book ;
    sh:property shape:book-author .

shape:book-author
    a sh:PropertyShape ;
    sh:path :writtenBy ;
    sh:minCount 1 ;
    sh:severity sh:Violation ;
    sh:message "A book has an author; give it :writtenBy."@en .
""",
}

# From files that take a minute, and folders whose files do, to those whose files take a moment.
_LONGEST_FIRST = (
    "tests/unit/test_incremental.py",
    "tests/faults",
    "tests/browser",
    "tests/unit/test_discovery.py",
    "tests/unit/test_primary.py",
    "tests/integration",
    "tests/conformance",
    "tests/unit",
    "kg",
)

# Young objects that are made before they are looked through: graphs and parsers make many, and few of them in cycles.
_GARBAGE_THRESHOLD = 50_000

Kg = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long files first: where files run side by side, the last of them leave a core without work."""
    items.sort(key=lambda item: [item.path.is_relative_to(ROOT / path) for path in _LONGEST_FIRST].index(True))


def pytest_collection_finish() -> None:
    """Look for garbage in what tests make, not in all modules and tests: each store that is closed asks for a look."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_THRESHOLD)


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the content of this repository was built; no test changes it."""
    folder = tmp_path_factory.getbasetemp()
    run = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    return shutil.copytree(build_once(run / "built", ROOT), folder / "state", symlinks=True)


@pytest.fixture(scope="session")
def built(state: Path) -> Snapshot:
    """The graph; its default graph is the union of all."""
    return Snapshots(state, memory_quads=1_000_000).current()


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small content and the state it was built into; no test changes it."""
    folder = tmp_path_factory.mktemp("small")
    for name, text in SMALL_CONTENT.items():
        (folder / "content" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "content" / name).write_text(text, encoding="utf-8")
    build_into(folder / "state", folder / "content")
    return folder


@pytest.fixture
def small_content(small: Path, tmp_path: Path) -> Path:
    """A content folder about two books, with one file of each kind; it conforms."""
    return shutil.copytree(small / "content", tmp_path / "content")


@pytest.fixture
def library(small: Path, tmp_path: Path) -> Path:
    """A state folder into which the small content was built."""
    return shutil.copytree(small / "state", tmp_path / "state", symlinks=True)


@pytest.fixture(scope="session")
def kg_command() -> tuple[Path, dict[str, str]]:
    """The installed command `kg`, and an environment without settings."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KG_")}
    return Path(sysconfig.get_path("scripts")) / "kg", environ


@pytest.fixture(scope="session")
def kg(
    kg_command: tuple[Path, dict[str, str]], installed_kg: Kg, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kg]:
    """Runs `kg` as a process to its end: `kg("build", content=…, state=…, stdin=…, KG_PORT=…)`.

    The process is forked from one that has loaded `kg`; where it is told what Python itself may heed, it is a new one.
    """
    settings_free = kg_command[1]
    with loaded(settings_free, tmp_path_factory.mktemp("kg")) as waiting:

        def run(
            *arguments: str | Path, content: Path = ROOT, state: Path, stdin: str = "", **environ: str
        ) -> subprocess.CompletedProcess[str]:
            if not all(name.startswith("KG_") for name in environ):
                return installed_kg(*arguments, content=content, state=state, stdin=stdin, **environ)
            told = ("--content", content, "--state", state, *arguments)
            return waiting.run(told, environ=settings_free | environ, stdin=stdin, seconds=_HANGS_AFTER_SECONDS)

        yield run


@pytest.fixture(scope="session")
def installed_kg(kg_command: tuple[Path, dict[str, str]]) -> Kg:
    """Runs the installed command in the same way, loaded anew each time."""
    program, settings_free = kg_command

    def run(
        *arguments: str | Path, content: Path = ROOT, state: Path, stdin: str = "", **environ: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, "--content", content, "--state", state, *arguments],
            env=settings_free | environ,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=_HANGS_AFTER_SECONDS,
        )

    return run


@pytest.fixture(scope="session")
def fingerprint() -> Callable[[Path], dict[str, str]]:
    """Tells a folder byte by byte: the digest of each file, and where each link points."""
    return files_of
