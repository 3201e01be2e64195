"""`fanout report`: the matrix as the evidence shows it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click
from click.core import ParameterSource

from fanout.cells.evidence import read_folder
from fanout.cells.matrix import read_matrix
from fanout.cells.packs import read_packs
from fanout.commands.command import ROOT, Command, Terminal
from fanout.errors import NoEvidence
from fanout.history.document import make_run, repeatable, write_run
from fanout.history.gather import utc
from fanout.model import Matrix, PackOnDisk
from fanout.told.report import Report, make_report
from fanout.told.report_markdown import markdown
from fanout.told.report_text import print_report


@click.command(
    cls=Command,
    epilog="""\b
Exit codes: 0 nothing is broken that counts, 1 a promise is broken,
2 unusable input, 3 a cell has no verdict, or the history cannot be written.

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
@click.option(
    "--history",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep what is reported in this folder, as one run.",
)
def report(root: Path, evidence: Path, label: str | None, form: str, history: Path | None) -> None:
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
        print_report(made, Terminal(highlight=False))
    if history:
        keep(made, matrix, packs, history)
    sys.exit(made.exit_code)


def keep(made: Report, matrix: Matrix, packs: Mapping[str, PackOnDisk], history: Path) -> None:
    """Keep the report in the history, as the run that left its evidence.

    That run began when its first cell did, and its id is made of its content: the same evidence
    reported again is the same document. Without any evidence there was no run.
    """
    if started := [utc(cell.evidence.started) for cell in made.cells if cell.evidence]:
        run = make_run("report", min(started), (made.cells,), packs, matrix=matrix)
        write_run(repeatable(run), history)
