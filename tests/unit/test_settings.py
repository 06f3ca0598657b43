"""Settings: read from an environment, refused with a remedy, and told in docs/settings.md as they are."""

from dataclasses import FrozenInstanceError, fields
from ipaddress import ip_network
from pathlib import Path

import pytest

from kg.errors import SettingsError
from kg.settings import SETTINGS, STRICT, Endpoint, Remote, Settings

ROOT = Path(__file__).parents[2]
BY_NAME = {setting.name: setting for setting in SETTINGS}


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environ({}) == Settings()
    assert Settings.from_environ(dict.fromkeys((setting.variable for setting in SETTINGS), "")) == Settings()
    assert Settings.from_environ({"PORT": "1", "kg_port": "1", "KG_UNKNOWN": "1"}) == Settings()


# Of each setting that is no plain number: a text in the environment, and the value that it gives.
GIVEN = {
    "content": ("/srv/content", Path("/srv/content")),
    "state": ("/var/lib/kg", Path("/var/lib/kg")),
    "store": (
        "sparql+https://ada:p%40ss@db.example:7878/query",
        Endpoint("https://db.example:7878/query", "ada", "p@ss"),
    ),
    "store_update": ("sparql+http://[::1]/u?x=1", Endpoint("http://[::1]/u?x=1")),
    "base_iri": ("https://data.example/kg/", "https://data.example/kg/"),
    "default_graph": ("strict", STRICT),
    "host": ("0.0.0.0", "0.0.0.0"),  # noqa: S104 - read, not listened on
    "port": ("65535", 65535),
    "services": (
        "https://a.example/sparql  http://b.example/=>http://127.0.0.1:7878/query",
        {
            ("https://a.example/sparql", "https://a.example/sparql"),
            ("http://b.example/", "http://127.0.0.1:7878/query"),
        },
    ),
    "java": ("/opt/java", Path("/opt/java")),
    "trusted_proxies": ("10.0.0.0/8 ::1", {ip_network("10.0.0.0/8"), ip_network("::1/128")}),
    "write_origins": ("https://desk.example http://[::1]:8080", {"https://desk.example", "http://[::1]:8080"}),
}
NUMBERS = {name for name, setting in BY_NAME.items() if isinstance(setting.default, int)} - set(GIVEN)


def test_every_setting_is_tried() -> None:
    names = {field.name for field in fields(Settings)}
    assert set(BY_NAME) == names
    assert len(SETTINGS) == len(names)
    assert set(GIVEN) | NUMBERS == names


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_each_setting_is_read_from_its_variable(name: str) -> None:
    text, value = GIVEN.get(name, ("7", 7))
    assert BY_NAME[name].variable == f"KG_{name.upper()}"
    read = Settings.from_environ({BY_NAME[name].variable: text})
    assert getattr(read, name) == value != getattr(Settings(), name)
    assert {field.name for field in fields(Settings) if getattr(read, field.name) != field.default} == {name}


def test_what_is_given_goes_before_the_environment_and_none_is_not_given() -> None:
    environ = {"KG_STATE": "/environment", "KG_CONTENT": "/content"}
    settings = Settings.from_environ(environ, state=Path("/given"), content=None)
    assert (settings.state, settings.content) == (Path("/given"), Path("/content"))


