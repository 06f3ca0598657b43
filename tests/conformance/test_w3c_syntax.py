"""W3C syntax: a query is answered or refused as the suites say; an update is known as one, and refused."""

from pathlib import Path

import pytest
import w3c

from kg.errors import NetworkRefused, QueryError, QuerySyntax
from kg.sparql import Limits
from kg.sparql.guard import vet_by_tokens
from kg.sparql.plain import plain

w3c.skip_module_without_suites()

QUERIES = (w3c.SYNTAX_11, w3c.SYNTAX_10)
REFUSED_UPDATE = "this is an update|there is no query|LOAD fetches from the network|SERVICE calls another service"


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
        with pytest.raises((NetworkRefused, QuerySyntax), match=REFUSED_UPDATE):
            w3c.vet_text(entry.query)
    else:
        with pytest.raises(QueryError):
            w3c.vet_text(entry.query)


def test_the_guard_comes_to_the_same_on_its_short_way() -> None:
    limits = Limits()
    entries = [entry for suite in (*QUERIES, w3c.SYNTAX_UPDATE_11) for entry in suite.entries()]
    texts = [w3c.path_of(entry.query).read_text(encoding="utf-8") for entry in entries]
    plain_ones = [(text, found) for text in texts if (found := plain(text, limits))]
    assert len(plain_ones) > len(texts) / 4
    for text, found in plain_ones:
        read = vet_by_tokens(text, limits)
        assert (found.text, found.form, True) == (read.text, read.form, read.repeatable)
