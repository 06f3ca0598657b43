"""Every error that a user can meet, as one tree; each says what is wrong, where, and what to do.

KgError
├── SettingsError          a setting has a value that cannot be used
├── ContentError           a content file is not as it must be (file, line, column)
│   ├── FormatUnknown      a text is of no format that is read
│   ├── TextTooLong        a text has more bytes than are read
│   └── TableErrors        cells of a table cannot be read; carries each with its place and remedy
├── NotConforming          the content does not conform; carries the report as text
├── EntailmentError        the rules do not come to an end
├── QueryError
│   ├── QuerySyntax        a query is not SPARQL (line, column)
│   ├── QueryRefused       a query asks for something that is not allowed
│   ├── ServiceFailed      an endpoint that a query calls does not answer
│   └── QueryStopped       a query took longer, or more memory, than it may
├── ServiceBusy            more is asked at once than can be answered
├── EndpointAway           a service on the network does not answer, or not as it should
├── SnapshotMissing        nothing has been built yet
├── BuildRunning           another process writes to the state folder
├── RevisionMissing        there is no such revision
├── WriterRunning          another process writes to the ledger
├── LedgerDamaged          the ledger is not what was written (file, line)
├── StoreError             the state folder cannot be read or written
│   └── RemoteStoreError   the store that answers is not as this service left it
│       └── StoreAway      it does not answer, or not as it should
├── AccessError            something about who may do what
│   ├── TokenError         a token cannot be made as asked, or there is no such token
│   ├── NotAuthenticated   a request that needs a token has none, or one that lets nobody in
│   ├── NotAllowed         the token does not allow this
│   │   └── OthersStatements  a submission takes away what others have brought; carries the statements
│   ├── CrossSite          a page of another site asks to write
│   └── TooMany            more is asked than one may ask for in this time (seconds to wait)
├── RevisionPassed         somebody else has committed since the revision that an edit was made on
├── ServerError            the server cannot start
├── JavaMissing            a reasoner was asked for and there is no Java
└── ReasonerFailed         the reasoner ended without a verdict
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class KgError(Exception):
    """The root of all errors that are reported without a traceback."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy

    def __str__(self) -> str:
        message = super().__str__()
        return f"{self.place}: {message}" if self.place else message

    @property
    def place(self) -> str:
        """Where it is, for people; empty when the message itself says so."""
        return ""


class SettingsError(KgError):
    """A setting has a value that cannot be used."""


class ContentError(KgError):
    """A content file is not as it must be."""

    def __init__(
        self, message: str, *, remedy: str = "", file: str = "", line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.file = file
        self.line = line
        self.column = column

    @property
    def place(self) -> str:
        """File, line and column, as far as they are known."""
        numbers = [f"{name} {value}" for name, value in (("line", self.line), ("column", self.column)) if value]
        return ", ".join([self.file, *numbers] if self.file else numbers)


class FormatUnknown(ContentError):
    """A text is of no format that is read."""


class TextTooLong(ContentError):
    """A text has more bytes than are read."""


@dataclass(frozen=True)
class CellProblem:
    """What is wrong with one cell of a table, or with the table as a whole."""

    place: str
    """Such as `row 7, column D (status)`; empty for the whole table."""
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        return f"{text}; {self.remedy}" if self.remedy else text


class TableErrors(ContentError):
    """Cells of a table cannot be read: every one that was found, in the order of the table."""

    def __init__(self, problems: Sequence[CellProblem], *, more: bool = False, file: str = "") -> None:
        found = [str(problem) for problem in problems] + (["and more, which are not listed"] if more else [])
        remedy = problems[0].remedy if len(found) == 1 else "mend what is named for each cell"
        only = f"{problems[0].place}: {problems[0].message}" if problems[0].place else problems[0].message
        super().__init__(only if len(found) == 1 else "\n".join(found), remedy=remedy, file=file)
        self.problems = tuple(problems)
        self.more = more


class NotConforming(KgError):
    """The content, or what was submitted, does not conform to the shapes or checks."""

    def __init__(
        self, message: str, *, report: str, remedy: str = "", members: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.report = report
        """The report as text."""
        self.members = members or {}
        """The report as JSON members."""
        self.rdf = ""
        """The report in the RDF format that was asked for, if one was."""


class EntailmentError(KgError):
    """The rules do not come to an end."""


class QueryError(KgError):
    """A query cannot be answered."""


class QuerySyntax(QueryError):
    """A query is not SPARQL; line and column count from 1, where the parser knows them."""

    def __init__(self, message: str, *, remedy: str = "", line: int | None = None, column: int | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.line = line
        self.column = column


class QueryRefused(QueryError):
    """A query asks for something that is not allowed, or for too much."""


class NetworkRefused(QueryRefused):
    """A query would call another service, or fetch from the network, which it may not."""


class ServiceFailed(QueryError):
    """An endpoint that a query calls does not answer, or not as it should."""


class QueryStopped(QueryError):
    """A query took longer, or needed more memory, than it may."""


class ServiceBusy(KgError):
    """More is asked at once than can be answered."""


class EndpointAway(KgError):
    """A service on the network, such as a served graph or the target of links, does not answer, or not as it should."""


class SnapshotMissing(KgError):
    """Nothing has been built yet."""


class BuildRunning(KgError):
    """Another build holds the lock of the state folder."""


class RevisionMissing(KgError):
    """There is no such revision."""


class WriterRunning(KgError):
    """Another process writes to the ledger."""


class LedgerDamaged(KgError):
    """The ledger is not what was written; the line counts from 1, where it is known."""

    def __init__(self, message: str, *, remedy: str = "", file: str = "", line: int | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.file = file
        self.line = line

    @property
    def place(self) -> str:
        """The file, and the line as far as it is known."""
        return f"{self.file}, line {self.line}" if self.line else self.file


class StoreError(KgError):
    """The state folder cannot be read or written."""


class RemoteStoreError(StoreError):
    """The store that answers is not as this service left it, or cannot be what it must be."""


class StoreAway(RemoteStoreError):
    """The store that answers does not answer, or not as it should."""


class AccessError(KgError):
    """Something about who may do what."""


class TokenError(AccessError):
    """A token cannot be made as asked, or there is no such token."""


class NotAuthenticated(AccessError):
    """A request that needs a token has none, or one that lets nobody in.

    `code` is the error code of RFC 6750 §3.1; empty where the request has no token at all.
    """

    def __init__(self, message: str, *, remedy: str = "", code: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.code = code


class NotAllowed(AccessError):
    """The token does not allow this; `scope` is what it would need."""

    def __init__(self, message: str, *, scope: str, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.scope = scope


class OthersStatements(NotAllowed):
    """A submission takes away what others have brought; `statements` are the first of those, as N-Quads."""

    def __init__(self, message: str, *, scope: str, statements: Sequence[str], remedy: str = "") -> None:
        super().__init__(message, scope=scope, remedy=remedy)
        self.statements = statements


class CrossSite(AccessError):
    """A page of another site asks to write."""


class TooMany(AccessError):
    """More is asked than one may ask for in this time; in `seconds` there is room again, a whole number from 1."""

    def __init__(self, message: str, *, seconds: int, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.seconds = seconds


class RevisionPassed(KgError):
    """Somebody else has committed since the revision that an edit was made on."""


class ServerError(KgError):
    """The server cannot start."""


class JavaMissing(KgError):
    """A reasoner was asked for and there is no Java."""


class ReasonerFailed(KgError):
    """The reasoner ended without a verdict."""
