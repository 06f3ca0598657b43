"""What every command works with: the settings, and how results and errors are told."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from kg.access import Register
from kg.errors import ContentError, KgError, NotConforming, QuerySyntax
from kg.settings import Settings
from kg.sources import Content, open_content
from kg.sparql import Limits
from kg.store import Ledger, Snapshots

if TYPE_CHECKING:
    from kg.publish import Desk

NOT_CONFORMING: Final = 1
PATIENCE_SECONDS: Final = 20.0
"""How long a command waits while a server or another command writes."""
_ERROR: Final = 2
_WIDEST_COLUMN: Final = 60

FOLDER: Final = click.Path(path_type=Path)


@dataclass(frozen=True)
class Context:
    """What every command works with."""

    settings: Settings

    @property
    def content(self) -> Content:
        """The content folders."""
        return open_content(self.settings.content, base_iri=self.settings.base_iri)

    @property
    def snapshots(self) -> Snapshots:
        """The snapshots of the state folder."""
        settings = self.settings
        return Snapshots(settings.state, memory_quads=settings.memory_quads, remote=settings.remote)

    @property
    def ledger(self) -> Ledger:
        """Its ledger."""
        return Ledger(self.settings.state / "ledger")

    @property
    def register(self) -> Register:
        """Its tokens."""
        return Register(self.settings.state)

    @property
    def limits(self) -> Limits:
        """How large a query may be."""
        return Limits(characters=self.settings.query_characters, depth=self.settings.query_depth)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="unemg-kg")
@click.option("--content", type=FOLDER, help="Folder with ontology, shapes, queries and data.  [KG_CONTENT; .]")
@click.option("--state", type=FOLDER, help="Folder for what is built.  [KG_STATE; state]")
@click.pass_context
def main(context: click.Context, content: Path | None, state: Path | None) -> None:
    """Build, check, query and serve a knowledge graph kept as files.

    Every setting can also be given in the environment; docs/settings.md lists them.
    """
    with told():
        context.obj = Context(Settings.from_environ(os.environ, content=content, state=state))


def desk_of(context: Context, *, patience_seconds: float = 0.0) -> Desk:
    """Where content and submissions come in; who comes while somebody else writes waits for so long."""
    from kg.publish import Desk  # noqa: PLC0415 - pySHACL takes half a second to import

    return Desk(
        context.snapshots,
        context.ledger,
        limits=context.limits,
        tell=progress,
        patience_seconds=patience_seconds,
    )


def now() -> str:
    """The time, as commits have it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def progress(line: str) -> None:
    """Tell a line that is no part of the result."""
    click.echo(line, err=True)


def echo_columns(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows as aligned columns, under a head."""
    widths = [
        min(_WIDEST_COLUMN, max((len(row[at]) for row in [columns, *rows]), default=0)) for at in range(len(columns))
    ]
    for row in [columns, ["-" * width for width in widths], *rows]:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def write_file(file: Path, data: bytes) -> None:
    """Write a result to a file.

    Raises:
        ContentError: it cannot be written.
    """
    try:
        file.write_bytes(data)
    except OSError as error:
        problem = f"cannot be written: {error.strerror}"
        raise ContentError(problem, remedy="name another file", file=str(file)) from error


@contextmanager
def told() -> Iterator[None]:
    """Errors as text on standard error and an exit status; a pipe that is closed early is no error."""
    try:
        yield
    except NotConforming as error:
        click.echo(error.report, err=True)
        _fail(error, NOT_CONFORMING)
    except KgError as error:
        _fail(error, _ERROR)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - stays open until the process ends
        raise SystemExit(_ERROR) from None


def _fail(error: KgError, status: int) -> None:
    place = f"line {error.line}, column {error.column}: " if isinstance(error, QuerySyntax) and error.line else ""
    click.echo(f"Error: {place}{error}", err=True)
    if error.remedy:
        click.echo(f"What to do: {error.remedy}", err=True)
    raise SystemExit(status) from error
