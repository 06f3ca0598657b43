"""W3C result formats: answers in JSON, CSV and TSV as the suites have them, in XML as the evaluation tests have it."""

from pathlib import Path

import pytest
import w3c

w3c.skip_module_without_suites()


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("w3c-results")


def test_every_entry_is_collected() -> None:
    assert len(w3c.RESULTS_11.entries()) == 10


@w3c.each_entry(w3c.RESULTS_11)
def test_answers_in_the_format(entry: w3c.Entry, state: Path) -> None:
    expected = w3c.expected_answer(str(entry.expected))
    format_name = w3c.format_for(str(entry.expected), expected)
    w3c.assert_same(w3c.read_answer(w3c.ask(entry, state=state, format_name=format_name), format_name), expected)
