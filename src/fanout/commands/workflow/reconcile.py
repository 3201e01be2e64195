"""`fanout workflow reconcile`: what Core asked and nobody answered is run again."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import click

from fanout.commands.command import Command
from fanout.notify.github.client import connect
from fanout.notify.github.reconcile import reconcile as run_again
from fanout.wording import number


@click.command(
    cls=Command,
    epilog="""\b
Exit codes: 0 nothing waits any more, 3 GitHub gave no answer.

\b
Example: fanout workflow reconcile --core-repository owner/market-data-core""",
)
@click.option(
    "--core-repository", envvar="CORE_REPOSITORY", required=True, help="Core's, OWNER/NAME."
)
@click.option("--repository", envvar="GITHUB_REPOSITORY", required=True, help="Ours, OWNER/NAME.")
def reconcile(core_repository: str, repository: str) -> None:
    """Dispatch again each commit of Core with a pending status, and no run, for half an hour."""
    account = connect(os.environ)
    if account is None:
        click.echo("there is no token, so nothing was looked for")
        return
    found = run_again(account, core_repository, repository, datetime.now(UTC))
    for one in found:
        click.echo(f"{one.commit} waits since {one.since:%Y-%m-%d %H:%M} UTC: dispatched again")
    click.echo(f"{number(len(found), 'commit')} without an answer")
