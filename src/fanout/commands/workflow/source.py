"""`fanout workflow source`: the step that fetches Core, and runs nothing of it."""

from __future__ import annotations

from pathlib import Path

import click

from fanout.commands.command import FOLDER, Command
from fanout.commands.workflow.step import TOKEN, output
from fanout.core.requirement import GIT_URL
from fanout.core.resolve import clone


@click.command(
    cls=Command,
    epilog="""\b
Exit codes: 0 it is there, or needs no fetching; 2 git cannot read it.
Example: fanout workflow source git+https://host/core@commit --output source""",
)
@click.argument("core")
@click.option("--output", "folder", type=FOLDER, required=True, help="A new folder for it.")
@TOKEN
def source(core: str, folder: Path, token: str) -> None:
    """Clone CORE, if it is a git URL.

    It prints what `fanout workflow wheel` makes a wheel of. What builds Core runs Core's code, and
    so is another step, which is given no token.
    """
    if git := GIT_URL.fullmatch(core):
        commit = clone(git["url"], git["ref"], folder.resolve(), token)
        core = f"git+{folder.resolve().as_uri()}@{commit}"
    output("core", core)
    click.echo(core)
