"""`fanout workflow`: the commands of the jobs."""

from __future__ import annotations

import click

from fanout.commands.group import Commands
from fanout.commands.workflow.step import no_commands

HERE = "fanout.commands.workflow"
PLACES = {
    "plan": f"{HERE}.plan:plan_command",
    "source": f"{HERE}.source:source",
    "wheel": f"{HERE}.wheel:wheel",
    "run": f"{HERE}.run:run_command",
    "conclude": f"{HERE}.conclude:conclude",
    "publish": f"{HERE}.publish:publish",
    "notify": f"{HERE}.notify:notify",
    "releases": f"{HERE}.releases:releases",
}


@click.group(
    cls=Commands,
    places=PLACES,
    epilog="Example: fanout workflow wheel 1.4.61 --output core",
)
@click.pass_context
def workflow(context: click.Context) -> None:
    """Do the work of one job of .github/workflows."""
    context.with_resource(no_commands())
