"""What a worker is asked: the same whichever frame it goes in, and the short one for what is asked most."""

from typing import Any

import pytest

from kg.store.frames import HEAD_BYTES, asked, asking

PLAIN = {"query": "ASK {}", "format": "csv"}
WITHOUT_GRAPHS: dict[str, list[str]] = {"default_graphs": [], "named_graphs": []}


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (PLAIN, b"P"),
        (PLAIN | WITHOUT_GRAPHS, b"Q"),
        (PLAIN | {"query": 'ASK { ?s ?p "é\0\ud800\U0001f30d" }'}, b"P"),
        (PLAIN | {"query": ""}, b"P"),
        (PLAIN | {"default_graphs": ["http://e/g"], "named_graphs": []}, b"Q"),
        (PLAIN | {"default_graphs": [], "named_graphs": ["http://e/g"]}, b"Q"),
        (PLAIN | {"revision": 0}, b"Q"),
        (PLAIN | {"as_of": "2024"}, b"Q"),
        ({"query": "ASK {}", "limit": 2}, b"Q"),
        ({"query": "ASK {}", "limit": None}, b"Q"),
    ],
)
def test_a_request_arrives_as_it_was_asked(request_: dict[str, Any], kind: bytes) -> None:
    sent = asking(request_)
    assert sent[:1] == kind
    assert int.from_bytes(sent[1:HEAD_BYTES], "big") == len(sent) - HEAD_BYTES
    arrived = asked(sent[:1], sent[HEAD_BYTES:])
    assert WITHOUT_GRAPHS | arrived == WITHOUT_GRAPHS | request_
