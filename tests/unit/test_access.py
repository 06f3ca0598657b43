"""How much one may ask for, addresses behind proxies, and pages of other sites."""

import threading
from collections.abc import Sequence
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.access import (
    Allowance,
    client_address,
    counted_address,
    may_ask_to_write,
    origin_of,
    refuse_cross_site,
)
from kg.errors import CrossSite, TooMany

# How much one may ask for.


def refused(allowance: Allowance, now: float, key: str = "ada") -> TooMany | None:
    try:
        allowance.take(key, now=now)
    except TooMany as error:
        return error
    return None


def granted(allowance: Allowance, moments: Sequence[float], key: str = "ada") -> list[float]:
    """The moments at which one was let through."""
    return [now for now in moments if refused(allowance, now, key) is None]


@given(
    per_minute=st.integers(1, 40),
    steps=st.lists(st.one_of(st.just(0.0), st.floats(0, 2), st.floats(0, 200)), min_size=1, max_size=120),
)
def test_never_more_than_a_minutes_worth_at_once_and_so_many_a_minute(per_minute: int, steps: list[float]) -> None:
    moments = [sum(steps[: at + 1]) for at in range(len(steps))]
    found = granted(Allowance("writes", per_minute=per_minute), moments)
    for first, start in enumerate(found):
        for last, end in enumerate(found[first:], first):
            assert last - first + 1 <= per_minute + per_minute / 60 * (end - start) + 0.01


@given(per_minute=st.integers(1, 200), start=st.floats(0, 1e9))
def test_all_of_an_allowance_is_there_again_after_a_minute(per_minute: int, start: float) -> None:
    allowance = Allowance("writes", per_minute=per_minute)
    for now in (start, start + 60, start + 3600):
        assert len(granted(allowance, [now] * (per_minute + 5))) == per_minute


@given(per_minute=st.integers(1, 200), later=st.floats(0, 59), taken=st.integers(0, 30))
def test_who_waits_as_long_as_told_is_let_through(per_minute: int, later: float, taken: int) -> None:
    allowance = Allowance("writes", per_minute=per_minute)
    granted(allowance, [1000.0] * per_minute)
    now = 1000.0 + later
    granted(allowance, [now] * taken)
    error = refused(allowance, now)
    if error:
        assert error.seconds >= 1
        assert refused(allowance, now + error.seconds) is None


def test_a_refusal_says_how_much_and_when_and_does_not_count() -> None:
    allowance = Allowance("writes with one token", per_minute=2)
    assert granted(allowance, [0.0, 0.0]) == [0.0, 0.0]
    for now, seconds, words in ((0.0, 30, "30 seconds"), (10.0, 20, "20 seconds"), (29.5, 1, "1 second")):
        with pytest.raises(TooMany, match=r"^more than 2 writes with one token a minute$") as caught:
            allowance.take("ada", now=now)
        assert (caught.value.seconds, caught.value.remedy) == (seconds, f"try again in {words}")
    assert granted(allowance, [30.0, 30.0]) == [30.0]


def test_each_key_has_an_allowance_of_its_own() -> None:
    allowance = Allowance("writes", per_minute=1)
    assert granted(allowance, [0.0, 0.0], key="ada") == [0.0]
    assert granted(allowance, [0.0, 0.0], key="bob") == [0.0]


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    allowance = Allowance("writes", per_minute=1)
    assert granted(allowance, [100.0, 40.0, 0.0]) == [100.0]


def test_the_keys_that_are_kept_are_the_latest_and_bounded() -> None:
    allowance = Allowance("writes", per_minute=2, most_keys=3)
    for key in ("ada", "bob", "cy", "ada", "dee"):
        allowance.take(key, now=0.0)
    assert len(allowance) == 3
    assert granted(allowance, [0.0], key="ada") == []
    assert granted(allowance, [0.0, 0.0], key="bob") == [0.0, 0.0]  # was forgotten
    for number in range(1000):
        allowance.take(str(number), now=0.0)
    assert len(allowance) == 3


