"""How far a run has come, on standard error, a line for each cell that is done."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text


class Progress:
    """Counts cells; as a function it is told each one that has finished."""

    def __init__(self, title: str, cells: Iterable[str], seconds: Iterable[float | None]) -> None:
        """`seconds` are what each cell took before; only if all are known is there an estimate."""
        self.console = Console(stderr=True, soft_wrap=True, highlight=False)
        self.total = len(list(cells))
        self.done = 0
        self.started = time.monotonic()
        known = list(seconds)
        expected = sum(took for took in known if took is not None) / (os.cpu_count() or 1)
        about = f", about {max(expected, 1):.0f} s" if known and None not in known else ""
        self.say(f"{title}: {self.total} cells{about}")

    def __call__(self, cell: str) -> None:
        self.done += 1
        self.say(f"  {self.done} of {self.total}, {time.monotonic() - self.started:.0f} s: {cell}")

    def say(self, text: str) -> None:
        self.console.print(Text(text))
