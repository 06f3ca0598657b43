"""A request of the SPARQL 1.1 Protocol or of the Graph Store HTTP Protocol, read into a value.

Every way it can be wrong is an error with a remedy.
"""

import re
from binascii import a2b_qp
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

from werkzeug.http import parse_options_header

from kg.store import NOW, Past
from kg.web.exchange import Request
from kg.web.iris import is_absolute_iri
from kg.web.problems import Problem

FORM: Final = "application/x-www-form-urlencoded"
QUERY: Final = "application/sparql-query"
UPDATE: Final = "application/sparql-update"

_MOST_PARAMETERS: Final = 1000
# What is no escape, or would be more than itself once `%` is written `=` and it is read as quoted-printable text.
_NO_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f][0-9A-Fa-f])")
_LINE_BREAK: Final = re.compile(rb"[\r\n]")
PAST: Final = ("revision", "asOf")
"""The parameters that name an earlier state."""
FORMAT: Final = "format"
"""The parameter that chooses the format of an answer."""
TIMEOUT: Final = "timeout"
"""The parameter that says how many seconds the client is ready to wait."""

_MOST_DIGITS: Final = 12
_TIME: Final = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}Z?)?)?)?)?")
_FIRST_TIME: Final = "0001-01-01T00:00:00"
# What clients of Virtuoso send where they mean nothing by it.
_MEANS_NOTHING: Final = frozenset({("default-graph-uri", ""), ("named-graph-uri", "")})
_BYTE_ORDER_MARK: Final = "\ufeff"
_DECIMAL: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


class QueryRequest(NamedTuple):
    """What a client asks."""

    text: str | None
    """The query; None where the request has none."""
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    format_name: str = ""
    """The values of `format=`, between commas; empty where there is none."""
    seconds: float | None = None
    """The value of `timeout=`: how long the client is ready to wait; None where there is none."""
    past: Past = NOW
    """The state that `revision=` or `asOf=` means."""


@dataclass(frozen=True)
class GraphRequest:
    """Which graph a client asks for; neither: none is named."""

    default: bool = False
    graph: str | None = None
    format_name: str = ""
    """The values of `format=`, between commas; empty where there is none."""


@dataclass(frozen=True)
class UpdateRequest:
    """What a client wants to change."""

    text: str
    using_default: tuple[str, ...] = ()
    using_named: tuple[str, ...] = ()


def read_graph_request(request: Request) -> GraphRequest:
    """The graph that is named by the parameters of a request.

    Source: SPARQL 1.1 Graph Store HTTP Protocol §4.2: one graph, by its absolute IRI.

    Raises:
        Problem: the default graph and a named one, two graphs, a graph name that is no IRI, text that is not UTF-8.
    """
    given = parameters(request.query_string, "the URL")
    values = _by_name(given)
    _refuse_repeated(values, ("default", "graph"))
    if "default" in values and "graph" in values:
        raise _bad("both the default graph and a named one are asked for", remedy="ask for one of them")
    graph = next(iter(_graphs(values, "graph")), None)
    return GraphRequest("default" in values, graph, format_names(given))


def read_query_request(request: Request) -> QueryRequest:
    """The query operation in a request: GET, POST of a form, or POST of the query itself.

    Source: SPARQL 1.1 Protocol §2.1.

    Raises:
        Problem: another media type, a compressed body, a parameter given twice, an update, text that is not UTF-8, a
        graph name that is no IRI.
    """
    in_url = parameters(request.query_string, "the URL")
    if request.method != "POST":
        return _query_request(in_url)
    _refuse_compressed(request)
    media_type, charset = _type_and_charset(request.content_type)
    if charset not in ("utf-8", "utf8"):
        raise _unsupported("a body in another encoding than UTF-8")
    if media_type == FORM:
        return _query_request(in_url + parameters(request.body, "the body"))
    if media_type == QUERY:
        if any(name == "query" for name, _ in in_url):
            raise _bad("there is a query in the URL and one in the body", remedy="send one of them")
        return _query_request([*in_url, ("query", _utf8(request.body, "the body"))])
    if media_type == UPDATE:
        raise _unsupported("an update; this endpoint answers queries and changes nothing")
    raise _unsupported(f"a body of type {media_type}" if media_type else "a body without a Content-Type")


