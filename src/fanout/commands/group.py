"""A group of commands, each of which is imported when it is called.

To import what one command needs takes longer than many another command runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class Commands(click.Group):
    """Commands by name, in the order in which its help lists them.

    Each is given as its module and its name there: `fanout.commands.check:gate`.
    """

    def __init__(self, places: Mapping[str, str], **attributes: Any) -> None:
        super().__init__(**attributes)
        self.places = places

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
