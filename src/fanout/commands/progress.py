"""How far something has come, on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

from fanout.commands.command import SILENCE, say

SILENT, OFTEN = 2.0, 1.0  # seconds before a terminal shows progress, and from then on


class Progress:
    """Counts the cells of a run; as a function it is told each one that has finished."""

    def __init__(self, title: str, cells: Iterable[str]) -> None:
        self.total = len(list(cells))
        self.done = 0
        self.started = time.monotonic()
        say(f"{title}: {self.total} cells")

    def __call__(self, cell: str) -> None:
        self.done += 1
        say(f"  {self.done} of {self.total}, {time.monotonic() - self.started:.0f} s: {cell}")


class Pace:
    """Tells how far something has come, unless it is soon done; in a log, now and then."""

    def __init__(self, what: str) -> None:
        shown = sys.stderr.isatty()
        self.what = what
        self.often = OFTEN if shown else SILENCE
        self.began = time.monotonic()
        self.next = self.began + (SILENT if shown else SILENCE)

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now >= self.next:
            self.next = now + self.often
            left = (now - self.began) / done * (total - done)
            # Before that, too little is known of how long the rest takes.
            known = done * 5 >= total > done
            about = f", about {max(left, 1):.0f} s left" if known else ""
            say(f"{self.what}: {done} of {total}{about}")
