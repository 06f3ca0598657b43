"""Commands about the state folder as a whole: verify, backup, restore, export."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kg.cli.context import NOT_CONFORMING, Context, main, progress, told, write_file
from kg.queries import load_queries
from kg.sssom import mapping_set
from kg.store import Snapshot, past_snapshot, restore_backup, revision_at, verify_state, write_backup

# How long a command waits while a server or another command writes.
_PATIENCE_SECONDS = 20.0


@main.command()
@click.pass_obj
def verify(context: Context) -> None:
    """Read the ledger and compare each digest, then store and snapshot with the ledger.

    Exit status: 0 all is as it was written, 1 it is not, 2 it could not be read.
    """
    with told():
        found = verify_state(context.snapshots, context.ledger, patience_seconds=_PATIENCE_SECONDS)
        click.echo(f"revision {found.head.revision}, digest {found.head.digest}: {found.statements:,} statements")
        for difference in found.differences:
            click.echo(f"DIFFERS: {difference}")
        if found.differences:
            raise SystemExit(NOT_CONFORMING)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def backup(context: Context, file: Path) -> None:
    """Write all that cannot be made again into a FILE; a server may go on meanwhile. It holds tokens: keep it safe."""
    with told():
        head = write_backup(context.snapshots, context.ledger, file)
        click.echo(f"{file}: revision {head.revision}, digest {head.digest}")


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def restore(context: Context, file: Path) -> None:
    """Make the state folder, which must be empty, from a FILE of `kg backup`."""
    with told():
        described = restore_backup(file, context.settings.state)
        click.echo(f"restored revision {described.revision} with {described.quads:,} statements")


@main.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write; else standard output.")
@click.option("--revision", type=click.IntRange(1), help="The graph as it was at a revision.")
@click.option("--as-of", default="", metavar="TIME", help="The graph as it was at a time, as 2024-05-01 or 2024-05.")
@click.option("--sssom", is_flag=True, help="Only the links to other data, as a mapping set in SSSOM (TSV).")
@click.pass_obj
def export(context: Context, output: Path | None, revision: int | None, as_of: str, *, sssom: bool) -> None:
    """Write the whole graph as N-Quads: one statement a line, in order; the same graph gives the same bytes."""
    with told():
        snapshot = context.snapshots.current()
        if as_of:
            revision = revision_at(context.ledger, as_of)
        if revision is not None:
            snapshot = past_snapshot(context.settings.state, context.ledger, revision, now=snapshot.description)
        data = _links(context, snapshot) if sssom else snapshot.nquads()
        if output:
            write_file(output, data)
            lines, unit = data.count(b"\n"), "lines" if sssom else "statements"
            progress(f"{output}: {lines:,} {unit} of revision {snapshot.description.revision}")
        else:
            sys.stdout.buffer.write(data)


def _links(context: Context, snapshot: Snapshot) -> bytes:
    content = context.content
    queries = load_queries(content.queries, read_text=content.read_text, limits=context.limits)
    return mapping_set(snapshot, queries).encode()
