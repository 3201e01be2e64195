"""`fanout workflow`: the commands of the jobs."""

from __future__ import annotations

import click

from fanout.commands.group import Commands

HERE = "fanout.commands.workflow"
PLACES = {
    "plan": f"{HERE}.plan:plan_command",
    "wheel": f"{HERE}.wheel:wheel",
    "conclude": f"{HERE}.conclude:conclude",
    "publish": f"{HERE}.publish:publish",
    "notify": f"{HERE}.notify:notify",
    "releases": f"{HERE}.releases:releases",
    "token": f"{HERE}.token:token",
}


@click.group(cls=Commands, places=PLACES)
def workflow() -> None:
    """Do the work of one job of .github/workflows/contracts.yml."""
