"""The command line: reads, calls, prints, and ends with a stable exit code."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from click.core import ParameterSource
from pydantic import TypeAdapter
from pypi_simple import PYPI_SIMPLE_ENDPOINT
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from fanout.cores import CoreRef, core_refs
from fanout.errors import ExitCode, NoEvidence, UnusableInput
from fanout.evidence import read_folder
from fanout.index import read_releases
from fanout.markdown import markdown
from fanout.matrix import read_matrix
from fanout.packs import read_packs
from fanout.report import make_report
from fanout.table import Table
from fanout.text import print_cores, print_report

ROOT = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The folder of tox.ini and packs/.",
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


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="market-data-fanout")
def main() -> None:
    """Say what the evidence of every contract-test cell means for market-data-core."""


@main.command(
    cls=Command,
    epilog="""\b
Exit codes: 0 nothing is broken that counts, 1 a promise is broken,
2 unusable input, 3 a cell has no verdict.

\b
Example: fanout report --label history --format markdown""",
)
@ROOT
@click.option(
    "--evidence",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="EVIDENCE",
    default=Path("evidence"),
    show_default=True,
    help="The folder of evidence.",
)
@click.option("--label", help="Expect the cells with this tox label, not tox's env list.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
)
def report(root: Path, evidence: Path, label: str | None, form: str) -> None:
    """Print the matrix, and each broken promise once."""
    matrix = read_matrix(root, label)
    source = click.get_current_context().get_parameter_source("evidence")
    if source is ParameterSource.COMMANDLINE and not evidence.is_dir():
        raise NoEvidence(f"'{evidence}' is not a folder", "name the folder of the evidence")
    packs = read_packs(root, dict.fromkeys(cell.pack for cell in matrix.cells))
    found = read_folder(evidence, frozenset(cell.name for cell in matrix.cells))
    made = make_report(matrix, found, packs, datetime.now(UTC).date())
    if form == "json":
        click.echo(made.model_dump_json(indent=2))
    elif form == "markdown":
        click.echo(markdown(made), nl=False)
    else:
        print_report(made, Console(highlight=False))
    sys.exit(made.exit_code)


@main.command(
    cls=Command,
    epilog="""\b
Exit codes: 0 tox.ini names every release, 1 it does not, 2 unusable input,
3 the index cannot be read.

\b
Example: fanout cores --update""",
)
@ROOT
@click.option(
    "--index",
    envvar="UV_DEFAULT_INDEX",
    default=PYPI_SIMPLE_ENDPOINT,
    help="The package index, as a simple repository API.",
)
@click.option("--update", is_flag=True, help="Rewrite the table in tox.ini.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def cores(root: Path, index: str, update: bool, form: str) -> None:
    """Show the table of Core refs against the index."""
    table = Table(root / "tox.ini")
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading releases", total=None)
        releases = read_releases(
            index, lambda done, total: progress.update(task, completed=done, total=total)
        )
    refs = core_refs(releases, table.known)
    if form == "json":
        click.echo(TypeAdapter(tuple[CoreRef, ...]).dump_json(refs, indent=2))
    else:
        print_cores(refs, Console(highlight=False))
    new = [ref for ref in refs if not ref.in_table]
    if update:
        table.write(table.with_refs(refs))
        click.echo(f"{len(new)} Core refs added to {table.path}", err=True)
    elif new:
        click.echo(f"{len(new)} releases are not in {table.path}: run with --update", err=True)
        sys.exit(ExitCode.BROKEN)
