"""Tokens: what a holder shows to write, as text, and what is kept of it.

A token is `kg_<id>_<secret>`: an id by which it is listed and revoked, and 256 random bits with a checksum. What is
kept is the SHA-256 digest of the text. A slow hash such as bcrypt protects passwords, because people choose them from a
few million. Nobody can go through 2^256 secrets, however fast the hash; a slow one would only make each request cost
more, and let anybody occupy the server with wrong tokens.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from kg.errors import TokenError

SUBMIT: Final = "submit"
REVIEW: Final = "review"
ADMIN: Final = "admin"
SCOPES: Final = (SUBMIT, REVIEW, ADMIN)
"""Each includes those before it."""

DEFAULT_DAYS: Final = 365
NEVER: Final = "never"

_MOST_DAYS: Final = 36500
_MOST_NAME_CHARACTERS: Final = 200
_SECRET_BYTES: Final = 32
_ID_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_ID_CHARACTERS: Final = 8
# Source: RFC 4648 §5: 32 bytes are 43 characters, 4 bytes are 6, without padding.
_TEXT: Final = re.compile(r"(kg_([a-z2-7]{8})_[A-Za-z0-9_-]{43})([A-Za-z0-9_-]{6})", re.ASCII)


@dataclass(frozen=True)
class Holder:
    """Who is let in by a token."""

    id: str
    name: str
    """Stands in the ledger as the author."""
    scope: str


@dataclass(frozen=True)
class Token:
    """What is kept of a token. Days are ISO 8601 dates, in UTC."""

    id: str
    name: str
    scope: str
    created: str
    expires: str
    """The last day on which it lets anybody in; empty: it never expires."""
    revoked: str
    """When it was revoked, as `2024-05-01T12:00:00Z`; empty: it was not."""
    used: str
    """The last day on which it was used; empty: never."""
    digest: str
    """SHA-256 of its text, hexadecimal."""

    @property
    def holder(self) -> Holder:
        """Who is let in by it."""
        return Holder(self.id, self.name, self.scope)

    def expired(self, today: date) -> bool:
        """Whether its last day has passed."""
        return bool(self.expires) and today.isoformat() > self.expires

    def is_text(self, text: str) -> bool:
        """Whether a text is this token; takes the same time whatever is wrong."""
        return hmac.compare_digest(self.digest, _digest(text))


def make_token(name: str, *, scope: str, today: date, expires: date | None) -> tuple[str, Token]:
    """The text of a new token, which is kept nowhere, and what is kept of it.

    Raises:
        TokenError: the name or the last day cannot be used.
    """
    if not name.strip() or not name.isprintable() or len(name) > _MOST_NAME_CHARACTERS:
        raise TokenError(
            f"the name {name!r} cannot be used",
            remedy=f"give the name of a person or an office, on one line, at most {_MOST_NAME_CHARACTERS} characters",
        )
    if expires and expires < today:
        raise TokenError(f"{expires} has passed", remedy="give a last day that is still to come")
    identifier = "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_CHARACTERS))
    body = f"kg_{identifier}_{_base64url(secrets.token_bytes(_SECRET_BYTES))}"
    text = body + _checksum(body)
    last_day = expires.isoformat() if expires else ""
    kept = Token(
        identifier, name.strip(), scope, today.isoformat(), last_day, revoked="", used="", digest=_digest(text)
    )
    return text, kept


def token_id(text: str) -> str | None:
    """The id of a token; None where the text is none, or one that was not copied whole."""
    read = _TEXT.fullmatch(text)
    return read[2] if read and hmac.compare_digest(_checksum(read[1]), read[3]) else None


def includes(held: str, scope: str) -> bool:
    """Whether who holds one scope may do what another allows.

    >>> includes("review", "submit"), includes("review", "admin")
    (True, False)
    """
    return SCOPES.index(held) >= SCOPES.index(scope)


def read_last_day(text: str, *, today: date) -> date | None:
    """The last day of a token: a date, or a number of days from today; None for `never`.

    >>> read_last_day("30", today=date(2024, 5, 1))
    datetime.date(2024, 5, 31)

    Raises:
        TokenError: it is none of these.
    """
    if text == NEVER:
        return None
    if re.fullmatch(r"[0-9]{1,5}", text) and 1 <= int(text) <= _MOST_DAYS:
        return today + timedelta(days=int(text))
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise TokenError(
        f"{text!r} is no last day", remedy=f"give a date such as 2030-12-31, 1 to {_MOST_DAYS} days, or {NEVER}"
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _checksum(body: str) -> str:
    """Tells a mistake in copying before anything is looked up; it keeps no secret."""
    return _base64url(zlib.crc32(body.encode()).to_bytes(4, "big"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
