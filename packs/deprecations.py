"""The deprecations that a run meets, kept for the promises that met them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from deprecation import listen
from evidence import DEPRECATIONS, printable
from guard import PACKAGE

LONGEST = 400  # characters of a symbol, and of what is said of it
MOST = 25  # that one promise meets


class Deprecations:
    """What is said of each symbol of Core, by the promise or file that met it."""

    def __init__(self, running: Callable[[], str]) -> None:
        self.running = running
        self.said: dict[str, dict[str, str]] = {}
        listen(self.hear)

    def hear(self, symbol: str, message: str, in_core: bool) -> None:
        """Keep a deprecation for the promise that met it, or for all of the file that did.

        What Core uses of itself is Core's own affair, but it may be a module that promises use too.
        """
        said = self.said.setdefault("" if in_core else self.running(), {})
        if len(said) < MOST:
            said[printable(symbol)[:LONGEST]] = printable(message)[:LONGEST]

    def note(self, name: str, properties: dict[str, str]) -> None:
        """Put what a promise met to what is told of it."""
        said = self.said.get(name.partition("::")[0], {}) | self.said.get(name, {})
        # A module warns the first of those that import it.
        pinned = [f"{PACKAGE}.{symbol}" for symbol in properties.get("contract", "").split()]
        # A thread of Core may be telling of another one.
        every = [pair for one in [*self.said.values()] for pair in [*one.items()]]
        for symbol, message in every:
            if symbol in sys.modules and any(f"{one}.".startswith(f"{symbol}.") for one in pinned):
                said[symbol] = message
        if said:
            properties[DEPRECATIONS] = json.dumps(dict(list(said.items())[:MOST]))
