"""The table of candidates: written to be reviewed in a spreadsheet, read again with the decisions."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kg.errors import CellProblem, ContentError, TableErrors
from kg.linking.accepting import Accepted
from kg.linking.candidates import CLOSE, EXACT, LEXICAL, SAME, SEE, SIMILAR, Candidate
from kg.namespaces import PREFIXES, shorten
from kg.sparql import iri_term

COLUMNS: Final = (
    "our IRI", "our label", "relation", "their IRI", "their label", "score", "method", "evidence", "decision"
)  # fmt: skip
ACCEPT: Final = "accept"
_DECISIONS: Final = ("", ACCEPT, "reject")
RELATIONS: Final = {
    shorten(iri): iri
    for iri in (SAME, EXACT, CLOSE, SEE, *(f"{PREFIXES['skos']}{name}Match" for name in ("broad", "narrow", "related")))
}
_SEMAPV: Final = {"semapv": "https://w3id.org/semapv/vocab/"}
_METHODS: Final = {
    shorten(iri, _SEMAPV): iri for iri in (LEXICAL, SIMILAR, f"{_SEMAPV['semapv']}ManualMappingCuration")
}
# A spreadsheet takes these at the start of a cell for a formula. Source: OWASP, CSV Injection.
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")
_MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_PROBLEMS: Final = 20


def table_text(found: Sequence[Candidate]) -> str:
    """The candidates as CSV, with an empty column for the decision. Source: RFC 4180."""
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in found:
        writer.writerow(
            [
                one.ours.iri,
                _cell(one.ours.label),
                shorten(one.relation),
                _cell(one.theirs.iri),
                _cell(one.theirs.label),
                f"{one.score:.3f}",
                shorten(one.method, _SEMAPV),
                _cell(one.evidence),
                "",
            ]
        )
    return output.getvalue()


def read_decisions(path: Path) -> tuple[Accepted, ...]:
    """The accepted rows of a table; the columns may stand in another order, and further ones are passed over.

    Raises:
        ContentError: the file is no such table.
        TableErrors: some cells cannot be read; each with its row and what to do.
    """
    rows = _rows(path)
    head = [name.strip() for name in rows[0]] if rows else []
    missing = [name for name in COLUMNS if name not in head]
    if missing:
        raise ContentError(
            f"has no column {missing[0]}", remedy="keep the head of the table as `kg link` writes it", file=str(path)
        )
    problems: list[CellProblem] = []
    accepted = []
    for number, row in enumerate(rows[1:], start=2):
        cells = dict.fromkeys(head, "") | dict(zip(head, (cell.strip() for cell in row), strict=False))
        decision = cells.get("decision", "").lower()
        if decision not in _DECISIONS:
            place = f"row {number}, column decision"
            problems.append(CellProblem(place, f"{decision[:40]!r} is no decision", "write accept, reject or nothing"))
        elif decision == ACCEPT:
            wrong = _fault(cells, number)
            if wrong:
                problems.append(wrong)
            else:
                accepted.append(_accepted(cells))
    if problems:
        raise TableErrors(problems[:_MOST_PROBLEMS], more=len(problems) > _MOST_PROBLEMS, file=str(path))
    return tuple(accepted)


def _rows(path: Path) -> list[list[str]]:
    remedy = "save it as CSV in UTF-8, as `kg link` writes it"
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ContentError(f"has more than {_MOST_BYTES:,} bytes", remedy="accept it in parts", file=str(path))
        text = path.read_text(encoding="utf-8-sig")
        return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if any(row)]
    except OSError as error:
        raise ContentError(f"cannot be read: {error.strerror}", remedy=remedy, file=str(path)) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise ContentError(f"is no CSV in UTF-8: {error}", remedy=remedy, file=str(path)) from error


def _fault(cells: dict[str, str], number: int) -> CellProblem | None:
    """The first thing that is wrong with an accepted row."""
    for name in ("our IRI", "their IRI"):
        try:
            iri_term(cells.get(name, ""))
        except ValueError:
            return CellProblem(f"row {number}, column {name}", "this is no absolute IRI", "leave it as it was")
    for name, known in (("relation", RELATIONS), ("method", _METHODS)):
        if cells.get(name, "") not in known:
            problem = f"{cells.get(name, '')[:40]!r} is not known"
            return CellProblem(f"row {number}, column {name}", problem, f"write one of {', '.join(known)}")
    try:
        if 0 <= float(cells.get("score", "")) <= 1:
            return None
    except ValueError:
        pass
    return CellProblem(f"row {number}, column score", "this is no number from 0 to 1", "write it as 0.95")


def _accepted(cells: dict[str, str]) -> Accepted:
    return Accepted(
        subject=cells["our IRI"],
        predicate=RELATIONS[cells["relation"]],
        object=cells["their IRI"],
        label=_without_quote(cells["their label"]),
        method=_METHODS[cells["method"]],
        confidence=f"{float(cells['score']):.3f}",
        evidence=_without_quote(cells["evidence"]),
    )


def _cell(text: str) -> str:
    """A text on one line that no spreadsheet takes for a formula."""
    line = " ".join(text.split())
    return f"'{line}" if line.startswith(_FORMULA_SIGNS) else line


def _without_quote(cell: str) -> str:
    """The text of a cell, without what keeps a spreadsheet from taking it for a formula."""
    return cell[1:] if cell.startswith(tuple(f"'{sign}" for sign in _FORMULA_SIGNS)) else cell
