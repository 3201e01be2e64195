"""A group of commands, each of which is imported when it is called.

To import what one command needs takes longer than many another command runs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

from fanout.wording import printable


class Commands(click.Group):
    """Commands by name, in the order in which its help lists them.

    Each is given as its module and its name there: `fanout.commands.check:gate`.
    """

    def __init__(
        self, places: Mapping[str, str], jobs: Collection[str] = (), **attributes: Any
    ) -> None:
        """`jobs` are those that scripts and workflows call, of people hardly any."""
        super().__init__(**attributes)
        self.places = places
        self.jobs = jobs

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it; for a command that is none an error names the most alike."""
        alike = get_close_matches(args[0], self.places, 1)
        if args[0] not in self.places and alike and not ctx.resilient_parsing:
            ctx.fail(f"No such command '{printable(args[0])}': did you mean '{alike[0]}'?")
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands alone: what the usage line names needs no more lines."""
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Those for people, then those for jobs."""
        people = "For people" if self.jobs else "Commands"
        for title, jobs in ((people, False), ("For jobs", True)):
            names = [name for name in self.places if (name in self.jobs) is jobs]
            found = [(name, self.get_command(ctx, name)) for name in names]
            rows = [(name, one.get_short_help_str(66)) for name, one in found if one]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module, _, name = self.places.get(cmd_name, "").partition(":")
        if not module:
            return None
        found = getattr(import_module(module), name)
        if not isinstance(found, click.Command):
            raise TypeError(f"'{module}' has no command '{name}'")
        return found
