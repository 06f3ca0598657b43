"""The command that serves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from kg.cli.building import build
from kg.cli.context import FOLDER, Context, main, progress, told
from kg.store import open_primary


@main.command()
@click.option("--content", type=FOLDER, help="Build this content first; without it, what was built last is served.")
@click.option("--host", help="Address to listen on.  [KG_HOST; 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [KG_PORT; 8000]")
@click.pass_context
def serve(click_context: click.Context, content: Path | None, host: str | None, port: int | None) -> None:
    """Serve the current snapshot, and each later one as soon as it is published."""
    from kg.web import serve as serve_http  # noqa: PLC0415 - Flask and uvicorn are needed here only

    settings = click_context.obj.settings
    if content is not None:
        click_context.obj = Context(replace(settings, content=content))
        click_context.invoke(build)
    with told():
        _catch_up(click_context.obj)
        serve_http(replace(settings, host=host or settings.host, port=port or settings.port))


def _catch_up(context: Context) -> None:
    """Publish what was accepted and not published any more, as when the process ended between the two."""
    described = context.snapshots.description()
    if described is None or described.revision >= context.ledger.head().revision:
        return
    from kg.house import open_house  # noqa: PLC0415 - pySHACL takes half a second to import
    from kg.submit import take_over  # noqa: PLC0415 - as above

    house = open_house(context.snapshots, limits=context.limits)
    opening = open_primary(context.snapshots, context.ledger, default_graph=described.default_graph)
    with opening as primary:
        take_over(primary, house, context.snapshots, limits=context.limits)
    progress("published what was accepted before")
