"""Kept answers: which are given, in which encoding, under which entity tag, and how many bytes of them are held."""

import gzip
import zlib
from typing import Any

import pytest
import zstandard

from kg.web.cache import Cache, Kept, matches
from kg.web.encodings import Packer, choose_encoding

HEADERS = [(b"content-type", b"text/csv")]
BODY = b"name,label\n" + b"1,one\n" * 1000
KILOBYTE = 1024
MEGABYTE = 1024 * KILOBYTE


def kept(body: bytes = BODY) -> Kept:
    return Kept(HEADERS, body)


def test_an_answer_is_given_to_the_same_request_of_the_same_snapshot_only() -> None:
    cache = Cache(MEGABYTE)
    cache.put("1", ("GET", "/a"), kept(b"a"))
    found = cache.get("1", ("GET", "/a"))
    assert found is not None
    assert found.in_encoding("") == ([*HEADERS, (b"etag", found.entity_tag("").encode())], b"a")
    assert cache.get("1", ("GET", "/b")) is None
    assert cache.get("2", ("GET", "/a")) is None
    assert cache.get("", ("GET", "/a")) is None


def test_an_answer_of_a_new_snapshot_drops_all_of_the_one_before() -> None:
    cache = Cache(MEGABYTE)
    cache.put("1", ("/a",), kept(b"old"))
    cache.put("2", ("/b",), kept(b"new"))
    assert [cache.get(number, (path,)) for number in "12" for path in ("/a", "/b")][:3] == [None] * 3
    found = cache.get("2", ("/b",))
    assert found is not None
    assert found.body == b"new"


def test_the_first_answer_to_a_request_stays() -> None:
    cache = Cache(MEGABYTE)
    for body in (b"one", b"two"):
        cache.put("1", ("/a",), kept(body))
    found = cache.get("1", ("/a",))
    assert found is not None
    assert found.body == b"one"


def held(cache: Cache, keys: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [key for key in keys if cache.get("1", key)]


def test_the_least_recently_used_is_given_up_first() -> None:
    cache = Cache(100 * KILOBYTE)
    keys = [(f"/{number}",) for number in range(4)]
    for key in keys[:3]:
        cache.put("1", key, kept(bytes(14 * KILOBYTE)))
    assert held(cache, keys) == keys[:3]
    assert cache.get("1", keys[0])
    cache.put("1", keys[3], kept(bytes(14 * KILOBYTE)))
    assert held(cache, keys) == [keys[0], keys[2], keys[3]]


@pytest.mark.parametrize(
    ("key_bytes", "body_bytes"), [(0, 1), (16 * KILOBYTE, 1), (10, 10 * KILOBYTE)], ids=["many", "long keys", "bodies"]
)
def test_what_is_held_is_bounded_whatever_it_consists_of(key_bytes: int, body_bytes: int) -> None:
    """Keys are what clients send: they count, too, and so do the compressed forms."""
    cache = Cache(MEGABYTE)
    keys = [(f"/{number}", "k" * key_bytes) for number in range(2000)]
    for key in keys:
        cache.put("1", key, kept(bytes(body_bytes)))
    left = held(cache, keys)
    assert left == keys[-len(left) :]
    assert 0 < len(left) * (key_bytes + 2 * body_bytes) < MEGABYTE
    assert len(left) < MEGABYTE / KILOBYTE


@pytest.mark.parametrize("most_bytes", [MEGABYTE, 16 * MEGABYTE])
def test_an_answer_that_is_too_large_is_not_kept(most_bytes: int) -> None:
    cache = Cache(most_bytes)
    cache.put("1", ("/small",), kept())
    cache.put("1", ("/large",), kept(bytes(MEGABYTE + 1)))
    assert held(cache, [("/small",), ("/large",)]) == [("/small",)]


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@pytest.mark.parametrize("parts", [[], [BODY], [BODY * 50, b"", b"the end"], [bytes(300_000)] * 3])
def test_what_is_packed_part_by_part_is_whole_and_begins_early(encoding: str, parts: list[bytes]) -> None:
    def unpacking() -> Any:
        return zlib.decompressobj(31) if encoding == "gzip" else zstandard.ZstdDecompressor().decompressobj()

    packer = Packer(encoding)
    packed = [packer.pack(part) for part in parts]
    if parts:
        assert unpacking().decompress(packed[0]) == parts[0]
    whole = b"".join([*packed, packer.end()])
    assert unpacking().decompress(whole) == b"".join(parts)


def test_each_encoding_has_its_own_bytes_and_entity_tag() -> None:
    answer = kept()
    forms = {name: answer.in_encoding(name) for name in ("", "gzip", "zstd")}
    assert forms[""][1] == BODY
    assert gzip.decompress(forms["gzip"][1]) == BODY
    assert zstandard.decompress(forms["zstd"][1]) == BODY
    assert len({dict(headers)[b"etag"] for headers, _ in forms.values()}) == 3
    assert {name: dict(headers).get(b"content-encoding") for name, (headers, _) in forms.items()} == {
        "": None,
        "gzip": b"gzip",
        "zstd": b"zstd",
    }
    assert max(len(body) for name, (_, body) in forms.items() if name) < len(BODY)


def test_a_small_answer_is_sent_as_it_is() -> None:
    headers, body = kept(b"true").in_encoding("gzip")
    assert body == b"true"
    assert "content-encoding" not in dict(headers)


def test_the_entity_tag_is_of_the_bytes() -> None:
    assert kept(b"a").entity_tag("") == kept(b"a").entity_tag("")
    assert kept(b"a").entity_tag("") != kept(b"b").entity_tag("")
    assert kept(b"a").entity_tag("")[0] == kept(b"a").entity_tag("")[-1] == '"'


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("", ""),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("br", ""),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0.5, gzip", "gzip"),
        ("gzip;q=0", ""),
        ("gzip;q=0.000, zstd;q=0", ""),
        ("gzip;q=0, *", "zstd"),
        ("*;q=0", ""),
        ("*", "zstd"),
        ("identity", ""),
        ("identity;q=1, gzip;q=0.5", ""),
        ("identity;q=0.5, gzip;q=1", "gzip"),
        ("gzip ; q=0.7 , zstd;q=0.2", "gzip"),
        ("gzip;q=nonsense", ""),
    ],
)
def test_the_encoding_is_the_one_the_client_likes_best(accepted: str, encoding: str) -> None:
    assert choose_encoding(accepted) == encoding


@pytest.mark.parametrize(
    ("sent", "known"),
    [('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ('"b"', False), ("a", False), ('"aa"', False)],
)
def test_a_client_knows_an_answer_by_its_tag(sent: str, known: bool) -> None:
    assert matches(sent, '"a"') is known
