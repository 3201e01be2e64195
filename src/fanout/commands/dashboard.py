"""`fanout dashboard`: a static site of what the history says."""

from __future__ import annotations

from pathlib import Path

import click

from fanout.commands.command import HISTORY, ROOT, Command
from fanout.dashboard.build import build


@click.command(
    cls=Command,
    epilog="""\b
Exit codes: 0 built, whatever is broken, 2 unusable input such as a document
that cannot be read, 3 the database of the history cannot be written.

\b
Example: fanout dashboard --history history --output site""",
)
@ROOT
@HISTORY
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of the site; `dashboard` beside tox.ini unless told.",
)
@click.option(
    "--every",
    type=click.FloatRange(min=0, min_open=True),
    default=24,
    show_default=True,
    metavar="HOURS",
    help="How often a run is due; an older page says that it is stale.",
)
def dashboard(root: Path, history: Path | None, output: Path | None, every: float) -> None:
    """Build the dashboard, a folder of pages that need no server."""
    folder = output or root / "dashboard"
    built = build(history or root / "history", folder, every, lambda count, of: None)
    click.echo(f"{folder / 'index.html'}: {built.files} files, {built.written} written")
