"""W3C query evaluation: the data in a strict snapshot, the query vetted as by the endpoint, the answer as sent."""

from pathlib import Path

import pytest
import w3c

w3c.skip_module_without_suites()


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("w3c-query")


def test_every_entry_is_collected() -> None:
    assert {suite.name: len(suite.entries()) for suite in (w3c.QUERY_11, w3c.QUERY_10)} == {
        "query-1.1": 302,
        "query-1.0": 283,
    }


@w3c.each_entry(w3c.QUERY_11, w3c.QUERY_10)
def test_evaluates(entry: w3c.Entry, state: Path) -> None:
    expected = w3c.expected_answer(str(entry.expected))
    format_name = w3c.format_for(str(entry.expected), expected)
    found = w3c.read_answer(w3c.ask(entry, state=state, format_name=format_name), format_name)
    w3c.assert_same(found, expected, may_lose_duplicates=entry.may_lose_duplicates)
