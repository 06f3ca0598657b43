"""The command that writes tables to be filled in."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kg.cli.context import Context, echo_columns, main, told, write_file


@main.command()
@click.argument("name", metavar="[CLASS]", default="")
@click.option("--xlsx", "kind", flag_value="xlsx", help="A workbook with notes and drop-downs.")
@click.option("--csv", "kind", flag_value="csv", help="Text; the default where FILE does not end in .xlsx.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="FILE to write; default: standard output.")
@click.option("--filled", "with_data", is_flag=True, help="With a row for each thing that there is.")
@click.option("--notes", "only_notes", is_flag=True, help="Only tell, as text, what each column holds.")
@click.pass_obj
def template(
    context: Context, name: str, kind: str | None, output: Path | None, *, with_data: bool, only_notes: bool
) -> None:
    """Write the table of a CLASS, to be filled in and submitted; without CLASS, list those that there are."""
    from kg import tables  # noqa: PLC0415 - pySHACL takes half a second to import
    from kg.validation import load_shapes  # noqa: PLC0415 - as above

    with told():
        state = tables.state_of(context.snapshots.stored())
        models = tables.table_models(load_shapes(context.content.rulebook().shapes.items()), state)
        if not name:
            echo_columns(["class", "what it is"], [[model.sheet, model.definition or model.label] for model in models])
            return
        model = tables.find_model(models, name, prefixes=state.prefixes)
        if only_notes:
            click.echo(tables.shown(tables.notes_of(model)))
            return
        by_name = "xlsx" if output and output.suffix.lower() == ".xlsx" else "csv"
        data = tables.template(model, state, kind=kind or by_name, with_data=with_data)
        if output:
            write_file(output, data)
        else:
            sys.stdout.buffer.write(data)
