"""`fanout history`: how promises and cells fared in all the runs so far."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from fanout.commands.command import HISTORY, ROOT, Command, format_option, show
from fanout.history.query import History
from fanout.told.history_text import print_past


@click.command(
    cls=Command,
    short_help="Show what is broken since when, and what is flaky.",
    epilog="""\b
Exit codes: 0 shown, whatever is broken, 2 unusable input such as a document
that cannot be read, 3 the database cannot be written.
Example: fanout history --pack store --promise "event bus" """,
)
@ROOT
@HISTORY
@click.option("--pack", default="", help="Only the promises and cells of this pack.")
@click.option("--promise", default="", metavar="TEXT", help="Promises with this in name or words.")
@click.option("--cell", default="", help="Only this cell, and what its promises said there.")
@format_option()
@click.option("--schema", is_flag=True, help="Print the JSON Schema of a document, and end.")
def history(
    root: Path,
    history: Path,
    pack: str,
    promise: str,
    cell: str,
    form: str,
    schema: bool,
) -> None:
    """Show what is or was broken since when, what is flaky, and what the cells take."""
    if schema:
        click.echo(files("fanout.history").joinpath("run.schema.json").read_bytes(), nl=False)
        return
    with History(history) as runs:
        past = runs.past(datetime.now(UTC), pack, promise, cell)
    said = f"No runs in '{history}': `tox p`, `fanout check` and others keep theirs there."

    def text(console: Console) -> None:
        print_past(past, console, cell) if past.runs else console.print(Text(said))

    show(form, past, text)
