"""Commands about the content: build, validate, reason."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from kg.cli.context import NOT_CONFORMING, PATIENCE_SECONDS, Context, desk_of, main, now, progress, told
from kg.errors import ContentError, JavaMissing
from kg.settings import STRICT, UNION
from kg.store import Signature, edits_of

_NOT_COHERENT: Final = 1


@main.command()
@click.option("--default-graph", type=click.Choice([UNION, STRICT]), help="What a query sees that names no graph.")
@click.option(
    "--wait",
    "patience_seconds",
    type=click.FloatRange(0),
    default=PATIENCE_SECONDS,
    show_default=True,
    help="Seconds to wait while a server or another command writes.",
)
@click.pass_obj
def build(context: Context, default_graph: str | None, patience_seconds: float) -> None:
    """Read the content, add what follows, validate it, and publish a snapshot.

    Nothing is published when something does not conform; what was published before stays in service.
    """
    from kg.publish import build as publish  # noqa: PLC0415 - pySHACL takes half a second to import

    with told():
        content = context.content
        publish(
            content,
            desk_of(context, patience_seconds=patience_seconds),
            default_graph=default_graph or context.settings.default_graph,
            signature=Signature("kg build", now(), f"The content of {content.root.absolute().name}"),
        )


@main.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--all", "published", is_flag=True, help="Instead of the content, the whole graph that is published.")
@click.option(
    "--against", multiple=True, type=click.Path(path_type=Path), help="The published graph by other shapes alone."
)
@click.pass_obj
def validate(context: Context, files: tuple[Path, ...], *, published: bool, against: tuple[Path, ...]) -> None:
    """Validate the content, together with FILES (Turtle or TriG) as if they were part of it; publish nothing.

    With --against, a Turtle file of shapes or a folder of them, it tells what these shapes would break.
    Exit status: 0 it conforms, 1 it does not, 2 it could not be read.
    """
    from kg.audit import audit  # noqa: PLC0415 - as above
    from kg.publish import CONTENT, judge  # noqa: PLC0415 - as above

    with told():
        if published or against:
            if files:
                raise ContentError("files are judged with the content", remedy="leave out --all and --against")
            shapes = _texts(against) if against else None
            found = audit(context.snapshots, limits=context.limits, tell=progress, shapes=shapes)
            click.echo(found.text or "conforms")
            raise SystemExit(0 if found.report.conforms else NOT_CONFORMING)
        content = context.content
        edits = edits_of(context.ledger, source=CONTENT, derived=content.derived)
        judged = judge(content, limits=context.limits, tell=progress, candidates=files, edits=edits)
        if judged.text:
            click.echo(judged.text)
        if not judged.report.conforms:
            raise SystemExit(NOT_CONFORMING)
        if judged.reading.judges.words:
            click.echo("conforms")


def _texts(paths: tuple[Path, ...]) -> dict[str, str]:
    """The text of each file, and of each Turtle file in a folder."""
    files = [file for path in paths for file in (sorted(path.rglob("*.ttl")) if path.is_dir() else [path])]
    if not files:
        raise ContentError(
            "there is no file of shapes", remedy="name Turtle files or folders of them", file=str(paths[0])
        )
    try:
        return {str(file): file.read_text(encoding="utf-8-sig") for file in files}
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(f"shapes cannot be read: {error}", remedy="name Turtle files or folders of them") from error


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
