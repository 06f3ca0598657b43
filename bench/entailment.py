"""What it costs to keep up to date what follows, and to check a change, in graphs of several sizes.

python -m bench.entailment [--sizes 10000 100000 1000000]

The content of this repository is taken several times over, each time with other IRIs for what it describes; groups,
agencies, frameworks and documents are the same in all, so that some things are referred to from everywhere. Times are
those of the processor; the smallest size is that of the content.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Final

from bench.growing import multiplied
from kg.entailment import (
    Checks,
    Effect,
    Program,
    check_change,
    checks_of,
    describe_rules,
    entail_all,
    entail_change,
    program_of,
    read_rule,
)
from kg.readers import read_quads, skolemize
from kg.sources import Content, open_content
from kg.sparql import Limits
from kg.store import Workspace

_ROOT: Final = Path(__file__).resolve().parent.parent
_ROUNDS: Final = 9
_NEW: Final = """\
PREFIX : <https://x.example/new/>
PREFIX emg: <https://w3id.org/unemg/ontology#>
PREFIX id: <https://w3id.org/unemg/id/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
:report a emg:Deliverable ; rdfs:label "New report"@en ; emg:producedBy <GROUP> ; emg:statedIn :passage ;
  emg:deliverableKind <https://w3id.org/unemg/id/deliverable-kind/report> ; emg:pertainsTo <GROUP> .
:passage a emg:Passage ; emg:inDocument <DOCUMENT> ; emg:section "I.a" ; emg:sentence 1 ; emg:line 1 ;
  emg:anchor "new" .
:date a emg:DateAssertion ; emg:dateOf :report ; emg:date "2024-05"^^xsd:gYearMonth ; emg:statedIn :passage .
:state a emg:StatusAssertion ; emg:statusOf :report ; emg:asOf "2024-05-01"^^xsd:date ;
  emg:deliverableState <https://w3id.org/unemg/id/deliverable-state/published> .
"""


class Counted:
    """A workspace that counts what it is asked."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.queries = 0
        self.rows = 0
        self.looked_up = 0

    def solutions(self, text: str) -> Sequence[tuple[str, ...]]:
        """As a workspace."""
        found = self._workspace.solutions(text)
        self.queries += 1
        self.rows += len(found)
        return found

    def holders(self, triples: Sequence[tuple[str, str, str]]) -> Sequence[frozenset[str]]:
        """As a workspace."""
        self.looked_up += len(triples)
        return self._workspace.holders(triples)

    def change(self, added: Sequence[str], removed: Sequence[str]) -> None:
        """As a workspace."""
        self._workspace.change(added, removed)

    def insert_new(self, construct: str, graph: str, *, derived: str) -> int:
        """As a workspace."""
        return self._workspace.insert_new(construct, graph, derived=derived)


@dataclass(frozen=True)
class Cost:
    """What a change costs."""

    entail_ms: float
    check_ms: float
    queries: int
    rows: int
    looked_up: int


def lines_of(content: Content) -> list[str]:
    """The statements of a content root, as N-Quads."""
    found = []
    for file in content.rdf_files():
        name = content.name(file.path)
        quads, _ = read_quads(content.read_text(file.path), name=name, graph=file.graph)
        found += [f"{quad} ." for quad in skolemize(quads, name=name, base=content.base)]
    return found


def change_of(lines: Sequence[str]) -> list[str]:
    """One new deliverable with its passage, date and state, as N-Quads."""
    group = next(line.split(" ")[2] for line in lines if "ontology#producedBy>" in line and "/workstream/" in line)
    document = next(line.split(" ")[2] for line in lines if "ontology#inDocument>" in line)
    text = _NEW.replace("<GROUP>", group).replace("<DOCUMENT>", document)
    quads, _ = read_quads(text, name="new.ttl", graph="https://x.example/new/graph")
    return [f"{quad} ." for quad in quads]


def measure(workspace: Workspace, program: Program, checks: Checks, change: Sequence[str]) -> tuple[Cost, Cost]:
    """The cost of a change, and that of taking it back: the median of several times."""
    there: list[Cost] = []
    back: list[Cost] = []
    for _ in range(_ROUNDS):
        there.append(_cost(workspace, checks, lambda each: entail_change(each, program, added=change, removed=[])))
        back.append(_cost(workspace, checks, lambda each: entail_change(each, program, added=[], removed=change)))
    return _typical(there), _typical(back)


def _cost(workspace: Workspace, checks: Checks, entail: Callable[[Counted], Effect]) -> Cost:
    counted = Counted(workspace)
    began = time.process_time()
    effect = entail(counted)
    entailed = time.process_time()
    check_change(counted, checks, effect)
    checked = time.process_time()
    return Cost(
        1000 * (entailed - began), 1000 * (checked - entailed), counted.queries, counted.rows, counted.looked_up
    )


def _typical(costs: Sequence[Cost]) -> Cost:
    last = costs[-1]
    entail_ms, check_ms = (median(getattr(cost, name) for cost in costs) for name in ("entail_ms", "check_ms"))
    return Cost(entail_ms, check_ms, last.queries, last.rows, last.looked_up)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.entailment", description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], help="statements")
    content = open_content(_ROOT)
    paths = sorted((_ROOT / "ontology/rules").glob("*.rq"))
    rules = [read_rule(path, content.read_text(path), limits=Limits()) for path in paths]
    program = program_of(rules, graph=content.derived)
    checks = checks_of({path.stem: content.read_text(path) for path in sorted(_ROOT.glob("queries/checks/*.rq"))})
    lines = lines_of(content)
    change = change_of(lines)
    columns = ("stated", "with what follows", "in full", f"{len(change)} statements", "entail", "check")
    print("", *columns, "queries", "rows", "look-ups", "", sep=" | ")
    print("|---" * (len(columns) + 3) + "|")
    for size in parser.parse_args().sizes:
        workspace = Workspace()
        workspace.add_ntriples(describe_rules(rules, graph=content.derived), content.graph("catalog"))
        stated = max(size, len(lines))
        workspace.change([*islice(multiplied(lines), stated)], [])
        began = time.process_time()
        added = sum(entail_all(workspace, program).values())
        seconds = time.process_time() - began
        for name, cost in zip(("added", "removed"), measure(workspace, program, checks, change), strict=True):
            times = (f"{seconds:.1f} s", name, f"{cost.entail_ms:.1f} ms", f"{cost.check_ms:.1f} ms")
            sizes = (f"{stated:,}", f"{stated + added:,}")
            print("", *sizes, *times, cost.queries, cost.rows, cost.looked_up, "", sep=" | ", flush=True)


if __name__ == "__main__":
    main()
