"""What a graph is asked through, wherever it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from kg.client.questions import Question
from kg.client.reports import Receipt, Report
from kg.client.sent import Sent
from kg.endpoints import Reply
from kg.store import Past


@dataclass(frozen=True)
class Said:
    """What is said of a submission."""

    message: str
    token: str = ""
    author: str = ""
    sources: tuple[str, ...] = ()
    expect: int | None = None
    """The revision that it was made for; None: any."""
    dry_run: bool = False


class Door(Protocol):
    """A graph that answers."""

    def questions(self) -> tuple[Question, ...]:
        """The stored questions, ordered by group and name."""

    def ask(self, question: Question, values: Mapping[str, str], *, past: Past) -> Reply:
        """The answer to a stored question, in JSON or N-Triples."""

    def query(self, text: str, *, past: Past) -> Reply:
        """The answer to a query, in JSON or N-Triples."""

    def validate(self, sent: Sent) -> Report:
        """What would be said of data if it were submitted."""

    def submit(self, sent: Sent, said: Said) -> Receipt:
        """What became of data that was submitted."""

    def close(self) -> None:
        """Let go of what was made for it."""
