"""The two source documents cut into addressable units: headings, table cells, list items and sentences.

A unit has the same locator as a passage of the graph: section, row, cell, sentence. Sentence 0 is a section's
heading; row 0 is a table's header; an empty table cell is a unit with sentence 0 and no text. Everything here
reads the raw text alone and knows nothing of the graph, so that a test can compare the two.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path

PROGRESS_REPORT = "midterm-progress-report.txt"
MEETING_REPORT = "meeting-report-summary.txt"
CELLS = ("tasks", "progress", "next-steps")
STATUSES = ("Ongoing", "Completed", "Upcoming")

_ROMAN = re.compile(r"^#+ (I{1,3})\. (.+)$")
_LETTER = re.compile(r"^#+ ([a-j])\) (.+)$")
_SEPARATOR = re.compile(r"^[-\s]+$")
_BLOCK = re.compile(r"</?(?:p|li|ol|ul)\b[^>]*>")
_LEADING_STATUS = re.compile(rf"^\s*<b>({'|'.join(STATUSES)})</b>")
_TAG = re.compile(r"</?[a-z][^>]*>")
_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!Mr\.)(?<!e\.g\.)(?<!p\.m\.)[\"”)]*\s+(?=[A-Z“\"])")


@dataclass(frozen=True)
class Locator:
    """Where a unit stands; `row` and `cell` only in tables."""

    section: str
    sentence: int
    row: int | None = None
    cell: str | None = None


@dataclass(frozen=True)
class Unit:
    """One heading, list item, status word or sentence, or one empty cell (`text` is then empty)."""

    locator: Locator
    text: str
    lines: tuple[int, ...]


@dataclass
class _Block:
    text: str
    line: int
    is_item: bool


def read_progress_report(folder: Path) -> list[Unit]:
    """All units of the mid-term progress report, in reading order."""
    lines = (folder / PROGRESS_REPORT).read_text(encoding="utf-8").split("\n")
    units: list[Unit] = []
    area, section, sentence = "", "head", 0
    rows: list[list[list[_Block]]] = []
    page_break = False

    def close_table() -> None:
        for row, cells in enumerate(rows):
            for cell, blocks in zip(CELLS, cells, strict=True):
                units.extend(_cell_units(section, row, cell, blocks))
        rows.clear()

    for number, line in enumerate(lines, start=1):
        if not line.strip():
            page_break = bool(rows)
        elif heading := _ROMAN.match(line):
            close_table()
            area = section = heading[1]
            units.append(Unit(Locator(section, 0), _plain(heading[2]), (number,)))
        elif heading := _LETTER.match(line):
            close_table()
            section = f"{area}.{heading[1]}"
            units.append(Unit(Locator(section, 0), _plain(heading[2]), (number,)))
        elif area and _SEPARATOR.match(line):
            continue
        elif area:
            cells = [_blocks(cell, number) for cell in line.split("\t")]
            if page_break:
                _continue_row(rows[-1], cells)
            else:
                rows.append(cells)
            page_break = False
        else:
            if line.startswith("This note"):
                section, sentence = "introduction", 0
            for text in _sentences(_plain(line.lstrip("#"))):
                sentence += 1
                units.append(Unit(Locator(section, sentence), text.strip("* "), (number,)))
    close_table()
    return units


def read_meeting_report(folder: Path) -> list[Unit]:
    """All units of the meeting report summary, in reading order."""
    lines = (folder / MEETING_REPORT).read_text(encoding="utf-8").split("\n")
    units: list[Unit] = []
    main, section, sentence = "", "head", 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if heading := re.match(r"^(\d)\. (.+)$", line):
            main = section = heading[1]
        elif main == "3" and (heading := re.match(r"^([a-c])\) (.+)$", line)):
            section = f"{main}.{heading[1]}"
        if heading:
            sentence = 0
            units.append(Unit(Locator(section, 0), heading[2], (number,)))
            continue
        for text in _sentences(line.removeprefix("- ")):
            sentence += 1
            units.append(Unit(Locator(section, sentence), text, (number,)))
    return units


def _plain(markup: str) -> str:
    return " ".join(html.unescape(_TAG.sub("", markup)).split())


def _sentences(text: str) -> list[str]:
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]


def _blocks(cell: str, line: int) -> list[_Block]:
    """A cell's paragraphs and list items; a leading status word is a block of its own."""
    blocks: list[_Block] = []
    is_item = False
    position = 0
    for mark in [*_BLOCK.finditer(cell), None]:
        chunk = cell[position : mark.start() if mark else len(cell)]
        if status := _LEADING_STATUS.match(chunk):
            blocks.append(_Block(status[1], line, is_item=True))
            chunk = chunk[status.end() :]
        if text := _plain(chunk):
            blocks.append(_Block(text, line, is_item))
        if mark:
            position = mark.end()
            is_item = mark[0].startswith("<li")
    return blocks


def _continue_row(row: list[list[_Block]], cells: list[list[_Block]]) -> None:
    """Append a row's second half, after a page break, to its first."""
    for blocks, more in zip(row, cells, strict=True):
        if blocks and more and _is_open(blocks[-1]):
            # Both halves keep their own line: the text is one sentence, printed on two pages.
            more[0].text = f"{blocks[-1].text}\f{more[0].text}"
            more[0].line = blocks.pop().line
        blocks.extend(more)


def _is_open(block: _Block) -> bool:
    return block.text[-1] not in ".:?!" and (not block.is_item or block.text.endswith("-"))


def _cell_units(section: str, row: int, cell: str, blocks: list[_Block]) -> list[Unit]:
    if not blocks:
        return [Unit(Locator(section, 0, row, cell), "", ())]
    units: list[Unit] = []
    for block in blocks:
        line = block.line
        for text in _sentences(block.text):
            lines = (line, line + 2) if "\f" in text else (line,)
            line = lines[-1]
            units.append(Unit(Locator(section, len(units) + 1, row, cell), text.replace("\f", " "), lines))
    return units
