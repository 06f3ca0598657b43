"""Clients that submit over HTTP, for tests: with a token, one after the other or many at once."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kg.access import Register
from kg.store import Ledger
from tests.serving import Reply, Server, eventually

BASE = "https://library.example/"
TURTLE = "text/turtle"
# So that no test meets a limit that it is not about.
UNLIMITED = {"KG_TOKEN_WRITES": "1000000", "KG_ADDRESS_WRITES": "1000000", "KG_ADDRESS_VALIDATIONS": "1000000"}

_PREFIXES = f"""\
@prefix : <{BASE}> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""


def make_token(state: Path, *, scope: str = "review") -> str:
    return Register(state).create("Tester", scope=scope, now=datetime.now(UTC), expires=None)[0]


def book(name: str, *, notes: int = 0) -> str:
    """A book that conforms, in Turtle, with some statements besides; all are about it alone."""
    more = "".join(f' ; rdfs:comment "note {note} on {name}"@en' for note in range(notes))
    return f'{_PREFIXES}:{name} a :Book ; rdfs:label "{name}"@en ; :writtenBy :austen{more} .\n'


def authorless(name: str) -> str:
    """A book that does not conform: a shape says so, before anything is changed."""
    return f'{_PREFIXES}:{name} a :Book ; rdfs:label "{name}"@en .\n'


def by_nobody(name: str) -> str:
    """A book that does not conform: a check says so, of the changed graph."""
    return f'{_PREFIXES}:{name} a :Book ; rdfs:label "{name}"@en ; :writtenBy :nobody .\n'


def submit(server: Server, token: str, text: str | bytes, path: str = "/submissions", **headers: str) -> Reply:
    """One submission, of Turtle where nothing else is said."""
    body = text.encode() if isinstance(text, str) else text
    sent = {"content_type": TURTLE, "authorization": f"Bearer {token}"} | headers
    return server.send("POST", path, body, **sent)


def told(reply: Reply) -> Any:
    """The JSON of a reply."""
    return json.loads(reply.body)


def said_of(commit_lines: tuple[str, ...], name: str) -> set[str]:
    """The statements about a book among those of a commit."""
    return {line for line in commit_lines if line.startswith(f"<{BASE}{name}> ")}


def asserted_of(name: str, revision: int, *, notes: int) -> set[str]:
    """The statements that a submission of `book` makes when it gets a revision."""
    graph = f"<{BASE}graph/submission/{revision}>"
    label = "http://www.w3.org/2000/01/rdf-schema#"
    return {
        f"<{BASE}{name}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{BASE}Book> {graph} .",
        f'<{BASE}{name}> <{label}label> "{name}"@en {graph} .',
        f"<{BASE}{name}> <{BASE}writtenBy> <{BASE}austen> {graph} .",
        *(f'<{BASE}{name}> <{label}comment> "note {note} on {name}"@en {graph} .' for note in range(notes)),
    }


@dataclass
class Sent:
    """What became of each book that was submitted, by its name; what has no answer is in none of these."""

    names: dict[str, int] = field(default_factory=dict)
    """All, with how many notes each has."""
    accepted: dict[str, int] = field(default_factory=dict)
    """With the revision that was told."""
    refused: dict[str, int] = field(default_factory=dict)
    """With the status of 400 to 499."""
    failed: dict[str, int] = field(default_factory=dict)
    """With the status of 500 or more, which tells nothing."""


@contextmanager
def submitting(server_now: Callable[[], Server | None], token: str, *, clients: int, prefix: str) -> Iterator[Sent]:
    """Clients that submit books without a pause; one in three does not conform, and one in ten cannot be read."""
    sent, stop = Sent(), threading.Event()

    def run(client: int) -> None:
        number = 0
        while not stop.is_set():
            server = server_now()
            if server is None:
                stop.wait(0.02)
                continue
            number += 1
            name, notes = f"{prefix}-{client}-{number}", number % 4
            sent.names[name] = notes
            text = {0: authorless(name), 3: by_nobody(name)}.get(number % 6, book(name, notes=notes))
            with suppress(OSError, http.client.HTTPException):
                _note(sent, name, submit(server, token, text[:-3] if number % 10 == 0 else text))

    with ThreadPoolExecutor(clients) as pool:
        running = [pool.submit(run, client) for client in range(clients)]
        try:
            yield sent
        finally:
            stop.set()
        for client in running:
            client.result()


def _note(sent: Sent, name: str, reply: Reply) -> None:
    if reply.status < 300:
        sent.accepted[name] = told(reply)["revision"]
    elif reply.status < 500:
        sent.refused[name] = reply.status
    else:
        sent.failed[name] = reply.status


def assert_kept(sent: Sent, state: Path, published: bytes) -> dict[str, int]:
    """Of all that was submitted, what was accepted is in the ledger once, what was refused is not, and what had no
    answer is whole or not there; all that is there is published. Returns how often each is there, with its revision."""
    held: dict[str, int] = {}
    statements = {*published.decode().split("\n")}
    for commit in Ledger(state / "ledger").entries():
        names = {line.split(" ")[0].removeprefix(f"<{BASE}").rstrip(">") for line in commit.changeset.added}
        for name in names & {*sent.names}:
            expected = asserted_of(name, commit.revision, notes=sent.names[name])
            assert {line for line in said_of(commit.changeset.added, name) if "/entailed/" not in line} == expected
            assert expected <= statements
            assert name not in held, f"{name} is in revisions {held[name]} and {commit.revision}"
            held[name] = commit.revision
    _assert_same(sent.accepted, {name: held.get(name) for name in sent.accepted})
    assert not {*sent.refused} & {*held}
    return held


def _assert_same(expected: Mapping[str, int], found: Mapping[str, int | None]) -> None:
    wrong = {name: (revision, found[name]) for name, revision in expected.items() if found[name] != revision}
    assert not wrong, f"told and found: {wrong}"


def writer_of(state: Path) -> int | None:
    """The process that holds the lock of a state folder. Source: proc(5), /proc/locks."""
    inode = (state / "lock").stat().st_ino
    for row in Path("/proc/locks").read_text().splitlines():
        fields = row.split()
        if "->" not in fields and fields[5].endswith(f":{inode}"):
            return int(fields[4])
    return None


def wait_until_idle(state: Path) -> None:
    """Until nobody holds the lock of a state folder: a server does for a moment after each submission."""
    assert eventually(lambda: writer_of(state) is None, seconds=30)
