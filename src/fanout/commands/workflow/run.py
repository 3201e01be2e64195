"""`fanout workflow run`: the job that runs the cells of a shard."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from fanout.cells.evidence import read_folder
from fanout.cells.matrix import read_matrix
from fanout.cells.outcome import judge
from fanout.cells.packs import read_packs
from fanout.cells.run import today
from fanout.cells.tox import run_cells
from fanout.commands.command import FOLDER, ROOT, Command
from fanout.core.wheel import check_wheel
from fanout.errors import ExitCode, UnusableInput
from fanout.model import SLOTS
from fanout.wording import one_line

VARIABLES = tuple(f"CORE_{slot.upper()}" for slot in SLOTS)
MINUTES = 25.0  # that an attempt may take; fanout.yml stops the job after 60


def sample() -> dict[str, str]:
    """What tox draws cells by that need not run, and do on a schedule: the run's number."""
    scheduled = os.environ.get("GITHUB_EVENT_NAME") == "schedule"
    return {"SAMPLE": os.environ.get("GITHUB_RUN_ID", "")} if scheduled else {}


@click.command(
    "run",
    cls=Command,
    epilog="""\b
Exit codes: 0 every cell has a verdict, whichever; 2 unusable input;
3 a cell has none.
Example: fanout workflow run --cells store-core_v1461 --evidence evidence""",
)
@click.option("--cells", envvar="CELLS", required=True, help="Their names, separated by commas.")
@click.option(
    "--attempts",
    envvar="ATTEMPTS",
    type=click.IntRange(1, 9),
    default=1,
    show_default=True,
    help="How often each cell is run.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0, 60, min_open=True),
    default=MINUTES,
    show_default=True,
    help="Stop the cells of an attempt that run longer than this.",
)
@click.option(
    "--sha256", envvar="SHA256", default="", help="What CORE_CANDIDATE, a wheel, must have."
)
@click.option("--evidence", type=FOLDER, required=True, help="The folder; one in it an attempt.")
@ROOT
def run_command(
    cells: str,
    attempts: int,
    minutes: float,
    sha256: str,
    evidence: Path,
    root: Path,
) -> None:
    """Run cells, and say of each how it ended.

    Nothing that a cell prints is printed. CORE_CANDIDATE and CORE_BASELINE name their Cores, as
    for tox. A broken promise is no failure here: the evidence says so, and the report judges.
    """
    root = root.resolve()
    variables = {name: os.environ[name] for name in VARIABLES if os.environ.get(name)}
    if sha256 and (wheel := variables.get("CORE_CANDIDATE")):
        check_wheel(Path(wheel), sha256)
    matrix = read_matrix(root)
    known = {cell.name: cell for cell in matrix.cells}
    names = cells.split(",")
    for name in names:
        if name not in known and name not in matrix.live:
            raise UnusableInput(f"there is no cell '{name}'", "see `tox list`")
    packs = read_packs(root, dict.fromkeys(known[name].pack for name in names if name in known))
    unjudged = False
    for attempt in map(str, range(1, attempts + 1)):
        folder = evidence / attempt
        # Twice is for what may be flaky and would hold; of live cells once is enough.
        asked = [name for name in names if attempt == "1" or name in known]
        # Another attempt is for what may be flaky: it takes nothing over from the first.
        told = variables | (sample() if attempt == "1" else {"FRESH": "1"})
        reasons = run_cells(root, asked, folder, told, minutes=minutes) if asked else {}
        found = read_folder(folder, frozenset(known))
        for name in asked:
            if name in known:
                report = judge(known[name], found.get(name), packs[known[name].pack], today())
                report = report.because(reasons.get(name, ""))
                unjudged |= not report.outcome.has_verdict
                said, why = str(report.outcome), report.reason
            else:
                said, why = "left no evidence" if name in reasons else "ran", reasons.get(name, "")
            click.echo(
                f"{attempt} of {attempts}: {name}: {said}{f': {one_line(why)}' if why else ''}"
            )
    sys.exit(ExitCode.NO_VERDICT if unjudged else ExitCode.FINE)
