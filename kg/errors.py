"""Every error that a user can meet, as one tree; each says what is wrong, where, and what to do.

KgError
├── SettingsError          a setting has a value that cannot be used
├── ContentError           a content file is not as it must be (file, line, column)
├── NotConforming          the content does not conform; carries the report as text
├── EntailmentError        the rules do not come to an end
├── QueryError
│   ├── QuerySyntax        a query is not SPARQL (line, column)
│   ├── QueryRefused       a query asks for something that is not allowed
│   ├── ServiceFailed      an endpoint that a query calls does not answer
│   └── QueryStopped       a query took longer, or more memory, than it may
├── ServiceBusy            more is asked at once than can be answered
├── SnapshotMissing        nothing has been built yet
├── BuildRunning           another build holds the lock
├── RevisionMissing        there is no such revision
├── WriterRunning          another process writes to the ledger
├── LedgerDamaged          the ledger is not what was written (file, line)
├── StoreError             the state folder cannot be read or written
├── ServerError            the server cannot start
├── JavaMissing            a reasoner was asked for and there is no Java
└── ReasonerFailed         the reasoner ended without a verdict
"""


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


class NotConforming(KgError):
    """The content does not conform to the shapes or checks."""

    def __init__(self, message: str, *, report: str, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.report = report


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


class ServiceFailed(QueryError):
    """An endpoint that a query calls does not answer, or not as it should."""


class QueryStopped(QueryError):
    """A query took longer, or needed more memory, than it may."""


class ServiceBusy(KgError):
    """More is asked at once than can be answered."""


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


class ServerError(KgError):
    """The server cannot start."""


class JavaMissing(KgError):
    """A reasoner was asked for and there is no Java."""


class ReasonerFailed(KgError):
    """The reasoner ended without a verdict."""
