"""The notebooks run from top to bottom against a server, and find what the graph says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from kg.queries import HIDDEN
from kg.store import Ledger, Snapshot
from tests.conftest import ROOT
from tests.serving import Command, Server, serving
from tests.submitting import UNLIMITED, make_token

NOTEBOOKS = ROOT / "notebooks"
CELL_SECONDS = 120


@pytest.fixture(scope="module")
def own(state: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder that a notebook may write to."""
    return shutil.copytree(state, tmp_path_factory.mktemp("notebooks") / "state", symlinks=True)


@pytest.fixture(scope="module")
def server(kg_command: Command, own: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(kg_command, own, tmp_path_factory.mktemp("served"), **UNLIMITED) as server:
        yield server


@pytest.fixture
def run(server: Server, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a notebook to its end; gives what its last cell tells."""
    monkeypatch.setenv("KG_ADDRESS", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("KG_TOKEN", make_token(own, scope="submit"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")

    def run(name: str) -> Any:
        notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)  # type: ignore[no-untyped-call]
        where = {"metadata": {"path": str(tmp_path)}}
        NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3", resources=where).execute()
        (told,) = [output["text"] for output in notebook.cells[-1].outputs if output.output_type == "stream"]
        return json.loads(told)

    return run


def numbers(built: Snapshot, query: str) -> list[tuple[str, ...]]:
    return [tuple(term.value for term in row if term) for row in built.query(query).rows()]


def test_these_are_the_notebooks_and_each_is_kept_without_outputs() -> None:
    found = sorted(NOTEBOOKS.glob("*.ipynb"))
    assert [file.stem for file in found] == ["explore", "join-with-sdg-data", "validate-and-submit"]
    for file in found:
        notebook = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(notebook)
        assert notebook.cells[0].source.startswith("# ")
        for cell in notebook.cells:
            assert not cell.get("outputs"), file.stem
            assert cell.get("execution_count") is None, file.stem


def test_explore(run: Any, built: Snapshot) -> None:
    told = run("explore")
    asked = [path for path in ROOT.glob("queries/*/*.rq") if path.parent.name not in HIDDEN]
    assert told["questions"] == len(asked)
    expected = ROOT / "queries" / "competency" / "deliverables-supporting-framework.rq"
    found = {row[0] for row in numbers(built, expected.read_text(encoding="utf-8"))}
    assert told["deliverables"] == sorted(found) != []
    count = "SELECT (COUNT(DISTINCT ?t) AS ?n) { ?t a <https://w3id.org/unemg/ontology#Agency> }"
    assert [(str(told["things"]["agency"]),)] == numbers(built, count)
    assert {"ConsultativeProcess", "IssueManagementGroup", "TaskTeam"} <= set(told["kinds"])


def test_join_with_sdg_data(run: Any, built: Snapshot) -> None:
    told = run("join-with-sdg-data")
    assert told["same"] is True
    pairs = numbers(
        built,
        "SELECT DISTINCT ?theme ?sdg { ?theme <http://www.w3.org/2004/02/skos/core#relatedMatch> ?sdg "
        "FILTER (STRSTARTS(STR(?sdg), 'http://metadata.un.org/sdg/')) }",
    )
    assert told["pairs"] == len(pairs) > 20
    thirteen = {theme for theme, sdg in pairs if sdg.split("/")[-1].split(".")[0] == "13"}
    assert told["themes"]["13"] == len(thirteen)


def test_validate_and_submit(run: Any, own: Path) -> None:
    before = Ledger(own / "ledger").head().revision
    told = run("validate-and-submit")
    after = Ledger(own / "ledger").head().revision
    assert told == {
        "findings": 3,
        "refused": True,
        "accepted": True,
        "revision": before + 1,
        "now": True,
        "before": False,
    }
    assert after == before + 1
