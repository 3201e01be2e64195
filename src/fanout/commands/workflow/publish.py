"""`fanout workflow publish`: the job that keeps the run where every run is kept."""

from __future__ import annotations

from pathlib import Path

import click

from fanout.commands.command import FOLDER, Command
from fanout.wording import number
from fanout.workflow.history_branch import HistoryBranch


@click.command(
    cls=Command,
    epilog="""\b
Exit codes: 0 the branch holds the documents, 2 one of them cannot be read,
3 the branch cannot be read or written.

\b
Example: fanout workflow publish answer/run --repository https://github.com/owner/name""",
)
@click.argument("documents", type=FOLDER)
@click.option("--repository", envvar="HISTORY_REPOSITORY_URL", required=True, help="Its address.")
@click.option("--branch", default="history", show_default=True, help="The branch of the history.")
@click.option("--token", envvar="GITHUB_TOKEN", default="", help="A token that may write there.")
@click.option(
    "--history",
    "folder",
    type=FOLDER,
    default=Path("history"),
    show_default=True,
    help="The folder that then holds the whole history.",
)
def publish(documents: Path, repository: str, branch: str, token: str, folder: Path) -> None:
    """Add the DOCUMENTS of a run to the branch of the history, and fetch the whole of it."""
    new = HistoryBranch(repository, branch, folder.resolve(), token).publish(documents)
    click.echo(f"{number(new, 'new run')} on the branch '{branch}'")
