"""States of any size to write to: the content of this repository, and copies of what it describes with other names.

The copies share agencies, workstreams, documents and vocabularies, so that those are told of ever more. What follows
from the rules is copied with the rest. The copies are in the store and its snapshot, not in the ledger.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Final

from pyoxigraph import RdfFormat

from kg.house import House
from kg.publish import Desk, build
from kg.readers import read_quads
from kg.settings import UNION
from kg.sources import Content
from kg.store import Changeset, Draft, Signature, changeset_of, open_primary
from kg.submit import publish_commits, take_over

SIGNATURE: Final = Signature("Bench", "2026-01-01T00:00:00Z", "Measure")

_SHARED: Final = re.compile(r"/id/(workstream|agency|framework|body|document|standing|certainty|[a-z-]*(kind|role))/")
_NAME: Final = re.compile(r"<([^<>]*/id/[^<>]*)>")
_FIXED: Final = re.compile(r"/graph/(ontology|vocabularies|catalog|queries)> \.$")
_DERIVED: Final = "/graph/entailed/"
_SUBJECT: Final = " <https://w3id.org/unemg/ontology#subject> "
# So that no two things have the same name.
_LABEL: Final = re.compile(r'(<[^<>]*[lL]abel> ")')
_GRAPH: Final = re.compile(r" <[^<> ]*> \.$")
_NUMBER: Final = "NUMBER"
_NEW: Final = """\
PREFIX : <https://x.example/new/NUMBER/>
PREFIX emg: <https://w3id.org/unemg/ontology#>
PREFIX certainty: <https://w3id.org/unemg/id/certainty/>
PREFIX date-kind: <https://w3id.org/unemg/id/date-kind/>
PREFIX kind: <https://w3id.org/unemg/id/deliverable-kind/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
:report a emg:Deliverable ; rdfs:label "New report NUMBER"@en ; emg:producedBy <GROUP> ; emg:statedIn :passage ;
  emg:deliverableKind kind:report .
:passage a emg:Passage ; emg:inDocument <DOCUMENT> ; emg:section "new" ; emg:sentence NUMBER ; emg:line 1 ;
  emg:anchor "a new report" .
:producer a emg:Statement ; emg:subject :report ; emg:predicate emg:producedBy ; emg:object <GROUP> ;
  emg:certainty certainty:stated ; emg:statedIn :passage .
:date a emg:DateAssertion ; emg:dateOf :report ; emg:date "2024-05"^^xsd:gYearMonth ; emg:statedIn :passage ;
  emg:dateKind date-kind:issuance ; emg:verbatim "May 2024"@en .
"""
_PLACE: Final = """\
PREFIX : <https://x.example/new/NUMBER/>
PREFIX emg: <https://w3id.org/unemg/ontology#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
:place a emg:Place ; rdfs:label "New place NUMBER"@en ; emg:statedIn <PASSAGE> .
"""


def copier(lines: Sequence[str]) -> Callable[[int], Iterator[str]]:
    """What gives one copy after the other of the things that N-Quads statements are about, each with other names."""
    described: tuple[set[str], set[str]] = set(), set()
    for line in lines:
        described[bool(_FIXED.search(line))].update(_NAME.findall(line.split(" ", 1)[0]))
    names = {name for name in described[0] - described[1] if not _SHARED.search(name)}
    # Evidence for what is told of a shared thing would be that of a relation which no copy has.
    names -= {
        _NAME.findall(line)[0] for line in lines if _SUBJECT in line and names.isdisjoint(_NAME.findall(line)[1:])
    }
    data = [line for line in lines if not names.isdisjoint(_NAME.findall(line.split(" ", 1)[0]))]
    parts = [_NAME.split(_LABEL.sub(r"\1Copy COPY: ", line)) for line in data]

    def copy(number: int) -> Iterator[str]:
        for part in parts:
            texts = list(part)
            texts[1::2] = (f"<{name}-copy{number}>" if name in names else f"<{name}>" for name in part[1::2])
            yield "".join(texts).replace("Copy COPY: ", f"Copy {number}: ")

    return copy


def multiplied(lines: Sequence[str]) -> Iterator[str]:
    """The statements, then copies of them without end."""
    yield from lines
    yield from chain.from_iterable(map(copier(lines), count(1)))


def new_report(lines: Sequence[str]) -> str:
    """A new deliverable with its passage, date and the statement of its producer, as Turtle; see `numbered`."""
    return _filled(_NEW, lines)


def new_place(lines: Sequence[str]) -> str:
    """A new place in three statements, as Turtle; see `numbered`."""
    return _filled(_PLACE, lines)


def numbered(text: str, number: int) -> str:
    """One of the texts that `new_report` and `new_place` give for every number: each tells of another thing."""
    return text.replace(_NUMBER, str(number))


def _filled(text: str, lines: Sequence[str]) -> str:
    group = next(line.split(" ")[2] for line in lines if "ontology#producedBy>" in line and "/workstream/" in line)
    passage, _, document = next(line.split(" ")[:3] for line in lines if "ontology#inDocument>" in line)
    for name, value in {"<GROUP>": group, "<DOCUMENT>": document, "<PASSAGE>": passage}.items():
        text = text.replace(name, value)
    return text


def stated(text: str, graph: str) -> tuple[str, ...]:
    """The statements of a Turtle text in a graph, as in a changeset."""
    quads, _ = read_quads(text, name="new.ttl", graph=graph)
    return changeset_of(added=quads).added


def small_draft(number: int) -> Draft:
    """A commit of four statements."""
    graph = f"https://x.example/graph/{number}"
    lines = (
        f"<https://x.example/{number}> <https://x.example/p{place}> <https://x.example/o> <{graph}> ."
        for place in range(4)
    )
    return Draft(Changeset(added=tuple(lines)), "Bench", SIGNATURE.time, source=graph, message="Measure")


def build_state(content: Content, desk: Desk) -> list[str]:
    """Build the content; returns its statements with all that follows, as N-Quads."""
    build(content, desk, default_graph=UNION, signature=SIGNATURE)
    return desk.snapshots.current().nquads().decode().split("\n")[:-1]


def grow(lines: Sequence[str], desk: Desk, house: House, *, quads: int) -> None:
    """Bring a state that was built to about so many statements in named graphs, by whole copies, and publish it."""
    copy = copier(lines)
    copies = max(0, quads - len(lines)) // sum(1 for _ in copy(1))
    with open_primary(desk.snapshots, desk.ledger, default_graph=UNION) as primary:
        house = take_over(primary, house, desk.snapshots, limits=desk.limits)
        file = desk.snapshots.state / "copies.nq"
        _write(file, chain.from_iterable(copy(number) for number in range(1, copies + 1)))
        primary.store.bulk_load(path=str(file), format=RdfFormat.N_QUADS)
        primary.store.flush()
        primary.store.optimize()
        file.unlink()
        publish_commits(primary, house, desk.snapshots)


def _write(file: Path, lines: Iterable[str]) -> None:
    """Write statements, each once more for the merge."""
    with file.open("w", encoding="utf-8") as out:
        for line in lines:
            out.write(f"{line}\n{_GRAPH.sub(' .', line)}\n")


def is_asserted(line: str) -> bool:
    """Whether a statement is no conclusion of a rule."""
    return _DERIVED not in line


def triples_of(lines: Iterable[str], file: Path) -> int:
    """Write what is asserted in N-Quads statements as N-Triples, each once; returns how many."""
    asserted = {_GRAPH.sub(" .\n", line) for line in lines if is_asserted(line)}
    file.write_text("".join(sorted(asserted)), encoding="utf-8")
    return len(asserted)
