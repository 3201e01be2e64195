"""`fanout workflow conclude`: the job that reads all evidence and gives the answer."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from fanout.commands.command import FOLDER, HISTORY, INDEX, ROOT, Command, say
from fanout.commands.workflow.step import annotate, output, summary
from fanout.errors import UnusableInput
from fanout.history.document import write_run
from fanout.model import Answer
from fanout.workflow.conclusion import Conclusion, Jobs, concluded
from fanout.workflow.plan import unpacked


@click.command(
    cls=Command,
    epilog="""\b
Exit codes: 0 there is an answer, whichever; 2 unusable input,
3 the run cannot be kept.

\b
Example: fanout workflow conclude --evidence incoming --output answer""",
)
@click.option(
    "--plan", "text", envvar="PLAN", required=True, help="The plan, as the first job gave it."
)
@click.option(
    "--evidence", type=FOLDER, required=True, help="The folder of all artifacts with evidence."
)
@click.option(
    "--wheel", type=FOLDER, default=Path("core"), help="The folder of the candidate's wheel."
)
@click.option(
    "--output",
    "folder",
    type=FOLDER,
    required=True,
    help="A new folder, for the answer and the document of the run.",
)
@click.option("--url", envvar="RUN_URL", required=True, help="The page of this run.")
@click.option("--dashboard", envvar="DASHBOARD_URL", help="The address of the dashboard.")
@ROOT
@HISTORY
@INDEX
def conclude(
    text: str,
    evidence: Path,
    wheel: Path,
    folder: Path,
    url: str,
    dashboard: str | None,
    root: Path,
    history: Path,
    index: str,
) -> None:
    """Decide over every cell that was planned, from the evidence that its jobs left."""
    plan = unpacked(text)
    if folder.exists():
        raise UnusableInput(f"'{folder}' is there already", "name a folder that is not there")
    found = concluded(
        plan,
        Jobs(evidence, wheel, url, dashboard or None),
        root.resolve(),
        folder.resolve() / "evidence",
        history,
        index,
        say,
    )
    leave(found, folder)


def leave(found: Conclusion, folder: Path) -> None:
    """Write the answer for the jobs after this one, and show it."""
    folder.mkdir(parents=True, exist_ok=True)
    told = found.announcement
    (folder / "announcement.json").write_text(told.model_dump_json(indent=2), encoding="utf-8")
    (folder / "account.md").write_text(found.account, encoding="utf-8")
    if found.run:
        write_run(found.run, folder / "run")
    summary(found.account)
    output("answer", told.answer)
    output("runs", "1" if found.run else "0")
    annotate("notice" if told.answer is Answer.RELEASE else "error", told.headline)
    click.echo(found.account)
    sys.exit(0)
