"""`fanout workflow`: what the jobs of the workflow on GitHub run, one command for each."""

from __future__ import annotations

import click

from fanout.commands.workflow.conclude import conclude
from fanout.commands.workflow.notify import notify
from fanout.commands.workflow.plan import plan_command
from fanout.commands.workflow.publish import publish
from fanout.commands.workflow.reconcile import reconcile
from fanout.commands.workflow.releases import releases
from fanout.commands.workflow.token import token
from fanout.commands.workflow.wheel import wheel


@click.group()
def workflow() -> None:
    """Do the work of one job of .github/workflows/contracts.yml."""


for command in (
    plan_command,
    wheel,
    conclude,
    publish,
    notify,
    reconcile,
    releases,
    token,
):
    workflow.add_command(command)
