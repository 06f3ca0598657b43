"""The register of tokens: one file in the state folder that only its owner may read, replaced whole at each change.

    state/
      tokens.json            of each token all but its text
      tokens.lock            held while the register is changed

A change is written beside the file, synced, and put in place by one rename. Whoever reads sees the old register or the
new one. Each new file is later than the one before, so that a reader notices every change by the time of the file.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from kg.access.tokens import SCOPES, Token, make_token
from kg.errors import StoreError, TokenError

FILE: Final = "tokens.json"
_LOCK: Final = "tokens.lock"
_NEW: Final = "tokens.json.new"
_LAYOUT: Final = 1
_OWNER_ONLY: Final = 0o600
_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
# What each member of a token in the file must look like.
_FORM: Final = {
    "id": re.compile(r"[a-z2-7]{8}"),
    "name": re.compile(r".+"),
    "scope": re.compile("|".join(SCOPES)),
    "created": re.compile(_DAY),
    "expires": re.compile(rf"({_DAY})?"),
    "revoked": re.compile(rf"({_DAY}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}Z)?"),
    "used": re.compile(rf"({_DAY})?"),
    "digest": re.compile(r"[0-9a-f]{64}"),
}

Stamp = tuple[int, int]


class Register:
    """The tokens of one state folder."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self.path = state / FILE

    def stamp(self) -> Stamp | None:
        """What changes whenever the file does; None where there is none.

        Raises:
            StoreError: the folder cannot be read.
        """
        try:
            return _stamp(self.path.stat())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(self.path, error) from error

    def read(self) -> tuple[Stamp | None, tuple[Token, ...]]:
        """The stamp of the file, and all tokens in the order in which they were made, also those that let nobody in.

        Raises:
            StoreError: the file cannot be read or is damaged.
        """
        try:
            with self.path.open("rb") as file:
                return _stamp(os.fstat(file.fileno())), _tokens(file.read())
        except FileNotFoundError:
            return None, ()
        except OSError as error:
            raise _unusable(self.path, error) from error
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise StoreError(
                f"{self.path} is damaged, and nobody can write: {error}",
                remedy="bring it back from a backup; or move it away and make new tokens with `kg token create`",
            ) from error

    def create(self, name: str, *, scope: str, now: datetime, expires: date | None) -> tuple[str, Token]:
        """Make a token; gives its text, which can not be told again, and what is kept of it.

        Raises:
            TokenError: the name or the last day cannot be used.
            StoreError: the file cannot be read or written.
        """
        text, token = make_token(name, scope=scope, today=now.astimezone(UTC).date(), expires=expires)
        self._change(lambda tokens: [*tokens, token])
        return text, token

    def revoke(self, identifier: str, *, now: datetime) -> Token:
        """Revoke a token for good; one that was revoked before stays as it is.

        Raises:
            TokenError: there is no such token.
            StoreError: the file cannot be read or written.
        """
        if identifier not in {token.id for token in self.read()[1]}:
            raise TokenError(f"there is no token {identifier!r}", remedy="see `kg token list`")
        when = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        changed = self._change(lambda tokens: _revoked(tokens, identifier, when=when))
        return next(token for token in changed if token.id == identifier)

    def note_use(self, identifier: str, *, day: str) -> bool:
        """Note the last day on which a token was used; False where somebody else is changing the register just now.

        Raises:
            StoreError: the file cannot be read or written.
        """
        try:
            self._change(lambda tokens: _used(tokens, identifier, day=day), wait=False)
        except BlockingIOError:
            return False
        return True

    def _change(self, change: Callable[[Sequence[Token]], list[Token]], *, wait: bool = True) -> list[Token]:
        with self._locked(wait=wait):
            stamp, before = self.read()
            after = change(before)
            if after != [*before]:
                try:
                    self._write(after, stamp)
                except OSError as error:
                    raise _unusable(self.path, error) from error
            return after

    @contextmanager
    def _locked(self, *, wait: bool) -> Iterator[None]:
        try:
            self._state.mkdir(parents=True, exist_ok=True)
            lock = self._create(_LOCK)
        except OSError as error:
            raise _unusable(self.path, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(lock)

    def _write(self, tokens: Sequence[Token], before: Stamp | None) -> None:
        (self._state / _NEW).unlink(missing_ok=True)  # left behind by a crash
        text = json.dumps({"layout": _LAYOUT, "tokens": [asdict(token) for token in tokens]}, indent=1)
        with open(self._create(_NEW), "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            _make_later(file.fileno(), before)
            os.fsync(file.fileno())
        (self._state / _NEW).rename(self.path)
        folder = os.open(self._state, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _create(self, name: str) -> int:
        """Open a file for writing that belongs to whom the folder belongs to, also when root makes it."""
        file = os.open(self._state / name, os.O_WRONLY | os.O_CREAT, _OWNER_ONLY)
        if os.geteuid() == 0:
            owner = self._state.stat()
            os.fchown(file, owner.st_uid, owner.st_gid)
        return file


def _tokens(data: bytes) -> tuple[Token, ...]:
    told = json.loads(data)
    if told["layout"] != _LAYOUT:
        raise ValueError(f"it has layout {told['layout']!r}, this version reads {_LAYOUT}")
    tokens = tuple(_token(members) for members in told["tokens"])
    if len({token.id for token in tokens}) != len(tokens):
        raise ValueError("two tokens have the same id")
    return tokens


def _token(members: dict[str, Any]) -> Token:
    token = Token(**members)
    for name, form in _FORM.items():
        if not form.fullmatch(getattr(token, name)):
            raise ValueError(f"the {name} of token {token.id!r} is none")
    for day in filter(None, (token.created, token.expires, token.used)):
        date.fromisoformat(day)
    return token


def _revoked(tokens: Sequence[Token], identifier: str, *, when: str) -> list[Token]:
    return [replace(token, revoked=when) if token.id == identifier and not token.revoked else token for token in tokens]


def _used(tokens: Sequence[Token], identifier: str, *, day: str) -> list[Token]:
    return [replace(token, used=day) if token.id == identifier and token.used < day else token for token in tokens]


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_ino, status.st_mtime_ns


def _make_later(file: int, before: Stamp | None) -> None:
    """Numbers of files are used again, and clocks go back or stand still: each version is later than the one before."""
    status = os.fstat(file)
    if before and status.st_mtime_ns <= before[1]:
        os.utime(file, ns=(status.st_atime_ns, before[1] + 1))


def _unusable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path} cannot be used: {error}", remedy="look at its owner and the free space on its disk")
