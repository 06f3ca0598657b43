"""Who is let in: the Authorization header of a request against the register of tokens.

A token is never taken from a cookie or an address: what a browser sends by itself, or what ends up in logs, lets nobody
in. A person may write it into the form that is sent (`kg.web.submissions`), which is then as good as this header.
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from kg.access.register import Register, Stamp
from kg.access.tokens import Holder, Token, includes, token_id
from kg.errors import NotAllowed, NotAuthenticated, StoreError

INVALID_TOKEN: Final = "invalid_token"  # noqa: S105 - the error code of RFC 6750 §3.1
"""The code of an error about a token that lets nobody in."""

# Source: RFC 9110 §11.4: the name of a scheme in any case, one or more spaces, the credentials.
_BEARER: Final = re.compile(r"bearer +(\S+)", re.IGNORECASE | re.ASCII)
_ASK_FOR_ONE: Final = "send `Authorization: Bearer …` with a token from whoever runs this service"

_log: Final = logging.getLogger(__name__)


class Tokens:
    """The tokens of a state folder, as a server process asks for them; read again whenever they have changed."""

    def __init__(self, state: Path) -> None:
        self._register = Register(state)
        self._held: tuple[Stamp | None, dict[str, Token]] = (None, {})
        self._noted: dict[str, str] = {}

    def check(self, authorization: str | None, *, scope: str, now: datetime) -> Holder:
        """Who may do what needs a scope, by the value of the Authorization header; None or empty: there is none.

        Source: RFC 6750 §2.1 and §3.1.

        Raises:
            NotAuthenticated: there is no token, or it lets nobody in.
            NotAllowed: the token has a lesser scope.
            StoreError: the register cannot be read; nobody is let in.
        """
        text = _bearer(authorization or "")
        today = now.astimezone(UTC).date()
        token = _accepted(self._tokens().get(token_id(text) or ""), text, today=today)
        self._note_use(token, today.isoformat())
        if not includes(token.scope, scope):
            raise NotAllowed(
                f"this needs a token of scope {scope}, and yours has scope {token.scope}",
                scope=scope,
                remedy=f"ask whoever runs this service for a token of scope {scope}",
            )
        return token.holder

    def _tokens(self) -> dict[str, Token]:
        held_stamp, held = self._held
        stamp = self._register.stamp()
        if stamp != held_stamp:
            read_stamp, tokens = self._register.read()
            held = {token.id: token for token in tokens}
            self._held = (read_stamp, held)
        return held

    def _note_use(self, token: Token, today: str) -> None:
        """Once a day for each token. Who holds a token is let in also when that cannot be written."""
        if token.used >= today or self._noted.get(token.id) == today:
            return
        try:
            noted = self._register.note_use(token.id, day=today)
        except StoreError as error:
            _log.warning("the use of token %s cannot be noted: %s", token.id, error)
            noted = True
        if noted:
            self._noted[token.id] = today


def _bearer(authorization: str) -> str:
    read = _BEARER.fullmatch(authorization.strip())
    if read is None:
        raise NotAuthenticated("this needs a token", remedy=_ASK_FOR_ONE)
    return read[1]


def _accepted(token: Token | None, text: str, *, today: date) -> Token:
    """The token that a text is. Only who knows its secret is told why it lets nobody in."""
    if token is None or not token.is_text(text):
        remedy = f"see whether it was copied whole; else {_ASK_FOR_ONE}"
        raise NotAuthenticated("this token is not known here", remedy=remedy, code=INVALID_TOKEN)
    if token.revoked:
        raise NotAuthenticated(
            f"this token was revoked on {token.revoked[:10]}", remedy=_ASK_FOR_ONE, code=INVALID_TOKEN
        )
    if token.expired(today):
        raise NotAuthenticated(f"this token expired after {token.expires}", remedy=_ASK_FOR_ONE, code=INVALID_TOKEN)
    return token
