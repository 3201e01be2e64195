"""The command line: `fanout`, with one module for each command."""

from __future__ import annotations

import click

from fanout.commands.group import Commands
from fanout.processes import collect_seldom

PLACES = {
    "check": "fanout.commands.check:check",
    "gate": "fanout.commands.check:gate",
    "diff": "fanout.commands.diff:diff",
    "strength": "fanout.commands.strength:strength",
    "draft": "fanout.commands.draft:draft",
    "report": "fanout.commands.report:report",
    "dashboard": "fanout.commands.dashboard:dashboard",
    "cores": "fanout.commands.cores:cores",
    "consumers": "fanout.commands.consumers:consumers",
    "uses": "fanout.commands.uses:uses",
    "history": "fanout.commands.history:history",
    "bisect": "fanout.commands.bisect:bisect",
    "probe": "fanout.commands.probe:probe_command",
    "workflow": "fanout.commands.workflow.group:workflow",
}


JOBS = ("cores", "probe", "workflow")


@click.group(
    cls=Commands,
    places=PLACES,
    jobs=JOBS,
    options_metavar="[--version]",
    subcommand_metavar="COMMAND [--help]",
    epilog="Example: fanout check 1.4.61 --baseline 1.2.31",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="market-data-fanout")
def main() -> None:
    """Say what the evidence of every cell means for market-data-core."""
    collect_seldom()
