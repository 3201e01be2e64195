"""`fanout check` and `fanout gate`: one answer before a release, with or without running."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from fanout.cells.matrix import read_matrix
from fanout.cells.packs import read_packs
from fanout.cells.progress import Progress
from fanout.cells.tox import MINUTES
from fanout.commands.command import HISTORY, INDEX, ROOT, Command, Terminal
from fanout.core.resolve import newest, resolve
from fanout.errors import InvalidMatrix, NoEvidence, NothingExpected, UnknownPack
from fanout.gate.check import Comparison, alone, run_folder
from fanout.gate.decided import decided
from fanout.gate.decision import Decision
from fanout.history.document import write_run
from fanout.history.query import History
from fanout.model import Outcome
from fanout.told.account import account
from fanout.told.decision_junit import junit
from fanout.told.decision_markdown import account_markdown
from fanout.told.decision_text import print_account

ENDS = """\b
Exit codes: 0 release, 1 hold: a promise regressed, 2 unusable input,
3 unknown: something that is expected has no verdict.

"""


BASELINE = click.option(
    "--baseline",
    metavar="REF",
    help="What to compare with; the newest release before the candidate unless told.",
)
PACKS = click.option("--pack", "packs", multiple=True, help="Ask this pack only; repeatable.")
FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "junit"]),
    default="text",
    show_default=True,
)


@click.command(
    cls=Command,
    epilog=f"{ENDS}\b\nExample: fanout check 1.4.61 --baseline 1.2.31",
)
@click.argument("candidate")
@BASELINE
@PACKS
@click.option(
    "--minutes",
    type=click.FloatRange(0, 24 * 60, min_open=True),
    default=MINUTES,
    show_default=True,
    help="Stop cells that run longer than this.",
)
@FORMAT
@ROOT
@HISTORY
@INDEX
def check(
    candidate: str,
    baseline: str | None,
    packs: tuple[str, ...],
    minutes: float,
    form: str,
    root: Path,
    history: Path | None,
    index: str,
) -> None:
    """Run every pack on CANDIDATE and on the baseline, and say whether to release.

    CANDIDATE is a version, a Core ref of tox.ini, a wheel, an sdist, a directory, or a git URL
    with a ref such as git+https://host/repository@ref. What regressed is run a second time, in
    fresh envs, on both sides.
    """
    started = datetime.now(UTC)
    comparison = compare(candidate, baseline, packs, root.resolve(), started)
    folder = run_folder(comparison.root, started)
    with History(history or root / "history") as past, alone(comparison.root):
        run("running", comparison, comparison.cells, folder / "1", minutes, past)
        if again := comparison.to_confirm:
            run("running what regressed again", comparison, again, folder / "2", minutes, past)
    click.echo(f"evidence in {folder}", err=True)
    conclude("check", comparison, started, history or root / "history", index, form)


@click.command(
    cls=Command,
    epilog=f"{ENDS}\b\nExample: fanout gate 1.4.61 --baseline 1.2.31 --evidence evidence",
)
@click.argument("candidate")
@BASELINE
@PACKS
@click.option(
    "--evidence",
    "folders",
    type=click.Path(file_okay=False, path_type=Path),
    multiple=True,
    required=True,
    help="A folder of evidence; each further one is a further attempt.",
)
@FORMAT
@ROOT
@HISTORY
@INDEX
def gate(
    candidate: str,
    baseline: str | None,
    packs: tuple[str, ...],
    folders: tuple[Path, ...],
    form: str,
    root: Path,
    history: Path | None,
    index: str,
) -> None:
    """Decide as `fanout check` does, from evidence that is there, without running anything."""
    started = datetime.now(UTC)
    comparison = compare(candidate, baseline, packs, root.resolve(), started)
    for number, folder in enumerate(folders):
        if not folder.is_dir():
            raise NoEvidence(f"'{folder}' is not a folder", "name the folder of the evidence")
        found = comparison.read(folder)
        there = {name: one for name, one in found.items() if one.outcome is not Outcome.MISSING}
        comparison.attempts.append(there if number else found)
    conclude("gate", comparison, started, history or root / "history", index, form)


def compare(
    candidate: str, baseline: str | None, names: Iterable[str], root: Path, started: datetime
) -> Comparison:
    """What is to be compared, each Core resolved once."""
    try:
        matrix = read_matrix(root)
    except InvalidMatrix as error:
        raise NothingExpected(error.what, error.hint) from error
    known = dict.fromkeys(cell.pack for cell in matrix.cells)
    if unknown := set(names) - set(known):
        raise UnknownPack(f"there is no pack '{min(unknown)}'", f"name one of {', '.join(known)}")
    if forgotten := {path.parent.name for path in root.glob("packs/*/pack.toml")} - set(known):
        raise InvalidMatrix(
            f"'packs/{min(forgotten)}' has no cell in tox.ini",
            "see 'Add a pack' in packs/README.md",
        )
    core = resolve(candidate, "candidate", root, matrix)
    return Comparison(
        root=root,
        matrix=matrix,
        packs=read_packs(root, tuple(names) or known),
        candidate=core,
        baseline=resolve(baseline, "baseline", root, matrix) if baseline else newest(matrix, core),
        today=started.date(),
    )


def run(
    title: str,
    comparison: Comparison,
    cells: Iterable[str],
    folder: Path,
    minutes: float,
    past: History,
) -> None:
    names = tuple(cells)
    progress = Progress(title, names, (past.seconds(name) for name in names))
    comparison.run(names, folder, minutes, progress)


def conclude(
    command: str, comparison: Comparison, started: datetime, history: Path, index: str, form: str
) -> None:
    """Decide, keep the run in the history, print it, and end with its exit code."""
    decision, run = decided(command, comparison, started, history, index, say)
    # What was found out is told even where it cannot be kept.
    show(decision, form, comparison)
    kept = write_run(run, history)
    click.echo(f"kept in {kept}", err=True)
    sys.exit(decision.exit_code)


def say(line: str) -> None:
    Console(stderr=True, soft_wrap=True).print(Text(line))


def show(decision: Decision, form: str, comparison: Comparison) -> None:
    told = account(decision, comparison.today)
    if form == "json":
        click.echo(decision.model_dump_json(indent=2))
    elif form == "junit":
        click.echo(junit(decision), nl=False)
    elif form == "markdown":
        click.echo(account_markdown(told), nl=False)
    else:
        print_account(told, Terminal(highlight=False))
