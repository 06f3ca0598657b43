"""The command `kg` as tests run it, forked from a process that has loaded it, does what the installed command does."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.running import loaded
from tests.serving import Command, free_port

Kg = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.parametrize(
    ("arguments", "stdin", "environ"),
    [
        (["stats"], "", {}),
        (["query", "-", "-f", "csv"], "SELECT ('\u00e9\\r\\n' AS ?x) {}", {}),
        (["query", "-"], "SELECT * {", {}),
        (["query", "-"], "ASK { ?s ?p ?o }", {"KG_QUERY_CHARACTERS": "3"}),
        (["stats"], "", {"KG_PORT": "none"}),
        (["nonsense"], "", {}),
        (["--help"], "", {}),
    ],
)
def test_it_ends_alike_and_says_the_same(
    kg: Kg, installed_kg: Kg, library: Path, arguments: list[str], stdin: str, environ: Mapping[str, str]
) -> None:
    forked, started = (run(*arguments, state=library, stdin=stdin, **environ) for run in (kg, installed_kg))
    assert forked.stdout + forked.stderr
    assert (forked.returncode, forked.stdout, forked.stderr) == (started.returncode, started.stdout, started.stderr)


def test_nothing_is_left_of_the_command_before(kg: Kg, library: Path) -> None:
    assert kg("query", "-", state=library, stdin="ASK {}", KG_QUERY_CHARACTERS="3").returncode == 2
    ended = kg("query", "-", state=library, stdin="ASK {}")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "true\n", "")


def test_one_that_does_not_end_is_killed_and_the_next_is_run(
    kg_command: Command, library: Path, tmp_path: Path
) -> None:
    environ, state = kg_command[1], ("--state", library)
    folder = tmp_path / "kg"
    folder.mkdir()
    with loaded(environ, folder) as waiting:
        assert waiting.run([*state, "stats"], environ=environ, stdin="", seconds=60).returncode == 0
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.run([*state, "serve", "--port", str(free_port())], environ=environ, stdin="", seconds=1)
        assert waiting.run([*state, "stats"], environ=environ, stdin="", seconds=60).returncode == 0
