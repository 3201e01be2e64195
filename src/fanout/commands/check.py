"""`fanout check` and `fanout gate`: one answer before a release, with or without running."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from fanout.cells.matrix import read_matrix
from fanout.cells.packs import check_ranges, chosen, read_packs
from fanout.cells.run import alone, run_folder
from fanout.cells.tox import MINUTES
from fanout.commands.command import (
    EVERY,
    FOLDER,
    HISTORY,
    INDEX,
    PACKS,
    ROOT,
    Command,
    complain,
    format_option,
    leave,
    say,
    show,
)
from fanout.commands.progress import Pace, Progress
from fanout.consumers.table import consumers_of
from fanout.core.index import check_served
from fanout.core.resolve import newest, resolve
from fanout.errors import (
    InvalidMatrix,
    NoEvidence,
    NothingExpected,
    UnreachableIndex,
    UnusableInput,
)
from fanout.gate.check import Comparison, decided
from fanout.history.document import write_run
from fanout.history.query import History
from fanout.told.decision.account import account
from fanout.told.decision.junit import junit
from fanout.told.decision.markdown import account_markdown
from fanout.told.decision.text import print_account

ENDS = """\b
Exit codes: 0 release, 1 hold, 2 unusable input, 3 unknown.
"""


BASELINE = click.option(
    "--baseline",
    metavar="REF",
    help="What to compare with; the release before unless told.",
)
ONLY_NEW = click.option(
    "--only-new",
    is_flag=True,
    help="Hold only for what the baseline does not break.",
)
FORMAT = format_option("markdown", "junit")


@click.command(
    cls=Command,
    short_help="Run every pack on a candidate: release, hold or unknown.",
    epilog=f"{ENDS}Example: fanout check 1.4.61 --baseline 1.2.31",
)
@click.argument("candidate")
@BASELINE
@PACKS
@click.option(
    "--minutes",
    type=click.FloatRange(0, 24 * 60, min_open=True),
    default=MINUTES,
    metavar="N",
    help=f"Stop cells that run longer; {MINUTES:g} unless told.",
)
@ONLY_NEW
@click.option("--fast", is_flag=True, help="Do not ask if consumers can be installed and imported.")
@click.option("--dashboard", type=FOLDER, help="Build a page of this run there.")
@FORMAT
@ROOT
@HISTORY
@INDEX
def check(
    candidate: str,
    baseline: str | None,
    packs: tuple[str, ...],
    minutes: float,
    only_new: bool,
    fast: bool,
    dashboard: Path | None,
    form: str,
    root: Path,
    history: Path,
    index: str,
) -> None:
    """Say whether to release CANDIDATE: run every pack on it and on a baseline.

    CANDIDATE is a version, a Core ref of tox.ini, a wheel, an sdist, a directory, or a git URL
    with a ref. What is broken is run a second time.
    """
    started = datetime.now(UTC)
    comparison = compare(candidate, baseline, packs, root.resolve(), started, only_new)
    # Of an index that gives no answer the cells say more, or have what they need already.
    with suppress(UnreachableIndex):
        check_served((comparison.candidate, comparison.baseline), index)
    folder = run_folder(comparison.root, started)
    # A history that cannot be read is told before anything runs.
    with History(history), alone(comparison.root):
        live = () if fast else comparison.live
        run("running", comparison, (*comparison.cells, *live), folder / "1", minutes)
        if again := comparison.to_confirm:
            run("running again in fresh envs", comparison, again, folder / "2", minutes)
    click.echo(f"evidence in {folder}", err=True)
    conclude("check", comparison, started, history, index, form, fast=fast, site=dashboard)


@click.command(
    cls=Command,
    short_help="Answer so from evidence that is there.",
    epilog=f"{ENDS}Example: fanout gate 1.4.61 --baseline 1.2.31 --evidence evidence",
)
@click.argument("candidate")
@BASELINE
@PACKS
@click.option(
    "--evidence",
    "folders",
    type=FOLDER,
    multiple=True,
    required=True,
    metavar="FOLDER",
    help="Evidence; a further folder is a further attempt.",
)
@ONLY_NEW
@FORMAT
@ROOT
@HISTORY
@INDEX
def gate(
    candidate: str,
    baseline: str | None,
    packs: tuple[str, ...],
    folders: tuple[Path, ...],
    only_new: bool,
    form: str,
    root: Path,
    history: Path,
    index: str,
) -> None:
    """Decide as `fanout check` does, from evidence that is there, without running anything."""
    started = datetime.now(UTC)
    comparison = compare(candidate, baseline, packs, root.resolve(), started, only_new)
    for folder in folders:
        if not folder.is_dir():
            raise NoEvidence(f"'{folder}' is not a folder", "name the folder of the evidence")
        comparison.take(folder, reasons={})
    conclude("gate", comparison, started, history, index, form, fast=True)


def compare(
    candidate: str,
    baseline: str | None,
    names: Iterable[str],
    root: Path,
    started: datetime,
    only_new: bool,
) -> Comparison:
    """What is to be compared, each Core resolved once."""
    # What is wrong in consumers.toml is a mistake there, and no fault of tox, which reads it too.
    consumers_of(root, (), ())
    try:
        matrix = read_matrix(root)
    except InvalidMatrix as error:
        raise NothingExpected(error.what, error.hint) from error
    packs = chosen(names, matrix)
    core = resolve(candidate, "candidate", root, matrix)
    if baseline is None:
        before = newest(matrix, core)
    else:
        before = resolve(baseline, "baseline", root, matrix)
    on_disk = read_packs(root, packs)
    check_ranges(on_disk, matrix, (core.version, before.version))
    return Comparison(
        root=root,
        matrix=matrix,
        packs=on_disk,
        candidate=core,
        baseline=before,
        today=started.date(),
        only_new=only_new,
        consumers=consumers_of(root, packs, matrix.packs),
    )


def run(
    title: str, comparison: Comparison, cells: Sequence[str], folder: Path, minutes: float
) -> None:
    comparison.run(cells, folder, minutes, Progress(title, cells))


def conclude(
    command: str,
    comparison: Comparison,
    started: datetime,
    history: Path,
    index: str,
    form: str,
    *,
    fast: bool,
    site: Path | None = None,
) -> None:
    """Decide, keep the run in the history, print it, and end with its answer and exit code."""
    decision, run = decided(command, comparison, started, history, index, say, fast=fast)
    told = account(decision, comparison.today)
    # What was found out is told even where it cannot be kept.
    show(
        form,
        decision,
        partial(print_account, told),
        markdown=partial(account_markdown, told),
        junit=partial(junit, decision),
    )
    kept = write_run(run, history)
    click.echo(f"kept in {kept}", err=True)
    # The answer is there, whatever becomes of its page.
    last = leave(told.headline)
    pages = page_of(run.id, history, site) if site else ()
    if last:
        leave(*pages)
    else:
        say(" ".join((told.headline, *(f"({page})" for page in pages))))
    sys.exit(decision.exit_code)


def page_of(run: str, history: Path, site: Path) -> Sequence[Path]:
    """The page of a run, once the site has it; none where the site cannot be built."""
    from fanout.dashboard.build import build  # takes long to import
    from fanout.dashboard.data.latest import Settings, settings

    # A site that is there stays as it was asked for.
    told = settings(site) or Settings(every=EVERY, url="")
    try:
        build(history, site, told.every, Pace("building the dashboard"), url=told.url)
    except UnusableInput as error:
        complain(error, "warning: there is no page: ")
        return ()
    except KeyboardInterrupt:
        say("warning: there is no page: its making was stopped")
        return ()
    return (site.absolute() / "runs" / f"{run}.html",)
