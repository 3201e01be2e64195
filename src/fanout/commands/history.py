"""`fanout history`: how promises and cells fared in all the runs so far."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import click
from rich.text import Text

from fanout.commands.command import HISTORY, ROOT, Command, Terminal
from fanout.history.query import History
from fanout.told.history_text import print_past


@click.command(
    cls=Command,
    epilog="""\b
Exit codes: 0 shown, whatever is broken, 2 unusable input such as a document
that cannot be read, 3 the database cannot be written.

\b
Example: fanout history --pack store --promise "event bus" """,
)
@ROOT
@HISTORY
@click.option("--pack", default="", help="Only the promises and cells of this pack.")
@click.option("--promise", default="", metavar="TEXT", help="Promises with this in name or words.")
@click.option("--cell", default="", help="Only this cell, and what its promises said there.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of a document, and end.")
def history(
    root: Path,
    history: Path | None,
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
    folder = history or root / "history"
    with History(folder) as runs:
        past = runs.past(datetime.now(UTC), pack, promise, cell)
    console = Terminal(highlight=False)
    if form == "json":
        click.echo(past.model_dump_json(indent=2))
    elif past.runs:
        print_past(past, console, cell)
    else:
        said = f"No runs in '{folder}': `tox p`, `fanout check` and others keep theirs there."
        console.print(Text(said))
