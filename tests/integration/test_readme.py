"""What the README tells a newcomer to do works as it is printed."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kg.store import Snapshot
from tests.serving import serving

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]


def test_the_first_query_gives_the_three_deliverables_and_their_path(built: Snapshot) -> None:
    found = re.search(r"--data-urlencode 'query=\n(.*?)'\n```", README, flags=re.DOTALL)
    assert found
    answer = [[term.value for term in row if term] for row in built.query(found[1]).rows()]
    assert [deliverable.rsplit("/", 1)[1] for deliverable, _ in answer] == [
        "bio-knowledge-inventory",
        "bio-mr-framework",
        "bio-mr-outline",
    ]
    assert all(" → Issue Management Group on Biodiversity → " in path for _, path in answer)


def test_what_the_readme_shows_for_a_notebook_runs_and_prints_the_ten_workstreams(
    kg_command: tuple[Path, dict[str, str]], state: Path, tmp_path: Path
) -> None:
    found = re.search(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert found
    with serving(kg_command, state, tmp_path) as server:
        script = found[1].replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True)
    assert len(ast.literal_eval(done.stdout)) == 10


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_and_files_that_a_document_names_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not (document.parent / link).exists()] == []
    named = re.findall(r"`((?:queries|shapes|ontology|data|docs|tests|kg|bench)/[\w./-]+)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_queries_that_the_readme_runs_are_there() -> None:
    named = re.findall(r"kg query (\S+\.rq)", README)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
