"""Commands that answer from the current snapshot: query, stats."""

from __future__ import annotations

import sys
from typing import Any

import click

from kg.answer import Ask, Cell, answer, answer_table, overview, vet_query
from kg.cli.context import Context, echo_columns, main, told
from kg.errors import QueryRefused
from kg.explain import Explanation, explain_empty
from kg.formats import format_named, formats_for
from kg.store import Readable, readable_snapshot


@main.command()
@click.argument("source", type=click.File("rb"))
@click.option("-f", "--format", "format_name", default="", help="json, csv, turtle, …; default: a table.")
@click.pass_obj
def query(context: Context, source: Any, format_name: str) -> None:
    """Answer a SPARQL query from a file, or from standard input when SOURCE is -, without a server."""
    with told():
        text = _utf8(source.read())
        vetted = vet_query(text, context.limits)
        ask = Ask(vetted)
        snapshot = readable_snapshot(context.snapshots)
        if not format_name:
            if _echo_table(snapshot, ask):
                _echo_reason(explain_empty(snapshot, ask, context.limits))
            return
        row = format_named(format_name, vetted.form)
        if row is None or row.name == "html":
            names = ", ".join(row.name for row in formats_for(vetted.form) if row.name != "html")
            raise QueryRefused(
                f"{format_name} is no format for the answer to {vetted.form}", remedy=f"use one of {names}"
            )
        written = answer(snapshot, ask, row)
        sys.stdout.buffer.write(written)
        if row.is_empty(written):
            _echo_reason(explain_empty(snapshot, ask, context.limits))


@main.command()
@click.pass_obj
def stats(context: Context) -> None:
    """Tell what the current snapshot holds."""
    with told():
        snapshot = readable_snapshot(context.snapshots)
        found = overview(snapshot)
        click.echo(f"{found.title}: snapshot {snapshot.number}, sha256 {snapshot.description.digest}")
        click.echo(f"{found.statements:,} statements in {found.graphs:,} named graphs")
        for row in found.classes:
            click.echo(f"{row.things:7,}  {row.label}")


def _utf8(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")  # some editors put a mark in front
    except UnicodeDecodeError as error:
        raise QueryRefused("the query is not UTF-8", remedy="save it as UTF-8") from error


def _echo_table(snapshot: Readable, ask: Ask) -> bool:
    """The answer as aligned columns, in full; returns whether it is empty."""
    table = answer_table(snapshot, ask, most_rows=sys.maxsize - 1)
    if table.boolean is not None:
        click.echo("true" if table.boolean else "false")
        return not table.boolean
    rows = [[_one_line(cell) for cell in row] for row in table.rows]
    echo_columns(list(table.columns), rows)
    click.echo(f"{len(rows):,} {'row' if len(rows) == 1 else 'rows'}", err=True)
    return not rows


def _echo_reason(explanation: Explanation | None) -> None:
    """Why there is no answer, beside it."""
    if explanation is None:
        return
    for term in explanation.unknown:
        name = f" ({term.label})" if term.label else ""
        near = f" Did you mean {term.nearest}{name}?" if term.nearest else ""
        click.echo(f"{term.written} is not in the graph.{near}", err=True)
    place = f"line {explanation.line}, column {explanation.column} of the query"
    click.echo(f"{explanation.reason} ({place}):\n{explanation.text}", err=True)
    if explanation.turned:
        click.echo("With subject and object the other way round there are matches.", err=True)


def _one_line(cell: Cell | None) -> str:
    if cell is None:
        return ""
    return " ".join((cell.short if cell.kind == "iri" else cell.value).split())
