"""A graph in a folder of this machine: content that is built for the occasion, or a state folder as it is."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kg.answer import Ask, answer, stored_queries, vet_query
from kg.client.doors import Said
from kg.client.questions import Parameter, Question
from kg.client.reports import Receipt, Report, report_in, trial_of
from kg.client.sent import Sent
from kg.endpoints import GRAPH_TYPE, ROWS_TYPE, Reply
from kg.errors import ContentError, QueryRefused, QuerySyntax
from kg.formats import format_named
from kg.house import open_house
from kg.intake import Bounds, Taken, Text, take_in
from kg.publish import Desk, build
from kg.queries import HIDDEN, StoredQuery, bind_parameters
from kg.settings import Settings
from kg.sources import CATALOG, open_content
from kg.sparql import Limits
from kg.store import ADD, Ledger, Past, Readable, Signature, Snapshots
from kg.submit import Outcome, Submission, refused, submit, try_out
from kg.validation import report_members

if TYPE_CHECKING:
    from kg.house import House

_GRAPH_FORMS: Final = ("CONSTRUCT", "DESCRIBE")
_PATIENCE_SECONDS: Final = 20.0
_BUILDER: Final = "kg.client"


@dataclass(frozen=True)
class Folder:
    """A graph in a state folder."""

    state: Path
    settings: Settings
    is_temporary: bool = False

    @classmethod
    def at(cls, path: Path) -> Folder:
        """The graph in a folder: a state folder as it is; a content folder is built, and its files stay as they are.

        Raises:
            ContentError: it is neither.
            KgError: as a build does.
        """
        if (path / "snapshots").is_dir():
            return cls(path, Settings(state=path))
        if not (path / CATALOG).is_file():
            raise ContentError(
                "is neither a content folder nor a state folder",
                remedy=f"name a folder that holds {CATALOG}, or one that `kg build` made; a served graph begins with "
                "https://",
                file=str(path),
            )
        state = Path(tempfile.mkdtemp(prefix="kg-client-"))
        made = cls(state, Settings(content=path, state=state), is_temporary=True)
        weakref.finalize(made, shutil.rmtree, state, ignore_errors=True)
        try:
            content = open_content(path)
            signature = Signature(_BUILDER, _now(), f"The content of {content.root.absolute().name}")
            build(content, made._desk, default_graph=made.settings.default_graph, signature=signature)
        except BaseException:
            made.close()
            raise
        return made

    def questions(self) -> tuple[Question, ...]:
        """The stored questions, ordered by group and name.

        Raises:
            SnapshotMissing, StoreError: the state folder cannot be read.
        """
        return tuple(
            Question(
                id=stored.identifier,
                title=stored.title,
                question=stored.question,
                notation=stored.code,
                parameters=tuple(Parameter(one.name, one.type, one.label, one.default) for one in stored.parameters),
                columns=dict(stored.columns),
            )
            for stored in self._stored()
        )

    def ask(self, question: Question, values: Mapping[str, str], *, past: Past) -> Reply:
        """The answer to a stored question.

        Raises:
            KgError: as a query does.
        """
        stored = next((one for one in self._stored() if one.identifier == question.id), None)
        if stored is None:
            raise QueryRefused(f"there is no question {question.id} any more", remedy="`graph.questions` lists all")
        return self.query(bind_parameters(stored, values), past=past)

    def query(self, text: str, *, past: Past) -> Reply:
        """The answer to a query, which takes as long as it takes.

        Raises:
            KgError: the query cannot be answered, or the state folder not be read.
        """
        vetted = vet_query(text, self._limits)
        is_graph = vetted.form in _GRAPH_FORMS
        row = format_named("ntriples" if is_graph else "json", vetted.form)
        if row is None:
            raise QuerySyntax(f"{vetted.form} has no answer", remedy="ask with SELECT, ASK, CONSTRUCT or DESCRIBE")
        body = answer(self._snapshot(past), Ask(vetted), row)
        return Reply(str(self.state), 200, {"content-type": GRAPH_TYPE if is_graph else ROWS_TYPE}, body)

    def validate(self, sent: Sent) -> Report:
        """What would be said of data if it were submitted.

        Raises:
            KgError: it cannot be read or judged.
        """
        house, taken = self._taken(sent)
        return self._told(self._tried(house, taken, Said("a trial")), house, taken)

    def submit(self, sent: Sent, said: Said) -> Receipt:
        """What became of data that was submitted; who may write into the folder needs no token.

        Raises:
            ContentError: nobody is named as the author.
            NotConforming: it does not conform; carries the report.
            KgError: it cannot be read, judged or written.
        """
        if not said.author:
            raise ContentError("a submission to a folder has no author", remedy="say who submits it, as author=")
        house, taken = self._taken(sent)
        if said.dry_run:
            return trial_of(self._told(self._tried(house, taken, said), house, taken))
        outcome = submit(_submission(taken, said), house, self._desk)
        if not outcome.considered.report.conforms:
            raise refused(outcome.considered, house, taken.place_of)
        return Receipt(
            accepted=bool(outcome.revision),
            revision=outcome.revision or self._ledger.head().revision,
            graph=outcome.considered.graph if outcome.revision else "",
            added=outcome.considered.added,
            removed=outcome.considered.removed,
            report=self._told(outcome, house, taken),
        )

    def close(self) -> None:
        """Remove what was built for the occasion."""
        if self.is_temporary:
            shutil.rmtree(self.state, ignore_errors=True)

    @property
    def _snapshots(self) -> Snapshots:
        return Snapshots(self.state, memory_quads=self.settings.memory_quads)

    @property
    def _ledger(self) -> Ledger:
        return Ledger(self.state / "ledger")

    @property
    def _limits(self) -> Limits:
        return Limits(characters=self.settings.query_characters, depth=self.settings.query_depth)

    @property
    def _desk(self) -> Desk:
        return Desk(
            self._snapshots, self._ledger, limits=self._limits, tell=_unheard, patience_seconds=_PATIENCE_SECONDS
        )

    def _snapshot(self, past: Past) -> Readable:
        current = self._snapshots.current()
        return past.open(self.state, now=current.description) if past.members else current

    def _stored(self) -> tuple[StoredQuery, ...]:
        found = stored_queries(self._snapshots.current(), self._limits)
        return tuple(stored for stored in found if stored.group not in HIDDEN)

    def _taken(self, sent: Sent) -> tuple[House, Taken]:
        house = open_house(self._snapshots, limits=self._limits)
        bounds = Bounds(self.settings.submission_megabytes * 1024 * 1024, self._limits)
        text = Text(sent.data, sent.name, sent.media_type, sent.class_name)
        return house, take_in(ADD, text, graph="", house=house, snapshots=self._snapshots, bounds=bounds)

    def _tried(self, house: House, taken: Taken, said: Said) -> Outcome:
        return try_out(_submission(taken, said), house, snapshots=self._snapshots, ledger=self._ledger)

    def _told(self, outcome: Outcome, house: House, taken: Taken) -> Report:
        words = outcome.considered.names.words(house.prefixes, taken.place_of)
        return report_in(report_members(outcome.considered.report, words))


def _submission(taken: Taken, said: Said) -> Submission:
    signature = Signature(said.author, _now(), said.message)
    return Submission(taken.proposal, signature, sources=said.sources, expected=said.expect, own_only=True)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _unheard(_line: str) -> None:
    """Progress is no part of an answer."""
