"""What every command shares: its options, and how a mistake of the user ends."""

from __future__ import annotations

from pathlib import Path

import click
from pypi_simple import PYPI_SIMPLE_ENDPOINT
from rich.console import Console
from rich.text import Text

from fanout.errors import UnusableInput

ROOT = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The folder of tox.ini and packs/.",
)
INDEX = click.option(
    "--index",
    envvar="UV_DEFAULT_INDEX",
    default=PYPI_SIMPLE_ENDPOINT,
    help="The package index, as a simple repository API.",
)


class Command(click.Command):
    """A command whose mistakes of the user end in a message and exit code 2, no traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except UnusableInput as error:
            console = Console(stderr=True, soft_wrap=True)
            console.print(Text(f"error: {error.what}\nhint: {error.hint}"))
            ctx.exit(error.exit_code)
