"""Settings: one frozen value, read from the environment at an entry point and passed down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from kg.errors import SettingsError

UNION: Final = "union"
STRICT: Final = "strict"


@dataclass(frozen=True)
class Settings:
    """What an operator can set; `SETTINGS` says what each is."""

    content: Path = Path()
    state: Path = Path("state")
    base_iri: str = ""
    default_graph: str = UNION
    host: str = "127.0.0.1"
    port: int = 8000
    memory_quads: int = 1_000_000
    query_characters: int = 100_000
    query_depth: int = 100
    services: frozenset[str] = frozenset()
    query_seconds: int = 30
    query_megabytes: int = 1024
    processes: int = 2
    workers: int = 16
    waiting: int = 64
    cache_megabytes: int = 64
    java: Path | None = None
    reason_seconds: int = 120

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], **overrides: Any) -> Settings:
        """The settings of an environment; an override that is not None goes before it.

        Raises:
            SettingsError: a value cannot be used.
        """
        values: dict[str, Any] = {}
        for setting in SETTINGS:
            text = environ.get(setting.variable, "")
            if text:
                values[setting.name] = setting.read(text, setting)
        given = {name: value for name, value in overrides.items() if value is not None}
        return replace(cls(**values), **given)


@dataclass(frozen=True)
class Setting:
    """One row of the table of settings."""

    name: str
    meaning: str
    """One sentence; the unit of a number is in it."""
    read: Callable[[str, Setting], Any]

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"KG_{self.name.upper()}"

    @property
    def default(self) -> Any:
        """Its value when nothing sets it."""
        return next(field.default for field in fields(Settings) if field.name == self.name)


def _text(text: str, _: Setting) -> str:
    return text


def _path(text: str, _: Setting) -> Path:
    return Path(text)


def _positive(text: str, setting: Setting) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise SettingsError(f"{setting.variable} is {text!r}", remedy="give a whole number of at least 1")
    return int(text)


def _port(text: str, setting: Setting) -> int:
    number = _positive(text, setting)
    if number > 65535:  # noqa: PLR2004 - RFC 9293 §3.1: ports have 16 bits
        raise SettingsError(f"{setting.variable} is {text!r}", remedy="give a port from 1 to 65535")
    return number


def _mode(text: str, setting: Setting) -> str:
    if text not in (UNION, STRICT):
        raise SettingsError(f"{setting.variable} is {text!r}", remedy=f"write {UNION} or {STRICT}")
    return text


def _base_iri(text: str, setting: Setting) -> str:
    unusable = any(sign in text for sign in '<>" {}|\\^`')
    if urlsplit(text).scheme not in ("http", "https") or text[-1] not in "/#" or unusable:
        raise SettingsError(f"{setting.variable} is {text!r}", remedy="give an http(s) IRI that ends in / or #")
    return text


def _endpoints(text: str, setting: Setting) -> frozenset[str]:
    for endpoint in text.split():
        if urlsplit(endpoint).scheme not in ("http", "https") or not urlsplit(endpoint).hostname:
            raise SettingsError(
                f"{setting.variable} names {endpoint!r}", remedy="give http(s) IRIs of SPARQL endpoints"
            )
    return frozenset(text.split())


SETTINGS: Final = (
    Setting("content", "Folder that holds ontology, shapes, queries and data.", _path),
    Setting("state", "Folder for what is built: snapshots and the pointer to the current one.", _path),
    Setting("base_iri", "Base IRI to publish under; empty: the one that the catalogue gives.", _base_iri),
    Setting("default_graph", "`union`: queries see all graphs at once; `strict`: only what they name.", _mode),
    Setting("host", "Address that the server listens on.", _text),
    Setting("port", "Port that the server listens on.", _port),
    Setting(
        "memory_quads", "Largest snapshot that is read from memory, in quads; others are read from disk.", _positive
    ),
    Setting("query_characters", "Longest query text, in characters.", _positive),
    Setting("query_depth", "Deepest nesting of a query, in brackets open at once.", _positive),
    Setting("services", "Endpoints that a query may call by SERVICE, their IRIs separated by spaces.", _endpoints),
    Setting("query_seconds", "Longest time that a query is computed, in seconds.", _positive),
    Setting("query_megabytes", "Most memory that a query may take beside its snapshot, in megabytes.", _positive),
    Setting("processes", "Server processes.", _positive),
    Setting("workers", "Queries that a server process has computed at the same time.", _positive),
    Setting("waiting", "Queries that wait for their turn in a server process; more are turned away.", _positive),
    Setting("cache_megabytes", "Answers that a server process keeps in memory, in megabytes.", _positive),
    Setting("java", "Java program that the OWL reasoner runs on; empty: that of JAVA_HOME, or in PATH.", _path),
    Setting("reason_seconds", "Longest time that the OWL reasoner may take, in seconds.", _positive),
)
