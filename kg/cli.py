"""The command `kg`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from kg.answer import Ask, Cell, answer, answer_table, overview, vet_query
from kg.errors import JavaMissing, KgError, NotConforming, QueryRefused, QuerySyntax
from kg.formats import format_named, formats_for
from kg.settings import STRICT, UNION, Settings
from kg.sources import Content, open_content
from kg.sparql import Limits
from kg.store import Ledger, Snapshots

if TYPE_CHECKING:
    from kg.submit import Desk

_NOT_CONFORMING: Final = 1
_NOT_COHERENT: Final = 1
_ERROR: Final = 2
_WIDEST_COLUMN: Final = 60


@dataclass(frozen=True)
class _Context:
    """What every command works with."""

    settings: Settings

    @property
    def content(self) -> Content:
        return open_content(self.settings.content, base_iri=self.settings.base_iri)

    @property
    def snapshots(self) -> Snapshots:
        return Snapshots(self.settings.state, memory_quads=self.settings.memory_quads)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.settings.state / "ledger")

    @property
    def limits(self) -> Limits:
        return Limits(characters=self.settings.query_characters, depth=self.settings.query_depth)


_folder: Final = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="unemg-kg")
@click.option("--content", type=_folder, help="Folder with ontology, shapes, queries and data.  [KG_CONTENT; .]")
@click.option("--state", type=_folder, help="Folder for what is built.  [KG_STATE; state]")
@click.pass_context
def main(context: click.Context, content: Path | None, state: Path | None) -> None:
    """Build, check, query and serve a knowledge graph kept as files.

    Every setting can also be given in the environment; docs/settings.md lists them.
    """
    with _told():
        context.obj = _Context(Settings.from_environ(os.environ, content=content, state=state))


@main.command()
@click.option("--default-graph", type=click.Choice([UNION, STRICT]), help="What a query sees that names no graph.")
@click.pass_obj
def build(context: _Context, default_graph: str | None) -> None:
    """Read the content, add what follows, validate it, and publish a snapshot.

    Nothing is published when something does not conform; what was published before stays in service.
    """
    from kg.publish import build as publish  # noqa: PLC0415 - pySHACL takes half a second to import
    from kg.submit import accepted  # noqa: PLC0415 - as above

    with _told():
        publish(
            context.content,
            context.snapshots,
            default_graph=default_graph or context.settings.default_graph,
            limits=context.limits,
            tell=_progress,
            submitted=accepted(context.ledger),
        )


@main.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.pass_obj
def validate(context: _Context, files: tuple[Path, ...]) -> None:
    """Validate the content, together with FILES (Turtle or TriG) as if they were part of it; publish nothing.

    Exit status: 0 it conforms, 1 it does not, 2 it could not be read.
    """
    from kg.publish import judge  # noqa: PLC0415 - as above
    from kg.submit import accepted  # noqa: PLC0415 - as above

    with _told():
        judged = judge(
            context.content,
            limits=context.limits,
            tell=_progress,
            candidates=files,
            submitted=accepted(context.ledger),
        )
        if judged.text:
            click.echo(judged.text)
        if not judged.report.conforms:
            raise SystemExit(_NOT_CONFORMING)
        if judged.judged:
            click.echo("conforms")


@main.command()
@click.option("--if-java", is_flag=True, help="Where there is no Java, say that nothing was reasoned, and succeed.")
@click.pass_obj
def reason(context: _Context, if_java: bool) -> None:
    """Ask an OWL reasoner whether ontology and data are consistent and each class can have members. It needs Java.

    Exit status: 0 they are, 1 they are not, 2 there is no Java or the reasoner gave no verdict.
    """
    from kg.consistency import reason_over  # noqa: PLC0415 - owlready2 is needed here only
    from kg.ontology import find_java  # noqa: PLC0415 - as above

    settings = context.settings
    with _told():
        try:
            java = find_java(settings.java, os.environ)
        except JavaMissing as missing:
            if settings.java or not if_java:
                raise
            click.echo(f"NOT REASONED, left out: {missing}")
            return
        verdict = reason_over(context.content, java=java, seconds=settings.reason_seconds, tell=_progress)
        if verdict.coherent:
            click.echo("consistent, and every class can have members")
            return
        defects = [f"UNSATISFIABLE: {iri} can have no member" for iri in verdict.unsatisfiable]
        if not verdict.consistent:
            defects = ["INCONSISTENT: the statements contradict each other"]
        click.echo("\n".join([*defects, "", verdict.explanation]))
        raise SystemExit(_NOT_COHERENT)


@main.command()
@click.argument("source", type=click.File("rb"))
@click.option("-f", "--format", "format_name", default="", help="json, csv, turtle, …; default: a table.")
@click.pass_obj
def query(context: _Context, source: Any, format_name: str) -> None:
    """Answer a SPARQL query from a file, or from standard input when SOURCE is -, without a server."""
    with _told():
        text = _utf8(source.read())
        vetted = vet_query(text, context.limits)
        ask = Ask(vetted)
        snapshot = context.snapshots.current()
        if not format_name:
            _echo_table(context, ask)
            return
        row = format_named(format_name, vetted.form)
        if row is None or row.name == "html":
            names = ", ".join(row.name for row in formats_for(vetted.form) if row.name != "html")
            raise QueryRefused(
                f"{format_name} is no format for the answer to {vetted.form}", remedy=f"use one of {names}"
            )
        sys.stdout.buffer.write(answer(snapshot, ask, row))


@main.command()
@click.option("--content", type=_folder, help="Build this content first; without it, what was built last is served.")
@click.option("--host", help="Address to listen on.  [KG_HOST; 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [KG_PORT; 8000]")
@click.pass_context
def serve(click_context: click.Context, content: Path | None, host: str | None, port: int | None) -> None:
    """Serve the current snapshot, and each later one as soon as it is published."""
    from kg.web import serve as serve_http  # noqa: PLC0415 - Flask and granian are needed here only

    settings = click_context.obj.settings
    if content is not None:
        click_context.obj = _Context(replace(settings, content=content))
        click_context.invoke(build)
    with _told():
        serve_http(replace(settings, host=host or settings.host, port=port or settings.port))


@main.command()
@click.pass_obj
def stats(context: _Context) -> None:
    """Tell what the current snapshot holds."""
    with _told():
        snapshot = context.snapshots.current()
        found = overview(snapshot)
        click.echo(f"{found.title}: snapshot {snapshot.number}, sha256 {snapshot.description.digest}")
        click.echo(f"{found.statements:,} statements in {found.graphs:,} named graphs")
        for row in found.classes:
            click.echo(f"{row.things:7,}  {row.label}")


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--author", required=True, help="Who submits.")
@click.option("--message", "-m", required=True, help="What it is and where it comes from, in one line.")
@click.option("--dry-run", is_flag=True, help="Only say whether it would be accepted.")
@click.pass_obj
def submit(context: _Context, file: Path, author: str, message: str, *, dry_run: bool) -> None:
    """Submit the statements of a Turtle FILE: what conforms joins the graph, in a named graph of its own.

    It is on disk before this command says so, and served from then on. Exit status: 0 accepted, 1 it does not conform.
    """
    from kg.submit import Signature  # noqa: PLC0415 - pySHACL takes half a second to import
    from kg.submit import submit as accept  # noqa: PLC0415 - as above

    with _told():
        signature = Signature(author, _now(), message)
        commit = accept(_desk(context), file, context.content.read_text(file), signature, dry_run=dry_run)
        click.echo(f"accepted as revision {commit.revision}: {commit.source}" if commit else "would be accepted")


@main.command()
@click.argument("revision", type=click.IntRange(1))
@click.option("--author", required=True, help="Who undoes it.")
@click.option("--message", "-m", required=True, help="Why, in one line.")
@click.pass_obj
def revert(context: _Context, revision: int, author: str, message: str) -> None:
    """Undo a submission by a new commit; the ledger keeps both."""
    from kg.submit import Signature  # noqa: PLC0415 - as above
    from kg.submit import revert as undo  # noqa: PLC0415 - as above

    with _told():
        commit = undo(_desk(context), revision, Signature(author, _now(), message))
        click.echo(f"revision {revision} is undone by revision {commit.revision}")


@main.command()
@click.option("--patch", is_flag=True, help="With the statements that were added (A) and removed (D).")
@click.pass_obj
def log(context: _Context, *, patch: bool) -> None:
    """Tell what was submitted and undone, the latest last."""
    with _told():
        for commit in context.ledger.entries():
            changes = commit.changeset
            click.echo(
                f"{commit.revision:6}  {commit.time}  {commit.author}  "
                f"+{len(changes.added)} -{len(changes.removed)}  {commit.message}"
            )
            if patch:
                for mark, lines in (("A", changes.added), ("D", changes.removed)):
                    for line in lines:
                        click.echo(f"        {mark} {line}")


def _desk(context: _Context) -> Desk:
    from kg.submit import Desk  # noqa: PLC0415 - as above

    return Desk(
        content=context.content,
        snapshots=context.snapshots,
        ledger=context.ledger,
        default_graph=context.settings.default_graph,
        limits=context.limits,
        tell=_progress,
    )


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _progress(line: str) -> None:
    click.echo(line, err=True)


def _utf8(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")  # some editors put a mark in front
    except UnicodeDecodeError as error:
        raise QueryRefused("the query is not UTF-8", remedy="save it as UTF-8") from error


def _echo_table(context: _Context, ask: Ask) -> None:
    """The answer as aligned columns, in full."""
    table = answer_table(context.snapshots.current(), ask, most_rows=sys.maxsize - 1)
    if table.boolean is not None:
        click.echo("true" if table.boolean else "false")
        return
    rows = [[_one_line(cell) for cell in row] for row in table.rows]
    widths = [
        min(_WIDEST_COLUMN, max((len(row[at]) for row in [list(table.columns), *rows]), default=0))
        for at in range(len(table.columns))
    ]
    for row in [list(table.columns), ["-" * width for width in widths], *rows]:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    click.echo(f"{len(rows):,} {'row' if len(rows) == 1 else 'rows'}", err=True)


def _one_line(cell: Cell | None) -> str:
    if cell is None:
        return ""
    return " ".join((cell.short if cell.kind == "iri" else cell.value).split())


@contextmanager
def _told() -> Iterator[None]:
    """Errors as text on standard error and an exit status; a pipe that is closed early is no error."""
    try:
        yield
    except NotConforming as error:
        click.echo(error.report, err=True)
        _fail(error, _NOT_CONFORMING)
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
