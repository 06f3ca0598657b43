"""Commands about the content: build, validate, reason."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from kg.cli.context import NOT_CONFORMING, Context, desk_of, main, now, progress, told
from kg.errors import JavaMissing
from kg.settings import STRICT, UNION
from kg.store import Signature, edits_of

_NOT_COHERENT: Final = 1


@main.command()
@click.option("--default-graph", type=click.Choice([UNION, STRICT]), help="What a query sees that names no graph.")
@click.pass_obj
def build(context: Context, default_graph: str | None) -> None:
    """Read the content, add what follows, validate it, and publish a snapshot.

    Nothing is published when something does not conform; what was published before stays in service.
    """
    from kg.publish import build as publish  # noqa: PLC0415 - pySHACL takes half a second to import

    with told():
        content = context.content
        publish(
            content,
            desk_of(context),
            default_graph=default_graph or context.settings.default_graph,
            signature=Signature("kg build", now(), f"The content of {content.root.absolute().name}"),
        )


@main.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.pass_obj
def validate(context: Context, files: tuple[Path, ...]) -> None:
    """Validate the content, together with FILES (Turtle or TriG) as if they were part of it; publish nothing.

    Exit status: 0 it conforms, 1 it does not, 2 it could not be read.
    """
    from kg.publish import CONTENT, judge  # noqa: PLC0415 - as above

    with told():
        content = context.content
        edits = edits_of(context.ledger, source=CONTENT, derived=content.derived)
        judged = judge(content, limits=context.limits, tell=progress, candidates=files, edits=edits)
        if judged.text:
            click.echo(judged.text)
        if not judged.report.conforms:
            raise SystemExit(NOT_CONFORMING)
        if judged.reading.judges.words:
            click.echo("conforms")


@main.command()
@click.option("--if-java", is_flag=True, help="Where there is no Java, say that nothing was reasoned, and succeed.")
@click.pass_obj
def reason(context: Context, if_java: bool) -> None:
    """Ask an OWL reasoner whether ontology and data are consistent and each class can have members. It needs Java.

    Exit status: 0 they are, 1 they are not, 2 there is no Java or the reasoner gave no verdict.
    """
    from kg.consistency import reason_over  # noqa: PLC0415 - owlready2 is needed here only
    from kg.ontology import find_java  # noqa: PLC0415 - as above

    settings = context.settings
    with told():
        try:
            java = find_java(settings.java, os.environ)
        except JavaMissing as missing:
            if settings.java or not if_java:
                raise
            click.echo(f"NOT REASONED, left out: {missing}")
            return
        verdict = reason_over(context.content, java=java, seconds=settings.reason_seconds, tell=progress)
        if verdict.coherent:
            click.echo("consistent, and every class can have members")
            return
        defects = [f"UNSATISFIABLE: {iri} can have no member" for iri in verdict.unsatisfiable]
        if not verdict.consistent:
            defects = ["INCONSISTENT: the statements contradict each other"]
        click.echo("\n".join([*defects, "", verdict.explanation]))
        raise SystemExit(_NOT_COHERENT)
