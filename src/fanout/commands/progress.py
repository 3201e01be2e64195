"""How far something has come, on standard error."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

from fanout.commands.command import say

SILENT, OFTEN = 2.0, 1.0  # seconds before progress is told, and from one line to the next


class Progress:
    """Counts the cells of a run; as a function it is told each one that has finished."""

    def __init__(self, title: str, cells: Iterable[str], seconds: Iterable[float | None]) -> None:
        """`seconds` are what each cell took before; only if all are known is there an estimate."""
        self.total = len(list(cells))
        self.done = 0
        self.started = time.monotonic()
        known = list(seconds)
        expected = sum(took for took in known if took is not None) / (os.cpu_count() or 1)
        about = f", about {max(expected, 1):.0f} s" if known and None not in known else ""
        say(f"{title}: {self.total} cells{about}")

    def __call__(self, cell: str) -> None:
        self.done += 1
        say(f"  {self.done} of {self.total}, {time.monotonic() - self.started:.0f} s: {cell}")


class Pace:
    """Tells on standard error how far something has come, unless it is soon done."""

    def __init__(self, what: str, often: float = OFTEN) -> None:
        self.what = what
        self.often = often
        self.began = time.monotonic()
        self.next = self.began + SILENT

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now >= self.next:
            self.next = now + self.often
            left = (now - self.began) / done * (total - done)
            # Before that, too little is known of how long the rest takes.
            known = done * 5 >= total > done
            about = f", about {max(left, 1):.0f} s left" if known else ""
            say(f"{self.what}: {done} of {total}{about}")
