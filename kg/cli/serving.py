"""The command that serves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from kg.cli.building import build
from kg.cli.context import FOLDER, Context, main, told


@main.command()
@click.option("--content", type=FOLDER, help="Build this content first; without it, what was built last is served.")
@click.option("--host", help="Address to listen on.  [KG_HOST; 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [KG_PORT; 8000]")
@click.pass_context
def serve(click_context: click.Context, content: Path | None, host: str | None, port: int | None) -> None:
    """Serve the current snapshot, and each later one as soon as it is published."""
    from kg.web import serve as serve_http  # noqa: PLC0415 - Flask and granian are needed here only

    settings = click_context.obj.settings
    if content is not None:
        click_context.obj = Context(replace(settings, content=content))
        click_context.invoke(build)
    with told():
        serve_http(replace(settings, host=host or settings.host, port=port or settings.port))