def read_update_request(request: Request) -> UpdateRequest:
    """The update operation in a request: POST of a form, or of the update itself.

    Source: SPARQL 1.1 Protocol §2.2.

    Raises:
        Problem: another media type, no update or two, a query, text that is not UTF-8, a graph name that is no IRI.
    """
    values = parameters(request.query_string, "the URL")
    _refuse_compressed(request)
    media_type, charset = _type_and_charset(request.content_type)
    if charset not in ("utf-8", "utf8"):
        raise _unsupported_update("a body in another encoding than UTF-8")
    if media_type == FORM:
        values += parameters(request.body, "the body")
    elif media_type == UPDATE:
        values.append(("update", _utf8(request.body, "the body")))
    else:
        raise _unsupported_update(f"a body of type {media_type}" if media_type else "a body without a Content-Type")
    named = _by_name(values)
    _refuse_repeated(named, ("update",))
    if "query" in named:
        raise _bad("a query was sent; this address takes updates", remedy="send queries to /sparql")
    if "update" not in named:
        raise _bad("there is no update in the request", remedy="send it as `update=`, or as the body")
    update = _unmarked(named["update"][0])
    return UpdateRequest(update, _graphs(named, "using-graph-uri"), _graphs(named, "using-named-graph-uri"))


def _unsupported_update(what: str) -> Problem:
    return Problem(
        "unsupported-media-type",
        f"the request carries {what}",
        remedy=f"send {FORM} with `update=`, or the update itself as {UPDATE}",
        headers=(("Accept", f"{FORM}, {UPDATE}"),),
    )


@lru_cache(maxsize=128)
def _type_and_charset(content_type: str) -> tuple[str, str]:
    """Source: RFC 9110 §8.3.1: neither is about capitals."""
    media_type, options = parse_options_header(content_type)
    return media_type.lower(), options.get("charset", "utf-8").lower()


def _refuse_compressed(request: Request) -> None:
    """Source: RFC 9110 §8.4.1, and §15.5.16 for the header of the answer."""
    if request.content_encoding.lower() not in ("", "identity"):
        raise Problem(
            "unsupported-media-type",
            f"the body is compressed as {request.content_encoding}",
            remedy="send it as it is, without Content-Encoding",
            headers=(("Accept-Encoding", "identity"),),
        )


def _query_request(parameters: list[tuple[str, str]]) -> QueryRequest:
    if len(parameters) == 1 and parameters[0][0] == "query":
        return QueryRequest(_unmarked(parameters[0][1]))
    values = _by_name([parameter for parameter in parameters if parameter not in _MEANS_NOTHING])
    if "update" in values:
        raise _bad(
            "an update was sent; this endpoint answers queries and changes nothing", remedy="send a query, as `query=`"
        )
    _refuse_repeated(values, ("query", TIMEOUT, *PAST))
    first = {name: found[0] for name, found in values.items()}
    return QueryRequest(
        text=_unmarked(first["query"]) if "query" in first else None,
        default_graphs=_graphs(values, "default-graph-uri"),
        named_graphs=_graphs(values, "named-graph-uri"),
        format_name=format_names(parameters),
        seconds=read_seconds(first),
        past=read_past(first),
    )


def _unmarked(text: str) -> str:
    """Source: The Unicode Standard §23.8: a byte order mark at the very start is no part of the text."""
    return text.removeprefix(_BYTE_ORDER_MARK)


def format_names(parameters: Sequence[tuple[str, str]]) -> str:
    """The formats that some parameters name, the first one first, between commas; empty where there is none."""
    return ",".join(value for name, value in parameters if name == FORMAT and value)


