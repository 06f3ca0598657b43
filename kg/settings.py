"""Settings: one frozen value, read from the environment at an entry point and passed down."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from kg.errors import SettingsError

UNION: Final = "union"
STRICT: Final = "strict"

EMBEDDED: Final = "embedded"

_ASKED_AT: Final = "=>"

# Source: the manuals of Oxigraph, Apache Jena Fuseki and Stardog for the first; of GraphDB and RDF4J for the second.
_UPDATE_PATHS: Final = (
    (re.compile(r"/query$"), "/update"),
    (re.compile(r"(/repositories/[^/]+)$"), r"\1/statements"),
)

# Source: RFC 6454 §6.2.
_ORIGIN: Final = re.compile(
    r"(http(?!.*:80$)|https(?!.*:443$))://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.ASCII
)


@dataclass(frozen=True)
class Endpoint:
    """Where a store answers over HTTP, and as whom to ask it. Shown without the password."""

    url: str
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.url.partition("?")[0]


@dataclass(frozen=True)
class Remote:
    """A SPARQL 1.1 store: where it answers queries, and where it takes updates."""

    query: Endpoint
    update: Endpoint

    def __str__(self) -> str:
        return str(self.query)


@dataclass(frozen=True)
class Settings:
    """What an operator can set; `SETTINGS` says what each is."""

    content: Path = Path()
    state: Path = Path("state")
    store: Endpoint | None = None
    store_update: Endpoint | None = None
    base_iri: str = ""
    default_graph: str = UNION
    host: str = "127.0.0.1"
    port: int = 8000
    memory_quads: int = 1_000_000
    query_characters: int = 100_000
    query_depth: int = 100
    services: frozenset[tuple[str, str]] = frozenset()
    """Each the IRI of an endpoint, and the address where it is asked."""
    query_seconds: int = 30
    query_megabytes: int = 1024
    submission_seconds: int = 60
    submission_megabytes: int = 10
    processes: int = 2
    workers: int = 16
    waiting: int = 64
    cache_megabytes: int = 32
    search_things: int = 200_000
    java: Path | None = None
    reason_seconds: int = 120
    token_writes: int = 120
    address_writes: int = 240
    address_validations: int = 30
    trusted_proxies: frozenset[IPv4Network | IPv6Network] = frozenset()
    write_origins: frozenset[str] = frozenset()

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

    @property
    def remote(self) -> Remote | None:
        """The store that answers in place of the embedded one; None: the embedded one answers."""
        return Remote(self.store, self.store_update or _update_endpoint(self.store)) if self.store else None


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


def _services(text: str, setting: Setting) -> frozenset[tuple[str, str]]:
    services: dict[str, str] = {}
    for entry in text.split():
        iri, arrow, address = entry.partition(_ASKED_AT)
        for endpoint in (iri, address) if arrow else (iri,):
            parts = urlsplit(endpoint)
            if parts.scheme not in ("http", "https") or not parts.hostname or set(endpoint) & set('<>"{}|\\^`'):
                raise SettingsError(
                    f"{setting.variable} names {endpoint!r}",
                    remedy="give http(s) IRIs of SPARQL endpoints, or IRI=>ADDRESS where one is asked elsewhere",
                )
        if services.setdefault(iri, address or iri) != (address or iri):
            raise SettingsError(f"{setting.variable} names two addresses of <{iri}>", remedy="name one")
    return frozenset(services.items())


def _store(text: str, setting: Setting) -> Endpoint | None:
    if text == EMBEDDED:
        return None
    scheme, _, rest = text.partition("+")
    remedy = f"write {EMBEDDED}, or the URL of its endpoint as sparql+http://USER:PASSWORD@HOST:PORT/PATH"
    try:
        parts = urlsplit(rest)
        host = parts.hostname and (f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname)
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise SettingsError(f"{setting.variable} names no host and port", remedy=remedy) from error
    if scheme != "sparql" or parts.scheme not in ("http", "https") or not host or set(rest) & set(' <>"\\^`{|}'):
        raise SettingsError(f"{setting.variable} is not the URL of a store", remedy=remedy)  # it may hold a password
    url = parts._replace(netloc=f"{host}{port}", fragment="").geturl()
    return Endpoint(url, unquote(parts.username or ""), unquote(parts.password or ""))


def _update_endpoint(endpoint: Endpoint) -> Endpoint:
    """Where a store takes updates that answers at an endpoint: by the habits of the products, else at the same URL."""
    url = urlsplit(endpoint.url)
    paths = (pattern.subn(instead, url.path) for pattern, instead in _UPDATE_PATHS)
    path = next((path for path, count in paths if count), url.path)
    return replace(endpoint, url=url._replace(path=path).geturl())


def _networks(text: str, setting: Setting) -> frozenset[IPv4Network | IPv6Network]:
    try:
        return frozenset(ip_network(network) for network in text.split())
    except ValueError as error:
        raise SettingsError(
            f"{setting.variable} is {text!r}: {error}", remedy="give addresses or networks such as 10.0.0.0/8"
        ) from error


def _origins(text: str, setting: Setting) -> frozenset[str]:
    for origin in text.split():
        if not _ORIGIN.fullmatch(origin):
            raise SettingsError(
                f"{setting.variable} names {origin!r}",
                remedy="write origins as browsers do, such as https://desk.example: in lower case, without a path, "
                "and without the port that goes without saying",
            )
    return frozenset(text.split())


SETTINGS: Final = (
    Setting("content", "Folder that holds ontology, shapes, queries and data.", _path),
    Setting("state", "Folder for the ledger, tokens, and what is made from the ledger: store and snapshots.", _path),
    Setting("store", "`embedded`, or the store that answers: `sparql+http://…`, the URL of its endpoint.", _store),
    Setting(
        "store_update",
        "Where that store takes updates, written in the same way; empty: found from the URL of its endpoint.",
        _store,
    ),
    Setting("base_iri", "Base IRI to publish under; empty: the one that the catalogue gives.", _base_iri),
    Setting(
        "default_graph",
        "`union`: queries see all graphs at once, but those of reference, and may name no graph that is not there; "
        "`strict`: they see only what they name.",
        _mode,
    ),
    Setting("host", "Address that the server listens on.", _text),
    Setting("port", "Port that the server listens on.", _port),
    Setting(
        "memory_quads", "Largest snapshot that is read from memory, in quads; others are read from disk.", _positive
    ),
    Setting("query_characters", "Longest query text, in characters.", _positive),
    Setting("query_depth", "Deepest nesting of a query, in brackets open at once.", _positive),
    Setting(
        "services",
        "Endpoints that a query may call by SERVICE, their IRIs separated by spaces; "
        "`IRI=>ADDRESS` asks that one there.",
        _services,
    ),
    Setting("query_seconds", "Longest time that a query is computed, in seconds.", _positive),
    Setting("query_megabytes", "Most memory that a query may take beside its snapshot, in megabytes.", _positive),
    Setting("submission_seconds", "Longest time that a submission is read and judged, in seconds.", _positive),
    Setting("submission_megabytes", "Longest text that can be submitted, in megabytes.", _positive),
    Setting("processes", "Server processes.", _positive),
    Setting("workers", "Queries that a server process has computed at the same time.", _positive),
    Setting("waiting", "Queries that wait for their turn in a server process; more are turned away.", _positive),
    Setting("cache_megabytes", "Answers that a server process keeps in memory, in megabytes.", _positive),
    Setting(
        "search_things",
        "Most things whose search index each server process keeps in memory; that of more is in the state folder.",
        _positive,
    ),
    Setting("java", "Java program that the OWL reasoner runs on; empty: that of JAVA_HOME, or in PATH.", _path),
    Setting("reason_seconds", "Longest time that the OWL reasoner may take, in seconds.", _positive),
    Setting("token_writes", "Most writes with one token a minute.", _positive),
    Setting("address_writes", "Most writes from one address a minute, with whatever tokens.", _positive),
    Setting("address_validations", "Most validations from one address a minute, which anybody may ask for.", _positive),
    Setting(
        "trusted_proxies",
        "Proxies in front of the server that are believed when they say whom they ask for, "
        "their addresses or networks separated by spaces.",
        _networks,
    ),
    Setting(
        "write_origins", "Origins of other sites whose pages may write with a token, separated by spaces.", _origins
    ),
)
