"""When two answers are the same: each way to differ is found, and none that does not count."""

import pytest
import w3c

HEAD = '{"head": {"vars": ["x", "y"]}, "results": {"bindings": [%s]}}'
XSD = "http://www.w3.org/2001/XMLSchema#"
NODE = '{"x": {"type": "bnode", "value": "%s"}, "y": {"type": "bnode", "value": "%s"}}'


def literal(value: str, datatype: str) -> str:
    return f'{{"x": {{"type": "literal", "value": "{value}", "datatype": "{XSD}{datatype}"}}}}'


def answer(*solutions: str, ordered: bool = False) -> w3c.Answer:
    found = w3c.read_answer((HEAD % ", ".join(solutions)).encode(), "json")
    return w3c.Answer(variables=found.variables, solutions=found.solutions, ordered=ordered)


ONE, TWO = literal("1", "integer"), literal("2", "integer")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (answer(ONE, TWO), answer(TWO, ONE)),
        (answer(literal("01", "integer")), answer(ONE)),
        (answer(literal("1.50", "decimal")), answer(literal("1.5", "decimal"))),
        (answer(literal("2006-08-23+00:00", "date")), answer(literal("2006-08-23Z", "date"))),
        (answer(NODE % ("a", "b"), NODE % ("b", "c")), answer(NODE % ("d", "c"), NODE % ("c", "b"))),
        (
            w3c.read_answer(b"<x:a> <x:b> [ <x:c> [] ] .", "turtle"),
            w3c.read_answer(b"<x:a> <x:b> _:a . _:a <x:c> _:b .", "turtle"),
        ),
    ],
)
def test_same(found: w3c.Answer, expected: w3c.Answer) -> None:
    w3c.assert_same(found, expected)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (answer(ONE, TWO), answer(TWO, ONE, ordered=True)),
        (answer(ONE, ONE), answer(ONE)),
        (answer(ONE), answer(literal("1", "decimal"))),
        (answer(literal("2006-08-23", "date")), answer(literal("2006-08-23Z", "date"))),
        (answer(NODE % ("a", "b"), NODE % ("b", "c")), answer(NODE % ("a", "b"), NODE % ("c", "b"))),
        (answer(), w3c.Answer()),
        (w3c.Answer(boolean=True), w3c.Answer(boolean=False)),
        (w3c.read_answer(b"<x:a> <x:b> [] .", "turtle"), w3c.read_answer(b"<x:a> <x:b> [], [] .", "turtle")),
        (answer(), w3c.read_answer(b"", "turtle")),
    ],
)
def test_different(found: w3c.Answer, expected: w3c.Answer) -> None:
    with pytest.raises(AssertionError):
        w3c.assert_same(found, expected)


def test_reduced_may_lose_duplicates_but_no_solution() -> None:
    w3c.assert_same(answer(ONE, TWO), answer(ONE, ONE, TWO), may_lose_duplicates=True)
    with pytest.raises(AssertionError):
        w3c.assert_same(answer(ONE, ONE), answer(ONE, ONE, TWO), may_lose_duplicates=True)


def test_each_known_failure_has_a_suite_a_reason_and_stands_once() -> None:
    rows = w3c.all_known_failures()
    assert {row["suite"] for row in rows} <= {suite.name for suite in w3c.SUITES}
    assert all(row["reason"] and row["tests"] for row in rows)
    tests = [(row["suite"], test) for row in rows for test in row["tests"]]
    assert len(tests) == len(set(tests))