@pytest.mark.parametrize(
    ("variable", "text", "remedy"),
    [
        ("KG_PORT", "0", "at least 1"),
        ("KG_PORT", "65536", "a port from 1 to 65535"),
        ("KG_PORT", "http", "whole number"),
        ("KG_PORT", "٨٠", "whole number"),  # digits, but not those of ASCII
        ("KG_DEFAULT_GRAPH", "Union", "write union or strict"),
        ("KG_BASE_IRI", "https://data.example", "ends in / or #"),
        ("KG_BASE_IRI", "urn:kg:", "http"),
        ("KG_BASE_IRI", "https://data.example/a b/", "IRI"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_a_remedy(variable: str, text: str, remedy: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ({variable: text})
    assert str(caught.value) == f"{variable} is {text!r}"
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        "a.example/sparql",
        "https://a.example/sparql ftp://b.example/",
        "http:///sparql",
        "https://a.example/sparql=>b.example",
        "https://a.example/sparql=>",
        "=>https://a.example/sparql",
        "https://a.example/>",
        "https://a.example/=>http://b.example/>{}",
    ],
)
def test_an_endpoint_that_is_none_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(SettingsError, match="KG_SERVICES names") as caught:
        Settings.from_environ({"KG_SERVICES": text})
    assert "SPARQL endpoints" in caught.value.remedy


def test_an_endpoint_is_asked_at_one_address() -> None:
    twice = "https://a.example/=>http://b.example/ https://a.example/=>http://c.example/"
    with pytest.raises(SettingsError, match=r"two addresses of <https://a\.example/>"):
        Settings.from_environ({"KG_SERVICES": twice})


@pytest.mark.parametrize(
    "text",
    [
        "http://ada:secret@db.example/sparql",
        "sparql+ftp://ada:secret@db.example/sparql",
        "sparql+http:///secret",
        "sparql+http://ada:secret@db.example:port/",
        "sparql+http://ada:secret@db.example/a b",
        "memory:secret",
    ],
)
def test_a_store_that_is_none_is_refused_without_showing_its_password(text: str) -> None:
    with pytest.raises(SettingsError, match="KG_STORE") as caught:
        Settings.from_environ({"KG_STORE": text})
    assert "secret" not in str(caught.value) + caught.value.remedy
    assert "sparql+http://" in caught.value.remedy


@pytest.mark.parametrize(
    ("store", "update"),
    [
        ("http://db.example/query", "http://db.example/update"),
        ("http://db.example/ds/query", "http://db.example/ds/update"),
        ("http://db.example/repositories/kg", "http://db.example/repositories/kg/statements"),
        ("http://db.example/sparql?a=/query", "http://db.example/sparql?a=/query"),
    ],
)
def test_where_a_store_takes_updates_follows_from_where_it_answers(store: str, update: str) -> None:
    remote = Settings.from_environ({"KG_STORE": f"sparql+{store.replace('//', '//ada:secret@')}"}).remote
    assert remote == Remote(Endpoint(store, "ada", "secret"), Endpoint(update, "ada", "secret"))
    assert "secret" not in f"{remote} {remote!r}"
    other = Settings.from_environ({"KG_STORE": f"sparql+{store}", "KG_STORE_UPDATE": "sparql+http://u.example/"})
    assert other.remote == Remote(Endpoint(store), Endpoint("http://u.example/"))


def test_the_embedded_store_answers_unless_another_one_is_named() -> None:
    assert Settings().remote is None
    assert Settings.from_environ({"KG_STORE": "embedded", "KG_STORE_UPDATE": "sparql+http://u.example/"}).remote is None


@pytest.mark.parametrize("text", ["10.0.0.1/8", "proxy.example", "10.0.0.0/33"])
def test_a_proxy_that_is_no_address_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(SettingsError, match="KG_TRUSTED_PROXIES is") as caught:
        Settings.from_environ({"KG_TRUSTED_PROXIES": f"::1 {text}"})
    assert "10.0.0.0/8" in caught.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        "desk.example",
        "*",
        "null",
        "https://desk.example/",
        "https://Desk.example",
        "https://desk.example:443",
        "http://desk.example:80",
        "https://ada@desk.example",
        "ftp://desk.example",
        "https://*.example",
    ],
)
def test_an_origin_that_no_browser_would_send_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(SettingsError, match="KG_WRITE_ORIGINS names") as caught:
        Settings.from_environ({"KG_WRITE_ORIGINS": f"https://good.example {text}"})
    assert "as browsers do" in caught.value.remedy


@pytest.mark.parametrize("name", sorted(NUMBERS))
@pytest.mark.parametrize("text", ["0", "-1", "1.5", "1e6", " 5", "many"])
def test_a_number_is_a_whole_one_of_at_least_1(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=BY_NAME[name].variable) as caught:
        Settings.from_environ({BY_NAME[name].variable: text})
    assert caught.value.remedy == "give a whole number of at least 1"


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]


def test_the_documentation_lists_each_setting_as_it_is_and_nothing_else() -> None:
    lines = (ROOT / "docs/settings.md").read_text(encoding="utf-8").splitlines()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    assert table[0] == ["name", "unit", "default", "what it is"]
    told = [(name, default, meaning) for name, _, default, meaning in table[2:]]
    assert told == [
        (
            f"`{setting.variable}`",
            "empty" if setting.default in ("", None, frozenset()) else f"`{setting.default}`",
            setting.meaning,
        )
        for setting in SETTINGS
    ]
    assert all(unit for _, unit, _, _ in table[2:])
    for name, unit, _, meaning in table[2:]:
        if isinstance(BY_NAME[name.strip("`").removeprefix("KG_").lower()].default, int):
            assert unit in meaning.lower(), f"the meaning of {name} does not tell its unit"
