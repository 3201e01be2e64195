"""`fanout workflow publish`: the job that keeps the run where every run is kept."""

from __future__ import annotations

import os
from pathlib import Path

import click

from fanout.commands.command import FOLDER, Command
from fanout.commands.workflow.step import annotate
from fanout.wording import number
from fanout.workflow.history_branch import BRANCH, HistoryBranch


@click.command(
    cls=Command,
    epilog="""\b
Exit codes: 0 the branch holds the documents, 2 one of them cannot be read,
3 the branch cannot be read or written.
Example: fanout workflow publish answer --repository https://host/owner/name""",
)
@click.argument("answer", type=FOLDER)
@click.option("--repository", envvar="HISTORY_REPOSITORY_URL", required=True, help="Its address.")
@click.option("--token", envvar="GITHUB_TOKEN", default="", help="A token that may write there.")
@click.option(
    "--history",
    "folder",
    type=FOLDER,
    default=Path("history"),
    show_default=True,
    help="The folder that then holds the whole history.",
)
@click.option("--measured", type=FOLDER, help="A history whose measurements are put there as well.")
def publish(
    answer: Path,
    repository: str,
    token: str,
    folder: Path,
    measured: Path | None,
) -> None:
    """Add the run of an ANSWER to the history's branch, and fetch that."""
    kept = HistoryBranch(repository, folder.resolve(), token)
    new = kept.publish(answer / "run", measured)
    click.echo(f"{number(new, 'new document')} on the branch '{BRANCH}'")
    if (answer / "run").is_dir() and not os.environ.get("DASHBOARD_URL"):
        annotate("notice", "DASHBOARD_URL is not set: the dashboard is an artifact of this run")