def test_threads_do_not_get_more_together() -> None:
    allowance = Allowance("writes", per_minute=100)
    found: list[float] = []
    threads = [threading.Thread(target=lambda: found.extend(granted(allowance, [0.0] * 100))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 100


# Addresses.

PROXIES = [ip_network("10.0.0.0/8"), ip_network("2001:db8:ff::/48")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        # Nobody but a trusted proxy is believed.
        ("203.0.113.9", "1.1.1.1", "203.0.113.9"),
        ("203.0.113.9", "10.0.0.1, 1.1.1.1", "203.0.113.9"),
        ("2001:db8::1", "1.1.1.1", "2001:db8::1"),
        # A trusted one is, and so is each trusted one behind it.
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, 10.0.0.2, 10.9.9.9", "203.0.113.9"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("2001:db8:ff::1", "2001:db8::9, 2001:DB8:FF:0::2", "2001:db8::9"),
        # What a client has written in front of it is not.
        ("10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "10.0.0.7, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        # As some proxies write it.
        ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::9]:4711", "2001:db8::9"),
        ("10.0.0.1", "[2001:db8::9]", "2001:db8::9"),
        ("10.0.0.1", "1.1.1.1,203.0.113.9", "203.0.113.9"),
        # What is no address is counted as the proxy that said it.
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "1.1.1.1, unknown", "10.0.0.1"),
        ("10.0.0.1", "1.1.1.1, <script>, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "1.1.1.1, ,", "10.0.0.1"),
        ("", "1.1.1.1", ""),
        ("fe80::1%eth0", "1.1.1.1", "fe80::1"),
    ],
)
def test_the_client_is_who_the_last_trusted_proxy_was_asked_by(peer: str, forwarded: str, client: str) -> None:
    assert client_address(peer, forwarded, trusted=PROXIES) == client


@given(
    written=st.text(max_size=60) | st.lists(st.ip_addresses().map(str), max_size=5).map(", ".join),
    client=st.ip_addresses(v=4).filter(lambda found: found not in PROXIES[0]),
)
def test_nothing_that_a_client_writes_changes_its_address(written: str, client: object) -> None:
    assert client_address(str(client), written, trusted=PROXIES) == str(client)
    assert client_address("10.0.0.1", f"{written}, {client}", trusted=PROXIES) == str(client)
    assert client_address("10.0.0.1", f"{written}, {client}", trusted=[]) == "10.0.0.1"


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("", "unknown"),
        ("/run/kg.sock", "unknown"),
    ],
)
def test_an_address_is_counted_by_its_site(address: str, counted: str) -> None:
    assert counted_address(address) == counted


# Pages of other sites.

OWN = "https://data.example"
LISTED = frozenset({"https://desk.example"})
WRITES = ("POST", "PUT", "DELETE", "PATCH", "post", "get", "QUERY")


def crosses(method: str, **headers: str) -> bool:
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    try:
        refuse_cross_site(method, named, own_origin=OWN, allowed_origins=LISTED)
    except CrossSite as error:
        return "KG_WRITE_ORIGINS" in error.remedy
    return False


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "anything"},
        {"Sec_Fetch_Site": ""},
        {"sec_fetch_site": "cross-site", "origin": OWN},
        {"Origin": "https://evil.example"},
        {"ORIGIN": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://data.example"},
        {"Origin": "https://data.example:8443"},
        {"Origin": "https://data.example.evil.example"},
        {"Origin": f"{OWN}, https://evil.example"},
        {"Origin": "https://evil.example", "Sec_Fetch_Site": "same-origin"},
        {"Origin": "null", "Sec_Fetch_Site": "none"},
        {"Origin": "https://desk.example.evil.example", "Sec_Fetch_Site": "cross-site"},
    ],
)
def test_a_page_of_another_site_cannot_write(method: str, headers: dict[str, str]) -> None:
    assert crosses(method, **headers)
    for safe in ("GET", "HEAD", "OPTIONS"):
        assert not crosses(safe, **headers)


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": OWN},
        {"Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": OWN, "Sec_Fetch_Site": "same-origin"},
        {"Origin": "http://data.example", "Sec_Fetch_Site": "same-origin"},
        {"Origin": "https://desk.example"},
        {"Origin": "https://desk.example", "Sec_Fetch_Site": "cross-site"},
    ],
)
def test_programs_own_pages_and_listed_ones_can_write(method: str, headers: dict[str, str]) -> None:
    assert not crosses(method, **headers)


def test_one_good_origin_does_not_cover_a_bad_one() -> None:
    headers = [("Origin", "https://desk.example"), ("Origin", "https://evil.example")]
    for order in (headers, headers[::-1]):
        with pytest.raises(CrossSite):
            refuse_cross_site("POST", order, own_origin=OWN, allowed_origins=LISTED)


@pytest.mark.parametrize("origin", ["", "http", "https", "http://", "https://", "null"])
@pytest.mark.parametrize("site", [[], [("Sec-Fetch-Site", "same-origin")]])
def test_where_our_own_origin_is_not_known_no_page_is_ours(origin: str, site: list[tuple[str, str]]) -> None:
    with pytest.raises(CrossSite):
        refuse_cross_site("POST", [("Origin", origin), *site], own_origin="", allowed_origins=LISTED)
    refuse_cross_site("POST", site, own_origin="", allowed_origins=LISTED)


def test_only_own_and_listed_pages_are_told_that_they_can_write() -> None:
    for origin, may in ((OWN, True), ("https://desk.example", True), ("https://evil.example", False), ("null", False)):
        assert may_ask_to_write(origin, own_origin=OWN, allowed_origins=LISTED) is may
    assert not may_ask_to_write("", own_origin="", allowed_origins=LISTED)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://data.example/kg/", "https://data.example"),
        ("HTTPS://Data.Example:443", "https://data.example"),
        ("http://data.example:80/", "http://data.example"),
        ("http://data.example:443/", "http://data.example:443"),
        ("http://[::1]:8000/desk", "http://[::1]:8000"),
        ("https://ada:secret@data.example/", "https://data.example"),
        ("ftp://data.example/", None),
        ("data.example", None),
        ("https://", None),
        ("https://data.example:port/", None),
    ],
)
def test_an_origin_is_written_as_browsers_do(url: str, origin: str | None) -> None:
    assert origin_of(url) == origin
