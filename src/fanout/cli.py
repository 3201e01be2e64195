"""The command line: `fanout`, with one module for each command."""

from __future__ import annotations

import click

from fanout.commands.bisect import bisect
from fanout.commands.check import check, gate
from fanout.commands.cores import cores
from fanout.commands.dashboard import dashboard
from fanout.commands.diff import diff
from fanout.commands.history import history
from fanout.commands.probe import probe_command
from fanout.commands.report import report
from fanout.commands.workflow import workflow


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="market-data-fanout")
def main() -> None:
    """Say what the evidence of every contract-test cell means for market-data-core."""


for command in (
    check,
    gate,
    diff,
    report,
    dashboard,
    cores,
    history,
    bisect,
    probe_command,
    workflow,
):
    main.add_command(command)
