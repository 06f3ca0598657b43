"""Calls to other endpoints by SERVICE: which a text makes, which of them it may make, and where each is asked.

Source: SPARQL 1.1 Federated Query §2 (SERVICE and SILENT).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kg.errors import NetworkRefused
from kg.sparql.excess import NOTHING, Limits, place_of
from kg.sparql.tokens import Token, significant, tokenize

SERVICE: Final = "SERVICE"

_SILENT: Final = "SILENT"
_REMEDY: Final = (
    "send the SERVICE part to its own endpoint and join the answers yourself; "
    "a server calls only what its operator lists in KG_SERVICES"
)
_UPDATE_REMEDY: Final = "ask that endpoint yourself and send the triples that come of it; an update calls nobody"


@dataclass(frozen=True)
class Call:
    """One SERVICE of a text."""

    token: Token
    endpoint: str
    """The IRI that it names; empty where that is not written as a whole."""
    is_silent: bool
    """Whether the query goes on without it when it fails."""


def called_services(text: str) -> tuple[Call, ...]:
    """The calls that a text makes, in its order.

    >>> text = "ASK { SERVICE SILENT <http://e/> { ?s ?p 'SERVICE <http://x/>' } }"
    >>> [call.endpoint for call in called_services(text)]
    ['http://e/']
    """
    return calls_among(significant(tokenize(text))) if "service" in text.lower() else ()


def calls_among(tokens: Sequence[Token]) -> tuple[Call, ...]:
    """The calls that stand in tokens without white space and comments."""
    return tuple(_call(tokens, place) for place, token in enumerate(tokens) if token.keyword == SERVICE)


def _call(tokens: Sequence[Token], place: int) -> Call:
    following = [*tokens[place + 1 : place + 3], NOTHING, NOTHING]
    is_silent = following[0].keyword == _SILENT
    target = following[int(is_silent)]
    return Call(tokens[place], target.text[1:-1] if target.kind == "iri" else "", is_silent)


def refuse_calls(text: str, tokens: Sequence[Token], *, limits: Limits, is_update: bool) -> None:
    """Refuse a text that calls an endpoint which `limits` does not allow; `is_update` where it is to be an update.

    Raises:
        NetworkRefused: it does, or names the endpoint otherwise than by its whole IRI.
    """
    for call in calls_among(tokens):
        if call.endpoint not in limits.services:
            message = f"{place_of(text, call.token)}: SERVICE calls another service, which this one does not do"
            raise NetworkRefused(message, remedy=_UPDATE_REMEDY if is_update else _remedy(limits))


def _remedy(limits: Limits) -> str:
    if not limits.services:
        return _REMEDY
    return f"{_REMEDY}; it may call {', '.join(f'<{name}>' for name in sorted(limits.services))}"


def directed(tokens: Iterable[Token], services: Mapping[str, str]) -> Iterator[Token]:
    """All tokens of a text, each call of it at the address where its endpoint is asked.

    What is called inside a call is called by that endpoint, which knows nothing of our addresses: it stays as it is.

    >>> text = "ASK { SERVICE <http://e/> { SERVICE <http://e/> {} } SERVICE <http://f/> {} }"
    >>> "".join(token.text for token in directed(tokenize(text), {"http://e/": "http://mirror/"}))
    'ASK { SERVICE <http://mirror/> { SERVICE <http://e/> {} } SERVICE <http://f/> {} }'
    """
    is_target = False
    opened: int | None = None
    """How many braces of the called group are open; None: outside of one."""
    for token in tokens:
        if is_target and token.kind == "iri":
            is_target, opened = False, 0
            address = services.get(token.text[1:-1])
            yield token._replace(text=f"<{address}>") if address else token
            continue
        if opened is None:
            is_target = is_target or token.keyword == SERVICE
        elif token.text in ("{", "}"):
            opened += 1 if token.text == "{" else -1
            opened = opened or None
        yield token
