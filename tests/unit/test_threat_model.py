"""The threat model names every surface, and for each threat a test that exists, or says that it is open."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
SURFACES = re.findall(r"^## (.+)$", TEXT, flags=re.MULTILINE)[1:]
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)


def threats(surface: str) -> list[list[str]]:
    section = TEXT.split(f"\n## {surface}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_every_surface_is_there() -> None:
    assert SURFACES == [
        "Query endpoint",
        "Graph store",
        "Uploads and validation",
        "Tokens",
        "Federation",
        "Content files",
        "State folder",
        "Pages",
        "Client and search for links",
        "Remote store",
    ]
    assert len(NAMED) > 50


@pytest.mark.parametrize("surface", SURFACES)
def test_each_threat_has_a_test_or_is_open(surface: str) -> None:
    found = threats(surface)
    assert len(found) >= 3
    for threat, done, shown in found:
        assert threat
        assert done
        assert "::" in shown or "open" in shown, threat


@pytest.mark.parametrize(("file", "name"), sorted(set(NAMED)))
def test_a_test_that_is_named_exists(file: str, name: str) -> None:
    assert re.search(rf"^def {name}\(", (ROOT / file).read_text(encoding="utf-8"), flags=re.MULTILINE)
