"""`fanout report`: the matrix as the evidence shows it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from click.core import ParameterSource

from fanout.cells.evidence import read_folder
from fanout.cells.matrix import read_matrix
from fanout.cells.packs import check_ranges, read_packs
from fanout.commands.command import FOLDER, ROOT, Command, format_option, leave, show
from fanout.errors import NoEvidence
from fanout.history.coverages import coverages_now
from fanout.history.document import reported, write_run
from fanout.history.strengths import strengths_now
from fanout.model import Evidence
from fanout.told.report import make_report
from fanout.told.report_markdown import markdown
from fanout.told.report_text import print_report


@click.command(
    cls=Command,
    epilog="""\b
Exit codes: 0 nothing is broken that counts, 1 a promise is broken,
2 unusable input, 3 a cell has no verdict, or the history cannot be written.
Example: fanout report --label history --format markdown""",
)
@ROOT
@click.option(
    "--evidence",
    type=FOLDER,
    envvar="EVIDENCE",
    default=Path("evidence"),
    show_default=True,
    help="The folder of evidence.",
)
@click.option("--label", help="Expect the cells with this tox label, not tox's env list.")
@format_option("markdown")
@click.option("--history", type=FOLDER, help="Keep what is reported in this folder, as one run.")
def report(root: Path, evidence: Path, label: str | None, form: str, history: Path | None) -> None:
    """Print the matrix, and each broken promise once."""
    matrix = read_matrix(root, label)
    source = click.get_current_context().get_parameter_source("evidence")
    if source is ParameterSource.COMMANDLINE and not evidence.is_dir():
        raise NoEvidence(f"'{evidence}' is not a folder", "name the folder of the evidence")
    packs = read_packs(root, matrix.packs)
    found = read_folder(evidence, matrix.names)
    check_ranges(
        packs, matrix, (one.version for one in found.values() if isinstance(one, Evidence))
    )
    digests = {name: pack.digest for name, pack in packs.items()}
    strength = strengths_now(history, digests) if history else ()
    coverage = coverages_now(history, digests) if history else ()
    made = make_report(matrix, found, packs, datetime.now(UTC).date(), strength, coverage)
    if history and (made.broken or made.known_breaks):
        from fanout.told.turns import with_causes  # takes long to import

        made = with_causes(made, history)
    show(form, made, partial(print_report, made), markdown=partial(markdown, made))
    leave(made.answer)
    if history and (run := reported(made.cells, packs, matrix)):
        write_run(run, history)
    sys.exit(made.exit_code)
