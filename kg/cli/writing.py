"""Commands that change the graph, and tell what was changed: submit, revert, log, show, diff."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from kg.cli.context import PATIENCE_SECONDS, Context, desk_of, main, now, progress, told
from kg.errors import ContentError, OthersStatements
from kg.store import ADD, REVERT, UPDATE, Changeset, Commit, Proposal, Signature

if TYPE_CHECKING:
    from kg.house import House
    from kg.intake import Taken

_author: Final = click.option("--author", required=True, help="Who does it.")


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@_author
@click.option("--message", "-m", required=True, help="What it is and where it comes from, in one line.")
@click.option("--source", "sources", multiple=True, help="IRI of a document or passage that it comes from.")
@click.option("--class", "class_name", default="", help="Class of the things in a table; else its sheet or file name.")
@click.option("--expect", type=click.IntRange(0), help="Refuse it unless this is the last revision.")
@click.option("--review", is_flag=True, help="Take away also what others than the author have brought.")
@click.option("--dry-run", is_flag=True, help="Only say whether it would be accepted.")
@click.pass_obj
def submit(  # noqa: PLR0913 - one for each option
    context: Context,
    file: Path,
    author: str,
    message: str,
    *,
    sources: tuple[str, ...],
    class_name: str,
    expect: int | None,
    review: bool,
    dry_run: bool,
) -> None:
    """Submit a FILE: RDF of any format, a table (.csv, .xlsx), or a SPARQL update (.ru). What conforms joins the graph.

    Statements get a named graph of their own. They are on disk before this command says so, and served from then on.
    Exit status: 0 accepted, 1 it does not conform, 2 it could not be read.
    """
    from kg.intake import Bounds, Text, take_in  # noqa: PLC0415 - pySHACL takes half a second to import

    def taken(house: House) -> Taken:
        try:
            text = Text(file.read_bytes(), str(file), class_name=class_name)
        except OSError as error:
            raise ContentError(f"cannot be read: {error.strerror}", file=str(file)) from error
        bounds = Bounds(context.settings.submission_megabytes * 1024 * 1024, context.limits)
        kind = UPDATE if file.suffix == ".ru" else ADD
        return take_in(kind, text, graph="", house=house, snapshots=context.snapshots, bounds=bounds)

    with told():
        signature = Signature(author, now(), message)
        _submit(context, taken, signature, sources=sources, expected=expect, own_only=not review, dry_run=dry_run)


@main.command()
@click.argument("revision", type=click.IntRange(1))
@_author
@click.option("--message", "-m", required=True, help="Why, in one line.")
@click.option("--dry-run", is_flag=True, help="Only say whether it would be accepted.")
@click.pass_obj
def revert(context: Context, revision: int, author: str, message: str, *, dry_run: bool) -> None:
    """Undo a commit by a new one; the ledger keeps both."""
    from kg.intake import Taken  # noqa: PLC0415 - as above
    from kg.validation import nowhere  # noqa: PLC0415 - as above

    with told():
        taken = Taken(Proposal(REVERT, revision=revision), nowhere)
        _submit(context, lambda _: taken, Signature(author, now(), message), dry_run=dry_run)


def _submit(
    context: Context,
    read: Callable[[House], Taken],
    signature: Signature,
    *,
    sources: tuple[str, ...] = (),
    expected: int | None = None,
    own_only: bool = False,
    dry_run: bool,
) -> None:
    from kg.house import open_house  # noqa: PLC0415 - as above
    from kg.submit import Submission, in_words, located, refused, submit, try_out  # noqa: PLC0415 - as above

    desk = desk_of(context, patience_seconds=PATIENCE_SECONDS)
    house = open_house(desk.snapshots, limits=desk.limits)
    taken = read(house)
    submission = Submission(taken.proposal, signature, sources=sources, expected=expected, own_only=own_only)
    try:
        if dry_run:
            outcome = try_out(submission, house, snapshots=desk.snapshots, ledger=desk.ledger)
        else:
            outcome = submit(submission, house, desk)
    except OthersStatements as error:
        raise located(error, taken.place_of) from error
    if not outcome.considered.report.conforms:
        raise refused(outcome.considered, house, taken.place_of)
    if outcome.considered.report.results:
        progress(in_words(outcome.considered, house, taken.place_of))
    if outcome.revision:
        click.echo(f"accepted as revision {outcome.revision}: {outcome.considered.graph}")
        if not outcome.number:
            progress("it is safe, and will be seen when the store that answers can be brought up to date")
    elif outcome.considered.is_empty:
        click.echo("nothing to change: all of it is so already")
    else:
        click.echo("would be accepted")


@main.command()
@click.option("--patch", is_flag=True, help="With the statements that were added (A) and removed (D).")
@click.option("--about", default="", metavar="IRI", help="Only what changed something about a thing, the latest first.")
@click.pass_obj
def log(context: Context, *, patch: bool, about: str) -> None:
    """Tell what was accepted, the latest last."""
    with told():
        for commit in context.ledger.about(about) if about else context.ledger.entries():
            _echo_commit(commit)
            if patch:
                _echo_changes(commit.changeset, indent="        ")


@main.command()
@click.argument("revision", type=click.IntRange(1))
@click.pass_obj
def show(context: Context, revision: int) -> None:
    """Tell of one commit all that it added (A) and removed (D)."""
    with told():
        commit = context.ledger.read(revision)
        for name in ("revision", "time", "author", "message", "source", "digest"):
            click.echo(f"{name:9} {getattr(commit, name)}")
        _echo_changes(commit.changeset)


@main.command()
@click.argument("before", type=click.IntRange(0))
@click.argument("after", type=click.IntRange(0))
@click.pass_obj
def diff(context: Context, before: int, after: int) -> None:
    """Tell what leads from one revision to another, forwards or backwards: added (A) and removed (D)."""
    with told():
        _echo_changes(context.ledger.diff(before, after))


@main.command()
@click.argument("statement")
@click.pass_obj
def blame(context: Context, statement: str) -> None:
    """Tell which commit brought a STATEMENT, written as `kg show` does."""
    with told():
        commit = context.ledger.blame(statement)
        if commit is None:
            raise ContentError("no commit brought this statement", remedy="write it as `kg show` does, dot included")
        _echo_commit(commit)


def _echo_commit(commit: Commit) -> None:
    changes = commit.changeset
    click.echo(
        f"{commit.revision:6}  {commit.time}  {commit.author}  "
        f"+{len(changes.added)} -{len(changes.removed)}  {commit.message}"
    )


def _echo_changes(changes: Changeset, *, indent: str = "") -> None:
    marked: Iterable[tuple[str, tuple[str, ...]]] = (("A", changes.added), ("D", changes.removed))
    for mark, lines in marked:
        for line in lines:
            click.echo(f"{indent}{mark} {line}")
