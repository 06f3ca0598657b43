"""W3C syntax: a query is answered or refused as the suites say; an update is known as one, and refused."""

from pathlib import Path

import pytest
import w3c

from kg.errors import QueryError, QueryRefused, QuerySyntax

w3c.skip_module_without_suites()

QUERIES = (w3c.SYNTAX_11, w3c.SYNTAX_10)
REFUSED_UPDATE = "this is an update|LOAD fetches from the network|SERVICE calls another service"


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("w3c-syntax")


def test_every_entry_is_collected() -> None:
    suites = (*QUERIES, w3c.SYNTAX_UPDATE_11)
    assert {suite.name: len(suite.entries()) for suite in suites} == {
        "syntax-query-1.1": 106,
        "syntax-query-1.0": 199,
        "syntax-update-1.1": 63,
    }


@w3c.each_entry(*QUERIES)
def test_query(entry: w3c.Entry, state: Path) -> None:
    if entry.kinds & w3c.POSITIVE_SYNTAX:
        w3c.ask(entry, state=state)
    else:
        with pytest.raises(QuerySyntax):
            w3c.ask(entry, state=state)


@w3c.each_entry(w3c.SYNTAX_UPDATE_11)
def test_update(entry: w3c.Entry) -> None:
    if entry.kinds & w3c.POSITIVE_SYNTAX:
        with pytest.raises(QueryRefused, match=REFUSED_UPDATE):
            w3c.vet_text(entry.query)
    else:
        with pytest.raises(QueryError):
            w3c.vet_text(entry.query)
