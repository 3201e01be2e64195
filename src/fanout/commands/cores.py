"""`fanout cores`: the table of Core refs against the package index."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from pydantic import TypeAdapter
from rich.console import Console
from rich.progress import Progress

from fanout.commands.command import INDEX, ROOT, Command, Terminal, format_option
from fanout.core.index import read_releases
from fanout.core.refs import CoreRef, core_refs
from fanout.core.table import Table, write
from fanout.errors import ExitCode
from fanout.told.report_text import print_cores


@click.command(
    cls=Command,
    epilog="""\b
Exit codes: 0 tox.ini names every release, and what is yanked, 1 it does not,
2 unusable input, 3 the index cannot be read.
Example: fanout cores --update""",
)
@ROOT
@INDEX
@click.option(
    "--update",
    is_flag=True,
    help="Rewrite the table in tox.ini, and documents that name the newest release.",
)
@format_option()
def cores(root: Path, index: str, update: bool, form: str) -> None:
    """Show the table of Core refs against the index."""
    table = Table(root / "tox.ini")
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading releases", total=None)
        releases = read_releases(
            index, lambda done, total: progress.update(task, completed=done, total=total)
        )
    refs = core_refs(releases, table.known, table.yanked)
    if form == "json":
        click.echo(TypeAdapter(tuple[CoreRef, ...]).dump_json(refs, indent=2))
    else:
        print_cores(refs, Terminal(highlight=False))
    new = [ref for ref in refs if not ref.in_table]
    changed = table.yanked != {ref.factor for ref in refs if ref.yanked}
    if update:
        texts = table.renewed(refs)
        write(texts)
        for path in texts:
            click.echo(f"brought up to date: {path}", err=True)
        click.echo(f"{len(new)} Core refs added to {table.path}", err=True)
    elif new or changed:
        if new:
            click.echo(f"{len(new)} releases are not in {table.path}: run with --update", err=True)
        if changed:
            click.echo(f"{table.path} does not say what is yanked: run with --update", err=True)
        sys.exit(ExitCode.BROKEN)