def read_past(values: Mapping[str, str]) -> Past:
    """The state that the parameters `revision` and `asOf` mean; neither: the current one.

    Raises:
        Problem: both are given, or one is not well-formed.
    """
    revision, as_of = (values.get(name, "") for name in PAST)
    if revision and as_of:
        raise _bad("both a revision and a time are given", remedy="give one of them")
    if revision and not (revision.isascii() and revision.isdigit() and len(revision) < _MOST_DIGITS):
        raise _bad(f'revision: "{revision}" is no revision', remedy="give a number, as 7; /history lists them")
    if as_of and not _begins_time(as_of):
        raise _bad(
            f'asOf: "{as_of}" is no time', remedy="give a time in UTC or its beginning, as 2024-05-01 or 2024-05"
        )
    return Past(int(revision) if revision else None, as_of)


def _begins_time(text: str) -> bool:
    """Whether a text is a time, or the beginning of one down to the year, month, day or minute."""
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text + _FIRST_TIME[len(text) :])
    except ValueError:
        return False
    return True


def past_parameters(past: Past) -> dict[str, str]:
    """The parameters that mean a state, as `read_past` reads them; none for the current one."""
    given = dict(zip(PAST, ("" if past.revision is None else str(past.revision), past.as_of), strict=True))
    return {name: value for name, value in given.items() if value}


def read_seconds(values: Mapping[str, str]) -> float | None:
    """How long the client is ready to wait, by the parameter `timeout`; None where it does not say, or says 0.

    Raises:
        Problem: it is no number of seconds.
    """
    text = values.get(TIMEOUT, "0")
    if not _DECIMAL.fullmatch(text):
        raise _bad(f'timeout: "{text}" is no time', remedy="give the seconds to wait, as 5 or 0.5")
    return float(text) or None


def _by_name(parameters: list[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in parameters:
        values.setdefault(name, []).append(value)
    return values


def _refuse_repeated(values: dict[str, list[str]], names: tuple[str, ...]) -> None:
    for name in names:
        if len(values.get(name, [])) > 1:
            raise _bad(f"the parameter {name} is given {len(values[name])} times", remedy="give it once")


def _graphs(values: dict[str, list[str]], name: str) -> tuple[str, ...]:
    for value in values.get(name, []):
        if not is_absolute_iri(value):
            raise _bad(f'{name}: "{value}" is not an absolute IRI', remedy="give the whole IRI of a named graph")
    return tuple(dict.fromkeys(values.get(name, [])))


def parameters(encoded: bytes, place: str) -> list[tuple[str, str]]:
    """The names and values of a query string or form, in order; `place` is what messages call it.

    Raises:
        Problem: it is not UTF-8, or has more than 1,000 parameters.
    """
    if encoded.count(b"&") >= _MOST_PARAMETERS:
        raise _bad(f"{place} has more than {_MOST_PARAMETERS:,} parameters", remedy="send fewer")
    pairs = [piece.partition(b"=") for piece in encoded.split(b"&") if piece]
    try:
        return [(_decoded(name), _decoded(value)) for name, _, value in pairs]
    except UnicodeDecodeError as error:
        raise _not_utf8(place) from error


def _decoded(encoded: bytes) -> str:
    """A name or value as it was before it was encoded, by way of the only decoder of such escapes that is not Python.

    Source: WHATWG URL Standard §5.1; RFC 2045 §6.7.

    Raises:
        UnicodeDecodeError: it is not UTF-8.
    """
    if encoded.isalnum():
        return encoded.decode("ascii")
    spaced = encoded.replace(b"+", b" ")
    if spaced.isascii() and not _LINE_BREAK.search(spaced) and not _NO_ESCAPE.search(spaced):
        return a2b_qp(spaced.replace(b"=", b"=3D").replace(b"%", b"=")).decode("utf-8")
    return unquote_plus(encoded.decode("utf-8"), errors="strict")


def _utf8(data: bytes, place: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(place) from error


def _not_utf8(place: str) -> Problem:
    return _bad(f"{place} is not UTF-8", remedy="encode the text as UTF-8 before percent-encoding it")


def _bad(detail: str, *, remedy: str) -> Problem:
    return Problem("bad-request", detail, remedy=remedy)


def _unsupported(what: str) -> Problem:
    return Problem(
        "unsupported-media-type",
        f"the request carries {what}",
        remedy=f"send {FORM} with `query=`, or the query itself as {QUERY}",
        headers=(("Accept", f"{FORM}, {QUERY}"),),
    )
