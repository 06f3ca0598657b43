"""The command that fills the store which answers in place of the embedded one."""

from __future__ import annotations

from typing import Final

import click

from kg.cli.context import Context, main, told
from kg.errors import SettingsError
from kg.store import catch_up

# How long the command waits while a server or another command writes.
_PATIENCE_SECONDS: Final = 20.0


@main.command()
@click.option("--anew", is_flag=True, help="Remove first what is ours there. Nothing is answered meanwhile.")
@click.pass_obj
def replicate(context: Context, *, anew: bool) -> None:
    """Send to the store of KG_STORE what it lacks, and publish what was committed while it was away.

    With --anew, the graphs that the ledger names are removed there first, and the default graph where it is one of its
    own. Other graphs stay.
    """
    with told():
        remote = context.settings.remote
        if remote is None:
            raise SettingsError(
                "no store is set", remedy="set KG_STORE to sparql+http://HOST:PORT/PATH of its endpoint"
            )
        marker = catch_up(
            context.snapshots,
            context.ledger,
            remote,
            patience_seconds=_PATIENCE_SECONDS,
            default_graph=context.settings.default_graph,
            anew=anew,
        )
        click.echo(f"{remote} holds revision {marker.revision}, digest {marker.digest}")
