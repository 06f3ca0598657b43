"""What is asked for a change does not grow with the graph; the benchmark measures what that takes."""

from __future__ import annotations

from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final

import pytest

from bench.entailment import Counted, change_of, lines_of
from bench.growing import multiplied
from kg.entailment import Checks, Program, check_change, checks_of, entail_all, entail_change, program_of, read_rule
from kg.sources import Content, open_content
from kg.sparql import Limits
from kg.store import Workspace

ROOT: Final = Path(__file__).parents[2]


@cache
def content() -> Content:
    return open_content(ROOT)


@cache
def program() -> Program:
    paths = sorted((ROOT / "ontology/rules").glob("*.rq"))
    rules = [read_rule(path, content().read_text(path), limits=Limits()) for path in paths]
    return program_of(rules, graph=content().derived)


@cache
def checks() -> Checks:
    return checks_of({path.stem: content().read_text(path) for path in sorted(ROOT.glob("queries/checks/*.rq"))})


@pytest.fixture(scope="module")
def stated() -> list[str]:
    return lines_of(content())


def filled(stated: list[str], size: int) -> Workspace:
    workspace = Workspace()
    workspace.change([*islice(multiplied(stated), size)], [])
    entail_all(workspace, program())
    return workspace


def test_as_much_is_asked_for_a_change_in_a_graph_three_times_as_large(stated: list[str]) -> None:
    change, costs = change_of(stated), []
    for times in (1, 3):
        counted = Counted(filled(stated, times * len(stated)))
        effect = entail_change(counted, program(), added=change, removed=[])
        assert len(effect.added) > len(change) // 2
        check_change(counted, checks(), effect)
        back = entail_change(counted, program(), added=[], removed=change)
        assert (back.added, back.removed) == (effect.removed, effect.added)
        costs.append((counted.queries, counted.rows, counted.looked_up))
    assert costs[0] == costs[1]
    assert min(costs[0]) > len(change)
