"""Entries as JSON: what is read, and what is refused with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kg.errors import TableErrors
from kg.tables import Entry, entries_in, json_of


def problems(told: Any) -> str:
    data = told if isinstance(told, bytes) else json.dumps(told).encode()
    with pytest.raises(TableErrors) as caught:
        entries_in(data)
    return "\n".join(str(problem) for problem in caught.value.problems)


def one(**members: Any) -> dict[str, Any]:
    return {"entries": [{"class": "Event", "values": {}} | members]}


def test_what_is_written_is_read_back() -> None:
    entries = (
        Entry("Event", "", "event 1", {"label@en": ("a | b", '=1+1 "x"'), "kind": ()}),
        Entry("Passage", "p-1", "", {"line": ("12",)}),
    )
    assert entries_in(json.dumps(json_of(entries)).encode()) == entries


def test_a_value_may_stand_alone_and_members_may_be_left_out() -> None:
    told = {"entries": [{"class": " Event ", "values": {"label@en": "One"}}, {"class": "Passage"}]}
    assert entries_in(json.dumps(told).encode()) == (Entry("Event", values={"label@en": ("One",)}), Entry("Passage"))


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'\xff\xfe{"entries"', "not JSON"),
        ([], "there are no entries"),
        ({"entries": []}, "there are no entries"),
        ({"entries": {}}, "there are no entries"),
        ({"entries": [{"class": "Event"}] * 501}, "501 entries, and at most 500"),
        ({"entries": ["Event"]}, "entry 1: it is not made of class"),
        (one(more=1), "entry 1: it is not made of class"),
        (one(id=7), "entry 1: `id` is no short text"),
        (one(local="x" * 201), "entry 1: `local` is no short text"),
        (one(values=[]), ""),
        (one(values=["x"]), "entry 1: `values` is no object"),
        (one(values={"line": [12]}), "entry 1, line: a value is no text"),
        (one(local="event 1", values={"line": [None]}), "event 1, line: a value is no text"),
        (one(values={"label@en": ["a\0b"]}), "entry 1, label@en: a value has a control sign"),
        (one(values={"label@en": ["\ud800"]}), "entry 1, label@en: a value has a control sign"),
        (one(values={"label@en": ["x" * 32_768]}), "entry 1, label@en: a value has 32,768 characters"),
        (one(values={"label@en": ["x"] * 10_001}), "more than 10,000 values"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(told: Any, says: str) -> None:
    if says:
        assert says in problems(told)
    else:
        assert entries_in(json.dumps(told).encode())


def test_no_more_mistakes_are_told_than_help() -> None:
    assert problems({"entries": [{"class": 1}] * 500}).count("\n") < 100
