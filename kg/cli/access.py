"""Commands about the tokens with which is written."""

from __future__ import annotations

from datetime import UTC, date, datetime

import click

from kg.access import DEFAULT_DAYS, SCOPES, Token, read_last_day
from kg.cli.context import Context, echo_columns, main, progress, told


@main.group()
def token() -> None:
    """Make, list and revoke the tokens with which people and programs write to a server; reading needs none."""


@token.command("create")
@click.option("--name", required=True, help="Who holds it: the author of what is written with it.")
@click.option(
    "--scope", required=True, type=click.Choice(SCOPES), help="What it allows; each includes those before it."
)
@click.option(
    "--expires",
    default=str(DEFAULT_DAYS),
    show_default=True,
    metavar="DATE|DAYS|never",
    help="The last day on which it works: a date, or days from today.",
)
@click.pass_obj
def create_token(context: Context, name: str, scope: str, expires: str) -> None:
    """Make a token and print it; it is kept nowhere and cannot be told again."""
    with told():
        now = datetime.now(UTC)
        last_day = read_last_day(expires, today=now.date())
        text, made = context.register.create(name, scope=scope, now=now, expires=last_day)
        click.echo(text)
        until = f"until {made.expires}" if made.expires else "until it is revoked"
        progress(f"{made.name} may {made.scope} with it {until}; hand it over in private, it is not shown again")


@token.command("list")
@click.pass_obj
def list_tokens(context: Context) -> None:
    """Tell of each token who holds it, what it allows, when it was used last, and whether it still works."""
    with told():
        today = datetime.now(UTC).date()
        columns = ["id", "name", "scope", "created", "expires", "last used", "state"]
        echo_columns(columns, [_told_of(kept, today) for kept in context.register.read()[1]])


@token.command("revoke")
@click.argument("identifier", metavar="ID")
@click.pass_obj
def revoke_token(context: Context, identifier: str) -> None:
    """Revoke the token with an ID that `kg token list` tells; a running server lets nobody in with it any more."""
    with told():
        revoked = context.register.revoke(identifier, now=datetime.now(UTC))
        click.echo(f"token {revoked.id} of {revoked.name} is revoked since {revoked.revoked}")


def _told_of(kept: Token, today: date) -> list[str]:
    state = f"revoked {kept.revoked[:10]}" if kept.revoked else "expired" if kept.expired(today) else "works"
    return [
        kept.id,
        kept.name,
        kept.scope,
        kept.created,
        kept.expires or "never",
        kept.used or "never",
        state,
    ]
