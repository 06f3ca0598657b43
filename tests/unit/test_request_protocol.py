"""Reading a request: names and values as every other decoder has them, and what is refused before it is read."""

import asyncio
from typing import Any, Final
from urllib.parse import parse_qsl, quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.store import Past
from kg.web.exchange import Request
from kg.web.gateway import Exchange
from kg.web.problems import Problem
from kg.web.protocol import (
    FORM,
    QUERY,
    UPDATE,
    QueryRequest,
    UpdateRequest,
    parameters,
    read_past,
    read_query_request,
    read_update_request,
)

QUESTION: Final = 'SELECT * { ?s ?p "5 + 5 = 10 % é 🌍\r\n" }'
PIECES: Final = (
    *(b"%41", b"%3D", b"%3d", b"%0A", b"%0D%0A", b"%20", b"%00", b"%C3%A9", b"%C3", b"%FF", b"%", b"%%", b"%z", b"%e"),
    *(b"a", b"=", b"==", b"&", b"&&", b"+", b" ", b"\t", b"\n", b"\r\n", b"=\n", b"_", b".", b";", b"\x00"),
    *("é".encode(), b"\xff", b"query="),
)


@given(st.lists(st.sampled_from(PIECES), max_size=10).map(b"".join))
def test_parameters_are_decoded_as_by_the_standard_library(encoded: bytes) -> None:
    try:
        expected = parse_qsl(encoded.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        with pytest.raises(Problem, match="not UTF-8"):
            parameters(encoded, "the URL")
    else:
        assert parameters(encoded, "the URL") == expected


def test_no_more_than_a_thousand_parameters_are_read() -> None:
    assert len(parameters(b"&".join([b"a=1"] * 1000), "the URL")) == 1000
    with pytest.raises(Problem, match="the URL has more than 1,000"):
        parameters(b"&".join([b"a=1"] * 1001), "the URL")


@pytest.mark.parametrize("encode", [quote, quote_plus])
def test_a_query_comes_through_whichever_way_it_is_sent(encode: Any) -> None:
    encoded = b"query=" + encode(QUESTION).encode()
    ways = [
        Request("GET", "/sparql", encoded),
        Request("POST", "/sparql", b"", content_type=FORM, body=encoded),
        Request("POST", "/sparql", b"", content_type=f"{QUERY}; charset=UTF-8", body=QUESTION.encode()),
    ]
    assert [read_query_request(way) for way in ways] == [QueryRequest(QUESTION)] * 3


@pytest.mark.parametrize(
    ("query_string", "detail"),
    [
        (b"query=ASK{}&query=ASK{}", "given 2 times"),
        (b"update=CLEAR+ALL", "an update"),
        (b"query=%FF", "not UTF-8"),
        (b"query=\xff", "not UTF-8"),
        (b"query=ASK{}&timeout=", "is no time"),
        (b"query=ASK{}&timeout=-1", "is no time"),
        (b"query=ASK{}&timeout=1e3", "is no time"),
    ],
)
def test_what_is_wrong_with_a_request_is_said(query_string: bytes, detail: str) -> None:
    with pytest.raises(Problem, match=detail):
        read_query_request(Request("GET", "/sparql", query_string))


def test_a_byte_order_mark_is_dropped_where_a_text_begins_and_only_there() -> None:
    marked = f"\ufeff{QUESTION}\ufeff"
    form, direct = f"query={quote(marked)}".encode(), marked.encode()
    ways = [
        Request("GET", "/sparql", form),
        Request("GET", "/sparql", form + b"&timeout=0"),
        Request("POST", "/sparql", b"", content_type=FORM, body=form),
        Request("POST", "/sparql", b"", content_type=QUERY, body=direct),
    ]
    assert [read_query_request(way) for way in ways] == [QueryRequest(f"{QUESTION}\ufeff")] * 4
    updates = [
        Request("POST", "/update", b"", content_type=FORM, body=form.replace(b"query=", b"update=")),
        Request("POST", "/update", b"", content_type=UPDATE, body=direct),
    ]
    assert [read_update_request(update) for update in updates] == [UpdateRequest(f"{QUESTION}\ufeff")] * 2


@pytest.mark.parametrize(
    ("timeout", "seconds"), [("0", None), ("0.0", None), ("5", 5.0), ("0.5", 0.5), ("30000", 30000.0)]
)
def test_a_client_says_how_long_it_waits(timeout: str, seconds: float | None) -> None:
    asked = Request("GET", "/sparql", f"query=ASK{{}}&timeout={timeout}".encode())
    assert read_query_request(asked) == QueryRequest("ASK{}", seconds=seconds)


def test_a_graph_without_a_name_is_as_if_not_given() -> None:
    names = b"&default-graph-uri=&named-graph-uri=&default-graph-uri=x:a"
    assert read_query_request(Request("GET", "/sparql", b"query=ASK{}" + names)).default_graphs == ("x:a",)
    with pytest.raises(Problem, match="not an absolute IRI"):
        read_update_request(Request("POST", "/update", b"using-graph-uri=", content_type=UPDATE, body=b"CLEAR ALL"))


@pytest.mark.parametrize(
    "time",
    ["2026", "2026-05", "2024-02-29", "2026-05-18T10:30", "2026-05-18T23:59:59", "2026-05-18T00:00:00Z", "0001"],
)
def test_a_time_may_be_told_by_its_beginning(time: str) -> None:
    assert read_past({"asOf": time}) == Past(as_of=time)


@pytest.mark.parametrize(
    "time",
    [
        *("2026-13-45", "2026-13", "2026-00", "2026-05-00", "2026-02-29", "2026-02-30T10:30", "0000"),
        *("2026-05-18T25:00", "2026-05-18T10:60", "2026-05-18T10:30:61Z", "2026-05-18T10", "2026-5", "yesterday"),
    ],
)
def test_a_time_that_no_calendar_or_clock_has_is_refused(time: str) -> None:
    with pytest.raises(Problem, match=f'asOf: "{time}" is no time') as problem:
        read_past({"asOf": time})
    assert problem.value.kind.status == 400
    assert "2024-05-01" in problem.value.remedy


@pytest.mark.parametrize(
    ("encoding", "refused"), [("gzip", True), ("br, gzip", True), ("identity", False), ("", False)]
)
def test_a_compressed_body_is_refused_with_what_to_do(encoding: str, refused: bool) -> None:
    asked = Request("POST", "/sparql", b"", content_type=QUERY, content_encoding=encoding, body=b"ASK {}")
    if not refused:
        assert read_query_request(asked).text == "ASK {}"
        return
    with pytest.raises(Problem, match=f"compressed as {encoding}") as problem:
        read_query_request(asked)
    assert problem.value.kind.status == 415
    assert "without Content-Encoding" in problem.value.remedy
    assert problem.value.headers == (("Accept-Encoding", "identity"),)


def exchange(*messages: dict[str, Any], headers: tuple[tuple[bytes, bytes], ...] = ()) -> Exchange:
    """A POST of which these messages arrive, and no more."""
    arriving = list(messages)

    async def receive() -> dict[str, Any]:
        if arriving:
            return arriving.pop(0)
        nothing: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        return await nothing

    async def send(_: Any) -> None:
        raise AssertionError("nothing is to be sent")

    about = {"method": "POST", "path": "/sparql", "query_string": b"", "scheme": "http", "http_version": "1.1"}
    return Exchange({**about, "headers": headers}, receive, send)


def test_a_body_is_read_up_to_the_limit_that_the_refusal_names() -> None:
    parts = [{"type": "http.request", "body": b"x" * 600, "more_body": more} for more in (True, False)]
    assert asyncio.run(exchange(*parts).body(1200)) == b"x" * 1200
    with pytest.raises(Problem, match="more than 1,199 bytes") as problem:
        asyncio.run(exchange(*parts).body(1199))
    assert problem.value.kind.status == 413


def test_several_lines_of_a_header_are_one_value() -> None:
    asked = exchange(headers=((b"accept", b"text/csv"), (b"host", b"e"), (b"accept", b"text/html;q=0.1")))
    assert (asked.value(b"accept"), asked.value(b"host"), asked.value(b"cookie")) == (
        "text/csv, text/html;q=0.1",
        "e",
        "",
    )


@pytest.mark.parametrize("leaves", [True, False])
def test_a_client_that_leaves_is_noticed_and_one_that_stays_is_not(leaves: bool) -> None:
    async def watch() -> tuple[bool, bool]:
        asked = exchange({"type": "http.request"}, *([{"type": "http.disconnect"}] if leaves else []))
        future = asked.left()
        assert asked.left() is future
        await asyncio.wait([future], timeout=10 if leaves else 0.1)
        noticed = future.done()
        asked.close()
        return noticed, future.cancelled()

    assert asyncio.run(watch()) == (leaves, not leaves)


def test_a_body_that_does_not_go_on_is_given_up() -> None:
    part = {"type": "http.request", "body": b"query=", "more_body": True}
    with pytest.raises(Problem, match=r"nothing more of the body came for 0\.01 seconds") as problem:
        asyncio.run(exchange(part).body(1200, patience_seconds=0.01))
    assert problem.value.kind.status == 408


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        (((b"host", b"a.example"),), False),
        (((b"host", b""),), True),
        ((), True),
        (((b"host", b"a.example"), (b"host", b"b.example")), True),
        (((b"host", b"a.example, b.example"),), True),
    ],
)
def test_a_request_names_one_host(headers: tuple[tuple[bytes, bytes], ...], refused: bool) -> None:
    asked = exchange(headers=headers)
    if not refused:
        asked.refuse_unclear_host()
        return
    with pytest.raises(Problem, match="not just one Host"):
        asked.refuse_unclear_host()
