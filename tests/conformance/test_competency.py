"""Each competency question is answered exactly: every row, every value, in order."""

from pathlib import Path

import pytest
from stored import as_tsv, stored

from kg.store import Snapshot

ANSWERS = Path(__file__).parent / "competency"
QUERIES = {query.code: query for query in stored("competency").values()}


def test_forty_questions_are_collected_with_their_answers() -> None:
    easy = {f"E{number:02}" for number in (1, 3, 4, *range(6, 26, 2))}
    medium = {f"M{number:02}" for number in range(1, 28, 2)}
    hard = {f"H{number:02}" for number in (*range(1, 23, 2), 24, 26)}
    assert len(easy | medium | hard) == 40
    assert set(QUERIES) == easy | medium | hard
    assert {path.stem for path in ANSWERS.glob("*.tsv")} == set(QUERIES)


@pytest.mark.parametrize("code", sorted(QUERIES))
def test_the_answer_is_exact(built: Snapshot, code: str) -> None:
    expected = (ANSWERS / f"{code}.tsv").read_text(encoding="utf-8")
    assert expected.count("\n") > 1
    assert as_tsv(built, QUERIES[code].text) == expected
